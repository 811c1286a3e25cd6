BEGIN;
SELECT no_plan();
SELECT is(redis_setbit('a', '7', '1'), 0, 'SETBIT');
SELECT is(redis_getbit('a', '7'), 1, 'GETBIT');
SELECT is(redis_get('a'), '\x01'::bytea, 'bit 7 is the lowest of the first byte');
SELECT is(redis_getbit('a', '4294967295'), 0, 'GETBIT behind the end');
SELECT redis_set('b', 'foobar');
SELECT is(redis_bitcount('b'), 26::bigint, 'BITCOUNT');
SELECT is(redis_bitcount('b', '1', '1'), 6::bigint, 'BITCOUNT of bytes');
SELECT is(redis_bitcount('b', '5', '30', 'BIT'), 17::bigint, 'BITCOUNT of bits');
SELECT is(redis_bitpos('a', 1), 7::bigint, 'BITPOS');
SELECT is(redis_bitpos('b', 1, '8', '12', 'BIT'), 9::bigint, 'BITPOS among bits');
SELECT is(redis_bitop('OR', 'to', 'a', 'b'), 6::bigint, 'BITOP');
SELECT is(redis_get('to'), 'goobar'::bytea, 'BITOP stores');
SELECT is(redis_bitop('AND', 'to', 'absent'), 0::bigint, 'BITOP of nothing');
SELECT is((SELECT count(*) FROM redis.keys WHERE key = 'to'), 0::bigint, 'deletes the destination');
SELECT is(redis_bitfield('f', 'SET', 'u8', '0', '255', 'OVERFLOW', 'FAIL', 'INCRBY', 'u8', '0', '1', 'GET', 'i8', '0'), ARRAY[0, NULL, -1]::bigint[],
          'BITFIELD');
SELECT is(redis_bitfield_ro('f', 'GET', 'u4', '#1'), ARRAY[15]::bigint[], 'BITFIELD_RO');

SELECT throws_ok($$SELECT redis_setbit('a', '-1', '1')$$, 'RD000', 'ERR bit offset is not an integer or out of range');
SELECT throws_ok($$SELECT redis_setbit('a', '0', '2')$$, 'RD000', 'ERR bit is not an integer or out of range');
SELECT throws_ok($$SELECT redis_bitpos('a', 2)$$, 'RD000', 'ERR The bit argument must be 1 or 0.');
SELECT throws_ok($$SELECT redis_bitop('NOT', 'to', 'a', 'b')$$, 'RD000', 'ERR BITOP NOT must be called with a single source key.');
SELECT throws_ok($$SELECT redis_bitfield_ro('f', 'SET', 'u8', '0', '1')$$, 'RD000', 'ERR BITFIELD_RO only supports the GET subcommand');

-- A bit that is so already is not written.
CREATE TEMPORARY TABLE before AS SELECT ctid AS place FROM redis.keys WHERE key = 'a';
SELECT is(redis_setbit('a', '7', '1'), 1, 'SETBIT to what it is');
SELECT is(redis_bitfield('a', 'SET', 'u8', '0', '1'), ARRAY[1]::bigint[], 'BITFIELD to what it is');
SELECT is((SELECT ctid FROM redis.keys WHERE key = 'a'), (SELECT place FROM before), 'leaves the row alone');

-- Of a long value only the part asked for is read: far fewer blocks than it has.
SELECT redis_set('long', redis.zero_bytes(4000000) || '\x01');
SELECT is(redis_bitcount('long'), 1::bigint, 'BITCOUNT of megabytes');
SELECT is(redis_bitpos('long', 1), 32000007::bigint, 'BITPOS in megabytes');
CREATE TEMPORARY TABLE toast AS SELECT reltoastrelid AS id FROM pg_class WHERE oid = 'redis.keys'::regclass;
CREATE FUNCTION pg_temp.blocks() RETURNS bigint LANGUAGE sql AS
    $$SELECT pg_stat_get_xact_blocks_fetched(id) FROM toast$$;
CREATE FUNCTION pg_temp.blocks_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    start constant bigint := pg_temp.blocks();
BEGIN
    EXECUTE query;
    RETURN pg_temp.blocks() - start;
END $$;
SELECT cmp_ok(pg_temp.blocks_of($$SELECT redis_getbit('long', '32000007')$$), '<', 10::bigint, 'GETBIT reads only its byte');
SELECT cmp_ok(pg_temp.blocks_of($$SELECT redis_getrange('long', 3000000, 3000010)$$), '<', 10::bigint, 'GETRANGE reads only its range');
SELECT cmp_ok(pg_temp.blocks_of($$SELECT redis_bitcount('long', '3000000', '3000010')$$), '<', 10::bigint, 'BITCOUNT too');
SELECT cmp_ok(pg_temp.blocks_of($$SELECT redis_bitfield_ro('long', 'GET', 'u8', '24000000')$$), '<', 10::bigint, 'BITFIELD_RO too');
SELECT cmp_ok(pg_temp.blocks_of($$SELECT octet_length(redis_get('long') || 'x')$$), '>', 400::bigint, '(GET reads them all)');

SELECT * FROM finish();
ROLLBACK;
