#include "scripts/interpreter.h"

#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "scripts/machine.h"
#include "scripts/source.h"

namespace pgredis::scripts {

namespace {

constexpr std::size_t max_cached_scripts = 500;
constexpr int max_blind_instructions = 5'000'000;
// Garbage of earlier runs that a new one may find.
constexpr std::size_t tolerated_garbage = std::size_t{4} << 20;

void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
    auto& machine = *static_cast<Machine*>(self);
    if (new_size == 0) {
        std::free(block);
        machine.used -= old_size;
        return nullptr;
    }
    if (new_size > old_size && machine.allowed != 0 && machine.used + (new_size - old_size) > machine.allowed) return nullptr;
    void* result = std::realloc(block, new_size);
    if (result != nullptr) machine.used += new_size - old_size;
    return result;
}

// Runs after each slice of instructions, in whatever coroutine.
void slice_over(lua_State* L, lua_Debug* /*unused*/) {
    if (end_slice(L)) lua_yield(L, 0);
}

std::string text_at(lua_State* L, int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, index, &size);
    return text == nullptr ? std::string() : std::string(text, size);
}

// Limits the memory for as long as Lua runs.
class MemoryLimit {
 public:
    MemoryLimit(Machine& machine, std::size_t limit) : machine_(machine) { machine.allowed = limit; }
    ~MemoryLimit() { machine_.allowed = 0; }
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
    Machine& machine_;
};

}  // namespace

// A library that is being loaded is ended when its time is over; a script yields to the host. Where a C function is in between it
// cannot, and goes on till it can, within bounds.
bool end_slice(lua_State* L) {
    Machine& machine = Machine::of(L);
    machine.steps = machine.limits.slice;
    if (machine.library != nullptr) {
        machine.instructions_left -= machine.limits.slice;
        if (machine.instructions_left > 0) return false;
        push_error_table(L, "ERR FUNCTION LOAD timeout");
        lua_error(L);
    }
    if (machine.suspended != Suspension::none) return false;  // on the way to the host already
    if (lua_isyieldable(L) == 0) {
        machine.blind_instructions += machine.limits.slice;
        if (machine.blind_instructions > max_blind_instructions) {
            machine.blind_instructions = 0;
            luaL_error(L, "too many instructions where a script cannot be interrupted");
        }
        return false;
    }
    machine.blind_instructions = 0;
    machine.suspended = Suspension::slice;
    machine.has_position = find_position(L, 0, machine.position);
    machine.innermost = L;
    return true;
}

struct Interpreter::State {
    Machine machine;
    lua_State* L = nullptr;
    std::unordered_map<std::string, Flags> scripts;
    std::deque<std::string> script_order;
    std::set<std::string, std::less<>> libraries;

    std::string name;  // of what runs, as errors tell it
    bool running = false;
    bool failed = false;
    std::string error;
    std::size_t baseline = 0;      // memory in use after the last collection
    std::size_t memory_limit = 0;  // what may be in use during this run

    State(Host host, Limits limits);
    ~State() { lua_close(L); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // Calls `f()` so that an error of Lua comes back as its text. `f` may use the stack as it likes; it is clean afterwards.
    template <typename F>
    std::optional<std::string> protect(const F& f) {
        auto* call = +[](lua_State* L) {
            (*static_cast<const F*>(lua_touserdata(L, 1)))();
            return 0;
        };
        std::optional<std::string> error;
        if (lua_cpcall(L, call, const_cast<F*>(&f)) != 0) {
            error = text_at(L, -1);
            lua_pop(L, 1);
        }
        return error;
    }

    void seed();
    void begin(std::string_view name, const std::function<void()>& push_function, bool is_script,
               std::span<const std::string> keys, std::span<const std::string> arguments);
    Event go_on();
    void finish(bool ok);
    void fail(std::string text);
    std::string error_text(lua_State* from) const;
    Loaded<Library> run_library(std::string_view id, std::string_view code, Library& library);
};

Interpreter::State::State(Host host, Limits limits) {
    machine.host = std::move(host);
    machine.limits = limits;
    seed();
    L = lua_newstate(allocate, &machine);
    if (L == nullptr) throw std::bad_alloc();
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);  // compiled code would not stop at the end of a slice
    if (const auto problem = protect([this] { open_sandbox(L); })) {
        lua_close(L);
        throw std::runtime_error("the Lua sandbox: " + *problem);
    }
    lua_gc(L, LUA_GCCOLLECT, 0);
    baseline = machine.used;
}

