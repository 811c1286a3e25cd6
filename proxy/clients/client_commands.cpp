// CLIENT and its subcommands. LIST, KILL, PAUSE, UNPAUSE and UNBLOCK speak for all proxies of the database.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_set>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/registry.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using commands::equals_ignoring_case;
using commands::lower;

constexpr std::string_view syntax_error = "ERR syntax error";

bool known_type(std::string_view type) {
    return type == "normal" || type == "master" || type == "replica" || type == "slave" || type == "pubsub";
}

std::int64_t sum(const std::vector<std::string>& answers) {
    std::int64_t total = 0;
    for (const auto& answer : answers) total += resp::parse_integer(answer).value_or(0);
    return total;
}

// The arguments of a subcommand; or, as `error`, what is wrong with them.
struct ListOptions {
    explicit ListOptions(const std::vector<std::string>& arguments) {
        if (arguments.size() == 4 && equals_ignoring_case(arguments[2], "type")) {
            type = lower(arguments[3]);
            if (!known_type(*type)) error = "ERR Unknown client type '" + arguments[3] + "'";
        } else if (arguments.size() > 3 && equals_ignoring_case(arguments[2], "id")) {
            ids.emplace();
            for (std::size_t i = 3; i < arguments.size() && error.empty(); ++i) {
                const auto id = resp::parse_integer(arguments[i]);
                if (!id) error = "ERR Invalid client ID";
                ids->push_back(id.value_or(0));
            }
        } else if (arguments.size() != 2) {
            error = syntax_error;
        }
    }

    std::string error;
    std::optional<std::string> type;
    std::optional<std::vector<std::int64_t>> ids;
};

// The lines of this proxy's clients.
std::string list(const Server& server, const ListOptions& options) {
    std::optional<std::unordered_set<std::int64_t>> ids;
    if (options.ids) ids.emplace(options.ids->begin(), options.ids->end());
    std::string text;
    for (const auto& [client, owned] : server.clients()) {
        if ((!options.type || *options.type == client->type()) && (!ids || ids->contains(client->id)))
            text += client->describe() + "\n";
    }
    return text;
}

// Adds the lines of such a text.
void add_lines(std::map<std::int64_t, std::string>& lines, std::string_view text) {
    constexpr std::string_view before_id = "id=";
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n') + 1);
        const auto id = resp::parse_integer(line.substr(before_id.size(), line.find(' ') - before_id.size()));
        lines.emplace(id.value_or(0), line);
        text.remove_prefix(line.size());
    }
}

void client_list(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    ListOptions options(arguments);
    if (!options.error.empty()) {
        writer.error(options.error);
        return;
    }
    client.ask_others(arguments, [&server = server, options](const std::vector<std::string>& answers, resp::ReplyWriter& reply) {
        std::map<std::int64_t, std::string> lines;
        add_lines(lines, list(server, options));
        for (const auto& answer : answers) add_lines(lines, answer);
        std::string text;
        if (options.ids) {
            // As Redis has it: in the order of the arguments, again where they repeat one.
            for (const auto id : *options.ids) {
                if (const auto found = lines.find(id); found != lines.end()) text += found->second;
            }
        } else {
            for (const auto& [id, line] : lines) text += line;
        }
        reply.verbatim("txt", text);
    });
}

struct KillOptions {
    explicit KillOptions(const std::vector<std::string>& arguments) : old_form(arguments.size() == 3), skip_me(!old_form) {
        if (old_form) {
            address = arguments[2];
            return;
        }
        for (std::size_t i = 2; i < arguments.size() && error.empty(); i += 2) {
            if (i + 1 == arguments.size()) {
                error = syntax_error;
            } else {
                take(lower(arguments[i]), arguments[i + 1]);
            }
        }
    }

    void take(const std::string& option, const std::string& value) {
        if (option == "id") {
            id = resp::parse_integer(value);
            if (!id || *id < 1) error = "ERR client-id should be greater than 0";
        } else if (option == "type") {
            type = lower(value);
            if (!known_type(*type)) error = "ERR Unknown client type '" + value + "'";
        } else if (option == "addr") {
            address = value;
        } else if (option == "laddr") {
            local_address = value;
        } else if (option == "user") {
            if (value != "default") error = "ERR No such user '" + value + "'";
        } else if (option == "skipme") {
            const auto word = lower(value);
            if (word != "yes" && word != "no") error = syntax_error;
            skip_me = word == "yes";
        } else {
            error = syntax_error;
        }
    }

    [[nodiscard]] bool match(const Client& client) const {
        return (!id || *id == client.id) && (!type || *type == client.type()) && (!address || *address == client.address) &&
               (!local_address || *local_address == client.local_address);
    }

