#include "clients/busy_poll.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace pgredis::clients {

bool PollingLuck::worth_a_look() {
    if (skips_ == 0) return true;
    --skips_;
    return false;
}

void PollingLuck::saw(bool in_time) {
    constexpr std::uint32_t forgiven = 3;
    constexpr std::uint32_t rarest = 10;  // once in about a thousand
    misses_ = in_time ? 0 : std::min(misses_ + 1, forgiven + rarest);
    skips_ = misses_ <= forgiven ? 0 : (1U << (misses_ - forgiven)) - 1;
}

BusyPoll::BusyPoll(uv_loop_t* loop, std::uint64_t microseconds, std::function<Expected()> expected)
    : loop_(loop), nanoseconds_(microseconds * 1000), expected_(std::move(expected)), prepare_(new uv_prepare_t) {
    uv_prepare_init(loop_, prepare_);
    prepare_->data = this;
}

BusyPoll::~BusyPoll() {
    uv_close(reinterpret_cast<uv_handle_t*>(prepare_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });
}

void BusyPoll::start() {
    if (nanoseconds_ == 0) return;
    uv_prepare_start(prepare_, [](uv_prepare_t* handle) { static_cast<BusyPoll*>(handle->data)->look(); });
    uv_unref(reinterpret_cast<uv_handle_t*>(prepare_));
}

void BusyPoll::look() {
    const auto expected = expected_();
    if (expected == Expected::nothing || uv_backend_timeout(loop_) == 0) return;
    auto& luck = luck_[expected == Expected::answer ? 0 : 1];
    if (!luck.worth_a_look()) return;
    pollfd input{uv_backend_fd(loop_), POLLIN, 0};
    const auto end = uv_hrtime() + nanoseconds_;
    bool in_time = false;
    while (!in_time && uv_hrtime() < end) in_time = poll(&input, 1, 0) > 0;
    luck.saw(in_time);
}

}  // namespace pgredis::clients
