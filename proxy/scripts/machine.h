// What the C functions that Lua calls share with the interpreter that hosts them.
//
// Rule for every such function: no object with a destructor is alive where Lua may raise an error (any call that allocates may).
#pragma once

#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"
#include "scripts/interpreter.h"

namespace pgredis::scripts {

// Redis's generator for math.random: the 48-bit congruential one of POSIX's lrand48, so that scripts see the same numbers.
class Random {
 public:
    void seed(std::int32_t seed) { state_ = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(seed)) << 16) + 0x330e; }
    // At least 0, less than 2^31.
    std::uint32_t next() {
        state_ = (state_ * 0x5deece66dULL + 0xb) & ((std::uint64_t{1} << 48) - 1);
        return static_cast<std::uint32_t>(state_ >> 17);
    }

 private:
    std::uint64_t state_ = 0x330e;
};

enum class Suspension : std::uint8_t { none, call, slice };

struct Machine {
    Host host;
    Limits limits;
    std::string version_number;

    // Memory: what is allocated, and what may be (0: anything).
    std::size_t used = 0;
    std::size_t allowed = 0;

    // The run.
    lua_State* base = nullptr;       // its coroutine, the one that Interpreter resumes
    lua_State* innermost = nullptr;  // the coroutine that was running when it was suspended
    Suspension suspended = Suspension::none;
    lua_Debug position{};  // of a script whose slice is over, while it could be told
    bool has_position = false;
    int coroutines = 0;          // that have resumed one another
    int blind_instructions = 0;  // made where nothing can yield, in a row
    long steps = 0;              // that C functions may make before the slice is over, each about as long as an instruction
    std::vector<std::string> call;
    bool call_is_protected = false;
    std::string_view reply;     // to the call, in RESP; or the text of an error, if refused
    std::string kept_reply;     // what it points to when a slice is over before it is taken
    bool reply_is_new = false;  // it was not taken yet
    bool reply_is_refusal = false;
    resp::Protocol protocol = resp::Protocol::resp2;
    int replication = 3;
    Random random;                  // goes on from script to script, as in Redis …
    bool random_is_seeded = false;  // … but anew where one has seeded it
    int gc_pause = 200;             // what collectgarbage says; the real settings are ours
    int gc_step = 200;

    void* json_settings = nullptr;  // of the table cjson

    // While a library is loaded.
    Library* library = nullptr;
    int instructions_left = 0;

    static Machine& of(lua_State* L) {
        void* self = nullptr;
        lua_getallocf(L, &self);
        return *static_cast<Machine*>(self);
    }
};

// Keys of the registry, which scripts cannot reach.
namespace names {
inline constexpr const char* run = "pgredis.run";              // the coroutine of the run
inline constexpr const char* scripts = "pgredis.scripts";      // sha → function
inline constexpr const char* libraries = "pgredis.libraries";  // id → {name → function}
inline constexpr const char* loading = "pgredis.loading";      // {name → function} of the library that is loaded at present
inline constexpr const char* script_globals = "pgredis.script_globals";
inline constexpr const char* script_fields = "pgredis.script_fields";  // the table behind them
inline constexpr const char* function_globals = "pgredis.function_globals";
inline constexpr const char* set_loading = "pgredis.set_loading";      // function(bool): what libraries see as globals
inline constexpr const char* run_protected = "pgredis.run_protected";  // xpcall
}  // namespace names

// sandbox.cpp: makes the globals and puts what is named above into the registry. To be called once, protected.
void open_sandbox(lua_State* L);
// Compiles `code` (as the text of a chunk called `chunk_name`, "@…" or "=…" or the text itself) and leaves the function, or the
// error's text (then false), on the stack. May raise an error only for lack of memory.
bool compile(lua_State* L, std::string_view code, const char* chunk_name);
// As the handler of xpcall: makes an error table {err, source, line} of any error.
int error_handler(lua_State* L);
// The line of the script where `L` is; false when it is nowhere. `level` counts from the innermost function.
bool find_position(lua_State* L, int level, lua_Debug& at);

// api.cpp: the functions of `redis`, at the top of the stack as a table.
void push_redis_api(lua_State* L);
int register_function(lua_State* L);
// Raises or pushes Redis's error table for `text`, the code first ("ERR …").
void push_error_table(lua_State* L, std::string_view text);

// interpreter.cpp: the slice is over. True when `L` may yield to the host, and then has to do so at once; otherwise it goes on,
// within bounds, or an error is raised.
bool end_slice(lua_State* L);

// patterns.cpp: find, match, gsub and what belongs to them, at the top of the stack as a table.
void push_patterns(lua_State* L);

// libraries: each leaves its table on the stack
void push_cjson(lua_State* L);
void reset_cjson(Machine& machine);  // to the settings of the beginning
void push_cmsgpack(lua_State* L);
void push_struct(lua_State* L);

// values.cpp
// Converts one reply, of either protocol, to Lua values, by Redis's rules; `refused` replies are error texts.
void push_reply(lua_State* L, std::string_view reply);
// Writes the value at the top of the stack as a reply and takes it off.
void write_value(lua_State* L, resp::ReplyWriter& writer, resp::Protocol script_protocol);

}  // namespace pgredis::scripts
