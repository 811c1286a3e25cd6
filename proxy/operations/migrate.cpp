#include "operations/migrate.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ostream>
#include <set>
#include <thread>

#include "operations/database.h"
#include "operations/embedded_sql.h"
#include "operations/version.h"

namespace pgredis::operations {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::string_view not_enough_rights = "42501";
constexpr std::string_view lock_not_available = "55P03";
constexpr std::string_view deadlock = "40P01";
constexpr std::string_view invalid_function_definition = "42P13";
constexpr std::string_view ambiguous_function = "42725";
constexpr std::string_view duplicate_object = "42710";
constexpr std::string_view unique_violation = "23505";
constexpr std::string_view dependent_objects = "2BP01";

// A lock on a table makes the traffic queue up behind it, so none is waited for longer than this; then it is tried again.
constexpr auto lock_patience = "300ms";

// The lock of sql/begin.sql, taken before anything is looked at.
constexpr auto lock_sql = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('redis.deploy', 0))";

constexpr auto role_sql = R"(DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgredis_proxy') THEN
        CREATE ROLE pgredis_proxy NOLOGIN;
    END IF;
END $$)";

// Remembers which functions are ours before a deploy: all of schema redis, and those in public of built-in commands, except
// what a user registered. CREATE OR REPLACE changes a function's xmin; what still has the old one later was not in the files.
constexpr auto remember_functions_sql = R"(SELECT pg_catalog.set_config('redis.functions_before', coalesce((
    SELECT pg_catalog.string_agg(p.oid || ':' || p.xmin, ' ')
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE (n.nspname = 'redis'
           OR n.nspname = 'public' AND p.proname IN (
               SELECT pg_catalog.regexp_replace(c.function, '^public\.', '') FROM redis.commands c WHERE c.built_in
               UNION ALL
               SELECT 'redis_' || pg_catalog.translate(c.name, '|-', '__') FROM redis.commands c WHERE c.built_in))
      AND NOT EXISTS (SELECT FROM redis.commands c WHERE NOT c.built_in AND c.function IN (p.proname, n.nspname || '.' || p.proname))
), ''), true))";

constexpr auto leftovers_query = R"(SELECT p.oid::pg_catalog.regprocedure::text AS signature
    FROM pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('redis.functions_before'), ' ')) AS b(mark)
    JOIN pg_catalog.pg_proc p ON p.oid || ':' || p.xmin = b.mark)";

// Only those that have a new overload: a call from the files could mean either.
constexpr auto overloads_condition = R"(
    WHERE EXISTS (SELECT FROM pg_catalog.pg_proc q
                  WHERE q.proname = p.proname AND q.pronamespace = p.pronamespace
                    AND q.oid || ':' || q.xmin <> ALL (
                        pg_catalog.string_to_array(pg_catalog.current_setting('redis.functions_before'), ' '))))";

const std::string& overloads_query() {
    static const std::string query = std::string(leftovers_query) + overloads_condition;
    return query;
}

std::string record_deployment_sql() {
    return fmt::format(R"(INSERT INTO redis.deployment (functions_hash, breaking) VALUES ('{}', {})
ON CONFLICT (singleton) DO UPDATE
SET functions_hash = excluded.functions_hash, breaking = excluded.breaking, deployed_at = pg_catalog.now())",
                       functions_hash(), breaking_number);
}

int number_of(const SqlFile& migration) {
    int number = 0;
    std::from_chars(migration.name.data(), migration.name.data() + migration.name.size(), number);
    return number;
}

std::string record_migration_sql(const SqlFile& migration) {
    return fmt::format("INSERT INTO redis.migrations (version, name) VALUES ({}, '{}')", number_of(migration), migration.name);
}

bool is_internal(const SqlFile& file) { return file.name == "begin" || file.name.starts_with("internal/"); }

