// Makes bytes from clients fit for logs.
#pragma once

#include <string>
#include <string_view>

namespace pgredis::resp {

// `text` in double quotes, unprintable bytes, quotes and backslashes escaped as Redis does in MONITOR and its logs (sdscatrepr):
// \n \r \t \a \b \" \\ and \xHH. The result is printable ASCII on one line, up to four times as long as `text`.
std::string quote(std::string_view text);

}  // namespace pgredis::resp
