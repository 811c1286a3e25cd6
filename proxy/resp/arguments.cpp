#include "resp/arguments.h"

namespace pgredis::resp {

namespace {

// C's isspace and isxdigit in the C locale, whatever the process's locale is.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

class Splitter {
 public:
    explicit Splitter(std::string_view line) : rest_(line) {}

    // Empty when a quote is not closed, or is followed by anything but a blank.
    std::optional<std::vector<std::string>> split() {
        std::vector<std::string> arguments;
        while (skip_blanks()) {
            if (!take_argument(arguments.emplace_back())) return std::nullopt;
        }
        return arguments;
    }

 private:
    bool skip_blanks() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
        return !rest_.empty();
    }

    // A word ends at fewer blanks than separate words: \v and \f belong to it.
    static bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    bool take_argument(std::string& argument) {
        while (!rest_.empty() && !ends_word(rest_.front())) {
            const char c = take();
            if (c == '"' || c == '\'') return take_quoted(c, argument);
            argument += c;
        }
        return true;
    }

    bool take_quoted(char quote, std::string& argument) {
        while (!rest_.empty()) {
            const char c = take();
            if (c == quote) return rest_.empty() || is_space(rest_.front());
            if (c == '\\' && quote == '"' && !rest_.empty()) {
                argument += take_escaped();
            } else if (c == '\\' && quote == '\'' && rest_.starts_with('\'')) {
                argument += take();
            } else {
                argument += c;
            }
        }
        return false;
    }

    char take_escaped() {
        if (rest_.size() >= 3 && rest_[0] == 'x') {
            const auto high = hex_digit(rest_[1]);
            const auto low = hex_digit(rest_[2]);
            if (high && low) {
                rest_.remove_prefix(3);
                return static_cast<char>(*high * 16 + *low);
            }
        }
        return unescaped(take());
    }

    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> split_arguments(std::string_view line) { return Splitter(line).split(); }

}  // namespace pgredis::resp
