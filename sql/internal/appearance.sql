-- What depends on a key's being absent. A key came into being: called by every creation of a key's row, under the key's lock, in the
-- creation's own transaction. Always true. (A row whose time is up may come to life again without it: redis.watch removes such a row.)

CREATE OR REPLACE FUNCTION redis.appeared(d smallint, k bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.absent_watches w WHERE w.db = d AND w.key = k;
    RETURN redis.changed(d, k, 'n', 'new') IS NOT NULL;
END $$;

-- The same for many keys.
CREATE OR REPLACE FUNCTION redis.created(d smallint, ks bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.absent_watches w WHERE w.db = d AND w.key = ANY (ks);
    RETURN (SELECT pg_catalog.bool_and(redis.changed(d, u.k, 'n', 'new') IS NOT NULL) FROM pg_catalog.unnest(ks) AS u(k));
END $$;

-- The same for the keys of a batch, some of which may have been there before. Where it matters which, the calls are made one by one.
CREATE OR REPLACE FUNCTION redis.appeared(d smallint, ks bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.current_setting('redis.events', true) ~ 'n' THEN
        PERFORM redis.raise_error('ERR a batch cannot tell which keys are new');
    END IF;
    DELETE FROM redis.absent_watches w WHERE w.db = d AND w.key = ANY (ks);
    RETURN true;
END $$;

-- The same for whatever a database holds now, all of it locked.
CREATE OR REPLACE FUNCTION redis.appeared(d smallint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.absent_watches w WHERE w.db = d AND (SELECT true FROM redis.keys x WHERE x.db = w.db AND x.key = w.key);
    RETURN true;
END $$;
