// `cjson`, as Redis's version 2.1.0 behaves.
#include <array>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "scripts/buffer.h"
#include "scripts/machine.h"

namespace pgredis::scripts {

namespace {

struct Settings {
    int sparse_convert = 0;
    int sparse_ratio = 2;
    int sparse_safe = 10;
    int encode_max_depth = 1000;
    int decode_max_depth = 1000;
    int encode_precision = 14;
    int encode_keep_buffer = 1;
    int encode_invalid_numbers = 0;  // 2: as null
    int decode_invalid_numbers = 1;
};

Settings& settings_of(lua_State* L) { return *static_cast<Settings*>(lua_touserdata(L, lua_upvalueindex(1))); }

// --- Encoding ---

class Encoder {
 public:
    Encoder(lua_State* L, const Settings& settings) : L_(L), settings_(settings), out_(L) {}

    // Adds the value at the top of the stack.
    void value(int depth) {
        switch (lua_type(L_, -1)) {
            case LUA_TSTRING:
                string(-1);
                break;
            case LUA_TNUMBER:
                number(-1);
                break;
            case LUA_TBOOLEAN:
                out_.add(lua_toboolean(L_, -1) != 0 ? "true" : "false");
                break;
            case LUA_TTABLE:
                table(depth + 1);
                break;
            case LUA_TNIL:
                out_.add("null");
                break;
            case LUA_TLIGHTUSERDATA:
                if (lua_touserdata(L_, -1) != nullptr) refuse(-1, "type not supported");
                out_.add("null");
                break;
            default:
                refuse(-1, "type not supported");
        }
    }

    void push() const { out_.push(); }

 private:
    void refuse(int index, const char* reason) { luaL_error(L_, "Cannot serialise %s: %s", luaL_typename(L_, index), reason); }

    void table(int depth) {
        if (depth > settings_.encode_max_depth || lua_checkstack(L_, 4) == 0) {
            luaL_error(L_, "Cannot serialise, excessive nesting (%d)", depth);
        }
        const int length = array_length();
        if (length > 0) return array(length, depth);
        out_.add('{');
        bool first = true;
        for (lua_pushnil(L_); lua_next(L_, -2) != 0;) {
            if (!first) out_.add(',');
            first = false;
            switch (lua_type(L_, -2)) {
                case LUA_TNUMBER:
                    out_.add('"');
                    number(-2);
                    out_.add('"');
                    break;
                case LUA_TSTRING:
                    string(-2);
                    break;
                default:
                    refuse(-2, "table key must be a number or string");
            }
            out_.add(':');
            value(depth);
            lua_pop(L_, 1);
        }
        out_.add('}');
    }

    void array(int length, int depth) {
        out_.add('[');
        for (int i = 1; i <= length; ++i) {
            if (i > 1) out_.add(',');
            lua_rawgeti(L_, -1, i);
            value(depth);
            lua_pop(L_, 1);
        }
        out_.add(']');
    }

    // The highest index, if all keys are positive integers and it is not too sparse.
    int array_length() {
        double highest = 0;
        int entries = 0;
        for (lua_pushnil(L_); lua_next(L_, -2) != 0; lua_pop(L_, 1)) {
            const double key = lua_type(L_, -2) == LUA_TNUMBER ? lua_tonumber(L_, -2) : 0;
            if (!(key >= 1 && std::floor(key) == key)) {
                lua_pop(L_, 2);
                return -1;
            }
            highest = std::max(highest, key);
            ++entries;
        }
        if (settings_.sparse_ratio > 0 && highest > static_cast<double>(entries) * settings_.sparse_ratio &&
            highest > settings_.sparse_safe) {
            if (settings_.sparse_convert == 0) refuse(-1, "excessively sparse array");
            return -1;
        }
        return highest > INT_MAX ? -1 : static_cast<int>(highest);
    }

    void number(int index) {
        const double value = lua_tonumber(L_, index);
        if (!std::isfinite(value)) {
            if (settings_.encode_invalid_numbers == 0) refuse(index, "must not be NaN or Inf");
            if (settings_.encode_invalid_numbers == 2) return out_.add("null");
            if (std::isnan(value)) return out_.add("nan");
        }
        char text[40];
        const int size = std::snprintf(text, sizeof text, "%.*g", settings_.encode_precision, value);
        out_.add({text, static_cast<std::size_t>(size)});
    }

