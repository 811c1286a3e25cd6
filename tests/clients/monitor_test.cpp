#include "clients/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgredis::clients {
namespace {

TEST(Monitor, ShowsACommandOnOneLine) {
    EXPECT_EQ(monitor_line(0, "127.0.0.1:60866", {"keys", "*"}), R"([0 127.0.0.1:60866] "keys" "*")");
    EXPECT_EQ(monitor_line(15, "[::1]:1", {"SET", "a\r\n\"\\", std::string("\0\xff", 2)}),
              R"([15 [::1]:1] "SET" "a\r\n\"\\" "\x00\xff")");
}

TEST(Monitor, KeepsPasswordsToItself) {
    const auto line = [](const std::vector<std::string>& arguments) { return monitor_line(0, "x", arguments); };
    EXPECT_EQ(line({"Auth", "pw"}), R"x([0 x] "Auth" "(redacted)")x");
    EXPECT_EQ(line({"AUTH", "me", "pw"}), R"x([0 x] "AUTH" "(redacted)" "(redacted)")x");
    EXPECT_EQ(line({"HELLO", "3", "auth", "me", "pw", "SETNAME", "n"}),
              R"x([0 x] "HELLO" "3" "auth" "(redacted)" "(redacted)" "SETNAME" "n")x");
    EXPECT_EQ(line({"HELLO", "3", "AUTH", "auth", "auth", "AUTH", "me"}),
              R"x([0 x] "HELLO" "3" "AUTH" "(redacted)" "(redacted)" "AUTH" "(redacted)")x");
    EXPECT_EQ(line({"ECHO", "auth", "no secret"}), R"x([0 x] "ECHO" "auth" "no secret")x");
}

TEST(Monitor, TellsTheTimeInMicroseconds) { EXPECT_THAT(monitor_time(), ::testing::MatchesRegex("[0-9]+\\.[0-9]{6}")); }

}  // namespace
}  // namespace pgredis::clients
