#include "operations/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace pgredis::operations {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LogTest : public ::testing::Test {
 protected:
    void TearDown() override { unlink(file_.c_str()); }

    std::string written() const {
        std::ostringstream text;
        text << std::ifstream(file_).rdbuf();
        return text.str();
    }

    std::string file_ = ::testing::TempDir() + "/pgredis_log_test_" + std::to_string(getpid());
};

TEST_F(LogTest, ALineHasTimeLevelComponentAndMessage) {
    const Logger logger(LogLevel::Info, file_);
    logger.component("clients").warning("{} of {}", 1, "two");
    EXPECT_THAT(written(), MatchesRegex("....-..-..T..:..:......[+-]..:.. warning clients: 1 of two\n"));
}

TEST_F(LogTest, ComponentsShareTheLevel) {
    Logger logger(LogLevel::Warning, file_);
    const Logger other = logger.component("other");
    other.info("unseen");
    EXPECT_FALSE(other.enabled(LogLevel::Info));
    logger.set_level(LogLevel::Debug);
    EXPECT_EQ(other.level(), LogLevel::Debug);
    other.debug("seen");
    EXPECT_THAT(written(), Not(HasSubstr("unseen")));
    EXPECT_THAT(written(), EndsWith(" debug other: seen\n"));
}

TEST_F(LogTest, AMessageStaysOnOneLine) {
    Logger(LogLevel::Info, file_).error("a\nb\r{}", std::string("\0\x1b", 2));
    EXPECT_THAT(written(), EndsWith("a\\nb\\r\\x00\\x1b\n"));
}

TEST(Log, AFileThatCannotBeOpenedIsSaid) { EXPECT_THROW(Logger(LogLevel::Info, "/dev/null/pgredis.log"), std::runtime_error); }

}  // namespace
}  // namespace pgredis::operations
