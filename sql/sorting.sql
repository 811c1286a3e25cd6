-- SORT and SORT_RO. All reading happens in one STABLE function, so in one snapshot: the key, and whatever keys the patterns name.
-- Those keys are not locked, as nobody knows their names before the elements are read.

-- The bytes before the first zero: as much as C's string functions, by which Redis compares here, see of a value.
CREATE OR REPLACE FUNCTION redis.before_zero(v bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.position(v, '\x00'::bytea) = 0 THEN v
                ELSE pg_catalog.substr(v, 1, pg_catalog.position(v, '\x00'::bytea) - 1) END
$$;

-- The number by which a value is sorted: what C's strtod takes whole, blanks in front included; nothing is 0. NULL when it is
-- none, or so small that a double has lost digits of it.
CREATE OR REPLACE FUNCTION redis.parse_weight(v bytea) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    word constant bytea := redis.before_zero(v);
    n double precision;
BEGIN
    IF word = '' THEN
        RETURN 0;
    END IF;
    n := redis.try_float(pg_catalog.ltrim(word, '\x090a0b0c0d20'::bytea));
    RETURN CASE WHEN n = 0 OR pg_catalog.abs(n) >= 2.2250738585072014e-308 THEN n END;
END $$;

-- The same, quickly for the usual number.
CREATE OR REPLACE FUNCTION redis.sort_weight(v bytea) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(v) < 16 AND pg_catalog.encode(v, 'escape') ~ '^-?[0-9]+$'
                THEN pg_catalog.encode(v, 'escape')::double precision ELSE redis.parse_weight(v) END
$$;

-- What a pattern of BY or GET stands for, for each element: the element itself (#), the string under the key that the pattern
-- names with the element for its first *, or a field of the hash there (*->field). NULL where there is no such thing, and without
-- a *.
CREATE OR REPLACE FUNCTION redis.look_up_pattern(d smallint, pattern bytea, elements bytea[]) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    star constant integer := pg_catalog.position(pattern, '*'::bytea);
    prefix constant bytea := pg_catalog.substr(pattern, 1, greatest(star - 1, 0));
    suffix bytea := pg_catalog.substr(pattern, star + 1);
    arrow constant integer := pg_catalog.position(suffix, '->'::bytea);
    f bytea;                       -- the field as the table stores it
    now constant bigint := redis.now_ms();
BEGIN
    IF pattern = '#' THEN
        RETURN elements;
    ELSIF star = 0 THEN
        RETURN pg_catalog.array_fill(NULL::bytea, ARRAY[pg_catalog.cardinality(elements)]);
    ELSIF arrow = 0 OR arrow = pg_catalog.octet_length(suffix) - 1 THEN
        -- Subqueries, not joins, which could be planned as a walk over all keys while the table seems empty.
        RETURN ARRAY(SELECT (SELECT x.value FROM redis.keys x
                             WHERE x.db = d AND x.key = redis.index_key(prefix || u.element || suffix) AND x.type = 's'
                               AND (x.expires_at IS NULL OR x.expires_at > now) ORDER BY x.turn DESC LIMIT 1)
                     FROM pg_catalog.unnest(elements) WITH ORDINALITY AS u(element, n) ORDER BY u.n);
    END IF;
    f := redis.index_key(pg_catalog.substr(suffix, arrow + 2));
    suffix := pg_catalog.substr(suffix, 1, arrow - 1);
    RETURN ARRAY(SELECT (SELECT (SELECT h.value FROM redis.hash_fields h WHERE h.id = x.id AND h.field = f ORDER BY h.turn DESC LIMIT 1)
                         FROM redis.keys x
                         WHERE x.db = d AND x.key = redis.index_key(prefix || u.element || suffix) AND x.type = 'h'
                           AND (x.expires_at IS NULL OR x.expires_at > now) ORDER BY x.turn DESC LIMIT 1)
                 FROM pg_catalog.unnest(elements) WITH ORDINALITY AS u(element, n) ORDER BY u.n);
END $$;

-- A range of the elements of a list, a set or a sorted set (whose row is given), in the order they have by themselves.
CREATE OR REPLACE FUNCTION redis.read_elements(source redis.keys, descending boolean, skip bigint, amount bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    first constant bigint := CASE WHEN descending THEN source.tail - skip - amount + 1 ELSE source.head + skip END;
    elements bytea[];
BEGIN
    IF amount <= 0 THEN
        RETURN ARRAY[]::bytea[];
    ELSIF source.type = 'z' THEN
        RETURN (redis.read_ranks(source.id, source.size, skip, skip + amount - 1, descending)).members;
    ELSIF source.type = 'S' THEN -- which has no order to reverse
        elements := redis.order_members(redis.all_members(source.id));
        RETURN elements[skip + 1 : skip + amount];
    END IF;
    elements := ARRAY(SELECT e.value FROM redis.list_items e
                      WHERE e.id = source.id AND e.pos BETWEEN first AND first + amount - 1 ORDER BY e.pos);
    RETURN CASE WHEN descending THEN redis.reversed(elements) ELSE elements END;
END $$;

-- The options, in Redis's order of checks. amount: NULL for all. unsorted stays true once a BY without * has been seen.
CREATE OR REPLACE FUNCTION redis.parse_sort(
    options bytea[], may_store boolean, OUT sort_by bytea, OUT unsorted boolean, OUT patterns bytea[], OUT descending boolean,
    OUT alpha boolean, OUT skip bigint, OUT amount bigint, OUT destination bytea)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    words constant integer := pg_catalog.cardinality(options);
    word text;
    i integer := 1;
BEGIN
    unsorted := false;
    patterns := '{}';
    descending := false;
    alpha := false;
    skip := 0;
    WHILE i <= words LOOP
        word := pg_catalog.upper(pg_catalog.encode(options[i], 'escape'));
        IF word IN ('ASC', 'DESC') THEN
            descending := word = 'DESC';
        ELSIF word = 'ALPHA' THEN
            alpha := true;
        ELSIF word = 'LIMIT' AND i + 2 <= words THEN
            skip := greatest(redis.parse_integer(options[i + 1]), 0);
            amount := redis.parse_integer(options[i + 2]);
            amount := CASE WHEN amount >= 0 THEN amount END;
            i := i + 2;
        ELSIF i < words AND (word IN ('BY', 'GET') OR word = 'STORE' AND may_store) THEN
            i := i + 1;
            IF word = 'BY' THEN
                sort_by := options[i];
                unsorted := unsorted OR pg_catalog.position(sort_by, '*'::bytea) = 0;
            ELSIF word = 'GET' THEN
                patterns := patterns || options[i];
            ELSE
                destination := options[i];
            END IF;
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        i := i + 1;
    END LOOP;
END $$;

-- The result of SORT; storing: of one with STORE, which compares all the bytes, and never leaves a set in no order.
CREATE OR REPLACE FUNCTION redis.sort_key(
    d smallint, k bytea, sort_by bytea, unsorted boolean, patterns bytea[], descending boolean, alpha boolean,
    skip bigint, amount bigint, storing boolean) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    source redis.keys;
    elements bytea[];
    weighed_by bytea[];            -- what counts for each element: itself, or what BY names
    weights double precision[];    -- the order of a numeric sort
    labels bytea[];                -- the order of an alphabetical sort, and of equal weights
BEGIN
    SELECT x.id, x.type, x.expires_at, x.size, x.head, x.tail
    INTO source.id, source.type, source.expires_at, source.size, source.head, source.tail
    FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF source.id IS NULL OR source.expires_at <= redis.now_ms() THEN
        RETURN ARRAY[]::bytea[];
    ELSIF source.type NOT IN ('l', 'S', 'z') THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    IF unsorted AND NOT (storing AND source.type = 'S') THEN
        skip := least(skip, source.size);
        elements := redis.read_elements(source, descending, skip, least(amount, source.size - skip));
    ELSE
        elements := redis.read_elements(source, false, 0, source.size);
        weighed_by := CASE WHEN unsorted OR sort_by IS NULL THEN elements ELSE redis.look_up_pattern(d, sort_by, elements) END;
        IF NOT (alpha OR unsorted) THEN
            weights := ARRAY(SELECT CASE WHEN u.value IS NULL THEN 0 ELSE redis.sort_weight(u.value) END
                             FROM pg_catalog.unnest(weighed_by) WITH ORDINALITY AS u(value, n) ORDER BY u.n);
            IF pg_catalog.array_position(weights, NULL) IS NOT NULL THEN
                PERFORM redis.raise_error('ERR One or more scores can''t be converted into double');
            END IF;
            labels := elements;
        ELSIF storing THEN
            labels := weighed_by;
        ELSE
            labels := ARRAY(SELECT redis.before_zero(u.value)
                            FROM pg_catalog.unnest(weighed_by) WITH ORDINALITY AS u(value, n) ORDER BY u.n);
        END IF;
        elements := ARRAY(
            SELECT u.element
            FROM ROWS FROM (pg_catalog.unnest(elements), pg_catalog.unnest(weights), pg_catalog.unnest(labels))
                WITH ORDINALITY AS u(element, weight, label, n)
            ORDER BY CASE WHEN descending THEN -u.weight ELSE u.weight END,
                     CASE WHEN NOT descending THEN u.label END NULLS FIRST,
                     CASE WHEN descending THEN u.label END DESC NULLS LAST, u.n
            OFFSET skip LIMIT amount);
    END IF;
    IF patterns = '{}' THEN
        RETURN elements;
    END IF;
    RETURN ARRAY(SELECT v.value
                 FROM pg_catalog.unnest(patterns) WITH ORDINALITY AS p(pattern, j),
                      pg_catalog.unnest(redis.look_up_pattern(d, p.pattern, elements)) WITH ORDINALITY AS v(value, i)
                 ORDER BY v.i, p.j);
END $$;

CREATE OR REPLACE FUNCTION public.redis_sort(
    key bytea, VARIADIC options bytea[] DEFAULT '{}', OUT elements bytea[], OUT stored bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    o record;
    destination_k bytea;
    list_id bigint;
    done boolean;
BEGIN
    SELECT p.* INTO o FROM redis.parse_sort(options, true) p;
    IF o.destination IS NULL THEN
        elements := redis.sort_key(d, k, o.sort_by, o.unsorted, o.patterns, o.descending, o.alpha, o.skip, o.amount, false);
        RETURN;
    END IF;
    destination_k := redis.index_key(o.destination);
    done := redis.lock_two(d, k, d, destination_k);
    elements := redis.sort_key(d, k, o.sort_by, o.unsorted, o.patterns, o.descending, o.alpha, o.skip, o.amount, true);
    stored := pg_catalog.cardinality(elements);
    done := redis.delete_key(d, destination_k);
    IF stored > 0 THEN
        list_id := redis.create_key(d, o.destination, 'l', size => stored, head => 0, tail => stored - 1);
        INSERT INTO redis.list_items (id, pos, value)
        SELECT list_id, u.n - 1, coalesce(u.element, '') FROM pg_catalog.unnest(elements) WITH ORDINALITY AS u(element, n);
        done := redis.changed(d, destination_k, 'l', 'sortstore');
    ELSIF done THEN
        done := redis.changed(d, destination_k, 'g', 'del');
    END IF;
    elements := NULL;
END $$;
COMMENT ON FUNCTION public.redis_sort(bytea, bytea[]) IS
'SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]
The elements of a list, a set or a sorted set, sorted as numbers, or with ALPHA by their bytes; BY sorts by what other keys hold
(their names are the pattern with the element for its *, a hash''s field is key->field; without a * nothing is sorted), GET
returns what other keys hold, # the element itself. STORE makes a list of the result and returns its length.
Errors: WRONGTYPE, syntax, elements that are no numbers.';
SELECT redis.register_command('sort', 'redis_sort', arity => -2,
  flags => 'write denyoom movablekeys', categories => 'write set sortedset list slow dangerous',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}, {"flags": "RO access", "unknown": true},
    {"flags": "OW update", "unknown": true, "keyword": ["STORE", -2], "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'generic', lane => 'slow', complexity => 'O(N+M*log(M))',
  summary => 'Sorts the elements of a list, a set or a sorted set, and returns or stores them.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "pattern", "type": "pattern", "key_spec_index": 1, "token": "BY", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]},
    {"name": "pattern", "type": "pattern", "key_spec_index": 1, "token": "GET",
    "flags": ["optional", "multiple", "multiple_token"]},
    {"name": "order", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "asc", "type": "pure-token", "token": "ASC"},
    {"name": "desc", "type": "pure-token", "token": "DESC"}]},
    {"name": "sorting", "type": "pure-token", "token": "ALPHA", "flags": ["optional"]},
    {"name": "destination", "type": "key", "key_spec_index": 2, "token": "STORE", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_sort_ro(key bytea, VARIADIC options bytea[] DEFAULT '{}') RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    o record;
BEGIN
    SELECT p.* INTO o FROM redis.parse_sort(options, false) p;
    RETURN redis.sort_key(redis.db(), redis.index_key(key), o.sort_by, o.unsorted, o.patterns, o.descending, o.alpha, o.skip,
                          o.amount, false);
END $$;
COMMENT ON FUNCTION public.redis_sort_ro(bytea, bytea[]) IS
'SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
As SORT without STORE.';
SELECT redis.register_command('sort_ro', 'redis_sort_ro', arity => -2,
  flags => 'readonly movablekeys', categories => 'read set sortedset list slow dangerous',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}, {"flags": "RO access", "unknown": true}]',
  since => '7.0.0', command_group => 'generic', lane => 'slow', complexity => 'O(N+M*log(M))',
  summary => 'Sorts the elements of a list, a set or a sorted set; stores nothing.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "pattern", "type": "pattern", "key_spec_index": 1, "token": "BY", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]},
    {"name": "pattern", "type": "pattern", "key_spec_index": 1, "token": "GET",
    "flags": ["optional", "multiple", "multiple_token"]},
    {"name": "order", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "asc", "type": "pure-token", "token": "ASC"},
    {"name": "desc", "type": "pure-token", "token": "DESC"}]},
    {"name": "sorting", "type": "pure-token", "token": "ALPHA", "flags": ["optional"]}]');
