#include "operations/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

namespace pgredis::operations {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Parses with exactly these variables of ours set.
class ConfigTest : public ::testing::Test {
 protected:
    void SetUp() override {
        for (const char* name :
             {"DATABASE_URL", "PORT", "PGREDIS_DATABASE_URL", "PGREDIS_PORT", "PGREDIS_PASSWORD", "PGREDIS_BIND",
              "PGREDIS_PASSWORD_FILE", "PGREDIS_ENABLE_FLUSH", "PGREDIS_MAX_BULK_BYTES", "PGREDIS_LOG_LEVEL"}) {
            const char* value = std::getenv(name);
            before_[name] = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
            unsetenv(name);
        }
    }

    void TearDown() override {
        unlink(file_.c_str());
        for (const auto& [name, value] : before_) {
            unsetenv(name.c_str());
            if (value) setenv(name.c_str(), value->c_str(), 1);
        }
    }

    CommandLine parse(const std::vector<const char*>& arguments) {
        std::vector<const char*> argv{"pgredis"};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        out_.str("");
        err_.str("");
        return parse_command_line(static_cast<int>(argv.size()), argv.data(), out_, err_);
    }

    Config serve(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "serve");
        const CommandLine parsed = parse(arguments);
        EXPECT_TRUE(std::holds_alternative<Config>(parsed)) << err_.str();
        return std::holds_alternative<Config>(parsed) ? std::get<Config>(parsed) : Config{};
    }

    // One line on stderr, exit code 2.
    std::string usage_error(const std::vector<const char*>& arguments) {
        const CommandLine parsed = parse(arguments);
        EXPECT_TRUE(std::holds_alternative<Exit>(parsed) && std::get<Exit>(parsed).code == 2);
        const std::string said = err_.str();
        EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
        return said;
    }

    std::string file_with(const std::string& text) {
        std::ofstream(file_, std::ios::binary) << text;
        return file_;
    }

    std::ostringstream out_;
    std::ostringstream err_;

