#include "clients/slow_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgredis::clients {
namespace {

using Words = std::vector<std::string>;

Words shown(const Words& words) { return ShownCommand(words).words(); }

std::vector<Words> commands(const SlowLog& log) {
    std::vector<Words> commands;
    for (const auto& entry : log.entries()) commands.push_back(entry.words);
    return commands;
}

void offer(SlowLog& log, const std::string& word, std::uint64_t nanoseconds) {
    log.offer(ShownCommand(Words{word}), nanoseconds, "address", "name");
}

TEST(ShownCommand, KeepsAnyBytes) {
    const Words words{"SET", "", std::string("\0\xff\n", 3), std::string(128, 'x')};
    EXPECT_EQ(shown(words), words);
    EXPECT_TRUE(ShownCommand().empty());
    EXPECT_TRUE(ShownCommand().words().empty());
}

TEST(ShownCommand, CutsWhatIsLong) {
    EXPECT_EQ(shown({std::string(129, 'x')}), Words{std::string(128, 'x') + "... (1 more bytes)"});
    EXPECT_EQ(shown(Words(32, "a")), Words(32, "a"));
    Words cut(31, "a");
    cut.emplace_back("... (2 more arguments)");
    EXPECT_EQ(shown(Words(33, "a")), cut);
}

TEST(ShownCommand, HidesSecrets) { EXPECT_EQ(shown({"auth", std::string(500, 'x')}), (Words{"auth", "(redacted)"})); }

TEST(SlowLog, LogsWhatIsSlow) {
    SlowLog log;
    offer(log, "a", 1000000);
    EXPECT_TRUE(log.entries().empty());
    log.configure(1000, 10);
    offer(log, "b", 999999);
    offer(log, "c", 1000000);
    offer(log, "d", 2000999);
    log.offer(ShownCommand(), 2000000, "address", "name");
    ASSERT_EQ(commands(log), (std::vector<Words>{{"d"}, {"c"}}));
    EXPECT_EQ(log.entries()[0].microseconds, 2000);
    EXPECT_EQ(log.entries()[0].id, 1);
    EXPECT_EQ(log.entries()[0].address, "address");
    EXPECT_EQ(log.entries()[0].client_name, "name");
    log.reset();
    EXPECT_TRUE(log.entries().empty());
}

TEST(SlowLog, KeepsTheLatest) {
    SlowLog log;
    log.configure(0, 2);
    for (const auto* word : {"a", "b", "c"}) offer(log, word, 0);
    EXPECT_EQ(commands(log), (std::vector<Words>{{"c"}, {"b"}}));
    log.configure(-1, 1);  // as Redis: nothing changes while it is off
    EXPECT_EQ(commands(log).size(), 2);
    log.configure(0, 1);
    EXPECT_EQ(commands(log), (std::vector<Words>{{"c"}}));
    log.configure(0, 0);
    offer(log, "d", 0);
    EXPECT_TRUE(log.entries().empty());
}

TEST(SlowLog, ATallyIsLoggedOnceItIsAdded) {
    SlowLog log;
    SlowLog::Tally tally;
    log.configure(10, 3);
    const auto offer_later = [&](const std::string& word) { log.offer(ShownCommand(Words{word}), 10000, "", "", tally); };
    for (int i = 0; i < 1000; ++i) offer_later(std::to_string(i));
    log.offer(ShownCommand(Words{"quick"}), 9999, "", "", tally);
    EXPECT_LE(tally.size(), 6);
    EXPECT_TRUE(log.entries().empty());
    log.add(tally);
    EXPECT_TRUE(tally.empty());
    EXPECT_EQ(commands(log), (std::vector<Words>{{"999"}, {"998"}, {"997"}}));
    EXPECT_EQ(log.entries()[0].id, log.entries()[1].id + 1);
    log.configure(10, 0);
    offer_later("x");
    offer_later("y");
    log.add(tally);
    EXPECT_TRUE(log.entries().empty());
}

}  // namespace
}  // namespace pgredis::clients
