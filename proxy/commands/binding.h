// Turns a request into a call of a function: picks the signature by the number of arguments and converts each argument by the
// parameter's SQL type.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "commands/registry.h"

namespace pgredis::commands {

struct BoundCall {
    postgres::Call call;
    ReplyFormat format;
};

// `arguments` is the whole request; its arguments are moved from. The other outcome is the text of the error reply.
[[nodiscard]] std::variant<BoundCall, std::string> bind(Command& command, std::vector<std::string> arguments);

// The same for a client that may wait, with the command's waiting function: it gets the number of the wait, and the kind of
// attempt (0, the first) before the command's own arguments. Needs command.waiting.
[[nodiscard]] std::variant<BoundCall, std::string> bind_waiting(Command& command, std::vector<std::string> arguments,
                                                                std::int64_t waiter);
// Where the kind of attempt is among the arguments of such a call.
inline constexpr std::size_t attempt_argument = 1;

// Redis's text for an unknown command with its arguments.
[[nodiscard]] std::string unknown_command_error(std::span<const std::string> arguments);
[[nodiscard]] std::string unknown_subcommand_error(const Command& container, std::string_view subcommand);
[[nodiscard]] std::string wrong_arity_error(std::string_view command_name);
// … for a subcommand with more arguments than it takes, where its arity sets no bound; command_name may be the container's alone.
[[nodiscard]] std::string misuse_error(std::string_view command_name, std::string_view subcommand);

}  // namespace pgredis::commands
