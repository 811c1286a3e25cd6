-- Commands about the connection and the proxy itself, carried out by the proxy: only their registry rows are here.

SELECT redis.register_command('auth', NULL, arity => -2,
  flags => 'noscript loading stale fast no_auth allow_busy', categories => 'fast connection',
  since => '1.0.0', command_group => 'connection', complexity => 'O(N)',
  summary => 'Logs the connection in.',
  arguments => '[{"name": "username", "type": "string", "since": "6.0.0", "flags": ["optional"]}, {"name": "password", "type": "string"}]');

SELECT redis.register_command('client', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.4.0', command_group => 'connection', complexity => '',
  summary => 'About client connections.');

SELECT redis.register_command('client|getname', NULL, arity => 2,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '2.6.9', command_group => 'connection', complexity => 'O(1)',
  summary => 'Returns the connection''s name.');

SELECT redis.register_command('client|getredir', NULL, arity => 2,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '6.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Returns where invalidation messages go.');

SELECT redis.register_command('client|help', NULL, arity => 2,
  flags => 'loading stale', categories => 'slow connection',
  since => '5.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Explains the subcommands.');

SELECT redis.register_command('client|id', NULL, arity => 2,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '5.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Returns the connection''s number.');

SELECT redis.register_command('client|info', NULL, arity => 2,
  flags => 'noscript loading stale', categories => 'slow connection',
  tips => 'nondeterministic_output',
  since => '6.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Describes this connection.');

SELECT redis.register_command('client|kill', NULL, arity => -3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  since => '2.4.0', command_group => 'connection', complexity => 'O(N)',
  summary => 'Closes connections.',
  arguments => '[{"name": "filter", "type": "oneof", "arguments": [{"name": "ip:port", "type": "string"}, {"name": "new-format", "type": "oneof", "flags": ["multiple"], "arguments": [{"name": "client-id", "type": "integer", "token": "ID", "since": "2.8.12", "flags": ["optional"]}, {"name": "normal_master_slave_pubsub", "type": "oneof", "token": "TYPE", "since": "2.8.12", "flags": ["optional"], "arguments": [{"name": "normal", "type": "pure-token", "token": "NORMAL"}, {"name": "master", "type": "pure-token", "token": "MASTER", "since": "3.2.0"}, {"name": "slave", "type": "pure-token", "token": "SLAVE"}, {"name": "replica", "type": "pure-token", "token": "REPLICA", "since": "5.0.0"}, {"name": "pubsub", "type": "pure-token", "token": "PUBSUB"}]}, {"name": "username", "type": "string", "token": "USER", "flags": ["optional"]}, {"name": "ip:port", "type": "string", "token": "ADDR", "flags": ["optional"]}, {"name": "ip:port", "type": "string", "token": "LADDR", "since": "6.2.0", "flags": ["optional"]}, {"name": "yes/no", "type": "string", "token": "SKIPME", "flags": ["optional"]}]}]}]');

SELECT redis.register_command('client|list', NULL, arity => -2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  tips => 'nondeterministic_output',
  since => '2.4.0', command_group => 'connection', complexity => 'O(N)',
  summary => 'Describes all connections.',
  arguments => '[{"name": "normal_master_replica_pubsub", "type": "oneof", "token": "TYPE", "since": "5.0.0", "flags": ["optional"], "arguments": [{"name": "normal", "type": "pure-token", "token": "NORMAL"}, {"name": "master", "type": "pure-token", "token": "MASTER"}, {"name": "replica", "type": "pure-token", "token": "REPLICA"}, {"name": "pubsub", "type": "pure-token", "token": "PUBSUB"}]}, {"name": "id", "type": "block", "token": "ID", "since": "6.2.0", "flags": ["optional"], "arguments": [{"name": "client-id", "type": "integer", "flags": ["multiple"]}]}]');

SELECT redis.register_command('client|no-evict', NULL, arity => 3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  since => '7.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Takes note that this client should not be evicted.',
  arguments => '[{"name": "enabled", "type": "oneof", "arguments": [{"name": "on", "type": "pure-token", "token": "ON"}, {"name": "off", "type": "pure-token", "token": "OFF"}]}]');

SELECT redis.register_command('client|pause', NULL, arity => -3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  since => '2.9.50', command_group => 'connection', complexity => 'O(1)',
  summary => 'Lets commands wait for a while.',
  arguments => '[{"name": "timeout", "type": "integer"}, {"name": "mode", "type": "oneof", "since": "6.2.0", "flags": ["optional"], "arguments": [{"name": "write", "type": "pure-token", "token": "WRITE"}, {"name": "all", "type": "pure-token", "token": "ALL"}]}]');

