// The commands that are about the connection or this proxy, not about data.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"

namespace pgredis::clients {

class Client;
class Server;

// The version that libraries are told, and gate their features on.
inline constexpr std::string_view redis_version = "7.2.5";

struct Invocation {
    Server& server;
    Client& client;
    std::vector<std::string>& arguments;  // the whole request
    resp::ReplyWriter& writer;
};

inline void write_ok(Invocation& invocation) { invocation.writer.simple_string("OK"); }

// As Redis writes help: each line a simple string.
void write_lines(Invocation& invocation, std::span<const std::string_view> lines);

using Handler = void (*)(Invocation&);

// The proxy's own handler of a command, by lower-case name, of a subcommand (`script|kill`) or its container; null for all
// others.
[[nodiscard]] Handler find_handler(std::string_view name);

// What another proxy asks on behalf of a client of its own, who has given this command: this proxy's part of the answer.
void answer_peer(Server& server, const std::vector<std::string>& command, std::function<void(std::string_view)> answer);

// Client names and library names: printable, no blanks.
[[nodiscard]] bool valid_client_name(std::string_view name);

// Each family's handlers.
void handle_client(Invocation& invocation);
void handle_config(Invocation& invocation);
void handle_info(Invocation& invocation);
void handle_monitor(Invocation& invocation);
void handle_slowlog(Invocation& invocation);

// … and what they answer other proxies.
[[nodiscard]] std::string answer_client(Server& server, const std::vector<std::string>& command);
[[nodiscard]] std::string answer_info(Server& server);
[[nodiscard]] std::string answer_slowlog(Server& server, const std::vector<std::string>& command);
void handle_subscribe(Invocation& invocation);
void handle_psubscribe(Invocation& invocation);
void handle_ssubscribe(Invocation& invocation);
void handle_unsubscribe(Invocation& invocation);
void handle_punsubscribe(Invocation& invocation);
void handle_sunsubscribe(Invocation& invocation);

// May a RESP2 client that has subscribed to something call this command?
[[nodiscard]] bool allowed_while_subscribed(std::string_view name);

}  // namespace pgredis::clients
