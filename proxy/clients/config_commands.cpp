// CONFIG and its subcommands. What is set is shared by all proxies: it is a row of redis.settings.
#include <map>
#include <set>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/replies.h"

namespace pgredis::clients {

namespace {

// All proxies have done it.
void write_ok(const std::vector<std::string>& /*answers*/, resp::ReplyWriter& writer) { writer.simple_string("OK"); }

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

void config_set(Invocation& invocation) {
    auto& [server, client, arguments, writer, in_exec] = invocation;
    auto& settings = server.settings();
    if (in_exec) {
        writer.error("ERR CONFIG SET is not allowed inside MULTI in pgredis");
        return;
    }
    if (arguments.size() % 2 != 0) {
        writer.error("ERR syntax error");
        return;
    }
    std::map<std::string, std::string> wanted;
    for (std::size_t i = 2; i < arguments.size(); i += 2) {
        const auto name = commands::lower(arguments[i]);
        if (!settings.known(name)) {
            writer.error("ERR Unknown option or number of arguments for CONFIG SET - '" + arguments[i] + "'");
            return;
        }
        const auto refuse = [&writer = writer, &argument = arguments[i]](const std::string& why) {
            writer.error("ERR CONFIG SET failed (possibly related to argument '" + argument + "') - " + why);
        };
        if (wanted.contains(name)) {
            refuse("duplicate parameter");
            return;
        }
        if (const auto problem = settings.problem(name, arguments[i + 1])) {
            refuse(*problem);
            return;
        }
        wanted[name] = settings.canonical(name, arguments[i + 1]);
    }
    std::string names;
    std::string values;
    std::vector<postgres::Value> parameters;
    for (const auto& [name, value] : wanted) {
        parameters.emplace_back(name);
        parameters.emplace_back(value);
        names += (names.empty() ? "" : ", ") + ("$" + std::to_string(parameters.size() - 1));
        values += (values.empty() ? "" : ", ") + ("$" + std::to_string(parameters.size()));
    }
    const auto sql = "SELECT pg_catalog.count(redis.config_set(s.name, s.value)) FROM ROWS FROM (pg_catalog.unnest(ARRAY[" +
                     names + "]), pg_catalog.unnest(ARRAY[" + values + "])) AS s(name, value)";
    std::vector<postgres::Type> types(parameters.size(), postgres::Type::text);
    client.await(sql, std::move(types), std::move(parameters), true,
                 [&server = server, &client = client, wanted](const postgres::Rows*, const postgres::Failure* failure,
                                                              resp::ReplyWriter& reply) {
                     if (failure != nullptr) {
                         commands::write_failure(*failure, reply);
                         return;
                     }
                     for (const auto& [name, value] : wanted) server.settings().set(name, value);
                     server.apply_settings();
                     // The others hear of it by themselves, but only when they have is it in force. They need not be told the
                     // values.
                     client.ask_others({"CONFIG", "SET"}, write_ok);
                 });
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
    invocation.writer.array(std::size(lines));
    for (const auto line : lines) invocation.writer.simple_string(line);
}

}  // namespace

void handle_config(Invocation& invocation) {
    const auto subcommand = commands::lower(invocation.arguments[1]);
    if (subcommand == "get") {
        config_get(invocation);
    } else if (subcommand == "set") {
        config_set(invocation);
    } else if (subcommand == "resetstat") {
        invocation.server.statistics() = {};
        invocation.client.ask_others(invocation.arguments, write_ok);
    } else if (subcommand == "rewrite") {
        invocation.writer.error("ERR The server is running without a config file");
    } else {
        config_help(invocation);
    }
}

}  // namespace pgredis::clients
