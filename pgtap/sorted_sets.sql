BEGIN;
SELECT no_plan();
SELECT redis_set('string', 'x');

-- the calls as one writes them by hand
SELECT is(redis_zadd('z', 1, 'a'), 1::bigint, 'ZADD');
SELECT is(redis_zadd('z', 1.5, 'a'), 0::bigint, 'ZADD of another score');
SELECT redis_zadd('same', 1, 'stays');
SELECT ctid AS place FROM redis.zset_members WHERE member = 'stays' \gset
SELECT is(redis_zadd('same', 1, 'stays'), 0::bigint, 'ZADD of the same score');
SELECT is(ctid::text, :'place', 'which writes nothing') FROM redis.zset_members WHERE member = 'stays';
SELECT results_eq($$SELECT added, score FROM redis_zadd('z', '2', 'b', '3', 'c')$$, $$VALUES (2::bigint, NULL::float8)$$, 'ZADD of several');
SELECT results_eq($$SELECT added, score FROM redis_zadd('z', 'INCR', '1', 'c')$$, $$VALUES (NULL::bigint, 4::float8)$$, 'ZADD … INCR');
SELECT is(redis_zincrby('z', -1, 'c'), 3::float8, 'ZINCRBY');
SELECT is(redis_zcard('z'), 3::bigint, 'ZCARD');
SELECT is(redis_zscore('z', 'a'), 1.5::float8, 'ZSCORE');
SELECT is(redis_zmscore('z', 'a', 'x'), ARRAY[1.5, NULL]::float8[], 'ZMSCORE');
SELECT is(redis_zrank('z', 'b'), 1::bigint, 'ZRANK');
SELECT is(redis_zrevrank('z', 'c'), 0::bigint, 'ZREVRANK');
SELECT results_eq($$SELECT rank, score FROM redis_zrank('z', 'c', 'WITHSCORE')$$, $$VALUES (2::bigint, 3::float8)$$, 'ZRANK … WITHSCORE');
SELECT is(redis_zrange('z', 0, -1), ARRAY['a', 'b', 'c']::bytea[], 'ZRANGE');
SELECT is(redis_zrevrange('z', 0, 0), ARRAY['c']::bytea[], 'ZREVRANGE');
SELECT results_eq($$SELECT member, score FROM redis_zrange('z', '0', '0', 'WITHSCORES')$$, $$VALUES ('a'::bytea, 1.5::float8)$$,
                  'ZRANGE … WITHSCORES');
SELECT is(redis_zrangebyscore('z', '(1.5', '+inf'), ARRAY['b', 'c']::bytea[], 'ZRANGEBYSCORE');
SELECT is(redis_zrevrangebyscore('z', '2', '1'), ARRAY['b', 'a']::bytea[], 'ZREVRANGEBYSCORE');
SELECT is(redis_zcount('z', '1', '2'), 2::bigint, 'ZCOUNT');
SELECT is(redis_zrangestore('d', 'z', '0', '1'), 2::bigint, 'ZRANGESTORE');
SELECT is(redis_zrem('d', 'a', 'x'), 1::bigint, 'ZREM');
SELECT is(redis_zremrangebyrank('d', 0, 0), 1::bigint, 'ZREMRANGEBYRANK');
SELECT redis_zadd('l', '0', 'a', '0', 'b', '0', 'c');
SELECT is(redis_zrangebylex('l', '[b', '+'), ARRAY['b', 'c']::bytea[], 'ZRANGEBYLEX');
SELECT is(redis_zrevrangebylex('l', '+', '(b'), ARRAY['c']::bytea[], 'ZREVRANGEBYLEX');
SELECT is(redis_zlexcount('l', '-', '+'), 3::bigint, 'ZLEXCOUNT');
SELECT is(redis_zremrangebylex('l', '-', '[a'), 1::bigint, 'ZREMRANGEBYLEX');
SELECT is(redis_zremrangebyscore('l', '0', '0'), 2::bigint, 'ZREMRANGEBYSCORE');
SELECT redis_sadd('s', 'a', 'q');
SELECT results_eq($$SELECT member, score FROM redis_zunion(2, 'z', 's', 'WITHSCORES')$$,
                  $$VALUES ('q'::bytea, 1::float8), ('b', 2), ('a', 2.5), ('c', 3)$$, 'ZUNION');
