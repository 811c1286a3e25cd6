-- Redis's number rules over bytes.

-- Redis's strict integer: an optional minus, no leading zero, no blanks, 64 bits. NULL when it is none.
CREATE OR REPLACE FUNCTION redis.try_integer(v bytea) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    digits constant text := pg_catalog.encode(v, 'escape');
    wide numeric;
BEGIN
    IF pg_catalog.octet_length(v) > 20 OR digits !~ '^(0|-?[1-9][0-9]*)$' THEN
        RETURN NULL;
    END IF;
    IF pg_catalog.octet_length(v) < 19 THEN
        RETURN digits::bigint;
    END IF;
    wide := digits::numeric;
    IF wide NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
        RETURN NULL;
    END IF;
    RETURN wide::bigint;
END $$;

-- The same; raises the error (Redis's usual text unless another is given).
CREATE OR REPLACE FUNCTION redis.parse_integer(v bytea, message text DEFAULT 'ERR value is not an integer or out of range') RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant bigint := redis.try_integer(v);
BEGIN
    IF n IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = message;
    END IF;
    RETURN n;
END $$;

-- An integer as Redis stores and shows it.
CREATE OR REPLACE FUNCTION redis.integer_bytes(n bigint) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.decode(n::text, 'escape')
$$;
