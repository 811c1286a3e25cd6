-- Waiting for a key. A blocking command's plain function (redis_blpop) never waits. For a client that may, the proxy calls its
-- waiting function (redis.blpop_or_wait), which pops, or else puts the waiter into the line of each of its keys, in one
-- transaction under the keys' locks: a push takes the same locks, so none goes unnoticed.
--
-- Who makes a key appear wakes those who have waited longest, as many as there are elements (redis.appeared); they try again.
-- Whoever leaves a line, served or not, wakes the next if something is left. So a key that is there and waited for has somebody
-- who was told so, and a push to a list that is not empty need not look. All of this happens under the key's lock.
--
-- An attempt takes no more than its turn: it pops from a key that has more elements than waiters in front. A newcomer is behind
-- them all.

-- LMPOP's and ZMPOP's [COUNT count], what stands behind the end to pop from: how many to pop.
CREATE OR REPLACE FUNCTION redis.parse_pop_count(options bytea[]) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words constant integer := pg_catalog.cardinality(options);
    count bigint := 1;
BEGIN
    IF words > 0 THEN
        IF words = 1 OR pg_catalog.upper(pg_catalog.encode(options[1], 'escape')) <> 'COUNT' THEN
            PERFORM redis.raise_syntax_error();
        END IF;
        count := redis.parse_integer(options[2], 'ERR count should be greater than 0');
        IF count < 1 THEN
            PERFORM redis.raise_error('ERR count should be greater than 0');
        ELSIF words > 2 THEN
            PERFORM redis.raise_syntax_error();
        END IF;
    END IF;
    RETURN count;
END $$;

