#include "commands/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace pgredis::commands {
namespace {

struct Case {
    std::string pattern;
    std::string text;
    bool matches;
};

TEST(Glob, FollowsRedis) {
    const Case cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abc", "ABC", false},
        {"?", "a", true},
        {"?", "", false},
        {"??", "a", false},
        {"*", "", false},  // nothing is matched by nothing only
        {"**", "a", true},
        {"*", "anything", true},
        {"a*", "a", true},
        {"*a", "bca", true},
        {"*a", "ab", false},
        {"a*c", "abbc", true},
        {"a*c", "abbcd", false},
        {"*ab*ab*", "xabyab", true},
        {"*ab*ab*", "xabya", false},
        {"*a?c", "aabc", true},
        {"h[ae]llo", "hello", true},
        {"h[ae]llo", "hillo", false},
        {"h[^e]llo", "hallo", true},
        {"h[^e]llo", "hello", false},
        {"h[^]llo", "hello", true},  // a negated class of nothing
        {"[a-c]", "b", true},
        {"[a-c]", "d", false},
        {"[c-a]", "b", true},  // either way round
        {"[a-]", "-", false},  // a range from ']' to 'a', and then unclosed
        {"[a-]", "^", true},
        {"[-a]", "-", true},
        {"[a-c-e]", "d", false},
        {"[]", "a", false},
        {"[]", "]", false},
        {"[^]", "a", true},
        {"[abc", "b", true},  // unclosed
        {"[abc", "d", false},
        {"[a-", "-", true},
        {"[", "[", false},
        {"[^", "a", true},
        {"[\\]]", "]", true},
        {"[\\a-c]", "-", true},  // an escaped byte begins no range
        {"[\\a-c]", "b", false},
        {"[\\", "\\", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\?b", "?b", true},
        {"\\a", "a", true},
        {"\\", "\\", true},
        {"a\\", "a\\", true},
        {"\\\\", "\\", true},
        {"*\\*", "ab*", true},
        {"[*]", "*", true},
        {"[?]", "a", false},
        {std::string("a\0b", 3), std::string("a\0b", 3), true},
        {"a?b", std::string("a\0b", 3), true},
        {"\xff?", "\xff\xfe", true},
        {"[\xf0-\xff]", "\xf8", true},
        {"[\xf0-\xff]", "a", false},
        {"[a-\xff]", "b", false},  // signed: from -1 to 'a'
        {"[a-\xff]", "A", true},
    };
    for (const auto& [pattern, text, matches] : cases) {
        EXPECT_EQ(glob_matches(pattern, text, false), matches) << "'" << pattern << "' and '" << text << "'";
    }
}

TEST(Glob, CaseIsIgnoredWhenAsked) {
    EXPECT_TRUE(glob_matches("MAX*", "maxmemory", true));
    EXPECT_FALSE(glob_matches("MAX*", "maxmemory", false));
    EXPECT_TRUE(glob_matches("[A-C]x", "bX", true));
    EXPECT_TRUE(glob_matches("\\A", "a", true));
    EXPECT_FALSE(glob_matches("[^A]", "a", true));
}

// Redis's own way of matching took years for some of these.
TEST(Glob, NoPatternTakesForEver) {
    std::string stars;
    for (int i = 0; i < 2000; ++i) stars += "*a";
    const std::string text(20000, 'a');
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(glob_matches(stars + "b", text, false));
    EXPECT_FALSE(glob_matches(std::string(10000, '*') + "b", text, false));
    EXPECT_FALSE(glob_matches("*[a]*[a]*[a]*[a]*[a]*[a]*[a]*[a]*[^a]", text, false));
    EXPECT_FALSE(glob_matches("*?*?*?*?*?*?*?*?*?*?*?*?b", text, false));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace pgredis::commands
