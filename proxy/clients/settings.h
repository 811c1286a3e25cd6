// What CONFIG GET and CONFIG SET see: the settings of Redis that mean something here, or that clients look at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/config.h"

namespace pgredis::clients {

// How much a client may have unread: at once, or for so many seconds. 0: no limit.
struct OutputLimit {
    std::size_t hard = 0;
    std::size_t soft = 0;
    std::uint64_t soft_seconds = 0;
};

enum class ClientClass : std::uint8_t { normal, replica, pubsub };

class Settings {
 public:
    explicit Settings(const operations::Config& config);

    // Names and values whose name matches the pattern, in any case.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> matching(std::string_view pattern) const;
    [[nodiscard]] const std::string& value(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] const OutputLimit& output_limit(ClientClass of) const { return output_limits_[static_cast<std::size_t>(of)]; }
    [[nodiscard]] bool known(std::string_view name) const;

    // Why this cannot be set, as Redis words it; nothing when it can.
    [[nodiscard]] std::optional<std::string> problem(std::string_view name, std::string_view value) const;
    // Sets it, in the spelling that is kept (memory units become bytes). Needs problem() to have found nothing.
    void set(std::string_view name, std::string_view value);
    // How often anything was set.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] std::string canonical(std::string_view name, std::string_view value) const;

 private:
    using OutputLimits = std::array<OutputLimit, 3>;  // by ClientClass

    enum class Kind { fixed, text, number, memory, memory_or_percent, yes_no, words, events, output_limits };
    struct Setting {
        Kind kind;
        std::string value = {};
        std::int64_t low = 0;
        std::int64_t high = 0;
        std::vector<std::string> words = {};
        std::int64_t least = INT64_MIN;  // of what may be set, less counts as this …
        std::int64_t most = INT64_MAX;   // … and more as this
    };
    [[nodiscard]] static std::string shown(const Setting& setting);
    // The limits with some of them changed; says what is wrong instead in `problem`.
    [[nodiscard]] OutputLimits changed_limits(std::string_view value, std::optional<std::string>& problem) const;

    std::map<std::string, Setting, std::less<>> all_;
    std::uint64_t changes_ = 0;
    OutputLimits output_limits_;
};

}  // namespace pgredis::clients
