-- Sorted sets. Order and ranges come from the index (id, score, member). One member is found by (id, hash, member), always in
-- a scalar subquery, a LATERAL one with LIMIT 1, or by ctid, which no plan can turn into a walk over the whole set (the key is locked, so ctids
-- hold), and with the hash worked out beforehand, as a planner that knows no costs yet takes the index that spares it an expression. Of a member
-- whose score changes all the time there are many dead versions: the newest is found by its turn (see sql/lists.sql).
--
-- Why that hash: ZSCAN's cursor is a number, and what stays throughout must be returned however scores change, so it needs an
-- order with a number that a member keeps for life. A hash in front of the member in that index costs ZADD some 5% against
-- (id, member); an index of its own would cost five times that, a number counted up per set as well. Hashes may collide.

CREATE OR REPLACE FUNCTION redis.member_hash(member bytea) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtext(pg_catalog.encode(member, 'hex')) & 2147483647
$$;

-- A whole member from what the index holds, so that ranges need the index alone.
CREATE OR REPLACE FUNCTION redis.long_zset_member(zset_id bigint, member bytea) RETURNS bytea
LANGUAGE plpgsql STABLE AS $$
DECLARE
    h constant integer := redis.member_hash(member);
BEGIN
    RETURN (SELECT e.long_member FROM redis.zset_members e
            WHERE e.id = zset_id AND e.hash = h AND e.member = long_zset_member.member ORDER BY e.turn DESC LIMIT 1);
END $$;

