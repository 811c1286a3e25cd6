-- What depends on a key's being absent: WATCH of an absent key, and who waits for one. A key came into being: called by every
-- creation of a key's row, and when an emptied list gets elements again, under the key's lock, in that transaction. Always true.
-- (Another row whose time is up may come to life again without it: redis.watch removes such a row.)

-- kind and elements: the key's type and size, NULL or 0 where that is not known yet.
CREATE OR REPLACE FUNCTION redis.appeared(d smallint, k bytea, kind "char", elements bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    done boolean;
BEGIN
    IF EXISTS (SELECT FROM redis.absent_watches w WHERE w.db = d AND w.key = k)
       OR EXISTS (SELECT FROM redis.waiters w WHERE w.db = d AND w.key = k) THEN
        DELETE FROM redis.absent_watches w WHERE w.db = d AND w.key = k;
        done := redis.wake_waiters(d, k, kind, greatest(elements, 1));
    END IF;
    RETURN redis.changed(d, k, 'n', 'new') IS NOT NULL;
END $$;

-- The same for many keys of one type; those who wait and are woken here wake the others.
CREATE OR REPLACE FUNCTION redis.appeared(d smallint, ks bytea[], kind "char") RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM redis.absent_watches w WHERE w.db = d AND w.key = ANY (ks))
       OR EXISTS (SELECT FROM redis.waiters w WHERE w.db = d AND w.key = ANY (ks)) THEN
        DELETE FROM redis.absent_watches w WHERE w.db = d AND w.key = ANY (ks);
        PERFORM redis.wake_waiters(d, s.key, appeared.kind, 1)
        FROM (SELECT DISTINCT w.key FROM redis.waiters w WHERE w.db = d AND w.key = ANY (ks) AND w.kind = appeared.kind) AS s;
    END IF;
    IF redis.wants_events() THEN
        PERFORM redis.changed(d, u.k, 'n', 'new') FROM pg_catalog.unnest(ks) AS u(k);
    END IF;
    RETURN true;
END $$;

-- The same for whatever a database holds now, all of it locked.
CREATE OR REPLACE FUNCTION redis.appeared(d smallint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.absent_watches w
    WHERE w.db = d AND (SELECT true FROM redis.keys x WHERE x.db = w.db AND x.key = w.key ORDER BY x.turn DESC LIMIT 1);
    PERFORM redis.wake_next(d, s.key, s.kind) FROM (SELECT DISTINCT w.key, w.kind FROM redis.waiters w WHERE w.db = d) AS s;
    RETURN true;
END $$;
