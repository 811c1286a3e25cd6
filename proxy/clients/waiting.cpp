#include "clients/waiting.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "clients/client.h"
#include "clients/client_job.h"
#include "clients/server.h"
#include "commands/replies.h"

namespace pgredis::clients {

namespace {

// What the waiting functions are told: see redis.ready_key().
enum class Attempt : std::int64_t { first = 0, later = 1, out_of_turn = 2 };

// Nobody waits for it: when it fails, the slow look will find what is left.
class LeaveJob final : public postgres::Job {
 public:
    void on_rows(std::size_t, const postgres::Rows&) override {}
    void on_failure(std::size_t, const postgres::Failure&) override {}
    void on_done() override {}
};

// One attempt of a wait.
class AttemptJob final : public ClientJob {
 public:
    AttemptJob(Client& client, Server& server, Wait& wait, const commands::BoundCall& bound)
        : ClientJob(client),
          server_(server),
          wait_(&wait),
          number_(wait.number()),
          listed_(wait.blocked()),
          format_(bound.format) {
        database = client.database;
        calls.push_back(bound.call);
    }

    // Nobody would get what it pops.
    [[nodiscard]] bool wanted() const override { return client() != nullptr; }

    void on_rows(std::size_t, const postgres::Rows& rows) override {
        if (commands::is_null(rows)) {
            if (client() == nullptr) {
                leave();
            } else {
                wait_->on_nothing_there();
            }
            return;
        }
        if (client() == nullptr) return;
        resp::ReplyWriter writer(out(), client()->protocol);
        commands::write_reply(rows, format_, writer);
        client()->count(wait_->called(), false);
        wait_->on_answered();
    }

    void on_failure(std::size_t, const postgres::Failure& failure) override {
        if (client() != nullptr && failure.kind == postgres::Failure::Kind::unavailable && wait_->blocked()) {
            wait_->on_nothing_there();  // it goes on waiting: see look_again()
            return;
        }
        if (listed_ || failure.kind == postgres::Failure::Kind::unknown) leave();
        if (client() == nullptr) return;
        auto& to = out();
        const auto before = to.size();
        resp::ReplyWriter writer(to, client()->protocol);
        commands::write_failure(failure, writer);
        client()->count(wait_->called(), std::string_view(to).substr(before));
        wait_->on_answered();
    }

 private:
    void leave() { server_.waiting_room().leave(number_, database, calls.front().locked_keys); }

