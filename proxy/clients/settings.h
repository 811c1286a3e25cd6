// What CONFIG GET and CONFIG SET see: the settings of Redis that mean something here, or that clients look at.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/config.h"

namespace pgredis::clients {

class Settings {
 public:
    explicit Settings(const operations::Config& config);

    // Names and values whose name matches the pattern, in any case.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> matching(std::string_view pattern) const;
    [[nodiscard]] const std::string& value(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] bool known(std::string_view name) const;

    // Why this cannot be set, as Redis words it; nothing when it can.
    [[nodiscard]] std::optional<std::string> problem(std::string_view name, std::string_view value) const;
    // Sets it, in the spelling that CONFIG GET shows (memory units become bytes). Needs problem() to have found nothing.
    void set(std::string_view name, std::string_view value);
    // How often anything was set.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] std::string canonical(std::string_view name, std::string_view value) const;

 private:
    enum class Kind { fixed, text, number, memory, memory_or_percent, yes_no, words };
    struct Setting {
        Kind kind;
        std::string value = {};
        std::int64_t low = 0;
        std::int64_t high = 0;
        std::vector<std::string> words = {};
        std::int64_t least = INT64_MIN;  // of what may be set, less counts as this …
        std::int64_t most = INT64_MAX;   // … and more as this
    };
    std::map<std::string, Setting, std::less<>> all_;
    std::uint64_t changes_ = 0;
};

}  // namespace pgredis::clients