 private:
    const std::string file_ = ::testing::TempDir() + "/pgredis_config_test_" + std::to_string(getpid());
    std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(ConfigTest, HasDefaults) {
    const Config config = serve({});
    EXPECT_EQ(config.port, 6379);
    EXPECT_EQ(config.quick_connections, 2);
    EXPECT_EQ(config.slow_connections, 4);
    EXPECT_EQ(config.script_connections, 4);
    EXPECT_EQ(config.max_clients, 10000);
    EXPECT_EQ(config.client_query_buffer_limit, 1 << 30);
    EXPECT_EQ(config.max_bulk_bytes, 512 << 20);
    EXPECT_EQ(config.synchronous_commit, "on");
    EXPECT_EQ(config.log_level, LogLevel::Info);
    EXPECT_FALSE(config.enable_flush);
    EXPECT_EQ(config.password, "");
}

TEST_F(ConfigTest, TheCommandLineWinsOverOurVariableAndThatOverTheCommonOne) {
    setenv("PORT", "1001", 1);
    setenv("DATABASE_URL", "common", 1);
    EXPECT_EQ(serve({}).port, 1001);
    EXPECT_EQ(serve({}).database_url, "common");
    setenv("PGREDIS_PORT", "1002", 1);
    setenv("PGREDIS_DATABASE_URL", "ours", 1);
    EXPECT_EQ(serve({}).port, 1002);
    EXPECT_EQ(serve({}).database_url, "ours");
    EXPECT_EQ(serve({"--port", "1003"}).port, 1003);
    EXPECT_EQ(serve({"--database-url=said"}).database_url, "said");
}

TEST_F(ConfigTest, AnEmptyVariableIsNone) {
    setenv("PGREDIS_PORT", "", 1);
    EXPECT_EQ(serve({}).port, 6379);
}

TEST_F(ConfigTest, FlagsAndSizesComeFromTheEnvironmentToo) {
    setenv("PGREDIS_ENABLE_FLUSH", "1", 1);
    setenv("PGREDIS_MAX_BULK_BYTES", "2mb", 1);
    setenv("PGREDIS_LOG_LEVEL", "debug", 1);
    const Config config = serve({});
    EXPECT_TRUE(config.enable_flush);
    EXPECT_EQ(config.max_bulk_bytes, 2 << 20);
    EXPECT_EQ(config.log_level, LogLevel::Debug);
}

TEST_F(ConfigTest, ThePasswordComesFromAFileOrTheEnvironment) {
    setenv("PGREDIS_PASSWORD", "from environment", 1);
    EXPECT_EQ(serve({}).password, "from environment");
    const std::string file = file_with("from file\n");
    EXPECT_EQ(serve({"--password-file", file.c_str()}).password, "from file");
    EXPECT_THAT(usage_error({"serve", "--password", "x"}), HasSubstr("--password"));
}

TEST_F(ConfigTest, AnEmptyPasswordFileIsAnError) {
    const std::string file = file_with("\n");
    EXPECT_THAT(usage_error({"serve", "--password-file", file.c_str()}), HasSubstr("no password in"));
    EXPECT_THAT(usage_error({"serve", "--password-file", "/nowhere/at/all"}), HasSubstr("cannot read /nowhere/at/all"));
}

TEST_F(ConfigTest, WrongUsageIsOneLineThatNamesTheOption) {
    EXPECT_THAT(usage_error({"serve", "--port", "0"}), HasSubstr("--port"));
    EXPECT_THAT(usage_error({"serve", "--port", "x"}), HasSubstr("--port"));
    EXPECT_THAT(usage_error({"serve", "--log-level", "loud"}), HasSubstr("--log-level"));
    EXPECT_THAT(usage_error({"serve", "--synchronous-commit", "maybe"}), HasSubstr("--synchronous-commit"));
    EXPECT_THAT(usage_error({"serve", "--no-such-option"}), HasSubstr("--no-such-option"));
    EXPECT_THAT(usage_error({"sevre"}), HasSubstr("sevre"));
    EXPECT_THAT(usage_error({"migrate", "--proxy-role", "Robert'); --"}), HasSubstr("--proxy-role"));
}

TEST_F(ConfigTest, AWrongConnectionStringIsNotRepeated) {
    const std::string said = usage_error({"serve", "--database-url", "host=h password=open sesame"});
    EXPECT_THAT(said, HasSubstr("--database-url"));
    EXPECT_THAT(said, Not(HasSubstr("sesame")));
}

TEST_F(ConfigTest, HelpNamesEveryCommandAndOption) {
    EXPECT_EQ(std::get<Exit>(parse({"--help"})).code, 0);
    EXPECT_THAT(out_.str(), HasSubstr("pgredis migrate"));
    EXPECT_EQ(std::get<Exit>(parse({"serve", "--help"})).code, 0);
    EXPECT_THAT(out_.str(), HasSubstr("--client-output-buffer-limit"));
    EXPECT_EQ(std::get<Exit>(parse({"migrate", "--help"})).code, 0);
    EXPECT_THAT(out_.str(), HasSubstr("--dry-run"));
}

TEST_F(ConfigTest, MigrateHasItsOwnOptions) {
    setenv("PGREDIS_PORT", "no concern of migrate", 1);
    const CommandLine parsed = parse({"migrate", "--database-url", "postgresql:///x", "--dry-run", "--lock-wait", "1.5"});
    ASSERT_TRUE(std::holds_alternative<MigrateConfig>(parsed)) << err_.str();
    const auto& config = std::get<MigrateConfig>(parsed);
    EXPECT_EQ(config.database_url, "postgresql:///x");
    EXPECT_EQ(config.proxy_role, "pgredis_proxy");
    EXPECT_TRUE(config.dry_run);
    EXPECT_EQ(config.lock_wait, 1.5);
}

TEST(Masked, HidesPasswordsInEveryForm) {
    EXPECT_EQ(masked("postgresql://u:p%20w@h1:1,h2:2/d?sslpassword=s"),
              "user=u password=*** dbname=d host=h1,h2 port=1,2 sslpassword=***");
    EXPECT_EQ(masked("host=h password='it''s' user=u"), "(a connection string that libpq cannot read)");
    EXPECT_THAT(masked("host=h password='it\\'s' user='two words'"), Not(HasSubstr("it")));
    EXPECT_THAT(masked("host=h password='it\\'s' user='two words'"), HasSubstr("user='two words'"));
    EXPECT_EQ(masked("just_a_name"), "just_a_name");
    EXPECT_EQ(masked(""), "");
}

}  // namespace
}  // namespace pgredis::operations
