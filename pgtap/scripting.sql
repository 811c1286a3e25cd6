BEGIN;
SELECT no_plan();

-- redis.sha1, at the lengths where its padding changes
SELECT is(redis.sha1(convert_to(repeat('x', n), 'UTF8')), digest, n || ' bytes')
FROM (VALUES (0, 'da39a3ee5e6b4b0d3255bfef95601890afd80709'), (55, 'cef734ba81a024479e09eb5a75b6ddae62e6abf1'),
    (56, '901305367c259952f4e7af8323f480d59f81335b'), (63, '0ddc4e0cccd9a12850deb5abb0853a4425559fec'),
    (64, 'bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163'), (119, '4300320394f7ee239bcdce7d3b8bcee173a0cd5c'),
    (120, 'ceb2821639c4b6dcb10bce0e522ca2e608ce056d')) AS v(n, digest);
SELECT is(redis.sha1('return 1'), 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 'as redis-cli SCRIPT LOAD says');

-- scripts
SELECT is(redis_script_load('return 1'), 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 'SCRIPT LOAD returns the name');
SELECT is(redis_script_load('return 1'), 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 'again');
SELECT is(redis_script_exists('e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 'x', 'E0E1F9FABFC9D4800C877A703B823AC0578FF8DB'),
    '{1,0,1}', 'SCRIPT EXISTS, in any case');
SELECT is(redis.script('e0e1f9fabfc9d4800c877a703b823ac0578ff8db'), 'return 1'::bytea, 'its text');
SELECT is(redis.script('x'), NULL, 'no text');
SELECT redis.store_script('x', '\x00ff');
SELECT is(redis.script('x'), '\x00ff'::bytea, 'any bytes');
SELECT throws_ok($$SELECT redis_script_flush('x')$$, 'RD000', 'ERR SCRIPT FLUSH only support SYNC|ASYNC option');
SELECT throws_ok($$SELECT redis_script_flush('sync', 'async')$$, 'RD000', 'ERR SCRIPT FLUSH only support SYNC|ASYNC option');
SELECT is(redis_script_flush('async'), 'OK', 'SCRIPT FLUSH ASYNC');
SELECT is(redis_script_exists('x'), '{0}', 'they are gone');
SELECT is(redis_script_flush(), 'OK', 'SCRIPT FLUSH');
SELECT ok(cardinality(redis_script_help()) > 5 AND cardinality(redis_function_help()) > 5, 'SCRIPT HELP and FUNCTION HELP');

-- libraries
CREATE FUNCTION pg_temp.library(name text, VARIADIC functions text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('name', name, 'engine', 'LUA',
        'functions', (SELECT jsonb_agg(jsonb_build_object('name', f, 'description', NULL, 'flags', '[]'::jsonb)) FROM unnest(functions) AS f))
$$;
CREATE FUNCTION pg_temp.store(policy text, VARIADIC libraries jsonb[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT redis.store_libraries(policy, array_agg(('code of ' || (l ->> 'name'))::bytea), jsonb_agg(l)) FROM unnest(libraries) AS l
$$;
SELECT is(redis.store_libraries('load', '{code}', '[{"name": "one", "engine": "LUA", "functions": [
    {"name": "g", "description": "00ff", "flags": ["no-writes", "allow-stale"]}, {"name": "f", "description": null, "flags": []}]}]'),
    1::bigint, 'LOAD');
SELECT results_eq('SELECT * FROM redis_function_list()',
    $$VALUES ('one'::text, 'LUA'::text, '{g,f}'::text[], ARRAY['\x00ff', NULL]::bytea[], ARRAY['no-writes allow-stale', ''], NULL::bytea)$$, 'FUNCTION LIST');
SELECT results_eq('SELECT library_code FROM redis_function_list(''withcode'', ''libraryname'', ''O*'')', $$VALUES ('code'::bytea)$$,
    'FUNCTION LIST LIBRARYNAME WITHCODE');
SELECT is_empty('SELECT * FROM redis_function_list(''LIBRARYNAME'', ''x*'')', 'no such library');
SELECT throws_ok($$SELECT * FROM redis_function_list('LIBRARYNAME')$$, 'RD000', 'ERR library name argument was not given');
SELECT throws_ok($$SELECT * FROM redis_function_list('WITHCODE', 'withcode')$$, 'RD000', 'ERR Unknown argument withcode');
SELECT throws_ok($$SELECT pg_temp.store('load', pg_temp.library('one', 'h'))$$, 'RD000', 'ERR Library ''one'' already exists');
SELECT throws_ok($$SELECT pg_temp.store('append', pg_temp.library('one', 'h'))$$, 'RD000', 'ERR Library one already exists');
SELECT throws_ok($$SELECT pg_temp.store('load', pg_temp.library('two', 'h', 'F'))$$, 'RD000', 'ERR Function F already exists');
SELECT throws_ok($$SELECT pg_temp.store('replace', pg_temp.library('two', 'G'))$$, 'RD000', 'ERR Function G already exists');
SELECT throws_ok($$SELECT pg_temp.store('replace', pg_temp.library('a', 'x'), pg_temp.library('a', 'y'))$$, 'RD000', 'ERR Library ''a'' already exists');
SELECT throws_ok($$SELECT pg_temp.store('replace', pg_temp.library('a', 'x'), pg_temp.library('b', 'X'))$$, 'RD000', 'ERR Function X already exists');
SELECT throws_ok($$SELECT pg_temp.store('load', '{"name": "one"}')$$, 'RD000', 'ERR Library ''one'' already exists', 'before that it does not load');
SELECT is(pg_temp.store('load', '{"name": "two"}'), 0::bigint, 'one that does not load');
SELECT is(pg_temp.store('append', pg_temp.library('two', 'h'), '{}'), 1::bigint, 'the second does not load');
SELECT is(redis.count_libraries()::text, '(1,2)', 'nothing of it is there');
SELECT is(pg_temp.store('replace', pg_temp.library('one', 'F', 'h'), pg_temp.library('two', 'i')), 2::bigint, 'REPLACE');
SELECT is(redis.count_libraries()::text, '(2,3)', 'both are there');
SELECT results_eq('SELECT * FROM redis.libraries()', $$VALUES ('one'::text, 'code of one'::bytea), ('two', 'code of two')$$, 'for the proxies');
SELECT throws_ok($$SELECT redis_function_delete('ONE')$$, 'RD000', 'ERR Library not found');
SELECT is(redis_function_delete('one'), 'OK', 'FUNCTION DELETE');
SELECT is(redis.count_libraries()::text, '(1,1)', 'and its functions are gone');
SELECT is(pg_temp.store('flush', pg_temp.library('three', 'i')), 1::bigint, 'FLUSH');
SELECT results_eq('SELECT name FROM redis.libraries()', $$VALUES ('three'::text)$$, 'takes the place of all');
SELECT throws_ok($$SELECT redis_function_flush('x')$$, 'RD000', 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option');

-- DUMP and RESTORE
SELECT is(redis.crc64('123456789'), '\xcad9b8c414d9c6e9'::bytea, 'the check value of the CRC');
SELECT is(redis_function_dump(), '\xf5'::bytea || '\x0d'::bytea || 'code of three'::bytea || '\x0a00'::bytea
    || redis.crc64('\xf50d'::bytea || 'code of three'::bytea || '\x0a00'::bytea), 'FUNCTION DUMP');
SELECT results_eq('SELECT redis.read_function_dump(redis_function_dump())', $$VALUES ('code of three'::bytea)$$, 'and back');
SELECT is(redis_function_flush('async'), 'OK', 'FUNCTION FLUSH');
SELECT is(redis_function_dump(), '\x0a005d9b5c400f7fa2da'::bytea, 'of nothing: as Redis has it');
SELECT is_empty('SELECT redis.read_function_dump(redis_function_dump())', 'and back');
CREATE FUNCTION pg_temp.payload(body bytea, version bytea DEFAULT '\x0a00') RETURNS bytea LANGUAGE sql AS $$
    SELECT body || version || redis.crc64(body || version)
$$;
SELECT results_eq(format('SELECT encode(sha256(c), ''hex''), octet_length(c) FROM redis.read_function_dump(pg_temp.payload(%L)) AS c',
        '\xf5'::bytea || redis.rdb_string(convert_to(repeat('x', n), 'UTF8'))),
    format('VALUES (%L, %s)', encode(sha256(convert_to(repeat('x', n), 'UTF8')), 'hex'), n), n || ' bytes')
FROM unnest('{1,63,64,16383,16384,100000}'::integer[]) AS n;
SELECT is(redis.lzf_decompress('\x016162e00101', 12), 'abababababab'::bytea, 'LZF: a run that reaches into itself');
SELECT is(redis.lzf_decompress('\x0161622000', 5), 'abbbb'::bytea, 'and one of one byte');
SELECT is(redis.lzf_decompress(bad, 5), NULL, 'LZF: damaged') 
FROM unnest(ARRAY['\x2000', '\x0161622003', '\x01616220', '\x016162e0', '\x04', '\x016162e00001']::bytea[]) AS bad;
SELECT throws_ok(format('SELECT redis.read_function_dump(%L)', bad), 'RD000', 'ERR DUMP payload version or checksum are wrong')
FROM unnest(ARRAY['', 'x', '\x0a005d9b5c400f7fa2db', pg_temp.payload('', '\x0b00')]::bytea[]) AS bad;
SELECT throws_ok(format('SELECT redis.read_function_dump(pg_temp.payload(%L))', bad), 'RD000', 'ERR Failed loading library payload')
FROM unnest(ARRAY['\xf5', '\xf5616263', '\xf503', '\xf5c0', '\xf5c3', '\xf5c30161', '\xf5c302010161', '\xf580000000', '\xf581']::bytea[]) AS bad;
SELECT throws_ok($$SELECT redis.read_function_dump(pg_temp.payload('\x0061'))$$, 'RD000', 'ERR given type is not a function');
SELECT throws_ok($$SELECT redis.read_function_dump(pg_temp.payload('\xf661'))$$, 'RD000', 'ERR Failed loading library name');
SELECT results_eq($$SELECT redis.read_function_dump(pg_temp.payload('\xf5c005'))$$, $$VALUES ('0'::bytea)$$, 'a number is no library');

-- redis.begin_scripts
SELECT redis.begin_scripts(3::smallint, '{a,b,a}');
SELECT is(redis.db(), 3::smallint, 'it sets the database');
SELECT is(current_setting('lock_timeout'), '100ms', 'and does not wait for long');
SELECT set_has($$SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()$$,
    $$VALUES (redis.lock_id(3::smallint, 'a')), (redis.lock_id(3::smallint, 'b'))$$, 'it locks their keys');

SELECT * FROM finish();
ROLLBACK;
