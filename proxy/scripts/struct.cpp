// `struct`, as Redis has it: C structures in strings.
#include <bit>
#include <climits>
#include <cstring>

#include "scripts/buffer.h"
#include "scripts/machine.h"

namespace pgredis::scripts {

namespace {

constexpr int max_integer_bytes = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Walks over a format string, keeping what it sets.
class Format {
 public:
    Format(lua_State* L, const char* text) : L_(L), at_(text) {}

    // The next item, if there is one. Byte order and alignment come as items of size 0, to be passed to control().
    bool next() {
        if (*at_ == '\0') return false;
        option_ = *at_++;
        size_ = item_size();
        return true;
    }

    char option() const { return option_; }
    std::size_t size() const { return size_; }
    bool big_endian() const { return big_endian_; }

    // Bytes to be left out before the current item, when it would begin at `position`.
    std::size_t padding(std::size_t position) const {
        if (size_ == 0 || option_ == 'c') return 0;
        const std::size_t align = std::min(size_, align_);
        return (align - (position & (align - 1))) & (align - 1);
    }

    // What is no item.
    void control() {
        switch (option_) {
            case ' ':
                return;
            case '>':
                big_endian_ = true;
                return;
            case '<':
                big_endian_ = false;
                return;
            case '!': {
                const int align = number(8);
                if (align <= 0 || (align & (align - 1)) != 0) luaL_error(L_, "alignment %d is not a power of 2", align);
                align_ = static_cast<std::size_t>(align);
                return;
            }
            default:
                luaL_argerror(L_, 1, lua_pushfstring(L_, "invalid format option '%c'", option_));
        }
    }

 private:
    std::size_t item_size() {
        switch (option_) {
            case 'B':
            case 'b':
            case 'x':
                return 1;
            case 'H':
            case 'h':
                return 2;
            case 'f':
                return 4;
            case 'L':
            case 'l':
            case 'T':
            case 'd':
                return 8;
            case 'c':
                return static_cast<std::size_t>(number(1));
            case 'I':
            case 'i': {
                const int size = number(4);
                if (size > max_integer_bytes) {
                    luaL_error(L_, "integral size %d is larger than limit of %d", size, max_integer_bytes);
                }
                return static_cast<std::size_t>(size);
            }
            default:
                return 0;
        }
    }

    int number(int otherwise) {
        if (!is_digit(*at_)) return otherwise;
        int value = 0;
        for (; is_digit(*at_); ++at_) {
            const int digit = *at_ - '0';
            if (value > INT_MAX / 10 || value * 10 > INT_MAX - digit) luaL_error(L_, "integral size overflow");
            value = value * 10 + digit;
        }
        return value;
    }

