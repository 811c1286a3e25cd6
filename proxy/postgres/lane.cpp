#include "postgres/lane.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "postgres/failures.h"
#include "postgres/key_locks.h"
#include "postgres/pipeline.h"

namespace pgredis::postgres {

namespace {

constexpr int max_attempts = 30;

std::size_t hash_of(const std::vector<Value>& arguments) {
    std::size_t hash = 0;
    const auto mix = [&hash](std::size_t part) { hash = (hash ^ part) * 0x9E3779B97F4A7C15; };
    for (const auto& argument : arguments) {
        if (const auto* texts = std::get_if<std::vector<std::string>>(&argument)) {
            for (const auto& text : *texts) mix(std::hash<std::string>{}(text));
        } else if (const auto* text = std::get_if<std::string>(&argument)) {
            mix(std::hash<std::string>{}(*text));
        } else if (const auto* number = std::get_if<std::int64_t>(&argument)) {
            mix(static_cast<std::size_t>(*number));
        }
    }
    return hash;
}

}  // namespace

Lane::Lane(uv_loop_t* loop, const Connector& connector, Kind kind, std::string name, const SessionSetup& session,
           Observer& observer)
    : loop_(loop),
      connector_(connector),
      kind_(kind),
      name_(std::move(name)),
      session_(session),
      observer_(observer),
      reconnect_(loop, [this] { start(); }) {}

void Lane::start() {
    if (connection_ == nullptr && !connecting_ && !stopped_) connect();
}

void Lane::stop() {
    stopped_ = true;
    reconnect_.stop();
    connection_.reset();
}

void Lane::connect() {
    connecting_ = true;
    // A quick lane waits neither for a key that somebody else holds nor for a call that turns out to be slow; see
    // on_lane_blocked.
    const std::string setup =
        kind_ == Kind::quick ? "SET lock_timeout = '100ms'; SET statement_timeout = '250ms'" : "SET lock_timeout = 0";
    connector_.connect(name_, setup, [this](ConnectionPtr connection, const std::string& error) {
        connecting_ = false;
        on_connected(std::move(connection), error);
    });
}

void Lane::on_connected(ConnectionPtr connection, const std::string& error) {
    if (stopped_) return;
    if (connection == nullptr || PQenterPipelineMode(connection.get()) != 1) {
        observer_.on_lane_lost(*this, error, {});
        reconnect_.schedule();
        return;
    }
    reconnect_.succeeded();
    prepared_.forget_all();
    session_version_ = sent_version_ = 0;
    connection_ = std::make_unique<PolledConnection>(
        loop_, std::move(connection), [this] { on_input(); }, [this](const std::string& reason) { on_lost(reason); });
    observer_.on_lane_ready(*this);
}

void Lane::on_lost(const std::string& error) {
    // Was the transaction in flight surely not committed? Only if Postgres refused one of its statements; commit comes after them
    // all.
    bool refused = careful_ && careful_->phase != Careful::Phase::commit;
    for (const auto& step : steps_) {
        if (step.kind != Step::Kind::sync && step.result && PQresultStatus(step.result.get()) == PGRES_FATAL_ERROR) {
            refused = refused || !failure_of(step.result.get()).sqlstate.empty();
        }
    }
    if (!refused && !todo_.empty() && !steps_.empty() && !probing_) {
        const Range range = todo_.front();
        const auto unknown = unknown_outcome();
        // A client with a write in doubt gets that answer for all it has in this transaction, so that its order is kept; a client
        // that only read can simply ask again.
        for (std::size_t i = range.begin; i < range.end;) {
            Job* job = items_[i].job;
            std::size_t end = i;
            bool writes = false;
            for (; end < range.end && items_[end].job == job; ++end) writes = writes || items_[end].call().writes;
            for (; i < end; ++i) {
                if (writes) fail_item(items_[i], unknown);
            }
        }
    }
    std::vector<std::shared_ptr<Job>> unanswered;
    for (auto& job : jobs_) {
        if (!job->done()) unanswered.push_back(std::move(job));
    }
    jobs_.clear();
    items_.clear();
    todo_.clear();
    steps_.clear();
    probing_ = false;
    careful_.reset();
    connection_.reset();
    observer_.on_lane_lost(*this, error, std::move(unanswered));
    if (!stopped_) reconnect_.schedule();
}

void Lane::run(std::vector<std::shared_ptr<Job>> jobs) {
    jobs_ = std::move(jobs);
    ++counters_.batches;
    flatten(kind_ == Kind::quick);
    counters_.calls += items_.size();
    started_ = uv_hrtime();
    last_calls_ = items_.size();
    next();
}

void Lane::flatten(bool grouped) {
    items_.clear();
    todo_.clear();
    for (const auto& job : jobs_) {
        for (std::size_t i = job->answered; i < job->calls.size(); ++i) items_.push_back({job.get(), i, items_.size()});
    }
    if (grouped || kind_ == Kind::transaction) {
        todo_.push_back({0, items_.size(), grouped});
    } else {
        for (std::size_t i = 0; i < items_.size(); ++i) todo_.push_back({i, i + 1, false});
    }
}

void Lane::next() {
    if (todo_.empty()) {
        finish();
    } else {
        send(todo_.front());
    }
}

void Lane::finish() {
    last_duration_ = uv_hrtime() - started_;
    jobs_.clear();
    items_.clear();
    observer_.on_lane_ready(*this);
}

void Lane::send_sql(const char* sql) {
    PQsendQueryParams(connection_->get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 1);
    steps_.push_back({Step::Kind::prelude, {}, {}, nullptr});
}

// It is undone when the transaction is rolled back.
void Lane::send_session() {
    sent_version_ = session_.version;
    if (sent_version_ != session_version_) send_sql(session_.sql.c_str());
}

void Lane::send_sync() {
    PQpipelineSync(connection_->get());
    steps_.push_back({Step::Kind::sync, {}, {}, nullptr});
    connection_->flush();
}

void Lane::send_prelude(const Range& range, bool lock) {
    if (kind_ == Kind::transaction) return;  // it brings its own
    const auto database = items_[range.begin].job->database;
    std::vector<std::string> keys;
    // Several statements have to lock their keys in the global order before the first one runs.
    if (lock) {
        for (std::size_t i = range.begin; i < range.end; ++i) {
            for (const auto& key : items_[i].call().locked_keys) keys.push_back(key);
        }
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        if (keys.size() == 1) keys.clear();
    }
    if (database == 0 && keys.empty()) return;

    const auto prelude = begin_batch_call(database, std::move(keys));
    send_calls(Step::Kind::prelude, {&prelude}, {});
}

void Lane::send_call(std::vector<std::size_t> items) {
    std::vector<const Call*> calls;
    calls.reserve(items.size());
    for (const auto i : items) calls.push_back(&items_[i].call());
    send_calls(Step::Kind::call, calls, std::move(items));
}

void Lane::send_calls(Step::Kind kind, const std::vector<const Call*>& calls, std::vector<std::size_t> items) {
    auto prepared = prepared_.send(connection_->get(), calls);
    if (!prepared.empty()) steps_.push_back({Step::Kind::prepare, items, std::move(prepared), nullptr});
    steps_.push_back({kind, std::move(items), {}, nullptr});
}

// What a deployment has made invalid.
void Lane::forget_prepared() {
    if (!std::exchange(forget_prepared_, false)) return;
    prepared_.forget_all();
    send_sql("DEALLOCATE ALL");
}

// A call in the group whose answer is the answer of this one too.
std::optional<std::size_t> Lane::equal_item(const Group& group, std::size_t item, std::size_t hash) const {
    const auto known = group.by_arguments.find(hash);
    if (known == group.by_arguments.end() || items_[known->second].call().arguments != items_[item].call().arguments)
        return std::nullopt;
    return known->second;
}

// Calls of the same statement become one, as far as every client's own order allows: calls of different clients that wait
// together are concurrent, so their order is ours to choose.
std::vector<Lane::Group> Lane::group(const Range& range) {
    std::vector<Group> groups;
    std::unordered_map<const Statement*, std::size_t> latest;
    const Job* job = nullptr;
    std::size_t own = 0;  // the client's calls so far are in groups up to this one
    for (std::size_t i = range.begin; i < range.end; ++i) {
        const auto* statement = items_[i].call().statement.get();
        if (items_[i].job != job) own = 0;
        job = items_[i].job;
        const auto hash = statement->repeatable ? hash_of(items_[i].call().arguments) : 0;
        std::optional<std::size_t> equal;
        const auto found = latest.find(statement);
        const bool may_join = range.grouped && found != latest.end() && found->second >= own;
        if (may_join) equal = equal_item(groups[found->second], i, hash);
        if (may_join && (equal || !statement->grouped_sql.empty())) {
            own = found->second;
        } else {
            latest[statement] = own = groups.size();
            groups.push_back({statement, {}, {}});
        }
        items_[i].answered_by = equal.value_or(i);
        if (equal) continue;
        if (statement->repeatable) groups[own].by_arguments.emplace(hash, i);
        groups[own].items.push_back(i);
    }
    return groups;
}

void Lane::send(const Range& range) {
    steps_.clear();
    current_step_ = 0;
    forget_prepared();
    send_session();
    auto groups = group(range);
    // A statement that stands alone and locks its own keys, all at once, needs nobody to do it beforehand.
    const bool locks_itself = groups.size() == 1 && (range.end - range.begin == 1 || groups.front().statement->locks_together);
    send_prelude(range, !locks_itself);
    for (auto& group : groups) send_call(std::move(group.items));
    send_sync();
}

void Lane::on_input() {
    while (connection_ && read_pipeline(connection_->get(), steps_, current_step_)) on_sync();
}

void Lane::on_sync() {
    if (probing_) {
        probing_ = false;
        const ResultPtr result = std::move(steps_.front().result);
        steps_.clear();
        on_probed(result.get());
        return;
    }
    const Range range = todo_.front();
    for (auto& step : steps_) {
        if (!step.result) continue;
        const auto status = PQresultStatus(step.result.get());
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_ABORTED) continue;
        const auto failure = failure_of(step.result.get());
        std::optional<std::size_t> culprit;
        if (step.items.size() == 1) culprit = step.items.front();
        for (const auto& other : steps_) {
            const bool made = other.result && PQresultStatus(other.result.get()) == PGRES_COMMAND_OK;
            if (other.kind == Step::Kind::prepare && !made) prepared_.forget(other.prepared);
        }
        if (careful_) {
            go_on_carefully(&failure);
            return;
        }
        steps_.clear();
        todo_.pop_front();
        if (kind_ == Kind::transaction) {
            settle_transaction(range, failure, culprit);
        } else {
            settle(range, failure, culprit);
        }
        return;
    }
    if (careful_) {
        go_on_carefully(nullptr);
        return;
    }
    session_version_ = sent_version_;
    todo_.pop_front();
    deliver(range);
}

