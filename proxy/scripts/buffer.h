// A growing string that lives in Lua's memory: it counts against the script's limit, and Lua frees it after an error.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <lua.hpp>
#include <string_view>

namespace pgredis::scripts {

// Takes one place on the Lua stack, where it was made, until the function returns.
class Buffer {
 public:
    explicit Buffer(lua_State* L) : L_(L), data_(static_cast<char*>(lua_newuserdata(L, initial))), place_(lua_gettop(L)) {}

    void add(char c) {
        if (size_ == capacity_) grow(1);
        data_[size_++] = c;
    }
    void add(std::string_view text) {
        if (text.size() > capacity_ - size_) grow(text.size());
        std::memcpy(data_ + size_, text.data(), text.size());
        size_ += text.size();
    }
    // The lowest `bytes` bytes of the number, the highest of these first.
    void add_big_endian(unsigned long long number, int bytes) {
        for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) add(static_cast<char>(number >> shift));
    }
    std::size_t size() const { return size_; }
    void clear() { size_ = 0; }
    void push() const { lua_pushlstring(L_, data_, size_); }

 private:
    static constexpr std::size_t initial = 256;

    void grow(std::size_t needed) {
        const std::size_t wanted = std::max(size_ + needed, capacity_ * 2);
        luaL_checkstack(L_, 1, nullptr);
        auto* bigger = static_cast<char*>(lua_newuserdata(L_, wanted));
        std::memcpy(bigger, data_, size_);
        lua_replace(L_, place_);
        data_ = bigger;
        capacity_ = wanted;
    }

    lua_State* L_;
    char* data_;
    int place_;
    std::size_t size_ = 0;
    std::size_t capacity_ = initial;
};

}  // namespace pgredis::scripts
