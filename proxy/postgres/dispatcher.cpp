#include "postgres/dispatcher.h"

#include <algorithm>

namespace pgredis::postgres {

namespace {

// A batch holds no more than this, so that its transaction stays short, its answers fit in memory and its locks into the server's
// table.
constexpr std::size_t max_batch_calls = 500;
constexpr std::size_t min_batch_calls = 50;
// A batch should not last longer than this, since others wait for its keys.
constexpr double wanted_batch_nanoseconds = 20e6;
// So many jobs are looked at for one whose keys are free.
constexpr std::size_t max_skipped_jobs = 1000;
constexpr std::size_t max_batch_locks = 500;
constexpr std::size_t max_batch_bytes = std::size_t{4} << 20;
constexpr std::uint64_t tick_ms = 100;
// Large batches cost least a call, so a second lane gets work only when that is worth so much of Postgres's time that a core more
// gains more than the smaller batches lose, or when jobs have waited for the first lane as long as this.
constexpr double wanted_share_nanoseconds = 3e6;
constexpr std::uint64_t patience_ms = 5;
// As many batches of a single call in a row come of a client that is alone.
constexpr int lone_habit = 8;

// Stands for each key that the job locks.
void read_locks(const Job& job, std::vector<std::size_t>& locks) {
    locks.clear();
    for (const auto& call : job.calls) {
        for (const auto& key : call.locked_keys)
            locks.push_back(std::hash<std::string>{}(key) ^ static_cast<std::size_t>(job.database));
    }
}

}  // namespace

Dispatcher::Dispatcher(uv_loop_t* loop, const Connector& connector, DispatcherOptions options, Events events)
    : loop_(loop),
      connector_(connector),
      options_(options),
      events_(std::move(events)),
      prepare_(new uv_prepare_t),
      timer_(new uv_timer_t),
      patience_timer_(new uv_timer_t) {
    uv_prepare_init(loop_, prepare_);
    prepare_->data = this;
    uv_timer_init(loop_, timer_);
    timer_->data = this;
    uv_timer_init(loop_, patience_timer_);
    locks_.resize(static_cast<std::size_t>(options_.quick_lanes));
    for (int i = 0; i < options_.quick_lanes; ++i) {
        quick_.push_back(std::make_unique<Lane>(loop_, connector_, Lane::Kind::quick, "pgredis quick " + std::to_string(i + 1),
                                                session_, *this));
    }
}

Dispatcher::~Dispatcher() {
    uv_close(reinterpret_cast<uv_handle_t*>(prepare_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });
    for (auto* timer : {timer_, patience_timer_}) {
        uv_close(reinterpret_cast<uv_handle_t*>(timer),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    }
}

void Dispatcher::start() {
    for (const auto& lane : quick_) lane->start();
    // Just before the loop waits for input: all that arrived in this round is queued by then, and goes out together.
    uv_prepare_start(prepare_, [](uv_prepare_t* handle) { static_cast<Dispatcher*>(handle->data)->dispatch(); });
    uv_timer_start(
        timer_, [](uv_timer_t* handle) { static_cast<Dispatcher*>(handle->data)->expire_waiting(); }, tick_ms, tick_ms);
}

void Dispatcher::stop() {
    uv_prepare_stop(prepare_);
    uv_timer_stop(timer_);
    uv_timer_stop(patience_timer_);
    for (const auto& lane : quick_) lane->stop();
    for (const auto& lane : slow_) lane->stop();
    for (const auto& lane : transaction_) lane->stop();
}

Dispatcher::Queue& Dispatcher::queue_of(const Job& job) {
    if (job.transaction) return transaction_queue_;
    if (job.blocked) return blocked_queue_;
    return job.slow ? slow_queue_ : quick_queues_[job.database];
}

void Dispatcher::submit(std::shared_ptr<Job> job) {
    job->queued_at = uv_now(loop_);
    queue_of(*job).push_back(std::move(job));
}

void Dispatcher::set_session(std::string sql) {
    session_.sql = std::move(sql);
    ++session_.version;
}

bool Dispatcher::connected() const {
    const auto is_connected = [](const auto& lane) { return lane->connected(); };
    return std::any_of(quick_.begin(), quick_.end(), is_connected);
}

Dispatcher::Counters Dispatcher::counters() const {
    Counters sum;
    for (const auto* lanes : {&quick_, &slow_, &transaction_}) {
        for (const auto& lane : *lanes) {
            sum.batches += lane->counters().batches;
            sum.calls += lane->counters().calls;
            sum.retries += lane->counters().retries;
            sum.connected_lanes += lane->connected() ? 1 : 0;
        }
    }
    sum.queued_jobs = slow_queue_.size() + blocked_queue_.size() + transaction_queue_.size();
    for (const auto& [database, queue] : quick_queues_) sum.queued_jobs += queue.size();
    return sum;
}

bool Dispatcher::has_lone_call() const {
    if (lone_batches_ < lone_habit) return false;
    std::size_t lanes = 0;
    for (const auto* all : {&quick_, &slow_, &transaction_}) {
        for (const auto& lane : *all) {
            if (!lane->at_work()) continue;
            if (lane->kind() != Lane::Kind::quick || lane->last_calls() > 1) return false;
            ++lanes;
        }
    }
    return lanes == 1;
}

void Dispatcher::dispatch() {
    dispatch_quick();
    dispatch_slow();
    dispatch_transactions();
}

void Dispatcher::dispatch_quick() {
    for (std::size_t i = 0; i < quick_.size(); ++i) {
        if (!quick_[i]->ready()) continue;
        const bool others_busy = std::any_of(quick_.begin(), quick_.end(), [](const auto& lane) { return lane->at_work(); });
        if (others_busy && !waits_share() && !waits_too_long()) return;
        locks_[i].clear();
        auto batch = take_batch(locks_[i]);
        shares_conflict_ = batch.empty();
        if (!batch.empty()) quick_[i]->run(std::move(batch));
    }
}

// How many calls Postgres carries out in this time, by what the latest ones took.
std::size_t Dispatcher::affordable_calls(double nanoseconds) const {
    if (recent_nanoseconds_ <= 0) return max_batch_calls;
    return std::min(static_cast<std::size_t>(nanoseconds * recent_calls_ / recent_nanoseconds_) + 1, max_batch_calls);
}

// Counts no further than the limit.
std::size_t Dispatcher::waiting_calls(std::size_t limit) const {
    std::size_t calls = 0;
    for (const auto& [database, queue] : quick_queues_) {
        for (auto job = queue.begin(); job != queue.end() && calls < limit; ++job)
            calls += (*job)->calls.size() - (*job)->answered;
    }
    return std::min(calls, limit);
}

// Is enough waiting for another lane? When all of that needs keys of the lanes at work, nobody looks again before one of them is
// done.
bool Dispatcher::waits_share() const {
    const auto share = affordable_calls(wanted_share_nanoseconds);
    return !shares_conflict_ && waiting_calls(share) == share;
}

// How many calls the next batch may have: not all that wait when they are enough for two lanes and both are free.
std::size_t Dispatcher::most_calls() const {
    const auto most = std::max(affordable_calls(wanted_batch_nanoseconds), min_batch_calls);
    if (std::count_if(quick_.begin(), quick_.end(), [](const auto& lane) { return lane->ready(); }) < 2) return most;
    const auto share = (waiting_calls(2 * most) + 1) / 2;
    return share < affordable_calls(wanted_share_nanoseconds) ? most : std::min(most, share);
}

// Looks again when it will be so.
bool Dispatcher::waits_too_long() {
    uv_update_time(loop_);
    const auto now = uv_now(loop_);
    bool any = false;
    for (const auto& [database, queue] : quick_queues_) {
        if (queue.empty()) continue;
        if (now - queue.front()->queued_at >= patience_ms) return true;
        any = true;
    }
    if (any && uv_is_active(reinterpret_cast<uv_handle_t*>(patience_timer_)) == 0) {
        uv_timer_start(
            patience_timer_, [](uv_timer_t*) {}, patience_ms, 0);
    }
    return false;
}

bool Dispatcher::conflicts(const std::vector<std::size_t>& locks) const {
    return std::any_of(locks.begin(), locks.end(), [this](std::size_t lock) {
        return std::any_of(locks_.begin(), locks_.end(), [lock](const auto& held) { return held.contains(lock); });
    });
}

// The database whose turn it is: that of the oldest job which no other lane keeps waiting.
Dispatcher::Queue* Dispatcher::choose_queue() {
    Queue* chosen = nullptr;
    std::uint64_t oldest = 0;
    std::vector<std::size_t> locks;
    for (auto& [database, queue] : quick_queues_) {
        drop_unwanted(queue);
        const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), max_skipped_jobs));
        const auto free = std::find_if(queue.begin(), end, [&](const auto& job) {
            read_locks(*job, locks);
            return !conflicts(locks);
        });
        if (free == end || (chosen != nullptr && (*free)->queued_at >= oldest)) continue;
        chosen = &queue;
        oldest = (*free)->queued_at;
    }
    return chosen;
}

