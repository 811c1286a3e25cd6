#include "postgres/failures.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "postgres/connector.h"

namespace pgredis::postgres {

Failure failure_of(const PGresult* result) {
    const auto field = [result](int code) {
        const char* text = PQresultErrorField(result, code);
        return std::string(text == nullptr ? "" : text);
    };
    Failure failure;
    failure.sqlstate = field(PG_DIAG_SQLSTATE);
    failure.message = field(PG_DIAG_MESSAGE_PRIMARY);
    failure.kind = failure.sqlstate == "RD001"          ? Failure::Kind::aborted
                   : failure.sqlstate.starts_with("RD") ? Failure::Kind::redis
                                                        : Failure::Kind::fault;
    if (failure.kind == Failure::Kind::fault) {
        failure.context = field(PG_DIAG_CONTEXT);
        if (failure.message.empty()) failure.message = first_line(PQresultErrorMessage(result));
    }
    return failure;
}

bool is_transient(const Failure& failure) { return failure.sqlstate == "40001" || failure.sqlstate == "40P01"; }

bool is_lock_timeout(const Failure& failure) { return failure.sqlstate == "55P03"; }

bool is_statement_timeout(const Failure& failure) { return failure.sqlstate == "57014"; }

bool is_stale_plan(const Failure& failure) {
    // undefined_function, a result of another type, invalid_sql_statement_name; of a function at work: undefined_column,
    // undefined_object (a constraint), undefined_table
    static constexpr std::array<std::string_view, 6> states = {"42883", "0A000", "26000", "42703", "42704", "42P01"};
    return std::ranges::find(states, failure.sqlstate) != states.end() ||
           (failure.sqlstate == "XX000" && failure.message.starts_with("cache lookup failed"));
}

Failure unknown_outcome() {
    return {Failure::Kind::unknown, "",
            "ERR the connection to Postgres broke during the commit: the command may or may not have been carried out", ""};
}

}  // namespace pgredis::postgres
