// A libpq connection watched by the event loop.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "postgres/value.h"

namespace pgredis::postgres {

class PolledConnection {
 public:
    // on_input: libpq has read what there is; take results with PQisBusy and PQgetResult. on_lost: the connection is gone, called
    // once, after a last on_input. Either may destroy this object.
    PolledConnection(uv_loop_t* loop, ConnectionPtr connection, std::function<void()> on_input,
                     std::function<void(std::string)> on_lost);
    PolledConnection(const PolledConnection&) = delete;
    PolledConnection& operator=(const PolledConnection&) = delete;
    ~PolledConnection();

    [[nodiscard]] PGconn* get() const { return connection_.get(); }

    // Sends what libpq has buffered, now or as soon as the socket takes it.
    void flush();

 private:
    static void on_poll(uv_poll_t* handle, int status, int events);
    void watch(int events);

    ConnectionPtr connection_;
    std::function<void()> on_input_;
    std::function<void(std::string)> on_lost_;
    uv_poll_t* poll_;  // freed by its close callback
    int events_ = 0;
};

}  // namespace pgredis::postgres
