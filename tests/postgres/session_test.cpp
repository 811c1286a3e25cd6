// Transactions that go on by what they were answered, against a real Postgres.
#include "postgres/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster.h"
#include "harness.h"
#include "postgres/query_connection.h"

namespace pgredis::postgres {
namespace {

using ::testing::ElementsAre;

constexpr const char* functions = R"(
    CREATE TABLE test.session_log (id bigserial PRIMARY KEY, word text NOT NULL);
    CREATE FUNCTION test.session_write(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        IF word LIKE 'bad%' THEN
            RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR no ' || word;
        END IF;
        INSERT INTO test.session_log (word) VALUES (session_write.word);
        RETURN word;
    END $$;
    CREATE FUNCTION test.session_words(separator text) RETURNS text LANGUAGE sql
        AS 'SELECT coalesce(string_agg(word, separator ORDER BY id), '''') FROM test.session_log';
    CREATE PROCEDURE test.session_nothing(ended boolean) LANGUAGE sql AS '';
)";

class SessionTest : public ::testing::Test, public Session::Observer {
 protected:
    static void SetUpTestSuite() { Cluster::instance().query(functions); }

    void SetUp() override {
        Cluster::instance().query("TRUNCATE test.session_log RESTART IDENTITY");
        ConnectorOptions options;
        options.url = Cluster::instance().url();
        connector_ = std::make_unique<Connector>(loop_.get(), options);
        session_ = std::make_unique<Session>(loop_.get(), *connector_, "test session", setup_, *this);
        session_->start();
        ASSERT_TRUE(loop_.run_until([this] { return session_->ready(); }));
    }

    void TearDown() override {
        session_->stop();
        loop_.drain();
        session_.reset();
        loop_.drain();
    }

    void on_session_ready(Session&) override { ++times_ready_; }
    void on_session_lost(Session&, const std::string&, bool committing) override { losses_.push_back(committing); }

    static Call write(const std::string& word) {
        static const auto statement = statement_of("test.session_write");
        return call_of(statement, {word});
    }

    // One round; its answers, or the failure. Without chains each call is one of its own.
    std::vector<std::string> round(std::vector<Call> calls, std::optional<std::size_t> savepoint = std::nullopt,
                                   std::vector<std::size_t> chains = {}) {
        std::vector<const Call*> pointers;
        for (const auto& call : calls) pointers.push_back(&call);
        for (std::size_t i = chains.size(); i < calls.size(); ++i) chains.push_back(i);
        std::vector<std::string> answers;
        bool answered = false;
        session_->run(pointers, chains, savepoint, [&](const Session::Answer& answer) {
            answered = true;
            if (answer.failure) {
                answers.push_back(answer.failure->message + (answer.at_beginning ? " at the beginning" : "") +
                                  (answer.culprit ? " " + std::to_string(*answer.culprit) : ""));
            }
            for (const auto& rows : answer.rows) answers.emplace_back(PQgetvalue(rows.result, rows.first, 0));
        });
        EXPECT_TRUE(loop_.run_until([&] { return answered; }));
        return answers;
    }

    void commit() {
        bool done = false;
        session_->commit([&](const Session::Answer& answer) {
            EXPECT_FALSE(answer.failure);
            done = true;
        });
        EXPECT_TRUE(loop_.run_until([&] { return done; }));
        EXPECT_TRUE(session_->ready());
    }

    void roll_back() {
        session_->roll_back();
        EXPECT_TRUE(loop_.run_until([this] { return session_->ready(); }));
    }

    static std::string words() { return Cluster::instance().query("SELECT test.session_words(' ')"); }

    Loop loop_;
    std::unique_ptr<Connector> connector_;
    SessionSetup setup_;
    std::unique_ptr<Session> session_;
    int times_ready_ = 0;
    std::vector<bool> losses_;
};

TEST_F(SessionTest, CallsOfOneChainKeepTheirOrder) {
    const auto how = [](const std::string& name, const std::string& word) {
        auto statement = std::make_shared<Statement>();
        statement->name = name;
        statement->sql = "SELECT test.session_write($1::text) || ' alone'";
        statement->grouped_sql = "SELECT test.session_write(a) || ' together' FROM unnest($1::text[]) AS t(a)";
        statement->parameters = {Type::text};
        return call_of(statement, {word});
    };
    // Statements are told apart by their address, so calls of one must share it.
    const auto x = how("x", "").statement;
    const auto y = how("y", "").statement;
    const auto call = [](const auto& statement, const std::string& word) { return call_of(statement, {word}); };
    session_->begin({}, false);
    EXPECT_THAT(round({call(x, "a1"), call(y, "a2"), call(x, "b1"), call(y, "b2"), call(x, "b3")}, std::nullopt, {1, 1, 2, 2, 2}),
                ElementsAre("a1 together", "a2 together", "b1 together", "b2 together", "b3 alone"));
    EXPECT_THAT(round({call(x, "c1"), call(y, "c2"), call(x, "c3"), call(y, "c4")}, std::nullopt, {1, 1, 1, 1}),
                ElementsAre("c1 alone", "c2 alone", "c3 alone", "c4 alone"));
    commit();
    EXPECT_EQ(words(), "a1 b1 a2 b2 b3 c1 c2 c3 c4");
}

TEST_F(SessionTest, CommitsWhatItsRoundsDid) {
    session_->begin({write("first")}, false);
    EXPECT_FALSE(session_->ready());
    EXPECT_FALSE(session_->begun());
    EXPECT_THAT(round({write("a")}), ElementsAre("a"));
    EXPECT_TRUE(session_->begun());
    EXPECT_EQ(words(), "");
    EXPECT_THAT(round({write("b")}), ElementsAre("b"));
    commit();
    EXPECT_EQ(words(), "first a b");
}

TEST_F(SessionTest, AnswersEachCallOfARound) {
    session_->begin({}, false);
    EXPECT_THAT(round({write("a"), call_of(statement_of("test.session_words"), {std::string("-")}), write("b"), write("c")}),
                ElementsAre("a", testing::_, "b", "c"));
    commit();
}

TEST_F(SessionTest, SendsNothingForATransactionWithoutRounds) {
    session_->begin({write("first")}, false);
    session_->roll_back();
    EXPECT_TRUE(session_->ready());
    EXPECT_EQ(words(), "");
}

TEST_F(SessionTest, RollsBack) {
    session_->begin({}, false);
    round({write("a")});
    roll_back();
    EXPECT_EQ(words(), "");
    EXPECT_EQ(times_ready_, 2);
}

TEST_F(SessionTest, TellsWhichCallFailed) {
    session_->begin({}, false);
    EXPECT_THAT(round({call_of(statement_of("test.session_words"), {std::string("-")}), write("bad")}),
                ElementsAre("ERR no bad 1"));
    roll_back();
    session_->begin({write("bad one")}, false);
    EXPECT_THAT(round({write("a")}), ElementsAre("ERR no bad one at the beginning"));
    roll_back();
    session_->begin({}, false);
    EXPECT_THAT(round({write("a")}), ElementsAre("a"));
    commit();
    EXPECT_EQ(words(), "a");
}

TEST_F(SessionTest, TakesBackOneCallWithASavepoint) {
    session_->begin({}, false);
    EXPECT_THAT(round({write("a")}, 0), ElementsAre("a"));
    EXPECT_THAT(round({write("kept"), write("bad")}, 1), ElementsAre("ERR no bad 1"));
    EXPECT_THAT(round({write("b")}, 0), ElementsAre("b"));
    EXPECT_THAT(round({write("bad")}, 0), ElementsAre("ERR no bad 0"));
    commit();
    EXPECT_EQ(words(), "a kept b");
    session_->begin({}, false);
    EXPECT_THAT(round({write("bad"), write("a")}, 1), ElementsAre("ERR no bad at the beginning 0"));
    roll_back();
}

TEST_F(SessionTest, ReadsOneStateInASnapshot) {
    Cluster::instance().query("SELECT test.session_write('a')");
    const auto read = call_of(statement_of("test.session_words"), {std::string(" ")});
    session_->begin({}, true);
    EXPECT_THAT(round({read}), ElementsAre("a"));
    Cluster::instance().query("SELECT test.session_write('b')");
    EXPECT_THAT(round({read}), ElementsAre("a"));
    EXPECT_THAT(round({write("c")}), ElementsAre(testing::HasSubstr("read-only transaction")));
    roll_back();
    EXPECT_EQ(words(), "a b");
}

TEST_F(SessionTest, ConnectsAgain) {
    session_->begin({}, false);
    round({write("a")});
    Cluster::instance().query("SELECT pg_terminate_backend(" + std::to_string(session_->backend()) + ")");
    ASSERT_TRUE(loop_.run_until([this] { return !losses_.empty(); }));
    EXPECT_THAT(losses_, ElementsAre(false));
    ASSERT_TRUE(loop_.run_until([this] { return session_->ready(); }));
    EXPECT_EQ(words(), "");
    session_->begin({}, false);
    EXPECT_THAT(round({write("b")}), ElementsAre("b"));
    commit();
    EXPECT_EQ(words(), "b");
}

// The backend notices only behind the call, so that the error stands where the end of the round should be.
TEST_F(SessionTest, ABackendMayEndBehindTheLastCall) {
    auto statement = std::make_shared<Statement>();
    statement->name = "ended";
    statement->sql = "CALL test.session_nothing(pg_terminate_backend(pg_backend_pid()))";
    for (std::size_t i = 0; i < 20; ++i) {
        session_->begin({}, false);
        const auto call = call_of(statement, {});
        session_->run({&call}, {0}, std::nullopt, [](const Session::Answer&) { ADD_FAILURE() << "answered"; });
        ASSERT_TRUE(loop_.run_until([&] { return losses_.size() > i && session_->ready(); }));
    }
    session_->begin({}, false);
    EXPECT_THAT(round({write("a")}), ElementsAre("a"));
    commit();
}

// Postgres cancels whatever the connection is at when the request arrives: the call it was meant for may be over by then.
TEST_F(SessionTest, ACancellationHitsNoLaterTransaction) {
    QueryConnection other(loop_.get(), *connector_, "test control", "", {[] {}, [](const std::string&) {}, {}, {}});
    other.start();
    ASSERT_TRUE(loop_.run_until([&] { return other.connected(); }));
    for (int i = 0; i < 300; ++i) {
        session_->begin({}, false);
        ASSERT_THAT(round({write("a")}), ElementsAre("a"));
        session_->cancel(other);
        session_->roll_back();
        ASSERT_TRUE(loop_.run_until([this] { return session_->ready(); }));
    }
    session_->begin({call_of(statement_of("pg_catalog.pg_sleep", {Type::float8}), {60.0})}, false);
    std::optional<Failure> failure;
    const auto call = write("a");
    session_->run({&call}, {0}, std::nullopt, [&](const Session::Answer& answer) { failure = answer.failure; });
    const auto sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + std::to_string(session_->backend());
    ASSERT_TRUE(loop_.run_until([&] { return Cluster::instance().query(sleeps) == "1"; }));
    session_->cancel(other);
    ASSERT_TRUE(loop_.run_until([&] { return failure.has_value(); }));
    EXPECT_EQ(failure->sqlstate, "57014");
    roll_back();
    EXPECT_TRUE(losses_.empty());
    other.stop();
}

}  // namespace
}  // namespace pgredis::postgres
