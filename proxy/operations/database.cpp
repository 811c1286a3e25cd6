#include "operations/database.h"

#include <array>

namespace pgredis::operations {
namespace {

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text != nullptr ? text : "";
}

}  // namespace

std::vector<Row> run(PGconn* connection, const std::string& sql) {
    const Result result(PQexec(connection, sql.c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        std::string message = field(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        if (message.empty()) message = PQerrorMessage(connection);
        throw DatabaseError(one_line(message), field(result.get(), PG_DIAG_SQLSTATE), field(result.get(), PG_DIAG_MESSAGE_HINT));
    }
    std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (int c = 0; c < PQnfields(result.get()); ++c) rows[r].emplace_back(PQgetvalue(result.get(), static_cast<int>(r), c));
    }
    return rows;
}

Row run_for_row(PGconn* connection, const std::string& sql) {
    std::vector<Row> rows = run(connection, sql);
    if (rows.size() != 1)
        throw DatabaseError("the database answered " + std::to_string(rows.size()) + " rows instead of one", {}, {});
    return std::move(rows.front());
}

DatabaseConnection connect_for_writing(const std::string& database_url, const char* application_name) {
    // What stands before dbname may be overridden by the URL, what stands after it may not.
    const std::array<const char*, 6> keywords{"connect_timeout", "application_name", "target_session_attrs",
                                              "dbname",          "client_encoding",  nullptr};
    const std::array<const char*, 6> values{"10", application_name, "read-write", database_url.c_str(), "UTF8", nullptr};
    DatabaseConnection connection(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection.get()) != CONNECTION_OK) throw DatabaseError(one_line(PQerrorMessage(connection.get())), {}, {});
    return connection;
}

std::string one_line(std::string_view message) {
    std::string line;
    for (const char c : message) {
        if (c == '\n') {
            if (!line.empty() && line.back() != ' ') line += ' ';
        } else if (c != '\t') {
            line += c;
        }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

}  // namespace pgredis::operations
