// What a client asked for that needs the script host: one EVAL, FCALL or the like, or an EXEC with such among its commands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "clients/client_job.h"
#include "clients/connection_commands.h"
#include "clients/foresight.h"
#include "clients/transactions.h"
#include "postgres/claim_queue.h"
#include "postgres/job.h"
#include "scripts/interpreter.h"

namespace pgredis::clients {

// A script or a library's function, and what running it here has taught about it.
struct Routine {
    std::string id;                           // of a script its SHA-1, of a function its library's
    std::string name;                         // of a function, as it was registered; empty: a script
    std::shared_ptr<const std::string> code;  // of the script, or the library
    scripts::Flags flags;

    bool makes_calls = false;  // it was seen to need a transaction
    bool shareable = false;    // few and quick calls, on its declared keys: may run together with others
    bool misbehaved = false;   // it did not, though it was believed so
    bool savepoints = false;   // its calls fail and it goes on
    bool deadlocks = false;    // it met one, over keys it does not declare
    Foresight foresight;

    [[nodiscard]] bool is_function() const { return !name.empty(); }
};

// EVAL, EVALSHA, FCALL and their _RO forms, as the client wrote them.
struct RunRequest {
    enum class By : std::uint8_t { body, sha, function } by = By::body;
    std::string subject;     // the script, its SHA-1 in lower case, or the function's name
    std::string sha;         // of a script, once it is needed
    bool read_only = false;  // the command is an _RO
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
    std::string problem;  // an error that is given only if the function is there
};

// Redis's rules for the arguments, the command's name being the first; the other outcome is the text of the error reply.
[[nodiscard]] std::variant<RunRequest, std::string> parse_run_request(std::vector<std::string> arguments);

class ScriptTask final : public ClientWork, public postgres::Claim {
 public:
    // What changes once a command is carried out.
    enum class Effect : std::uint8_t { none, scripts, libraries };

    // A command, and in the end its reply.
    struct Item {
        std::vector<std::string> request;
        std::int16_t database = 0;
        resp::Protocol protocol = resp::Protocol::resp2;
        // One of these is what is to be done:
        Handler handler = nullptr;           // the connection's own command: done when all the others are
        std::optional<RunRequest> run;       // a script
        bool load_only = false;              // … which SCRIPT LOAD only keeps
        bool resolved_late = false;          // … found only when it is its turn: commands before it change what there is
        std::optional<postgres::Call> call;  // one function
        std::string error;                   // refused
        // Of a call: how to write the reply, where its keys are, what else it does.
        std::function<void(const postgres::Rows&, resp::ReplyWriter&)> write = nullptr;
        std::vector<std::string> keys;
        Effect effect = Effect::none;
        // Something to ask the database for before the call can be made: what its answer means, or the text of an error.
        std::optional<postgres::Call> question;
        std::function<std::optional<std::string>(Item&, const postgres::Rows&)> on_answer = nullptr;

        std::shared_ptr<Routine> routine;  // to run
        std::string reply;
        bool failed = false;
        bool error_counted = false;  // where the script called what failed
        Called called;               // a command of an EXEC
    };

    struct ForeseenCall {
        Foresight::Call call;
        bool writes;  // or may write
        bool dirty;   // Redis calls it a write
        commands::ReplyFormat format;
        std::string reply;  // once it is there
    };

    ScriptTask(Client& client, bool is_exec) : ClientWork(client), is_exec_(is_exec) {}

    [[nodiscard]] bool is_transaction() const override { return is_exec_; }
    [[nodiscard]] Client* owner() const { return client(); }
    [[nodiscard]] bool is_exec() const { return is_exec_; }
    [[nodiscard]] Item& item() { return items[current]; }
    [[nodiscard]] bool done() const { return current == items.size(); }

    // Carries out a command of the connection's own, for a client that is there.
    void call_handler(Handler handler, std::vector<std::string>& request, resp::ReplyWriter& writer);
    // The other proxies hear of it, but nothing waits for their answers here: the reply speaks for this one.
    bool ask_others(const std::vector<std::string>& command, const Combine& combine) override;

    // Gives the client its replies, or the one error that stands for all; it goes on then.
    void answer();
    void fail(const postgres::Failure& failure);
    // In the statistics: an item with its reply.
    void count(const Item& item, std::string_view reply);

    // --- What the host keeps about it ---
    std::vector<Item> items;
    std::vector<Watch> watches;
    bool locks_everything = false;                          // an EXEC's prologue
    std::set<std::pair<std::int16_t, std::string>> locked;  // keys that its transaction has locked, or will at its beginning

    enum class Phase : std::uint8_t { queued, computing, asking, ended } phase = Phase::queued;
    std::size_t current = 0;                    // the item at work
    std::unique_ptr<scripts::Interpreter> lua;  // while a script of it runs
    std::int16_t script_database = 0;           // SELECT inside the script
    std::vector<postgres::Call> calls;  // of the next round; the last one is the one that is asked for, or all are foreseen
    std::function<void(const postgres::Rows&, resp::ReplyWriter&)> write_call;
    std::optional<std::string> next_reply;  // of a call that was answered here before the task gave way to others
    std::vector<Foresight::Call> noted;     // what the script has called, while there is something to learn from it
    std::vector<ForeseenCall> foreseen;     // what was called before the script began …
    std::size_t foreseen_used = 0;          // … and how many of them it has called itself by now
    bool foresees_end = false;              // it is to call nothing else
    bool writes = false;                    // has made a call that may have written
    bool dirty = false;                     // … that Redis calls a write, after which it kills no script
    bool savepoints = false;
    bool call_failed = false;
    bool alone_for_now = false;
    bool doubts_foresight = false;  // something foreseen has failed: was it so that the script calls it?
    bool undisciplined = false;     // could not have shared its transaction
    bool killed = false;
    int attempts = 0;
    int slices = 0;
    std::size_t call_count = 0;
    Called call;  // what the script calls
    CommandStatistics::Tally called;
    SlowLog::Tally slow_calls;
    std::string call_error;               // the last reply that was an error, without its end
    std::uint64_t script_started_at = 0;  // loop time in milliseconds; 0: no script of it has begun

 private:
    bool is_exec_;
    resp::ReplyWriter* handler_writer_ = nullptr;  // while a handler is at work
};

}  // namespace pgredis::clients
