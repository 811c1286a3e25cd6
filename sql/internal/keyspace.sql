-- The keyspace: which database, what time it is, locks, and the life of a key's row. Every command stands on these.
--
-- The small functions in plain SQL are inlined where PL/pgSQL assigns them to a variable (a "simple expression"), which costs a
-- tenth of a PERFORM. Hence the idiom `locked boolean := redis.lock_key(d, k)`.

-- The database number of this transaction (or psql session): redis_select() or the proxy's batch set it; 0 when unset.
CREATE OR REPLACE FUNCTION redis.db() RETURNS smallint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(pg_catalog.current_setting('redis.db', true), ''), '0')::smallint
$$;

-- The time every command goes by, in milliseconds since the epoch.
CREATE OR REPLACE FUNCTION redis.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::bigint
$$;

-- A key, field or member as the index holds it. A b-tree entry has a size limit, so one of more than 2000 bytes is stored as its
-- first 1969 bytes and a SHA-256, 2001 bytes in all: longer than any key stored whole, so the two never meet.
CREATE OR REPLACE FUNCTION redis.index_key(key bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(key) <= 2000 THEN key
                ELSE pg_catalog.substr(key, 1, 1969) || pg_catalog.sha256(key) END
$$;

-- Many keys as the index holds them. An array this small has no long one.
CREATE OR REPLACE FUNCTION redis.index_keys(keys bytea[]) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF pg_catalog.pg_column_size(keys) <= 2000 THEN
        RETURN keys;
    END IF;
    RETURN ARRAY(SELECT redis.index_key(u.key) FROM pg_catalog.unnest(keys) WITH ORDINALITY AS u(key, n) ORDER BY u.n);
END $$;

-- What goes into the long_key, long_field, long_member column beside it.
CREATE OR REPLACE FUNCTION redis.long_key(key bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(key) > 2000 THEN key END
$$;

-- The advisory lock that stands for a key. k is a stored key (redis.index_key).
CREATE OR REPLACE FUNCTION redis.lock_id(d smallint, k bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtextextended(pg_catalog.encode(k, 'hex'), d)
$$;

-- Has this transaction called redis.lock_all()? Then it needs no lock of a single key.
CREATE OR REPLACE FUNCTION redis.holds_all() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.current_setting('redis.locked', true) IS NOT DISTINCT FROM 'all'
$$;

-- Locks one key for writing until the transaction ends; taken before anything of the key is read. Always true. A key whose time is up goes
-- then and there when somebody may want to know, so that the event comes before those of what is done to the key now.
CREATE OR REPLACE FUNCTION redis.lock_key(d smallint, k bytea) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN NOT redis.holds_all()
                     AND pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.encode(k, 'hex'), d)) IS NULL THEN false
                WHEN redis.may_hold_many(1) AND redis.lock_fewer() IS NULL THEN false
                WHEN pg_catalog.current_setting('redis.events', true) = '' THEN true
                ELSE redis.expire_keys(d, ARRAY[k]) END
$$;

-- Locks the whole keyspace, readers included: every command reads redis.keys, and holds its table lock to the end of its
-- transaction. For FLUSHALL and for what needs more keys than the server's lock table should be asked to hold. What locks keys after
-- that in the same transaction (or what is left of it after ROLLBACK TO SAVEPOINT) finds them locked.
CREATE OR REPLACE FUNCTION redis.lock_all() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT redis.holds_all() THEN
        -- Everybody else queues behind this request, so it must not wait long for a transaction that is left open somewhere.
        PERFORM pg_catalog.set_config('lock_timeout', '2s', true);
        LOCK TABLE redis.keys IN ACCESS EXCLUSIVE MODE;
        PERFORM pg_catalog.set_config('redis.locked', 'all', true);
    END IF;
    RETURN true;
END $$;

-- A transaction that goes on and on (a script, a loop in psql) must not fill the server's lock table one key at a time. To count its
-- locks would cost each write more than the lock itself, so one that has been at it for a while looks at what it holds now and then,
-- by chance: after 256 more on average. Is it time to look, these many having been taken just now?
CREATE OR REPLACE FUNCTION redis.may_hold_many(locks bigint) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.clock_timestamp() > pg_catalog.now() + '00:00:00.01' AND pg_catalog.random() * 256 < locks
$$;

-- From three thousand on it takes the lock of all instead. Always true.
CREATE OR REPLACE FUNCTION redis.lock_fewer() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT redis.holds_all()
       AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks l
            WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid()) > 3000 THEN
        RETURN redis.lock_all();
    END IF;
    RETURN true;
