// `cmsgpack`, as Redis's version 0.4.0 behaves.
#include <bit>
#include <climits>
#include <cmath>

#include "scripts/buffer.h"
#include "scripts/machine.h"

namespace pgredis::scripts {

namespace {

constexpr int max_nesting = 16;  // tables deeper than that are packed as nil

bool is_int64(double value) {
    constexpr double limit = 9223372036854775808.0;
    return value >= -limit && value < limit && static_cast<double>(static_cast<std::int64_t>(value)) == value;
}

class Packer {
 public:
    explicit Packer(lua_State* L) : L_(L), out_(L) {}

    // Adds the value at the top of the stack.
    void value(int level) {
        luaL_checkstack(L_, 4, "in function mp_encode_lua_type");
        switch (lua_type(L_, -1)) {
            case LUA_TSTRING:
                string();
                break;
            case LUA_TBOOLEAN:
                out_.add(lua_toboolean(L_, -1) != 0 ? '\xc3' : '\xc2');
                break;
            case LUA_TNUMBER:
                number(lua_tonumber(L_, -1));
                break;
            case LUA_TTABLE:
                if (level == max_nesting) {
                    out_.add('\xc0');
                } else {
                    table(level);
                }
                break;
            default:
                out_.add('\xc0');
        }
    }

    void push() const { out_.push(); }

 private:
    void head(unsigned char type, unsigned long long number, int bytes) {
        out_.add(static_cast<char>(type));
        out_.add_big_endian(number, bytes);
    }

    void string() {
        std::size_t size = 0;
        const char* text = lua_tolstring(L_, -1, &size);
        if (size < 32) {
            head(static_cast<unsigned char>(0xa0 | size), 0, 0);
        } else if (size <= 0xff) {
            head(0xd9, size, 1);
        } else if (size <= 0xffff) {
            head(0xda, size, 2);
        } else {
            head(0xdb, size, 4);
        }
        out_.add({text, size});
    }

    void number(double value) {
        if (is_int64(value)) return integer(static_cast<std::int64_t>(value));
        const auto single = static_cast<float>(value);
        if (static_cast<double>(single) == value) {
            head(0xca, std::bit_cast<std::uint32_t>(single), 4);
        } else {
            head(0xcb, std::bit_cast<std::uint64_t>(value), 8);
        }
    }

    void integer(std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        if (value >= 0) {
            if (value <= 0x7f) return head(static_cast<unsigned char>(value), 0, 0);
            if (value <= 0xff) return head(0xcc, bits, 1);
            if (value <= 0xffff) return head(0xcd, bits, 2);
            if (value <= 0xffffffff) return head(0xce, bits, 4);
            return head(0xcf, bits, 8);
        }
        if (value >= -32) return head(static_cast<unsigned char>(value), 0, 0);
        if (value >= INT8_MIN) return head(0xd0, bits, 1);
        if (value >= INT16_MIN) return head(0xd1, bits, 2);
        if (value >= INT32_MIN) return head(0xd2, bits, 4);
        head(0xd3, bits, 8);
    }

    void table(int level) {
        const auto [entries, is_array] = shape();
        if (is_array) {
            container(entries, 0x90, 0xdc);
            for (std::size_t i = 1; i <= entries; ++i) {
                lua_rawgeti(L_, -1, static_cast<int>(i));
                value(level + 1);
                lua_pop(L_, 1);
            }
            return;
        }
        container(entries, 0x80, 0xde);
        for (lua_pushnil(L_); lua_next(L_, -2) != 0; lua_pop(L_, 1)) {
            lua_pushvalue(L_, -2);
            value(level + 1);
            lua_pop(L_, 1);
            value(level + 1);
        }
    }

    void container(std::size_t entries, unsigned char small, unsigned char big) {
        if (entries < 16) {
            head(static_cast<unsigned char>(small | entries), 0, 0);
        } else if (entries <= 0xffff) {
            head(big, entries, 2);
        } else {
            head(big + 1, entries, 4);
        }
    }

    struct Shape {
        std::size_t entries;
        bool is_array;
    };

    Shape shape() {
        std::size_t entries = 0;
        double highest = 0;
        bool is_array = true;
        for (lua_pushnil(L_); lua_next(L_, -2) != 0; lua_pop(L_, 1)) {
            const double key = lua_type(L_, -2) == LUA_TNUMBER ? lua_tonumber(L_, -2) : 0;
            if (!(key > 0 && is_int64(key) && key <= INT_MAX)) is_array = false;
            highest = std::max(highest, key);
            ++entries;
        }
        return {entries, is_array && highest == static_cast<double>(entries)};
    }

    lua_State* L_;
    Buffer out_;
};

int pack(lua_State* L) {
    const int count = lua_gettop(L);
    if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
    if (lua_checkstack(L, count) == 0) return luaL_argerror(L, 0, "Too many arguments for MessagePack pack.");
    Packer packer(L);
    for (int i = 1; i <= count; ++i) {
        lua_pushvalue(L, i);
        packer.value(0);
        lua_pop(L, 1);
    }
    packer.push();
    return 1;
}

class Unpacker {
 public:
    Unpacker(lua_State* L, std::string_view rest) : L_(L), rest_(rest) {}

    bool at_end() const { return rest_.empty(); }
    std::size_t left() const { return rest_.size(); }

