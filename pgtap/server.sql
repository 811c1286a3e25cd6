BEGIN;
SELECT no_plan();

-- FLUSHALL and FLUSHDB ask for leave.
SELECT throws_ok($$SELECT redis_flushall()$$, 'RD000',
                 'ERR FLUSHALL and FLUSHDB are disabled: start pgredis with --enable-flush (ENABLE_FLUSH=1) to allow them');
SET LOCAL redis.enable_flush = 'on';
SELECT throws_ok($$SELECT redis_flushdb('FOO')$$, 'RD000', 'ERR syntax error');

-- a list, a plain string and one with a TTL in each of two databases
CREATE FUNCTION pg_temp.fill() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR d IN 0 .. 1 LOOP
        PERFORM set_config('redis.db', d::text, true);
        PERFORM redis_setex('ttl', 100, 'v'), redis_set('a', d::text::bytea), redis.create_key(d::smallint, 'list', 'l', size => 1, head => 1, tail => 1);
        INSERT INTO redis.list_items (id, pos, value) SELECT id, 1, 'x' FROM redis.keys WHERE db = d AND key = 'list';
    END LOOP;
    PERFORM set_config('redis.db', '0', true);
END $$;
SELECT pg_temp.fill();
SELECT is(redis_dbsize(), 3::bigint, 'DBSIZE');
SELECT is(redis_flushdb('ASYNC'), 'OK', 'FLUSHDB');
SELECT is(redis_dbsize(), 0::bigint, 'empties its database');
SELECT results_eq($$SELECT db::integer, count(*) FROM redis.keys GROUP BY db$$, $$VALUES (1, 3::bigint)$$, 'and no other');
SELECT results_eq($$SELECT db::integer FROM redis.expirations$$, $$VALUES (1)$$, 'takes its entries for the sweep along');
SELECT is((SELECT count(*) FROM redis.orphans), 1::bigint, 'and leaves elements to the reaper');
SELECT is(redis_flushall(), 'OK', 'FLUSHALL');
SELECT is((SELECT count(*) FROM redis.keys) + (SELECT count(*) FROM redis.list_items) + (SELECT count(*) FROM redis.expirations)
          + (SELECT count(*) FROM redis.orphans), 0::bigint, 'empties all tables');
INSERT INTO redis.keys (id, db, type, key, value) SELECT -n, 0, 's', convert_to('k' || n, 'UTF8'), decode(repeat('00', 500), 'hex') FROM generate_series(1, 5000) n;
SELECT is(redis_flushdb(), 'OK', 'FLUSHDB of the only database that has keys');
SELECT is(pg_relation_size('redis.keys'), 0::bigint, 'truncates what is big');

-- SWAPDB
SELECT pg_temp.fill();
SELECT is(redis_swapdb('0', '1'), 'OK', 'SWAPDB');
SELECT is(redis_get('a'), '1'::bytea, 'exchanges keys that both databases have');
SELECT is((SELECT count(*) FROM redis.expirations e JOIN redis.keys x USING (db, key, id)), 2::bigint, 'and their entries for the sweep');
SELECT throws_ok($$SELECT redis_swapdb('x', '1')$$, 'RD000', 'ERR invalid first DB index');

-- the rest
SELECT cmp_ok(redis_memory_usage('a'), '>', 100::bigint, 'MEMORY USAGE of a string');
SELECT cmp_ok(redis_memory_usage('list', 'SAMPLES', '0'), '>', 150::bigint, 'and of a list');
SELECT is(redis_memory_usage('absent'), NULL, 'and of nothing');
SELECT redis_set('long', convert_to(repeat('x', 1000000), 'UTF8'));
SELECT cmp_ok(redis_memory_usage('long'), '<', 1010000::bigint, 'and of a long one, which is stored apart');
SELECT redis_del('long');
SAVEPOINT usage;
TRUNCATE redis.list_items, redis.hash_fields, redis.set_members, redis.zset_members;
SELECT redis_rpush('big list', VARIADIC m.members), redis_sadd('big set', VARIADIC m.members),
       redis_hset('big hash', VARIADIC m.twice), (redis_zadd('big zset', VARIADIC m.scored)).added
FROM (SELECT array_agg(md5(n::text)::bytea) AS members, array_agg(n::text::bytea) AS numbers FROM generate_series(1, 10000) n) s,
     LATERAL (SELECT s.members, ARRAY(SELECT w FROM unnest(s.members) m, unnest(ARRAY[m, m]) w) AS twice,
                     ARRAY(SELECT w FROM ROWS FROM (unnest(s.members), unnest(s.numbers)) AS u(m, n), unnest(ARRAY[u.n, u.m]) w) AS scored) m;
