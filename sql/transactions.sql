-- MULTI, EXEC and WATCH. The proxy queues the commands and sends EXEC as one SQL transaction:
-- redis.begin_transaction, redis.check_watches, and the commands' functions.

-- Locks every key that an EXEC touches or watches, in the one global order; everything: the whole keyspace, before any key.
CREATE OR REPLACE FUNCTION redis.begin_transaction(dbs smallint[], keys bytea[], everything boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF everything OR pg_catalog.cardinality(keys) > 1000 THEN
        PERFORM redis.lock_all();
        RETURN;
    END IF;
    PERFORM pg_catalog.count(pg_catalog.pg_advisory_xact_lock(s.lock_id))
    FROM (SELECT DISTINCT redis.lock_id(u.db, redis.index_key(u.key)) AS lock_id
          FROM ROWS FROM (pg_catalog.unnest(dbs), pg_catalog.unnest(keys)) AS u(db, key) ORDER BY 1 OFFSET 0) AS s;
END $$;
COMMENT ON FUNCTION redis.begin_transaction(smallint[], bytea[], boolean) IS
'For proxies: locks the keys of an EXEC, each with its database number, before its first command.';

-- SELECT inside of MULTI.
CREATE OR REPLACE FUNCTION redis.select_in_transaction(d smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_catalog.set_config('redis.db', d::text, true);
END $$;

-- What WATCH remembers of each key: which version it sees, by a row's id and xmin, or by a row that the next creation of the key
-- will take away. The lock makes sure that no creation is under way while this looks.
CREATE OR REPLACE FUNCTION redis.watch(d smallint, VARIADIC keys bytea[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ks constant bytea[] := redis.index_keys(keys);
    done constant boolean := redis.lock_keys(d, ks);
    now constant bigint := redis.now_ms();
    tokens text[];
BEGIN
    -- An expired row could come to life again without a creation.
    PERFORM redis.delete_key(d, u.k) FROM pg_catalog.unnest(ks) AS u(k)
    WHERE (SELECT x.expires_at <= now FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1);
    WITH seen AS MATERIALIZED (
        SELECT u.k, u.n, v.version, CASE WHEN v.version IS NULL THEN pg_catalog.nextval('redis.watch_ids') END AS watch_id
        FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n)
        LEFT JOIN LATERAL (SELECT x.id || ':' || x.xmin AS version FROM redis.keys x
                           WHERE x.db = d AND x.key = u.k AND (x.expires_at IS NULL OR x.expires_at > now)
                           ORDER BY x.turn DESC LIMIT 1) v ON true
    ), noted AS (
        INSERT INTO redis.absent_watches (watch_id, db, key) SELECT s.watch_id, d, s.k FROM seen s WHERE s.version IS NULL
    )
    SELECT pg_catalog.array_agg(coalesce(s.version, 'absent:' || s.watch_id) ORDER BY s.n) INTO tokens FROM seen s;
    RETURN tokens;
END $$;
COMMENT ON FUNCTION redis.watch(smallint, bytea[]) IS
'For proxies: WATCH. A token for each key, in order, for redis.check_watches in the EXEC.';

-- EXEC's look at what was watched; the keys are locked. Raises RD001 when any of them has changed.
CREATE OR REPLACE FUNCTION redis.check_watches(dbs smallint[], keys bytea[], tokens text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM ROWS FROM (pg_catalog.unnest(dbs), pg_catalog.unnest(keys), pg_catalog.unnest(tokens)) AS u(db, key, token)
    LEFT JOIN LATERAL (SELECT x.id || ':' || x.xmin AS version FROM redis.keys x
                       WHERE x.db = u.db AND x.key = redis.index_key(u.key) AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
                       ORDER BY x.turn DESC LIMIT 1) v ON true
    LEFT JOIN redis.absent_watches w
        ON u.token LIKE 'absent:%' AND w.watch_id = nullif(pg_catalog.replace(u.token, 'absent:', ''), u.token)::bigint
    WHERE u.token <> coalesce(v.version, 'absent:' || w.watch_id, '');
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'RD001', MESSAGE = 'a watched key has changed';
    END IF;
END $$;
COMMENT ON FUNCTION redis.check_watches(smallint[], bytea[], text[]) IS
'For proxies: raises RD001 when a watched key has changed since redis.watch gave its token.';

-- The end of watching. Tokens of keys that were there need nothing.
CREATE OR REPLACE FUNCTION redis.unwatch(VARIADIC tokens text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM redis.absent_watches w
    WHERE w.watch_id IN (SELECT pg_catalog.substr(u.token, 8)::bigint FROM pg_catalog.unnest(tokens) AS u(token) WHERE u.token LIKE 'absent:%');
END $$;
COMMENT ON FUNCTION redis.unwatch(text[]) IS 'For proxies: gives up what redis.watch noted.';

SELECT redis.register_command('multi', NULL, arity => 1,
  flags => 'noscript loading stale fast allow_busy', categories => 'fast transaction',
  since => '1.2.0', command_group => 'transactions', complexity => 'O(1)',
  summary => 'Begins a transaction: commands are queued from here on.');
SELECT redis.register_command('exec', NULL, arity => 1,
  flags => 'noscript loading stale skip_slowlog', categories => 'slow transaction',
  since => '1.2.0', command_group => 'transactions', complexity => 'O(N)',
  summary => 'Carries out the queued commands as one.');
SELECT redis.register_command('discard', NULL, arity => 1,
  flags => 'noscript loading stale fast allow_busy', categories => 'fast transaction',
  since => '2.0.0', command_group => 'transactions', complexity => 'O(N)',
  summary => 'Forgets the queued commands.');
SELECT redis.register_command('watch', NULL, arity => -2,
  flags => 'noscript loading stale fast allow_busy', categories => 'fast transaction',
  key_specs => '[{"flags": "RO", "index": 1, "range": [-1, 1, 0]}]',
  since => '2.2.0', command_group => 'transactions', complexity => 'O(1)',
  summary => 'Makes the next EXEC depend on these keys staying as they are.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');
SELECT redis.register_command('unwatch', NULL, arity => 1,
  flags => 'noscript loading stale fast allow_busy', categories => 'fast transaction',
  since => '2.2.0', command_group => 'transactions', complexity => 'O(1)',
  summary => 'Forgets the watched keys.');
