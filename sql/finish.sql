-- The last file of a deploy: who may call what. pgredis_proxy is the role proxies work as (or are granted): it can execute the API,
-- the few internal functions that proxies call, and read the registry; it has no right on the data's tables.

DO $$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.oid::pg_catalog.regprocedure AS signature, n.nspname = 'public' OR p.prosecdef AS callable
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'redis' OR n.nspname = 'public' AND p.proname LIKE 'redis\_%'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.signature);
        IF f.callable THEN
            EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO pgredis_proxy', f.signature);
        END IF;
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA redis TO pgredis_proxy;
GRANT SELECT ON redis.commands, redis.settings, redis.migrations, redis.deployment TO pgredis_proxy;
GRANT USAGE ON SEQUENCE redis.client_ids TO pgredis_proxy;

SELECT pg_catalog.pg_notify('redis', 'registry');
