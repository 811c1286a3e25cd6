BEGIN;
SELECT no_plan();
SELECT redis_set('string', 'x');

-- the calls as one writes them by hand
SELECT is(redis_hset('h', 'a', '1'), 1::bigint, 'HSET of a new field');
SELECT is(redis_hset('h', 'a', '2'), 0::bigint, 'HSET of an old field');
SELECT is(redis_hset('h', 'b', '3', 'a', '4', 'c', '5', 'c', '6'), 2::bigint, 'HSET of several fields');
SELECT is(redis_hmset('h', 'd', '7'), 'OK', 'HMSET');
SELECT ok(redis_hsetnx('h', 'e', '8') AND NOT redis_hsetnx('h', 'e', '9'), 'HSETNX');
SELECT is(redis_hget('h', 'c'), '6'::bytea, 'HGET');
SELECT is(redis_hget('absent', 'c'), NULL, 'HGET of an absent key');
SELECT is(redis_hmget('h', 'c', 'x', 'a'), ARRAY['6', NULL, '4']::bytea[], 'HMGET');
SELECT ok(redis_hexists('h', 'a') AND NOT redis_hexists('h', 'x'), 'HEXISTS');
SELECT is(redis_hstrlen('h', 'a'), 1::bigint, 'HSTRLEN');
SELECT is(redis_hlen('h'), 5::bigint, 'HLEN');
SELECT is(redis_hkeys('h'), ARRAY['a', 'b', 'c', 'd', 'e']::bytea[], 'HKEYS');
SELECT is(redis_hvals('h'), ARRAY['4', '3', '6', '7', '8']::bytea[], 'HVALS');
SELECT is(redis_hdel('h', 'c', 'd', 'e', 'x', 'c'), 3::bigint, 'HDEL');
SELECT results_eq($$SELECT field, value FROM redis_hgetall('h')$$, $$VALUES ('a'::bytea, '4'::bytea), ('b', '3')$$, 'HGETALL');
SELECT is(redis_hincrby('h', 'n', 5), 5::bigint, 'HINCRBY');
SELECT is(redis_hincrbyfloat('h', 'n', '0.5'), '5.5'::bytea, 'HINCRBYFLOAT');
SELECT ok(redis_hrandfield('h') IN ('a', 'b', 'n'), 'HRANDFIELD');
SELECT is((SELECT count(DISTINCT field) FROM redis_hrandfield('h', 2)), 2::bigint, 'HRANDFIELD … count');
SELECT is((SELECT count(value) FROM redis_hrandfield('h', -7, 'WITHVALUES')), 7::bigint, 'HRANDFIELD … WITHVALUES');
SELECT results_eq($$SELECT next_cursor, items FROM redis_hscan('h', '0', 'MATCH', 'a*')$$,
                  $$VALUES ('0', ARRAY['a', '4']::bytea[])$$, 'HSCAN');
SELECT throws_ok($$SELECT redis_hset('string', 'a', 'b')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value',
                 'errors bear Redis''s text');
SELECT throws_ok($$SELECT redis_hset('h', 'a')$$, 'RD000', 'ERR wrong number of arguments for ''hset'' command', 'HSET wants pairs');
SELECT is(redis_hdel('h', 'a', 'b', 'n'), 3::bigint, 'HDEL of all');
SELECT is_empty($$SELECT FROM redis.hash_fields$$, 'an emptied hash leaves nothing behind');

-- what the row tells stays true: the size, numbers below head, and dense ones in a big hash
CREATE FUNCTION pg_temp.sound() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (
        SELECT FROM redis.keys x, LATERAL (SELECT count(*) AS n, count(DISTINCT f.seq) AS numbers, min(f.seq) AS low, max(f.seq) AS high
                                           FROM redis.hash_fields f WHERE f.id = x.id) s
        WHERE x.type = 'h' AND (x.size <> s.n OR s.n = 0 OR s.numbers <> s.n OR s.low < 0 OR s.high >= x.head
                                OR s.n > 1024 AND x.head <> x.size))
$$;
CREATE FUNCTION pg_temp.pairs(first integer, last integer) RETURNS bytea[] LANGUAGE sql AS $$
    SELECT array_agg(v.word ORDER BY i, v.n)
    FROM generate_series(first, last) i, LATERAL (VALUES (1, ('f' || i)::bytea), (2, i::text::bytea)) v(n, word)
