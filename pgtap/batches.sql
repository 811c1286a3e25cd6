-- Functions that carry out many calls at once answer as the calls one after another would, and leave the same behind: random calls on a
-- few keys are made at once in database 1, one by one in database 2.
BEGIN;
SELECT no_plan();
SET LOCAL redis.events = '';
SELECT setseed(0.5);

-- How one call is made, and many: $1 keys, $2 and $3 an argument each, $4 scores, $5 of which call each of $2 and $3 is.
CREATE TEMP TABLE forms (command text, single text, batch text, several boolean);
INSERT INTO forms VALUES
    ('get', 'redis_get(c.key)', 'redis.batch_get($1)', false),
    ('set', 'redis_set(c.key, c.a)', 'redis.batch_set($1, $2)', false),
    ('del', 'redis_del(c.key)', NULL, false),
    ('strlen', 'redis_strlen(c.key)', 'redis.batch_strlen($1)', false),
    ('exists', 'redis_exists(c.key)', 'redis.batch_exists($1)', false),
    ('ttl', 'redis_ttl(c.key)', 'redis.batch_ttl($1)', false),
    ('pttl', 'redis_pttl(c.key)', 'redis.batch_pttl($1)', false),
    ('sismember', 'redis_sismember(c.key, c.a)', 'redis.batch_sismember($1, $2)', false),
    ('hget', 'redis_hget(c.key, c.a)', 'redis.batch_hget($1, $2)', false),
    ('zscore', 'redis_zscore(c.key, c.a)', 'redis.batch_zscore($1, $2)', false),
    ('incr', 'redis_incr(c.key)', 'redis.batch_incr($1)', false),
    ('decr', 'redis_decr(c.key)', 'redis.batch_decr($1)', false),
    ('incrby', 'redis_incrby(c.key, c.score::bigint)', 'redis.batch_incrby($1, $4::bigint[])', false),
    ('mset', 'redis_mset(VARIADIC c.pairs)', 'redis.batch_mset($3, $5)', true),
    ('lpush', 'redis_lpush(c.key, VARIADIC c.pairs)', 'redis.batch_lpush($1, $3, $5)', true),
    ('rpush', 'redis_rpush(c.key, VARIADIC c.pairs)', 'redis.batch_rpush($1, $3, $5)', true),
    ('lpop', 'redis_lpop(c.key)', 'redis.batch_lpop($1)', false),
    ('rpop', 'redis_rpop(c.key)', 'redis.batch_rpop($1)', false),
    ('lpop count', 'redis_lpop(c.key, ''3'')', NULL, false),
    ('sadd', 'redis_sadd(c.key, c.a)', 'redis.batch_sadd($1, $2)', false),
    ('srem', 'redis_srem(c.key, c.a)', NULL, false),
    ('hset', 'redis_hset(c.key, c.a, c.score::text::bytea)', 'redis.batch_hset($1, $2, ARRAY(SELECT s::text::bytea FROM unnest($4) s))', false),
    ('hdel', 'redis_hdel(c.key, c.a)', NULL, false),
    ('zadd', 'redis_zadd(c.key, c.score, c.a)', 'redis.batch_zadd($1, $4, $2)', false),
    ('zrem', 'redis_zrem(c.key, c.a)', NULL, false),
    ('zpopmin', 'redis_zpopmin(c.key)', 'redis.batch_zpopmin($1)', false),
    ('zpopmax', 'redis_zpopmax(c.key)', 'redis.batch_zpopmax($1)', false);

