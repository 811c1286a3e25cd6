-- Lists: the elements stand in redis.list_items at dense positions, from the head to the tail that the key's row tells.
--
-- A busy list leaves a dead version of its row at every push and pop, and dead elements at positions that come and go. While a
-- snapshot is held open elsewhere they cannot be pruned, so the hot statements look for the row or the element from the newest
-- end of the index (ORDER BY turn DESC LIMIT 1; an element's turn is the transaction that put it there, a row's see redis.next_turn())
-- and stop at the first that lives: the cost does not grow with the dead.
--
-- That needs one that lives. So a list that a pop has emptied keeps its row for a while (redis.vacant_until()): the next push takes it up
-- again.

-- What a write calls that has found no live key of its type: it removes an expired one, and raises WRONGTYPE for a live one (the
-- error undoes the deletion). The key is locked; afterwards it is absent.
CREATE OR REPLACE FUNCTION redis.require_absent(d smallint, k bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF redis.delete_key(d, k) THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN true;
END $$;

-- Adds elements at one end of a locked list, one after the other; makes the list unless only_existing. Returns its length.
CREATE OR REPLACE FUNCTION redis.list_push(
    d smallint, key bytea, elements bytea[], at_left boolean, only_existing boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    n constant bigint := pg_catalog.cardinality(elements);
    key_id bigint;
    first bigint;                  -- the lowest of the new positions
    total bigint;
    done boolean;
BEGIN
    IF n > 0 IS NOT TRUE THEN
        PERFORM redis.raise_wrong_arity(CASE WHEN at_left THEN 'lpush' ELSE 'rpush' END);
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = CASE WHEN at_left THEN x.head - n ELSE x.head END, tail = CASE WHEN at_left THEN x.tail ELSE x.tail + n END,
        size = x.size + n, expires_at = nullif(x.expires_at, 0)
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms() OR x.expires_at = 0 AND NOT only_existing)
    RETURNING x.id, CASE WHEN at_left THEN x.head ELSE x.tail - n + 1 END, x.size INTO key_id, first, total;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        IF only_existing THEN
            RETURN 0;
        END IF;
        first := 0;
        total := n;
        key_id := redis.create_key(d, key, 'l', size => n, head => 0, tail => n - 1);
    ELSIF total = n THEN -- it was empty
        done := redis.require_read_committed() AND redis.appeared(d, k, 'l', n);
    END IF;
    IF n = 1 THEN
        INSERT INTO redis.list_items (id, pos, value) VALUES (key_id, first, elements[1]);
    ELSE
        INSERT INTO redis.list_items (id, pos, value)
        SELECT key_id, CASE WHEN at_left THEN first + n - u.i ELSE first + u.i - 1 END, u.element
        FROM pg_catalog.unnest(elements) WITH ORDINALITY AS u(element, i);
    END IF;
    done := redis.changed(d, k, 'l', CASE WHEN at_left THEN 'lpush' ELSE 'rpush' END);
    RETURN total;
END $$;

-- Takes up to that many elements from one end of a locked list, in the order of taking, and deletes a list that is emptied.
-- NULL when the key is absent. Sends no event.
CREATE OR REPLACE FUNCTION redis.list_take(d smallint, k bytea, at_left boolean, count bigint) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    key_id bigint;
    key_type "char";
    expiry bigint;
    total bigint;
    first bigint;                  -- the range that goes
    last bigint;
    n bigint;
    result bytea[];
    done boolean;
BEGIN
    SELECT x.id, x.type, x.expires_at, x.size, x.head, x.tail INTO key_id, key_type, expiry, total, first, last
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() OR key_type <> 'l' THEN
        done := expiry = 0 OR redis.require_absent(d, k);
        RETURN NULL;
    END IF;
    n := least(count, total);
    IF n = 0 THEN
        RETURN ARRAY[]::bytea[];
    END IF;
    IF at_left THEN
        last := first + n - 1;
    ELSE
        first := last - n + 1;
    END IF;
    result := ARRAY(SELECT e.value FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND last
                    ORDER BY CASE WHEN at_left THEN e.pos ELSE -e.pos END);
    IF n = total AND n > 64 THEN
        done := redis.delete_key(d, k); -- the reaper's work
        RETURN result;
    END IF;
    DELETE FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND last;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = CASE WHEN at_left THEN x.head + n ELSE x.head END, tail = CASE WHEN at_left THEN x.tail ELSE x.tail - n END,
        size = x.size - n, expires_at = CASE WHEN x.size > n THEN x.expires_at ELSE 0 END,
        sweep_at = CASE WHEN x.size > n THEN x.sweep_at ELSE redis.schedule_sweep(d, k, x.id, redis.vacant_until(), x.sweep_at) END
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    RETURN result;
END $$;

-- The events of having taken something from a list.
CREATE OR REPLACE FUNCTION redis.list_taken(d smallint, k bytea, at_left boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    done boolean := redis.changed(d, k, 'l', CASE WHEN at_left THEN 'lpop' ELSE 'rpop' END);
BEGIN
    IF (SELECT x.expires_at IS DISTINCT FROM 0 FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1) IS NOT TRUE THEN
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN done;
END $$;

-- Pops up to that many elements from a locked list; NULL when the key is absent.
CREATE OR REPLACE FUNCTION redis.list_pop(d smallint, k bytea, at_left boolean, count bigint) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    result constant bytea[] := redis.list_take(d, k, at_left, count);
    done boolean;
BEGIN
    IF pg_catalog.cardinality(result) > 0 THEN
        done := redis.list_taken(d, k, at_left);
    END IF;
    RETURN result;
END $$;

-- Pops one; NULL when the key is absent.
CREATE OR REPLACE FUNCTION redis.list_pop(d smallint, k bytea, at_left boolean) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    key_id bigint;
    place bigint;
    remaining bigint;
    result bytea;
    done boolean;
BEGIN
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = CASE WHEN at_left THEN x.head + 1 ELSE x.head END, tail = CASE WHEN at_left THEN x.tail ELSE x.tail - 1 END,
        size = x.size - 1, expires_at = CASE WHEN x.size > 1 THEN x.expires_at ELSE 0 END,
        sweep_at = CASE WHEN x.size > 1 THEN x.sweep_at ELSE redis.schedule_sweep(d, k, x.id, redis.vacant_until(), x.sweep_at) END
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    RETURNING x.id, CASE WHEN at_left THEN x.head - 1 ELSE x.tail + 1 END, x.size INTO key_id, place, remaining;
    IF key_id IS NULL THEN
        RETURN (redis.list_pop(d, k, at_left, 1))[1];
    END IF;
    DELETE FROM redis.list_items e
    WHERE e.ctid = (SELECT y.ctid FROM redis.list_items y WHERE y.id = key_id AND y.pos = place ORDER BY y.turn DESC LIMIT 1)
    RETURNING e.value INTO result;
    done := redis.changed(d, k, 'l', CASE WHEN at_left THEN 'lpop' ELSE 'rpop' END);
    IF remaining = 0 THEN
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN result;
END $$;

-- Moves one element from an end of a list to an end of another, or of the same; both are locked. NULL when the source is absent.
CREATE OR REPLACE FUNCTION redis.list_move(
    d smallint, source bytea, destination bytea, from_left boolean, to_left boolean) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(source);
    step constant integer := CASE WHEN from_left = to_left THEN 0 WHEN from_left THEN 1 ELSE -1 END;
    key_id bigint;
    place bigint;
    elements bytea[];
    result bytea;
    done boolean;
BEGIN
    IF source <> destination THEN
        elements := redis.list_take(d, k, from_left, 1);
        IF elements IS NULL THEN
            RETURN NULL;
        END IF;
        PERFORM redis.list_push(d, destination, elements, to_left);
        done := redis.list_taken(d, k, from_left);
        RETURN elements[1];
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = x.head + step, tail = x.tail + step
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    RETURNING x.id, CASE WHEN from_left THEN x.head - step ELSE x.tail - step END INTO key_id, place;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        RETURN NULL;
    END IF;
    IF step = 0 THEN
        SELECT e.value INTO result FROM redis.list_items e WHERE e.id = key_id AND e.pos = place ORDER BY e.turn DESC LIMIT 1;
    ELSE
        UPDATE redis.list_items e
        SET pos = (SELECT CASE WHEN to_left THEN x.head ELSE x.tail END FROM redis.keys x WHERE x.db = d AND x.key = k
                   ORDER BY x.turn DESC LIMIT 1)
        WHERE e.ctid = (SELECT y.ctid FROM redis.list_items y WHERE y.id = key_id AND y.pos = place ORDER BY y.turn DESC LIMIT 1)
        RETURNING e.value INTO result;
    END IF;
    done := redis.changed(d, k, 'l', CASE WHEN to_left THEN 'lpush' ELSE 'rpush' END);
    done := redis.changed(d, k, 'l', CASE WHEN from_left THEN 'lpop' ELSE 'rpop' END);
    RETURN result;
END $$;

-- The position of an index, which counts from the end when it is negative; NULL when it is out of range.
CREATE OR REPLACE FUNCTION redis.list_position(head bigint, size bigint, index bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN index BETWEEN 0 AND size - 1 THEN head + index WHEN index BETWEEN -size AND -1 THEN head + size + index END
$$;

-- The count of LPOP and RPOP.
CREATE OR REPLACE FUNCTION redis.parse_pop_count(count bytea) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant bigint := redis.parse_integer(count, 'ERR value is out of range, must be positive');
BEGIN
    IF n < 0 THEN
        PERFORM redis.raise_error('ERR value is out of range, must be positive');
    END IF;
    RETURN n;
END $$;

-- LEFT or RIGHT: is it the left end?
CREATE OR REPLACE FUNCTION redis.parse_list_end(word text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF pg_catalog.upper(word) = 'LEFT' THEN
        RETURN true;
    ELSIF pg_catalog.upper(word) = 'RIGHT' THEN
        RETURN false;
    END IF;
    PERFORM redis.raise_syntax_error();
    RETURN NULL;
END $$;

-- Many pushes at once; calls tells of which call, counted from 1, each element is.
CREATE OR REPLACE FUNCTION redis.batch_push(keys bytea[], elements bytea[], calls bigint[], at_left boolean) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
    now constant bigint := redis.now_ms();
    before bigint;
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT redis.list_push(d, g.key, g.own, at_left) FROM redis.gather(keys, elements, calls) AS g;
        RETURN;
    ELSIF ks[1] = ALL (ks) THEN
        before := redis.list_push(d, keys[1], elements, at_left) - pg_catalog.cardinality(elements);
        RETURN QUERY SELECT before + pg_catalog.max(e.n) FROM pg_catalog.unnest(calls) WITH ORDINALITY AS e(call, n)
                     GROUP BY e.call ORDER BY e.call;
        RETURN;
    END IF;
    RETURN QUERY
    WITH items AS MATERIALIZED (
        SELECT e.call, u.k, u.key, e.element, pg_catalog.row_number() OVER (PARTITION BY u.k ORDER BY e.n) AS place
        FROM ROWS FROM (pg_catalog.unnest(elements), pg_catalog.unnest(calls)) WITH ORDINALITY AS e(element, call, n)
        JOIN ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(keys)) WITH ORDINALITY AS u(k, key, call) ON u.call = e.call
    ), lists AS MATERIALIZED (
        SELECT s.k, s.key, s.added, p.tid, coalesce(p.id, redis.new_key_id()) AS id, coalesce(p.size, 0) AS size,
               CASE WHEN at_left THEN coalesce(p.head, 0) ELSE coalesce(p.tail, -1) END AS last
        FROM (SELECT i.k, i.key, pg_catalog.count(*) AS added FROM items i GROUP BY i.k, i.key) AS s
        LEFT JOIN LATERAL (
            SELECT y.ctid AS tid, y.id, y.head, y.tail,
                   CASE WHEN y.type = 'l' AND (y.expires_at IS NULL OR y.expires_at > now OR y.expires_at = 0) THEN y.size
                        ELSE redis.one_by_one() END AS size
            FROM redis.keys y WHERE y.db = d AND y.key = s.k ORDER BY y.turn DESC LIMIT 1) AS p ON true
    ), grown AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            head = CASE WHEN at_left THEN x.head - l.added ELSE x.head END,
            tail = CASE WHEN at_left THEN x.tail ELSE x.tail + l.added END,
            size = x.size + l.added, expires_at = nullif(x.expires_at, 0)
        FROM lists l WHERE x.ctid = l.tid
    ), created AS (
        INSERT INTO redis.keys (id, db, type, key, long_key, size, head, tail)
        SELECT l.id, d, 'l', l.k, redis.long_key(l.key), l.added, CASE WHEN at_left THEN -l.added ELSE 0 END,
               CASE WHEN at_left THEN -1 ELSE l.added - 1 END
        FROM lists l WHERE l.tid IS NULL
    ), stored AS (
        INSERT INTO redis.list_items (id, pos, value)
        SELECT l.id, CASE WHEN at_left THEN l.last - i.place ELSE l.last + i.place END, i.element
        FROM items i JOIN lists l ON l.k = i.k
    ), appeared AS (
        SELECT redis.appeared(d, pg_catalog.array_agg(l.k), 'l') FROM lists l WHERE l.size = 0 HAVING pg_catalog.count(*) > 0
    )
    SELECT pg_catalog.max(l.size + i.place) FROM items i JOIN lists l ON l.k = i.k LEFT JOIN appeared ON true
    GROUP BY i.call ORDER BY i.call;
END $$;

CREATE OR REPLACE FUNCTION redis.batch_lpush(keys bytea[], elements bytea[], calls bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_push(keys, elements, calls, true);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_rpush(keys bytea[], elements bytea[], calls bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_push(keys, elements, calls, false);
END $$;

-- Many pops of one element at once.
CREATE OR REPLACE FUNCTION redis.batch_pop(keys bytea[], at_left boolean) RETURNS SETOF bytea
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
    now constant bigint := redis.now_ms();
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT redis.list_pop(d, u.k, at_left) FROM pg_catalog.unnest(ks) AS u(k);
        RETURN;
    END IF;
    RETURN QUERY
    WITH calls AS MATERIALIZED (
        SELECT u.k, u.n, pg_catalog.row_number() OVER (PARTITION BY u.k ORDER BY u.n) AS place
        FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n)
    ), lists AS MATERIALIZED (
        SELECT s.k, least(s.wanted, p.size) AS taken, p.tid, p.id, CASE WHEN at_left THEN p.head ELSE p.tail END AS last
        FROM (SELECT c.k, pg_catalog.count(*) AS wanted FROM calls c GROUP BY c.k) AS s
        CROSS JOIN LATERAL (
            SELECT y.ctid AS tid, y.id, y.head, y.tail,
                   CASE WHEN y.expires_at = 0 THEN 0
                        WHEN y.type = 'l' AND (y.expires_at IS NULL OR y.expires_at > now) THEN y.size
                        ELSE redis.one_by_one() END AS size
            FROM redis.keys y WHERE y.db = d AND y.key = s.k ORDER BY y.turn DESC LIMIT 1) AS p
    ), shrunk AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            head = CASE WHEN at_left THEN x.head + l.taken ELSE x.head END,
            tail = CASE WHEN at_left THEN x.tail ELSE x.tail - l.taken END,
            size = x.size - l.taken, expires_at = CASE WHEN x.size > l.taken THEN x.expires_at ELSE 0 END,
            sweep_at = CASE WHEN x.size > l.taken THEN x.sweep_at ELSE redis.schedule_sweep(d, l.k, x.id, redis.vacant_until(), x.sweep_at) END
        FROM lists l WHERE x.ctid = l.tid AND l.taken > 0
    ), items AS MATERIALIZED (
        SELECT c.n, (SELECT y.ctid FROM redis.list_items y WHERE y.id = l.id AND y.pos = g.pos ORDER BY y.turn DESC LIMIT 1) AS tid
        FROM calls c JOIN lists l ON l.k = c.k AND c.place <= l.taken,
             LATERAL (SELECT CASE WHEN at_left THEN l.last + c.place - 1 ELSE l.last - c.place + 1 END AS pos) AS g
    ), gone AS (
        DELETE FROM redis.list_items e USING items i WHERE e.ctid = i.tid RETURNING i.n, e.value
    )
    SELECT g.value FROM calls c LEFT JOIN gone g ON g.n = c.n ORDER BY c.n;
END $$;

CREATE OR REPLACE FUNCTION redis.batch_lpop(keys bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_pop(keys, true);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_rpop(keys bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_pop(keys, false);
END $$;

CREATE OR REPLACE FUNCTION public.redis_lpush(key bytea, VARIADIC elements bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.list_push(d, key, elements, true);
END $$;
COMMENT ON FUNCTION public.redis_lpush(bytea, bytea[]) IS
'LPUSH key element [element ...]
Puts the elements before the first of a list, one after the other, and makes the list when the key is absent.
Returns the new length. Errors: WRONGTYPE.';
SELECT redis.register_command('lpush', 'redis_lpush', arity => -3, batch => 'redis.batch_lpush',
  flags => 'write denyoom fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Adds elements at the left end of a list, which is made when absent.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "element", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_lpushx(key bytea, VARIADIC elements bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.list_push(d, key, elements, true, only_existing => true);
END $$;
COMMENT ON FUNCTION public.redis_lpushx(bytea, bytea[]) IS
'LPUSHX key element [element ...]
As LPUSH, if the list exists. Returns the new length, 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('lpushx', 'redis_lpushx', arity => -3,
  flags => 'write denyoom fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Adds elements at the left end of a list that exists.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "element", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_rpush(key bytea, VARIADIC elements bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.list_push(d, key, elements, false);
END $$;
COMMENT ON FUNCTION public.redis_rpush(bytea, bytea[]) IS
'RPUSH key element [element ...]
Puts the elements after the last of a list, and makes the list when the key is absent.
Returns the new length. Errors: WRONGTYPE.';
SELECT redis.register_command('rpush', 'redis_rpush', arity => -3, batch => 'redis.batch_rpush',
  flags => 'write denyoom fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Adds elements at the right end of a list, which is made when absent.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "element", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_rpushx(key bytea, VARIADIC elements bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.list_push(d, key, elements, false, only_existing => true);
END $$;
COMMENT ON FUNCTION public.redis_rpushx(bytea, bytea[]) IS
'RPUSHX key element [element ...]
As RPUSH, if the list exists. Returns the new length, 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('rpushx', 'redis_rpushx', arity => -3,
  flags => 'write denyoom fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Adds elements at the right end of a list that exists.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "element", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_lpop(key bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.list_pop(d, k, true);
END $$;
COMMENT ON FUNCTION public.redis_lpop(bytea) IS
'LPOP key
Removes and returns the first element of a list; NULL when the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_lpop(key bytea, count bytea) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant bigint := redis.parse_pop_count(count);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.list_pop(d, k, true, n);
END $$;
COMMENT ON FUNCTION public.redis_lpop(bytea, bytea) IS
'LPOP key count
Removes and returns up to count elements from the left; NULL when the key is absent.
Errors: WRONGTYPE, a count below 0.';
SELECT redis.register_command('lpop', 'redis_lpop', arity => -2, batch => 'redis.batch_lpop',
  flags => 'write fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Removes and returns elements from the left end of a list.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "count", "type": "integer", "since": "6.2.0", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_rpop(key bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.list_pop(d, k, false);
END $$;
COMMENT ON FUNCTION public.redis_rpop(bytea) IS
'RPOP key
Removes and returns the last element of a list; NULL when the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_rpop(key bytea, count bytea) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    n constant bigint := redis.parse_pop_count(count);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.list_pop(d, k, false, n);
END $$;
COMMENT ON FUNCTION public.redis_rpop(bytea, bytea) IS
'RPOP key count
Removes and returns up to count elements from the right, the last first; NULL when the key is absent.
Errors: WRONGTYPE, a count below 0.';
SELECT redis.register_command('rpop', 'redis_rpop', arity => -2, batch => 'redis.batch_rpop',
  flags => 'write fast', categories => 'write list fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Removes and returns elements from the right end of a list.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "count", "type": "integer", "since": "6.2.0", "flags": ["optional"]}]');

-- LMPOP, and BLMPOP with its timeout; waiter and attempt as in redis.ready_key().
CREATE OR REPLACE FUNCTION redis.lmpop_or_wait(
    timeout bytea, numkeys bytea, arguments bytea[], waiter bigint, attempt bigint, OUT key bytea, OUT elements bytea[])
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    n bigint := redis.parse_integer(numkeys, 'ERR numkeys should be greater than 0');
    words constant integer := pg_catalog.cardinality(arguments);
    at_left boolean;
    count bigint;
    ks bytea[];
    place integer;
    done boolean;
BEGIN
    IF n < 1 THEN
        PERFORM redis.raise_error('ERR numkeys should be greater than 0');
    ELSIF n >= words THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    at_left := redis.parse_list_end(pg_catalog.encode(arguments[n + 1], 'escape'));
    count := redis.parse_pop_count(arguments[n + 2 :]);
    done := redis.parse_timeout(timeout);
    ks := redis.index_keys(arguments[1 : n]);
    done := redis.lock_keys(d, ks);
    place := redis.ready_key(d, ks, 'l', waiter, attempt);
    IF place IS NULL THEN
        done := redis.wait_in_line(d, ks, 'l', waiter, attempt);
        RETURN;
    END IF;
    key := arguments[place];
    elements := redis.list_pop(d, ks[place], at_left, count);
    done := redis.served(waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION public.redis_lmpop(numkeys bytea, VARIADIC arguments bytea[], OUT key bytea, OUT elements bytea[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.elements INTO key, elements FROM redis.lmpop_or_wait('0', numkeys, arguments, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_lmpop(bytea, bytea[]) IS
'LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]
Pops up to count (1) elements from the first of these lists that exists; returns its key and the elements, NULLs when none does.
Errors: WRONGTYPE, syntax, numbers below 1.';
SELECT redis.register_command('lmpop', 'redis_lmpop', arity => -4,
  flags => 'write movablekeys', categories => 'write list slow',
  key_specs => '[{"flags": "RW access delete", "index": 1, "keynum": [0, 1, 1]}]',
  reply => 'row',
  since => '7.0.0', command_group => 'list', complexity => 'O(N+M)',
  summary => 'Pops elements from the first of several lists that is not empty.',
  arguments => '[{"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "where", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}, {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_lmove(source bytea, destination bytea, wherefrom text, whereto text) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    from_left constant boolean := redis.parse_list_end(wherefrom);
    to_left constant boolean := redis.parse_list_end(whereto);
    done boolean := redis.lock_keys(d, ARRAY[redis.index_key(source), redis.index_key(destination)]);
BEGIN
    RETURN redis.list_move(d, source, destination, from_left, to_left);
END $$;
COMMENT ON FUNCTION public.redis_lmove(bytea, bytea, text, text) IS
'LMOVE source destination LEFT | RIGHT LEFT | RIGHT
Takes an element from one end of a list, puts it at one end of another (or of the same) and returns it; NULL when the source is
absent. Errors: WRONGTYPE, syntax.';
SELECT redis.register_command('lmove', 'redis_lmove', arity => 5,
  flags => 'write denyoom', categories => 'write list slow',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "RW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Moves an element from one list to another.',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0}, {"name": "destination", "type": "key", "key_spec_index": 1}, {"name": "wherefrom", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}, {"name": "whereto", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}]');

CREATE OR REPLACE FUNCTION public.redis_rpoplpush(source bytea, destination bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, ARRAY[redis.index_key(source), redis.index_key(destination)]);
BEGIN
    RETURN redis.list_move(d, source, destination, false, true);
END $$;
COMMENT ON FUNCTION public.redis_rpoplpush(bytea, bytea) IS
'RPOPLPUSH source destination
LMOVE source destination RIGHT LEFT. Errors: WRONGTYPE.';
SELECT redis.register_command('rpoplpush', 'redis_rpoplpush', arity => 3,
  flags => 'write denyoom', categories => 'write list slow',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "RW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Moves the last element of a list to the left end of another.',
  deprecated_since => '6.2.0', replaced_by => '`LMOVE` with the `RIGHT` and `LEFT` arguments',
  doc_flags => 'deprecated',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0}, {"name": "destination", "type": "key", "key_spec_index": 1}]');

CREATE OR REPLACE FUNCTION public.redis_llen(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_type "char";
    expiry bigint;
    total bigint;
BEGIN
    SELECT x.type, x.expires_at, x.size INTO key_type, expiry, total
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_type IS NULL OR expiry <= redis.now_ms() THEN
        RETURN 0;
    ELSIF key_type <> 'l' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN total;
END $$;
COMMENT ON FUNCTION public.redis_llen(bytea) IS
'LLEN key
The length of a list; 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('llen', 'redis_llen', arity => 2,
  flags => 'readonly fast', categories => 'read list fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Returns the length of a list.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_lrange(key bytea, start bigint, stop bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id bigint;
    key_type "char";
    expiry bigint;
    first bigint;
    last bigint;
BEGIN
    SELECT x.id, x.type, x.expires_at,
           x.head + CASE WHEN start < 0 THEN greatest(x.size + start, 0) ELSE least(start, x.size) END,
           x.head + CASE WHEN stop < 0 THEN greatest(x.size + stop, -1) ELSE least(stop, x.size - 1) END
    INTO key_id, key_type, expiry, first, last
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() THEN
        RETURN ARRAY[]::bytea[];
    ELSIF key_type <> 'l' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN ARRAY(SELECT e.value FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND last ORDER BY e.pos);
END $$;
COMMENT ON FUNCTION public.redis_lrange(bytea, bigint, bigint) IS
'LRANGE key start stop
The elements from one index to another, both included; negative ones count from the end. Empty when the key is absent.
Errors: WRONGTYPE.';
SELECT redis.register_command('lrange', 'redis_lrange', arity => 4,
  flags => 'readonly', categories => 'read list slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(S+N)',
  summary => 'Returns a range of a list''s elements.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"}, {"name": "stop", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_lindex(key bytea, index bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id bigint;
    key_type "char";
    expiry bigint;
    first bigint;
    total bigint;
    place bigint;
    result bytea;
BEGIN
    SELECT x.id, x.type, x.expires_at, x.head, x.size INTO key_id, key_type, expiry, first, total
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'l' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    place := redis.list_position(first, total, redis.parse_integer(index));
    SELECT e.value INTO result FROM redis.list_items e WHERE e.id = key_id AND e.pos = place ORDER BY e.turn DESC LIMIT 1;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_lindex(bytea, bytea) IS
'LINDEX key index
The element at an index, a negative one counting from the end; NULL when there is none or the key is absent.
Errors: WRONGTYPE, an index that is no integer.';
SELECT redis.register_command('lindex', 'redis_lindex', arity => 3,
  flags => 'readonly', categories => 'read list slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Returns the element of a list at an index.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "index", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_lset(key bytea, index bytea, element bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    key_id bigint;
    place bigint;
BEGIN
    UPDATE redis.keys x SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid), size = x.size
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    RETURNING x.id, redis.list_position(x.head, x.size, redis.parse_integer(index)) INTO key_id, place;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        PERFORM redis.raise_error('ERR no such key');
    ELSIF place IS NULL THEN
        PERFORM redis.raise_error('ERR index out of range');
    END IF;
    UPDATE redis.list_items e SET value = element
    WHERE e.ctid = (SELECT y.ctid FROM redis.list_items y WHERE y.id = key_id AND y.pos = place ORDER BY y.turn DESC LIMIT 1);
    done := redis.changed(d, k, 'l', 'lset');
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_lset(bytea, bytea, bytea) IS
'LSET key index element
Replaces the element at an index, a negative one counting from the end. Errors: WRONGTYPE, no such key, index out of range.';
SELECT redis.register_command('lset', 'redis_lset', arity => 4,
  flags => 'write denyoom', categories => 'write list slow',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Replaces the element of a list at an index.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "index", "type": "integer"}, {"name": "element", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_ltrim(key bytea, start bigint, stop bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    key_id bigint;
    old_first bigint;
    old_last bigint;
    first bigint;
    last bigint;
BEGIN
    SELECT x.id, x.head, x.tail,
           x.head + CASE WHEN start < 0 THEN greatest(x.size + start, 0) ELSE least(start, x.size) END,
           x.head + CASE WHEN stop < 0 THEN greatest(x.size + stop, -1) ELSE least(stop, x.size - 1) END
    INTO key_id, old_first, old_last, first, last
    FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms()) ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        RETURN 'OK';
    END IF;
    IF first > last THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'l', 'ltrim');
        done := redis.changed(d, k, 'g', 'del');
        RETURN 'OK';
    END IF;
    IF first > old_first THEN
        DELETE FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN old_first AND first - 1;
    END IF;
    IF last < old_last THEN
        DELETE FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN last + 1 AND old_last;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = first, tail = last, size = last - first + 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    done := redis.changed(d, k, 'l', 'ltrim');
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_ltrim(bytea, bigint, bigint) IS
'LTRIM key start stop
Keeps the elements from one index to another, both included, negative ones counting from the end; deletes the others.
Errors: WRONGTYPE.';
SELECT redis.register_command('ltrim', 'redis_ltrim', arity => 4,
  flags => 'write', categories => 'write list slow',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Keeps a range of a list''s elements and removes the others.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"}, {"name": "stop", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_linsert(key bytea, place text, pivot bytea, element bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    key_id bigint;
    first bigint;
    last bigint;
    hit bigint;                    -- the position of the pivot, then of what stands right of the new element
BEGIN
    IF pg_catalog.upper(place) NOT IN ('BEFORE', 'AFTER') THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    SELECT x.id, x.head, x.tail INTO key_id, first, last FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms()) ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        RETURN 0;
    END IF;
    SELECT e.pos INTO hit FROM redis.list_items e
    WHERE e.id = key_id AND e.pos BETWEEN first AND last AND e.value = pivot ORDER BY e.pos LIMIT 1;
    IF hit IS NULL THEN
        RETURN -1;
    ELSIF pg_catalog.upper(place) = 'AFTER' THEN
        hit := hit + 1;
    END IF;
    IF hit - first < last - hit THEN -- the left side is the shorter one and makes room
        UPDATE redis.list_items e SET pos = e.pos - 1 WHERE e.id = key_id AND e.pos BETWEEN first AND hit - 1;
        hit := hit - 1;
        first := first - 1;
    ELSE
        UPDATE redis.list_items e SET pos = e.pos + 1 WHERE e.id = key_id AND e.pos BETWEEN hit AND last;
        last := last + 1;
    END IF;
    INSERT INTO redis.list_items (id, pos, value) VALUES (key_id, hit, element);
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = first, tail = last, size = last - first + 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    done := redis.changed(d, k, 'l', 'linsert');
    RETURN last - first + 1;
END $$;
COMMENT ON FUNCTION public.redis_linsert(bytea, text, bytea, bytea) IS
'LINSERT key BEFORE | AFTER pivot element
Puts an element beside the first one that equals the pivot. Returns the new length, -1 without a pivot, 0 when the key is absent.
Errors: WRONGTYPE, syntax.';
SELECT redis.register_command('linsert', 'redis_linsert', arity => 5,
  flags => 'write denyoom', categories => 'write list slow',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Inserts an element before or after another one of a list.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "where", "type": "oneof", "arguments": [{"name": "before", "type": "pure-token", "token": "BEFORE"}, {"name": "after", "type": "pure-token", "token": "AFTER"}]}, {"name": "pivot", "type": "string"}, {"name": "element", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_lrem(key bytea, count bigint, element bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    wanted constant bigint := nullif(pg_catalog.abs(greatest(count, -9223372036854775807)), 0);
    key_id bigint;
    first bigint;
    last bigint;
    low bigint;                    -- of what goes: all equal elements from low to high
    high bigint;
    n bigint;
BEGIN
    SELECT x.id, x.head, x.tail INTO key_id, first, last FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'l' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms()) ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        RETURN 0;
    END IF;
    IF count >= 0 THEN
        SELECT pg_catalog.min(s.pos), pg_catalog.max(s.pos), pg_catalog.count(*) INTO low, high, n
        FROM (SELECT e.pos FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND last AND e.value = element
              ORDER BY e.pos LIMIT wanted) AS s;
    ELSE
        SELECT pg_catalog.min(s.pos), pg_catalog.max(s.pos), pg_catalog.count(*) INTO low, high, n
        FROM (SELECT e.pos FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND last AND e.value = element
              ORDER BY e.pos DESC LIMIT wanted) AS s;
    END IF;
    IF n = 0 THEN
        RETURN 0;
    ELSIF n = last - first + 1 THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'l', 'lrem');
        done := redis.changed(d, k, 'g', 'del');
        RETURN n;
    END IF;
    -- The shorter side closes the gaps: each element there moves by the number of those that go between it and the other side.
    IF high - first < last - low THEN
        WITH moved AS (
            DELETE FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN first AND high RETURNING e.pos, e.value)
        INSERT INTO redis.list_items (id, pos, value)
        SELECT key_id, high + 1 - pg_catalog.row_number() OVER (ORDER BY m.pos DESC), m.value
        FROM moved m WHERE m.value <> element OR m.pos < low;
        first := first + n;
    ELSE
        WITH moved AS (
            DELETE FROM redis.list_items e WHERE e.id = key_id AND e.pos BETWEEN low AND last RETURNING e.pos, e.value)
        INSERT INTO redis.list_items (id, pos, value)
        SELECT key_id, low - 1 + pg_catalog.row_number() OVER (ORDER BY m.pos), m.value
        FROM moved m WHERE m.value <> element OR m.pos > high;
        last := last - n;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = first, tail = last, size = last - first + 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    done := redis.changed(d, k, 'l', 'lrem');
    RETURN n;
END $$;
COMMENT ON FUNCTION public.redis_lrem(bytea, bigint, bytea) IS
'LREM key count element
Removes the first count elements that equal the given one, the last -count ones when negative, all of them when 0.
Returns how many went. Errors: WRONGTYPE.';
SELECT redis.register_command('lrem', 'redis_lrem', arity => 4,
  flags => 'write', categories => 'write list slow',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'list', complexity => 'O(N+M)',
  summary => 'Removes equal elements from a list.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "count", "type": "integer"}, {"name": "element", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_lpos(
    key bytea, element bytea, VARIADIC options text[] DEFAULT '{}', OUT index bigint, OUT indexes bigint[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    words constant integer := pg_catalog.cardinality(options);
    word text;
    rank bigint := 1;
    count bigint;
    maxlen bigint := 0;
    key_id bigint;
    key_type "char";
    expiry bigint;
    first bigint;
    total bigint;
    stop bigint;                   -- the position where the search ends
    hits bigint[] := ARRAY[]::bigint[];
BEGIN
    FOR i IN 1 .. words BY 2 LOOP
        word := pg_catalog.upper(options[i]);
        IF word NOT IN ('RANK', 'COUNT', 'MAXLEN') OR i = words THEN
            PERFORM redis.raise_syntax_error();
        ELSIF word = 'RANK' THEN
            rank := redis.parse_integer(options[i + 1]);
            IF rank = 0 THEN
                PERFORM redis.raise_error('ERR RANK can''t be zero: use 1 to start from the first match, 2 from the second ... '
                                          'or use negative to start from the end of the list');
            ELSIF rank = -9223372036854775808 THEN
                rank := -1; -- Redis: its opposite is itself, and no number of matches is below that
            END IF;
        ELSIF word = 'COUNT' THEN
            count := redis.parse_integer(options[i + 1], 'ERR COUNT can''t be negative');
            IF count < 0 THEN
                PERFORM redis.raise_error('ERR COUNT can''t be negative');
            END IF;
        ELSE
            maxlen := redis.parse_integer(options[i + 1], 'ERR MAXLEN can''t be negative');
            IF maxlen < 0 THEN
                PERFORM redis.raise_error('ERR MAXLEN can''t be negative');
            END IF;
        END IF;
    END LOOP;
    SELECT x.id, x.type, x.expires_at, x.head, x.size INTO key_id, key_type, expiry, first, total
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NOT NULL AND (expiry <= redis.now_ms()) IS NOT TRUE THEN
        IF key_type <> 'l' THEN
            PERFORM redis.raise_wrongtype();
        ELSIF rank > 0 THEN
            stop := CASE WHEN maxlen > 0 THEN first + least(maxlen, total) - 1 ELSE first + total - 1 END;
            hits := ARRAY(SELECT e.pos - first FROM redis.list_items e
                          WHERE e.id = key_id AND e.pos BETWEEN first AND stop AND e.value = element
                          ORDER BY e.pos LIMIT nullif(coalesce(count, 1), 0) OFFSET rank - 1);
        ELSE
            stop := first + CASE WHEN maxlen > 0 THEN total - least(maxlen, total) ELSE 0 END;
            hits := ARRAY(SELECT e.pos - first FROM redis.list_items e
                          WHERE e.id = key_id AND e.pos BETWEEN stop AND first + total - 1 AND e.value = element
                          ORDER BY e.pos DESC LIMIT nullif(coalesce(count, 1), 0) OFFSET -(rank + 1));
        END IF;
    END IF;
    IF count IS NULL THEN
        index := hits[1];
    ELSE
        indexes := hits;
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_lpos(bytea, bytea, text[]) IS
'LPOS key element [RANK rank] [COUNT matches] [MAXLEN length]
The index of the first element that equals the given one (of the rank-th; a negative rank looks from the end), or with COUNT the
indexes of so many, 0 for all; looks at no more than MAXLEN elements. Errors: WRONGTYPE, syntax, numbers out of range.';
SELECT redis.register_command('lpos', 'redis_lpos', arity => -3,
  flags => 'readonly', categories => 'read list slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '6.0.6', command_group => 'list', complexity => 'O(N)',
  summary => 'Finds elements of a list and returns their indexes.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "element", "type": "string"}, {"name": "rank", "type": "integer", "token": "RANK", "flags": ["optional"]}, {"name": "num-matches", "type": "integer", "token": "COUNT", "flags": ["optional"]}, {"name": "len", "type": "integer", "token": "MAXLEN", "flags": ["optional"]}]');

-- Blocking commands. For waiter and attempt see redis.ready_key().

-- BLPOP and BRPOP of any number of keys.
CREATE OR REPLACE FUNCTION redis.list_pop_or_wait(arguments bytea[], at_left boolean, waiter bigint, attempt bigint)
RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    words constant integer := pg_catalog.cardinality(arguments);
    ks constant bytea[] := redis.index_keys(arguments[: words - 1]);
    place integer;
    element bytea;
    done boolean;
BEGIN
    IF words < 2 THEN
        PERFORM redis.raise_wrong_arity(CASE WHEN at_left THEN 'blpop' ELSE 'brpop' END);
    END IF;
    done := redis.parse_timeout(arguments[words]);
    done := redis.lock_keys(d, ks);
    place := redis.ready_key(d, ks, 'l', waiter, attempt);
    IF place IS NULL THEN
        done := redis.wait_in_line(d, ks, 'l', waiter, attempt);
        RETURN NULL;
    END IF;
    element := redis.list_pop(d, ks[place], at_left);
    done := redis.served(waiter, attempt);
    RETURN ARRAY[arguments[place], element];
END $$;

-- The same for one key, quickly where there is no line.
CREATE OR REPLACE FUNCTION redis.list_pop_or_wait(key bytea, timeout bytea, at_left boolean, waiter bigint, attempt bigint)
RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.parse_timeout(timeout);
    element bytea;
BEGIN
    done := redis.lock_key(d, k);
    IF attempt > 0 OR EXISTS (SELECT FROM redis.waiters w WHERE w.db = d AND w.key = k) THEN
        RETURN redis.list_pop_or_wait(ARRAY[key, timeout], at_left, waiter, attempt);
    END IF;
    element := redis.list_pop(d, k, at_left);
    IF element IS NULL THEN
        done := redis.wait_in_line(d, ARRAY[k], 'l', waiter, attempt);
        RETURN NULL;
    END IF;
    RETURN ARRAY[key, element];
END $$;

-- Many of those at once. Where nobody is in line, each list is popped from once; who got nothing waits.
CREATE OR REPLACE FUNCTION redis.batch_pop_or_wait(
    waiters bigint[], attempts bigint[], keys bytea[], timeouts bytea[], at_left boolean) RETURNS SETOF bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
BEGIN
    IF 0 <> ANY (attempts) OR pg_catalog.current_setting('redis.events', true) <> ''
       OR EXISTS (SELECT FROM redis.waiters w WHERE w.db = d AND w.key = ANY (ks)) THEN
        RETURN QUERY SELECT redis.list_pop_or_wait(u.key, u.timeout, at_left, u.waiter, u.attempt)
                     FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(timeouts), pg_catalog.unnest(waiters),
                                     pg_catalog.unnest(attempts)) AS u(key, timeout, waiter, attempt);
        RETURN;
    END IF;
    SELECT pg_catalog.bool_and(redis.parse_timeout(u.timeout)) INTO done FROM pg_catalog.unnest(timeouts) AS u(timeout);
    RETURN QUERY
    WITH calls AS MATERIALIZED (
        SELECT u.k, u.key, u.waiter, u.n, pg_catalog.row_number() OVER (PARTITION BY u.k ORDER BY u.n) AS place
        FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(keys), pg_catalog.unnest(waiters))
            WITH ORDINALITY AS u(k, key, waiter, n)
    ), taken AS MATERIALIZED (
        SELECT s.k, redis.list_take(d, s.k, at_left, s.wanted) AS elements
        FROM (SELECT c.k, pg_catalog.count(*) AS wanted FROM calls c GROUP BY c.k) AS s
    ), answers AS MATERIALIZED (
        SELECT c.*, t.elements[c.place] AS element FROM calls c JOIN taken t ON t.k = c.k
    ), line AS (
        INSERT INTO redis.waiters (waiter, since, db, kind, key)
        SELECT a.waiter, pg_catalog.nextval('redis.arrivals'), d, 'l', a.k
        FROM (SELECT * FROM answers b WHERE b.element IS NULL ORDER BY b.n) AS a
    )
    SELECT CASE WHEN a.element IS NOT NULL THEN ARRAY[a.key, a.element] END FROM answers a ORDER BY a.n;
END $$;

CREATE OR REPLACE FUNCTION public.redis_blpop(VARIADIC arguments bytea[]) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(arguments, true, NULL, 0);
END $$;
COMMENT ON FUNCTION public.redis_blpop(bytea[]) IS
'BLPOP key [key ...] timeout
Pops the first element of the first of these lists that exists; returns the key and the element. NULL when none does: only clients
of a proxy wait, timeout seconds, 0 for ever. Errors: WRONGTYPE, timeout.';

CREATE OR REPLACE FUNCTION redis.blpop_or_wait(waiter bigint, attempt bigint, VARIADIC arguments bytea[]) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(arguments, true, waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION redis.blpop_or_wait(waiter bigint, attempt bigint, key bytea, timeout bytea) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(key, timeout, true, waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_blpop(waiters bigint[], attempts bigint[], keys bytea[], timeouts bytea[])
RETURNS SETOF bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_pop_or_wait(waiters, attempts, keys, timeouts, true);
END $$;
SELECT redis.register_command('blpop', 'redis_blpop', arity => -3, batch => 'redis.batch_blpop',
  waiting => 'redis.blpop_or_wait', timeout => '-1',
  flags => 'write noscript blocking', categories => 'write list slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [-2, 1, 0]}]',
  since => '2.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Pops the first element of a list, or waits for one.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "timeout", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_brpop(VARIADIC arguments bytea[]) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(arguments, false, NULL, 0);
END $$;
COMMENT ON FUNCTION public.redis_brpop(bytea[]) IS
'BRPOP key [key ...] timeout
Pops the last element of the first of these lists that exists; returns the key and the element. NULL when none does: only clients
of a proxy wait, timeout seconds, 0 for ever. Errors: WRONGTYPE, timeout.';

CREATE OR REPLACE FUNCTION redis.brpop_or_wait(waiter bigint, attempt bigint, VARIADIC arguments bytea[]) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(arguments, false, waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION redis.brpop_or_wait(waiter bigint, attempt bigint, key bytea, timeout bytea) RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_pop_or_wait(key, timeout, false, waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION redis.batch_brpop(waiters bigint[], attempts bigint[], keys bytea[], timeouts bytea[])
RETURNS SETOF bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT * FROM redis.batch_pop_or_wait(waiters, attempts, keys, timeouts, false);
END $$;
SELECT redis.register_command('brpop', 'redis_brpop', arity => -3, batch => 'redis.batch_brpop',
  waiting => 'redis.brpop_or_wait', timeout => '-1',
  flags => 'write noscript blocking', categories => 'write list slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [-2, 1, 0]}]',
  since => '2.0.0', command_group => 'list', complexity => 'O(N)',
  summary => 'Pops the last element of a list, or waits for one.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "timeout", "type": "double"}]');

-- BLMOVE and BRPOPLPUSH.
CREATE OR REPLACE FUNCTION redis.list_move_or_wait(
    source bytea, destination bytea, from_left boolean, to_left boolean, timeout bytea, waiter bigint, attempt bigint)
RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := ARRAY[redis.index_key(source)];
    done boolean := redis.parse_timeout(timeout);
    result bytea;
BEGIN
    done := redis.lock_keys(d, ks || redis.index_key(destination));
    IF redis.ready_key(d, ks, 'l', waiter, attempt) IS NULL THEN
        done := redis.wait_in_line(d, ks, 'l', waiter, attempt);
        RETURN NULL;
    END IF;
    result := redis.list_move(d, source, destination, from_left, to_left);
    done := redis.served(waiter, attempt);
    RETURN result;
END $$;

CREATE OR REPLACE FUNCTION public.redis_blmove(source bytea, destination bytea, wherefrom text, whereto text, timeout bytea)
RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_move_or_wait(source, destination, redis.parse_list_end(wherefrom), redis.parse_list_end(whereto), timeout,
                                   NULL, 0);
END $$;
COMMENT ON FUNCTION public.redis_blmove(bytea, bytea, text, text, bytea) IS
'BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout
LMOVE, for which a client of a proxy waits while the source is absent, timeout seconds, 0 for ever.
Errors: WRONGTYPE, syntax, timeout.';

CREATE OR REPLACE FUNCTION redis.blmove_or_wait(
    waiter bigint, attempt bigint, source bytea, destination bytea, wherefrom text, whereto text, timeout bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_move_or_wait(source, destination, redis.parse_list_end(wherefrom), redis.parse_list_end(whereto), timeout,
                                   waiter, attempt);
END $$;
SELECT redis.register_command('blmove', 'redis_blmove', arity => 6, waiting => 'redis.blmove_or_wait', timeout => '-1',
  flags => 'write denyoom noscript blocking', categories => 'write list slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "RW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Moves an element from one list to another, or waits for one.',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0}, {"name": "destination", "type": "key", "key_spec_index": 1}, {"name": "wherefrom", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}, {"name": "whereto", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}, {"name": "timeout", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_brpoplpush(source bytea, destination bytea, timeout bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_move_or_wait(source, destination, false, true, timeout, NULL, 0);
END $$;
COMMENT ON FUNCTION public.redis_brpoplpush(bytea, bytea, bytea) IS
'BRPOPLPUSH source destination timeout
BLMOVE source destination RIGHT LEFT timeout. Errors: WRONGTYPE, timeout.';

CREATE OR REPLACE FUNCTION redis.brpoplpush_or_wait(waiter bigint, attempt bigint, source bytea, destination bytea, timeout bytea)
RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.list_move_or_wait(source, destination, false, true, timeout, waiter, attempt);
END $$;
SELECT redis.register_command('brpoplpush', 'redis_brpoplpush', arity => 4,
  waiting => 'redis.brpoplpush_or_wait', timeout => '-1',
  flags => 'write denyoom noscript blocking', categories => 'write list slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}, {"flags": "RW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'list', complexity => 'O(1)',
  summary => 'Moves the last element of a list to the left end of another, or waits for one.',
  deprecated_since => '6.2.0', replaced_by => '`BLMOVE` with the `RIGHT` and `LEFT` arguments',
  doc_flags => 'deprecated',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0}, {"name": "destination", "type": "key", "key_spec_index": 1}, {"name": "timeout", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_blmpop(
    timeout bytea, numkeys bytea, VARIADIC arguments bytea[], OUT key bytea, OUT elements bytea[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.elements INTO key, elements FROM redis.lmpop_or_wait(timeout, numkeys, arguments, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_blmpop(bytea, bytea, bytea[]) IS
'BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]
LMPOP, for which a client of a proxy waits while all keys are absent, timeout seconds, 0 for ever. Errors: as LMPOP, timeout.';

CREATE OR REPLACE FUNCTION redis.blmpop_or_wait(
    waiter bigint, attempt bigint, timeout bytea, numkeys bytea, VARIADIC arguments bytea[], OUT key bytea, OUT elements bytea[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.elements INTO key, elements FROM redis.lmpop_or_wait(timeout, numkeys, arguments, waiter, attempt) p;
END $$;
SELECT redis.register_command('blmpop', 'redis_blmpop', arity => -5, waiting => 'redis.blmpop_or_wait', timeout => '1',
  flags => 'write blocking movablekeys', categories => 'write list slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 2, "keynum": [0, 1, 1]}]',
  reply => 'row',
  since => '7.0.0', command_group => 'list', complexity => 'O(N+M)',
  summary => 'Pops elements from the first of several lists that is not empty, or waits for one.',
  arguments => '[{"name": "timeout", "type": "double"}, {"name": "numkeys", "type": "integer"}, {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "where", "type": "oneof", "arguments": [{"name": "left", "type": "pure-token", "token": "LEFT"}, {"name": "right", "type": "pure-token", "token": "RIGHT"}]}, {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');
