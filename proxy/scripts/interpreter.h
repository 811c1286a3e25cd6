// Runs Lua scripts and functions as Redis 7.0 does, in steps: whoever hosts it makes the calls a script asks for, and is free to
// do something else whenever the script's slice is over. Knows nothing of what the calls mean.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"

namespace pgredis::scripts {

// The flags of a shebang line (`#!lua flags=…`) or a registered function.
struct Flags {
    bool no_writes = false;
    bool allow_oom = false;
    bool allow_stale = false;
    bool no_cluster = false;
    bool allow_cross_slot_keys = false;
    // EVAL of a script without a shebang line keeps the rules of old (Redis's "compat mode"): it may write until it did, … Never
    // set for functions.
    bool compat_mode = false;

    friend bool operator==(const Flags&, const Flags&) = default;
};

// A function of a library, as redis.register_function declared it.
struct Function {
    std::string name;
    std::optional<std::string> description;
    Flags flags;
};

struct Library {
    std::string engine;  // as spelled in the shebang line
    std::string name;
    std::vector<Function> functions;  // in order of their registration
};

// What went well, or the text of an error reply ("ERR …") without the leading '-'.
template <typename T>
struct Loaded {
    std::optional<T> value;
    std::string error;  // when there is no value

    explicit operator bool() const { return value.has_value(); }
};

// What the first line of a library says, without running anything: all that FUNCTION LOAD, RESTORE and LIST need of it.
// Errors as FUNCTION LOAD gives them (`ERR Missing library metadata`, `ERR Engine 'x' not found`, …).
struct LibraryHeader {
    std::string engine;
    std::string name;
};
Loaded<LibraryHeader> parse_library_header(std::string_view code);

// The flags a script's shebang line declares; compat_mode when there is none. Errors as EVAL gives them
// (`ERR Unexpected engine in script shebang: x`, `ERR Unknown flag in script shebang: x`, …).
Loaded<Flags> parse_script_flags(std::string_view body);

struct Limits {
    std::size_t memory = std::size_t{128} << 20;  // bytes one script may hold beyond what the state had before
    int slice = 50'000;                           // Lua instructions between two returns of resume(): under a millisecond
    int library_instructions = 5'000'000;  // a library's code that takes longer to load fails with `ERR FUNCTION LOAD timeout`
};

// What scripts reach besides their calls. The functions may be empty. They are called while a script runs, must not throw and
// must not use the interpreter.
struct Host {
    std::string redis_version = "7.2.5";  // redis.REDIS_VERSION, and REDIS_VERSION_NUM made from it
    // redis.log: level 0 (debug) to 3 (warning).
    std::function<void(int level, std::string_view text)> log;
    // redis.acl_check_cmd: may the script's user run this command? Empty when there is no such command.
    std::function<std::optional<bool>(const std::vector<std::string>& arguments)> may_call;
};

// One Lua state with Redis's sandbox. It runs one script at a time, to its end, and then the next; scripts leave nothing behind
// in it that another one could see (the cached scripts and libraries apart). Not for several threads.
//
// Usage:
//     if (auto error = lua.load_script(sha, body)) … reply with *error
//     lua.begin_script(sha, keys, arguments);
//     for (auto event = lua.resume();;) switch (event) {
//         case call:       … make the call lua.call_arguments(); when its reply is there: event = lua.resume(reply)
//         case slice_over: … let others run; later: event = lua.resume()
//         case finished:   lua.write_result(writer)
//     }
class Interpreter {
 public:
    enum class Event : std::uint8_t {
        call,        // the script has called redis.call or redis.pcall: go on with resume(reply) or refuse()
        slice_over,  // the script is still computing: go on with resume()
        finished,    // the script has returned or failed: write_result()
    };

    explicit Interpreter(Host host = {}, Limits limits = {});
    ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    // --- What is loaded. None of these may be used while a script runs. ---

    // Compiles `body` and keeps it under `sha` (which the caller has computed, see sha1.h); at once when it is there already. The
    // oldest scripts are forgotten beyond some hundreds, so call this, or has_script(), before each begin_script.
    // Result: the error as EVAL and SCRIPT LOAD give it, empty when all is well. No code of the script is run.
    std::optional<std::string> load_script(std::string_view sha, std::string_view body);
    bool has_script(std::string_view sha) const;
    // Of a loaded script: what its shebang line says.
    Flags script_flags(std::string_view sha) const;
    void forget_scripts();

    // Runs the library's code, which registers its functions, and keeps them under `id` (say, a hash of the code; whatever was
    // there is replaced). Takes as long as the code does, up to Limits::library_instructions. On an error nothing is kept, and
    // the text is that of FUNCTION LOAD. Name clashes between libraries are the host's to notice.
    Loaded<Library> load_library(std::string_view id, std::string_view code);
    bool has_library(std::string_view id) const;
    void unload_library(std::string_view id);

    // --- Running ---

    // Prepares a run of a loaded script or function; resume() starts it.
    void begin_script(std::string_view sha, std::span<const std::string> keys, std::span<const std::string> arguments);
    // `name` is one of the library's functions, spelled as it was registered.
    void begin_function(std::string_view library_id, std::string_view name, std::span<const std::string> keys,
                        std::span<const std::string> arguments);

    // Runs the script until the next event: at the beginning and after slice_over without a reply, after a call with the reply in
    // RESP, of either protocol, exactly one. An error reply is raised in redis.call and returned by redis.pcall.
    Event resume();
    Event resume(std::string_view reply);
    // As resume() with an error reply, `text` without '-' ("ERR Unknown Redis command called from script"), for calls that are
    // refused before anything is run: scripts can tell the two apart by a field of the error table, as in Redis.
    Event refuse(std::string_view text);

    // After Event::call: the command's name and arguments, at least one; valid until the next resume(). They may be moved away.
    std::vector<std::string>& call_arguments();
    // The protocol the script wants its replies in (redis.setresp): ask for that of the call at hand.
    resp::Protocol call_protocol() const;
    // Is the call at hand redis.pcall?
    bool call_is_protected() const;
    // What redis.set_repl chose; nothing depends on it here.
    int replication_flags() const;

    // Ends the script between two steps: it runs no further, and its result is the error `text` (`ERR Script killed by user with
    // SCRIPT KILL...`), followed by the place where it stood, as Redis says it. No pcall sees it. The next event is `finished`:
    // the caller need not resume() for it.
    void kill(std::string_view text);
    // Forgets the run: it can begin again, or another one can.
    void abandon();
    bool running() const;

    // After Event::finished or kill(): did it end with an uncaught error? (An error table that was returned is a result.)
    bool failed() const;
    // The text of that error as the client gets it.
    const std::string& error() const;
    // Writes the one reply for the client by Redis's rules for Lua values. `writer` has the client's protocol.
    void write_result(resp::ReplyWriter& writer);

    // Memory the state holds now, in bytes. A state that has grown needlessly big may be thrown away by its owner.
    std::size_t memory() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pgredis::scripts
