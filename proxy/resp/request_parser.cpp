#include "resp/request_parser.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "resp/arguments.h"
#include "resp/numbers.h"

namespace pgredis::resp {

namespace {

constexpr std::size_t max_line_bytes = std::size_t{64} * 1024;     // Redis's PROTO_INLINE_MAX_SIZE
constexpr std::size_t direct_bulk_bytes = std::size_t{32} * 1024;  // Redis's PROTO_MBULK_BIG_ARG
constexpr std::size_t min_direct_window = std::size_t{16} * 1024;  // less would not be worth a read of its own
constexpr std::size_t max_reserved_arguments = 32;                 // 1 KiB, all that an announced array length may cost
constexpr std::int64_t max_unauthenticated_bulks = 10;
constexpr std::int64_t max_unauthenticated_bytes = std::int64_t{16} * 1024;
constexpr std::size_t crlf_bytes = 2;

}  // namespace

RequestParser::Status RequestParser::parse(std::string_view& input) {
    Status status = Status::need_more;
    while (status == Status::need_more && !input.empty()) status = step(input);
    return state_ == State::failed ? Status::error : status;
}

// Every step consumes at least a byte, finishes a request, or fails.
RequestParser::Status RequestParser::step(std::string_view& input) {
    if (skip_byte_) {
        input.remove_prefix(1);
        skip_byte_ = false;
        return Status::need_more;
    }
    if (state_ == State::idle) state_ = input.front() == '*' ? State::array_header : State::inline_line;
    switch (state_) {
        case State::idle:
        case State::inline_line:
            return parse_line(input, '\n', "too big inline request", &RequestParser::parse_inline);
        case State::array_header:
            return parse_line(input, '\r', "too big mbulk count string", &RequestParser::parse_array_header);
        case State::bulk_header:
            return parse_line(input, '\r', "too big bulk count string", &RequestParser::parse_bulk_header);
        case State::bulk_body:
            return parse_bulk_body(input);
        case State::failed:
            break;
    }
    return Status::error;
}

RequestParser::Status RequestParser::parse_line(std::string_view& input, char terminator, std::string_view too_long,
                                                Status (RequestParser::*parse_whole)(std::string_view)) {
    const std::size_t room = max_line_bytes - line_.size();
    // These lines are a few bytes long, so looking at each byte costs less than a call of memchr for the terminator and for NUL.
    const std::size_t scan = line_has_nul_ ? 0 : std::min(input.size(), room + 1);
    std::size_t length = 0;
    while (length < scan && input[length] != terminator && input[length] != '\0') ++length;

    if (length < scan && input[length] == terminator) {
        std::string_view line = input.substr(0, length);
        input.remove_prefix(length + 1);
        skip_byte_ = terminator == '\r';
        if (line_.empty()) return (this->*parse_whole)(line);
        std::string whole = std::exchange(line_, {});
        whole += line;
        return (this->*parse_whole)(whole);
    }
    if (input.size() > room) return fail(too_long);
    line_has_nul_ = line_has_nul_ || length < scan;
    line_ += input;
    input = {};
    return Status::need_more;
}

RequestParser::Status RequestParser::parse_inline(std::string_view line) {
    auto arguments = split_arguments(line);  // to which the CR of a CRLF is a blank
    if (!arguments) return fail("unbalanced quotes in request");
    state_ = State::idle;
    if (arguments->empty()) return Status::need_more;
    arguments_ = std::move(*arguments);
    return Status::request;
}

RequestParser::Status RequestParser::parse_array_header(std::string_view line) {
    const auto length = parse_integer(line.substr(1));
    if (!length || std::cmp_greater(*length, limits_.max_arguments)) return fail("invalid multibulk length");
    if (*length > max_unauthenticated_bulks && !authenticated_) return fail("unauthenticated multibulk length");
    if (*length <= 0) {
        state_ = State::idle;
        return Status::need_more;
    }
    state_ = State::bulk_header;
    missing_bulks_ = static_cast<std::size_t>(*length);
    arguments_.reserve(std::min(missing_bulks_, max_reserved_arguments));
    return Status::need_more;
}

RequestParser::Status RequestParser::parse_bulk_header(std::string_view line) {
    if (!line.starts_with('$')) {
        const char got = line.empty() || line.front() == '\n' ? ' ' : line.front();  // CR and LF would end the reply
        return fail(std::string("expected '$', got '") + got + '\'');
    }
    const auto length = parse_integer(line.substr(1));
    if (!length || *length < 0 || std::cmp_greater(*length, limits_.max_bulk_bytes)) return fail("invalid bulk length");
    if (*length > max_unauthenticated_bytes && !authenticated_) return fail("unauthenticated bulk length");
    state_ = State::bulk_body;
    bulk_bytes_ = static_cast<std::size_t>(*length);
    arguments_.emplace_back();
    return Status::need_more;
}

RequestParser::Status RequestParser::parse_bulk_body(std::string_view& input) {
    if (body_received_ == 0 && input.size() >= bulk_bytes_ + crlf_bytes) {
        arguments_.back() = input.substr(0, bulk_bytes_);
        input.remove_prefix(bulk_bytes_ + crlf_bytes);
        return finish_bulk();
    }
    const auto window = body_window(input.size());
    const std::size_t taken = std::min(window.size(), input.size());
    std::memcpy(window.data(), input.data(), taken);
    input.remove_prefix(taken);
    return commit_body(taken);
}

// Room for more of the unfinished bulk and its CRLF: at most as much again as has arrived, or `wanted` if that is more.
std::span<char> RequestParser::body_window(std::size_t wanted) {
    std::string& body = arguments_.back();
    if (body.size() == body_received_) {
        body.resize(std::min(bulk_bytes_ + crlf_bytes, body_received_ + std::max(wanted, body_received_)));
    }
    return std::span(body).subspan(body_received_);
}

RequestParser::Status RequestParser::commit_body(std::size_t n) {
    body_received_ += n;
    if (body_received_ < bulk_bytes_ + crlf_bytes) return Status::need_more;
    arguments_.back().resize(bulk_bytes_);
    return finish_bulk();
}

RequestParser::Status RequestParser::finish_bulk() {
    finished_bytes_ += bulk_bytes_;
    bulk_bytes_ = body_received_ = 0;
    if (--missing_bulks_ > 0) {
        state_ = State::bulk_header;
        return Status::need_more;
    }
    state_ = State::idle;
    return Status::request;
}

Request RequestParser::take() {
    finished_bytes_ = 0;
    return Request{std::exchange(arguments_, {})};
}

std::span<char> RequestParser::direct_buffer() {
    if (state_ != State::bulk_body || skip_byte_ || bulk_bytes_ < direct_bulk_bytes) return {};
    return body_window(min_direct_window);
}

RequestParser::Status RequestParser::commit_direct(std::size_t n) { return commit_body(n); }

std::size_t RequestParser::buffered_bytes() const {
    const std::size_t unfinished = state_ == State::bulk_body ? arguments_.back().size() : line_.size();
    return arguments_.capacity() * sizeof(std::string) + finished_bytes_ + unfinished;
}

RequestParser::Status RequestParser::fail(std::string_view reason) {
    state_ = State::failed;
    error_ = "ERR Protocol error: ";
    error_ += reason;
    std::exchange(arguments_, {});
    std::exchange(line_, {});
    finished_bytes_ = 0;
    return Status::error;
}

}  // namespace pgredis::resp
