#include "resp/reply_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace pgredis::resp {
namespace {

using namespace std::string_literals;

std::string written(Protocol protocol, const std::function<void(ReplyWriter&)>& write) {
    std::string out = "before";
    ReplyWriter writer(out, protocol);
    write(writer);
    EXPECT_TRUE(out.starts_with("before"));
    return out.substr(6);
}

void expect_reply(const std::function<void(ReplyWriter&)>& write, const std::string& resp2, const std::string& resp3) {
    EXPECT_EQ(written(Protocol::resp2, write), resp2);
    EXPECT_EQ(written(Protocol::resp3, write), resp3);
}

void expect_in_both(const std::function<void(ReplyWriter&)>& write, const std::string& reply) {
    expect_reply(write, reply, reply);
}

TEST(ReplyWriter, KnowsItsProtocol) {
    std::string out;
    EXPECT_EQ(ReplyWriter(out, Protocol::resp2).protocol(), Protocol::resp2);
    EXPECT_EQ(ReplyWriter(out, Protocol::resp3).protocol(), Protocol::resp3);
}

TEST(ReplyWriter, WritesSimpleStringsOnOneLine) {
    expect_in_both([](auto& w) { w.simple_string("OK"); }, "+OK\r\n");
    expect_in_both([](auto& w) { w.simple_string(""); }, "+\r\n");
    expect_in_both([](auto& w) { w.simple_string("a\r\nb\n"); }, "+a  b \r\n");
}

TEST(ReplyWriter, WritesErrorsOnOneLine) {
    expect_in_both([](auto& w) { w.error("WRONGTYPE no"); }, "-WRONGTYPE no\r\n");
    expect_in_both([](auto& w) { w.error("\r\nERR a\r\nb\nc\r\n\n"); }, "-ERR a  b c\r\n");
    expect_in_both([](auto& w) { w.error("\r\n"); }, "-\r\n");
    expect_in_both([](auto& w) { w.error(""); }, "-\r\n");
}

TEST(ReplyWriter, WritesIntegers) {
    expect_in_both([](auto& w) { w.integer(0); }, ":0\r\n");
    expect_in_both([](auto& w) { w.integer(-42); }, ":-42\r\n");
    expect_in_both([](auto& w) { w.integer(std::numeric_limits<std::int64_t>::min()); }, ":-9223372036854775808\r\n");
    expect_in_both([](auto& w) { w.integer(std::numeric_limits<std::int64_t>::max()); }, ":9223372036854775807\r\n");
}

TEST(ReplyWriter, WritesBulksAsTheyAre) {
    expect_in_both([](auto& w) { w.bulk(""); }, "$0\r\n\r\n");
    expect_in_both([](auto& w) { w.bulk("a\r\n\0\xff"s); }, "$5\r\na\r\n\0\xff\r\n"s);
    const std::string big(100'000, 'x');
    expect_in_both([&](auto& w) { w.bulk(big); }, "$100000\r\n" + big + "\r\n");
}

TEST(ReplyWriter, WritesNulls) {
    expect_reply([](auto& w) { w.null(); }, "$-1\r\n", "_\r\n");
    expect_reply([](auto& w) { w.null_array(); }, "*-1\r\n", "_\r\n");
}

TEST(ReplyWriter, WritesHeadersOfAggregates) {
    expect_in_both([](auto& w) { w.array(0); }, "*0\r\n");
    expect_in_both([](auto& w) { w.array(1'000'000); }, "*1000000\r\n");
    expect_reply([](auto& w) { w.map(3); }, "*6\r\n", "%3\r\n");
    expect_reply([](auto& w) { w.set(3); }, "*3\r\n", "~3\r\n");
    expect_reply([](auto& w) { w.push(3); }, "*3\r\n", ">3\r\n");
}

TEST(ReplyWriter, WritesDoubles) {
    expect_reply([](auto& w) { w.double_number(3.1); }, "$18\r\n3.1000000000000001\r\n", ",3.1000000000000001\r\n");
    expect_reply([](auto& w) { w.double_number(-std::numeric_limits<double>::infinity()); }, "$4\r\n-inf\r\n", ",-inf\r\n");
    expect_reply([](auto& w) { w.double_number(10); }, "$2\r\n10\r\n", ",10\r\n");
}

TEST(ReplyWriter, WritesBooleans) {
    expect_reply([](auto& w) { w.boolean(true); }, ":1\r\n", "#t\r\n");
    expect_reply([](auto& w) { w.boolean(false); }, ":0\r\n", "#f\r\n");
}

TEST(ReplyWriter, WritesVerbatimText) {
    expect_reply([](auto& w) { w.verbatim("txt", "a\nb"); }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n");
}

TEST(ReplyWriter, WritesBigNumbers) {
    expect_reply([](auto& w) { w.big_number("-123456789012345678901"); }, "$22\r\n-123456789012345678901\r\n",
                 "(-123456789012345678901\r\n");
}

}  // namespace
}  // namespace pgredis::resp