-- Everything in a database, save ids and versions.
CREATE FUNCTION pg_temp.content(number smallint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT ROW(x.key, x.type, x.size, x.expires_at, x.long_key, x.value, x.tail - x.head)::text FROM redis.keys x WHERE x.db = number
    UNION ALL SELECT ROW(l.key, l.index, l.value)::text FROM redis.lists l WHERE l.db = number
    UNION ALL SELECT ROW(h.key, h.field, h.value)::text FROM redis.hashes h WHERE h.db = number
    UNION ALL SELECT ROW(s.key, s.member)::text FROM redis.sets s WHERE s.db = number
    UNION ALL SELECT ROW(z.key, z.member, z.score)::text FROM redis.sorted_sets z WHERE z.db = number
    ORDER BY 1
$$;

-- Makes so many rounds of calls, of a random command out of the list; NULL when all went alike, else where it did not.
CREATE FUNCTION pg_temp.differs(commands text[], rounds integer, prefix text DEFAULT 'key:') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    chosen text;
    form forms;
    size integer;
    keys bytea[];
    a bytea[];
    pairs bytea[];
    owners bigint[];
    scores float8[];
    made text[];
    expected text[];
BEGIN
    FOR i IN 1 .. rounds LOOP
        chosen := commands[1 + floor(random() * cardinality(commands))::integer];
        SELECT f.* INTO form FROM forms f WHERE f.command = chosen;
        size := 1 + floor(random() * 12);
        -- One key, or several.
        keys := ARRAY(SELECT (prefix || floor(random() * (1 + i % 4)))::bytea FROM generate_series(1, size));
        a := ARRAY(SELECT floor(random() * 9)::text::bytea FROM generate_series(1, size));
        scores := ARRAY(SELECT floor(random() * 3) FROM generate_series(1, size));
        SELECT array_agg(CASE p WHEN 0 THEN (prefix || floor(random() * 4))::bytea ELSE floor(random() * 9)::text::bytea END ORDER BY c, q, p),
               array_agg(c ORDER BY c, q, p)
        INTO pairs, owners
        FROM (SELECT c, q, p FROM generate_series(1::bigint, size) c, generate_series(1, 3) q, generate_series(0, 1) p WHERE q <= 1 + c % 3) s;
        PERFORM redis_select(2);
        EXECUTE 'SELECT array_agg((' || form.single || ')::text ORDER BY c.n) FROM (
                    SELECT u.*, g.pairs FROM unnest($1, $2, $4) WITH ORDINALITY AS u(key, a, score, n),
                           LATERAL (SELECT array_agg(e.e ORDER BY e.n) FROM unnest($3, $5) WITH ORDINALITY e(e, call, n)
                                    WHERE e.call = u.n) AS g(pairs) ORDER BY u.n OFFSET 0) AS c'
        INTO expected USING keys, a, pairs, scores, owners;
        PERFORM redis_select(1);
        IF form.batch IS NULL THEN
            EXECUTE 'SELECT array_agg((' || form.single || ')::text ORDER BY c.n) FROM (
                        SELECT u.* FROM unnest($1, $2, $3) WITH ORDINALITY AS u(key, a, score, n) ORDER BY u.n OFFSET 0) AS c'
            INTO made USING keys, a, scores;
        ELSE
            EXECUTE 'SELECT array_agg(r::text) FROM ' || form.batch || ' AS r' INTO made USING keys, a, pairs, scores, owners;
        END IF;
        IF made IS DISTINCT FROM expected THEN
            RETURN format('round %s, %s of %s: %s instead of %s', i, form.command, keys, made, expected);
        ELSIF EXISTS (SELECT FROM (SELECT array_agg(c) AS c FROM pg_temp.content(1::smallint) c) x,
                                  (SELECT array_agg(c) AS c FROM pg_temp.content(2::smallint) c) y WHERE x.c IS DISTINCT FROM y.c) THEN
            RETURN format('round %s, %s of %s leaves something else', i, form.command, keys);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

