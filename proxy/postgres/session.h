// One connection that holds a transaction open and learns what to do next only from what it answered: for scripts. What it is
// asked goes in rounds, each one round trip.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "postgres/connector.h"
#include "postgres/job.h"
#include "postgres/polled_connection.h"
#include "postgres/prepared_calls.h"
#include "postgres/query_connection.h"
#include "postgres/reconnect.h"
#include "postgres/session_setup.h"

namespace pgredis::postgres {

class Session {
 public:
    // To a round or a commit; valid only during the callback.
    struct Answer {
        std::vector<Rows> rows;              // of each call, if nothing failed
        std::optional<Failure> failure;      // the transaction can only be rolled back, unless a savepoint kept the harm off it
        std::optional<std::size_t> culprit;  // the call that failed; nothing when it is not known, or was none of them
        bool at_beginning = false;           // … BEGIN, the prologue, or a call before the savepoint
    };
    using Done = std::function<void(const Answer&)>;

    class Observer {
     public:
        // It can begin a transaction: just connected, or the last one is over.
        virtual void on_session_ready(Session& session) = 0;
        // The connection broke or could not be made. What was under way is not answered any more; was it the commit?
        virtual void on_session_lost(Session& session, const std::string& error, bool committing) = 0;

     protected:
        ~Observer() = default;
    };

    // The setup must outlive the session.
    Session(uv_loop_t* loop, const Connector& connector, std::string name, const SessionSetup& setup, Observer& observer);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Connects, and connects again whenever the connection is lost, with growing pauses.
    void start();
    void stop();

    [[nodiscard]] bool connected() const { return connection_ != nullptr; }
    [[nodiscard]] bool ready() const { return connected() && !taken_ && cancellations_ == 0; }

    // Takes the session (which must be ready) for a transaction. Nothing is sent yet: BEGIN and the prologue go with the first
    // round. A snapshot reads one state of the database, locks nothing and cannot write.
    void begin(std::vector<Call> prologue, bool snapshot);
    // Has anything of the transaction been sent?
    [[nodiscard]] bool begun() const { return begun_; }
    // One round. Calls of the same statement may go as one, so their order is kept only among those of one chain (a number for
    // each call), unless there is a savepoint: before that call, and when it or one behind it fails, these and nothing else are
    // taken back. The calls must live until `done`, which may ask for the next round, commit or roll back.
    void run(const std::vector<const Call*>& calls, const std::vector<std::size_t>& chains, std::optional<std::size_t> savepoint,
             Done done);
    // Ends the transaction, which must have begun; durable when `done` gets no failure. The session is ready soon.
    void commit(Done done);
    // Ends the transaction, with no effect, if there is one. The session is ready soon.
    void roll_back();

    // Has Postgres give up, through the other connection, what it is at for this one: that fails with 57014 then, unless it was
    // over already. Nobody else gets the session before the other connection was answered, so it can hit nobody else. That
    // connection may outlive the session only stopped.
    void cancel(QueryConnection& through);

    // The process id of the server's side.
    [[nodiscard]] int backend() const { return PQbackendPID(connection_->get()); }

 private:
    struct Step {
        enum class Kind { utility, prepare, prologue, call, sync } kind;
        std::vector<std::size_t> calls = {};  // of a call: which
        std::string prepared = {};            // name, of a prepare
        ResultPtr result = nullptr;
        bool ended = false;
    };
    enum class Phase { idle, round, commit, rollback };

    void on_connected(ConnectionPtr connection, const std::string& error);
    void on_lost(const std::string& error);
    void send_utility(const char* sql);
    void send_calls(Step::Kind kind, const std::vector<const Call*>& calls, std::vector<std::size_t> which);
    void send_in_groups(const std::vector<const Call*>& calls, const std::vector<std::size_t>& chains);
    void send_sync(Phase phase, Done done);
    void on_input();
    void on_sync();
    [[nodiscard]] Answer answer();
    void end();

    uv_loop_t* loop_;
    const Connector& connector_;
    const std::string name_;
    const SessionSetup& setup_;
    Observer& observer_;
    std::unique_ptr<PolledConnection> connection_;
    PreparedCalls prepared_;
    Reconnect reconnect_;
    bool connecting_ = false;
    bool stopped_ = false;

    std::uint64_t setup_version_ = 0;  // of what is in force …
    std::uint64_t sent_version_ = 0;   // … once the transaction is committed
    int cancellations_ = 0;            // asked for and not yet answered
    bool taken_ = false;
    bool begun_ = false;
    bool snapshot_ = false;
    bool spoilt_savepoint_ = false;  // the last round failed and is to be taken back
    bool forget_prepared_ = false;
    std::vector<Call> prologue_;
    Phase phase_ = Phase::idle;  // what is under way
    Done done_;
    std::size_t call_count_ = 0;
    std::size_t first_protected_ = 0;  // step of a round, behind what must not fail
    std::vector<Step> steps_;
    std::size_t current_step_ = 0;
};

}  // namespace pgredis::postgres
