// What logs must not show.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pgredis::commands {

// What stands in the place of a secret, as in Redis.
inline constexpr char redacted[] = "(redacted)";

// Which arguments (the command's name is number 0) are passwords, or names that go with them: those that Redis hides from MONITOR
// and SLOWLOG, also where the command is wrong or not known here. In order.
[[nodiscard]] std::vector<std::size_t> secret_positions(std::span<const std::string> arguments);

}  // namespace pgredis::commands
