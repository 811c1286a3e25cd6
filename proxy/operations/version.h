// What this binary is, and what it needs of a database.
#pragma once

#include <string_view>

namespace pgredis::operations {

// Raised when a deploy makes proxies built before it unable to work. A proxy refuses a database with a higher number than its
// own: such a proxy is too old; a lower one means that the database waits for `pgredis migrate`.
inline constexpr int breaking_number = 1;

// The release, x.y.z.
std::string_view version();

// `git describe` of the sources when they were built; empty where git was not at hand.
std::string_view git_description();

// The number of the newest migration in this binary: the schema that it needs at least.
int schema_version();

}  // namespace pgredis::operations
