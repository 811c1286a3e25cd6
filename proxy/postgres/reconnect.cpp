#include "postgres/reconnect.h"

#include <algorithm>
#include <utility>

namespace pgredis::postgres {

namespace {
constexpr unsigned first_pause_ms = 50;
constexpr unsigned last_pause_ms = 2000;
}  // namespace

Reconnect::Reconnect(uv_loop_t* loop, std::function<void()> attempt) : attempt_(std::move(attempt)), timer_(new uv_timer_t) {
    uv_timer_init(loop, timer_);
    timer_->data = this;
}

Reconnect::~Reconnect() {
    uv_close(reinterpret_cast<uv_handle_t*>(timer_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

void Reconnect::schedule() {
    pause_ms_ = pause_ms_ == 0 ? first_pause_ms : std::min(pause_ms_ * 2, last_pause_ms);
    uv_timer_start(
        timer_, [](uv_timer_t* timer) { static_cast<Reconnect*>(timer->data)->attempt_(); }, pause_ms_, 0);
}

void Reconnect::stop() { uv_timer_stop(timer_); }

}  // namespace pgredis::postgres
