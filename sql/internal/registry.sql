-- The registry of commands. Each family file registers its commands beside their functions.

-- Registers (or replaces) one command. Lists of words are separated by blanks. Only name, function and arity are needed: a
-- command of one's own is `CREATE FUNCTION` and this call.
CREATE OR REPLACE FUNCTION redis.register_command(
    name text, function text, arity integer, flags text DEFAULT '', categories text DEFAULT '', key_specs jsonb DEFAULT '[]',
    reply text DEFAULT '', lane text DEFAULT 'quick', summary text DEFAULT '', since text DEFAULT '', command_group text DEFAULT '',
    complexity text DEFAULT '', arguments jsonb DEFAULT NULL, tips text DEFAULT '', deprecated_since text DEFAULT NULL,
    replaced_by text DEFAULT NULL, doc_flags text DEFAULT NULL, batch text DEFAULT NULL,
    waiting text DEFAULT NULL, timeout text DEFAULT NULL,
    built_in boolean DEFAULT coalesce(pg_catalog.current_setting('redis.deploying', true) = 'on', false)) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM redis.commands c WHERE c.name = pg_catalog.lower(register_command.name);
    INSERT INTO redis.commands (name, function, batch, arity, flags, categories, key_specs, tips, reply, lane, built_in, summary, since,
                                command_group, complexity, arguments, deprecated_since, replaced_by, doc_flags, waiting, timeout)
    VALUES (pg_catalog.lower(name), function, batch, arity, pg_catalog.string_to_array(flags, ' '), pg_catalog.string_to_array(categories, ' '),
            key_specs, pg_catalog.string_to_array(tips, ' '), reply, lane, built_in, summary, since, command_group, complexity, arguments,
            deprecated_since, replaced_by, pg_catalog.string_to_array(doc_flags, ' '), waiting, timeout);
    PERFORM pg_catalog.pg_notify('redis', 'registry');
END $$;
COMMENT ON FUNCTION redis.register_command IS
'redis.register_command(name, function, arity, …): makes an SQL function a Redis command; all proxies know it at commit.';

-- The signatures of a function by name, with or without a schema, from the catalog.
CREATE OR REPLACE FUNCTION redis.signatures(function text) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', pg_catalog.format('%I.%I', n.nspname, p.proname),
        'types', ARRAY(SELECT pg_catalog.format_type(t.type, NULL)
                       FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t(type, position) ORDER BY t.position),
        'variadic', p.provariadic <> 0,
        'defaults', p.pronargdefaults,
        'setof', p.proretset,
        'volatile', p.provolatile = 'v',
        'columns', CASE WHEN p.proargmodes IS NOT NULL
                        THEN (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(p.proargmodes) AS m(mode) WHERE m.mode IN ('o', 'b', 't'))
                        ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_type r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.typrelid
                              WHERE r.oid = p.prorettype AND r.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped) END,
        'column_types', CASE WHEN p.proargmodes IS NOT NULL
                             THEN ARRAY(SELECT pg_catalog.format_type(m.type, NULL)
                                        FROM ROWS FROM (pg_catalog.unnest(p.proallargtypes), pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY
                                             AS m(type, mode, n) WHERE m.mode IN ('o', 'b', 't') ORDER BY m.n)
                             ELSE ARRAY(SELECT pg_catalog.format_type(a.atttypid, NULL)
                                        FROM pg_catalog.pg_type r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.typrelid
                                        WHERE r.oid = p.prorettype AND r.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END,
        'result', pg_catalog.format_type(p.prorettype, NULL))), '[]')
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proname = pg_catalog.split_part(function, '.', CASE WHEN pg_catalog.strpos(function, '.') > 0 THEN 2 ELSE 1 END)
      AND n.nspname = CASE WHEN pg_catalog.strpos(function, '.') > 0 THEN pg_catalog.split_part(function, '.', 1) ELSE 'public' END
$$;

-- The whole registry for a proxy: each command with the signatures of its functions.
CREATE OR REPLACE FUNCTION redis.registry() RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', c.name, 'function', c.function, 'arity', c.arity, 'flags', c.flags, 'categories', c.categories, 'key_specs', c.key_specs,
        'tips', c.tips, 'reply', c.reply, 'lane', c.lane, 'summary', c.summary, 'since', c.since, 'group', c.command_group,
        'complexity', c.complexity, 'arguments', c.arguments, 'deprecated_since', c.deprecated_since, 'replaced_by', c.replaced_by,
        'doc_flags', c.doc_flags, 'signatures', redis.signatures(c.function), 'batches', redis.signatures(c.batch),
        'waiting', redis.signatures(c.waiting), 'timeout', c.timeout) ORDER BY c.name)
    FROM redis.commands c
$$;
COMMENT ON FUNCTION redis.registry() IS 'The registry of commands as a proxy loads it.';
