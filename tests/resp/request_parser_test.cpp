#include "resp/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::resp {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Arguments = std::vector<std::string>;
using Status = RequestParser::Status;

static_assert(sizeof(RequestParser) <= 200);

struct Outcome {
    std::vector<Arguments> requests;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << testing::PrintToString(outcome.requests) << " error: " << outcome.error;
}

// What a client's connection does with one read: parse until the input is used up or refused.
void feed(RequestParser& parser, std::string_view input, Outcome& outcome) {
    while (!input.empty()) {
        const Status status = parser.parse(input);
        if (status == Status::request) outcome.requests.push_back(parser.take().arguments);
        if (status == Status::need_more) {
            EXPECT_THAT(input, IsEmpty());
        }
        if (status == Status::error) {
            outcome.error = parser.error();
            return;
        }
    }
}

Outcome parse_all(std::string_view input, Limits limits = {}) {
    RequestParser parser(limits);
    Outcome outcome;
    feed(parser, input, outcome);
    return outcome;
}

std::string error_of(std::string_view input) {
    const Outcome outcome = parse_all(input);
    EXPECT_THAT(outcome.requests, IsEmpty());
    return outcome.error;
}

// The arguments of the one request in `input`.
Arguments arguments_of(std::string_view input) {
    const Outcome outcome = parse_all(input);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.requests.size(), 1U) << input;
    return outcome.requests.empty() ? Arguments{} : outcome.requests.front();
}

std::string bulk(std::string_view bytes) { return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n"; }

TEST(RequestParserArray, TakesArgumentsOfAnyBytes) {
    EXPECT_THAT(arguments_of("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n\r\n\0*$\r\n"s), ElementsAre("SET", "k", "\r\n\0*$"s));
    EXPECT_THAT(arguments_of("*2\r\n$0\r\n\r\n$0\r\n\r\n"), ElementsAre("", ""));
}

TEST(RequestParserArray, TakesOneRequestAtATimeOfAPipeline) {
    RequestParser parser;
    std::string_view input = "*1\r\n$4\r\nPING\r\nECHO a\r\n*1\r\n";
    ASSERT_EQ(parser.parse(input), Status::request);
    EXPECT_EQ(input, "ECHO a\r\n*1\r\n");
    EXPECT_THAT(parser.take().arguments, ElementsAre("PING"));
    ASSERT_EQ(parser.parse(input), Status::request);
    EXPECT_THAT(parser.take().arguments, ElementsAre("ECHO", "a"));
    EXPECT_EQ(parser.parse(input), Status::need_more);
    EXPECT_EQ(input, "");
}

TEST(RequestParserArray, SkipsRequestsOfNoArguments) {
    EXPECT_THAT(arguments_of("*0\r\n*-1\r\n*-9223372036854775808\r\n\r\n\n \t\r\nPING\r\n"), ElementsAre("PING"));
}

TEST(RequestParserArray, DoesNotReadTheBytesBehindLengthsAndBulks) {
    EXPECT_THAT(arguments_of("*1\rX$4\rYPINGZZ"), ElementsAre("PING"));
}

TEST(RequestParserArray, WaitsForTheBytesBehindTheLastBulk) {
    RequestParser parser;
    std::string_view input = "*1\r\n$4\r\nPING\r";
    EXPECT_EQ(parser.parse(input), Status::need_more);
    input = "\n";
    EXPECT_EQ(parser.parse(input), Status::request);
}

TEST(RequestParserArray, KeepsManyArgumentsApart) {
    std::string input = "*2000\r\n";
    Arguments expected;
    for (int i = 0; i < 2000; ++i) {
        expected.push_back(std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i));
        input += bulk(expected.back());
    }
    EXPECT_EQ(arguments_of(input), expected);
}

