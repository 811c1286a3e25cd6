-- Bitmaps: strings seen as rows of bits. Bit 0 is the highest bit of the first byte (Postgres's get_bit counts from the lowest).

-- A bit's offset as an argument, '#2' meaning twice the width when that is given.
CREATE OR REPLACE FUNCTION redis.parse_bit_offset(v text, width integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    message constant text := 'ERR bit offset is not an integer or out of range';
    relative constant boolean := width IS NOT NULL AND v LIKE '#%';
    n numeric := redis.parse_integer(CASE WHEN relative THEN pg_catalog.substr(v, 2) ELSE v END, message);
BEGIN
    IF relative THEN
        n := n * width;
    END IF;
    IF n NOT BETWEEN 0 AND 4294967295 THEN
        PERFORM redis.raise_error(message);
    END IF;
    RETURN n::bigint;
END $$;

-- The bytes that hold bits first to last of a string, the bits beside them in the first and last byte set to fill. Of an
-- out-of-line value only this part is read.
CREATE OR REPLACE FUNCTION redis.bit_range(d smallint, k bytea, first bigint, last bigint, fill integer) RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    before constant integer := 255 << (8 - first % 8)::integer & 255;
    after constant integer := 255 >> (last % 8 + 1)::integer;
    final constant integer := (last / 8 - first / 8)::integer;
    result bytea := (SELECT pg_catalog.substr(x.value, (first / 8)::integer + 1, final + 1)
                     FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
BEGIN
    IF before <> 0 THEN
        result := pg_catalog.set_byte(result, 0, pg_catalog.get_byte(result, 0) & ~before | before * fill);
    END IF;
    IF after <> 0 THEN
        result := pg_catalog.set_byte(result, final, pg_catalog.get_byte(result, final) & ~after | after * fill);
    END IF;
    RETURN result;
END $$;

CREATE OR REPLACE FUNCTION public.redis_getbit(key bytea, bit_offset text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant bigint := redis.parse_bit_offset(bit_offset);
BEGIN
    IF n / 8 >= coalesce(redis.string_length(d, k), 0) THEN
        RETURN 0;
    END IF;
    RETURN (SELECT pg_catalog.get_byte(pg_catalog.substr(x.value, (n / 8)::integer + 1, 1), 0) >> (7 - n % 8)::integer & 1
            FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION public.redis_getbit(bytea, text) IS
'GETBIT key offset
The bit at an offset of a string; 0 behind its end. Errors: WRONGTYPE, an offset that is no integer or too large.';
SELECT redis.register_command('getbit', 'redis_getbit', arity => 3,
  flags => 'readonly fast', categories => 'read bitmap fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'bitmap', complexity => 'O(1)',
  summary => 'Returns one bit of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "offset", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_setbit(key bytea, bit_offset text, new_bit text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant bigint := redis.parse_bit_offset(bit_offset);
    wanted constant bigint := redis.parse_integer(new_bit, 'ERR bit is not an integer or out of range');
    mask constant integer := 128 >> (n % 8)::integer;
    done boolean := redis.lock_key(d, k);
    length bigint;
    old integer := 0;
BEGIN
    IF wanted NOT IN (0, 1) THEN
        PERFORM redis.raise_error('ERR bit is not an integer or out of range');
    END IF;
    length := redis.string_length(d, k);
    IF n / 8 < length THEN
        old := (SELECT pg_catalog.get_byte(pg_catalog.substr(x.value, (n / 8)::integer + 1, 1), 0)
                FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
        IF (old & mask <> 0) = (wanted = 1) THEN
            RETURN wanted;
        END IF;
    END IF;
    PERFORM redis.write_range(d, key, n / 8, pg_catalog.set_byte('\x00', 0, old & ~mask | mask * wanted::integer));
    done := redis.changed(d, k, '$', 'setbit');
    RETURN (old & mask <> 0)::integer;
END $$;
COMMENT ON FUNCTION public.redis_setbit(bytea, text, text) IS
'SETBIT key offset value
Sets one bit of a string, after zero bytes where it was shorter or absent, and returns that bit as it was.
Errors: WRONGTYPE, an offset that is no integer or too large, a value other than 0 and 1.';
SELECT redis.register_command('setbit', 'redis_setbit', arity => 4,
  flags => 'write denyoom', categories => 'write bitmap slow',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'bitmap', complexity => 'O(1)',
  summary => 'Sets one bit of a string and returns what it was.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "offset", "type": "integer"}, {"name": "value", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_bitcount(key bytea, VARIADIC range text[] DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant integer := pg_catalog.cardinality(range);
    unit constant text := pg_catalog.upper(range[3]);
    length bigint := redis.string_length(d, k);
    first bigint;
    last bigint;
BEGIN
    IF length IS NULL THEN
        RETURN 0;
    ELSIF n = 0 THEN
        RETURN (SELECT pg_catalog.bit_count(x.value) FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
    ELSIF n NOT IN (2, 3) THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    first := redis.parse_integer(range[1]);
    last := redis.parse_integer(range[2]);
    IF first < 0 AND last < 0 AND first > last THEN
        RETURN 0;
    ELSIF unit NOT IN ('BYTE', 'BIT') THEN
        PERFORM redis.raise_syntax_error();
    ELSIF unit = 'BIT' THEN
        length := length * 8;
    END IF;
    first := greatest(CASE WHEN first < 0 THEN length + first ELSE first END, 0);
    last := least(greatest(CASE WHEN last < 0 THEN length + last ELSE last END, 0), length - 1);
    IF first > last THEN
        RETURN 0;
    ELSIF unit = 'BIT' THEN
        RETURN pg_catalog.bit_count(redis.bit_range(d, k, first, last, 0));
    END IF;
    RETURN pg_catalog.bit_count(redis.bit_range(d, k, first * 8, last * 8 + 7, 0));
END $$;
COMMENT ON FUNCTION public.redis_bitcount(bytea, text[]) IS
'BITCOUNT key [start end [BYTE | BIT]]
How many bits of a string, or of a range of its bytes or bits, are 1. Errors: WRONGTYPE, a position that is no integer.';
SELECT redis.register_command('bitcount', 'redis_bitcount', arity => -2,
  flags => 'readonly', categories => 'read bitmap slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'bitmap', complexity => 'O(N)',
  summary => 'Counts the bits that are set in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "index", "type": "block", "flags": ["optional"], "arguments": [{"name": "start", "type": "integer"}, {"name": "end", "type": "integer"}, {"name": "index_unit", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "byte", "type": "pure-token", "token": "BYTE"}, {"name": "bit", "type": "pure-token", "token": "BIT"}]}]}]');

CREATE OR REPLACE FUNCTION public.redis_bitpos(key bytea, wanted bigint, VARIADIC range text[] DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant integer := pg_catalog.cardinality(range);
    unit constant text := pg_catalog.upper(range[3]);
    length bigint;
    first bigint := 0;
    last bigint;
    bytes bytea;
    skipped integer;               -- bytes without such a bit
BEGIN
    IF wanted NOT IN (0, 1) THEN
        PERFORM redis.raise_error('ERR The bit argument must be 1 or 0.');
    END IF;
    length := redis.string_length(d, k);
    IF length IS NULL THEN
        RETURN -wanted;
    ELSIF n > 3 THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    IF n > 0 THEN
        first := redis.parse_integer(range[1]);
    END IF;
    IF unit NOT IN ('BYTE', 'BIT') THEN
        PERFORM redis.raise_syntax_error();
    ELSIF unit = 'BIT' THEN
        length := length * 8;
    END IF;
    last := CASE WHEN n > 1 THEN redis.parse_integer(range[2]) ELSE length - 1 END;
    first := greatest(CASE WHEN first < 0 THEN length + first ELSE first END, 0);
    last := least(greatest(CASE WHEN last < 0 THEN length + last ELSE last END, 0), length - 1);
    IF first > last THEN
        RETURN -1;
    ELSIF unit IS DISTINCT FROM 'BIT' THEN
        first := first * 8;
        last := last * 8 + 7;
    END IF;
    bytes := redis.bit_range(d, k, first, last, 1 - wanted::integer);
    skipped := pg_catalog.octet_length(bytes)
               - pg_catalog.octet_length(pg_catalog.ltrim(bytes, CASE wanted WHEN 1 THEN '\x00'::bytea ELSE '\xff'::bytea END));
    IF skipped = pg_catalog.octet_length(bytes) THEN
        -- Without an end, the string counts as followed by zero bytes.
        RETURN CASE WHEN wanted = 0 AND n < 2 THEN last + 1 ELSE -1 END;
    END IF;
    RETURN (first / 8 + skipped) * 8 + pg_catalog.strpos(pg_catalog.get_byte(bytes, skipped)::bit(8)::text, wanted::text) - 1;
END $$;
COMMENT ON FUNCTION public.redis_bitpos(bytea, bigint, text[]) IS
'BITPOS key bit [start [end [BYTE | BIT]]]
Where the first bit that is 0 or 1 stands in a string, or in a range of its bytes or bits; -1 when there is none.
Without an end, zeros follow the string. Errors: WRONGTYPE, a bit other than 0 and 1, a position that is no integer.';
SELECT redis.register_command('bitpos', 'redis_bitpos', arity => -3,
  flags => 'readonly', categories => 'read bitmap slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.8.7', command_group => 'bitmap', complexity => 'O(N)',
  summary => 'Finds the first bit of a string that is set, or that is clear.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "bit", "type": "integer"}, {"name": "index", "type": "block", "flags": ["optional"], "arguments": [{"name": "start", "type": "integer"}, {"name": "end_index", "type": "block", "flags": ["optional"], "arguments": [{"name": "end", "type": "integer"}, {"name": "index_unit", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "byte", "type": "pure-token", "token": "BYTE"}, {"name": "bit", "type": "pure-token", "token": "BIT"}]}]}]}]');

CREATE OR REPLACE FUNCTION public.redis_bitop(operation text, destkey bytea, VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    word constant text := pg_catalog.upper(operation);
    destination constant bytea := redis.index_key(destkey);
    ks constant bytea[] := redis.index_keys(keys);
    chunk constant integer := 1048576; -- bytes at a time, so that the digits of a long string never have to be one value
    sources bytea[];
    length integer;
    size integer;
    digits text;
    bits bit varying;
    operand bit varying;
    parts bytea[] := '{}'::bytea[];
    done boolean;
BEGIN
    IF word NOT IN ('AND', 'OR', 'XOR', 'NOT') THEN
        PERFORM redis.raise_syntax_error();
    ELSIF word = 'NOT' AND pg_catalog.cardinality(keys) > 1 THEN
        PERFORM redis.raise_error('ERR BITOP NOT must be called with a single source key.');
    END IF;
    done := redis.lock_keys(d, destination || ks);
    sources := ARRAY(SELECT coalesce(redis.read_string(d, u.k), '')
                     FROM pg_catalog.unnest(ks) AS u(k));
    length := (SELECT pg_catalog.max(pg_catalog.octet_length(u.v)) FROM pg_catalog.unnest(sources) AS u(v));
    IF length = 0 THEN
        IF redis.delete_key(d, destination) THEN
            done := redis.changed(d, destination, 'g', 'del');
        END IF;
        RETURN 0;
    END IF;
    FOR start IN 0 .. length - 1 BY chunk LOOP
        size := least(chunk, length - start);
        bits := NULL;
        FOR i IN 1 .. pg_catalog.cardinality(keys) LOOP
            digits := pg_catalog.encode(pg_catalog.substr(sources[i], start + 1, size), 'hex');
            operand := ('x' || pg_catalog.rpad(digits, 2 * size, '0'))::bit varying;
            bits := CASE WHEN word = 'NOT' THEN ~operand WHEN bits IS NULL THEN operand
                         WHEN word = 'AND' THEN bits & operand WHEN word = 'OR' THEN bits | operand ELSE bits # operand END;
        END LOOP;
        parts := parts || pg_catalog.substr(pg_catalog.varbit_send(bits), 5); -- behind the count of bits
    END LOOP;
    done := redis.put_string(d, destkey, (SELECT pg_catalog.string_agg(u.part, '' ORDER BY u.n)
                                          FROM pg_catalog.unnest(parts) WITH ORDINALITY AS u(part, n)));
    done := redis.changed(d, destination, '$', 'set');
    RETURN length;
END $$;
COMMENT ON FUNCTION public.redis_bitop(text, bytea, bytea[]) IS
'BITOP <AND | OR | XOR | NOT> destkey key [key ...]
Combines strings bit by bit, the shorter ones followed by zeros, stores the result and returns its length in bytes.
Where that is 0 the destination is deleted. Errors: WRONGTYPE, NOT with several keys.';
SELECT redis.register_command('bitop', 'redis_bitop', lane => 'slow', arity => -4,
  flags => 'write denyoom', categories => 'write bitmap slow',
  key_specs => '[{"flags": "OW update", "index": 2, "range": [0, 1, 0]}, {"flags": "RO access", "index": 3, "range": [-1, 1, 0]}]',
  since => '2.6.0', command_group => 'bitmap', complexity => 'O(N)',
  summary => 'Combines strings bit by bit and stores the result.',
  arguments => '[{"name": "operation", "type": "string"}, {"name": "destkey", "type": "key", "key_spec_index": 0}, {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]}]');

-- Both BITFIELD commands: the operations as in the command, one reply each (NULL: an overflow that fails). The key is locked,
-- unless only reading is allowed.
CREATE OR REPLACE FUNCTION redis.bitfield(d smallint, key bytea, operations text[], read_only boolean) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    n constant integer := pg_catalog.cardinality(operations);
    i integer := 1;
    word text;
    overflow text := 'WRAP';
    kind text;
    width integer;
    start bigint;
    -- the operations, side by side
    words text[] := '{}'::text[];
    overflows text[] := '{}'::text[];
    kinds text[] := '{}'::text[];
    starts bigint[] := '{}'::bigint[];
    amounts bigint[] := '{}'::bigint[];
    first_byte bigint;             -- the bytes that they span
    last_byte bigint;
    last_written bigint;           -- the last byte that they write
    length bigint;
    bytes bytea;                   -- what the string has from first_byte to last_byte, or further where it is written
    field bit(72);                 -- nine bytes hold any one field
    digits text;
    old numeric;
    new numeric;
    low numeric;
    high numeric;
    size numeric;
    results bigint[] := '{}'::bigint[];
    grown boolean;
    modified boolean := false;
    done boolean;
BEGIN
    WHILE i <= n LOOP
        word := pg_catalog.upper(operations[i]);
        IF word = 'OVERFLOW' AND i < n THEN
            overflow := pg_catalog.upper(operations[i + 1]);
            IF overflow NOT IN ('WRAP', 'SAT', 'FAIL') THEN
                PERFORM redis.raise_error('ERR Invalid OVERFLOW type specified');
            END IF;
            i := i + 2;
            CONTINUE;
        ELSIF NOT (word = 'GET' AND i + 2 <= n OR word IN ('SET', 'INCRBY') AND i + 3 <= n) THEN
            PERFORM redis.raise_syntax_error();
        END IF;
        kind := operations[i + 1];
        IF kind !~ '^(u([1-9]|[1-5][0-9]|6[0-3])|i([1-9]|[1-5][0-9]|6[0-4]))$' THEN
            PERFORM redis.raise_error(
                'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.');
        END IF;
        width := pg_catalog.substr(kind, 2)::integer;
        start := redis.parse_bit_offset(operations[i + 2], width);
        words := words || word;
        overflows := overflows || overflow;
        kinds := kinds || kind;
        starts := starts || start;
        amounts := amounts || CASE WHEN word <> 'GET' THEN redis.parse_integer(operations[i + 3]) END;
        first_byte := least(first_byte, start / 8);
        last_byte := greatest(last_byte, (start + width - 1) / 8);
        IF word <> 'GET' THEN
            last_written := greatest(last_written, (start + width - 1) / 8);
        END IF;
        i := i + CASE WHEN word = 'GET' THEN 3 ELSE 4 END;
    END LOOP;
    IF last_written IS NOT NULL AND read_only THEN
        PERFORM redis.raise_error('ERR BITFIELD_RO only supports the GET subcommand');
    END IF;

    length := redis.string_length(d, k);
    grown := coalesce(last_written >= coalesce(length, 0), false);
    bytes := '';
    IF first_byte < length THEN
        bytes := (SELECT pg_catalog.substr(x.value, first_byte::integer + 1, (last_byte - first_byte)::integer + 1)
                  FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
    END IF;
    bytes := bytes || redis.zero_bytes(greatest(last_written - first_byte + 1 - pg_catalog.octet_length(bytes), 0));

    FOR o IN 1 .. pg_catalog.cardinality(words) LOOP
        width := pg_catalog.substr(kinds[o], 2)::integer;
        low := CASE WHEN kinds[o] LIKE 'i%' THEN -pg_catalog.round(pg_catalog.power(2::numeric, width - 1)) ELSE 0 END;
        high := low + pg_catalog.round(pg_catalog.power(2::numeric, width)) - 1;
        i := (starts[o] / 8 - first_byte)::integer + 1;
        field := ('x' || pg_catalog.rpad(pg_catalog.encode(pg_catalog.substr(bytes, i, 9), 'hex'), 18, '0'))::bit(72);
        digits := pg_catalog.substring(field, (starts[o] % 8)::integer + 1, width)::text;
        old := pg_catalog.lpad(digits, 64, CASE WHEN low < 0 THEN pg_catalog.left(digits, 1) ELSE '0' END)::bit(64)::bigint;
        IF words[o] = 'GET' THEN
            results := results || old::bigint;
            CONTINUE;
        ELSIF words[o] = 'INCRBY' THEN
            new := old + amounts[o];
        ELSE
            -- to an unsigned field a negative number is a large one
            new := amounts[o] + CASE WHEN low = 0 AND amounts[o] < 0 THEN 18446744073709551616 ELSE 0 END;
        END IF;
        IF new NOT BETWEEN low AND high THEN
            IF overflows[o] = 'FAIL' THEN
                results := results || NULL::bigint;
                CONTINUE;
            ELSIF overflows[o] = 'SAT' THEN
                -- Redis takes its distance to the highest number in 64 bits, and one too far below for that to be above.
                new := CASE WHEN new > high OR words[o] = 'SET' AND width < 64 AND high - new > 9223372036854775807 THEN high ELSE low END;
            ELSE
                size := high - low + 1;
                new := low + ((new - low) % size + size) % size;
            END IF;
        END IF;
        results := results || CASE WHEN words[o] = 'SET' THEN old ELSE new END::bigint;
        modified := modified OR grown OR new <> old;
        digits := pg_catalog.right(new::bigint::bit(64)::text, width);
        field := pg_catalog.overlay(field, digits::bit varying, (starts[o] % 8)::integer + 1);
        bytes := pg_catalog.overlay(
            bytes, pg_catalog.substr(pg_catalog.varbit_send(field), 5, ((starts[o] % 8)::integer + width + 7) / 8), i);
    END LOOP;
    -- A string that is to be written grows, even when nothing could be.
    IF modified OR grown THEN
        PERFORM redis.write_range(d, key, first_byte, bytes);
    END IF;
    IF modified THEN
        done := redis.changed(d, k, '$', 'setbit');
    END IF;
    RETURN results;
END $$;

CREATE OR REPLACE FUNCTION public.redis_bitfield(key bytea, VARIADIC operations text[] DEFAULT '{}') RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.bitfield(d, key, operations, false);
END $$;
COMMENT ON FUNCTION public.redis_bitfield(bytea, text[]) IS
'BITFIELD key [GET type offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET type offset value | INCRBY type offset increment> ...]
Reads and writes integers of 1 to 64 bits anywhere in a string; returns what each operation read, or the value before a SET, or
the sum. Errors: WRONGTYPE, a type, offset or number that is none.';
SELECT redis.register_command('bitfield', 'redis_bitfield', arity => -2,
  flags => 'write denyoom', categories => 'write bitmap slow',
  key_specs => '[{"flags": "RW access update variable_flags", "index": 1, "range": [0, 1, 0]}]',
  since => '3.2.0', command_group => 'bitmap', complexity => 'O(1)',
  summary => 'Reads, sets and adds to integers of any width in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "operation", "type": "oneof", "flags": ["optional", "multiple"], "arguments": [{"name": "encoding_offset", "type": "block", "token": "GET", "arguments": [{"name": "encoding", "type": "string"}, {"name": "offset", "type": "integer"}]}, {"name": "write", "type": "block", "arguments": [{"name": "wrap_sat_fail", "type": "oneof", "token": "OVERFLOW", "flags": ["optional"], "arguments": [{"name": "wrap", "type": "pure-token", "token": "WRAP"}, {"name": "sat", "type": "pure-token", "token": "SAT"}, {"name": "fail", "type": "pure-token", "token": "FAIL"}]}, {"name": "write_operation", "type": "oneof", "arguments": [{"name": "encoding_offset_value", "type": "block", "token": "SET", "arguments": [{"name": "encoding", "type": "string"}, {"name": "offset", "type": "integer"}, {"name": "value", "type": "integer"}]}, {"name": "encoding_offset_increment", "type": "block", "token": "INCRBY", "arguments": [{"name": "encoding", "type": "string"}, {"name": "offset", "type": "integer"}, {"name": "increment", "type": "integer"}]}]}]}]}]');

CREATE OR REPLACE FUNCTION public.redis_bitfield_ro(key bytea, VARIADIC operations text[] DEFAULT '{}') RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.bitfield(redis.db(), key, operations, true);
END $$;
COMMENT ON FUNCTION public.redis_bitfield_ro(bytea, text[]) IS
'BITFIELD_RO key [GET type offset ...]
Reads integers of 1 to 64 bits anywhere in a string.
Errors: WRONGTYPE, a type or offset that is none, a subcommand other than GET.';
SELECT redis.register_command('bitfield_ro', 'redis_bitfield_ro', arity => -2,
  flags => 'readonly fast', categories => 'read bitmap fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '6.0.0', command_group => 'bitmap', complexity => 'O(1)',
  summary => 'Reads integers of any width from a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "encoding_offset", "type": "block", "token": "GET", "flags": ["optional", "multiple", "multiple_token"], "arguments": [{"name": "encoding", "type": "string"}, {"name": "offset", "type": "integer"}]}]');