// Answers the calls of this range. When they are the last ones Postgres gets the next batch before that, so that it is not idle
// meanwhile; else not, since a connection lost while sending must find them answered.
void Lane::deliver(const Range& range) {
    const bool last = todo_.empty();
    const auto jobs = last ? std::exchange(jobs_, {}) : std::vector<std::shared_ptr<Job>>();
    const auto finished = last ? std::exchange(items_, {}) : std::vector<Item>();
    const auto& items = last ? finished : items_;
    const auto steps = std::exchange(steps_, {});
    if (last) next();
    std::vector<Rows> answers(range.end - range.begin);
    for (const auto& step : steps) {
        if (step.kind != Step::Kind::call) continue;
        if (step.items.size() == 1) {
            answers[step.items.front() - range.begin] = {step.result.get(), 0, PQntuples(step.result.get())};
        } else {
            for (std::size_t i = 0; i < step.items.size(); ++i)
                answers[step.items[i] - range.begin] = {step.result.get(), static_cast<int>(i), 1};
        }
    }
    std::vector<std::any> shown(range.end - range.begin);
    for (std::size_t i = range.begin; i < range.end; ++i) {
        const auto by = items[i].answered_by - range.begin;
        if (by != i - range.begin) answers[by].shown = &shown[by];
    }
    for (std::size_t i = range.begin; i < range.end; ++i) {
        auto* job = items[i].job;
        job->answer(answers[items[i].answered_by - range.begin]);
        if (job->done()) job->on_done();
    }
    if (!last) next();
}

