// Opens connections on worker threads, since libpq's name resolution blocks.
#pragma once

#include <uv.h>

#include <functional>
#include <optional>
#include <string>

#include "postgres/value.h"

namespace pgredis::postgres {

struct ConnectorOptions {
    std::string url;          // a libpq connection string or URI; several hosts and target_session_attrs are libpq's business
    std::string setup_sql;    // run on every new connection
    int connect_timeout = 5;  // seconds, unless the URL says otherwise
    // What is wrong with this database for us, in one line; runs on the worker thread. Empty: nothing is looked at.
    std::function<std::optional<std::string>(PGconn*)> check;
};

class Connector {
 public:
    // Called on the event loop with a connection that is ready for use and non-blocking, or with null and one line that says why.
    using Done = std::function<void(ConnectionPtr, std::string error)>;

    Connector(uv_loop_t* loop, ConnectorOptions options) : loop_(loop), options_(std::move(options)) {}

    // The options must outlive the attempt; `done` is always called, once.
    void connect(const std::string& application_name, const std::string& extra_setup_sql, Done done) const;

 private:
    uv_loop_t* loop_;
    ConnectorOptions options_;
};

// First line of a libpq message, without the trailing newline.
[[nodiscard]] std::string first_line(std::string_view message);

}  // namespace pgredis::postgres
