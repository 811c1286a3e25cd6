BEGIN;
SELECT no_plan();
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;

-- the calls as one writes them by hand: nobody waits
SELECT redis_rpush('l', 'a', 'b', 'c', 'd', 'e', 'f'), redis_zadd('z', 1, 'm'), redis_zadd('z', 2, 'n'), redis_zadd('z', 3, 'o');
SELECT is(redis_blpop('absent', 'l', '0'), ARRAY['l', 'a']::bytea[], 'BLPOP');
SELECT is(redis_brpop('l', '1.5'), ARRAY['l', 'f']::bytea[], 'BRPOP');
SELECT is(redis_blpop('absent', '0'), NULL, 'BLPOP of an absent key');
SELECT is(redis_blmove('l', 'm', 'LEFT', 'RIGHT', '0'), 'b'::bytea, 'BLMOVE');
SELECT is(redis_brpoplpush('l', 'm', '0'), 'e'::bytea, 'BRPOPLPUSH');
SELECT is(redis_blmove('absent', 'm', 'LEFT', 'RIGHT', '0'), NULL, 'BLMOVE of an absent key');
SELECT results_eq($$SELECT key, elements FROM redis_blmpop('0', '2', 'absent', 'l', 'LEFT', 'COUNT', '5')$$,
                  $$VALUES ('l'::bytea, ARRAY['c', 'd']::bytea[])$$, 'BLMPOP');
SELECT results_eq($$SELECT key, member, score FROM redis_bzpopmin('z', '0')$$, $$VALUES ('z'::bytea, 'm'::bytea, 1::float8)$$, 'BZPOPMIN');
SELECT results_eq($$SELECT key, member, score FROM redis_bzpopmax('z', '0')$$, $$VALUES ('z'::bytea, 'o'::bytea, 3::float8)$$, 'BZPOPMAX');
SELECT results_eq($$SELECT key, members, scores FROM redis_bzmpop('0', '1', 'z', 'MIN')$$,
                  $$VALUES ('z'::bytea, ARRAY['n']::bytea[], ARRAY[2]::float8[])$$, 'BZMPOP');
SELECT results_eq($$SELECT key, member, score FROM redis_bzpopmin('z', '0')$$, $$VALUES (NULL::bytea, NULL::bytea, NULL::float8)$$,
                  'BZPOPMIN of an absent key');
SELECT throws_ok(call, 'RD000', message, call) FROM (VALUES
    ($$SELECT redis_blpop('l')$$, 'ERR wrong number of arguments for ''blpop'' command'),
    ($$SELECT redis_brpop('l')$$, 'ERR wrong number of arguments for ''brpop'' command'),
    ($$SELECT redis_bzpopmin('l')$$, 'ERR wrong number of arguments for ''bzpopmin'' command'),
    ($$SELECT redis_bzpopmax('l')$$, 'ERR wrong number of arguments for ''bzpopmax'' command'),
    ($$SELECT redis_blpop('l', 'x')$$, 'ERR timeout is not a float or out of range'),
    ($$SELECT redis_blpop('m', '-1')$$, 'ERR timeout is negative'),
    ($$SELECT redis_bzpopmin('absent', 'm', '0')$$, 'WRONGTYPE Operation against a key holding the wrong kind of value')) AS t(call, message);
SELECT is_empty('SELECT FROM redis.waiters', 'in all this nobody stood in line');
SELECT redis_del('m');

-- the line; the waiters' numbers are those of proxy 1, and of proxy 2 from 2 << 32 on
CREATE FUNCTION pg_temp.waiter(n integer) RETURNS bigint LANGUAGE sql AS 'SELECT (1::bigint << 32) + n';
CREATE FUNCTION pg_temp.line() RETURNS TABLE (n bigint, key text, woken boolean) LANGUAGE sql AS $$
    SELECT w.waiter - (1::bigint << 32), encode(w.key, 'escape'), w.woken IS NOT NULL FROM redis.waiters w ORDER BY w.since, w.key