TEST(RequestParserErrors, AreRedissTexts) {
    const std::string invalid_count = "ERR Protocol error: invalid multibulk length";
    for (const char* count : {"", "x", "01", "+1", "-0", " 1", "1 ", "2147483648", "9223372036854775808"}) {
        EXPECT_EQ(error_of("*"s + count + "\r\n"), invalid_count) << count;
    }
    const std::string invalid_length = "ERR Protocol error: invalid bulk length";
    for (const char* length : {"", "-1", "-0", "04", "+4", "4x", "536870913", "9223372036854775808"}) {
        EXPECT_EQ(error_of("*1\r\n$"s + length + "\r\n"), invalid_length) << length;
    }
    EXPECT_EQ(error_of("*1\r\nx4\r\n"), "ERR Protocol error: expected '$', got 'x'");
    EXPECT_EQ(error_of("*1\r\n\xff\r\n"), "ERR Protocol error: expected '$', got '\xff'");
    EXPECT_EQ(error_of("*1\r\n\r\n"), "ERR Protocol error: expected '$', got ' '");
    EXPECT_EQ(error_of("*1\r\n\n\r\n"), "ERR Protocol error: expected '$', got ' '");
    EXPECT_EQ(error_of("ECHO \"a\n"), "ERR Protocol error: unbalanced quotes in request");
}

TEST(RequestParserErrors, LimitsAreInclusive) {
    EXPECT_EQ(error_of("*2147483647\r\n"), "");
    EXPECT_EQ(error_of("*1\r\n$536870912\r\n"), "");
    const Limits limits{.max_bulk_bytes = 3, .max_arguments = 2};
    EXPECT_EQ(parse_all("*2\r\n$3\r\nabc\r\n", limits).error, "");
    EXPECT_EQ(parse_all("*3\r\n", limits).error, "ERR Protocol error: invalid multibulk length");
    EXPECT_EQ(parse_all("*2\r\n$4\r\n", limits).error, "ERR Protocol error: invalid bulk length");
}

TEST(RequestParserErrors, LinesEndWithin64KiB) {
    const std::string full(65536, 'a');
    EXPECT_EQ(error_of(full), "");
    EXPECT_EQ(error_of(full + "a"), "ERR Protocol error: too big inline request");
    EXPECT_EQ(error_of(full + "a\n"), "ERR Protocol error: too big inline request");
    EXPECT_EQ(arguments_of(full + "\n").at(0).size(), 65536U);

    const std::string digits(65535, '1');
    EXPECT_EQ(error_of("*" + digits), "");
    EXPECT_EQ(error_of("*1" + digits), "ERR Protocol error: too big mbulk count string");
    EXPECT_EQ(error_of("*1\r\n$" + digits), "");
    EXPECT_EQ(error_of("*1\r\n$1" + digits), "ERR Protocol error: too big bulk count string");
}

TEST(RequestParserErrors, LinesDoNotEndBehindNul) {
    EXPECT_EQ(parse_all("PI\0NG\r\nPING\r\n"s), Outcome());
    EXPECT_EQ(parse_all("*1\0\r\n$4\r\nPING\r\n"s), Outcome());
    EXPECT_EQ(parse_all("*1\r\n$4\0\r\nPING\r\n"s), Outcome());
    RequestParser parser;
    Outcome outcome;
    for (const auto& piece : {"PI\0NG"s, "\n"s, "PING\n"s}) feed(parser, piece, outcome);
    EXPECT_EQ(outcome, Outcome());
    const std::string rest(65536, '\n');
    EXPECT_EQ(error_of("\0"s + rest), "ERR Protocol error: too big inline request");
    EXPECT_EQ(error_of("*1\0"s + rest), "ERR Protocol error: too big mbulk count string");
    EXPECT_EQ(error_of("*1\r\n\0"s + rest), "ERR Protocol error: too big bulk count string");
}

TEST(RequestParserErrors, AreFinal) {
    RequestParser parser;
    std::string_view input = "*x\r\nPING\r\n";
    EXPECT_EQ(parser.parse(input), Status::error);
    EXPECT_EQ(parser.parse(input), Status::error);
    EXPECT_EQ(parser.error(), "ERR Protocol error: invalid multibulk length");
    input = "";
    EXPECT_EQ(parser.parse(input), Status::error);
    EXPECT_THAT(parser.direct_buffer(), IsEmpty());
    EXPECT_EQ(parser.buffered_bytes(), 0U);
}

