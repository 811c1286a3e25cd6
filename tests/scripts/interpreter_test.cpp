#include "scripts/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "scripts/sha1.h"

namespace pgredis::scripts {
namespace {

using Event = Interpreter::Event;
using Strings = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

class Scripts : public testing::Test {
 protected:
    // Begins the script and runs it up to its first event that is not the end of a slice.
    Event begin(const std::string& script, const Strings& keys = {}, const Strings& arguments = {}) {
        sha_ = sha1_hex(script);
        EXPECT_EQ(lua.load_script(sha_, script), std::nullopt) << script;
        lua.begin_script(sha_, keys, arguments);
        return past_slices(lua.resume());
    }

    Event past_slices(Event event) {
        while (event == Event::slice_over) event = lua.resume();
        return event;
    }

    std::string result(resp::Protocol protocol = resp::Protocol::resp2) {
        std::string out;
        resp::ReplyWriter writer(out, protocol);
        lua.write_result(writer);
        return out;
    }

    std::string run(const std::string& script, const Strings& keys = {}, const Strings& arguments = {}) {
        EXPECT_EQ(begin(script, keys, arguments), Event::finished) << script;
        return result();
    }

    // Runs the script, answering all its calls with these replies, one after another.
    std::string run_with(const std::string& script, const Strings& replies, resp::Protocol protocol = resp::Protocol::resp2) {
        Event event = begin(script);
        for (const std::string& reply : replies) {
            EXPECT_EQ(event, Event::call) << script;
            if (event != Event::call) return "";
            event = past_slices(lua.resume(reply));
        }
        EXPECT_EQ(event, Event::finished) << script;
        return result(protocol);
    }

    std::string on_line(int line = 1) { return " script: " + sha_ + ", on @user_script:" + std::to_string(line) + ".\r\n"; }