SELECT redis.register_command('client|reply', NULL, arity => 3,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '3.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Says which replies are sent.',
  arguments => '[{"name": "on_off_skip", "type": "oneof", "arguments": [{"name": "on", "type": "pure-token", "token": "ON"}, {"name": "off", "type": "pure-token", "token": "OFF"}, {"name": "skip", "type": "pure-token", "token": "SKIP"}]}]');

SELECT redis.register_command('client|setname', NULL, arity => 3,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '2.6.9', command_group => 'connection', complexity => 'O(1)',
  summary => 'Names the connection.',
  arguments => '[{"name": "connection-name", "type": "string"}]');

SELECT redis.register_command('client|trackinginfo', NULL, arity => 2,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '6.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Describes the state of client-side caching.');

SELECT redis.register_command('client|unblock', NULL, arity => -3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  since => '5.0.0', command_group => 'connection', complexity => 'O(log N)',
  summary => 'Ends the wait of a blocked client.',
  arguments => '[{"name": "client-id", "type": "integer"}, {"name": "timeout_error", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "timeout", "type": "pure-token", "token": "TIMEOUT"}, {"name": "error", "type": "pure-token", "token": "ERROR"}]}]');

SELECT redis.register_command('client|unpause', NULL, arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous connection',
  since => '6.2.0', command_group => 'connection', complexity => 'O(N)',
  summary => 'Ends a pause.');

SELECT redis.register_command('command', NULL, arity => -1,
  flags => 'loading stale', categories => 'slow connection',
  tips => 'nondeterministic_output_order',
  since => '2.8.13', command_group => 'server', complexity => 'O(N)',
  summary => 'Describes all commands.');

