// A connection for the proxy's own, rare queries, one after another, and for notifications.
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "postgres/connector.h"
#include "postgres/polled_connection.h"
#include "postgres/reconnect.h"

namespace pgredis::postgres {

class QueryConnection {
 public:
    struct Events {
        std::function<void()> on_connected;  // each time; queries may be sent from here on
        std::function<void(const std::string& error)> on_lost;
        std::function<void(const std::string& channel, const std::string& payload)> on_notification;
        std::function<void()> on_drained;  // if set: all that arrived has been handed out, notifications after results
    };
    // Gets the result (an error result too), or null when the connection broke before.
    using Done = std::function<void(const PGresult*)>;

    QueryConnection(uv_loop_t* loop, const Connector& connector, std::string name, std::string setup_sql, Events events);
    QueryConnection(const QueryConnection&) = delete;
    QueryConnection& operator=(const QueryConnection&) = delete;

    void start();
    void stop();
    [[nodiscard]] bool connected() const { return connection_ != nullptr; }
    [[nodiscard]] bool idle() const { return connected() && queries_.empty(); }

    // Runs after the queries before it; results are in text format. Without a connection `done` is called with null at once.
    void query(std::string sql, std::vector<std::string> parameters, Done done);

 private:
    struct Query {
        std::string sql;
        std::vector<std::string> parameters;
        Done done;
    };

    void on_connected(ConnectionPtr connection, const std::string& error);
    void on_lost(const std::string& error);
    void on_input();
    void send_next();

    uv_loop_t* loop_;
    const Connector& connector_;
    const std::string name_;
    const std::string setup_sql_;
    Events events_;
    std::unique_ptr<PolledConnection> connection_;
    std::deque<Query> queries_;
    ResultPtr result_;
    Reconnect reconnect_;
    bool connecting_ = false;
    bool stopped_ = false;
};

}  // namespace pgredis::postgres
