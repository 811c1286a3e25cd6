// COMMAND and its subcommands: the registry shown as Redis 7.0 shows its command table.
#pragma once

#include <span>
#include <string>

#include "commands/registry.h"
#include "resp/reply_writer.h"

namespace pgredis::commands {

// `arguments` is the whole request; its first one is COMMAND.
void write_command_reply(const Registry& registry, std::span<const std::string> arguments, resp::ReplyWriter& writer);

}  // namespace pgredis::commands
