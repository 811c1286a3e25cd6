// Attempts to get out of the sandbox, or to leave something in it for the next script.
#include <gtest/gtest.h>

#include <string>

#include "scripts/interpreter.h"
#include "scripts/sha1.h"

namespace pgredis::scripts {
namespace {

// The last value of a script that begins with the attempt and ends with a look at what it came to.
std::string run(Interpreter& lua, const std::string& script) {
    const std::string sha = sha1_hex(script);
    if (const auto error = lua.load_script(sha, script)) return *error;
    lua.begin_script(sha, {}, {});
    for (int i = 0; lua.resume() == Interpreter::Event::slice_over; ++i) {
        if (i == 10'000) {
            lua.kill("ERR endless");
            break;
        }
    }
    std::string out;
    resp::ReplyWriter writer(out, resp::Protocol::resp2);
    lua.write_result(writer);
    return out;
}

TEST(Sandbox, HasNoDangerousNames) {
    Interpreter lua;
    for (const char* name : {"io", "os", "package", "require", "module", "dofile", "loadfile", "print", "debug", "ffi", "jit",
                             "newproxy", "getfenv", "setfenv", "arg"}) {
        EXPECT_EQ(run(lua, std::string("return type(rawget(_G, '") + name + "'))"), "$3\r\nnil\r\n") << name;
    }
    EXPECT_EQ(run(lua, "return {string.buffer, table.move, table.new, coroutine.isyieldable, math.log2, bit.x}"), "*0\r\n");
}

TEST(Sandbox, HoldsAgainst) {
    const char* attempts[] = {
        // whatever is written to a library or the globals
        "redis.call = nil",
        "rawset(redis, 'call', nil)",
        "rawset(_G, 'redis', {})",
        "_G.x = 1",
        "x = 1",
        "_G._G = {}",
        "string.upper = nil",
        "table.insert(_G, 1)",
        "table.insert(string, 'x')",
        "table.remove(redis)",
        "table.sort(_G)",
        "table.setn(_G, 1)",
        "cjson.encode = nil",
        "getmetatable('').__index = {}",
        "rawset(getmetatable(''), '__index', {})",
        "getmetatable(_G).__index = function() return 1 end",
        "rawset(getmetatable(_G), '__newindex', nil)",
        "setmetatable(_G, nil)",
        "setmetatable(_G, {__index = {}})",
        "setmetatable(string, {})",
        "setmetatable('', {})",
        "setmetatable(redis, {})",
        "for k in pairs(_G) do _G[k] = nil end",
        "for k, v in next, _G do rawset(_G, k, nil) end",
        "KEYS = nil",
        "ARGV = {}",
        "__pgredis_hold_frame = error",
        "rawset(_G, '__pgredis_hold_frame', error)",
        "redis.request = 1",
        // bytecode
        "loadstring(string.dump(function() end))()",
        "load(function() return string.dump(function() end) end)()",
        "loadstring('\\27LJ\\2\\0')()",
        "loadstring('\\27Lua')()",
        // numbers that load the ffi, labels, and other gifts of LuaJIT's reader
        "loadstring('return 1LL')()",
        "loadstring('return 5i')()",
        "loadstring('::a:: goto a')()",
        // coroutines
        "coroutine.yield()",
        "coroutine.wrap(coroutine.yield)()",
        "coroutine.resume(coroutine.running())",
        "local co co = coroutine.create(function() coroutine.resume(co) end) coroutine.resume(co)",
        "local co co = coroutine.wrap(function() co() end) co()",
        "local function f() return coroutine.wrap(f)() end f()",
        "local function f() coroutine.resume(coroutine.create(f)) end f()",
        // depth
        "local function f() f() end f()",
        "local function f() return pcall(f) end f()",
        "local function f() return (pcall(f)) end f()",
        "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
        "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
        "local function f() error({err = setmetatable({}, {__index = f})}) end xpcall(f, f)",
        "loadstring(('('):rep(10000))()",
        "loadstring(('{'):rep(100000))()",
        "loadstring('return ' .. ('-'):rep(100000) .. '1')()",
        "return string.rep('(', 100) .. string.find(('a'):rep(100), ('('):rep(100))",
        // formats
        "return string.format('%99.99f%99.99f%99.99f', 1e300, -1e300, 1/0)",
        "return string.format(('%s'):rep(300), 1)",
        "return string.format('%' .. ('0'):rep(1000) .. 'd', 1)",
        "return string.format('%n', 1)",
        "return string.format('%*d', 1, 2)",
        "return string.format('%.99s', ('x'):rep(1000))",
        "return string.format('%99s', ('x'):rep(1000))",
        // errors and results that are odd
        "error()",
        "error({})",
        "error(setmetatable({}, {__index = error}))",
        "error(setmetatable({}, {__tostring = error}))",
        "error(setmetatable({err = 'x'}, {__metatable = false}))",
        "return setmetatable({}, {__index = error, __len = error})",
        "return coroutine.create(error)",
        "error(coroutine.create(error))",
        "return {[1e308] = 1, [-1] = 2, [0.5] = 3}",
        "local t = {} t[1] = t return {map = {t = 1}}",
        "local t = {} t.map = t return t",
        "local t = {} t[1] = t return t",
        "return {map = {[{}] = {map = {[{}] = 1}}}}",
        "return {set = {[{}] = 1}}",
        "__redis__err__handler()",
        "__redis__err__handler({})",
        "return __redis__err__handler(setmetatable({}, {__newindex = error}))",
        // the libraries' own limits
        "local t = {} t[1] = t cjson.encode(t)",
        "local t = {} t[1] = t cmsgpack.pack(t)",
        "cjson.encode({[1e15] = 1})",
        "cjson.encode_sparse_array(true, 0, 0) cjson.encode({[2^31] = 1})",
        "cjson.decode(('['):rep(100000))",
        "cjson.decode_max_depth(1e9) cjson.decode(('['):rep(1000000))",
        "cjson.encode_max_depth(1e9) local t = {} t[1] = t cjson.encode(t)",
        "cmsgpack.unpack(('\\145'):rep(1000000))",
        "cmsgpack.unpack(('\\129\\1'):rep(1000000))",
        "cmsgpack.unpack('\\223\\255\\255\\255\\255')",
        "cmsgpack.unpack_limit('x', 2^31, 0)",
        "cmsgpack.unpack_one('x', -2^31)",
        "cmsgpack.unpack_one('x', 2^40)",
        "struct.unpack('c2147483647', 'x')",
        "struct.unpack('i', 'x', 2^53)",
        "struct.unpack('i', 'x', -2^53)",
        "struct.pack('i0', 1)",
        "struct.unpack('i0', 'x')",
        "struct.unpack('Lc0', ('\\255'):rep(8))",
        "struct.pack('!1073741824d', 1)",
        "struct.size(('c2147483647'):rep(9))",
        "return bit.lshift(1, 2^53)",
        "return math.random(-2^31, 2^31 - 1)",
        "math.randomseed(2^53)",
        "unpack({}, 1, 2^31 - 1)",
        "unpack({}, -2^31, 2^31 - 1)",
        "return select(-2^31, 1)",
        "string.rep('x', -2^53)",
        "string.rep('', 2^31)",
        "('x'):byte(-2^53, 2^53)",
        "string.char(unpack({}, 1, 7000))",
        "table.concat({}, 'x', 1, 2^31)",
        "table.concat({}, 'x', -2^31, 2^31)",
        "redis.sha1hex(('x'):rep(1e6))",
        "redis.log(1, ('x'):rep(1e6))",
        "redis.set_repl(2^53)",
        "redis.setresp(0/0)",
        "collectgarbage('stop')",
        "collectgarbage('setpause', 0)",
        "collectgarbage('setstepmul', 0)",
        "collectgarbage('step', 2^31)",
        "for i = 1, 100 do collectgarbage() end",
    };
    Host host;
    host.redis_version = "7.0.15";
    Interpreter lua(host, Limits{.memory = std::size_t{32} << 20});
    const std::string look = R"(
        local names = {}
        for _, t in ipairs({_G, redis, string, table, math, coroutine, bit, cjson, cmsgpack, struct}) do
            local n = #names
            for name, value in pairs(t) do names[#names + 1] = name .. ' ' .. (type(value) == 'table' and 'table' or tostring(value)) end
        end
        table.sort(names)
        return redis.sha1hex(table.concat(names, '\n')) .. #names .. cjson.encode_max_depth() .. ('x'):upper() .. cjson.encode({1, 'a'}) ..
            tostring(getmetatable('').__index == string) .. tostring(getmetatable(_G)) .. tostring(rawget(string, 'x')))";
    const std::string before = run(lua, look);
    ASSERT_TRUE(before.starts_with('$')) << before;
    for (const char* attempt : attempts) {
        run(lua, attempt);
        EXPECT_EQ(run(lua, look), before) << attempt;
        run(lua, std::string("pcall(function() ") + attempt + " end)");
        EXPECT_EQ(run(lua, look), before) << attempt;
    }
}

TEST(Sandbox, RefusesBytecodeInScripts) {
    Interpreter lua;
    EXPECT_EQ(run(lua, "\x1bLJ\x02"),
              "ERR Error compiling script (new function): user_script:1: unexpected symbol near 'char(27)'");
    EXPECT_EQ(run(lua, "return loadstring(string.dump(function() end)) == nil"), ":1\r\n");
}

TEST(Sandbox, ShowsNothingOfItself) {
    Interpreter lua;
    EXPECT_EQ(run(lua, "return getmetatable(_G).__index == nil"), "$-1\r\n");
    EXPECT_EQ(run(lua, "return {getmetatable(string), getmetatable(redis), getmetatable(cjson)}"), "*0\r\n");
    EXPECT_EQ(run(lua, "local f, s, c = pairs(string) return s == string and c == nil and rawget(s, 'rep') == string.rep"),
              ":1\r\n");
    EXPECT_EQ(run(lua, "return _G == _G._G and _G == getmetatable(setmetatable({}, {__metatable = _G}))"), ":1\r\n");
}

}  // namespace
}  // namespace pgredis::scripts