SELECT is(pg_temp.differs('{set,get,incr,decr,incrby,mset,del,strlen,exists,ttl,pttl}', 150), NULL, 'strings at once');
DELETE FROM redis.keys;
SELECT is(pg_temp.differs('{lpush,rpush,lpop,rpop,lpop,rpop,lpop count,del}', 150), NULL, 'lists at once');
DELETE FROM redis.keys; -- the vacant rows of lists too, which single calls would replace
SELECT is(pg_temp.differs('{sadd,sadd,srem,del,sismember}', 125), NULL, 'sets at once');
DELETE FROM redis.keys;
SELECT is(pg_temp.differs('{hset,hset,hdel,del,hget}', 125), NULL, 'hashes at once');
DELETE FROM redis.keys;
SELECT is(pg_temp.differs('{zadd,zadd,zrem,zpopmin,zpopmax,del,zscore}', 175), NULL, 'sorted sets at once');
-- Keys that the index does not hold whole.
SELECT is(pg_temp.differs('{set,incr,mset,del,strlen,exists,ttl}', 30, repeat('s', 2000)), NULL, 'strings of long keys');
SELECT is(pg_temp.differs('{lpush,rpush,lpop,del}', 20, repeat('l', 2000)), NULL, 'lists of long keys');
SELECT is(pg_temp.differs('{sadd,srem,sismember}', 30, repeat('S', 2000)), NULL, 'sets of long keys');
SELECT is(pg_temp.differs('{hset,hdel,hget}', 30, repeat('h', 2000)), NULL, 'hashes of long keys');
SELECT is(pg_temp.differs('{zadd,zpopmin,zscore}', 30, repeat('z', 2000)), NULL, 'sorted sets of long keys');
-- With events everything is made one by one.
SET LOCAL redis.events = 'KA';
SELECT is(pg_temp.differs('{lpush,rpush,lpop,rpop}', 30, 'events:l'), NULL, 'lists at once, with events');
SELECT is(pg_temp.differs('{sadd,srem}', 20, 'events:S'), NULL, 'sets at once, with events');
SELECT is(pg_temp.differs('{hset,hdel}', 20, 'events:h'), NULL, 'hashes at once, with events');
SELECT is(pg_temp.differs('{zadd,zpopmin,zpopmax}', 20, 'events:z'), NULL, 'sorted sets at once, with events');
SET LOCAL redis.events = '';

-- SPOP: each member once, then nothing.
SELECT redis_select(3);
SELECT redis_sadd('s', VARIADIC ARRAY(SELECT i::text::bytea FROM generate_series(1, 20) i)), redis_sadd('t', 'x', 'y');
CREATE TEMP TABLE popped AS SELECT m FROM redis.batch_spop('{s,t,s,absent,s,t,t,s}') WITH ORDINALITY AS r(m, n) ORDER BY n;
SELECT is((SELECT count(DISTINCT m) FROM popped), 6::bigint, 'SPOPs at once: four of one set, two of another, and nothing');
SELECT is((SELECT array_agg(m IS NULL) FROM popped), '{f,f,f,t,f,f,t,f}'::boolean[], 'in order');
INSERT INTO popped SELECT * FROM redis.batch_spop(ARRAY(SELECT 's'::bytea FROM generate_series(1, 17)));
SELECT is((SELECT array_agg(DISTINCT m) FROM popped), (SELECT array_agg(DISTINCT m) FROM (
    SELECT i::text::bytea FROM generate_series(1, 20) i UNION VALUES ('x'::bytea), ('y')) AS s(m)) || NULL::bytea, 'all members have come');
SELECT is((SELECT count(*) - count(DISTINCT m) FROM popped WHERE m IS NOT NULL), 0::bigint, 'each once');
SELECT is(redis_exists('s', 't'), 0::bigint, 'and the sets are gone');

