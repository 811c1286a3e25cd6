// What the text of scripts says before it is compiled: shebang lines, and the differences between Lua 5.1, which Redis has, and
// LuaJIT's reader, which takes more.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scripts/interpreter.h"

namespace pgredis::scripts {

// Text for LuaJIT that means what `code` means in Lua 5.1: unknown escapes in strings are the character itself ("\." "\x"), no
// labels, no numbers but those of 5.1 (`1LL` would even load LuaJIT's ffi), no letters beyond ASCII in names, no skipped first
// line. Lines stay where they are.
//
// With `keep_callers`, calls that are returned are made in a way that leaves the calling function's frame where it is,
// `return hold_frame(f(x))`: LuaJIT makes a tail call even of a C function, and then an error there has no line of the script to
// tell. Inside functions this is done only to what looks like a call of a library, since tail recursion may be deep. It disturbs
// the texts of syntax errors.
inline constexpr std::string_view hold_frame = "__pgredis_hold_frame";
struct Normalized {
    std::string text;
    // When the code has something that Lua 5.1's reader refuses and LuaJIT's does not: `text` ends there with an '@', which
    // LuaJIT refuses. Then an error that ends with "near '@'" is this one: `problem`, or else what LuaJIT says with `token` for
    // '@'.
    bool cut = false;
    std::string problem;
    std::string token;
};
Normalized normalize(std::string_view code, bool keep_callers);

// The code without its shebang line, if it has one; the line's end stays, so that lines keep their numbers.
std::string_view without_shebang(std::string_view code);

// Names of libraries and functions: letters, digits and underscores. And the error for others.
bool is_function_name(std::string_view name);
inline constexpr std::string_view bad_function_name =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

// Sets the flag of that name, in `any_case` (functions) or as it is spelled (scripts); false when there is none.
bool set_flag(Flags& flags, std::string_view name, bool any_case);

// The number `text` means as Lua 5.1 converts strings, blanks around it allowed.
std::optional<double> to_number(const char* text);

}  // namespace pgredis::scripts
