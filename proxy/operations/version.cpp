#include "operations/version.h"

#include <charconv>

#include "operations/embedded_sql.h"

namespace pgredis::operations {

int schema_version() {
    const std::string_view newest = migration_files().back().name;
    int number = 0;
    std::from_chars(newest.data(), newest.data() + newest.size(), number);
    return number;
}

}  // namespace pgredis::operations