-- What is unusual is left to single calls: the error, or the deletion of what has expired, is theirs.
SELECT redis_select(4), redis_set('string', 'x'), redis_rpush('list', 'x'), redis_rpush('expired', 'x');
UPDATE redis.keys SET expires_at = 1 WHERE key = 'expired';
SELECT throws_ok($$SELECT * FROM redis.batch_lpush('{list,string}', '{1,2}', '{1,2}')$$, 'RD000', NULL, 'LPUSHes at once, one to a string');
SELECT throws_ok($$SELECT * FROM redis.batch_lpush('{string,string}', '{1,2}', '{1,2}')$$, 'RD000', NULL, 'all to a string');
SELECT throws_ok($$SELECT * FROM redis.batch_rpush('{list,expired}', '{1,2}', '{1,2}')$$, 'RD000', NULL, 'RPUSHes at once, one to an expired list');
SELECT throws_ok($$SELECT * FROM redis.batch_lpop('{list,string}')$$, 'RD000', NULL, 'LPOPs at once, one of a string');
SELECT throws_ok($$SELECT * FROM redis.batch_sadd('{set,string}', '{1,2}')$$, 'RD000', NULL, 'SADDs at once, one to a string');
SELECT throws_ok($$SELECT * FROM redis.batch_spop('{set,string}')$$, 'RD000', NULL, 'SPOPs at once, one of a string');
SELECT throws_ok($$SELECT * FROM redis.batch_hset('{hash,string}', '{1,2}', '{1,2}')$$, 'RD000', NULL, 'HSETs at once, one to a string');
SELECT throws_ok($$SELECT * FROM redis.batch_zadd('{zset,string}', '{1,2}', '{1,2}')$$, 'RD000', NULL, 'ZADDs at once, one to a string');
SELECT throws_ok($$SELECT * FROM redis.batch_zpopmin('{zset,string}')$$, 'RD000', NULL, 'ZPOPMINs at once, one of a string');
SELECT throws_ok($$SELECT * FROM redis.batch_mset('{a,1,b}', '{1,1,1}')$$, 'RD000', NULL, 'MSETs at once, one without its last value');
SELECT throws_ok($$SELECT * FROM redis.batch_mset('{a,1,b,c}', '{1,1,1,2}')$$, 'RD000', NULL, 'MSETs at once, two with an odd number of arguments');
SELECT is(redis_lrange('list', 0, -1), '{x}'::bytea[], 'nothing is left of what failed');

SELECT throws_ok($$SELECT * FROM redis.batch_incr('{number,list}')$$, 'RD000', NULL, 'INCRs at once, one of a list');
SELECT throws_ok($$SELECT * FROM redis.batch_incr('{number,string,string}')$$, 'RD000', NULL,
                 'INCRs at once, of what is no number');
SELECT throws_ok($$SELECT * FROM redis.batch_incrby('{number,number}', '{9223372036854775807,1}')$$, '22003', NULL,
                 'INCRBYs that overflow together');
SELECT is(redis_exists('number'), 0::bigint, 'nor of these');

-- Strings of many keys, some there and some not, some of other types, and most of them twice.
SELECT redis_select(6), redis_rpush('key:1', 'x'), redis_sadd('key:2', 'x'),
       redis_set('key:3', 'old', 'ex', '1000'), redis_set('key:4', '5');
CREATE TEMP TABLE many AS SELECT i, ('key:' || i % 200)::bytea AS key, i::text::bytea AS value FROM generate_series(1, 300) i;
SELECT is((SELECT count(*) FROM many m, redis.batch_set(ARRAY[m.key], ARRAY[m.value]) WHERE m.i = 200), 1::bigint, 'one SET');
SELECT is((SELECT count(*)
           FROM redis.batch_set(ARRAY(SELECT key FROM many ORDER BY i), ARRAY(SELECT value FROM many ORDER BY i))),
          300::bigint, 'SETs at once, of many keys');
SELECT is((SELECT array_agg(redis_get(m.key) ORDER BY m.i) FROM many m WHERE m.i > 100),
          (SELECT array_agg(m.value ORDER BY m.i) FROM many m WHERE m.i > 100), 'the last counts');
SELECT is((SELECT count(*) FROM redis.keys x WHERE x.db = 6 AND x.type = 's' AND x.expires_at IS NULL), 200::bigint,
          'and all are strings');
