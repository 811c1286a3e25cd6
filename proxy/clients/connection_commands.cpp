#include "clients/connection_commands.h"

#include <climits>
#include <unordered_map>

#include "clients/client.h"
#include "clients/script_commands.h"
#include "clients/server.h"
#include "clients/transactions.h"
#include "commands/introspection.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

constexpr std::string_view wrong_password = "WRONGPASS invalid username-password pair or user is disabled.";

// Compares in a time that does not tell how much of it was right.
bool same_secret(std::string_view left, std::string_view right) {
    unsigned char difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference |= static_cast<unsigned char>(left[i] ^ (right.empty() ? 1 : right[i % right.size()]));
    }
    return difference == 0;
}

// The only user is "default"; without a password it takes any.
bool authenticate(Invocation& invocation, std::string_view user, std::string_view password) {
    const auto& wanted = invocation.server.config().password;
    const bool right = user == "default" && (wanted.empty() || same_secret(password, wanted));
    if (right) {
        invocation.client.set_authenticated(true);
    } else {
        invocation.writer.error(wrong_password);
    }
    return right;
}

void handle_ping(Invocation& invocation) {
    if (invocation.arguments.size() > 2) {
        invocation.writer.error("ERR wrong number of arguments for 'ping' command");
    } else if (invocation.client.subscribed() && invocation.client.protocol == resp::Protocol::resp2) {
        invocation.writer.array(2);
        invocation.writer.bulk("pong");
        invocation.writer.bulk(invocation.arguments.size() == 2 ? invocation.arguments[1] : "");
    } else if (invocation.arguments.size() == 2) {
        invocation.writer.bulk(invocation.arguments[1]);
    } else {
        invocation.writer.simple_string("PONG");
    }
}

void handle_echo(Invocation& invocation) { invocation.writer.bulk(invocation.arguments[1]); }

void handle_quit(Invocation& invocation) {
    write_ok(invocation);
    invocation.client.close_after_reply();
}

void handle_reset(Invocation& invocation) {
    auto& client = invocation.client;
    client.database = 0;
    client.name.clear();
    client.protocol = resp::Protocol::resp2;
    invocation.writer.set_protocol(client.protocol);
    client.reply_mode = Client::ReplyMode::on;
    client.no_evict = false;
    client.no_touch = false;
    client.transaction.reset();
    client.unwatch();
    invocation.server.stop_monitor(client);
    invocation.server.subscriptions().forget(client);
    client.set_authenticated(invocation.server.config().password.empty());
    invocation.writer.simple_string("RESET");
}

void handle_auth(Invocation& invocation) {
    const auto& arguments = invocation.arguments;
    if (arguments.size() > 3) {
        invocation.writer.error("ERR syntax error");
        return;
    }
    if (arguments.size() == 2 && invocation.server.config().password.empty()) {
        invocation.writer.error(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is "
            "correct?");
        return;
    }
    if (authenticate(invocation, arguments.size() == 3 ? arguments[1] : "default", arguments.back())) write_ok(invocation);
}

void handle_hello(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    auto protocol = client.protocol;
    if (arguments.size() > 1) {
        const auto version = resp::parse_integer(arguments[1]);
        if (!version) {
            writer.error("ERR Protocol version is not an integer or out of range");
            return;
        }
        if (*version < 2 || *version > 3) {
            writer.error("NOPROTO unsupported protocol version");
            return;
        }
        protocol = *version == 3 ? resp::Protocol::resp3 : resp::Protocol::resp2;
    }
    const std::string* user = nullptr;
    const std::string* password = nullptr;
    const std::string* name = nullptr;
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        const auto more = arguments.size() - 1 - i;
        if (commands::equals_ignoring_case(arguments[i], "auth") && more >= 2) {
            user = &arguments[i + 1];
            password = &arguments[i + 2];
            i += 2;
        } else if (commands::equals_ignoring_case(arguments[i], "setname") && more >= 1) {
            name = &arguments[i + 1];
            if (!valid_client_name(*name)) {
                writer.error("ERR Client names cannot contain spaces, newlines or special characters.");
                return;
            }
            ++i;
        } else {
            writer.error("ERR Syntax error in HELLO option '" + arguments[i] + "'");
            return;
        }
    }
    if (user != nullptr && !authenticate(invocation, *user, *password)) return;
    if (!client.authenticated()) {
        writer.error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
            "option can be used to "
            "authenticate the client and select the RESP protocol version at the same time");
        return;
    }
    if (name != nullptr) client.name = *name;
    client.protocol = protocol;
    writer.set_protocol(protocol);
    writer.map(7);
    writer.bulk("server");
    writer.bulk("redis");
    writer.bulk("version");
    writer.bulk(redis_version);
    writer.bulk("proto");
    writer.integer(protocol == resp::Protocol::resp3 ? 3 : 2);
    writer.bulk("id");
    writer.integer(client.id);
    writer.bulk("mode");
    writer.bulk("standalone");
    writer.bulk("role");
    writer.bulk("master");
    writer.bulk("modules");
    writer.array(0);
}