$$;
SELECT is(redis_hset('big', VARIADIC pg_temp.pairs(1, 500)), 500::bigint, 'a hash grows');
SELECT redis_hdel('big', 'f3', 'f5'), redis_hdel('big', 'f7');
SELECT is((SELECT head - size FROM redis.keys WHERE key = 'big'), 3::bigint, 'a small hash keeps its order and has gaps');
SELECT is(redis_hset('big', VARIADIC pg_temp.pairs(400, 1500)), 1000::bigint, 'and grows further');
SELECT is((SELECT head - size FROM redis.keys WHERE key = 'big'), 0::bigint, 'a big one has none');
SELECT redis_hset('big', 'new', '1'), redis_hdel('big', 'f1', 'f1499', 'new', 'f1500', 'f700'), redis_hdel('big', 'f2');
SELECT ok(pg_temp.sound(), 'nor after HDEL');
SELECT is((SELECT head - size FROM redis.keys WHERE key = 'big'), 0::bigint, 'what goes is replaced by the last ones');
SELECT redis_hdel('big', VARIADIC ARRAY(SELECT ('f' || i)::bytea FROM generate_series(100, 1400) i));
SELECT ok(pg_temp.sound(), 'after many went');
SELECT is((SELECT array_agg(field ORDER BY field) FROM redis_hgetall('big')), (SELECT array_agg(f ORDER BY f) FROM unnest(redis_hkeys('big')) f),
          'all that is left is found');

-- every write touches the row, whose xmin WATCH compares
CREATE TEMP TABLE before AS SELECT x.ctid AS version FROM redis.keys x WHERE x.key = 'big';
SELECT redis_hset('big', 'f10', 'changed');
SELECT isnt((SELECT x.ctid FROM redis.keys x WHERE x.key = 'big'), (SELECT version FROM before), 'HSET of an old field touches the key');

-- an expired hash is nobody's
UPDATE redis.keys SET expires_at = 1 WHERE key = 'big';
SELECT is(redis_hlen('big'), 0::bigint, 'an expired hash is empty');
SELECT is((SELECT count(*) FROM redis.hashes WHERE key = 'big'), 0::bigint, 'and not in the view');
SELECT is(redis_hset('big', 'a', '1'), 1::bigint, 'HSET to an expired hash makes a new one');
SELECT results_eq($$SELECT key, field, value, expires_at FROM redis.hashes WHERE key = 'big'$$,
                  $$VALUES ('big'::bytea, 'a'::bytea, '1'::bytea, NULL::timestamptz)$$, 'redis.hashes');

-- plans: fields are found by id and field, or id and number
SET LOCAL enable_seqscan = off;
SET LOCAL plan_cache_mode = force_generic_plan;
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
PREPARE value(smallint, bytea, bytea) AS
    SELECT (SELECT f.value FROM redis.hash_fields f WHERE f.id = x.id AND f.field = $3 ORDER BY f.turn DESC LIMIT 1)
    FROM redis.keys x WHERE x.db = $1 AND x.key = $2;
SELECT matches(pg_temp.plan($$EXECUTE value(0::smallint, 'a', 'b')$$),
               'Index Scan Backward using hash_fields_field .*Index Cond: \(\(id = x.id\) AND \(field = \$3\)\)', 'HGET: the newest of a field');
PREPARE find(smallint, bytea, bytea) AS
    SELECT x.ctid, f.place FROM redis.keys x
    LEFT JOIN LATERAL (SELECT y.ctid AS place FROM redis.hash_fields y WHERE y.id = x.id AND y.field = $3
                       ORDER BY y.turn DESC LIMIT 1) f ON true
    WHERE x.db = $1 AND x.key = $2 ORDER BY x.turn DESC LIMIT 1;
SELECT matches(pg_temp.plan($$EXECUTE find(0::smallint, 'a', 'b')$$),
               'Index Scan Backward using keys_key .*Index Scan Backward using hash_fields_field', 'HINCRBY: the newest of both');
PREPARE replace(bigint, bytea) AS
    UPDATE redis.hash_fields f SET value = 'x'
    WHERE f.ctid = (SELECT e.ctid FROM redis.hash_fields e WHERE e.id = $1 AND e.field = $2 ORDER BY e.turn DESC LIMIT 1);
SELECT matches(pg_temp.plan($$EXECUTE replace(1, 'b')$$),
               'Index Scan Backward using hash_fields_field .*Index Cond: \(\(id = \$1\) AND \(field = \$2\)\)', 'HSET: the newest of a field');
PREPARE pick(bigint, bigint) AS SELECT f.field FROM redis.hash_fields f WHERE f.id = $1 AND f.seq = $2;
SELECT matches(pg_temp.plan('EXECUTE pick(1, 2)'), 'Index Cond: \(\(id = \$1\) AND \(seq = \$2\)\)', 'HRANDFIELD: by number');
PREPARE scan(bigint, bigint, bigint) AS SELECT f.field FROM redis.hash_fields f WHERE f.id = $1 AND f.seq >= $2 AND f.seq < $3;
SELECT matches(pg_temp.plan('EXECUTE scan(1, 2, 3)'), 'Index Cond: \(\(id = \$1\) AND \(seq >= \$2\) AND \(seq < \$3\)\)',
               'HSCAN: a range of numbers');

SELECT * FROM finish();
ROLLBACK;
