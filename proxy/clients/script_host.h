// Runs scripts: their Lua between the loop's other work, their calls each on a connection that holds a transaction open.
//
// A script that makes no call needs no transaction. One that is known to make few and quick calls on its declared keys may share
// its transaction with others of that kind, round by round, those that share a key one after another; whatever goes wrong then,
// all of them begin again, and the culprit alone. Nothing has left the transaction, so any script can begin again until it is
// committed.
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "clients/script_task.h"
#include "operations/log.h"
#include "postgres/claim_queue.h"
#include "postgres/connector.h"
#include "postgres/session.h"

namespace pgredis::clients {

class Server;

class ScriptHost final : public postgres::Session::Observer {
 public:
    struct Options {
        int connections = 4;
        std::uint64_t wait_ms = 10000;  // how long scripts wait for a lost database
    };
    // FUNCTION STATS: what runs longest on this proxy.
    struct Running {
        std::string name;
        std::vector<std::string> command;
        std::uint64_t milliseconds;
    };
    struct Counters {
        std::size_t scripts = 0;    // in the cache
        std::size_t functions = 0;  // as last loaded
        std::size_t libraries = 0;
        std::size_t memory = 0;  // of all Lua states
    };

    ScriptHost(Server& server, const postgres::Connector& connector, Options options, operations::Logger log);
    ~ScriptHost();
    ScriptHost(const ScriptHost&) = delete;
    ScriptHost& operator=(const ScriptHost&) = delete;

    void start();
    // Gives up all connections and what is at work.
    void stop();

    // The task answers its client in the end.
    void submit(const std::shared_ptr<ScriptTask>& task);

    // SCRIPT KILL or FUNCTION KILL: the error's text, or nothing when it will be so.
    std::optional<std::string> kill(bool function);
    [[nodiscard]] std::optional<Running> running_function() const;
    [[nodiscard]] Counters counters() const;
    // Does the script or function that EVAL, EVALSHA or FCALL with these arguments runs say that it only reads, as far as is
    // known?
    [[nodiscard]] bool only_reads(const std::vector<std::string>& arguments) const;

    // Somebody has changed them, or may have.
    void forget_scripts() {
        scripts_.clear();
        ++epoch_;
    }
    void forget_libraries() {
        libraries_loaded_ = false;
        ++epoch_;
    }

    // Compiles a library: what it registers, or its error.
    scripts::Loaded<scripts::Library> try_library(const std::string& code);

 private:
    using TaskPtr = std::shared_ptr<ScriptTask>;
    // Tasks in one transaction.
    struct Batch {
        postgres::Session* session;
        std::vector<TaskPtr> tasks;
        std::int16_t database = 0;  // that the transaction is in
        bool busy = false;          // a round is under way, or its tasks are being looked after
        bool misbehaved = false;    // it cannot go on like this
        bool committing = false;    // and so has no claim any more
        std::uint64_t began_at = 0;

        [[nodiscard]] bool shared() const { return tasks.size() > 1; }
    };
    struct Libraries {
        std::map<std::string, std::shared_ptr<const std::string>> codes;      // by id
        std::unordered_map<std::string, std::shared_ptr<Routine>> functions;  // by name in lower case
    };
    struct State {  // a Lua state, and of which generation of the libraries
        std::unique_ptr<scripts::Interpreter> lua;
        std::uint64_t generation;
    };

    void on_session_ready(postgres::Session& session) override;
    void on_session_lost(postgres::Session& session, const std::string& error, bool committing) override;

    // Before a task runs: what it needs to know from the database, and what it changes there.
    void look_up(const TaskPtr& task);
    [[nodiscard]] Libraries read_libraries(const postgres::Rows& rows);
    void set_libraries(Libraries libraries);
    void keep_script(ScriptTask::Item& item, const std::string& sha, std::string body, std::uint64_t epoch);
    void ask_for_routine(const TaskPtr& task);
    void set_out(const TaskPtr& task);
    [[nodiscard]] std::optional<std::string> resolve(ScriptTask::Item& item);
    void run_ahead(const TaskPtr& task);
    void enqueue(const TaskPtr& task, bool again);

