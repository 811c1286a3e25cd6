BEGIN;
SELECT no_plan();
SELECT redis_set('string', 'x');

-- the calls as one writes them by hand
SELECT is(redis_sadd('s', 'a'), 1::bigint, 'SADD');
SELECT is(redis_sadd('s', 'a', 'b', 'c'), 2::bigint, 'SADD of several');
SELECT is(redis_sadd('s', VARIADIC ARRAY['c', 'd']::bytea[]), 1::bigint, 'SADD of an array');
SELECT is(redis_scard('s'), 4::bigint, 'SCARD');
SELECT ok(redis_sismember('s', 'a') AND NOT redis_sismember('s', 'x'), 'SISMEMBER');
SELECT is(redis_smismember('s', 'a', 'x'), ARRAY[true, false], 'SMISMEMBER');
SELECT set_eq($$SELECT pg_catalog.unnest(redis_smembers('s'))$$, ARRAY['a', 'b', 'c', 'd']::bytea[], 'SMEMBERS');
SELECT is(redis_srem('s', 'd'), 1::bigint, 'SREM');
SELECT is(redis_srem('s', 'c', 'x'), 1::bigint, 'SREM of several');
SELECT is(redis_smove('s', 't', 'b'), true, 'SMOVE');
SELECT is(redis_spop('t'), 'b'::bytea, 'SPOP');
SELECT is(redis_spop('t'), NULL, 'SPOP of an absent key');
SELECT is(redis_spop('t', '2'), ARRAY[]::bytea[], 'SPOP … count of an absent key');
SELECT is(redis_srandmember('s'), 'a'::bytea, 'SRANDMEMBER');
SELECT is(redis_srandmember('s', -3), ARRAY['a', 'a', 'a']::bytea[], 'SRANDMEMBER … count');
SELECT redis_sadd('i', '10', '9', '1');
SELECT is(redis_smembers('i'), ARRAY['1', '9', '10']::bytea[], 'few integers are in order');
SELECT is(redis_sunion('i', 'absent'), ARRAY['1', '9', '10']::bytea[], 'SUNION');
SELECT is(redis_sinter('i', 's'), ARRAY[]::bytea[], 'SINTER');
SELECT is(redis_sdiff('i', 's'), ARRAY['1', '9', '10']::bytea[], 'SDIFF');
SELECT is(redis_sunionstore('u', 'i', 's'), 4::bigint, 'SUNIONSTORE');
SELECT is(redis_sinterstore('v', 'u', 'i'), 3::bigint, 'SINTERSTORE');
SELECT is(redis_sdiffstore('u', 'u', 'i'), 1::bigint, 'SDIFFSTORE');
SELECT is(redis_sintercard('2', 'v', 'i', 'LIMIT', '2'), 2::bigint, 'SINTERCARD');
SELECT results_eq($$SELECT next_cursor, members FROM redis_sscan('u', '0')$$, $$VALUES ('0', ARRAY['a']::bytea[])$$, 'SSCAN');
SELECT throws_ok($$SELECT redis_sadd('string', 'x')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value',
                 'other types are refused');

-- the view
SELECT redis_expire('u', 100);
SELECT results_eq($$SELECT db, key, member, expires_at > pg_catalog.now() FROM redis.sets WHERE key = 'u'$$,
                  $$VALUES (0::smallint, 'u'::bytea, 'a'::bytea, true)$$, 'redis.sets');
SELECT redis_pexpire('u', -1);
SELECT is_empty($$SELECT FROM redis.sets WHERE key = 'u'$$, 'redis.sets shows what is live');

-- the positions stay dense whatever is removed
SELECT redis_sadd('big', VARIADIC ARRAY(SELECT ('m' || g)::bytea FROM pg_catalog.generate_series(1, 2000) g));
CREATE FUNCTION pg_temp.is_dense(k bytea) RETURNS boolean LANGUAGE sql AS $$
    SELECT pg_catalog.min(e.pos) = 0 AND pg_catalog.max(e.pos) = x.size - 1 AND pg_catalog.count(DISTINCT e.pos) = x.size
           AND pg_catalog.count(*) = x.size
    FROM redis.keys x JOIN redis.set_members e ON e.id = x.id WHERE x.db = 0 AND x.key = k GROUP BY x.size
$$;
SELECT ok(pg_temp.is_dense('big'), 'after SADD');
SELECT redis_spop('big') FROM pg_catalog.generate_series(1, 50);
SELECT ok(pg_temp.is_dense('big'), 'after SPOP');
SELECT is(pg_catalog.cardinality(redis_spop('big', '300')), 300, 'SPOP of some');
SELECT is(pg_catalog.cardinality(redis_spop('big', '1000')), 1000, 'SPOP of most');
SELECT ok(pg_temp.is_dense('big'), 'after SPOP … count');
SELECT redis_srem('big', VARIADIC ARRAY(SELECT ('m' || g)::bytea FROM pg_catalog.generate_series(1, 2000, 3) g));
SELECT ok(pg_temp.is_dense('big'), 'after SREM of several');
SELECT redis_srem('big', (redis_srandmember('big'))) FROM pg_catalog.generate_series(1, 20);
SELECT ok(pg_temp.is_dense('big'), 'after SREM');

-- Plans: a member and a position are found by their index, also when the statistics are of an empty table.
CREATE FUNCTION pg_temp.plan(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
        result := result || line || E'\n';
    END LOOP;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.check_plans(whenever text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT matches(pg_temp.plan($q$SELECT true FROM redis.set_members e WHERE e.id = 1 AND e.member = 'm'$q$),
                        'set_members_pkey.*\n +Index Cond: \(\(id = .*\(member =', 'a member, ' || whenever);
    RETURN NEXT matches(pg_temp.plan($q$SELECT e.ctid FROM redis.set_members e WHERE e.id = 1 AND e.pos >= 5 ORDER BY e.pos LIMIT 1$q$),
                        'set_members_pos.*\n +Index Cond: \(\(id = .*\(pos >=', 'a position, ' || whenever);
    RETURN NEXT matches(pg_temp.plan($q$SELECT e.member FROM redis.set_members e
                                        WHERE e.id = 1 AND e.pos >= 5 AND e.pos < 15 ORDER BY e.pos DESC$q$),
                        'Backward using set_members_pos', 'a page, ' || whenever);
    RETURN NEXT matches(pg_temp.plan($q$DELETE FROM redis.set_members e WHERE e.ctid = ANY (ARRAY(
                                        SELECT (SELECT f.ctid FROM redis.set_members f WHERE f.id = 1 AND f.member = u.member)
                                        FROM pg_catalog.unnest('{a,b}'::bytea[]) u(member)))$q$),
                        'Tid Scan on set_members', 'several members, ' || whenever);
END $$;
SET LOCAL enable_seqscan = off;
ANALYZE redis.set_members;
SELECT pg_temp.check_plans('many rows');
DELETE FROM redis.set_members;
ANALYZE redis.set_members;
SELECT pg_temp.check_plans('statistics of no rows');

SELECT * FROM finish();
ROLLBACK;
