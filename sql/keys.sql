-- Keys, whatever they hold: life and death, names, expiry, and looking for them.

-- Databases are numbered 0 to one less than this. A proxy that offers another number sets redis.databases on its connections.
CREATE OR REPLACE FUNCTION redis.databases() RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(pg_catalog.current_setting('redis.databases', true), ''), '16')::integer
$$;

-- A database's number in an argument.
CREATE OR REPLACE FUNCTION redis.parse_database(v bytea) RETURNS smallint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    n constant bigint := redis.parse_integer(v);
BEGIN
    IF n NOT BETWEEN -2147483648 AND 2147483647 THEN
        PERFORM redis.raise_error('ERR value is out of range, value must between -2147483648 and 2147483647');
    ELSIF n NOT BETWEEN 0 AND redis.databases() - 1 THEN
        PERFORM redis.raise_error('ERR DB index is out of range');
    END IF;
    RETURN n;
END $$;

-- Locks two stored keys, perhaps of two databases, in the global order. Always true. Commands whose second key the prelude of a batch does not
-- know (of another database, or behind an option word) are of lane 'slow', so this is the first thing in their transaction; an EXEC locks
-- what `database` in their key specifications says ahead of everything.
CREATE OR REPLACE FUNCTION redis.lock_two(d smallint, k bytea, other_d smallint, other_k bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.count(pg_catalog.pg_advisory_xact_lock(s.lock_id))
    FROM (SELECT u.lock_id FROM (VALUES (redis.lock_id(d, k)), (redis.lock_id(other_d, other_k))) AS u(lock_id) ORDER BY 1 OFFSET 0) AS s
    WHERE NOT redis.holds_all();
    RETURN true;
END $$;

-- Is this stored key there, and not expired?
CREATE OR REPLACE FUNCTION redis.key_exists(d smallint, k bytea) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT x.expires_at IS NULL OR x.expires_at > redis.now_ms() FROM redis.keys x WHERE x.db = d AND x.key = k
                     ORDER BY x.turn DESC LIMIT 1), false)
$$;