// At the head of a queue.
void Dispatcher::drop_unwanted(Queue& queue) {
    while (!queue.empty() && !queue.front()->wanted()) queue.pop_front();
}

// The oldest jobs of one database. A job that needs a key which another lane has locked would only wait there: it stays in the
// queue.
std::vector<std::shared_ptr<Job>> Dispatcher::take_batch(std::unordered_set<std::size_t>& batch_locks) {
    auto* oldest = choose_queue();
    std::vector<std::shared_ptr<Job>> batch;
    if (oldest == nullptr) return batch;
    const auto most = most_calls();
    Queue skipped;
    std::vector<std::size_t> locks;
    std::vector<std::size_t> taken;
    std::size_t calls = 0;
    std::size_t bytes = 0;
    while (!oldest->empty() && skipped.size() < max_skipped_jobs) {
        auto& job = oldest->front();
        read_locks(*job, locks);
        calls += job->calls.size() - job->answered;
        bytes += job->bytes;
        if (!batch.empty() && (calls > most || taken.size() + locks.size() > max_batch_locks || bytes > max_batch_bytes)) break;
        if (conflicts(locks)) {
            calls -= job->calls.size() - job->answered;
            bytes -= job->bytes;
            skipped.push_back(std::move(job));
        } else {
            taken.insert(taken.end(), locks.begin(), locks.end());
            batch.push_back(std::move(job));
        }
        oldest->pop_front();
        drop_unwanted(*oldest);
    }
    for (auto job = skipped.rbegin(); job != skipped.rend(); ++job) oldest->push_front(std::move(*job));
    batch_locks.insert(taken.begin(), taken.end());
    return batch;
}

