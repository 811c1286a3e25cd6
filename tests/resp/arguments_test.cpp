#include "resp/arguments.h"

#include <gtest/gtest.h>

namespace pgredis::resp {
namespace {

using Arguments = std::vector<std::string>;

TEST(Arguments, AreSeparatedByBlanks) {
    EXPECT_EQ(split_arguments("a  b\tc\r"), (Arguments{"a", "b", "c"}));
    EXPECT_EQ(split_arguments(" \v\fa\v\fb "), (Arguments{"a\v\fb"})) << "the lesser blanks end no word";
    EXPECT_EQ(split_arguments(""), Arguments{});
    EXPECT_EQ(split_arguments(" \r\n"), Arguments{});
    EXPECT_EQ(split_arguments(std::string_view("a\0b c", 5)), (Arguments{std::string("a\0b", 3), "c"}));
}

TEST(Arguments, MayBeQuoted) {
    EXPECT_EQ(split_arguments(R"("a b" 'c\'d' "" '')"), (Arguments{"a b", "c'd", "", ""}));
    EXPECT_EQ(split_arguments(R"("\x41\n\r\t\b\a\q\"\xzz\x4")"), (Arguments{"A\n\r\t\b\aq\"xzzx4"}));
    EXPECT_EQ(split_arguments(R"('\x41\n')"), (Arguments{R"(\x41\n)"}));
    EXPECT_EQ(split_arguments(R"(a"b c" d'e')"), (Arguments{"ab c", "de"}));
}

TEST(Arguments, AreNoneWhenQuotesAreUnbalanced) {
    for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"a\\", "\"a\\\"", "'a\\'", "a\""}) {
        EXPECT_EQ(split_arguments(line), std::nullopt) << line;
    }
}

}  // namespace
}  // namespace pgredis::resp
