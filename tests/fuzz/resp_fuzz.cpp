// The same bytes give the same requests and the same error, whole or in pieces, read directly or not.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/numbers.h"
#include "resp/request_parser.h"

namespace {

using pgredis::resp::RequestParser;
using Status = RequestParser::Status;

struct Outcome {
    std::vector<std::vector<std::string>> requests;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

// True as long as the connection stays open.
bool settle(RequestParser& parser, Status status, Outcome& outcome) {
    if (status == Status::request) {
        outcome.requests.push_back(parser.take().arguments);
        require(!outcome.requests.back().empty());
        require(parser.buffered_bytes() == 0);
    }
    if (status == Status::error) outcome.error = parser.error();
    return status != Status::error;
}

bool feed(RequestParser& parser, std::string_view piece, Outcome& outcome) {
    while (!piece.empty()) {
        const std::size_t before = piece.size();
        const Status status = parser.parse(piece);
        require(status == Status::error || piece.size() < before);
        require(status != Status::need_more || piece.empty());
        if (!settle(parser, status, outcome)) return false;
    }
    return true;
}

RequestParser new_parser(bool authenticated) {
    RequestParser parser;
    parser.set_authenticated(authenticated);
    return parser;
}

Outcome whole(std::string_view input, bool authenticated) {
    RequestParser parser = new_parser(authenticated);
    Outcome outcome;
    feed(parser, input, outcome);
    return outcome;
}

Outcome in_pieces(std::string_view input, bool authenticated, std::uint32_t seed) {
    std::minstd_rand random(seed);
    RequestParser parser = new_parser(authenticated);
    Outcome outcome;
    std::size_t arrived = 0;
    while (!input.empty()) {
        const std::size_t most = random() % 4 == 0 ? 100'000 : 9;
        std::size_t n = std::min<std::size_t>(input.size(), 1 + random() % most);
        const auto window = random() % 2 == 0 ? parser.direct_buffer() : std::span<char>();
        if (!window.empty()) {
            n = std::min(n, window.size());
            std::memcpy(window.data(), input.data(), n);
            if (!settle(parser, parser.commit_direct(n), outcome)) break;
        } else if (!feed(parser, input.substr(0, n), outcome)) {
            break;
        }
        input.remove_prefix(n);
        arrived += n;
        // An empty bulk takes 6 bytes to send and a std::string, in a vector that doubles, to keep.
        require(parser.buffered_bytes() <= 20'000 + 12 * arrived);
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    std::uint32_t seed = 0;
    std::memcpy(&seed, data, sizeof seed);
    const bool authenticated = data[4] % 2 == 0;
    std::string input(reinterpret_cast<const char*>(data) + 5, size - 5);
    // A fuzzer seldom writes lines and bulks of many kilobytes: byte 0xfe stands for 5000 letters.
    for (std::size_t at = 0; (at = input.find('\xfe', at)) != std::string::npos && input.size() < 120'000;)
        input.replace(at, 1, 5000, 'z');

    require(whole(input, authenticated) == in_pieces(input, authenticated, seed));

    const auto integer = pgredis::resp::parse_integer(input);
    require(!integer || std::to_string(*integer) == input);
    const auto number = pgredis::resp::parse_double(input);
    require(!number || pgredis::resp::parse_double(pgredis::resp::format_double(*number)) == number);
    return 0;
}