void Lane::fail_item(const Item& item, const Failure& failure) {
    if (failure.kind == Failure::Kind::fault) observer_.on_fault(failure);
    item.job->fail(failure);
    if (item.job->done()) item.job->on_done();
}

// A transaction of this range was rolled back. Nothing of it has taken effect.
void Lane::settle(Range range, const Failure& failure, std::optional<std::size_t> culprit) {
    ++counters_.retries;
    const auto size = range.end - range.begin;
    ++range.attempts;
    if (is_transient(failure) && range.attempts < max_attempts) {
        todo_.push_front(range);
    } else if (is_lock_timeout(failure) && kind_ == Kind::quick) {
        todo_.push_front(range);
        probe_locks(range, culprit);
        return;
    } else if (is_statement_timeout(failure) && kind_ == Kind::quick && (culprit || size == 1)) {
        const Job* slow = items_[culprit.value_or(range.begin)].job;
        set_aside([slow](const Job& job) { return &job == slow; });
        return;
    } else if (is_stale_plan(failure) && range.attempts == 1) {
        // Prepared statements of the old functions are given up; names of new ones are free again.
        todo_.push_front(range);
        forget_prepared_ = true;
    } else if (size == 1) {
        fail_item(items_[range.begin], failure);
    } else {
        take_apart(range, culprit);
    }
    next();
}

