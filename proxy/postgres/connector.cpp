#include "postgres/connector.h"

#include <array>
#include <memory>

namespace pgredis::postgres {

namespace {

struct Attempt {
    uv_work_t request{};
    const ConnectorOptions* options = nullptr;
    std::string application_name;
    std::string setup_sql;
    Connector::Done done;
    ConnectionPtr connection;
    std::string error;
};

void ignore_notice(void*, const PGresult*) {}

void run_setup(Attempt& attempt, const std::string& sql) {
    if (sql.empty() || !attempt.connection) return;
    const ResultPtr result(PQexec(attempt.connection.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        attempt.error = first_line(PQerrorMessage(attempt.connection.get()));
        attempt.connection.reset();
    }
}

void work(uv_work_t* request) {
    auto& attempt = *static_cast<Attempt*>(request->data);
    const auto timeout = std::to_string(attempt.options->connect_timeout);
    // The settings before dbname may be overridden by the URL, those after it may not.
    // A host that vanished without a word is noticed within about ten seconds (tcp_user_timeout is in milliseconds).
    const std::array<const char*, 9> keywords{"connect_timeout",
                                              "fallback_application_name",
                                              "keepalives_idle",
                                              "keepalives_interval",
                                              "keepalives_count",
                                              "tcp_user_timeout",
                                              "dbname",
                                              "client_encoding",
                                              nullptr};
    const std::array<const char*, 9> values{timeout.c_str(), attempt.application_name.c_str(), "5",    "2",    "3",
                                            "10000",         attempt.options->url.c_str(),     "UTF8", nullptr};
    attempt.connection.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(attempt.connection.get()) != CONNECTION_OK) {
        attempt.error = first_line(PQerrorMessage(attempt.connection.get()));
        attempt.connection.reset();
        return;
    }
    PQsetNoticeReceiver(attempt.connection.get(), ignore_notice, nullptr);
    if (attempt.options->check) {
        if (auto problem = attempt.options->check(attempt.connection.get())) {
            attempt.error = *problem;
            attempt.connection.reset();
            return;
        }
    }
    run_setup(attempt, attempt.options->setup_sql);
    run_setup(attempt, attempt.setup_sql);
    if (attempt.connection && PQsetnonblocking(attempt.connection.get(), 1) != 0) {
        attempt.error = first_line(PQerrorMessage(attempt.connection.get()));
        attempt.connection.reset();
    }
}

void after_work(uv_work_t* request, int) {
    const std::unique_ptr<Attempt> attempt(static_cast<Attempt*>(request->data));
    attempt->done(std::move(attempt->connection), std::move(attempt->error));
}

}  // namespace

void Connector::connect(const std::string& application_name, const std::string& extra_setup_sql, Done done) const {
    auto attempt = std::make_unique<Attempt>();
    attempt->request.data = attempt.get();
    attempt->options = &options_;
    attempt->application_name = application_name;
    attempt->setup_sql = extra_setup_sql;
    attempt->done = std::move(done);
    uv_queue_work(loop_, &attempt->request, work, after_work);
    static_cast<void>(attempt.release());  // owned by after_work now
}

std::string first_line(std::string_view message) {
    const auto end = message.find('\n');
    return std::string(message.substr(0, end));
}

}  // namespace pgredis::postgres
