#include "resp/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

// What is expected here was observed on Redis 7.0: SETRANGE-like integer arguments, ZADD and ZSCORE.
namespace pgredis::resp {
namespace {

using namespace std::string_literals;

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(ParseInteger, TakesTheCanonicalSpelling) {
    EXPECT_EQ(parse_integer("0"), 0);
    EXPECT_EQ(parse_integer("7"), 7);
    EXPECT_EQ(parse_integer("-1"), -1);
    EXPECT_EQ(parse_integer("1234567890"), 1234567890);
    EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(ParseInteger, RefusesAnythingElse) {
    for (const auto& text : {""s,
                             "-"s,
                             "+1"s,
                             "-0"s,
                             "00"s,
                             "01"s,
                             "-01"s,
                             "--1"s,
                             " 1"s,
                             "1 "s,
                             "1\n"s,
                             "1\0"s,
                             "\0"s,
                             "1.0"s,
                             "1e3"s,
                             "0x1"s,
                             "a"s,
                             "9223372036854775808"s,
                             "-9223372036854775809"s,
                             "123456789012345678901234567890"s}) {
        EXPECT_EQ(parse_integer(text), std::nullopt) << testing::PrintToString(text);
    }
}

TEST(ParseDouble, TakesWhatStrtodTakes) {
    EXPECT_EQ(parse_double("3.1"), 3.1);
    EXPECT_EQ(parse_double("+5"), 5);
    EXPECT_EQ(parse_double(".5"), 0.5);
    EXPECT_EQ(parse_double("5."), 5);
    EXPECT_EQ(parse_double("1E-5"), 1e-5);
    EXPECT_EQ(parse_double("0x1p3"), 8);
    EXPECT_EQ(parse_double("0X10"), 16);
    EXPECT_EQ(parse_double("0e-999"), 0);
    EXPECT_EQ(parse_double(std::string(30, '1')), 111111111111111111111111111111.0);
    for (const char* text : {"inf", "+inf", "INF", "Infinity"}) EXPECT_EQ(parse_double(text), infinity) << text;
    EXPECT_EQ(parse_double("-iNfInItY"), -infinity);
    ASSERT_TRUE(parse_double("-0").has_value());
    EXPECT_TRUE(std::signbit(*parse_double("-0")));
}

TEST(ParseDouble, RefusesNanBlanksAndRests) {
    for (const auto& text : {""s, " 1"s, "\t1"s, "\v1"s, "1 "s, "1\0"s, "1\0002"s, "nan"s, "-nan"s, "NAN(1)"s, "0x"s, "1e"s,
                             "1e+"s, "--1"s, "1_0"s, "1,5"s, "in"s, "infi"s, "1f"s}) {
        EXPECT_EQ(parse_double(text), std::nullopt) << testing::PrintToString(text);
    }
}

TEST(ParseDouble, RefusesOverflowAndUnderflowToZero) {
    EXPECT_EQ(parse_double("1.7976931348623157e308"), std::numeric_limits<double>::max());
    for (const auto& text : {"1.7976931348623159e308"s, "1e400"s, "-1e400"s, std::string(400, '1')}) {
        EXPECT_EQ(parse_double(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_double("1e-320"), 1e-320);
    EXPECT_EQ(parse_double("5e-324"), std::numeric_limits<double>::denorm_min());
    for (const auto& text : {"2e-324"s, "1e-400"s, "0x1p-1080"s, "0." + std::string(500, '0') + "1"}) {
        EXPECT_EQ(parse_double(text), std::nullopt) << text;
    }
}

TEST(FormatDouble, HasSeventeenDigits) {
    EXPECT_EQ(format_double(0), "0");
    EXPECT_EQ(format_double(-0.0), "-0");
    EXPECT_EQ(format_double(100), "100");
    EXPECT_EQ(format_double(0.1), "0.10000000000000001");
    EXPECT_EQ(format_double(3.1), "3.1000000000000001");
    EXPECT_EQ(format_double(3.141), "3.141");
    EXPECT_EQ(format_double(1e-5), "1.0000000000000001e-05");
    EXPECT_EQ(format_double(1e16), "10000000000000000");
    EXPECT_EQ(format_double(1e17), "1e+17");
    EXPECT_EQ(format_double(1e20), "1e+20");
    EXPECT_EQ(format_double(123456789012345678.0), "1.2345678901234568e+17");
    EXPECT_EQ(format_double(5e-324), "4.9406564584124654e-324");
    EXPECT_EQ(format_double(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
    EXPECT_EQ(format_double(infinity), "inf");
    EXPECT_EQ(format_double(-infinity), "-inf");
}

}  // namespace
}  // namespace pgredis::resp