SELECT is((SELECT array_agg(r)
           FROM redis.batch_incrby(ARRAY(SELECT key FROM many ORDER BY i), ARRAY(SELECT i FROM many ORDER BY i)::bigint[]) r),
          (SELECT array_agg((SELECT convert_from(l.value, 'UTF8')::bigint FROM many l WHERE l.key = m.key
                             ORDER BY l.i DESC LIMIT 1)
                            + (SELECT sum(l.i) FROM many l WHERE l.key = m.key AND l.i <= m.i)::bigint ORDER BY m.i) FROM many m),
          'INCRBYs at once, of many keys');
SELECT * FROM redis.batch_set('{one,one,one}', '{1,2,3}');
SELECT is(redis_get('one'), '3'::bytea, 'SETs at once, all of one key');
SELECT redis_rpush('one list', 'x');
SELECT * FROM redis.batch_set('{one list,one list}', '{1,2}');
SELECT is(redis_get('one list'), '2'::bytea, 'which was a list');
SELECT * FROM redis.batch_set('{key:1,key:2}', '{1,2}');
SELECT redis_del('key:1', 'key:2'), redis_rpush('key:1', 'x'), redis_rpush('key:2', 'x');
SELECT * FROM redis.batch_set('{key:0,key:1,key:2,key:none}', '{a,b,c,d}');
SELECT is(redis_mget('key:0', 'key:1', 'key:2', 'key:none'), '{a,b,c,d}'::bytea[],
          'SETs of different keys, two of them lists, one absent');

-- Sets, several at once: the positions stay dense, also of members that the index does not hold whole.
SELECT redis_select(7), redis_sadd('set:1', 'x', 'y'), redis_sadd('expired', 'x');
UPDATE redis.keys SET expires_at = 1 WHERE db = 7 AND key = 'expired';
CREATE TEMP TABLE adds AS SELECT i, ('set:' || i % 7)::bytea AS key, (i * i % 50 || repeat('m', i % 3 * 1500))::bytea AS member
                          FROM generate_series(1, 300) i;
SELECT is((SELECT array_agg(r)
           FROM redis.batch_sadd(ARRAY(SELECT key FROM adds ORDER BY i), ARRAY(SELECT member FROM adds ORDER BY i)) r),
          (SELECT array_agg(CASE WHEN EXISTS (SELECT FROM adds b WHERE b.key = a.key AND b.member = a.member AND b.i < a.i)
                                 THEN 0::bigint ELSE 1 END ORDER BY a.i) FROM adds a), 'SADDs at once, to many sets');
SELECT is((SELECT array_agg(a.added) FROM redis.batch_sadd('{set:1,set:2,set:1,set:new}', '{x,x,z,x}') AS a(added)),
          '{0,1,1,1}'::bigint[], 'of which one has such a member already');
SELECT is((SELECT array_agg(x.key) FROM redis.keys x WHERE x.db = 7 AND x.key <> 'expired'
             AND (SELECT array_agg(e.pos ORDER BY e.pos) FROM redis.set_members e WHERE e.id = x.id)
                 IS DISTINCT FROM ARRAY(SELECT generate_series(0, x.size - 1))), NULL, 'the positions are dense');
SELECT is((SELECT count(*) FROM adds a WHERE NOT redis_sismember(a.key, a.member)), 0::bigint, 'and every member is there');
SELECT throws_ok($$SELECT * FROM redis.batch_sadd('{set:1,expired}', '{1,2}')$$, 'RD000', NULL,
                 'SADDs at once, one to an expired set');

-- Reads of what expires, has expired, is absent, or of another type.
SELECT redis_select(8), redis_set('for ever', '1'), redis_set('short', '12', 'px', '100000'), redis_set('gone', '1'),
       redis_sadd('set', 'x');
UPDATE redis.keys SET expires_at = 1 WHERE db = 8 AND key = 'gone';
SELECT is((SELECT array_agg(r) FROM redis.batch_ttl('{for ever,short,gone,absent,set}') r), '{-1,100,-2,-2,-1}'::bigint[],
          'TTLs at once');
