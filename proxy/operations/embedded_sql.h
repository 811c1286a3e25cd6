// The SQL that this binary deploys, put in at build time (cmake/embed_sql.cmake).
#pragma once

#include <span>
#include <string_view>

namespace pgredis::operations {

struct SqlFile {
    std::string_view name;  // without .sql: 0001_spine, internal/errors, strings
    std::string_view text;
};

// Numbered changes of the tables, in order.
std::span<const SqlFile> migration_files();

// What a deploy applies whole, in its order: begin, internal/*, the families by name, finish.
std::span<const SqlFile> function_files();

// SHA-256 over the function files, in hexadecimal.
std::string_view functions_hash();

}  // namespace pgredis::operations
