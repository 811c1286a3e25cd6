-- Redis's number rules over bytes.

-- Redis's strict integer: an optional minus, no leading zero, no blanks, 64 bits. NULL when it is none.
CREATE OR REPLACE FUNCTION redis.try_integer(v bytea) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    digits text;
    wide numeric;
BEGIN
    IF pg_catalog.octet_length(v) > 20 THEN
        RETURN NULL;
    END IF;
    digits := pg_catalog.encode(v, 'escape');
    IF digits !~ '^(0|-?[1-9][0-9]*)$' THEN
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
CREATE OR REPLACE FUNCTION redis.parse_integer(v bytea, message text DEFAULT 'ERR value is not an integer or out of range')
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant bigint := redis.try_integer(v);
BEGIN
    IF n IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = message;
    END IF;
    RETURN n;
END $$;

-- The same for option words, quickly for the usual number.
CREATE OR REPLACE FUNCTION redis.parse_integer(v text, message text DEFAULT 'ERR value is not an integer or out of range')
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN v ~ '^[1-9][0-9]{0,17}$' THEN v::bigint ELSE redis.parse_integer(pg_catalog.convert_to(v, 'UTF8'), message) END
$$;

-- An integer as Redis stores and shows it.
CREATE OR REPLACE FUNCTION redis.integer_bytes(n bigint) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.decode(n::text, 'escape')
$$;

