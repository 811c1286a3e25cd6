// EVAL, FCALL, SCRIPT, FUNCTION and their kin.
#pragma once

#include <string_view>

#include "clients/transactions.h"
#include "commands/registry.h"

namespace pgredis::clients {

class Client;
class Server;
struct Invocation;

// Each runs, or changes, scripts or libraries.
void handle_scripting(Invocation& invocation);

void handle_script_kill(Invocation& invocation);
void handle_function_kill(Invocation& invocation);
void handle_script_debug(Invocation& invocation);

// Is any of these commands one of handle_scripting's?
[[nodiscard]] bool needs_script_host(const commands::Registry& registry, const Transaction& transaction);
// Carries out such an EXEC.
void submit_with_scripts(Server& server, Client& client, Transaction transaction);

}  // namespace pgredis::clients
