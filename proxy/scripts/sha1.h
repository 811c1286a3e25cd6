// SHA-1, which names scripts in Redis's protocol (EVALSHA) and is nothing secret here.
#pragma once

#include <string>
#include <string_view>

namespace pgredis::scripts {

// The digest of `text` as 40 lower-case hexadecimal digits.
std::string sha1_hex(std::string_view text);

}  // namespace pgredis::scripts
