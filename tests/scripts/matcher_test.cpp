#include "scripts/matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace pgredis::scripts {
namespace {

using Outcome = Matcher::Outcome;

class Patterns : public testing::Test {
 protected:
    // The match and its captures, as "2-4 a b"; "none" or the error's text otherwise. Goes on after `slice` steps until it is
    // done.
    std::string match(const std::string& text, const std::string& pattern, long slice = 1'000'000) {
        lua_settop(L.get(), 1);
        const bool anchored = pattern.starts_with('^');
        matcher.prepare(text, pattern.c_str() + (anchored ? 1 : 0), anchored, 1);
        matcher.begin(text.data());
        for (interruptions = 0;; ++interruptions) {
            long steps = slice;
            const Outcome outcome = matcher.run(L.get(), steps);
            if (outcome == Outcome::out_of_steps) continue;
            if (outcome == Outcome::not_found) return "none";
            if (outcome == Outcome::failed) return matcher.error();
            break;
        }
        std::string found =
            std::to_string(matcher.match_begin() - text.data()) + "-" + std::to_string(matcher.match_end() - text.data());
        for (int i = 0; i < matcher.captures(); ++i) {
            if (!matcher.push_capture(L.get(), i)) return matcher.error();
            found += " ";
            found += lua_tostring(L.get(), -1);
        }
        return found;
    }

    std::unique_ptr<lua_State, decltype(&lua_close)> L{luaL_newstate(), lua_close};
    Matcher matcher;
    int interruptions = 0;
};

TEST_F(Patterns, MatchWhereTheyCanFirst) {
    EXPECT_EQ(match("hello", "l"), "2-3");
    EXPECT_EQ(match("hello", "l+"), "2-4");
    EXPECT_EQ(match("hello", "^l"), "none");
    EXPECT_EQ(match("hello", "l$"), "none");
    EXPECT_EQ(match("hello", ""), "0-0");
    EXPECT_EQ(match("", "x*$"), "0-0");
    EXPECT_EQ(match("key = value", "^(%w+)%s*=%s*(%w+)$"), "0-11 key value");
    EXPECT_EQ(match("f(a(b)c)d)", "%b()()"), "1-8 9");
}

TEST_F(Patterns, EndAtANul) {
    const std::string text("a\0b", 3);
    EXPECT_EQ(match(text, std::string("b\0%", 3)), "2-3");
    EXPECT_EQ(match(text, "%z"), "1-2");
}

TEST_F(Patterns, UndoTheCapturesOfWaysThatFailed) {
    EXPECT_EQ(match("aab", "(a-)(a?)b"), "0-3 a a");
    EXPECT_EQ(match("xaab", "(a*)ab"), "1-4 a");
    EXPECT_EQ(match("aXbXaXc", "(.-)X(.-)X%1Xc"), "0-7 a b");
}

TEST_F(Patterns, ShowErrorsOnlyWhereTheMatchingComes) {
    EXPECT_EQ(match("b", "a["), "none");
    EXPECT_EQ(match("a", "a["), "malformed pattern (missing ']')");
    EXPECT_EQ(match("a", "a%"), "malformed pattern (ends with '%')");
    EXPECT_EQ(match("a", "(a"), "unfinished capture");
    EXPECT_EQ(match("a", "a)"), "invalid pattern capture");
    EXPECT_EQ(match("a", "%1"), "invalid capture index");
    EXPECT_EQ(match("a", "%fa"), "missing '[' after '%f' in pattern");
    EXPECT_EQ(match("a", "%ba"), "unbalanced pattern");
    std::string captures;
    for (int i = 0; i < 33; ++i) captures += "()";
    EXPECT_EQ(match("a", captures), "too many captures");
}

TEST_F(Patterns, FindTheSameHoweverOftenTheyAreInterrupted) {
    const std::string text = "local x = { [1] = 'one', ((two)) = \"2\" } -- x = { }";
    for (const char* pattern : {"(%w+) = (%b())", "%f[%w]t%a-%f[%W]", "(['\"])(.-)%1", "[^%s]+$", ".*x", ".-x$", "%b{}", "%b((",
                                "(x)(.*)%1 = (.?)", "%%"}) {
        const std::string expected = match(text, pattern);
        EXPECT_EQ(interruptions, 0);
        for (const long slice : {1, 2, 3, 7}) EXPECT_EQ(match(text, pattern, slice), expected) << pattern;
        EXPECT_GT(interruptions, 0);
    }
}

TEST_F(Patterns, StopEvenInTheMiddleOfOneItem) {
    const std::string text(1'000'000, 'a');
    EXPECT_EQ(match(text, ".*", 10'000), "0-1000000");
    EXPECT_GE(interruptions, 99);
    EXPECT_EQ(match("(" + text, "^%b()", 10'000), "none");
    EXPECT_GE(interruptions, 99);
}

TEST_F(Patterns, GoBackFarMoreOftenThanTheObjectHasRoomFor) {
    std::string pattern;
    for (int i = 0; i < 10'000; ++i) pattern += "a?";
    EXPECT_EQ(match(std::string(5000, 'a'), pattern + "$"), "0-5000");
    EXPECT_EQ(match(std::string(10'000, 'a') + "b", pattern + "b"), "0-10001");
}

}  // namespace
}  // namespace pgredis::scripts
