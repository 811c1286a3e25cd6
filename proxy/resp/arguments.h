#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::resp {

// Splits a line into arguments as Redis does with inline commands and the shebang lines of scripts: at blanks, which \r and \n
// are as well, but for those inside of quotes. Between double quotes \n, \r, \t, \b, \a and \xHH mean a byte and any other
// escaped character itself; between single ones only \' does. Nothing when a quote is not closed, or has anything but a blank
// behind it. A NUL is a byte like others; Redis's strings may end there.
std::optional<std::vector<std::string>> split_arguments(std::string_view line);

}  // namespace pgredis::resp
