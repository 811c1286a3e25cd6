// The table `redis`.
#include <algorithm>
#include <cstdio>

#include "scripts/machine.h"
#include "scripts/sha1.h"
#include "scripts/source.h"

namespace pgredis::scripts {

namespace {

int raise(lua_State* L, std::string_view text) {
    push_error_table(L, text);
    return lua_error(L);
}

std::string_view text_of(lua_State* L, int index) {
    std::size_t size = 0;
    const char* start = lua_tolstring(L, index, &size);
    return start == nullptr ? std::string_view() : std::string_view(start, size);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Takes a command from the stack, `first` and what is above it; a text if it is none.
const char* take_command(lua_State* L, int first) {
    const int last = lua_gettop(L);
    if (last < first) return "ERR Please specify at least one argument for this redis lib call";
    for (int i = first; i <= last; ++i) {
        if (lua_isstring(L, i) == 0) return "ERR Lua redis lib command arguments must be strings or integers";
    }
    std::vector<std::string>& command = Machine::of(L).call;
    command.resize(static_cast<std::size_t>(last - first) + 1);
    for (int i = first; i <= last; ++i) {
        std::string& argument = command[static_cast<std::size_t>(i - first)];
        if (lua_type(L, i) == LUA_TNUMBER) {
            char text[64];
            const int size = std::snprintf(text, sizeof text, "%.17g", lua_tonumber(L, i));
            argument.assign(text, static_cast<std::size_t>(size));
        } else {
            argument = text_of(L, i);
        }
    }
    return nullptr;
}

// request(protected, command…) hands the command to the host; the reply is there when it returns, with nothing. Or it returns an
// error.
int request(lua_State* L) {
    Machine& machine = Machine::of(L);
    const char* problem = take_command(L, 2);
    if (problem == nullptr && lua_isyieldable(L) == 0) problem = "ERR Commands cannot be called from here";
    if (problem != nullptr) {
        push_error_table(L, problem);
        return 1;
    }
    machine.call_is_protected = lua_toboolean(L, 1) != 0;
    machine.suspended = Suspension::call;
    machine.innermost = L;
    return lua_yield(L, 0);
}

// take_reply(): its value, and whether it is an error.
int take_reply(lua_State* L) {
    Machine& machine = Machine::of(L);
    machine.reply_is_new = false;
    if (machine.reply_is_refusal) {
        push_error_table(L, machine.reply);
        lua_pushboolean(L, 1);
        return 2;
    }
    const bool is_error = machine.reply.starts_with('-');
    push_reply(L, machine.reply);
    lua_pushboolean(L, is_error ? 1 : 0);
    return 2;
}

int error_reply(lua_State* L) {
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        push_error_table(L, "ERR wrong number or type of arguments");
        return 1;
    }
    std::string_view text = lua_tostring(L, 1);  // up to a NUL
    if (text.starts_with('-')) text.remove_prefix(1);
    push_error_table(L, text);
    return 1;
}

int status_reply(lua_State* L) {
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        push_error_table(L, "ERR wrong number or type of arguments");
        return 1;
    }
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "ok");
    return 1;
}

int sha1hex(lua_State* L) {
    if (lua_gettop(L) != 1) return raise(L, "ERR wrong number of arguments");
    char digest[40];
    {
        const std::string hex = sha1_hex(text_of(L, 1));
        std::copy_n(hex.data(), sizeof digest, digest);
    }
    lua_pushlstring(L, digest, sizeof digest);
    return 1;
}

int log(lua_State* L) {
    const int count = lua_gettop(L);
    if (count < 2) return raise(L, "ERR redis.log() requires two arguments or more.");
    if (lua_isnumber(L, 1) == 0) return raise(L, "ERR First argument must be a number (log level).");
    const auto level = static_cast<int>(lua_tonumber(L, 1));
    if (level < 0 || level > 3) return raise(L, "ERR Invalid debug level.");
    for (int i = 2; i <= count; ++i) lua_tolstring(L, i, nullptr);  // numbers become strings, which allocates
    const Host& host = Machine::of(L).host;
    if (!host.log) return 0;
    std::string text;
    for (int i = 2; i <= count; ++i) {
        if (lua_isstring(L, i) == 0) continue;
        if (i > 2) text += ' ';
        text += text_of(L, i);
    }
    host.log(level, text);
    return 0;
}

