// Redis's rules for numbers in arguments and replies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgredis::resp {

// A signed 64-bit integer in its one canonical spelling (Redis's string2ll): no blanks, no plus sign, no leading zeros, no "-0".
// Empty when `text` is anything else or out of range.
std::optional<std::int64_t> parse_integer(std::string_view text);

// A double as Redis 7.0's getDoubleFromObject reads it: whatever strtod takes of the C locale (hexadecimal, "inf", "Infinity" and
// a plus sign included) as long as it takes all of `text`. Empty for leading blanks, NaN, and what overflows or underflows to
// zero.
std::optional<double> parse_double(std::string_view text);

// A double as Redis 7.0's addReplyDouble writes it, in RESP2 and RESP3 alike: "inf", "-inf", else printf's %.17g.
std::string format_double(double value);

}  // namespace pgredis::resp
