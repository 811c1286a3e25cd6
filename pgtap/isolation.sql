-- Only locks keep two rows from bearing one name, so in a transaction that goes on seeing its first snapshot no key comes into being.
-- Nor does an emptied list get elements again: those who wait for it could not be seen.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT no_plan();
INSERT INTO redis.keys (id, db, type, key, value) VALUES (nextval('redis.key_ids'), 0, 's', 'there', '1');
INSERT INTO redis.keys (id, db, type, key, expires_at, size, head, tail) VALUES (nextval('redis.key_ids'), 0, 'l', 'emptied', 0, 0, 0, -1);

SELECT throws_ok(call, 'RD000', 'ERR pgredis writes need the isolation level READ COMMITTED', call)
FROM unnest(ARRAY[
    $$SELECT redis_set('new', '1')$$, $$SELECT redis_set('new', '1', 'EX', '10')$$, $$SELECT redis_incr('new')$$,
    $$SELECT redis_append('new', '1')$$, $$SELECT redis_mset('there', '1', 'new', '2')$$, $$SELECT redis_msetnx('new', '1')$$,
    $$SELECT redis_setbit('new', '1', '1')$$, $$SELECT redis_lpush('new', '1')$$, $$SELECT redis_lpush('emptied', '1')$$, $$SELECT redis_hset('new', 'f', '1')$$,
    $$SELECT redis_sadd('new', 'm')$$, $$SELECT redis_zadd('new', 1, 'm')$$, $$SELECT redis_copy('there', 'new')$$,
    $$SELECT redis_rename('there', 'new')$$, $$SELECT redis_renamenx('there', 'new')$$, $$SELECT redis_move('there', '1')$$,
    $$SELECT redis_swapdb('0', '1')$$]) AS call;
SELECT is(redis_get('there'), '1'::bytea, 'reads go on');
SELECT is(redis_incr('there'), 2::bigint, 'and so do changes of what is there, which Postgres itself guards');

SELECT * FROM finish();
ROLLBACK;