void handle_select(Invocation& invocation) {
    const auto index = resp::parse_integer(invocation.arguments[1]);
    if (!index) {
        invocation.writer.error("ERR value is not an integer or out of range");
    } else if (*index < INT_MIN || *index > INT_MAX) {
        invocation.writer.error("ERR value is out of range, value must between -2147483648 and 2147483647");
    } else if (*index < 0 || *index >= invocation.server.config().databases) {
        invocation.writer.error("ERR DB index is out of range");
    } else {
        invocation.client.database = static_cast<std::int16_t>(*index);
        write_ok(invocation);
    }
}

void handle_command(Invocation& invocation) {
    commands::write_command_reply(*invocation.server.registry(), invocation.arguments, invocation.writer);
}

void handle_shutdown(Invocation& invocation) {
    bool abort = false;
    for (std::size_t i = 1; i < invocation.arguments.size(); ++i) {
        const auto word = commands::lower(invocation.arguments[i]);
        if (word != "nosave" && word != "save" && word != "now" && word != "force" && word != "abort") {
            invocation.writer.error("ERR syntax error");
            return;
        }
        abort = abort || word == "abort";
    }
    if (abort) {
        invocation.writer.error("ERR No shutdown in progress.");
        return;
    }
    // This proxy only: the data is Postgres's, and other proxies go on.
    invocation.client.close_after_reply();
    invocation.server.shut_down();
}

// HTTP spoken to this port is likely somebody's attempt to smuggle commands through a browser.
void handle_http(Invocation& invocation) {
    invocation.server.log().warning("client {} {} closed: it speaks HTTP, possibly an attack (cross protocol scripting)",
                                    invocation.client.id, invocation.client.address);
    invocation.client.close();
}

const std::unordered_map<std::string_view, Handler>& handlers() {
    static const std::unordered_map<std::string_view, Handler> table{
        {"ping", handle_ping},
        {"echo", handle_echo},
        {"quit", handle_quit},
        {"reset", handle_reset},
        {"auth", handle_auth},
        {"hello", handle_hello},
        {"select", handle_select},
        {"command", handle_command},
        {"client", handle_client},
        {"config", handle_config},
        {"info", handle_info},
        {"shutdown", handle_shutdown},
        {"multi", handle_multi},
        {"exec", handle_exec},
        {"discard", handle_discard},
        {"watch", handle_watch},
        {"unwatch", handle_unwatch},
        {"monitor", handle_monitor},
        {"slowlog", handle_slowlog},
        {"post", handle_http},
        {"host:", handle_http},
        {"eval", handle_scripting},
        {"eval_ro", handle_scripting},
        {"evalsha", handle_scripting},
        {"evalsha_ro", handle_scripting},
        {"fcall", handle_scripting},
        {"fcall_ro", handle_scripting},
        {"script|load", handle_scripting},
        {"script|flush", handle_scripting},
        {"script|kill", handle_script_kill},
        {"script|debug", handle_script_debug},
        {"function|load", handle_scripting},
        {"function|delete", handle_scripting},
        {"function|flush", handle_scripting},
        {"function|restore", handle_scripting},
        {"function|list", handle_scripting},
        {"function|stats", handle_scripting},
        {"function|kill", handle_function_kill},
        {"subscribe", handle_subscribe},
        {"unsubscribe", handle_unsubscribe},
        {"psubscribe", handle_psubscribe},
        {"punsubscribe", handle_punsubscribe},
        {"ssubscribe", handle_ssubscribe},
        {"sunsubscribe", handle_sunsubscribe},
    };
    return table;
}

}  // namespace

void answer_peer(Server& server, const std::vector<std::string>& command, std::function<void(std::string_view)> answer) {
    const auto name = commands::lower(command[0]);
    const auto subcommand = commands::lower(command.size() > 1 ? command[1] : "");
    if (name == "config" && subcommand == "set") {
        server.load_settings([answer = std::move(answer)] { answer(""); });
        return;
    }
    std::string text;  // stays empty for what a newer release may ask
    if (name == "client") text = answer_client(server, command);
    if (name == "config" && subcommand == "resetstat") server.reset_statistics();
    if (name == "info") text = answer_info(server);
    if (name == "slowlog") text = answer_slowlog(server, command);
    answer(text);
}

void write_lines(Invocation& invocation, std::span<const std::string_view> lines) {
    invocation.writer.array(lines.size());
    for (const auto line : lines) invocation.writer.simple_string(line);
}

bool valid_client_name(std::string_view name) {
    for (const char c : name) {
        if (c < '!' || c > '~') return false;
    }
    return true;
}

Handler find_handler(std::string_view name) {
    auto found = handlers().find(name);
    if (found == handlers().end()) found = handlers().find(name.substr(0, name.find('|')));
    return found == handlers().end() ? nullptr : found->second;
}

}  // namespace pgredis::clients