END $$;

-- Locks many stored keys of one database, in the one global order: that of their lock ids. Returns how many different ids these
-- are, 0 when all keys are locked instead. As many as there are keys: then no key is there twice.
CREATE OR REPLACE FUNCTION redis.lock_and_count(d smallint, ks bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    result bigint := 0;
    done boolean;
BEGIN
    IF pg_catalog.cardinality(ks) > 1000 THEN
        done := redis.lock_all();
    ELSIF ks[1] = ALL (ks) THEN
        done := redis.lock_key(d, ks[1]);
        RETURN 1;
    ELSIF NOT redis.holds_all() THEN
        SELECT pg_catalog.count(pg_catalog.pg_advisory_xact_lock(s.lock_id)) INTO result
        FROM (SELECT DISTINCT redis.lock_id(d, u.k) AS lock_id FROM pg_catalog.unnest(ks) AS u(k) ORDER BY 1 OFFSET 0) AS s;
        done := CASE WHEN redis.may_hold_many(result) THEN redis.lock_fewer() END;
    END IF;
    done := CASE WHEN pg_catalog.current_setting('redis.events', true) = '' THEN true ELSE redis.expire_keys(d, ks) END;
    RETURN result;
END $$;

-- The same; always true.
CREATE OR REPLACE FUNCTION redis.lock_keys(d smallint, ks bytea[]) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT redis.lock_and_count(d, ks) IS NOT NULL
$$;

-- Deletes those of these locked keys whose time is up (not a list that is empty for now, which is told of when it appears again), if events
-- are wanted. Always true.
CREATE OR REPLACE FUNCTION redis.expire_keys(d smallint, ks bytea[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    now constant bigint := redis.now_ms();
BEGIN
    IF redis.wanted_events() <> '' THEN
        PERFORM pg_catalog.set_config(redis.long_key_setting(u.k), pg_catalog.encode(redis.whole_key(d, u.k), 'base64'), true)
        FROM pg_catalog.unnest(ks) AS u(k) WHERE pg_catalog.octet_length(u.k) = 2001;
        PERFORM redis.delete_key(d, u.k) FROM pg_catalog.unnest(ks) AS u(k)
        WHERE (SELECT x.expires_at <= now AND (x.expires_at > 0 OR x.type = 's')
               FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1);
    END IF;
    RETURN true;
END $$;

-- Where a transaction remembers what a locked long key is called, for events of its end: its row is gone by then. A few settings, shared.
CREATE OR REPLACE FUNCTION redis.long_key_setting(k bytea) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'redis.long_key_' || pg_catalog.get_byte(k, 2000) % 64
$$;

-- The whole of a key that is stored in its short form.
CREATE OR REPLACE FUNCTION redis.whole_key(d smallint, k bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    found bytea := (SELECT x.long_key FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1);
BEGIN
    found := coalesce(found, pg_catalog.decode(pg_catalog.current_setting(redis.long_key_setting(k), true), 'base64'));
    RETURN CASE WHEN redis.index_key(found) = k THEN found ELSE k END;
END $$;

-- What the proxy sends ahead of a batch: sets the database number for the transaction and locks the keys that the batch writes.
CREATE OR REPLACE FUNCTION redis.begin_batch(d smallint, keys bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    done boolean;
BEGIN
    IF d <> 0 THEN
        PERFORM pg_catalog.set_config('redis.db', d::text, true);
    END IF;
    IF pg_catalog.cardinality(keys) > 0 THEN
        done := redis.lock_keys(d, redis.index_keys(keys));
    END IF;
END $$;

-- Which of these keys somebody else holds locked now. The proxy asks after a lock timeout, to let the others pass.
CREATE OR REPLACE FUNCTION redis.locked_keys(d smallint, keys bytea[]) RETURNS bytea[]
LANGUAGE sql VOLATILE SECURITY DEFINER AS $$
    SELECT coalesce(pg_catalog.array_agg(u.key), '{}') FROM pg_catalog.unnest(keys) AS u(key)
    WHERE NOT pg_catalog.pg_try_advisory_xact_lock(redis.lock_id(d, redis.index_key(u.key)))
$$;

-- Keyspace events (notify-keyspace-events), called by every write for every key it changed, after the change. class is Redis's event class
-- letter ($ strings, g generic, l lists, s sets, h hashes, z sorted sets, t streams, x expired, e evicted, n new, m missed), event its name; k the key,
-- as it is stored or as it is. A proxy sets redis.events on its connections to the flags wanted, '' for none: then this costs one look at a
-- setting.
CREATE OR REPLACE FUNCTION redis.changed(d smallint, k bytea, class text, event text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN pg_catalog.current_setting('redis.events', true) = '' THEN false ELSE redis.send_event(d, k, class, event) END
$$;

-- Does anybody want events? A function that carries out many calls at once makes them one by one then, with an event each.
CREATE OR REPLACE FUNCTION redis.wants_events() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.current_setting('redis.events', true) IS DISTINCT FROM ''
$$;

-- The flags wanted. Sessions that are no proxy's go by the setting that all proxies share.
CREATE OR REPLACE FUNCTION redis.wanted_events() RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(pg_catalog.current_setting('redis.events', true),
                    (SELECT s.value FROM redis.settings s WHERE s.name = 'notify-keyspace-events'), '')
$$;

-- Tells the subscribers of an event, at commit: on the channel of the key (flag K) and on the channel of the event (flag E).
CREATE OR REPLACE FUNCTION redis.send_event(d smallint, k bytea, class text, event text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    wanted constant text := redis.wanted_events();
    event_name constant bytea := event::bytea;
    whole_key bytea := k;
    channels bytea[] := '{}'::bytea[];
    messages bytea[] := '{}'::bytea[];
BEGIN
    IF pg_catalog.strpos(wanted, class) = 0 AND (pg_catalog.strpos(wanted, 'A') = 0 OR class IN ('n', 'm')) THEN
        RETURN false;
    ELSIF NOT EXISTS (SELECT FROM redis.subscriptions) THEN -- nobody listens to anything
        RETURN false;
    END IF;
    IF pg_catalog.octet_length(k) = 2001 THEN -- stored in its short form, it seems
        whole_key := redis.whole_key(d, k);
    END IF;
    IF pg_catalog.strpos(wanted, 'K') > 0 THEN
        channels := channels || (('__keyspace@' || d || '__:')::bytea || whole_key);
        messages := messages || event_name;
    END IF;
    IF pg_catalog.strpos(wanted, 'E') > 0 THEN
        channels := channels || (('__keyevent@' || d || '__:')::bytea || event_name);
        messages := messages || whole_key;
    END IF;
    RETURN channels <> '{}' AND redis.send_messages('c', channels, messages) IS NOT NULL;
END $$;

-- For proxies, ahead of a command that reads these keys, where the flag m wants it: tells of those that are absent. Always true.
CREATE OR REPLACE FUNCTION redis.tell_misses(keys bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    PERFORM redis.changed(d, s.key, 'm', 'keymiss')
    FROM (SELECT u.key FROM pg_catalog.unnest(keys) WITH ORDINALITY AS u(key, n)
          WHERE coalesce((SELECT x.expires_at IS NOT NULL AND x.expires_at <= now FROM redis.keys x
                          WHERE x.db = d AND x.key = redis.index_key(u.key) ORDER BY x.turn DESC LIMIT 1), true)
          ORDER BY u.n OFFSET 0) AS s;
    RETURN true;
END $$;

-- Makes sure that the sweep looks at a key no later than at due; returns the key's new sweep_at. old is its sweep_at so far.
CREATE OR REPLACE FUNCTION redis.schedule_sweep(d smallint, k bytea, key_id bigint, due bigint, old bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF due IS NULL OR due >= old THEN
        RETURN old;
    END IF;
    INSERT INTO redis.expirations (due, id, db, key) VALUES (due, key_id, d, k)
    ON CONFLICT ON CONSTRAINT expirations_pkey DO UPDATE SET db = excluded.db, key = excluded.key; -- left over from before a RENAME
    RETURN due;
END $$;

-- What is deleted only to come back: a list that a pop has emptied, or a string with a TTL (a lock). Its row stays for ten seconds, as that of
-- a key which expired (is absent to everyone) at 0, so that it is taken up again where it is: no new row and index entries each time, which
-- would all have to be looked at while a snapshot held open elsewhere keeps the dead ones. When the sweep may take such a row away.
CREATE OR REPLACE FUNCTION redis.vacant_until() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT redis.now_ms() + 10000
$$;

-- Only locks keep two rows from bearing one name, so whoever gives a key's name to a row must see everything committed before it had the
-- lock: a snapshot taken earlier will not do. Always true.
CREATE OR REPLACE FUNCTION redis.require_read_committed() RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN pg_catalog.current_setting('transaction_isolation') = 'read committed' THEN true ELSE redis.raise_isolation() END
$$;

-- The id of a row to be made.
CREATE OR REPLACE FUNCTION redis.new_key_id() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN redis.require_read_committed() THEN pg_catalog.nextval('redis.key_ids') END
$$;

-- The page of a row of redis.keys or redis.hash_fields, as its column page holds it.
CREATE OR REPLACE FUNCTION redis.page(place tid) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.substr(pg_catalog.tidsend(place), 1, 4)
$$;

-- The turn of the next version of such a row, which the updates of commands tell, and with it the page: one more where the row is on another
-- page than at its last update. So ORDER BY turn DESC LIMIT 1 meets the dead versions of two pages of a busy row, however many a snapshot that
-- is held open elsewhere keeps. One that was changed a thousand transactions ago is not busy, and is spared the new entry in the index.
CREATE OR REPLACE FUNCTION redis.next_turn(turn bigint, page bytea, place tid, changed xid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN page <> redis.page(place) AND pg_catalog.octet_length(page) = 4
                     AND pg_catalog.age(changed) < 1000 THEN turn + 1
                ELSE turn END
$$;

-- Creates the row of a key that is absent and locked; returns its id. (type, value, expires_at, size, head, tail as in redis.keys.)
CREATE OR REPLACE FUNCTION redis.create_key(
    d smallint, key bytea, type "char", value bytea DEFAULT NULL, expires_at bigint DEFAULT NULL,
    size bigint DEFAULT NULL, head bigint DEFAULT NULL, tail bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    key_id constant bigint := redis.new_key_id();
    done boolean := redis.appeared(d, k, type, size);
BEGIN
    INSERT INTO redis.keys (id, expires_at, sweep_at, size, head, tail, db, type, key, long_key, value)
    VALUES (key_id, create_key.expires_at, create_key.expires_at, create_key.size, create_key.head, create_key.tail, d, create_key.type, k,
            redis.long_key(create_key.key), create_key.value);
    IF expires_at IS NOT NULL THEN
        done := redis.schedule_sweep(d, k, key_id, expires_at, NULL) = expires_at;
    END IF;
    RETURN key_id;
END $$;

-- Gives up the elements of a collection: at once when they are few, else later, by the reaper.
CREATE OR REPLACE FUNCTION redis.drop_elements(key_id bigint, type "char", size bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF size > 64 OR type = 'x' THEN
        INSERT INTO redis.orphans (id, type) VALUES (key_id, drop_elements.type);
    ELSIF type = 'l' THEN
        DELETE FROM redis.list_items e WHERE e.id = key_id;
    ELSIF type = 'h' THEN
        DELETE FROM redis.hash_fields e WHERE e.id = key_id;
    ELSIF type = 'S' THEN
        DELETE FROM redis.set_members e WHERE e.id = key_id;
    ELSIF type = 'z' THEN
        DELETE FROM redis.zset_members e WHERE e.id = key_id;
    END IF;
    RETURN true;
END $$;

-- Deletes a locked key, whatever it holds. Returns whether it was there, an expired one counting as absent (though it goes too, and is
-- told of, save a vacant row, which expired at 0).
CREATE OR REPLACE FUNCTION redis.delete_key(d smallint, k bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    key_id bigint;
    key_type "char";
    key_size bigint;
    expiry bigint;
    whole_key bytea;
    done boolean;
BEGIN
    DELETE FROM redis.keys x WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.id, x.type, x.size, x.expires_at, coalesce(x.long_key, x.key) INTO key_id, key_type, key_size, expiry, whole_key;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF key_type <> 's' THEN
        done := redis.drop_elements(key_id, key_type, key_size);
    END IF;
    IF expiry <= redis.now_ms() THEN
        done := expiry = 0 OR redis.changed(d, whole_key, 'x', 'expired');
        RETURN false;
    END IF;
    RETURN true;
END $$;

-- For functions that carry out many calls at once. keys: of each call; elements: those of all calls one after another; calls: of which
-- call, counted from 1, each of them is. The calls one by one, in order.
CREATE OR REPLACE FUNCTION redis.gather(keys bytea[], elements bytea[], calls bigint[]) RETURNS TABLE (key bytea, own bytea[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT keys[g.call], g.own
    FROM (SELECT e.call, pg_catalog.array_agg(e.element ORDER BY e.n) AS own
          FROM ROWS FROM (pg_catalog.unnest(gather.elements), pg_catalog.unnest(calls)) WITH ORDINALITY AS e(element, call, n)
          GROUP BY e.call) AS g
    ORDER BY g.call;
END $$;
