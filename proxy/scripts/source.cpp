#include "scripts/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "resp/arguments.h"

namespace pgredis::scripts {

namespace {

// isalpha and so on of the C locale, for any char.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

constexpr std::string_view keywords[] = {"and", "break",    "do",     "else", "elseif", "end",   "false",
                                         "for", "function", "if",     "in",   "local",  "nil",   "not",
                                         "or",  "repeat",   "return", "then", "true",   "until", "while"};

// Globals that are, or hold, functions of ours.
constexpr std::string_view library_names[] = {
    "assert",       "bit",      "cjson",    "cmsgpack",   "collectgarbage", "coroutine",    "error",  "gcinfo",
    "getmetatable", "ipairs",   "load",     "loadstring", "math",           "next",         "pairs",  "pcall",
    "rawequal",     "rawget",   "rawset",   "redis",      "select",         "setmetatable", "string", "struct",
    "table",        "tonumber", "tostring", "type",       "unpack",         "xpcall"};

template <typename List>
bool is_one_of(std::string_view name, const List& list) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// Walks over the tokens as Lua 5.1 does.
class Normalizer {
 public:
    Normalizer(std::string_view code, bool keep_callers) : code_(code), keep_callers_(keep_callers) {}

    Normalized run() {
        // LuaJIT skips a first line that begins with '#'
        if (code_.starts_with('#')) out_.text += ' ';
        while (!at_end() && !out_.cut) step();
        end_of_block();
        return std::move(out_);
    }

 private:
    bool at_end() const { return position_ >= code_.size(); }
    char peek(std::size_t ahead = 0) const { return position_ + ahead < code_.size() ? code_[position_ + ahead] : '\0'; }
    void copy(std::size_t count = 1) {
        out_.text += code_.substr(position_, count);
        position_ += count;
    }

    void step() {
        const char c = peek();
        if (c == '-' && peek(1) == '-') return comment();
        if (is_blank(c)) return copy();
        if (is_letter(c)) {
            std::size_t size = 1;
            while (is_letter(peek(size)) || is_digit(peek(size))) ++size;
            word(code_.substr(position_, size));
            copy(size);
        } else {
            begin_token(c == '(' ? TokenKind::open : TokenKind::other);
            symbol(c);
        }
        token_end_ = out_.text.size();
    }

    void symbol(char c) {
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            number();
        } else if (c == '"' || c == '\'') {
            string(c);
        } else if (c == '[' && long_bracket() > 0) {
            copy(long_end() - position_);
        } else if (c == '.') {
            while (peek() == '.') copy();
        } else if (c == ':' && peek(1) == ':') {
            copy();
            out_.text += ' ';
        } else if (static_cast<unsigned char>(c) >= 0x80 || c == '\x1b') {
            const auto byte = static_cast<unsigned char>(c);
            refuse({}, byte < 0x80 ? "char(" + std::to_string(byte) + ")" : std::string(1, c));
        } else {
            if (c == '(' || c == '{' || c == '[') nesting_.push_back(Nesting::bracket);
            if ((c == ')' || c == '}' || c == ']') && !nesting_.empty()) nesting_.pop_back();
            if (c == ';') end_of_block();
            copy();
        }
    }

    // --- Where calls are returned ---

    enum class TokenKind : std::uint8_t { name, keyword, open, other };
    enum class Nesting : std::uint8_t { bracket, block, function };

    void word(std::string_view text) {
        const bool is_keyword = is_one_of(text, keywords);
        begin_token(is_keyword ? TokenKind::keyword : TokenKind::name, text);
        if (!is_keyword) return;
        if (text == "end" || text == "until" || text == "else" || text == "elseif") end_of_block();
        if ((text == "end" || text == "until") && !nesting_.empty()) nesting_.pop_back();
        if (text == "function") nesting_.push_back(Nesting::function);
        if (text == "if" || text == "do" || text == "repeat") nesting_.push_back(Nesting::block);
        after_return_ = text == "return";
    }

