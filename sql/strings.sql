-- Strings: the value is in the key's row. (The hot statements look for its newest version first: see lists.sql.)

-- Building blocks. Those that write expect the key to be locked, and leave the event to the caller.

-- The value of a string; NULL when the key is absent.
CREATE OR REPLACE FUNCTION redis.read_string(
    d smallint, k bytea, wrong_type text DEFAULT 'WRONGTYPE Operation against a key holding the wrong kind of value')
RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    key_type "char";
    expiry bigint;
    result bytea;
BEGIN
    SELECT x.type, x.expires_at, x.value INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k
    ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    IF key_type <> 's' THEN
        PERFORM redis.raise_error(wrong_type);
    END IF;
    RETURN result;
END $$;

-- Its length, without reading the value; NULL when the key is absent.
CREATE OR REPLACE FUNCTION redis.string_length(d smallint, k bytea) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    key_type "char";
    expiry bigint;
    result bigint;
BEGIN
    SELECT x.type, x.expires_at, pg_catalog.octet_length(x.value) INTO key_type, expiry, result
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    IF key_type <> 's' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;

-- Makes key a string of this value and expiry, whatever it was before. Always true.
CREATE OR REPLACE FUNCTION redis.put_string(d smallint, key bytea, value bytea, expires_at bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    old_type "char";
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        value = put_string.value, expires_at = put_string.expires_at,
        sweep_at = CASE WHEN put_string.expires_at IS NULL OR put_string.expires_at >= x.sweep_at THEN x.sweep_at
                        ELSE redis.schedule_sweep(d, k, x.id, put_string.expires_at, x.sweep_at) END
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.type INTO old_type;
    RETURN old_type = 's' OR redis.add_string(d, key, old_type, value, expires_at);
END $$;

-- The same for a key that is no string; old_type is its type, NULL when it is absent.
CREATE OR REPLACE FUNCTION redis.add_string(d smallint, key bytea, old_type "char", value bytea, expires_at bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    done boolean;
BEGIN
    IF old_type IS NOT NULL THEN
        done := redis.delete_key(d, redis.index_key(key));
    END IF;
    RETURN redis.create_key(d, key, 's', value, expires_at) > 0;
END $$;

-- Replaces the value of a string and keeps its expiry; creates it when the key is absent.
CREATE OR REPLACE FUNCTION redis.replace_string(d smallint, key bytea, value bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
BEGIN
    UPDATE redis.keys x SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid), value = replace_string.value
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 's' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms());
    RETURN FOUND OR redis.put_string(d, key, value);
END $$;

-- So many zero bytes.
CREATE OR REPLACE FUNCTION redis.zero_bytes(n bigint) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF n > 67108864 THEN -- as hexadecimal text it would come near the 1 GB that a value may have
        RETURN redis.zero_bytes(n / 2) || redis.zero_bytes(n - n / 2);
    END IF;
    RETURN pg_catalog.decode(pg_catalog.repeat('00', n::integer), 'hex');
END $$;

-- Overwrites a string from an offset on, with zero bytes before it where the string is shorter or the key absent; returns the
-- new length. The key is a string or absent.
CREATE OR REPLACE FUNCTION redis.write_range(d smallint, key bytea, start bigint, bytes bytea) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    result bigint;
    done boolean;
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        value = CASE WHEN start <= pg_catalog.octet_length(x.value)
                     THEN pg_catalog.overlay(x.value, bytes, start::integer + 1)
                     ELSE x.value || redis.zero_bytes(start - pg_catalog.octet_length(x.value)) || bytes END
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 's' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    RETURNING pg_catalog.octet_length(x.value) INTO result;
    IF NOT FOUND THEN
        done := redis.put_string(d, key, redis.zero_bytes(start) || bytes);
        result := start + pg_catalog.octet_length(bytes);
    END IF;
    RETURN result;
END $$;

-- No string may become longer than 512 MiB.
CREATE OR REPLACE FUNCTION redis.check_string_length(n numeric) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF n > 536870912 THEN
        PERFORM redis.raise_error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    END IF;
    RETURN true;
END $$;

-- The moment that EX, PX, EXAT or PXAT (option) means, in milliseconds since the epoch.
CREATE OR REPLACE FUNCTION redis.absolute_expiry(option text, n bigint, command text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    last constant bigint := 9223372036854775807;
    ms bigint := n;
    base bigint := 0;
BEGIN
    IF n > 0 AND (option LIKE 'P%' OR n <= last / 1000) THEN
        IF option LIKE 'E%' THEN
            ms := n * 1000;
        END IF;
        IF option NOT LIKE '%AT' THEN
            base := redis.now_ms();
        END IF;
        IF ms <= last - base THEN
            RETURN base + ms;
        END IF;
    END IF;
    PERFORM redis.raise_error(pg_catalog.format('ERR invalid expire time in ''%s'' command', command));
END $$;

-- Reading

CREATE OR REPLACE FUNCTION public.redis_get(key bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_type "char";
    expiry bigint;
    result bytea;
BEGIN
    SELECT x.type, x.expires_at, x.value INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k
    ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    IF key_type <> 's' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_get(bytea) IS
'GET key
The value of a string; NULL when the key is absent. Errors: WRONGTYPE.';
-- Many GETs at once.
CREATE OR REPLACE FUNCTION redis.batch_get(keys bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT (SELECT CASE WHEN x.expires_at <= now THEN NULL WHEN x.type = 's' THEN x.value ELSE redis.no_string() END
            FROM redis.keys x WHERE x.db = d AND x.key = redis.index_key(u.key) ORDER BY x.turn DESC LIMIT 1)
    FROM pg_catalog.unnest(keys) AS u(key);
END $$;

CREATE OR REPLACE FUNCTION redis.no_string() RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM redis.raise_wrongtype();
    RETURN NULL;
END $$;
SELECT redis.register_command('get', 'redis_get', arity => 2, batch => 'redis.batch_get',
  flags => 'readonly fast', categories => 'read string fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Returns the value of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_strlen(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN coalesce(redis.string_length(redis.db(), redis.index_key(key)), 0);
END $$;
COMMENT ON FUNCTION public.redis_strlen(bytea) IS
'STRLEN key
How many bytes a string has; 0 when the key is absent. Errors: WRONGTYPE.';
-- Many STRLENs at once.
CREATE OR REPLACE FUNCTION redis.batch_strlen(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT coalesce((SELECT CASE WHEN x.expires_at <= now THEN NULL WHEN x.type = 's' THEN pg_catalog.octet_length(x.value)
                                 ELSE redis.one_by_one() END
                     FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1), 0)
    FROM pg_catalog.unnest(redis.index_keys(keys)) AS u(k);
END $$;
SELECT redis.register_command('strlen', 'redis_strlen', arity => 2, batch => 'redis.batch_strlen',
  flags => 'readonly fast', categories => 'read string fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Returns the length of a string in bytes.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_getrange(key bytea, start bigint, stop bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    length constant bigint := coalesce(redis.string_length(d, k), 0);
    first constant bigint := greatest(CASE WHEN start < 0 THEN length + start ELSE start END, 0);
    last constant bigint := least(greatest(CASE WHEN stop < 0 THEN length + stop ELSE stop END, 0), length - 1);
BEGIN
    IF first > last OR start < 0 AND stop < 0 AND start > stop THEN
        RETURN ''::bytea;
    END IF;
    -- Of an out-of-line value only this part is read.
    RETURN (SELECT pg_catalog.substr(x.value, first::integer + 1, (last - first)::integer + 1)
            FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION public.redis_getrange(bytea, bigint, bigint) IS
'GETRANGE key start end
The bytes from start to end, both included; negative positions count from the end. Empty when the key is absent. Errors:
WRONGTYPE.';
SELECT redis.register_command('getrange', 'redis_getrange', arity => 4,
  flags => 'readonly', categories => 'read string slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.4.0', command_group => 'string', complexity => 'O(N)',
  summary => 'Returns a part of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"}, {"name": "end", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_substr(key bytea, start bigint, stop bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN public.redis_getrange(key, start, stop);
END $$;
COMMENT ON FUNCTION public.redis_substr(bytea, bigint, bigint) IS
'SUBSTR key start end
The old name of GETRANGE. Errors: WRONGTYPE.';
SELECT redis.register_command('substr', 'redis_substr', arity => 4,
  flags => 'readonly', categories => 'read string slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(N)',
  summary => 'Returns a part of a string; the old name of GETRANGE.',
  deprecated_since => '2.0.0', replaced_by => '`GETRANGE`',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"}, {"name": "end", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_mget(VARIADIC keys bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    -- One look into the index for each key, in the order given.
    RETURN ARRAY(SELECT (SELECT x.value FROM redis.keys x
                         WHERE x.db = d AND x.key = redis.index_key(u.key) AND (x.expires_at IS NULL OR x.expires_at > now)
                         ORDER BY x.turn DESC LIMIT 1)
                 FROM pg_catalog.unnest(keys) AS u(key));
END $$;
COMMENT ON FUNCTION public.redis_mget(bytea[]) IS
'MGET key [key ...]
The values of several strings, in the order of the keys; NULL for a key that is absent or no string.';
SELECT redis.register_command('mget', 'redis_mget', arity => -2,
  flags => 'readonly fast', categories => 'read string fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'request_policy:multi_shard',
  since => '1.0.0', command_group => 'string', complexity => 'O(N)',
  summary => 'Returns the values of several strings.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

-- Writing

CREATE OR REPLACE FUNCTION public.redis_set(key bytea, value bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    old_type "char";
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        value = redis_set.value, expires_at = NULL
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.type INTO old_type;
    done := old_type = 's' OR redis.add_string(d, key, old_type, value, NULL);
    done := redis.changed(d, k, '$', 'set');
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_set(bytea, bytea) IS
'SET key value
Makes key a string of this value that never expires, whatever it was. Returns OK.';
-- Makes these locked keys, all different, strings of these values, whatever they were; ks are the keys as they are stored. Always
-- true.
CREATE OR REPLACE FUNCTION redis.put_strings(d smallint, ks bytea[], keys bytea[], string_values bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    others bytea[];
    absent bytea[];
    done boolean;
BEGIN
    WITH latest AS MATERIALIZED (
        SELECT u.n, u.k, u.value, p.place, p.type
        FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(string_values)) WITH ORDINALITY AS u(k, value, n)
        LEFT JOIN LATERAL (SELECT y.ctid AS place, y.type FROM redis.keys y WHERE y.db = d AND y.key = u.k
                           ORDER BY y.turn DESC LIMIT 1) p ON true
    ), replaced AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            value = l.value, expires_at = NULL
        FROM latest l WHERE x.ctid = l.place AND l.type = 's'
    ), created AS (
        INSERT INTO redis.keys (id, db, type, key, long_key, value)
        SELECT redis.new_key_id(), d, 's', l.k, redis.long_key(keys[l.n]), l.value FROM latest l WHERE l.place IS NULL
    )
    SELECT pg_catalog.array_agg(l.k) FILTER (WHERE l.type <> 's'), pg_catalog.array_agg(l.k) FILTER (WHERE l.place IS NULL)
    INTO others, absent FROM latest l;
    IF absent IS NOT NULL THEN
        done := redis.appeared(d, absent, 's');
    END IF;
    IF others IS NOT NULL THEN
        PERFORM redis.delete_key(d, u.k) FROM pg_catalog.unnest(others) AS u(k);
        done := redis.put_strings(d, ks, keys, string_values);
    END IF;
    RETURN true;
END $$;

-- The same for any keys, locked here, with the events: of several values for a key the last counts.
CREATE OR REPLACE FUNCTION redis.set_strings(d smallint, keys bytea[], string_values bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    ks constant bytea[] := redis.index_keys(keys);
    different constant bigint := redis.lock_and_count(d, ks);
    last_ks bytea[];
    last_keys bytea[];
    last_values bytea[];
    done boolean;
BEGIN
    IF different = pg_catalog.cardinality(ks) THEN
        done := redis.put_strings(d, ks, keys, string_values);
    ELSIF ks[1] = ALL (ks) THEN
        done := redis.put_string(d, keys[1], string_values[pg_catalog.cardinality(keys)]);
    ELSE
        SELECT pg_catalog.array_agg(s.k), pg_catalog.array_agg(s.key), pg_catalog.array_agg(s.value)
        INTO last_ks, last_keys, last_values
        FROM (SELECT DISTINCT ON (u.k) u.k, u.key, u.value
              FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(keys), pg_catalog.unnest(string_values))
                  WITH ORDINALITY AS u(k, key, value, n)
              ORDER BY u.k, u.n DESC) AS s;
        done := redis.put_strings(d, last_ks, last_keys, last_values);
    END IF;
    IF redis.wants_events() THEN
        PERFORM redis.changed(d, u.k, '$', 'set') FROM pg_catalog.unnest(ks) AS u(k);
    END IF;
    RETURN true;
END $$;

-- Many SETs at once.
CREATE OR REPLACE FUNCTION redis.batch_set(keys bytea[], string_values bytea[]) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done constant boolean := redis.set_strings(redis.db(), keys, string_values);
BEGIN
    RETURN QUERY SELECT 'OK'::text FROM pg_catalog.unnest(keys);
END $$;
SELECT redis.register_command('set', 'redis_set', arity => -3, batch => 'redis.batch_set',
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "RW access update variable_flags", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Makes a key a string of the given value.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}, {"name": "condition", "type": "oneof", "since": "2.6.12", "flags": ["optional"], "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"}, {"name": "xx", "type": "pure-token", "token": "XX"}]}, {"name": "get", "type": "pure-token", "token": "GET", "since": "6.2.0", "flags": ["optional"]}, {"name": "expiration", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "seconds", "type": "integer", "token": "EX", "since": "2.6.12"}, {"name": "milliseconds", "type": "integer", "token": "PX", "since": "2.6.12"}, {"name": "unix-time-seconds", "type": "unix-time", "token": "EXAT", "since": "6.2.0"}, {"name": "unix-time-milliseconds", "type": "unix-time", "token": "PXAT", "since": "6.2.0"}, {"name": "keepttl", "type": "pure-token", "token": "KEEPTTL", "since": "6.0.0"}]}]');

CREATE OR REPLACE FUNCTION public.redis_set(key bytea, value bytea, VARIADIC options text[], OUT status text, OUT previous bytea)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    word text;
    amount text;                   -- what follows EX, PX, EXAT or PXAT
    unit text;                     -- which of them
    condition text;                -- NX or XX
    want_previous boolean := false;
    keep_expiry boolean := false;
    expiry bigint;
    found_type "char";
    found_expiry bigint;
    found boolean;
    i integer := 1;
    done boolean;
BEGIN
    WHILE i <= pg_catalog.cardinality(options) LOOP
        word := pg_catalog.upper(options[i]);
        IF word IN ('EX', 'PX', 'EXAT', 'PXAT') AND coalesce(unit, word) = word AND NOT keep_expiry
           AND i < pg_catalog.cardinality(options) THEN
            unit := word;
            i := i + 1;
            amount := options[i];
        ELSIF word IN ('NX', 'XX') AND coalesce(condition, word) = word THEN
            condition := word;
        ELSIF word = 'GET' THEN
            want_previous := true;
        ELSIF word = 'KEEPTTL' AND unit IS NULL THEN
            keep_expiry := true;
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        i := i + 1;
    END LOOP;
    IF unit IS NOT NULL THEN
        expiry := redis.absolute_expiry(unit, redis.parse_integer(amount), 'set');
    END IF;

    done := redis.lock_key(d, k);
    IF want_previous THEN
        previous := redis.read_string(d, k);
        done := previous IS NOT NULL OR redis.changed(d, k, 'm', 'keymiss');
    END IF;
    IF condition IS NOT NULL OR keep_expiry THEN
        SELECT x.type, x.expires_at INTO found_type, found_expiry FROM redis.keys x WHERE x.db = d AND x.key = k
        ORDER BY x.turn DESC LIMIT 1;
        found := found_type IS NOT NULL AND coalesce(found_expiry > redis.now_ms(), true);
        IF found AND condition = 'NX' OR NOT found AND condition = 'XX' THEN
            RETURN;
        ELSIF found AND keep_expiry THEN
            expiry := found_expiry;
        END IF;
    END IF;
    done := redis.put_string(d, key, value, expiry);
    done := redis.changed(d, k, '$', 'set');
    IF unit IS NOT NULL THEN
        done := redis.changed(d, k, 'g', 'expire');
    END IF;
    IF NOT want_previous THEN
        status := 'OK';
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_set(bytea, bytea, text[]) IS
'SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]
The same with options. status is OK, or NULL when NX or XX hindered it; with GET it is always NULL, and previous is the value
before. Errors: WRONGTYPE (with GET), an invalid expire time.';

CREATE OR REPLACE FUNCTION public.redis_setnx(key bytea, value bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    PERFORM FROM redis.keys x WHERE x.db = d AND x.key = k AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    ORDER BY x.turn DESC LIMIT 1;
    IF FOUND THEN
        RETURN false;
    END IF;
    done := redis.put_string(d, key, value);
    RETURN redis.changed(d, k, '$', 'set') IS NOT NULL;
END $$;
COMMENT ON FUNCTION public.redis_setnx(bytea, bytea) IS
'SETNX key value
Creates a string when the key is absent. Returns whether it did.';
SELECT redis.register_command('setnx', 'redis_setnx', arity => 3,
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "OW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Creates a string, unless the key is there already.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION redis.set_expiring(key bytea, value bytea, unit text, amount bigint, command text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    expiry constant bigint := redis.absolute_expiry(unit, amount, command);
    done boolean := redis.lock_key(d, k);
BEGIN
    done := redis.put_string(d, key, value, expiry);
    done := redis.changed(d, k, '$', 'set');
    done := redis.changed(d, k, 'g', 'expire');
    RETURN 'OK';
END $$;

CREATE OR REPLACE FUNCTION public.redis_setex(key bytea, seconds bigint, value bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.set_expiring(key, value, 'EX', seconds, 'setex');
END $$;
COMMENT ON FUNCTION public.redis_setex(bytea, bigint, bytea) IS
'SETEX key seconds value
Makes key a string of this value that expires after so many seconds. Returns OK. Errors: an invalid expire time.';
SELECT redis.register_command('setex', 'redis_setex', arity => 4,
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Makes a key a string of the given value that expires after some seconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "seconds", "type": "integer"}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_psetex(key bytea, milliseconds bigint, value bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.set_expiring(key, value, 'PX', milliseconds, 'psetex');
END $$;
COMMENT ON FUNCTION public.redis_psetex(bytea, bigint, bytea) IS
'PSETEX key milliseconds value
Makes key a string of this value that expires after so many milliseconds. Returns OK. Errors: an invalid expire time.';
SELECT redis.register_command('psetex', 'redis_psetex', arity => 4,
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Makes a key a string of the given value that expires after some milliseconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "milliseconds", "type": "integer"}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_getset(key bytea, value bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    previous constant bytea := redis.read_string(d, k);
BEGIN
    done := previous IS NOT NULL OR redis.changed(d, k, 'm', 'keymiss');
    done := redis.put_string(d, key, value);
    done := redis.changed(d, k, '$', 'set');
    RETURN previous;
END $$;
COMMENT ON FUNCTION public.redis_getset(bytea, bytea) IS
'GETSET key value
Sets a string and returns its value before; NULL when the key was absent. Errors: WRONGTYPE.';
SELECT redis.register_command('getset', 'redis_getset', arity => 3,
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Sets a string and returns its previous value.',
  deprecated_since => '6.2.0', replaced_by => '`SET` with the `!GET` argument',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_getdel(key bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    expiry bigint;
    previous bytea;
BEGIN
    DELETE FROM redis.keys x WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 's' RETURNING x.expires_at, x.value INTO expiry, previous;
    IF NOT FOUND THEN
        previous := redis.read_string(d, k); -- NULL or WRONGTYPE
        done := redis.changed(d, k, 'm', 'keymiss');
        RETURN NULL;
    ELSIF expiry <= redis.now_ms() THEN
        done := redis.changed(d, k, 'x', 'expired');
        RETURN NULL;
    END IF;
    done := redis.changed(d, k, 'g', 'del');
    RETURN previous;
END $$;
COMMENT ON FUNCTION public.redis_getdel(bytea) IS
'GETDEL key
Deletes a string and returns its value; NULL when the key was absent. Errors: WRONGTYPE.';
SELECT redis.register_command('getdel', 'redis_getdel', arity => 2,
  flags => 'write fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Returns the value of a string and deletes it.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_getex(key bytea, VARIADIC options text[] DEFAULT '{}') RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    word text;
    amount text;                   -- what follows EX, PX, EXAT or PXAT
    unit text;                     -- which of them, or PERSIST
    expiry bigint;
    result bytea;
    i integer := 1;
    done boolean;
BEGIN
    WHILE i <= pg_catalog.cardinality(options) LOOP
        word := pg_catalog.upper(options[i]);
        IF coalesce(unit, word) <> word OR word NOT IN ('EX', 'PX', 'EXAT', 'PXAT', 'PERSIST')
           OR word <> 'PERSIST' AND i = pg_catalog.cardinality(options) THEN
            PERFORM redis.raise_syntax_error();
        END IF;
        unit := word;
        IF unit <> 'PERSIST' THEN
            i := i + 1;
            amount := options[i];
        END IF;
        i := i + 1;
    END LOOP;

    done := redis.lock_key(d, k);
    result := redis.read_string(d, k);
    IF result IS NULL THEN
        done := redis.changed(d, k, 'm', 'keymiss');
        RETURN NULL;
    ELSIF unit IS NULL THEN
        RETURN result;
    ELSIF unit = 'PERSIST' THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            expires_at = NULL
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
          AND x.expires_at IS NOT NULL;
        IF FOUND THEN
            done := redis.changed(d, k, 'g', 'persist');
        END IF;
        RETURN result;
    END IF;
    expiry := redis.absolute_expiry(unit, redis.parse_integer(amount), 'getex');
    IF expiry <= redis.now_ms() THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    ELSE
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            expires_at = expiry, sweep_at = redis.schedule_sweep(d, k, x.id, expiry, x.sweep_at)
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
        done := redis.changed(d, k, 'g', 'expire');
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_getex(bytea, text[]) IS
'GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]
The value of a string, whose expiry is set or removed; NULL when the key is absent. Errors: WRONGTYPE, an invalid expire time.';
SELECT redis.register_command('getex', 'redis_getex', arity => -2,
  flags => 'write fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Returns the value of a string and sets or removes its expiry.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "expiration", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "seconds", "type": "integer", "token": "EX"}, {"name": "milliseconds", "type": "integer", "token": "PX"}, {"name": "unix-time-seconds", "type": "unix-time", "token": "EXAT"}, {"name": "unix-time-milliseconds", "type": "unix-time", "token": "PXAT"}, {"name": "persist", "type": "pure-token", "token": "PERSIST"}]}]');

-- MSET and MSETNX. The arguments alternate: key, value.
CREATE OR REPLACE FUNCTION redis.set_pairs(d smallint, pairs bytea[], only_if_absent boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    keys constant bytea[] := ARRAY(SELECT pairs[g.n] FROM pg_catalog.generate_series(1, pg_catalog.cardinality(pairs), 2) AS g(n));
    string_values constant bytea[] := ARRAY(SELECT pairs[g.n] FROM pg_catalog.generate_series(2, pg_catalog.cardinality(pairs), 2) AS g(n));
    now constant bigint := redis.now_ms();
    done boolean;
BEGIN
    IF only_if_absent THEN
        done := redis.lock_keys(d, redis.index_keys(keys));
        PERFORM FROM pg_catalog.unnest(keys) AS u(key)
        WHERE (SELECT x.expires_at IS NULL OR x.expires_at > now FROM redis.keys x WHERE x.db = d AND x.key = redis.index_key(u.key)
               ORDER BY x.turn DESC LIMIT 1);
        IF FOUND THEN
            RETURN false;
        END IF;
    END IF;
    done := redis.set_strings(d, keys, string_values);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public.redis_mset(VARIADIC pairs bytea[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean;
BEGIN
    IF pg_catalog.cardinality(pairs) % 2 = 1 THEN
        PERFORM redis.raise_wrong_arity('mset');
    END IF;
    done := redis.set_pairs(redis.db(), pairs, false);
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_mset(bytea[]) IS
'MSET key value [key value ...]
Sets several strings at once, whatever the keys were. Returns OK. Errors: an odd number of arguments.';
-- Many MSETs at once; calls tells of which call, counted from 1, each argument is.
CREATE OR REPLACE FUNCTION redis.batch_mset(pairs bytea[], calls bigint[]) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    last constant bigint := calls[pg_catalog.cardinality(calls)];
    done boolean;
BEGIN
    -- One with an odd number of arguments shares a pair with the next one, or is the last one.
    PERFORM FROM pg_catalog.generate_series(1, pg_catalog.cardinality(calls), 2) AS g(n) WHERE calls[g.n] IS DISTINCT FROM calls[g.n + 1];
    IF FOUND THEN
        PERFORM redis.one_by_one();
    END IF;
    done := redis.set_pairs(redis.db(), pairs, false);
    RETURN QUERY SELECT 'OK'::text FROM pg_catalog.generate_series(1, last);
END $$;
SELECT redis.register_command('mset', 'redis_mset', arity => -3, batch => 'redis.batch_mset',
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [-1, 2, 0]}]',
  tips => 'request_policy:multi_shard response_policy:all_succeeded',
  since => '1.0.1', command_group => 'string', complexity => 'O(N)',
  summary => 'Sets several strings at once.',
  arguments => '[{"name": "key_value", "type": "block", "flags": ["multiple"], "arguments": [{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}]}]');

CREATE OR REPLACE FUNCTION public.redis_msetnx(VARIADIC pairs bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.cardinality(pairs) % 2 = 1 THEN
        PERFORM redis.raise_wrong_arity('msetnx');
    END IF;
    RETURN redis.set_pairs(redis.db(), pairs, true);
END $$;
COMMENT ON FUNCTION public.redis_msetnx(bytea[]) IS
'MSETNX key value [key value ...]
Creates several strings when all the keys are absent. Returns whether it did. Errors: an odd number of arguments.';
SELECT redis.register_command('msetnx', 'redis_msetnx', arity => -3,
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "OW insert", "index": 1, "range": [-1, 2, 0]}]',
  tips => 'request_policy:multi_shard response_policy:agg_min',
  since => '1.0.1', command_group => 'string', complexity => 'O(N)',
  summary => 'Creates several strings, unless one of the keys is there already.',
  arguments => '[{"name": "key_value", "type": "block", "flags": ["multiple"], "arguments": [{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}]}]');

-- Changing

-- Adds to the integer that a string shows.
CREATE OR REPLACE FUNCTION redis.add_to_string(key bytea, amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    total numeric;
    result bigint;
BEGIN
    -- The usual case, a number that cannot overflow, is one statement.
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        value = pg_catalog.decode((pg_catalog.encode(x.value, 'escape')::bigint + amount)::text, 'escape')
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 's' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
      AND CASE WHEN pg_catalog.octet_length(x.value) < 19 AND amount BETWEEN -1000000000000000000 AND 1000000000000000000
               THEN pg_catalog.encode(x.value, 'escape') ~ '^(0|-?[1-9][0-9]*)$' END
    RETURNING pg_catalog.encode(x.value, 'escape')::bigint INTO result;
    IF result IS NULL THEN
        total := redis.parse_integer(coalesce(redis.read_string(d, k), '0'))::numeric + amount;
        IF total NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
            PERFORM redis.raise_error('ERR increment or decrement would overflow');
        END IF;
        result := total::bigint;
        done := redis.replace_string(d, key, redis.integer_bytes(result));
    END IF;
    done := redis.changed(d, k, '$', 'incrby');
    RETURN result;
END $$;

-- Adds an amount to each of these locked keys, all different; ks are the keys as they are stored. Returns the sums. What is no
-- plain number raises an error.
CREATE OR REPLACE FUNCTION redis.add_amounts(d smallint, ks bytea[], keys bytea[], amounts bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    now constant bigint := redis.now_ms();
    sums bigint[];
    absent bytea[];
    done boolean;
BEGIN
    WITH latest AS MATERIALIZED (
        SELECT u.n, u.k, p.place, coalesce(p.number, 0) + u.amount AS sum
        FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(amounts)) WITH ORDINALITY AS u(k, amount, n)
        LEFT JOIN LATERAL (
            SELECT y.ctid AS place,
                   CASE WHEN y.type = 's' AND (y.expires_at IS NULL OR y.expires_at > now) AND pg_catalog.octet_length(y.value) < 19
                             AND pg_catalog.encode(y.value, 'escape') ~ '^(0|-?[1-9][0-9]*)$'
                        THEN pg_catalog.encode(y.value, 'escape')::bigint
                        ELSE redis.no_number() END AS number
            FROM redis.keys y WHERE y.db = d AND y.key = u.k ORDER BY y.turn DESC LIMIT 1) p ON true
    ), added AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            value = redis.integer_bytes(l.sum)
        FROM latest l WHERE x.ctid = l.place
    ), created AS (
        INSERT INTO redis.keys (id, db, type, key, long_key, value)
        SELECT redis.new_key_id(), d, 's', l.k, redis.long_key(keys[l.n]), redis.integer_bytes(l.sum)
        FROM latest l WHERE l.place IS NULL
    )
    SELECT pg_catalog.array_agg(l.sum ORDER BY l.n), pg_catalog.array_agg(l.k) FILTER (WHERE l.place IS NULL)
    INTO sums, absent FROM latest l;
    IF absent IS NOT NULL THEN
        done := redis.appeared(d, absent, 's');
    END IF;
    RETURN sums;
END $$;

-- Many additions at once, each key written once; returns the sums. What is no plain number raises an error: then the proxy calls
-- one by one.
CREATE OR REPLACE FUNCTION redis.add_to_strings(keys bytea[], amounts bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    calls constant integer := pg_catalog.cardinality(keys);
    ks bytea[];
    sums bigint[];
    total bigint;
    each_k bytea[];                -- of the different keys
    each_key bytea[];
    each_amount bigint[];
BEGIN
    -- A counter that everybody counts on, by the same amount: one addition.
    IF keys[1] = ALL (keys) AND amounts[1] = ALL (amounts) AND amounts[1] BETWEEN -1000000000 AND 1000000000
       AND NOT redis.wants_events() THEN
        total := redis.add_to_string(keys[1], amounts[1] * calls);
        RETURN ARRAY(SELECT total - amounts[1] * (calls - g.i) FROM pg_catalog.generate_series(1, calls) AS g(i) ORDER BY g.i);
    END IF;
    ks := redis.index_keys(keys);
    IF redis.lock_and_count(d, ks) = calls THEN
        sums := redis.add_amounts(d, ks, keys, amounts);
    ELSE
        SELECT pg_catalog.array_agg(s.k), pg_catalog.array_agg(keys[s.n]), pg_catalog.array_agg(s.amount)
        INTO each_k, each_key, each_amount
        FROM (SELECT u.k, pg_catalog.min(u.n) AS n, pg_catalog.sum(u.amount)::bigint AS amount
              FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(amounts)) WITH ORDINALITY AS u(k, amount, n)
              GROUP BY u.k) AS s;
        sums := redis.add_amounts(d, each_k, each_key, each_amount);
        sums := ARRAY(SELECT (t.sum - t.amount + c.running)::bigint
                      FROM (SELECT u.n, u.k, pg_catalog.sum(u.amount) OVER (PARTITION BY u.k ORDER BY u.n) AS running
                            FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(amounts))
                                WITH ORDINALITY AS u(k, amount, n)) AS c
                      JOIN ROWS FROM (pg_catalog.unnest(each_k), pg_catalog.unnest(sums), pg_catalog.unnest(each_amount))
                          AS t(k, sum, amount) ON t.k = c.k
                      ORDER BY c.n);
    END IF;
    IF redis.wants_events() THEN
        PERFORM redis.changed(d, u.k, '$', 'incrby') FROM pg_catalog.unnest(ks) AS u(k);
    END IF;
    RETURN sums;
END $$;

CREATE OR REPLACE FUNCTION redis.no_number() RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM redis.raise_not_integer();
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION redis.batch_incr(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT u.sum FROM pg_catalog.unnest(
        redis.add_to_strings(keys, pg_catalog.array_fill(1::bigint, ARRAY[pg_catalog.cardinality(keys)]))) AS u(sum);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_decr(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT u.sum FROM pg_catalog.unnest(
        redis.add_to_strings(keys, pg_catalog.array_fill(-1::bigint, ARRAY[pg_catalog.cardinality(keys)]))) AS u(sum);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_incrby(keys bytea[], increments bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT u.sum FROM pg_catalog.unnest(redis.add_to_strings(keys, increments)) AS u(sum);
END $$;

CREATE OR REPLACE FUNCTION public.redis_incr(key bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.add_to_string(key, 1);
END $$;
COMMENT ON FUNCTION public.redis_incr(bytea) IS
'INCR key
Adds one to the integer that a string shows (0 when the key is absent) and returns the sum.
Errors: WRONGTYPE, no integer, overflow.';
SELECT redis.register_command('incr', 'redis_incr', arity => 2, batch => 'redis.batch_incr',
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Adds one to the integer in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_decr(key bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.add_to_string(key, -1);
END $$;
COMMENT ON FUNCTION public.redis_decr(bytea) IS
'DECR key
Takes one from the integer that a string shows (0 when the key is absent) and returns the rest.
Errors: WRONGTYPE, no integer, overflow.';
SELECT redis.register_command('decr', 'redis_decr', arity => 2, batch => 'redis.batch_decr',
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Takes one from the integer in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_incrby(key bytea, increment bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.add_to_string(key, increment);
END $$;
COMMENT ON FUNCTION public.redis_incrby(bytea, bigint) IS
'INCRBY key increment
Adds to the integer that a string shows (0 when the key is absent) and returns the sum.
Errors: WRONGTYPE, no integer, overflow.';
SELECT redis.register_command('incrby', 'redis_incrby', arity => 3, batch => 'redis.batch_incrby',
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Adds a number to the integer in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "increment", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_decrby(key bytea, decrement bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF decrement = -9223372036854775808 THEN
        PERFORM redis.raise_error('ERR decrement would overflow');
    END IF;
    RETURN redis.add_to_string(key, -decrement);
END $$;
COMMENT ON FUNCTION public.redis_decrby(bytea, bigint) IS
'DECRBY key decrement
Takes from the integer that a string shows (0 when the key is absent) and returns the rest.
Errors: WRONGTYPE, no integer, overflow.';
SELECT redis.register_command('decrby', 'redis_decrby', arity => 3,
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Takes a number from the integer in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "decrement", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_incrbyfloat(key bytea, increment bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    total constant bytea := redis.add_long_doubles(
        redis.parse_long_double(coalesce(redis.read_string(d, k), '0')), redis.parse_long_double(increment));
BEGIN
    done := redis.replace_string(d, key, total);
    done := redis.changed(d, k, '$', 'incrbyfloat');
    RETURN total;
END $$;
COMMENT ON FUNCTION public.redis_incrbyfloat(bytea, bytea) IS
'INCRBYFLOAT key increment
Adds to the number that a string shows (0 when the key is absent) and returns the sum as it is stored.
Errors: WRONGTYPE, no number, a sum that is infinite.';
SELECT redis.register_command('incrbyfloat', 'redis_incrbyfloat', arity => 3,
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Adds a floating-point number to the number in a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "increment", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_append(key bytea, value bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    result bigint;
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        value = x.value || redis_append.value
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 's' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
      AND pg_catalog.octet_length(x.value) <= 536870912 - pg_catalog.octet_length(redis_append.value)
    RETURNING pg_catalog.octet_length(x.value) INTO result;
    IF result IS NULL THEN
        done := redis.check_string_length(coalesce(redis.string_length(d, k), 0) + pg_catalog.octet_length(value));
        done := redis.put_string(d, key, value);
        result := pg_catalog.octet_length(value);
    END IF;
    done := redis.changed(d, k, '$', 'append');
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_append(bytea, bytea) IS
'APPEND key value
Adds to the end of a string, or creates it, and returns its new length. Errors: WRONGTYPE, a string of more than 512 MiB.';
SELECT redis.register_command('append', 'redis_append', arity => 3,
  flags => 'write denyoom fast', categories => 'write string fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Adds bytes to the end of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_setrange(key bytea, start bigint, value bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    length bigint;
BEGIN
    IF start < 0 THEN
        PERFORM redis.raise_error('ERR offset is out of range');
    END IF;
    length := redis.string_length(d, k);
    IF value = '' THEN
        RETURN coalesce(length, 0);
    END IF;
    done := redis.check_string_length(start::numeric + pg_catalog.octet_length(value));
    length := greatest(length, redis.write_range(d, key, start, value));
    done := redis.changed(d, k, '$', 'setrange');
    RETURN length;
END $$;
COMMENT ON FUNCTION public.redis_setrange(bytea, bigint, bytea) IS
'SETRANGE key offset value
Overwrites a string from an offset on, after zero bytes where it was shorter or absent, and returns its length.
Errors: WRONGTYPE, a negative offset, a string of more than 512 MiB.';
SELECT redis.register_command('setrange', 'redis_setrange', arity => 4,
  flags => 'write denyoom', categories => 'write string slow',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Overwrites a part of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "offset", "type": "integer"}, {"name": "value", "type": "string"}]');

-- The longest common subsequence of a and b, by dynamic programming over bits (Crochemore, Hyyrö): row i of the table is a row of
-- bits, of which bit j is 0 where the longest common subsequence of a's first i and b's first j + 1 bytes is longer than
-- without the last of b's. 62 bits a word leave room for the carry of an addition. Returns the rows one after another, row 1 first.
CREATE OR REPLACE FUNCTION redis.lcs_rows(a bytea, b bytea) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    ones constant bigint := (1::bigint << 62) - 1;
    words constant integer := (pg_catalog.octet_length(b) + 61) / 62;
    positions bigint[] := pg_catalog.array_fill(0::bigint, ARRAY[256 * words]); -- of every byte: where b has it
    v bigint[] := pg_catalog.array_fill(ones, ARRAY[words]);
    result bigint[] := '{}'::bigint[];
    sum bigint;
    carry bigint;
    match bigint;
    base integer;
    slot integer;
BEGIN
    FOR j IN 0 .. pg_catalog.octet_length(b) - 1 LOOP
        slot := pg_catalog.get_byte(b, j) * words + j / 62 + 1;
        positions[slot] := positions[slot] | (1::bigint << j % 62);
    END LOOP;
    FOR i IN 0 .. pg_catalog.octet_length(a) - 1 LOOP
        base := pg_catalog.get_byte(a, i) * words;
        carry := 0;
        FOR w IN 1 .. words LOOP
            match := v[w] & positions[base + w];
            sum := v[w] + match + carry;
            carry := sum >> 62;
            v[w] := sum & ones | v[w] - match;
            result[i * words + w] := v[w];
        END LOOP;
    END LOOP;
    RETURN result;
END $$;

CREATE OR REPLACE FUNCTION public.redis_lcs(key1 bytea, key2 bytea, VARIADIC options text[] DEFAULT '{}',
                                            OUT sequence bytea, OUT length bigint, OUT matches json)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    not_strings constant text := 'ERR The specified keys must contain string values';
    a constant bytea := coalesce(redis.read_string(d, redis.index_key(key1), not_strings), '');
    b constant bytea := coalesce(redis.read_string(d, redis.index_key(key2), not_strings), '');
    words constant integer := (pg_catalog.octet_length(b) + 61) / 62;
    word text;
    want_length boolean := false;
    want_matches boolean := false;
    with_length boolean := false;
    min_length bigint := 0;
    n integer := 1;
    rows bigint[];
    i integer := pg_catalog.octet_length(a);
    j integer := pg_catalog.octet_length(b);
    common bytea[] := '{}'::bytea[];        -- the bytes of the sequence, last first
    ranges text[] := '{}'::text[];         -- as JSON, last first
    start_a integer;               -- of the range that grows now; NULL: none
    start_b integer;
    size integer;
BEGIN
    WHILE n <= pg_catalog.cardinality(options) LOOP
        word := pg_catalog.upper(options[n]);
        IF word = 'LEN' THEN
            want_length := true;
        ELSIF word = 'IDX' THEN
            want_matches := true;
        ELSIF word = 'WITHMATCHLEN' THEN
            with_length := true;
        ELSIF word = 'MINMATCHLEN' AND n < pg_catalog.cardinality(options) THEN
            n := n + 1;
            min_length := redis.parse_integer(options[n]);
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        n := n + 1;
    END LOOP;
    IF want_length AND want_matches THEN
        PERFORM redis.raise_error('ERR If you want both the length and indexes, please just use IDX.');
    END IF;

    rows := redis.lcs_rows(a, b);
    WHILE i > 0 AND j > 0 LOOP
        IF pg_catalog.get_byte(a, i - 1) = pg_catalog.get_byte(b, j - 1) THEN
            common := common || pg_catalog.substr(a, i, 1);
            i := i - 1;
            j := j - 1;
            size := CASE WHEN start_a IS NULL THEN 1 ELSE size + 1 END;
            start_a := i;
            start_b := j;
            CONTINUE WHEN i > 0 AND j > 0;
        ELSIF rows[(i - 1) * words + (j - 1) / 62 + 1] >> (j - 1) % 62 & 1 = 0 THEN
            i := i - 1;
        ELSE
            j := j - 1;
        END IF;
        IF start_a IS NOT NULL THEN
            IF size >= min_length THEN
                ranges := ranges || pg_catalog.format('[[%s,%s],[%s,%s]%s]', start_a, start_a + size - 1,
                                                      start_b, start_b + size - 1, CASE WHEN with_length THEN ',' || size END);
            END IF;
            start_a := NULL;
        END IF;
    END LOOP;

    IF want_matches THEN
        matches := pg_catalog.format('{"matches":[%s],"len":%s}', pg_catalog.array_to_string(ranges, ','),
                                     pg_catalog.cardinality(common))::json;
    ELSIF want_length THEN
        length := pg_catalog.cardinality(common);
    ELSE
        sequence := coalesce((SELECT pg_catalog.string_agg(u.byte, '' ORDER BY u.n DESC)
                              FROM pg_catalog.unnest(common) WITH ORDINALITY AS u(byte, n)), '');
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_lcs(bytea, bytea, text[]) IS
'LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
The longest common subsequence of two strings: the sequence; with LEN its length; with IDX matches, where it is in both, last
first. An absent key is an empty string. Errors: a key that holds no string, LEN with IDX.';
SELECT redis.register_command('lcs', 'redis_lcs', lane => 'slow', arity => -3,
  flags => 'readonly', categories => 'read string slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [1, 1, 0]}]',
  since => '7.0.0', command_group => 'string', complexity => 'O(N*M)',
  summary => 'Finds the longest common subsequence of two strings.',
  arguments => '[{"name": "key1", "type": "key", "key_spec_index": 0}, {"name": "key2", "type": "key", "key_spec_index": 0}, {"name": "len", "type": "pure-token", "token": "LEN", "flags": ["optional"]}, {"name": "idx", "type": "pure-token", "token": "IDX", "flags": ["optional"]}, {"name": "len", "type": "integer", "token": "MINMATCHLEN", "flags": ["optional"]}, {"name": "withmatchlen", "type": "pure-token", "token": "WITHMATCHLEN", "flags": ["optional"]}]');
