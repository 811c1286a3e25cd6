-- The server's commands, as far as the database answers them. INFO, CONFIG, SHUTDOWN and the connection commands are the proxy's.

CREATE OR REPLACE FUNCTION public.redis_dbsize() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    now constant bigint := redis.now_ms();
    latest constant bigint := redis.vacant_until();
BEGIN
    -- An index-only count, less what is expired and not swept yet, or vacant: few rows, all of them due in redis.expirations by then.
    RETURN (SELECT pg_catalog.count(*) FROM redis.keys x WHERE x.db = d)
         - (SELECT pg_catalog.count(DISTINCT x.id) FROM redis.expirations e JOIN redis.keys x ON x.db = e.db AND x.key = e.key AND x.id = e.id
            WHERE e.due <= latest AND e.db = d AND x.expires_at <= now);
END $$;
COMMENT ON FUNCTION public.redis_dbsize() IS
'DBSIZE
How many keys the database has. They are counted: linear, by index.';
SELECT redis.register_command('dbsize', 'redis_dbsize', arity => 1,
  flags => 'readonly fast', categories => 'keyspace read fast',
  tips => 'request_policy:all_shards response_policy:agg_sum',
  lane => 'slow',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Counts the keys of the database.');

-- FLUSHALL, and FLUSHDB of one database. Few rows are deleted, many are truncated away: a truncation takes the same few milliseconds for
-- any number of rows, which is long for a test suite that flushes before each test.
CREATE OR REPLACE FUNCTION redis.flush(single smallint, options text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    done boolean;
BEGIN
    IF pg_catalog.current_setting('redis.enable_flush', true) IS DISTINCT FROM 'on' THEN
        PERFORM redis.raise_error('ERR FLUSHALL and FLUSHDB are disabled: start pgredis with --enable-flush (ENABLE_FLUSH=1) to allow them');
    ELSIF pg_catalog.cardinality(options) > 1 OR pg_catalog.upper(options[1]) NOT IN ('ASYNC', 'SYNC') THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    done := redis.lock_all();
    IF EXISTS (SELECT FROM redis.keys x WHERE redis.scan_position(x.db, x.key) < single::bigint << 32)
       OR EXISTS (SELECT FROM redis.keys x WHERE redis.scan_position(x.db, x.key) >= (single + 1)::bigint << 32) THEN
        WITH gone AS (
            DELETE FROM redis.keys x WHERE x.db = single RETURNING x.id, x.type, x.sweep_at
        ), orphaned AS (
            INSERT INTO redis.orphans (id, type) SELECT g.id, g.type FROM gone g WHERE g.type <> 's'
        )
        DELETE FROM redis.expirations e USING gone g WHERE e.due = g.sweep_at AND e.id = g.id;
    ELSIF pg_catalog.pg_relation_size('redis.keys') + pg_catalog.pg_relation_size('redis.list_items')
          + pg_catalog.pg_relation_size('redis.hash_fields') + pg_catalog.pg_relation_size('redis.set_members')
          + pg_catalog.pg_relation_size('redis.zset_members') + pg_catalog.pg_relation_size('redis.expirations') <= 1048576 THEN
        DELETE FROM redis.keys;
        DELETE FROM redis.list_items;
        DELETE FROM redis.hash_fields;
        DELETE FROM redis.set_members;
        DELETE FROM redis.zset_members;
        DELETE FROM redis.expirations;
        DELETE FROM redis.orphans;
    ELSE
        TRUNCATE redis.keys, redis.list_items, redis.hash_fields, redis.set_members, redis.zset_members, redis.expirations, redis.orphans;
    END IF;
    RETURN 'OK';
END $$;

CREATE OR REPLACE FUNCTION public.redis_flushall(VARIADIC options text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.flush(NULL, options);
END $$;
COMMENT ON FUNCTION public.redis_flushall(text[]) IS
'FLUSHALL [ASYNC | SYNC]
Deletes all keys of all databases, where redis.enable_flush is on: SET redis.enable_flush = ''on'' in psql, --enable-flush for a proxy.';
SELECT redis.register_command('flushall', 'redis_flushall', arity => -1,
  flags => 'write', categories => 'keyspace write slow dangerous',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  lane => 'slow',
  since => '1.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Deletes all keys of all databases, where that is allowed.',
  arguments => '[{"name": "async", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "async", "type": "pure-token", "token": "ASYNC", "since": "4.0.0"}, {"name": "sync", "type": "pure-token", "token": "SYNC", "since": "6.2.0"}]}]');

CREATE OR REPLACE FUNCTION public.redis_flushdb(VARIADIC options text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN redis.flush(redis.db(), options);
END $$;
COMMENT ON FUNCTION public.redis_flushdb(text[]) IS
'FLUSHDB [ASYNC | SYNC]
Deletes all keys of this database, where redis.enable_flush is on, as for FLUSHALL.';
SELECT redis.register_command('flushdb', 'redis_flushdb', arity => -1,
  flags => 'write', categories => 'keyspace write slow dangerous',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  lane => 'slow',
  since => '1.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Deletes all keys of the database, where that is allowed.',
  arguments => '[{"name": "async", "type": "oneof", "flags": ["optional"], "arguments": [{"name": "async", "type": "pure-token", "token": "ASYNC", "since": "4.0.0"}, {"name": "sync", "type": "pure-token", "token": "SYNC", "since": "6.2.0"}]}]');

CREATE OR REPLACE FUNCTION public.redis_swapdb(index1 bytea, index2 bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    first constant bigint := redis.try_integer(index1);
    second constant bigint := redis.try_integer(index2);
    largest constant integer := redis.databases() - 1;
    done boolean;
BEGIN
    IF first IS NULL OR first NOT BETWEEN -2147483648 AND 2147483647 THEN
        PERFORM redis.raise_error('ERR invalid first DB index');
    ELSIF second IS NULL OR second NOT BETWEEN -2147483648 AND 2147483647 THEN
        PERFORM redis.raise_error('ERR invalid second DB index');
    ELSIF first NOT BETWEEN 0 AND largest OR second NOT BETWEEN 0 AND largest THEN
        PERFORM redis.raise_error('ERR DB index is out of range');
    ELSIF first <> second THEN
        done := redis.require_read_committed();
        done := redis.lock_all();
        UPDATE redis.keys x SET db = -1 WHERE x.db = first; -- aside, as both may have the same keys
        UPDATE redis.keys x SET db = first, turn = greatest(x.turn, pg_catalog.txid_current()) WHERE x.db = second;
        UPDATE redis.keys x SET db = second, turn = greatest(x.turn, pg_catalog.txid_current()) WHERE x.db = -1;
        UPDATE redis.expirations e SET db = CASE WHEN e.db = first THEN second ELSE first END WHERE e.db IN (first, second);
        done := redis.appeared(first::smallint);
        done := redis.appeared(second::smallint);
    END IF;
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_swapdb(bytea, bytea) IS
'SWAPDB index1 index2
Exchanges the keys of two databases; linear in their number. Errors: no such database.';
SELECT redis.register_command('swapdb', 'redis_swapdb', arity => 3,
  flags => 'write fast', categories => 'keyspace write fast dangerous',
  lane => 'slow',
  since => '4.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Exchanges the keys of two databases.',
  arguments => '[{"name": "index1", "type": "integer"}, {"name": "index2", "type": "integer"}]');

CREATE OR REPLACE FUNCTION public.redis_time() RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    now constant bigint := pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000);
BEGIN
    RETURN ARRAY[redis.integer_bytes(now / 1000000), redis.integer_bytes(now % 1000000)];
END $$;
COMMENT ON FUNCTION public.redis_time() IS
'TIME
The database server''s time: seconds since the epoch, and microseconds.';
SELECT redis.register_command('time', 'redis_time', arity => 1,
  flags => 'loading stale fast', categories => 'fast',
  tips => 'nondeterministic_output',
  since => '2.6.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Tells the database server''s time.');

CREATE OR REPLACE FUNCTION public.redis_lolwut(VARIADIC options bytea[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.cardinality(options) > 1 AND pg_catalog.upper(pg_catalog.encode(options[1], 'escape')) = 'VERSION' THEN
        PERFORM redis.parse_integer(options[2]);
    END IF;
    RETURN E'Keys in rows,\nlists in tables, sets in sheets:\nnothing is forgotten.\n\npgredis, which speaks as Redis ver. 7.2.5\n';
END $$;
COMMENT ON FUNCTION public.redis_lolwut(bytea[]) IS
'LOLWUT [VERSION version]
A piece of art.';
SELECT redis.register_command('lolwut', 'redis_lolwut', arity => -1,
  flags => 'readonly fast', categories => 'read fast',
  reply => 'verbatim',
  since => '5.0.0', command_group => 'server',
  summary => 'Shows a small piece of art and the version.',
  arguments => '[{"name": "version", "type": "integer", "token": "VERSION", "flags": ["optional"]}]');

-- DEBUG: only SLEEP, and only where redis.enable_debug is on.
CREATE OR REPLACE FUNCTION public.redis_debug(subcommand text, VARIADIC arguments bytea[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.current_setting('redis.enable_debug', true) IS DISTINCT FROM 'on' THEN
        PERFORM redis.raise_error('ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a '
            'local connection, otherwise you need to set this option in the configuration file, and then restart the server.');
    ELSIF pg_catalog.upper(subcommand) <> 'SLEEP' OR pg_catalog.cardinality(arguments) <> 1 THEN
        PERFORM redis.raise_error(pg_catalog.format(
            'ERR unknown subcommand or wrong number of arguments for ''%s''. Try DEBUG HELP.', pg_catalog.left(subcommand, 128)));
    END IF;
    PERFORM pg_catalog.pg_sleep(coalesce(redis.try_float(arguments[1]), 0));
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_debug(text, bytea[]) IS
'DEBUG SLEEP seconds
Waits, where redis.enable_debug is on. Only this client waits.';
SELECT redis.register_command('debug', 'redis_debug', arity => -2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  lane => 'slow',
  since => '1.0.0', command_group => 'server',
  summary => 'DEBUG SLEEP lets this client wait; nothing else is there.',
  doc_flags => 'syscmd');

-- MEMORY

SELECT redis.register_command('memory', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '4.0.0', command_group => 'server',
  summary => 'Container of the commands about memory.');

-- The bytes that a value takes in a row that shares its page with others, and of which the fillfactor leaves a fifth free; a long value is
-- stored elsewhere, page by page.
CREATE OR REPLACE FUNCTION redis.stored_bytes(fixed integer, value bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pg_catalog.pg_column_size(value) > 2000 THEN fixed * 5 / 4 + pg_catalog.pg_column_size(value)::bigint
                ELSE (fixed + coalesce(pg_catalog.pg_column_size(value), 0)) * 5 / 4 END
$$;

-- What a key takes in its tables and their indexes: the columns' bytes as they are stored, and what Postgres adds: to a row 28 bytes (a header
-- and a pointer), to an index entry 12, to both some alignment; and what pages leave free: those of tables by their fillfactor, those of indexes
-- a tenth where they grow at one end and a third where anywhere.
CREATE OR REPLACE FUNCTION public.redis_memory_usage(key bytea, VARIADIC options bytea[] DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    d constant smallint := redis.db();
    k constant bytea := redis.index_key(key);
    words constant integer := pg_catalog.cardinality(options);
    samples bigint := 5;
    key_id bigint;
    key_type "char";
    key_size bigint;
    own bigint;
    looked_at bigint;
    found bigint;
BEGIN
    FOR i IN 1 .. words BY 2 LOOP
        IF i = words OR pg_catalog.upper(pg_catalog.encode(options[i], 'escape')) <> 'SAMPLES' THEN
            PERFORM redis.raise_syntax_error();
        END IF;
        samples := redis.parse_integer(options[i + 1]);
        IF samples < 0 THEN
            PERFORM redis.raise_syntax_error();
        END IF;
    END LOOP;
    samples := nullif(samples, 0); -- 0: all
    SELECT x.id, x.type, x.size,
           redis.stored_bytes(60 + CASE WHEN x.type = 's' THEN 0 ELSE 24 END + CASE WHEN x.expires_at IS NULL THEN 0 ELSE 16 END
                              + pg_catalog.pg_column_size(x.key) + coalesce(pg_catalog.pg_column_size(x.page), 0), x.value)
           + coalesce(pg_catalog.pg_column_size(x.long_key), 0) + (24 + pg_catalog.pg_column_size(x.key)) * 3 / 2 + 28
    INTO key_id, key_type, key_size, own
    FROM redis.keys x WHERE x.db = d AND x.key = k AND (x.expires_at > redis.now_ms() OR x.expires_at IS NULL)
    ORDER BY x.turn DESC LIMIT 1;
    IF key_id IS NULL OR key_type = 's' THEN
        RETURN own;
    END IF;
    CASE key_type
        WHEN 'l' THEN
            SELECT pg_catalog.count(*), pg_catalog.sum(56 + pg_catalog.pg_column_size(s.value)::bigint + 40) INTO looked_at, found
            FROM (SELECT e.value FROM redis.list_items e WHERE e.id = key_id LIMIT samples) AS s;
        WHEN 'h' THEN
            SELECT pg_catalog.count(*), pg_catalog.sum(redis.stored_bytes(56 + pg_catalog.pg_column_size(s.field), s.value)
                                                       + coalesce(pg_catalog.pg_column_size(s.long_field), 0) + 32 + (30 + pg_catalog.pg_column_size(s.field)) * 3 / 2) INTO looked_at, found
            FROM (SELECT e.field, e.long_field, e.value FROM redis.hash_fields e WHERE e.id = key_id LIMIT samples) AS s;
        WHEN 'S' THEN
            SELECT pg_catalog.count(*), pg_catalog.sum((46 + pg_catalog.pg_column_size(s.member)) * 10 / 9
                                                       + coalesce(pg_catalog.pg_column_size(s.long_member), 0) + 32 + (24 + pg_catalog.pg_column_size(s.member)) * 3 / 2) INTO looked_at, found
            FROM (SELECT e.member, e.long_member FROM redis.set_members e WHERE e.id = key_id LIMIT samples) AS s;
        WHEN 'z' THEN
            SELECT pg_catalog.count(*), pg_catalog.sum((60 + pg_catalog.pg_column_size(s.member)) * 5 / 4 + coalesce(pg_catalog.pg_column_size(s.long_member), 0)
                                                       + (28 + pg_catalog.pg_column_size(s.member)) * 10 / 9
                                                       + (36 + pg_catalog.pg_column_size(s.member)) * 3 / 2) INTO looked_at, found
            FROM (SELECT e.member, e.long_member FROM redis.zset_members e WHERE e.id = key_id LIMIT samples) AS s;
        ELSE
            RETURN own;
    END CASE;
    RETURN own + found * key_size / looked_at;
END $$;
COMMENT ON FUNCTION public.redis_memory_usage(bytea, bytea[]) IS
'MEMORY USAGE key [SAMPLES count]
How many bytes the key takes on disk, indexes included; big collections are judged by so many of their elements (5; 0: all). NULL when
the key is absent.';
SELECT redis.register_command('memory|usage', 'redis_memory_usage', arity => -3,
  flags => 'readonly', categories => 'read slow',
  key_specs => '[{"flags": "RO", "index": 2, "range": [0, 1, 0]}]',
  since => '4.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Tells how many bytes a key takes in its tables and indexes.',
  arguments => '[{"name": "key", "type": "key", "key_spec_index": 0}, {"name": "count", "type": "integer", "token": "SAMPLES", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_memory_doctor() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'The data is in PostgreSQL: its monitoring knows how it is.'
$$;
COMMENT ON FUNCTION public.redis_memory_doctor() IS
'MEMORY DOCTOR
A hint at where to look.';
SELECT redis.register_command('memory|doctor', 'redis_memory_doctor', arity => 2,
  flags => '', categories => 'slow',
  tips => 'nondeterministic_output request_policy:all_shards response_policy:special',
  reply => 'verbatim',
  since => '4.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Says where to look for problems.');

CREATE OR REPLACE FUNCTION public.redis_memory_stats(OUT name text, OUT value bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    total constant bigint := pg_catalog.pg_database_size(pg_catalog.current_database());
    keys bigint;
    tables bigint;
BEGIN
    SELECT pg_catalog.sum(k.keys) INTO keys FROM redis.info_keyspace() AS k;
    SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)) INTO tables
    FROM pg_catalog.pg_class c WHERE c.relnamespace = 'redis'::pg_catalog.regnamespace AND c.relkind = 'r';
    RETURN QUERY VALUES ('total.allocated', total), ('dataset.bytes', tables), ('keys.count', coalesce(keys, 0)),
                        ('keys.bytes-per-key', coalesce(tables / nullif(keys, 0), 0));
END $$;
COMMENT ON FUNCTION public.redis_memory_stats() IS
'MEMORY STATS
Bytes of the database and of the tables of pgredis, number of keys, bytes a key.';
SELECT redis.register_command('memory|stats', 'redis_memory_stats', arity => 2,
  flags => '', categories => 'slow',
  tips => 'nondeterministic_output request_policy:all_shards response_policy:special',
  reply => 'map', lane => 'slow',
  since => '4.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Tells the size of the database and of its keys.');

CREATE OR REPLACE FUNCTION public.redis_memory_malloc_stats() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'Stats not supported for the current allocator'
$$;
COMMENT ON FUNCTION public.redis_memory_malloc_stats() IS
'MEMORY MALLOC-STATS
Says that there are none.';
SELECT redis.register_command('memory|malloc-stats', 'redis_memory_malloc_stats', arity => 2,
  flags => '', categories => 'slow',
  tips => 'nondeterministic_output request_policy:all_shards response_policy:special',
  reply => 'verbatim',
  since => '4.0.0', command_group => 'server',
  summary => 'There are no statistics of the allocator.');

CREATE OR REPLACE FUNCTION public.redis_memory_purge() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'OK'
$$;
COMMENT ON FUNCTION public.redis_memory_purge() IS
'MEMORY PURGE
OK; there is nothing to purge.';
SELECT redis.register_command('memory|purge', 'redis_memory_purge', arity => 2,
  flags => '', categories => 'slow',
  tips => 'request_policy:all_shards response_policy:all_succeeded',
  since => '4.0.0', command_group => 'server',
  summary => 'Does nothing, politely.');

CREATE OR REPLACE FUNCTION public.redis_memory_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'MEMORY <subcommand> [<arg> ...]. Subcommands:',
        'DOCTOR',
        '    Where to look for problems.',
        'MALLOC-STATS',
        '    Nothing: there are none.',
        'PURGE',
        '    Does nothing.',
        'STATS',
        '    Sizes of the database and its keys.',
        'USAGE <key> [SAMPLES <count>]',
        '    Bytes a key takes, judged by so many elements (5; 0: all).',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_memory_help() IS
'MEMORY HELP
The subcommands of MEMORY.';
SELECT redis.register_command('memory|help', 'redis_memory_help', arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '4.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists the subcommands of MEMORY.');

-- SLOWLOG: see proxy/clients/slow_log.h

SELECT redis.register_command('slowlog', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.2.12', command_group => 'server',
  summary => 'Container of the commands about slow commands.');

SELECT redis.register_command('slowlog|get', NULL, arity => -2,
  flags => 'admin loading stale', categories => 'admin slow dangerous',
  tips => 'request_policy:all_nodes nondeterministic_output',
  since => '2.2.12', command_group => 'server', complexity => 'O(N)',
  summary => 'Returns the latest commands that took long, of all proxies.',
  arguments => '[{"name": "count", "type": "integer", "flags": ["optional"]}]');

SELECT redis.register_command('slowlog|len', NULL, arity => 2,
  flags => 'admin loading stale', categories => 'admin slow dangerous',
  tips => 'request_policy:all_nodes response_policy:agg_sum nondeterministic_output',
  since => '2.2.12', command_group => 'server', complexity => 'O(1)',
  summary => 'Counts the commands that took long.');

SELECT redis.register_command('slowlog|reset', NULL, arity => 2,
  flags => 'admin loading stale', categories => 'admin slow dangerous',
  tips => 'request_policy:all_nodes response_policy:all_succeeded',
  since => '2.2.12', command_group => 'server', complexity => 'O(N)',
  summary => 'Forgets which commands took long.');

SELECT redis.register_command('slowlog|help', NULL, arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '6.2.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists the subcommands of SLOWLOG.');

-- LATENCY: nothing is recorded here, but tools ask.

SELECT redis.register_command('latency', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.8.13', command_group => 'server',
  summary => 'Container of the commands about latency.');

CREATE OR REPLACE FUNCTION public.redis_latency_latest() RETURNS bytea[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[]::bytea[]
$$;
COMMENT ON FUNCTION public.redis_latency_latest() IS
'LATENCY LATEST
Nothing: no latencies are recorded.';
SELECT redis.register_command('latency|latest', 'redis_latency_latest', arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output request_policy:all_nodes response_policy:special',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists no events: none are recorded.');

CREATE OR REPLACE FUNCTION public.redis_latency_history(event bytea) RETURNS bytea[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[]::bytea[]
$$;
COMMENT ON FUNCTION public.redis_latency_history(bytea) IS
'LATENCY HISTORY event
Nothing: no latencies are recorded.';
SELECT redis.register_command('latency|history', 'redis_latency_history', arity => 3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output request_policy:all_nodes response_policy:special',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists no samples: none are recorded.',
  arguments => '[{"name": "event", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_latency_reset(VARIADIC events bytea[] DEFAULT '{}') RETURNS bigint
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT 0::bigint
$$;
COMMENT ON FUNCTION public.redis_latency_reset(bytea[]) IS
'LATENCY RESET [event ...]
0: no event was there to reset.';
SELECT redis.register_command('latency|reset', 'redis_latency_reset', arity => -2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'request_policy:all_nodes response_policy:all_succeeded',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Does nothing, politely.',
  arguments => '[{"name": "event", "type": "string", "flags": ["optional", "multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_latency_graph(event text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$
BEGIN
    PERFORM redis.raise_error(pg_catalog.format('ERR No samples available for event ''%s''', event));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION public.redis_latency_graph(text) IS
'LATENCY GRAPH event
Always an error: no latencies are recorded.';
SELECT redis.register_command('latency|graph', 'redis_latency_graph', arity => 3,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output request_policy:all_nodes response_policy:special',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'An error always: no samples are recorded.',
  arguments => '[{"name": "event", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_latency_doctor() RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT 'No latencies are recorded here. pg_stat_statements and log_min_duration_statement of PostgreSQL tell what takes long.'
$$;
COMMENT ON FUNCTION public.redis_latency_doctor() IS
'LATENCY DOCTOR
A hint at where to look.';
SELECT redis.register_command('latency|doctor', 'redis_latency_doctor', arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output request_policy:all_nodes response_policy:special',
  reply => 'verbatim',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Says where to look for what takes long.');

CREATE OR REPLACE FUNCTION public.redis_latency_histogram(VARIADIC commands bytea[] DEFAULT '{}', OUT command text, OUT histogram jsonb)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT NULL::text, NULL::jsonb WHERE false
$$;
COMMENT ON FUNCTION public.redis_latency_histogram(bytea[]) IS
'LATENCY HISTOGRAM [command ...]
Nothing: no latencies are recorded.';
SELECT redis.register_command('latency|histogram', 'redis_latency_histogram', arity => -2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output request_policy:all_nodes response_policy:special',
  reply => 'map',
  since => '7.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Shows no histograms: none are recorded.',
  arguments => '[{"name": "command", "type": "string", "flags": ["optional", "multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_latency_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'LATENCY <subcommand> [<arg> ...]. Subcommands:',
        'DOCTOR',
        '    Where to look for what takes long.',
        'GRAPH <event>',
        '    An error: nothing is recorded.',
        'HISTORY <event>, LATEST, HISTOGRAM [<command> ...]',
        '    Nothing.',
        'RESET [<event> ...]',
        '    Does nothing.',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_latency_help() IS
'LATENCY HELP
The subcommands of LATENCY.';
SELECT redis.register_command('latency|help', 'redis_latency_help', arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '2.8.13', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists the subcommands of LATENCY.');

-- Persistence and replication are Postgres's. What has been acknowledged is saved.

CREATE OR REPLACE FUNCTION public.redis_lastsave() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.now_ms() / 1000;
END $$;
COMMENT ON FUNCTION public.redis_lastsave() IS
'LASTSAVE
Now, as Unix time: whatever was acknowledged is saved.';
SELECT redis.register_command('lastsave', 'redis_lastsave', arity => 1,
  flags => 'loading stale fast', categories => 'admin fast dangerous',
  tips => 'nondeterministic_output',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Tells the time up to which all is saved: now.');

CREATE OR REPLACE FUNCTION public.redis_save() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'OK'
$$;
COMMENT ON FUNCTION public.redis_save() IS
'SAVE
OK: everything is saved already.';
SELECT redis.register_command('save', 'redis_save', arity => 1,
  flags => 'admin noscript no_async_loading no_multi', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Answers OK: everything is saved already.');

CREATE OR REPLACE FUNCTION public.redis_bgsave(VARIADIC options text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.cardinality(options) > 1 OR pg_catalog.upper(options[1]) <> 'SCHEDULE' THEN
        PERFORM redis.raise_syntax_error();
    END IF;
    RETURN 'Background saving started';
END $$;
COMMENT ON FUNCTION public.redis_bgsave(text[]) IS
'BGSAVE [SCHEDULE]
What Redis answers; everything is saved already.';
SELECT redis.register_command('bgsave', 'redis_bgsave', arity => -1,
  flags => 'admin noscript no_async_loading', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Answers as Redis does: everything is saved already.',
  arguments => '[{"name": "schedule", "type": "pure-token", "token": "SCHEDULE", "since": "3.2.2", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_bgrewriteaof() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'Background append only file rewriting started'
$$;
COMMENT ON FUNCTION public.redis_bgrewriteaof() IS
'BGREWRITEAOF
What Redis answers; there is no such file.';
SELECT redis.register_command('bgrewriteaof', 'redis_bgrewriteaof', arity => 1,
  flags => 'admin noscript no_async_loading', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Answers as Redis does: there is no such file.');

CREATE OR REPLACE FUNCTION public.redis_role(OUT role bytea, OUT replication_offset bigint, OUT replicas bytea[])
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'master'::bytea, 0::bigint, ARRAY[]::bytea[]
$$;
COMMENT ON FUNCTION public.redis_role() IS
'ROLE
master, with offset 0 and no replicas: replication is Postgres''s.';
SELECT redis.register_command('role', 'redis_role', arity => 1,
  flags => 'noscript loading stale fast', categories => 'admin fast dangerous',
  reply => 'row',
  since => '2.8.12', command_group => 'server', complexity => 'O(1)',
  summary => 'Tells the replication role: a master without replicas.');

CREATE OR REPLACE FUNCTION public.redis_replicaof(host text, port text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.upper(host) <> 'NO' OR pg_catalog.upper(port) <> 'ONE' THEN
        PERFORM redis.raise_error('ERR pgredis does not replicate from Redis: its data is in PostgreSQL, which has replication of its own');
    END IF;
    RETURN 'OK';
END $$;
COMMENT ON FUNCTION public.redis_replicaof(text, text) IS
'REPLICAOF NO ONE
OK; any other host is an error: replication is Postgres''s.';
SELECT redis.register_command('replicaof', 'redis_replicaof', arity => 3,
  flags => 'admin noscript stale no_async_loading', categories => 'admin slow dangerous',
  since => '5.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Accepts only NO ONE: replication is the matter of Postgres.',
  arguments => '[{"name": "args", "type": "oneof", "arguments": [{"name": "host-port", "type": "block", "arguments": [{"name": "host", "type": "string"}, {"name": "port", "type": "integer"}]}, {"name": "no-one", "type": "block", "arguments": [{"name": "no", "type": "pure-token", "token": "NO"}, {"name": "one", "type": "pure-token", "token": "ONE"}]}]}]');
SELECT redis.register_command('slaveof', 'redis_replicaof', arity => 3,
  flags => 'admin noscript stale no_async_loading', categories => 'admin slow dangerous',
  since => '1.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'The old name of REPLICAOF.',
  deprecated_since => '5.0.0', replaced_by => '`REPLICAOF`',
  doc_flags => 'deprecated',
  arguments => '[{"name": "args", "type": "oneof", "arguments": [{"name": "host-port", "type": "block", "arguments": [{"name": "host", "type": "string"}, {"name": "port", "type": "integer"}]}, {"name": "no-one", "type": "block", "arguments": [{"name": "no", "type": "pure-token", "token": "NO"}, {"name": "one", "type": "pure-token", "token": "ONE"}]}]}]');

-- ACL: who is who is Postgres's and the proxy's matter; the categories are the registry's.

SELECT redis.register_command('acl', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '6.0.0', command_group => 'server',
  summary => 'Container of the commands about access rights.');

CREATE OR REPLACE FUNCTION public.redis_acl_whoami() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'default'
$$;
COMMENT ON FUNCTION public.redis_acl_whoami() IS
'ACL WHOAMI
The only user: default.';
SELECT redis.register_command('acl|whoami', 'redis_acl_whoami', arity => 2,
  flags => 'noscript loading stale', categories => 'slow',
  reply => 'bulk',
  since => '6.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Tells the user''s name.');

CREATE OR REPLACE FUNCTION public.redis_acl_users() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT ARRAY['default']
$$;
COMMENT ON FUNCTION public.redis_acl_users() IS
'ACL USERS
The only user: default.';
SELECT redis.register_command('acl|users', 'redis_acl_users', arity => 2,
  flags => 'admin noscript loading stale', categories => 'admin slow dangerous',
  since => '6.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Lists the users: there is one.');

CREATE OR REPLACE FUNCTION public.redis_acl_cat() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT pg_catalog.string_to_array('keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow '
        'blocking dangerous connection transaction scripting', ' ')
$$;
COMMENT ON FUNCTION public.redis_acl_cat() IS
'ACL CAT
The categories of commands.';
SELECT redis.register_command('acl|cat', 'redis_acl_cat', arity => -2,
  flags => 'noscript loading stale', categories => 'slow',
  since => '6.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists the categories of commands, or the commands of one.',
  arguments => '[{"name": "categoryname", "type": "string", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_acl_cat(category text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF pg_catalog.lower(category) <> ALL (public.redis_acl_cat()) THEN
        PERFORM redis.raise_error(pg_catalog.format('ERR Unknown category ''%s''', category));
    END IF;
    RETURN ARRAY(SELECT c.name FROM redis.commands c WHERE pg_catalog.lower(redis_acl_cat.category) = ANY (c.categories) ORDER BY c.name);
END $$;
COMMENT ON FUNCTION public.redis_acl_cat(text) IS
'ACL CAT category
The commands of a category. Errors: no such category.';

CREATE OR REPLACE FUNCTION public.redis_acl_genpass(bits bigint DEFAULT 256) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
BEGIN
    IF bits NOT BETWEEN 1 AND 4096 THEN
        PERFORM redis.raise_error('ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096');
    END IF;
    RETURN (SELECT pg_catalog.left(pg_catalog.string_agg(pg_catalog.encode(pg_catalog.sha256(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                || pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())), 'hex'), ''),
                (bits + 3)::integer / 4) FROM pg_catalog.generate_series(1, (bits + 255) / 256));
END $$;
COMMENT ON FUNCTION public.redis_acl_genpass(bigint) IS
'ACL GENPASS [bits]
A random password of so many bits (256), in hexadecimal digits.';
SELECT redis.register_command('acl|genpass', 'redis_acl_genpass', arity => -2,
  flags => 'noscript loading stale', categories => 'slow',
  reply => 'bulk',
  since => '6.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Makes a random password.',
  arguments => '[{"name": "bits", "type": "integer", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_acl_help() RETURNS text[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[
        'ACL <subcommand> [<arg> ...]. Subcommands:',
        'CAT [<category>]',
        '    The categories of commands, or the commands of one.',
        'GENPASS [<bits>]',
        '    A random password.',
        'USERS',
        '    The only user.',
        'WHOAMI',
        '    The same.',
        'HELP',
        '    This text.']
$$;
COMMENT ON FUNCTION public.redis_acl_help() IS
'ACL HELP
The subcommands of ACL.';
SELECT redis.register_command('acl|help', 'redis_acl_help', arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '6.0.0', command_group => 'server', complexity => 'O(1)',
  summary => 'Lists the subcommands of ACL.');

SELECT redis.register_command('module', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '4.0.0', command_group => 'server',
  summary => 'Container of the commands about modules.');

CREATE OR REPLACE FUNCTION public.redis_module_list() RETURNS bytea[]
LANGUAGE sql IMMUTABLE SECURITY DEFINER AS $$
    SELECT ARRAY[]::bytea[]
$$;
COMMENT ON FUNCTION public.redis_module_list() IS
'MODULE LIST
Nothing: there are no modules.';
SELECT redis.register_command('module|list', 'redis_module_list', arity => 2,
  flags => 'admin noscript', categories => 'admin slow dangerous',
  tips => 'nondeterministic_output_order',
  since => '4.0.0', command_group => 'server', complexity => 'O(N)',
  summary => 'Lists the modules: there are none.');

-- What the proxies' INFO and CONFIG ask.

-- Exact up to some hundred thousand keys, then by a sample of the table, so that a monitor that asks each second costs little.
CREATE OR REPLACE FUNCTION redis.info_keyspace(OUT db smallint, OUT keys bigint, OUT expires bigint, OUT avg_ttl bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    now constant bigint := redis.now_ms();
    share constant double precision := least(1, 33554432.0 / greatest(pg_catalog.pg_relation_size('redis.keys'), 1));
BEGIN
    RETURN QUERY
    SELECT x.db, (pg_catalog.count(*) / share)::bigint, (pg_catalog.count(x.expires_at) / share)::bigint,
           coalesce(pg_catalog.avg(x.expires_at - now), 0)::bigint
    FROM redis.keys x TABLESAMPLE SYSTEM (100 * share) WHERE x.expires_at > now OR x.expires_at IS NULL
    GROUP BY x.db ORDER BY x.db;
END $$;
COMMENT ON FUNCTION redis.info_keyspace() IS
'redis.info_keyspace(): for each database that has keys, their number, how many have a TTL, and their mean TTL in milliseconds.';

CREATE OR REPLACE FUNCTION redis.info_stats(OUT name text, OUT value text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT v.name, v.value
    FROM pg_catalog.pg_stat_database s, LATERAL (VALUES
        ('postgres_version', pg_catalog.current_setting('server_version')),
        ('postgres_uptime_in_seconds', pg_catalog.date_part('epoch', pg_catalog.now() - pg_catalog.pg_postmaster_start_time())::bigint::text),
        ('postgres_max_connections', pg_catalog.current_setting('max_connections')),
        ('postgres_connections', s.numbackends::text),
        ('postgres_database_bytes', pg_catalog.pg_database_size(s.datid)::text),
        ('postgres_commits', s.xact_commit::text),
        ('postgres_rollbacks', s.xact_rollback::text),
        ('postgres_deadlocks', s.deadlocks::text)) AS v(name, value)
    WHERE s.datname = pg_catalog.current_database()
$$;
COMMENT ON FUNCTION redis.info_stats() IS 'redis.info_stats(): what Postgres tells of itself, by name.';

CREATE OR REPLACE FUNCTION redis.config_set(name text, value text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    LOCK TABLE redis.settings IN SHARE ROW EXCLUSIVE MODE; -- transactions may set the same ones in different orders
    INSERT INTO redis.settings (name, value) VALUES (config_set.name, config_set.value)
    ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE SET value = excluded.value;
    PERFORM pg_catalog.pg_notify('redis', 'settings');
    RETURN true;
END $$;
COMMENT ON FUNCTION redis.config_set(text, text) IS
'redis.config_set(name, value): keeps a setting for all proxies, which hear of it at commit (NOTIFY redis, ''settings'').';

CREATE OR REPLACE FUNCTION redis.config_get_all(OUT name text, OUT value text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT s.name, s.value FROM redis.settings s
$$;
COMMENT ON FUNCTION redis.config_get_all() IS 'redis.config_get_all(): the settings that were changed from their defaults.';