    // Before a token is written.
    void begin_token(TokenKind kind, std::string_view text = {}) {
        if (std::exchange(after_return_, false) && keep_callers_ && (kind == TokenKind::name || kind == TokenKind::open)) {
            const bool in_main = std::find(nesting_.begin(), nesting_.end(), Nesting::function) == nesting_.end();
            if (in_main || is_library(text) || (kind == TokenKind::open && (peek(1) == '"' || peek(1) == '\''))) {
                out_.text += ' ';
                out_.text += hold_frame;
                out_.text += '(';
                held_.push_back(nesting_.size());
            }
        }
        // local name = library…
        if (kind == TokenKind::name) {
            if (assigned_ && is_library(text)) aliases_.push_back(name_);
            name_ = text;
        }
        assigned_ = kind == TokenKind::other && peek() == '=' && peek(1) != '=';
    }

    bool is_library(std::string_view name) const {
        std::size_t behind = name.size();
        while (is_blank(peek(behind))) ++behind;
        return is_one_of(name, library_names) || is_one_of(name, aliases_) || (!name.empty() && peek(behind) == ':');
    }

    // Behind the last token: what was returned there is complete.
    void end_of_block() {
        if (held_.empty() || held_.back() != nesting_.size()) return;
        held_.pop_back();
        out_.text.insert(token_end_, 1, ')');
    }

    // --- Tokens ---

    void refuse(std::string problem, std::string token) {
        out_.cut = true;
        out_.text += " @";
        out_.problem = std::move(problem);
        out_.token = std::move(token);
    }

    void number() {
        const std::size_t start = position_;
        while (is_digit(peek()) || peek() == '.') ++position_;
        if (peek() == 'e' || peek() == 'E') {
            ++position_;
            if (peek() == '+' || peek() == '-') ++position_;
        }
        while (is_letter(peek()) || is_digit(peek())) ++position_;
        const std::string token(code_.substr(start, position_ - start));
        if (!to_number(token.c_str())) return refuse("malformed number near '" + token + "'", {});
        out_.text += token;
        out_.text += ' ';  // whatever follows is another token
    }

    void string(char quote) {
        copy();
        while (!at_end() && peek() != quote) {
            if (peek() != '\\') {
                if (is_line_end(peek())) return;  // an error, which LuaJIT sees as well
                copy();
                continue;
            }
            const char escaped = peek(1);
            if (is_digit(escaped)) {
                copy(2);
                while (is_digit(peek())) copy();
            } else if (position_ + 1 < code_.size() &&
                       std::string_view("abfnrtv\\\"'\n\r").find(escaped) != std::string_view::npos) {
                // a line end of two characters counts as one
                const bool pair = is_line_end(escaped) && is_line_end(peek(2)) && peek(2) != escaped;
                copy(pair ? 3 : 2);
            } else {
                ++position_;
                if (!at_end()) copy();
            }
        }
        if (!at_end()) copy();
    }

    void comment() {
        copy(2);
        if (peek() == '[' && long_bracket() > 0) return copy(long_end() - position_);
        while (!at_end() && !is_line_end(peek())) copy();
    }

    // The number of equal signs of the long bracket that opens here, plus one; 0 when none does.
    std::size_t long_bracket() const {
        std::size_t level = 0;
        while (peek(level + 1) == '=') ++level;
        return peek(level + 1) == '[' ? level + 1 : 0;
    }

    std::size_t long_end() const {
        const std::size_t level = long_bracket() - 1;
        const std::string closing = "]" + std::string(level, '=') + "]";
        const std::size_t found = code_.find(closing, position_ + level + 2);
        return found == std::string_view::npos ? code_.size() : found + closing.size();
    }

