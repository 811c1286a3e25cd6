// Looks for input for a moment before the event loop goes to sleep for it. To wake a process up, on another core at that, takes
// longer than Postgres needs for a GET; so while one client at a time asks for one thing at a time, the loop stays awake for the
// answer, and after it for the next request. Under load there is always something to do, and without any it is not tried.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>

namespace pgredis::clients {

// What is likely to arrive soon.
enum class Expected : std::uint8_t { nothing, answer, request };

// Does it pay to look? What came too late a few times is looked for ever more rarely, until it comes in time again: a disk that
// is slow to make a write durable, or a client that takes its time, costs next to nothing then.
class PollingLuck {
 public:
    // Asked each time; says whether to look this time.
    [[nodiscard]] bool worth_a_look();
    void saw(bool in_time);

 private:
    std::uint32_t misses_ = 0;
    std::uint32_t skips_ = 0;
};

class BusyPoll {
 public:
    // Looks for so long at most; 0: never. `expected` is asked each time before the loop would sleep.
    BusyPoll(uv_loop_t* loop, std::uint64_t microseconds, std::function<Expected()> expected);
    ~BusyPoll();
    BusyPoll(const BusyPoll&) = delete;
    BusyPoll& operator=(const BusyPoll&) = delete;

    // Call before any other uv_prepare_t of the loop is started: these run ahead of it then, as libuv begins with the one started
    // last.
    void start();

 private:
    void look();

    uv_loop_t* loop_;
    const std::uint64_t nanoseconds_;
    const std::function<Expected()> expected_;
    std::array<PollingLuck, 2> luck_;  // with answers, with requests
    uv_prepare_t* prepare_;            // freed by its close callback
};

}  // namespace pgredis::clients