    void string(int index) {
        std::size_t size = 0;
        const char* text = lua_tolstring(L_, index, &size);
        out_.add('"');
        for (std::size_t i = 0; i < size; ++i) character(text[i]);
        out_.add('"');
    }

    void character(char c) {
        constexpr std::string_view escaped = "\"\\/\b\f\n\r\t";
        constexpr std::string_view letters = "\"\\/bfnrt";
        const std::size_t found = escaped.find(c);
        if (found != std::string_view::npos) {
            out_.add('\\');
            out_.add(letters[found]);
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            constexpr std::string_view hex = "0123456789abcdef";
            out_.add("\\u00");
            out_.add(hex[static_cast<unsigned char>(c) >> 4]);
            out_.add(hex[c & 15]);
        } else {
            out_.add(c);
        }
    }

    lua_State* L_;
    const Settings& settings_;
    Buffer out_;
};

int encode(lua_State* L) {
    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    Encoder encoder(L, settings_of(L));
    lua_pushvalue(L, 1);
    encoder.value(0);
    encoder.push();
    return 1;
}

// --- Decoding ---

enum class Token : std::uint8_t {
    object_begin,
    object_end,
    array_begin,
    array_end,
    string,
    number,
    boolean,
    null,
    colon,
    comma,
    end,
    bad
};

constexpr std::array<const char*, 12> token_names = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                                     "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                                     "T_COLON",     "T_COMMA",   "T_END",       ""};

int hex4(const char* at) {
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = at[i];
        int digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return -1;  // the NUL at the end as well
        }
        value = value * 16 + digit;
    }
    return value;
}

bool begins_with(const char* at, const char* lower_word) {
    for (; *lower_word != '\0'; ++at, ++lower_word) {
        if ((*at | 0x20) != *lower_word) return false;
    }
    return true;
}

// What strtod takes, but JSON does not.
bool is_invalid_number(const char* at) {
    if (*at == '+') return true;
    if (*at == '-') ++at;
    if (*at == '0') return (at[1] | 0x20) == 'x' || (at[1] >= '0' && at[1] <= '9');
    if (*at <= '9') return false;
    return begins_with(at, "inf") || begins_with(at, "nan");
}

// The text is in a Lua string, so a NUL stands behind it, and ends it as it does for Redis.
class Decoder {
 public:
    Decoder(lua_State* L, const Settings& settings, const char* text)
        : L_(L), settings_(settings), text_(text), at_(text), string_(L) {}

    void whole() {
        next();
        value();
        next();
        if (token_ != Token::end) refuse("the end");
    }

 private:
    // Pushes the value that begins with the current token.
    void value() {
        switch (token_) {
            case Token::string:
                string_.push();
                break;
            case Token::number:
                lua_pushnumber(L_, number_);
                break;
            case Token::boolean:
                lua_pushboolean(L_, number_ != 0 ? 1 : 0);
                break;
            case Token::null:
                lua_pushlightuserdata(L_, nullptr);
                break;
            case Token::object_begin:
                object();
                break;
            case Token::array_begin:
                array();
                break;
            default:
                refuse("value");
        }
    }

    void object() {
        descend();
        lua_newtable(L_);
        next();
        while (token_ != Token::object_end) {
            if (token_ != Token::string) refuse("object key string");
            string_.push();
            next();
            if (token_ != Token::colon) refuse("colon");
            next();
            value();
            lua_rawset(L_, -3);
            next();
            if (token_ == Token::object_end) break;
            if (token_ != Token::comma) refuse("comma or object end");
            next();
            if (token_ == Token::object_end) refuse("object key string");
        }
        --depth_;
    }

    void array() {
        descend();
        lua_newtable(L_);
        next();
        for (int i = 1; token_ != Token::array_end; ++i) {
            value();
            lua_rawseti(L_, -2, i);
            next();
            if (token_ == Token::array_end) break;
            if (token_ != Token::comma) refuse("comma or array end");
            next();
            if (token_ == Token::array_end) refuse("value");
        }
        --depth_;
    }

    void descend() {
        ++depth_;
        if (depth_ > settings_.decode_max_depth || lua_checkstack(L_, 4) == 0) {
            luaL_error(L_, "Found too many nested data structures (%d) at character %d", depth_, static_cast<int>(at_ - text_));
        }
    }

