-- Hashes: the fields stand in redis.hash_fields, numbered (seq) as they came; keys.head is the next number.
--
-- A hash of up to 512 fields answers in the order of insertion, as Redis's small hashes do, and leaves gaps where fields went.
-- One that grows beyond 1024 is numbered anew; from then on it is dense, its numbers being 0 to size - 1 (head = size), because a
-- field that goes leaves its number to the last one. So a random number is a random field. HSCAN walks down: what moves comes from
-- where it has been already, or stays within what it has not seen yet.
--
-- A busy field leaves dead versions, as busy keys do (see sql/lists.sql); its newest is found by its turn, as theirs is.

-- Numbers the fields of a hash from 0 on, in their order.
CREATE OR REPLACE FUNCTION redis.hash_renumber(d smallint, k bytea, key_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    UPDATE redis.hash_fields f SET seq = s.place
    FROM (SELECT e.ctid AS tid, pg_catalog.row_number() OVER (ORDER BY e.seq) - 1 AS place
          FROM redis.hash_fields e WHERE e.id = key_id) AS s
    WHERE f.ctid = s.tid;
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        head = n
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    RETURN true;
END $$;

-- Looks a field of a locked hash up, once for all that is done to it.
CREATE OR REPLACE FUNCTION redis.hash_find(d smallint, k bytea, field bytea) RETURNS redis.hash_place
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m constant bytea := redis.index_key(field);
    key_type "char";
    expiry bigint;
    found redis.hash_place;
BEGIN
    SELECT x.type, x.expires_at, x.ctid, x.id, f.place, f.value
    INTO key_type, expiry, found.key, found.key_id, found.field, found.value
    FROM redis.keys x
    LEFT JOIN LATERAL (SELECT y.ctid AS place, y.value FROM redis.hash_fields y WHERE y.id = x.id AND y.field = m
                       ORDER BY y.turn DESC LIMIT 1) f ON true
    WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN found;
END $$;

-- Puts one field into a locked hash, which is made when absent; where hash_find() has found it. Returns whether the field is new. Sends
-- no event.
CREATE OR REPLACE FUNCTION redis.hash_put(d smallint, key bytea, field bytea, value bytea, found redis.hash_place) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    key_id bigint := found.key_id;
    next bigint;
    total bigint;
    done boolean;
BEGIN
    IF found.field IS NOT NULL THEN
        UPDATE redis.hash_fields f
        SET turn = redis.next_turn(f.turn, f.page, f.ctid, f.xmin), page = redis.page(f.ctid), value = hash_put.value
        WHERE f.ctid = found.field;
        UPDATE redis.keys x SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid) WHERE x.ctid = found.key;
        RETURN false;
    ELSIF found.key IS NOT NULL THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size + 1, head = x.head + 1
        WHERE x.ctid = found.key
        RETURNING x.head, x.size INTO next, total;
    ELSE
        done := redis.require_absent(d, k);
        next := 1;
        total := 1;
        key_id := redis.create_key(d, key, 'h', size => 1, head => 1);
    END IF;
    INSERT INTO redis.hash_fields (id, seq, field, long_field, value) VALUES (key_id, next - 1, redis.index_key(field), redis.long_key(field), value);
    IF total > 1024 AND next <> total THEN
        done := redis.hash_renumber(d, k, key_id);
    END IF;
    RETURN true;
END $$;

