// What sets up a connection beyond what the connector does, and may change while it is there.
#pragma once

#include <cstdint>
#include <string>

namespace pgredis::postgres {

// Run ahead of the first transaction that finds another version of it.
struct SessionSetup {
    std::string sql;
    std::uint64_t version = 0;  // 0: there is none
};

}  // namespace pgredis::postgres
