BEGIN;
SELECT no_plan();

-- How many rows of the table of keys this transaction has looked at so far.
CREATE FUNCTION pg_temp.rows_seen() RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_stat_get_xact_tuples_fetched('redis.keys'::regclass) + pg_stat_get_xact_tuples_returned('redis.keys'::regclass)
$$;
-- How many more a query looks at.
CREATE FUNCTION pg_temp.cost_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_temp.rows_seen();
BEGIN
    EXECUTE query;
    RETURN pg_temp.rows_seen() - before;
END $$;

-- the calls as one writes them by hand
SELECT redis_mset('a', '1', 'b', '2', 'c', '3');
SELECT redis.create_key(0::smallint, 'list', 'l', size => 2, head => 1, tail => 2);
INSERT INTO redis.list_items (id, pos, value) SELECT id, n, 'x' FROM redis.keys, generate_series(1, 2) n WHERE key = 'list';
SELECT is(redis_exists('a', 'b', 'a', 'absent'), 3::bigint, 'EXISTS');
SELECT is(redis_touch('a', 'absent'), 1::bigint, 'TOUCH');
SELECT is(redis_type('list'), 'list', 'TYPE');
SELECT ok(redis_expire('a', 100) AND NOT redis_expire('absent', 100), 'EXPIRE');
SELECT ok(redis_expire('a', '100') AND redis_pexpire('a', '100000', 'XX', 'GT') IS NOT NULL, 'EXPIRE with the number as text');
SELECT ok(NOT redis_expire('a', 50, 'GT') AND redis_expire('a', 200, 'XX', 'GT'), 'EXPIRE … XX GT');
SELECT ok(redis_pexpire('a', 100000) AND redis_expireat('a', 4000000000) AND redis_pexpireat('a', 4000000000499), 'PEXPIRE, EXPIREAT, PEXPIREAT');
SELECT is(ARRAY[redis_expiretime('a'), redis_pexpiretime('a'), redis_ttl('b'), redis_pttl('absent')], ARRAY[4000000000, 4000000000499, -1, -2],
          'EXPIRETIME, PEXPIRETIME, TTL, PTTL');
SELECT ok(redis_persist('a') AND NOT redis_persist('a'), 'PERSIST');
SELECT is(redis_rename('a', 'd'), 'OK', 'RENAME');
SELECT ok(NOT redis_renamenx('d', 'b') AND redis_renamenx('d', 'a'), 'RENAMENX');
SELECT ok(redis_copy('list', 'list2') AND NOT redis_copy('list', 'list2') AND redis_copy('a', 'a', 'DB', '1'), 'COPY');
SELECT isnt((SELECT id FROM redis.keys WHERE key = 'list'), (SELECT id FROM redis.keys WHERE key = 'list2'), 'a copy has an id of its own');
SELECT is((SELECT count(*) FROM redis.list_items e JOIN redis.keys x USING (id) WHERE x.key = 'list2'), 2::bigint, 'and elements');
SELECT ok(redis_move('list2', '1') AND NOT redis_move('a', '1'), 'MOVE');
SELECT set_eq($$SELECT redis_keys('[ab]')$$, $$VALUES ('a'::bytea), ('b')$$, 'KEYS');
SELECT results_eq($$SELECT next, cardinality(keys) FROM redis_scan('0', 'COUNT', '100')$$, $$VALUES ('0', 4)$$, 'SCAN');
SELECT results_eq($$SELECT next, keys FROM redis_scan('0', 'MATCH', 'l*', 'TYPE', 'list', 'COUNT', '100')$$, $$VALUES ('0', ARRAY['list']::bytea[])$$,
                  'SCAN … MATCH … TYPE');
SELECT ok(redis_randomkey() IN ('a', 'b', 'c', 'list'), 'RANDOMKEY');
SELECT is(redis_object_encoding('a'), 'int', 'OBJECT ENCODING');
SELECT is(ARRAY[redis_object_idletime('a'), redis_object_refcount('a'), redis_object_refcount('absent')], ARRAY[0, 2147483647, NULL]::bigint[],
          'OBJECT IDLETIME, OBJECT REFCOUNT');
SELECT throws_like($$SELECT redis_object_freq('a')$$, 'ERR An LFU maxmemory policy is not selected%');
SELECT matches(array_to_string(redis_object_help(), ' '), 'ENCODING', 'OBJECT HELP');
SELECT is(redis_wait(1, '10'), 0::bigint, 'WAIT');
SELECT is(redis_del('a', 'b', 'absent', 'a'), 2::bigint, 'DEL');
SELECT is(redis_unlink('list'), 1::bigint, 'UNLINK');
SELECT is((SELECT count(*) FROM redis.list_items e WHERE NOT EXISTS (SELECT FROM redis.keys x WHERE x.id = e.id)), 0::bigint,
          'few elements go with their key');

