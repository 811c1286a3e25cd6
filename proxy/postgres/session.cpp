#include "postgres/session.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "postgres/failures.h"
#include "postgres/pipeline.h"

namespace pgredis::postgres {

Session::Session(uv_loop_t* loop, const Connector& connector, std::string name, const SessionSetup& setup, Observer& observer)
    : loop_(loop), connector_(connector), name_(std::move(name)), setup_(setup), observer_(observer), reconnect_(loop, [this] {
          start();
      }) {}

void Session::start() {
    if (connection_ || connecting_ || stopped_) return;
    connecting_ = true;
    connector_.connect(name_, "SET lock_timeout = 0", [this](ConnectionPtr connection, const std::string& error) {
        connecting_ = false;
        on_connected(std::move(connection), error);
    });
}

void Session::stop() {
    stopped_ = true;
    reconnect_.stop();
    connection_.reset();
}

void Session::on_connected(ConnectionPtr connection, const std::string& error) {
    if (stopped_) return;
    if (connection == nullptr || PQenterPipelineMode(connection.get()) != 1) {
        observer_.on_session_lost(*this, error, false);
        reconnect_.schedule();
        return;
    }
    reconnect_.succeeded();
    prepared_.forget_all();
    setup_version_ = sent_version_ = 0;
    connection_ = std::make_unique<PolledConnection>(
        loop_, std::move(connection), [this] { on_input(); }, [this](const std::string& reason) { on_lost(reason); });
    observer_.on_session_ready(*this);
}

void Session::on_lost(const std::string& error) {
    const bool committing = phase_ == Phase::commit;
    connection_.reset();
    phase_ = Phase::idle;
    done_ = nullptr;
    steps_.clear();
    taken_ = begun_ = false;
    observer_.on_session_lost(*this, error, committing);
    if (!stopped_) reconnect_.schedule();
}

void Session::begin(std::vector<Call> prologue, bool snapshot) {
    taken_ = true;
    begun_ = spoilt_savepoint_ = false;
    prologue_ = std::move(prologue);
    snapshot_ = snapshot;
}

void Session::send_utility(const char* sql) {
    PQsendQueryParams(connection_->get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 1);
    steps_.push_back({Step::Kind::utility});
}

void Session::send_calls(Step::Kind kind, const std::vector<const Call*>& calls, std::vector<std::size_t> which) {
    auto prepared = prepared_.send(connection_->get(), calls);
    if (!prepared.empty()) steps_.push_back({Step::Kind::prepare, {}, std::move(prepared)});
    steps_.push_back({kind, std::move(which)});
}

void Session::send_sync(Phase phase, Done done) {
    PQpipelineSync(connection_->get());
    steps_.push_back({Step::Kind::sync});
    phase_ = phase;
    done_ = std::move(done);
    current_step_ = 0;
    connection_->flush();
}

void Session::run(const std::vector<const Call*>& calls, const std::vector<std::size_t>& chains,
                  std::optional<std::size_t> savepoint, Done done) {
    call_count_ = calls.size();
    if (!std::exchange(begun_, true)) {
        if (std::exchange(forget_prepared_, false)) {
            prepared_.forget_all();
            send_utility("DEALLOCATE ALL");
        }
        send_utility(snapshot_ ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN");
        sent_version_ = setup_.version;
        if (sent_version_ != setup_version_) send_utility(setup_.sql.c_str());
        for (const auto& call : prologue_) send_calls(Step::Kind::prologue, {&call}, {});
    }
    if (std::exchange(spoilt_savepoint_, false)) {
        send_utility("ROLLBACK TO SAVEPOINT call");
        send_utility("RELEASE SAVEPOINT call");
    }
    first_protected_ = steps_.size();
    if (savepoint) {
        for (std::size_t i = 0; i < calls.size(); ++i) {
            if (i == *savepoint) {
                first_protected_ = steps_.size();
                send_utility("SAVEPOINT call");
            }
            send_calls(Step::Kind::call, {calls[i]}, {i});
        }
        send_utility("RELEASE SAVEPOINT call");
    } else {
        send_in_groups(calls, chains);
    }
    spoilt_savepoint_ = savepoint.has_value();  // until it turns out well
    send_sync(Phase::round, std::move(done));
}

// Calls of the same statement as one, where that leaves the calls of each chain in their order.
void Session::send_in_groups(const std::vector<const Call*>& calls, const std::vector<std::size_t>& chains) {
    std::vector<std::vector<std::size_t>> groups;
    std::unordered_map<const Statement*, std::size_t> latest;
    std::unordered_map<std::size_t, std::size_t> reached;  // by chain: in which group its last call is
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto* statement = calls[i]->statement.get();
        auto& own = reached[chains[i]];
        const auto found = latest.find(statement);
        if (found != latest.end() && found->second >= own && !statement->grouped_sql.empty()) {
            own = found->second;
        } else {
            own = latest[statement] = groups.size();
            groups.emplace_back();
        }
        groups[own].push_back(i);
    }
    for (auto& group : groups) {
        std::vector<const Call*> members;
        members.reserve(group.size());
        for (const auto i : group) members.push_back(calls[i]);
        send_calls(Step::Kind::call, members, std::move(group));
    }
}

void Session::commit(Done done) {
    call_count_ = 0;
    if (std::exchange(spoilt_savepoint_, false)) send_utility("ROLLBACK TO SAVEPOINT call");
    send_utility("COMMIT");
    send_sync(Phase::commit, std::move(done));
}

void Session::roll_back() {
    if (!connection_) return;
    if (!begun_) {
        end();
        return;
    }
    send_utility("ROLLBACK");
    send_sync(Phase::rollback, nullptr);
}

void Session::cancel(QueryConnection& through) {
    ++cancellations_;
    through.query("SELECT pg_catalog.pg_cancel_backend($1)", {std::to_string(backend())}, [this](const PGresult*) {
        --cancellations_;
        if (ready()) observer_.on_session_ready(*this);
    });
}

void Session::end() {
    taken_ = begun_ = false;
    if (!ready()) return;
    observer_.on_session_ready(*this);
}

void Session::on_input() {
    while (connection_ && read_pipeline(connection_->get(), steps_, current_step_)) on_sync();
}

Session::Answer Session::answer() {
    Answer answer;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        const auto status = step.result ? PQresultStatus(step.result.get()) : PGRES_COMMAND_OK;
        if (step.kind == Step::Kind::prepare && status != PGRES_COMMAND_OK) prepared_.forget(step.prepared);
        const bool failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_ABORTED;
        if (!failed || answer.failure) continue;
        answer.failure = failure_of(step.result.get());
        if (step.kind == Step::Kind::call && step.calls.size() == 1) answer.culprit = step.calls.front();
        answer.at_beginning = i < first_protected_;
    }
    if (answer.failure) {
        forget_prepared_ = forget_prepared_ || is_stale_plan(*answer.failure);
        return answer;
    }
    answer.rows.resize(call_count_);
    for (const auto& step : steps_) {
        if (step.kind != Step::Kind::call) continue;
        const auto* result = step.result.get();
        if (step.calls.size() == 1) {
            answer.rows[step.calls.front()] = {result, 0, PQntuples(result)};
        } else {
            for (std::size_t i = 0; i < step.calls.size(); ++i) answer.rows[step.calls[i]] = {result, static_cast<int>(i), 1};
        }
    }
    return answer;
}

void Session::on_sync() {
    const auto phase = std::exchange(phase_, Phase::idle);
    const auto done = std::exchange(done_, nullptr);
    auto answered = answer();
    // COMMIT of a transaction that has failed answers ROLLBACK, and no error.
    if (phase == Phase::commit && !answered.failure &&
        std::strcmp(PQcmdStatus(steps_[steps_.size() - 2].result.get()), "COMMIT") != 0)
        answered.failure = Failure{Failure::Kind::fault, "25P02", "the transaction was rolled back", ""};
    if (phase == Phase::round && !answered.failure) spoilt_savepoint_ = false;
    if (phase == Phase::commit && !answered.failure) setup_version_ = sent_version_;
    const auto kept = std::exchange(steps_, {});  // the answer's rows are in there
    current_step_ = 0;
    if (done) done(answered);
    if (phase == Phase::round || !connection_) return;
    if (answered.failure) {
        // A cancellation may hit COMMIT and ROLLBACK themselves, and leave the transaction where it was.
        send_utility("ROLLBACK");
        send_sync(Phase::rollback, nullptr);
    } else {
        end();
    }
}

}  // namespace pgredis::postgres