SELECT results_eq($$SELECT member, score FROM redis_zinter(2, 'z', 's', 'WEIGHTS', '2', '1', 'WITHSCORES')$$,
                  $$VALUES ('a'::bytea, 4::float8)$$, 'ZINTER');
SELECT results_eq($$SELECT member, score FROM redis_zdiff(2, 'z', 's')$$, $$VALUES ('b'::bytea, NULL::float8), ('c', NULL)$$, 'ZDIFF');
SELECT is(redis_zintercard(2, 'z', 's'), 1::bigint, 'ZINTERCARD');
SELECT is(redis_zunionstore('d', 2, 'z', 's'), 4::bigint, 'ZUNIONSTORE');
SELECT is(redis_zinterstore('d', 2, 'z', 's'), 1::bigint, 'ZINTERSTORE');
SELECT is(redis_zdiffstore('d', 2, 'z', 's'), 2::bigint, 'ZDIFFSTORE');
SELECT is(redis_zrandmember('absent'), NULL, 'ZRANDMEMBER');
SELECT results_eq($$SELECT next_cursor, elements FROM redis_zscan('d', '0')$$, $$VALUES ('0', ARRAY['b', '2', 'c', '3']::bytea[])$$, 'ZSCAN');
SELECT results_eq($$SELECT member, score FROM redis_zpopmin('d')$$, $$VALUES ('b'::bytea, 2::float8)$$, 'ZPOPMIN');
SELECT results_eq($$SELECT member, score FROM redis_zpopmax('d', '5')$$, $$VALUES ('c'::bytea, 3::float8)$$, 'ZPOPMAX … count');
SELECT is((SELECT member FROM redis_zpopmin('d')), NULL, 'ZPOPMIN of an absent key');
SELECT results_eq($$SELECT key, members, scores FROM redis_zmpop('2', 'd', 'z', 'MIN', 'COUNT', '2')$$,
                  $$VALUES ('z'::bytea, ARRAY['a', 'b']::bytea[], ARRAY[1.5, 2]::float8[])$$, 'ZMPOP');
SELECT throws_ok($$SELECT redis_zadd('string', 1, 'x')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value',
                 'other types are refused');
SELECT throws_ok($$SELECT redis_zadd('z', 'NaN'::float8, 'x')$$, 'RD000', 'ERR value is not a valid float', 'no score is NaN');

-- the view
SELECT results_eq($$SELECT db, key, member, score, expires_at FROM redis.sorted_sets WHERE key = 'z'$$,
                  $$VALUES (0::smallint, 'z'::bytea, 'c'::bytea, 3::float8, NULL::timestamptz)$$, 'redis.sorted_sets');
SELECT redis_pexpire('z', -1);
SELECT is_empty($$SELECT FROM redis.sorted_sets WHERE key = 'z'$$, 'redis.sorted_sets shows what is live');

-- numbers as C prints them
SELECT is(redis.score_bytes(given), shown::bytea, shown) FROM (VALUES
    (3.1::float8, '3.1000000000000001'), (1e-5, '1.0000000000000001e-05'), (1e22, '1e+22'), ('-Infinity', '-inf'), (100, '100'),
    (0.5, '0.5'), (1e16, '10000000000000000'), (1e17, '1e+17'), (-1.5e300, '-1.5000000000000001e+300'), (0.0001, '0.0001'),
    (999999999999999.9, '999999999999999.88'), (9.999999999999999e22, '9.9999999999999992e+22')) v(given, shown);