TEST(RequestParserErrors, FollowRequestsThatWereFine) {
    const Outcome outcome = parse_all("PING\r\n*1\r\nx\r\n");
    EXPECT_THAT(outcome.requests, ElementsAre(ElementsAre("PING")));
    EXPECT_EQ(outcome.error, "ERR Protocol error: expected '$', got 'x'");
}

TEST(RequestParserAuthentication, LimitsCountsAndLengthsUntilDone) {
    const auto unauthenticated = [](std::string_view input) {
        RequestParser parser;
        parser.set_authenticated(false);
        Outcome outcome;
        feed(parser, input, outcome);
        return outcome.error;
    };
    EXPECT_EQ(unauthenticated("*10\r\n$16384\r\n"), "");
    EXPECT_EQ(unauthenticated("*11\r\n"), "ERR Protocol error: unauthenticated multibulk length");
    EXPECT_EQ(unauthenticated("*1\r\n$16385\r\n"), "ERR Protocol error: unauthenticated bulk length");
    EXPECT_EQ(unauthenticated("*2147483648\r\n"), "ERR Protocol error: invalid multibulk length");
    EXPECT_EQ(unauthenticated("*1\r\n$536870913\r\n"), "ERR Protocol error: invalid bulk length");

    RequestParser parser;
    parser.set_authenticated(false);
    parser.set_authenticated(true);
    Outcome outcome;
    feed(parser, "*11\r\n$16385\r\n", outcome);
    EXPECT_EQ(outcome.error, "");
}

TEST(RequestParserInline, EndsAtLfWithOrWithoutCr) {
    EXPECT_THAT(arguments_of("PING\n"), ElementsAre("PING"));
    EXPECT_THAT(arguments_of("PING\r\n"), ElementsAre("PING"));
    EXPECT_THAT(arguments_of("$4\r\n"), ElementsAre("$4"));
    EXPECT_EQ(error_of("PING\r"), "");
}

TEST(RequestParserInline, SplitsAtBlanks) {
    EXPECT_THAT(arguments_of(" \t\v\fECHO \r a\rb  \t\r\r\n"), ElementsAre("ECHO", "a", "b"));
    EXPECT_THAT(arguments_of("a\vb\fc \vd\v\n"), ElementsAre("a\vb\fc", "d\v"));
    EXPECT_THAT(arguments_of("\xff\xa0\xfe\n"), ElementsAre("\xff\xa0\xfe"));
}

TEST(RequestParserInline, UnescapesInDoubleQuotes) {
    EXPECT_THAT(arguments_of(R"("\n\r\t\b\a\\\"\q'")"s + "\n"), ElementsAre("\n\r\t\b\a\\\"q'"));
    EXPECT_THAT(arguments_of(R"("\x41\x0a\xfF\x00z")"s + "\n"), ElementsAre("A\n\xff\0z"s));
    EXPECT_THAT(arguments_of(R"("\xZZ\x4\xg1")"s + "\n"), ElementsAre("xZZx4xg1"));
    EXPECT_THAT(arguments_of(R"(a"b c" "")"s + "\n"), ElementsAre("ab c", ""));
    EXPECT_THAT(arguments_of("\"a\"\v\"b\"\n"), ElementsAre("a", "b"));
}

TEST(RequestParserInline, KeepsSingleQuotedTextButForTheQuote) {
    EXPECT_THAT(arguments_of(R"('a\'b\n\\"' a'b c' '')"s + "\n"), ElementsAre("a'b\\n\\\\\"", "ab c", ""));
}

TEST(RequestParserInline, KeepsBackslashesOutsideQuotes) { EXPECT_THAT(arguments_of("a\\n\\x41\n"), ElementsAre("a\\n\\x41")); }

TEST(RequestParserInline, RefusesUnbalancedQuotes) {
    for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"a\"\"b\"", "\"a\\", "\"a\\\"", "'a\\'", "a\"", "a'", "\"\\x4"}) {
        EXPECT_EQ(error_of(line + "\n"s), "ERR Protocol error: unbalanced quotes in request") << line;
        EXPECT_EQ(error_of(line + "\r\n"s), "ERR Protocol error: unbalanced quotes in request") << line;
    }
}

