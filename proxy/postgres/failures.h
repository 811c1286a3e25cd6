// What Postgres's errors mean for what was asked.
#pragma once

#include "postgres/job.h"

namespace pgredis::postgres {

// Of a result with status PGRES_FATAL_ERROR.
[[nodiscard]] Failure failure_of(const PGresult* result);

// The transaction was rolled back for reasons of concurrency: the same again.
[[nodiscard]] bool is_transient(const Failure& failure);
[[nodiscard]] bool is_lock_timeout(const Failure& failure);
[[nodiscard]] bool is_statement_timeout(const Failure& failure);
// A deployment replaced functions under a prepared statement, or tables under a function at work: once more, prepared anew.
[[nodiscard]] bool is_stale_plan(const Failure& failure);

// The connection broke while a commit was asked for.
[[nodiscard]] Failure unknown_outcome();

}  // namespace pgredis::postgres
