BEGIN;
SELECT no_plan();
SELECT redis_set('string', 'x');

-- the calls as one writes them by hand
SELECT is(redis_rpush('l', 'b', 'c'), 2::bigint, 'RPUSH');
SELECT is(redis_lpush('l', 'a'), 3::bigint, 'LPUSH');
SELECT is(redis_rpushx('l', 'd'), 4::bigint, 'RPUSHX');
SELECT is(redis_lpushx('absent', 'x'), 0::bigint, 'LPUSHX of an absent key');
SELECT is(redis_llen('l'), 4::bigint, 'LLEN');
SELECT is(redis_lrange('l', 0, -1), ARRAY['a', 'b', 'c', 'd']::bytea[], 'LRANGE');
SELECT is(redis_lrange('absent', 0, -1), ARRAY[]::bytea[], 'LRANGE of an absent key');
SELECT is(redis_lindex('l', '-1'), 'd'::bytea, 'LINDEX');
SELECT is(redis_lset('l', '1', 'B'), 'OK', 'LSET');
SELECT is(redis_linsert('l', 'before', 'B', 'x'), 5::bigint, 'LINSERT');
SELECT is(redis_lrem('l', 0, 'x'), 1::bigint, 'LREM');
SELECT results_eq($$SELECT index, indexes FROM redis_lpos('l', 'c')$$, $$VALUES (2::bigint, NULL::bigint[])$$, 'LPOS');
SELECT results_eq($$SELECT index, indexes FROM redis_lpos('l', 'c', 'COUNT', '0')$$, $$VALUES (NULL::bigint, ARRAY[2::bigint])$$, 'LPOS … COUNT');
SELECT is(redis_ltrim('l', 0, 2), 'OK', 'LTRIM');
SELECT is(redis_lmove('l', 'm', 'LEFT', 'RIGHT'), 'a'::bytea, 'LMOVE');
SELECT is(redis_rpoplpush('l', 'm'), 'c'::bytea, 'RPOPLPUSH');
SELECT is(redis_lpop('l'), 'B'::bytea, 'LPOP');
SELECT is(redis_rpop('l'), NULL, 'RPOP of an absent key');
SELECT is(redis_lpop('m', '9'), ARRAY['c', 'a']::bytea[], 'LPOP … count');
SELECT is(redis_rpop('m', '9'), NULL::bytea[], 'RPOP … count of an absent key');
SELECT redis_rpush('m', 'x', 'y');
SELECT results_eq($$SELECT key, elements FROM redis_lmpop('2', 'l', 'm', 'RIGHT', 'COUNT', '2')$$,
                  $$VALUES ('m'::bytea, ARRAY['y', 'x']::bytea[])$$, 'LMPOP');
SELECT is_empty($$SELECT FROM redis.list_items$$, 'emptied lists leave nothing behind');
SELECT throws_ok($$SELECT redis_lpush('string', 'x')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value',
                 'errors bear Redis''s text');
SELECT throws_ok($$SELECT redis_lpush('l', VARIADIC '{}')$$, 'RD000', 'ERR wrong number of arguments for ''lpush'' command',
                 'nothing is not pushed');

-- what the row tells stays true, whatever is done
CREATE FUNCTION pg_temp.sound() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (
        SELECT FROM redis.keys x
        WHERE x.type = 'l' AND (x.size <> x.tail - x.head + 1 OR x.size = 0 AND x.expires_at IS DISTINCT FROM 0
            OR ARRAY(SELECT e.pos FROM redis.list_items e WHERE e.id = x.id ORDER BY 1)
               <> ARRAY(SELECT p FROM generate_series(x.head, x.tail) p)))
$$;
SELECT redis_rpush('big', VARIADIC ARRAY(SELECT (i % 7)::text::bytea FROM generate_series(1, 1000) i));
SELECT redis_lpush('big', VARIADIC ARRAY(SELECT i::text::bytea FROM generate_series(1001, 1100) i));
SELECT ok(pg_temp.sound(), 'positions are dense after pushes');
SELECT redis_lrem('big', 10, '3'), redis_lrem('big', -10, '4'), redis_lrem('big', 0, '5');
SELECT ok(pg_temp.sound(), 'after LREM');
SELECT redis_linsert('big', 'AFTER', '1100', 'x'), redis_linsert('big', 'BEFORE', '6', 'y'), redis_linsert('big', 'AFTER', '1001', 'z');
SELECT ok(pg_temp.sound(), 'after LINSERT');
SELECT redis_lpop('big'), redis_rpop('big'), redis_lpop('big', '5'), redis_rpop('big', '5'), redis_ltrim('big', 3, -4);
SELECT redis_lmove('big', 'big', 'LEFT', 'RIGHT'), redis_lmove('big', 'big', 'RIGHT', 'LEFT'), redis_lmove('big', 'other', 'LEFT', 'LEFT');
SELECT ok(pg_temp.sound(), 'after pops, LTRIM and moves');

-- every write touches the row, whose xmin WATCH compares
CREATE TEMP TABLE before AS SELECT x.ctid AS version FROM redis.keys x WHERE x.key = 'big';
SELECT redis_lset('big', '5', 'changed');
SELECT isnt((SELECT x.ctid FROM redis.keys x WHERE x.key = 'big'), (SELECT version FROM before), 'LSET touches the key');

