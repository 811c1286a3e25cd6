#include "clients/busy_poll.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace pgredis::clients {
namespace {

TEST(PollingLuck, ForgivesAFewMissesAndThenLooksEverMoreRarely) {
    PollingLuck luck;
    const auto looks_of = [&luck](int occasions, bool in_time) {
        int looks = 0;
        for (int i = 0; i < occasions; ++i) {
            if (!luck.worth_a_look()) continue;
            ++looks;
            luck.saw(in_time);
        }
        return looks;
    };
    EXPECT_EQ(looks_of(100, true), 100);
    EXPECT_EQ(looks_of(4, false), 4);
    EXPECT_LT(looks_of(10'000, false), 30);
    for (int i = 0; i < 2000 && !luck.worth_a_look(); ++i) continue;
    luck.saw(true);
    EXPECT_EQ(looks_of(100, true), 100) << "one in time is enough";
}

class BusyPollTest : public ::testing::Test {
 protected:
    BusyPollTest() {
        uv_loop_init(&loop_);
        uv_timer_init(&loop_, &timer_);
        uv_timer_start(
            &timer_, [](uv_timer_t*) {}, 60'000, 0);  // else the loop would not sleep
        uv_socketpair(SOCK_STREAM, 0, sockets_.data(), 0, 0);
        uv_pipe_init(&loop_, &pipe_, 0);
        uv_pipe_open(&pipe_, sockets_[0]);
        uv_read_start(
            reinterpret_cast<uv_stream_t*>(&pipe_),
            [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
                static std::array<char, 16> bytes;
                *buffer = uv_buf_init(bytes.data(), bytes.size());
            },
            [](uv_stream_t*, ssize_t, const uv_buf_t*) {});
        uv_run(&loop_, UV_RUN_NOWAIT);  // now the socket is among those that are polled
    }

    ~BusyPollTest() override {
        uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
        uv_close(reinterpret_cast<uv_handle_t*>(&pipe_), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        close(sockets_[1]);
        EXPECT_EQ(uv_loop_close(&loop_), 0);
    }

    // How long one turn of the loop takes that would not wait for anything, in milliseconds.
    std::uint64_t turn(Expected expected, std::uint64_t microseconds) {
        auto busy_poll = std::make_unique<BusyPoll>(&loop_, microseconds, [expected] { return expected; });
        busy_poll->start();
        const auto start = uv_hrtime();
        uv_run(&loop_, UV_RUN_NOWAIT);
        const auto duration = uv_hrtime() - start;
        busy_poll.reset();
        uv_run(&loop_, UV_RUN_NOWAIT);  // ends what it has closed
        return duration / 1'000'000;
    }

    uv_loop_t loop_{};
    uv_timer_t timer_{};
    uv_pipe_t pipe_{};
    std::array<uv_os_sock_t, 2> sockets_{};
};

TEST_F(BusyPollTest, LooksForAsLongAsItMayWhereSomethingIsExpected) {
    EXPECT_GE(turn(Expected::answer, 50'000), 50U);
    EXPECT_GE(turn(Expected::request, 50'000), 50U);
}

TEST_F(BusyPollTest, GoesOnAtOnceWithInput) {
    ASSERT_EQ(write(sockets_[1], "x", 1), 1);
    EXPECT_LT(turn(Expected::answer, 10'000'000), 5'000U);
}

TEST_F(BusyPollTest, DoesNothingWhereNothingIsExpectedOrItMayNot) {
    EXPECT_LT(turn(Expected::nothing, 10'000'000), 5'000U);
    EXPECT_EQ(turn(Expected::answer, 0), 0U);
}

}  // namespace
}  // namespace pgredis::clients