-- Puts many fields with their values; of equal ones the first has the place and the last the value. Returns which of them, counted
-- from 1, are new. Sends no event.
CREATE OR REPLACE FUNCTION redis.hash_put_all(d smallint, key bytea, fields bytea[], field_values bytea[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    key_id bigint;
    next bigint;
    total bigint;
    fresh bigint[];
    done boolean;
BEGIN
    SELECT x.id, x.head INTO key_id, next FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'h' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        next := 0;
        key_id := redis.create_key(d, key, 'h', size => 0, head => 0);
    END IF;
    -- A scalar subquery looks each field up by the index, however big or small the planner takes the hash to be.
    WITH found AS MATERIALIZED (
        SELECT o.field, o.value, o.place,
               (SELECT f.ctid FROM redis.hash_fields f WHERE f.id = key_id AND f.field = o.m
                ORDER BY f.turn DESC LIMIT 1) AS tid
        FROM (SELECT DISTINCT ON (u.field) u.field, redis.index_key(u.field) AS m, u.value, pg_catalog.min(u.n) OVER (PARTITION BY u.field) AS place
              FROM ROWS FROM (pg_catalog.unnest(fields), pg_catalog.unnest(field_values)) WITH ORDINALITY AS u(field, value, n)
              ORDER BY u.field, u.n DESC) AS o
    ), updated AS (
        UPDATE redis.hash_fields f
        SET turn = redis.next_turn(f.turn, f.page, f.ctid, f.xmin), page = redis.page(f.ctid), value = o.value
        FROM found o WHERE f.ctid = o.tid
    ), added AS (
        INSERT INTO redis.hash_fields (id, seq, field, long_field, value)
        SELECT key_id, next - 1 + pg_catalog.row_number() OVER (ORDER BY o.place), redis.index_key(o.field), redis.long_key(o.field),
               o.value
        FROM found o WHERE o.tid IS NULL
    )
    SELECT coalesce(pg_catalog.array_agg(o.place), '{}') INTO fresh FROM found o WHERE o.tid IS NULL;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size + pg_catalog.cardinality(fresh), head = x.head + pg_catalog.cardinality(fresh)
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.head, x.size INTO next, total;
    IF total > 1024 AND next <> total THEN
        done := redis.hash_renumber(d, k, key_id);
    END IF;
    RETURN fresh;
END $$;

-- The same; fields and values are given by turns. Returns how many are new.
CREATE OR REPLACE FUNCTION redis.hash_put_many(d smallint, key bytea, pairs bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN pg_catalog.cardinality(redis.hash_put_all(d, key,
        ARRAY(SELECT u.word FROM pg_catalog.unnest(pairs) WITH ORDINALITY AS u(word, n) WHERE u.n % 2 = 1 ORDER BY u.n),
        ARRAY(SELECT u.word FROM pg_catalog.unnest(pairs) WITH ORDINALITY AS u(word, n) WHERE u.n % 2 = 0 ORDER BY u.n)));
END $$;

-- The value of a field; NULL when it or the key is absent.
CREATE OR REPLACE FUNCTION redis.hash_value(d smallint, k bytea, field bytea) RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m constant bytea := redis.index_key(field);
    key_type "char";
    expiry bigint;
    result bytea;
BEGIN
    SELECT x.type, x.expires_at, (SELECT f.value FROM redis.hash_fields f WHERE f.id = x.id AND f.field = m
                                  ORDER BY f.turn DESC LIMIT 1)
    INTO key_type, expiry, result
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;

-- The id of a live hash; NULL when the key is absent.
CREATE OR REPLACE FUNCTION redis.hash_id(d smallint, k bytea) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    key_id bigint;
    key_type "char";
    expiry bigint;
BEGIN
    SELECT x.id, x.type, x.expires_at INTO key_id, key_type, expiry
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN key_id;
END $$;

CREATE OR REPLACE FUNCTION public.redis_hset(key bytea, VARIADIC pairs bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    added bigint;
BEGIN
    IF pg_catalog.cardinality(pairs) = 2 THEN
        added := CASE WHEN redis.hash_put(d, key, pairs[1], pairs[2], redis.hash_find(d, k, pairs[1])) THEN 1 ELSE 0 END;
    ELSIF pg_catalog.cardinality(pairs) > 0 AND pg_catalog.cardinality(pairs) % 2 = 0 THEN
        added := redis.hash_put_many(d, key, pairs);
    ELSE
        PERFORM redis.raise_wrong_arity('hset');
    END IF;
    done := redis.changed(d, k, 'h', 'hset');
    RETURN added;
END $$;
COMMENT ON FUNCTION public.redis_hset(bytea, bytea[]) IS
'HSET key field value [field value ...]
Sets fields of a hash, which is made when the key is absent. Returns how many of the fields are new. Errors: WRONGTYPE.';
-- Many HSETs of one field at once.
CREATE OR REPLACE FUNCTION redis.batch_hset(keys bytea[], fields bytea[], field_values bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(keys));
    fresh bigint[];
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT public.redis_hset(u.key, u.field, u.value)
                     FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(fields), pg_catalog.unnest(field_values))
                         AS u(key, field, value);
    ELSIF keys[1] = ALL (keys) THEN
        fresh := redis.hash_put_all(d, keys[1], fields, field_values);
        RETURN QUERY SELECT CASE WHEN g.n = ANY (fresh) THEN 1::bigint ELSE 0 END
                     FROM pg_catalog.generate_series(1, pg_catalog.cardinality(keys)) AS g(n);
    ELSE
        RETURN QUERY
        SELECT CASE WHEN c.n = ANY (s.fresh) THEN 1::bigint ELSE 0 END
        FROM (SELECT g.numbers,
                     CASE WHEN pg_catalog.cardinality(g.fields) > 1 THEN redis.hash_put_all(d, g.key, g.fields, g.field_values)
                          WHEN redis.hash_put(d, g.key, g.fields[1], g.field_values[1],
                                              redis.hash_find(d, redis.index_key(g.key), g.fields[1])) THEN ARRAY[1::bigint] END AS fresh
              FROM (SELECT u.key, pg_catalog.array_agg(u.field ORDER BY u.n) AS fields,
                           pg_catalog.array_agg(u.value ORDER BY u.n) AS field_values,
                           pg_catalog.array_agg(u.n ORDER BY u.n) AS numbers
                    FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(fields), pg_catalog.unnest(field_values))
                        WITH ORDINALITY AS u(key, field, value, n)
                    GROUP BY u.key) AS g OFFSET 0) AS s,
             pg_catalog.unnest(s.numbers) WITH ORDINALITY AS c(call, n)
        ORDER BY c.call;
    END IF;
END $$;
SELECT redis.register_command('hset', 'redis_hset', arity => -4, batch => 'redis.batch_hset',
  flags => 'write denyoom fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Sets fields of a hash, which is made when absent.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field_value", "type": "block", "flags": ["multiple"], "arguments": [{"name": "field", "type": "string"}, {"name": "value", "type": "string"}]}]');

CREATE OR REPLACE FUNCTION public.redis_hmset(key bytea, VARIADIC pairs bytea[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    IF pg_catalog.cardinality(pairs) > 0 AND pg_catalog.cardinality(pairs) % 2 = 0 THEN
        PERFORM redis.hash_put_many(d, key, pairs);
    ELSE
        PERFORM redis.raise_wrong_arity('hmset');
    END IF;
    done := redis.changed(d, k, 'h', 'hset');
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_hmset(bytea, bytea[]) IS
'HMSET key field value [field value ...]
As HSET, but answers OK. Errors: WRONGTYPE.';
SELECT redis.register_command('hmset', 'redis_hmset', arity => -4,
  flags => 'write denyoom fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Sets fields of a hash.',
  deprecated_since => '4.0.0', replaced_by => '`HSET` with multiple field-value pairs',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field_value", "type": "block", "flags": ["multiple"], "arguments": [{"name": "field", "type": "string"}, {"name": "value", "type": "string"}]}]');

CREATE OR REPLACE FUNCTION public.redis_hsetnx(key bytea, field bytea, value bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    found constant redis.hash_place := redis.hash_find(d, k, field);
BEGIN
    IF found.field IS NOT NULL THEN
        RETURN false;
    END IF;
    done := redis.hash_put(d, key, field, value, found);
    done := redis.changed(d, k, 'h', 'hset');
    RETURN true;
END $$;
COMMENT ON FUNCTION public.redis_hsetnx(bytea, bytea, bytea) IS
'HSETNX key field value
Sets a field that is absent. Returns whether it was. Errors: WRONGTYPE.';
SELECT redis.register_command('hsetnx', 'redis_hsetnx', arity => 4,
  flags => 'write denyoom fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW insert", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Sets a field of a hash unless it exists.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}, {"name": "value", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_hget(key bytea, field bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
BEGIN
    RETURN redis.hash_value(d, k, field);
END $$;
COMMENT ON FUNCTION public.redis_hget(bytea, bytea) IS
'HGET key field
The value of a field; NULL when it or the key is absent. Errors: WRONGTYPE.';
-- Many HGETs at once.
CREATE OR REPLACE FUNCTION redis.batch_hget(keys bytea[], fields bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT (SELECT CASE WHEN x.expires_at <= now THEN NULL
                        WHEN x.type = 'h' THEN (SELECT e.value FROM redis.hash_fields e WHERE e.id = x.id AND e.field = u.f
                                                ORDER BY e.turn DESC LIMIT 1)
                        ELSE redis.no_string() END
            FROM redis.keys x WHERE x.db = d AND x.key = u.k ORDER BY x.turn DESC LIMIT 1)
    FROM ROWS FROM (pg_catalog.unnest(redis.index_keys(keys)), pg_catalog.unnest(redis.index_keys(fields))) AS u(k, f);
END $$;
SELECT redis.register_command('hget', 'redis_hget', arity => 3, batch => 'redis.batch_hget',
  flags => 'readonly fast', categories => 'read hash fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Returns the value of a field.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_hmget(key bytea, VARIADIC fields bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id constant bigint := redis.hash_id(d, k);
BEGIN
    RETURN ARRAY(SELECT (SELECT f.value FROM redis.hash_fields f WHERE f.id = key_id AND f.field = u.m
                         ORDER BY f.turn DESC LIMIT 1)
                 FROM pg_catalog.unnest(redis.index_keys(fields)) WITH ORDINALITY AS u(m, i) ORDER BY u.i);
END $$;
COMMENT ON FUNCTION public.redis_hmget(bytea, bytea[]) IS
'HMGET key field [field ...]
The values of fields, in their order, NULL for each that is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hmget', 'redis_hmget', arity => -3,
  flags => 'readonly fast', categories => 'read hash fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Returns the values of several fields.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_hexists(key bytea, field bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
BEGIN
    RETURN redis.hash_value(d, k, field) IS NOT NULL;
END $$;
COMMENT ON FUNCTION public.redis_hexists(bytea, bytea) IS
'HEXISTS key field
Does a hash have this field? Errors: WRONGTYPE.';
SELECT redis.register_command('hexists', 'redis_hexists', arity => 3,
  flags => 'readonly fast', categories => 'read hash fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Tells whether a hash has a field.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_hstrlen(key bytea, field bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
BEGIN
    RETURN coalesce(pg_catalog.octet_length(redis.hash_value(d, k, field)), 0);
END $$;
COMMENT ON FUNCTION public.redis_hstrlen(bytea, bytea) IS
'HSTRLEN key field
The length of a field''s value in bytes; 0 when it is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hstrlen', 'redis_hstrlen', arity => 3,
  flags => 'readonly fast', categories => 'read hash fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '3.2.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Returns the length of a field''s value.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_hlen(key bytea) RETURNS bigint
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
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN total;
END $$;
COMMENT ON FUNCTION public.redis_hlen(bytea) IS
'HLEN key
The number of fields; 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hlen', 'redis_hlen', arity => 2,
  flags => 'readonly fast', categories => 'read hash fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Returns the number of fields of a hash.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_hkeys(key bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id constant bigint := redis.hash_id(d, k);
BEGIN
    RETURN ARRAY(SELECT coalesce(f.long_field, f.field) FROM redis.hash_fields f WHERE f.id = key_id ORDER BY f.seq);
END $$;
COMMENT ON FUNCTION public.redis_hkeys(bytea) IS
'HKEYS key
All fields of a hash; none when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hkeys', 'redis_hkeys', arity => 2,
  flags => 'readonly', categories => 'read hash slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Returns all fields of a hash.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_hvals(key bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id constant bigint := redis.hash_id(d, k);
BEGIN
    RETURN ARRAY(SELECT f.value FROM redis.hash_fields f WHERE f.id = key_id ORDER BY f.seq);
END $$;
COMMENT ON FUNCTION public.redis_hvals(bytea) IS
'HVALS key
All values of a hash; none when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hvals', 'redis_hvals', arity => 2,
  flags => 'readonly', categories => 'read hash slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Returns all values of a hash.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_hgetall(key bytea) RETURNS TABLE (field bytea, value bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id constant bigint := redis.hash_id(d, k);
BEGIN
    RETURN QUERY SELECT coalesce(f.long_field, f.field), f.value FROM redis.hash_fields f WHERE f.id = key_id ORDER BY f.seq;
END $$;
COMMENT ON FUNCTION public.redis_hgetall(bytea) IS
'HGETALL key
All fields of a hash with their values; none when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('hgetall', 'redis_hgetall', arity => 2,
  flags => 'readonly', categories => 'read hash slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output_order',
  reply => 'map',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Returns all fields of a hash with their values.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_hdel(key bytea, VARIADIC fields bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    key_id bigint;
    total bigint;
    next bigint;
    holes bigint[];                -- the numbers that become free
    n bigint;
BEGIN
    SELECT x.id, x.size, x.head INTO key_id, total, next FROM redis.keys x
    WHERE x.db = d AND x.key = k AND x.type = 'h' AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
    ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL THEN
        done := redis.require_absent(d, k);
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM redis.hash_fields f
        WHERE f.ctid = ANY (ARRAY(
            SELECT (SELECT e.ctid FROM redis.hash_fields e WHERE e.id = key_id AND e.field = u.m
                    ORDER BY e.turn DESC LIMIT 1)
            FROM pg_catalog.unnest(redis.index_keys(fields)) AS u(m)))
        RETURNING f.seq
    )
    SELECT coalesce(pg_catalog.array_agg(g.seq), '{}'), pg_catalog.count(*) INTO holes, n FROM gone g;
    IF n = 0 THEN
        RETURN 0;
    END IF;
    done := redis.changed(d, k, 'h', 'hdel');
    IF n = total THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
        RETURN n;
    END IF;
    IF total > 512 AND next = total THEN -- dense: the last fields fill the holes
        next := total - n;
        holes := ARRAY(SELECT u.hole FROM pg_catalog.unnest(holes) AS u(hole) WHERE u.hole < next);
        UPDATE redis.hash_fields f SET seq = holes[m.place]
        FROM (SELECT e.ctid AS tid, pg_catalog.row_number() OVER () AS place
              FROM redis.hash_fields e WHERE e.id = key_id AND e.seq >= next) AS m
        WHERE f.ctid = m.tid;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size - n, head = next
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    RETURN n;
END $$;
COMMENT ON FUNCTION public.redis_hdel(bytea, bytea[]) IS
'HDEL key field [field ...]
Removes fields; a hash without fields is deleted. Returns how many there were. Errors: WRONGTYPE.';
SELECT redis.register_command('hdel', 'redis_hdel', arity => -3,
  flags => 'write fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Removes fields from a hash.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_hincrby(key bytea, field bytea, increment bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    found constant redis.hash_place := redis.hash_find(d, k, field);
    total constant numeric := increment::numeric
        + redis.parse_integer(coalesce(found.value, '0'), 'ERR hash value is not an integer');
BEGIN
    IF total NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
        PERFORM redis.raise_error('ERR increment or decrement would overflow');
    END IF;
    done := redis.hash_put(d, key, field, redis.integer_bytes(total::bigint), found);
    done := redis.changed(d, k, 'h', 'hincrby');
    RETURN total;
END $$;
COMMENT ON FUNCTION public.redis_hincrby(bytea, bytea, bigint) IS
'HINCRBY key field increment
Adds to the integer in a field (0 when it is absent) and returns the sum. Errors: WRONGTYPE, no integer, overflow.';
SELECT redis.register_command('hincrby', 'redis_hincrby', arity => 4,
  flags => 'write denyoom fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Adds to the integer in a field.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}, {"name": "increment", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_hincrbyfloat(key bytea, field bytea, increment bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    n constant numeric := redis.parse_long_double(increment);
    found redis.hash_place;
    total bytea;
BEGIN
    IF n = 'Infinity' OR n = '-Infinity' THEN
        PERFORM redis.raise_error('ERR value is NaN or Infinity');
    END IF;
    found := redis.hash_find(d, k, field);
    total := redis.add_long_doubles(redis.parse_long_double(coalesce(found.value, '0'), 'ERR hash value is not a float'), n);
    done := redis.hash_put(d, key, field, total, found);
    done := redis.changed(d, k, 'h', 'hincrbyfloat');
    RETURN total;
END $$;
COMMENT ON FUNCTION public.redis_hincrbyfloat(bytea, bytea, bytea) IS
'HINCRBYFLOAT key field increment
Adds to the number in a field (0 when it is absent) and returns the sum as it is stored.
Errors: WRONGTYPE, no number, a sum that is infinite.';
SELECT redis.register_command('hincrbyfloat', 'redis_hincrbyfloat', arity => 4,
  flags => 'write denyoom fast', categories => 'write hash fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '2.6.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Adds to the floating-point number in a field.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "field", "type": "string"}, {"name": "increment", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_hrandfield(key bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_id bigint;
    key_type "char";
    expiry bigint;
    place bigint;
    dense boolean;
    result bytea;
BEGIN
    SELECT x.id, x.type, x.expires_at, pg_catalog.floor(pg_catalog.random() * x.size), x.head = x.size
    INTO key_id, key_type, expiry, place, dense
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    ELSIF dense THEN
        SELECT coalesce(f.long_field, f.field) INTO result FROM redis.hash_fields f WHERE f.id = key_id AND f.seq = place;
    ELSE
        SELECT coalesce(f.long_field, f.field) INTO result FROM redis.hash_fields f
        WHERE f.id = key_id ORDER BY f.seq OFFSET place LIMIT 1;
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_hrandfield(bytea) IS
'HRANDFIELD key
A random field; NULL when the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_hrandfield(key bytea, count bigint, VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (field bytea, value bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    with_values constant boolean := pg_catalog.cardinality(options) > 0;
    key_id bigint;
    key_type "char";
    expiry bigint;
    total bigint;
    dense boolean;
    picks bigint[] := ARRAY[]::bigint[]; -- which fields, counted from 0
    places bigint[];               -- and their numbers, where these have gaps
BEGIN
    IF count = -9223372036854775808 THEN
        PERFORM redis.raise_error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807');
    ELSIF pg_catalog.cardinality(options) > 1 OR pg_catalog.upper(options[1]) <> 'WITHVALUES' THEN
        PERFORM redis.raise_syntax_error();
    ELSIF with_values AND pg_catalog.abs(count) > 4611686018427387903 THEN
        PERFORM redis.raise_error('ERR value is out of range');
    END IF;
    SELECT x.id, x.type, x.expires_at, x.size, x.head = x.size INTO key_id, key_type, expiry, total, dense
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() THEN
        RETURN;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    ELSIF count >= total THEN
        RETURN QUERY SELECT coalesce(f.long_field, f.field), CASE WHEN with_values THEN f.value END
                     FROM redis.hash_fields f WHERE f.id = key_id ORDER BY f.seq;
        RETURN;
    ELSIF count < 0 THEN
        picks := ARRAY(SELECT pg_catalog.floor(pg_catalog.random() * total)::bigint FROM pg_catalog.generate_series(1, -count));
    ELSIF count > total / 3 THEN
        picks := ARRAY(SELECT r FROM pg_catalog.generate_series(0, total - 1) AS r ORDER BY pg_catalog.random() LIMIT count);
    ELSE -- three times as many draws as wanted hardly ever miss so many different ones
        WHILE pg_catalog.cardinality(picks) < count LOOP
            picks := ARRAY(SELECT s.r
                           FROM (SELECT pg_catalog.floor(pg_catalog.random() * total)::bigint AS r, i
                                 FROM pg_catalog.generate_series(1, 3 * count) AS i) AS s
                           GROUP BY s.r ORDER BY pg_catalog.min(s.i) LIMIT count);
        END LOOP;
    END IF;
    IF NOT dense THEN
        places := ARRAY(SELECT f.seq FROM redis.hash_fields f WHERE f.id = key_id ORDER BY f.seq);
    END IF;
    RETURN QUERY SELECT r.field, r.value
                 FROM pg_catalog.unnest(picks) WITH ORDINALITY AS u(pick, i)
                 CROSS JOIN LATERAL (
                     SELECT coalesce(f.long_field, f.field) AS field, CASE WHEN with_values THEN f.value END AS value
                     FROM redis.hash_fields f
                     WHERE f.id = key_id AND f.seq = CASE WHEN dense THEN u.pick ELSE places[u.pick + 1] END
                     OFFSET 0) AS r
                 ORDER BY u.i;
END $$;
COMMENT ON FUNCTION public.redis_hrandfield(bytea, bigint, text[]) IS
'HRANDFIELD key count [WITHVALUES]
Up to count different random fields, or -count fields that may repeat when it is negative, with their values on request.
Errors: WRONGTYPE, syntax.';
SELECT redis.register_command('hrandfield', 'redis_hrandfield', arity => -2,
  flags => 'readonly', categories => 'read hash slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  reply => '3:pairs 4:pairs',
  since => '6.2.0', command_group => 'hash', complexity => 'O(N)',
  summary => 'Returns random fields of a hash.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "options", "type": "block", "flags": ["optional"], "arguments": [{"name": "count", "type": "integer"}, {"name": "withvalues", "type": "pure-token", "token": "WITHVALUES", "flags": ["optional"]}]}]');

CREATE OR REPLACE FUNCTION public.redis_hscan(
    key bytea, cursor bytea, VARIADIC options bytea[] DEFAULT '{}', OUT next_cursor text, OUT items bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    position constant numeric := redis.parse_cursor(cursor);
    key_id bigint;
    key_type "char";
    expiry bigint;
    total bigint;
    start bigint := 0;             -- the numbers from start up to, but not including, stop
    stop bigint;
    dense boolean;
    pattern bytea;
    count bigint;
    regex text;
BEGIN
    next_cursor := '0';
    items := ARRAY[]::bytea[];
    SELECT x.id, x.type, x.expires_at, x.size, x.head INTO key_id, key_type, expiry, total, stop
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR expiry <= redis.now_ms() THEN
        RETURN;
    ELSIF key_type <> 'h' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    SELECT o.match, o.count INTO pattern, count FROM redis.parse_scan_options(options, false) AS o;
    IF pattern IS NOT NULL THEN
        regex := redis.glob_regex(pattern, true);
    END IF;
    IF total > 512 THEN
        dense := stop = total;
        IF position BETWEEN 1 AND stop THEN
            stop := position;
        END IF;
        IF dense THEN
            start := greatest(stop - count, 0);
        ELSE -- of some hundred fields
            SELECT pg_catalog.min(s.seq) INTO start
            FROM (SELECT f.seq FROM redis.hash_fields f WHERE f.id = key_id AND f.seq < stop ORDER BY f.seq DESC LIMIT count) AS s;
        END IF;
        next_cursor := coalesce(start, 0);
    END IF;
    items := ARRAY(SELECT CASE WHEN c.i = 1 THEN coalesce(f.long_field, f.field) ELSE f.value END
                   FROM redis.hash_fields f CROSS JOIN pg_catalog.generate_series(1, 2) AS c(i)
                   WHERE f.id = key_id AND f.seq >= start AND f.seq < stop
                     AND (regex IS NULL OR redis.glob_match(coalesce(f.long_field, f.field), regex))
                   ORDER BY f.seq, c.i);
END $$;
COMMENT ON FUNCTION public.redis_hscan(bytea, bytea, bytea[]) IS
'HSCAN key cursor [MATCH pattern] [COUNT count]
Some fields of a hash with their values, and the cursor to go on with, 0 at the end. Errors: WRONGTYPE, syntax, invalid cursor.';
SELECT redis.register_command('hscan', 'redis_hscan', arity => -3,
  flags => 'readonly', categories => 'read hash slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  reply => 'row',
  since => '2.8.0', command_group => 'hash', complexity => 'O(1)',
  summary => 'Returns a hash''s fields and values bit by bit.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "cursor", "type": "integer"}, {"name": "pattern", "type": "pattern", "token": "MATCH", "flags": ["optional"]}, {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');