void Interpreter::State::seed() {
    machine.random.seed(static_cast<std::int32_t>(std::random_device()()));
    machine.random_is_seeded = false;
}

Interpreter::Interpreter(Host host, Limits limits) : state_(std::make_unique<State>(std::move(host), limits)) {}

Interpreter::~Interpreter() = default;

// --- Loading ---

std::optional<std::string> Interpreter::load_script(std::string_view sha, std::string_view body) {
    State& s = *state_;
    if (has_script(sha)) return std::nullopt;
    auto flags = parse_script_flags(body);
    if (!flags) return flags.error;
    std::string key(sha);
    bool compiled = false;
    std::string message;
    lua_State* L = s.L;
    const MemoryLimit limit(s.machine, s.machine.used + s.machine.limits.memory);
    auto problem = s.protect([&] {
        lua_getfield(L, LUA_REGISTRYINDEX, names::scripts);
        compiled = compile(L, without_shebang(body), "@user_script");
        if (!compiled) {
            message = text_at(L, -1);
            return;
        }
        lua_setfield(L, -2, key.c_str());
    });
    if (!problem && !compiled) problem = message;
    if (problem) return "ERR Error compiling script (new function): " + *problem;
    s.scripts.emplace(key, *flags.value);
    s.script_order.push_back(std::move(key));
    if (s.script_order.size() > max_cached_scripts) {
        const std::string oldest = std::move(s.script_order.front());
        s.script_order.pop_front();
        s.scripts.erase(oldest);
        s.protect([&] {
            lua_getfield(L, LUA_REGISTRYINDEX, names::scripts);
            lua_pushnil(L);
            lua_setfield(L, -2, oldest.c_str());
        });
    }
    return std::nullopt;
}

bool Interpreter::has_script(std::string_view sha) const { return state_->scripts.contains(std::string(sha)); }

Flags Interpreter::script_flags(std::string_view sha) const {
    const auto found = state_->scripts.find(std::string(sha));
    return found == state_->scripts.end() ? Flags() : found->second;
}

void Interpreter::forget_scripts() {
    state_->scripts.clear();
    state_->script_order.clear();
    state_->protect([L = state_->L] {
        lua_newtable(L);
        lua_setfield(L, LUA_REGISTRYINDEX, names::scripts);
    });
}

Loaded<Library> Interpreter::load_library(std::string_view id, std::string_view code) {
    auto header = parse_library_header(code);
    if (!header) return {std::nullopt, header.error};
    unload_library(id);
    Library library{header.value->engine, header.value->name, {}};
    auto result = state_->run_library(id, code, library);
    state_->machine.library = nullptr;
    return result;
}

Loaded<Library> Interpreter::State::run_library(std::string_view id, std::string_view code, Library& library) {
    const MemoryLimit limit(machine, machine.used + machine.limits.memory);
    machine.library = &library;
    machine.instructions_left = machine.limits.library_instructions;
    machine.steps = machine.limits.slice;
    const std::string key(id);
    std::string compile_error;
    std::string run_error;
    const auto problem = protect([&] {
        lua_newtable(L);
        lua_setfield(L, LUA_REGISTRYINDEX, names::loading);
        lua_pushcfunction(L, error_handler);
        if (!compile(L, without_shebang(code), "@user_function")) {
            compile_error = text_at(L, -1);
            return;
        }
        lua_getfield(L, LUA_REGISTRYINDEX, names::function_globals);
        lua_setfenv(L, -2);
        lua_getfield(L, LUA_REGISTRYINDEX, names::set_loading);
        lua_pushboolean(L, 1);
        lua_call(L, 1, 0);
        lua_sethook(L, slice_over, LUA_MASKCOUNT, machine.limits.slice);
        const bool failed = lua_pcall(L, 0, 0, -2) != 0;
        lua_sethook(L, nullptr, 0, 0);
        lua_getfield(L, LUA_REGISTRYINDEX, names::set_loading);
        lua_pushboolean(L, 0);
        lua_call(L, 1, 0);
        if (failed) {
            if (lua_istable(L, -1)) lua_getfield(L, -1, "err");
            run_error = text_at(L, -1);
            return;
        }
        if (library.functions.empty()) return;
        lua_getfield(L, LUA_REGISTRYINDEX, names::libraries);
        lua_getfield(L, LUA_REGISTRYINDEX, names::loading);
        lua_setfield(L, -2, key.c_str());
    });
    if (!compile_error.empty()) return {std::nullopt, "ERR Error compiling function: " + compile_error};
    if (!run_error.empty() || problem) return {std::nullopt, "ERR Error registering functions: " + problem.value_or(run_error)};
    if (library.functions.empty()) return {std::nullopt, "ERR No functions registered"};
    libraries.insert(key);
    return {std::move(library), {}};
}

