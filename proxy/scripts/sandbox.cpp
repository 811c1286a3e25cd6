// The globals of scripts: which there are, and where they differ from LuaJIT's own.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "scripts/machine.h"
#include "scripts/prelude.h"
#include "scripts/source.h"

namespace pgredis::scripts {

namespace {

constexpr const char* readonly_text = "Attempt to modify a readonly table";

// Functions with no lines: C's, the prelude's, and those that LuaJIT has in bytecode.
bool is_script(const lua_Debug& at) { return at.currentline > 0; }

bool is_c(const lua_Debug& at) { return std::strcmp(at.what, "C") == 0; }

int less(lua_State* L) {
    lua_pushboolean(L, lua_lessthan(L, 1, 2));
    return 1;
}

// --- Errors ---

int readonly(lua_State* L) { return luaL_error(L, readonly_text); }

// What Redis's C functions raise has no place in front.
int refuse_write(lua_State* L) {
    lua_pushstring(L, readonly_text);
    return lua_error(L);
}

int hold(lua_State* L) { return lua_gettop(L); }

int missing(lua_State* L) {
    if (lua_type(L, 2) == LUA_TSTRING && lua_tostring(L, 2) == hold_frame) {
        lua_pushcfunction(L, hold);
        return 1;
    }
    if (lua_isstring(L, 2) == 0) return luaL_error(L, "Second argument to luaProtectedTableError must be a string or number");
    return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", lua_tostring(L, 2));
}

// fail(text): an error of a function of the prelude, with the place in front where a script has called it.
int fail(lua_State* L) {
    lua_Debug at{};
    bool found = false;
    for (int level = 1; !found && lua_getstack(L, level, &at) == 1; ++level) {
        found = lua_getinfo(L, "Sl", &at) != 0 && (is_script(at) || is_c(at));
    }
    lua_settop(L, 1);
    if (found && is_script(at)) {
        lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
        lua_insert(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

// The functions that run now as Redis would see them: a function of the prelude and what it uses is one C function there.
class Frames {
 public:
    explicit Frames(lua_State* L) : L_(L) {}

    // The next one outwards.
    bool next() {
        if (!look()) return false;
        ++level_;
        if (is_script(at)) return true;
        const lua_CFunction function = lua_tocfunction(L_, -1);
        const bool of_prelude = !is_c(at) || function == less || function == fail;
        lua_pop(L_, 1);
        for (; of_prelude && look() && !is_script(at) && !is_c(at); ++level_) lua_pop(L_, 1);
        at.currentline = -1;
        return true;
    }

    lua_Debug at{};

 private:
    // Leaves the function on the stack.
    bool look() { return lua_getstack(L_, level_, &at) == 1 && lua_getinfo(L_, "Slf", &at) != 0; }

    lua_State* L_;
    int level_ = 1;
};

// Lua's error(), whose place is a script's or none.
int error(lua_State* L) {
    const int level = luaL_optint(L, 2, 1);
    lua_settop(L, 1);
    lua_Debug at{};
    if (lua_isstring(L, 1) != 0 && level > 0 && lua_getstack(L, level, &at) == 1 && lua_getinfo(L, "Sl", &at) != 0 &&
        is_script(at)) {
        lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
        lua_insert(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

int raise(lua_State* L) {
    lua_settop(L, 1);
    return lua_error(L);
}

// The error of a wrapped coroutine, which gets the caller's place in front of it.
int rethrow(lua_State* L) {
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

// --- Coroutines ---

// Each takes some of the C stack, and some time at the end of a slice.
constexpr int max_coroutines = 200;

// Before a coroutine is resumed: may it be?
int enter(lua_State* L) {
    Machine& machine = Machine::of(L);
    const bool allowed = machine.coroutines < max_coroutines;
    if (allowed) ++machine.coroutines;
    lua_pushboolean(L, allowed ? 1 : 0);
    return 1;
}

// After a resume: is that one on the way to the host? Otherwise it has been left.
int is_suspended(lua_State* L) {
    Machine& machine = Machine::of(L);
    const bool suspended = machine.suspended != Suspension::none;
    if (!suspended) --machine.coroutines;
    lua_pushboolean(L, suspended ? 1 : 0);
    return 1;
}

// Goes one coroutine nearer to the host.
int pause(lua_State* L) { return lua_yield(L, 0); }

int create(lua_State* L) {
    luaL_argcheck(L, lua_isfunction(L, 1) && lua_iscfunction(L, 1) == 0, 1, "Lua function expected");
    lua_State* co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

int yield(lua_State* L) {
    if (L == Machine::of(L).base || lua_isyieldable(L) == 0) {
        lua_pushliteral(L, "attempt to yield across metamethod/C-call boundary");
        return lua_error(L);
    }
    return lua_yield(L, lua_gettop(L));
}

int running(lua_State* L) {
    if (L == Machine::of(L).base || lua_pushthread(L) == 1) lua_pushnil(L);
    return 1;
}

// --- The base library ---

int assert_(lua_State* L) {
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1) == 0) return luaL_error(L, "%s", luaL_optstring(L, 2, "assertion failed!"));
    return lua_gettop(L);
}

int tonumber(lua_State* L) {
    const int base = luaL_optint(L, 2, 10);
    if (base == 10) {
        luaL_checkany(L, 1);
        if (lua_type(L, 1) == LUA_TNUMBER) {
            lua_settop(L, 1);
            return 1;
        }
        const auto value = lua_type(L, 1) == LUA_TSTRING ? to_number(lua_tostring(L, 1)) : std::nullopt;
        if (value) {
            lua_pushnumber(L, *value);
        } else {
            lua_pushnil(L);
        }
        return 1;
    }
    const char* text = luaL_checkstring(L, 1);
    luaL_argcheck(L, 2 <= base && base <= 36, 2, "base out of range");
    char* end = nullptr;
    const unsigned long value = std::strtoul(text, &end, base);
    const bool any = end != text;
    while (*end == ' ' || (*end >= '\t' && *end <= '\r')) ++end;
    if (any && *end == '\0') {
        lua_pushnumber(L, static_cast<double>(value));
    } else {
        lua_pushnil(L);
    }
    return 1;
}

// Says what Lua's says, but leaves the collector alone: a whole collection would be one long step, and it must not be stopped.
int collectgarbage(lua_State* L) {
    static constexpr const char* options[] = {"stop", "restart", "collect", "count", "step", "setpause", "setstepmul", nullptr};
    enum { stop, restart, collect, count, step, setpause, setstepmul };
    Machine& machine = Machine::of(L);
    const int option = luaL_checkoption(L, 1, "collect", options);
    const int argument = luaL_optint(L, 2, 0);
    switch (option) {
        case count:
            lua_pushnumber(L, static_cast<double>(machine.used) / 1024);
            break;
        case step:
            lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
            break;
        case collect:
            lua_gc(L, LUA_GCSTEP, 0);
            lua_pushinteger(L, 0);
            break;
        case setpause:
            lua_pushinteger(L, machine.gc_pause);
            machine.gc_pause = argument;
            break;
        case setstepmul:
            lua_pushinteger(L, machine.gc_step);
            machine.gc_step = argument;
            break;
        default:
            lua_pushinteger(L, 0);
    }
    return 1;
}

int gcinfo(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(Machine::of(L).used / 1024));
    return 1;
}

// --- The libraries ---

int setn(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return luaL_error(L, "'setn' is obsolete");
}

int length(lua_State* L) {
    std::size_t size = 0;
    luaL_checklstring(L, 1, &size);
    lua_pushnumber(L, static_cast<double>(size));
    return 1;
}

int random(lua_State* L) {
    constexpr std::uint32_t top = std::numeric_limits<std::int32_t>::max();
    const double r = static_cast<double>(Machine::of(L).random.next() % top) / top;
    switch (lua_gettop(L)) {
        case 0:
            lua_pushnumber(L, r);
            break;
        case 1: {
            const int high = luaL_checkint(L, 1);
            luaL_argcheck(L, 1 <= high, 1, "interval is empty");
            lua_pushnumber(L, std::floor(r * high) + 1);
            break;
        }
        case 2: {
            const int low = luaL_checkint(L, 1);
            const int high = luaL_checkint(L, 2);
            luaL_argcheck(L, low <= high, 2, "interval is empty");
            lua_pushnumber(L, std::floor(r * (static_cast<double>(high) - low + 1)) + low);
            break;
        }
        default:
            return luaL_error(L, "wrong number of arguments");
    }
    return 1;
}

int randomseed(lua_State* L) {
    Machine& machine = Machine::of(L);
    machine.random.seed(luaL_checkint(L, 1));
    machine.random_is_seeded = true;
    return 0;
}

// One conversion of string.format: "%-5.2f".
struct Conversion {
    char text[32];  // of the format, with the length modifier that printf needs
    char kind = '\0';
    bool plain = false;  // neither width nor precision
};

// Reads what follows a '%'; returns where it ends.
const char* read_conversion(lua_State* L, const char* at, Conversion& out) {
    const char* start = at;
    while (*at != '\0' && std::strchr("-+ #0", *at) != nullptr) ++at;
    if (at - start > 5) luaL_error(L, "invalid format (repeated flags)");
    const auto digits = [&] {
        for (int i = 0; i < 2 && *at >= '0' && *at <= '9'; ++i) ++at;
    };
    digits();
    const bool has_precision = *at == '.';
    if (has_precision) {
        ++at;
        digits();
    }
    if (*at >= '0' && *at <= '9') luaL_error(L, "invalid format (width or precision too long)");
    out.kind = *at;
    out.plain = at == start;
    const auto length = static_cast<int>(at - start);
    const bool integer = *at != '\0' && std::strchr("diouxX", *at) != nullptr;
    std::snprintf(out.text, sizeof out.text, "%%%.*s%s%c", length, start, integer ? "ll" : "", *at);
    return *at == '\0' ? at : at + 1;
}

void add_quoted(lua_State* L, int index, luaL_Buffer* out) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(L, index, &size);
    luaL_addchar(out, '"');
    for (std::size_t i = 0; i < size; ++i) {
        switch (text[i]) {
            case '"':
            case '\\':
            case '\n':
                luaL_addchar(out, '\\');
                luaL_addchar(out, text[i]);
                break;
            case '\r':
                luaL_addlstring(out, "\\r", 2);
                break;
            case '\0':
                luaL_addlstring(out, "\\000", 4);
                break;
            default:
                luaL_addchar(out, text[i]);
        }
    }
    luaL_addchar(out, '"');
}

long long to_long(double value) {
    constexpr double limit = 9223372036854775808.0;
    return value >= -limit && value < limit ? static_cast<long long>(value) : std::numeric_limits<long long>::min();
}

unsigned long long to_unsigned(double value) {
    constexpr double limit = 18446744073709551616.0;
    if (value >= limit) return 0;
    return value >= 0 ? static_cast<unsigned long long>(value) : static_cast<unsigned long long>(to_long(value));
}

// The conversion's letter has to be known and its argument of the right type, as in 5.1: LuaJIT takes nil for %s.
int format(lua_State* L) {
    std::size_t size = 0;
    const char* at = luaL_checklstring(L, 1, &size);
    const char* end = at + size;
    int argument = 1;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    while (at < end) {
        if (*at != '%') {
            luaL_addchar(&out, *at++);
            continue;
        }
        if (*++at == '%') {
            luaL_addchar(&out, *at++);
            continue;
        }
        if (++argument > lua_gettop(L)) luaL_argerror(L, argument, "no value");
        Conversion conversion{};
        at = read_conversion(L, at, conversion);
        char text[512];  // %99.99f of 1e308 takes 410
        int written = 0;
        switch (conversion.kind) {
            case 'c':
                written = std::snprintf(text, sizeof text, conversion.text, static_cast<int>(luaL_checknumber(L, argument)));
                // Lua 5.1 takes what printf wrote for a string, which a NUL ends
                written = static_cast<int>(std::strlen(text));
                break;
            case 'd':
            case 'i':
                written = std::snprintf(text, sizeof text, conversion.text, to_long(luaL_checknumber(L, argument)));
                break;
            case 'o':
            case 'u':
            case 'x':
            case 'X':
                written = std::snprintf(text, sizeof text, conversion.text, to_unsigned(luaL_checknumber(L, argument)));
                break;
            case 'e':
            case 'E':
            case 'f':
            case 'g':
            case 'G':
                written = std::snprintf(text, sizeof text, conversion.text, luaL_checknumber(L, argument));
                break;
            case 'q':
                add_quoted(L, argument, &out);
                continue;
            case 's': {
                std::size_t length = 0;
                const char* string = luaL_checklstring(L, argument, &length);
                if (std::strchr(conversion.text, '.') == nullptr && length >= 100) {
                    lua_pushvalue(L, argument);
                    luaL_addvalue(&out);
                    continue;
                }
                written = std::snprintf(text, sizeof text, conversion.text, string);
                break;
            }
            case '\0':
                return luaL_error(L, "invalid option '%%' to 'format'");
            default:
                return luaL_error(L, "invalid option '%%%c' to 'format'", conversion.kind);
        }
        luaL_addlstring(&out, text, static_cast<std::size_t>(written));
    }
    luaL_pushresult(&out);
    return 1;
}

// --- Compiling ---

// tostring(): numbers that are none have a sign in Lua 5.1, and pointers to nothing look otherwise.
int nan_text(lua_State* L) {
    lua_pushstring(L, std::signbit(lua_tonumber(L, 1)) ? "-nan" : "nan");
    return 1;
}

// own.compile(text, name): the function, or nil and the error.
int compile_text(lua_State* L) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(L, 1, &size);
    const char* name = luaL_optstring(L, 2, text);
    if (compile(L, {text, size}, name)) return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

// ipairs() of what is no table.
int refuse_ipairs(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return 0;
}

// load() of what is no function.
int refuse_load(lua_State* L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    return 0;
}

// The text of an error with another ending than " near '@'", and whatever is in front of it if `whole`.
std::string reworded(const std::string& message, const Normalized& source) {
    constexpr std::string_view mark = "near '@'";
    if (!source.cut || !message.ends_with(mark)) return message;
    const std::string front = message.substr(0, message.size() - mark.size());
    if (source.problem.empty()) return front + "near '" + source.token + "'";
    std::size_t colon = front.find(": ");
    // behind "name:line", where the name may have colons as well
    while (colon != std::string::npos && (colon == 0 || front[colon - 1] < '0' || front[colon - 1] > '9')) {
        colon = front.find(": ", colon + 1);
    }
    return front.substr(0, colon == std::string::npos ? 0 : colon + 2) + source.problem;
}

void set_functions(lua_State* L, std::initializer_list<luaL_Reg> functions) {
    for (const auto& [name, function] : functions) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
}

void open(lua_State* L, lua_CFunction library, const char* name) {
    lua_pushcfunction(L, library);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

// Leaves the prelude's function on the stack, without debugging information and with "[C]" for its source.
void push_prelude(lua_State* L) {
    if (luaL_loadbuffer(L, prelude, sizeof prelude - 1, "=prelude") != 0) lua_error(L);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "dump");
    lua_pushvalue(L, -3);
    lua_pushboolean(L, 1);
    lua_call(L, 2, 1);
    std::size_t size = 0;
    const char* stripped = lua_tolstring(L, -1, &size);
    if (luaL_loadbuffer(L, stripped, size, "=[C]") != 0) lua_error(L);
}

}  // namespace

bool find_position(lua_State* L, int level, lua_Debug& at) {
    for (; lua_getstack(L, level, &at) == 1; ++level) {
        if (lua_getinfo(L, "Sl", &at) != 0 && is_script(at)) return true;
    }
    return false;
}

int error_handler(lua_State* L) {
    lua_settop(L, 1);
    Frames frames(L);
    bool found = frames.next();
    if (found && !is_script(frames.at)) found = frames.next();
    const lua_Debug& at = frames.at;
    lua_settop(L, 1);
    if (!lua_istable(L, 1)) {
        lua_createtable(L, 0, 3);
        lua_pushliteral(L, "ERR ");
        if (luaL_callmeta(L, 1, "__tostring") == 0) {
            lua_getfield(L, LUA_REGISTRYINDEX, "pgredis.tostring");
            lua_pushvalue(L, 1);
            lua_call(L, 1, 1);
        }
        lua_concat(L, 2);
        lua_setfield(L, -2, "err");
    }
    if (found) {
        lua_pushstring(L, "source");
        lua_pushstring(L, is_script(at) ? at.source : "=[C]");
        lua_rawset(L, -3);
        lua_pushstring(L, "line");
        lua_pushinteger(L, is_script(at) ? at.currentline : -1);
        lua_rawset(L, -3);
    }
    return 1;
}

bool compile(lua_State* L, std::string_view code, const char* chunk_name) {
    const auto load = [&](const Normalized& source) {
        return luaL_loadbufferx(L, source.text.data(), source.text.size(), chunk_name, "t") == 0;
    };
    if (load(normalize(code, true))) return true;
    lua_pop(L, 1);
    const Normalized source = normalize(code, false);
    if (load(source)) return true;
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    const std::string message = reworded(std::string(text, size), source);
    lua_pop(L, 1);
    lua_pushlstring(L, message.data(), message.size());
    return false;
}

void open_sandbox(lua_State* L) {
    open(L, luaopen_base, "");
    open(L, luaopen_table, LUA_TABLIBNAME);
    open(L, luaopen_string, LUA_STRLIBNAME);
    open(L, luaopen_math, LUA_MATHLIBNAME);
    open(L, luaopen_bit, LUA_BITLIBNAME);
    lua_getglobal(L, "tostring");
    lua_setfield(L, LUA_REGISTRYINDEX, "pgredis.tostring");
    for (const char* name : {names::scripts, names::libraries}) {
        lua_newtable(L);
        lua_setfield(L, LUA_REGISTRYINDEX, name);
    }

    push_prelude(L);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_newtable(L);
    set_functions(L, {{"readonly", readonly},
                      {"refuse_write", refuse_write},
                      {"missing", missing},
                      {"fail", fail},
                      {"raise", raise},
                      {"rethrow", rethrow},
                      {"enter", enter},
                      {"suspended", is_suspended},
                      {"pause", pause},
                      {"create", create},
                      {"yield", yield},
                      {"running", running},
                      {"assert", assert_},
                      {"tonumber", tonumber},
                      {"collectgarbage", collectgarbage},
                      {"gcinfo", gcinfo},
                      {"setn", setn},
                      {"less", less},
                      {"random", random},
                      {"randomseed", randomseed},
                      {"format", format},
                      {"compile", compile_text},
                      {"load", refuse_load},
                      {"ipairs", refuse_ipairs},
                      {"error", error},
                      {"len", length},
                      {"nan_text", nan_text},
                      {"error_handler", error_handler}});
    push_patterns(L);
    lua_setfield(L, -2, "patterns");
    push_redis_api(L);
    lua_setfield(L, -2, "redis");
    push_cjson(L);
    lua_setfield(L, -2, "cjson");
    push_cmsgpack(L);
    lua_setfield(L, -2, "cmsgpack");
    push_struct(L);
    lua_setfield(L, -2, "struct");
    lua_call(L, 2, 5);
    for (const char* name :
         {names::run_protected, names::set_loading, names::function_globals, names::script_fields, names::script_globals}) {
        lua_setfield(L, LUA_REGISTRYINDEX, name);
    }
    // Whatever is compiled from here on has these; libraries' code gets the others.
    lua_getfield(L, LUA_REGISTRYINDEX, names::script_globals);
    lua_replace(L, LUA_GLOBALSINDEX);
}

}  // namespace pgredis::scripts