    Server& server_;
    Wait* wait_;  // as long as there is a client
    const std::int64_t number_;
    const bool listed_;
    const commands::ReplyFormat format_;
};

}  // namespace

Wait::Wait(Client& client, Server& server, std::int64_t number, commands::BoundCall bound, std::uint64_t timeout, Called called)
    : client_(client),
      server_(server),
      number_(number),
      bound_(std::move(bound)),
      deadline_(timeout > 0 ? uv_now(server.loop()) + timeout : 0),
      called_(std::move(called)) {
    server_.waiting_room().add(*this);
}

Wait::~Wait() {
    server_.waiting_room().remove(*this);
    if (timer_ != nullptr) {
        uv_close(reinterpret_cast<uv_handle_t*>(timer_),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    }
}

void Wait::attempt(bool out_of_turn) {
    again_ = client_.busy();
    if (again_) return;
    if (listed_ && server_.paused(true)) {
        again_ = true;
        server_.wait_in_line(client_);
        return;
    }
    called_.begun = uv_hrtime();
    auto job = std::make_shared<AttemptJob>(client_, server_, *this, bound_);
    const auto kind = out_of_turn ? Attempt::out_of_turn : listed_ ? Attempt::later : Attempt::first;
    job->calls.front().arguments[commands::attempt_argument] = static_cast<std::int64_t>(kind);
    client_.submit(std::move(job));
}

void Wait::on_overlooked(std::uint64_t look) {
    const bool for_long = std::exchange(overlooked_at_, look) == look - 1;
    attempt(for_long);
}

void Wait::resume() {
    if (again_) attempt();
}

bool Wait::settle() {
    if (outcome_ == Outcome::answered) return true;
    listed_ = true;
    if (ending_) {
        leave();
        count_end();
        client_.write_wait_end(how_);
        return true;
    }
    start_timer();
    if (again_) attempt();
    return false;
}

void Wait::start_timer() {
    if (deadline_ == 0 || timer_ != nullptr) return;
    timer_ = new uv_timer_t;
    uv_timer_init(server_.loop(), timer_);
    timer_->data = this;
    const auto now = uv_now(server_.loop());
    uv_timer_start(
        timer_, [](uv_timer_t* timer) { static_cast<Wait*>(timer->data)->end(WaitEnd::timeout); },
        deadline_ > now ? deadline_ - now : 0, 0);
}

bool Wait::end(WaitEnd how) {
    if (!listed_ || ending_) return false;
    ending_ = true;
    how_ = how;
    if (!client_.busy()) {
        leave();
        count_end();
        client_.end_wait(how);  // this is no more
    }
    return true;
}

void Wait::abandon() {
    if (listed_) leave();
}

// Nobody served it; the time it waited is not its own.
void Wait::count_end() {
    called_.begun = uv_hrtime();
    client_.count(called_, how_ == WaitEnd::error);
    if (how_ == WaitEnd::error) server_.command_statistics().count_error("UNBLOCKED ");
}

void Wait::leave() { server_.waiting_room().leave(number_, client_.database, bound_.call.locked_keys); }

std::int64_t WaitingRoom::next_number() { return (static_cast<std::int64_t>(server_.proxy_id()) << 32) | ++last_number_; }

void WaitingRoom::wake(std::string_view numbers) {
    while (!numbers.empty()) {
        const auto end = std::min(numbers.find(' '), numbers.size());
        const auto found = waits_.find(std::strtoll(std::string(numbers.substr(0, end)).c_str(), nullptr, 10));
        if (found != waits_.end()) found->second->attempt();
        numbers.remove_prefix(std::min(end + 1, numbers.size()));
    }
}

void WaitingRoom::look_again() {
    for (const auto& [number, wait] : waits_) wait->attempt();
}

void WaitingRoom::look_for_overlooked() {
    if (!server_.control().connected()) return;
    ++looks_;
    server_.control().query("SELECT pg_catalog.unnest(redis.overlooked_waiters())", {}, [this](const PGresult* result) {
        if (result == nullptr || PQresultStatus(result) != PGRES_TUPLES_OK) return;
        for (int row = 0; row < PQntuples(result); ++row) {
            const auto number = std::strtoll(PQgetvalue(result, row, 0), nullptr, 10);
            const auto found = waits_.find(number);
            if (found != waits_.end()) {
                found->second->on_overlooked(looks_);
            } else {
                leave(number, 0, {});
            }
        }
    });
}

bool WaitingRoom::unblock(std::int64_t client_id, WaitEnd how) {
    const auto found = std::find_if(waits_.begin(), waits_.end(),
                                    [client_id](const auto& entry) { return entry.second->client().id == client_id; });
    return found != waits_.end() && found->second->end(how);
}

std::size_t WaitingRoom::blocked_clients() const {
    return static_cast<std::size_t>(
        std::count_if(waits_.begin(), waits_.end(), [](const auto& entry) { return entry.second->blocked(); }));
}

void WaitingRoom::leave(std::int64_t number, std::int16_t database, std::vector<std::string> keys) {
    static const auto statement =
        postgres::make_statement("stop_waiting", "SELECT redis.stop_waiting($1)", {postgres::Type::int8},
                                 "SELECT redis.stop_waiting(t.waiter) FROM pg_catalog.unnest($1) AS t(waiter)");
    auto job = std::make_shared<LeaveJob>();
    job->database = database;
    job->slow = keys.empty();  // which it locks itself then, in no batch
    auto call = postgres::make_call(statement, {number});
    call.locked_keys = std::move(keys);
    job->calls.push_back(std::move(call));
    server_.dispatcher().submit(std::move(job));
}

}  // namespace pgredis::clients
