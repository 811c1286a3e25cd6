// An event loop for tests, and jobs that write down their answers.
#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "postgres/connector.h"
#include "postgres/job.h"

namespace pgredis::postgres {

class Loop {
 public:
    Loop() {
        uv_loop_init(&loop_);
        uv_timer_init(&loop_, &timer_);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        EXPECT_EQ(uv_loop_close(&loop_), 0) << "something is still open";
    }

    [[nodiscard]] uv_loop_t* get() { return &loop_; }

    // Runs until the condition holds, or for so long; says whether it holds.
    bool run_until(const std::function<bool()>& condition, std::uint64_t milliseconds = 10'000) {
        const auto deadline = uv_hrtime() + milliseconds * 1'000'000;
        uv_timer_start(
            &timer_, [](uv_timer_t*) {}, 5, 5);  // so that the loop looks up
        while (!condition() && uv_hrtime() < deadline) uv_run(&loop_, UV_RUN_ONCE);
        uv_timer_stop(&timer_);
        return condition();
    }

    // Runs what there is until nothing is left to do.
    void drain() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
    uv_loop_t loop_{};
    uv_timer_t timer_{};
};

// Its answers, in order: a row's first column as it came (integers as decimals), "NULL", or "<kind>: message".
class TestJob final : public Job {
 public:
    explicit TestJob(std::vector<Call> consecutive) {
        calls = std::move(consecutive);
        for (const auto& call : calls) {
            for (const auto& value : call.arguments) {
                if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
            }
        }
    }

    void on_rows(std::size_t index, const Rows& rows) override {
        EXPECT_EQ(index, answers.size());
        if (rows.count == 0) {
            answers.emplace_back("no row");
        } else if (PQgetisnull(rows.result, rows.first, 0) != 0) {
            answers.emplace_back("NULL");
        } else if (PQftype(rows.result, 0) == oid::int8) {
            answers.push_back(std::to_string(static_cast<std::int64_t>(read_int64(PQgetvalue(rows.result, rows.first, 0)))));
        } else {
            answers.emplace_back(PQgetvalue(rows.result, rows.first, 0),
                                 static_cast<std::size_t>(PQgetlength(rows.result, rows.first, 0)));
        }
    }

    void on_failure(std::size_t index, const Failure& failure) override {
        EXPECT_EQ(index, answers.size());
        static const std::map<Failure::Kind, std::string> kinds{{Failure::Kind::redis, "redis"},
                                                                {Failure::Kind::fault, "fault"},
                                                                {Failure::Kind::aborted, "aborted"},
                                                                {Failure::Kind::unavailable, "unavailable"},
                                                                {Failure::Kind::unknown, "unknown"}};
        answers.push_back(kinds.at(failure.kind) + ": " + failure.message);
    }

    void on_done() override {
        EXPECT_EQ(answers.size(), calls.size());
        ++times_done;
        if (then) then();
    }

    [[nodiscard]] bool wanted() const override { return is_wanted; }

    [[nodiscard]] bool finished() const { return times_done > 0; }

    std::vector<std::string> answers;
    int times_done = 0;
    bool is_wanted = true;
    std::function<void()> then;
};

inline std::shared_ptr<TestJob> job_of(std::vector<Call> calls, std::int16_t database = 0) {
    auto job = std::make_shared<TestJob>(std::move(calls));
    job->database = database;
    return job;
}

// SELECT function($1, …), and the same grouped.
inline std::shared_ptr<const Statement> statement_of(const std::string& function, const std::vector<Type>& types = {Type::text}) {
    const auto name_of = [](Type type) -> std::string {
        switch (type) {
            case Type::bytea:
                return "bytea";
            case Type::text:
                return "text";
            case Type::int8:
                return "int8";
            case Type::float8:
                return "float8";
            case Type::bytea_array:
                return "bytea[]";
            case Type::text_array:
                return "text[]";
        }
        return "";
    };
    auto statement = std::make_shared<Statement>();
    statement->name = function;
    statement->parameters = types;
    std::string single;
    std::string columns;
    std::string arrays;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto n = std::to_string(i + 1);
        const std::string comma = i == 0 ? "" : ", ";
        single += comma + "$" + n + "::" + name_of(types[i]);
        columns += comma + "a" + n;
        arrays += comma + "unnest($" + n + "::" + name_of(types[i]) + "[])";
    }
    statement->sql = "SELECT " + function + "(" + single + ")";
    const bool groups = !types.empty() && single.find("[]") == std::string::npos;
    if (groups)
        statement->grouped_sql = "SELECT " + function + "(" + columns + ") FROM ROWS FROM (" + arrays + ") AS t(" + columns + ")";
    return statement;
}

inline Call call_of(std::shared_ptr<const Statement> statement, std::vector<Value> arguments) {
    Call call;
    call.statement = std::move(statement);
    call.arguments = std::move(arguments);
    return call;
}

}  // namespace pgredis::postgres