// The files name the role of the proxies literally; another one takes its place.
std::string for_role(std::string_view sql, const std::string& role) {
    constexpr std::string_view name = "pgredis_proxy";
    std::string text;
    for (std::size_t from = 0; from < sql.size();) {
        const std::size_t found = std::min(sql.find(name, from), sql.size());
        text += sql.substr(from, found - from);
        if (found < sql.size()) text += role;
        from = found + name.size();
    }
    return text;
}

std::string short_hash(std::string_view hash) { return std::string(hash.substr(0, 12)); }

// What ends a deploy: said in one line to whoever runs it.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What there is before a deploy.
struct State {
    std::set<int> migrations;
    std::string hash;  // empty: never deployed
    int breaking = 0;
    bool role_exists = false;
    bool role_has_rights = false;
    std::string other_owner;  // of schema redis, quoted, when that is not who migrates

    bool pending(const SqlFile& migration) const { return !migrations.contains(number_of(migration)); }
    bool migrations_done() const {
        return std::none_of(migration_files().begin(), migration_files().end(), [this](const SqlFile& m) { return pending(m); });
    }
    bool functions_done() const { return hash == functions_hash() && breaking == breaking_number && role_has_rights; }
};

class Deploy {
 public:
    Deploy(const MigrateConfig& config, const Logger& logger, std::ostream& out)
        : config_(config), logger_(logger), out_(out), give_up_at_(Clock::now() + seconds(config.lock_wait)) {}

    void run() {
        logger_.info("connecting to {}", masked(config_.database_url));
        connection_ = connect_for_writing(config_.database_url, "pgredis migrate");
        log_notices(connection_.get(), logger_);
        if (config_.dry_run) {
            tell_plan();
            return;
        }
        while (!try_once()) std::this_thread::sleep_for(1s);
    }

 private:
    static std::chrono::milliseconds seconds(double s) { return std::chrono::milliseconds(static_cast<std::int64_t>(s * 1000)); }

    std::vector<Row> sql(const std::string& text) { return operations::run(connection_.get(), text); }
    std::string sql_for_role(std::string_view text) const { return for_role(text, config_.proxy_role); }

    // The whole deploy in one transaction. False: a lock was in the way and there is time to try again.
    bool try_once() {
        steps_.clear();
        try {
            sql("BEGIN");
            sql("SET LOCAL statement_timeout = 0");
            lock();
            deploy();
            sql("COMMIT");
        } catch (const DatabaseError& failure) {
            if (failure.sqlstate != lock_not_available && failure.sqlstate != deadlock) throw;
            sql("ROLLBACK");
            if (Clock::now() >= give_up_at_) {
                throw Refusal(
                    fmt::format("no locks within {} s: another deploy or a long transaction holds them (pg_stat_activity shows "
                                "it); nothing was changed, run it again later",
                                config_.lock_wait));
            }
            if (!waiting_told_) out_ << "waiting for locks that other transactions hold" << std::endl;
            waiting_told_ = true;
            return false;
        }
        for (const std::string& step : steps_) out_ << step << '\n';
        out_.flush();
        return true;
    }