    // Pushes one value.
    void value() {
        const auto type = static_cast<unsigned char>(take(1)[0]);
        if (type < 0x80) return lua_pushnumber(L_, type);
        if (type < 0x90) return map(type & 15);
        if (type < 0xa0) return array(type & 15);
        if (type < 0xc0) return string(type & 31);
        if (type >= 0xe0) return lua_pushnumber(L_, static_cast<signed char>(type));
        switch (type) {
            case 0xc0:
                return lua_pushnil(L_);
            case 0xc2:
            case 0xc3:
                return lua_pushboolean(L_, type & 1);
            case 0xca:
                return lua_pushnumber(L_, std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(4))));
            case 0xcb:
                return lua_pushnumber(L_, std::bit_cast<double>(big_endian(8)));
            case 0xcc:
            case 0xcd:
            case 0xce:
                return lua_pushnumber(L_, static_cast<double>(big_endian(1 << (type - 0xcc))));
            case 0xcf:  // Redis takes it for signed
            case 0xd3:
                return lua_pushnumber(L_, static_cast<double>(static_cast<std::int64_t>(big_endian(8))));
            case 0xd0:
                return lua_pushnumber(L_, static_cast<std::int8_t>(big_endian(1)));
            case 0xd1:
                return lua_pushnumber(L_, static_cast<std::int16_t>(big_endian(2)));
            case 0xd2:
                return lua_pushnumber(L_, static_cast<std::int32_t>(big_endian(4)));
            case 0xd9:
            case 0xda:
            case 0xdb:
                return string(big_endian(1 << (type - 0xd9)));
            case 0xdc:
            case 0xdd:
                return array(big_endian(2 << (type - 0xdc)));
            case 0xde:
            case 0xdf:
                return map(big_endian(2 << (type - 0xde)));
            default:
                luaL_error(L_, "Bad data format in input.");
        }
    }

 private:
    std::string_view take(std::uint64_t count) {
        if (count > rest_.size()) luaL_error(L_, "Missing bytes in input.");
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::uint64_t big_endian(int bytes) {
        std::uint64_t value = 0;
        for (const char c : take(static_cast<std::uint64_t>(bytes))) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

    void string(std::uint64_t size) {
        const std::string_view text = take(size);
        lua_pushlstring(L_, text.data(), text.size());
    }

    void array(std::uint64_t entries) {
        luaL_checkstack(L_, 4, "in function mp_decode_to_lua_array");
        lua_newtable(L_);
        for (std::uint64_t i = 1; i <= entries; ++i) {
            value();
            lua_rawseti(L_, -2, static_cast<int>(i));
        }
    }

    void map(std::uint64_t entries) {
        luaL_checkstack(L_, 4, "in function mp_decode_to_lua_hash");
        lua_newtable(L_);
        for (std::uint64_t i = 0; i < entries; ++i) {
            value();
            value();
            lua_settable(L_, -3);  // which refuses nil and NaN as keys
        }
    }

    lua_State* L_;
    std::string_view rest_;
};

// Unpacks from the string at index 1, which is alone on the stack; 0 and 0 for everything.
int unpack_some(lua_State* L, int limit, int offset) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(L, 1, &size);
    if (offset < 0 || limit < 0) {
        return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", offset, static_cast<int>(size));
    }
    if (static_cast<std::size_t>(offset) > size) {
        return luaL_error(L, "Start offset %d greater than input length %d.", offset, static_cast<int>(size));
    }
    const bool everything = limit == 0 && offset == 0;
    Unpacker unpacker(L, std::string_view(text, size).substr(static_cast<std::size_t>(offset)));
    int count = 0;
    for (; !unpacker.at_end() && (everything || count < limit); ++count) {
        luaL_checkstack(L, 1, "too many return values at once; use unpack_one or unpack_limit instead.");
        unpacker.value();
    }
    if (everything) return count;
    luaL_checkstack(L, 1, "in function mp_unpack_full");
    lua_pushinteger(L, unpacker.at_end() ? -1 : static_cast<lua_Integer>(size - unpacker.left()));
    lua_insert(L, 2);
    return count + 1;
}

int unpack(lua_State* L) {
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    return unpack_some(L, 0, 0);
}

int unpack_one(lua_State* L) {
    const int offset = luaL_optint(L, 2, 0);
    lua_settop(L, 1);
    return unpack_some(L, 1, offset);
}

int unpack_limit(lua_State* L) {
    const int limit = luaL_checkint(L, 2);
    const int offset = luaL_optint(L, 3, 0);
    lua_settop(L, 1);
    return unpack_some(L, limit, offset);
}

}  // namespace

void push_cmsgpack(lua_State* L) {
    constexpr luaL_Reg functions[] = {
        {"pack", pack}, {"unpack", unpack}, {"unpack_one", unpack_one}, {"unpack_limit", unpack_limit}};
    constexpr std::pair<const char*, const char*> texts[] = {{"_NAME", "cmsgpack"},
                                                             {"_VERSION", "lua-cmsgpack 0.4.0"},
                                                             {"_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"},
                                                             {"_DESCRIPTION", "MessagePack C implementation for Lua"}};
    lua_newtable(L);
    for (const auto& [name, function] : functions) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
    for (const auto& [name, text] : texts) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

}  // namespace pgredis::scripts