SELECT is(redis.add_floats(1e308, 1e308), 'Infinity'::float8, 'sums may be infinite');
SELECT is(redis.multiply_floats(-1e200, 1e200), '-Infinity'::float8, 'products may be infinite');
SELECT is(redis.multiply_floats(1e-200, 1e-200), 0::float8, 'and vanish');

-- a large set by single steps and at once
SELECT redis_zadd('big', VARIADIC ARRAY(SELECT u FROM pg_catalog.generate_series(1, 2000) g,
                                        LATERAL (VALUES ((g % 50)::text::bytea), (('m' || g)::bytea)) v(u)));
SELECT is(redis_zcard('big'), 2000::bigint, 'ZADD of many');
SELECT is((SELECT score FROM redis_zpopmax('big')), 49::float8, 'ZPOPMAX');
SELECT is(redis_zrank('big', 'm50'), 29::bigint, 'ties are in the order of bytes');
SELECT is(redis_zremrangebyrank('big', 500, 1499), 1000::bigint, 'ZREMRANGEBYRANK of the middle');
SELECT is(redis_zremrangebyrank('big', -100, -1), 100::bigint, 'ZREMRANGEBYRANK of the end');
SELECT is(pg_catalog.count(*), (SELECT x.size FROM redis.keys x WHERE x.key = 'big'), 'the size is right')
FROM redis.sorted_sets WHERE key = 'big';

-- Plans: by index, in its order, without a sort, also when the statistics are of an empty table.
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
DECLARE
    q text;
BEGIN
    RETURN NEXT matches(pg_temp.plan($q$SELECT e.score FROM redis.zset_members e WHERE e.id = 1 AND e.hash = 2 AND e.member = 'm' ORDER BY e.turn DESC LIMIT 1$q$),
                        'Index Scan Backward using zset_members_member.*\n +Index Cond: \(\(id = .*\(hash = .*\(member =', 'a member, ' || whenever);
    FOREACH q IN ARRAY ARRAY[
        $q$SELECT e.member, e.score FROM redis.zset_members e WHERE e.id = 1 AND (e.score, e.member) >= (1, '') AND (e.score, e.member) < (2, '')
           ORDER BY e.score, e.member OFFSET 0 LIMIT 10$q$,
        $q$SELECT e.member, e.score FROM redis.zset_members e WHERE e.id = 1 AND (e.score, e.member) >= (1, '') AND (e.score, e.member) < (2, '')
           ORDER BY e.score DESC, e.member DESC OFFSET 0 LIMIT 10$q$,
        $q$SELECT e.ctid FROM redis.zset_members e WHERE e.id = 1 ORDER BY e.score, e.member LIMIT 1$q$,
        $q$SELECT e.ctid FROM redis.zset_members e WHERE e.id = 1 ORDER BY e.score DESC, e.member DESC LIMIT 1$q$] LOOP
        RETURN NEXT matches(pg_temp.plan(q), 'using zset_members_score', 'a range, ' || whenever);
        RETURN NEXT unalike(pg_temp.plan(q), '%Sort%', 'in the index''s order, ' || whenever);
    END LOOP;
    q := pg_temp.plan($q$SELECT e.member FROM redis.zset_members e WHERE e.id = 1 AND e.hash >= 5 ORDER BY e.hash FETCH FIRST 10 ROWS WITH TIES$q$);
    RETURN NEXT matches(q, 'using zset_members_member.*\n +Index Cond: \(\(id = .*\(hash >=', 'a page, ' || whenever);
    RETURN NEXT unalike(q, '%Sort%', 'in the index''s order, ' || whenever);
END $$;
SET LOCAL enable_seqscan = off;
ANALYZE redis.zset_members;
SELECT pg_temp.check_plans('many rows');
DELETE FROM redis.zset_members;
ANALYZE redis.zset_members;
SELECT pg_temp.check_plans('statistics of no rows');

SELECT * FROM finish();
ROLLBACK;
