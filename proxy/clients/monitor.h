// What MONITOR shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commands/registry.h"

namespace pgredis::clients {

// As in Redis, administrators' commands are not shown.
[[nodiscard]] bool is_monitored(const commands::Command& command);

// A command as MONITOR shows it, but for the time: `[0 127.0.0.1:60866] "keys" "*"`. Passwords are left out. `source` is the
// client's address.
[[nodiscard]] std::string monitor_line(std::int16_t database, std::string_view source, const std::vector<std::string>& arguments);

// The time of now as it stands before that: "1339518083.107412".
[[nodiscard]] std::string monitor_time();

}  // namespace pgredis::clients
