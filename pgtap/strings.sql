BEGIN;
SELECT no_plan();
SELECT redis.create_key(0::smallint, 'list', 'l', size => 0, head => 0, tail => -1);

-- the calls as one writes them by hand
SELECT is(redis_set('a', 'x'), 'OK', 'SET');
SELECT is(redis_get('a'), 'x'::bytea, 'GET');
SELECT is(redis_get('absent'), NULL, 'GET of an absent key is NULL');
SELECT results_eq($$SELECT status, previous FROM redis_set('a', 'y', 'GET')$$, $$VALUES (NULL::text, 'x'::bytea)$$, 'SET … GET');
SELECT results_eq($$SELECT status, previous FROM redis_set('a', 'z', 'NX', 'EX', '10')$$, $$VALUES (NULL::text, NULL::bytea)$$,
                  'SET … NX of a key that is there');
SELECT results_eq($$SELECT status, previous FROM redis_set('new', 'z', 'NX', 'EX', '10')$$, $$VALUES ('OK', NULL::bytea)$$, 'SET … NX');
SELECT ok(redis_setnx('nx', '1') AND NOT redis_setnx('nx', '2'), 'SETNX');
SELECT is(redis_setex('ex', 100, 'v'), 'OK', 'SETEX');
SELECT is(redis_psetex('ex', 100000, 'v'), 'OK', 'PSETEX');
SELECT is(redis_getex('ex', 'PERSIST'), 'v'::bytea, 'GETEX');
SELECT is((SELECT expires_at FROM redis.keys WHERE key = 'ex'), NULL, 'GETEX … PERSIST removes the expiry');
SELECT is(redis_getset('a', 'new'), 'y'::bytea, 'GETSET');
SELECT is(redis_getdel('a'), 'new'::bytea, 'GETDEL');
SELECT is(redis_mset('a', '1', 'b', '2', 'a', '3'), 'OK', 'MSET');
SELECT is(redis_mget('b', 'list', 'a', 'absent'), ARRAY['2', NULL, '3', NULL]::bytea[], 'MGET');
SELECT ok(NOT redis_msetnx('c', '1', 'a', '1') AND redis_msetnx('c', '1', 'd', '1'), 'MSETNX');
SELECT is(redis_incr('n'), 1::bigint, 'INCR');
SELECT is(redis_incrby('n', 41), 42::bigint, 'INCRBY');
SELECT is(redis_decr('n'), 41::bigint, 'DECR');
SELECT is(redis_decrby('n', 41), 0::bigint, 'DECRBY');
SELECT is(redis_incrbyfloat('n', '0.1'), '0.1'::bytea, 'INCRBYFLOAT');
SELECT is(redis_incrbyfloat('n', '0.2'), '0.3'::bytea, 'INCRBYFLOAT adds as Redis does');
SELECT is(redis_append('text', 'Hello'), 5::bigint, 'APPEND');
SELECT is(redis_setrange('text', 7, 'World'), 12::bigint, 'SETRANGE');
SELECT is(redis_getrange('text', 0, -1), '\x48656c6c6f0000576f726c64'::bytea, 'GETRANGE');
SELECT is(redis_substr('text', -5, -1), 'World'::bytea, 'SUBSTR');
SELECT is(redis_strlen('text'), 12::bigint, 'STRLEN');
SELECT results_eq($$SELECT sequence, length, matches::text FROM redis_lcs('text', 'text')$$,
                  $$VALUES ('\x48656c6c6f0000576f726c64'::bytea, NULL::bigint, NULL::text)$$, 'LCS');
SELECT is((SELECT length FROM redis_lcs('a', 'text', 'LEN')), 0::bigint, 'LCS … LEN');
SELECT is((SELECT matches::text FROM redis_lcs('text', 'text', 'IDX', 'WITHMATCHLEN')), '{"matches":[[[0,11],[0,11],12]],"len":12}', 'LCS … IDX');

-- long and binary keys
SELECT redis_set(pg_catalog.convert_to(repeat('k', 5000) || n, 'UTF8'), n::text::bytea) FROM generate_series(1, 3) AS n;
SELECT is(redis_mget(VARIADIC ARRAY(SELECT convert_to(repeat('k', 5000) || n, 'UTF8') FROM generate_series(1, 4) AS n)),
          ARRAY['1', '2', '3', NULL]::bytea[], 'long keys are told apart by their last byte');
SELECT redis_set('\x00ff', '\xff00');
SELECT is(redis_get('\x00ff'), '\xff00'::bytea, 'any bytes');