SELECT cmp_ok(abs(redis_memory_usage(k.key::bytea, 'SAMPLES', '0')::numeric / pg_total_relation_size(k.relation) - 1), '<', 0.15,
              'MEMORY USAGE is what the files grow by: ' || k.key)
FROM (VALUES ('big list', 'redis.list_items'), ('big set', 'redis.set_members'), ('big hash', 'redis.hash_fields'), ('big zset', 'redis.zset_members')) AS k(key, relation);
ROLLBACK TO usage;
SELECT is(cardinality(redis_time()), 2, 'TIME');
SELECT results_eq('SELECT role, replication_offset, replicas FROM redis_role()', $$VALUES ('master'::bytea, 0::bigint, '{}'::bytea[])$$, 'ROLE');
SELECT matches(redis_acl_genpass(), '^[0-9a-f]{64}$', 'ACL GENPASS');
SELECT throws_ok($$SELECT redis_debug('sleep', '0')$$, 'RD000');
SET LOCAL redis.enable_debug = 'on';
SELECT is(redis_debug('sleep', '0'), 'OK', 'DEBUG SLEEP, where it is allowed');
SELECT set_has(query, wanted, what) FROM (VALUES
    ('SELECT unnest(redis_acl_cat(''string''))', $$VALUES ('get'), ('set')$$, 'ACL CAT'),
    ('SELECT name FROM redis_memory_stats()', $$VALUES ('total.allocated')$$, 'MEMORY STATS')) AS v(query, wanted, what);
SELECT is(got, wanted, what) FROM (VALUES
    (redis_save(), 'OK', 'SAVE'),
    (redis_bgsave('SCHEDULE'), 'Background saving started', 'BGSAVE'),
    (redis_bgrewriteaof(), 'Background append only file rewriting started', 'BGREWRITEAOF'),
    (redis_replicaof('no', 'one'), 'OK', 'REPLICAOF'),
    (redis_memory_purge(), 'OK', 'MEMORY PURGE'),
    (redis_acl_whoami(), 'default', 'ACL WHOAMI')) AS v(got, wanted, what);
SELECT matches(got, '[a-z]', 'a text') FROM unnest(ARRAY[redis_lolwut(), redis_memory_doctor(), redis_memory_malloc_stats(), redis_latency_doctor()]) AS got;
SELECT matches(got[1], '<subcommand>', 'a help') FROM (VALUES (redis_memory_help()), (redis_latency_help()), (redis_acl_help())) AS v(got);
SELECT is(got, '{}'::bytea[], 'nothing')
FROM (VALUES (redis_latency_latest()), (redis_latency_history('command')), (redis_module_list())) AS v(got);
SELECT is_empty('SELECT redis_latency_histogram()', 'LATENCY HISTOGRAM');
SELECT is(redis_latency_reset(), 0::bigint, 'LATENCY RESET');
SELECT is(redis_acl_users(), ARRAY['default'], 'ACL USERS');
SELECT cmp_ok(redis_lastsave(), '>', 1700000000::bigint, 'LASTSAVE');
SELECT throws_ok($$SELECT redis_latency_graph('command')$$, 'RD000', 'ERR No samples available for event ''command''');

-- what proxies ask
SELECT results_eq($$SELECT db::integer, keys, expires, avg_ttl BETWEEN 90000 AND 100000 FROM redis.info_keyspace()$$,
                  $$VALUES (0, 3::bigint, 1::bigint, true), (1, 3, 1, true)$$, 'info_keyspace');
SELECT cmp_ok((SELECT value::bigint FROM redis.info_stats() WHERE name = 'postgres_database_bytes'), '>', 0::bigint, 'info_stats');
SELECT redis.config_set('notify-keyspace-events', 'K');
SELECT redis.config_set('notify-keyspace-events', 'KEA');
SELECT results_eq('SELECT name, value FROM redis.config_get_all()', $$VALUES ('notify-keyspace-events', 'KEA')$$, 'config_set, config_get_all');

-- What only reads sees one moment, in all its statements.
SELECT is_empty($$SELECT p.oid::regprocedure FROM redis.commands c JOIN pg_proc p ON p.proname = c.function
                  WHERE c.built_in AND 'readonly' = ANY (c.flags) AND p.provolatile = 'v'$$, 'reads are STABLE');

SELECT * FROM finish();
ROLLBACK;
