// `pgredis migrate`: brings a database to the state that this binary holds.
#pragma once

#include <iosfwd>

#include "operations/config.h"
#include "operations/log.h"

namespace pgredis::operations {

// Applies the pending migrations and the functions in one transaction, one deploy at a time, beside live traffic. Each step is
// one line on `out`; what went wrong is one line on `err`. Returns the exit code: 0, or 1 with the database as it was.
int migrate(const MigrateConfig& config, const Logger& logger, std::ostream& out, std::ostream& err);

// Writes the same deploy as a script for `psql -1`.
void print_deploy(const MigrateConfig& config, std::ostream& out);

}  // namespace pgredis::operations
