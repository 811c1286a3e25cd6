// Redis's rules for the arguments of EVAL and FCALL.
#include "clients/script_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgredis::clients {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RunRequest good(std::vector<std::string> arguments) {
    auto run = parse_run_request(std::move(arguments));
    EXPECT_TRUE(std::holds_alternative<RunRequest>(run)) << std::get<std::string>(run);
    return std::get<RunRequest>(std::move(run));
}

std::string bad(std::vector<std::string> arguments) {
    auto run = parse_run_request(std::move(arguments));
    return std::holds_alternative<std::string>(run) ? std::get<std::string>(run) : "no error";
}

TEST(ParseRunRequest, SplitsKeysFromArguments) {
    const auto run = good({"EVAL", "return 1", "2", "a", "b", "c"});
    EXPECT_EQ(run.by, RunRequest::By::body);
    EXPECT_EQ(run.subject, "return 1");
    EXPECT_FALSE(run.read_only);
    EXPECT_THAT(run.keys, ElementsAre("a", "b"));
    EXPECT_THAT(run.arguments, ElementsAre("c"));
    EXPECT_THAT(good({"eval", "x", "0"}).keys, IsEmpty());
    EXPECT_THAT(good({"eval", "x", "1", "a"}).arguments, IsEmpty());
}

TEST(ParseRunRequest, KnowsTheCommands) {
    EXPECT_TRUE(good({"Eval_RO", "x", "0"}).read_only);
    EXPECT_EQ(good({"FCALL", "F", "0"}).by, RunRequest::By::function);
    EXPECT_EQ(good({"FCALL", "F", "0"}).subject, "F");
    EXPECT_TRUE(good({"fcall_ro", "f", "0"}).read_only);
    EXPECT_EQ(good({"evalsha", std::string(40, 'A'), "0"}).subject, std::string(40, 'a'));
    EXPECT_TRUE(good({"EVALSHA_RO", std::string(40, 'A'), "0"}).read_only);
}

TEST(ParseRunRequest, RefusesANumberOfKeysThatIsNone) {
    EXPECT_EQ(bad({"eval", "x", "y"}), "ERR value is not an integer or out of range");
    EXPECT_EQ(bad({"eval", "x", "1 "}), "ERR value is not an integer or out of range");
    EXPECT_EQ(bad({"eval", "x", "99999999999999999999"}), "ERR value is not an integer or out of range");
    EXPECT_EQ(bad({"eval", "x", "1"}), "ERR Number of keys can't be greater than number of args");
    EXPECT_EQ(bad({"eval", "x", "9223372036854775807", "a"}), "ERR Number of keys can't be greater than number of args");
    EXPECT_EQ(bad({"eval", "x", "-1", "a"}), "ERR Number of keys can't be negative");
}

TEST(ParseRunRequest, LooksAtTheNameOfAScriptFirst) {
    EXPECT_EQ(bad({"evalsha", "x", "y"}), "NOSCRIPT No matching script. Please use EVAL.");
    EXPECT_EQ(bad({"evalsha", std::string(40, 'a'), "y"}), "ERR value is not an integer or out of range");
}

TEST(ParseRunRequest, LeavesAFunctionsErrorsForWhenItIsFound) {
    EXPECT_EQ(good({"fcall", "f", "x"}).problem, "ERR Bad number of keys provided");
    EXPECT_EQ(good({"fcall", "f", "2", "a"}).problem, "ERR Number of keys can't be greater than number of args");
    EXPECT_EQ(good({"fcall", "f", "-2"}).problem, "ERR Number of keys can't be negative");
    EXPECT_EQ(good({"fcall", "f", "1", "a"}).problem, "");
}

}  // namespace
}  // namespace pgredis::clients
