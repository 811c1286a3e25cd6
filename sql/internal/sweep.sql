-- What happens in the background: expired keys go, and so do the elements of deleted collections. Any proxy may call these at any time;
-- the database lets one at a time work. Neither ever waits for a key or for another's row, so neither can be part of a deadlock.

-- Deletes expired keys, up to max_keys (a thousand at most: each costs an entry of the server's lock table until the commit). Returns how
-- many entries of redis.expirations it dealt with; fewer than max_keys: no more are due, or somebody uses the rest. -1: another one sweeps.
--
-- The entries are only hints: a key may have gone, have got another TTL or none. What counts is its row, read under its lock. (A TTL that was
-- pushed on gives its key a new entry and sweep_at, which WATCH takes for a change: harmless, as that EXEC is only tried again.)
--
-- While calls find as many as they may, each goes on after the last one's entries (redis.sweep_position): those are deleted, but an old
-- snapshot held open somewhere keeps them in the index, and walking over them each time would make every call slower than the one before.
CREATE OR REPLACE FUNCTION redis.sweep(max_keys integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    most constant integer := least(max_keys, 1000);
    now constant bigint := redis.now_ms();
    after redis.sweep_position;
    entries redis.expirations[];
    places tid[];
    expired bigint;
BEGIN
    LOCK TABLE redis.keys IN ROW EXCLUSIVE MODE; -- before all else, as FLUSHALL does
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('redis.sweep', 0)) THEN
        RETURN -1;
    END IF;
    SELECT p.* INTO after FROM redis.sweep_position p;
    SELECT coalesce(pg_catalog.array_agg(ROW(s.due, s.id, s.db, s.key)::redis.expirations), '{}'), pg_catalog.array_agg(s.ctid)
    INTO entries, places
    FROM (SELECT e.due, e.id, e.db, e.key, e.ctid FROM redis.expirations e WHERE (e.due, e.id) > (after.due, after.id) AND e.due <= now
          ORDER BY e.due, e.id LIMIT most FOR UPDATE SKIP LOCKED) AS s
    WHERE pg_catalog.pg_try_advisory_xact_lock(redis.lock_id(s.db, s.key));
    IF pg_catalog.cardinality(entries) = most THEN
        UPDATE redis.sweep_position SET due = (entries[most]).due, id = (entries[most]).id;
    ELSIF after.due > 0 THEN
        UPDATE redis.sweep_position SET due = 0, id = 0;
    END IF;
    IF pg_catalog.cardinality(entries) = 0 THEN
        RETURN 0;
    END IF;
    DELETE FROM redis.expirations e WHERE e.ctid = ANY (places);
    -- Locked rows stay where they are. A join could be planned as a walk over all keys while the table seems empty.
    places := ARRAY(SELECT (SELECT s.ctid
                            FROM (SELECT x.ctid, x.id, x.expires_at, x.sweep_at FROM redis.keys x
                                  WHERE x.db = u.db AND x.key = u.key ORDER BY x.turn DESC LIMIT 1) AS s
                            WHERE s.id = u.id AND (s.expires_at <= now OR s.sweep_at = u.due))
                    FROM pg_catalog.unnest(entries) AS u);
    WITH postponed AS (
        UPDATE redis.keys x SET sweep_at = x.expires_at WHERE x.ctid = ANY (places) AND (x.expires_at > now OR x.expires_at IS NULL)
        RETURNING x.expires_at, x.id, x.db, x.key
    )
    INSERT INTO redis.expirations (due, id, db, key) SELECT p.expires_at, p.id, p.db, p.key FROM postponed p WHERE p.expires_at IS NOT NULL
    ON CONFLICT ON CONSTRAINT expirations_pkey DO UPDATE SET db = excluded.db, key = excluded.key; -- left over from before a RENAME
    WITH gone AS (
        DELETE FROM redis.keys x WHERE x.ctid = ANY (places) AND x.expires_at <= now
        RETURNING x.id, x.type, x.db, coalesce(x.long_key, x.key) AS key, x.expires_at
    ), orphaned AS (
        INSERT INTO redis.orphans (id, type) SELECT g.id, g.type FROM gone g WHERE g.type <> 's' AND g.expires_at > 0 -- 0: vacant
    )
    SELECT pg_catalog.count(redis.changed(g.db, g.key, 'x', 'expired')) INTO expired FROM gone g WHERE g.expires_at > 0;
    RETURN pg_catalog.cardinality(entries);
END $$;
COMMENT ON FUNCTION redis.sweep(integer) IS
'redis.sweep(max_keys): deletes keys whose time is up; how many it looked at, -1 when another session is at it.';

-- Deletes elements of collections that are gone, up to max_rows. Returns how many; fewer than max_rows: none are left. -1: another one reaps.
CREATE OR REPLACE FUNCTION redis.reap(max_rows integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    remaining integer := max_rows;
    orphan redis.orphans;
    removed integer;
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('redis.reap', 0)) THEN
        RETURN -1;
    END IF;
    -- Left behind by proxies that died. A client whose WATCH is really that old is told to try again.
    DELETE FROM redis.absent_watches w WHERE w.watched_at < pg_catalog.now() - interval '1 hour';
    PERFORM redis.forget_messages();
    FOR orphan IN SELECT o.* FROM redis.orphans o ORDER BY o.id LIMIT max_rows LOOP
        CASE orphan.type
            WHEN 'l' THEN
                DELETE FROM redis.list_items e WHERE e.ctid = ANY (ARRAY(
                    SELECT f.ctid FROM redis.list_items f WHERE f.id = orphan.id LIMIT remaining));
            WHEN 'h' THEN
                DELETE FROM redis.hash_fields e WHERE e.ctid = ANY (ARRAY(
                    SELECT f.ctid FROM redis.hash_fields f WHERE f.id = orphan.id LIMIT remaining));
            WHEN 'S' THEN
                DELETE FROM redis.set_members e WHERE e.ctid = ANY (ARRAY(
                    SELECT f.ctid FROM redis.set_members f WHERE f.id = orphan.id LIMIT remaining));
            WHEN 'z' THEN
                DELETE FROM redis.zset_members e WHERE e.ctid = ANY (ARRAY(
                    SELECT f.ctid FROM redis.zset_members f WHERE f.id = orphan.id LIMIT remaining));
            ELSE
                RAISE EXCEPTION 'unknown type % of orphan %', orphan.type, orphan.id;
        END CASE;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed = remaining THEN
            RETURN max_rows; -- there may be more of this one
        END IF;
        remaining := remaining - removed;
        DELETE FROM redis.orphans o WHERE o.id = orphan.id;
    END LOOP;
    RETURN max_rows - remaining;
END $$;
COMMENT ON FUNCTION redis.reap(integer) IS
'redis.reap(max_rows): deletes the elements of deleted collections; how many, -1 when another session is at it.';
