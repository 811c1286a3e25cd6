// The commands that are about the connection or this proxy, not about data.
#pragma once

#include <functional>
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
    bool in_exec = false;  // nothing can be awaited: the replies of an EXEC are being written
};

using Handler = void (*)(Invocation&);

// The proxy's own handler of a command, by lower-case name, of a subcommand (`script|kill`) or its container; null for all
// others.
[[nodiscard]] Handler find_handler(std::string_view name);

// Client names and library names: printable, no blanks.
[[nodiscard]] bool valid_client_name(std::string_view name);

// Each family's handlers.
void handle_client(Invocation& invocation);
void handle_config(Invocation& invocation);
void handle_info(Invocation& invocation);

}  // namespace pgredis::clients
