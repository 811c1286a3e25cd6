// Between Lua's values and replies.
#include <algorithm>
#include <cmath>
#include <limits>

#include "resp/numbers.h"
#include "scripts/machine.h"

namespace pgredis::scripts {

namespace {

constexpr std::string_view crlf = "\r\n";

// --- A reply becomes Lua values ---

class ReplyReader {
 public:
    ReplyReader(lua_State* L, std::string_view reply) : L_(L), rest_(reply) {}

    // Pushes the next value: exactly one.
    void value() {
        luaL_checkstack(L_, 8, "the reply is nested too deeply");
        const std::string_view head = line();
        const char type = head.empty() ? '\0' : head.front();
        const std::string_view text = head.substr(std::min<std::size_t>(1, head.size()));
        switch (type) {
            case '+':
                single("ok", text);
                return;
            case '-':
                push_error_table(L_, text);
                lua_pushboolean(L_, 1);
                lua_setfield(L_, -2, "ignore_error_stats_update");
                return;
            case ':':
                lua_pushnumber(L_, static_cast<double>(resp::parse_integer(text).value_or(0)));
                return;
            case '$':
                bulk(text);
                return;
            case '*':
                array(text);
                return;
            case '%':
                table("map", text, true);
                return;
            case '~':
                table("set", text, false);
                return;
            case '>':
                array(text);
                return;
            case '_':
                lua_pushnil(L_);
                return;
            case '#':
                lua_pushboolean(L_, text == "t" ? 1 : 0);
                return;
            case ',':
                lua_newtable(L_);
                lua_pushnumber(L_, resp::parse_double(text).value_or(std::numeric_limits<double>::quiet_NaN()));
                lua_setfield(L_, -2, "double");
                return;
            case '(':
                single("big_number", text);
                return;
            case '=':
                verbatim(text);
                return;
            default:
                luaL_error(L_, "not a reply");
        }
    }

 private:
    std::string_view line() {
        const std::size_t end = std::min(rest_.find(crlf), rest_.size());
        const std::string_view text = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + crlf.size(), rest_.size()));
        return text;
    }

    static std::int64_t length(std::string_view text) { return resp::parse_integer(text).value_or(-1); }

    std::string_view bytes(std::string_view length_text) {
        const auto size = std::min(static_cast<std::size_t>(std::max<std::int64_t>(length(length_text), 0)), rest_.size());
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(std::min(size + crlf.size(), rest_.size()));
        return text;
    }

    void push(std::string_view text) { lua_pushlstring(L_, text.data(), text.size()); }

    void single(const char* field, std::string_view text) {
        lua_createtable(L_, 0, 1);
        push(text);
        lua_setfield(L_, -2, field);
    }

    void bulk(std::string_view text) {
        if (length(text) < 0) {
            lua_pushboolean(L_, 0);
        } else {
            push(bytes(text));
        }
    }

    void verbatim(std::string_view text) {
        const std::string_view whole = bytes(text);
        const std::size_t colon = std::min(whole.find(':'), whole.size());
        lua_createtable(L_, 0, 1);
        lua_createtable(L_, 0, 2);
        push(whole.substr(std::min(colon + 1, whole.size())));
        lua_setfield(L_, -2, "string");
        push(whole.substr(0, colon));
        lua_setfield(L_, -2, "format");
        lua_setfield(L_, -2, "verbatim_string");
    }

    void array(std::string_view text) {
        const std::int64_t count = length(text);
        if (count < 0) return lua_pushboolean(L_, 0);
        lua_createtable(L_, static_cast<int>(count), 0);
        for (std::int64_t i = 1; i <= count; ++i) {
            value();
            lua_rawseti(L_, -2, static_cast<int>(i));
        }
    }

    void table(const char* field, std::string_view text, bool pairs) {
        const std::int64_t count = length(text);
        lua_createtable(L_, 0, 1);
        lua_createtable(L_, 0, static_cast<int>(std::max<std::int64_t>(count, 0)));
        for (std::int64_t i = 0; i < count; ++i) {
            value();
            if (pairs) {
                value();
            } else {
                lua_pushboolean(L_, 1);
            }
            if (lua_isnil(L_, -2)) {
                lua_pop(L_, 2);  // no key of a table
            } else {
                lua_rawset(L_, -3);
            }
        }
        lua_setfield(L_, -2, field);
    }

    lua_State* L_;
    std::string_view rest_;
};

// --- A Lua value becomes a reply ---

// As the C cast on x86 that Redis has there: truncated, and the smallest integer for what is out of range.
std::int64_t to_integer(double value) {
    constexpr double limit = 9223372036854775808.0;
    if (!(value >= -limit && value < limit)) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value);
}