int setresp(lua_State* L) {
    if (lua_gettop(L) != 1) return raise(L, "ERR redis.setresp() requires one argument.");
    const auto version = lua_tonumber(L, 1);
    if (version != 2 && version != 3) return raise(L, "ERR RESP version must be 2 or 3.");
    Machine::of(L).protocol = version == 2 ? resp::Protocol::resp2 : resp::Protocol::resp3;
    return 0;
}

int set_repl(lua_State* L) {
    if (lua_gettop(L) != 1) return raise(L, "ERR redis.set_repl() requires two arguments.");
    const auto flags = static_cast<int>(lua_tonumber(L, 1));
    if ((flags & ~3) != 0) return raise(L, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    Machine::of(L).replication = flags;
    return 0;
}

int replicate_commands(lua_State* L) {
    lua_pushboolean(L, 1);
    return 1;
}

int breakpoint(lua_State* L) {
    lua_pushboolean(L, 0);
    return 1;
}

int debug(lua_State* /*unused*/) { return 0; }

int acl_check_cmd(lua_State* L) {
    if (const char* problem = take_command(L, 1)) return raise(L, problem);
    const Machine& machine = Machine::of(L);
    const auto answer = machine.host.may_call ? machine.host.may_call(machine.call) : std::optional(true);
    if (!answer) return raise(L, "ERR Invalid command passed to redis.acl_check_cmd()");
    lua_pushboolean(L, *answer ? 1 : 0);
    return 1;
}

// --- redis.register_function ---

// What one call of it says. The strings point into Lua's, which the stack holds.
struct Registration {
    std::string_view name;
    std::optional<std::string_view> description;
    int callback = 0;  // where it is on the stack
    Flags flags;
    bool has_name = false;
};

// The flags in the table at the top of the stack, up to its first hole.
bool read_flags(lua_State* L, Flags& flags) {
    for (int i = 1;; ++i) {
        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1)) return true;
        if (lua_isstring(L, -1) == 0 || !set_flag(flags, text_of(L, -1), true)) return false;
        lua_pop(L, 1);
    }
}

// The named arguments of the table at index 1. What is used of them is copied to the stack, which keeps it.
const char* read_named_arguments(lua_State* L, Registration& out) {
    for (lua_pushnil(L); lua_next(L, 1) != 0;) {
        luaL_checkstack(L, 8, nullptr);
        if (lua_isstring(L, -2) == 0) return "ERR named argument key given to redis.register_function is not a string";
        const std::string_view key = lua_type(L, -2) == LUA_TSTRING ? text_of(L, -2) : std::string_view();
        bool keep = true;
        if (equal_ignoring_case(key, "function_name")) {
            if (lua_isstring(L, -1) == 0) return "ERR function_name argument given to redis.register_function must be a string";
            out.name = text_of(L, -1);
            out.has_name = true;
        } else if (equal_ignoring_case(key, "description")) {
            if (lua_isstring(L, -1) == 0) return "ERR description argument given to redis.register_function must be a string";
            out.description = text_of(L, -1);
        } else if (equal_ignoring_case(key, "callback")) {
            if (!lua_isfunction(L, -1)) return "ERR callback argument given to redis.register_function must be a function";
            out.callback = lua_gettop(L) - 1;
        } else if (equal_ignoring_case(key, "flags")) {
            if (!lua_istable(L, -1))
                return "ERR flags argument to redis.register_function must be a table representing function flags";
            if (!read_flags(L, out.flags)) return "ERR unknown flag given";
            lua_pop(L, 1);
            keep = false;
        } else {
            return "ERR unknown argument given to redis.register_function";
        }
        if (keep) {
            lua_insert(L, -2);  // the value stays below the key
        } else {
            lua_pop(L, 1);
        }
    }
    if (!out.has_name) return "ERR redis.register_function must get a function name argument";
    if (out.callback == 0) return "ERR redis.register_function must get a callback argument";
    return nullptr;
}

