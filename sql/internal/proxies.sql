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

-- Takes away what a proxy that is gone has left behind.
CREATE OR REPLACE FUNCTION redis.forget_proxy(proxy integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.subscriptions s WHERE s.proxy = forget_proxy.proxy;
    DELETE FROM redis.proxies p WHERE p.id = proxy;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION redis.heartbeat() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    me constant integer := redis.own_proxy();
    joined boolean;
    done boolean;
BEGIN
    -- Taken once more each time, which only counts; after a reconnect the lost connection may hold it for a while yet, as good a sign of life.
    done := pg_catalog.pg_try_advisory_lock(redis.proxy_lock_class(), me);
    INSERT INTO redis.proxies (id) VALUES (me) ON CONFLICT (id) DO NOTHING;
    joined := FOUND;
    SELECT pg_catalog.bool_and(redis.forget_proxy(p.id)) INTO done FROM redis.proxies p
    WHERE CASE WHEN p.id <> me THEN pg_catalog.pg_try_advisory_xact_lock(redis.proxy_lock_class(), p.id) ELSE false END;
    RETURN joined;
END $$;
COMMENT ON FUNCTION redis.heartbeat() IS
'For proxies, every second on the control connection: keeps this proxy listed and removes what dead ones left behind.
True when this proxy was not listed: what it had registered is gone and has to be registered again.';