    std::string sha_;
    std::vector<std::pair<int, std::string>> logged;
    Interpreter lua{Host{.log = [this](int level, std::string_view text) { logged.emplace_back(level, text); }, .may_call = {}},
                    Limits{.memory = std::size_t{16} << 20}};
};

TEST_F(Scripts, HaveKeysAndArguments) {
    EXPECT_EQ(run("return {KEYS[1], KEYS[2], ARGV[1], #ARGV}", {"k", std::string("a\0b", 3)}, {"x"}),
              std::string("*4\r\n$1\r\nk\r\n$3\r\na\0b\r\n$1\r\nx\r\n:1\r\n", 31));
    EXPECT_EQ(run("return {KEYS[1], ARGV[1]}"), "*0\r\n");
}

TEST_F(Scripts, AskForCalls) {
    EXPECT_EQ(begin("return redis.call('SET', KEYS[1], 1.5, 3)", {"k"}), Event::call);
    EXPECT_THAT(lua.call_arguments(), ElementsAre("SET", "k", "1.5", "3"));
    EXPECT_EQ(lua.call_protocol(), resp::Protocol::resp2);
    EXPECT_FALSE(lua.call_is_protected());
    EXPECT_TRUE(lua.running());
    EXPECT_EQ(lua.resume("+OK\r\n"), Event::finished);
    EXPECT_EQ(result(), "+OK\r\n");
    EXPECT_FALSE(lua.failed());
}

TEST_F(Scripts, ConvertReplies) {
    const auto echo = [&](const std::string& reply) { return run_with("return redis.call('x')", {reply}); };
    for (const char* reply : {"+OK\r\n", ":5\r\n", "$3\r\na\r\n\r\n", "$-1\r\n", "*2\r\n:1\r\n*1\r\n+x\r\n", "*0\r\n"})
        EXPECT_EQ(echo(reply), reply);
    EXPECT_EQ(echo("*-1\r\n"), "$-1\r\n");
    EXPECT_EQ(run_with("return type(redis.call('x'))", {"$-1\r\n"}), "$7\r\nboolean\r\n");
    EXPECT_EQ(run_with("return type(redis.call('x'))", {"_\r\n"}), "$3\r\nnil\r\n");
    EXPECT_EQ(run_with("return #redis.call('x')", {"*3\r\n$-1\r\n$-1\r\n:1\r\n"}), ":3\r\n");
}

TEST_F(Scripts, ConvertRepliesOfResp3) {
    const auto echo = [&](const std::string& reply) {
        return run_with("redis.setresp(3) return redis.call('x')", {reply}, resp::Protocol::resp3);
    };
    for (const char* reply : {"_\r\n", "#t\r\n", "#f\r\n", ",1.5\r\n", ",inf\r\n", "(123456789012345678901234567890\r\n",
                              "=5\r\ntxt:x\r\n", "%1\r\n$1\r\na\r\n:1\r\n", "~1\r\n$1\r\na\r\n", "%0\r\n", "~0\r\n"}) {
        EXPECT_EQ(echo(reply), reply);
    }
    EXPECT_EQ(run_with("redis.setresp(3) return redis.call('x').map.a.set.b", {"%1\r\n$1\r\na\r\n~1\r\n$1\r\nb\r\n"}), ":1\r\n");
    EXPECT_EQ(begin("redis.setresp(3) redis.call('x')"), Event::call);
    EXPECT_EQ(lua.call_protocol(), resp::Protocol::resp3);
    EXPECT_EQ(begin("redis.call('x')"), Event::call);
    EXPECT_EQ(lua.call_protocol(), resp::Protocol::resp2) << "a new run begins in RESP2";
}

TEST_F(Scripts, GetErrorsRaisedOrReturned) {
    std::string reply = run_with("\nredis.call('x')", {"-WRONGTYPE no\r\n"});
    EXPECT_EQ(reply, "-WRONGTYPE no" + on_line(2));
    EXPECT_TRUE(lua.failed());
    reply = run_with("return redis.call('x')", {"-WRONGTYPE no\r\n"});
    EXPECT_EQ(reply, "-WRONGTYPE no" + on_line());
    EXPECT_EQ(run_with("return redis.pcall('x')", {"-WRONGTYPE no\r\n"}), "-WRONGTYPE no\r\n");
    EXPECT_FALSE(lua.failed());
    EXPECT_EQ(run_with("return redis.pcall('x').err", {"-WRONGTYPE no\r\n"}), "$12\r\nWRONGTYPE no\r\n");
    EXPECT_EQ(run_with("return {pcall(redis.call, 'x')}", {"-WRONGTYPE no\r\n"}), "*2\r\n$-1\r\n$12\r\nWRONGTYPE no\r\n");
    EXPECT_EQ(run_with("return tostring(redis.pcall('x').ignore_error_stats_update)", {"-ERR x\r\n"}), "$4\r\ntrue\r\n");
}

TEST_F(Scripts, TellRefusedCallsFromFailedOnes) {
    EXPECT_EQ(begin("local e = redis.pcall('x') return {e.err, tostring(e.ignore_error_stats_update)}"), Event::call);
    EXPECT_TRUE(lua.call_is_protected());
    EXPECT_EQ(lua.refuse("ERR not from scripts"), Event::finished);
    EXPECT_EQ(result(), "*2\r\n$20\r\nERR not from scripts\r\n$3\r\nnil\r\n");
    EXPECT_EQ(begin("return redis.call('x')"), Event::call);
    EXPECT_EQ(lua.refuse("ERR not from scripts"), Event::finished);
    EXPECT_EQ(result(), "-ERR not from scripts" + on_line());
}

TEST_F(Scripts, CallFromEverywhere) {
    const std::pair<const char*, Strings> table[] = {
        {"return pcall(function() return redis.call('x') end)", {":1\r\n"}},
        {"return coroutine.wrap(function() return redis.call('x') end)()", {":1\r\n"}},
        {"local w = coroutine.wrap return w(function() return w(function() return redis.call('x') end)() end)()", {":1\r\n"}},
        {"return (string.gsub('ab', '%w', function(c) return redis.call('x') end)) + 0", {":1\r\n", ":1\r\n"}},
        {"local t = {2, 1} table.sort(t, function(a, b) return a < b and redis.call('x') > 0 end) return 1", {":1\r\n"}},
        {"return setmetatable({}, {__index = function() return redis.call('x') end}).a", {":1\r\n"}},
        {"return setmetatable({}, {__add = function() return redis.call('x') end}) + 1", {":1\r\n"}},
        {"return setmetatable({}, {__call = function() return redis.call('x') end})()", {":1\r\n"}},
        {"table.foreach({1}, function() redis.call('x') end) return 1", {":1\r\n"}},
        {"for _ in function() return redis.call('x') end do return 1 end", {":1\r\n"}},
        {"return load(function() redis.call('x') end) and 1", {":1\r\n"}},
        {"return loadstring('return redis.call(\"x\")')()", {":1\r\n"}},
    };
    for (const auto& [script, replies] : table) {
        EXPECT_THAT(run_with(script, replies), testing::AnyOf(":1\r\n", ":11\r\n")) << script;
    }
}

TEST_F(Scripts, CannotCallFromAnErrorHandler) {
    EXPECT_EQ(run("return {xpcall(error, function() return redis.pcall('x').err end)}"),
              "*2\r\n$-1\r\n$39\r\nERR Commands cannot be called from here\r\n");
}

TEST_F(Scripts, KeepRepliesOverSlices) {
    Interpreter slow({}, Limits{.slice = 1});
    ASSERT_EQ(slow.load_script("s", "return redis.call('x')"), std::nullopt);
    slow.begin_script("s", {}, {});
    Event event = slow.resume();
    while (event == Event::slice_over) event = slow.resume();
    ASSERT_EQ(event, Event::call);
    {
        std::string reply = "$40\r\n" + std::string(40, 'x') + "\r\n";
        event = slow.resume(reply);
        reply.assign(reply.size(), '!');
    }
    while (event == Event::slice_over) event = slow.resume();
    std::string out;
    resp::ReplyWriter writer(out, resp::Protocol::resp2);
    slow.write_result(writer);
    EXPECT_EQ(out, "$40\r\n" + std::string(40, 'x') + "\r\n");
}

TEST_F(Scripts, YieldWhileTheyCompute) {
    const char* endless[] = {
        "while true do end",
        "while true do pcall(error) end",
        "local function f() return f() end return f()",
        "pcall(function() while true do end end)",
        "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "string.gsub('a', 'a', function() while true do end end)",
        "return setmetatable({}, {__index = function() while true do end end}).x",
        "return setmetatable({}, {__call = function() while true do end end})()",
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
        "load(function() return ' ' .. (function() while true do end end)() end)",
        "table.foreach({1}, function() while true do end end)",
        "for _ in function() return 1 end do end",
        "repeat local x = 1 until x == 2",
    };
    for (const char* script : endless) {
        const std::string sha = sha1_hex(script);
        ASSERT_EQ(lua.load_script(sha, script), std::nullopt);
        lua.begin_script(sha, {}, {});
        for (int i = 0; i < 20; ++i) ASSERT_EQ(lua.resume(), Event::slice_over) << script;
        lua.kill("ERR killed");
        EXPECT_TRUE(lua.failed());
        EXPECT_THAT(result(), HasSubstr("-ERR killed script: " + sha + ", on @user_script:1.")) << script;
    }
    EXPECT_EQ(run("return 1"), ":1\r\n");
}

TEST_F(Scripts, AreBoundedWhereTheyCannotYield) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(run("local ok, e = xpcall(error, function() while true do end end) return e"),
                HasSubstr("error in error handling"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(Scripts, CanBeKilledInACall) {
    EXPECT_EQ(begin("\npcall(function() redis.pcall('x') end)"), Event::call);
    lua.kill("ERR Script killed by user with SCRIPT KILL...");
    EXPECT_EQ(result(), "-ERR Script killed by user with SCRIPT KILL..." + on_line(2));
    EXPECT_EQ(run("return 1"), ":1\r\n");
}

TEST_F(Scripts, CanBeAbandonedAndRunAgain) {
    EXPECT_EQ(begin("local n = redis.call('x') return n"), Event::call);
    lua.abandon();
    EXPECT_FALSE(lua.running());
    lua.begin_script(sha_, {}, {});
    EXPECT_EQ(lua.resume(), Event::call);
    EXPECT_EQ(lua.resume(":7\r\n"), Event::finished);
    EXPECT_EQ(result(), ":7\r\n");
}

TEST_F(Scripts, HaveAMemoryLimit) {
    const char* bombs[] = {
        "local t = {} while true do t[#t + 1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local t = {string.rep('x', 1e6)} for i = 2, 1e4 do t[i] = t[1] end return table.concat(t)",
        "local t = {} for i = 1, 1e4 do t[i] = string.rep('\\1', 1e5) end return cjson.encode(t)",
        "local s = string.rep('x', 5e6) return cmsgpack.pack(s, s, s, s, s, s, s)",
        "return struct.pack('c0c0c0c0', string.rep('x', 5e6), string.rep('x', 5e6), string.rep('x', 5e6), string.rep('x', 5e6))",
        "return cjson.decode('[' .. string.rep('[],', 1e6) .. '1]')",
        "return (string.gsub(string.rep('x', 1e5), 'x', string.rep('y', 1e4)))",
        "return (string.gsub(string.rep('x', 1e5), 'x', function() return string.rep('y', 1e4) end))",
        "local function f(...) return f(1, ...) end return f()",
        "local t = {} while true do t = {t} end",
        "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
        "local t = {} for i = 1, 1e9 do t[i] = loadstring('return ' .. i) end",
    };
    for (const char* script : bombs) {
        EXPECT_THAT(run(script), testing::AnyOf(HasSubstr("not enough memory"), HasSubstr("stack overflow"),
                                                HasSubstr("too long"), HasSubstr("table overflow")))
            << script;
        EXPECT_EQ(run("return 1"), ":1\r\n") << "after " << script;
        EXPECT_LT(lua.memory(), std::size_t{32} << 20) << script;
    }
    EXPECT_THAT(run("return {pcall(string.rep, 'x', 1e9)}"), HasSubstr("not enough memory"));
    Strings many;
    for (char c = 'a'; c < 'k'; ++c) many.emplace_back(5 << 20, c);
    lua.begin_script(sha1_hex("return 1"), {}, many);
    EXPECT_EQ(lua.resume(), Event::finished);
    EXPECT_THAT(result(), HasSubstr("not enough memory"));
}

TEST_F(Scripts, LeaveNoMemoryBehind) {
    for (int i = 0; i < 200; ++i) run("local t = {} for i = 1, 10000 do t[i] = {i} end return #t");
    EXPECT_LT(lua.memory(), std::size_t{16} << 20);
}

TEST_F(Scripts, LeaveNothingBehind) {
    run("KEYS[1] = 'x' ARGV.y = 1 cjson.encode_max_depth(1) redis.setresp(3) math.randomseed(5) collectgarbage('setpause', 1)");
    EXPECT_EQ(run("return {KEYS[1], ARGV.y, cjson.encode_max_depth(), collectgarbage('setpause')}"), "*0\r\n");
    EXPECT_EQ(run("return {cjson.encode_max_depth(), collectgarbage('setpause')}"), "*2\r\n:1000\r\n:200\r\n");
    EXPECT_EQ(lua.call_protocol(), resp::Protocol::resp2);
}

TEST_F(Scripts, GiveWayInTheMiddleOfASearch) {
    const char* endless[] = {
        "return string.find(('a'):rep(30000), ('a?'):rep(3000) .. 'b')",
        "return string.match(('a'):rep(3000), ('a*'):rep(9) .. 'b')",
        "for x in string.gmatch(('a'):rep(3000), ('a-'):rep(9) .. 'b') do end",
        "return string.gsub(('a'):rep(3000), '.-.-.-.-b', 'x')",
        "return string.gsub(('a'):rep(3000), '.-.-.-.-b', function() end)",
        "return pcall(string.find, ('a'):rep(3000), '.-.-.-.-b')",
        "return coroutine.wrap(function() return pcall(string.find, ('a'):rep(3000), '.-.-.-.-b') end)()",
        "local t = {} for i = 1, 50000 do t[i] = (i * 7919) % 50021 end while true do table.sort(t) end",
        "while true do string.find(('a'):rep(3000), ('b'):rep(1000), 1, true) end",
    };
    for (const std::string script : endless) {
        sha_ = sha1_hex(script);
        ASSERT_EQ(lua.load_script(sha_, script), std::nullopt);
        lua.begin_script(sha_, {}, {});
        for (int i = 0; i < 20; ++i) ASSERT_EQ(lua.resume(), Event::slice_over) << script;
        lua.kill("ERR killed");
        EXPECT_EQ(result(), "-ERR killed" + on_line()) << script;
    }
}

TEST_F(Scripts, SearchWithinBoundsWhereTheyCannotGiveWay) {
    EXPECT_THAT(run("local t = setmetatable({}, {__lt = function() return string.find(('a'):rep(3000), '.-.-.-b') end}) "
                    "table.sort({t, t})"),
                HasSubstr("too many instructions where a script cannot be interrupted"));
    EXPECT_THAT(lua.load_library("x", "#!lua name=x\nlocal x = ('a'):rep(3000):find('.-.-.-b')").error,
                HasSubstr("FUNCTION LOAD timeout"));
}

TEST_F(Scripts, LogThroughTheHost) {
    run("redis.log(redis.LOG_WARNING, 'a', 5, {}, 'b') redis.log(0, 'x')");
    EXPECT_THAT(logged, ElementsAre(std::pair(3, std::string("a 5 b")), std::pair(0, std::string("x"))));
}

TEST_F(Scripts, KnowTheVersion) {
    EXPECT_EQ(run("return {redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}"), "*2\r\n$5\r\n7.2.5\r\n:459269\r\n");
}

TEST_F(Scripts, AreCached) {
    EXPECT_FALSE(lua.has_script("a"));
    EXPECT_EQ(lua.load_script("a", "#!lua flags=no-writes\nreturn 1"), std::nullopt);
    EXPECT_TRUE(lua.has_script("a"));
    EXPECT_TRUE(lua.script_flags("a").no_writes);
    lua.forget_scripts();
    EXPECT_FALSE(lua.has_script("a"));
    for (int i = 0; i < 1000; ++i) lua.load_script(std::to_string(i), "return " + std::to_string(i));
    EXPECT_FALSE(lua.has_script("0"));
    EXPECT_TRUE(lua.has_script("999"));
    EXPECT_EQ(lua.load_script("b", "return ("),
              "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'");
}

TEST_F(Scripts, NestResultsUpToTheLimitOfTheStack) {
    const std::string reply = run("local t = 5 for i = 1, 20000 do t = {t} end return t");
    EXPECT_TRUE(reply.ends_with("*1\r\n-ERR reached lua stack limit\r\n"));
    EXPECT_EQ(run("return 1"), ":1\r\n");
}

// --- Functions ---

class Functions : public Scripts {
 protected:
    std::string load(const std::string& body) {
        auto loaded = lua.load_library("id", "#!lua name=l\n" + body);
        if (loaded) library = *loaded.value;
        return loaded.error;
    }

    std::string call(const std::string& name, const Strings& keys = {}, const Strings& arguments = {}) {
        lua.begin_function("id", name, keys, arguments);
        EXPECT_EQ(past_slices(lua.resume()), Event::finished);
        return result();
    }

    Library library;
};

TEST_F(Functions, AreRegisteredInBothWays) {
    EXPECT_EQ(load("redis.register_function('a', function(keys, args) return {keys[1], args[1]} end)\n"
                   "redis.register_function{function_name='b', callback=function() return 2 end, description='d', "
                   "flags={'no-writes', 'allow-stale'}}"),
              "");
    EXPECT_EQ(library.engine, "LUA");
    EXPECT_EQ(library.name, "l");
    ASSERT_EQ(library.functions.size(), 2U);
    EXPECT_EQ(library.functions[0].name, "a");
    EXPECT_EQ(library.functions[0].description, std::nullopt);
    EXPECT_EQ(library.functions[1].description, "d");
    EXPECT_EQ(library.functions[1].flags, (Flags{.no_writes = true, .allow_stale = true}));
    EXPECT_EQ(call("a", {"k"}, {"x"}), "*2\r\n$1\r\nk\r\n$1\r\nx\r\n");
    EXPECT_EQ(call("b"), ":2\r\n");
    lua.unload_library("id");
    EXPECT_FALSE(lua.has_library("id"));
}

TEST_F(Functions, FailToLoadAsInRedis) {
    const std::string registering = "ERR Error registering functions: ERR ";
    const std::pair<const char*, std::string> table[] = {
        {"return (", "ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'"},
        {"error('x')", registering + "user_function:2: Script attempted to access nonexistent global variable 'error'"},
        {"x = 1", registering + "user_function:2: Attempt to modify a readonly table"},
        {"return KEYS", registering + "user_function:2: Script attempted to access nonexistent global variable 'KEYS'"},
        {"return _G", registering + "user_function:2: Script attempted to access nonexistent global variable '_G'"},
        {"redis.call('x')", registering + "user_function:2: Script attempted to access nonexistent global variable 'call'"},
        {"redis.x = 1", registering + "user_function:2: Attempt to modify a readonly table"},
        {"return 1", "ERR No functions registered"},
        {"redis.log(1, 'x')", "ERR No functions registered"},
        {"while true do end", registering + "FUNCTION LOAD timeout"},
        {"return nil + 1", registering + "user_function:2: attempt to perform arithmetic on a nil value"},
        {"redis.register_function()", registering + "wrong number of arguments to redis.register_function"},
        {"redis.register_function('f', function() end, 3)", registering + "wrong number of arguments to redis.register_function"},
        {"redis.register_function('f')", registering +
                                             "calling redis.register_function with a single argument is only applicable to "
                                             "Lua table (representing named arguments)."},
        {"redis.register_function({}, function() end)",
         registering + "first argument to redis.register_function must be a string"},
        {"redis.register_function('f', 1)", registering + "second argument to redis.register_function must be a function"},
        {"redis.register_function('a-b', function() end)",
         registering +
             "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"},
        {"redis.register_function('f', function() end) redis.register_function('f', function() end)",
         registering + "Function already exists in the library"},
        {"redis.register_function{}", registering + "redis.register_function must get a function name argument"},
        {"redis.register_function{function_name='f'}", registering + "redis.register_function must get a callback argument"},
        {"redis.register_function{function_name='f', callback=5}",
         registering + "callback argument given to redis.register_function must be a function"},
        {"redis.register_function{function_name={}, callback=function() end}",
         registering + "function_name argument given to redis.register_function must be a string"},
        {"redis.register_function{function_name='f', description={}, callback=function() end}",
         registering + "description argument given to redis.register_function must be a string"},
        {"redis.register_function{function_name='f', callback=function() end, flags={'x'}}", registering + "unknown flag given"},
        {"redis.register_function{function_name='f', callback=function() end, flags='no-writes'}",
         registering + "flags argument to redis.register_function must be a table representing function flags"},
        {"redis.register_function{function_name='f', callback=function() end, foo=1}",
         registering + "unknown argument given to redis.register_function"},
        {"redis.register_function{function_name='f', callback=function() end, [true]=1}",
         registering + "named argument key given to redis.register_function is not a string"},
    };
    for (const auto& [code, error] : table) {
        EXPECT_EQ(load(code), error) << code;
        EXPECT_FALSE(lua.has_library("id")) << code;
    }
}

TEST_F(Functions, TakeNumbersForNamesAndFlagsOfAnyCase) {
    EXPECT_EQ(
        load("redis.register_function{FUNCTION_NAME=5, callback=function() end, description=6, flags={'NO-writes', nil, 'x'}}"),
        "");
    EXPECT_EQ(library.functions[0].name, "5");
    EXPECT_EQ(library.functions[0].description, "6");
    EXPECT_TRUE(library.functions[0].flags.no_writes);
}

TEST_F(Functions, FailAsInRedis) {
    load(R"(
        redis.register_function('throws', function() error('x') end)
        redis.register_function('raises', function() error({err='MY x'}) end)
        redis.register_function('keys', function() return KEYS end)
        redis.register_function('sets', function() x = 1 end)
        redis.register_function('registers', function() redis.register_function('g', function() end) end))");
    const auto failure = [&](const std::string& name) { return call(name); };
    EXPECT_EQ(failure("throws"), "-ERR user_function:3: x script: throws, on @user_function:3.\r\n");
    EXPECT_EQ(failure("raises"), "-MY x script: raises, on @user_function:4.\r\n");
    EXPECT_EQ(failure("keys"),
              "-ERR user_function:5: Script attempted to access nonexistent global variable 'KEYS' script: keys, on "
              "@user_function:5.\r\n");
    EXPECT_EQ(failure("sets"), "-ERR user_function:6: Attempt to modify a readonly table script: sets, on @user_function:6.\r\n");
    EXPECT_EQ(failure("registers"),
              "-ERR user_function:7: attempt to call field 'register_function' (a nil value) script: registers, on "
              "@user_function:7.\r\n");
}

TEST_F(Functions, SeeLessThanScripts) {
    load(R"(redis.register_function('names', function()
        local names = {}
        for _, t in ipairs({_G, redis}) do for name in pairs(t) do names[#names + 1] = name end end
        table.sort(names)
        return table.concat(names, ' ')
    end))");
    EXPECT_THAT(
        call("names"),
        HasSubstr(
            "LOG_DEBUG LOG_NOTICE LOG_VERBOSE LOG_WARNING REDIS_VERSION REDIS_VERSION_NUM REPL_ALL REPL_AOF REPL_NONE "
            "REPL_REPLICA REPL_SLAVE _G _VERSION acl_check_cmd assert bit call cjson cmsgpack collectgarbage coroutine error "
            "error_reply gcinfo getmetatable ipairs load loadstring log math next pairs pcall pcall rawequal rawget rawset redis "
            "select set_repl setmetatable setresp sha1hex status_reply string struct table tonumber tostring type unpack "
            "xpcall"));
}

TEST_F(Functions, KeepTheirUpvaluesAndSuspendLikeScripts) {
    load("local n = 0 redis.register_function('f', function() n = n + redis.call('x') return n end)");
    for (const char* expected : {":5\r\n", ":10\r\n"}) {
        lua.begin_function("id", "f", {}, {});
        ASSERT_EQ(lua.resume(), Event::call);
        ASSERT_EQ(lua.resume(":5\r\n"), Event::finished);
        EXPECT_EQ(result(), expected);
    }
}

TEST_F(Functions, AndScriptsDoNotSeeEachOther) {
    load("redis.register_function('f', function() return redis.register_function == nil and rawget(_G, 'KEYS') == nil end)");
    EXPECT_EQ(run("return redis.replicate_commands()"), ":1\r\n");
    EXPECT_EQ(call("f"), ":1\r\n");
    EXPECT_EQ(run("return {KEYS[1]}", {"k"}), "*1\r\n$1\r\nk\r\n");
    EXPECT_THAT(run("return redis.register_function"), "$-1\r\n");
}

}  // namespace
}  // namespace pgredis::scripts
