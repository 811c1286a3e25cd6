// CLIENT and its subcommands. They speak for this proxy's clients.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_set>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/registry.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using commands::equals_ignoring_case;
using commands::lower;

constexpr std::string_view syntax_error = "ERR syntax error";

void write_ok(Invocation& invocation) { invocation.writer.simple_string("OK"); }

std::vector<Client*> clients_by_id(const Server& server) {
    std::vector<Client*> list;
    for (const auto& [client, owned] : server.clients()) list.push_back(client);
    std::sort(list.begin(), list.end(), [](const Client* left, const Client* right) { return left->id < right->id; });
    return list;
}

// Tells the clients of one of Redis's types; nothing when there is no such type.
std::function<bool(const Client&)> filter_of_type(std::string_view type) {
    const auto name = lower(type);
    if (name == "normal") return [](const Client& client) { return !client.subscribed(); };
    if (name == "pubsub") return [](const Client& client) { return client.subscribed(); };
    if (name == "master" || name == "replica" || name == "slave") return [](const Client&) { return false; };
    return {};
}

void client_list(Invocation& invocation) {
    auto& [server, client, arguments, writer, in_exec] = invocation;
    std::function<bool(const Client&)> wanted = [](const Client&) { return true; };
    if (arguments.size() == 4 && equals_ignoring_case(arguments[2], "type")) {
        wanted = filter_of_type(arguments[3]);
        if (!wanted) {
            writer.error("ERR Unknown client type '" + arguments[3] + "'");
            return;
        }
    } else if (arguments.size() > 3 && equals_ignoring_case(arguments[2], "id")) {
        std::unordered_set<std::int64_t> ids;
        for (std::size_t i = 3; i < arguments.size(); ++i) {
            const auto id = resp::parse_integer(arguments[i]);
            if (!id) {
                writer.error("ERR Invalid client ID");
                return;
            }
            ids.insert(*id);
        }
        wanted = [ids](const Client& other) { return ids.contains(other.id); };
    } else if (arguments.size() != 2) {
        writer.error(syntax_error);
        return;
    }
    std::string text;
    for (const auto* other : clients_by_id(server)) {
        if (wanted(*other)) text += other->describe() + "\n";
    }
    writer.verbatim("txt", text);
}

void client_kill(Invocation& invocation) {
    auto& [server, client, arguments, writer, in_exec] = invocation;
    const bool old_form = arguments.size() == 3;
    bool skip_me = !old_form;
    std::vector<std::function<bool(const Client&)>> filters;
    if (old_form) {
        filters.emplace_back([&address = arguments[2]](const Client& other) { return other.address == address; });
    } else {
        for (std::size_t i = 2; i < arguments.size(); i += 2) {
            if (i + 1 >= arguments.size()) {
                writer.error(syntax_error);
                return;
            }
            const auto option = lower(arguments[i]);
            const auto& value = arguments[i + 1];
            if (option == "id") {
                const auto id = resp::parse_integer(value);
                if (!id || *id < 1) {
                    writer.error("ERR client-id should be greater than 0");
                    return;
                }
                filters.emplace_back([id](const Client& other) { return other.id == *id; });
            } else if (option == "type") {
                filters.push_back(filter_of_type(value));
                if (!filters.back()) {
                    writer.error("ERR Unknown client type '" + value + "'");
                    return;
                }
            } else if (option == "addr") {
                filters.emplace_back([&value](const Client& other) { return other.address == value; });
            } else if (option == "laddr") {
                filters.emplace_back([&value](const Client& other) { return other.local_address == value; });
            } else if (option == "user") {
                if (value != "default") {
                    writer.error("ERR No such user '" + value + "'");
                    return;
                }
            } else if (option == "skipme") {
                const auto word = lower(value);
                if (word != "yes" && word != "no") {
                    writer.error(syntax_error);
                    return;
                }
                skip_me = word == "yes";
            } else {
                writer.error(syntax_error);
                return;
            }
        }
    }
    std::int64_t killed = 0;
    bool myself = false;
    for (auto* other : clients_by_id(server)) {
        if (other == &client && skip_me) continue;
        if (!std::all_of(filters.begin(), filters.end(), [other](const auto& filter) { return filter(*other); })) continue;
        ++killed;
        if (other == &client) {
            myself = true;
        } else {
            other->close();
        }
    }
    if (!old_form) {
        writer.integer(killed);
    } else if (killed == 0) {
        writer.error("ERR No such client");
    } else {
        write_ok(invocation);
    }
    if (myself) client.close_after_reply();
}

void client_reply(Invocation& invocation) {
    const auto mode = lower(invocation.arguments[2]);
    if (mode == "on") {
        invocation.client.reply_mode = Client::ReplyMode::on;
        invocation.client.write_unsilenced_ok();
    } else if (mode == "off") {
        invocation.client.reply_mode = Client::ReplyMode::off;
    } else if (mode == "skip") {
        if (invocation.client.reply_mode != Client::ReplyMode::off) invocation.client.reply_mode = Client::ReplyMode::skip_next;
    } else {
        invocation.writer.error(syntax_error);
    }
}

void client_pause(Invocation& invocation) {
    auto& [server, client, arguments, writer, in_exec] = invocation;
    bool writes_only = false;
    if (arguments.size() == 4) {
        const auto mode = lower(arguments[3]);
        if (mode != "write" && mode != "all") {
            writer.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
        writes_only = mode == "write";
    } else if (arguments.size() > 4) {
        writer.error(syntax_error);
        return;
    }
    const auto milliseconds = resp::parse_integer(arguments[2]);
    if (!milliseconds) {
        writer.error("ERR timeout is not an integer or out of range");
        return;
    }
    if (*milliseconds < 0) {
        writer.error("ERR timeout is negative");
        return;
    }
    server.pause(uv_now(server.loop()) + static_cast<std::uint64_t>(*milliseconds), writes_only);
    write_ok(invocation);
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
    auto& [server, client, arguments, writer, in_exec] = invocation;
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

void client_unblock(Invocation& invocation) {
    auto& [server, client, arguments, writer, in_exec] = invocation;
    if (arguments.size() == 4 && !equals_ignoring_case(arguments[3], "timeout") && !equals_ignoring_case(arguments[3], "error")) {
        writer.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    } else if (arguments.size() > 4) {
        writer.error(syntax_error);
    } else if (!resp::parse_integer(arguments[2])) {
        writer.error("ERR value is not an integer or out of range");
    } else {
        writer.integer(0);  // there are no blocking commands, so nobody is blocked
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
        "    The connections of this proxy.",
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
    invocation.writer.array(std::size(lines));
    for (const auto line : lines) invocation.writer.simple_string(line);
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
        {"unpause",
         [](Invocation& invocation) {
             invocation.server.unpause();
             write_ok(invocation);
         }},
    };
    return table;
}

}  // namespace

void handle_client(Invocation& invocation) {
    const auto found = subcommands().find(lower(invocation.arguments[1]));
    if (found == subcommands().end()) {
        invocation.writer.error("ERR CLIENT " + invocation.arguments[1] + " is not supported by pgredis");
        return;
    }
    found->second(invocation);
}

}  // namespace pgredis::clients