-- errors
SELECT throws_ok($$SELECT redis_rename('absent', 'x')$$, 'RD000', 'ERR no such key');
SELECT throws_ok($$SELECT redis_expire('c', 9223372036854775807)$$, 'RD000', 'ERR invalid expire time in ''expire'' command');
SELECT throws_ok($$SELECT redis_expire('c', 1, 'NX', 'GT')$$, 'RD000', 'ERR NX and XX, GT or LT options at the same time are not compatible');
SELECT throws_ok($$SELECT redis_move('c', '99')$$, 'RD000', 'ERR DB index is out of range');
SELECT throws_ok($$SELECT redis_copy('c', 'c')$$, 'RD000', 'ERR source and destination objects are the same');
SELECT throws_ok($$SELECT redis_scan('x')$$, 'RD000', 'ERR invalid cursor');

-- The sweep's entry follows a key under its new name, and a TTL that is pushed on writes none.
DELETE FROM redis.expirations;
SELECT redis_expire('c', 100);
SELECT redis_expire('c', 200);
SELECT redis_rename('c', 'renamed');
SELECT results_eq('SELECT key FROM redis.expirations', $$VALUES ('renamed'::bytea)$$, 'the entry for the sweep is renamed');
SELECT redis_move('renamed', '1');
SELECT results_eq('SELECT db::integer FROM redis.expirations', $$VALUES (1)$$, 'and moved');

-- An expired key is absent to everyone, before any sweep.
SELECT redis_mset('x', '1', 'y', '2');
UPDATE redis.keys SET expires_at = 1 WHERE db = 0;
SELECT is(ARRAY[redis_exists('x', 'y'), redis_touch('x'), redis_ttl('x'), redis_del('y')], ARRAY[0, 0, -2, 0]::bigint[], 'expired keys are absent');
SELECT ok(NOT redis_expire('x', 100) AND NOT redis_persist('x') AND NOT redis_copy('x', 'z'), 'and cannot be revived');
SELECT is_empty($$SELECT redis_keys('*')$$, 'KEYS does not see them');
SELECT is(redis_randomkey(), NULL, 'nor does RANDOMKEY');
DELETE FROM redis.keys;

-- A string with a TTL keeps its row when it is deleted, for the next one of its name, till the sweep comes by; nobody sees it.
DELETE FROM redis.expirations;
CREATE FUNCTION pg_temp.lock(value bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT (redis_set('lock', value, 'NX', 'PX', '30000')).status::bytea
$$;
SELECT is(pg_temp.lock('me'), 'OK', 'a lock is taken');
CREATE TEMPORARY TABLE lock AS SELECT id FROM redis.keys;
SELECT is(redis_del('lock'), 1::bigint, 'and given back');
SELECT is(ARRAY[redis_exists('lock', 'lock'), redis_dbsize(), redis_strlen('lock'), redis_del('lock'), redis_unlink('lock', 'lock')],
          '{0,0,0,0,0}'::bigint[], 'it is absent');
SELECT is(pg_temp.lock('you'), 'OK', 'and may be taken');
SELECT ok(pg_temp.lock('me') IS NULL AND redis_del('lock') = 1 AND pg_temp.lock('me') = 'OK', 'again and again');
SELECT redis_del('lock');
SELECT results_eq($$SELECT x.value, x.expires_at FROM redis.keys x$$, $$VALUES (''::bytea, 0::bigint)$$, 'its row stays, with nothing in it');
SELECT is((SELECT count(*) FROM redis.expirations), 2::bigint, 'two entries for the sweep are enough'); -- of its first TTL, and of its row
SELECT is_empty($$SELECT redis_keys('*')$$, 'it is in no listing');
SELECT is(redis.sweep(100), 0::bigint, 'the sweep leaves it for a while');
SELECT pg_temp.lock('you');
SELECT results_eq('SELECT x.id FROM redis.keys x', 'SELECT id FROM lock', 'the same row all the time');
UPDATE redis.expirations SET due = due - 20000;
UPDATE redis.keys SET sweep_at = sweep_at - 20000;
SELECT is(redis.sweep(100), 1::bigint, 'when the sweep comes by');
SELECT is(redis_get('lock'), 'you'::bytea, 'it leaves what is there again');
SELECT redis_del('lock');
UPDATE redis.expirations SET due = due - 20000;
UPDATE redis.keys SET sweep_at = sweep_at - 20000;
SELECT redis.sweep(100);
SELECT is_empty('SELECT FROM redis.keys', 'and takes away what is not');
SELECT pg_temp.lock('me'), redis_del('lock'), redis_rpush('lock', 'e');
SELECT is(redis_type('lock'), 'list', 'a list may take its place');
SELECT redis_del('lock'), pg_temp.lock('me'), redis_del('lock');
SET LOCAL redis.events = 'KEA';
SELECT ok(redis_setnx('lock', 'v') AND (SELECT x.id FROM redis.keys x WHERE x.key = 'lock') <> (SELECT id FROM lock), 'whoever wants events sees a new key');
SELECT redis_expire('lock', 100), redis_del('lock');
SELECT is_empty($$SELECT FROM redis.keys$$, 'and a deleted one go');
SET LOCAL redis.events = '';
DELETE FROM redis.keys;

-- Plans as the proxy's connections make them, of tables nobody has analyzed.
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL redis.events = '';
INSERT INTO redis.keys (id, db, type, key, value)
SELECT nextval('redis.key_ids'), n % 2, 's', convert_to('user:' || n, 'UTF8'), 'v' FROM generate_series(1, 10000) n;
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_scan('0')$$), '<', 100::bigint, 'SCAN looks at its page only, at the front');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_scan('3000000000', 'COUNT', '20')$$), '<', 200::bigint, 'and in the middle');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_randomkey()$$), '<', 200::bigint, 'RANDOMKEY does not scan');
SELECT cmp_ok(pg_temp.cost_of($$SELECT count(*) FROM redis_keys('user:123*')$$), '<', 200::bigint, 'KEYS uses the pattern''s prefix');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_exists('user:2', 'user:4', 'user:6')$$), '<', 20::bigint, 'EXISTS looks keys up');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_mset('user:2', 'v', 'user:4', 'v', 'absent', 'v')$$), '<', 20::bigint, 'MSET looks keys up');
SELECT redis_del('absent');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_del('user:2', 'user:4', 'user:6')$$), '<', 20::bigint, 'DEL looks keys up');
SELECT cmp_ok(pg_temp.cost_of($$SELECT redis_rename('user:8', 'user:10')$$), '<', 20::bigint, 'RENAME looks keys up');
SELECT is((SELECT count(*) FROM redis_scan('0', 'COUNT', '1000000') s, unnest(s.keys)), 4996::bigint, 'SCAN of everything');