-- x times 2 to the power n, exactly.
CREATE OR REPLACE FUNCTION redis.scale_binary(x numeric, n integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN n >= 0 THEN x * pg_catalog.round(pg_catalog.power(2::numeric, n))
                ELSE x * pg_catalog.round(pg_catalog.power(5::numeric, -n)) * ('1e' || n)::numeric END
$$;

-- Rounds to so many decimals, a tie to the even neighbour, as C does.
CREATE OR REPLACE FUNCTION redis.round_half_even(x numeric, places integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.abs(pg_catalog.round(x, places) - x) = ('5e' || -places - 1)::numeric
                THEN 2 * pg_catalog.round(x * 0.5, places) ELSE pg_catalog.round(x, places) END
$$;

-- A number as C's strtod reads it, exactly: decimal, hexadecimal or infinity. NULL when it is none, or so large or small that no
-- floating-point type holds it.
CREATE OR REPLACE FUNCTION redis.try_number(v bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    word text;
    parts text[];                  -- digits before the point, digits after it, exponent
    exponent numeric;
    result numeric := 0;
BEGIN
    IF pg_catalog.octet_length(v) >= 5120 THEN
        RETURN NULL;
    END IF;
    word := pg_catalog.lower(pg_catalog.encode(v, 'escape'));
    parts := pg_catalog.regexp_match(word, '^[+-]?(?=\.?[0-9])([0-9]*)\.?([0-9]*)(?:e([+-]?[0-9]+))?$');
    IF parts IS NOT NULL THEN
        exponent := coalesce(parts[3], '0')::numeric;
        IF pg_catalog.ltrim(parts[1] || parts[2], '0') = '' THEN
            RETURN 0;
        ELSIF exponent NOT BETWEEN -10000 AND 10000 THEN
            RETURN NULL;
        END IF;
        result := (parts[1] || parts[2])::numeric * ('1e' || exponent - pg_catalog.length(parts[2]))::numeric;
    ELSIF word ~ '^[+-]?inf(inity)?$' THEN
        result := 'Infinity';
    ELSE
        parts := pg_catalog.regexp_match(word, '^[+-]?0x(?=\.?[0-9a-f])([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?[0-9]+))?$');
        exponent := coalesce(parts[3], '0')::numeric;
        IF parts IS NULL OR exponent NOT BETWEEN -20000 AND 20000 THEN
            RETURN NULL;
        END IF;
        FOR i IN 1 .. pg_catalog.length(parts[1] || parts[2]) LOOP
            result := result * 16 + pg_catalog.strpos('0123456789abcdef', pg_catalog.substr(parts[1] || parts[2], i, 1)) - 1;
        END LOOP;
        result := redis.scale_binary(result, exponent::integer - 4 * pg_catalog.length(parts[2]));
    END IF;
    RETURN CASE WHEN word LIKE '-%' THEN -result ELSE result END;
END $$;

-- Redis's float argument: any number that strtod takes whole and that a double holds. NULL when it is none.
CREATE OR REPLACE FUNCTION redis.try_float(v bytea) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n numeric;
BEGIN
    IF pg_catalog.octet_length(v) < 300 AND pg_catalog.encode(v, 'escape') ~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$' THEN
        RETURN pg_catalog.encode(v, 'escape')::double precision;
    END IF;
    n := redis.try_number(v);
    IF pg_catalog.abs(n) = 'Infinity' THEN
        RETURN n::double precision;
    ELSIF n <> 0 AND pg_catalog.abs(n) NOT BETWEEN 2.4703282292062328e-324 AND 1.797693134862315807e308 THEN
        RETURN NULL;
    END IF;
    RETURN n::double precision;
END $$;

-- The same; raises the error.
CREATE OR REPLACE FUNCTION redis.parse_float(v bytea, message text DEFAULT 'ERR value is not a valid float')
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant double precision := redis.try_float(v);
BEGIN
    IF n IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = message;
    END IF;
    RETURN n;
END $$;

-- INCRBYFLOAT and HINCRBYFLOAT calculate with C's long double (x86: 64 significant bits), and every digit of its rounding shows in
-- the replies. Here such a number is a numeric of exactly that value.

-- The nearest long double; infinite above the largest.
CREATE OR REPLACE FUNCTION redis.round_long_double(x numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    size constant numeric := pg_catalog.abs(x);
    bits bytea;
    exponent integer;              -- of the last of the 64 bits
    mantissa numeric;
BEGIN
    IF size < 1e-40 OR size < 18446744073709551616 AND size = pg_catalog.trunc(size) THEN
        RETURN x; -- a small integer is exact; of so small a fraction no digit ever shows
    ELSIF size >= 1.18973149535723176505351158983e4932 THEN
        RETURN pg_catalog.sign(x) * 'Infinity'::numeric;
    ELSIF size BETWEEN 1e-300 AND 1e300 THEN
        bits := pg_catalog.float8send(size::double precision);
        exponent := (pg_catalog.get_byte(bits, 0) << 4) + (pg_catalog.get_byte(bits, 1) >> 4) - 1023 - 63;
    ELSE
        exponent := pg_catalog.floor(pg_catalog.log(2, size))::integer - 63;
    END IF;
    mantissa := redis.scale_binary(size, -exponent);
    IF mantissa < 9223372036854775808 OR mantissa >= 18446744073709551616 THEN -- the estimate was one off
        exponent := exponent + CASE WHEN mantissa < 9223372036854775808 THEN -1 ELSE 1 END;
        mantissa := redis.scale_binary(size, -exponent);
    END IF;
    RETURN pg_catalog.sign(x) * redis.scale_binary(redis.round_half_even(mantissa, 0), exponent);
END $$;

-- Redis's float where it calculates with long doubles; NULL when it is none.
CREATE OR REPLACE FUNCTION redis.try_long_double(v bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant numeric := redis.try_number(v);
    result numeric;
BEGIN
    IF n <> 0 AND pg_catalog.abs(n) < 1.8225997659412373013e-4951 THEN
        RETURN NULL;
    END IF;
    result := redis.round_long_double(n);
    RETURN CASE WHEN pg_catalog.abs(n) <> 'Infinity' AND pg_catalog.abs(result) = 'Infinity' THEN NULL ELSE result END;
END $$;

-- The same; raises the error.
CREATE OR REPLACE FUNCTION redis.parse_long_double(v bytea, message text DEFAULT 'ERR value is not a valid float') RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n constant numeric := redis.try_long_double(v);
BEGIN
    IF n IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = message;
    END IF;
    RETURN n;
END $$;

-- The sum of two long doubles as Redis stores and shows it: up to 17 decimals, trailing zeros removed.
CREATE OR REPLACE FUNCTION redis.add_long_doubles(a numeric, b numeric) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    total constant numeric := redis.round_long_double(a + b);
BEGIN
    IF pg_catalog.abs(total) IN ('Infinity', 'NaN') THEN
        RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR increment would produce NaN or Infinity';
    END IF;
    RETURN pg_catalog.decode(pg_catalog.trim_scale(redis.round_half_even(total, 17))::text, 'escape');
END $$;
