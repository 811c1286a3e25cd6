-- The registry of commands. Each family file registers its commands beside their functions.

-- Registers (or replaces) one command. Lists of words are separated by blanks. Only name, function and arity are needed: a
-- command of one's own is `CREATE FUNCTION` and this call.
CREATE OR REPLACE FUNCTION redis.register_command(
    name text, function text, arity integer, flags text DEFAULT '', categories text DEFAULT '', key_specs jsonb DEFAULT '[]',
    reply text DEFAULT '', lane text DEFAULT 'quick', summary text DEFAULT '', since text DEFAULT '', command_group text DEFAULT '',
    complexity text DEFAULT '', arguments jsonb DEFAULT NULL, tips text DEFAULT '', deprecated_since text DEFAULT NULL,
    replaced_by text DEFAULT NULL, doc_flags text DEFAULT NULL, built_in boolean DEFAULT coalesce(pg_catalog.current_setting('redis.deploying', true) = 'on', false)) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.commands c WHERE c.name = pg_catalog.lower(register_command.name);
    INSERT INTO redis.commands (name, function, arity, flags, categories, key_specs, tips, reply, lane, built_in, summary, since,
                                command_group, complexity, arguments, deprecated_since, replaced_by, doc_flags)
    VALUES (pg_catalog.lower(name), function, arity, pg_catalog.string_to_array(flags, ' '), pg_catalog.string_to_array(categories, ' '),
            key_specs, pg_catalog.string_to_array(tips, ' '), reply, lane, built_in, summary, since, command_group, complexity, arguments,
            deprecated_since, replaced_by, pg_catalog.string_to_array(doc_flags, ' '));
    PERFORM pg_catalog.pg_notify('redis', 'registry');
END $$;
COMMENT ON FUNCTION redis.register_command IS
'redis.register_command(name, function, arity, …): makes an SQL function a Redis command; all proxies know it at commit.';
