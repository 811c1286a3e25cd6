#include "clients/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>

namespace pgredis::clients {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Settings defaults() { return Settings(operations::Config()); }

std::string problem(const Settings& settings, std::string_view name, std::string_view value) {
    return settings.problem(name, value).value_or("none");
}

TEST(Settings, TellWhatTheOperatorSaid) {
    operations::Config config;
    config.port = 7000;
    config.databases = 3;
    config.max_clients = 11;
    config.password = "secret";
    config.synchronous_commit = "off";
    const Settings settings(config);
    EXPECT_EQ(settings.value("port"), "7000");
    EXPECT_EQ(settings.value("databases"), "3");
    EXPECT_EQ(settings.number("maxclients"), 11);
    EXPECT_EQ(settings.value("appendfsync"), "everysec");
    EXPECT_EQ(settings.value("requirepass").find("secret"), std::string::npos);
    EXPECT_EQ(defaults().value("requirepass"), "");
    EXPECT_EQ(defaults().value("appendfsync"), "always");
}

TEST(Settings, AreFoundByPatternsInAnyCase) {
    const auto settings = defaults();
    EXPECT_THAT(settings.matching("maxmemory"), ElementsAre(Pair("maxmemory", "0")));
    EXPECT_THAT(settings.matching("MAXMEMORY-P*"), ElementsAre(Pair("maxmemory-policy", "noeviction")));
    EXPECT_THAT(settings.matching("ap[po]endf?ync"), ElementsAre(Pair("appendfsync", "always")));
    EXPECT_THAT(settings.matching("nope"), IsEmpty());
    EXPECT_THAT(settings.matching(""), IsEmpty());
    EXPECT_GT(settings.matching("*").size(), 40U);
    EXPECT_TRUE(settings.known("maxmemory"));
    EXPECT_FALSE(settings.known("nope"));
}

TEST(Settings, ThoseOfTheCommandLineCannotBeSet) {
    for (const auto* name : {"port", "bind", "databases", "requirepass"})
        EXPECT_EQ(problem(defaults(), name, "1"), "can't set immutable config") << name;
}

TEST(Settings, Numbers) {
    auto settings = defaults();
    EXPECT_EQ(problem(settings, "timeout", "60"), "none");
    for (const auto* value : {"", "x", "1.5", "1k", " 1", "01"}) {
        EXPECT_EQ(problem(settings, "timeout", value), "argument couldn't be parsed into an integer") << value;
    }
    EXPECT_EQ(problem(settings, "timeout", "-1"), "argument must be between 0 and 2147483647 inclusive");
    EXPECT_EQ(problem(settings, "timeout", "2147483648"), "argument must be between 0 and 2147483647 inclusive");
    EXPECT_EQ(problem(settings, "maxclients", "0"), "argument must be between 1 and 4294967295 inclusive");
    settings.set("timeout", "60");
    EXPECT_EQ(settings.number("timeout"), 60);
}

TEST(Settings, MemoryHasUnits) {
    auto settings = defaults();
    const std::pair<const char*, const char*> cases[] = {
        {"5", "5"},           {"5b", "5"},           {"1k", "1000"}, {"1kb", "1024"}, {"1M", "1000000"}, {"1mb", "1048576"},
        {"2G", "2000000000"}, {"1Gb", "1073741824"}, {"0", "0"},     {"", "0"},       {"k", "0"},        {"01", "1"}};
    for (const auto& [value, bytes] : cases) {
        EXPECT_EQ(problem(settings, "maxmemory", value), "none") << value;
        EXPECT_EQ(settings.canonical("maxmemory", value), bytes) << value;
    }
    for (const auto* value : {"1x", "1 k", "-1", "+1", "1.5", "1kbb", "99999999999999999999"}) {
        EXPECT_EQ(problem(settings, "maxmemory", value), "argument must be a memory value") << value;
    }
    for (const auto* value : {"99999999999gb", "9999999999999999999"}) {
        EXPECT_EQ(problem(settings, "maxmemory", value), "argument must be between 0 and 9223372036854775807 inclusive") << value;
    }
    EXPECT_EQ(problem(settings, "client-query-buffer-limit", "1048575"),
              "argument must be between 1048576 and 9223372036854775807 inclusive");
    settings.set("maxmemory", "100mb");
    EXPECT_EQ(settings.value("maxmemory"), "104857600");
}

TEST(Settings, MemoryMayBeAShare) {
    auto settings = defaults();
    for (const auto* value : {"10%", "0%", "1mb"}) EXPECT_EQ(problem(settings, "maxmemory-clients", value), "none") << value;
    for (const auto* value : {"%", "x%", "-1%", "x"})
        EXPECT_EQ(problem(settings, "maxmemory-clients", value), "argument must be a memory or percent value") << value;
    settings.set("maxmemory-clients", "10%");
    EXPECT_EQ(settings.value("maxmemory-clients"), "10%");
    settings.set("maxmemory-clients", "1k");
    EXPECT_EQ(settings.value("maxmemory-clients"), "1000");
}

TEST(Settings, SomeNumbersAreTakenAndBounded) {
    auto settings = defaults();
    EXPECT_EQ(problem(settings, "hz", "-1"), "argument must be between 0 and 2147483647 inclusive");
    EXPECT_EQ(settings.canonical("hz", "0"), "1");
    EXPECT_EQ(settings.canonical("hz", "20"), "20");
    EXPECT_EQ(settings.canonical("hz", "501"), "500");
}

TEST(Settings, WordsInAnyCase) {
    auto settings = defaults();
    EXPECT_EQ(problem(settings, "activerehashing", "maybe"), "argument must be 'yes' or 'no'");
    EXPECT_EQ(problem(settings, "activerehashing", "NO"), "none");
    settings.set("activerehashing", "NO");
    EXPECT_EQ(settings.value("activerehashing"), "no");
    EXPECT_EQ(problem(settings, "appendfsync", "sometimes"), "argument(s) must be one of the following: everysec, always, no");
    EXPECT_EQ(problem(settings, "appendfsync", "Always"), "none");
    EXPECT_EQ(settings.canonical("appendfsync", "Always"), "always");
}

TEST(Settings, KeyspaceEventsAreSpelledAsInRedis) {
    auto settings = defaults();
    const auto name = "notify-keyspace-events";
    const std::pair<const char*, const char*> cases[] = {{"KEA", "AKE"}, {"g$lshzxetdK", "AK"}, {"Kmn", "nKm"},
                                                         {"xE", "xE"},   {"gKEx$", "g$xKE"},    {"KK", "K"},
                                                         {"", ""},       {"Ed", "dE"},          {"KEAmn", "AKEm"}};
    for (const auto& [flags, shown] : cases) {
        EXPECT_EQ(problem(settings, name, flags), "none");
        settings.set(name, flags);
        EXPECT_THAT(settings.matching(name), ElementsAre(Pair(name, shown)));
    }
    EXPECT_EQ(settings.value(name), "AnKEm") << "n is kept, though it is not shown";
    EXPECT_EQ(problem(settings, name, "KEx "), "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}

TEST(Settings, OutputLimitsByClassOfClients) {
    operations::Config config;
    config.client_output_buffer_limit = 1000;
    Settings settings(config);
    const auto name = "client-output-buffer-limit";
    EXPECT_EQ(settings.value(name), "normal 1000 0 0 slave 0 0 0 pubsub 1000 0 0");
    settings.set(name, "pubsub 1mb 512k 10 REPLICA 1 2 3");
    EXPECT_EQ(settings.value(name), "normal 1000 0 0 slave 1 2 3 pubsub 1048576 512000 10");
    EXPECT_EQ(settings.output_limit(ClientClass::pubsub).hard, 1048576U);
    EXPECT_EQ(settings.output_limit(ClientClass::pubsub).soft, 512000U);
    EXPECT_EQ(settings.output_limit(ClientClass::pubsub).soft_seconds, 10U);
    EXPECT_EQ(settings.output_limit(ClientClass::normal).hard, 1000U);
    EXPECT_EQ(problem(settings, name, ""), "none");
    for (const auto* value : {"pubsub 1 2", "normal 0 0 0  pubsub 1 2 3"})
        EXPECT_EQ(problem(settings, name, value), "Wrong number of arguments in buffer limit configuration.") << value;
    EXPECT_EQ(problem(settings, name, "foo 1 2 3"), "Invalid client class specified in buffer limit configuration.");
    for (const auto* value : {"pubsub x 1 2", "pubsub -1 2 3", "pubsub 1 2 -3", "pubsub 1 2 3x"})
        EXPECT_EQ(problem(settings, name, value), "Error in hard, soft or soft_seconds setting in buffer limit configuration.")
            << value;
}

TEST(Settings, TextIsTakenAsItIs) {
    auto settings = defaults();
    EXPECT_EQ(problem(settings, "save", "3600 1"), "none");
    settings.set("save", "3600 1");
    EXPECT_EQ(settings.value("save"), "3600 1");
}

}  // namespace
}  // namespace pgredis::clients