SELECT is((SELECT array_agg(r > 90000) FROM redis.batch_pttl('{for ever,short,gone,absent}') r), '{f,t,f,f}'::boolean[], 'PTTLs');
SELECT is((SELECT array_agg(r) FROM redis.batch_exists('{for ever,short,gone,absent,set}') r), '{1,1,0,0,1}'::bigint[], 'EXISTS');
SELECT is((SELECT array_agg(r) FROM redis.batch_strlen('{for ever,short,gone,absent}') r), '{1,2,0,0}'::bigint[], 'STRLENs');
SELECT throws_ok($$SELECT * FROM redis.batch_strlen('{short,set}')$$, 'RD000', NULL, 'one of a set');
SELECT throws_ok($$SELECT * FROM redis.batch_sismember('{short,set}', '{x,x}')$$, 'RD000', NULL, 'SISMEMBERs, one of a string');
SELECT throws_ok($$SELECT * FROM redis.batch_hget('{short,set}', '{x,x}')$$, 'RD000', NULL, 'HGETs, of other types');
SELECT throws_ok($$SELECT * FROM redis.batch_zscore('{short,set}', '{x,x}')$$, 'RD000', NULL, 'ZSCOREs, of other types');
-- TTLs: the last counts, whether the key is there is told each time, and the sweep will look in time.
SELECT is((SELECT array_agg(r) FROM redis.batch_expire('{for ever,gone,short,absent,for ever}', '{100,100,200,100,50}') r),
          '{t,f,t,f,t}'::boolean[], 'EXPIREs at once');
SELECT is((SELECT array_agg(r) FROM redis.batch_ttl('{for ever,short,gone,absent}') r), '{50,200,-2,-2}'::bigint[],
          'the last for a key counts');
SELECT is((SELECT array_agg(r) FROM redis.batch_pexpire('{for ever,absent}', '{20000,1}') r), '{t,f}'::boolean[],
          'PEXPIREs at once');
SELECT is((SELECT count(*) FROM redis.keys x WHERE x.db = 8 AND x.expires_at > 1
             AND NOT EXISTS (SELECT FROM redis.expirations e WHERE e.id = x.id AND e.key = x.key AND e.db = x.db
                             AND e.due = x.sweep_at AND e.due <= x.expires_at)), 0::bigint, 'the sweep knows of each');
SELECT throws_ok($$SELECT * FROM redis.batch_expire('{for ever,short}', '{1,0}')$$, 'RD000', NULL, 'one that deletes');
SELECT throws_ok($$SELECT * FROM redis.batch_expire('{for ever,short}', '{1,9223372036854775807}')$$, 'RD000', NULL,
                 'one for too long');
SELECT is((SELECT array_agg(redis_ttl(k)) FROM unnest('{for ever,short}'::bytea[]) k), '{20,200}'::bigint[],
          'which change nothing');
UPDATE redis.keys SET expires_at = 1 WHERE db = 8 AND key = 'set';
SELECT is((SELECT array_agg(r) FROM redis.batch_sismember('{set,absent}', '{x,x}') r), '{f,f}'::boolean[],
          'a set that has expired');

-- Whoever waits for a key is told when it comes into being, and when an emptied list comes to life again.
CREATE FUNCTION pg_temp.appears(call text, variadic keys bytea[]) RETURNS bytea[] LANGUAGE plpgsql AS $$
DECLARE
    told bytea[];
BEGIN
    INSERT INTO redis.absent_watches (watch_id, db, key) SELECT nextval('redis.watch_ids'), 5, u.k FROM unnest(keys) AS u(k);
    EXECUTE 'SELECT count(*) FROM ' || call;
    told := ARRAY(SELECT u.k FROM unnest(keys) AS u(k) WHERE u.k NOT IN (SELECT w.key FROM redis.absent_watches w WHERE w.db = 5) ORDER BY 1);
    DELETE FROM redis.absent_watches w WHERE w.db = 5;
    RETURN told;