    std::string error;
    bool old_form;  // CLIENT KILL address
    bool skip_me;
    std::optional<std::int64_t> id;
    std::optional<std::string> type;
    std::optional<std::string> address;
    std::optional<std::string> local_address;
};

// Closes those of this proxy's clients that match, all but one; returns how many.
std::int64_t kill(const Server& server, const KillOptions& options, const Client* spared) {
    std::vector<Client*> matching;
    for (const auto& [client, owned] : server.clients()) {
        if (client != spared && options.match(*client)) matching.push_back(client);
    }
    for (auto* client : matching) client->close();
    return static_cast<std::int64_t>(matching.size());
}

void client_kill(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    const KillOptions options(arguments);
    if (!options.error.empty()) {
        writer.error(options.error);
        return;
    }
    const bool myself = !options.skip_me && options.match(client);
    const auto killed = kill(server, options, &client) + (myself ? 1 : 0);
    client.ask_others(arguments, [&client = client, old_form = options.old_form, myself, killed](
                                     const std::vector<std::string>& answers, resp::ReplyWriter& reply) {
        const auto total = killed + sum(answers);
        if (!old_form) {
            reply.integer(total);
        } else if (total == 0) {
            reply.error("ERR No such client");
        } else {
            reply.simple_string("OK");
        }
        if (myself) client.close_after_reply();
    });
}

void client_reply(Invocation& invocation) {
    const auto mode = lower(invocation.arguments[2]);
    if (mode == "on") {
        invocation.client.reply_mode = Client::ReplyMode::on;
        if (invocation.client.in_exec()) {
            write_ok(invocation);
        } else {
            invocation.client.write_unsilenced_ok();
        }
    } else if (mode == "off") {
        invocation.client.reply_mode = Client::ReplyMode::off;
    } else if (mode == "skip") {
        if (invocation.client.reply_mode != Client::ReplyMode::off) invocation.client.reply_mode = Client::ReplyMode::skip_next;
    } else {
        invocation.writer.error(syntax_error);
    }
}

struct PauseOptions {
    explicit PauseOptions(const std::vector<std::string>& arguments) {
        if (arguments.size() == 4) {
            const auto mode = lower(arguments[3]);
            if (mode != "write" && mode != "all") error = "ERR CLIENT PAUSE mode must be WRITE or ALL";
            writes_only = mode == "write";
        } else if (arguments.size() > 4) {
            error = commands::misuse_error("client", arguments[1]);
        }
        if (!error.empty()) return;
        const auto number = resp::parse_integer(arguments[2]);
        if (!number) {
            error = "ERR timeout is not an integer or out of range";
        } else if (*number < 0) {
            error = "ERR timeout is negative";
        } else {
            milliseconds = static_cast<std::uint64_t>(*number);
        }
    }

    std::string error;
    std::uint64_t milliseconds = 0;
    bool writes_only = false;
};

void pause(Server& server, const PauseOptions& options) {
    server.pause(uv_now(server.loop()) + options.milliseconds, options.writes_only);
}

void client_pause(Invocation& invocation) {
    const PauseOptions options(invocation.arguments);
    if (!options.error.empty()) {
        invocation.writer.error(options.error);
        return;
    }
    pause(invocation.server, options);
    invocation.client.ask_others(invocation.arguments, write_ok_of_all);
}

void client_unpause(Invocation& invocation) {
    invocation.server.unpause();
    invocation.client.ask_others(invocation.arguments, write_ok_of_all);
}

void client_setname(Invocation& invocation) {
    const auto& name = invocation.arguments[2];
    if (!valid_client_name(name)) {
        invocation.writer.error("ERR Client names cannot contain spaces, newlines or special characters.");
        return;
    }
    invocation.client.name = name;
    write_ok(invocation);
}

void client_setinfo(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    const auto option = lower(arguments[2]);
    if (option != "lib-name" && option != "lib-ver") {
        writer.error("ERR Unrecognized option '" + arguments[2] + "'");
    } else if (!valid_client_name(arguments[3])) {
        writer.error("ERR " + option + " cannot contain spaces, newlines or special characters.");
    } else {
        (option == "lib-name" ? client.library_name : client.library_version) = arguments[3];
        write_ok(invocation);
    }
}

void client_switch(Invocation& invocation, bool Client::*state) {
    const auto word = lower(invocation.arguments[2]);
    if (word != "on" && word != "off") {
        invocation.writer.error(syntax_error);
        return;
    }
    invocation.client.*state = word == "on";
    write_ok(invocation);
}

struct UnblockOptions {
    explicit UnblockOptions(const std::vector<std::string>& arguments) {
        with_error = arguments.size() == 4 && equals_ignoring_case(arguments[3], "error");
        const auto number = resp::parse_integer(arguments[2]);
        if (arguments.size() == 4 && !with_error && !equals_ignoring_case(arguments[3], "timeout")) {
            error = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
        } else if (arguments.size() > 4) {
            error = commands::misuse_error("client", arguments[1]);
        } else if (!number) {
            error = "ERR value is not an integer or out of range";
        } else {
            id = *number;
        }
    }

