// A command that a client has called, until it is answered: what INFO and SLOWLOG will tell of it.
#pragma once

#include <uv.h>

#include <cstdint>
#include <span>
#include <string>

#include "clients/command_statistics.h"
#include "clients/slow_log.h"
#include "commands/registry.h"

namespace pgredis::clients {

struct Called {
    Called() = default;  // none
    // Taken up now, unless `since` (uv_hrtime) tells otherwise.
    Called(CommandStatistics::Figures& counted, const commands::Command& command, std::span<const std::string> arguments,
           std::uint64_t since = uv_hrtime())
        : figures(&counted), shown(command.has_flag("skip_slowlog") ? ShownCommand() : ShownCommand(arguments)), begun(since) {}

    [[nodiscard]] explicit operator bool() const { return figures != nullptr; }

    CommandStatistics::Figures* figures = nullptr;
    ShownCommand shown;
    std::uint64_t begun = 0;
};

}  // namespace pgredis::clients