    std::string_view code_;
    bool keep_callers_;
    std::size_t position_ = 0;
    Normalized out_;
    std::vector<Nesting> nesting_;
    std::vector<std::size_t> held_;  // how deep the returns are whose values are held
    bool after_return_ = false;
    std::size_t token_end_ = 0;  // of the last token, in the output
    std::string_view name_;      // the last name
    bool assigned_ = false;      // what comes now is assigned to it
    std::vector<std::string_view> aliases_;
};

constexpr std::string_view shebang = "#!";
constexpr std::string_view flags_option = "flags=";

// The words of a shebang line, which ends at a NUL as well.
std::optional<std::vector<std::string>> shebang_words(std::string_view line) {
    return resp::split_arguments(line.substr(0, line.find('\0')));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool set_flag(Flags& flags, std::string_view name, bool any_case) {
    constexpr std::array<std::pair<std::string_view, bool Flags::*>, 5> known = {{
        {"no-writes", &Flags::no_writes},
        {"allow-oom", &Flags::allow_oom},
        {"allow-stale", &Flags::allow_stale},
        {"no-cluster", &Flags::no_cluster},
        {"allow-cross-slot-keys", &Flags::allow_cross_slot_keys},
    }};
    const auto* found = std::find_if(known.begin(), known.end(), [&](const auto& flag) {
        return any_case ? equal_ignoring_case(flag.first, name) : flag.first == name;
    });
    if (found == known.end()) return false;
    flags.*found->second = true;
    return true;
}

Normalized normalize(std::string_view code, bool keep_callers) { return Normalizer(code, keep_callers).run(); }

std::optional<double> to_number(const char* text) {
    char* stopped = nullptr;
    const double value = std::strtod(text, &stopped);
    if (stopped == text) return std::nullopt;
    while (is_blank(*stopped)) ++stopped;
    if (*stopped != '\0') return std::nullopt;
    return value;
}

std::string_view without_shebang(std::string_view code) {
    if (code.starts_with(shebang)) code.remove_prefix(std::min(code.find('\n'), code.size()));
    return code;
}

Loaded<Flags> parse_script_flags(std::string_view body) {
    if (!body.starts_with(shebang)) return {Flags{.compat_mode = true}, {}};
    const std::size_t end = body.find('\n');
    if (end == std::string_view::npos) return {std::nullopt, "ERR Invalid script shebang"};
    const auto words = shebang_words(body.substr(0, end));
    if (!words || words->empty()) return {std::nullopt, "ERR Invalid engine in script shebang"};
    if (words->front() != "#!lua") return {std::nullopt, "ERR Unexpected engine in script shebang: " + words->front()};
    Flags flags;
    for (std::size_t i = 1; i < words->size(); ++i) {
        std::string_view list = (*words)[i];
        if (!list.starts_with(flags_option)) return {std::nullopt, "ERR Unknown lua shebang option: " + (*words)[i]};
        list.remove_prefix(flags_option.size());
        if (list.empty()) continue;
        for (std::size_t start = 0; start <= list.size();) {
            const std::size_t comma = std::min(list.find(',', start), list.size());
            const std::string_view name = list.substr(start, comma - start);
            if (!set_flag(flags, name, false))
                return {std::nullopt, "ERR Unexpected flag in script shebang: " + std::string(name)};
            start = comma + 1;
        }
    }
    return {flags, {}};
}

Loaded<LibraryHeader> parse_library_header(std::string_view code) {
    if (!code.starts_with(shebang)) return {std::nullopt, "ERR Missing library metadata"};
    const std::size_t end = code.find('\n');
    if (end == std::string_view::npos) return {std::nullopt, "ERR Invalid library metadata"};
    const auto words = shebang_words(code.substr(0, end));
    if (!words || words->empty()) return {std::nullopt, "ERR Invalid library metadata"};
    constexpr std::string_view name_option = "name=";
    std::optional<std::string> name;
    for (std::size_t i = 1; i < words->size(); ++i) {
        const std::string& word = (*words)[i];
        if (!equal_ignoring_case(std::string_view(word).substr(0, name_option.size()), name_option)) {
            return {std::nullopt, "ERR Invalid metadata value given: " + word};
        }
        if (name) return {std::nullopt, "ERR Invalid metadata value, name argument was given multiple times"};
        name = word.substr(name_option.size());
    }
    if (!name) return {std::nullopt, "ERR Library name was not given"};
    if (!is_function_name(*name)) return {std::nullopt, std::string(bad_function_name)};
    const std::string engine = words->front().substr(shebang.size());
    if (!equal_ignoring_case(engine, "lua")) return {std::nullopt, "ERR Engine '" + engine + "' not found"};
    return {LibraryHeader{"LUA", *name}, {}};
}

bool is_function_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace pgredis::scripts