    // Transactions.
    void dispatch();
    [[nodiscard]] postgres::Session* free_session();
    [[nodiscard]] bool is_patient(const postgres::Claim& claim);
    void begin_batch(postgres::Session& session, const postgres::ClaimQueue::Claims& claims);
    [[nodiscard]] static std::vector<postgres::Call> prologue(Batch& batch);
    void proceed(Batch& batch);
    void send_round(Batch& batch);
    [[nodiscard]] bool foresee(const TaskPtr& task);
    void start_foreseen(const TaskPtr& task, std::size_t first, const postgres::Session::Answer& answer);
    void on_round(Batch& batch, const std::vector<TaskPtr>& asked, const postgres::Session::Answer& answer);
    void on_failed_round(Batch& batch, const TaskPtr& culprit, const postgres::Session::Answer& answer);
    void answer_call(const TaskPtr& task, const std::function<void(resp::ReplyWriter&)>& write);
    void commit(Batch& batch);
    void begin_again(Batch& batch, bool roll_back);
    void log_fault(const postgres::Failure& failure);
    void fail_batch(Batch& batch, const postgres::Failure& failure);
    std::vector<TaskPtr> end_batch(Batch& batch, bool roll_back);
    void complete(const std::vector<TaskPtr>& tasks, std::uint64_t milliseconds);
    [[nodiscard]] Batch* batch_of(const ScriptTask& task) const;

    // Tasks.
    void advance(const TaskPtr& task);
    void run_lua(const TaskPtr& task, scripts::Interpreter::Event event);
    std::optional<scripts::Interpreter::Event> on_lua_call(const TaskPtr& task);
    std::optional<scripts::Interpreter::Event> use_foreseen(const TaskPtr& task);
    void check_foreseen_end(const TaskPtr& task);
    std::optional<scripts::Interpreter::Event> answer_here(const TaskPtr& task, const std::string& reply);
    // The same for what counts as a call of the command.
    std::optional<scripts::Interpreter::Event> answer_counted(const TaskPtr& task, const std::string& reply);
    void ask(const TaskPtr& task, std::int16_t database, const std::vector<std::string>& keys, bool sees_everything,
             postgres::Call call);
    void misbehave(const TaskPtr& task);
    void end_script(ScriptTask& task);
    void end_killed(ScriptTask& task);
    // In the statistics: what a script called, and was answered.
    void count_call(ScriptTask& task, std::string_view reply);
    void reset(ScriptTask& task);
    void yield(const TaskPtr& task);
    void run_slices();
    void finish(const TaskPtr& task, const postgres::Failure* failure = nullptr);
    void expire_waiting();

    std::unique_ptr<scripts::Interpreter> take_lua(const Routine& routine);
    void give_back(std::unique_ptr<scripts::Interpreter> lua);
    [[nodiscard]] scripts::Host lua_host();
    scripts::Interpreter& compiler();

    Server& server_;
    uv_loop_t* loop_;
    const postgres::Connector& connector_;
    const Options options_;
    operations::Logger log_;

    std::unordered_map<std::string, std::shared_ptr<Routine>> scripts_;  // by SHA-1
    Libraries libraries_;
    bool libraries_loaded_ = false;
    std::uint64_t epoch_ = 0;       // how often something was forgotten
    std::uint64_t generation_ = 0;  // of the libraries: states with old ones are thrown away

    std::vector<State> states_;  // at rest
    std::unordered_map<const scripts::Interpreter*, std::uint64_t> states_at_work_;
    std::unique_ptr<scripts::Interpreter> compiler_;  // tries what is new

    std::vector<std::unique_ptr<postgres::Session>> sessions_;
    postgres::ClaimQueue queue_;
    std::vector<std::unique_ptr<Batch>> batches_;
    std::vector<TaskPtr> tasks_;           // all that are not answered
    std::deque<TaskPtr> computing_;        // whose slice was over
    std::deque<TaskPtr> waiting_for_lua_;  // would run ahead of any transaction, when fewer do
    std::size_t running_ahead_ = 0;

    uv_prepare_t* prepare_;
    uv_idle_t* idle_;
    uv_timer_t* timer_;
    uv_timer_t* patience_timer_;  // wakes the loop, and so dispatch()
};

}  // namespace pgredis::clients
