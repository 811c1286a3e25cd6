-- Lua scripts and libraries: where they are kept, for all proxies. Compiling and running them is the proxies' work, so EVAL, FCALL and
-- their kin have no function here. Proxies keep copies; NOTIFY tells them when a copy may be wrong.

-- SHA-1, which names scripts in Redis's protocol; Postgres has none without an extension.
CREATE OR REPLACE FUNCTION redis.sha1(message bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    mask constant bigint := 4294967295;
    bytes constant bigint := pg_catalog.octet_length(message);
    padded constant bytea := message || '\x80'::bytea || pg_catalog.decode(pg_catalog.repeat('00', ((119 - bytes % 64) % 64)::integer), 'hex')
        || pg_catalog.int8send(bytes * 8);
    w bigint[];
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    a bigint; b bigint; c bigint; d bigint; e bigint;
    f bigint;
    k bigint;
    x bigint;
    at integer := 0;
BEGIN
    WHILE at < pg_catalog.octet_length(padded) LOOP
        FOR i IN 0 .. 15 LOOP
            w[i] := (pg_catalog.get_byte(padded, at + 4 * i)::bigint << 24) | (pg_catalog.get_byte(padded, at + 4 * i + 1) << 16)
                | (pg_catalog.get_byte(padded, at + 4 * i + 2) << 8) | pg_catalog.get_byte(padded, at + 4 * i + 3);
        END LOOP;
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR i IN 0 .. 79 LOOP
            IF i >= 16 THEN
                x := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
                w[i] := ((x << 1) | (x >> 31)) & mask;
            END IF;
            IF i < 20 THEN
                f := (b & c) | ((mask # b) & d);
                k := 1518500249;
            ELSIF i < 40 THEN
                f := b # c # d;
                k := 1859775393;
            ELSIF i < 60 THEN
                f := (b & c) | (b & d) | (c & d);
                k := 2400959708;
            ELSE
                f := b # c # d;
                k := 3395469782;
            END IF;
            x := (((a << 5) | (a >> 27)) & mask) + f + e + k + w[i];
            e := d;
            d := c;
            c := ((b << 30) | (b >> 2)) & mask;
            b := a;
            a := x & mask;
        END LOOP;
        h := ARRAY[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
        at := at + 64;
    END LOOP;
    RETURN (SELECT pg_catalog.string_agg(pg_catalog.lpad(pg_catalog.to_hex(u.word), 8, '0'), '' ORDER BY u.n)
            FROM pg_catalog.unnest(h) WITH ORDINALITY AS u(word, n));
END $$;

-- What a proxy sends ahead of several scripts that share a transaction: sets the database number, and locks all their keys in the global
-- order, for which it waits no longer than a batch does.
CREATE OR REPLACE FUNCTION redis.begin_scripts(d smallint, keys bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
    PERFORM redis.begin_batch(d, keys);
END $$;
COMMENT ON FUNCTION redis.begin_scripts(smallint, bytea[]) IS
'For proxies: the beginning of a transaction that scripts share. Locks their keys.';

-- Keeps a script for EVALSHA. What is there already stays.
CREATE OR REPLACE FUNCTION redis.store_script(sha text, body bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO redis.scripts AS s (sha, body) VALUES (store_script.sha, store_script.body) ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION redis.store_script(text, bytea) IS 'For proxies: keeps a script that compiles.';

-- The text of a script, NULL when it is not known.
CREATE OR REPLACE FUNCTION redis.script(sha text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT s.body FROM redis.scripts s WHERE s.sha = script.sha
$$;
COMMENT ON FUNCTION redis.script(text) IS 'For proxies: the text of a script by its SHA-1.';

CREATE OR REPLACE FUNCTION public.redis_script_load(script bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    sha constant text := redis.sha1(script);
BEGIN
    PERFORM redis.store_script(sha, script);
    RETURN sha;
END $$;
COMMENT ON FUNCTION public.redis_script_load(bytea) IS
'SCRIPT LOAD script
Keeps a Lua script for EVALSHA and returns the SHA-1 of its text, its name. Through a proxy it must compile; here nothing can try.';
SELECT redis.register_command('script|load', 'redis_script_load', reply => 'bulk', arity => 3,
  flags => 'noscript stale', categories => 'slow scripting',
  tips => 'request_policy:all_nodes response_policy:all_succeeded',
  since => '2.6.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Keeps a script, to be run by its SHA-1.',
  arguments => '[{"name": "script", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_script_exists(VARIADIC shas text[]) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT pg_catalog.array_agg(pg_catalog.num_nonnulls(s.sha)::bigint ORDER BY u.n)
    FROM pg_catalog.unnest(shas) WITH ORDINALITY AS u(sha, n) LEFT JOIN redis.scripts s ON s.sha = pg_catalog.lower(u.sha)
$$;
COMMENT ON FUNCTION public.redis_script_exists(text[]) IS
'SCRIPT EXISTS sha1 [sha1 ...]
For each name 1 when the script is known, else 0.';
SELECT redis.register_command('script|exists', 'redis_script_exists', arity => -3,
  flags => 'noscript', categories => 'slow scripting',
  tips => 'request_policy:all_shards response_policy:agg_logical_and',
  since => '2.6.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Tells which scripts are known.',
  arguments => '[{"name": "sha1", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_script_flush(VARIADIC options text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.cardinality(options) > 1 OR pg_catalog.upper(options[1]) NOT IN ('SYNC', 'ASYNC') THEN
        PERFORM redis.raise_error('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
    END IF;
    DELETE FROM redis.scripts;
    PERFORM pg_catalog.pg_notify('redis', 'scripts');
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_script_flush(text[]) IS
'SCRIPT FLUSH [ASYNC|SYNC]
Forgets all scripts. Errors: any other option.';
SELECT redis.register_command('script|flush', 'redis_script_flush', arity => -2,
  flags => 'noscript', categories => 'slow scripting',
  tips => 'request_policy:all_nodes response_policy:all_succeeded',
  since => '2.6.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Forgets all scripts.',
  arguments => '[{"name": "async", "type": "oneof", "since": "6.2.0", "flags": ["optional"], "arguments": [{"name": "async", "type": "pure-token", "token": "ASYNC"}, {"name": "sync", "type": "pure-token", "token": "SYNC"}]}]');

CREATE OR REPLACE FUNCTION public.redis_script_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'SCRIPT <subcommand> [<arg> ...]. Subcommands:',
        'DEBUG (YES|SYNC|NO)',
        '    There is no debugger; NO is accepted.',
        'EXISTS <sha1> [<sha1> ...]',
        '    Which scripts are known, to all proxies.',
        'FLUSH [ASYNC|SYNC]',
        '    Forgets all scripts.',
        'KILL',
        '    Ends the script that has kept this proxy busy longest, unless it has written.',
        'LOAD <script>',
        '    Keeps a script for EVALSHA.',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_script_help() IS
'SCRIPT HELP
The subcommands of SCRIPT.';
SELECT redis.register_command('script|help', 'redis_script_help', arity => 2,
  flags => 'loading stale', categories => 'slow scripting',
  since => '5.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Lists the subcommands of SCRIPT.');

-- All libraries as a proxy loads them.
CREATE OR REPLACE FUNCTION redis.libraries() RETURNS TABLE (name text, code bytea)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT l.name, l.code FROM redis.libraries l ORDER BY l.name
$$;
COMMENT ON FUNCTION redis.libraries() IS 'For proxies: all libraries.';

-- Library and function names are compared over all libraries, so changes of them come one after another.
CREATE OR REPLACE FUNCTION redis.change_libraries() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE redis.libraries IN SHARE ROW EXCLUSIVE MODE;
    PERFORM pg_catalog.pg_notify('redis', 'libraries');
    RETURN true;
END $$;

-- Puts libraries in place that a proxy has loaded: policy is load, replace, append or flush (of FUNCTION RESTORE). Each description is
-- {"name", "engine", "functions": [{"name", "description" (hexadecimal, or null), "flags"}]}, without functions when the code does not load.
-- Answers how many are in place: fewer than there are when one did not load, whose error the proxy has to tell then, and none is.
CREATE OR REPLACE FUNCTION redis.store_libraries(policy text, codes bytea[], descriptions jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean := redis.change_libraries();
    names text[] := ARRAY[]::text[];
    known text[] := ARRAY[]::text[];
    library jsonb;
    new_name text;
    taken text;
BEGIN
    FOR i IN 1 .. pg_catalog.cardinality(codes) LOOP
        library := descriptions -> (i - 1);
        new_name := library ->> 'name';
        IF new_name = ANY (names) OR policy = 'load' AND EXISTS (SELECT FROM redis.libraries l WHERE l.name = new_name) THEN
            PERFORM redis.raise_error(pg_catalog.format('ERR Library ''%s'' already exists', new_name));
        ELSIF library -> 'functions' IS NULL THEN
            RETURN i - 1;
        END IF;
        SELECT pg_catalog.min(f.function ->> 'name') INTO taken
        FROM pg_catalog.jsonb_array_elements(library -> 'functions') AS f(function)
        WHERE pg_catalog.lower(f.function ->> 'name') = ANY (known);
        IF taken IS NOT NULL THEN
            PERFORM redis.raise_error(pg_catalog.format('ERR Function %s already exists', taken));
        END IF;
        names := names || new_name;
        known := known || ARRAY(SELECT pg_catalog.lower(f.function ->> 'name')
                                FROM pg_catalog.jsonb_array_elements(library -> 'functions') AS f(function));
    END LOOP;

    SELECT pg_catalog.min(l.name) INTO taken FROM redis.libraries l WHERE policy = 'append' AND l.name = ANY (names);
    IF taken IS NOT NULL THEN
        PERFORM redis.raise_error(pg_catalog.format('ERR Library %s already exists', taken));
    END IF;
    DELETE FROM redis.library_functions f WHERE policy = 'flush' OR f.library = ANY (names);
    DELETE FROM redis.libraries l WHERE policy = 'flush' OR l.name = ANY (names);
    SELECT pg_catalog.min(n.function ->> 'name') INTO taken
    FROM pg_catalog.jsonb_array_elements(descriptions) AS d(library), pg_catalog.jsonb_array_elements(d.library -> 'functions') AS n(function)
    JOIN redis.library_functions f ON pg_catalog.lower(f.name) = pg_catalog.lower(n.function ->> 'name');
    IF taken IS NOT NULL THEN
        PERFORM redis.raise_error(pg_catalog.format('ERR Function %s already exists', taken));
    END IF;

    INSERT INTO redis.libraries (name, engine, code)
    SELECT names[u.n], descriptions -> (u.n - 1)::integer ->> 'engine', u.code FROM pg_catalog.unnest(codes) WITH ORDINALITY AS u(code, n);
    INSERT INTO redis.library_functions (library, name, position, description, flags)
    SELECT d.library ->> 'name', n.function ->> 'name', n.position, pg_catalog.decode(n.function ->> 'description', 'hex'),
           ARRAY(SELECT pg_catalog.jsonb_array_elements_text(n.function -> 'flags'))
    FROM pg_catalog.jsonb_array_elements(descriptions) AS d(library),
         pg_catalog.jsonb_array_elements(d.library -> 'functions') WITH ORDINALITY AS n(function, position);
    RETURN pg_catalog.cardinality(codes);
END $$;
COMMENT ON FUNCTION redis.store_libraries(text, bytea[], jsonb) IS
'For proxies: FUNCTION LOAD and FUNCTION RESTORE, when the libraries'' code has been run.';

SELECT redis.register_command('function|load', NULL, arity => -3,
  flags => 'write denyoom noscript', categories => 'write slow scripting',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Loads a library of functions.',
  arguments => '[{"name": "replace", "type": "pure-token", "token": "REPLACE", "flags": ["optional"]}, {"name": "function-code", "type": "string"}]');

SELECT redis.register_command('function|restore', NULL, arity => -3,
  flags => 'write denyoom noscript', categories => 'write slow scripting',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Loads the libraries of a FUNCTION DUMP.',
  arguments => '[{"name": "serialized-value", "type": "string"}, {"name": "policy", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "flush", "type": "pure-token", "token": "FLUSH"}, {"name": "append", "type": "pure-token", "token": "APPEND"}, {"name": "replace", "type": "pure-token", "token": "REPLACE"}]}]');

CREATE OR REPLACE FUNCTION public.redis_function_delete(library_name text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean := redis.change_libraries();
BEGIN
    DELETE FROM redis.libraries l WHERE l.name = library_name;
    IF NOT FOUND THEN
        PERFORM redis.raise_error('ERR Library not found');
    END IF;
    DELETE FROM redis.library_functions f WHERE f.library = library_name;
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_function_delete(text) IS
'FUNCTION DELETE library-name
Deletes a library and its functions. Errors: there is no such library.';
SELECT redis.register_command('function|delete', 'redis_function_delete', arity => 3,
  flags => 'write noscript', categories => 'write slow scripting',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Deletes a library.',
  arguments => '[{"name": "library-name", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_function_flush(option text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean;
BEGIN
    IF pg_catalog.upper(option) NOT IN ('SYNC', 'ASYNC') THEN
        PERFORM redis.raise_error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    END IF;
    done := redis.change_libraries();
    DELETE FROM redis.libraries;
    DELETE FROM redis.library_functions;
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_function_flush(text) IS
'FUNCTION FLUSH [ASYNC|SYNC]
Deletes all libraries. Errors: any other option.';
SELECT redis.register_command('function|flush', 'redis_function_flush', arity => -2,
  flags => 'write noscript', categories => 'write slow scripting',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Deletes all libraries.',
  arguments => '[{"name": "async", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "async", "type": "pure-token", "token": "ASYNC"}, {"name": "sync", "type": "pure-token", "token": "SYNC"}]}]');

CREATE OR REPLACE FUNCTION public.redis_function_list(
    VARIADIC options text[] DEFAULT '{}', OUT library_name text, OUT engine text, OUT functions text[], OUT descriptions bytea[],
    OUT flags text[], OUT library_code bytea) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    regex text;
    with_code boolean := false;
    i integer := 1;
BEGIN
    WHILE i <= pg_catalog.cardinality(options) LOOP
        IF pg_catalog.upper(options[i]) = 'WITHCODE' AND NOT with_code THEN
            with_code := true;
        ELSIF pg_catalog.upper(options[i]) = 'LIBRARYNAME' AND regex IS NULL THEN
            i := i + 1;
            IF i > pg_catalog.cardinality(options) THEN
                PERFORM redis.raise_error('ERR library name argument was not given');
            END IF;
            regex := redis.glob_regex(pg_catalog.convert_to(pg_catalog.lower(options[i]), 'UTF8'), true);
        ELSE
            PERFORM redis.raise_error('ERR Unknown argument ' || options[i]);
        END IF;
        i := i + 1;
    END LOOP;
    RETURN QUERY
    SELECT l.name, l.engine, pg_catalog.array_agg(f.name ORDER BY f.position), pg_catalog.array_agg(f.description ORDER BY f.position),
           pg_catalog.array_agg(pg_catalog.array_to_string(f.flags, ' ') ORDER BY f.position), CASE WHEN with_code THEN l.code END
    FROM redis.libraries l JOIN redis.library_functions f ON f.library = l.name
    WHERE regex IS NULL OR redis.glob_match(pg_catalog.convert_to(pg_catalog.lower(l.name), 'UTF8'), regex)
    GROUP BY l.name ORDER BY l.name;
END $$;
COMMENT ON FUNCTION public.redis_function_list(text[]) IS
'FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
The libraries, each with its functions, their descriptions and flags, and with WITHCODE its code. Errors: any other argument.';
SELECT redis.register_command('function|list', 'redis_function_list', arity => -2,
  flags => 'noscript', categories => 'slow scripting',
  tips => 'nondeterministic_output_order',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Lists libraries and their functions.',
  arguments => '[{"name": "library-name-pattern", "type": "string", "token": "LIBRARYNAME", "flags": ["optional"]}, {"name": "withcode", "type": "pure-token", "token": "WITHCODE", "flags": ["optional"]}]');

-- How many libraries and functions there are, for FUNCTION STATS.
CREATE OR REPLACE FUNCTION redis.count_libraries(OUT libraries bigint, OUT functions bigint)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT (SELECT pg_catalog.count(*) FROM redis.libraries), (SELECT pg_catalog.count(*) FROM redis.library_functions)
$$;
COMMENT ON FUNCTION redis.count_libraries() IS 'For proxies: how many libraries and functions there are.';

SELECT redis.register_command('function|stats', NULL, arity => 2,
  flags => 'noscript allow_busy', categories => 'slow scripting',
  tips => 'nondeterministic_output request_policy:all_shards response_policy:special',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Tells what function runs, and how many there are.');

SELECT redis.register_command('function|kill', NULL, arity => 2,
  flags => 'noscript allow_busy', categories => 'slow scripting',
  tips => 'request_policy:all_shards response_policy:one_succeeded',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Ends the function that runs longest.');

SELECT redis.register_command('script|kill', NULL, arity => 2,
  flags => 'noscript allow_busy', categories => 'slow scripting',
  tips => 'request_policy:all_shards response_policy:one_succeeded',
  since => '2.6.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Ends the script that runs longest.');

SELECT redis.register_command('script|debug', NULL, arity => 3,
  flags => 'noscript', categories => 'slow scripting',
  since => '3.2.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Would debug scripts.',
  arguments => '[{"name": "mode", "type": "oneof", "arguments": [{"name": "yes", "type": "pure-token", "token": "YES"}, {"name": "sync", "type": "pure-token", "token": "SYNC"}, {"name": "no", "type": "pure-token", "token": "NO"}]}]');

-- A run of bytes as RDB files have it.
CREATE OR REPLACE FUNCTION redis.rdb_string(bytes bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(bytes) < 64 THEN pg_catalog.substr(pg_catalog.int2send(pg_catalog.octet_length(bytes)::smallint), 2)
                WHEN pg_catalog.octet_length(bytes) < 16384 THEN pg_catalog.int2send((pg_catalog.octet_length(bytes) | 16384)::smallint)
                ELSE '\x80'::bytea || pg_catalog.int4send(pg_catalog.octet_length(bytes)) END || bytes
$$;

-- Redis's CRC-64 of RDB files and DUMP, in the eight bytes it has there.
CREATE OR REPLACE FUNCTION redis.crc64(bytes bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    low56 constant bigint := 72057594037927935; -- what >> 8 leaves, which would drag the sign along
    tab bigint[];
    crc bigint;
BEGIN
    FOR i IN 0 .. 255 LOOP
        crc := i;
        FOR bit IN 1 .. 8 LOOP
            crc := ((crc >> 1) & 9223372036854775807) # CASE WHEN crc & 1 = 1 THEN -7661587058870466123 ELSE 0 END;
        END LOOP;
        tab[i] := crc;
    END LOOP;
    crc := 0;
    FOR i IN 0 .. pg_catalog.octet_length(bytes) - 1 LOOP
        crc := tab[(crc & 255) # pg_catalog.get_byte(bytes, i)] # ((crc >> 8) & low56);
    END LOOP;
    RETURN redis.reverse_bytes(pg_catalog.int8send(crc));
END $$;

CREATE OR REPLACE FUNCTION redis.reverse_bytes(bytes bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(pg_catalog.string_agg(pg_catalog.substr(bytes, i, 1), ''::bytea ORDER BY i DESC), '')
    FROM pg_catalog.generate_series(1, pg_catalog.octet_length(bytes)) AS i
$$;

CREATE OR REPLACE FUNCTION public.redis_function_dump() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    -- Each library: opcode 245 and its code; then the RDB version, 10, and the checksum of all that.
    SELECT d.payload || redis.crc64(d.payload)
    FROM (SELECT coalesce(pg_catalog.string_agg('\xf5'::bytea || redis.rdb_string(l.code), ''::bytea ORDER BY l.name), '') || '\x0a00'::bytea
          FROM redis.libraries l) AS d(payload)
$$;
COMMENT ON FUNCTION public.redis_function_dump() IS
'FUNCTION DUMP
All libraries as bytes that FUNCTION RESTORE takes, here and in Redis.';
SELECT redis.register_command('function|dump', 'redis_function_dump', arity => 2,
  flags => 'noscript', categories => 'slow scripting',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(N)',
  summary => 'Returns all libraries, serialized.');

-- LZF, as Redis compresses strings in RDB files and DUMP. NULL when it is not size bytes of that.
CREATE OR REPLACE FUNCTION redis.lzf_decompress(packed bytea, size bigint) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    bytes constant integer := pg_catalog.octet_length(packed);
    plain bytea := ''::bytea;
    at integer := 0;
    control integer;
    length integer;
    distance integer;
    piece bytea;
BEGIN
    WHILE at < bytes LOOP
        control := pg_catalog.get_byte(packed, at);
        at := at + 1;
        IF control < 32 THEN
            plain := plain || pg_catalog.substr(packed, at + 1, control + 1);
            at := at + control + 1;
        ELSE
            length := control >> 5;
            IF at + (CASE WHEN length = 7 THEN 2 ELSE 1 END) > bytes THEN
                RETURN NULL;
            END IF;
            IF length = 7 THEN
                length := length + pg_catalog.get_byte(packed, at);
                at := at + 1;
            END IF;
            length := length + 2;
            distance := ((control & 31) << 8) + pg_catalog.get_byte(packed, at) + 1;
            at := at + 1;
            IF distance > pg_catalog.octet_length(plain) THEN
                RETURN NULL;
            END IF;
            -- What is referred to may reach into what it makes.
            piece := pg_catalog.substr(plain, pg_catalog.octet_length(plain) - distance + 1, length);
            WHILE pg_catalog.octet_length(piece) < length LOOP
                piece := piece || piece;
            END LOOP;
            plain := plain || pg_catalog.substr(piece, 1, length);
        END IF;
        IF pg_catalog.octet_length(plain) > size THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN CASE WHEN at = bytes AND pg_catalog.octet_length(plain) = size THEN plain END;
END $$;

-- A length in an RDB file at a byte (counted from 0), or, when encoded, the number of an encoding; both NULL when the bytes end before.
CREATE OR REPLACE FUNCTION redis.rdb_length(bytes bytea, at bigint, OUT length bigint, OUT encoding integer, OUT next bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    left_over constant bigint := pg_catalog.octet_length(bytes) - at;
    first integer;
BEGIN
    IF left_over < 1 THEN
        RETURN;
    END IF;
    first := pg_catalog.get_byte(bytes, at::integer);
    IF first < 64 THEN
        length := first;
        next := at + 1;
    ELSIF first < 128 AND left_over >= 2 THEN
        length := ((first & 63) << 8) | pg_catalog.get_byte(bytes, at::integer + 1);
        next := at + 2;
    ELSIF first = 128 AND left_over >= 5 THEN
        length := ('x' || pg_catalog.encode(pg_catalog.substr(bytes, at::integer + 2, 4), 'hex'))::bit(32)::bigint;
        next := at + 5;
    ELSIF first = 129 AND left_over >= 9 THEN
        length := ('x' || pg_catalog.encode(pg_catalog.substr(bytes, at::integer + 2, 8), 'hex'))::bit(64)::bigint;
        next := at + 9;
    ELSIF first >= 192 THEN
        encoding := first & 63;
        next := at + 1;
    END IF;
END $$;

-- The libraries' codes in the payload of a FUNCTION DUMP, of this or of Redis.
CREATE OR REPLACE FUNCTION redis.read_function_dump(payload bytea) RETURNS SETOF bytea
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$
DECLARE
    size constant integer := pg_catalog.octet_length(payload) - 10; -- behind it the version and the checksum
    body constant bytea := pg_catalog.substr(payload, 1, greatest(size, 0));
    at bigint := 0;
    r record;
    packed record;
    code bytea;
BEGIN
    IF size < 0 OR pg_catalog.get_byte(payload, size) + (pg_catalog.get_byte(payload, size + 1) << 8) > 10
        OR redis.crc64(pg_catalog.substr(payload, 1, size + 2)) <> pg_catalog.substr(payload, size + 3) THEN
        PERFORM redis.raise_error('ERR DUMP payload version or checksum are wrong');
    END IF;
    WHILE at < size LOOP
        IF pg_catalog.get_byte(body, at::integer) = 246 THEN -- the format of a release candidate
            PERFORM redis.raise_error('ERR Failed loading library name');
        ELSIF pg_catalog.get_byte(body, at::integer) <> 245 THEN
            PERFORM redis.raise_error('ERR given type is not a function');
        END IF;
        code := NULL;
        r := redis.rdb_length(body, at + 1);
        IF r.length BETWEEN 0 AND size - r.next THEN
            code := pg_catalog.substr(body, r.next::integer + 1, r.length::integer);
            at := r.next + r.length;
        ELSIF r.encoding BETWEEN 0 AND 2 AND r.next + (1 << r.encoding) <= size THEN
            code := '0'; -- a number, whichever: no library
            at := r.next + (1 << r.encoding);
        ELSIF r.encoding = 3 THEN
            packed := redis.rdb_length(body, r.next);
            r := redis.rdb_length(body, packed.next);
            IF packed.length BETWEEN 0 AND size - r.next AND r.length >= 0 THEN
                code := redis.lzf_decompress(pg_catalog.substr(body, r.next::integer + 1, packed.length::integer), r.length);
                at := r.next + packed.length;
            END IF;
        END IF;
        IF code IS NULL THEN
            PERFORM redis.raise_error('ERR Failed loading library payload');
        END IF;
        RETURN NEXT code;
    END LOOP;
END $$;
COMMENT ON FUNCTION redis.read_function_dump(bytea) IS
'For proxies: the code of each library in a FUNCTION DUMP. Errors: it is none, or damaged.';

CREATE OR REPLACE FUNCTION public.redis_function_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'FUNCTION <subcommand> [<arg> ...]. Subcommands:',
        'DELETE <library-name>',
        '    Deletes a library.',
        'DUMP',
        '    All libraries, serialized.',
        'FLUSH [ASYNC|SYNC]',
        '    Deletes all libraries.',
        'KILL',
        '    Ends the function that has kept this proxy busy longest, unless it has written.',
        'LIST [LIBRARYNAME <pattern>] [WITHCODE]',
        '    The libraries and their functions.',
        'LOAD [REPLACE] <code>',
        '    Loads a library.',
        'RESTORE <payload> [APPEND|FLUSH|REPLACE]',
        '    Loads the libraries of a DUMP.',
        'STATS',
        '    What function runs on this proxy, and how many there are.',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_function_help() IS
'FUNCTION HELP
The subcommands of FUNCTION.';
SELECT redis.register_command('function|help', 'redis_function_help', arity => 2,
  flags => 'loading stale', categories => 'slow scripting',
  since => '7.0.0', command_group => 'scripting', complexity => 'O(1)',
  summary => 'Lists the subcommands of FUNCTION.');

SELECT redis.register_command('function', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '7.0.0', command_group => 'scripting', complexity => '',
  summary => 'About libraries of functions.');

SELECT redis.register_command('script', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.6.0', command_group => 'scripting', complexity => '',
  summary => 'About scripts.');

SELECT redis.register_command('eval', NULL, arity => -3,
  flags => 'noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RW access update", "index": 2, "keynum": [0, 1, 1]}]',
  since => '2.6.0', command_group => 'scripting', complexity => '',
  summary => 'Runs a Lua script.',
  arguments => '[{"name": "script", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('eval_ro', NULL, arity => -3,
  flags => 'readonly noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'scripting', complexity => '',
  summary => 'Runs a Lua script that only reads.',
  arguments => '[{"name": "script", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('evalsha', NULL, arity => -3,
  flags => 'noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RW access update", "index": 2, "keynum": [0, 1, 1]}]',
  since => '2.6.0', command_group => 'scripting', complexity => '',
  summary => 'Runs a Lua script that is known, by its SHA-1.',
  arguments => '[{"name": "sha1", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('evalsha_ro', NULL, arity => -3,
  flags => 'readonly noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'scripting', complexity => '',
  summary => 'Runs a known Lua script that only reads.',
  arguments => '[{"name": "sha1", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('fcall', NULL, arity => -3,
  flags => 'noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RW access update", "index": 2, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'scripting', complexity => '',
  summary => 'Calls a function of a library.',
  arguments => '[{"name": "function", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('fcall_ro', NULL, arity => -3,
  flags => 'readonly noscript stale skip_monitor no_mandatory_keys movablekeys', categories => 'slow scripting',
  key_specs => '[{"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'scripting', complexity => '',
  summary => 'Calls a function of a library that only reads.',
  arguments => '[{"name": "function", "type": "string"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["optional", "multiple"]}, {"name": "arg", "type": "string", "flags": ["optional", "multiple"]}]');
