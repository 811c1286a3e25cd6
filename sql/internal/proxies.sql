-- The proxies of a database. One is alive as long as its control connection holds the proxy's advisory lock (of the kind with two numbers,
-- which no key has): Postgres gives that up when the connection ends, however that came.

-- The first number of those locks.
CREATE OR REPLACE FUNCTION redis.proxy_lock_class() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 1380206419
$$;

-- The number of the proxy this session works for; NULL in psql.
CREATE OR REPLACE FUNCTION redis.own_proxy() RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT nullif(pg_catalog.current_setting('redis.proxy', true), '')::integer
$$;

-- Does this session hold its proxy's lock? After a reconnect the lost connection may hold it for a while yet, as good a sign of life, but
-- one that ends at any moment: then this has to be asked again soon. Each time it is taken once more, which only counts.
CREATE OR REPLACE FUNCTION redis.claim_proxy() RETURNS boolean
LANGUAGE sql SECURITY DEFINER AS $$
    SELECT pg_catalog.pg_try_advisory_lock(redis.proxy_lock_class(), redis.own_proxy())
$$;
COMMENT ON FUNCTION redis.claim_proxy() IS
'For proxies, on the control connection: tells the others that this proxy is alive, for as long as the connection lasts.
False when another session says so at this moment: to be tried again soon.';

-- Takes away what a proxy that is gone has left behind.
CREATE OR REPLACE FUNCTION redis.forget_proxy(proxy integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    first constant bigint := proxy::bigint << 32;
    gone record;
BEGIN
    DELETE FROM redis.subscriptions s WHERE s.proxy = forget_proxy.proxy;
    -- Without the keys' locks, which somebody may hold for long: rows in use are left to the next call, and a waiter that misses a
    -- push of this very moment is found by its proxy (redis.overlooked_waiters).
    FOR gone IN
        DELETE FROM redis.waiters w WHERE w.ctid = ANY (ARRAY(
            SELECT v.ctid FROM redis.waiters v WHERE v.waiter >= first AND v.waiter < first + 4294967296 FOR UPDATE SKIP LOCKED))
        RETURNING w.db, w.key, w.kind
    LOOP
        PERFORM redis.wake_next(gone.db, gone.key, gone.kind);
    END LOOP;
    DELETE FROM redis.proxies p
    WHERE p.id = proxy AND NOT EXISTS (SELECT FROM redis.waiters w WHERE w.waiter >= first AND w.waiter < first + 4294967296);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION redis.heartbeat() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    me constant integer := redis.own_proxy();
    joined boolean;
    done boolean;
BEGIN
    done := redis.claim_proxy();
    INSERT INTO redis.proxies (id) VALUES (me) ON CONFLICT (id) DO NOTHING;
    joined := FOUND;
    SELECT pg_catalog.bool_and(redis.forget_proxy(p.id)) INTO done FROM redis.proxies p
    WHERE CASE WHEN p.id <> me THEN pg_catalog.pg_try_advisory_xact_lock(redis.proxy_lock_class(), p.id) ELSE false END;
    RETURN joined;
END $$;
COMMENT ON FUNCTION redis.heartbeat() IS
'For proxies, every second on the control connection: keeps this proxy listed and removes what dead ones left behind.
True when this proxy was not listed: what it had registered is gone and has to be registered again.';

-- The live ones but this: a dead one is listed until somebody's heartbeat, but holds no lock any more.
CREATE OR REPLACE FUNCTION redis.other_proxies() RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    me constant integer := redis.own_proxy();
BEGIN
    RETURN QUERY SELECT p.id FROM redis.proxies p
    WHERE CASE WHEN p.id <> me THEN NOT pg_catalog.pg_try_advisory_xact_lock_shared(redis.proxy_lock_class(), p.id)
               ELSE false END;
END $$;
COMMENT ON FUNCTION redis.other_proxies() IS
'For proxies: the numbers of the others that are alive.';

-- Questions to the other proxies and their answers are notifications on channel redis, a part each ("2/3 its text"):
--   ask <who asks> <number of the question> <part>
--   answer <who asked> <number of the question> <who answers> <part>
CREATE OR REPLACE FUNCTION redis.ask(number bigint, VARIADIC parts text[]) RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    others constant integer[] := ARRAY(SELECT redis.other_proxies());
BEGIN
    IF others <> '{}' THEN
        -- Nothing here has to survive a crash, so nobody waits for the disk.
        PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
        PERFORM pg_catalog.pg_notify('redis', pg_catalog.format('ask %s %s %s', redis.own_proxy(), number, p.part))
        FROM pg_catalog.unnest(parts) WITH ORDINALITY AS p(part, place) ORDER BY p.place;
    END IF;
    RETURN QUERY SELECT pg_catalog.unnest(others);
END $$;
COMMENT ON FUNCTION redis.ask(bigint, text[]) IS
'redis.ask(number, part, …), for proxies: asks all others that are alive, and returns who they are.';

CREATE OR REPLACE FUNCTION redis.answer(asker integer, number bigint, VARIADIC parts text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    PERFORM pg_catalog.pg_notify('redis', pg_catalog.format('answer %s %s %s %s', asker, number, redis.own_proxy(), p.part))
    FROM pg_catalog.unnest(parts) WITH ORDINALITY AS p(part, place) ORDER BY p.place;
    RETURN true;
END $$;
COMMENT ON FUNCTION redis.answer(integer, bigint, text[]) IS
'redis.answer(asker, number, part, …), for proxies: answers the question of that number, which that proxy has asked.';