bool Interpreter::has_library(std::string_view id) const { return state_->libraries.contains(id); }

void Interpreter::unload_library(std::string_view id) {
    const std::string key(id);
    if (state_->libraries.erase(key) == 0) return;
    state_->protect([&, L = state_->L] {
        lua_getfield(L, LUA_REGISTRYINDEX, names::libraries);
        lua_pushnil(L);
        lua_setfield(L, -2, key.c_str());
    });
}

// --- Running ---

namespace {

void push_strings(lua_State* L, std::span<const std::string> strings) {
    lua_createtable(L, static_cast<int>(strings.size()), 0);
    for (std::size_t i = 0; i < strings.size(); ++i) {
        lua_pushlstring(L, strings[i].data(), strings[i].size());
        lua_rawseti(L, -2, static_cast<int>(i + 1));
    }
}

}  // namespace

void Interpreter::State::begin(std::string_view named, const std::function<void()>& push_function, bool is_script,
                               std::span<const std::string> keys, std::span<const std::string> arguments) {
    if (machine.used > baseline + tolerated_garbage) {
        lua_gc(L, LUA_GCCOLLECT, 0);
        baseline = machine.used;
    }
    name = named;
    running = true;
    failed = false;
    error.clear();
    machine.suspended = Suspension::none;
    machine.coroutines = 0;
    machine.blind_instructions = 0;
    machine.protocol = resp::Protocol::resp2;
    machine.replication = 3;
    machine.gc_pause = machine.gc_step = 200;
    if (machine.random_is_seeded) seed();
    reset_cjson(machine);

    memory_limit = machine.used + machine.limits.memory;
    const MemoryLimit limit(machine, memory_limit);
    const auto problem = protect([&] {
        lua_State* run = lua_newthread(L);
        machine.base = run;
        lua_setfield(L, LUA_REGISTRYINDEX, names::run);
        const char* globals = is_script ? names::script_globals : names::function_globals;
        lua_getfield(L, LUA_REGISTRYINDEX, globals);
        lua_xmove(L, run, 1);
        lua_replace(run, LUA_GLOBALSINDEX);

        lua_getfield(L, LUA_REGISTRYINDEX, names::run_protected);
        push_function();
        lua_pushcfunction(L, error_handler);
        int passed = 3;
        if (is_script) {
            lua_getfield(L, LUA_REGISTRYINDEX, names::script_fields);
            push_strings(L, keys);
            lua_setfield(L, -2, "KEYS");
            push_strings(L, arguments);
            lua_setfield(L, -2, "ARGV");
            lua_pop(L, 1);
        } else {
            push_strings(L, keys);
            push_strings(L, arguments);
            passed += 2;
        }
        lua_xmove(L, run, passed);
    });
    if (problem) fail("ERR Error running script " + name + ", " + *problem);
}

void Interpreter::begin_script(std::string_view sha, std::span<const std::string> keys, std::span<const std::string> arguments) {
    State& s = *state_;
    const std::string key(sha);
    s.begin(
        key,
        [&] {
            lua_getfield(s.L, LUA_REGISTRYINDEX, names::scripts);
            lua_getfield(s.L, -1, key.c_str());
            lua_remove(s.L, -2);
        },
        true, keys, arguments);
}

void Interpreter::begin_function(std::string_view library_id, std::string_view name, std::span<const std::string> keys,
                                 std::span<const std::string> arguments) {
    State& s = *state_;
    const std::string id(library_id);
    const std::string function(name);
    s.begin(
        function,
        [&] {
            lua_getfield(s.L, LUA_REGISTRYINDEX, names::libraries);
            lua_getfield(s.L, -1, id.c_str());
            lua_getfield(s.L, -1, function.c_str());
            lua_replace(s.L, -3);
            lua_pop(s.L, 1);
        },
        false, keys, arguments);
}

