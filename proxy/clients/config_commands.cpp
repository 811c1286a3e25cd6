// CONFIG and its subcommands. What is set is shared by all proxies: it is a row of redis.settings.
#include <map>
#include <set>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/replies.h"

namespace pgredis::clients {

namespace {

void config_get(Invocation& invocation) {
    std::map<std::string, std::string> found;
    for (std::size_t i = 2; i < invocation.arguments.size(); ++i) {
        for (auto& [name, value] : invocation.server.settings().matching(invocation.arguments[i])) found.emplace(name, value);
    }
    invocation.writer.map(found.size());
    for (const auto& [name, value] : found) {
        invocation.writer.bulk(name);
        invocation.writer.bulk(value);
    }
}

// What CONFIG SET is to set, or why it cannot.
struct Wanted {
    std::map<std::string, std::string> values;
    std::string error;
};

Wanted read_wanted(const Settings& settings, const std::vector<std::string>& arguments) {
    if (arguments.size() % 2 != 0) return {{}, "ERR syntax error"};
    Wanted wanted;
    for (std::size_t i = 2; i < arguments.size(); i += 2) {
        const auto name = commands::lower(arguments[i]);
        if (!settings.known(name))
            return {{}, "ERR Unknown option or number of arguments for CONFIG SET - '" + arguments[i] + "'"};
        const auto refused = "ERR CONFIG SET failed (possibly related to argument '" + arguments[i] + "') - ";
        if (wanted.values.contains(name)) return {{}, refused + "duplicate parameter"};
        if (const auto problem = settings.problem(name, arguments[i + 1])) return {{}, refused + *problem};
        wanted.values[name] = settings.canonical(name, arguments[i + 1]);
    }
    return wanted;
}

void config_help(Invocation& invocation) {
    static constexpr std::string_view lines[] = {"CONFIG <subcommand> [<arg> ...]. Subcommands:",
                                                 "GET <pattern> [<pattern> ...]",
                                                 "    Settings and their values.",
                                                 "SET <setting> <value> [<setting> <value> ...]",
                                                 "    Changes settings, for all proxies of the database, for good.",
                                                 "RESETSTAT",
                                                 "    Sets the counters of INFO to zero.",
                                                 "REWRITE",
                                                 "    Does nothing: there is no configuration file.",
                                                 "HELP",
                                                 "    This text."};
    write_lines(invocation, lines);
}

}  // namespace

std::optional<Question> ask_config_set(Server& server, const std::vector<std::string>& arguments) {
    const auto wanted = read_wanted(server.settings(), arguments);
    if (!wanted.error.empty()) return std::nullopt;
    std::vector<std::string> names;
    std::vector<std::string> values;
    for (const auto& [name, value] : wanted.values) {
        names.push_back(name);
        values.push_back(value);
    }
    return Question{
        internal_call("SELECT pg_catalog.count(redis.config_set(s.name, s.value)) FROM ROWS FROM (pg_catalog.unnest("
                      "$1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS s(name, value)",
                      {postgres::Type::text_array, postgres::Type::text_array}, {std::move(names), std::move(values)}),
        [&server, set = wanted.values](const postgres::Rows*, const postgres::Failure* failure, resp::ReplyWriter& reply) {
            if (failure != nullptr) {
                commands::write_failure(*failure, reply);
                return;
            }
            for (const auto& [name, value] : set) server.settings().set(name, value);
            server.apply_settings();
            reply.simple_string("OK");
        },
        // They hear of it by themselves, but only when all have is it in force. They need not be told the values.
        {"CONFIG", "SET"}};
}

void handle_config(Invocation& invocation) {
    const auto subcommand = commands::lower(invocation.arguments[1]);
    if (subcommand == "get") {
        config_get(invocation);
    } else if (subcommand == "set") {
        invocation.writer.error(read_wanted(invocation.server.settings(), invocation.arguments).error);  // see ask_config_set
    } else if (subcommand == "resetstat") {
        invocation.server.reset_statistics();
        invocation.client.ask_others(invocation.arguments, write_ok_of_all);
    } else if (subcommand == "rewrite") {
        invocation.writer.error("ERR The server is running without a config file");
    } else {
        config_help(invocation);
    }
}

}  // namespace pgredis::clients
