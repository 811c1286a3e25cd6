BEGIN;
SELECT no_plan();
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;

-- Is the watch of these tokens still good? check_watches raises when it is not. Within one transaction every write has the same xmin, so
-- what the examples change is made in subtransactions, which count as transactions of their own.
CREATE FUNCTION pg_temp.holds(tokens text[], VARIADIC keys text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM redis.check_watches(array_fill(redis.db(), ARRAY[cardinality(keys)]), keys::bytea[], tokens);
    RETURN true;
EXCEPTION WHEN SQLSTATE 'RD001' THEN
    RETURN false;
END $$;
-- Carries out SQL as somebody else's transaction.
CREATE FUNCTION pg_temp.meanwhile(query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
EXCEPTION WHEN SQLSTATE 'RD001' THEN -- having a handler makes it a subtransaction
    RAISE;
END $$;

-- redis.begin_transaction
SELECT redis.begin_transaction('{0,3,0}', '{a,b,a}', false);
SELECT set_has($$SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()$$,
    $$VALUES (redis.lock_id(0::smallint, 'a')), (redis.lock_id(3::smallint, 'b'))$$,
    'it locks its keys in their databases');
SELECT is((SELECT count(*) FROM pg_locks WHERE relation = 'redis.keys'::regclass AND mode = 'AccessExclusiveLock'), 0::bigint, 'but not everything');

SELECT redis_set('there', '1'), redis_rpush('list', 'x');

-- redis.watch
SELECT matches((redis.watch(0::smallint, 'there', 'absent'))[1], '^\d+:\d+$', 'a key that is there: its row and version');
SELECT matches((redis.watch(0::smallint, 'there', 'absent'))[2], '^absent:\d+$', 'an absent one: a number');
SELECT is((SELECT count(*) FROM redis.absent_watches WHERE key = 'absent' AND db = 0), 2::bigint, 'each has a row');
SELECT is(cardinality(redis.watch(0::smallint, 'a', 'there', 'a', 'b')), 4, 'a token for each key, in order');
SELECT redis_psetex('over', 1, 'v'), pg_sleep(0.002);
SELECT matches((redis.watch(0::smallint, 'over'))[1], '^absent', 'a key whose time is up is absent');
SELECT is((SELECT count(*) FROM redis.keys WHERE key = 'over'), 0::bigint, 'and goes');

-- redis.check_watches
SELECT redis.watch(0::smallint, 'there', 'list', 'none') AS tokens \gset
SELECT ok(pg_temp.holds(:'tokens', 'there', 'list', 'none'), 'nothing has changed');
SELECT redis_get('there'), redis_llen('list'), redis_del('none');
SELECT ok(pg_temp.holds(:'tokens', 'there', 'list', 'none'), 'reads and what changes nothing are no change');
SELECT pg_temp.meanwhile($$SELECT redis_set('there', '1')$$);
SELECT ok(NOT pg_temp.holds(:'tokens', 'there', 'list', 'none'), 'the same value again is a change');
SELECT throws_ok(format($$SELECT redis.check_watches('{0,0,0}', '{there,list,none}', %L)$$, :'tokens'), 'RD001', NULL, 'with an error of its own');

SELECT redis.watch(0::smallint, 'list') AS tokens \gset
SELECT pg_temp.meanwhile($$SELECT redis_rpush('list', 'y')$$);
SELECT ok(NOT pg_temp.holds(:'tokens', 'list'), 'elements are a change');
SELECT redis.watch(0::smallint, 'list') AS tokens \gset
SELECT pg_temp.meanwhile($$SELECT redis_expire('list', 100)$$);
SELECT ok(NOT pg_temp.holds(:'tokens', 'list'), 'a TTL is a change');
SELECT redis.watch(0::smallint, 'list') AS tokens \gset
SELECT redis_del('list'), redis_rpush('list', 'x', 'y');
SELECT ok(NOT pg_temp.holds(:'tokens', 'list'), 'another row is a change, even of this transaction');

SELECT redis.watch(1::smallint, 'there') AS tokens \gset
SELECT lives_ok(format($$SELECT redis.check_watches('{1}', '{there}', %L)$$, :'tokens'), 'each key has its database');
SELECT throws_ok(format($$SELECT redis.check_watches('{0}', '{there}', %L)$$, :'tokens'), 'RD001', NULL, 'of its own');

-- every way a key comes into being takes the watch of its absence away
CREATE FUNCTION pg_temp.sees(query text, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    tokens text[];
BEGIN
    PERFORM redis_del('k'), redis_del('o');
    tokens := redis.watch(0::smallint, 'k');
    EXECUTE query;
    PERFORM redis_del('k');
    RETURN ok(NOT pg_temp.holds(tokens, 'k'), name || ' is a creation');
END $$;
SELECT pg_temp.sees(q, q) FROM unnest(ARRAY[
    $$SELECT redis_set('k', 'v')$$, $$SELECT redis_setnx('k', 'v')$$, $$SELECT redis_mset('o', 'v', 'k', 'v')$$, $$SELECT redis_msetnx('k', 'v')$$,
    $$SELECT redis_incr('k')$$, $$SELECT redis_append('k', 'v')$$, $$SELECT redis_setbit('k', '1', '1')$$, $$SELECT redis_lpush('k', 'v')$$,
    $$SELECT redis_hset('k', 'f', 'v')$$, $$SELECT redis_hincrby('k', 'f', 1)$$, $$SELECT redis_sadd('k', 'v')$$, $$SELECT redis_zadd('k', 1, 'v')$$,
    $$SELECT redis_set('o', 'v'), redis_rename('o', 'k')$$, $$SELECT redis_set('o', 'v'), redis_copy('o', 'k')$$,
    $$SELECT redis_select(1), redis_set('k', 'v'), redis_move('k', '0'), redis_select(0)$$,
    $$SELECT redis_select(1), redis_set('k', 'v'), redis_swapdb('0', '1'), redis_select(0)$$]) AS q;

-- redis.unwatch
DELETE FROM redis.absent_watches;
SELECT redis.watch(0::smallint, 'list', 'one', 'two') AS tokens, redis.watch(0::smallint, 'one') AS others \gset
SELECT redis.unwatch(VARIADIC :'tokens'::text[]);
SELECT is((SELECT count(*) FROM redis.absent_watches), 1::bigint, 'unwatch takes its own rows away');
SELECT redis.unwatch('1:2');
SELECT ok(pg_temp.holds(:'others', 'one'), 'and nobody else''s');

-- what dead proxies left behind
UPDATE redis.absent_watches SET watched_at = watched_at - interval '2 hours';
SELECT redis.watch(0::smallint, 'two');
SELECT redis.reap(100);
SELECT set_eq('SELECT key FROM redis.absent_watches', $$VALUES ('two'::bytea)$$, 'old rows are purged');

-- redis.begin_transaction of everything
SELECT redis.begin_transaction('{}', '{}', true);
SELECT is((SELECT count(*) FROM pg_locks WHERE relation = 'redis.keys'::regclass AND mode = 'AccessExclusiveLock'), 1::bigint, 'locks everything');

-- redis.select_in_transaction
SELECT redis.select_in_transaction(2::smallint);
SELECT is(redis.db(), 2::smallint, 'SELECT inside of MULTI');

SELECT * FROM finish();
ROLLBACK;