-- A busy key's newest version is found first, however many dead ones there are (here this transaction itself keeps them).
CREATE FUNCTION pg_temp.pages_seen(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE query; -- the first call looks into the catalog, too
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
    RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::integer;
END $$;
SELECT redis_incr('counter') FROM generate_series(1, 5000);
SELECT redis_lpush('queue', 'a', 'b', 'c'), count(redis_lpush('queue', 'd')), count(redis_lpop('queue')) FROM generate_series(1, 2500);
SELECT count(redis_lpush('hand over', 'd')), count(redis_lpop('hand over')) FROM generate_series(1, 2500);
SELECT redis_hset('stats', 'hits', '0'), count(redis_hincrby('stats', 'hits', 1)) FROM generate_series(1, 5000);
SELECT cmp_ok(pg_temp.pages_seen(q), '<', 20 * calls, q || ' looks at few pages')
FROM (VALUES (1, $$SELECT redis_incr('counter')$$), (1, $$SELECT redis_set('counter', '1')$$), (1, $$SELECT redis_get('counter')$$),
             (1, $$SELECT redis_lpush('queue', 'd')$$), (1, $$SELECT redis_lpop('queue')$$), (1, $$SELECT redis_set('counter', '1', 'EX', '10')$$),
             (2, $$SELECT redis_hincrby('stats', 'hits', 1)$$), (1, $$SELECT redis_hset('stats', 'hits', '1')$$), (1, $$SELECT redis_hget('stats', 'hits')$$),
             (1, $$SELECT redis_hmget('stats', 'hits')$$),
             (2, $$SELECT redis_rpush('hand over', 'd'), redis_rpop('hand over')$$), -- HINCRBY is an HGET and an HSET
             (1, $$SELECT redis_expire('counter', '100')$$), (1, $$SELECT redis_ttl('counter')$$), (1, $$SELECT redis_exists('counter')$$),
             (1, $$SELECT redis_exists('counter', 'counter')$$), (1, $$SELECT redis_type('counter')$$), (1, $$SELECT redis_persist('counter')$$),
             (1, $$SELECT redis_getex('counter', 'EX', '100')$$), (1, $$SELECT redis_mget('counter')$$), (1, $$SELECT redis_setnx('counter', '1')$$),
             (1, $$SELECT redis_set('counter', '1', 'XX')$$), (1, $$SELECT redis_msetnx('counter', '1')$$), (2, $$SELECT redis_append('counter', '1')$$),
             (1, $$SELECT redis_getrange('counter', 0, -1)$$), (1, $$SELECT redis_getbit('counter', '1')$$), (2, $$SELECT redis_setbit('counter', '1', '1')$$),
             (1, $$SELECT redis_bitcount('counter')$$), (2, $$SELECT redis_copy('counter', 'copy', 'REPLACE')$$), (1, $$SELECT redis.watch(0::smallint, 'counter')$$),
             (1, $$SELECT redis_object_encoding('counter')$$), (1, $$SELECT redis_memory_usage('counter')$$),
             (1, $$SELECT redis_lset('queue', '0', 'e')$$), (2, $$SELECT redis_linsert('queue', 'BEFORE', 'e', 'f')$$), (1, $$SELECT redis_lrem('queue', 1, 'f')$$),
             (1, $$SELECT redis_ltrim('queue', '0', '-1')$$), (2, $$SELECT redis_lmove('queue', 'queue', 'LEFT', 'RIGHT')$$),
             (2, $$SELECT redis_sort('queue', 'BY', 'counter', 'ALPHA')$$)) AS c(calls, q);
SELECT results_eq($q$SELECT DISTINCT p.oid::regproc::text
                     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, regexp_matches(p.prosrc,
                          'redis\.(?:keys|hash_fields|zset_members) (\w)\M((?:[^;()]|\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))*)', 'g') m
                     WHERE (n.nspname = 'redis' OR n.nspname = 'public' AND p.proname LIKE 'redis%')
                       AND m[2] ~ ('\m' || m[1] || '\.(key|field|member) = ') AND m[2] !~ ('\m' || m[1] || '\.turn DESC') ORDER BY 1$q$,
                  ARRAY['redis_dbsize'], 'every look at a key, field or member begins with the newest, but for keys that expire');
SELECT redis_del('counter', 'queue', 'hand over', 'stats', 'copy');

-- A row gives its room up with the first update, whichever that is (migrations/0007_cheaper_keys.sql)
SELECT redis_set('roomy', 'a');
SELECT is((SELECT octet_length(page) FROM redis.keys WHERE key = 'roomy'), 40, 'a new row has room');
SELECT redis_set('roomy', 'b');
SELECT is((SELECT octet_length(page) FROM redis.keys WHERE key = 'roomy'), 4, 'an updated one has not');
SELECT results_eq($$SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE (n.nspname = 'redis' OR n.nspname = 'public' AND p.proname LIKE 'redis%') AND p.prosrc ~ 'UPDATE redis\.keys x\s+SET (?!turn = redis\.next_turn\(x\.turn, x\.page, x\.ctid, x\.xmin\), page = redis\.page\(x\.ctid\))'
                    ORDER BY 1$$,
                  ARRAY['redis.move_row', 'redis.sweep', 'redis_swapdb'], 'every update but those that move a row or its entry for the sweep');
SELECT results_eq($$SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE (n.nspname = 'redis' OR n.nspname = 'public' AND p.proname LIKE 'redis%') AND p.prosrc ~ 'UPDATE redis\.(hash_fields|zset_members) \w\s+SET (?!turn = redis\.next_)'
                    ORDER BY 1$$,
                  ARRAY['redis.hash_renumber', 'redis_hdel'], 'and of elements with turns, every one that is not of their numbers only');
SELECT redis_del('roomy');

-- A whole SCAN, page by page, meets every key once.
WITH RECURSIVE page AS (
    SELECT s.next, s.keys FROM redis_scan('0', 'COUNT', '100') s
    UNION ALL
    SELECT s.next, s.keys FROM page p, LATERAL redis_scan(p.next::bytea, 'COUNT', '100') s WHERE p.next <> '0'
)
SELECT is(ARRAY[count(*), count(DISTINCT k)], ARRAY[4996, 4996]::bigint[], 'SCAN page by page') FROM page, unnest(page.keys) k;

-- A collection of a million elements is given up by one row.
INSERT INTO redis.keys (id, db, type, key, size, head, tail) VALUES (-1, 0, 'l', 'big', 1000000, 1, 1000000);
SELECT redis_del('big');
SELECT results_eq($$SELECT id, type::text FROM redis.orphans WHERE id = -1$$, $$VALUES (-1::bigint, 'l')$$, 'DEL of a big list leaves it to the reaper');

-- Reads write nothing, and need no right to.
SET TRANSACTION READ ONLY;
SELECT lives_ok($$SELECT redis_exists('a', 'b'), redis_touch('a'), redis_type('a'), redis_ttl('a'), redis_pttl('a'), redis_expiretime('a'), redis_pexpiretime('a'),
                  redis_keys('*'), redis_scan('0'), redis_randomkey(), redis_object_encoding('user:12'), redis_object_idletime('a'), redis_wait(0, '0')$$,
                'reads run in a transaction that only reads');

SELECT * FROM finish();
ROLLBACK;