// Every way of cutting a stream in two, and into single bytes, has to give what the whole gives.
class RequestParserSplits : public testing::TestWithParam<std::string> {};

TEST_P(RequestParserSplits, GiveTheSame) {
    const std::string_view stream = GetParam();
    const Outcome whole = parse_all(stream);
    ASSERT_FALSE(whole.requests.empty() && whole.error.empty());
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        RequestParser parser;
        Outcome outcome;
        feed(parser, stream.substr(0, cut), outcome);
        if (outcome.error.empty()) feed(parser, stream.substr(cut), outcome);
        ASSERT_EQ(outcome, whole) << "cut at " << cut;
    }
    RequestParser parser;
    Outcome outcome;
    for (std::size_t i = 0; i < stream.size() && outcome.error.empty(); ++i) feed(parser, stream.substr(i, 1), outcome);
    EXPECT_EQ(outcome, whole);
}

INSTANTIATE_TEST_SUITE_P(Streams, RequestParserSplits,
                         testing::Values("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$30\r\nlonger\r\nthan\0any small string\r\n\r\n"s,
                                         "*1\r\n$4\r\nPING\r\n*0\r\n*-1\r\n\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\nPING\r\n",
                                         "SET k \"a\\x41\\n b\"\r\nSET k 'it\\'s'\n\n\r\nGET a_key_longer_than_fifteen_bytes\r\n",
                                         "*1\rX$4\rYPINGZZ*1\rX$4\rYPONGZZ", "PING\r\n*2\r\n$4\r\nECHO\r\n\r\r\n",
                                         "PING\r\n*1\r\n$-1\r\n", "*1\r\n$04\r\n", "*00000000000000000000000001\r\n",
                                         "\n\nECHO \"a\"b\r\nPING\r\n",
                                         "GET \"" + std::string(700, 'x') + "\"\r\n*1\r\n" + bulk(std::string(900, 'y'))));

TEST(RequestParserDirect, IsForBulksOf32KiBAndMore) {
    RequestParser parser;
    EXPECT_THAT(parser.direct_buffer(), IsEmpty());
    std::string_view input = "*2\r\n$32767\r\n";
    parser.parse(input);
    EXPECT_THAT(parser.direct_buffer(), IsEmpty());
    const std::string small = std::string(32767, 'x') + "\r\n$32768\r";
    input = small;
    parser.parse(input);
    EXPECT_THAT(parser.direct_buffer(), IsEmpty()) << "the LF is still to come";
    input = "\n";
    parser.parse(input);
    EXPECT_FALSE(parser.direct_buffer().empty());
}

// Receives the rest of a request through direct_buffer(), `step` bytes at most at a time; returns how often.
int receive_directly(RequestParser& parser, std::string_view rest, std::size_t step, Status& status) {
    int reads = 0;
    while (!rest.empty()) {
        const auto window = parser.direct_buffer();
        const std::size_t n = std::min({window.size(), rest.size(), step});
        if (n == 0) break;
        std::memcpy(window.data(), rest.data(), n);
        rest.remove_prefix(n);
        status = parser.commit_direct(n);
        ++reads;
    }
    EXPECT_THAT(rest, IsEmpty());
    return reads;
}

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
    return text;
}

TEST(RequestParserDirect, ReceivesTheBulkWithItsLineEnd) {
    const std::string value = pattern(1'000'000);
    for (const std::size_t step : {std::size_t{1000}, std::size_t{16384}, value.size() * 2}) {
        RequestParser parser;
        const std::string begun = "*2\r\n$3\r\nSET\r\n$1000000\r\n" + value.substr(0, 10);
        std::string_view input = begun;
        ASSERT_EQ(parser.parse(input), Status::need_more);
        Status status = Status::need_more;
        const int reads = receive_directly(parser, value.substr(10) + "\r\n", step, status);
        ASSERT_EQ(status, Status::request);
        if (step > value.size()) {
            EXPECT_LT(reads, 10);
        }
        EXPECT_EQ(parser.take().arguments, (Arguments{"SET", value}));
        EXPECT_THAT(parser.direct_buffer(), IsEmpty());
        EXPECT_EQ(parser.buffered_bytes(), 0U);
    }
}

