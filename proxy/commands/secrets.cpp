#include "commands/secrets.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "commands/registry.h"

namespace pgredis::commands {

namespace {

// Redis's settings with the flag SENSITIVE_CONFIG.
constexpr std::array<std::string_view, 5> secret_settings{"masteruser", "masterauth", "requirepass", "tls-key-file-pass",
                                                          "tls-client-key-file-pass"};

}  // namespace

std::vector<std::size_t> secret_positions(std::span<const std::string> arguments) {
    std::vector<std::size_t> positions;
    const auto is = [&](std::size_t position, std::string_view word) {
        return position < arguments.size() && equals_ignoring_case(arguments[position], word);
    };
    const auto add = [&](std::size_t first, std::size_t count) {
        for (auto i = first; i < arguments.size() && i - first < count; ++i) positions.push_back(i);
    };
    if (is(0, "auth")) {
        add(1, arguments.size());
    } else if (is(0, "hello")) {
        for (std::size_t i = 1; i < arguments.size(); ++i) {
            if (!is(i, "auth")) continue;
            add(i + 1, 2);
            i += 2;
        }
    } else if (is(0, "config") && is(1, "set")) {
        for (std::size_t i = 2; i < arguments.size(); i += 2) {
            if (std::any_of(secret_settings.begin(), secret_settings.end(), [&](auto name) { return is(i, name); }))
                add(i + 1, 1);
        }
    } else if (is(0, "acl") && is(1, "setuser")) {
        add(2, arguments.size());
    } else if (is(0, "migrate")) {
        for (std::size_t i = 6; i < arguments.size(); ++i) {
            if (is(i, "auth")) add(i + 1, 1);
            if (is(i, "auth2")) add(i + 1, 2);
        }
    }
    return positions;
}

}  // namespace pgredis::commands
