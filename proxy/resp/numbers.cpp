#include "resp/numbers.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace pgredis::resp {

std::optional<std::int64_t> parse_integer(std::string_view text) {
    if (text == "0") return 0;
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.empty() || digits.front() < '1' || digits.front() > '9') return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_double(std::string_view text) {
    if (text.empty() || text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')) return std::nullopt;
    const std::string terminated(text);
    char* end = nullptr;
    errno = 0;
    const double value = std::strtod(terminated.c_str(), &end);  // of the C locale: the proxy never calls setlocale
    if (end != terminated.c_str() + terminated.size() || std::isnan(value)) return std::nullopt;
    // ERANGE alone is no error: strtod sets it for subnormal numbers as well
    if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
    return value;
}

std::string format_double(double value) {
    char buffer[32];  // %.17g takes at most 24
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 17);
    return std::string(buffer, result.ptr);
}

}  // namespace pgredis::resp