SELECT redis.register_command('command|count', NULL, arity => 2,
  flags => 'loading stale', categories => 'slow connection',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Returns how many commands there are.');

SELECT redis.register_command('command|docs', NULL, arity => -2,
  flags => 'loading stale', categories => 'slow connection',
  tips => 'nondeterministic_output_order',
  since => '7.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns what commands are for.',
  arguments => '[{"name": "command-name", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('command|getkeys', NULL, arity => -4,
  flags => 'loading stale', categories => 'slow connection',
  since => '2.8.13', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns the keys of a whole command.');

SELECT redis.register_command('command|getkeysandflags', NULL, arity => -4,
  flags => 'loading stale', categories => 'slow connection',
  since => '7.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns the keys of a whole command and what is done with each.');

SELECT redis.register_command('command|help', NULL, arity => 2,
  flags => 'loading stale', categories => 'slow connection',
  since => '5.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Explains the subcommands.');

SELECT redis.register_command('command|info', NULL, arity => -2,
  flags => 'loading stale', categories => 'slow connection',
  tips => 'nondeterministic_output_order',
  since => '2.8.13', command_group => 'server', complexity => 'O(N)',
  summary => 'Describes some commands.',
  arguments => '[{"name": "command-name", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('command|list', NULL, arity => -2,
  flags => 'loading stale', categories => 'slow connection',
  tips => 'nondeterministic_output_order',
  since => '7.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns the names of commands.',
  arguments => '[{"name": "filterby", "type": "oneof", "token": "FILTERBY", "flags": ["optional"], "arguments": [{"name": "module-name", "type": "string", "token": "MODULE"}, {"name": "category", "type": "string", "token": "ACLCAT"}, {"name": "pattern", "type": "pattern", "token": "PATTERN"}]}]');

SELECT redis.register_command('config', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.0.0', command_group => 'server', complexity => '',
  summary => 'About settings.');

SELECT redis.register_command('config|get', NULL, arity => -3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  since => '2.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns settings.',
  arguments => '[{"name": "parameter", "type": "block", "flags": ["multiple"], "arguments": [{"name": "parameter", "type": "string"}]}]');

SELECT redis.register_command('config|help', NULL, arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '5.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Explains the subcommands.');

SELECT redis.register_command('config|resetstat', NULL, arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  since => '2.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Sets counters to zero.');

SELECT redis.register_command('config|rewrite', NULL, arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  since => '2.8.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Would write the configuration file.');

SELECT redis.register_command('config|set', NULL, arity => -4,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'request_policy:all_nodes response_policy:all_succeeded',
  since => '2.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Changes settings for all proxies.',
  arguments => '[{"name": "parameter_value", "type": "block", "flags": ["multiple"], "arguments": [{"name": "parameter", "type": "string"}, {"name": "value", "type": "string"}]}]');

SELECT redis.register_command('echo', NULL, arity => 2,
  flags => 'loading stale fast', categories => 'fast connection',
  since => '1.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Returns its argument.',
  arguments => '[{"name": "message", "type": "string"}]');

SELECT redis.register_command('hello', NULL, arity => -1,
  flags => 'noscript loading stale fast no_auth allow_busy', categories => 'fast connection',
  since => '6.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Chooses the protocol, and logs in.',
  arguments => '[{"name": "arguments", "type": "block", "flags": ["optional"], "arguments": [{"name": "protover", "type": "integer"}, {"name": "username_password", "type": "block", "token": "AUTH", "flags": ["optional"], "arguments": [{"name": "username", "type": "string"}, {"name": "password", "type": "string"}]}, {"name": "clientname", "type": "string", "token": "SETNAME", "flags": ["optional"]}]}]');

SELECT redis.register_command('info', NULL, arity => -1,
  flags => 'loading stale', categories => 'slow dangerous',
  tips => 'nondeterministic_output request_policy:all_shards response_policy:special',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Describes the proxy and the database.',
  arguments => '[{"name": "section", "type": "string", "flags": ["optional", "multiple"]}]');

SELECT redis.register_command('monitor', NULL, arity => 1,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => '',
  summary => 'Shows every command that this proxy carries out.');

SELECT redis.register_command('ping', NULL, arity => -1,
  flags => 'fast', categories => 'fast connection',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '1.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Returns PONG or its argument.',
  arguments => '[{"name": "message", "type": "string", "flags": ["optional"]}]');

SELECT redis.register_command('quit', NULL, arity => -1,
  flags => 'noscript loading stale fast no_auth allow_busy', categories => 'fast connection',
  since => '1.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Closes the connection.');

SELECT redis.register_command('reset', NULL, arity => 1,
  flags => 'noscript loading stale fast no_auth allow_busy', categories => 'fast connection',
  since => '6.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Makes the connection as good as new.');

-- The database of a transaction or a session of one's own. SELECT itself is the proxy's, which sets redis.db for each of its transactions.
CREATE OR REPLACE FUNCTION public.redis_select(index bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF index NOT BETWEEN 0 AND redis.databases() - 1 THEN
        PERFORM redis.raise_error('ERR DB index is out of range');
    END IF;
    -- A statement of its own, outside of BEGIN … COMMIT, began together with its transaction: then it is meant for the session.
    PERFORM pg_catalog.set_config('redis.db', index::text, pg_catalog.transaction_timestamp() <> pg_catalog.statement_timestamp());
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_select(bigint) IS
'SELECT index
Within BEGIN … COMMIT: the rest of the transaction uses that database; on its own, as in psql: the rest of the session. Errors: no such database.';
SELECT redis.register_command('select', NULL, arity => 2,
  flags => 'loading stale fast', categories => 'fast connection',
  since => '1.0.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Chooses the database.',
  arguments => '[{"name": "index", "type": "integer"}]');

SELECT redis.register_command('shutdown', NULL, arity => -1,
  flags => 'admin noscript loading stale no_multi allow_busy', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Stops this proxy.',
  arguments => '[{"name": "nosave_save", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "nosave", "type": "pure-token", "token": "NOSAVE"}, {"name": "save", "type": "pure-token", "token": "SAVE"}]}, {"name": "now", "type": "pure-token", "token": "NOW", "since": "7.0.0", "flags": ["optional"]}, {"name": "force", "type": "pure-token", "token": "FORCE", "since": "7.0.0", "flags": ["optional"]}, {"name": "abort", "type": "pure-token", "token": "ABORT", "since": "7.0.0", "flags": ["optional"]}]');

-- Of Redis 7.2.
SELECT redis.register_command('client|setinfo', NULL, arity => 4,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '7.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Tells what library the client uses.',
  arguments => '[{"name": "attr", "type": "oneof", "arguments": [{"name": "libname", "type": "string", "token": "lib-name"}, {"name": "libver", "type": "string", "token": "lib-ver"}]}]');
SELECT redis.register_command('client|no-touch', NULL, arity => 3,
  flags => 'noscript loading stale', categories => 'slow connection',
  since => '7.2.0', command_group => 'connection', complexity => 'O(1)',
  summary => 'Takes note that this client should not touch keys'' idle times.',
  arguments => '[{"name": "enabled", "type": "oneof", "arguments": [{"name": "on", "type": "pure-token", "token": "on"}, {"name": "off", "type": "pure-token", "token": "off"}]}]');
