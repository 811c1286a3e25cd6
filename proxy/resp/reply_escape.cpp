#include "resp/reply_escape.h"

namespace pgredis::resp {

namespace {

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '\\':
            out += "\\\\";
            return;
        case '"':
            out += "\\\"";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\a':
            out += "\\a";
            return;
        case '\b':
            out += "\\b";
            return;
        default:
            break;
    }
    if (c >= ' ' && c <= '~') {
        out += c;
        return;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += hex[byte >> 4];
    out += hex[byte & 15];
}

}  // namespace

std::string quote(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    for (const char c : text) append_escaped(out, c);
    out += '"';
    return out;
}

}  // namespace pgredis::resp