-- When each of these keys expires, in milliseconds since the epoch; -1: never, -2: the key is absent.
CREATE OR REPLACE FUNCTION redis.expiries_of(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT coalesce((SELECT CASE WHEN x.expires_at IS NULL THEN -1 WHEN x.expires_at > now THEN x.expires_at END
                     FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1), -2)
    FROM pg_catalog.unnest(redis.index_keys(keys)) AS u(k);
END $$;

-- How many of these are there; one named twice counts twice.
CREATE OR REPLACE FUNCTION redis.count_keys(keys bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    IF pg_catalog.cardinality(keys) = 1 THEN
        RETURN redis.key_exists(d, redis.index_key(keys[1]))::integer;
    END IF;
    -- a subquery, not a join: that could be planned as a walk over all keys while the table seems empty
    RETURN (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(keys) AS u(key)
            WHERE (SELECT x.expires_at IS NULL OR x.expires_at > now FROM redis.keys x WHERE x.db = d AND x.key = redis.index_key(u.key)
                   ORDER BY x.turn DESC LIMIT 1));
END $$;

CREATE OR REPLACE FUNCTION public.redis_exists(VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.count_keys(keys);
END $$;
COMMENT ON FUNCTION public.redis_exists(bytea[]) IS
'EXISTS key [key ...]
How many of the keys exist; a key named twice counts twice.';
-- Many EXISTS of one key at once.
CREATE OR REPLACE FUNCTION redis.batch_exists(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT CASE WHEN e.expiry = -2 THEN 0::bigint ELSE 1 END FROM redis.expiries_of(keys) AS e(expiry);
END $$;
SELECT redis.register_command('exists', 'redis_exists', arity => -2, batch => 'redis.batch_exists',
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'request_policy:multi_shard response_policy:agg_sum',
  since => '1.0.0', command_group => 'generic', complexity => 'O(N)',
  summary => 'Counts how many of the given keys exist.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_touch(VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.count_keys(keys);
END $$;
COMMENT ON FUNCTION public.redis_touch(bytea[]) IS
'TOUCH key [key ...]
How many of the keys exist. No access times are kept, so nothing else happens.';
SELECT redis.register_command('touch', 'redis_touch', arity => -2,
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'request_policy:multi_shard response_policy:agg_sum',
  since => '3.2.1', command_group => 'generic', complexity => 'O(N)',
  summary => 'Counts how many of the given keys exist; access times are not kept.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

-- Deletes keys, each event told; returns how many were there. The elements of many keys' collections all go to the reaper.
CREATE OR REPLACE FUNCTION redis.delete_keys(keys bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(keys[1]);
    place tid;
    key_type "char";
    expiry bigint;
    now bigint;
    ks bytea[];
    done boolean;
    deleted bigint;
BEGIN
    IF pg_catalog.cardinality(keys) = 1 THEN
        done := redis.lock_key(d, k);
        SELECT x.ctid, x.type, x.expires_at INTO place, key_type, expiry
        FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
        IF place IS NULL OR expiry = 0 THEN
            RETURN 0;
        ELSIF key_type = 's' AND expiry > redis.now_ms() AND redis.wanted_events() = '' THEN
            UPDATE redis.keys x
            SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
                value = '', expires_at = 0, sweep_at = redis.schedule_sweep(d, k, x.id, redis.vacant_until(), x.sweep_at)
            WHERE x.ctid = place;
        ELSIF NOT redis.delete_key(d, k) THEN
            RETURN 0;
        END IF;
        done := redis.changed(d, k, 'g', 'del');
        RETURN 1;
    END IF;
    ks := redis.index_keys(keys);
    done := redis.lock_keys(d, ks);
    now := redis.now_ms();
    WITH gone AS (
        -- Each key by an index lookup of its own: `key = ANY (ks)` may be planned as a scan of the whole database while that is small.
        DELETE FROM redis.keys x
        WHERE x.ctid = ANY (ARRAY(SELECT (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = u.k ORDER BY y.turn DESC LIMIT 1)
                                  FROM pg_catalog.unnest(ks) AS u(k)))
          AND x.expires_at IS DISTINCT FROM 0
        RETURNING x.id, x.type, x.key, coalesce(x.expires_at <= now, false) AS expired
    ), orphaned AS (
        INSERT INTO redis.orphans (id, type) SELECT g.id, g.type FROM gone g WHERE g.type <> 's'
    )
    SELECT pg_catalog.count(*) FILTER (WHERE NOT s.expired) INTO deleted
    FROM (SELECT g.expired, CASE WHEN g.expired THEN redis.changed(d, g.key, 'x', 'expired')
                                 ELSE redis.changed(d, g.key, 'g', 'del') END
          FROM gone g
          LEFT JOIN (SELECT u.k, pg_catalog.min(u.n) AS place FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n)
                     WHERE redis.wants_events() GROUP BY u.k) AS u ON u.k = g.key
          ORDER BY u.place OFFSET 0) AS s;
    RETURN deleted;
END $$;

CREATE OR REPLACE FUNCTION public.redis_del(VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.delete_keys(keys);
END $$;
COMMENT ON FUNCTION public.redis_del(bytea[]) IS
'DEL key [key ...]
Deletes keys of any type and size at once; how many there were.';
SELECT redis.register_command('del', 'redis_del', arity => -2,
  flags => 'write', categories => 'keyspace write slow',
  key_specs => '[{"flags": "RM delete", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'request_policy:multi_shard response_policy:agg_sum',
  since => '1.0.0', command_group => 'generic', complexity => 'O(N)',
  summary => 'Deletes keys and tells how many existed.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_unlink(VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.delete_keys(keys);
END $$;
COMMENT ON FUNCTION public.redis_unlink(bytea[]) IS
'UNLINK key [key ...]
The same as DEL: big collections are always removed in the background.';
SELECT redis.register_command('unlink', 'redis_unlink', arity => -2,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RM delete", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'request_policy:multi_shard response_policy:agg_sum',
  since => '4.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Deletes keys as DEL does; big ones are freed in the background by both.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION redis.type_name(type "char") RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE type WHEN 's' THEN 'string' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' WHEN 'S' THEN 'set' WHEN 'z' THEN 'zset'
                     WHEN 'x' THEN 'stream' END
$$;

CREATE OR REPLACE FUNCTION public.redis_type(key bytea) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_type "char";
    expiry bigint;
BEGIN
    SELECT x.type, x.expires_at INTO key_type, expiry FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_type IS NULL OR expiry <= redis.now_ms() THEN
        RETURN 'none';
    END IF;
    RETURN redis.type_name(key_type);
END $$;
COMMENT ON FUNCTION public.redis_type(bytea) IS
'TYPE key
What the key holds: string, list, hash, set, zset or stream; none when it is absent.';
SELECT redis.register_command('type', 'redis_type', arity => 2,
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells the type of the value at a key.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

-- Expiry.

-- The EXPIRE family: the key shall expire at base + amount * unit, in milliseconds, under Redis's conditions (NX, XX, GT, LT). An amount that
-- is no number is NULL: Redis looks at the conditions first. That is what each command's second function is for.
CREATE OR REPLACE FUNCTION redis.expire_key(command text, key bytea, amount bigint, unit integer, base bigint, options text[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    now constant bigint := redis.now_ms();
    nx boolean := false;
    xx boolean := false;
    gt boolean := false;
    lt boolean := false;
    word text;
    due bigint;
    done boolean;
BEGIN
    FOREACH word IN ARRAY options LOOP
        CASE pg_catalog.upper(word)
            WHEN 'NX' THEN nx := true;
            WHEN 'XX' THEN xx := true;
            WHEN 'GT' THEN gt := true;
            WHEN 'LT' THEN lt := true;
            ELSE PERFORM redis.raise_error('ERR Unsupported option ' || word);
        END CASE;
    END LOOP;
    IF nx AND (xx OR gt OR lt) THEN
        PERFORM redis.raise_error('ERR NX and XX, GT or LT options at the same time are not compatible');
    ELSIF gt AND lt THEN
        PERFORM redis.raise_error('ERR GT and LT options at the same time are not compatible');
    ELSIF amount IS NULL THEN
        PERFORM redis.raise_not_integer();
    ELSIF amount NOT BETWEEN -9223372036854775807 / unit AND 9223372036854775807 / unit
          AND NOT (unit = 1 AND amount < 0) OR amount * unit > 9223372036854775807 - base THEN
        PERFORM redis.raise_error(pg_catalog.format('ERR invalid expire time in ''%s'' command', command));
    END IF;
    due := base + amount * unit;
    done := redis.lock_key(d, k);
    IF due > now THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            expires_at = due, sweep_at = redis.schedule_sweep(d, k, x.id, due, x.sweep_at)
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
          AND (x.expires_at > now OR x.expires_at IS NULL)
          AND NOT (nx AND x.expires_at IS NOT NULL) AND NOT (xx AND x.expires_at IS NULL)
          AND NOT (gt AND (x.expires_at IS NULL OR due <= x.expires_at)) AND NOT (lt AND x.expires_at IS NOT NULL AND due >= x.expires_at);
        RETURN CASE WHEN FOUND THEN redis.changed(d, k, 'g', 'expire') IS NOT NULL ELSE false END;
    END IF;
    PERFORM FROM redis.keys x -- the time is past: LT holds against every TTL, GT against none
    WHERE x.db = d AND x.key = k AND (x.expires_at > now OR x.expires_at IS NULL)
      AND NOT (nx AND x.expires_at IS NOT NULL) AND NOT (xx AND x.expires_at IS NULL) AND NOT gt
    ORDER BY x.turn DESC LIMIT 1;
    IF FOUND THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN FOUND;
END $$;

-- Many EXPIREs or PEXPIREs without conditions at once: of several for a key the last counts. Returns for each whether the key is
-- there. What deletes a key or goes beyond all time is left to single calls.
CREATE OR REPLACE FUNCTION redis.expire_at_once(command text, keys bytea[], amounts bigint[], unit integer) RETURNS SETOF boolean
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
    now constant bigint := redis.now_ms();
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT redis.expire_key(command, u.key, u.amount, unit, redis.now_ms(), '{}')
                     FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(amounts)) AS u(key, amount);
        RETURN;
    ELSIF NOT (0 < ALL (amounts) AND 1000000000000000 > ALL (amounts)) THEN
        PERFORM redis.one_by_one();
    END IF;
    RETURN QUERY
    WITH latest AS MATERIALIZED (
        SELECT DISTINCT ON (u.k) u.k, now + u.amount * unit AS due
        FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(amounts)) WITH ORDINALITY AS u(k, amount, n)
        ORDER BY u.k, u.n DESC
    ), expiring AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            expires_at = l.due, sweep_at = least(x.sweep_at, l.due)
        FROM latest l
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = l.k ORDER BY y.turn DESC LIMIT 1)
          AND (x.expires_at > now OR x.expires_at IS NULL)
        RETURNING x.id, x.key, x.expires_at, x.sweep_at
    ), scheduled AS ( -- as redis.schedule_sweep does
        INSERT INTO redis.expirations (due, id, db, key)
        SELECT e.expires_at, e.id, d, e.key FROM expiring e WHERE e.sweep_at = e.expires_at
        ON CONFLICT ON CONSTRAINT expirations_pkey DO UPDATE SET db = excluded.db, key = excluded.key
    )
    SELECT e.key IS NOT NULL
    FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n) LEFT JOIN expiring e ON e.key = u.k ORDER BY u.n;
END $$;

CREATE OR REPLACE FUNCTION public.redis_expire(key bytea, seconds bigint, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('expire', key, seconds, 1000, redis.now_ms(), options);
END $$;
COMMENT ON FUNCTION public.redis_expire(bytea, bigint, text[]) IS
'EXPIRE key seconds [NX | XX | GT | LT]
Lets a key expire so many seconds from now; NX: only without a TTL, XX: only with one, GT/LT: only to a later/an earlier time.
False when the key is absent or the condition does not hold.';
CREATE OR REPLACE FUNCTION public.redis_expire(key bytea, seconds text, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('expire', key, redis.try_integer(pg_catalog.convert_to(seconds, 'UTF8')), 1000, redis.now_ms(), options);
END $$;
COMMENT ON FUNCTION public.redis_expire(bytea, text, text[]) IS
'The same, with the number as text.';
CREATE OR REPLACE FUNCTION redis.batch_expire(keys bytea[], amounts bigint[]) RETURNS SETOF boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT e.there FROM redis.expire_at_once('expire', keys, amounts, 1000) AS e(there);
END $$;
SELECT redis.register_command('expire', 'redis_expire', arity => -3, batch => 'redis.batch_expire',
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Lets a key expire after some seconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "seconds", "type": "integer"}, {"name": "condition", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"}, {"name": "xx", "type": "pure-token", "token": "XX"}, {"name": "gt", "type": "pure-token", "token": "GT"}, {"name": "lt", "type": "pure-token", "token": "LT"}]}]');

CREATE OR REPLACE FUNCTION public.redis_pexpire(key bytea, milliseconds bigint, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('pexpire', key, milliseconds, 1, redis.now_ms(), options);
END $$;
COMMENT ON FUNCTION public.redis_pexpire(bytea, bigint, text[]) IS
'PEXPIRE key milliseconds [NX | XX | GT | LT]
As EXPIRE, in milliseconds.';
CREATE OR REPLACE FUNCTION public.redis_pexpire(key bytea, milliseconds text, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('pexpire', key, redis.try_integer(pg_catalog.convert_to(milliseconds, 'UTF8')), 1, redis.now_ms(), options);
END $$;
COMMENT ON FUNCTION public.redis_pexpire(bytea, text, text[]) IS
'The same, with the number as text.';
CREATE OR REPLACE FUNCTION redis.batch_pexpire(keys bytea[], amounts bigint[]) RETURNS SETOF boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT e.there FROM redis.expire_at_once('pexpire', keys, amounts, 1) AS e(there);
END $$;
SELECT redis.register_command('pexpire', 'redis_pexpire', arity => -3, batch => 'redis.batch_pexpire',
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Lets a key expire after some milliseconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "milliseconds", "type": "integer"}, {"name": "condition", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"}, {"name": "xx", "type": "pure-token", "token": "XX"}, {"name": "gt", "type": "pure-token", "token": "GT"}, {"name": "lt", "type": "pure-token", "token": "LT"}]}]');

CREATE OR REPLACE FUNCTION public.redis_expireat(key bytea, unix_time_seconds bigint, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('expireat', key, unix_time_seconds, 1000, 0, options);
END $$;
COMMENT ON FUNCTION public.redis_expireat(bytea, bigint, text[]) IS
'EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
As EXPIRE, at a point of time.';
CREATE OR REPLACE FUNCTION public.redis_expireat(key bytea, unix_time_seconds text, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('expireat', key, redis.try_integer(pg_catalog.convert_to(unix_time_seconds, 'UTF8')), 1000, 0, options);
END $$;
COMMENT ON FUNCTION public.redis_expireat(bytea, text, text[]) IS
'The same, with the number as text.';
SELECT redis.register_command('expireat', 'redis_expireat', arity => -3,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Lets a key expire at a Unix time in seconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "unix-time-seconds", "type": "unix-time"}, {"name": "condition", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"}, {"name": "xx", "type": "pure-token", "token": "XX"}, {"name": "gt", "type": "pure-token", "token": "GT"}, {"name": "lt", "type": "pure-token", "token": "LT"}]}]');

CREATE OR REPLACE FUNCTION public.redis_pexpireat(key bytea, unix_time_milliseconds bigint, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('pexpireat', key, unix_time_milliseconds, 1, 0, options);
END $$;
COMMENT ON FUNCTION public.redis_pexpireat(bytea, bigint, text[]) IS
'PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
As EXPIRE, at a point of time in milliseconds.';
CREATE OR REPLACE FUNCTION public.redis_pexpireat(key bytea, unix_time_milliseconds text, VARIADIC options text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expire_key('pexpireat', key, redis.try_integer(pg_catalog.convert_to(unix_time_milliseconds, 'UTF8')), 1, 0, options);
END $$;
COMMENT ON FUNCTION public.redis_pexpireat(bytea, text, text[]) IS
'The same, with the number as text.';
SELECT redis.register_command('pexpireat', 'redis_pexpireat', arity => -3,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Lets a key expire at a Unix time in milliseconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "unix-time-milliseconds", "type": "unix-time"}, {"name": "condition", "type": "oneof", "since": "7.0.0", "flags": ["optional"], "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"}, {"name": "xx", "type": "pure-token", "token": "XX"}, {"name": "gt", "type": "pure-token", "token": "GT"}, {"name": "lt", "type": "pure-token", "token": "LT"}]}]');

-- When a key expires: milliseconds since the epoch, -1 never, -2 when it is absent.
CREATE OR REPLACE FUNCTION redis.expiry_of(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    expiry bigint;
BEGIN
    SELECT coalesce(x.expires_at, -1) INTO expiry FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry IS NULL OR expiry <> -1 AND expiry <= redis.now_ms() THEN
        RETURN -2;
    END IF;
    RETURN expiry;
END $$;

CREATE OR REPLACE FUNCTION public.redis_pexpiretime(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.expiry_of(key);
END $$;
COMMENT ON FUNCTION public.redis_pexpiretime(bytea) IS
'PEXPIRETIME key
When the key expires, in milliseconds since the epoch; -1: never, -2: the key is absent.';
SELECT redis.register_command('pexpiretime', 'redis_pexpiretime', arity => 2,
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '7.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells when a key expires, as a Unix time in milliseconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_expiretime(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    expiry constant bigint := redis.expiry_of(key);
BEGIN
    RETURN CASE WHEN expiry < 0 THEN expiry ELSE expiry / 1000 + (expiry % 1000 >= 500)::integer END;
END $$;
COMMENT ON FUNCTION public.redis_expiretime(bytea) IS
'EXPIRETIME key
When the key expires, in seconds since the epoch; -1: never, -2: the key is absent.';
SELECT redis.register_command('expiretime', 'redis_expiretime', arity => 2,
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '7.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells when a key expires, as a Unix time in seconds.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_pttl(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    expiry constant bigint := redis.expiry_of(key);
BEGIN
    RETURN CASE WHEN expiry < 0 THEN expiry ELSE greatest(expiry - redis.now_ms(), 0) END;
END $$;
COMMENT ON FUNCTION public.redis_pttl(bytea) IS
'PTTL key
How many milliseconds the key has left; -1: no TTL, -2: the key is absent.';
-- Many PTTLs at once.
CREATE OR REPLACE FUNCTION redis.batch_pttl(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY SELECT CASE WHEN e.expiry < 0 THEN e.expiry ELSE greatest(e.expiry - now, 0) END
                 FROM redis.expiries_of(keys) AS e(expiry);
END $$;
SELECT redis.register_command('pttl', 'redis_pttl', arity => 2, batch => 'redis.batch_pttl',
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '2.6.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells how many milliseconds a key has left.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_ttl(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    expiry constant bigint := redis.expiry_of(key);
BEGIN
    RETURN CASE WHEN expiry < 0 THEN expiry ELSE (greatest(expiry - redis.now_ms(), 0) + 500) / 1000 END;
END $$;
COMMENT ON FUNCTION public.redis_ttl(bytea) IS
'TTL key
How many seconds the key has left, rounded; -1: no TTL, -2: the key is absent.';
-- Many TTLs at once.
CREATE OR REPLACE FUNCTION redis.batch_ttl(keys bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY SELECT CASE WHEN e.expiry < 0 THEN e.expiry ELSE (greatest(e.expiry - now, 0) + 500) / 1000 END
                 FROM redis.expiries_of(keys) AS e(expiry);
END $$;
SELECT redis.register_command('ttl', 'redis_ttl', arity => 2, batch => 'redis.batch_ttl',
  flags => 'readonly fast', categories => 'keyspace read fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells how many seconds a key has left.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_persist(key bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    now constant bigint := redis.now_ms();
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        expires_at = NULL
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1) AND x.expires_at > now;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    done := redis.changed(d, k, 'g', 'persist');
    RETURN true;
END $$;
COMMENT ON FUNCTION public.redis_persist(bytea) IS
'PERSIST key
Takes a key''s TTL away; false when it is absent or has none.';
SELECT redis.register_command('persist', 'redis_persist', arity => 2,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Takes the TTL of a key away.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

-- Names and copies.

-- Gives a live key's row another name, perhaps in another database. What was there is gone; the sweep's entry for the row follows.
CREATE OR REPLACE FUNCTION redis.move_row(d smallint, k bytea, new_d smallint, new_key bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    new_k constant bytea := redis.index_key(new_key);
    key_id bigint;
    key_type "char";
    elements bigint;
    scheduled bigint;
    done boolean := redis.require_read_committed();
BEGIN
    done := redis.delete_key(new_d, new_k);
    UPDATE redis.keys x
    SET db = new_d, key = new_k, long_key = redis.long_key(new_key), turn = greatest(x.turn, pg_catalog.txid_current())
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.id, x.type, x.size, x.sweep_at INTO key_id, key_type, elements, scheduled;
    done := redis.appeared(new_d, new_k, key_type, elements);
    IF scheduled IS NOT NULL THEN
        UPDATE redis.expirations e SET db = new_d, key = new_k WHERE e.due = scheduled AND e.id = key_id;
    END IF;
    RETURN true;
END $$;

-- RENAME and RENAMENX; false when the latter finds the new name taken.
CREATE OR REPLACE FUNCTION redis.rename_key(key bytea, newkey bytea, overwrite boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    new_k constant bytea := redis.index_key(newkey);
    done boolean := redis.lock_two(d, k, d, new_k);
BEGIN
    IF NOT redis.key_exists(d, k) THEN
        PERFORM redis.raise_error('ERR no such key');
    ELSIF k = new_k THEN
        RETURN overwrite;
    ELSIF NOT overwrite AND redis.key_exists(d, new_k) THEN
        RETURN false;
    END IF;
    done := redis.move_row(d, k, d, newkey);
    done := redis.changed(d, k, 'g', 'rename_from');
    done := redis.changed(d, new_k, 'g', 'rename_to');
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public.redis_rename(key bytea, newkey bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean := redis.rename_key(key, newkey, true);
BEGIN
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_rename(bytea, bytea) IS
'RENAME key newkey
Gives a key another name, with its TTL; a key of that name is overwritten. Errors: no such key.';
SELECT redis.register_command('rename', 'redis_rename', arity => 3,
  flags => 'write', categories => 'keyspace write slow',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "OW update", "index": 2, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Gives a key another name, overwriting what is there.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "newkey", "type": "key", "key_spec_index": 1}]');

CREATE OR REPLACE FUNCTION public.redis_renamenx(key bytea, newkey bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.rename_key(key, newkey, false);
END $$;
COMMENT ON FUNCTION public.redis_renamenx(bytea, bytea) IS
'RENAMENX key newkey
Gives a key another name; false when that is taken. Errors: no such key.';
SELECT redis.register_command('renamenx', 'redis_renamenx', arity => 3,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "OW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Gives a key another name unless that is taken.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "newkey", "type": "key", "key_spec_index": 1}]');

CREATE OR REPLACE FUNCTION public.redis_move(key bytea, db bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    new_d constant smallint := redis.parse_database(db);
    done boolean;
BEGIN
    IF d = new_d THEN
        PERFORM redis.raise_error('ERR source and destination objects are the same');
    END IF;
    done := redis.lock_two(d, k, new_d, k);
    IF NOT redis.key_exists(d, k) OR redis.key_exists(new_d, k) THEN
        RETURN false;
    END IF;
    done := redis.move_row(d, k, new_d, key);
    done := redis.changed(d, k, 'g', 'move_from');
    done := redis.changed(new_d, k, 'g', 'move_to');
    RETURN true;
END $$;
COMMENT ON FUNCTION public.redis_move(bytea, bytea) IS
'MOVE key db
Moves a key to another database; false when it is absent here or present there. Errors: no such database.';
SELECT redis.register_command('move', 'redis_move', arity => 3,
  flags => 'write fast', categories => 'keyspace write fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0], "database": {"index": 2}}]', lane => 'slow',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Moves a key to another database.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "db", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_copy(source bytea, destination bytea, VARIADIC options bytea[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(source);
    new_d smallint := d;
    new_k constant bytea := redis.index_key(destination);
    overwrite boolean := false;
    i integer := 1;
    word text;
    old redis.keys;
    new_id bigint;
    done boolean;
BEGIN
    WHILE i <= pg_catalog.cardinality(options) LOOP
        word := pg_catalog.upper(pg_catalog.encode(options[i], 'escape'));
        IF word = 'REPLACE' THEN
            overwrite := true;
        ELSIF word = 'DB' AND i < pg_catalog.cardinality(options) THEN
            i := i + 1;
            new_d := redis.parse_database(options[i]);
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        i := i + 1;
    END LOOP;
    IF d = new_d AND k = new_k THEN
        PERFORM redis.raise_error('ERR source and destination objects are the same');
    END IF;
    done := redis.lock_two(d, k, new_d, new_k);
    SELECT x.* INTO old FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF old.id IS NULL OR old.expires_at <= redis.now_ms() OR NOT overwrite AND redis.key_exists(new_d, new_k) THEN
        RETURN false;
    END IF;
    done := redis.delete_key(new_d, new_k);
    new_id := redis.create_key(new_d, destination, old.type, old.value, old.expires_at, old.size, old.head, old.tail);
    IF old.type = 'l' THEN
        INSERT INTO redis.list_items (id, pos, value) SELECT new_id, e.pos, e.value FROM redis.list_items e WHERE e.id = old.id;
    ELSIF old.type = 'h' THEN
        INSERT INTO redis.hash_fields (id, seq, field, long_field, value)
        SELECT new_id, e.seq, e.field, e.long_field, e.value FROM redis.hash_fields e WHERE e.id = old.id;
    ELSIF old.type = 'S' THEN
        INSERT INTO redis.set_members (id, pos, member, long_member)
        SELECT new_id, e.pos, e.member, e.long_member FROM redis.set_members e WHERE e.id = old.id;
    ELSIF old.type = 'z' THEN
        INSERT INTO redis.zset_members (id, score, hash, member, long_member)
        SELECT new_id, e.score, e.hash, e.member, e.long_member FROM redis.zset_members e WHERE e.id = old.id;
    END IF;
    RETURN redis.changed(new_d, new_k, 'g', 'copy_to') IS NOT NULL;
END $$;
COMMENT ON FUNCTION public.redis_copy(bytea, bytea, bytea[]) IS
'COPY source destination [DB destination-db] [REPLACE]
Copies a key with its TTL; false when it is absent or, without REPLACE, the destination exists. Errors: no such database.';
SELECT redis.register_command('copy', 'redis_copy', arity => -3,
  flags => 'write denyoom', categories => 'keyspace write slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]},
    {"flags": "OW update", "index": 2, "range": [0, 1, 0], "database": {"keyword": ["DB", -2]}}]', lane => 'slow',
  since => '6.2.0', command_group => 'generic', complexity => 'O(N)',
  summary => 'Copies a key, also to another database.',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0}, {"name": "destination", "type": "key", "key_spec_index": 1}, {"name": "destination-db", "type": "integer", "token": "DB", "flags": ["optional"]}, {"name": "replace", "type": "pure-token", "token": "REPLACE", "flags": ["optional"]}]');

-- Looking for keys.

CREATE OR REPLACE FUNCTION public.redis_keys(pattern bytea) RETURNS SETOF bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
    prefix constant bytea := redis.glob_prefix(pattern);
    prefix_end constant bytea := redis.prefix_end(prefix);
    regex constant text := redis.glob_regex(pattern);
BEGIN
    RETURN QUERY
    SELECT coalesce(x.long_key, x.key) FROM redis.keys x
    WHERE x.db = d AND x.key >= prefix AND x.key < prefix_end AND (x.expires_at > now OR x.expires_at IS NULL)
      AND (regex IS NULL OR redis.glob_match(coalesce(x.long_key, x.key), regex));
END $$;
COMMENT ON FUNCTION public.redis_keys(bytea) IS
'KEYS pattern
All keys that match a glob pattern: * any bytes, ? one byte, [abc] [^a] [a-z] one of a class, \ takes the next byte as it is. Bytes
before the first of those bound the search by the index.';
SELECT redis.register_command('keys', 'redis_keys', arity => 2,
  flags => 'readonly', categories => 'keyspace read slow dangerous',
  tips => 'request_policy:all_shards nondeterministic_output_order',
  lane => 'slow',
  since => '1.0.0', command_group => 'generic', complexity => 'O(N)',
  summary => 'Lists the keys that match a pattern.',
  arguments => '[{"name": "pattern", "type": "pattern"}]');

-- Where SCAN finds a stored key: databases one after the other, hashes within.
CREATE OR REPLACE FUNCTION redis.scan_position(d smallint, k bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (d::bigint << 32) + pg_catalog.hashtext(pg_catalog.encode(k, 'hex')) + 2147483648
$$;

-- SCAN's cursor is 1 + the position within the database that was looked at last. Keys of equal position are answered together.
CREATE OR REPLACE FUNCTION public.redis_scan(cursor bytea, VARIADIC options bytea[] DEFAULT '{}', OUT next text, OUT keys bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
    start constant bigint := d::bigint << 32;
    finish constant bigint := (d + 1)::bigint << 32;
    after constant bigint := start - 1 + least(redis.parse_cursor(cursor), 4294967296)::bigint;
    option record;
    regex text;
    remaining bigint;
    seen integer;
    reached bigint := after;
    last bigint;
BEGIN
    option := redis.parse_scan_options(options, true);
    regex := redis.glob_regex(option.match, true);
    remaining := option.count;
    LOOP -- Finds where this page ends. With the fixed limit and one bound the planner walks the index, whatever it believes of the table.
        SELECT pg_catalog.max(s.position), pg_catalog.count(*) INTO last, seen
        FROM (SELECT c.position
              FROM (SELECT redis.scan_position(x.db, x.key) AS position FROM redis.keys x
                    WHERE redis.scan_position(x.db, x.key) > reached ORDER BY 1 LIMIT 1000) AS c
              WHERE c.position < finish LIMIT remaining) AS s;
        remaining := remaining - seen;
        reached := coalesce(last, reached);
        EXIT WHEN remaining = 0 OR seen < 1000;
    END LOOP;
    next := CASE WHEN remaining > 0 THEN 0 ELSE reached - start + 1 END;
    keys := ARRAY(
        SELECT coalesce(x.long_key, x.key) FROM redis.keys x
        WHERE redis.scan_position(x.db, x.key) > after AND redis.scan_position(x.db, x.key) <= reached
          AND (x.expires_at > now OR x.expires_at IS NULL)
          AND (option.type IS NULL OR redis.type_name(x.type) = pg_catalog.lower(pg_catalog.encode(option.type, 'escape')))
          AND (regex IS NULL OR redis.glob_match(coalesce(x.long_key, x.key), regex)));
END $$;
COMMENT ON FUNCTION public.redis_scan(bytea, bytea[]) IS
'SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
One page of the keys: the cursor of the next page, 0 after the last, and those keys of this page that match. Begin with cursor 0. What
is there from the first call to the last is returned.';
SELECT redis.register_command('scan', 'redis_scan', arity => -2,
  flags => 'readonly', categories => 'keyspace read slow',
  tips => 'nondeterministic_output request_policy:special',
  reply => 'row',
  since => '2.8.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Walks through the keys, a page a call.',
  arguments => '[{"name": "cursor", "type": "integer"}, {"name": "pattern", "type": "pattern", "token": "MATCH", "flags": ["optional"]}, {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}, {"name": "type", "type": "string", "token": "TYPE", "since": "6.0.0", "flags": ["optional"]}]');

-- One of the next 32 keys after a random position: uniform in a small database, nearly so in a big one.
CREATE OR REPLACE FUNCTION public.redis_randomkey() RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    now constant bigint := redis.now_ms();
    start constant bigint := redis.db()::bigint << 32;
    finish constant bigint := (redis.db() + 1)::bigint << 32;
    dice constant bigint := start + pg_catalog.floor(pg_catalog.random() * 4294967296)::bigint;
    candidates bytea[];
BEGIN
    candidates := ARRAY( -- see SCAN for the limits
        (SELECT c.key FROM (SELECT coalesce(x.long_key, x.key) AS key, redis.scan_position(x.db, x.key) AS position FROM redis.keys x
                            WHERE redis.scan_position(x.db, x.key) >= dice AND (x.expires_at > now OR x.expires_at IS NULL)
                            ORDER BY 2 LIMIT 32) AS c
         WHERE c.position < finish)
        UNION ALL
        (SELECT c.key FROM (SELECT coalesce(x.long_key, x.key) AS key, redis.scan_position(x.db, x.key) AS position FROM redis.keys x
                            WHERE redis.scan_position(x.db, x.key) >= start AND (x.expires_at > now OR x.expires_at IS NULL)
                            ORDER BY 2 LIMIT 32) AS c
         WHERE c.position < dice)
        LIMIT 32);
    RETURN candidates[1 + pg_catalog.floor(pg_catalog.random() * pg_catalog.cardinality(candidates))::integer];
END $$;
COMMENT ON FUNCTION public.redis_randomkey() IS
'RANDOMKEY
A random key; NULL when the database is empty.';
SELECT redis.register_command('randomkey', 'redis_randomkey', arity => 1,
  flags => 'readonly', categories => 'keyspace read slow',
  tips => 'request_policy:all_shards nondeterministic_output',
  since => '1.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Returns a random key.');

-- OBJECT

SELECT redis.register_command('object', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.2.3', command_group => 'generic',
  summary => 'Container of the commands that look at how a value is stored.');

-- The encoding Redis would choose, by its default limits. It never looks at more elements than those limits allow.
CREATE OR REPLACE FUNCTION public.redis_object_encoding(key bytea) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    x redis.keys;
    big boolean;
BEGIN
    SELECT y.id, y.type, y.size, y.expires_at, CASE WHEN pg_catalog.octet_length(y.value) <= 44 THEN y.value END
    INTO x.id, x.type, x.size, x.expires_at, x.value FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1;
    IF x.id IS NULL OR x.expires_at <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    CASE x.type
        WHEN 's' THEN
            RETURN CASE WHEN x.value IS NULL THEN 'raw' WHEN redis.try_integer(x.value) IS NULL THEN 'embstr' ELSE 'int' END;
        WHEN 'l' THEN
            RETURN 'quicklist';
        WHEN 'h' THEN
            big := x.size > 512 OR EXISTS (
                SELECT FROM redis.hash_fields e
                WHERE e.id = x.id AND (pg_catalog.octet_length(e.field) > 64 OR pg_catalog.octet_length(e.value) > 64));
            RETURN CASE WHEN big THEN 'hashtable' ELSE 'listpack' END;
        WHEN 'S' THEN
            big := x.size > 512 OR EXISTS (SELECT FROM redis.set_members e WHERE e.id = x.id AND redis.try_integer(e.member) IS NULL);
            RETURN CASE WHEN big THEN 'hashtable' ELSE 'intset' END;
        WHEN 'z' THEN
            big := x.size > 128 OR EXISTS (SELECT FROM redis.zset_members e WHERE e.id = x.id AND pg_catalog.octet_length(e.member) > 64);
            RETURN CASE WHEN big THEN 'skiplist' ELSE 'listpack' END;
        ELSE
            RETURN 'stream';
    END CASE;
END $$;
COMMENT ON FUNCTION public.redis_object_encoding(bytea) IS
'OBJECT ENCODING key
How Redis would hold the value in memory: int, embstr, raw, quicklist, listpack, hashtable, intset, skiplist, stream; NULL when the key is
absent. Here it is a table''s rows in any case.';
SELECT redis.register_command('object|encoding', 'redis_object_encoding', arity => 3,
  flags => 'readonly', categories => 'keyspace read slow',
  key_specs => '[{"flags": "RO", "index": 2, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  reply => 'bulk',
  since => '2.2.3', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells the encoding Redis would use for a value.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_object_freq(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF redis.key_exists(redis.db(), redis.index_key(key)) THEN
        PERFORM redis.raise_error('ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when '
            'switching between policies at runtime LRU and LFU data will take some time to adjust.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION public.redis_object_freq(bytea) IS
'OBJECT FREQ key
Always an error for a key that exists, as accesses are not counted; NULL when it is absent.';
SELECT redis.register_command('object|freq', 'redis_object_freq', arity => 3,
  flags => 'readonly', categories => 'keyspace read slow',
  key_specs => '[{"flags": "RO", "index": 2, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '4.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Access frequencies are not tracked: an error for a key that exists.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_object_idletime(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN CASE WHEN redis.key_exists(redis.db(), redis.index_key(key)) THEN 0 END;
END $$;
COMMENT ON FUNCTION public.redis_object_idletime(bytea) IS
'OBJECT IDLETIME key
0, as access times are not kept; NULL when the key is absent.';
SELECT redis.register_command('object|idletime', 'redis_object_idletime', arity => 3,
  flags => 'readonly', categories => 'keyspace read slow',
  key_specs => '[{"flags": "RO", "index": 2, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '2.2.3', command_group => 'generic', complexity => 'O(1)',
  summary => 'Access times are not kept: 0 for a key that exists.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

-- Redis shares the objects of the integers it makes beforehand.
CREATE OR REPLACE FUNCTION public.redis_object_refcount(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    x redis.keys;
BEGIN
    SELECT y.id, y.expires_at, CASE WHEN pg_catalog.octet_length(y.value) <= 4 THEN y.value END
    INTO x.id, x.expires_at, x.value FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1;
    IF x.id IS NULL OR x.expires_at <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    RETURN CASE WHEN redis.try_integer(x.value) >= 0 THEN 2147483647 ELSE 1 END;
END $$;
COMMENT ON FUNCTION public.redis_object_refcount(bytea) IS
'OBJECT REFCOUNT key
What Redis would answer: 2147483647 for a string that is a number from 0 to 9999, of which it has one object for all keys, else 1; NULL when
the key is absent. Here values are never shared.';
SELECT redis.register_command('object|refcount', 'redis_object_refcount', arity => 3,
  flags => 'readonly', categories => 'keyspace read slow',
  key_specs => '[{"flags": "RO", "index": 2, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '2.2.3', command_group => 'generic', complexity => 'O(1)',
  summary => 'Tells whether Redis would share the value among keys.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_object_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'OBJECT <subcommand> [<arg> ...]. Subcommands:',
        'ENCODING <key>',
        '    The encoding Redis would use for the value.',
        'FREQ <key>',
        '    An error: accesses are not counted.',
        'IDLETIME <key>',
        '    0: access times are not kept.',
        'REFCOUNT <key>',
        '    2147483647 for a small number, which Redis would share, else 1.',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_object_help() IS
'OBJECT HELP
The subcommands of OBJECT.';
SELECT redis.register_command('object|help', 'redis_object_help', arity => 2,
  flags => 'loading stale', categories => 'keyspace slow',
  since => '6.2.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Lists the subcommands of OBJECT.');

-- What is acknowledged is committed in Postgres, whose own replication is the operator's matter; replicas of Redis's kind there are none.
CREATE OR REPLACE FUNCTION public.redis_wait(numreplicas bigint, timeout bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF redis.parse_integer(timeout, 'ERR timeout is not an integer or out of range') < 0 THEN
        PERFORM redis.raise_error('ERR timeout is negative');
    END IF;
    RETURN 0;
END $$;
COMMENT ON FUNCTION public.redis_wait(bigint, bytea) IS
'WAIT numreplicas timeout
0 at once: there are no Redis replicas, and every acknowledged write is already committed.';
SELECT redis.register_command('wait', 'redis_wait', arity => 3,
  flags => 'noscript', categories => 'slow connection',
  tips => 'request_policy:all_shards response_policy:agg_min',
  since => '3.0.0', command_group => 'generic', complexity => 'O(1)',
  summary => 'Answers 0 at once: there are no Redis replicas to wait for.',
  arguments => '[{"name": "numreplicas", "type": "integer"}, {"name": "timeout", "type": "integer"}]');
