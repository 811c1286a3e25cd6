// Whether a database is one that this binary can work with.
#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>

namespace pgredis::operations {

// What is wrong with this database for a proxy, as one line that says what to do; nothing when all is well. Asks the database
// synchronously, so call it off the event loop; the connection is idle before and after.
std::optional<std::string> schema_problem(PGconn* connection);

}  // namespace pgredis::operations
