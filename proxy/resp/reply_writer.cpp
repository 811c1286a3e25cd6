#include "resp/reply_writer.h"

#include <algorithm>
#include <charconv>

#include "resp/numbers.h"

namespace pgredis::resp {

namespace {

constexpr std::string_view crlf = "\r\n";

}  // namespace

void ReplyWriter::simple_string(std::string_view text) { line('+', text); }

void ReplyWriter::error(std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(crlf), text.size());
    const std::size_t last = text.find_last_not_of(crlf) + 1;  // npos + 1 is 0
    line('-', text.substr(first, std::max(first, last) - first));
}

void ReplyWriter::integer(std::int64_t value) { header(':', value); }

void ReplyWriter::bulk(std::string_view bytes) {
    header('$', static_cast<std::int64_t>(bytes.size()));
    out_ += bytes;
    out_ += crlf;
}

void ReplyWriter::null() { out_ += protocol_ == Protocol::resp2 ? "$-1\r\n" : "_\r\n"; }

void ReplyWriter::null_array() { out_ += protocol_ == Protocol::resp2 ? "*-1\r\n" : "_\r\n"; }

void ReplyWriter::array(std::size_t elements) { aggregate('*', elements); }

void ReplyWriter::map(std::size_t pairs) { aggregate('%', protocol_ == Protocol::resp2 ? pairs * 2 : pairs); }

void ReplyWriter::set(std::size_t elements) { aggregate('~', elements); }

void ReplyWriter::push(std::size_t elements) { aggregate('>', elements); }

void ReplyWriter::double_number(double value) {
    const std::string text = format_double(value);
    if (protocol_ == Protocol::resp2) return bulk(text);
    line(',', text);
}

void ReplyWriter::boolean(bool value) {
    if (protocol_ == Protocol::resp2) return integer(value ? 1 : 0);
    out_ += value ? "#t\r\n" : "#f\r\n";
}

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
    if (protocol_ == Protocol::resp2) return bulk(text);
    header('=', static_cast<std::int64_t>(format.size() + 1 + text.size()));
    out_ += format;
    out_ += ':';
    out_ += text;
    out_ += crlf;
}

void ReplyWriter::big_number(std::string_view digits) {
    if (protocol_ == Protocol::resp2) return bulk(digits);
    line('(', digits);
}

void ReplyWriter::header(char type, std::int64_t value) {
    char buffer[24];  // the type, at most 20 characters of number, CRLF
    buffer[0] = type;
    char* end = std::to_chars(buffer + 1, buffer + sizeof buffer, value).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out_.append(buffer, end);
}

void ReplyWriter::aggregate(char resp3_type, std::size_t elements) {
    header(protocol_ == Protocol::resp2 ? '*' : resp3_type, static_cast<std::int64_t>(elements));
}

void ReplyWriter::line(char type, std::string_view text) {
    out_ += type;
    const std::size_t start = out_.size();
    out_ += text;
    std::replace_if(
        out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    out_ += crlf;
}

}  // namespace pgredis::resp