// The next job for a slow lane. One lane stays free of jobs that may wait for a lock for long, so that other slow work gets on.
std::shared_ptr<Job> Dispatcher::take_slow() {
    const auto waiting = std::count_if(slow_.begin(), slow_.end(), [](const auto& lane) { return lane->blocked(); });
    auto* queue = &slow_queue_;
    drop_unwanted(slow_queue_);
    drop_unwanted(blocked_queue_);
    if (!blocked_queue_.empty() && waiting < std::max(1, options_.slow_lanes - 1)) queue = &blocked_queue_;
    if (queue->empty()) return nullptr;
    auto job = std::move(queue->front());
    queue->pop_front();
    return job;
}

void Dispatcher::dispatch_slow() {
    if (slow_queue_.empty() && blocked_queue_.empty()) return;
    for (const auto& lane : slow_) {
        if (!lane->ready()) continue;
        auto job = take_slow();
        if (!job) return;
        lane->run({std::move(job)});
    }
    if (slow_queue_.empty() && blocked_queue_.empty()) return;
    open_lane(slow_, Lane::Kind::slow, "pgredis slow ");
}

void Dispatcher::dispatch_transactions() {
    for (const auto& lane : transaction_) {
        if (transaction_queue_.empty()) return;
        if (!lane->ready()) continue;
        auto job = std::move(transaction_queue_.front());
        transaction_queue_.pop_front();
        lane->run({std::move(job)});
    }
    if (!transaction_queue_.empty()) open_lane(transaction_, Lane::Kind::transaction, "pgredis transaction ");
}

