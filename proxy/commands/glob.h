// Redis's glob patterns over bytes, for what the proxy itself has to match (names of commands and settings).
#pragma once

#include <string_view>

namespace pgredis::commands {

// Redis's stringmatchlen: * ? [abc] [^a] [a-z] and backslash; a class that is not closed ends with the pattern.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace pgredis::commands