    void refuse(const char* expected) {
        const char* found = token_ == Token::bad ? problem_ : token_names.at(static_cast<std::size_t>(token_));
        luaL_error(L_, "Expected %s but found %s at character %d", expected, found, static_cast<int>(start_ - text_) + 1);
    }

    void bad(const char* problem) {
        token_ = Token::bad;
        problem_ = problem;
        start_ = at_;
    }

    void take(Token token, std::size_t length) {
        token_ = token;
        at_ += length;
    }

    void next() {
        while (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r') ++at_;
        start_ = at_;
        const char c = *at_;
        switch (c) {
            case '{':
                return take(Token::object_begin, 1);
            case '}':
                return take(Token::object_end, 1);
            case '[':
                return take(Token::array_begin, 1);
            case ']':
                return take(Token::array_end, 1);
            case ':':
                return take(Token::colon, 1);
            case ',':
                return take(Token::comma, 1);
            case '\0':
                return take(Token::end, 0);
            case '"':
                return string();
            default:
                break;
        }
        if (c == '-' || (c >= '0' && c <= '9')) {
            if (settings_.decode_invalid_numbers == 0 && is_invalid_number(at_)) return bad("invalid number");
            return number();
        }
        for (const auto& [word, token, value] : words) {
            if (std::strncmp(at_, word, std::strlen(word)) == 0) {
                number_ = value;
                return take(token, std::strlen(word));
            }
        }
        if (settings_.decode_invalid_numbers != 0 && is_invalid_number(at_)) return number();
        bad("invalid token");
    }

    void number() {
        char* end = nullptr;
        number_ = std::strtod(at_, &end);
        if (end == at_) return bad("invalid number");
        token_ = Token::number;
        at_ = end;
    }

    void string() {
        string_.clear();
        for (++at_; *at_ != '"'; ++at_) {
            if (*at_ == '\0') return bad("unexpected end of string");
            if (*at_ != '\\') {
                string_.add(*at_);
                continue;
            }
            constexpr std::string_view letters = "\"\\/bfnrt";
            constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
            if (at_[1] == 'u') {
                if (!unicode()) return bad("invalid unicode escape code");
                continue;
            }
            const std::size_t found = at_[1] == '\0' ? std::string_view::npos : letters.find(at_[1]);
            if (found == std::string_view::npos) return bad("invalid escape code");
            string_.add(meanings[found]);
            ++at_;
        }
        ++at_;
        token_ = Token::string;
    }

    // \uXXXX, or two of them for a character beyond the basic plane. Leaves at_ at the last character of it.
    bool unicode() {
        int code = hex4(at_ + 2);
        if (code < 0) return false;
        int length = 6;
        if ((code & 0xf800) == 0xd800) {
            if ((code & 0x400) != 0 || at_[6] != '\\' || at_[7] != 'u') return false;
            const int low = hex4(at_ + 8);
            if (low < 0 || (low & 0xfc00) != 0xdc00) return false;
            code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
            length = 12;
        }
        if (code < 0x80) {
            string_.add(static_cast<char>(code));
        } else if (code < 0x800) {
            string_.add(static_cast<char>(0xc0 | code >> 6));
            string_.add(static_cast<char>(0x80 | (code & 0x3f)));
        } else if (code < 0x10000) {
            string_.add(static_cast<char>(0xe0 | code >> 12));
            string_.add(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
            string_.add(static_cast<char>(0x80 | (code & 0x3f)));
        } else {
            string_.add(static_cast<char>(0xf0 | code >> 18));
            string_.add(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
            string_.add(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
            string_.add(static_cast<char>(0x80 | (code & 0x3f)));
        }
        at_ += length - 1;
        return true;
    }

    struct Word {
        const char* text;
        Token token;
        double value;
    };
    static constexpr Word words[] = {{"true", Token::boolean, 1}, {"false", Token::boolean, 0}, {"null", Token::null, 0}};

    lua_State* L_;
    const Settings& settings_;
    const char* text_;
    const char* at_;
    const char* start_ = nullptr;  // of the current token
    Token token_ = Token::end;
    double number_ = 0;
    const char* problem_ = "";
    int depth_ = 0;
    Buffer string_;
};

int decode(lua_State* L) {
    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    std::size_t size = 0;
    const char* text = luaL_checklstring(L, 1, &size);
    if (size >= 2 && (text[0] == '\0' || text[1] == '\0')) return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
    Decoder(L, settings_of(L), text).whole();
    return 1;
}

// --- Settings ---

void take_arguments(lua_State* L, int count) {
    luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
    lua_settop(L, count);
}

int integer_setting(lua_State* L, int index, int& setting, int lowest, int highest) {
    if (!lua_isnil(L, index)) {
        const lua_Integer value = luaL_checkinteger(L, index);
        if (value < lowest || value > highest) {
            luaL_argerror(L, 1, lua_pushfstring(L, "expected integer between %d and %d", lowest, highest));
        }
        setting = static_cast<int>(value);
    }
    lua_pushinteger(L, setting);
    return 1;
}

int choice_setting(lua_State* L, int index, int& setting, bool with_null = false) {
    static constexpr const char* two[] = {"off", "on", nullptr};
    static constexpr const char* three[] = {"off", "on", "null", nullptr};
    if (lua_isboolean(L, index)) {
        setting = lua_toboolean(L, index);
    } else if (!lua_isnil(L, index)) {
        setting = luaL_checkoption(L, index, nullptr, with_null ? three : two);
    }
    if (setting == 2) {
        lua_pushstring(L, three[2]);
    } else {
        lua_pushboolean(L, setting);
    }
    return 1;
}

int encode_sparse_array(lua_State* L) {
    Settings& settings = settings_of(L);
    take_arguments(L, 3);
    choice_setting(L, 1, settings.sparse_convert);
    integer_setting(L, 2, settings.sparse_ratio, 0, INT_MAX);
    integer_setting(L, 3, settings.sparse_safe, 0, INT_MAX);
    return 3;
}

int encode_max_depth(lua_State* L) {
    take_arguments(L, 1);
    return integer_setting(L, 1, settings_of(L).encode_max_depth, 1, INT_MAX);
}

int decode_max_depth(lua_State* L) {
    take_arguments(L, 1);
    return integer_setting(L, 1, settings_of(L).decode_max_depth, 1, INT_MAX);
}

int encode_number_precision(lua_State* L) {
    take_arguments(L, 1);
    return integer_setting(L, 1, settings_of(L).encode_precision, 1, 14);
}

int encode_keep_buffer(lua_State* L) {
    take_arguments(L, 1);
    return choice_setting(L, 1, settings_of(L).encode_keep_buffer);
}

int encode_invalid_numbers(lua_State* L) {
    take_arguments(L, 1);
    return choice_setting(L, 1, settings_of(L).encode_invalid_numbers, true);
}

int decode_invalid_numbers(lua_State* L) {
    take_arguments(L, 1);
    return choice_setting(L, 1, settings_of(L).decode_invalid_numbers);
}

int new_cjson(lua_State* L) {
    push_cjson(L);
    return 1;
}

}  // namespace

void reset_cjson(Machine& machine) { *static_cast<Settings*>(machine.json_settings) = Settings(); }

void push_cjson(lua_State* L) {
    constexpr luaL_Reg functions[] = {{"encode", encode},
                                      {"decode", decode},
                                      {"encode_sparse_array", encode_sparse_array},
                                      {"encode_max_depth", encode_max_depth},
                                      {"decode_max_depth", decode_max_depth},
                                      {"encode_number_precision", encode_number_precision},
                                      {"encode_keep_buffer", encode_keep_buffer},
                                      {"encode_invalid_numbers", encode_invalid_numbers},
                                      {"decode_invalid_numbers", decode_invalid_numbers},
                                      {"new", new_cjson}};
    lua_newtable(L);
    auto* settings = static_cast<Settings*>(lua_newuserdata(L, sizeof(Settings)));
    *settings = Settings();
    Machine& machine = Machine::of(L);
    if (machine.json_settings == nullptr) machine.json_settings = settings;  // the sandbox's own, which lives as long
    for (const auto& [name, function] : functions) {
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, function, 1);
        lua_setfield(L, -3, name);
    }
    lua_pop(L, 1);
    lua_pushlightuserdata(L, nullptr);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, "cjson");
    lua_setfield(L, -2, "_NAME");
    lua_pushliteral(L, "2.1.0");
    lua_setfield(L, -2, "_VERSION");
}

}  // namespace pgredis::scripts