-- errors
SELECT throws_ok($$SELECT redis_get('list')$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value');
SELECT throws_ok($$SELECT redis_incr('text')$$, 'RD000', 'ERR value is not an integer or out of range');
SELECT throws_ok($$SELECT redis_incrby('list', 1)$$, 'RD000', 'WRONGTYPE Operation against a key holding the wrong kind of value');
SELECT throws_ok($$SELECT redis_decrby('n', -9223372036854775808)$$, 'RD000', 'ERR decrement would overflow');
SELECT throws_ok($$SELECT redis_incrbyfloat('n', 'x')$$, 'RD000', 'ERR value is not a valid float');
SELECT throws_ok($$SELECT redis_set('a', 'b', 'FOO')$$, 'RD000', 'ERR syntax error');
SELECT throws_ok($$SELECT redis_set('a', 'b', 'EX', '0')$$, 'RD000', 'ERR invalid expire time in ''set'' command');
SELECT throws_ok($$SELECT redis_setex('a', -1, 'b')$$, 'RD000', 'ERR invalid expire time in ''setex'' command');
SELECT throws_ok($$SELECT redis_mset('a', 'b', 'c')$$, 'RD000', 'ERR wrong number of arguments for ''mset'' command');
SELECT throws_ok($$SELECT redis_setrange('a', 536870912, 'x')$$, 'RD000', 'ERR string exceeds maximum allowed size (proto-max-bulk-len)');

-- An expired key is absent to everyone, before any sweep.
UPDATE redis.keys SET expires_at = 1;
SELECT is(redis_get('b'), NULL, 'GET does not see an expired key');
SELECT is(redis_strlen('text'), 0::bigint, 'nor does STRLEN');
SELECT is(redis_mget('a', 'b'), ARRAY[NULL, NULL]::bytea[], 'nor MGET');
SELECT is(redis_get('list'), NULL, 'an expired list is no wrong type');
SELECT is(redis_getdel('b'), NULL, 'nor does GETDEL');
SELECT is(redis_incr('n'), 1::bigint, 'INCR starts anew');
SELECT is(redis_append('text', 'x'), 1::bigint, 'APPEND starts anew');
SELECT is((SELECT array_agg(expires_at) FROM redis.keys WHERE key IN ('n', 'text')), ARRAY[NULL, NULL]::bigint[], 'and neither keeps the expiry');
SELECT ok(redis_setnx('list', '1'), 'SETNX takes the place of an expired list');
SELECT is((SELECT type FROM redis.keys WHERE key = 'list'), 's', 'which is a string then');

-- A new expiry is scheduled for the sweep; one that is merely pushed on writes no further entry.
SELECT redis_setex('session', 100, '1');
SELECT redis_setex('session', 200, '2');
SELECT is((SELECT count(*) FROM redis.expirations WHERE key = 'session'), 1::bigint, 'a later expiry adds no entry for the sweep');
SELECT redis_setex('session', 50, '3');
SELECT is((SELECT min(due) FROM redis.expirations WHERE key = 'session'), (SELECT expires_at FROM redis.keys WHERE key = 'session'),
          'an earlier one does');

-- Many calls at once, as the proxy makes them, answer as the same calls one after another.
SELECT results_eq($$SELECT * FROM redis.batch_set('{ba,bb,ba,bc}', '{1,2,3,x}')$$, $$VALUES ('OK'), ('OK'), ('OK'), ('OK')$$, 'SETs at once');
SELECT results_eq($$SELECT * FROM redis.batch_get('{ba,bb,bc,absent,ba}')$$,
                  $$VALUES ('3'::bytea), ('2'::bytea), ('x'::bytea), (NULL), ('3'::bytea)$$, 'GETs at once, in order; the last SET of a key counts');
SELECT results_eq($$SELECT * FROM redis.batch_incr('{ba,bb,ba,bnew,ba,bnew}')$$, $$VALUES (4::bigint), (3), (5), (1), (6), (2)$$, 'INCRs at once');
SELECT results_eq($$SELECT * FROM redis.batch_decr('{ba,ba}')$$, $$VALUES (5::bigint), (4)$$, 'DECRs at once');
SELECT results_eq($$SELECT * FROM redis.batch_incrby('{ba,bnew}', '{10,-5}')$$, $$VALUES (14::bigint), (-3)$$, 'INCRBYs at once');
SELECT throws_ok($$SELECT * FROM redis.batch_incr('{ba,bc}')$$, 'RD000', 'ERR value is not an integer or out of range', 'one of them no number');
SELECT redis_rpush('blist', '1');
SELECT throws_ok($$SELECT * FROM redis.batch_get('{ba,blist}')$$, 'RD000', NULL, 'GETs at once, one of a list');
SELECT results_eq($$SELECT * FROM redis.batch_set('{blist}', '{9}')$$, $$VALUES ('OK')$$, 'SETs at once, one over a list');
SELECT is(redis_get('blist'), '9', 'which is a string then');

-- Reads write nothing, and need no right to.
SET TRANSACTION READ ONLY;
SELECT lives_ok($$SELECT redis_get('n'), redis_mget('n', 'text'), redis_strlen('text'), redis_getrange('text', 0, 1), redis_lcs('n', 'text')$$,
                'reads run in a transaction that only reads');

SELECT * FROM finish();
ROLLBACK;
