// Calls about the advisory locks that stand for keys: sql/internal/keyspace.sql.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "postgres/job.h"

namespace pgredis::postgres {

// Sets the transaction's database number and locks these keys in the global order.
[[nodiscard]] inline Call begin_batch_call(std::int16_t database, std::vector<std::string> keys) {
    static const auto statement =
        make_statement("begin_batch", "SELECT redis.begin_batch($1::pg_catalog.int8::pg_catalog.int2, $2::pg_catalog.bytea[])",
                       {Type::int8, Type::bytea_array});
    return make_call(statement, {static_cast<std::int64_t>(database), std::move(keys)});
}

// Which of these keys somebody else has locked.
[[nodiscard]] inline Call locked_keys_call(std::int16_t database, std::vector<std::string> keys) {
    static const auto statement =
        make_statement("locked_keys", "SELECT redis.locked_keys($1::pg_catalog.int8::pg_catalog.int2, $2::pg_catalog.bytea[])",
                       {Type::int8, Type::bytea_array});
    return make_call(statement, {static_cast<std::int64_t>(database), std::move(keys)});
}

}  // namespace pgredis::postgres