    lua_State* L_;
    const char* at_;
    char option_ = '\0';
    std::size_t size_ = 0;
    std::size_t align_ = 1;
    bool big_endian_ = false;
};

// Both casts wrap as those of Redis do on x86.
std::uint64_t to_bits(double value) {
    constexpr double limit = 9223372036854775808.0;
    if (value >= -limit && value < limit) return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    if (value >= limit && value < 2 * limit) return static_cast<std::uint64_t>(value);
    return value < 0 || value != value ? std::uint64_t{1} << 63 : 0;
}

void add_integer(Buffer& out, std::uint64_t bits, const Format& format) {
    const auto size = static_cast<int>(format.size());
    for (int i = 0; i < size; ++i) {
        const int byte = format.big_endian() ? size - 1 - i : i;
        out.add(byte < 8 ? static_cast<char>(bits >> (byte * 8)) : '\0');
    }
}

std::uint64_t read_integer(const char* at, const Format& format) {
    std::uint64_t bits = 0;
    const std::size_t size = format.size();
    for (std::size_t i = 0; i < size; ++i) {
        bits = bits << 8 | static_cast<unsigned char>(at[format.big_endian() ? i : size - 1 - i]);
    }
    return bits;
}

int pack(lua_State* L) {
    Format format(L, luaL_checkstring(L, 1));
    int argument = 1;
    lua_pushnil(L);  // a mark between the arguments and the buffer, so that a missing argument is none
    Buffer out(L);
    while (format.next()) {
        for (std::size_t i = format.padding(out.size()); i > 0; --i) out.add('\0');
        switch (format.option()) {
            case 'b':
            case 'B':
            case 'h':
            case 'H':
            case 'l':
            case 'L':
            case 'T':
            case 'i':
            case 'I':
                add_integer(out, to_bits(luaL_checknumber(L, ++argument)), format);
                break;
            case 'x':
                out.add('\0');
                break;
            case 'f':
                add_integer(out, std::bit_cast<std::uint32_t>(static_cast<float>(luaL_checknumber(L, ++argument))), format);
                break;
            case 'd':
                add_integer(out, std::bit_cast<std::uint64_t>(luaL_checknumber(L, ++argument)), format);
                break;
            case 'c':
            case 's': {
                std::size_t length = 0;
                const char* text = luaL_checklstring(L, ++argument, &length);
                const std::size_t size = format.size() == 0 ? length : format.size();
                // Redis counts the argument after this one
                luaL_argcheck(L, length >= size, argument + 1, "string too short");
                out.add({text, size});
                if (format.option() == 's') out.add('\0');
                break;
            }
            default:
                format.control();
        }
    }
    out.push();
    return 1;
}

int unpack(lua_State* L) {
    Format format(L, luaL_checkstring(L, 1));
    std::size_t length = 0;
    const char* data = luaL_checklstring(L, 2, &length);
    const lua_Integer first = luaL_optinteger(L, 3, 1) - 1;
    luaL_argcheck(L, first != -1, 3, "offset must be 1 or greater");
    auto position = static_cast<std::size_t>(first);  // huge if negative
    int results = 0;
    lua_settop(L, 2);
    const auto check = [&](std::size_t size) {
        luaL_argcheck(L, size <= length && position <= length - size, 2, "data string too short");
    };
    while (format.next()) {
        position += format.padding(position);
        std::size_t size = format.size();
        check(size);
        luaL_checkstack(L, 2, "too many results");
        const char* at = data + position;
        switch (format.option()) {
            case 'b':
            case 'h':
            case 'l':
            case 'i': {
                std::uint64_t bits = read_integer(at, format);
                const std::uint64_t sign = ~std::uint64_t{0} << ((size * 8 - 1) % 64);
                if ((bits & sign) != 0) bits |= sign;
                lua_pushnumber(L, static_cast<double>(static_cast<std::int64_t>(bits)));
                ++results;
                break;
            }
            case 'B':
            case 'H':
            case 'L':
            case 'T':
            case 'I':
                lua_pushnumber(L, static_cast<double>(read_integer(at, format)));
                ++results;
                break;
            case 'x':
                break;
            case 'f':
                lua_pushnumber(L, std::bit_cast<float>(static_cast<std::uint32_t>(read_integer(at, format))));
                ++results;
                break;
            case 'd':
                lua_pushnumber(L, std::bit_cast<double>(read_integer(at, format)));
                ++results;
                break;
            case 'c':
                if (size == 0) {
                    if (results == 0 || lua_isnumber(L, -1) == 0) luaL_error(L, "format 'c0' needs a previous size");
                    const double previous = lua_tonumber(L, -1);
                    lua_pop(L, 1);
                    --results;
                    luaL_argcheck(L, previous >= 0 && previous <= static_cast<double>(length), 2, "data string too short");
                    size = static_cast<std::size_t>(previous);
                    check(size);
                }
                lua_pushlstring(L, at, size);
                ++results;
                break;
            case 's': {
                const void* end = std::memchr(at, '\0', length - position);
                if (end == nullptr) luaL_error(L, "unfinished string in data");
                size = static_cast<std::size_t>(static_cast<const char*>(end) - at) + 1;
                lua_pushlstring(L, at, size - 1);
                ++results;
                break;
            }
            default:
                format.control();
        }
        position += size;
    }
    lua_pushinteger(L, static_cast<lua_Integer>(position) + 1);
    return results + 1;
}

int size(lua_State* L) {
    Format format(L, luaL_checkstring(L, 1));
    std::size_t position = 0;
    while (format.next()) {
        position += format.padding(position);
        const char option = format.option();
        if (option == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
        if (option == 'c' && format.size() == 0) luaL_argerror(L, 1, "option 'c0' has no fixed size");
        if (!is_digit(option) && !is_letter(option)) format.control();  // an unknown letter counts nothing
        position += format.size();
    }
    lua_pushinteger(L, static_cast<lua_Integer>(position));
    return 1;
}

}  // namespace

void push_struct(lua_State* L) {
    lua_newtable(L);
    for (const auto& [name, function] : {luaL_Reg{"pack", pack}, luaL_Reg{"unpack", unpack}, luaL_Reg{"size", size}}) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
}

}  // namespace pgredis::scripts