$$;
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 0, 'k', '0'), NULL, 'one waits');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(2), 0, 'k', 'other', 'k', '0'), NULL, 'another, for two keys');
SELECT is(redis.brpop_or_wait(pg_temp.waiter(3), 0, 'k', '0'), NULL, 'a third');
SELECT is((SELECT r.key FROM redis.bzpopmin_or_wait(pg_temp.waiter(4), 0, 'k', '0') r), NULL, 'one for a sorted set');
SELECT results_eq('SELECT * FROM pg_temp.line()', $$VALUES (1::bigint, 'k', false), (2, 'k', false), (2, 'other', false), (3, 'k', false), (4, 'k', false)$$,
                  'in the order they came');
SELECT redis_rpush('k', 'a', 'b');
SELECT results_eq('SELECT n, key FROM pg_temp.line() WHERE woken', $$VALUES (1::bigint, 'k'), (2, 'k')$$, 'two elements wake two of them');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(5), 0, 'k', '0'), NULL, 'a newcomer takes nothing that others wait for');
SELECT is(redis.brpop_or_wait(pg_temp.waiter(3), 1, 'k', '0'), NULL, 'nor does one who tries before it is his turn');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(2), 1, 'k', 'other', 'k', '0'), ARRAY['k', 'a']::bytea[], 'whose turn it is may');
SELECT results_eq('SELECT * FROM pg_temp.line()', $$VALUES (1::bigint, 'k', true), (3, 'k', false), (4, 'k', false), (5, 'k', false)$$,
                  'he leaves all his lines; the one element left is for the first, who knows');
SELECT redis_rpush('k', 'c', 'd', 'e');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(6), 0, 'k', '0'), ARRAY['k', 'b']::bytea[], 'what is left over by the line is for newcomers');
SELECT is((SELECT count(*) FROM pg_temp.line() WHERE woken), 1::bigint, 'more elements wake nobody');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 1, 'k', '0'), ARRAY['k', 'c']::bytea[], 'the first takes his');
SELECT results_eq('SELECT n, woken FROM pg_temp.line()', $$VALUES (3::bigint, true), (4, false), (5, true)$$, 'and wakes the next');
SELECT redis.stop_waiting(pg_temp.waiter(3));
SELECT redis.stop_waiting(pg_temp.waiter(3));
SELECT is(redis.blpop_or_wait(pg_temp.waiter(5), 1, 'k', '0'), ARRAY['k', 'd']::bytea[], 'whoever leaves makes room');
SELECT is(redis_lpop('k'), 'e'::bytea, 'LPOP heeds no line');
SELECT redis_zadd('k', 1, 'm');
SELECT is((SELECT r.member FROM redis.bzpopmin_or_wait(pg_temp.waiter(4), 1, 'k', '0') r), 'm'::bytea, 'the one for a sorted set is served by one');
SELECT is_empty('SELECT FROM redis.waiters', 'nobody is left');

-- what is there of another type
SELECT redis.blpop_or_wait(pg_temp.waiter(1), 0, 'k', 'other', '0');
SELECT redis_set('k', 'x');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 1, 'k', 'other', '0'), NULL, 'does not concern who waits');
SELECT throws_ok(format($$SELECT redis.blpop_or_wait(%s, 0, 'k', '0')$$, pg_temp.waiter(2)), 'RD000',
                 'WRONGTYPE Operation against a key holding the wrong kind of value', 'who comes is told');
SELECT results_eq('SELECT * FROM pg_temp.line()', $$VALUES (1::bigint, 'k', false), (1, 'other', false)$$, 'his place is kept');
SELECT redis_rpush('other', '2');
SELECT redis_del('k'), redis_rpush('k', '1');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 1, 'k', 'other', '0'), ARRAY['other', '2']::bytea[], 'the key that came first is taken first');
SELECT redis_del('k');

