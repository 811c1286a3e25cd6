BEGIN;
SELECT no_plan();
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;

-- Lets every TTL of the table end in the past, the sweep's entries with it.
CREATE FUNCTION pg_temp.let_time_pass() RETURNS void LANGUAGE sql AS $$
    UPDATE redis.keys SET expires_at = expires_at - 1000000000, sweep_at = sweep_at - 1000000000;
    UPDATE redis.expirations SET due = due - 1000000000;
$$;

SELECT is(redis.sweep(100), 0::bigint, 'nothing to sweep');
SELECT is(redis.reap(100), 0::bigint, 'nothing to reap');

-- expired keys go, the others stay
SELECT redis_setex('gone', 100, 'v'), redis_set('stays', 'v');
SELECT redis.create_key(0::smallint, 'list', 'l', expires_at => redis.now_ms() + 100000, size => 250, head => 1, tail => 250);
INSERT INTO redis.list_items (id, pos, value) SELECT id, n, 'x' FROM redis.keys, generate_series(1, 250) n WHERE key = 'list';
SELECT is(redis.sweep(100), 0::bigint, 'nothing is due yet');
SELECT pg_temp.let_time_pass();
SELECT redis_setex('later', 100, 'v');
SELECT is(redis.sweep(100), 2::bigint, 'what is due');
SELECT set_eq('SELECT key FROM redis.keys', $$VALUES ('stays'::bytea), ('later')$$, 'is gone');
SELECT is((SELECT count(*) FROM redis.expirations), 1::bigint, 'with its entries');
SELECT is(redis.reap(100), 100::bigint, 'elements are reaped in chunks');
SELECT is(redis.reap(100), 100::bigint, 'again');
SELECT is(redis.reap(100), 50::bigint, 'the rest');
SELECT is((SELECT count(*) FROM redis.list_items) + (SELECT count(*) FROM redis.orphans), 0::bigint, 'nothing is left of them');

-- an entry is only a hint
SELECT redis_setex('deleted', 100, 'v'), redis_setex('persisted', 100, 'v'), redis_setex('pushed', 100, 'v'), redis_setex('recreated', 100, 'v');
SELECT pg_temp.let_time_pass();
UPDATE redis.keys SET expires_at = redis.now_ms() + 100000 WHERE key IN ('pushed', 'recreated', 'deleted');
UPDATE redis.keys SET expires_at = NULL WHERE key = 'persisted';
SELECT redis_del('deleted', 'recreated');
SELECT redis_set('recreated', 'v');
SELECT redis.sweep(100);
SELECT is(redis_exists('persisted', 'pushed', 'recreated'), 3::bigint, 'what has another TTL by now, or none, stays');
SELECT is((SELECT sweep_at FROM redis.keys WHERE key = 'persisted'), NULL, 'a key without a TTL is forgotten');
SELECT results_eq($$SELECT e.due, e.key FROM redis.expirations e WHERE e.key <> 'later'$$, $$SELECT expires_at, key FROM redis.keys WHERE key = 'pushed'$$,
                  'one with a later TTL is looked at again then');
SELECT redis_rename('pushed', 'renamed');
SELECT pg_temp.let_time_pass();
SELECT redis.sweep(100);
SELECT is(redis_exists('renamed'), 0::bigint, 'under its new name');
SELECT set_eq('SELECT key FROM redis.keys', $$VALUES ('stays'::bytea), ('persisted'), ('recreated')$$, 'and nothing else');

-- A stale entry of a key under its old name does not stand in the way.
DELETE FROM redis.keys;
DELETE FROM redis.expirations;
SELECT redis_psetex('old', 200000, 'v');
INSERT INTO redis.expirations (due, id, db, key) SELECT expires_at - 100000, id, db, key FROM redis.keys;
UPDATE redis.keys SET sweep_at = expires_at - 100000;
SELECT redis_rename('old', 'new');
UPDATE redis.expirations SET due = due - 1000000000 WHERE key = 'new';
UPDATE redis.keys SET sweep_at = sweep_at - 1000000000;
SELECT redis.sweep(100);
SELECT results_eq('SELECT key FROM redis.expirations', $$VALUES ('new'::bytea)$$, 'its entry takes the place of the old one');

-- Calls go on where the last one ended, then begin anew.
DELETE FROM redis.keys;
DELETE FROM redis.expirations;
INSERT INTO redis.keys (id, db, type, key, value, expires_at, sweep_at) SELECT n, 0, 's', convert_to('k' || n, 'UTF8'), 'v', n, n FROM generate_series(1, 250) n;
INSERT INTO redis.expirations (due, id, db, key) SELECT expires_at, id, db, key FROM redis.keys;
SELECT is(ARRAY[redis.sweep(100), redis.sweep(100), redis.sweep(100), redis.sweep(100)], ARRAY[100, 100, 50, 0]::bigint[], 'in chunks');
SELECT is((SELECT count(*) FROM redis.keys) + (SELECT count(*) FROM redis.expirations), 0::bigint, 'until all are gone');
SELECT results_eq('SELECT due, id FROM redis.sweep_position', $$VALUES (0::bigint, 0::bigint)$$, 'the next call begins at the front');

-- each type's elements
INSERT INTO redis.orphans (id, type) VALUES (-1, 'l'), (-2, 'h'), (-3, 'S'), (-4, 'z');
INSERT INTO redis.list_items (id, pos, value) SELECT -1, n, 'x' FROM generate_series(1, 10) n;
INSERT INTO redis.hash_fields (id, seq, field, value) SELECT -2, n, n::text::bytea, 'x' FROM generate_series(1, 10) n;
INSERT INTO redis.set_members (id, pos, member) SELECT -3, n, n::text::bytea FROM generate_series(1, 10) n;
INSERT INTO redis.zset_members (id, score, hash, member) SELECT -4, n, n, n::text::bytea FROM generate_series(1, 10) n;
SELECT is(redis.reap(1000), 40::bigint, 'elements of all types are reaped');
SELECT is((SELECT count(*) FROM redis.orphans), 0::bigint, 'and the collections forgotten');

SELECT * FROM finish();
ROLLBACK;