const char* read_registration(lua_State* L, Registration& out) {
    const int count = lua_gettop(L);
    if (count < 1 || count > 2) return "ERR wrong number of arguments to redis.register_function";
    if (count == 1) {
        if (!lua_istable(L, 1)) {
            return "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing "
                   "named "
                   "arguments).";
        }
        return read_named_arguments(L, out);
    }
    if (lua_isstring(L, 1) == 0) return "ERR first argument to redis.register_function must be a string";
    if (!lua_isfunction(L, 2)) return "ERR second argument to redis.register_function must be a function";
    out.name = text_of(L, 1);
    out.callback = 2;
    return nullptr;
}

}  // namespace

int register_function(lua_State* L) {
    Machine& machine = Machine::of(L);
    if (machine.library == nullptr) return raise(L, "ERR redis.register_function can only be called on FUNCTION LOAD command");
    Registration registration;
    if (const char* problem = read_registration(L, registration)) return raise(L, problem);
    if (!is_function_name(registration.name)) return raise(L, bad_function_name);
    auto& functions = machine.library->functions;
    const bool known =
        std::any_of(functions.begin(), functions.end(), [&](const Function& f) { return f.name == registration.name; });
    if (known) return raise(L, "ERR Function already exists in the library");
    lua_getfield(L, LUA_REGISTRYINDEX, names::loading);
    lua_pushlstring(L, registration.name.data(), registration.name.size());
    lua_pushvalue(L, registration.callback);
    lua_rawset(L, -3);
    functions.push_back({std::string(registration.name),
                         registration.description ? std::optional<std::string>(*registration.description) : std::nullopt,
                         registration.flags});
    return 0;
}

void push_error_table(lua_State* L, std::string_view text) {
    constexpr std::string_view line_ends = "\r\n";
    const std::size_t blank = text.find(' ');
    std::string_view code = "ERR";
    if (blank != std::string_view::npos) {
        code = text.substr(0, blank);
        text.remove_prefix(blank + 1);
    }
    text.remove_prefix(std::min(text.find_first_not_of(line_ends), text.size()));
    text = text.substr(0, text.find_last_not_of(line_ends) + 1);
    lua_createtable(L, 0, 4);
    lua_pushlstring(L, code.data(), code.size());
    lua_pushlstring(L, " ", 1);
    lua_pushlstring(L, text.data(), text.size());
    lua_concat(L, 3);
    lua_setfield(L, -2, "err");
}

void push_redis_api(lua_State* L) {
    const Machine& machine = Machine::of(L);
    constexpr luaL_Reg functions[] = {
        {"request", request},
        {"take_reply", take_reply},
        {"error_reply", error_reply},
        {"status_reply", status_reply},
        {"sha1hex", sha1hex},
        {"log", log},
        {"setresp", setresp},
        {"set_repl", set_repl},
        {"breakpoint", breakpoint},
        {"debug", debug},
        {"acl_check_cmd", acl_check_cmd},
        {"replicate_commands", replicate_commands},
        {"register_function", register_function},
    };
    constexpr std::pair<const char*, int> constants[] = {
        {"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1}, {"LOG_NOTICE", 2},   {"LOG_WARNING", 3}, {"REPL_NONE", 0},
        {"REPL_AOF", 1},  {"REPL_SLAVE", 2},  {"REPL_REPLICA", 2}, {"REPL_ALL", 3},
    };
    lua_newtable(L);
    for (const auto& [name, function] : functions) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
    for (const auto& [name, value] : constants) {
        lua_pushinteger(L, value);
        lua_setfield(L, -2, name);
    }
    lua_pushlstring(L, machine.host.redis_version.data(), machine.host.redis_version.size());
    lua_setfield(L, -2, "REDIS_VERSION");
    unsigned int version[3] = {};
    std::sscanf(machine.host.redis_version.c_str(), "%u.%u.%u", &version[0], &version[1], &version[2]);
    lua_pushinteger(L, static_cast<lua_Integer>(version[0] << 16 | version[1] << 8 | version[2]));
    lua_setfield(L, -2, "REDIS_VERSION_NUM");
}

}  // namespace pgredis::scripts
