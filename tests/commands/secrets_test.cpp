#include "commands/secrets.h"

#include <gtest/gtest.h>

namespace pgredis::commands {
namespace {

using Positions = std::vector<std::size_t>;

Positions of(const std::vector<std::string>& arguments) { return secret_positions(arguments); }

TEST(Secrets, OfAuthentication) {
    EXPECT_EQ(of({"auth", "x"}), (Positions{1}));
    EXPECT_EQ(of({"AUTH", "u", "x"}), (Positions{1, 2}));
    EXPECT_EQ(of({"HELLO", "3", "auth", "u", "x", "SETNAME", "n"}), (Positions{3, 4}));
    EXPECT_EQ(of({"hello", "3", "AUTH", "auth", "auth", "AUTH", "u"}), (Positions{3, 4, 6}));
    EXPECT_EQ(of({"hello", "auth", "u", "x"}), (Positions{2, 3}));
    EXPECT_EQ(of({"hello"}), Positions{});
}

TEST(Secrets, OfSettings) {
    EXPECT_EQ(of({"CONFIG", "SET", "hz", "10", "RequirePass", "x", "masterauth", "y"}), (Positions{5, 7}));
    EXPECT_EQ(of({"CONFIG", "SET", "hz", "masterauth", "port"}), Positions{});
    EXPECT_EQ(of({"CONFIG", "SET", "masterauth"}), Positions{});
    EXPECT_EQ(of({"CONFIG", "GET", "masterauth", "requirepass"}), Positions{});
}

TEST(Secrets, OfCommandsThatAreNotHere) {
    EXPECT_EQ(of({"ACL", "SETUSER", "joe", ">x"}), (Positions{2, 3}));
    EXPECT_EQ(of({"MIGRATE", "h", "1", "k", "0", "9", "AUTH", "x"}), (Positions{7}));
    EXPECT_EQ(of({"MIGRATE", "h", "1", "", "0", "9", "COPY", "auth2", "u", "x", "KEYS", "k"}), (Positions{8, 9}));
}

TEST(Secrets, NothingElse) {
    EXPECT_EQ(of({"SET", "auth", "x"}), Positions{});
    EXPECT_EQ(of({"GET", "requirepass"}), Positions{});
}

}  // namespace
}  // namespace pgredis::commands
