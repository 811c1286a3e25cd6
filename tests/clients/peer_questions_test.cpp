#include "clients/peer_questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pgredis::clients {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST(Escape, MakesAnyBytesPrintable) {
    EXPECT_EQ(escape("id=7 name=a\n"), "id=7 name=a%0A");
    EXPECT_EQ(escape("%\"\\\xff"), "%25%22%5C%FF");
    const auto text = escape(all_bytes());
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }));
    EXPECT_EQ(unescape(text), all_bytes());
}

TEST(Escape, TakesWhatIsNoneAsItStands) {
    EXPECT_EQ(unescape("%"), "%");
    EXPECT_EQ(unescape("%4"), "%4");
    EXPECT_EQ(unescape("%zz"), "%zz");
    EXPECT_EQ(unescape("%41%4"), "A%4");
}

TEST(Words, AreOneLine) {
    EXPECT_EQ(join_words({"CLIENT", "KILL", "ADDR", "1.2.3.4:5"}), "CLIENT KILL ADDR 1.2.3.4:5");
    EXPECT_THAT(split_words("CLIENT KILL ADDR 1.2.3.4:5"), ElementsAre("CLIENT", "KILL", "ADDR", "1.2.3.4:5"));
}

TEST(Words, MayBeEmptyOrAnyBytes) {
    const std::vector<std::string> words{"", "a b", all_bytes(), "", ""};
    EXPECT_EQ(split_words(join_words(words)), words);
    EXPECT_EQ(split_words(join_words({""})), std::vector<std::string>{""});
}

TEST(Parts, AreShortEnoughForANotification) {
    EXPECT_THAT(split_into_parts(""), ElementsAre("1/1 "));
    EXPECT_THAT(split_into_parts("short"), ElementsAre("1/1 short"));
    const auto parts = split_into_parts(std::string(100'000, 'x'));
    EXPECT_EQ(parts.size(), 13U);
    EXPECT_TRUE(std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.size() < 7900; }));
}

TEST(Parts, ComeTogetherInAnyOrder) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += std::to_string(i);
    auto parts = split_into_parts(text);
    for (int turn = 0; turn < 2; ++turn) {
        Parts joined;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) EXPECT_EQ(joined.add(parts[i]), std::nullopt);
        EXPECT_EQ(joined.add(parts.back()), text);
        std::reverse(parts.begin(), parts.end());
    }
}

TEST(Parts, PassOverWhatIsNone) {
    Parts parts;
    for (const auto* text : {"", "1", "1/2", "/ x", "0/2 x", "3/2 x", "a/b x", " 1/2 x", "1/-1 x"})
        EXPECT_EQ(parts.add(text), std::nullopt) << text;
    EXPECT_EQ(parts.add("1/2 a"), std::nullopt);
    EXPECT_EQ(parts.add("1/2 again"), std::nullopt);
    EXPECT_EQ(parts.add("2/3 of another text"), std::nullopt);
    EXPECT_EQ(parts.add("2/2 b"), "ab");
}

class PeerQuestionsTest : public ::testing::Test {
 protected:
    std::int64_t open(std::uint64_t now = 0) {
        return questions_.open(
            [this](const std::vector<std::string>& answers) {
                ++ended_;
                answers_ = answers;
            },
            now);
    }

    PeerQuestions questions_;
    int ended_ = 0;
    std::vector<std::string> answers_;
};

TEST_F(PeerQuestionsTest, EndWhenAllHaveAnswered) {
    const auto number = open();
    questions_.asked(number, {2, 1});
    questions_.answered(number, 2, "1/1 two");
    EXPECT_EQ(ended_, 0);
    questions_.answered(number, 1, "1/2 o");
    EXPECT_EQ(ended_, 0);
    questions_.answered(number, 1, "2/2 n%65");
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, ElementsAre("one", "two"));
    EXPECT_TRUE(questions_.empty());
}

TEST_F(PeerQuestionsTest, EndAtOnceWhenNobodyIsAsked) {
    questions_.asked(open(), {});
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, IsEmpty());
}

TEST_F(PeerQuestionsTest, MayBeAnsweredBeforeItIsKnownWhoWasAsked) {
    const auto number = open();
    questions_.answered(number, 1, "1/1 early");
    EXPECT_EQ(ended_, 0);
    questions_.asked(number, {1});
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, ElementsAre("early"));
}

TEST_F(PeerQuestionsTest, AreToldApart) {
    const auto first = open();
    const auto second = open();
    questions_.asked(first, {1});
    questions_.asked(second, {1});
    questions_.answered(second, 1, "1/1 second");
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, ElementsAre("second"));
    questions_.answered(second, 1, "1/1 once more");
    EXPECT_EQ(ended_, 1);
    questions_.answered(first, 1, "1/1 first");
    EXPECT_EQ(ended_, 2);
    EXPECT_THAT(answers_, ElementsAre("first"));
}

TEST_F(PeerQuestionsTest, ExpectNothingOfTheDead) {
    const auto number = open();
    const auto unsent = open();
    questions_.asked(number, {1, 2, 3});
    questions_.answered(number, 1, "1/1 one");
    questions_.answered(number, 2, "1/2 half");
    questions_.keep({2, 3});
    EXPECT_EQ(ended_, 0);
    questions_.keep({});
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, ElementsAre("one"));
    questions_.asked(unsent, {1});
    EXPECT_EQ(ended_, 1);
}

TEST_F(PeerQuestionsTest, EndWhenTheyWaitForTooLong) {
    const auto number = open(1000);
    open(2000);
    questions_.asked(number, {1, 2});
    questions_.answered(number, 2, "1/1 two");
    EXPECT_EQ(questions_.expire(1000), 0U);
    EXPECT_EQ(questions_.expire(1001), 1U);
    EXPECT_EQ(ended_, 1);
    EXPECT_THAT(answers_, ElementsAre("two"));
    EXPECT_FALSE(questions_.empty());
    EXPECT_EQ(questions_.expire(UINT64_MAX), 1U);
    EXPECT_TRUE(questions_.empty());
}

TEST_F(PeerQuestionsTest, TheNextOneMayBeAskedByWhoIsTold) {
    std::int64_t next = 0;
    const auto number = questions_.open([&](const std::vector<std::string>&) { next = open(); }, 0);
    questions_.end(number);
    questions_.end(number);
    EXPECT_EQ(ended_, 0);
    questions_.asked(next, {});
    EXPECT_EQ(ended_, 1);
}

}  // namespace
}  // namespace pgredis::clients
