#include "clients/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "postgres/value.h"

namespace pgredis::clients {
namespace {

using ::testing::SizeIs;

std::string base64(std::string_view bytes, std::size_t line = 76) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    std::size_t column = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j)
            bits = bits << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : alphabet[bits >> (18 - 6 * j) & 63U];
        column += 4;
        if (column == line) {
            text += '\n';
            column = 0;
        }
    }
    return text;
}

std::string frame(char kind, std::string_view channel, std::string_view text) {
    std::string bytes(1, kind);
    postgres::append_int32(bytes, static_cast<std::uint32_t>(channel.size()));
    bytes += channel;
    postgres::append_int32(bytes, static_cast<std::uint32_t>(text.size()));
    return bytes.append(text);
}

TEST(Messages, AreTakenFromANotificationInOrder) {
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    std::string reference = "r";
    postgres::append_int64(reference, 7'000'000'000ULL);
    const auto messages = decode_messages("17 " + base64(frame('c', "news", all_bytes) + reference + frame('s', "", "x")));
    ASSERT_TRUE(messages);
    ASSERT_THAT(*messages, SizeIs(3));
    EXPECT_EQ(messages->at(0).kind, 'c');
    EXPECT_EQ(messages->at(0).channel, "news");
    EXPECT_EQ(messages->at(0).text, all_bytes);
    EXPECT_EQ(messages->at(0).id, 0);
    EXPECT_EQ(messages->at(1).id, 7'000'000'000);
    EXPECT_EQ(messages->at(2).kind, 's');
    EXPECT_EQ(messages->at(2).channel, "");
    EXPECT_EQ(messages->at(2).text, "x");
}

TEST(Messages, OfEveryLength) {
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string text(size, 'x');
        const auto messages = decode_messages("1 " + base64(frame('c', "a", text)));
        ASSERT_TRUE(messages) << size;
        EXPECT_EQ(messages->at(0).text, text);
    }
}

TEST(Messages, WhatIsNoneOfOursIsRefused) {
    EXPECT_FALSE(decode_messages(""));
    EXPECT_FALSE(decode_messages("hello"));
    EXPECT_FALSE(decode_messages("hello world"));
    EXPECT_FALSE(decode_messages("1 " + base64("r1234567")));
    EXPECT_FALSE(decode_messages("1 " + base64("c")));
    const auto good = frame('c', "news", "hello");
    for (std::size_t size = 1; size < good.size(); ++size)
        EXPECT_FALSE(decode_messages("1 " + base64(good.substr(0, size)))) << size;
    EXPECT_FALSE(decode_messages("1 " + base64(std::string("c\xff\xff\xff\xff", 5) + "news")));
}

TEST(Messages, Hexadecimal) {
    EXPECT_EQ(decode_hex(""), "");
    EXPECT_EQ(decode_hex("00ff61"), std::string("\0\xff"
                                                "a",
                                                3));
    EXPECT_EQ(decode_hex("61zz62"), "a");
    EXPECT_EQ(decode_hex("616"), "a");
}

}  // namespace
}  // namespace pgredis::clients
