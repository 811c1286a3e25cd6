// Writes replies in RESP2 or RESP3, byte for byte as Redis 7.0 does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgredis::resp {

enum class Protocol : std::uint8_t { resp2, resp3 };

// Appends replies to a buffer that the caller owns and that must outlive the writer. An aggregate (array, map, set, push) is its
// header only: the caller writes the announced number of elements next. Nothing here fails.
class ReplyWriter {
 public:
    ReplyWriter(std::string& out, Protocol protocol) : out_(out), protocol_(protocol) {}

    Protocol protocol() const { return protocol_; }
    void set_protocol(Protocol protocol) { protocol_ = protocol; }

    // CR and LF inside the text become blanks, since they would end the reply early.
    void simple_string(std::string_view text);
    // `text` begins with its code word ("ERR …", "WRONGTYPE …"). CR and LF are cut off at both ends and become blanks inside, as
    // in Redis's addReplyErrorFormat.
    void error(std::string_view text);
    void integer(std::int64_t value);
    void bulk(std::string_view bytes);
    void null();        // RESP2: null bulk
    void null_array();  // RESP3: the same null as above
    void array(std::size_t elements);
    void map(std::size_t pairs);       // RESP2: an array of twice as many elements
    void set(std::size_t elements);    // RESP2: an array
    void push(std::size_t elements);   // an out-of-band message; RESP2: an array
    void double_number(double value);  // RESP2: a bulk; the format is format_double's
    void boolean(bool value);          // RESP2: integer 1 or 0
    // `format` is RESP3's three-letter code ("txt", "mkd"); RESP2: a bulk of `text` alone.
    void verbatim(std::string_view format, std::string_view text);
    void big_number(std::string_view digits);  // RESP2: a bulk

 private:
    void header(char type, std::int64_t value);
    void aggregate(char resp3_type, std::size_t elements);
    void line(char type, std::string_view text);

    std::string& out_;
    Protocol protocol_;
};

}  // namespace pgredis::resp
