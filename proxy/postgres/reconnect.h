// Lets a lost connection be tried again and again, with pauses that grow from 50 ms to 2 s.
#pragma once

#include <uv.h>

#include <functional>

namespace pgredis::postgres {

class Reconnect {
 public:
    Reconnect(uv_loop_t* loop, std::function<void()> attempt);
    Reconnect(const Reconnect&) = delete;
    Reconnect& operator=(const Reconnect&) = delete;
    ~Reconnect();

    // The attempt is made after a pause, longer than the last one unless succeeded() was called since.
    void schedule();
    void succeeded() { pause_ms_ = 0; }
    // No attempt is made any more.
    void stop();

 private:
    std::function<void()> attempt_;
    uv_timer_t* timer_;  // freed by its close callback
    unsigned pause_ms_ = 0;
};

}  // namespace pgredis::postgres