-- lists that were emptied, expire or are renamed
SELECT redis_rpush('e', 'x'), redis_lpop('e');
SELECT redis.blpop_or_wait(pg_temp.waiter(1), 0, 'e', '0');
SELECT redis_rpush('e', 'y');
SELECT is((SELECT woken FROM pg_temp.line()), true, 'an emptied list that gets elements again wakes');
SELECT redis_del('e');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 1, 'e', '0'), NULL, 'the list may be gone again');
SELECT is((SELECT woken FROM pg_temp.line()), false, 'then he waits to be woken again');
SELECT redis_rpush('x', '1'), redis_rename('x', 'e');
SELECT is((SELECT woken FROM pg_temp.line()), true, 'RENAME wakes');
SELECT redis_pexpire('e', '-1');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 1, 'e', '0'), NULL, 'what has expired is not there');
SELECT redis.appeared(0::smallint, ARRAY['e', 'f']::bytea[], 'l');
SELECT is((SELECT woken FROM pg_temp.line()), true, 'many keys at once');
SELECT redis.stop_waiting(pg_temp.waiter(1));

-- moves wake those at the destination
SELECT redis.blmove_or_wait(pg_temp.waiter(1), 0, 'from', 'to', 'LEFT', 'LEFT', '0'), redis.brpoplpush_or_wait(pg_temp.waiter(2), 0, 'to', 'end', '0');
SELECT is((SELECT count(*) FROM redis.blmpop_or_wait(pg_temp.waiter(3), 0, '0', '1', 'end', 'LEFT') r WHERE r.key IS NULL), 1::bigint, 'BLMPOP waits');
SELECT is((SELECT count(*) FROM redis.bzmpop_or_wait(pg_temp.waiter(4), 0, '0', '1', 'end', 'MIN') r WHERE r.key IS NULL), 1::bigint, 'BZMPOP waits');
SELECT is((SELECT r.key FROM redis.bzpopmax_or_wait(pg_temp.waiter(5), 0, 'end', '0') r), NULL, 'BZPOPMAX waits');
SELECT redis_rpush('from', 'x');
SELECT is(redis.blmove_or_wait(pg_temp.waiter(1), 1, 'from', 'to', 'LEFT', 'LEFT', '0'), 'x'::bytea, 'one moves');
SELECT is((SELECT woken FROM pg_temp.line() WHERE n = 2), true, 'the next is woken');
SELECT is(redis.brpoplpush_or_wait(pg_temp.waiter(2), 1, 'to', 'end', '0'), 'x'::bytea, 'and moves');
SELECT results_eq($$SELECT r.key, r.elements FROM redis.blmpop_or_wait(pg_temp.waiter(3), 1, '0', '1', 'end', 'LEFT') r$$,
                  $$VALUES ('end'::bytea, ARRAY['x']::bytea[])$$, 'to whom pops');
SELECT redis.stop_waiting(pg_temp.waiter(4)), redis.stop_waiting(pg_temp.waiter(5));

-- databases
SELECT redis_select(3);
SELECT redis.blpop_or_wait(pg_temp.waiter(1), 0, 'k', '0');
SELECT redis_select(0);
SELECT redis_rpush('k', 'zero');
SELECT is((SELECT woken FROM pg_temp.line()), false, 'another database''s key is another key');
SELECT redis_swapdb('0', '3');
SELECT is((SELECT woken FROM pg_temp.line()), true, 'until SWAPDB');
SELECT redis.stop_waiting(pg_temp.waiter(1));
SELECT redis_swapdb('0', '3'), redis_del('k');

-- a proxy that is gone
INSERT INTO redis.proxies (id) VALUES (1), (2);
SELECT redis.blpop_or_wait(pg_temp.waiter(1), 0, 'k', '0'), redis.blpop_or_wait((2::bigint << 32) + 1, 0, 'k', '0');
SELECT set_config('redis.proxy', '2', true);
SELECT is(redis.overlooked_waiters(), '{}', 'nothing is there for anybody');
SELECT redis_rpush('k', 'x');
SELECT is(redis.overlooked_waiters(), ARRAY[(2::bigint << 32) + 1], 'a proxy finds its own');
SELECT redis.forget_proxy(1);
SELECT results_eq('SELECT w.waiter, w.woken IS NOT NULL FROM redis.waiters w', $$VALUES ((2::bigint << 32) + 1, true)$$,
                  'its waiters go with it, and wake the next');
