-- Redis's glob patterns (KEYS, SCAN MATCH and all others), as regular expressions over a text that has one character for each byte:
-- Latin-1's, and U+0100 for byte 0, which text cannot hold. A pattern is translated once a call, then Postgres's matcher does the rest.
-- And what the SCAN commands have in common.

CREATE OR REPLACE FUNCTION redis.glob_text(b bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.position(b, '\x00'::bytea) = 0 THEN pg_catalog.convert_from(b, 'LATIN1') ELSE redis.glob_text_with_zeros(b) END
$$;

CREATE OR REPLACE FUNCTION redis.glob_text_with_zeros(b bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.string_agg(pg_catalog.chr(coalesce(nullif(pg_catalog.get_byte(b, i), 0), 256)), '' ORDER BY i)
    FROM pg_catalog.generate_series(0, pg_catalog.octet_length(b) - 1) AS i
$$;

-- Does a value match the regular expression of a pattern?
CREATE OR REPLACE FUNCTION redis.glob_match(b bytea, regex text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT redis.glob_text(b) COLLATE "C" ~ regex
$$;

-- One byte, or a range of bytes in a class, as the regular expression has them.
CREATE OR REPLACE FUNCTION redis.glob_byte(b integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '\u' || pg_catalog.lpad(pg_catalog.to_hex(coalesce(nullif(b, 0), 256)), 4, '0')
$$;

-- Redis compares the ends of a range as signed bytes, either way round: 0x80 to 0xff come before 0.
CREATE OR REPLACE FUNCTION redis.glob_range(a integer, b integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    low constant integer := least((a + 128) % 256, (b + 128) % 256) - 128;
    high constant integer := greatest((a + 128) % 256, (b + 128) % 256) - 128;
BEGIN
    RETURN CASE WHEN low < 0 THEN redis.glob_byte(low + 256) || '-' || redis.glob_byte(least(high, -1) + 256) ELSE '' END
        || CASE WHEN low <= 0 AND high >= 0 THEN redis.glob_byte(0) ELSE '' END
        || CASE WHEN high > 0 THEN redis.glob_byte(greatest(low, 1)) || '-' || redis.glob_byte(high) ELSE '' END;
END $$;

-- The bytes every match of a pattern begins with, no longer than what redis.index_key keeps of a long key.
CREATE OR REPLACE FUNCTION redis.glob_prefix(pattern bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    length constant integer := least(pg_catalog.octet_length(pattern), 1969);
    i integer := 0;
BEGIN
    WHILE i < length AND pg_catalog.get_byte(pattern, i) NOT IN (42, 63, 91, 92) LOOP -- * ? [ \
        i := i + 1;
    END LOOP;
    RETURN pg_catalog.substr(pattern, 1, i);
END $$;

-- The end (exclusive) of the stored keys that begin with a prefix. 2002 times 0xff is above them all.
CREATE OR REPLACE FUNCTION redis.prefix_end(prefix bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    last integer := pg_catalog.octet_length(prefix) - 1;
BEGIN
    WHILE last >= 0 AND pg_catalog.get_byte(prefix, last) = 255 LOOP
        last := last - 1;
    END LOOP;
    IF last < 0 THEN
        RETURN pg_catalog.decode(pg_catalog.repeat('ff', 2002), 'hex');
    END IF;
    RETURN pg_catalog.set_byte(pg_catalog.substr(prefix, 1, last + 1), last, pg_catalog.get_byte(prefix, last) + 1);
END $$;

-- The regular expression of a pattern; NULL when there is none, or its redis.glob_prefix() says it all, as in 'user:*'. To be used as
-- `(regex IS NULL OR redis.glob_match(bytes, regex))` where the
-- prefix bounds the keys, else take redis.glob_regex(pattern, true).
CREATE OR REPLACE FUNCTION redis.glob_regex(pattern bytea, whole boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    length constant integer := pg_catalog.octet_length(pattern);
    i integer := 0;                -- the byte looked at
    byte integer;
    negated boolean;
    class text;
    parts text[] := ARRAY[]::text[];
BEGIN
    IF NOT whole AND length > 0 AND pg_catalog.get_byte(pattern, length - 1) = 42
       AND redis.glob_prefix(pattern) = pg_catalog.substr(pattern, 1, length - 1) THEN
        RETURN NULL;
    END IF;
    -- Oddly, of all patterns made of stars only '*' itself matches the empty string.
    IF length > 1 AND pg_catalog.btrim(pattern, '*'::bytea) = ''::bytea THEN
        RETURN '^.+$';
    END IF;
    WHILE i < length LOOP
        byte := pg_catalog.get_byte(pattern, i);
        IF byte = 42 THEN                                                       -- *
            IF parts[pg_catalog.cardinality(parts)] IS DISTINCT FROM '.*' THEN
                parts := parts || '.*'::text;
            END IF;
        ELSIF byte = 63 THEN                                                    -- ?
            parts := parts || '.'::text;
        ELSIF byte = 91 THEN                                                    -- [ up to ] or the end of the pattern
            i := i + 1;
            negated := i < length AND pg_catalog.get_byte(pattern, i) = 94;     -- ^
            IF negated THEN
                i := i + 1;
            END IF;
            class := '';
            WHILE i < length LOOP
                byte := pg_catalog.get_byte(pattern, i);
                IF byte = 92 AND i + 1 < length THEN                            -- \
                    i := i + 1;
                    class := class || redis.glob_byte(pg_catalog.get_byte(pattern, i));
                ELSIF byte = 93 THEN                                            -- ]
                    EXIT;
                ELSIF i + 2 < length AND pg_catalog.get_byte(pattern, i + 1) = 45 THEN -- a range, whose end may be any byte
                    class := class || redis.glob_range(byte, pg_catalog.get_byte(pattern, i + 2));
                    i := i + 2;
                ELSE
                    class := class || redis.glob_byte(byte);
                END IF;
                i := i + 1;
            END LOOP;
            IF class = '' THEN
                parts := parts || CASE WHEN negated THEN '.' ELSE '(?!.).' END; -- any byte, or none
            ELSE
                parts := parts || ('[' || CASE WHEN negated THEN '^' ELSE '' END || class || ']');
            END IF;
        ELSE
            IF byte = 92 AND i + 1 < length THEN                                -- \
                i := i + 1;
                byte := pg_catalog.get_byte(pattern, i);
            END IF;
            parts := parts || redis.glob_byte(byte);
        END IF;
        i := i + 1;
    END LOOP;
    RETURN '^' || pg_catalog.array_to_string(parts, '') || '$';
END $$;

-- A cursor as the SCAN commands read it: what strtoul() takes, up to 64 bits.
CREATE OR REPLACE FUNCTION redis.parse_cursor(cursor bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    digits constant text := pg_catalog.encode(cursor, 'escape');
    n numeric;
BEGIN
    IF digits ~ '^([+-]?[0-9]+)?$' AND pg_catalog.length(digits) < 1000 THEN
        n := coalesce(nullif(digits, ''), '0')::numeric;
        IF n BETWEEN -18446744073709551615 AND 18446744073709551615 THEN
            RETURN CASE WHEN n < 0 THEN 18446744073709551616 + n ELSE n END;
        END IF;
    END IF;
    PERFORM redis.raise_error('ERR invalid cursor');
    RETURN NULL;
END $$;

-- MATCH, COUNT and, where allowed, TYPE after a cursor.
CREATE OR REPLACE FUNCTION redis.parse_scan_options(
    options bytea[], allow_type boolean, OUT match bytea, OUT count bigint, OUT type bytea)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words constant integer := pg_catalog.cardinality(options);
    i integer := 1;
    word text;
BEGIN
    count := 10;
    WHILE i <= words LOOP
        word := pg_catalog.upper(pg_catalog.encode(options[i], 'escape'));
        IF i = words THEN
            PERFORM redis.raise_syntax_error();
        ELSIF word = 'COUNT' THEN
            count := redis.parse_integer(options[i + 1]);
            IF count < 1 THEN
                PERFORM redis.raise_syntax_error();
            END IF;
        ELSIF word = 'MATCH' THEN
            match := options[i + 1];
        ELSIF word = 'TYPE' AND allow_type THEN
            type := options[i + 1];
        ELSE
            PERFORM redis.raise_syntax_error();
        END IF;
        i := i + 2;
    END LOOP;
END $$;
