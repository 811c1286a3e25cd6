#include "operations/config.h"

#include <libpq-fe.h>

#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "operations/version.h"

namespace pgredis::operations {
namespace {

// A value that is well-formed for CLI11 and wrong all the same.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr std::string_view overview = R"(pgredis: Redis's protocol, on PostgreSQL

  pgredis migrate    prepares a database, or brings it up to date
  pgredis serve      serves Redis clients from that database
  pgredis version    says what this binary is and what it needs

Each has --help. Every option --some-name is also PGREDIS_SOME_NAME in the environment.
)";

// Names, type and default of an option; the environment's variable follows from its name.
class BriefHelp : public CLI::Formatter {
 public:
    std::string make_option_opts(const CLI::Option* option) const override {
        std::string text;
        if (option->get_type_size() != 0) text += " " + option->get_type_name();
        if (!option->get_default_str().empty()) text += " (" + option->get_default_str() + ")";
        return text;
    }
};

bool in_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr && *value != '\0';
}

// The variable of an option; `fallback` is one that others set, used when ours is absent.
std::string variable_of(std::string option, const std::string& fallback) {
    for (char& c : option) {
        c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const std::string ours = "PGREDIS_" + option;
    return !fallback.empty() && !in_environment(ours) && in_environment(fallback) ? fallback : ours;
}

// Adds the options of one command, under headings.
class Options {
 public:
    explicit Options(CLI::App& app) : app_(app) {}

    Options& under(const std::string& heading) {
        heading_ = heading;
        return *this;
    }

    template <typename Value>
    CLI::Option* add(const std::string& name, Value& value, const std::string& help, const std::string& fallback = {}) {
        CLI::Option* option = app_.add_option("--" + name, value, help)->envname(variable_of(name, fallback))->group(heading_);
        if constexpr (!std::is_same_v<Value, std::string>) option->capture_default_str();
        return option;
    }

    void add_flag(const std::string& name, bool& value, const std::string& help) {
        app_.add_flag("--" + name, value, help)->envname(variable_of(name, {}))->group(heading_);
    }

    void add_size(const std::string& name, std::int64_t& value, const std::string& help) {
        const auto shown = fmt::format("{}mb", value >> 20);
        add(name, value, help)->transform(CLI::AsSizeValue(false).description(""))->type_name("SIZE")->default_str(shown);
    }

    void add_database_url(std::string& value) {
        add("database-url", value,
            "connection string or URI, several hosts too (else DATABASE_URL, else libpq's own PG... variables)", "DATABASE_URL");
    }

    void add_log_level(std::string& value) {
        add("log-level", value, "how much is logged")->type_name("debug|info|warning|error")->capture_default_str();
        app_.get_option("--log-level")->check(CLI::IsMember({"debug", "info", "warning", "error"}).description(""));
    }

 private:
    CLI::App& app_;
    std::string heading_ = "Options";
};

LogLevel level_named(const std::string& name) {
    for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning}) {
        if (name == level_name(level)) return level;
    }
    return LogLevel::Error;
}

