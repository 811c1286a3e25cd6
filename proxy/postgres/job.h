// What the rest of the proxy asks of Postgres: jobs, each the consecutive calls of one client.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "postgres/value.h"

namespace pgredis::postgres {

// One way to call one function; shared by all calls of it. Its names are derived from the SQL, so that equal statements are
// prepared once.
struct Statement {
    std::string name;              // of the prepared statement
    std::string sql;               // SELECT … with $1 … for one call
    std::string grouped_sql;       // the same with every parameter an array, one row a call, in order; empty: cannot be grouped
    std::vector<Type> parameters;  // by $n
    // Calls with equal arguments in one transaction's group have equal answers, so one of them is made for all.
    bool repeatable = false;
    // Of grouped_sql: it locks the keys of all its calls itself, in the global order, before it does anything.
    bool locks_together = false;
    // Of grouped_sql: the last parameter, an array in a call already, holds the elements of all calls one after another, and one
    // more array behind it says of which call each element is, counted from 1.
    bool flattened = false;
};

// One of the proxy's own.
[[nodiscard]] inline std::shared_ptr<const Statement> make_statement(std::string name, std::string sql,
                                                                     std::vector<Type> parameters, std::string grouped_sql = "") {
    Statement made;
    made.name = std::move(name);
    made.sql = std::move(sql);
    made.grouped_sql = std::move(grouped_sql);
    made.parameters = std::move(parameters);
    return std::make_shared<const Statement>(std::move(made));
}

struct Call {
    std::shared_ptr<const Statement> statement;
    std::vector<Value> arguments;          // as many as the statement has parameters
    std::vector<std::string> locked_keys;  // keys to lock before the transaction reads anything
    bool prologue = false;                 // of a transaction: when it fails, so does the whole
    bool writes = false;                   // or may write, for all that is known
};

[[nodiscard]] inline Call make_call(std::shared_ptr<const Statement> statement, std::vector<Value> arguments) {
    Call call;
    call.statement = std::move(statement);
    call.arguments = std::move(arguments);
    return call;
}

// The rows that answer one call; valid only during the callback.
struct Rows {
    const PGresult* result;
    int first;
    int count;
    // Where the same rows answer several calls: for whoever shows them to keep what it made of them for the next.
    std::any* shown = nullptr;
};

struct Failure {
    enum class Kind {
        redis,        // an error of SQLSTATE class RD: the message is for the client as it stands
        fault,        // anything else that Postgres refused
        aborted,      // a transaction's watched keys have changed (SQLSTATE RD001): nothing of it was carried out
        unavailable,  // not carried out: there was no connection to Postgres for too long
        unknown       // the connection broke after the commit was asked for: it may have been carried out, or not
    };
    Kind kind;
    std::string sqlstate;  // of the first two kinds
    std::string message;
    std::string context;  // for the log
};

// Consecutive calls of one client, carried out in their order. Kept alive by the dispatcher while it is at work; answered in
// order, each call exactly once, and only after its transaction is durable.
class Job {
 public:
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;

    // Each is called on the event loop, in order of index.
    virtual void on_rows(std::size_t index, const Rows& rows) = 0;
    virtual void on_failure(std::size_t index, const Failure& failure) = 0;
    // After the last answer.
    virtual void on_done() = 0;
    // Asked before it is sent: one that nobody wants any more is dropped, unanswered.
    [[nodiscard]] virtual bool wanted() const { return true; }

    std::vector<Call> calls;
    std::int16_t database = 0;
    bool slow = false;            // may run long: kept away from the quick batches
    bool transaction = false;     // all calls are one transaction, in which a failing call does not undo the others (EXEC)
    bool blocked = false;         // a quick lane gave it away: see Lane::Observer::on_lane_blocked
    std::uint64_t queued_at = 0;  // loop time in milliseconds
    std::size_t bytes = 0;        // of all arguments, about
    std::size_t answered = 0;     // how many calls have their answer

    [[nodiscard]] bool done() const { return answered == calls.size(); }
    void answer(const Rows& rows) { on_rows(answered++, rows); }
    void fail(const Failure& failure) { on_failure(answered++, failure); }
};

}  // namespace pgredis::postgres
