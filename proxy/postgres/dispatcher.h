// Decides which connection carries out which job, and when: group commit. While a batch is in flight the next one fills, so
// batches grow with load, and a lone client waits for nobody.
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "postgres/lane.h"

namespace pgredis::postgres {

struct DispatcherOptions {
    int quick_lanes = 2;
    int slow_lanes = 4;             // and as many for transactions; both are opened when there is work for them
    std::uint64_t wait_ms = 10000;  // how long jobs wait for a lost database
};

class Dispatcher final : public Lane::Observer {
 public:
    // What is worth a line in the log.
    struct Events {
        std::function<void(const std::string&)> on_connected;
        std::function<void(const std::string&)> on_disconnected;  // once per loss, and when the reason changes
        std::function<void(const Failure&)> on_fault;
    };

    struct Counters {
        std::uint64_t batches = 0;
        std::uint64_t calls = 0;
        std::uint64_t retries = 0;
        std::size_t queued_jobs = 0;
        std::size_t connected_lanes = 0;
    };

    Dispatcher(uv_loop_t* loop, const Connector& connector, DispatcherOptions options, Events events);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    void start();
    // Gives up all connections. Call when no job is left, or to abandon them.
    void stop();

    // The job is answered later, from the event loop; never during this call.
    void submit(std::shared_ptr<Job> job);

    // A statement that all lanes' sessions have run before the next batch that is sent, as SET.
    void set_session(std::string sql);

    [[nodiscard]] const SessionSetup& session_setup() const { return session_; }

    [[nodiscard]] bool connected() const;
    [[nodiscard]] Counters counters() const;

    // One call at a time is all there is lately: is one at work, and how many have been answered?
    [[nodiscard]] bool has_lone_call() const;
    [[nodiscard]] std::uint64_t lone_calls() const { return lone_calls_; }

 private:
    using Queue = std::deque<std::shared_ptr<Job>>;

    void on_lane_ready(Lane& lane) override;
    void on_lane_lost(Lane& lane, const std::string& error, std::vector<std::shared_ptr<Job>> unanswered) override;
    void on_lane_blocked(Lane& lane, std::vector<std::shared_ptr<Job>> blocked) override;
    void on_fault(const Failure& failure) override;

    Queue& queue_of(const Job& job);
    void release_locks(const Lane& lane);
    void dispatch();
    void dispatch_quick();
    [[nodiscard]] std::size_t affordable_calls(double nanoseconds) const;
    [[nodiscard]] std::size_t waiting_calls(std::size_t limit) const;
    [[nodiscard]] std::size_t most_calls() const;
    [[nodiscard]] bool waits_share() const;
    [[nodiscard]] bool waits_too_long();
    void dispatch_slow();
    void dispatch_transactions();
    void open_lane(std::vector<std::unique_ptr<Lane>>& lanes, Lane::Kind kind, const char* name);
    Queue* choose_queue();
    std::vector<std::shared_ptr<Job>> take_batch(std::unordered_set<std::size_t>& locks);
    static void drop_unwanted(Queue& queue);
    [[nodiscard]] bool conflicts(const std::vector<std::size_t>& locks) const;
    std::shared_ptr<Job> take_slow();
    void expire_waiting();
    static void expire(Queue& queue, std::uint64_t deadline, const Failure& failure);

    uv_loop_t* loop_;
    const Connector& connector_;
    const DispatcherOptions options_;
    Events events_;
    SessionSetup session_;
    std::vector<std::unique_ptr<Lane>> quick_;
    std::vector<std::unordered_set<std::size_t>> locks_;  // hashes of the keys that each quick lane has locked
    std::vector<std::unique_ptr<Lane>> slow_;
    std::vector<std::unique_ptr<Lane>> transaction_;
    std::map<std::int16_t, Queue> quick_queues_;  // by database: a batch is of one
    Queue slow_queue_;
    Queue transaction_queue_;
    Queue blocked_queue_;  // what quick lanes gave away; may not take all the slow lanes
    uv_prepare_t* prepare_;
    uv_timer_t* timer_;
    uv_timer_t* patience_timer_;     // wakes the loop, and so dispatch()
    double recent_nanoseconds_ = 0;  // of quick batches, the latest counting most …
    double recent_calls_ = 0;        // … and their calls
    std::uint64_t lone_calls_ = 0;
    int lone_batches_ = 0;          // of the quick lanes, one after another
    bool shares_conflict_ = false;  // what waits needs keys of the lanes at work
    bool was_connected_ = false;
    std::string last_error_;
};

}  // namespace pgredis::postgres
