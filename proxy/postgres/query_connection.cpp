#include "postgres/query_connection.h"

namespace pgredis::postgres {

QueryConnection::QueryConnection(uv_loop_t* loop, const Connector& connector, std::string name, std::string setup_sql,
                                 Events events)
    : loop_(loop),
      connector_(connector),
      name_(std::move(name)),
      setup_sql_(std::move(setup_sql)),
      events_(std::move(events)),
      reconnect_(loop, [this] { start(); }) {}

void QueryConnection::start() {
    if (connection_ || connecting_ || stopped_) return;
    connecting_ = true;
    connector_.connect(name_, setup_sql_, [this](ConnectionPtr connection, const std::string& error) {
        connecting_ = false;
        on_connected(std::move(connection), error);
    });
}

void QueryConnection::stop() {
    stopped_ = true;
    reconnect_.stop();
    connection_.reset();
    queries_.clear();
}

void QueryConnection::on_connected(ConnectionPtr connection, const std::string& error) {
    if (stopped_) return;
    if (connection == nullptr) {
        events_.on_lost(error);
        reconnect_.schedule();
        return;
    }
    reconnect_.succeeded();
    connection_ = std::make_unique<PolledConnection>(
        loop_, std::move(connection), [this] { on_input(); }, [this](const std::string& reason) { on_lost(reason); });
    events_.on_connected();
}

void QueryConnection::on_lost(const std::string& error) {
    connection_.reset();
    result_.reset();
    const auto queries = std::move(queries_);
    queries_.clear();
    for (const auto& query : queries) query.done(nullptr);
    events_.on_lost(error);
    if (!stopped_) reconnect_.schedule();
}

void QueryConnection::query(std::string sql, std::vector<std::string> parameters, Done done) {
    if (!connection_) {
        done(nullptr);
        return;
    }
    queries_.push_back({std::move(sql), std::move(parameters), std::move(done)});
    if (queries_.size() == 1) send_next();
}

void QueryConnection::send_next() {
    const auto& query = queries_.front();
    std::vector<const char*> values;
    for (const auto& parameter : query.parameters) values.push_back(parameter.c_str());
    PQsendQueryParams(connection_->get(), query.sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                      nullptr, 0);
    connection_->flush();
}

void QueryConnection::on_input() {
    while (connection_ && !queries_.empty() && PQisBusy(connection_->get()) == 0) {
        ResultPtr result(PQgetResult(connection_->get()));
        if (result) {
            if (PQstatus(connection_->get()) != CONNECTION_OK) return;
            result_ = std::move(result);
            continue;
        }
        const auto query = std::move(queries_.front());
        queries_.pop_front();
        const auto finished = std::move(result_);
        if (!queries_.empty()) send_next();
        query.done(finished.get());
    }
    while (connection_) {
        const std::unique_ptr<PGnotify, void (*)(void*)> notification(PQnotifies(connection_->get()), PQfreemem);
        if (!notification) break;
        events_.on_notification(notification->relname, notification->extra);
    }
    if (connection_ && events_.on_drained) events_.on_drained();
}

}  // namespace pgredis::postgres
