BEGIN;
SELECT no_plan();
SELECT redis_rpush('l', '3', '1', '20'), redis_sadd('s', 'b', 'a'), redis_zadd('z', 2, 'x'), redis_zadd('z', 1, 'y');
SELECT redis_mset('w_1', 'one', 'w_3', 'three'), redis_hset('h_20', 'f', 'field');

-- the calls as one writes them by hand
SELECT results_eq($$SELECT elements, stored FROM redis_sort('l')$$, $$VALUES (ARRAY['1', '3', '20']::bytea[], NULL::bigint)$$, 'SORT');
SELECT is((redis_sort('l', 'LIMIT', '1', '1', 'DESC')).elements, ARRAY['3']::bytea[], 'SORT … LIMIT DESC');
SELECT is((redis_sort('l', 'BY', 'w_*', 'ALPHA', 'GET', '#', 'GET', 'w_*', 'GET', 'h_*->f')).elements,
          ARRAY['20', NULL, 'field', '1', 'one', NULL, '3', 'three', NULL]::bytea[], 'SORT … BY GET');
SELECT is(redis_sort_ro('s', 'ALPHA'), ARRAY['a', 'b']::bytea[], 'SORT_RO of a set');
SELECT is(redis_sort_ro('z', 'BY', 'nosort', 'DESC'), ARRAY['x', 'y']::bytea[], 'SORT_RO of a sorted set in its own order');
SELECT is(redis_sort_ro('absent'), ARRAY[]::bytea[], 'SORT_RO of an absent key');
SELECT results_eq($$SELECT elements, stored FROM redis_sort('l', 'GET', 'w_*', 'STORE', 'd')$$, $$VALUES (NULL::bytea[], 3::bigint)$$,
                  'SORT … STORE');
SELECT is(redis_lrange('d', 0, -1), ARRAY['one', 'three', '']::bytea[], 'makes a list');
SELECT is((redis_sort('absent', 'STORE', 'd')).stored, 0::bigint, 'SORT … STORE of an absent key');
SELECT is(redis_exists('d'), 0::bigint, 'deletes the destination');
SELECT throws_ok($$SELECT redis_sort('s')$$, 'RD000', 'ERR One or more scores can''t be converted into double', 'not numbers');
SELECT throws_ok($$SELECT redis_sort('w_1')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value', 'WRONGTYPE');
SELECT throws_ok($$SELECT redis_sort_ro('l', 'STORE', 'd')$$, 'RD000', 'ERR syntax error', 'SORT_RO stores nothing');

-- STORE locks both keys, whatever their order; SORT alone locks none
CREATE FUNCTION pg_temp.key_locks() RETURNS bigint LANGUAGE sql AS
    $$SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()$$;
CREATE TEMP TABLE before AS SELECT pg_temp.key_locks() AS locks;
SELECT redis_zadd('new', 1, '5');
SELECT redis_sort('l'), redis_sort_ro('l', 'GET', 'other_*');
SELECT is(pg_temp.key_locks(), (SELECT locks + 1 FROM before), 'SORT without STORE locks nothing');
SELECT redis_sort('new', 'STORE', 'destination');
SELECT is(pg_temp.key_locks(), (SELECT locks + 2 FROM before), 'SORT … STORE locks its destination');

-- another database's keys are not seen
SELECT redis_select(1);
SELECT redis_rpush('l', '1');
SELECT is(redis_sort_ro('l', 'GET', 'w_*'), ARRAY[NULL]::bytea[], 'patterns name keys of the same database');

-- plans: what patterns name is found key by key through the index, also while the tables are empty
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
PREPARE fields(smallint, bytea, bytea[], bytea) AS
    SELECT (SELECT (SELECT h.value FROM redis.hash_fields h WHERE h.id = x.id AND h.field = $4) FROM redis.keys x
            WHERE x.db = $1 AND x.key = redis.index_key($2 || u.element) AND x.type = 'h')
    FROM unnest($3) WITH ORDINALITY AS u(element, n) ORDER BY u.n;
SELECT matches(pg_temp.plan($$EXECUTE fields(0::smallint, 'h', '{}', 'f')$$), 'using keys_(key|pkey) .*Index Cond: \(\(key = .*\(db = .*hash_fields_field',
               'GET and BY: by the indexes of keys and fields');

SELECT * FROM finish();
ROLLBACK;
