// What the operator says, from the command line and the environment.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>

#include "operations/log.h"

namespace pgredis::operations {

// `pgredis serve`. Every option --some-name is also PGREDIS_SOME_NAME in the environment; the command line wins.
struct Config {
    std::string database_url;  // libpq connection string or URI; empty: libpq's own defaults and PG… variables
    std::string bind = "127.0.0.1";
    std::uint16_t port = 6379;
    std::string password;  // from PGREDIS_PASSWORD or --password-file; empty: clients need none

    int quick_connections = 2;
    int slow_connections = 4;
    int script_connections = 4;
    double postgres_wait = 10;     // seconds that clients wait for a database that is away
    double shutdown_timeout = 10;  // seconds for what is in flight at SIGTERM
    std::string synchronous_commit = "on";
    std::int64_t busy_poll = 200;       // microseconds, for an answer or the next request, where a client is alone; 0: not at all
    std::int64_t sweep_interval = 500;  // milliseconds between looks for expired keys and orphaned elements

    std::int64_t max_clients = 10000;
    std::int64_t client_query_buffer_limit = std::int64_t{1} << 30;     // bytes
    std::int64_t client_output_buffer_limit = std::int64_t{256} << 20;  // bytes; a client over it is cut off
    std::int64_t max_bulk_bytes = std::int64_t{512} << 20;
    std::int64_t timeout = 0;          // seconds an idle client is kept; 0: for ever
    std::int64_t tcp_keepalive = 300;  // seconds; 0: off
    int databases = 16;

    bool enable_flush = false;           // FLUSHALL and FLUSHDB
    bool enable_debug = false;           // DEBUG
    std::string notify_keyspace_events;  // empty: as CONFIG SET left it

    LogLevel log_level = LogLevel::Info;
    std::string log_file;  // empty: stderr
};

// `pgredis migrate`.
struct MigrateConfig {
    std::string database_url;
    std::string proxy_role = "pgredis_proxy";  // gets the right to execute the API
    double lock_wait = 60;                     // seconds to try for locks that others hold
    bool force = false;                        // deploy the functions though they are there already
    bool dry_run = false;                      // only say what would be done
    bool print = false;                        // write the SQL for psql instead
    LogLevel log_level = LogLevel::Warning;
};

// `pgredis version`.
struct VersionConfig {};

// Nothing to run: help was shown (0) or the command line was wrong (2), and that was said.
struct Exit {
    int code;
};

using CommandLine = std::variant<Config, MigrateConfig, VersionConfig, Exit>;

// Reads the command line and the environment. Help goes to `out`, one line about what is wrong to `err`.
CommandLine parse_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

// A connection string with its secrets as ***, for logs.
std::string masked(const std::string& database_url);

}  // namespace pgredis::operations
