#include "scripts/source.h"

#include <gtest/gtest.h>

namespace pgredis::scripts {
namespace {

std::string plain(std::string_view code) { return normalize(code, false).text; }
std::string held(std::string_view code) { return normalize(code, true).text; }

TEST(Normalize, LeavesLua51AsItIs) {
    for (const char* code : {"local x = 'a\\n\\065\\\\' -- 'b\\q'", "x = [[ '\\q' ]] --[==[ 1LL ]] ]==]",
                             "return a ~= b, a .. b, ...", "f\"\\\"\"", "goto = x"}) {
        EXPECT_EQ(plain(code), code);
    }
}

TEST(Normalize, TakesUnknownEscapesForTheCharacter) { EXPECT_EQ(plain(R"(return '\.\x41\z\u{5}')"), "return '.x41zu{5}'"); }

TEST(Normalize, KeepsLinesWhereTheyAre) {
    EXPECT_EQ(plain("x = 'a\\\r\nb'\ny"), "x = 'a\\\r\nb'\ny");
    EXPECT_EQ(plain("#x"), " #x");
}

TEST(Normalize, CutsBeforeWhatOnlyLuaJitReads) {
    const auto number = normalize("return 1LL + x", false);
    EXPECT_TRUE(number.cut);
    EXPECT_EQ(number.text, "return  @");
    EXPECT_EQ(number.problem, "malformed number near '1LL'");
    const auto name = normalize("x = \xc3\xa9", false);
    EXPECT_EQ(name.text, "x =  @");
    EXPECT_EQ(name.token, "\xc3");
    EXPECT_EQ(plain("::a::"), ": :a: :");
}

TEST(Normalize, HoldsTheFrameOfReturnedCalls) {
    EXPECT_EQ(held("return f(x) -- y"), "return  __pgredis_hold_frame(f(x)) -- y");
    EXPECT_EQ(held("if a then return f() else return x end"),
              "if a then return  __pgredis_hold_frame(f()) else return  __pgredis_hold_frame(x) end");
    EXPECT_EQ(held("do return a, f(function() return b end); end"),
              "do return  __pgredis_hold_frame(a, f(function() return b end)); end");
}

TEST(Normalize, LeavesTailCallsInsideFunctions) {
    EXPECT_EQ(held("local function f(n) return f(n) end"), "local function f(n) return f(n) end");
    EXPECT_EQ(held("function f() return redis.call('x') end"), "function f() return  __pgredis_hold_frame(redis.call('x')) end");
    EXPECT_EQ(held("local c = redis.call function f() return c() end"),
              "local c = redis.call function f() return  __pgredis_hold_frame(c()) end");
    EXPECT_EQ(held("function f() return s:rep(3) end"), "function f() return  __pgredis_hold_frame(s:rep(3 )) end");
}

TEST(Normalize, SurvivesAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
        normalize(bytes, true);
        normalize(std::string(1, static_cast<char>(i)), true);
    }
    for (const char* code :
         {"'", "'\\", "\"\\x", "[[", "[==", "--[[", "--", "0x", "return", "return (", "end end end", ")))", "return end)"}) {
        normalize(code, true);
    }
}

TEST(ScriptFlags, ComeFromTheShebangLine) {
    EXPECT_TRUE(parse_script_flags("return 1").value->compat_mode);
    EXPECT_EQ(*parse_script_flags("#!lua\n").value, Flags());
    const Flags flags =
        *parse_script_flags("#!lua flags=no-writes,allow-oom flags=allow-stale,no-cluster,allow-cross-slot-keys\n").value;
    EXPECT_EQ(
        flags,
        (Flags{.no_writes = true, .allow_oom = true, .allow_stale = true, .no_cluster = true, .allow_cross_slot_keys = true}));
    EXPECT_TRUE(parse_script_flags(std::string_view("#!lua flags=no-writes\0x \"\n", 26)).value->no_writes) << "a NUL ends it";
    EXPECT_EQ(parse_script_flags("#!lua flags=x\n").error, "ERR Unexpected flag in script shebang: x");
}

TEST(LibraryHeader, HasEngineAndName) {
    const auto header = parse_library_header("#!LUA name=my_lib\n…");
    EXPECT_EQ(header.value->engine, "LUA");
    EXPECT_EQ(header.value->name, "my_lib");
}

TEST(LibraryHeader, ErrorsAreThoseOfFunctionLoad) {
    const std::pair<const char*, const char*> table[] = {
        {"x", "ERR Missing library metadata"},
        {"#!lua name=x", "ERR Invalid library metadata"},
        {"#!lua name=\"x\n", "ERR Invalid library metadata"},
        {"#!lua\n", "ERR Library name was not given"},
        {"#!js\n", "ERR Library name was not given"},
        {"#!js name=x\n", "ERR Engine 'js' not found"},
        {"#! name=x\n", "ERR Engine '' not found"},
        {"#!lua name=x y=z\n", "ERR Invalid metadata value given: y=z"},
        {"#!lua name=x NAME=y\n", "ERR Invalid metadata value, name argument was given multiple times"},
        {"#!js name=x-y\n", bad_function_name.data()},
        {"#!lua name=\n", bad_function_name.data()},
    };
    for (const auto& [code, error] : table) EXPECT_EQ(parse_library_header(code).error, error) << code;
}

}  // namespace
}  // namespace pgredis::scripts