    // Nobody queues up behind this one, so it may be waited for.
    void lock() {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_at_ - Clock::now());
        sql(fmt::format("SET LOCAL lock_timeout = {}", std::max<std::int64_t>(left.count(), 1)));
        sql(lock_sql);
        sql(fmt::format("SET LOCAL lock_timeout = '{}'", lock_patience));
    }

    void deploy() {
        const State state = look();
        if (state.migrations_done() && state.functions_done() && !config_.force) {
            steps_.push_back(fmt::format("up to date: schema {}, functions {}", schema_version(), short_hash(functions_hash())));
            return;
        }
        if (!state.role_exists) create_role();
        // The API works with its owner's rights: all of it must have the same one, and not a superuser who lent a hand.
        if (!state.other_owner.empty()) sql("SET LOCAL ROLE " + state.other_owner);
        for (const SqlFile& migration : migration_files()) {
            if (state.pending(migration)) apply(migration);
        }
        sql(remember_functions_sql);
        bool overloads_dropped = false;
        for (const SqlFile& file : function_files()) {
            if (!overloads_dropped && !is_internal(file)) {
                drop(overloads_query());
                overloads_dropped = true;
            }
            // The last file gives rights on what there is, so leftovers go before it.
            if (&file == &function_files().back()) drop(leftovers_query);
            define(file);
        }
        sql(record_deployment_sql());
        steps_.push_back(fmt::format("functions {} deployed ({} files)", short_hash(functions_hash()), function_files().size()));
    }

    void create_role() {
        sql("SAVEPOINT role");
        try {
            sql(sql_for_role(role_sql));
            steps_.push_back(fmt::format("role {} created", config_.proxy_role));
        } catch (const DatabaseError& failure) {
            // Roles belong to all databases of a server: a deploy of another one may have been first.
            if (failure.sqlstate != duplicate_object && failure.sqlstate != unique_violation) throw;
            sql("ROLLBACK TO role");
        }
        sql("RELEASE role");
    }

    void apply(const SqlFile& migration) {
        try {
            sql(sql_for_role(migration.text));
            sql(record_migration_sql(migration));
        } catch (const DatabaseError& failure) {
            throw at("migrations", migration, failure);
        }
        steps_.push_back(fmt::format("migration {} applied", migration.name));
    }

    // Applies one file of functions. Where functions of an earlier deploy are in its way, they are dropped and it is applied
    // again.
    void define(const SqlFile& file) {
        const std::string text = sql_for_role(file.text);
        for (;;) {
            sql("SAVEPOINT file");
            try {
                sql(text);
                sql("RELEASE file");
                return;
            } catch (const DatabaseError& failure) {
                if (failure.sqlstate != invalid_function_definition && failure.sqlstate != ambiguous_function)
                    throw at("sql", file, failure);
                sql("ROLLBACK TO file");
                if (!clear_the_way(failure)) throw at("sql", file, failure);
            }
        }
    }

    bool clear_the_way(const DatabaseError& failure) {
        if (failure.sqlstate == invalid_function_definition) {
            // Its result or its parameters' names changed. Postgres's hint names it, in every language as DROP FUNCTION
            // name(types).
            const std::size_t start = failure.hint.find("DROP FUNCTION ");
            const std::size_t end = failure.hint.find(')', start);
            if (end == std::string::npos) return false;
            drop_function(failure.hint.substr(start, end + 1 - start));
            return true;
        }
        // The file means a function that has an overload from before; the message names it.
        const std::unique_ptr<char, decltype(&PQfreemem)> message(
            PQescapeLiteral(connection_.get(), failure.what(), std::string_view(failure.what()).size()), PQfreemem);
        return drop(fmt::format(R"({} WHERE {} ~ ('\m' || p.proname || '\M'))", leftovers_query, message.get()));
    }

    // Drops the functions that a query names; whether there were any.
    bool drop(const std::string& query) {
        const std::vector<Row> rows = sql(query);
        for (const Row& row : rows) {
            drop_function("DROP ROUTINE " + row[0]);
            steps_.push_back(fmt::format("function {} dropped: it is no longer among ours", row[0]));
        }
        return !rows.empty();
    }

    void drop_function(const std::string& statement) {
        try {
            sql(statement);
        } catch (const DatabaseError& failure) {
            if (failure.sqlstate != dependent_objects) throw;
            throw Refusal(
                fmt::format("{}; something of yours uses this function, which is gone or changed in this pgredis: drop that "
                            "first, nothing was changed",
                            failure.what()));
        }
    }

    static DatabaseError at(std::string_view folder, const SqlFile& file, const DatabaseError& failure) {
        return {fmt::format("{}/{}.sql: {}", folder, file.name, failure.what()), failure.sqlstate, failure.hint};
    }

    // What the database is like; refuses one that cannot be deployed to.
    State look() {
        const Row around = run_for_row(connection_.get(), fmt::format(R"(
SELECT pg_catalog.current_database(), current_user, pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num')::int >= 150000,
       pg_catalog.current_setting('server_encoding'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       coalesce(pg_catalog.has_schema_privilege(p.oid, 'CREATE'), false),
       n.oid IS NOT NULL, m.oid IS NOT NULL,
       coalesce(pg_catalog.pg_has_role(n.nspowner, 'USAGE'), true), pg_catalog.pg_get_userbyid(n.nspowner),
       r.oid IS NOT NULL,
       coalesce(pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'), false),
       me.rolsuper OR me.rolcreaterole,
       CASE WHEN n.nspowner <> me.oid THEN pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) END
FROM pg_catalog.pg_roles me
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'redis'
LEFT JOIN pg_catalog.pg_namespace p ON p.nspname = 'public'
LEFT JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = 'migrations'
LEFT JOIN pg_catalog.pg_roles r ON r.rolname = '{}'
WHERE me.rolname = current_user)",
                                                                      config_.proxy_role));
        const std::string& database = around[0];
        const std::string& me = around[1];
        const auto is_true = [&](std::size_t column) { return around[column] == "t"; };
        State state;
        state.role_exists = is_true(11);
        state.role_has_rights = is_true(12);
        state.other_owner = around[14];

        if (!is_true(3)) throw Refusal(fmt::format("PostgreSQL {} is too old: pgredis needs 15 or newer", around[2]));
        if (around[4] != "UTF8") {
            throw Refusal(
                fmt::format("database {} has the encoding {}; pgredis needs one made with ENCODING 'UTF8' TEMPLATE template0",
                            database, around[4]));
        }
        if (!is_true(7) && !is_true(5)) {
            throw Refusal(
                fmt::format("role {} may not create a schema in database {}: migrate as the database's owner, or GRANT CREATE "
                            "ON DATABASE {} TO {}",
                            me, database, database, me));
        }
        if (!is_true(9)) {
            throw Refusal(fmt::format("schema redis in database {} belongs to role {}, and {} is no member of it: migrate as {}",
                                      database, around[10], me, around[10]));
        }
        if (!is_true(6)) {
            throw Refusal(
                fmt::format("role {} may not create functions in schema public of database {}: migrate as the database's owner, "
                            "or GRANT CREATE ON SCHEMA public TO {}",
                            me, database, me));
        }
        if (!state.role_exists && !is_true(13)) {
            throw Refusal(
                fmt::format("role {0} does not exist and {1} may not create roles: have CREATE ROLE {0} NOLOGIN run by who may, "
                            "or name another with --proxy-role",
                            config_.proxy_role, me));
        }
        if (!is_true(8)) return state;  // no redis.migrations: a new database

        for (const Row& row : sql("SELECT version FROM redis.migrations")) state.migrations.insert(std::stoi(row[0]));
        for (const Row& row : sql("SELECT functions_hash, breaking FROM redis.deployment")) {
            state.hash = row[0];
            state.breaking = std::stoi(row[1]);
        }
        const int newest = state.migrations.empty() ? 0 : *state.migrations.rbegin();
        if (newest > schema_version() || state.breaking > breaking_number) {
            throw Refusal(
                fmt::format("database {} was migrated by a newer pgredis (schema {}, breaking number {}; this one, {}, knows {} "
                            "and {}): use that version or a newer one",
                            database, newest, state.breaking, version(), schema_version(), breaking_number));
        }
        return state;
    }

    void tell_plan() {
        sql("BEGIN READ ONLY");
        const State state = look();
        sql("ROLLBACK");
        if (!state.role_exists) out_ << "would create the role " << config_.proxy_role << '\n';
        for (const SqlFile& migration : migration_files()) {
            if (state.pending(migration)) out_ << "would apply migration " << migration.name << '\n';
        }
        const bool all_done = state.migrations_done() && state.functions_done() && !config_.force;
        if (all_done) {
            out_ << "up to date, nothing to do: schema " << schema_version() << ", functions " << short_hash(functions_hash())
                 << '\n';
        } else {
            out_ << "would deploy functions " << short_hash(functions_hash()) << " ("
                 << (state.hash.empty() ? "none there yet" : "there: " + short_hash(state.hash)) << ")\n";
        }
    }

    const MigrateConfig& config_;
    const Logger& logger_;
    std::ostream& out_;
    Clock::time_point give_up_at_;
    DatabaseConnection connection_;
    std::vector<std::string> steps_;  // told once they are committed
    bool waiting_told_ = false;
};