// Connections for slow work and transactions are opened when there is some: one more each time all are busy.
void Dispatcher::open_lane(std::vector<std::unique_ptr<Lane>>& lanes, Lane::Kind kind, const char* name) {
    const auto connecting = std::any_of(lanes.begin(), lanes.end(), [](const auto& lane) { return !lane->connected(); });
    if (connecting || lanes.size() >= static_cast<std::size_t>(options_.slow_lanes)) return;
    lanes.push_back(std::make_unique<Lane>(loop_, connector_, kind, name + std::to_string(lanes.size() + 1), session_, *this));
    lanes.back()->start();
}

void Dispatcher::release_locks(const Lane& lane) {
    for (std::size_t i = 0; i < quick_.size(); ++i) {
        if (quick_[i].get() == &lane) locks_[i].clear();
    }
}

void Dispatcher::on_lane_ready(Lane& lane) {
    if (lane.kind() == Lane::Kind::quick && lane.last_calls() > 0) {
        constexpr double memory = 0.9;
        recent_nanoseconds_ = memory * recent_nanoseconds_ + static_cast<double>(lane.last_duration());
        recent_calls_ = memory * recent_calls_ + static_cast<double>(lane.last_calls());
        release_locks(lane);
        shares_conflict_ = false;
        lone_batches_ = lane.last_calls() == 1 ? std::min(lone_batches_ + 1, lone_habit) : 0;
        if (lone_batches_ == lone_habit) ++lone_calls_;
        dispatch_quick();
    }
    if (!was_connected_ && lane.kind() == Lane::Kind::quick) {
        was_connected_ = true;
        last_error_.clear();
        events_.on_connected("connected to Postgres");
    }
}

void Dispatcher::on_lane_lost(Lane& lane, const std::string& error, std::vector<std::shared_ptr<Job>> unanswered) {
    release_locks(lane);
    for (auto job = unanswered.rbegin(); job != unanswered.rend(); ++job) {
        queue_of(**job).push_front(std::move(*job));
    }
    if (was_connected_ && connected()) return;
    if (was_connected_ || error != last_error_) events_.on_disconnected(error);
    was_connected_ = false;
    last_error_ = error;
}

void Dispatcher::on_lane_blocked(Lane&, std::vector<std::shared_ptr<Job>> blocked) {
    for (auto& job : blocked) {
        job->blocked = true;
        queue_of(*job).push_back(std::move(job));
    }
}

void Dispatcher::on_fault(const Failure& failure) { events_.on_fault(failure); }

void Dispatcher::expire_waiting() {
    const auto now = uv_now(loop_);
    const auto deadline = now < options_.wait_ms ? 0 : now - options_.wait_ms;
    const Failure failure{Failure::Kind::unavailable, "", "ERR Postgres is not available; try again later", ""};
    if (!connected()) {
        for (auto& [database, queue] : quick_queues_) expire(queue, deadline, failure);
    }
    if (std::none_of(slow_.begin(), slow_.end(), [](const auto& lane) { return lane->connected(); })) {
        expire(slow_queue_, deadline, failure);
        expire(blocked_queue_, deadline, failure);
    }
    if (std::none_of(transaction_.begin(), transaction_.end(), [](const auto& lane) { return lane->connected(); })) {
        expire(transaction_queue_, deadline, failure);
    }
}

void Dispatcher::expire(Queue& queue, std::uint64_t deadline, const Failure& failure) {
    while (!queue.empty() && queue.front()->queued_at < deadline) {
        const auto job = std::move(queue.front());
        queue.pop_front();
        while (!job->done()) job->fail(failure);
        job->on_done();
    }
}

}  // namespace pgredis::postgres
