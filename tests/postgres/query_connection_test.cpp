#include "postgres/query_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster.h"
#include "harness.h"

namespace pgredis::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class QueryConnectionTest : public ::testing::Test {
 protected:
    void TearDown() override {
        if (connection_) connection_->stop();
        loop_.drain();
        connection_.reset();
    }

    void start(ConnectorOptions options = {}) {
        if (options.url.empty()) options.url = Cluster::instance().url();
        connector_ = std::make_unique<Connector>(loop_.get(), std::move(options));
        QueryConnection::Events events;
        events.on_connected = [this] { ++connected_; };
        events.on_lost = [this](const std::string& error) { losses_.push_back(error); };
        events.on_notification = [this](const std::string& channel, const std::string& payload) {
            notifications_.push_back(channel + ": " + payload);
        };
        events.on_drained = [this] {
            drained_.emplace_back(std::to_string(answers_.size()) + "/" + std::to_string(notifications_.size()));
        };
        connection_ = std::make_unique<QueryConnection>(loop_.get(), *connector_, "unit test", "LISTEN unit", std::move(events));
        connection_->start();
    }

    void wait_for_connection() {
        ASSERT_TRUE(loop_.run_until([this] { return connected_ > 0; }));
    }

    void query(const std::string& sql, std::vector<std::string> parameters = {}) {
        connection_->query(sql, std::move(parameters), [this](const PGresult* result) {
            if (result == nullptr) {
                answers_.emplace_back("lost");
            } else if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                answers_.emplace_back(PQgetvalue(result, 0, 0));
            } else {
                answers_.push_back(first_line(PQresultErrorMessage(result)));
            }
        });
    }

    Loop loop_;
    std::unique_ptr<Connector> connector_;
    std::unique_ptr<QueryConnection> connection_;
    int connected_ = 0;
    std::vector<std::string> losses_;
    std::vector<std::string> notifications_;
    std::vector<std::string> answers_;
    std::vector<std::string> drained_;  // how many answers and notifications there were by then
};

TEST_F(QueryConnectionTest, QueriesRunOneAfterAnother) {
    start();
    wait_for_connection();
    query("SELECT $1::int + 1", {"41"});
    query("SELECT 1 / 0");
    query("SELECT current_setting('application_name')");
    EXPECT_FALSE(connection_->idle());
    ASSERT_TRUE(loop_.run_until([this] { return answers_.size() == 3; }));
    EXPECT_THAT(answers_, ElementsAre("42", "ERROR:  division by zero", "unit test"));
    EXPECT_TRUE(connection_->idle());
}

TEST_F(QueryConnectionTest, NotificationsArrive) {
    start();
    wait_for_connection();
    Cluster::instance().query("NOTIFY unit, 'hello'");
    ASSERT_TRUE(loop_.run_until([this] { return !notifications_.empty(); }));
    EXPECT_THAT(notifications_, ElementsAre("unit: hello"));
}

TEST_F(QueryConnectionTest, WhatArrivedTogetherIsHandedOutBeforeTheConnectionSaysSo) {
    start();
    wait_for_connection();
    query("SELECT pg_notify('unit', 'mine')");
    ASSERT_TRUE(loop_.run_until([this] { return !drained_.empty() && !answers_.empty() && !notifications_.empty(); }));
    EXPECT_EQ(drained_.back(), "1/1");
}

TEST_F(QueryConnectionTest, ALostConnectionEndsItsQueriesAndIsMadeAgain) {
    start();
    query("SELECT 1");
    EXPECT_THAT(answers_, ElementsAre("lost")) << "at once, before there is a connection";
    wait_for_connection();
    query("SELECT pg_sleep(20)");
    query("SELECT 2");
    loop_.run_until([] {
        return Cluster::instance().query(
                   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                   "WHERE application_name = 'unit test' AND wait_event = 'PgSleep'") == "1";
    });
    ASSERT_TRUE(loop_.run_until([this] { return connected_ == 2; }));
    EXPECT_THAT(answers_, ElementsAre("lost", "lost", "lost"));
    EXPECT_EQ(losses_.size(), 1U);
    Cluster::instance().query("NOTIFY unit, 'again'");
    ASSERT_TRUE(loop_.run_until([this] { return !notifications_.empty(); }));
}

TEST_F(QueryConnectionTest, WhatIsWrongWithADatabaseIsSaidInOneLine) {
    ConnectorOptions options;
    options.check = [](PGconn*) { return std::optional<std::string>("the schema is older"); };
    start(options);
    ASSERT_TRUE(loop_.run_until([this] { return losses_.size() == 2; }));
    EXPECT_THAT(losses_, ElementsAre("the schema is older", "the schema is older"));
    EXPECT_EQ(connected_, 0);
}

TEST_F(QueryConnectionTest, ASetupThatFailsIsALoss) {
    ConnectorOptions options;
    options.setup_sql = "SET no_such_setting = 1";
    start(options);
    ASSERT_TRUE(loop_.run_until([this] { return !losses_.empty(); }));
    EXPECT_THAT(losses_[0], HasSubstr("no_such_setting"));
    EXPECT_THAT(losses_[0], Not(HasSubstr("\n")));
}

TEST_F(QueryConnectionTest, TheNextHostIsTriedAndTheUrlsSettingsWin) {
    ConnectorOptions options;
    options.url = "host=/nowhere," + Cluster::instance().folder() +
                  " user=postgres dbname=postgres application_name=mine target_session_attrs=read-write";
    options.setup_sql = "SET work_mem = '1234kB'";
    start(options);
    wait_for_connection();
    query(
        "SELECT current_setting('application_name') || ' ' || current_setting('work_mem') || ' ' || "
        "current_setting('client_encoding')");
    ASSERT_TRUE(loop_.run_until([this] { return !answers_.empty(); }));
    EXPECT_THAT(answers_, ElementsAre("mine 1234kB UTF8"));
}

}  // namespace
}  // namespace pgredis::postgres