TEST(RequestParserDirect, IsFollowedByFurtherArguments) {
    RequestParser parser;
    const std::string value = pattern(40'000);
    std::string_view input = "*2\r\n$40000\r\n";
    ASSERT_EQ(parser.parse(input), Status::need_more);
    Status status = Status::request;
    receive_directly(parser, value + "\r\n", value.size(), status);
    EXPECT_EQ(status, Status::need_more);
    EXPECT_THAT(parser.direct_buffer(), IsEmpty());
    input = "$1\r\nb\r\nPING\r\n";
    ASSERT_EQ(parser.parse(input), Status::request);
    EXPECT_EQ(parser.take().arguments, (Arguments{value, "b"}));
    EXPECT_EQ(input, "PING\r\n");
}

TEST(RequestParserDirect, MayBeMixedWithParse) {
    const std::string value = pattern(200'000);
    const std::string end = value.substr(50'000) + "\r\nPING\r\n";
    RequestParser parser;
    std::string_view input = "*1\r\n$200000\r\n";
    parser.parse(input);
    Status status = Status::need_more;
    receive_directly(parser, std::string_view(value).substr(0, 50'000), 7'000, status);
    ASSERT_FALSE(parser.direct_buffer().empty());
    input = end;
    ASSERT_EQ(parser.parse(input), Status::request);
    EXPECT_EQ(parser.take().arguments, Arguments{value});
    EXPECT_EQ(input, "PING\r\n");
}

TEST(RequestParserMemory, IsNoneWhenIdle) {
    RequestParser parser;
    EXPECT_EQ(parser.buffered_bytes(), 0U);
    Outcome outcome;
    for (const char* piece : {"PING and a line longer than a small string", " in two pieces\r\n", "*1\r\n$40\r\n",
                              "a bulk longer than a", " small string, too..\r\n", "*0\r\n"}) {
        feed(parser, piece, outcome);
    }
    EXPECT_EQ(outcome.requests.size(), 2U);
    EXPECT_EQ(parser.buffered_bytes(), 0U);
}

TEST(RequestParserMemory, CountsWhatIsUnfinished) {
    RequestParser parser;
    std::string_view input = "PING half a line";
    parser.parse(input);
    EXPECT_EQ(parser.buffered_bytes(), 16U);

    RequestParser other;
    const std::string two = "*3\r\n" + bulk(std::string(1000, 'a')) + "$1000\r\n" + std::string(600, 'b');
    input = two;
    other.parse(input);
    EXPECT_GE(other.buffered_bytes(), 1600U + 3 * sizeof(std::string));
    EXPECT_LT(other.buffered_bytes(), 2500U);
}

TEST(RequestParserMemory, CountsEmptyArguments) {
    std::string input = "*2147483647\r\n";
    for (int i = 0; i < 10'000; ++i) input += "$0\r\n\r\n";
    RequestParser parser;
    Outcome outcome;
    feed(parser, input, outcome);
    EXPECT_GE(parser.buffered_bytes(), 10'000 * sizeof(std::string));
}

TEST(RequestParserMemory, IsNotMadeForLengthsMerelyAnnounced) {
    RequestParser parser;
    std::string_view input = "*2147483647\r\n$536870912\r\n";
    parser.parse(input);
    EXPECT_LE(parser.buffered_bytes(), 2048U);
    input = "x";
    parser.parse(input);
    EXPECT_LE(parser.buffered_bytes(), 2048U);
    EXPECT_LE(parser.direct_buffer().size(), 16384U);
    EXPECT_LE(parser.buffered_bytes(), 20'000U);

    const std::string arrived(100'000, 'x');
    input = arrived;
    parser.parse(input);
    EXPECT_LE(parser.direct_buffer().size(), 120'000U);
    EXPECT_LE(parser.buffered_bytes(), 250'000U);
}

}  // namespace
}  // namespace pgredis::resp
