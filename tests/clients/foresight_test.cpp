#include "clients/foresight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgredis::clients {
namespace {

using resp::Protocol;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Words = Foresight::Words;

class ForesightTest : public ::testing::Test {
 protected:
    static Foresight::Call call(Words words, Protocol protocol = Protocol::resp2) { return {std::move(words), protocol}; }

    // Learns from as many runs as it takes; make(i, keys, arguments) says what run i calls, and may set its input.
    template <typename Make>
    void learn(Make make) {
        for (int i = 0; foresight_.learning(); ++i) {
            Words keys{"key" + std::to_string(i)};
            Words arguments{std::to_string(100 + i)};
            const auto calls = make(i, keys, arguments);
            foresight_.learn(calls, {keys, arguments});
        }
    }

    std::vector<Words> foreseen(const Words& keys, const Words& arguments) {
        const auto foreseen = foresight_.foresee({keys, arguments});
        are_all_ = foreseen.are_all;
        std::vector<Words> words;
        for (const auto& each : foreseen.calls) words.push_back(each.arguments);
        return words;
    }

    Foresight foresight_;
    bool are_all_ = false;
};

TEST_F(ForesightTest, KeysAndArgumentsAreInTheirPlaces) {
    learn([](int, const Words& keys, const Words& arguments) {
        return std::vector{call({"incr", keys[0]}), call({"pexpire", keys[0], arguments[0], "NX"})};
    });
    EXPECT_THAT(foreseen({"k"}, {"5"}), ElementsAre(ElementsAre("incr", "k"), ElementsAre("pexpire", "k", "5", "NX")));
    EXPECT_TRUE(are_all_);
}

TEST_F(ForesightTest, NothingIsForeseenWhileItLearns) {
    EXPECT_TRUE(foresight_.learning());
    foresight_.learn({call({"incr", "k"})}, {{"k"}, {}});
    EXPECT_TRUE(foresight_.learning());
    EXPECT_THAT(foreseen({"k"}, {}), IsEmpty());
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, OnlyWhatAllRunsBeginWith) {
    learn([](int i, const Words& keys, const Words&) {
        std::vector calls{call({"incr", keys[0]})};
        if (i % 2 == 1) calls.push_back(call({"expire", keys[0], "1"}));
        return calls;
    });
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("incr", "k")));
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, AWordThatIsNeitherEndsIt) {
    learn([](int i, const Words& keys, const Words&) {
        return std::vector{call({"time"}), call({"zadd", keys[0], std::to_string(i), "m"}), call({"zcard", keys[0]})};
    });
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("time")));
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, RunsWithoutAnythingInCommonTeachNothing) {
    int runs = 0;
    learn([&runs](int i, const Words&, const Words&) {
        ++runs;
        return std::vector{call({"get", "a" + std::to_string(i)})};
    });
    EXPECT_EQ(runs, 2);
    EXPECT_THAT(foreseen({"k"}, {}), IsEmpty());
}

TEST_F(ForesightTest, TheProtocolBelongsToTheCall) {
    learn([](int i, const Words& keys, const Words&) {
        return std::vector{call({"get", keys[0]}, Protocol::resp3),
                           call({"get", keys[0]}, i == 0 ? Protocol::resp3 : Protocol::resp2)};
    });
    const auto calls = foresight_.foresee({{"k"}, {}}).calls;
    EXPECT_THAT(calls, ElementsAre(call({"get", "k"}, Protocol::resp3)));
}

TEST_F(ForesightTest, AWrongGuessOfAPlaceIsMadeOnlyOnce) {
    // All runs so far had the argument 1, which is a constant of the script as well.
    learn([](int, const Words& keys, Words& arguments) {
        arguments = {"1"};
        return std::vector{call({"incrby", keys[0], "1"})};
    });
    EXPECT_THAT(foreseen({"k"}, {"2"}), ElementsAre(ElementsAre("incrby", "k", "2")));
    const auto actual = call({"incrby", "k", "1"});
    foresight_.correct(0, &actual, {{"k"}, {"2"}});
    EXPECT_THAT(foreseen({"k"}, {"2"}), ElementsAre(ElementsAre("incrby", "k", "1")));
    EXPECT_TRUE(are_all_);
}

TEST_F(ForesightTest, CallsThatDoNotComeAreForgotten) {
    learn([](int, const Words& keys, const Words&) {
        return std::vector{call({"incr", keys[0]}), call({"expire", keys[0], "1"})};
    });
    foresight_.correct(1, nullptr, {{"k"}, {}});
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("incr", "k")));
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, ACallMoreThanForeseenMeansThatItDoesNotSeeTheEnd) {
    learn([](int, const Words& keys, const Words&) { return std::vector{call({"incr", keys[0]})}; });
    const auto actual = call({"expire", "k", "1"});
    foresight_.correct(1, &actual, {{"k"}, {}});
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("incr", "k")));
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, ALaterRunWithoutForesightIsCompared) {
    learn([](int, const Words& keys, const Words&) { return std::vector{call({"type", keys[0]}), call({"llen", keys[0]})}; });
    foresight_.learn({call({"type", "k"}), call({"llen", "k"})}, {{"k"}, {}});
    EXPECT_EQ(foreseen({"k"}, {}).size(), 2U);
    foresight_.learn({call({"type", "k"}), call({"strlen", "k"})}, {{"k"}, {}});
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("type", "k")));
    EXPECT_FALSE(are_all_);
}

TEST_F(ForesightTest, AnInputWithoutThePlaceEndsIt) {
    learn([](int, const Words& keys, const Words& arguments) {
        return std::vector{call({"get", keys[0]}), call({"set", keys[0], arguments[0]}), call({"get", keys[0]})};
    });
    EXPECT_THAT(foreseen({"k"}, {}), ElementsAre(ElementsAre("get", "k")));
    EXPECT_FALSE(are_all_);
}

}  // namespace
}  // namespace pgredis::clients