struct FreeConninfo {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Conninfo = std::unique_ptr<PQconninfoOption, FreeConninfo>;

Conninfo parse_conninfo(const std::string& text) {
    char* message = nullptr;
    Conninfo parsed(PQconninfoParse(text.c_str(), &message));
    PQfreemem(message);
    return parsed;
}

// libpq takes anything without a = that is no URI as the name of a database.
bool is_database_name(const std::string& url) {
    return url.find('=') == std::string::npos && !url.starts_with("postgres://") && !url.starts_with("postgresql://");
}

void check_database_url(const std::string& url) {
    // libpq's own message may quote a part of the password.
    if (!is_database_name(url) && !parse_conninfo(url)) {
        throw UsageError(
            "--database-url is neither a URI (postgresql://user@host/database) nor key=value pairs that libpq understands");
    }
}

std::string read_password(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string password{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) throw UsageError("--password-file: cannot read " + file);
    while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
    if (password.empty()) throw UsageError("--password-file: there is no password in " + file);
    return password;
}

void parse(CLI::App& app, int argc, const char* const* argv) {
    const auto formatter = std::make_shared<BriefHelp>();
    formatter->column_width(46);
    app.formatter(formatter);
    app.footer("Every option --some-name is also PGREDIS_SOME_NAME in the environment; the command line wins.");
    app.parse(argc, argv);
}

CommandLine parse_serve(CLI::App& app, int argc, const char* const* argv) {
    Config config;
    std::string password_file;
    std::string log_level{level_name(config.log_level)};
    Options options(app);

    options.under("Listening");
    options.add("bind", config.bind, "address to listen on (0.0.0.0: all of IPv4; ::: all)")->capture_default_str();
    options.add("port", config.port, "port to listen on (else PORT)", "PORT")
        ->check(CLI::Range(1, 65535).description(""))
        ->type_name("INT");
    options.add("password-file", password_file,
                "file with the password that clients must give; or the password itself in PGREDIS_PASSWORD");

    options.under("Postgres");
    options.add_database_url(config.database_url);
    options.add("quick-connections", config.quick_connections, "connections that batches of quick commands share")
        ->check(CLI::Range(1, 1000).description(""));
    options.add("slow-connections", config.slow_connections, "connections for transactions and what may run long")
        ->check(CLI::Range(1, 1000).description(""));
    options.add("script-connections", config.script_connections, "connections for scripts")
        ->check(CLI::Range(1, 1000).description(""));
    options.add("postgres-wait", config.postgres_wait, "how long commands wait for a database that is away")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("SECONDS");
    options.add("synchronous-commit", config.synchronous_commit, "what a reply to a write promises")
        ->check(CLI::IsMember({"on", "off", "local", "remote_write", "remote_apply"}).description(""))
        ->type_name("on|off|local|remote_write|remote_apply")
        ->capture_default_str();
    options
        .add("busy-poll", config.busy_poll,
             "how long to stay awake for the next answer or request where one client is alone; 0: not at all")
        ->check(CLI::Range(0, 1000).description(""))
        ->type_name("US")
        ->capture_default_str();
    options.add("sweep-interval", config.sweep_interval, "pause between looks for expired keys")
        ->check(CLI::Range(1, 3600000).description(""))
        ->type_name("MS");

    options.under("Clients");
    options.add("databases", config.databases, "how many SELECT may choose from")->check(CLI::Range(1, 32767).description(""));
    options.add("max-clients", config.max_clients, "more are turned away")->check(CLI::Range(1, 1000000).description(""));
    options.add("timeout", config.timeout, "close clients idle for so long; 0: never")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("SECONDS");
    options.add("tcp-keepalive", config.tcp_keepalive, "probe silent clients after so long; 0: never")
        ->check(CLI::Range(0, 32767).description(""))
        ->type_name("SECONDS");
    options.add_size("client-query-buffer-limit", config.client_query_buffer_limit, "a client that sends more unread is cut off");
    options.add_size("client-output-buffer-limit", config.client_output_buffer_limit,
                     "a client with more replies unread is cut off");
    options.add_size("max-bulk-bytes", config.max_bulk_bytes, "longest single argument");
    options.add("shutdown-timeout", config.shutdown_timeout, "how long SIGTERM waits for what is in flight")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("SECONDS");
    options
        .add("notify-keyspace-events", config.notify_keyspace_events,
             "events to publish, of all proxies, until CONFIG SET says otherwise: K, E and classes of g$lshzxetdAmn")
        ->type_name("FLAGS");
    options.add_flag("enable-flush", config.enable_flush, "allow FLUSHALL and FLUSHDB");
    options.add_flag("enable-debug", config.enable_debug, "allow DEBUG");

    options.under("Log");
    options.add_log_level(log_level);
    options.add("log-file", config.log_file, "append to this file (else stderr)");

    parse(app, argc, argv);
    check_database_url(config.database_url);
    if (config.notify_keyspace_events.find_first_not_of("Ag$lshzxeKEtmdn") != std::string::npos)
        throw UsageError("--notify-keyspace-events: the flags are Ag$lshzxeKEtmdn");
    config.log_level = level_named(log_level);
    if (!password_file.empty()) {
        config.password = read_password(password_file);
    } else if (in_environment("PGREDIS_PASSWORD")) {
        config.password = std::getenv("PGREDIS_PASSWORD");
    }
    return config;
}

CommandLine parse_migrate(CLI::App& app, int argc, const char* const* argv) {
    MigrateConfig config;
    std::string log_level{level_name(config.log_level)};
    Options options(app);
    options.add_database_url(config.database_url);
    options.add("proxy-role", config.proxy_role, "role that may execute the API; made when absent")->capture_default_str();
    options.add("lock-wait", config.lock_wait, "how long to try for locks that others hold")
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("SECONDS");
    options.add_flag("force", config.force, "deploy the functions even when they are up to date");
    options.add_flag("dry-run", config.dry_run, "only say what would be done");
    options.add_flag("print", config.print, "print the SQL for `psql -1` and connect to nothing");
    options.add_log_level(log_level);

    parse(app, argc, argv);
    check_database_url(config.database_url);
    config.log_level = level_named(log_level);

    // The name goes into the SQL files as it is, also inside of string constants.
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    const std::string& role = config.proxy_role;
    if (role.empty() || role.size() > 63 || std::isdigit(static_cast<unsigned char>(role.front())) != 0 ||
        !std::all_of(role.begin(), role.end(), plain)) {
        throw UsageError(
            "--proxy-role takes a name of lower-case letters, digits and underscores; for another role: keep the default, "
            "then GRANT pgredis_proxy TO that role");
    }
    return config;
}

CommandLine parse_version(CLI::App& app, int argc, const char* const* argv) {
    parse(app, argc, argv);
    return VersionConfig{};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "--help" || command == "-h" || command == "help") {
        out << overview;
        return Exit{0};
    }
    if (command == "--version") return VersionConfig{};