SELECT is_empty('SELECT FROM redis.proxies p WHERE p.id = 1', 'and so does it');
SELECT set_config('redis.proxy', '', true);
SELECT redis.stop_waiting((2::bigint << 32) + 1), redis_del('k');

-- one that is passed over for long
INSERT INTO redis.waiters (waiter, since, db, kind, key) VALUES (7, -1, 0, 'l', 'k');
SELECT redis_rpush('k', 'x');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 0, 'k', '0'), NULL, 'he heeds the line');
SELECT is(redis.blpop_or_wait(pg_temp.waiter(1), 2, 'k', '0'), ARRAY['k', 'x']::bytea[], 'but not for ever');
SELECT redis.stop_waiting(7);

-- many calls at once answer as the calls one after another do
SELECT redis_rpush('b1', 'a', 'b', 'c'), redis_rpush('b2', 'x');
SELECT results_eq($$SELECT * FROM redis.batch_blpop('{11,12,13,14,15}', '{0,0,0,0,0}', '{b1,b2,b1,none,b2}', '{0,0,1.5,0,0}')$$,
                  $$VALUES ('{b1,a}'::bytea[]), ('{b2,x}'), ('{b1,b}'), (NULL), (NULL)$$, 'BLPOPs');
SELECT results_eq('SELECT w.waiter, w.key FROM redis.waiters w ORDER BY w.since', $$VALUES (14::bigint, 'none'::bytea), (15, 'b2')$$,
                  'who got nothing waits');
SELECT redis_rpush('b2', 'y', 'z'), redis_rpush('none', '1');
SELECT results_eq($$SELECT * FROM redis.batch_brpop('{16,15,14,17}', '{0,1,1,0}', '{b2,b2,none,b1}', '{0,0,0,0}')$$,
                  $$VALUES ('{b2,z}'::bytea[]), ('{b2,y}'), ('{none,1}'), ('{b1,c}')$$, 'BRPOPs, with some who waited');
SELECT is_empty('SELECT FROM redis.waiters', 'nobody is left');
SELECT throws_ok($$SELECT * FROM redis.batch_blpop('{11,12}', '{0,0}', '{b1,b2}', '{0,x}')$$, 'RD000',
                 'ERR timeout is not a float or out of range', 'one that is wrong is left to the calls alone');

-- a crowd: each is found by its index, and what a push does depends on its elements only
INSERT INTO redis.waiters (waiter, since, db, kind, key)
SELECT (3::bigint << 32) + i, nextval('redis.arrivals'), 0, 'l', ('crowd:' || i % 10)::bytea FROM generate_series(1, 20000) i;
ANALYZE redis.waiters;
SELECT redis_rpush('crowd:0', 'x', 'y', 'z');
SELECT is((SELECT count(*) FROM redis.waiters w WHERE w.woken IS NOT NULL), 3::bigint, 'three are woken');
SELECT redis_rpush('crowd:1', VARIADIC array_fill('x'::bytea, ARRAY[1000]));
SELECT is((SELECT count(*) FROM redis.waiters w WHERE w.woken IS NOT NULL), 303::bigint, 'or as many as a notification can name');
SELECT performs_ok($$SELECT redis.blpop_or_wait((3::bigint << 32) + 10, 1, 'crowd:0', '0')$$, 50, 'being served is quick');
SELECT performs_ok($$SELECT redis.stop_waiting((3::bigint << 32) + 20)$$, 50, 'going is quick');

-- a push in a transaction that goes on seeing its first snapshot could not see who waits: see isolation.sql
SELECT * FROM finish();
ROLLBACK;