CREATE OR REPLACE FUNCTION redis.whole_zset_member(zset_id bigint, member bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN pg_catalog.octet_length(member) <= 2000 THEN member ELSE redis.long_zset_member(zset_id, member) END
$$;

-- Greater than every stored member.
CREATE OR REPLACE FUNCTION redis.beyond_members() RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.decode(pg_catalog.repeat('ff', 2002), 'hex')
$$;

-- Arithmetic of C's doubles: infinite where Postgres raises overflow, 0 where it raises underflow.
CREATE OR REPLACE FUNCTION redis.add_floats(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.abs(a) < 8e307 AND pg_catalog.abs(b) < 8e307
                     OR pg_catalog.abs(a) = 'Infinity' OR pg_catalog.abs(b) = 'Infinity' THEN a + b
                WHEN pg_catalog.abs(a / 2 + b / 2) > 1.7976931348623157e308 / 2
                THEN pg_catalog.sign(a) * 'Infinity'::double precision
                ELSE (a / 2 + b / 2) * 2 END
$$;

CREATE OR REPLACE FUNCTION redis.multiply_floats(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a = 0 OR b = 0 OR pg_catalog.abs(a) = 'Infinity' OR pg_catalog.abs(b) = 'Infinity' THEN a * b
                WHEN pg_catalog.abs(b) > 1 AND pg_catalog.abs(a) > 1.7976931348623157e308 / pg_catalog.abs(b)
                THEN pg_catalog.sign(a) * pg_catalog.sign(b) * 'Infinity'::double precision
                WHEN pg_catalog.abs(b) < 1 AND pg_catalog.abs(a) < 5e-324 / pg_catalog.abs(b)
                THEN pg_catalog.sign(a) * pg_catalog.sign(b) * 0
                ELSE a * b END
$$;

-- A sum of scores; opposite infinities make 0, and so does what is no number. It begins with the first of them: -0 alone stays that.
CREATE OR REPLACE FUNCTION redis.add_scores(a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN b = 'NaN' THEN 0 ELSE coalesce(nullif(redis.add_floats(a, b), 'NaN'), 0) END;
END $$;
CREATE OR REPLACE AGGREGATE redis.sum_scores(double precision) (
    SFUNC = redis.add_scores, STYPE = double precision);

-- A score as Redis writes it where a reply has no number type: C's %.17g, which shows integers below 1e17 in full.
CREATE OR REPLACE FUNCTION redis.score_bytes(score double precision, full_below double precision DEFAULT 1e17) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    bits bytea;
    exponent integer;              -- binary, then decimal
    mantissa bigint;
    exact numeric;
    digits text;
BEGIN
    IF pg_catalog.abs(score) = 'Infinity' THEN
        RETURN CASE WHEN score > 0 THEN 'inf'::bytea ELSE '-inf'::bytea END;
    ELSIF pg_catalog.abs(score) < full_below AND score = pg_catalog.trunc(score) THEN
        RETURN redis.integer_bytes(score::bigint);
    END IF;
    bits := pg_catalog.float8send(pg_catalog.abs(score));
    exponent := (pg_catalog.get_byte(bits, 0) << 4) + (pg_catalog.get_byte(bits, 1) >> 4);
    mantissa := ('x' || pg_catalog.encode(bits, 'hex'))::bit(64)::bigint & 4503599627370495;
    IF exponent > 0 THEN
        mantissa := mantissa + 4503599627370496;
    END IF;
    exact := redis.scale_binary(mantissa, greatest(exponent, 1) - 1075);
    exponent := pg_catalog.split_part(pg_catalog.to_char(exact, '9.99EEEE'), 'e', 2)::integer;
    IF exact >= ('1e' || exponent + 1)::numeric THEN
        exponent := exponent + 1;
    ELSIF exact < ('1e' || exponent)::numeric THEN
        exponent := exponent - 1;
    END IF;
    exact := pg_catalog.trim_scale(redis.round_half_even(exact, 16 - exponent));
    IF exact >= ('1e' || exponent + 1)::numeric THEN
        exponent := exponent + 1;
    END IF;
    IF exponent BETWEEN -4 AND 16 THEN
        digits := exact::text;
    ELSE
        digits := pg_catalog.trim_scale(exact * ('1e' || -exponent)::numeric)::text
            || CASE WHEN exponent < 0 THEN 'e-' ELSE 'e+' END || CASE WHEN pg_catalog.abs(exponent) < 10 THEN '0' ELSE '' END
            || pg_catalog.abs(exponent);
    END IF;
    RETURN pg_catalog.decode(CASE WHEN score < 0 THEN '-' ELSE '' END || digits, 'escape');
END $$;

-- The score of a member of a sorted set, NULL when it has none.
CREATE OR REPLACE FUNCTION redis.member_score(zset_id bigint, member bytea) RETURNS double precision
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m constant bytea := redis.index_key(member);
    h constant integer := redis.member_hash(m);
BEGIN
    RETURN (SELECT e.score FROM redis.zset_members e WHERE e.id = zset_id AND e.hash = h AND e.member = m ORDER BY e.turn DESC LIMIT 1);
END $$;

-- Looks a member (m, as it is stored) of a locked sorted set up, once for all that is done to it.
CREATE OR REPLACE FUNCTION redis.zset_find(d smallint, k bytea, m bytea) RETURNS redis.zset_place
LANGUAGE plpgsql STABLE AS $$
DECLARE
    h constant integer := redis.member_hash(m);
    key_type "char";
    expiry bigint;
    found redis.zset_place;
BEGIN
    SELECT x.type, x.expires_at, x.ctid, x.id, l.place, l.score
    INTO key_type, expiry, found.key, found.key_id, found.member, found.score
    FROM redis.keys x
    LEFT JOIN LATERAL (SELECT e.ctid AS place, e.score FROM redis.zset_members e WHERE e.id = x.id AND e.hash = h AND e.member = m
                       ORDER BY e.turn DESC LIMIT 1) l ON true
    WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    ELSIF key_type <> 'z' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN found;
END $$;

-- Adding

-- The turn of a member that gets another score, which is a new entry in each index anyhow: one more, but one a transaction at the most, so that
-- a turn never overtakes the numbers of transactions, with which those of new members begin.
CREATE OR REPLACE FUNCTION redis.next_score_turn(turn bigint, changed xid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN pg_catalog.age(changed) > 0 THEN turn + 1 ELSE turn END
$$;

-- Gives a member another score than it has, in a locked key, which is made when absent; where zset_find() has found it. Returns how many
-- members are new, 1 or 0. Sends no event.
CREATE OR REPLACE FUNCTION redis.zset_put(d smallint, key bytea, member bytea, score double precision, found redis.zset_place) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    m constant bytea := redis.index_key(member);
    fresh constant integer := (found.member IS NULL)::integer;
    key_id bigint := found.key_id;
    done boolean;
BEGIN
    IF found.key IS NOT NULL THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size + fresh
        WHERE x.ctid = found.key;
    ELSE
        done := redis.delete_key(d, k);
        key_id := redis.create_key(d, key, 'z', size => 1);
    END IF;
    IF fresh = 0 THEN
        UPDATE redis.zset_members e SET turn = redis.next_score_turn(e.turn, e.xmin), score = zset_put.score + 0 -- -0 becomes 0
        WHERE e.ctid = found.member;
    ELSE
        INSERT INTO redis.zset_members (id, score, hash, member, long_member)
        VALUES (key_id, zset_put.score + 0, redis.member_hash(m), m, redis.long_key(zset_put.member));
    END IF;
    RETURN fresh;
END $$;

-- Applies pairs in order to a locked key that is a sorted set or absent; counts the members that are new, and the changes of
-- scores (one member may be among the pairs several times). condition: '', or NX, GT, LT; present_only: XX.
CREATE OR REPLACE FUNCTION redis.add_scored(
    d smallint, key bytea, scores double precision[], members bytea[], condition text, present_only boolean,
    OUT added bigint, OUT updated bigint)
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    zset_id bigint;
    zset_size bigint;
    done boolean;
BEGIN
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(d, k, 'z') f;
    IF zset_id IS NULL THEN
        added := 0;
        updated := 0;
        IF present_only THEN
            RETURN;
        END IF;
        done := redis.delete_key(d, k);
        zset_id := redis.create_key(d, key, 'z', size => 0);
        zset_size := 0;
    END IF;
    WITH pairs AS MATERIALIZED (
        -- -0 becomes 0
        SELECT u.n, u.score + 0 AS score, u.m AS member, redis.member_hash(u.m) AS hash, redis.long_key(u.member) AS long_member
        FROM ROWS FROM (pg_catalog.unnest(scores), pg_catalog.unnest(members), pg_catalog.unnest(redis.index_keys(members)))
            WITH ORDINALITY AS u(score, member, m, n)),
    known AS MATERIALIZED (
        SELECT p.*, l.place, l.score AS old
        FROM pairs p
        LEFT JOIN LATERAL (SELECT e.ctid AS place, e.score FROM redis.zset_members e
                           WHERE zset_size > 0 AND e.id = zset_id AND e.hash = p.hash AND e.member = p.member
                           ORDER BY e.turn DESC LIMIT 1) l ON true),
    steps AS ( -- previous: the member's score when its turn comes; NULL: none yet
        SELECT w.*, pg_catalog.lead(w.n) OVER earlier IS NULL AS final,
               CASE condition WHEN 'GT' THEN greatest(w.old, pg_catalog.max(w.score) OVER earlier)
                              WHEN 'LT' THEN least(w.old, pg_catalog.min(w.score) OVER earlier)
                              WHEN 'NX' THEN coalesce(w.old, pg_catalog.first_value(w.score) OVER earlier)
                              ELSE coalesce(pg_catalog.lag(w.score) OVER earlier, w.old) END AS previous
        FROM known w WHERE w.old IS NOT NULL OR NOT present_only
        WINDOW earlier AS (PARTITION BY w.member ORDER BY w.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    results AS MATERIALIZED (
        SELECT s.*, CASE condition WHEN 'GT' THEN greatest(s.previous, s.score)
                                   WHEN 'LT' THEN least(s.previous, s.score)
                                   WHEN 'NX' THEN coalesce(s.previous, s.score)
                                   ELSE s.score END AS result
        FROM steps s),
    moved AS (
        UPDATE redis.zset_members e SET turn = redis.next_score_turn(e.turn, e.xmin), score = r.result
        FROM results r WHERE e.ctid = r.place AND r.final AND r.result <> r.old),
    created AS (
        INSERT INTO redis.zset_members (id, score, hash, member, long_member)
        SELECT zset_id, r.result, r.hash, r.member, r.long_member FROM results r WHERE r.final AND r.place IS NULL)
    SELECT pg_catalog.count(*) FILTER (WHERE r.previous IS NULL),
           pg_catalog.count(*) FILTER (WHERE r.previous <> r.result)
    INTO added, updated FROM results r;
    IF added + updated > 0 THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size + added
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
        done := redis.changed(d, k, 'z', 'zadd');
    END IF;
END $$;

-- Adds to the score of a member of a locked key; returns the new score, NULL where a condition (as above) forbids.
CREATE OR REPLACE FUNCTION redis.increase_score(
    d smallint, key bytea, increment double precision, member bytea, condition text, present_only boolean)
RETURNS double precision
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    found constant redis.zset_place := redis.zset_find(d, k, redis.index_key(member));
    old constant double precision := found.score;
    -- Of a new member the increment as it is: Redis answers -0 to -0, and keeps 0.
    result constant double precision := CASE WHEN old IS NULL THEN increment ELSE redis.add_floats(old, increment) END;
    done boolean;
BEGIN
    IF condition = 'NX' AND old IS NOT NULL OR present_only AND old IS NULL THEN
        RETURN NULL;
    ELSIF result = 'NaN' THEN
        PERFORM redis.raise_error('ERR resulting score is not a number (NaN)');
    ELSIF condition = 'GT' AND result <= old OR condition = 'LT' AND result >= old THEN
        RETURN NULL;
    ELSIF result = old THEN
        RETURN result;
    END IF;
    done := redis.zset_put(d, key, member, result, found) = 0;
    done := redis.changed(d, k, 'z', 'zincr');
    RETURN result;
END $$;

-- Gives these members their scores, in order, in a locked key that is a sorted set or absent. Returns which of them, counted from 1,
-- are new. Sends no event.
CREATE OR REPLACE FUNCTION redis.put_scored(d smallint, key bytea, scores double precision[], members bytea[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    zset_id bigint;
    zset_size bigint;
    fresh bigint[];
    different boolean;
    done boolean;
BEGIN
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(d, k, 'z') f;
    IF zset_id IS NULL THEN
        done := redis.delete_key(d, k);
        zset_id := redis.create_key(d, key, 'z', size => 0);
        zset_size := 0;
    END IF;
    WITH pairs AS MATERIALIZED (
        SELECT u.score + 0 AS score, redis.index_key(u.member) AS member, u.member AS whole, u.n -- -0 becomes 0
        FROM ROWS FROM (pg_catalog.unnest(scores), pg_catalog.unnest(members)) WITH ORDINALITY AS u(score, member, n)
    ), finals AS MATERIALIZED (
        SELECT o.*, redis.member_hash(o.member) AS hash
        FROM (SELECT DISTINCT ON (p.member) p.member, p.whole, p.score, pg_catalog.min(p.n) OVER own AS first,
                     pg_catalog.min(p.score) OVER own <> pg_catalog.max(p.score) OVER own AS various
              FROM pairs p WINDOW own AS (PARTITION BY p.member) ORDER BY p.member, p.n DESC) AS o
    ), known AS MATERIALIZED (
        SELECT f.*, l.place, l.score AS old
        FROM finals f
        LEFT JOIN LATERAL (SELECT e.ctid AS place, e.score FROM redis.zset_members e
                           WHERE zset_size > 0 AND e.id = zset_id AND e.hash = f.hash AND e.member = f.member
                           ORDER BY e.turn DESC LIMIT 1) l ON true
    ), moved AS (
        UPDATE redis.zset_members e SET turn = redis.next_score_turn(e.turn, e.xmin), score = w.score
        FROM known w WHERE e.ctid = w.place AND w.score <> w.old
    ), created AS (
        INSERT INTO redis.zset_members (id, score, hash, member, long_member)
        SELECT zset_id, w.score, w.hash, w.member, redis.long_key(w.whole) FROM known w WHERE w.place IS NULL
    )
    SELECT coalesce(pg_catalog.array_agg(w.first) FILTER (WHERE w.old IS NULL), '{}'),
           pg_catalog.bool_or(w.various OR w.score IS DISTINCT FROM w.old)
    INTO fresh, different FROM known w;
    IF different THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size + pg_catalog.cardinality(fresh)
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    END IF;
    RETURN fresh;
END $$;

-- Many ZADDs of one member at once.
CREATE OR REPLACE FUNCTION redis.batch_zadd(keys bytea[], scores double precision[], members bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(keys));
    fresh bigint[];
BEGIN
    IF redis.wants_events() OR 'NaN' = ANY (scores) THEN
        RETURN QUERY SELECT public.redis_zadd(u.key, u.score, u.member)
                     FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(scores), pg_catalog.unnest(members))
                         AS u(key, score, member);
    ELSIF keys[1] = ALL (keys) THEN
        fresh := redis.put_scored(d, keys[1], scores, members);
        RETURN QUERY SELECT CASE WHEN g.n = ANY (fresh) THEN 1::bigint ELSE 0 END
                     FROM pg_catalog.generate_series(1, pg_catalog.cardinality(keys)) AS g(n);
    ELSE
        RETURN QUERY
        SELECT CASE WHEN c.n = ANY (s.fresh) THEN 1::bigint ELSE 0 END
        FROM (SELECT g.numbers, CASE WHEN pg_catalog.cardinality(g.members) > 1 THEN redis.put_scored(d, g.key, g.scores, g.members)
                                     WHEN public.redis_zadd(g.key, g.scores[1], g.members[1]) = 1 THEN ARRAY[1::bigint] END AS fresh
              FROM (SELECT u.key, pg_catalog.array_agg(u.score ORDER BY u.n) AS scores,
                           pg_catalog.array_agg(u.member ORDER BY u.n) AS members, pg_catalog.array_agg(u.n ORDER BY u.n) AS numbers
                    FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(scores), pg_catalog.unnest(members))
                        WITH ORDINALITY AS u(key, score, member, n)
                    GROUP BY u.key) AS g OFFSET 0) AS s,
             pg_catalog.unnest(s.numbers) WITH ORDINALITY AS c(call, n)
        ORDER BY c.call;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zadd(key bytea, score double precision, member bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    found redis.zset_place;
    fresh bigint;
BEGIN
    IF score = 'NaN' THEN
        PERFORM redis.raise_error('ERR value is not a valid float');
    END IF;
    found := redis.zset_find(d, k, redis.index_key(member));
    IF found.score = score THEN
        RETURN 0;
    END IF;
    fresh := redis.zset_put(d, key, member, score, found);
    done := redis.changed(d, k, 'z', 'zadd');
    RETURN fresh;
END $$;
COMMENT ON FUNCTION public.redis_zadd(bytea, double precision, bytea) IS
'ZADD key score member
Gives a member of a sorted set, created when absent, this score. Returns 1 when the member is new, else 0. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zadd(
    key bytea, VARIADIC arguments bytea[], OUT added bigint, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    words constant integer := pg_catalog.cardinality(arguments);
    condition text := '';
    present_only boolean := false;
    count_updated boolean := false;
    increment boolean := false;
    nx boolean := false;
    comparisons text[] := '{}'::text[];
    i integer := 1;
    word text;
    scores double precision[];
    members bytea[];
    updated bigint;
    done boolean;
BEGIN
    WHILE i <= words LOOP
        word := pg_catalog.upper(pg_catalog.encode(arguments[i], 'escape'));
        IF word = 'NX' THEN
            nx := true;
        ELSIF word = 'XX' THEN
            present_only := true;
        ELSIF word = 'CH' THEN
            count_updated := true;
        ELSIF word = 'INCR' THEN
            increment := true;
        ELSIF word IN ('GT', 'LT') THEN
            comparisons := pg_catalog.array_remove(comparisons, word) || word;
        ELSE
            EXIT;
        END IF;
        i := i + 1;
    END LOOP;
    IF i > words OR (words - i) % 2 = 0 THEN
        PERFORM redis.raise_syntax_error();
    ELSIF nx AND present_only THEN
        PERFORM redis.raise_error('ERR XX and NX options at the same time are not compatible');
    ELSIF pg_catalog.cardinality(comparisons) + nx::integer > 1 THEN
        PERFORM redis.raise_error('ERR GT, LT, and/or NX options at the same time are not compatible');
    ELSIF increment AND words - i > 1 THEN
        PERFORM redis.raise_error('ERR INCR option supports a single increment-element pair');
    END IF;
    condition := CASE WHEN nx THEN 'NX' ELSE coalesce(comparisons[1], '') END;
    scores := ARRAY(SELECT redis.parse_float(u.argument) FROM pg_catalog.unnest(arguments[i:]) WITH ORDINALITY AS u(argument, n)
                    WHERE u.n % 2 = 1 ORDER BY u.n);
    members := ARRAY(SELECT u.argument FROM pg_catalog.unnest(arguments[i:]) WITH ORDINALITY AS u(argument, n)
                     WHERE u.n % 2 = 0 ORDER BY u.n);
    done := redis.lock_key(d, redis.index_key(key));
    IF increment THEN
        score := redis.increase_score(d, key, scores[1], members[1], condition, present_only);
    ELSE
        SELECT a.added, a.updated INTO added, updated FROM redis.add_scored(d, key, scores, members, condition, present_only) a;
        IF count_updated THEN
            added := added + updated;
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_zadd(bytea, bytea[]) IS
'ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
Adds members, or changes their scores: NX only new members, XX only present ones, GT and LT only to greater or lower scores.
Returns how many are new (CH: or changed); with INCR adds to the score of one member and returns the new score, NULL where nothing
was done.
Errors: WRONGTYPE, wrong options, scores that are no numbers.';
SELECT redis.register_command('zadd', 'redis_zadd', arity => -4, batch => 'redis.batch_zadd',
  flags => 'write denyoom fast', categories => 'write sortedset fast',
  key_specs => '[{"flags": "RW update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Adds members with scores to a sorted set, or changes their scores.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "condition", "type": "oneof", "since": "3.0.2", "flags": ["optional"],
    "arguments": [{"name": "nx", "type": "pure-token", "token": "NX"},
    {"name": "xx", "type": "pure-token", "token": "XX"}]},
    {"name": "comparison", "type": "oneof", "since": "6.2.0", "flags": ["optional"],
    "arguments": [{"name": "gt", "type": "pure-token", "token": "GT"},
    {"name": "lt", "type": "pure-token", "token": "LT"}]},
    {"name": "change", "type": "pure-token", "token": "CH", "since": "3.0.2", "flags": ["optional"]},
    {"name": "increment", "type": "pure-token", "token": "INCR", "since": "3.0.2", "flags": ["optional"]},
    {"name": "score_member", "type": "block", "flags": ["multiple"], "arguments": [{"name": "score", "type": "double"},
    {"name": "member", "type": "string"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zincrby(key bytea, increment double precision, member bytea) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_key(d, redis.index_key(key));
BEGIN
    RETURN redis.increase_score(d, key, increment, member, '', false);
END $$;
COMMENT ON FUNCTION public.redis_zincrby(bytea, double precision, bytea) IS
'ZINCRBY key increment member
Adds to the score of a member, which is created with 0 when absent. Returns the new score. Errors: WRONGTYPE, infinities that
cancel out.';
SELECT redis.register_command('zincrby', 'redis_zincrby', arity => 4,
  flags => 'write denyoom fast', categories => 'write sortedset fast',
  key_specs => '[{"flags": "RW access update", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Adds to the score of a member of a sorted set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "increment", "type": "integer"},
    {"name": "member", "type": "string"}]');

-- Looking at members

CREATE OR REPLACE FUNCTION public.redis_zcard(key bytea) RETURNS bigint
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
    IF key_type <> 'z' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_zcard(bytea) IS
'ZCARD key
How many members a sorted set has; 0 when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('zcard', 'redis_zcard', arity => 2,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(1)',
  summary => 'Counts the members of a sorted set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

CREATE OR REPLACE FUNCTION public.redis_zscore(key bytea, member bytea) RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    m constant bytea := redis.index_key(member);
    h constant integer := redis.member_hash(m);
    key_type "char";
    expiry bigint;
    result double precision;
BEGIN
    SELECT x.type, x.expires_at,
           (SELECT e.score FROM redis.zset_members e WHERE e.id = x.id AND e.hash = h AND e.member = m ORDER BY e.turn DESC LIMIT 1)
    INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k ORDER BY x.turn DESC LIMIT 1;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    IF key_type <> 'z' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_zscore(bytea, bytea) IS
'ZSCORE key member
The score of a member; NULL when it or the key is absent. Errors: WRONGTYPE.';
-- Many ZSCOREs at once.
CREATE OR REPLACE FUNCTION redis.batch_zscore(keys bytea[], members bytea[]) RETURNS SETOF double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
BEGIN
    RETURN QUERY
    SELECT (SELECT CASE WHEN x.expires_at <= now THEN NULL
                        WHEN x.type = 'z' THEN (SELECT e.score FROM redis.zset_members e
                                                WHERE e.id = x.id AND e.hash = s.h AND e.member = s.m ORDER BY e.turn DESC LIMIT 1)
                        ELSE redis.one_by_one() END
            FROM redis.keys x WHERE x.db = d AND x.key = s.k ORDER BY x.turn DESC LIMIT 1)
    FROM (SELECT u.k, u.m, redis.member_hash(u.m) AS h
          FROM ROWS FROM (pg_catalog.unnest(redis.index_keys(keys)), pg_catalog.unnest(redis.index_keys(members))) AS u(k, m)
          OFFSET 0) AS s;
END $$;
SELECT redis.register_command('zscore', 'redis_zscore', arity => 3, batch => 'redis.batch_zscore',
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(1)',
  summary => 'Returns the score of a member of a sorted set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "member", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_zmscore(key bytea, VARIADIC members bytea[]) RETURNS double precision[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    zset_id constant bigint := (redis.find_members(redis.db(), redis.index_key(key), 'z')).key_id;
BEGIN
    RETURN ARRAY(SELECT redis.member_score(zset_id, u.member)
                 FROM pg_catalog.unnest(members) WITH ORDINALITY AS u(member, n) ORDER BY u.n);
END $$;
COMMENT ON FUNCTION public.redis_zmscore(bytea, bytea[]) IS
'ZMSCORE key member [member ...]
The scores of members, NULL for absent ones. Errors: WRONGTYPE.';
SELECT redis.register_command('zmscore', 'redis_zmscore', arity => -3,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(N)',
  summary => 'Returns the scores of several members of a sorted set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "member", "type": "string", "flags": ["multiple"]}]');

-- How many members come before one, or with descending after it; NULL when it is absent. An index-only scan of those.
CREATE OR REPLACE FUNCTION redis.member_rank(
    key bytea, member bytea, descending boolean, OUT rank bigint, OUT score double precision)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    m constant bytea := redis.index_key(member);
    zset_id constant bigint := (redis.find_members(redis.db(), redis.index_key(key), 'z')).key_id;
BEGIN
    score := redis.member_score(zset_id, member);
    IF score IS NULL THEN
        RETURN;
    ELSIF descending THEN
        SELECT pg_catalog.count(*) INTO rank FROM redis.zset_members e
        WHERE e.id = zset_id AND (e.score, e.member) > (member_rank.score, m);
    ELSE
        SELECT pg_catalog.count(*) INTO rank FROM redis.zset_members e
        WHERE e.id = zset_id AND (e.score, e.member) < (member_rank.score, m);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zrank(key bytea, member bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.member_rank(key, member, false)).rank;
END $$;
COMMENT ON FUNCTION public.redis_zrank(bytea, bytea) IS
'ZRANK key member
The position of a member by ascending score, from 0; NULL when it or the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zrank(
    key bytea, member bytea, option text, OUT rank bigint, OUT score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.upper(option) <> 'WITHSCORE' THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    SELECT r.rank, r.score INTO rank, score FROM redis.member_rank(key, member, false) r;
END $$;
COMMENT ON FUNCTION public.redis_zrank(bytea, bytea, text) IS
'ZRANK key member WITHSCORE
The same, with the score.';
SELECT redis.register_command('zrank', 'redis_zrank', arity => -3,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Returns the position of a member by ascending score.', reply => '4:row',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "member", "type": "string"},
    {"name": "withscore", "type": "pure-token", "token": "WITHSCORE", "since": "7.2.0", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zrevrank(key bytea, member bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.member_rank(key, member, true)).rank;
END $$;
COMMENT ON FUNCTION public.redis_zrevrank(bytea, bytea) IS
'ZREVRANK key member
The position of a member by descending score, from 0; NULL when it or the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zrevrank(
    key bytea, member bytea, option text, OUT rank bigint, OUT score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.upper(option) <> 'WITHSCORE' THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    SELECT r.rank, r.score INTO rank, score FROM redis.member_rank(key, member, true) r;
END $$;
COMMENT ON FUNCTION public.redis_zrevrank(bytea, bytea, text) IS
'ZREVRANK key member WITHSCORE
The same, with the score.';
SELECT redis.register_command('zrevrank', 'redis_zrevrank', arity => -3,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Returns the position of a member by descending score.', reply => '4:row',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "member", "type": "string"},
    {"name": "withscore", "type": "pure-token", "token": "WITHSCORE", "since": "7.2.0", "flags": ["optional"]}]');

-- Ranges. One by score or bytes is a stretch of the index from a first (score, member), inclusive, to an end, exclusive: an empty
-- member comes before all members of its score, redis.beyond_members() after all.

-- ZRANGEBYSCORE's bounds: a number as strtod() reads it, after ( for an exclusive one.
CREATE OR REPLACE FUNCTION redis.parse_score_bound(v bytea) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    digits constant bytea := pg_catalog.ltrim(
        CASE WHEN pg_catalog.substr(v, 1, 1) = '(' THEN pg_catalog.substr(v, 2) ELSE v END, '\x20090a0b0c0d');
    n double precision;
    wide numeric;
BEGIN
    IF v IN ('', '(') THEN
        RETURN 0;
    END IF;
    n := redis.try_float(digits);
    IF n IS NULL THEN
        wide := redis.try_number(digits);
        IF wide IS NULL THEN
            PERFORM redis.raise_error('ERR min or max is not a float');
        END IF;
        n := CASE WHEN pg_catalog.abs(wide) < 1 THEN 0::double precision WHEN wide > 0 THEN 'Infinity' ELSE '-Infinity' END;
    END IF;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION redis.parse_score_range(
    lowest bytea, highest bytea,
    OUT first_score double precision, OUT first_member bytea, OUT end_score double precision, OUT end_member bytea)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    first_score := redis.parse_score_bound(lowest);
    end_score := redis.parse_score_bound(highest);
    first_member := CASE WHEN pg_catalog.substr(lowest, 1, 1) = '(' THEN redis.beyond_members() ELSE '' END;
    end_member := CASE WHEN pg_catalog.substr(highest, 1, 1) = '(' THEN '' ELSE redis.beyond_members() END;
END $$;

-- ZRANGEBYLEX's bounds: [ or ( before the bytes, or - or +. Which score they have depends on the set: NULL here, see
-- redis.lex_stretch(). (Of members above 2000 bytes only the first 1969 are in order.)
CREATE OR REPLACE FUNCTION redis.parse_lex_range(
    lowest bytea, highest bytea,
    OUT first_score double precision, OUT first_member bytea, OUT end_score double precision, OUT end_member bytea)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    bounds constant bytea[] := ARRAY[lowest, highest];
    members bytea[] := ARRAY['', '']::bytea[];
    scores double precision[] := ARRAY[NULL, NULL]::double precision[];
    mark text;
BEGIN
    FOR i IN 1 .. 2 LOOP
        mark := pg_catalog.encode(pg_catalog.substr(bounds[i], 1, 1), 'escape');
        IF mark IN ('[', '(') THEN
            members[i] := redis.index_key(pg_catalog.substr(bounds[i], 2));
            IF (mark = '(') = (i = 1) THEN -- begin behind it, or end behind it
                members[i] := members[i] || '\x00'::bytea;
            END IF;
        ELSIF mark IN ('-', '+') AND pg_catalog.octet_length(bounds[i]) = 1 THEN
            scores[i] := CASE mark WHEN '-' THEN '-Infinity' ELSE 'Infinity' END::double precision;
            members[i] := CASE mark WHEN '-' THEN '' ELSE redis.beyond_members() END;
        ELSE
            PERFORM redis.raise_error('ERR min or max not valid string range item');
        END IF;
    END LOOP;
    first_score := scores[1];
    first_member := members[1];
    end_score := scores[2];
    end_member := members[2];
END $$;

-- A range of either kind over a set: the index's stretch.
CREATE OR REPLACE FUNCTION redis.find_stretch(
    zset_id bigint, by text, lowest bytea, highest bytea,
    OUT first_score double precision, OUT first_member bytea, OUT end_score double precision, OUT end_member bytea)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF by = 'SCORE' THEN
        SELECT r.* INTO first_score, first_member, end_score, end_member FROM redis.parse_score_range(lowest, highest) r;
    ELSE
        SELECT r.* INTO first_score, first_member, end_score, end_member
        FROM redis.parse_lex_range(lowest, highest) p,
             redis.lex_stretch(zset_id, p.first_score, p.first_member, p.end_score, p.end_member) r;
    END IF;
END $$;

-- A range by members over a set. Their scores are all equal by its contract. Where they are not, it is from the first member that is
-- not below the range to the next that is beyond it, as Redis finds them walking the set; but it is empty where the set's last member is
-- below the range or its first one beyond it.
CREATE OR REPLACE FUNCTION redis.lex_stretch(
    zset_id bigint, INOUT first_score double precision, INOUT first_member bytea,
    INOUT end_score double precision, INOUT end_member bytea)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    lowest record;
    highest record;
BEGIN
    SELECT e.score, e.member INTO lowest FROM redis.zset_members e WHERE e.id = zset_id ORDER BY e.score, e.member LIMIT 1;
    SELECT e.score, e.member INTO highest FROM redis.zset_members e WHERE e.id = zset_id ORDER BY e.score DESC, e.member DESC LIMIT 1;
    IF lowest.score = highest.score THEN
        first_score := coalesce(first_score, lowest.score);
        end_score := coalesce(end_score, lowest.score);
        RETURN;
    ELSIF first_score IS NULL AND highest.member < first_member OR end_score IS NULL AND lowest.member >= end_member THEN
        end_score := '-Infinity';
        end_member := '';
        RETURN;
    END IF;
    IF first_score IS NULL THEN
        SELECT e.score, e.member INTO first_score, first_member FROM redis.zset_members e
        WHERE e.id = zset_id AND e.member >= first_member ORDER BY e.score, e.member LIMIT 1;
    END IF;
    IF end_score IS NULL THEN
        SELECT e.score, e.member INTO end_score, end_member FROM redis.zset_members e
        WHERE e.id = zset_id AND (e.score, e.member) >= (first_score, first_member) AND e.member >= end_member
        ORDER BY e.score, e.member LIMIT 1;
        IF NOT FOUND THEN
            end_score := 'Infinity';
            end_member := redis.beyond_members();
        END IF;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION redis.count_stretch(key bytea, by text, lowest bytea, highest bytea) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    zset_id bigint;
    s record;
BEGIN
    SELECT r.* INTO s FROM redis.find_stretch(NULL, by, lowest, highest) r; -- wrong bounds come before a wrong type
    zset_id := (redis.find_members(redis.db(), redis.index_key(key), 'z')).key_id;
    SELECT r.* INTO s FROM redis.find_stretch(zset_id, by, lowest, highest) r;
    RETURN (SELECT pg_catalog.count(*) FROM redis.zset_members e
            WHERE e.id = zset_id AND (e.score, e.member) >= (s.first_score, s.first_member)
              AND (e.score, e.member) < (s.end_score, s.end_member));
END $$;

CREATE OR REPLACE FUNCTION public.redis_zcount(key bytea, min bytea, max bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.count_stretch(key, 'SCORE', min, max);
END $$;
COMMENT ON FUNCTION public.redis_zcount(bytea, bytea, bytea) IS
'ZCOUNT key min max
How many members have scores from min to max; ( before a number excludes it, -inf and +inf are allowed. Errors: WRONGTYPE,
bounds that are no numbers.';
SELECT redis.register_command('zcount', 'redis_zcount', arity => 4,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Counts the members of a sorted set in a range of scores.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "double"},
    {"name": "max", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_zlexcount(key bytea, min bytea, max bytea) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.count_stretch(key, 'LEX', min, max);
END $$;
COMMENT ON FUNCTION public.redis_zlexcount(bytea, bytea, bytea) IS
'ZLEXCOUNT key min max
How many members of a sorted set, all of one score, are from min to max: [a with, (a without a, - and + the ends. Errors:
WRONGTYPE, wrong bounds.';
SELECT redis.register_command('zlexcount', 'redis_zlexcount', arity => 4,
  flags => 'readonly fast', categories => 'read sortedset fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.8.9', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Counts the members of a sorted set in a range of their bytes.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "string"},
    {"name": "max", "type": "string"}]');

-- The elements of an array, backwards.
CREATE OR REPLACE FUNCTION redis.reversed(a anyarray) RETURNS anyarray
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT u.x FROM pg_catalog.unnest(a) WITH ORDINALITY AS u(x, n) ORDER BY u.n DESC)
$$;

-- The members (and their scores) of a stretch, in this direction, after skipping some, up to most (NULL: all).
CREATE OR REPLACE FUNCTION redis.read_stretch(
    zset_id bigint, first_score double precision, first_member bytea, end_score double precision, end_member bytea,
    descending boolean, skip bigint, most bigint, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF descending THEN
        SELECT pg_catalog.array_agg(redis.whole_zset_member(zset_id, r.member)), pg_catalog.array_agg(r.score)
        INTO members, scores
        FROM (SELECT e.member, e.score FROM redis.zset_members e
              WHERE e.id = zset_id AND (e.score, e.member) >= (first_score, first_member)
                AND (e.score, e.member) < (end_score, end_member)
              ORDER BY e.score DESC, e.member DESC OFFSET skip LIMIT most) r;
    ELSE
        SELECT pg_catalog.array_agg(redis.whole_zset_member(zset_id, r.member)), pg_catalog.array_agg(r.score)
        INTO members, scores
        FROM (SELECT e.member, e.score FROM redis.zset_members e
              WHERE e.id = zset_id AND (e.score, e.member) >= (first_score, first_member)
                AND (e.score, e.member) < (end_score, end_member)
              ORDER BY e.score, e.member OFFSET skip LIMIT most) r;
    END IF;
END $$;

-- Ranks as Redis takes them, negative ones from the end, made offsets of the range's ends; amount is 0 for an empty one. No set (NULL) is
-- as an empty one.
CREATE OR REPLACE FUNCTION redis.clip_ranks(size bigint, start bigint, stop bigint, OUT skip bigint, OUT amount bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    last constant bigint := least(CASE WHEN stop < 0 THEN size + stop ELSE stop END, coalesce(size, 0) - 1);
BEGIN
    skip := greatest(CASE WHEN start < 0 THEN size + start ELSE start END, 0);
    amount := CASE WHEN last >= skip THEN last - skip + 1 ELSE 0 END;
END $$;

-- The members of a range of ranks, scanned from whichever end is nearer.
CREATE OR REPLACE FUNCTION redis.read_ranks(
    zset_id bigint, size bigint, start bigint, stop bigint, descending boolean,
    OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    ahead bigint;                  -- how many are in front of the range
    amount bigint;
    behind bigint;
BEGIN
    SELECT c.skip, c.amount INTO ahead, amount FROM redis.clip_ranks(size, start, stop) c;
    IF amount = 0 THEN
        RETURN;
    END IF;
    behind := size - ahead - amount;
    SELECT r.members, r.scores INTO members, scores
    FROM redis.read_stretch(zset_id, '-Infinity', '', 'Infinity', redis.beyond_members(),
                            descending = (ahead <= behind), least(ahead, behind), amount) r;
    IF ahead > behind THEN
        members := redis.reversed(members);
        scores := redis.reversed(scores);
    END IF;
END $$;

-- ZRANGE in all its forms: by is 'RANK', 'SCORE' or 'LEX', or NULL where options may tell it, and so is descending. As in Redis
-- everything about the arguments is checked before the key. A descending range has its higher bound first.
CREATE OR REPLACE FUNCTION redis.range_command(
    key bytea, low bytea, high bytea, options text[], by text, descending boolean, scores_allowed boolean,
    OUT members bytea[], OUT scores double precision[], OUT with_scores boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    words constant integer := pg_catalog.cardinality(options);
    kind text := by;
    backwards boolean := descending;
    skip bigint := 0;
    most bigint := -1;             -- negative: all
    start bigint;
    stop bigint;
    zset_id bigint;
    zset_size bigint;
    s record;
    i integer := 1;
    word text;
BEGIN
    with_scores := false;
    members := '{}'::bytea[];
    WHILE i <= words LOOP
        word := pg_catalog.upper(options[i]);
        IF word = 'WITHSCORES' AND scores_allowed THEN
            with_scores := true;
        ELSIF word = 'LIMIT' AND i + 2 <= words THEN
            skip := redis.parse_integer(options[i + 1]);
            most := redis.parse_integer(options[i + 2]);
            i := i + 2;
        ELSIF word = 'REV' AND backwards IS NULL THEN
            backwards := true;
        ELSIF word IN ('BYSCORE', 'BYLEX') AND kind IS NULL THEN
            kind := pg_catalog.substr(word, 3);
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        i := i + 1;
    END LOOP;
    kind := coalesce(kind, 'RANK');
    backwards := coalesce(backwards, false);
    IF most <> -1 AND kind = 'RANK' THEN
        PERFORM redis.raise_error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX');
    ELSIF with_scores AND kind = 'LEX' THEN
        PERFORM redis.raise_error('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    END IF;
    IF kind = 'RANK' THEN
        start := redis.parse_integer(low);
        stop := redis.parse_integer(high);
    ELSE
        SELECT r.* INTO s FROM redis.find_stretch(
            NULL, kind, CASE WHEN backwards THEN high ELSE low END, CASE WHEN backwards THEN low ELSE high END) r;
    END IF;
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(redis.db(), redis.index_key(key), 'z') f;
    IF zset_id IS NULL THEN
        RETURN;
    ELSIF kind = 'RANK' THEN
        SELECT r.members, r.scores INTO members, scores FROM redis.read_ranks(zset_id, zset_size, start, stop, backwards) r;
    ELSIF skip >= 0 THEN
        IF kind = 'LEX' THEN
            SELECT r.* INTO s FROM redis.find_stretch(
                zset_id, kind, CASE WHEN backwards THEN high ELSE low END, CASE WHEN backwards THEN low ELSE high END) r;
        END IF;
        SELECT r.members, r.scores INTO members, scores
        FROM redis.read_stretch(zset_id, s.first_score, s.first_member, s.end_score, s.end_member,
                                backwards, skip, CASE WHEN most >= 0 THEN most END) r;
    END IF;
    members := coalesce(members, '{}'::bytea[]);
END $$;

-- Members with their scores as the rows of a reply; the scores NULL where they are not wanted.
CREATE OR REPLACE FUNCTION redis.scored_rows(members bytea[], scores double precision[], with_scores boolean)
RETURNS TABLE (member bytea, score double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT u.member, CASE WHEN with_scores THEN u.score END
    FROM ROWS FROM (pg_catalog.unnest(members), pg_catalog.unnest(scores)) WITH ORDINALITY AS u(member, score, n) ORDER BY u.n
$$;

CREATE OR REPLACE FUNCTION public.redis_zrange(key bytea, start bigint, stop bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    zset_id bigint;
    zset_size bigint;
BEGIN
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(redis.db(), redis.index_key(key), 'z') f;
    RETURN coalesce((redis.read_ranks(zset_id, zset_size, start, stop, false)).members, '{}'::bytea[]);
END $$;
COMMENT ON FUNCTION public.redis_zrange(bytea, bigint, bigint) IS
'ZRANGE key start stop
The members from one position to another, negative ones counted from the end; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrange(key bytea, start bytea, stop bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, start, stop, options, NULL, NULL, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrange(bytea, bytea, bytea, text[]) IS
'ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrange', 'redis_zrange', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns a range of a sorted set, by position, score or bytes.', reply => 'pairs',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "string"},
    {"name": "stop", "type": "string"},
    {"name": "sortby", "type": "oneof", "since": "6.2.0", "flags": ["optional"],
    "arguments": [{"name": "byscore", "type": "pure-token", "token": "BYSCORE"},
    {"name": "bylex", "type": "pure-token", "token": "BYLEX"}]},
    {"name": "rev", "type": "pure-token", "token": "REV", "since": "6.2.0", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "since": "6.2.0", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zrevrange(key bytea, start bigint, stop bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    zset_id bigint;
    zset_size bigint;
BEGIN
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(redis.db(), redis.index_key(key), 'z') f;
    RETURN coalesce((redis.read_ranks(zset_id, zset_size, start, stop, true)).members, '{}'::bytea[]);
END $$;
COMMENT ON FUNCTION public.redis_zrevrange(bytea, bigint, bigint) IS
'ZREVRANGE key start stop
The members from one position to another, highest score first; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrevrange(key bytea, start bytea, stop bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, start, stop, options, 'RANK', true, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrevrange(bytea, bytea, bytea, text[]) IS
'ZREVRANGE key start stop [WITHSCORES]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrevrange', 'redis_zrevrange', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns a range of a sorted set by position, from the highest score.', reply => 'pairs',
  deprecated_since => '6.2.0', replaced_by => '`ZRANGE` with the `REV` argument',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"},
    {"name": "stop", "type": "integer"},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zrangebyscore(key bytea, min bytea, max bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.range_command(key, min, max, '{}', 'SCORE', false, true)).members;
END $$;
COMMENT ON FUNCTION public.redis_zrangebyscore(bytea, bytea, bytea) IS
'ZRANGEBYSCORE key min max
The members with scores from min to max; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrangebyscore(key bytea, min bytea, max bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, min, max, options, 'SCORE', false, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrangebyscore(bytea, bytea, bytea, text[]) IS
'ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrangebyscore', 'redis_zrangebyscore', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.5', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns the members of a sorted set in a range of scores.', reply => 'pairs',
  deprecated_since => '6.2.0', replaced_by => '`ZRANGE` with the `BYSCORE` argument',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "double"},
    {"name": "max", "type": "double"},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "since": "2.0.0", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zrevrangebyscore(key bytea, max bytea, min bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.range_command(key, max, min, '{}', 'SCORE', true, true)).members;
END $$;
COMMENT ON FUNCTION public.redis_zrevrangebyscore(bytea, bytea, bytea) IS
'ZREVRANGEBYSCORE key max min
The members with scores from max down to min; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrevrangebyscore(key bytea, max bytea, min bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, max, min, options, 'SCORE', true, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrevrangebyscore(bytea, bytea, bytea, text[]) IS
'ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrevrangebyscore', 'redis_zrevrangebyscore', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.2.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns the members of a sorted set in a range of scores, highest first.', reply => 'pairs',
  deprecated_since => '6.2.0', replaced_by => '`ZRANGE` with the `REV` and `BYSCORE` arguments',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "max", "type": "double"},
    {"name": "min", "type": "double"},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zrangebylex(key bytea, min bytea, max bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.range_command(key, min, max, '{}', 'LEX', false, true)).members;
END $$;
COMMENT ON FUNCTION public.redis_zrangebylex(bytea, bytea, bytea) IS
'ZRANGEBYLEX key min max
The members, all of one score, whose bytes are from min to max; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrangebylex(key bytea, min bytea, max bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, min, max, options, 'LEX', false, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrangebylex(bytea, bytea, bytea, text[]) IS
'ZRANGEBYLEX key min max [LIMIT offset count]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrangebylex', 'redis_zrangebylex', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.8.9', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns the members of a sorted set in a range of their bytes.', reply => 'pairs',
  deprecated_since => '6.2.0', replaced_by => '`ZRANGE` with the `BYLEX` argument',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "string"},
    {"name": "max", "type": "string"},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zrevrangebylex(key bytea, max bytea, min bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.range_command(key, max, min, '{}', 'LEX', true, true)).members;
END $$;
COMMENT ON FUNCTION public.redis_zrevrangebylex(bytea, bytea, bytea) IS
'ZREVRANGEBYLEX key max min
The members, all of one score, whose bytes are from max down to min; empty when the key is absent.
Errors: WRONGTYPE, wrong bounds.';

CREATE OR REPLACE FUNCTION public.redis_zrevrangebylex(key bytea, max bytea, min bytea, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.range_command(key, max, min, options, 'LEX', true, true) r,
         redis.scored_rows(r.members, r.scores, r.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zrevrangebylex(bytea, bytea, bytea, text[]) IS
'ZREVRANGEBYLEX key max min [LIMIT offset count]
The same with options; scores are NULL unless asked for. Errors also: wrong options.';
SELECT redis.register_command('zrevrangebylex', 'redis_zrevrangebylex', arity => -4,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '2.8.9', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Returns the members of a sorted set in a range of their bytes, last first.', reply => 'pairs',
  deprecated_since => '6.2.0', replaced_by => '`ZRANGE` with the `REV` and `BYLEX` arguments',
  doc_flags => 'deprecated',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "max", "type": "string"},
    {"name": "min", "type": "string"},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]}]');

-- Makes a locked key a sorted set of these different members, whatever it was; absent when there are none. Returns how many there
-- are.
CREATE OR REPLACE FUNCTION redis.put_zset(
    d smallint, key bytea, members bytea[], scores double precision[], event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    zset_size constant bigint := pg_catalog.cardinality(members);
    done boolean := redis.delete_key(d, k);
    zset_id bigint;
BEGIN
    IF zset_size > 0 THEN
        zset_id := redis.create_key(d, key, 'z', size => zset_size);
        INSERT INTO redis.zset_members (id, score, hash, member, long_member)
        SELECT zset_id, s.score + 0, redis.member_hash(s.m), s.m, redis.long_key(s.member) -- -0 becomes 0
        FROM (SELECT u.score, u.member, redis.index_key(u.member) AS m
              FROM ROWS FROM (pg_catalog.unnest(members), pg_catalog.unnest(scores)) AS u(member, score)) s;
        done := redis.changed(d, k, 'z', event);
    ELSIF done THEN
        done := redis.changed(d, k, 'g', 'del');
    END IF;
    RETURN zset_size;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zrangestore(
    destination bytea, source bytea, min bytea, max bytea, VARIADIC options text[] DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(ARRAY[destination, source]));
    r record;
BEGIN
    SELECT c.members, c.scores INTO r FROM redis.range_command(source, min, max, options, NULL, NULL, false) c;
    RETURN redis.put_zset(d, destination, r.members, r.scores, 'zrangestore');
END $$;
COMMENT ON FUNCTION public.redis_zrangestore(bytea, bytea, bytea, bytea, text[]) IS
'ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
Makes destination a sorted set of a range of source, as ZRANGE finds it, whatever it was. Returns how many members there are.
Errors: WRONGTYPE, wrong bounds or options.';
SELECT redis.register_command('zrangestore', 'redis_zrangestore', arity => -5,
  flags => 'write denyoom', categories => 'write sortedset slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "range": [0, 1, 0]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Stores a range of a sorted set under a key.',
  arguments => '[{"name": "dst", "type": "key", "key_spec_index": 0}, {"name": "src", "type": "key", "key_spec_index": 1},
    {"name": "min", "type": "string"}, {"name": "max", "type": "string"},
    {"name": "sortby", "type": "oneof", "flags": ["optional"],
    "arguments": [{"name": "byscore", "type": "pure-token", "token": "BYSCORE"},
    {"name": "bylex", "type": "pure-token", "token": "BYLEX"}]},
    {"name": "rev", "type": "pure-token", "token": "REV", "flags": ["optional"]},
    {"name": "offset_count", "type": "block", "token": "LIMIT", "flags": ["optional"],
    "arguments": [{"name": "offset", "type": "integer"}, {"name": "count", "type": "integer"}]}]');

-- Removing

-- Deletes these members (ctids) of a locked sorted set, and the set when none is left; returns how many they were.
CREATE OR REPLACE FUNCTION redis.remove_scored(d smallint, k bytea, tids tid[], event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
    remaining bigint;
    done boolean;
BEGIN
    DELETE FROM redis.zset_members e WHERE e.ctid = ANY (tids);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed > 0 THEN
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size - removed
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
        RETURNING x.size INTO remaining;
        done := redis.changed(d, k, 'z', event);
        IF remaining = 0 THEN
            done := redis.delete_key(d, k);
            done := redis.changed(d, k, 'g', 'del');
        END IF;
    END IF;
    RETURN removed;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zrem(key bytea, VARIADIC members bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    zset_id constant bigint := (redis.find_members(d, k, 'z')).key_id;
BEGIN
    IF zset_id IS NULL THEN
        RETURN 0;
    END IF;
    RETURN redis.remove_scored(d, k, ARRAY(
        SELECT (SELECT e.ctid FROM redis.zset_members e WHERE e.id = zset_id AND e.hash = s.h AND e.member = s.m ORDER BY e.turn DESC LIMIT 1)
        FROM (SELECT u.m, redis.member_hash(u.m) AS h
              FROM pg_catalog.unnest(redis.index_keys(members)) AS u(m) OFFSET 0) s), 'zrem');
END $$;
COMMENT ON FUNCTION public.redis_zrem(bytea, bytea[]) IS
'ZREM key member [member ...]
Removes members from a sorted set, and the set when none is left. Returns how many were there. Errors: WRONGTYPE.';
SELECT redis.register_command('zrem', 'redis_zrem', arity => -3,
  flags => 'write fast', categories => 'write sortedset fast',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(M*log(N))',
  summary => 'Removes members from a sorted set.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "member", "type": "string", "flags": ["multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_zremrangebyrank(key bytea, start bigint, stop bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    zset_id bigint;
    zset_size bigint;
    ahead bigint;
    amount bigint;
    tids tid[];
BEGIN
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(d, k, 'z') f;
    IF zset_id IS NULL THEN
        RETURN 0;
    END IF;
    SELECT c.skip, c.amount INTO ahead, amount FROM redis.clip_ranks(zset_size, start, stop) c;
    IF ahead <= zset_size - ahead - amount THEN
        tids := ARRAY(SELECT e.ctid FROM redis.zset_members e WHERE e.id = zset_id
                      ORDER BY e.score, e.member OFFSET ahead LIMIT amount);
    ELSE
        tids := ARRAY(SELECT e.ctid FROM redis.zset_members e WHERE e.id = zset_id
                      ORDER BY e.score DESC, e.member DESC OFFSET greatest(zset_size - ahead - amount, 0) LIMIT amount);
    END IF;
    RETURN redis.remove_scored(d, k, tids, 'zremrangebyrank');
END $$;
COMMENT ON FUNCTION public.redis_zremrangebyrank(bytea, bigint, bigint) IS
'ZREMRANGEBYRANK key start stop
Removes the members from one position to another, negative ones counted from the end. Returns how many. Errors: WRONGTYPE.';
SELECT redis.register_command('zremrangebyrank', 'redis_zremrangebyrank', arity => 4,
  flags => 'write', categories => 'write sortedset slow',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Removes the members of a sorted set in a range of positions.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "start", "type": "integer"},
    {"name": "stop", "type": "integer"}]');

-- ZREMRANGEBYSCORE, ZREMRANGEBYLEX.
CREATE OR REPLACE FUNCTION redis.remove_stretch(key bytea, by text, lowest bytea, highest bytea, event text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    zset_id bigint;
    s record;
BEGIN
    SELECT r.* INTO s FROM redis.find_stretch(NULL, by, lowest, highest) r; -- wrong bounds come before a wrong type
    zset_id := (redis.find_members(d, k, 'z')).key_id;
    IF zset_id IS NULL THEN
        RETURN 0;
    END IF;
    SELECT r.* INTO s FROM redis.find_stretch(zset_id, by, lowest, highest) r;
    RETURN redis.remove_scored(d, k, ARRAY(
        SELECT e.ctid FROM redis.zset_members e
        WHERE e.id = zset_id AND (e.score, e.member) >= (s.first_score, s.first_member)
          AND (e.score, e.member) < (s.end_score, s.end_member)
        ORDER BY e.score, e.member), event);
END $$;

CREATE OR REPLACE FUNCTION public.redis_zremrangebyscore(key bytea, min bytea, max bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.remove_stretch(key, 'SCORE', min, max, 'zremrangebyscore');
END $$;
COMMENT ON FUNCTION public.redis_zremrangebyscore(bytea, bytea, bytea) IS
'ZREMRANGEBYSCORE key min max
Removes the members with scores from min to max. Returns how many. Errors: WRONGTYPE, wrong bounds.';
SELECT redis.register_command('zremrangebyscore', 'redis_zremrangebyscore', arity => 4,
  flags => 'write', categories => 'write sortedset slow',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '1.2.0', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Removes the members of a sorted set in a range of scores.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "double"},
    {"name": "max", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_zremrangebylex(key bytea, min bytea, max bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.remove_stretch(key, 'LEX', min, max, 'zremrangebylex');
END $$;
COMMENT ON FUNCTION public.redis_zremrangebylex(bytea, bytea, bytea) IS
'ZREMRANGEBYLEX key min max
Removes the members (all of one score) whose bytes are from min to max. Returns how many. Errors: WRONGTYPE, wrong bounds.';
SELECT redis.register_command('zremrangebylex', 'redis_zremrangebylex', arity => 4,
  flags => 'write', categories => 'write sortedset slow',
  key_specs => '[{"flags": "RW delete", "index": 1, "range": [0, 1, 0]}]',
  since => '2.8.9', command_group => 'sorted-set', complexity => 'O(log(N)+M)',
  summary => 'Removes the members of a sorted set in a range of their bytes.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "min", "type": "string"},
    {"name": "max", "type": "string"}]');

-- Removes and returns up to so many members with the lowest or highest scores from a locked key that is a sorted set or absent
-- (then members is empty). The blocking commands call this too.
CREATE OR REPLACE FUNCTION redis.pop_scored(
    d smallint, k bytea, highest boolean, wanted bigint, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql AS $$
DECLARE
    zset_id bigint;
    zset_size bigint;
    tids tid[];
    done boolean;
BEGIN
    members := '{}'::bytea[];
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(d, k, 'z') f;
    IF zset_id IS NULL OR wanted = 0 THEN
        RETURN;
    END IF;
    IF highest THEN
        tids := ARRAY(SELECT e.ctid FROM redis.zset_members e WHERE e.id = zset_id
                      ORDER BY e.score DESC, e.member DESC LIMIT wanted);
    ELSE
        tids := ARRAY(SELECT e.ctid FROM redis.zset_members e WHERE e.id = zset_id ORDER BY e.score, e.member LIMIT wanted);
    END IF;
    WITH gone AS (
        DELETE FROM redis.zset_members e WHERE e.ctid = ANY (tids)
        RETURNING e.score, e.member, coalesce(e.long_member, e.member) AS whole)
    SELECT pg_catalog.array_agg(g.whole ORDER BY g.score, g.member), pg_catalog.array_agg(g.score ORDER BY g.score, g.member)
    INTO members, scores FROM gone g;
    IF highest THEN
        members := redis.reversed(members);
        scores := redis.reversed(scores);
    END IF;
    done := redis.changed(d, k, 'z', CASE WHEN highest THEN 'zpopmax' ELSE 'zpopmin' END);
    IF pg_catalog.cardinality(members) = zset_size THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    ELSE
        UPDATE redis.keys x
        SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
            size = x.size - pg_catalog.cardinality(members)
        WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1);
    END IF;
END $$;

-- Many pops of one member at once.
CREATE OR REPLACE FUNCTION redis.batch_pop_scored(keys bytea[], highest boolean) RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    ks constant bytea[] := redis.index_keys(keys);
    done boolean := redis.lock_keys(d, ks);
BEGIN
    IF redis.wants_events() THEN
        RETURN QUERY SELECT p.members[1], p.scores[1]
                     FROM pg_catalog.unnest(ks) AS u(k), LATERAL redis.pop_scored(d, u.k, highest, 1) AS p;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.member, c.score
    FROM (SELECT u.k, pg_catalog.array_agg(u.n ORDER BY u.n) AS numbers
          FROM pg_catalog.unnest(ks) WITH ORDINALITY AS u(k, n) GROUP BY u.k OFFSET 0) AS g,
         LATERAL redis.pop_scored(d, g.k, highest, pg_catalog.cardinality(g.numbers)) AS p,
         ROWS FROM (pg_catalog.unnest(g.numbers), pg_catalog.unnest(p.members), pg_catalog.unnest(p.scores)) AS c(call, member, score)
    ORDER BY c.call;
END $$;

CREATE OR REPLACE FUNCTION redis.batch_zpopmin(keys bytea[]) RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT p.member, p.score FROM redis.batch_pop_scored(keys, false) AS p;
END $$;

CREATE OR REPLACE FUNCTION redis.batch_zpopmax(keys bytea[]) RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT p.member, p.score FROM redis.batch_pop_scored(keys, true) AS p;
END $$;

-- ZPOPMIN and ZPOPMAX with a count.
CREATE OR REPLACE FUNCTION redis.pop_scored_rows(key bytea, count bytea, more bytea[], highest boolean)
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql AS $$
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
    RETURN QUERY SELECT s.member, s.score
    FROM redis.pop_scored(d, k, highest, wanted) p, redis.scored_rows(p.members, p.scores, true) s;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zpopmin(key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    remaining bigint;
BEGIN
    DELETE FROM redis.zset_members e
    WHERE e.ctid = (SELECT f.ctid FROM redis.zset_members f
                    WHERE f.id = (SELECT x.id FROM redis.keys x WHERE x.db = d AND x.key = k AND x.type = 'z'
                                                                AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
                                  ORDER BY x.turn DESC LIMIT 1)
                    ORDER BY f.score, f.member LIMIT 1)
    RETURNING coalesce(e.long_member, e.member), e.score INTO member, score;
    IF NOT FOUND THEN
        PERFORM redis.find_members(d, k, 'z'); -- the error, if it is no sorted set
        RETURN;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size - 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.size INTO remaining;
    done := redis.changed(d, k, 'z', 'zpopmin');
    IF remaining = 0 THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_zpopmin(bytea) IS
'ZPOPMIN key
Removes the member with the lowest score from a sorted set and returns it with the score; NULLs when the key is absent.
Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zpopmin(key bytea, count bytea, VARIADIC more bytea[] DEFAULT '{}')
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score FROM redis.pop_scored_rows(key, count, more, false) s;
END $$;
COMMENT ON FUNCTION public.redis_zpopmin(bytea, bytea, bytea[]) IS
'ZPOPMIN key count
The same for up to count members. Errors also: a count that is no integer or negative.';
SELECT redis.register_command('zpopmin', 'redis_zpopmin', arity => -2, batch => 'redis.batch_zpopmin',
  flags => 'write fast', categories => 'write sortedset fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  since => '5.0.0', command_group => 'sorted-set', complexity => 'O(log(N)*M)',
  summary => 'Removes the members with the lowest scores and returns them.', reply => 'pairs 2:row 2:empty',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "count", "type": "integer", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zpopmax(key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
    remaining bigint;
BEGIN
    DELETE FROM redis.zset_members e
    WHERE e.ctid = (SELECT f.ctid FROM redis.zset_members f
                    WHERE f.id = (SELECT x.id FROM redis.keys x WHERE x.db = d AND x.key = k AND x.type = 'z'
                                                                AND (x.expires_at IS NULL OR x.expires_at > redis.now_ms())
                                  ORDER BY x.turn DESC LIMIT 1)
                    ORDER BY f.score DESC, f.member DESC LIMIT 1)
    RETURNING coalesce(e.long_member, e.member), e.score INTO member, score;
    IF NOT FOUND THEN
        PERFORM redis.find_members(d, k, 'z'); -- the error, if it is no sorted set
        RETURN;
    END IF;
    UPDATE redis.keys x
    SET turn = redis.next_turn(x.turn, x.page, x.ctid, x.xmin), page = redis.page(x.ctid),
        size = x.size - 1
    WHERE x.ctid = (SELECT y.ctid FROM redis.keys y WHERE y.db = d AND y.key = k ORDER BY y.turn DESC LIMIT 1)
    RETURNING x.size INTO remaining;
    done := redis.changed(d, k, 'z', 'zpopmax');
    IF remaining = 0 THEN
        done := redis.delete_key(d, k);
        done := redis.changed(d, k, 'g', 'del');
    END IF;
END $$;
COMMENT ON FUNCTION public.redis_zpopmax(bytea) IS
'ZPOPMAX key
Removes the member with the highest score from a sorted set and returns it with the score; NULLs when the key is absent.
Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zpopmax(key bytea, count bytea, VARIADIC more bytea[] DEFAULT '{}')
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score FROM redis.pop_scored_rows(key, count, more, true) s;
END $$;
COMMENT ON FUNCTION public.redis_zpopmax(bytea, bytea, bytea[]) IS
'ZPOPMAX key count
The same for up to count members. Errors also: a count that is no integer or negative.';
SELECT redis.register_command('zpopmax', 'redis_zpopmax', arity => -2, batch => 'redis.batch_zpopmax',
  flags => 'write fast', categories => 'write sortedset fast',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [0, 1, 0]}]',
  since => '5.0.0', command_group => 'sorted-set', complexity => 'O(log(N)*M)',
  summary => 'Removes the members with the highest scores and returns them.', reply => 'pairs 2:row 2:empty',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "count", "type": "integer", "flags": ["optional"]}]');

-- ZMPOP, and BZMPOP with its timeout; waiter and attempt as in redis.ready_key().
CREATE OR REPLACE FUNCTION redis.zmpop_or_wait(
    timeout bytea, numkeys bytea, arguments bytea[], waiter bigint, attempt bigint,
    OUT key bytea, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    key_count constant bigint := redis.parse_integer(numkeys, 'ERR numkeys should be greater than 0');
    words constant integer := pg_catalog.cardinality(arguments);
    ks bytea[];
    highest boolean;
    wanted bigint;
    place integer;
    done boolean;
BEGIN
    IF key_count < 1 THEN
        PERFORM redis.raise_error('ERR numkeys should be greater than 0');
    ELSIF key_count >= words THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    CASE pg_catalog.upper(pg_catalog.encode(arguments[key_count + 1], 'escape'))
        WHEN 'MIN' THEN highest := false;
        WHEN 'MAX' THEN highest := true;
        ELSE PERFORM redis.raise_syntax_error();
    END CASE;
    wanted := redis.parse_pop_count(arguments[key_count + 2 :]);
    done := redis.parse_timeout(timeout);
    ks := redis.index_keys(arguments[:key_count]);
    done := redis.lock_keys(d, ks);
    place := redis.ready_key(d, ks, 'z', waiter, attempt);
    IF place IS NULL THEN
        done := redis.wait_in_line(d, ks, 'z', waiter, attempt);
        RETURN;
    END IF;
    key := arguments[place];
    SELECT p.members, p.scores INTO members, scores FROM redis.pop_scored(d, ks[place], highest, wanted) p;
    done := redis.served(waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION public.redis_zmpop(
    numkeys bytea, VARIADIC arguments bytea[], OUT key bytea, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.members, p.scores INTO key, members, scores FROM redis.zmpop_or_wait('0', numkeys, arguments, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_zmpop(bytea, bytea[]) IS
'ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
Removes members with the lowest or highest scores from the first of the sorted sets that is there. Returns its key, the members
and their scores; NULLs when there is none. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zmpop', 'redis_zmpop', arity => -4,
  flags => 'write movablekeys', categories => 'write sortedset slow',
  key_specs => '[{"flags": "RW access delete", "index": 1, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'sorted-set', complexity => 'O(K)',
  summary => 'Pops members from the first of several sorted sets that is not empty.', reply => 'row zip',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "where", "type": "oneof",
    "arguments": [{"name": "min", "type": "pure-token", "token": "MIN"},
    {"name": "max", "type": "pure-token", "token": "MAX"}]},
    {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');

-- Blocking commands. For waiter and attempt see redis.ready_key().

-- BZPOPMIN and BZPOPMAX.
CREATE OR REPLACE FUNCTION redis.scored_pop_or_wait(
    arguments bytea[], highest boolean, waiter bigint, attempt bigint,
    OUT key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql AS $$
DECLARE
    d constant smallint := redis.db();
    words constant integer := pg_catalog.cardinality(arguments);
    ks constant bytea[] := redis.index_keys(arguments[: words - 1]);
    place integer;
    done boolean;
BEGIN
    IF words < 2 THEN
        PERFORM redis.raise_wrong_arity(CASE WHEN highest THEN 'bzpopmax' ELSE 'bzpopmin' END);
    END IF;
    done := redis.parse_timeout(arguments[words]);
    done := redis.lock_keys(d, ks);
    place := redis.ready_key(d, ks, 'z', waiter, attempt);
    IF place IS NULL THEN
        done := redis.wait_in_line(d, ks, 'z', waiter, attempt);
        RETURN;
    END IF;
    key := arguments[place];
    SELECT p.members[1], p.scores[1] INTO member, score FROM redis.pop_scored(d, ks[place], highest, 1) p;
    done := redis.served(waiter, attempt);
END $$;

CREATE OR REPLACE FUNCTION public.redis_bzpopmin(
    VARIADIC arguments bytea[], OUT key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.member, p.score INTO key, member, score FROM redis.scored_pop_or_wait(arguments, false, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_bzpopmin(bytea[]) IS
'BZPOPMIN key [key ...] timeout
Pops the member with the lowest score from the first of these sorted sets that exists; returns the key, the member and its
score. NULLs when none does: only clients of a proxy wait, timeout seconds, 0 for ever. Errors: WRONGTYPE, timeout.';

CREATE OR REPLACE FUNCTION redis.bzpopmin_or_wait(
    waiter bigint, attempt bigint, VARIADIC arguments bytea[], OUT key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.member, p.score INTO key, member, score FROM redis.scored_pop_or_wait(arguments, false, waiter, attempt) p;
END $$;
SELECT redis.register_command('bzpopmin', 'redis_bzpopmin', arity => -3, waiting => 'redis.bzpopmin_or_wait', timeout => '-1',
  flags => 'write noscript blocking fast', categories => 'write sortedset fast blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [-2, 1, 0]}]',
  reply => 'row',
  since => '5.0.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Pops the member with the lowest score of a sorted set, or waits for one.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "timeout", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_bzpopmax(
    VARIADIC arguments bytea[], OUT key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.member, p.score INTO key, member, score FROM redis.scored_pop_or_wait(arguments, true, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_bzpopmax(bytea[]) IS
'BZPOPMAX key [key ...] timeout
Pops the member with the highest score from the first of these sorted sets that exists; returns the key, the member and its
score. NULLs when none does: only clients of a proxy wait, timeout seconds, 0 for ever. Errors: WRONGTYPE, timeout.';

CREATE OR REPLACE FUNCTION redis.bzpopmax_or_wait(
    waiter bigint, attempt bigint, VARIADIC arguments bytea[], OUT key bytea, OUT member bytea, OUT score double precision)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.member, p.score INTO key, member, score FROM redis.scored_pop_or_wait(arguments, true, waiter, attempt) p;
END $$;
SELECT redis.register_command('bzpopmax', 'redis_bzpopmax', arity => -3, waiting => 'redis.bzpopmax_or_wait', timeout => '-1',
  flags => 'write noscript blocking fast', categories => 'write sortedset fast blocking',
  key_specs => '[{"flags": "RW access delete", "index": 1, "range": [-2, 1, 0]}]',
  reply => 'row',
  since => '5.0.0', command_group => 'sorted-set', complexity => 'O(log(N))',
  summary => 'Pops the member with the highest score of a sorted set, or waits for one.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "timeout", "type": "double"}]');

CREATE OR REPLACE FUNCTION public.redis_bzmpop(
    timeout bytea, numkeys bytea, VARIADIC arguments bytea[], OUT key bytea, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.members, p.scores INTO key, members, scores FROM redis.zmpop_or_wait(timeout, numkeys, arguments, NULL, 0) p;
END $$;
COMMENT ON FUNCTION public.redis_bzmpop(bytea, bytea, bytea[]) IS
'BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
ZMPOP, for which a client of a proxy waits while all keys are absent, timeout seconds, 0 for ever. Errors: as ZMPOP, timeout.';

CREATE OR REPLACE FUNCTION redis.bzmpop_or_wait(
    waiter bigint, attempt bigint, timeout bytea, numkeys bytea, VARIADIC arguments bytea[],
    OUT key bytea, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT p.key, p.members, p.scores INTO key, members, scores
    FROM redis.zmpop_or_wait(timeout, numkeys, arguments, waiter, attempt) p;
END $$;
SELECT redis.register_command('bzmpop', 'redis_bzmpop', arity => -5, waiting => 'redis.bzmpop_or_wait', timeout => '1',
  flags => 'write blocking movablekeys', categories => 'write sortedset slow blocking',
  key_specs => '[{"flags": "RW access delete", "index": 2, "keynum": [0, 1, 1]}]',
  reply => 'row zip',
  since => '7.0.0', command_group => 'sorted-set', complexity => 'O(K) + O(M*log(N))',
  summary => 'Pops members from the first of several sorted sets that is not empty, or waits for one.',
  arguments => '[{"name": "timeout", "type": "double"}, {"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]}, {"name": "where", "type": "oneof",
    "arguments": [{"name": "min", "type": "pure-token", "token": "MIN"},
    {"name": "max", "type": "pure-token", "token": "MAX"}]},
    {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');

-- Random members

-- Draws members of a sorted set at random, each equally likely, and repetitions too. The hashes are cut into buckets of 32
-- members on average; a draw picks a bucket and one of 128 slots, and counts when the bucket has that many members, one in
-- four. (A bucket of more than 128 is all but impossible.)
CREATE OR REPLACE FUNCTION redis.draw_scored(
    zset_id bigint, size bigint, wanted bigint, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    buckets constant bigint := size / 32;
    more bytea[];
    more_scores double precision[];
BEGIN
    members := '{}'::bytea[];
    scores := '{}'::double precision[];
    WHILE pg_catalog.cardinality(members) < wanted LOOP
        SELECT coalesce(pg_catalog.array_agg(redis.whole_zset_member(zset_id, s.member)), '{}'),
               coalesce(pg_catalog.array_agg(s.score), '{}')
        INTO more, more_scores
        FROM (SELECT m.member, m.score
              FROM (SELECT pg_catalog.floor(pg_catalog.random() * buckets)::bigint AS bucket,
                           pg_catalog.floor(pg_catalog.random() * 128)::bigint AS slot
                    FROM pg_catalog.generate_series(1, 5 * (wanted - pg_catalog.cardinality(members)) + 3)) r
              CROSS JOIN LATERAL (
                  SELECT e.member, e.score FROM redis.zset_members e
                  WHERE e.id = zset_id
                    AND e.hash >= r.bucket * 2147483648 / buckets AND e.hash < (r.bucket + 1) * 2147483648 / buckets
                  ORDER BY e.hash, e.member OFFSET r.slot LIMIT 1) m
              LIMIT wanted - pg_catalog.cardinality(members)) s;
        members := members || more;
        scores := scores || more_scores;
    END LOOP;
END $$;

-- So many random members: a positive count asks for different ones, a negative for exactly that many draws.
CREATE OR REPLACE FUNCTION redis.random_scored(
    key bytea, count bigint, OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    zset_id bigint;
    zset_size bigint;
    ranks bigint[];
BEGIN
    members := '{}'::bytea[];
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(redis.db(), redis.index_key(key), 'z') f;
    IF zset_id IS NULL OR count = 0 THEN
        RETURN;
    ELSIF count < 0 AND zset_size > 128 THEN
        SELECT r.members, r.scores INTO members, scores FROM redis.draw_scored(zset_id, zset_size, -count) r;
    ELSIF count > 0 AND count <= zset_size / 8 AND zset_size > 128 THEN
        -- Draw until there are enough different ones, the first of each counting.
        WHILE pg_catalog.cardinality(members) < count LOOP
            SELECT pg_catalog.array_agg(s.member ORDER BY s.n), pg_catalog.array_agg(s.score ORDER BY s.n)
            INTO members, scores
            FROM (SELECT u.member, u.score, pg_catalog.min(u.n) AS n
                  FROM redis.draw_scored(zset_id, zset_size, count + count / 8 + 1) AS r(more, more_scores),
                       ROWS FROM (pg_catalog.unnest(members || r.more), pg_catalog.unnest(scores || r.more_scores))
                       WITH ORDINALITY AS u(member, score, n)
                  GROUP BY u.member, u.score ORDER BY 3 LIMIT count) s;
        END LOOP;
    ELSE
        SELECT r.members, r.scores INTO members, scores FROM redis.read_ranks(zset_id, zset_size, 0, -1, false) r;
        IF count > 0 AND count < zset_size THEN
            SELECT pg_catalog.array_agg(s.member), pg_catalog.array_agg(s.score) INTO members, scores
            FROM (SELECT u.member, u.score
                  FROM ROWS FROM (pg_catalog.unnest(members), pg_catalog.unnest(scores)) AS u(member, score)
                  ORDER BY pg_catalog.random() LIMIT count) s;
        ELSIF count < 0 THEN
            ranks := ARRAY(SELECT pg_catalog.floor(pg_catalog.random() * zset_size)::bigint + 1
                           FROM pg_catalog.generate_series(1, -count));
            scores := ARRAY(SELECT scores[u.rank] FROM pg_catalog.unnest(ranks) WITH ORDINALITY AS u(rank, n) ORDER BY u.n);
            members := ARRAY(SELECT members[u.rank] FROM pg_catalog.unnest(ranks) WITH ORDINALITY AS u(rank, n) ORDER BY u.n);
        END IF;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zrandmember(key bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.random_scored(key, -1)).members[1];
END $$;
COMMENT ON FUNCTION public.redis_zrandmember(bytea) IS
'ZRANDMEMBER key
A random member of a sorted set; NULL when the key is absent. Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zrandmember(key bytea, count bigint) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF count = -9223372036854775808 THEN
        PERFORM redis.raise_error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807');
    END IF;
    RETURN (redis.random_scored(key, count)).members;
END $$;
COMMENT ON FUNCTION public.redis_zrandmember(bytea, bigint) IS
'ZRANDMEMBER key count
Up to count different random members of a sorted set; with a negative count exactly that many, which may repeat.
Errors: WRONGTYPE.';

CREATE OR REPLACE FUNCTION public.redis_zrandmember(key bytea, count bigint, VARIADIC options text[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF count = -9223372036854775808 THEN
        PERFORM redis.raise_error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807');
    ELSIF pg_catalog.cardinality(options) > 1 OR pg_catalog.upper(options[1]) <> 'WITHSCORES' THEN
        PERFORM redis.raise_syntax_error();
    ELSIF pg_catalog.abs(count) > 4611686018427387903 THEN
        PERFORM redis.raise_error('ERR value is out of range');
    END IF;
    RETURN QUERY SELECT s.member, s.score FROM redis.random_scored(key, count) r, redis.scored_rows(r.members, r.scores, true) s;
END $$;
COMMENT ON FUNCTION public.redis_zrandmember(bytea, bigint, text[]) IS
'ZRANDMEMBER key count WITHSCORES
The same with their scores. Errors also: wrong options.';
SELECT redis.register_command('zrandmember', 'redis_zrandmember', arity => -2,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(N)',
  summary => 'Returns random members of a sorted set.', reply => 'pairs',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0},
    {"name": "options", "type": "block", "flags": ["optional"], "arguments": [{"name": "count", "type": "integer"},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]}]');

-- Goes through the members in the order of their hashes: a cursor c means that those below c are done. A page ends between two
-- hashes, and a member's hash never changes, so that nothing that stays is passed over.
CREATE OR REPLACE FUNCTION public.redis_zscan(
    key bytea, cursor bytea, VARIADIC options bytea[] DEFAULT '{}', OUT next_cursor text, OUT elements bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    bottom constant bigint := least(redis.parse_cursor(cursor), 2147483648);
    zset_id bigint;
    zset_size bigint;
    page bigint;
    pattern bytea;
    regex text;
    members bytea[];
    scores double precision[];
    last integer;
    full_below double precision := 1e17;
BEGIN
    next_cursor := '0';
    elements := '{}'::bytea[];
    SELECT f.key_id, f.key_size INTO zset_id, zset_size FROM redis.find_members(redis.db(), redis.index_key(key), 'z') f;
    IF zset_id IS NULL THEN
        RETURN;
    END IF;
    SELECT o.count, o.match INTO page, pattern FROM redis.parse_scan_options(options, false) o;
    IF zset_size <= 128 THEN -- as Redis: all at once, in order, scores that are 64-bit integers shown as such
        full_below := 9223372036854775807;
        SELECT r.members, r.scores INTO members, scores FROM redis.read_ranks(zset_id, zset_size, 0, -1, false) r;
    ELSE
        SELECT pg_catalog.array_agg(s.member), pg_catalog.array_agg(s.score), pg_catalog.max(s.hash) INTO members, scores, last
        FROM (SELECT coalesce(e.long_member, e.member) AS member, e.score, e.hash FROM redis.zset_members e
              WHERE e.id = zset_id AND e.hash >= bottom ORDER BY e.hash FETCH FIRST page ROWS WITH TIES) s;
        IF pg_catalog.cardinality(members) >= page THEN
            next_cursor := last::bigint + 1;
        END IF;
    END IF;
    regex := CASE WHEN pattern IS NOT NULL THEN redis.glob_regex(pattern, true) END;
    elements := ARRAY(
        SELECT CASE i.n WHEN 1 THEN u.member ELSE redis.score_bytes(u.score, full_below) END
        FROM ROWS FROM (pg_catalog.unnest(members), pg_catalog.unnest(scores)) WITH ORDINALITY AS u(member, score, n),
             (VALUES (1), (2)) AS i(n)
        WHERE regex IS NULL OR redis.glob_match(u.member, regex)
        ORDER BY u.n, i.n);
END $$;
COMMENT ON FUNCTION public.redis_zscan(bytea, bytea, bytea[]) IS
'ZSCAN key cursor [MATCH pattern] [COUNT count]
Some members of a sorted set with their scores and the cursor for the next call; start with 0, and 0 ends. What is in the set
throughout is returned. Errors: WRONGTYPE, an invalid cursor, wrong options.';
SELECT redis.register_command('zscan', 'redis_zscan', arity => -3,
  flags => 'readonly', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  tips => 'nondeterministic_output',
  since => '2.8.0', command_group => 'sorted-set', complexity => 'O(1)',
  summary => 'Iterates over the members of a sorted set.', reply => 'row',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "cursor", "type": "integer"},
    {"name": "pattern", "type": "pattern", "token": "MATCH", "flags": ["optional"]},
    {"name": "count", "type": "integer", "token": "COUNT", "flags": ["optional"]}]');

-- Set algebra over sorted sets and sets, whose members count as of score 1.

-- 'union', 'inter', or 'diff' (the first without all others) of ids (NULL: an empty one) with their sizes and weights, the scores
-- of a member joined by SUM, MIN or MAX. As in Redis scores are added in the order of the inputs' sizes. In order of scores; an
-- intersection stops at most members. Of 0 and -0 MIN and MAX take the one that comes first, where Postgres's keep the last: hence their order.
CREATE OR REPLACE FUNCTION redis.combine_zsets(
    operation text, ids bigint[], sizes bigint[], weights double precision[], aggregate text, most bigint,
    OUT members bytea[], OUT scores double precision[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
    inputs bigint[];               -- ids and weights in the order of calculation
    factors double precision[];
BEGIN
    members := '{}'::bytea[];
    scores := '{}'::double precision[];
    SELECT pg_catalog.array_agg(u.id ORDER BY u.size, u.n), pg_catalog.array_agg(u.weight ORDER BY u.size, u.n)
    INTO inputs, factors
    FROM ROWS FROM (pg_catalog.unnest(ids), pg_catalog.unnest(sizes), pg_catalog.unnest(weights))
        WITH ORDINALITY AS u(id, size, weight, n);
    IF operation = 'union' THEN
        SELECT coalesce(pg_catalog.array_agg(t.member ORDER BY t.score, t.member), members),
               coalesce(pg_catalog.array_agg(t.score ORDER BY t.score, t.member), scores)
        INTO members, scores
        FROM (SELECT s.member,
                     CASE aggregate WHEN 'MIN' THEN pg_catalog.min(s.score ORDER BY s.n DESC)
                                    WHEN 'MAX' THEN pg_catalog.max(s.score ORDER BY s.n DESC)
                                    ELSE redis.sum_scores(s.score ORDER BY s.n) END AS score
              FROM (SELECT i.n, coalesce(e.long_member, e.member) AS member, redis.weigh(e.score, i.weight) AS score
                    FROM ROWS FROM (pg_catalog.unnest(inputs), pg_catalog.unnest(factors)) WITH ORDINALITY AS i(id, weight, n)
                    CROSS JOIN LATERAL (SELECT z.score, z.member, z.long_member FROM redis.zset_members z WHERE z.id = i.id
                                        UNION ALL
                                        SELECT 1, p.member, p.long_member FROM redis.set_members p WHERE p.id = i.id) e) s
              GROUP BY s.member) t;
    ELSIF operation = 'diff' THEN
        SELECT coalesce(pg_catalog.array_agg(t.member ORDER BY t.score, t.member), members),
               coalesce(pg_catalog.array_agg(t.score ORDER BY t.score, t.member), scores)
        INTO members, scores
        FROM (SELECT coalesce(e.long_member, e.member) AS member, e.score FROM redis.scored_elements(ids[1]) e
              WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest(ids[2:]) AS o(id)
                                WHERE redis.element_score(o.id, e.member) IS NOT NULL)) t;
    ELSIF pg_catalog.array_position(ids, NULL) IS NULL THEN
        SELECT coalesce(pg_catalog.array_agg(t.member ORDER BY t.score, t.member), members),
               coalesce(pg_catalog.array_agg(t.score ORDER BY t.score, t.member), scores)
        INTO members, scores
        FROM (SELECT coalesce(e.long_member, e.member) AS member, a.score
              FROM redis.scored_elements(inputs[1]) e
              CROSS JOIN LATERAL (
                  SELECT pg_catalog.bool_and(v.score IS NOT NULL) AS everywhere,
                         CASE aggregate WHEN 'MIN' THEN pg_catalog.min(v.score ORDER BY v.n DESC) FILTER (WHERE v.score <> 'NaN')
                                        WHEN 'MAX' THEN pg_catalog.max(v.score ORDER BY v.n DESC) FILTER (WHERE v.score <> 'NaN')
                                        ELSE redis.sum_scores(v.score ORDER BY v.n) END AS score
                  -- Redis makes 0 of what is no number here too, but only in the first of them.
                  FROM (SELECT i.n, CASE WHEN i.n = 1 THEN redis.weigh(redis.element_score(i.id, e.member), i.weight)
                                         ELSE redis.multiply_floats(redis.element_score(i.id, e.member), i.weight) END AS score
                        FROM ROWS FROM (pg_catalog.unnest(inputs), pg_catalog.unnest(factors)) WITH ORDINALITY AS i(id, weight, n)
                        OFFSET 0) v) a
              WHERE a.everywhere LIMIT most) t;
    END IF;
END $$;

-- A score times a weight; 0 where that is no number.
CREATE OR REPLACE FUNCTION redis.weigh(score double precision, weight double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN weight = 1 THEN score
                WHEN score IS NOT NULL THEN coalesce(nullif(redis.multiply_floats(score, weight), 'NaN'), 0) END
$$;

-- The members of a sorted set or set, as stored, and of one its score. Ids belong to one collection only, whatever its type.
CREATE OR REPLACE FUNCTION redis.scored_elements(id bigint)
RETURNS TABLE (member bytea, long_member bytea, score double precision)
LANGUAGE sql STABLE AS $$
    SELECT z.member, z.long_member, z.score FROM redis.zset_members z WHERE z.id = scored_elements.id
    UNION ALL
    SELECT p.member, p.long_member, 1 FROM redis.set_members p WHERE p.id = scored_elements.id
$$;

CREATE OR REPLACE FUNCTION redis.element_score(id bigint, member bytea) RETURNS double precision
LANGUAGE plpgsql STABLE AS $$
DECLARE
    h constant integer := redis.member_hash(member);
BEGIN
    RETURN coalesce(
        (SELECT z.score FROM redis.zset_members z
         WHERE z.id = element_score.id AND z.hash = h AND z.member = element_score.member ORDER BY z.turn DESC LIMIT 1),
        (SELECT 1 FROM redis.set_members p WHERE p.id = element_score.id AND p.member = element_score.member));
END $$;

-- The keys before it is known whether numkeys is a possible number of them.
CREATE OR REPLACE FUNCTION redis.first_keys(arguments bytea[], numkeys bigint) RETURNS bytea[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
'SELECT arguments[:least(greatest(numkeys, 0), pg_catalog.cardinality(arguments))]';

-- ZUNION, ZINTER, ZDIFF, ZINTERCARD and their STORE forms: numkeys, then the keys and options. form is '' for a plain read,
-- 'store' or 'card'.
CREATE OR REPLACE FUNCTION redis.combine_zset_command(
    command text, operation text, form text, numkeys bigint, arguments bytea[],
    OUT members bytea[], OUT scores double precision[], OUT with_scores boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    words constant integer := pg_catalog.cardinality(arguments);
    ids bigint[];
    sizes bigint[];
    weights double precision[] := pg_catalog.array_fill(1::double precision, ARRAY[least(greatest(numkeys, 0), words)::integer]);
    aggregate text := 'SUM';
    most bigint := 0;              -- 0: all
    i bigint := least(numkeys, words) + 1;
    word text;
BEGIN
    IF numkeys < 1 THEN
        PERFORM redis.raise_error(pg_catalog.format('ERR at least 1 input key is needed for ''%s'' command', command));
    ELSIF numkeys > words THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    SELECT f.ids, f.sizes INTO ids, sizes
    FROM redis.find_all_members(redis.db(), redis.index_keys(arguments[:numkeys]), '{z,S}') f;
    with_scores := false;
    WHILE i <= words LOOP
        word := pg_catalog.upper(pg_catalog.encode(arguments[i], 'escape'));
        IF word = 'WEIGHTS' AND operation <> 'diff' AND form <> 'card' AND i + numkeys <= words THEN
            weights := ARRAY(SELECT redis.parse_float(u.weight, 'ERR weight value is not a float')
                             FROM pg_catalog.unnest(arguments[i + 1 : i + numkeys]) WITH ORDINALITY AS u(weight, n) ORDER BY u.n);
            i := i + numkeys + 1;
        ELSIF word = 'AGGREGATE' AND operation <> 'diff' AND form <> 'card' AND i < words THEN
            aggregate := pg_catalog.upper(pg_catalog.encode(arguments[i + 1], 'escape'));
            IF aggregate NOT IN ('SUM', 'MIN', 'MAX') THEN
                PERFORM redis.raise_syntax_error();
            END IF;
            i := i + 2;
        ELSIF word = 'WITHSCORES' AND form = '' THEN
            with_scores := true;
            i := i + 1;
        ELSIF word = 'LIMIT' AND form = 'card' AND i < words THEN
            most := redis.parse_integer(arguments[i + 1], 'ERR LIMIT can''t be negative');
            IF most < 0 THEN
                PERFORM redis.raise_error('ERR LIMIT can''t be negative');
            END IF;
            i := i + 2;
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
    END LOOP;
    SELECT c.members, c.scores INTO members, scores
    FROM redis.combine_zsets(operation, ids, sizes, weights, aggregate, nullif(most, 0)) c;
END $$;

CREATE OR REPLACE FUNCTION public.redis_zintercard(numkeys bigint, VARIADIC arguments bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN pg_catalog.cardinality((redis.combine_zset_command('zintercard', 'inter', 'card', numkeys, arguments)).members);
END $$;
COMMENT ON FUNCTION public.redis_zintercard(bigint, bytea[]) IS
'ZINTERCARD numkeys key [key ...] [LIMIT limit]
How many members are in all of the sorted sets or sets, counting no further than the limit (0: none). Errors: WRONGTYPE, wrong
arguments.';
SELECT redis.register_command('zintercard', 'redis_zintercard', arity => -3,
  flags => 'readonly movablekeys', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "keynum": [0, 1, 1]}]',
  since => '7.0.0', command_group => 'sorted-set', complexity => 'O(N*K)',
  summary => 'Counts the members that several sorted sets have in common.', lane => 'slow',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]},
    {"name": "limit", "type": "integer", "token": "LIMIT", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zunion(numkeys bigint, VARIADIC arguments bytea[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.combine_zset_command('zunion', 'union', '', numkeys, arguments) c,
         redis.scored_rows(c.members, c.scores, c.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zunion(bigint, bytea[]) IS
'ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
The members in any of the sorted sets or sets, their scores weighted and joined, in order; scores are NULL unless
asked for. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zunion', 'redis_zunion', arity => -3,
  flags => 'readonly movablekeys', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "keynum": [0, 1, 1]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(N)',
  summary => 'Returns the members in any of the sorted sets or sets.', reply => 'pairs', lane => 'slow',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]},
    {"name": "weight", "type": "integer", "token": "WEIGHTS", "flags": ["optional", "multiple"]},
    {"name": "aggregate", "type": "oneof", "token": "AGGREGATE", "flags": ["optional"],
    "arguments": [{"name": "sum", "type": "pure-token", "token": "SUM"},
    {"name": "min", "type": "pure-token", "token": "MIN"}, {"name": "max", "type": "pure-token", "token": "MAX"}]},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zunionstore(destination bytea, numkeys bigint, VARIADIC arguments bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(destination || redis.first_keys(arguments, numkeys)));
    r record;
BEGIN
    SELECT c.members, c.scores INTO r
    FROM redis.combine_zset_command('zunionstore', 'union', 'store', numkeys, arguments) c;
    RETURN redis.put_zset(d, destination, r.members, r.scores, 'zunionstore');
END $$;
COMMENT ON FUNCTION public.redis_zunionstore(bytea, bigint, bytea[]) IS
'ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
Makes destination a sorted set of the members in any of the sorted sets or sets,
whatever it was. Returns how many there are. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zunionstore', 'redis_zunionstore', arity => -4,
  flags => 'write denyoom movablekeys', categories => 'write sortedset slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(N)',
  summary => 'Stores the members in any of the sorted sets or sets.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0}, {"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]},
    {"name": "weight", "type": "integer", "token": "WEIGHTS", "flags": ["optional", "multiple"]},
    {"name": "aggregate", "type": "oneof", "token": "AGGREGATE", "flags": ["optional"],
    "arguments": [{"name": "sum", "type": "pure-token", "token": "SUM"},
    {"name": "min", "type": "pure-token", "token": "MIN"}, {"name": "max", "type": "pure-token", "token": "MAX"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zinter(numkeys bigint, VARIADIC arguments bytea[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.combine_zset_command('zinter', 'inter', '', numkeys, arguments) c,
         redis.scored_rows(c.members, c.scores, c.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zinter(bigint, bytea[]) IS
'ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
The members in all of the sorted sets or sets, their scores weighted and joined, in order; scores are NULL unless
asked for. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zinter', 'redis_zinter', arity => -3,
  flags => 'readonly movablekeys', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "keynum": [0, 1, 1]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(N*K)',
  summary => 'Returns the members in all of the sorted sets or sets.', reply => 'pairs', lane => 'slow',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]},
    {"name": "weight", "type": "integer", "token": "WEIGHTS", "flags": ["optional", "multiple"]},
    {"name": "aggregate", "type": "oneof", "token": "AGGREGATE", "flags": ["optional"],
    "arguments": [{"name": "sum", "type": "pure-token", "token": "SUM"},
    {"name": "min", "type": "pure-token", "token": "MIN"}, {"name": "max", "type": "pure-token", "token": "MAX"}]},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zinterstore(destination bytea, numkeys bigint, VARIADIC arguments bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(destination || redis.first_keys(arguments, numkeys)));
    r record;
BEGIN
    SELECT c.members, c.scores INTO r
    FROM redis.combine_zset_command('zinterstore', 'inter', 'store', numkeys, arguments) c;
    RETURN redis.put_zset(d, destination, r.members, r.scores, 'zinterstore');
END $$;
COMMENT ON FUNCTION public.redis_zinterstore(bytea, bigint, bytea[]) IS
'ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
Makes destination a sorted set of the members in all of the sorted sets or sets,
whatever it was. Returns how many there are. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zinterstore', 'redis_zinterstore', arity => -4,
  flags => 'write denyoom movablekeys', categories => 'write sortedset slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '2.0.0', command_group => 'sorted-set', complexity => 'O(N*K)',
  summary => 'Stores the members in all of the sorted sets or sets.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0}, {"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]},
    {"name": "weight", "type": "integer", "token": "WEIGHTS", "flags": ["optional", "multiple"]},
    {"name": "aggregate", "type": "oneof", "token": "AGGREGATE", "flags": ["optional"],
    "arguments": [{"name": "sum", "type": "pure-token", "token": "SUM"},
    {"name": "min", "type": "pure-token", "token": "MIN"}, {"name": "max", "type": "pure-token", "token": "MAX"}]}]');

CREATE OR REPLACE FUNCTION public.redis_zdiff(numkeys bigint, VARIADIC arguments bytea[])
RETURNS TABLE (member bytea, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT s.member, s.score
    FROM redis.combine_zset_command('zdiff', 'diff', '', numkeys, arguments) c,
         redis.scored_rows(c.members, c.scores, c.with_scores) s;
END $$;
COMMENT ON FUNCTION public.redis_zdiff(bigint, bytea[]) IS
'ZDIFF numkeys key [key ...] [WITHSCORES]
The members of the first sorted set or set that are in none of the others in order; scores are NULL unless
asked for. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zdiff', 'redis_zdiff', arity => -3,
  flags => 'readonly movablekeys', categories => 'read sortedset slow',
  key_specs => '[{"flags": "RO access", "index": 1, "keynum": [0, 1, 1]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(L + (N-K)log(N))',
  summary => 'Returns the members of a first sorted set or set that no other has.', reply => 'pairs', lane => 'slow',
  arguments => '[{"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 0, "flags": ["multiple"]},
    {"name": "withscores", "type": "pure-token", "token": "WITHSCORES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_zdiffstore(destination bytea, numkeys bigint, VARIADIC arguments bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    done boolean := redis.lock_keys(d, redis.index_keys(destination || redis.first_keys(arguments, numkeys)));
    r record;
BEGIN
    SELECT c.members, c.scores INTO r
    FROM redis.combine_zset_command('zdiffstore', 'diff', 'store', numkeys, arguments) c;
    RETURN redis.put_zset(d, destination, r.members, r.scores, 'zdiffstore');
END $$;
COMMENT ON FUNCTION public.redis_zdiffstore(bytea, bigint, bytea[]) IS
'ZDIFFSTORE destination numkeys key [key ...]
Makes destination a sorted set of the members of the first sorted set or set that are in none of the others,
whatever it was. Returns how many there are. Errors: WRONGTYPE, wrong arguments.';
SELECT redis.register_command('zdiffstore', 'redis_zdiffstore', arity => -4,
  flags => 'write denyoom movablekeys', categories => 'write sortedset slow',
  key_specs => '[{"flags": "OW update", "index": 1, "range": [0, 1, 0]},
    {"flags": "RO access", "index": 2, "keynum": [0, 1, 1]}]',
  since => '6.2.0', command_group => 'sorted-set', complexity => 'O(L + (N-K)log(N))',
  summary => 'Stores the members of the first sorted set or set that are in none of the others.', lane => 'slow',
  arguments => '[{"name": "destination", "type": "key", "key_spec_index": 0}, {"name": "numkeys", "type": "integer"},
    {"name": "key", "type": "key", "key_spec_index": 1, "flags": ["multiple"]}]');
