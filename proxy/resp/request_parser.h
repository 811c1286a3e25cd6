// Reads Redis requests, RESP arrays of bulk strings as well as inline commands, out of a stream of bytes.
// The rules and error texts are those of Redis 7.0 (networking.c: processInlineBuffer, processMultibulkBuffer).
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::resp {

// One command as the client sent it: at least one argument, any byte in each.
struct Request {
    std::vector<std::string> arguments;
};

// What a client may send at most. The defaults are Redis 7.0's.
struct Limits {
    std::size_t max_bulk_bytes = std::size_t{512} << 20;  // proto-max-bulk-len
    std::size_t max_arguments = INT_MAX;                  // arguments of one request
};

// The parser of one connection. What it holds grows with what has arrived, never with what is merely announced, and an idle
// parser (between two requests) holds no heap memory.
//
// Redis's leniency is kept: the byte behind a length's CR and the two bytes behind a bulk are skipped unread, and the end of a
// line is not found behind a NUL byte (Redis looks for it with strchr), so such a line ends up as too long.
// One difference: a bad length is reported at its CR, where Redis waits for the byte behind it.
class RequestParser {
 public:
    enum class Status {
        need_more,  // the input is used up; an unfinished request is kept inside
        request,    // one request is complete: call take() before anything else
        error,      // the protocol was violated: send error(), then close; every later parse() says the same
    };

    // Authenticated until set_authenticated(false) says otherwise.
    explicit RequestParser(Limits limits = {}) : limits_(limits) {}

    // Consumes from the front of `input`, usually a read buffer shared by all connections, up to the end of one request.
    // Nothing keeps pointing into `input`. Requests of no arguments (empty lines, `*0`, `*-1`) are skipped silently.
    Status parse(std::string_view& input);

    // The request that Status::request announced; the caller owns it and the parser is ready for the next one.
    Request take();

    // After Status::error: the error reply's text without the leading '-' and the line's end ("ERR Protocol error: …").
    // It may contain any byte the client sent, CR and LF excepted.
    std::string_view error() const { return error_; }

    // While a bulk of 32 KiB or more is being received: memory where the next read from the socket should go, at most the rest of
    // this bulk. Empty otherwise. Memory is made here, so ask only when there is something to read; it stays valid until the
    // next call of any other function. Bytes not put here may as well go through parse().
    std::span<char> direct_buffer();

    // The first `n` bytes of direct_buffer() were read. Status::request when that completes the request, else need_more.
    Status commit_direct(std::size_t n);

    // Bytes of memory the unfinished request holds, for a limit like Redis's client-query-buffer-limit.
    std::size_t buffered_bytes() const;

    // As Redis, a client that has yet to authenticate may send at most 10 arguments, and 16 KiB in each.
    void set_authenticated(bool authenticated) { authenticated_ = authenticated; }

 private:
    enum class State : std::uint8_t { idle, inline_line, array_header, bulk_header, bulk_body, failed };

    Status step(std::string_view& input);
    Status parse_line(std::string_view& input, char terminator, std::string_view too_long,
                      Status (RequestParser::*parse_whole)(std::string_view));
    Status parse_inline(std::string_view line);
    Status parse_array_header(std::string_view line);
    Status parse_bulk_header(std::string_view line);
    Status parse_bulk_body(std::string_view& input);
    std::span<char> body_window(std::size_t wanted);
    Status commit_body(std::size_t n);
    Status finish_bulk();
    Status fail(std::string_view reason);

    Limits limits_;
    std::vector<std::string> arguments_;  // in State::bulk_body the last one is the unfinished one
    std::string line_;                    // the unfinished line, without its terminator
    std::string error_;
    std::size_t missing_bulks_ = 0;   // of the current array, the unfinished one included
    std::size_t bulk_bytes_ = 0;      // the announced length of the unfinished bulk
    std::size_t body_received_ = 0;   // bytes of it that are there, its CRLF included
    std::size_t finished_bytes_ = 0;  // sum of the finished arguments' lengths
    State state_ = State::idle;
    bool skip_byte_ = false;     // the next byte is the one behind a length's CR
    bool line_has_nul_ = false;  // line_ will never find its end
    bool authenticated_ = true;
};

}  // namespace pgredis::resp
