// The little of libpq that deploying and checking need: one synchronous connection, one statement at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::operations {

// What Postgres or libpq said, as one line.
struct DatabaseError : std::runtime_error {
    DatabaseError(const std::string& message, std::string sqlstate, std::string hint)
        : std::runtime_error(message), sqlstate(std::move(sqlstate)), hint(std::move(hint)) {}

    std::string sqlstate;  // empty when the connection failed
    std::string hint;
};

using Row = std::vector<std::string>;

// Runs one or several statements; the rows of the last one, NULL as an empty string. Throws DatabaseError.
std::vector<Row> run(PGconn* connection, const std::string& sql);

// Runs a query of one row.
Row run_for_row(PGconn* connection, const std::string& sql);

struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using DatabaseConnection = std::unique_ptr<PGconn, CloseConnection>;

// Connects for changes: where several hosts are named, to the one that takes writes. Throws DatabaseError.
DatabaseConnection connect_for_writing(const std::string& database_url, const char* application_name);

// Several lines of a message as one.
std::string one_line(std::string_view message);

}  // namespace pgredis::operations