void Lane::take_apart(const Range& range, std::optional<std::size_t> culprit) {
    if (culprit) {
        // The culprit alone, between what comes before and after it.
        if (*culprit + 1 < range.end) todo_.push_front({*culprit + 1, range.end, range.grouped});
        todo_.push_front({*culprit, *culprit + 1, false});
        if (range.begin < *culprit) todo_.push_front({range.begin, *culprit, range.grouped});
    } else if (range.grouped) {
        todo_.push_front({range.begin, range.end, false});  // call by call tells which it was
    } else {
        const auto middle = range.begin + (range.end - range.begin) / 2;
        todo_.push_front({middle, range.end, false});
        todo_.push_front({range.begin, middle, false});
    }
}

void Lane::fail_all(const Failure& failure) {
    for (const auto& item : items_) fail_item(item, failure);
    todo_.clear();
    next();
}

// The transaction was rolled back. Once more as a whole if it was for reasons of concurrency; if one of its commands failed,
// again in the way that keeps what the others did, as Redis does.
void Lane::settle_transaction(Range range, const Failure& failure, std::optional<std::size_t> culprit) {
    ++counters_.retries;
    ++range.attempts;
    if (is_transient(failure) && range.attempts < max_attempts) {
        todo_.push_front(range);
        next();
    } else if (is_stale_plan(failure) && range.attempts == 1) {
        forget_prepared_ = true;
        todo_.push_front(range);
        next();
    } else if (failure.kind == Failure::Kind::aborted || !culprit || items_[*culprit].call().prologue) {
        fail_all(failure);
    } else {
        todo_.push_front(range);
        begin_carefully(0);
    }
}

void Lane::begin_carefully(int attempts) {
    careful_ = std::make_unique<Careful>();
    careful_->attempts = attempts;
    steps_.clear();
    current_step_ = 0;
    forget_prepared();
    send_sql("BEGIN");
    send_session();
    for (std::size_t i = 0; i < items_.size() && items_[i].call().prologue; ++i) send_call({i});
    send_sync();
}

