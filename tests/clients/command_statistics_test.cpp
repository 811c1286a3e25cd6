#include "clients/command_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pgredis::clients {
namespace {

TEST(CommandStatistics, ErrorsGoByTheirFirstWord) {
    CommandStatistics statistics;
    statistics.count_error("-ERR no\r\n");
    statistics.count_error("ERR without the sign");
    statistics.count_error("-WORD\r\n");
    statistics.count_error("-" + std::string(32, 'x') + " y\r\n");
    statistics.count_error("-" + std::string(33, 'x') + " is no word\r\n");
    EXPECT_EQ(statistics.error_lines(),
              "errorstat_ERR:count=3\r\nerrorstat_WORD:count=1\r\nerrorstat_" + std::string(32, 'x') + ":count=1\r\n");
    EXPECT_EQ(statistics.errors(), 5);
}

TEST(CommandStatistics, WordsOfAllKindsDoNotFillTheMemory) {
    CommandStatistics statistics;
    for (int i = 0; i < 1000; ++i) statistics.count_error("-E" + std::to_string(i) + " x\r\n");
    statistics.count_error("-E7 x\r\n");
    const auto lines = statistics.error_lines();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 128);
    EXPECT_NE(lines.find("errorstat_E7:count=2\r\n"), std::string::npos);
    EXPECT_EQ(statistics.errors(), 1001);
}

TEST(CommandStatistics, ResetKeepsTheFiguresPlace) {
    CommandStatistics statistics;
    auto& get = statistics.of("get");
    get.rejected = 2;
    statistics.count_error("-ERR x\r\n");
    EXPECT_EQ(statistics.command_lines(), "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=2,failed_calls=0\r\n");
    statistics.reset();
    EXPECT_EQ(statistics.command_lines(), "");
    EXPECT_EQ(statistics.error_lines(), "");
    EXPECT_EQ(statistics.errors(), 0);
    CommandStatistics::count_call(get, 1000, false);
    EXPECT_EQ(statistics.of("get").calls, 1);
}

TEST(CommandStatistics, ATallyCountsOnlyOnceItIsAdded) {
    CommandStatistics statistics;
    CommandStatistics::Tally tally;
    auto& set = statistics.of("set");
    tally.count_reply(set, 1000, "+OK\r\n");
    tally.clear();
    tally.count_reply(set, 1000, "+OK\r\n");
    tally.count_reply(set, 1000, "-WRONGTYPE x\r\n");
    EXPECT_EQ(set.calls, 0);
    EXPECT_EQ(statistics.errors(), 0);
    statistics.add(tally);
    statistics.add(tally);
    EXPECT_EQ(set.calls, 2);
    EXPECT_EQ(set.failed, 1);
    EXPECT_EQ(statistics.error_lines(), "errorstat_WRONGTYPE:count=1\r\n");
}

}  // namespace
}  // namespace pgredis::clients
