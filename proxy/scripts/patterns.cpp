// string.find, match, gmatch and gsub. A search that is not over when its slice is goes on in the prelude, which can yield: then
// the function returns `again` and a task, for step() and results(). It returns `again`, another function and its arguments where
// that one is to be called in its place, by a call that leaves no frame of ours behind: so errors name the scripts' lines.
#include <algorithm>
#include <cstring>
#include <limits>

#include "scripts/machine.h"
#include "scripts/matcher.h"

namespace pgredis::scripts {

namespace {

const char again = '\0';  // its address is the mark

constexpr long bytes_per_step = 32;  // where bytes are compared or copied in bulk

// What a task needs on the Lua stack, from the bottom.
enum Slot : int { text_slot = 1, pattern_slot, extra_slot, choices_slot, output_slot, last_slot = output_slot };

enum class Kind : std::uint8_t { find, plain, match, iterate, substitute };

// Of gmatch.
struct Iteration {
    std::string_view text;
    const char* pattern;
    std::size_t position;  // where the next search begins
};

// What is not initialized is so on purpose: most tasks are small and short.
struct Task {
    Kind kind;
    bool done;
    bool found;
    const char* error;
    const char* wrong_type;  // of a replacement: the error's text goes on with it
    std::string_view text;
    std::string_view pattern;  // plain
    const char* at;            // plain: the rest that is searched. substitute: what is not in the output yet.
    Matcher matcher;
    // substitute
    bool anchored;
    int count;
    int limit;
    Growing<char, 512> output;
};

// Nothing (not even empty) if it is neither a string nor a number.
std::string_view text_at(lua_State* L, int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, index, &size);
    return {text, size};
}

// As C casts it in Redis, where too much is the smallest number.
long long to_integer(lua_State* L, int index) {
    constexpr double limit = 9223372036854775808.0;
    const double value = lua_tonumber(L, index);
    return value >= -limit && value < limit ? static_cast<long long>(value) : std::numeric_limits<long long>::min();
}

bool fail(Task& task, const char* error, const char* wrong_type = nullptr) {
    task.error = error;
    task.wrong_type = wrong_type;
    return false;
}

// --- Running ---

// Both return true when the task is done, well or with an error.
bool run_search(lua_State* L, Task& task, long& steps) {
    switch (task.matcher.run(L, steps)) {
        case Matcher::Outcome::out_of_steps:
            return false;
        case Matcher::Outcome::failed:
            fail(task, task.matcher.error());
            return true;
        case Matcher::Outcome::not_found:
            task.found = false;
            return true;
        case Matcher::Outcome::found:
            task.found = true;
            if (task.kind != Kind::substitute && task.matcher.has_open_capture()) fail(task, "unfinished capture");
            return true;
    }
    return true;
}

// The first place of `pattern` in `text`, or nullptr. memmem takes time in proportion to both, but some to begin with.
const char* look_for(std::string_view pattern, std::string_view text) {
    if (text.size() > 256) return static_cast<const char*>(memmem(text.data(), text.size(), pattern.data(), pattern.size()));
    const std::size_t found = text.find(pattern);
    return found == std::string_view::npos ? nullptr : text.data() + found;
}

bool run_plain(Task& task, long& steps) {
    const std::size_t size = task.pattern.size();
    const char* end = task.text.data() + task.text.size();
    while (steps > 0) {
        const auto left = static_cast<std::size_t>(end - task.at);
        if (left < size) {
            task.found = false;
            return true;
        }
        const std::size_t places = std::min(left - size + 1, std::max(size, static_cast<std::size_t>(steps * bytes_per_step)));
        const char* found = look_for(task.pattern, {task.at, places + size - 1});
        task.found = found != nullptr;
        if (task.found) {
            steps -= (found - task.at) / bytes_per_step;
            task.at = found;
            return true;
        }
        steps -= static_cast<long>(places / bytes_per_step) + 1;
        task.at += places;
    }
    return false;
}

void add(lua_State* L, Task& task, long& steps, std::string_view bytes) {
    task.output.push(L, output_slot, bytes.data(), bytes.size());
    steps -= static_cast<long>(bytes.size()) / bytes_per_step;
}

// Adds the value at the top of the stack and takes it off.
void add_value(lua_State* L, Task& task, long& steps) {
    add(L, task, steps, text_at(L, -1));
    lua_pop(L, 1);
}

// The replacement's text, where %1 is a capture.
bool expand(lua_State* L, Task& task, long& steps) {
    const std::string_view replacement = text_at(L, extra_slot);
    for (std::size_t i = 0; i < replacement.size();) {
        const std::size_t percent = std::min(replacement.find('%', i), replacement.size());
        add(L, task, steps, replacement.substr(i, percent - i));
        if (percent == replacement.size()) break;
        const char c = replacement.data()[percent + 1];  // the NUL behind the text, if it ends here
        i = percent + 2;
        if (c < '0' || c > '9') {
            add(L, task, steps, {&c, 1});
        } else if (c == '0') {
            add(L, task, steps, {task.matcher.match_begin(), task.matcher.match_end()});
        } else {
            if (!task.matcher.push_capture(L, c - '1')) return fail(task, task.matcher.error());
            add_value(L, task, steps);
        }
    }
    return true;
}

// Adds what a match is replaced with.
bool add_replacement(lua_State* L, Task& task, long& steps) {
    if (lua_type(L, extra_slot) != LUA_TTABLE) return expand(L, task, steps);
    if (!task.matcher.push_capture(L, 0)) return fail(task, task.matcher.error());
    lua_rawget(L, extra_slot);
    if (lua_toboolean(L, -1) == 0) {
        lua_pop(L, 1);
        add(L, task, steps, {task.matcher.match_begin(), task.matcher.match_end()});
        return true;
    }
    if (lua_isstring(L, -1) == 0) return fail(task, "invalid replacement value", luaL_typename(L, -1));
    add_value(L, task, steps);
    return true;
}

bool run_substitution(lua_State* L, Task& task, long& steps) {
    const char* end = task.text.data() + task.text.size();
    while (task.count < task.limit) {
        if (!run_search(L, task, steps)) return false;
        if (task.error != nullptr) return true;
        if (!task.found) break;
        const char* begin = task.matcher.match_begin();
        const char* behind = task.matcher.match_end();
        ++task.count;
        add(L, task, steps, {task.at, begin});
        if (!add_replacement(L, task, steps)) return true;
        task.at = behind;
        if (begin == behind) {
            if (begin == end) break;
            add(L, task, steps, {begin, 1});
            ++task.at;
        }
        if (task.anchored) break;
        task.matcher.begin(task.at);
    }
    add(L, task, steps, {task.at, end});
    return true;
}

bool run(lua_State* L, Task& task) {
    long& steps = Machine::of(L).steps;
    if (task.kind == Kind::plain) return run_plain(task, steps);
    if (task.kind == Kind::substitute) return run_substitution(L, task, steps);
    return run_search(L, task, steps);
}

// --- Results ---

int push_captures(lua_State* L, Matcher& matcher, int count) {
    luaL_checkstack(L, count, "too many captures");
    for (int i = 0; i < count; ++i) matcher.push_capture(L, i);
    return count;
}

int push_range(lua_State* L, const Task& task, const char* begin, const char* end) {
    lua_pushinteger(L, begin - task.text.data() + 1);
    lua_pushinteger(L, end - task.text.data());
    return 2;
}

// Of a task that went well. The slots are in place.
int push_results(lua_State* L, Task& task) {
    Matcher& matcher = task.matcher;
    if (task.kind == Kind::substitute) {
        lua_pushlstring(L, task.output.data(), task.output.size());
        lua_pushinteger(L, task.count);
        return 2;
    }
    if (!task.found) {
        if (task.kind == Kind::iterate) return 0;
        lua_pushnil(L);
        return 1;
    }
    if (task.kind == Kind::plain) return push_range(L, task, task.at, task.at + task.pattern.size());
    const char* begin = matcher.match_begin();
    const char* end = matcher.match_end();
    if (task.kind == Kind::find) return push_range(L, task, begin, end) + push_captures(L, matcher, matcher.captures());
    if (task.kind == Kind::iterate) {
        const auto position = static_cast<std::size_t>(end - task.text.data());
        static_cast<Iteration*>(lua_touserdata(L, extra_slot))->position = begin == end ? position + 1 : position;
    }
    return push_captures(L, matcher, std::max(matcher.captures(), 1));
}

// Does it at once, or returns what the prelude needs to go on, or to raise the error. The slots are in place.
int perform(lua_State* L, Task& task) {
    lua_settop(L, last_slot);
    task.error = nullptr;
    task.done = run(L, task);
    if (task.done && task.error == nullptr) return push_results(L, task);
    lua_pushlightuserdata(L, const_cast<char*>(&again));
    std::memcpy(lua_newuserdata(L, sizeof task), &task, sizeof task);
    lua_createtable(L, last_slot, 0);
    for (int slot = text_slot; slot <= last_slot; ++slot) {
        lua_pushvalue(L, slot);
        lua_rawseti(L, -2, slot);
    }
    lua_setfenv(L, -2);
    return 2;
}

// Of a function that was called with a task: puts the slots in place, the table that keeps them behind.
Task& restore(lua_State* L) {
    Task& task = *static_cast<Task*>(lua_touserdata(L, 1));
    lua_settop(L, 1);
    lua_getfenv(L, 1);
    for (int slot = text_slot; slot <= last_slot; ++slot) lua_rawgeti(L, 2, slot);
    lua_pushvalue(L, 2);
    lua_remove(L, 1);
    lua_remove(L, 1);
    return task;
}

// Goes on with a task; true when it is done.
int step(lua_State* L) {
    Task& task = restore(L);
    if (!task.done) task.done = run(L, task);
    for (const int slot : {choices_slot, output_slot}) {
        lua_pushvalue(L, slot);
        lua_rawseti(L, last_slot + 1, slot);
    }
    if (!task.done && end_slice(L)) return lua_yield(L, 0);
    lua_pushboolean(L, task.done ? 1 : 0);
    return 1;
}

int results(lua_State* L) {
    Task& task = restore(L);
    if (task.error != nullptr && task.wrong_type != nullptr) return luaL_error(L, "%s (a %s)", task.error, task.wrong_type);
    if (task.error != nullptr) return luaL_error(L, "%s", task.error);
    return push_results(L, task);
}

// --- The functions ---

// Has the function that is on top of the stack called in our place.
int call_instead(lua_State* L) {
    lua_insert(L, 1);
    lua_pushlightuserdata(L, const_cast<char*>(&again));
    lua_insert(L, 1);
    return lua_gettop(L);
}

void prepare_matcher(Task& task, std::string_view text, const char* pattern, std::size_t position) {
    const bool anchored = task.kind != Kind::iterate && *pattern == '^';
    task.text = text;
    task.matcher.prepare(text, anchored ? pattern + 1 : pattern, anchored, choices_slot);
    task.matcher.begin(text.data() + position);
}

// As a C string: what is behind a NUL does not count.
bool has_specials(const char* pattern) {
    constexpr std::string_view specials = "^$*+?.([%-";
    for (; *pattern != '\0'; ++pattern) {
        if (specials.find(*pattern) != std::string_view::npos) return true;
    }
    return false;
}

int search(lua_State* L, bool find, bool may_be_plain) {
    const std::string_view text = text_at(L, text_slot);
    const std::string_view pattern = text_at(L, pattern_slot);
    const bool has_position = !lua_isnoneornil(L, 3);
    if (text.data() == nullptr || pattern.data() == nullptr || (has_position && lua_isnumber(L, 3) == 0)) {
        lua_pushvalue(L, lua_upvalueindex(1));
        return call_instead(L);
    }
    const auto size = static_cast<long long>(text.size());
    long long position = has_position ? to_integer(L, 3) : 1;
    if (position < 0) position += size + 1;
    position = std::clamp(position - 1, 0LL, size);
    Task task;
    if (may_be_plain && (lua_toboolean(L, 4) != 0 || !has_specials(pattern.data()))) {
        task.kind = Kind::plain;
        task.text = text;
        task.pattern = pattern;
        task.at = text.data() + position;
    } else {
        task.kind = find ? Kind::find : Kind::match;
        prepare_matcher(task, text, pattern.data(), static_cast<std::size_t>(position));
    }
    return perform(L, task);
}

int find(lua_State* L) { return search(L, true, true); }

// As find, but a pattern without specials ends at a NUL, too.
int find_pattern(lua_State* L) { return search(L, true, false); }

int match(lua_State* L) { return search(L, false, false); }

// The iterator of gmatch.
int iterate(lua_State* L) {
    const auto* iteration = static_cast<const Iteration*>(lua_touserdata(L, lua_upvalueindex(3)));
    if (iteration->position > iteration->text.size()) return 0;
    lua_settop(L, 0);
    for (const int slot : {text_slot, pattern_slot, extra_slot}) lua_pushvalue(L, lua_upvalueindex(slot));
    Task task;
    task.kind = Kind::iterate;
    prepare_matcher(task, iteration->text, iteration->pattern, iteration->position);
    return perform(L, task);
}

// iteration(text, pattern): an iterator
int iteration(lua_State* L) {
    const std::string_view text = text_at(L, 1);
    const char* pattern = text_at(L, 2).data();
    auto* iteration = static_cast<Iteration*>(lua_newuserdata(L, sizeof(Iteration)));
    *iteration = {text, pattern, 0};
    lua_pushcclosure(L, iterate, 3);
    return 1;
}

// In the order of Lua 5.1.
int check_substitution(lua_State* L) {
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    luaL_optnumber(L, 4, 0);
    return luaL_argerror(L, 3, "string/function/table expected");
}

// Where a script's function decides on the replacement, and may yield, the function of the prelude in the upvalue is called.
int substitute(lua_State* L) {
    const int type = lua_type(L, extra_slot);
    const bool is_text = type == LUA_TSTRING || type == LUA_TNUMBER;
    const std::string_view text = text_at(L, text_slot);
    const char* pattern = text_at(L, pattern_slot).data();
    const bool has_limit = !lua_isnoneornil(L, 4);
    if (text.data() == nullptr || pattern == nullptr || (has_limit && lua_isnumber(L, 4) == 0) ||
        (!is_text && type != LUA_TTABLE && type != LUA_TFUNCTION)) {
        lua_pushcfunction(L, check_substitution);
        return call_instead(L);
    }
    const int limit = has_limit ? static_cast<int>(to_integer(L, 4)) : static_cast<int>(text.size()) + 1;
    if (type == LUA_TFUNCTION || (type == LUA_TTABLE && lua_getmetatable(L, extra_slot) != 0)) {
        lua_settop(L, extra_slot);
        lua_pushinteger(L, limit);
        lua_pushvalue(L, lua_upvalueindex(1));
        return call_instead(L);
    }
    if (is_text) text_at(L, extra_slot);
    Task task;
    task.kind = Kind::substitute;
    prepare_matcher(task, text, pattern, 0);
    task.at = text.data();
    task.anchored = *pattern == '^';
    task.count = 0;
    task.limit = limit;
    task.output.prepare();
    return perform(L, task);
}

// make(other): the function, which has the other one called where it cannot do it itself
template <lua_CFunction function>
int make_over(lua_State* L) {
    lua_settop(L, 1);
    lua_pushcclosure(L, function, 1);
    return 1;
}

}  // namespace

void push_patterns(lua_State* L) {
    lua_createtable(L, 0, 8);
    for (const luaL_Reg& entry : {luaL_Reg{"find", make_over<find>},
                                  {"find_pattern", make_over<find_pattern>},
                                  {"match", make_over<match>},
                                  {"gsub", make_over<substitute>},
                                  {"iteration", iteration},
                                  {"step", step},
                                  {"results", results}}) {
        lua_pushcfunction(L, entry.func);
        lua_setfield(L, -2, entry.name);
    }
    lua_pushlightuserdata(L, const_cast<char*>(&again));
    lua_setfield(L, -2, "again");
}

}  // namespace pgredis::scripts