    using Parser = CommandLine (*)(CLI::App&, int, const char* const*);
    struct Entry {
        std::string_view name;
        std::string_view about;
        Parser parser;
    };
    static constexpr Entry entries[] = {
        {"serve", "Serves Redis clients from a database that `pgredis migrate` prepared.", parse_serve},
        {"migrate", "Prepares a database for pgredis, or brings it up to date: all in one transaction, beside live traffic.",
         parse_migrate},
        {"version", "Says what this binary is and what it needs of a database.", parse_version},
    };
    for (const Entry& entry : entries) {
        if (command != entry.name) continue;
        const std::string called = "pgredis " + command;
        CLI::App app{std::string(entry.about), called};
        try {
            return entry.parser(app, argc - 1, argv + 1);
        } catch (const CLI::CallForHelp&) {
            out << app.help();
            return Exit{0};
        } catch (const CLI::ParseError& wrong) {
            err << called << ": " << first_line(wrong.what()) << " (see " << called << " --help)\n";
        } catch (const UsageError& wrong) {
            err << called << ": " << wrong.what() << '\n';
        }
        return Exit{2};
    }
    if (command.empty()) {
        err << overview;
    } else {
        err << "pgredis: there is no command '" << command << "': serve, migrate or version (see pgredis --help)\n";
    }
    return Exit{2};
}

std::string masked(const std::string& database_url) {
    if (is_database_name(database_url)) return database_url;
    const Conninfo parsed = parse_conninfo(database_url);
    if (!parsed) return "(a connection string that libpq cannot read)";
    std::string text;
    for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string value = *option->dispchar == '*' ? "***" : option->val;
        if (!text.empty()) text += ' ';
        text.append(option->keyword).append("=");
        const bool plain = !value.empty() && value.find_first_of(" '\\") == std::string::npos;
        if (plain) {
            text += value;
            continue;
        }
        text += '\'';
        for (const char c : value) {
            if (c == '\'' || c == '\\') text += '\\';
            text += c;
        }
        text += '\'';
    }
    return text;
}

}  // namespace pgredis::operations
