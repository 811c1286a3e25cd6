#include "postgres/polled_connection.h"

#include "postgres/connector.h"

namespace pgredis::postgres {

PolledConnection::PolledConnection(uv_loop_t* loop, ConnectionPtr connection, std::function<void()> on_input,
                                   std::function<void(std::string)> on_lost)
    : connection_(std::move(connection)), on_input_(std::move(on_input)), on_lost_(std::move(on_lost)), poll_(new uv_poll_t) {
    uv_poll_init(loop, poll_, PQsocket(connection_.get()));
    poll_->data = this;
    watch(UV_READABLE);
}

PolledConnection::~PolledConnection() {
    uv_poll_stop(poll_);
    poll_->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(poll_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
}

void PolledConnection::watch(int events) {
    if (events == events_) return;
    events_ = events;
    uv_poll_start(poll_, events, on_poll);
}

void PolledConnection::flush() { watch(PQflush(connection_.get()) == 1 ? UV_READABLE | UV_WRITABLE : UV_READABLE); }

void PolledConnection::on_poll(uv_poll_t* handle, int status, int events) {
    auto* self = static_cast<PolledConnection*>(handle->data);
    if ((events & UV_WRITABLE) != 0) self->flush();
    if (status == 0 && (events & UV_READABLE) == 0) return;

    if (status != 0) {
        // libuv no longer watches a socket with an error. What Postgres sent before stands ahead of that error; both are still to
        // be read.
        self->events_ = 0;
        self->watch(UV_READABLE);
    }
    bool alive = PQconsumeInput(self->connection_.get()) == 1;
    self->on_input_();
    if (handle->data == nullptr) return;  // destroyed meanwhile
    alive = alive && PQstatus(self->connection_.get()) == CONNECTION_OK;
    if (!alive) {
        const auto on_lost = std::move(self->on_lost_);
        on_lost(first_line(PQerrorMessage(self->connection_.get())));
    }
}

}  // namespace pgredis::postgres
