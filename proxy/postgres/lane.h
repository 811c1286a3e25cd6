// One connection to Postgres that carries out jobs, one batch at a time. A batch is one pipeline and one transaction; when it
// fails it is taken apart until every call has its own answer.
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "postgres/connector.h"
#include "postgres/job.h"
#include "postgres/polled_connection.h"
#include "postgres/prepared_calls.h"
#include "postgres/reconnect.h"
#include "postgres/session_setup.h"

namespace pgredis::postgres {

class Lane {
 public:
    enum class Kind {
        quick,       // whole batches, short timeouts: what takes long or waits for long is left to a slow lane
        slow,        // one call a transaction, no timeouts
        transaction  // one job a transaction, no timeouts
    };

    class Observer {
     public:
        virtual void on_lane_ready(Lane& lane) = 0;
        // The connection broke (or could not be made): these jobs are not answered and can be run elsewhere, in this order.
        virtual void on_lane_lost(Lane& lane, const std::string& error, std::vector<std::shared_ptr<Job>> unanswered) = 0;
        // These jobs take long, or somebody outside holds their keys locked: run them where that disturbs nobody.
        virtual void on_lane_blocked(Lane& lane, std::vector<std::shared_ptr<Job>> blocked) = 0;
        virtual void on_fault(const Failure& failure) = 0;

     protected:
        ~Observer() = default;
    };

    struct Counters {
        std::uint64_t batches = 0;
        std::uint64_t calls = 0;
        std::uint64_t retries = 0;
    };

    // The setup must outlive the lane.
    Lane(uv_loop_t* loop, const Connector& connector, Kind kind, std::string name, const SessionSetup& session,
         Observer& observer);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    // Connects, and connects again whenever the connection is lost, with growing pauses.
    void start();
    // Closes the connection for good; the lane may be deleted when closed() says so.
    void stop();

    [[nodiscard]] bool ready() const { return connection_ != nullptr && jobs_.empty(); }
    [[nodiscard]] bool connected() const { return connection_ != nullptr; }
    [[nodiscard]] bool at_work() const { return connected() && !ready(); }
    [[nodiscard]] bool closed() const { return stopped_ && !connecting_; }
    [[nodiscard]] Kind kind() const { return kind_; }
    // Is it at work on a job that a quick lane had to give away?
    [[nodiscard]] bool blocked() const { return !jobs_.empty() && jobs_.front()->blocked; }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    // The last batch: how long it took from sending to the answer of its commit, in nanoseconds, and of how many calls it was.
    [[nodiscard]] std::uint64_t last_duration() const { return last_duration_; }
    [[nodiscard]] std::size_t last_calls() const { return last_calls_; }

    // Needs ready(); all jobs are of one database and have calls to answer.
    void run(std::vector<std::shared_ptr<Job>> jobs);

 private:
    struct Item {
        Job* job;
        std::size_t index;
        std::size_t answered_by;  // which item: itself, or an equal one that is sent for both
        [[nodiscard]] const Call& call() const { return job->calls[index]; }
    };
    // Items [begin, end) that are to be one transaction.
    struct Range {
        std::size_t begin;
        std::size_t end;
        bool grouped;
        int attempts = 0;
    };
    // What was sent, in the order of the answers to come.
    struct Step {
        enum class Kind { prelude, prepare, call, sync } kind;
        std::vector<std::size_t> items;  // of a call, or of the call that a statement is prepared for
        std::string prepared;            // name, of a prepare
        ResultPtr result;
        bool ended = false;
    };

    // Calls of one statement that go out together.
    struct Group {
        const Statement* statement;
        std::vector<std::size_t> items;
        std::unordered_map<std::size_t, std::size_t> by_arguments;  // of a repeatable statement: items by hash
    };

    // The second way through a transaction of which a call failed: call by call, each under a savepoint.
    struct Careful {
        enum class Phase { begin, call, commit, rollback } phase = Phase::begin;
        std::vector<std::variant<ResultPtr, Failure>> outcomes;
        int attempts = 0;
        Failure failure;  // why it is rolled back
    };

    void connect();
    void on_connected(ConnectionPtr connection, const std::string& error);
    void on_lost(const std::string& error);

    void flatten(bool grouped);
    void next();
    std::vector<Group> group(const Range& range);
    [[nodiscard]] std::optional<std::size_t> equal_item(const Group& group, std::size_t item, std::size_t hash) const;
    void send(const Range& range);
    void send_call(std::vector<std::size_t> items);
    void send_calls(Step::Kind kind, const std::vector<const Call*>& calls, std::vector<std::size_t> items);
    void send_prelude(const Range& range, bool lock);
    void on_input();
    void on_sync();
    void deliver(const Range& range);
    void settle(Range range, const Failure& failure, std::optional<std::size_t> culprit);
    void settle_transaction(Range range, const Failure& failure, std::optional<std::size_t> culprit);
    void send_sql(const char* sql);
    void send_session();
    void send_sync();
    void forget_prepared();
    void begin_carefully(int attempts);
    void go_on_carefully(const Failure* failure);
    void end_carefully();
    void fail_all(const Failure& failure);
    void take_apart(const Range& range, std::optional<std::size_t> culprit);
    void probe_locks(const Range& range, std::optional<std::size_t> culprit);
    void on_probed(const PGresult* result);
    void set_aside(const std::function<bool(const Job&)>& wanted);
    void fail_item(const Item& item, const Failure& failure);
    void finish();

    uv_loop_t* loop_;
    const Connector& connector_;
    const Kind kind_;
    const std::string name_;
    const SessionSetup& session_;
    Observer& observer_;
    Counters counters_;

    std::unique_ptr<PolledConnection> connection_;
    PreparedCalls prepared_;
    Reconnect reconnect_;
    std::uint64_t session_version_ = 0;  // of what is in force …
    std::uint64_t sent_version_ = 0;     // … once the transaction in flight is committed
    bool connecting_ = false;
    bool stopped_ = false;

    std::vector<std::shared_ptr<Job>> jobs_;
    std::vector<Item> items_;
    std::deque<Range> todo_;
    std::deque<Step> steps_;
    std::size_t current_step_ = 0;
    std::uint64_t started_ = 0;
    std::uint64_t last_duration_ = 0;
    std::size_t last_calls_ = 0;
    bool probing_ = false;
    std::optional<std::size_t> probed_culprit_;  // the item that waited for a lock, if it is known
    std::unique_ptr<Careful> careful_;
    bool forget_prepared_ = false;
};

}  // namespace pgredis::postgres