// One part of the careful way has been answered: with a failure, or well.
void Lane::go_on_carefully(const Failure* failure) {
    auto& careful = *careful_;
    using Phase = Careful::Phase;
    if (careful.phase == Phase::rollback) {
        steps_.clear();
        const auto reason = careful.failure;
        const auto attempts = careful.attempts + 1;
        careful_.reset();
        if (forget_prepared_ || (is_transient(reason) && attempts < max_attempts)) {
            begin_carefully(attempts);
        } else {
            fail_all(reason);
        }
        return;
    }
    const bool stale = failure != nullptr && careful.attempts == 0 && is_stale_plan(*failure);
    if (failure != nullptr && (careful.phase != Phase::call || is_transient(*failure) || stale)) {
        careful.failure = *failure;
        forget_prepared_ = stale;
        careful.phase = Phase::rollback;
        steps_.clear();
        current_step_ = 0;
        send_sql("ROLLBACK");
        send_sync();
        return;
    }
    if (careful.phase == Phase::commit) {
        end_carefully();
        return;
    }
    if (failure != nullptr) {
        careful.outcomes.emplace_back(*failure);
    } else {
        for (auto& step : steps_) {
            if (step.kind == Step::Kind::call) careful.outcomes.emplace_back(std::move(step.result));
        }
    }
    steps_.clear();
    current_step_ = 0;
    if (careful.phase == Phase::call) {
        if (failure != nullptr) send_sql("ROLLBACK TO SAVEPOINT call");
        send_sql("RELEASE SAVEPOINT call");
    }
    const auto next_item = careful.outcomes.size();
    if (next_item < items_.size()) {
        careful.phase = Phase::call;
        send_sql("SAVEPOINT call");
        send_call({next_item});
    } else {
        careful.phase = Phase::commit;
        send_sql("COMMIT");
    }
    send_sync();
}

void Lane::end_carefully() {
    const auto outcomes = std::move(careful_->outcomes);
    session_version_ = sent_version_;
    careful_.reset();
    steps_.clear();
    todo_.clear();
    auto* job = items_.front().job;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (const auto* failure = std::get_if<Failure>(&outcomes[i])) {
            if (failure->kind == Failure::Kind::fault) observer_.on_fault(*failure);
            job->fail(*failure);
        } else {
            const auto* result = std::get<ResultPtr>(outcomes[i]).get();
            job->answer({result, 0, PQntuples(result)});
        }
    }
    job->on_done();
    next();
}

void Lane::probe_locks(const Range& range, std::optional<std::size_t> culprit) {
    std::vector<std::string> keys;
    for (std::size_t i = range.begin; i < items_.size(); ++i) {
        for (const auto& key : items_[i].call().locked_keys) keys.push_back(key);
    }
    steps_.clear();
    current_step_ = 0;
    const auto probe = locked_keys_call(items_[range.begin].job->database, std::move(keys));
    send_calls(Step::Kind::call, {&probe}, {});
    send_sync();
    probing_ = true;
    probed_culprit_ = culprit;
}

void Lane::on_probed(const PGresult* result) {
    std::unordered_set<std::string_view> locked;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQgetlength(result, 0, 0) > 20) {
        const char* at = PQgetvalue(result, 0, 0);
        const auto count = read_int32(at + 12);
        at += 20;
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto length = read_int32(at);
            locked.emplace(at + 4, length);
            at += 4 + length;
        }
    }
    const auto needs_locked = [&locked](const Job& job) {
        for (std::size_t i = job.answered; i < job.calls.size(); ++i) {
            for (const auto& key : job.calls[i].locked_keys) {
                if (locked.contains(key)) return true;
            }
        }
        return false;
    };
    if (std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) { return !job->done() && needs_locked(*job); })) {
        set_aside(needs_locked);
        return;
    }
    // A lock that stands for no key, or one that is free by now.
    const Range range = todo_.front();
    if (probed_culprit_ || range.end - range.begin == 1) {
        const Job* waiting = items_[probed_culprit_.value_or(range.begin)].job;
        set_aside([waiting](const Job& job) { return &job == waiting; });
    } else {
        todo_.pop_front();
        take_apart(range, std::nullopt);
        next();
    }
}

// Gives these jobs away and begins again with the others.
void Lane::set_aside(const std::function<bool(const Job&)>& wanted) {
    std::vector<std::shared_ptr<Job>> blocked;
    std::vector<std::shared_ptr<Job>> rest;
    for (auto& job : jobs_) {
        if (job->done()) continue;
        (wanted(*job) ? blocked : rest).push_back(std::move(job));
    }
    jobs_ = std::move(rest);
    if (!blocked.empty()) observer_.on_lane_blocked(*this, std::move(blocked));
    flatten(true);
    if (items_.empty()) todo_.clear();
    next();
}

}  // namespace pgredis::postgres