Interpreter::Event Interpreter::State::go_on() {
    if (machine.base == nullptr) return Event::finished;  // it failed already
    const bool first = machine.suspended == Suspension::none;
    machine.suspended = Suspension::none;
    machine.innermost = nullptr;
    machine.steps = machine.limits.slice;
    lua_State* run = machine.base;
    int status = 0;
    {
        const MemoryLimit limit(machine, memory_limit);
        lua_sethook(L, slice_over, LUA_MASKCOUNT, machine.limits.slice);
        status = lua_resume(run, first ? lua_gettop(run) - 1 : 0);
        lua_sethook(L, nullptr, 0, 0);
    }
    if (status == LUA_YIELD) {
        if (machine.reply_is_new && machine.reply.data() != machine.kept_reply.data()) {
            machine.kept_reply = machine.reply;
            machine.reply = machine.kept_reply;
        }
        return machine.suspended == Suspension::call ? Event::call : Event::slice_over;
    }
    machine.reply_is_new = false;
    if (status != 0) {
        fail("ERR Error running script " + name + ", " + text_at(run, -1).substr(0, 100));
    } else {
        finish(lua_toboolean(run, 1) != 0);
    }
    return Event::finished;
}

void Interpreter::State::finish(bool ok) {
    if (ok) return;
    lua_State* run = machine.base;
    if (!lua_istable(run, 2)) return fail("ERR Error running script " + name + ", " + text_at(run, 2).substr(0, 100));
    fail(error_text(run));
}

void Interpreter::State::fail(std::string text) {
    failed = true;
    error = std::move(text);
    machine.base = nullptr;
    machine.suspended = Suspension::none;
}

// Of the error table that error_handler has made.
std::string Interpreter::State::error_text(lua_State* from) const {
    const auto field = [&](const char* key) {
        lua_pushstring(from, key);
        lua_rawget(from, 2);
        std::string text;
        if (const char* found = lua_tostring(from, -1)) text = found;  // Redis ends it at a NUL as well
        const bool there = lua_isstring(from, -1) != 0;
        lua_pop(from, 1);
        return there ? std::optional(text) : std::nullopt;
    };
    std::string text = field("err").value_or("ERR (error object is a table value)");
    const auto source = field("source");
    const auto line = field("line");
    if (source && line) text += " script: " + name + ", on " + *source + ":" + *line + ".";
    return text;
}

Interpreter::Event Interpreter::resume() { return state_->go_on(); }

Interpreter::Event Interpreter::resume(std::string_view reply) {
    state_->machine.reply = reply;
    state_->machine.reply_is_new = true;
    state_->machine.reply_is_refusal = false;
    return state_->go_on();
}

Interpreter::Event Interpreter::refuse(std::string_view text) {
    state_->machine.reply = text;
    state_->machine.reply_is_new = true;
    state_->machine.reply_is_refusal = true;
    return state_->go_on();
}

std::vector<std::string>& Interpreter::call_arguments() { return state_->machine.call; }

resp::Protocol Interpreter::call_protocol() const { return state_->machine.protocol; }

bool Interpreter::call_is_protected() const { return state_->machine.call_is_protected; }

int Interpreter::replication_flags() const { return state_->machine.replication; }

void Interpreter::kill(std::string_view text) {
    State& s = *state_;
    std::string error(text);
    lua_Debug at = s.machine.position;
    const bool found = s.machine.suspended == Suspension::slice
                           ? s.machine.has_position
                           : s.machine.innermost != nullptr && find_position(s.machine.innermost, 0, at);
    if (found) {
        error += " script: " + s.name + ", on " + at.source + ":" + std::to_string(at.currentline) + ".";
    }
    s.fail(std::move(error));
}

void Interpreter::abandon() {
    State& s = *state_;
    s.running = s.failed = false;
    s.machine.base = nullptr;
    s.machine.suspended = Suspension::none;
    s.machine.call.clear();
    s.protect([L = s.L] {
        lua_pushnil(L);
        lua_setfield(L, LUA_REGISTRYINDEX, names::run);
    });
}

bool Interpreter::running() const { return state_->running; }

bool Interpreter::failed() const { return state_->failed; }

const std::string& Interpreter::error() const { return state_->error; }

void Interpreter::write_result(resp::ReplyWriter& writer) {
    State& s = *state_;
    if (s.failed) return writer.error(s.error);
    const auto problem = s.protect([&] {
        lua_settop(s.machine.base, 2);
        lua_pushvalue(s.machine.base, 2);
        lua_xmove(s.machine.base, s.L, 1);
        write_value(s.L, writer, s.machine.protocol);
    });
    // there is no limit on memory here, so this does not happen
    if (problem) throw std::runtime_error("a script's result: " + *problem);
}

std::size_t Interpreter::memory() const { return state_->machine.used; }

}  // namespace pgredis::scripts