-- an expired list is nobody's
UPDATE redis.keys SET expires_at = 1 WHERE key = 'big';
SELECT is(redis_llen('big'), 0::bigint, 'an expired list is empty');
SELECT is((SELECT count(*) FROM redis.lists WHERE key = 'big'), 0::bigint, 'and not in the view');
SELECT is(redis_lpop('big'), NULL, 'LPOP of an expired list');
SELECT is((SELECT count(*) FROM redis.keys WHERE key = 'big'), 0::bigint, 'which removes it');
SELECT redis_rpush('old', 'x');
UPDATE redis.keys SET expires_at = 1 WHERE key = 'old';
SELECT is(redis_rpush('old', 'y'), 1::bigint, 'a push to an expired list makes a new one');

-- the view
SELECT redis_lpush('v', 'y', 'x');
SELECT results_eq($$SELECT key, index, value, expires_at FROM redis.lists WHERE key = 'v' ORDER BY index$$,
                  $$VALUES ('v'::bytea, 0::bigint, 'x'::bytea, NULL::timestamptz), ('v', 1, 'y', NULL)$$, 'redis.lists');

-- An emptied list keeps its row for the next push, till the sweep comes by; nobody sees it.
DELETE FROM redis.keys;
SELECT redis_rpush('queue', 'a', 'b');
CREATE TEMPORARY TABLE queue AS SELECT id FROM redis.keys;
SELECT is(redis_lpop('queue', '5'), '{a,b}'::bytea[], 'a list is emptied');
SELECT is(ARRAY[redis_exists('queue'), redis_llen('queue'), redis_lpushx('queue', 'c'), redis_dbsize(), redis_del('queue', 'queue')],
          '{0,0,0,0,0}'::bigint[], 'and is absent');
SELECT is(redis_type('queue'), 'none', 'of no type');
SELECT is_empty('SELECT redis_keys($$*$$)', 'in no listing');
SELECT redis_lpush('queue', 'a');
DELETE FROM queue;
INSERT INTO queue SELECT id FROM redis.keys;
SELECT ok(redis_rpop('queue') = 'a' AND redis_lpop('queue') IS NULL AND redis_rpush('queue', 'b') = 1 AND redis_lmove('queue', 'other', 'LEFT', 'LEFT') = 'b'
          AND redis_lpush('queue', 'c', 'd') = 2, 'elements come and go');
SELECT results_eq($$SELECT x.id, x.size, x.expires_at FROM redis.keys x WHERE x.key = 'queue'$$, 'SELECT id, 2::bigint, NULL::bigint FROM queue', 'in the same row');
SELECT ok(pg_temp.sound(), 'which tells the truth');
SELECT is((SELECT count(*) FROM redis.expirations e JOIN queue USING (id)), 1::bigint, 'one entry for the sweep is enough');
CREATE FUNCTION pg_temp.let_time_pass() RETURNS void LANGUAGE sql AS $$
    UPDATE redis.keys SET sweep_at = sweep_at - 20000;
    UPDATE redis.expirations SET due = due - 20000;
$$;
SELECT pg_temp.let_time_pass();
SELECT ok(redis.sweep(100) > 0, 'when the sweep comes by');
SELECT is(redis_lrange('queue', 0, -1), '{d,c}'::bytea[], 'it leaves a list that is not empty');
SELECT redis_lpop('queue', '2');
SELECT is(redis.sweep(100), 0::bigint, 'and an empty one for a while');
SELECT pg_temp.let_time_pass();
SELECT redis.sweep(100);
SELECT is_empty($$SELECT FROM redis.keys x WHERE x.key = 'queue'$$, 'then it takes that away');
SELECT redis_lpush('queue', 'a'), redis_lpop('queue');
SELECT redis_set('queue', 'v');
SELECT is(redis_get('queue'), 'v'::bytea, 'a string may take its place');
SELECT redis_del('queue');
SELECT redis_lpush('queue', 'a'), redis_lpop('queue');
SELECT redis_hset('queue', 'f', 'v');
SELECT is(redis_type('queue'), 'hash', 'a collection too');

-- plans: elements are found by id and position
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
PREPARE slice(bigint, bigint, bigint) AS
    SELECT ARRAY(SELECT e.value FROM redis.list_items e WHERE e.id = $1 AND e.pos BETWEEN $2 AND $3 ORDER BY e.pos);
SELECT matches(pg_temp.plan('EXECUTE slice(1, 2, 3)'), 'Index Cond: \(\(id = .*\(pos >= .*\(pos <= ', 'LRANGE: a range of the index');
SELECT doesnt_match(pg_temp.plan('EXECUTE slice(1, 2, 3)'), 'Sort', 'LRANGE: no sort');
PREPARE pop(bigint, bigint) AS
    DELETE FROM redis.list_items e
    WHERE e.ctid = (SELECT y.ctid FROM redis.list_items y WHERE y.id = $1 AND y.pos = $2 ORDER BY y.turn DESC LIMIT 1);
SELECT matches(pg_temp.plan('EXECUTE pop(1, 2)'), 'Index Scan Backward using list_items_pos', 'LPOP: the newest at a position first');

SELECT * FROM finish();
ROLLBACK;
