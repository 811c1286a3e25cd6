-- Strings: the value is in the key's row.

CREATE OR REPLACE FUNCTION public.redis_get(key bytea) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    key_type "char";
    expiry bigint;
    result bytea;
BEGIN
    SELECT x.type, x.expires_at, x.value INTO key_type, expiry, result FROM redis.keys x WHERE x.db = d AND x.key = k;
    IF expiry <= redis.now_ms() THEN
        RETURN NULL;
    END IF;
    IF key_type <> 's' THEN
        PERFORM redis.raise_wrongtype();
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION public.redis_get(bytea) IS
'GET key
The value of a string; NULL when the key is absent. Errors: WRONGTYPE.';
SELECT redis.register_command('get', 'redis_get', arity => 2,
  flags => 'readonly fast', categories => 'read string fast',
  key_specs => '[{"flags": "RO access", "index": 1, "range": [0, 1, 0]}]',
  since => '1.0.0', command_group => 'string', complexity => 'O(1)',
  summary => 'Returns the value of a string.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}]');

-- Makes key a string of this value, whatever it was: the plain SET, and the end of all its forms. The key is locked.
CREATE OR REPLACE FUNCTION redis.put_string(d smallint, key bytea, value bytea, expires_at bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    k constant bytea := redis.index_key(key);
    done boolean;
BEGIN
    UPDATE redis.keys x
    SET value = put_string.value, expires_at = put_string.expires_at,
        sweep_at = redis.schedule_sweep(d, k, x.id, put_string.expires_at, x.sweep_at)
    WHERE x.db = d AND x.key = k AND x.type = 's';
    IF NOT FOUND THEN
        done := redis.delete_key(d, k);
        PERFORM redis.create_key(d, key, 's', value => put_string.value, expires_at => put_string.expires_at);
    END IF;
    RETURN redis.changed(d, k, '$', 'set');
END $$;

CREATE OR REPLACE FUNCTION public.redis_set(key bytea, value bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    done boolean := redis.lock_key(d, k);
BEGIN
    UPDATE redis.keys x SET value = redis_set.value, expires_at = NULL WHERE x.db = d AND x.key = k AND x.type = 's';
    IF FOUND THEN
        done := redis.changed(d, k, '$', 'set');
    ELSE
        done := redis.put_string(d, key, value);
    END IF;
    RETURN 'OK';
END $$;
