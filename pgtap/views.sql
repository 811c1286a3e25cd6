BEGIN;
SELECT no_plan();

-- the examples of docs/sql.md, within this transaction
CREATE ROLE application;
CREATE ROLE shop;
CREATE ROLE analyst;
\set examples `awk '/^\140\140\140sql$/ {on = 1; next} /^\140\140\140$/ {on = 0} on && !/^(BEGIN|COMMIT);$/' docs/sql.md`
SET LOCAL client_min_messages = warning;
\o /dev/null
:examples
\o
SELECT is(convert_from(redis_get('greeting'), 'UTF8'), 'hello', 'docs/sql.md: commands');
SELECT throws_ok($$SELECT redis_incr('greeting')$$, 'RD000', 'ERR value is not an integer or out of range', 'docs/sql.md: errors');
SELECT is(redis_lrange('queue:orders', 0, -1), ARRAY['1001']::bytea[], 'docs/sql.md: transactions');
SELECT redis_set('cache:user:2', 'Grace');
UPDATE users SET name = 'Grace Hopper' WHERE id = 2;
SELECT is(redis_get('cache:user:2'), NULL, 'docs/sql.md: triggers');
SELECT results_eq($$
    SELECT u.name, convert_from(s.value, 'UTF8')::timestamptz AS seen, count(o.id) AS orders
    FROM users u
    JOIN redis.hashes s ON s.db = 0 AND s.key = convert_to('session:' || u.id, 'UTF8') AND s.field = 'seen'
    LEFT JOIN orders o ON o.user_id = u.id
    GROUP BY u.name, s.value ORDER BY u.name$$,
    $$VALUES ('Ada', '2024-05-01 12:00+00'::timestamptz, 2::bigint)$$, 'docs/sql.md: the join');
SET LOCAL ROLE analyst;
CREATE TEMP TABLE seen ON COMMIT DROP AS SELECT count(*) FROM redis.lists WHERE key = 'queue:orders';
RESET ROLE;
SELECT is((SELECT count FROM seen), 1::bigint, 'docs/sql.md: who may read a view needs no other right');
SELECT ok(NOT has_table_privilege('analyst', 'redis.sets', 'SELECT') AND NOT has_table_privilege('analyst', 'redis.keys', 'SELECT'),
          'docs/sql.md: and has no other');
SELECT ok(has_function_privilege('shop', 'redis_lpush(bytea, bytea[])', 'EXECUTE')
          AND NOT has_function_privilege('shop', 'redis_rpush(bytea, bytea[])', 'EXECUTE')
          AND has_function_privilege('application', 'redis_rpush(bytea, bytea[])', 'EXECUTE'), 'docs/sql.md: rights on commands');

-- every type, in another database too
DELETE FROM redis.keys;
SELECT redis_select(3);
SELECT redis_set('s', 'value'), redis_rpush('l', 'x', 'y'), redis_hset('h', 'f', 'v'), redis_sadd('set', 'm'), redis_zadd('z', 1.5, 'm');
SELECT redis_select(0);
SELECT redis_pexpireat('absent', 1), redis_set('s', 'other');
SELECT results_eq($$SELECT db::integer, key, type, size, expires_at, long_key FROM redis.keyspace ORDER BY db, key$$,
                  $$VALUES (0, 's'::bytea, 'string', 5::bigint, NULL::timestamptz, NULL::bytea), (3, 'h', 'hash', 1, NULL, NULL),
                    (3, 'l', 'list', 2, NULL, NULL), (3, 's', 'string', 5, NULL, NULL), (3, 'set', 'set', 1, NULL, NULL),
                    (3, 'z', 'zset', 1, NULL, NULL)$$, 'redis.keyspace');
SELECT results_eq($$SELECT db::integer, value, expires_at FROM redis.strings WHERE key = 's' ORDER BY db$$,
                  $$VALUES (0, 'other'::bytea, NULL::timestamptz), (3, 'value', NULL)$$, 'redis.strings');
SELECT results_eq($$SELECT db::integer, index, value FROM redis.lists WHERE key = 'l' ORDER BY index$$,
                  $$VALUES (3, 0::bigint, 'x'::bytea), (3, 1, 'y')$$, 'redis.lists');
SELECT results_eq($$SELECT db, field, value FROM redis.hashes WHERE key = 'h'$$,
                  $$VALUES (3::smallint, 'f'::bytea, 'v'::bytea)$$, 'redis.hashes');
SELECT results_eq($$SELECT db, member FROM redis.sets WHERE key = 'set'$$, $$VALUES (3::smallint, 'm'::bytea)$$, 'redis.sets');
SELECT results_eq($$SELECT db, member, score FROM redis.sorted_sets WHERE key = 'z'$$,
                  $$VALUES (3::smallint, 'm'::bytea, 1.5::float8)$$, 'redis.sorted_sets');
SELECT throws_ok('SELECT redis_select(16)', 'RD000', 'ERR DB index is out of range', 'SELECT of no database');

-- any time of expiry
SELECT redis_pexpireat('s', 4102444800123);
SELECT is((SELECT expires_at FROM redis.strings WHERE key = 's' AND db = 0), '2100-01-01 00:00:00.123+00'::timestamptz, 'a time');
SELECT redis_pexpireat('s', 9224318015999999);
SELECT is((SELECT expires_at < 'infinity' FROM redis.strings WHERE key = 's' AND db = 0), true, 'the last time of the calendar');
SELECT redis_pexpireat('s', 9223372036854775807);
SELECT is((SELECT expires_at FROM redis.keyspace WHERE key = 's' AND db = 0), 'infinity', 'a time beyond the calendar');
UPDATE redis.keys SET expires_at = 1 WHERE key = 's' AND db = 0;
SELECT is((SELECT count(*) FROM redis.keyspace WHERE db = 0), 0::bigint, 'what has expired is not shown');

-- long names: keys shortened, all else whole
SELECT redis_hset(repeat('k', 3000)::bytea, repeat('f', 3000)::bytea, repeat('v', 3000)::bytea);
SELECT results_eq($$SELECT octet_length(key), octet_length(long_key), octet_length(field), octet_length(value) FROM redis.hashes
                    WHERE key = redis.index_key(repeat('k', 3000)::bytea)$$, 'VALUES (2001, 3000, 3000, 3000)', 'long names');

-- plans: a key alone is found by the index
DO $$ BEGIN
    PERFORM redis_sadd(convert_to('set:' || n, 'UTF8'), 'm'), redis_zadd(convert_to('zset:' || n, 'UTF8'), '1', 'm') FROM generate_series(1, 500) n;
END $$;
ANALYZE redis.keys, redis.set_members, redis.zset_members;
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        result := result || line || E'\n';
    END LOOP;
    RETURN result;
END $$;
SELECT matches(pg_temp.plan(format($$SELECT * FROM redis.%I WHERE key = 'user:1'$$, name)),
               'Index Cond: \(key = ''\\x757365723a31''', 'redis.' || name || ': by key')
FROM unnest(ARRAY['keyspace', 'strings', 'lists', 'hashes', 'sets', 'sorted_sets']) AS name;
SELECT matches(pg_temp.plan($$SELECT u.name, h.value FROM users u JOIN redis.hashes h ON h.key = convert_to('session:' || u.id, 'UTF8')
                              WHERE u.id = 1$$), 'Index Cond: \(key = convert_to', 'a join by key');

SELECT * FROM finish();
ROLLBACK;
