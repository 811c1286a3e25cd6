// Lua 5.1's patterns, matched so that a search can stop anywhere and go on later: LuaJIT's matcher recurses, and a pattern like
// ('a?'):rep(30) .. 'b' keeps it for as long as there are ways to match.
//
// A pattern ends at its first NUL (as in Lua 5.1); texts may have any byte. The rules are those of the reference manual; what it
// leaves open is as Redis does it: errors are found only where the matching comes to, and a repetition may be of anything that is
// a single character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <lua.hpp>
#include <string_view>

namespace pgredis::scripts {

// An array that begins inside of the object and goes on in Lua's memory, in a userdata that is kept alive by a slot of the Lua
// stack, the same whenever the array may grow. A copy of the object goes on with the same memory.
template <typename T, std::size_t inside>
class Growing {
 public:
    void prepare() {
        outside_ = nullptr;
        size_ = 0;
        capacity_ = inside;
    }
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    T* data() { return outside_ == nullptr ? inside_ : outside_; }
    T& back() { return data()[size_ - 1]; }
    void pop() { --size_; }
    void push(lua_State* L, int slot, const T& item) {
        if (size_ == capacity_) grow(L, slot, 1);
        data()[size_++] = item;
    }
    void push(lua_State* L, int slot, const T* items, std::size_t count) {
        if (count > capacity_ - size_) grow(L, slot, count);
        std::memcpy(data() + size_, items, count * sizeof(T));
        size_ += count;
    }

 private:
    void grow(lua_State* L, int slot, std::size_t count) {
        const std::size_t wanted = size_ + count > capacity_ * 2 ? size_ + count : capacity_ * 2;
        luaL_checkstack(L, 1, nullptr);
        auto* bigger = static_cast<T*>(lua_newuserdata(L, wanted * sizeof(T)));
        std::memcpy(bigger, data(), size_ * sizeof(T));
        lua_replace(L, slot);
        outside_ = bigger;
        capacity_ = wanted;
    }

    T* outside_;  // nothing is initialized, which would take longer than most searches
    std::size_t size_;
    std::size_t capacity_;
    T inside_[inside];
};

// One search for a pattern. Trivial to copy; text and pattern have to stay where they are.
class Matcher {
 public:
    enum class Outcome : std::uint8_t { out_of_steps, found, not_found, failed };

    // `pattern` is without its '^', and ends with a NUL. `choices` is the slot of the Lua stack for what grows.
    void prepare(std::string_view text, const char* pattern, bool anchored, int choices);

    // Begins the search for the first match at `at` or later, or, if anchored, just there.
    void begin(const char* at);

    // Goes on, for `steps` steps at most (what they took is taken off), each about as long as an instruction of Lua.
    // After found, not_found or failed, begin() is next.
    Outcome run(lua_State* L, long& steps);

    // After `found`.
    const char* match_begin() const { return start_; }
    const char* match_end() const { return at_; }
    int captures() const { return captured_; }
    bool has_open_capture() const;
    // Pushes a capture, counted from 0; number 0 is the whole match where there are none. Returns false, with an error, when
    // there is no such, or it is unfinished.
    bool push_capture(lua_State* L, int index);

    // After `failed`: the error's text.
    const char* error() const { return error_; }

 private:
    // What it does next.
    enum class State : std::uint8_t {
        item,     // match the next item of the pattern
        repeat,   // count how often a single character's item matches
        balance,  // look for the end of a %b
        retreat,  // this way does not match: go back to the last choice
    };
    // What can be done otherwise, or has to be undone, when the rest of the pattern does not match.
    enum class Kind : std::uint8_t { skip, fewer, more, open, close };
    struct Choice {
        Kind kind;
        const char* at;     // in the text
        const char* item;   // what to match next; of `more` the repeated item
        std::size_t count;  // fewer: so many can be given up. more: length of the item. close: number of the capture
    };
    static constexpr int max_captures = 32;
    static constexpr std::size_t is_open = static_cast<std::size_t>(-1);
    static constexpr std::size_t is_position = static_cast<std::size_t>(-2);
    struct Capture {
        const char* begin;
        std::size_t size;  // or one of the above
    };

    bool match_item(lua_State* L, long& steps);
    bool match_special(lua_State* L, long& steps);
    bool match_single(lua_State* L, long& steps);
    bool match_frontier(long& steps);
    bool match_back_reference(long& steps);
    bool open_capture(lua_State* L);
    bool close_capture(lua_State* L);
    void repeat(lua_State* L, long& steps);
    void balance(long& steps);
    bool retreat(long& steps);
    const char* item_end(const char* item);
    bool fail(const char* error) {
        error_ = error;
        return false;
    }

    const char* text_;
    const char* text_end_;
    const char* pattern_;
    const char* start_;  // where the match that is tried begins
    const char* at_;
    const char* item_;
    const char* behind_;   // repeat: behind the item
    const char* scanned_;  // repeat, balance: so far
    std::size_t depth_;    // balance
    const char* error_;
    State state_;
    bool anchored_;
    int choices_slot_;
    int captured_;
    Capture captures_[max_captures];
    Growing<Choice, 24> choices_;
};

}  // namespace pgredis::scripts
