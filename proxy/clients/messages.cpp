#include "clients/messages.h"

#include <array>

#include "postgres/value.h"

namespace pgredis::clients {

namespace {

constexpr std::int8_t no_digit = -1;

constexpr std::array<std::int8_t, 256> base64_digits = [] {
    std::array<std::int8_t, 256> digits{};
    digits.fill(no_digit);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return digits;
}();

// As Postgres encodes it: with line ends, which are skipped like all that is no digit.
std::string decode_base64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = base64_digits[static_cast<unsigned char>(c)];
        if (digit == no_digit) continue;
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
    }
    return bytes;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : no_digit;
}

// Takes a length and so many bytes from the front.
bool take_bytes(std::string_view& from, std::string& to) {
    if (from.size() < 4) return false;
    const std::size_t length = postgres::read_int32(from.data());
    from.remove_prefix(4);
    if (from.size() < length) return false;
    to = from.substr(0, length);
    from.remove_prefix(length);
    return true;
}

}  // namespace

std::optional<std::vector<Message>> decode_messages(std::string_view notification) {
    const auto blank = notification.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto bytes = decode_base64(notification.substr(blank + 1));
    std::string_view rest = bytes;
    std::vector<Message> messages;
    while (!rest.empty()) {
        auto& message = messages.emplace_back();
        message.kind = rest.front();
        rest.remove_prefix(1);
        if (message.kind == 'r') {
            if (rest.size() < 8) return std::nullopt;
            message.id = static_cast<std::int64_t>(postgres::read_int64(rest.data()));
            rest.remove_prefix(8);
        } else if (!take_bytes(rest, message.channel) || !take_bytes(rest, message.text)) {
            return std::nullopt;
        }
    }
    return messages;
}

std::string decode_hex(std::string_view digits) {
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        const auto high = hex_digit(digits[i]);
        const auto low = hex_digit(digits[i + 1]);
        if (high == no_digit || low == no_digit) break;
        bytes += static_cast<char>(high << 4 | low);
    }
    return bytes;
}

}  // namespace pgredis::clients
