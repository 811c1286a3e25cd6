// The calls of one connection, as prepared statements in its pipeline.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "postgres/job.h"

namespace pgredis::postgres {

class PreparedCalls {
 public:
    // Sends calls of one statement as one, grouped when they are several (which the statement must allow). Returns the name of
    // the prepared statement when that had to be sent first, which has an answer of its own; else nothing. When its answer is not
    // success, the name has to be forgotten.
    std::string send(PGconn* connection, const std::vector<const Call*>& calls);
    void forget(const std::string& name) { prepared_.erase(name); }
    // The connection is new, or its prepared statements have been deallocated.
    void forget_all() { prepared_.clear(); }

 private:
    std::unordered_set<std::string> prepared_;
    std::string buffer_;  // parameters of the call being sent
};

}  // namespace pgredis::postgres
