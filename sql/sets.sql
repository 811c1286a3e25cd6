-- Sets. The members have dense positions from 0 to size - 1, in no order, so that a random position is a random member; whatever
-- leaves a hole fills it with the last members. Members are found one by one through the index: with scalar subqueries and with
-- ctids, which no plan can turn into a walk over the whole set (the key is locked, so the ctids hold), by stored forms worked out
-- beforehand, as a planner that knows no costs yet takes the index that spares it an expression.

-- The id and size of the collection of that type under a key; NULLs when the key is absent, the error when it holds another type.
CREATE OR REPLACE FUNCTION redis.find_members(d smallint, k bytea, type "char", OUT key_id bigint, OUT key_size bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_type "char";
    expiry bigint;
BEGIN
    SELECT x.id, x.size, x.type, x.expires_at INTO key_id, key_size, found_type, expiry
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        key_id := NULL;
        key_size := NULL;
    ELSIF found_type <> find_members.type THEN
        PERFORM redis.raise_wrongtype();
    END IF;
END $$;

-- The same of several keys whose types are among those given. Absent ones have NULLs.
CREATE OR REPLACE FUNCTION redis.find_all_members(
    d smallint, ks bytea[], types "char"[], OUT ids bigint[], OUT sizes bigint[], OUT found_types "char"[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    wrong boolean;
    now constant bigint := redis.now_ms();
BEGIN
    SELECT pg_catalog.array_agg(s.id ORDER BY u.n), pg_catalog.array_agg(s.size ORDER BY u.n),
           pg_catalog.array_agg(s.type ORDER BY u.n), pg_catalog.bool_or(s.type <> ALL (types))
    INTO ids, sizes, found_types, wrong
    FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n)
    LEFT JOIN LATERAL (SELECT x.id, x.size, x.type FROM redis.keys x
                       WHERE x.db = d AND x.key = u.k AND (x.expires_at IS NULL OR x.expires_at > now)
                       ORDER BY x.turn DESC LIMIT 1) s ON true;
    IF wrong THEN
        PERFORM redis.raise_wrongtype();
    END IF;
END $$;

-- So many different random numbers from 0 to size - 1, all choices equally likely, in random order.
CREATE OR REPLACE FUNCTION redis.random_positions(size bigint, wanted bigint) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    positions bigint[];
BEGIN
    IF wanted <= size / 2 THEN
        -- Draw with repetitions and keep the first of each: at most 1.4 draws for each wanted are needed on average.
        positions := ARRAY(
            SELECT r.pos
            FROM (SELECT g.n, pg_catalog.floor(pg_catalog.random() * size)::bigint AS pos
                  FROM pg_catalog.generate_series(1, 2 * wanted + 20) AS g(n)) AS r
            GROUP BY r.pos ORDER BY pg_catalog.min(r.n) LIMIT wanted);
        IF pg_catalog.cardinality(positions) = wanted THEN
            RETURN positions;
        END IF;
    END IF;
    RETURN ARRAY(SELECT g.pos FROM pg_catalog.generate_series(0, size - 1) AS g(pos) ORDER BY pg_catalog.random() LIMIT wanted);
END $$;

-- All members of a set, or up to most.
CREATE OR REPLACE FUNCTION redis.all_members(set_id bigint, most bigint DEFAULT NULL) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT coalesce(e.long_member, e.member) FROM redis.set_members e WHERE e.id = set_id LIMIT most);
END $$;

-- The members at these positions, in the positions' order.
CREATE OR REPLACE FUNCTION redis.members_at(set_id bigint, positions bigint[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT (SELECT coalesce(e.long_member, e.member) FROM redis.set_members e
                WHERE e.id = set_id AND e.pos >= u.pos ORDER BY e.pos LIMIT 1)
        FROM pg_catalog.unnest(positions) WITH ORDINALITY AS u(pos, n) ORDER BY u.n);
END $$;

-- Would Redis keep these members as an 'intset': are they few, and 64-bit integers all?
CREATE OR REPLACE FUNCTION redis.is_intset(members bytea[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN pg_catalog.cardinality(members) <= 512 AND NOT EXISTS (
        SELECT FROM pg_catalog.unnest(members) AS u(member)
        WHERE CASE WHEN pg_catalog.octet_length(u.member) > 20
                        OR pg_catalog.encode(u.member, 'escape') !~ '^(0|-?[1-9][0-9]*)$' THEN true
                   WHEN pg_catalog.octet_length(u.member) < 19 THEN false
                   ELSE pg_catalog.encode(u.member, 'escape')::numeric
                        NOT BETWEEN -9223372036854775808 AND 9223372036854775807 END);
END $$;

-- Members as Redis answers them: those of an intset by value, others in any order.
CREATE OR REPLACE FUNCTION redis.order_members(members bytea[]) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF redis.is_intset(members) THEN
        RETURN ARRAY(SELECT u.member FROM pg_catalog.unnest(members) AS u(member)
                     ORDER BY pg_catalog.encode(u.member, 'escape')::bigint);
    END IF;
    RETURN members;
END $$;

-- Adds members to a locked key that is a set or absent; returns which of them, counted from 1, were new.
CREATE OR REPLACE FUNCTION redis.add_new_members(d smallint, key bytea, members bytea[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    ms constant bytea[] := redis.index_keys(members);
    set_id bigint;
    set_size bigint;
    fresh bytea[];
    numbers bigint[];
    done boolean;
BEGIN
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(d, k, 'S') f;
    IF set_id IS NULL THEN
        done := redis.delete_key(d, k);
        set_id := redis.create_key(d, key, 'S', size => 0);
        set_size := 0;
    END IF;
    SELECT pg_catalog.array_agg(f.member), pg_catalog.array_agg(f.n) INTO fresh, numbers
    FROM (SELECT u.member, pg_catalog.min(u.n) AS n
          FROM ROWS FROM (pg_catalog.unnest(ms), pg_catalog.unnest(members)) WITH ORDINALITY AS u(m, member, n)
          WHERE set_size = 0 OR (SELECT true FROM redis.set_members e WHERE e.id = set_id AND e.member = u.m) IS NULL
          GROUP BY u.member ORDER BY 2) AS f;
    IF numbers IS NULL THEN
        RETURN '{}'::bigint[];
    END IF;
    INSERT INTO redis.set_members (id, pos, member, long_member)
    SELECT set_id, set_size + f.i - 1, redis.index_key(f.member), redis.long_key(f.member)
    FROM pg_catalog.unnest(fresh) WITH ORDINALITY AS f(member, i);
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size + pg_catalog.cardinality(fresh)
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    done := redis.changed(d, k, 's', 'sadd');
    RETURN numbers;
END $$;

-- The same; returns how many were new.
CREATE OR REPLACE FUNCTION redis.add_members(d smallint, key bytea, members bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN pg_catalog.cardinality(redis.add_new_members(d, key, members));
END $$;

CREATE OR REPLACE FUNCTION public.redis_sadd(key bytea, member bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    -- The conflict clause names the constraint, as `member` alone would be taken for the parameter.
    INSERT INTO redis.set_members (id, pos, member, long_member)
    SELECT x.id, x.size, redis.index_key(redis_sadd.member), redis.long_key(redis_sadd.member) FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'S' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    ORDER BY x.turn DESC LIMIT 1
    ON CONFLICT ON CONSTRAINT set_members_pkey DO NOTHING;
    IF FOUND THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size + 1
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
        done := redis.changed(d, k, 's', 'sadd');
        RETURN 1;
    END IF;
    IF (SELECT f.key_id FROM redis.find_members(d, k, 'S') f) IS NOT NULL THEN
        RETURN 0;
    END IF;
    RETURN redis.add_members(d, key, ARRAY[member]);
END $$;
COMMENT ON FUNCTION public.redis_sadd(bytea, bytea) IS
'SADD key member
Adds a member to a set, which is created when absent. Returns 1 when it was new, else 0. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_sadd(key bytea, VARIADIC members bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.add_members(d, key, members);
END $$;
COMMENT ON FUNCTION public.redis_sadd(bytea, bytea[]) IS
'SADD key member [member ...]
Adds members to a set, which is created when absent. Returns how many were new. Errors: WRONGTYPE.';
-- Adds each of these members to the locked set of its key, which is made when absent. Returns 1 for those that were new, else 0.
-- What holds no set, or one whose time is up, is left to single calls.
CREATE OR REPLACE FUNCTION redis.add_to_sets(d smallint, ks bytea[], keys bytea[], members bytea[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    ms constant bytea[] := redis.index_keys(members);
    now constant bigint := redis.now_ms();
    answers bigint[];
    absent bytea[];
    done boolean;
BEGIN
    WITH sets AS MATERIALIZED (
        SELECT s.k, s.n, p.place, coalesce(p.id, redis.new_key_id()) AS id, coalesce(p.size, 0) AS size
        FROM (SELECT u.k, pg_catalog.min(u.n) AS n FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n) GROUP BY u.k) AS s
        LEFT JOIN LATERAL (
            SELECT y.ctid AS place, y.size,
                   CASE WHEN y.type = 'S' AND (y.expires_at IS NULL OR y.expires_at > now) THEN y.id
                        ELSE redis.one_by_one() END AS id
            FROM redis.keys y WHERE y.db = d AND y.key = s.k ORDER BY y.turn DESC LIMIT 1) p ON true
    ), fresh AS MATERIALIZED (
        SELECT f.id, f.m, f.n, f.size + pg_catalog.row_number() OVER (PARTITION BY f.id ORDER BY f.n) AS size
        FROM (SELECT s.id, s.size, u.m, pg_catalog.min(u.n) AS n
              FROM ROWS FROM (pg_catalog.unnest(ks), pg_catalog.unnest(ms)) WITH ORDINALITY AS u(k, m, n) JOIN sets s ON s.k = u.k
              WHERE s.place IS NULL OR (SELECT true FROM redis.set_members e WHERE e.id = s.id AND e.member = u.m) IS NULL
              GROUP BY s.id, s.size, u.m) AS f
    ), changed AS MATERIALIZED (
        SELECT s.k, s.n, s.place, s.id, f.size
        FROM (SELECT f.id, pg_catalog.max(f.size) AS size FROM fresh f GROUP BY f.id) AS f JOIN sets s ON s.id = f.id
    ), added AS (
        INSERT INTO redis.set_members (id, pos, member, long_member)
        SELECT f.id, f.size - 1, f.m, redis.long_key(members[f.n]) FROM fresh f
    ), grown AS (
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = c.size
        FROM changed c WHERE x.ctid = c.place
    ), created AS (
        INSERT INTO redis.keys (id, size, db, type, key, long_key)
        SELECT c.id, c.size, d, 'S', c.k, redis.long_key(keys[c.n]) FROM changed c WHERE c.place IS NULL
    )
    SELECT pg_catalog.array_agg(CASE WHEN f.n IS NULL THEN 0::bigint ELSE 1 END ORDER BY g.n),
           (SELECT pg_catalog.array_agg(c.k) FROM changed c WHERE c.place IS NULL)
    INTO answers, absent
    FROM pg_catalog.generate_series(1::bigint, pg_catalog.cardinality(ks)) AS g(n) LEFT JOIN fresh f ON f.n = g.n;
    IF absent IS NOT NULL THEN
        done := redis.appeared(d, absent, 'S');
    END IF;
    RETURN answers;
END $$;

-- Many SADDs of one member at once.
CREATE OR REPLACE FUNCTION redis.batch_sadd(keys bytea[], members bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
    fresh bigint[];
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT public.redis_sadd(u.key, u.member)
                     FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(members)) AS u(key, member);
    ELSIF keys[1] = ALL (keys) THEN
        fresh := redis.add_new_members(d, keys[1], members);
        RETURN QUERY SELECT CASE WHEN f.n IS NULL THEN 0::bigint ELSE 1 END
                     FROM pg_catalog.generate_series(1::bigint, pg_catalog.cardinality(keys)) AS g(n)
                     LEFT JOIN pg_catalog.unnest(fresh) AS f(n) ON f.n = g.n ORDER BY g.n;
    ELSE
        RETURN QUERY SELECT u.added FROM pg_catalog.unnest(redis.add_to_sets(d, ks, keys, members)) AS u(added);
    END IF;
END $$;
SELECT redis.register_command('sadd', 'redis_sadd', arity => -3, batch => 'redis.batch_sadd',
  flags => 'write denyoom fast', categories => 'write set fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Adds members to a set, which is created when absent.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "member", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_scard(key bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_type "char";
    expiry bigint;
    result bigint;
BEGIN
    SELECT x.type, x.expires_at, x.size INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF NOT FOUND OR expiry <= redis.now_ms() THEN
        RETURN 0;
    END IF;
    IF key_type <> 'S' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_scard(bytea) IS
'SCARD key
How many members a set has; 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('scard', 'redis_scard', arity => 2,
  flags => 'readonly fast', categories => 'read set fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Counts the members of a set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_sismember(key bytea, member bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    m constant bytea := redis.index_key(member);
    key_type "char";
    expiry bigint;
    result boolean;
BEGIN
    SELECT x.type, x.expires_at, (SELECT true FROM redis.set_members e WHERE e.id = x.id AND e.member = m)
    INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN false;
    END IF;
    IF key_type <> 'S' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result IS NOT NULL;
END $$;
COMMENT ON FUNCTION public.redis_sismember(bytea, bytea) IS
'SISMEMBER key member
Whether the set has that member; false when the key is absent. Errors: WRONGTYPE.';
-- Many SISMEMBERs at once.
CREATE OR REPLACE FUNCTION redis.batch_sismember(keys bytea[], members bytea[]) RETURNS SETOF boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT (SELECT CASE WHEN x.expires_at <= now THEN NULL
                        WHEN x.type = 'S' THEN (SELECT true FROM redis.set_members e WHERE e.id = x.id AND e.member = u.m)
                        ELSE redis.one_by_one() IS NULL END
            FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1) IS NOT NULL
    FROM ROWS FROM (pg_catalog.unnest(redis.index_keys(keys)), pg_catalog.unnest(redis.index_keys(members))) AS u(k, m);
END $$;
SELECT redis.register_command('sismember', 'redis_sismember', arity => 3, batch => 'redis.batch_sismember',
  flags => 'readonly fast', categories => 'read set fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Tells whether a set has a member.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "member", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_smismember(key bytea, VARIADIC members bytea[]) RETURNS boolean[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    set_id constant bigint := (redis.find_members(redis.db(), redis.index_key(key), 'S')).key_id;
BEGIN
    RETURN ARRAY(
        SELECT (SELECT true FROM redis.set_members e WHERE e.id = set_id AND e.member = u.m) IS NOT NULL
        FROM pg_catalog.unnest(redis.index_keys(members)) WITH ORDINALITY AS u(m, n) ORDER BY u.n);
END $$;
COMMENT ON FUNCTION public.redis_smismember(bytea, bytea[]) IS
'SMISMEMBER key member [member ...]
For each member whether the set has it. Errors: WRONGTYPE.';
SELECT redis.register_command('smismember', 'redis_smismember', arity => -3,
  flags => 'readonly fast', categories => 'read set fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Tells of several members whether a set has them.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "member", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_smembers(key bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.order_members(redis.all_members((redis.find_members(redis.db(), redis.index_key(key), 'S')).key_id));
END $$;
COMMENT ON FUNCTION public.redis_smembers(bytea) IS
'SMEMBERS key
All members of a set, in no order (few integers: by value); empty when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('smembers', 'redis_smembers', arity => 2,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Returns all members of a set.', reply => 'set',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

-- After members at these positions have been deleted from a locked set: moves the last ones into the holes and records the new
-- size; an emptied set goes. event is the keyspace event of the deletion.
CREATE OR REPLACE FUNCTION redis.close_holes(
    d smallint, k bytea, set_id bigint, old_size bigint, holes bigint[], event text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    new_size constant bigint := old_size - pg_catalog.cardinality(holes);
    low_holes bigint[];
    done boolean;
BEGIN
    IF new_size = 0 THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 's', event);
        RETURN redis.changed(d, k, 'g', 'del');
    END IF;
    low_holes := ARRAY(SELECT u.pos FROM pg_catalog.unnest(holes) AS u(pos) WHERE u.pos < new_size);
    IF pg_catalog.cardinality(low_holes) > 0 THEN
        -- As many members as there are low holes are left at new_size and above.
        UPDATE redis.set_members e SET pos = m.pos
        FROM ROWS FROM (
            pg_catalog.unnest(ARRAY(SELECT f.ctid FROM redis.set_members f
                                    WHERE f.id = set_id AND f.pos >= new_size ORDER BY f.pos)),
            pg_catalog.unnest(low_holes)) AS m(tid, pos)
        WHERE e.ctid = m.tid;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = new_size
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    RETURN redis.changed(d, k, 's', event);
END $$;

-- Removes one member of a locked key that is a set or absent; returns whether it was there.
CREATE OR REPLACE FUNCTION redis.remove_member(d smallint, k bytea, member bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    m constant bytea := redis.index_key(member);
    set_id bigint;
    hole bigint;
    last bigint;                   -- position of the last member, then the new size
    done boolean;
BEGIN
    DELETE FROM redis.set_members e
    WHERE e.id = (SELECT x.id FROM redis.keys x
                  WHERE x.db = d AND x.key = k AND x.type = 'S' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
                  ORDER BY x.turn DESC LIMIT 1)
      AND e.member = m
    RETURNING e.id, e.pos INTO set_id, hole;
    IF NOT FOUND THEN
        PERFORM redis.find_members(d, k, 'S'); -- the error, if it is no set
        RETURN false;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size - 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.size INTO last;
    IF hole < last THEN
        UPDATE redis.set_members e SET pos = hole
        WHERE e.ctid = (SELECT f.ctid FROM redis.set_members f WHERE f.id = set_id AND f.pos >= last ORDER BY f.pos LIMIT 1);
    END IF;
    done := redis.changed(d, k, 's', 'srem');
    IF last = 0 THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public.redis_srem(key bytea, member bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.remove_member(d, k, member)::integer;
END $$;
COMMENT ON FUNCTION public.redis_srem(bytea, bytea) IS
'SREM key member
Removes a member from a set, and the set when that was the last. Returns 1 when it was there, else 0. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_srem(key bytea, VARIADIC members bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    set_id bigint;
    set_size bigint;
    holes bigint[];
BEGIN
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(d, k, 'S') f;
    IF set_id IS NULL THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM redis.set_members e
        WHERE e.ctid = ANY (ARRAY(
            SELECT (SELECT f.ctid FROM redis.set_members f WHERE f.id = set_id AND f.member = u.m)
            FROM pg_catalog.unnest(redis.index_keys(members)) AS u(m)))
        RETURNING e.pos)
    SELECT pg_catalog.array_agg(g.pos) INTO holes FROM gone g;
    IF holes IS NULL THEN
        RETURN 0;
    END IF;
    done := redis.close_holes(d, k, set_id, set_size, holes, 'srem');
    RETURN pg_catalog.cardinality(holes);
END $$;
COMMENT ON FUNCTION public.redis_srem(bytea, bytea[]) IS
'SREM key member [member ...]
Removes members from a set, and the set when none is left. Returns how many were there. Errors: WRONGTYPE.';
SELECT redis.register_command('srem', 'redis_srem', arity => -3,
  flags => 'write fast', categories => 'write set fast',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Removes members from a set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "member", "type": "string", "flags": ["multiple"]}]');

-- Removes and returns a random member of a locked key that is a set or absent.
CREATE OR REPLACE FUNCTION redis.pop_member(d smallint, k bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    chance constant double precision := pg_catalog.random();
    set_id bigint;
    last bigint;                   -- position of the last member; then the new size
    hole bigint;
    result bytea;
    done boolean;
BEGIN
    UPDATE redis.keys x SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid), size = x.size - 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
      AND x.type = 'S' AND x.size > 1 AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    RETURNING x.id, x.size INTO set_id, last;
    IF NOT FOUND THEN
        RETURN (redis.pop_members(d, k, 1))[1];
    END IF;
    hole := pg_catalog.floor(chance * (last + 1));
    DELETE FROM redis.set_members e
    WHERE e.ctid = (SELECT f.ctid FROM redis.set_members f WHERE f.id = set_id AND f.pos >= hole ORDER BY f.pos LIMIT 1)
    RETURNING coalesce(e.long_member, e.member) INTO result;
    IF hole < last THEN
        UPDATE redis.set_members e SET pos = hole
        WHERE e.ctid = (SELECT f.ctid FROM redis.set_members f WHERE f.id = set_id AND f.pos >= last ORDER BY f.pos LIMIT 1);
    END IF;
    done := redis.changed(d, k, 's', 'spop');
    RETURN result;
END $$;

CREATE OR REPLACE FUNCTION public.redis_spop(key bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    RETURN redis.pop_member(d, k);
END $$;
COMMENT ON FUNCTION public.redis_spop(bytea) IS
'SPOP key
Removes a random member from a set and returns it; NULL when the key is absent. Errors: WRONGTYPE.';

-- Removes so many random members (all, if there are no more) from a locked key that is a set or absent.
CREATE OR REPLACE FUNCTION redis.pop_members(d smallint, k bytea, wanted bigint) RETURNS bytea[]
LANGUAGE plpgsql AS $$
DECLARE
    set_id bigint;
    set_size bigint;
    positions bigint[];
    holes bigint[];
    result bytea[];
    done boolean;
BEGIN
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(d, k, 'S') f;
    IF set_id IS NULL OR wanted = 0 THEN
        RETURN '{}'::bytea[];
    END IF;
    IF wanted >= set_size THEN
        result := redis.order_members(redis.all_members(set_id));
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 's', 'spop');
        done := redis.changed(d, k, 'g', 'del');
        RETURN result;
    END IF;
    positions := redis.random_positions(set_size, wanted);
    WITH gone AS (
        DELETE FROM redis.set_members e
        WHERE e.ctid = ANY (ARRAY(
            SELECT (SELECT f.ctid FROM redis.set_members f WHERE f.id = set_id AND f.pos >= u.pos ORDER BY f.pos LIMIT 1)
            FROM pg_catalog.unnest(positions) AS u(pos)))
        RETURNING e.pos, coalesce(e.long_member, e.member) AS member)
    SELECT pg_catalog.array_agg(g.pos), pg_catalog.array_agg(g.member) INTO holes, result FROM gone g;
    done := redis.close_holes(d, k, set_id, set_size, holes, 'spop');
    RETURN result;
END $$;

-- Many SPOPs of one member at once. Which call gets which of the members is chance, too.
CREATE OR REPLACE FUNCTION redis.batch_spop(keys bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT public.redis_spop(u.key) FROM pg_catalog.unnest(keys) AS u(key);
    ELSE
        RETURN QUERY
        SELECT c.member
        FROM (SELECT g.numbers,
                     CASE WHEN pg_catalog.cardinality(g.numbers) > 1
                          THEN redis.pop_members(d, g.k, pg_catalog.cardinality(g.numbers))
                          ELSE ARRAY[redis.pop_member(d, g.k)] END AS members
              FROM (SELECT u.k, pg_catalog.array_agg(u.n ORDER BY u.n) AS numbers
                    FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n) GROUP BY u.k) AS g OFFSET 0) AS s,
             ROWS FROM (pg_catalog.unnest(s.numbers),
                        pg_catalog.unnest(ARRAY(SELECT m.member FROM pg_catalog.unnest(s.members) AS m(member)
                                                ORDER BY pg_catalog.random()))) AS c(call, member)
        ORDER BY c.call;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION public.redis_spop(key bytea, count bytea, VARIADIC more bytea[] DEFAULT '{}') RETURNS bytea[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    wanted bigint;
    done boolean;
BEGIN
    IF pg_catalog.cardinality(more) > 0 THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    wanted := redis.parse_integer(count, 'ERR value is out of range, must be positive');
    IF wanted < 0 THEN
        PERFORM redis.raise_error('ERR value is out of range, must be positive');
    END IF;
    done := redis.lock_key(d, k);
    RETURN redis.pop_members(d, k, wanted);
END $$;
COMMENT ON FUNCTION public.redis_spop(bytea, bytea, bytea[]) IS
'SPOP key count
Removes up to count random members from a set and returns them; empty when the key is absent. Errors: WRONGTYPE, a count that is
no integer or negative.';
SELECT redis.register_command('spop', 'redis_spop', arity => -2, batch => 'redis.batch_spop',
  flags => 'write fast', categories => 'write set fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Removes random members from a set and returns them.', reply => 'set',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "count", "type": "integer", "since": "3.2.0", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_srandmember(key bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    set_id bigint;
    set_size bigint;
BEGIN
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(redis.db(), redis.index_key(key), 'S') f;
    RETURN (redis.members_at(set_id, ARRAY[pg_catalog.floor(pg_catalog.random() * set_size)::bigint]))[1];
END $$;
COMMENT ON FUNCTION public.redis_srandmember(bytea) IS
'SRANDMEMBER key
A random member of a set; NULL when the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_srandmember(key bytea, count bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    set_id bigint;
    set_size bigint;
BEGIN
    IF count = -9223372036854775808 THEN
        PERFORM redis.raise_error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807');
    END IF;
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(redis.db(), redis.index_key(key), 'S') f;
    IF set_id IS NULL OR count = 0 THEN
        RETURN '{}'::bytea[];
    ELSIF count >= set_size THEN
        RETURN redis.order_members(redis.all_members(set_id));
    ELSIF count > 0 THEN
        RETURN redis.members_at(set_id, redis.random_positions(set_size, count));
    END IF;
    RETURN redis.members_at(set_id, ARRAY(SELECT pg_catalog.floor(pg_catalog.random() * set_size)::bigint
                                          FROM pg_catalog.generate_series(1, -count)));
END $$;
COMMENT ON FUNCTION public.redis_srandmember(bytea, bigint) IS
'SRANDMEMBER key count
Up to count different random members of a set; with a negative count exactly that many, which may repeat. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_srandmember(key bytea, count bytea, word bytea, VARIADIC more bytea[] DEFAULT '{}') RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    PERFORM redis.raise_syntax_error();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION public.redis_srandmember(bytea, bytea, bytea, bytea[]) IS
'SRANDMEMBER key count word …
More arguments are a syntax error, whatever the count is.';
SELECT redis.register_command('srandmember', 'redis_srandmember', arity => -2,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Returns random members of a set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "count", "type": "integer", "since": "2.6.0", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_smove(source bytea, destination bytea, member bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    source_k constant bytea := redis.index_key(source);
    destination_k constant bytea := redis.index_key(destination);
    done boolean := redis.lock_keys(d, ARRAY[source_k, destination_k]);
    source_id constant bigint := (redis.find_members(d, source_k, 'S')).key_id;
BEGIN
    IF source_id IS NULL THEN
        RETURN false;
    END IF;
    IF source_id = (redis.find_members(d, destination_k, 'S')).key_id THEN
        RETURN public.redis_sismember(source, member);
    END IF;
    RETURN redis.remove_member(d, source_k, member) AND redis.add_members(d, destination, ARRAY[member]) IS NOT NULL;
END $$;
COMMENT ON FUNCTION public.redis_smove(bytea, bytea, bytea) IS
'SMOVE source destination member
Moves a member from one set to another. Returns whether the source had it. Errors: WRONGTYPE.';
SELECT redis.register_command('smove', 'redis_smove', arity => 4,
  flags => 'write fast', categories => 'write set fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]},
    {"flags": "RW insert", "index": 2, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Moves a member from one set to another.',
  arguments => '[{"name": "source", "type": "key", "key_spec_index": 0},
    {"name": "destination", "type": "key", "key_spec_index": 1}, {"name": "member", "type": "string"}]');

-- A SCAN goes through the positions downwards: a cursor c means that those from c on are done. A member never moves up, since
-- holes are filled from the end. So one that stays throughout, and is not returned yet, is always below the cursor: it is there
-- at first, when the cursor is the size, and each step returns all members of the positions it passes. At cursor 0 none is left.
CREATE OR REPLACE FUNCTION public.redis_sscan(
    key bytea, cursor bytea, VARIADIC options bytea[] DEFAULT '{}', OUT next_cursor text, OUT members bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    top bigint;                    -- the positions from bottom to below top are looked at
    bottom bigint := 0;
    set_id bigint;
    set_size bigint;
    page bigint;
    pattern bytea;
    regex text;
BEGIN
    top := least(redis.parse_cursor(cursor), 9223372036854775807);
    next_cursor := '0';
    SELECT f.key_id, f.key_size INTO set_id, set_size FROM redis.find_members(redis.db(), redis.index_key(key), 'S') f;
    IF set_id IS NULL THEN
        members := '{}'::bytea[];
        RETURN;
    END IF;
    SELECT o.count, o.match INTO page, pattern FROM redis.parse_scan_options(options, false) o;
    IF set_size <= 512 THEN
        members := redis.all_members(set_id);
    END IF;
    IF set_size <= 512 AND redis.is_intset(members) THEN -- as Redis: all at once
        members := redis.order_members(members);
    ELSE
        IF top = 0 OR top > set_size THEN
            top := set_size;
        END IF;
        bottom := greatest(top - page, 0);
        members := ARRAY(SELECT coalesce(e.long_member, e.member) FROM redis.set_members e
                         WHERE e.id = set_id AND e.pos >= bottom AND e.pos < top ORDER BY e.pos DESC);
    END IF;
    next_cursor := bottom;
    IF pattern IS NOT NULL THEN
        regex := redis.glob_regex(pattern, true);
        members := ARRAY(SELECT u.member FROM pg_catalog.unnest(members) AS u(member) WHERE redis.glob_match(u.member, regex));
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_sscan(bytea, bytea, bytea[]) IS
'SSCAN key cursor [MATCH pattern] [COUNT count]
Some members of a set and the cursor for the next call; start with 0, and 0 ends. What is in the set throughout is returned.
Errors: WRONGTYPE, an invalid cursor, wrong options.';
SELECT redis.register_command('sscan', 'redis_sscan', arity => -3,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '2.8.0', command_group => 'set', complexity => 'O(1)',
  summary => 'Iterates over the members of a set.', reply => 'row',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "cursor", "type": "integer"},
    {"name": "pattern", "type": "pattern", "token": "MATCH", "flags": ["optional"]},
    {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');

-- Set algebra over ids (NULL: an empty set) with their sizes: 'union', 'inter', or 'diff' (the first without all others); no more
-- than most members.
CREATE OR REPLACE FUNCTION redis.combine_sets(operation text, ids bigint[], sizes bigint[], most bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    base bigint := ids[1];         -- each of its members is looked up in the others
    others bigint[];
BEGIN
    IF operation = 'union' THEN
        RETURN ARRAY(SELECT DISTINCT coalesce(e.long_member, e.member)
                     FROM redis.set_members e WHERE e.id = ANY (ids) LIMIT most);
    ELSIF operation = 'diff' THEN
        others := pg_catalog.array_remove(ids[2:], NULL);
    ELSIF pg_catalog.array_position(ids, NULL) IS NOT NULL THEN
        RETURN '{}'::bytea[];
    ELSE
        others := ARRAY(SELECT u.id FROM ROWS FROM (pg_catalog.unnest(ids), pg_catalog.unnest(sizes)) AS u(id, size)
                        GROUP BY u.id ORDER BY pg_catalog.min(u.size));
        base := others[1];
        others := others[2:];
    END IF;
    IF pg_catalog.cardinality(others) = 0 THEN
        RETURN redis.all_members(base, most);
    END IF;
    RETURN ARRAY(
        SELECT coalesce(e.long_member, e.member) FROM redis.set_members e
        WHERE e.id = base AND NOT EXISTS (
            SELECT FROM pg_catalog.unnest(others) AS o(id)
            WHERE ((SELECT true FROM redis.set_members f WHERE f.id = o.id AND f.member = e.member) IS NULL)
                  = (operation = 'inter'))
        LIMIT most);
END $$;

-- SUNION, SINTER, SDIFF: the same over keys.
CREATE OR REPLACE FUNCTION redis.combine_set_keys(
    d smallint, operation text, keys bytea[], most bigint DEFAULT NULL) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    ids bigint[];
    sizes bigint[];
BEGIN
    SELECT f.ids, f.sizes INTO ids, sizes FROM redis.find_all_members(d, redis.index_keys(keys), '{S}') f;
    RETURN redis.combine_sets(operation, ids, sizes, most);
END $$;

-- SUNIONSTORE, SINTERSTORE, SDIFFSTORE.
CREATE OR REPLACE FUNCTION redis.store_combined_set(operation text, destination bytea, keys bytea[], event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(destination || keys));
BEGIN
    RETURN redis.put_set(d, destination, redis.combine_set_keys(d, operation, keys), event);
END $$;

-- Makes a locked key a set of these different members, whatever it was; absent when there are none. Returns how many there are.
CREATE OR REPLACE FUNCTION redis.put_set(d smallint, key bytea, members bytea[], event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    set_size constant bigint := pg_catalog.cardinality(members);
    done boolean := redis.delete_key(d, k);
    set_id bigint;
BEGIN
    IF set_size > 0 THEN
        set_id := redis.create_key(d, key, 'S', size => set_size);
        INSERT INTO redis.set_members (id, pos, member, long_member)
        SELECT set_id, u.n - 1, redis.index_key(u.member), redis.long_key(u.member)
        FROM pg_catalog.unnest(members) WITH ORDINALITY AS u(member, n);
        done := redis.changed(d, k, 's', event);
    ELSIF done THEN
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN set_size;
END $$;

CREATE OR REPLACE FUNCTION public.redis_sunion(VARIADIC keys bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.order_members(redis.combine_set_keys(redis.db(), 'union', keys));
END $$;
COMMENT ON FUNCTION public.redis_sunion(bytea[]) IS
'SUNION key [key ...]
The members in any of the sets; an absent key is an empty set. Errors: WRONGTYPE.';
SELECT redis.register_command('sunion', 'redis_sunion', arity => -2,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Returns the members in any of the sets.', reply => 'set', lane => 'slow',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sunionstore(destination bytea, VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.store_combined_set('union', destination, keys, 'sunionstore');
END $$;
COMMENT ON FUNCTION public.redis_sunionstore(bytea, bytea[]) IS
'SUNIONSTORE destination key [key ...]
Makes destination a set of the members in any of the sets, whatever it was. Returns how many there are. Errors: WRONGTYPE.';
SELECT redis.register_command('sunionstore', 'redis_sunionstore', arity => -3,
  flags => 'write denyoom', categories => 'write set slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "range": [-1, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Stores the members in any of the sets under a key.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sinter(VARIADIC keys bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.order_members(redis.combine_set_keys(redis.db(), 'inter', keys));
END $$;
COMMENT ON FUNCTION public.redis_sinter(bytea[]) IS
'SINTER key [key ...]
The members in all of the sets; an absent key is an empty set. Errors: WRONGTYPE.';
SELECT redis.register_command('sinter', 'redis_sinter', arity => -2,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '1.0.0', command_group => 'set', complexity => 'O(N*M)',
  summary => 'Returns the members in all of the sets.', reply => 'set', lane => 'slow',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sinterstore(destination bytea, VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.store_combined_set('inter', destination, keys, 'sinterstore');
END $$;
COMMENT ON FUNCTION public.redis_sinterstore(bytea, bytea[]) IS
'SINTERSTORE destination key [key ...]
Makes destination a set of the members in all of the sets, whatever it was. Returns how many there are. Errors: WRONGTYPE.';
SELECT redis.register_command('sinterstore', 'redis_sinterstore', arity => -3,
  flags => 'write denyoom', categories => 'write set slow',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "range": [-1, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(N*M)',
  summary => 'Stores the members in all of the sets under a key.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sdiff(VARIADIC keys bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.order_members(redis.combine_set_keys(redis.db(), 'diff', keys));
END $$;
COMMENT ON FUNCTION public.redis_sdiff(bytea[]) IS
'SDIFF key [key ...]
The members of the first set that are in none of the others; an absent key is an empty set. Errors: WRONGTYPE.';
SELECT redis.register_command('sdiff', 'redis_sdiff', arity => -2,
  flags => 'readonly', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [-1, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Returns the members of the first set that are in none of the others.', reply => 'set', lane => 'slow',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sdiffstore(destination bytea, VARIADIC keys bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.store_combined_set('diff', destination, keys, 'sdiffstore');
END $$;
COMMENT ON FUNCTION public.redis_sdiffstore(bytea, bytea[]) IS
'SDIFFSTORE destination key [key ...]
Makes destination a set of the members of the first set that are in none of the others, whatever it was. Returns how many there
are. Errors: WRONGTYPE.';
SELECT redis.register_command('sdiffstore', 'redis_sdiffstore', arity => -3,
  flags => 'write denyoom', categories => 'write set slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "range": [-1, 1, 0]}]',
  since => '1.0.0', command_group => 'set', complexity => 'O(N)',
  summary => 'Stores the members of the first set that are in none of the others under a key.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_sintercard(numkeys bytea, VARIADIC arguments bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    key_count constant bigint := redis.parse_integer(numkeys, 'ERR numkeys should be greater than 0');
    words constant integer := pg_catalog.cardinality(arguments);
    most bigint := 0;              -- 0: all
    i bigint := least(key_count, words) + 1;
BEGIN
    IF key_count < 1 THEN
        PERFORM redis.raise_error('ERR numkeys should be greater than 0');
    ELSIF key_count > words THEN
        PERFORM redis.raise_error('ERR Number of keys can''t be greater than number of args');
    END IF;
    WHILE i <= words LOOP
        IF pg_catalog.upper(pg_catalog.encode(arguments[i], 'escape')) <> 'LIMIT' OR i = words THEN
            PERFORM redis.raise_syntax_error();
        END IF;
        most := redis.parse_integer(arguments[i + 1], 'ERR LIMIT can''t be negative');
        IF most < 0 THEN
            PERFORM redis.raise_error('ERR LIMIT can''t be negative');
        END IF;
        i := i + 2;
    END LOOP;
    RETURN pg_catalog.cardinality(redis.combine_set_keys(redis.db(), 'inter', arguments[:key_count], nullif(most, 0)));
END $$;
COMMENT ON FUNCTION public.redis_sintercard(bytea, bytea[]) IS
'SINTERCARD numkeys key [key ...] [LIMIT limit]
How many members are in all of the sets, counting no further than the limit (0: none). Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('sintercard', 'redis_sintercard', arity => -3,
  flags => 'readonly movablekeys', categories => 'read set slow',
  key_specs => '[{"flags": "RO access", "index": 1, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'set', complexity => 'O(N*M)',
  summary => 'Counts the members in all of the sets.', lane => 'slow',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]},
    {"name": "limit", "type": "integer", "token": "LIMIT", "flags": ["optional"]}]');
