-- Errors that clients see. SQLSTATE class RD is reserved for them: MESSAGE is exactly Redis's error text.

CREATE OR REPLACE FUNCTION redis.raise_error(message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = message;
END $$;
COMMENT ON FUNCTION redis.raise_error(text) IS 'Raises a Redis error: MESSAGE is the reply a client gets, SQLSTATE RD000.';

CREATE OR REPLACE FUNCTION redis.raise_wrongtype() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
END $$;

CREATE OR REPLACE FUNCTION redis.raise_syntax_error() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR syntax error';
END $$;

CREATE OR REPLACE FUNCTION redis.raise_not_integer() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR value is not an integer or out of range';
END $$;

CREATE OR REPLACE FUNCTION redis.raise_wrong_arity(command text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000',
        MESSAGE = pg_catalog.format('ERR wrong number of arguments for ''%s'' command', command);
END $$;

CREATE OR REPLACE FUNCTION redis.raise_isolation() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR pgredis writes need the isolation level READ COMMITTED';
END $$;

-- Raised by a function that carries out many calls at once, where it meets something unusual: the proxy then makes them one by one.
CREATE OR REPLACE FUNCTION redis.one_by_one() RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR these calls cannot be carried out at once';
END $$;