    std::string error;
    std::int64_t id = 0;
    bool with_error = false;
};

// Does a client of this proxy go on that waited?
bool unblock(Server& server, const UnblockOptions& options) { return server.unblock(options.id, options.with_error); }

void client_unblock(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    const UnblockOptions options(arguments);
    if (!options.error.empty()) {
        writer.error(options.error);
    } else if (unblock(server, options)) {
        writer.integer(1);
    } else {
        client.ask_others(arguments,
                          [](const std::vector<std::string>& answers, resp::ReplyWriter& reply) { reply.integer(sum(answers)); });
    }
}

void client_trackinginfo(Invocation& invocation) {
    auto& writer = invocation.writer;
    writer.map(3);
    writer.bulk("flags");
    writer.set(1);
    writer.bulk("off");
    writer.bulk("redirect");
    writer.integer(-1);
    writer.bulk("prefixes");
    writer.array(0);
}

void client_help(Invocation& invocation) {
    static constexpr std::string_view lines[] = {
        "CLIENT <subcommand> [<arg> ...]. Subcommands:",
        "GETNAME, SETNAME <name>",
        "    The connection's name.",
        "GETREDIR, TRACKINGINFO",
        "    The state of client-side caching, which is off.",
        "ID, INFO",
        "    The connection's number, and its line of LIST.",
        "KILL <ip:port> | [ID <id>] [TYPE <type>] [USER <name>] [ADDR <ip:port>] [LADDR <ip:port>] [SKIPME yes|no]",
        "    Closes connections.",
        "LIST [TYPE <type> | ID <id> ...]",
        "    The connections of all proxies.",
        "NO-EVICT on|off, NO-TOUCH on|off",
        "    Taken note of, without effect.",
        "PAUSE <milliseconds> [WRITE|ALL], UNPAUSE",
        "    Lets commands wait.",
        "REPLY on|off|skip",
        "    Which replies are sent.",
        "SETINFO lib-name|lib-ver <value>",
        "    What library this is.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    Ends the wait of a blocked client.",
        "HELP",
        "    This text."};
    write_lines(invocation, lines);
}

const std::map<std::string, Handler, std::less<>>& subcommands() {
    static const std::map<std::string, Handler, std::less<>> table{
        {"getname",
         [](Invocation& invocation) {
             if (invocation.client.name.empty()) {
                 invocation.writer.null();
             } else {
                 invocation.writer.bulk(invocation.client.name);
             }
         }},
        {"getredir", [](Invocation& invocation) { invocation.writer.integer(-1); }},
        {"help", client_help},
        {"id", [](Invocation& invocation) { invocation.writer.integer(invocation.client.id); }},
        {"info", [](Invocation& invocation) { invocation.writer.verbatim("txt", invocation.client.describe() + "\n"); }},
        {"kill", client_kill},
        {"list", client_list},
        {"no-evict", [](Invocation& invocation) { client_switch(invocation, &Client::no_evict); }},
        {"no-touch", [](Invocation& invocation) { client_switch(invocation, &Client::no_touch); }},
        {"pause", client_pause},
        {"reply", client_reply},
        {"setinfo", client_setinfo},
        {"setname", client_setname},
        {"trackinginfo", client_trackinginfo},
        {"unblock", client_unblock},
        {"unpause", client_unpause},
    };
    return table;
}

}  // namespace

std::string answer_client(Server& server, const std::vector<std::string>& command) {
    const auto subcommand = command.size() > 1 ? lower(command[1]) : "";
    if (subcommand == "list") {
        const ListOptions options(command);
        return options.error.empty() ? list(server, options) : "";
    }
    if (subcommand == "kill" && command.size() > 2) {
        const KillOptions options(command);
        return options.error.empty() ? std::to_string(kill(server, options, nullptr)) : "";
    }
    if (subcommand == "pause" && command.size() > 2) {
        const PauseOptions options(command);
        if (options.error.empty()) pause(server, options);
    } else if (subcommand == "unpause") {
        server.unpause();
    } else if (subcommand == "unblock" && command.size() > 2) {
        const UnblockOptions options(command);
        return options.error.empty() && unblock(server, options) ? "1" : "0";
    }
    return "";
}

void handle_client(Invocation& invocation) {
    const auto found = subcommands().find(lower(invocation.arguments[1]));
    if (found == subcommands().end()) {
        invocation.writer.error("ERR CLIENT " + invocation.arguments[1] + " is not supported by pgredis");
        return;
    }
    found->second(invocation);
}

}  // namespace pgredis::clients