class ResultWriter {
 public:
    ResultWriter(lua_State* L, resp::ReplyWriter& writer, resp::Protocol script_protocol)
        : L_(L), writer_(writer), script_protocol_(script_protocol) {}

    // Writes the value at the top of the stack, and pops it.
    void value() {
        if (lua_checkstack(L_, 4) == 0) {
            writer_.error("ERR reached lua stack limit");
            lua_pop(L_, 1);
            return;
        }
        switch (lua_type(L_, -1)) {
            case LUA_TSTRING:
                writer_.bulk(text());
                break;
            case LUA_TBOOLEAN:
                boolean(lua_toboolean(L_, -1) != 0);
                break;
            case LUA_TNUMBER:
                writer_.integer(to_integer(lua_tonumber(L_, -1)));
                break;
            case LUA_TTABLE:
                table();
                break;
            default:
                writer_.null();
        }
        lua_pop(L_, 1);
    }

 private:
    std::string_view text() {
        std::size_t size = 0;
        const char* start = lua_tolstring(L_, -1, &size);
        return {start, size};
    }

    // Up to the first NUL, as Redis takes some strings.
    std::string_view c_text() { return lua_tostring(L_, -1); }

    void boolean(bool value) {
        if (script_protocol_ == resp::Protocol::resp3) return writer_.boolean(value);
        if (value) return writer_.integer(1);
        writer_.null();
    }

    // Pushes the field if it has that type; else leaves the stack as it was.
    bool field(const char* name, int type) {
        lua_pushstring(L_, name);
        lua_rawget(L_, -2);
        if (lua_type(L_, -1) == type) return true;
        lua_pop(L_, 1);
        return false;
    }

    void table() {
        if (field("err", LUA_TSTRING)) {
            writer_.error(c_text());
        } else if (field("ok", LUA_TSTRING)) {
            writer_.simple_string(c_text());
        } else if (field("double", LUA_TNUMBER)) {
            writer_.double_number(lua_tonumber(L_, -1));
        } else if (field("big_number", LUA_TSTRING)) {
            big_number();
        } else if (field("verbatim_string", LUA_TTABLE)) {
            const bool written = verbatim();
            lua_pop(L_, 1);
            if (!written) collection();
            return;
        } else {
            return collection();
        }
        lua_pop(L_, 1);
    }

    void collection() {
        if (field("map", LUA_TTABLE)) {
            writer_.map(count());
            for (lua_pushnil(L_); lua_next(L_, -2) != 0;) {
                lua_pushvalue(L_, -2);  // the key goes first; the value stays below
                value();
                value();
            }
        } else if (field("set", LUA_TTABLE)) {
            writer_.set(count());
            for (lua_pushnil(L_); lua_next(L_, -2) != 0;) {
                lua_pop(L_, 1);
                lua_pushvalue(L_, -1);
                value();
            }
        } else {
            return array();
        }
        lua_pop(L_, 1);
    }

    // What follows is a line of its own, which Redis lets line ends not break.
    static std::string one_line(std::string_view text) {
        std::string line(text);
        std::replace_if(
            line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
        return line;
    }

    // These two stay out of the functions that call each other thousands deep, whose frames have to be small.
    [[gnu::noinline]] void big_number() { writer_.big_number(one_line(c_text())); }

    [[gnu::noinline]] bool verbatim() {
        if (!field("format", LUA_TSTRING)) return false;
        std::string format(c_text());
        format.resize(3, ' ');
        lua_pop(L_, 1);
        if (!field("string", LUA_TSTRING)) return false;
        writer_.verbatim(format, text());
        lua_pop(L_, 1);
        return true;
    }

    std::size_t count() {
        std::size_t entries = 0;
        for (lua_pushnil(L_); lua_next(L_, -2) != 0; ++entries) lua_pop(L_, 1);
        return entries;
    }

    void array() {
        int size = 0;
        for (bool more = true; more;) {
            lua_rawgeti(L_, -1, size + 1);
            more = !lua_isnil(L_, -1);
            lua_pop(L_, 1);
            if (more) ++size;
        }
        writer_.array(static_cast<std::size_t>(size));
        for (int i = 1; i <= size; ++i) {
            lua_rawgeti(L_, -1, i);
            value();
        }
    }

    lua_State* L_;
    resp::ReplyWriter& writer_;
    resp::Protocol script_protocol_;
};

}  // namespace

void push_reply(lua_State* L, std::string_view reply) { ReplyReader(L, reply).value(); }

void write_value(lua_State* L, resp::ReplyWriter& writer, resp::Protocol script_protocol) {
    ResultWriter(L, writer, script_protocol).value();
}

}  // namespace pgredis::scripts
