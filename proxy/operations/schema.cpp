#include "operations/schema.h"

#include <fmt/format.h>

#include "operations/database.h"
#include "operations/version.h"

namespace pgredis::operations {
namespace {

// Looks only where everybody may look.
constexpr auto surroundings_query = R"(
SELECT pg_catalog.current_database(), current_user, pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num')::int >= 150000,
       pg_catalog.current_setting('server_encoding'),
       pg_catalog.current_setting('transaction_read_only') = 'on',
       d.oid IS NOT NULL,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(d.oid, 'SELECT')
           AND pg_catalog.has_table_privilege(m.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM (VALUES (1)) AS one
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'redis'
LEFT JOIN pg_catalog.pg_class d ON d.relnamespace = n.oid AND d.relname = 'deployment'
LEFT JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = 'migrations'
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'commands')";

constexpr auto deployment_query = R"(
SELECT coalesce((SELECT pg_catalog.max(m.version) FROM redis.migrations m), 0),
       coalesce((SELECT d.breaking FROM redis.deployment d), 0))";

std::optional<std::string> find_problem(PGconn* connection) {
    const Row around = run_for_row(connection, surroundings_query);
    const std::string& database = around[0];
    const std::string& role = around[1];
    const auto is_true = [&](std::size_t column) { return around[column] == "t"; };
    if (!is_true(3)) return fmt::format("PostgreSQL {} is too old: pgredis needs 15 or newer", around[2]);
    if (around[4] != "UTF8") return fmt::format("database {} has the encoding {}; pgredis needs UTF8", database, around[4]);
    if (!is_true(6)) return fmt::format("database {} is not prepared for pgredis: run `pgredis migrate` on it", database);
    if (!is_true(7)) {
        return fmt::format(
            "role {} has no right to use pgredis in database {}: as its owner, GRANT pgredis_proxy TO {}, or run "
            "`pgredis migrate --proxy-role {}`",
            role, database, role, role);
    }
    if (is_true(5)) {
        return fmt::format("database {} takes no writes here (a standby?): name all hosts, and target_session_attrs=read-write",
                           database);
    }

    const Row deployed = run_for_row(connection, deployment_query);
    const int schema = std::stoi(deployed[0]);
    const int breaking = std::stoi(deployed[1]);
    if (breaking > breaking_number) {
        return fmt::format(
            "database {} was migrated by a newer pgredis that this one ({}) cannot work with (breaking number {}, here "
            "{}): upgrade this pgredis",
            database, version(), breaking, breaking_number);
    }
    if (schema < schema_version() || breaking < breaking_number) {
        return fmt::format(
            "database {} is older than this pgredis (schema {}, needed {}; breaking number {}, needed {}): run "
            "`pgredis migrate` on it",
            database, schema, schema_version(), breaking, breaking_number);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> schema_problem(PGconn* connection) {
    try {
        return find_problem(connection);
    } catch (const DatabaseError& failure) {
        return fmt::format("cannot check the database's schema: {}", failure.what());
    }
}

}  // namespace pgredis::operations
