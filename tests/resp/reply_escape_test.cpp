#include "resp/reply_escape.h"

#include <gtest/gtest.h>

#include <string>

namespace pgredis::resp {
namespace {

using namespace std::string_literals;

TEST(Quote, KeepsPrintableAscii) {
    EXPECT_EQ(quote(""), "\"\"");
    EXPECT_EQ(quote(" a~'{%s}"), "\" a~'{%s}\"");
}

TEST(Quote, EscapesQuotesBackslashesAndControls) { EXPECT_EQ(quote("\\\"\n\r\t\a\b"), R"("\\\"\n\r\t\a\b")"); }

TEST(Quote, EscapesOtherBytesAsHexadecimal) { EXPECT_EQ(quote("\0\x1f\x7f\x80\xff\v"s), R"("\x00\x1f\x7f\x80\xff\x0b")"); }

}  // namespace
}  // namespace pgredis::resp
