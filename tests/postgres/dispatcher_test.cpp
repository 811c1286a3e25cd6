// Group commit against a real Postgres.
#include "postgres/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "cluster.h"
#include "harness.h"

namespace pgredis::postgres {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* functions = R"(
    CREATE TABLE test.log (id bigserial PRIMARY KEY, word text NOT NULL, transaction text NOT NULL DEFAULT pg_current_xact_id()::text);
    CREATE TABLE test.once (word text UNIQUE DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE test.held (word text PRIMARY KEY);
    INSERT INTO test.held VALUES ('x');
    CREATE SEQUENCE test.tries;
    CREATE FUNCTION test.echo(word text) RETURNS text LANGUAGE sql AS 'SELECT word';
    CREATE FUNCTION test.bytes(v bytea) RETURNS bytea LANGUAGE sql AS 'SELECT v';
    CREATE FUNCTION test.count_of(list text[]) RETURNS bigint LANGUAGE sql AS 'SELECT cardinality(list)::bigint';
    CREATE FUNCTION test.sum_of(a bigint, b double precision) RETURNS double precision LANGUAGE sql AS 'SELECT a + b';
    CREATE FUNCTION test.write(word text) RETURNS text LANGUAGE sql AS 'INSERT INTO test.log (word) VALUES (word) RETURNING transaction';
    CREATE FUNCTION test.transaction(word text) RETURNS text LANGUAGE sql AS 'SELECT pg_current_xact_id()::text';
    CREATE FUNCTION test.database(word text) RETURNS text LANGUAGE sql
        AS 'SELECT pg_current_xact_id()::text || '' of '' || redis.db()';
    CREATE FUNCTION test.write_or_fail(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        IF word LIKE 'bad%' THEN
            RAISE EXCEPTION USING ERRCODE = 'RD000', MESSAGE = 'ERR no ' || word;
        END IF;
        INSERT INTO test.log (word) VALUES (write_or_fail.word);
        RETURN word;
    END $$;
    CREATE FUNCTION test.fault(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        RETURN 1 / length(word);
    END $$;
    CREATE FUNCTION test.write_once(word text) RETURNS text LANGUAGE sql AS 'INSERT INTO test.once VALUES (word) RETURNING word';
    -- Fails with this SQLSTATE until it was called three times.
    CREATE FUNCTION test.fail_twice(state text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO test.log (word) VALUES ('try');
        IF nextval('test.tries') < 3 THEN
            RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'not yet';
        END IF;
        RETURN 'third time';
    END $$;
    CREATE FUNCTION test.fail_always(state text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM nextval('test.tries');
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'never';
    END $$;
    CREATE FUNCTION test.lock(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM redis.lock_key(redis.db(), word::bytea);
        INSERT INTO test.log (word) VALUES (lock.word);
        RETURN word;
    END $$;
    CREATE FUNCTION test.touch(word text) RETURNS text LANGUAGE sql AS 'UPDATE test.held h SET word = h.word WHERE h.word = touch.word RETURNING h.word';
    CREATE FUNCTION test.setting(word text) RETURNS text LANGUAGE sql AS 'SELECT current_setting(word)';
    CREATE FUNCTION test.sleep(word text) RETURNS text LANGUAGE sql AS 'SELECT word FROM pg_sleep(0.4)';
    CREATE FUNCTION test.rest(word text) RETURNS text LANGUAGE sql AS 'SELECT pg_current_xact_id()::text FROM pg_sleep(0.002)';
    CREATE FUNCTION test.nap(word text) RETURNS text LANGUAGE sql AS 'SELECT word FROM pg_sleep(0.15)';
    -- The first call of all hangs.
    CREATE FUNCTION test.hang_once(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO test.log (word) VALUES (hang_once.word);
        IF nextval('test.tries') = 1 THEN
            PERFORM pg_sleep(20);
        END IF;
        RETURN word;
    END $$;
)";

class DispatcherTest : public ::testing::Test {
 protected:
    static void SetUpTestSuite() { Cluster::instance().query(functions); }

    void SetUp() override {
        Cluster::instance().query("TRUNCATE test.log RESTART IDENTITY; TRUNCATE test.once; ALTER SEQUENCE test.tries RESTART");
    }

    void TearDown() override {
        if (!dispatcher_) return;
        dispatcher_->stop();
        loop_.drain();
        dispatcher_.reset();
    }

    void start(DispatcherOptions options = {.quick_lanes = 1, .slow_lanes = 2, .wait_ms = 20'000}) {
        start_at(Cluster::instance().url(), options);
    }

    void start_at(const std::string& url, DispatcherOptions options) {
        ConnectorOptions connector;
        connector.url = url;
        connector_ = std::make_unique<Connector>(loop_.get(), connector);
        Dispatcher::Events events;
        events.on_connected = [this](const std::string&) { ++connections_; };
        events.on_disconnected = [this](const std::string& why) { losses_.push_back(why); };
        events.on_fault = [this](const Failure& failure) {
            faults_.push_back(failure.sqlstate + " " + failure.message + " " + failure.context);
        };
        dispatcher_ = std::make_unique<Dispatcher>(loop_.get(), *connector_, options, std::move(events));
        dispatcher_->start();
    }

    void wait_for_connection() {
        ASSERT_TRUE(loop_.run_until([this] { return dispatcher_->connected(); }));
    }

    // The functions of the tests, called with one word.
    Call call(const std::string& function, const std::string& word, bool writes = false, std::vector<std::string> locked = {}) {
        auto& statement = statements_[function];
        if (!statement) statement = statement_of("test." + function);
        auto made = call_of(statement, {word});
        made.locked_keys = std::move(locked);
        made.writes = writes;
        return made;
    }

    std::shared_ptr<TestJob> submit(std::vector<Call> calls, std::int16_t database = 0) {
        auto job = job_of(std::move(calls), database);
        dispatcher_->submit(job);
        jobs_.push_back(job);
        return job;
    }

    bool finish(std::uint64_t milliseconds = 10'000) {
        return loop_.run_until(
            [this] { return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->finished(); }); },
            milliseconds);
    }

    // All answers of all jobs so far.
    std::vector<std::string> answers() const {
        std::vector<std::string> all;
        for (const auto& job : jobs_) all.insert(all.end(), job->answers.begin(), job->answers.end());
        return all;
    }

    static std::string logged() {
        return Cluster::instance().query("SELECT coalesce(string_agg(word, ' ' ORDER BY id), '') FROM test.log");
    }

    // All calls in one transaction.
    std::shared_ptr<TestJob> submit_transaction(std::vector<Call> calls) {
        auto job = job_of(std::move(calls));
        job->transaction = true;
        dispatcher_->submit(job);
        jobs_.push_back(job);
        return job;
    }

    // A call ahead of a transaction's own.
    Call prologue(const std::string& function, const std::string& word) {
        auto made = call(function, word);
        made.prologue = true;
        return made;
    }

    // Waits until a backend is at work on this function, and answers its process id.
    pid_t wait_for_backend(const std::string& function) {
        pid_t pid = 0;
        loop_.run_until([&] {
            const auto found = Cluster::instance().query(
                "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep' AND query LIKE '%" +
                function + "%' AND pid <> pg_backend_pid()");
            pid = found.empty() ? 0 : std::stoi(found);
            return pid != 0;
        });
        EXPECT_NE(pid, 0);
        return pid;
    }

    static void terminate(pid_t pid) { Cluster::instance().query("SELECT pg_terminate_backend(" + std::to_string(pid) + ")"); }

    Loop loop_;
    std::unique_ptr<Connector> connector_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::map<std::string, std::shared_ptr<const Statement>> statements_;
    std::vector<std::shared_ptr<TestJob>> jobs_;
    int connections_ = 0;
    std::vector<std::string> losses_;
    std::vector<std::string> faults_;
};

TEST_F(DispatcherTest, AnswersComeInOrderOncePerCall) {
    start();
    const auto job = submit({call("echo", "a"), call("echo", ""), call("write", "x"), call("echo", "c")});
    ASSERT_TRUE(finish());
    EXPECT_EQ(job->answers.size(), 4U);
    EXPECT_EQ(job->answers[0], "a");
    EXPECT_EQ(job->answers[1], "");
    EXPECT_EQ(job->answers[3], "c");
    EXPECT_EQ(job->times_done, 1);
    EXPECT_EQ(dispatcher_->counters().calls, 4U);
    EXPECT_EQ(dispatcher_->counters().queued_jobs, 0U);
    EXPECT_EQ(connections_, 1);
    EXPECT_THAT(losses_, IsEmpty());
}

TEST_F(DispatcherTest, ValuesOfEveryTypeArrive) {
    start();
    const std::string big(5 << 20, '\xff');
    const auto single = [](const std::string& function, const std::vector<Type>& types, std::vector<Value> values) {
        return call_of(statement_of(function, types), std::move(values));
    };
    const auto job = submit({single("test.bytes", {Type::bytea}, {std::string("a\0\xff", 3)}),
                             single("test.bytes", {Type::bytea}, {big}), single("test.bytes", {Type::bytea}, {Value()}),
                             single("test.count_of", {Type::text_array}, {std::vector<std::string>(3, "x")}),
                             single("test.sum_of", {Type::int8, Type::float8}, {std::int64_t{-1}, 1.5})});
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, ElementsAre(std::string("a\0\xff", 3), big, "NULL", "3", std::string("\x3f\xe0\0\0\0\0\0\0", 8)));
}

TEST_F(DispatcherTest, JobsThatWaitTogetherAreOneTransaction) {
    start();
    wait_for_connection();
    for (int i = 0; i < 50; ++i) submit({call(i % 2 == 0 ? "write" : "transaction", "w" + std::to_string(i))});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), Each(answers()[0]));
    EXPECT_EQ(dispatcher_->counters().batches, 1U);
    EXPECT_EQ(dispatcher_->counters().retries, 0U);
    EXPECT_EQ(Cluster::instance().query("SELECT count(*) FROM test.log"), "25");
}

TEST_F(DispatcherTest, NoAnswerComesBeforeItsTransactionIsCommitted) {
    start();
    auto job = job_of({call("write", "w")});
    std::string seen;
    job->then = [&seen] { seen = logged(); };  // by another connection
    dispatcher_->submit(job);
    jobs_.push_back(job);
    ASSERT_TRUE(finish());
    EXPECT_EQ(seen, "w");
}

TEST_F(DispatcherTest, CallsOfOneStatementAreGrouped) {
    start();
    wait_for_connection();
    auto statement = std::make_shared<Statement>();
    statement->name = "how";
    statement->sql = "SELECT 'alone ' || $1::text";
    statement->grouped_sql = "SELECT 'together ' || a FROM unnest($1::text[]) AS t(a)";
    statement->parameters = {Type::text};
    const auto how = [&](const std::string& word) { return call_of(statement, {word}); };
    submit({how("a"), how("b")});
    submit({how("c")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("together a", "together b", "together c"));
    submit({how("d")});
    ASSERT_TRUE(finish());
    EXPECT_EQ(answers().back(), "alone d");
}

TEST_F(DispatcherTest, EqualCallsOfARepeatableStatementAreMadeOnce) {
    start();
    wait_for_connection();
    Cluster::instance().query("CREATE SEQUENCE test.made");
    auto statement = std::make_shared<Statement>();
    statement->name = "made";
    statement->sql = "SELECT $1::text || nextval('test.made')";
    statement->grouped_sql = "SELECT a || nextval('test.made') FROM unnest($1::text[]) AS t(a)";
    statement->parameters = {Type::text};
    statement->repeatable = true;
    auto rows = std::make_shared<Statement>(*statement);
    rows->name = "rows";
    rows->sql = "SELECT $1::text || nextval('test.made') FROM generate_series(1, 2)";
    rows->grouped_sql.clear();
    const auto made = [&](const std::string& word) { return call_of(statement, {word}); };
    submit({made("a"), made("b"), made("a")});
    submit({made("b"), made("c")});
    submit({call_of(rows, {"r"})});
    submit({call_of(rows, {"s"}), call_of(rows, {"r"})});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("a1", "b2", "a1", "b2", "c3", "r4", "s6", "r8"));
    EXPECT_EQ(dispatcher_->counters().batches, 1U);
    // What the client itself does in between may change the answer.
    submit({made("a"), call("write", "w"), made("a")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(jobs_.back()->answers, ElementsAre("a10", _, "a11"));
}

TEST_F(DispatcherTest, EqualCallsThatFailEachHaveTheError) {
    start();
    wait_for_connection();
    auto statement = std::make_shared<Statement>();
    statement->name = "failing";
    statement->sql = "SELECT test.write_or_fail($1::text)";
    statement->grouped_sql = "SELECT test.write_or_fail(a) FROM unnest($1::text[]) AS t(a)";
    statement->parameters = {Type::text};
    statement->repeatable = true;
    for (const auto* word : {"bad", "good", "bad", "bad"}) submit({call_of(statement, {word})});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("redis: ERR no bad", "good", "redis: ERR no bad", "redis: ERR no bad"));
}

TEST_F(DispatcherTest, ArraysOfGroupedCallsArePutTogether) {
    start();
    wait_for_connection();
    auto statement = std::make_shared<Statement>();
    statement->name = "arrays";
    statement->sql = "SELECT $1::text || array_to_string($2::text[], ',')";
    statement->grouped_sql =
        "SELECT k.k || string_agg(e.e, '+' ORDER BY e.n) FROM unnest($1::text[]) WITH ORDINALITY AS k(k, call) "
        "JOIN unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS e(e, call, n) ON e.call = k.call GROUP BY k.k, k.call ORDER BY "
        "k.call";
    statement->parameters = {Type::text, Type::text_array};
    statement->flattened = true;
    const auto call = [&](const std::string& key, std::vector<std::string> elements) {
        Call made;
        made.statement = statement;
        made.arguments = {Value(key), Value(std::move(elements))};
        return made;
    };
    submit({call("a:", {"1"}), call("b:", {"2", "3"})});
    submit({call("c:", {"4", "", "6"})});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("a:1", "b:2+3", "c:4++6"));
    submit({call("d:", {"7", "8"})});
    ASSERT_TRUE(finish());
    EXPECT_EQ(answers().back(), "d:7,8");
}

TEST_F(DispatcherTest, EveryClientsOwnOrderIsKept) {
    start();
    wait_for_connection();
    // Two statements in turns, so that grouping is tempted to change their order.
    for (const auto* client : {"a", "b", "c"}) {
        std::vector<Call> calls;
        for (int i = 0; i < 6; ++i) calls.push_back(call(i % 3 == 0 ? "write" : "write_or_fail", client + std::to_string(i)));
        submit(std::move(calls));
    }
    ASSERT_TRUE(finish());
    for (const auto* client : {"a", "b", "c"}) {
        const std::string c = client;
        EXPECT_EQ(
            Cluster::instance().query("SELECT string_agg(word, ' ' ORDER BY id) FROM test.log WHERE word LIKE '" + c + "%'"),
            c + "0 " + c + "1 " + c + "2 " + c + "3 " + c + "4 " + c + "5");
    }
}

TEST_F(DispatcherTest, OneClientsErrorIsItsOwn) {
    start();
    wait_for_connection();
    for (int i = 0; i < 20; ++i) submit({call("write_or_fail", (i == 7 ? "bad" : "w") + std::to_string(i))});
    const auto mixed =
        submit({call("write_or_fail", "first"), call("write_or_fail", "bad"), call("echo", "e"), call("write_or_fail", "last")});
    ASSERT_TRUE(finish());
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(jobs_[static_cast<std::size_t>(i)]->answers,
                    ElementsAre(i == 7 ? "redis: ERR no bad7" : "w" + std::to_string(i)));
    }
    EXPECT_THAT(mixed->answers, ElementsAre("first", "redis: ERR no bad", "e", "last"));
    EXPECT_EQ(Cluster::instance().query("SELECT count(*) FROM test.log"), "21");
    EXPECT_EQ(Cluster::instance().query("SELECT count(DISTINCT word) FROM test.log"), "21") << "each exactly once";
    EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(DispatcherTest, FaultsAreToldWithTheirContext) {
    start();
    const auto good = submit({call("write_or_fail", "w")});
    const auto bad = submit({call("fault", "")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(bad->answers, ElementsAre("fault: division by zero"));
    EXPECT_THAT(good->answers, ElementsAre("w"));
    ASSERT_EQ(faults_.size(), 1U);
    EXPECT_THAT(faults_[0], StartsWith("22012 division by zero PL/pgSQL function test.fault(text)"));
}

TEST_F(DispatcherTest, AnErrorAtTheCommitIsFoundToo) {
    start();
    wait_for_connection();
    Cluster::instance().query("INSERT INTO test.once VALUES ('twice')");
    const auto good = submit({call("write_once", "x"), call("write_or_fail", "w")});
    const auto bad = submit({call("write_once", "twice")});
    const auto other = submit({call("write_once", "y")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(good->answers, ElementsAre("x", "w"));
    EXPECT_THAT(bad->answers, ElementsAre(StartsWith("fault: duplicate key")));
    EXPECT_THAT(other->answers, ElementsAre("y"));
    EXPECT_EQ(Cluster::instance().query("SELECT string_agg(word, ' ' ORDER BY word) FROM test.once"), "twice x y");
}

TEST_F(DispatcherTest, DatabasesNeverShareATransaction) {
    start();
    wait_for_connection();
    std::map<std::string, std::string> database_of;  // a transaction's
    for (int i = 0; i < 30; ++i) submit({call("database", "x"), call("database", "y")}, static_cast<std::int16_t>(i % 3));
    ASSERT_TRUE(finish());
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        for (const auto& answer : jobs_[i]->answers) {
            const auto transaction = answer.substr(0, answer.find(' '));
            const auto database = answer.substr(answer.rfind(' ') + 1);
            EXPECT_EQ(database, std::to_string(i % 3));
            EXPECT_EQ(database_of.emplace(transaction, database).first->second, database);
        }
    }
    EXPECT_EQ(database_of.size(), 3U);
    EXPECT_EQ(dispatcher_->counters().batches, 3U);
}

TEST_F(DispatcherTest, BatchesHaveALimit) {
    start();
    wait_for_connection();
    for (int i = 0; i < 2500; ++i) submit({call("echo", std::to_string(i))});
    ASSERT_TRUE(finish());
    EXPECT_GT(dispatcher_->counters().batches, 1U);
    EXPECT_LT(dispatcher_->counters().batches, 20U);
    EXPECT_EQ(dispatcher_->counters().retries, 0U);
    for (std::size_t i = 0; i < jobs_.size(); ++i) EXPECT_THAT(jobs_[i]->answers, ElementsAre(std::to_string(i)));
    const auto before = dispatcher_->counters().batches;
    for (int i = 0; i < 4; ++i) submit({call("echo", std::string(3 << 20, 'x'))});
    ASSERT_TRUE(finish());
    EXPECT_EQ(dispatcher_->counters().batches, before + 4) << "by their bytes";
}

TEST_F(DispatcherTest, TwoLanesShareWhatTakesLong) {
    start({.quick_lanes = 2, .slow_lanes = 2, .wait_ms = 20'000});
    ASSERT_TRUE(loop_.run_until([this] { return dispatcher_->counters().connected_lanes == 2; }));
    // How many transactions these twenty calls are, each of another client.
    const auto transactions_of = [this](const char* function) {
        jobs_.clear();
        for (int i = 0; i < 20; ++i) submit({call(function, "w", true, {"k" + std::to_string(i)})});
        EXPECT_TRUE(finish());
        const auto all = answers();
        return std::set<std::string>(all.begin(), all.end()).size();
    };
    submit({call("rest", "w")});  // tells how long one takes
    ASSERT_TRUE(finish());
    EXPECT_EQ(transactions_of("rest"), 2U);
    for (int i = 0; i < 10; ++i) transactions_of("transaction");
    EXPECT_EQ(transactions_of("transaction"), 1U) << "what is done soon stays together";
}

TEST_F(DispatcherTest, ALoneClientIsNoticed) {
    bool seen = false;
    const std::function<void()> look = [&] { seen = seen || dispatcher_->has_lone_call(); };
    auto* before_sleep = new uv_prepare_t;
    uv_prepare_init(loop_.get(), before_sleep);
    before_sleep->data = const_cast<std::function<void()>*>(&look);
    uv_prepare_start(before_sleep, [](uv_prepare_t* handle) { (*static_cast<const std::function<void()>*>(handle->data))(); });
    start();
    wait_for_connection();
    const auto one_by_one = [&](int calls) {
        for (int i = 0; i < calls; ++i) {
            submit({call("echo", "e")});
            EXPECT_TRUE(finish());
        }
    };
    one_by_one(5);
    EXPECT_FALSE(seen);
    EXPECT_EQ(dispatcher_->lone_calls(), 0U);
    one_by_one(5);
    EXPECT_TRUE(seen);
    const auto lone = dispatcher_->lone_calls();
    EXPECT_GT(lone, 0U);
    seen = false;
    submit({call("echo", "a")});
    submit({call("echo", "b")});
    ASSERT_TRUE(finish());
    one_by_one(5);
    EXPECT_FALSE(seen);
    EXPECT_EQ(dispatcher_->lone_calls(), lone);
    uv_close(reinterpret_cast<uv_handle_t*>(before_sleep),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });
}

TEST_F(DispatcherTest, TransactionsThatPostgresAbortsAreRunAgain) {
    start();
    for (const auto* state : {"40001", "40P01"}) {
        SetUp();
        const auto job = submit({call("write", "other"), call("fail_twice", state)});
        ASSERT_TRUE(finish());
        EXPECT_EQ(job->answers.back(), "third time") << state;
        EXPECT_EQ(logged(), "other try") << "nothing is left of the first two tries";
    }
    EXPECT_EQ(dispatcher_->counters().retries, 4U);
}

TEST_F(DispatcherTest, TransactionsAreNotRunAgainForEver) {
    start();
    const auto bad = submit({call("fail_always", "40001")});
    const auto good = submit({call("write_or_fail", "w")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(bad->answers, ElementsAre("fault: never"));
    EXPECT_THAT(good->answers, ElementsAre("w"));
}

TEST_F(DispatcherTest, WhatNobodyWantsAnyMoreIsDropped) {
    start();
    wait_for_connection();
    std::vector<std::shared_ptr<TestJob>> jobs;
    for (const auto* word : {"a", "b", "c", "d"}) jobs.push_back(job_of({call("write", word, true)}));
    jobs[0]->is_wanted = jobs[2]->is_wanted = false;
    jobs[2]->slow = jobs[3]->slow = true;
    for (const auto& job : jobs) dispatcher_->submit(job);
    ASSERT_TRUE(loop_.run_until([&] { return jobs[1]->finished() && jobs[3]->finished(); }));
    EXPECT_EQ(jobs[0]->times_done + jobs[2]->times_done, 0);
    EXPECT_EQ(Cluster::instance().query("SELECT string_agg(word, '' ORDER BY word) FROM test.log"), "bd");
    EXPECT_EQ(dispatcher_->counters().queued_jobs, 0U);
}

TEST_F(DispatcherTest, WhoWaitsForALockedKeyHoldsUpNobody) {
    start();
    const auto holder = Cluster::instance().connect();
    Cluster::query(holder.get(), "BEGIN; SELECT redis.lock_key(0::smallint, 'k')");
    const auto blocked = submit({call("lock", "k", true, {"k"})});
    const auto other = submit({call("lock", "free", true, {"free"})});
    ASSERT_TRUE(loop_.run_until([&] { return other->finished(); }));
    EXPECT_FALSE(blocked->finished());
    const auto later = submit({call("lock", "later", true, {"later"})});
    ASSERT_TRUE(loop_.run_until([&] { return later->finished(); }));
    EXPECT_FALSE(blocked->finished());
    Cluster::query(holder.get(), "COMMIT");
    ASSERT_TRUE(finish());
    EXPECT_THAT(blocked->answers, ElementsAre("k"));
    EXPECT_EQ(logged(), "free later k");
}

// A lock that stands for no key: on a row of the application's own, for instance.
TEST_F(DispatcherTest, WhoWaitsForAnyOtherLockHoldsUpNobodyEither) {
    start();
    const auto holder = Cluster::instance().connect();
    Cluster::query(holder.get(), "BEGIN; SELECT word FROM test.held FOR UPDATE");
    const auto blocked = submit({call("touch", "x", true)});
    const auto other = submit({call("lock", "free", true, {"free"})});
    EXPECT_TRUE(loop_.run_until([&] { return other->finished(); }, 3000));
    EXPECT_FALSE(blocked->finished());
    Cluster::query(holder.get(), "COMMIT");
    ASSERT_TRUE(finish());
    EXPECT_THAT(blocked->answers, ElementsAre("x"));
}

TEST_F(DispatcherTest, ADatabaseWhoseJobsWaitForAKeyHoldsUpNoOther) {
    start({.quick_lanes = 2, .slow_lanes = 2, .wait_ms = 20'000});
    ASSERT_TRUE(loop_.run_until([this] { return dispatcher_->counters().connected_lanes == 2; }));
    const auto holder = submit({call("nap", "holder", true, {"k"})});
    ASSERT_TRUE(loop_.run_until([this] { return dispatcher_->counters().batches == 1; }));
    const auto waiting = submit({call("lock", "k", true, {"k"})});
    const auto beside = submit({call("echo", "free")});
    const auto other = submit({call("echo", "other")}, 1);
    ASSERT_TRUE(loop_.run_until([&] { return beside->finished() && other->finished(); }));
    EXPECT_FALSE(holder->finished());
    const auto alone = submit({call("echo", "alone")}, 1);
    ASSERT_TRUE(loop_.run_until([&] { return alone->finished(); }));
    EXPECT_FALSE(holder->finished());
    ASSERT_TRUE(finish());
    EXPECT_THAT(waiting->answers, ElementsAre("k"));
}

TEST_F(DispatcherTest, SlowJobsHoldUpNobody) {
    start();
    wait_for_connection();
    auto slow = job_of({call("sleep", "slow"), call("echo", "after")});
    slow->slow = true;
    dispatcher_->submit(slow);
    const auto quick = submit({call("echo", "quick")});
    ASSERT_TRUE(finish());
    EXPECT_FALSE(slow->finished());
    ASSERT_TRUE(loop_.run_until([&] { return slow->finished(); }));
    EXPECT_THAT(slow->answers, ElementsAre("slow", "after"));
}

TEST_F(DispatcherTest, CallsThatTurnOutToBeSlowAreGivenAway) {
    start();
    wait_for_connection();
    const auto slow = submit({call("sleep", "slow")});
    const auto quick = submit({call("write_or_fail", "quick")});
    ASSERT_TRUE(loop_.run_until([&] { return quick->finished(); }));
    EXPECT_FALSE(slow->finished());
    ASSERT_TRUE(finish());
    EXPECT_THAT(slow->answers, ElementsAre("slow"));
}

TEST_F(DispatcherTest, ASlowJobsCallsAreTransactionsOfTheirOwn) {
    start();
    auto slow = job_of({call("transaction", ""), call("write_or_fail", "bad"), call("transaction", "")});
    slow->slow = true;
    dispatcher_->submit(slow);
    ASSERT_TRUE(loop_.run_until([&] { return slow->finished(); }));
    EXPECT_NE(slow->answers[0], slow->answers[2]);
    EXPECT_EQ(slow->answers[1], "redis: ERR no bad");
}

TEST_F(DispatcherTest, ATransactionIsOne) {
    start();
    const auto job = submit_transaction({prologue("transaction", ""), call("write", "a"), call("transaction", "")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, Each(job->answers[0]));
    EXPECT_EQ(logged(), "a");
}

TEST_F(DispatcherTest, InATransactionAFailingCallDoesNotUndoTheOthers) {
    start();
    const auto job = submit_transaction({prologue("transaction", ""), call("write_or_fail", "a"), call("write_or_fail", "bad"),
                                         call("fault", ""), call("write_or_fail", "b"), call("transaction", "")});
    ASSERT_TRUE(finish());
    ASSERT_EQ(job->answers.size(), 6U);
    EXPECT_EQ(job->answers[0], job->answers[5]) << "still one";
    EXPECT_EQ(job->answers[1], "a");
    EXPECT_EQ(job->answers[2], "redis: ERR no bad");
    EXPECT_EQ(job->answers[3], "fault: division by zero");
    EXPECT_EQ(job->answers[4], "b");
    EXPECT_EQ(logged(), "a b");
    EXPECT_EQ(Cluster::instance().query("SELECT count(DISTINCT transaction) FROM test.log"), "1");
    EXPECT_EQ(faults_.size(), 1U);
    submit({call("echo", "next")});
    const auto next = submit_transaction({call("write_or_fail", "c")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(next->answers, ElementsAre("c"));
}

TEST_F(DispatcherTest, InATransactionAFunctionThatIsGoneConcernsItsCallsOnly) {
    start();
    const auto deploy = [](const std::string& result) {
        Cluster::instance().query("DROP FUNCTION IF EXISTS test.passing(text); CREATE FUNCTION test.passing(word text) RETURNS " +
                                  result + " LANGUAGE plpgsql AS 'BEGIN RETURN 7; END'");
    };
    const auto run = [this](std::vector<Call> calls) {
        const auto job = submit_transaction(std::move(calls));
        EXPECT_TRUE(finish());
        return job->answers;
    };
    deploy("text");
    const auto calls = [this] {
        return std::vector{call("write_or_fail", "a"), call("passing", ""), call("write_or_fail", "b")};
    };
    EXPECT_THAT(run(calls()), ElementsAre("a", "7", "b"));
    Cluster::instance().query("DROP FUNCTION test.passing(text)");
    EXPECT_THAT(run(calls()), ElementsAre("a", StartsWith("fault: function test.passing(text) does not exist"), "b"));
    EXPECT_EQ(logged(), "a b a b");
    deploy("text");
    EXPECT_THAT(run(calls()), ElementsAre("a", "7", "b"));
    deploy("bigint");
    EXPECT_THAT(run({call("write_or_fail", "bad"), call("passing", "")}), ElementsAre("redis: ERR no bad", "7"))
        << "its prepared statement is given up also where another call has failed";
    EXPECT_EQ(faults_.size(), 1U);
}

TEST_F(DispatcherTest, ATransactionWhosePrologueFailsIsNoneAtAll) {
    start();
    const auto job = submit_transaction({prologue("write", "x"), prologue("fail_always", "RD001"), call("write", "a")});
    const auto fault = submit_transaction({prologue("fault", ""), call("write", "b")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, Each("aborted: never"));
    EXPECT_EQ(job->answers.size(), 3U);
    EXPECT_THAT(fault->answers, ElementsAre("fault: division by zero", "fault: division by zero"));
    EXPECT_EQ(logged(), "");
}

TEST_F(DispatcherTest, ATransactionThatPostgresAbortsIsRunAgainAsAWhole) {
    start();
    const auto job = submit_transaction({call("write_or_fail", "a"), call("fail_twice", "40001")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, ElementsAre("a", "third time"));
    EXPECT_EQ(logged(), "a try");
    SetUp();
    const auto careful =
        submit_transaction({call("write_or_fail", "bad"), call("write_or_fail", "a"), call("fail_twice", "40001")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(careful->answers, ElementsAre("redis: ERR no bad", "a", "third time"));
    EXPECT_EQ(logged(), "a try");
}

TEST_F(DispatcherTest, AnErrorAtTheCommitOfATransactionIsThatOfAllItsCalls) {
    start();
    Cluster::instance().query("INSERT INTO test.once VALUES ('twice')");
    const auto job = submit_transaction({call("write_or_fail", "a"), call("write_once", "twice")});
    const auto careful = submit_transaction({call("write_or_fail", "bad"), call("write_once", "twice")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, Each(StartsWith("fault: duplicate key")));
    EXPECT_THAT(careful->answers, Each(StartsWith("fault: duplicate key")));
    EXPECT_EQ(logged(), "");
}

TEST_F(DispatcherTest, ATransactionInDoubtIsNotRunAgain) {
    start();
    const auto job = submit_transaction({call("write_or_fail", "a", true), call("hang_once", "w", true)});
    Cluster::instance().crash(wait_for_backend("hang_once"));
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, Each(StartsWith("unknown: ERR ")));
    EXPECT_EQ(logged(), "");
}

// Call by call the commit is asked for at the very end only.
TEST_F(DispatcherTest, ATransactionThatBreaksBeforeItsCommitIsRunAgain) {
    start();
    const auto job = submit_transaction({call("write_or_fail", "bad", true), call("hang_once", "w", true)});
    Cluster::instance().crash(wait_for_backend("hang_once"));
    ASSERT_TRUE(finish());
    EXPECT_THAT(job->answers, ElementsAre("redis: ERR no bad", "w"));
    EXPECT_EQ(logged(), "w");
}

TEST_F(DispatcherTest, AConnectionLostWhileIdleIsMadeAgain) {
    start();
    submit({call("echo", "a")});
    ASSERT_TRUE(finish());
    Cluster::instance().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgredis%'");
    ASSERT_TRUE(loop_.run_until([&] { return !losses_.empty(); }));
    submit({call("echo", "b")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("a", "b"));
    EXPECT_EQ(connections_, 2);
}

// The proxy sends before it learns of the loss.
TEST_F(DispatcherTest, AConnectionThatWasLostUnseenIsMadeAgain) {
    start();
    submit({call("echo", "a")});
    ASSERT_TRUE(finish());
    Cluster::instance().query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'pgredis%'");
    submit({call("echo", "b")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, WhatPostgresRefusedToFinishIsRunAgain) {
    start({.quick_lanes = 1, .slow_lanes = 1, .wait_ms = 20'000});
    auto slow = job_of({call("hang_once", "w", true)});
    slow->slow = true;
    dispatcher_->submit(slow);
    terminate(wait_for_backend("hang_once"));
    ASSERT_TRUE(loop_.run_until([&] { return slow->finished(); }));
    EXPECT_THAT(slow->answers, ElementsAre("w")) << "it was told that the transaction ended";
    EXPECT_EQ(logged(), "w");
}

TEST_F(DispatcherTest, OfAConnectionThatBreaksTheReadsAreRunAgainAndTheWritesAreInDoubt) {
    start({.quick_lanes = 1, .slow_lanes = 2, .wait_ms = 20'000});
    const auto run = [this](bool writes) {
        SetUp();
        auto job = job_of({call("hang_once", "w", writes), call("echo", "then")});
        job->slow = true;
        dispatcher_->submit(job);
        Cluster::instance().crash(wait_for_backend("hang_once"));
        EXPECT_TRUE(loop_.run_until([&] { return job->finished(); }));
        return job->answers;
    };
    const auto write = run(true);
    ASSERT_EQ(write.size(), 2U);
    EXPECT_THAT(write[0], StartsWith("unknown: ERR "));
    EXPECT_EQ(write[1], "then") << "what had not been sent is carried out";
    EXPECT_EQ(logged(), "");
    EXPECT_THAT(run(false), ElementsAre("w", "then"));
    ASSERT_TRUE(loop_.run_until([this] { return dispatcher_->connected(); }));
}

TEST_F(DispatcherTest, InABatchThatBreaksEachClientHasItsOwnOutcome) {
    start();
    wait_for_connection();
    Cluster::instance().query("ALTER SYSTEM SET log_min_messages = 'panic'");
    // The batch hangs in its commit's stead: in a deferred trigger, after all its statements.
    Cluster::instance().query(R"(
        CREATE OR REPLACE FUNCTION test.hang() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF nextval(''test.tries'') = 1 THEN PERFORM pg_sleep(20); END IF; RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON test.log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.word = 'hang') EXECUTE FUNCTION test.hang())");
    const auto reader = submit({call("echo", "r")});
    const auto writer = submit({call("echo", "before"), call("write_or_fail", "hang", true), call("echo", "behind")});
    const auto other = submit({call("write_or_fail", "w", true)});
    const auto pid = wait_for_backend("");
    EXPECT_THAT(answers(), IsEmpty());
    Cluster::instance().crash(pid);
    ASSERT_TRUE(finish());
    EXPECT_THAT(reader->answers, ElementsAre("r"));
    EXPECT_THAT(writer->answers, Each(StartsWith("unknown: ERR ")));
    EXPECT_EQ(writer->answers.size(), 3U) << "its order is kept: nothing of it is run again";
    EXPECT_THAT(other->answers, ElementsAre(StartsWith("unknown: ERR ")));
    EXPECT_EQ(logged(), "");
    Cluster::instance().query("DROP TRIGGER hang ON test.log");
}

TEST_F(DispatcherTest, WithoutPostgresJobsFailAfterAWhile) {
    start_at(Cluster::url_at("/nowhere"), {.quick_lanes = 1, .slow_lanes = 1, .wait_ms = 300});
    uv_update_time(loop_.get());
    const auto begin = uv_hrtime();
    submit({call("echo", "a"), call("echo", "b")});
    const auto slow = submit({call("echo", "c")});
    auto really_slow = job_of({call("echo", "d")});
    really_slow->slow = true;
    dispatcher_->submit(really_slow);
    jobs_.push_back(really_slow);
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), Each(StartsWith("unavailable: ERR ")));
    EXPECT_EQ(answers().size(), 4U);
    EXPECT_GE(uv_hrtime() - begin, 290'000'000U);
    EXPECT_FALSE(dispatcher_->connected());
    EXPECT_EQ(dispatcher_->counters().queued_jobs, 0U);
    EXPECT_EQ(losses_.size(), 1U) << "told once, not at every attempt";
}

TEST_F(DispatcherTest, PostgresMayComeLater) {
    const auto folder = Cluster::instance().folder() + "-later";
    start_at(Cluster::url_at(folder), {.quick_lanes = 2, .slow_lanes = 1, .wait_ms = 20'000});
    submit({call("echo", "a")});
    ASSERT_TRUE(loop_.run_until([this] { return !losses_.empty(); }));
    std::filesystem::create_symlink(Cluster::instance().folder(), folder);
    EXPECT_TRUE(finish());
    std::filesystem::remove(folder);
    EXPECT_THAT(answers(), ElementsAre("a"));
}

TEST_F(DispatcherTest, ADeploymentThatReplacesFunctionsIsNotNoticed) {
    start();
    wait_for_connection();
    const auto deploy = [](const std::string& result) {
        Cluster::instance().query(
            "DROP FUNCTION IF EXISTS test.deployed(text); CREATE FUNCTION test.deployed(word text) RETURNS " + result +
            " LANGUAGE plpgsql AS 'BEGIN RETURN 7; END'");
    };
    deploy("text");
    const auto run = [this] {
        jobs_.clear();
        submit({call("deployed", "a")});
        submit({call("write_or_fail", "w")});
        submit({call("deployed", "b")});
        EXPECT_TRUE(finish());
        return answers();
    };
    EXPECT_THAT(run(), ElementsAre("7", "w", "7"));
    deploy("text");
    EXPECT_THAT(run(), ElementsAre("7", "w", "7"));
    deploy("bigint");
    EXPECT_THAT(run(), ElementsAre("7", "w", "7"));
    EXPECT_THAT(faults_, IsEmpty());
    Cluster::instance().query("DROP FUNCTION test.deployed(text)");
    const auto gone = run();
    EXPECT_THAT(gone[0], StartsWith("fault: function test.deployed(text) does not exist"));
    EXPECT_EQ(gone[1], "w");
    deploy("text");
    EXPECT_THAT(run(), ElementsAre("7", "w", "7"));
}

TEST_F(DispatcherTest, ANewSettingIsInForceFromTheNextBatchOn) {
    start();
    dispatcher_->set_session("SET unit.word = 'first'");
    submit({call("setting", "unit.word")});
    ASSERT_TRUE(finish());
    dispatcher_->set_session("SET unit.word = 'second'");
    submit({call("write_or_fail", "bad")});  // whose transaction is rolled back, with what it set
    submit({call("setting", "unit.word")});
    submit_transaction({call("setting", "unit.word")});
    submit_transaction({call("write_or_fail", "bad"), call("setting", "unit.word")});
    const auto slow = job_of({call("setting", "unit.word")});
    slow->slow = true;
    dispatcher_->submit(slow);
    jobs_.push_back(slow);
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(),
                ElementsAre("first", "redis: ERR no bad", "second", "second", "redis: ERR no bad", "second", "second"));
}

TEST_F(DispatcherTest, ANewConnectionHasTheSettingToo) {
    start();
    wait_for_connection();
    dispatcher_->set_session("SET unit.word = 'first'");
    submit({call("setting", "unit.word")});
    ASSERT_TRUE(finish());
    Cluster::instance().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgredis %'");
    ASSERT_TRUE(loop_.run_until([this] { return !dispatcher_->connected(); }));
    submit({call("setting", "unit.word")});
    ASSERT_TRUE(finish());
    EXPECT_THAT(answers(), ElementsAre("first", "first"));
}

TEST_F(DispatcherTest, AnAnswerMayLeadToTheNextJob) {
    start();
    auto job = job_of({call("echo", "a")});
    std::shared_ptr<TestJob> next;
    job->then = [&] { next = submit({call("echo", "b")}); };
    dispatcher_->submit(job);
    ASSERT_TRUE(loop_.run_until([&] { return next && next->finished(); }));
    EXPECT_THAT(next->answers, ElementsAre("b"));
}

TEST_F(DispatcherTest, StoppingAbandonsWhatIsInFlight) {
    start();
    wait_for_connection();
    const auto job = submit({call("sleep", "a")});
    loop_.run_until([] { return false; }, 50);
    dispatcher_->stop();
    loop_.drain();
    EXPECT_FALSE(job->finished());
}

}  // namespace
}  // namespace pgredis::postgres