END $$;
SELECT redis_select(5), redis_rpush('old', 'x'), redis_rpush('emptied', 'x'), redis_lpop('emptied'), redis_rpush('emptied too', 'x'), redis_lpop('emptied too');
SELECT is(pg_temp.appears($$redis.batch_lpush('{old,new,emptied}', '{1,2,3}', '{1,2,3}')$$, 'old', 'new', 'emptied', 'other'),
          '{emptied,new}'::bytea[], 'by LPUSHes at once');
SELECT is(pg_temp.appears($$redis_rpush('emptied too', '1')$$, 'emptied too', 'other'), '{emptied too}'::bytea[], 'by one RPUSH');
SELECT is(pg_temp.appears($$redis.batch_lpush('{n1,n1}', '{1,2}', '{1,2}')$$, 'n1', 'n2'), '{n1}'::bytea[], 'by LPUSHes to one list');
SELECT is(pg_temp.appears($$redis.batch_sadd('{n2,n3}', '{1,2}')$$, 'n2', 'n3', 'n4'), '{n2,n3}'::bytea[], 'by SADDs');
SELECT is(pg_temp.appears($$redis.batch_hset('{n4,n4}', '{1,2}', '{1,2}')$$, 'n4', 'n5'), '{n4}'::bytea[], 'by HSETs');
SELECT is(pg_temp.appears($$redis.batch_zadd('{n5,n5}', '{1,2}', '{1,2}')$$, 'n5', 'n6'), '{n5}'::bytea[], 'by ZADDs');
SELECT is(pg_temp.appears($$redis.batch_mset('{n6,1,n7,2}', '{1,1,2,2}')$$, 'n6', 'n7', 'n8'), '{n6,n7}'::bytea[], 'by MSETs');
SELECT is(pg_temp.appears($$redis.batch_incr('{n8,n8,n9}')$$, 'n8', 'n9'), '{n8,n9}'::bytea[], 'by INCRs');

-- A big hash is numbered anew when it passes 1024 fields.
SELECT redis_hset('big', VARIADIC ARRAY(SELECT i::text::bytea FROM generate_series(1, 2040) i)), redis_hdel('big', '1');
SELECT is((SELECT sum(r) FROM redis.batch_hset(ARRAY(SELECT 'big'::bytea FROM generate_series(1, 20)),
              ARRAY(SELECT i::text::bytea FROM generate_series(2031, 2050) i), ARRAY(SELECT 'v'::bytea FROM generate_series(1, 20))) r),
          15::numeric, 'HSETs at once to a big hash');
SELECT is((SELECT x.head - x.size FROM redis.keys x WHERE x.key = 'big'), 0::bigint, 'which is dense then');

-- WATCH compares the row's xmin: whoever changes an element touches it, who changes nothing does not.
CREATE TEMP TABLE before AS SELECT x.key, x.ctid AS version FROM redis.keys x WHERE x.db = 5;
SELECT redis.batch_sadd('{n2,n2}', '{1,1}'), redis.batch_zadd('{n5,n5}', '{1,2}', '{1,2}'), redis.batch_hset('{n4,n4}', '{1,1}', '{1,1}');
SELECT is((SELECT array_agg(b.key ORDER BY b.key) FROM before b JOIN redis.keys x ON x.db = 5 AND x.key = b.key AND x.ctid <> b.version),
          '{n4}'::bytea[], 'calls at once that change nothing touch nothing; HSET always does');
SELECT * FROM redis.batch_zadd('{n5,n5}', '{7,1}', '{1,1}');
SELECT isnt((SELECT x.ctid FROM redis.keys x WHERE x.key = 'n5'), (SELECT version FROM before WHERE key = 'n5'), 'a score that changes there and back is a change');

SELECT * FROM finish();
ROLLBACK;