-- The timeout of a blocking command, in seconds; true unless it raises the error.
CREATE OR REPLACE FUNCTION redis.parse_timeout(timeout bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.encode(timeout, 'escape') ~ '^[0-9]{1,9}$' THEN true ELSE redis.check_timeout(timeout) END
$$;

CREATE OR REPLACE FUNCTION redis.check_timeout(timeout bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    milliseconds constant numeric := pg_catalog.ceil(redis.round_long_double(redis.try_long_double(timeout) * 1000));
BEGIN
    IF milliseconds IS NULL THEN
        PERFORM redis.raise_error('ERR timeout is not a float or out of range');
    ELSIF milliseconds NOT BETWEEN 0 AND 9223372036854775807 THEN
        PERFORM redis.raise_error('ERR timeout is negative'); -- what is too large as well
    END IF;
    RETURN true;
END $$;

-- Wakes the first in line for a locked key of this type that has so many elements.
CREATE OR REPLACE FUNCTION redis.wake_waiters(d smallint, k bytea, kind "char", elements bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    ids text;
BEGIN
    -- A notification has 8000 bytes; those who are served wake the others.
    WITH line AS (
        SELECT w.ctid AS place, w.woken FROM redis.waiters w WHERE w.db = d AND w.key = k AND w.kind = wake_waiters.kind
        ORDER BY w.since LIMIT least(elements, 300)
    ), called AS (
        UPDATE redis.waiters w SET woken = pg_catalog.nextval('redis.arrivals')
        WHERE w.ctid = ANY (ARRAY(SELECT l.place FROM line l WHERE l.woken IS NULL)) RETURNING w.waiter, w.since
    )
    SELECT pg_catalog.string_agg(c.waiter::text, ' ' ORDER BY c.since) INTO ids FROM called c;
    IF ids IS NOT NULL THEN
        PERFORM pg_catalog.pg_notify('redis', 'wake ' || ids);
    END IF;
    RETURN true;
END $$;

-- The same for a key as it is now.
CREATE OR REPLACE FUNCTION redis.wake_next(d smallint, k bytea, kind "char") RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    key_type "char";
    expiry bigint;
    elements bigint;
BEGIN
    SELECT x.type, x.expires_at, x.size INTO key_type, expiry, elements
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_type = kind AND (expiry <= redis.now_ms()) IS NOT TRUE THEN
        RETURN redis.wake_waiters(d, k, kind, elements);
    END IF;
    RETURN true;
END $$;

-- Which of these locked keys to pop from: the first that is there, in its turn. NULL: none. One of another type is an error,
-- unless the command has waited; then it counts as absent. A waiter that was woken looks first at the keys it was woken for, in
-- that order. waiter NULL: one that does not wait, nor heed the line. attempt: 0 the first, 1 a later one, 2 one that heeds no
-- line any more.
CREATE OR REPLACE FUNCTION redis.ready_key(d smallint, ks bytea[], kind "char", waiter bigint, attempt bigint) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    now constant bigint := redis.now_ms();
    places integer[];
    place integer;
    arrival bigint;
    key_type "char";
    expiry bigint;
    elements bigint;
BEGIN
    IF attempt > 0 THEN
        SELECT pg_catalog.array_agg(u.place ORDER BY w.woken, u.place), pg_catalog.min(w.since) INTO places, arrival
        FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, place)
        LEFT JOIN redis.waiters w ON w.waiter = ready_key.waiter AND w.key = u.k;
    END IF;
    FOR i IN 1 .. pg_catalog.cardinality(ks) LOOP
        place := coalesce(places[i], i);
        SELECT x.type, x.expires_at, x.size INTO key_type, expiry, elements
        FROM redis.keys x WHERE x.db = d AND x.key = ks[place] ORDER BY x.turn DESC LIMIT 1;
        IF key_type IS NULL OR expiry <= now THEN
            CONTINUE;
        ELSIF key_type <> kind THEN
            IF attempt > 0 THEN
                CONTINUE;
            END IF;
            PERFORM redis.raise_wrongtype();
        ELSIF waiter IS NULL OR attempt > 1 THEN
            RETURN place;
        ELSIF elements > (SELECT pg_catalog.count(*) FROM (
                SELECT FROM redis.waiters w WHERE w.db = d AND w.key = ks[place] AND w.kind = ready_key.kind
                  AND w.since < coalesce(arrival, 9223372036854775807) LIMIT elements) AS in_front) THEN
            RETURN place;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Puts a waiter into the lines of these locked keys; one that is there keeps its place. waiter NULL: one that does not wait.
CREATE OR REPLACE FUNCTION redis.wait_in_line(d smallint, ks bytea[], kind "char", waiter bigint, attempt bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    arrival bigint;
BEGIN
    IF waiter IS NULL THEN
        RETURN true;
    END IF;
    IF attempt > 0 THEN
        UPDATE redis.waiters w SET woken = NULL WHERE w.waiter = wait_in_line.waiter;
        IF FOUND THEN
            RETURN true;
        END IF;
    END IF;
    arrival := pg_catalog.nextval('redis.arrivals');
    INSERT INTO redis.waiters (waiter, since, db, kind, key)
    SELECT DISTINCT wait_in_line.waiter, arrival, d, wait_in_line.kind, u.k FROM pg_catalog.unnest(ks) AS u(k);
    RETURN true;
END $$;

-- Takes a waiter out of all its lines; the keys are locked. Others are woken for the keys in the order in which it was: so they are
-- served from the key that came first, as it was.
CREATE OR REPLACE FUNCTION redis.leave_line(waiter bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    place record;
    done boolean;
BEGIN
    FOR place IN
        WITH left_behind AS (
            DELETE FROM redis.waiters w WHERE w.waiter = leave_line.waiter RETURNING w.db, w.key, w.kind, w.woken
        )
        SELECT l.db, l.key, l.kind FROM left_behind l ORDER BY l.woken, l.key
    LOOP
        done := redis.wake_next(place.db, place.key, place.kind);
    END LOOP;
    RETURN true;
END $$;

-- A waiter has popped something; attempt as in redis.ready_key().
CREATE OR REPLACE FUNCTION redis.served(waiter bigint, attempt bigint) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN attempt > 0 THEN redis.leave_line(waiter) ELSE true END
$$;

CREATE OR REPLACE FUNCTION redis.stop_waiting(waiter bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ds smallint[];
    ks bytea[];
BEGIN
    SELECT pg_catalog.array_agg(w.db), pg_catalog.array_agg(w.key) INTO ds, ks FROM redis.waiters w
    WHERE w.waiter = stop_waiting.waiter;
    IF ks IS NOT NULL THEN
        PERFORM redis.lock_keys(ds[1], ks);
        LOCK TABLE redis.keys IN ACCESS SHARE MODE; -- before rows that others wait for, as FLUSHALL does
        PERFORM redis.leave_line(waiter);
    END IF;
END $$;
COMMENT ON FUNCTION redis.stop_waiting(bigint) IS
'For proxies: this waiter, in whose place nobody is any more, leaves its lines.';

CREATE OR REPLACE FUNCTION redis.overlooked_waiters() RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    first constant bigint := redis.own_proxy()::bigint << 32;
    now constant bigint := redis.now_ms();
BEGIN
    RETURN ARRAY(
        SELECT w.waiter FROM redis.waiters w
        WHERE w.waiter >= first AND w.waiter < first + 4294967296
          AND (SELECT s.type = w.kind AND (s.expires_at IS NULL OR s.expires_at > now)
               FROM (SELECT x.type, x.expires_at FROM redis.keys x
                     WHERE x.db = w.db AND x.key = w.key ORDER BY x.turn DESC LIMIT 1) AS s)
        ORDER BY w.waiter);
END $$;
COMMENT ON FUNCTION redis.overlooked_waiters() IS
'For proxies: those of this proxy''s waiters for whom something is there. All were told, unless a notification was lost.';