std::string drop_script(const std::string& query) {
    return fmt::format(R"(DO $$
DECLARE
    f record;
BEGIN
    FOR f IN {} LOOP
        EXECUTE pg_catalog.format('DROP ROUTINE %s', f.signature);
    END LOOP;
END $$;
)",
                       query);
}

}  // namespace

int migrate(const MigrateConfig& config, const Logger& logger, std::ostream& out, std::ostream& err) {
    try {
        Deploy(config, logger, out).run();
        return 0;
    } catch (const Refusal& refusal) {
        err << "pgredis migrate: " << refusal.what() << '\n';
    } catch (const DatabaseError& failure) {
        err << "pgredis migrate: " << failure.what();
        if (!failure.hint.empty()) err << " (" << one_line(failure.hint) << ')';
        if (failure.sqlstate == not_enough_rights) err << "; migrate as the role that owns the schema";
        err << (failure.sqlstate.empty() ? "\n" : "; nothing was changed\n");
    }
    return 1;
}

void print_deploy(const MigrateConfig& config, std::ostream& out) {
    out << "-- pgredis " << version() << ": the whole deploy, for `psql -1` (one transaction).\n"
        << "-- Where psql says \"Use DROP FUNCTION ... first\", do that in the same transaction; `pgredis migrate` does by "
           "itself.\n"
        << "\\set ON_ERROR_STOP on\n\\encoding UTF8\n\\o /dev/null\n"
        << "SAVEPOINT only_in_one_transaction;\n"
        << "SET LOCAL statement_timeout = 0;\n"
        << lock_sql << ";\nSET LOCAL lock_timeout = '" << lock_patience << "';\n"
        << fmt::format(R"(DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'pgredis needs a database with the encoding UTF8';
    END IF;
    IF pg_catalog.to_regclass('redis.migrations') IS NOT NULL THEN
        IF (SELECT max(version) FROM redis.migrations) > {} OR (SELECT breaking FROM redis.deployment) > {} THEN
            RAISE EXCEPTION 'this database was migrated by a newer pgredis';
        END IF;
    END IF;
END $$;
)",
                       schema_version(), breaking_number)
        << for_role(role_sql, config.proxy_role) << ";\n";
    for (const SqlFile& migration : migration_files()) {
        out << "SELECT pg_catalog.to_regclass('redis.migrations') IS NULL AS pending \\gset\n\\if :pending\n\\else\n"
            << "SELECT NOT EXISTS (SELECT FROM redis.migrations WHERE version = " << number_of(migration)
            << ") AS pending \\gset\n"
            << "\\endif\n\\if :pending\n"
            << for_role(migration.text, config.proxy_role) << '\n'
            << record_migration_sql(migration) << ";\n\\endif\n";
    }
    out << remember_functions_sql << ";\n";
    bool overloads_dropped = false;
    for (const SqlFile& file : function_files()) {
        if (!overloads_dropped && !is_internal(file)) {
            out << drop_script(overloads_query());
            overloads_dropped = true;
        }
        if (&file == &function_files().back()) out << drop_script(leftovers_query);
        out << for_role(file.text, config.proxy_role) << '\n';
    }
    out << record_deployment_sql() << ";\n\\o\n\\echo done\n";
}

}  // namespace pgredis::operations
