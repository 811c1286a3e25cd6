// A command that a client has called, until it is answered: what INFO and SLOWLOG will tell of it.
#pragma once

#include <uv.h>

#include <cstdint>

#include "clients/command_statistics.h"
#include "clients/slow_log.h"

namespace pgredis::clients {

struct Called {
    CommandStatistics::Figures* figures = nullptr;  // null: nothing counts it
    ShownCommand shown;
    std::uint64_t begun = uv_hrtime();  // when it was taken up

    [[nodiscard]] explicit operator bool() const { return figures != nullptr; }
};

}  // namespace pgredis::clients
