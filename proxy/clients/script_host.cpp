#include "clients/script_host.h"

#include <algorithm>
#include <utility>

#include "clients/monitor.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/replies.h"
#include "postgres/failures.h"
#include "postgres/key_locks.h"
#include "resp/numbers.h"
#include "scripts/sha1.h"

namespace pgredis::clients {

namespace {

using postgres::Call;
using postgres::Failure;
using postgres::make_call;
using postgres::make_statement;
using postgres::Rows;
using postgres::Type;
using scripts::Interpreter;
using Event = Interpreter::Event;
using Phase = ScriptTask::Phase;

constexpr const char* no_script = "NOSCRIPT No matching script. Please use EVAL.";
constexpr int max_attempts = 30;
constexpr std::uint64_t tick_ms = 100;
// Scripts that met a deadlock take turns from then on: they lock this, which is no likely key, before anything else.
const std::string turn_lock("\0scripts take turns", 19);
// Scripts that may share a transaction wait so long for the one that is under way, since larger ones cost least.
constexpr std::uint64_t patience_ms = 5;
// What a script may do that shares its transaction: the others wait for it.
constexpr std::size_t max_shared_calls = 32;
constexpr std::uint64_t max_shared_ms = 250;
// So many run before they have a transaction, in case they need none.
constexpr std::size_t max_running_ahead = 32;
constexpr std::size_t max_states_at_rest = 64;
constexpr std::size_t max_state_bytes = std::size_t{8} << 20;
constexpr std::size_t max_cached_scripts = 2000;
// A turn of computing scripts, all together, so that the loop gets on.
constexpr std::uint64_t turn_nanoseconds = 4'000'000;
constexpr std::size_t calls_a_turn = 200;  // that are answered here

Call begin_scripts_call(std::int16_t database, std::vector<std::string> keys) {
    static const auto sql = make_statement(
        "begin_scripts", "SELECT redis.begin_scripts($1::pg_catalog.int8::pg_catalog.int2, $2::pg_catalog.bytea[])",
        {Type::int8, Type::bytea_array});
    return make_call(sql, {static_cast<std::int64_t>(database), std::move(keys)});
}

Call store_script_call(const std::string& sha, const std::string& body) {
    static const auto sql = make_statement("store_script", "SELECT redis.store_script($1::pg_catalog.text, $2::pg_catalog.bytea)",
                                           {Type::text, Type::bytea});
    return make_call(sql, {sha, body});
}

Call script_call(const std::string& sha) {
    static const auto sql = make_statement("script", "SELECT redis.script($1::pg_catalog.text)", {Type::text});
    return make_call(sql, {sha});
}

Call libraries_call() {
    static const auto sql = make_statement("libraries", "SELECT * FROM redis.libraries()", {});
    return make_call(sql, {});
}

// What a call needs locked, be it some keys or, where it names none, everything.
struct Needs {
    std::vector<std::string> keys;
    bool sees_everything;
};

Needs needs_of(const commands::Command& command, const std::vector<std::string>& arguments) {
    std::vector<std::string> keys;
    if (const auto positions = commands::key_positions(command, arguments)) {
        for (const auto& position : *positions) keys.push_back(arguments[position.index]);
    }
    const bool sees_everything = keys.empty() && (command.flags.empty() || command.writes() || command.has_flag("readonly"));
    return {std::move(keys), sees_everything};
}

// For each call of these tasks a number: calls of one number must keep their order, those of tasks that share a key.
std::vector<std::size_t> chains_of(const std::vector<std::shared_ptr<ScriptTask>>& asked) {
    std::vector<std::size_t> chains(asked.size());
    std::vector<std::size_t> parents(asked.size());  // a forest: of a call any other of its chain, of the root itself
    const auto root = [&parents](std::size_t i) {
        while (parents[i] != i) i = parents[i] = parents[parents[i]];
        return i;
    };
    std::unordered_map<std::string_view, std::size_t> users;  // of a key
    for (std::size_t i = 0; i < asked.size(); ++i) {
        parents[i] = i;
        if (i > 0 && asked[i] == asked[i - 1]) {
            parents[i] = root(i - 1);
            continue;
        }
        if (asked[i]->snapshot) continue;
        for (const auto& key : asked[i]->keys) {
            const auto [user, added] = users.emplace(key, i);
            if (!added) parents[root(user->second)] = root(i);
        }
    }
    for (std::size_t i = 0; i < asked.size(); ++i) chains[i] = root(i);
    return chains;
}

std::string bytes_at(const Rows& rows, int row, int column) {
    return {PQgetvalue(rows.result, row, column), static_cast<std::size_t>(PQgetlength(rows.result, row, column))};
}

// Questions to the database, or changes there, that need no transaction of their own.
class Lookups final : public postgres::Job {
 public:
    using OnAnswer = std::function<void(const Rows*, const Failure*)>;

    void add(Call call, OnAnswer on_answer) {
        calls.push_back(std::move(call));
        on_answer_.push_back(std::move(on_answer));
    }
    std::function<void()> then;

    void on_rows(std::size_t index, const Rows& rows) override { on_answer_[index](&rows, nullptr); }
    void on_failure(std::size_t index, const Failure& failure) override { on_answer_[index](nullptr, &failure); }
    void on_done() override { then(); }

 private:
    std::vector<OnAnswer> on_answer_;
};

const Failure& unavailable() {
    static const Failure failure{Failure::Kind::unavailable, "", "ERR Postgres is not available; try again later", ""};
    return failure;
}

}  // namespace

ScriptHost::ScriptHost(Server& server, const postgres::Connector& connector, Options options, operations::Logger log)
    : server_(server),
      loop_(server.loop()),
      connector_(connector),
      options_(options),
      log_(std::move(log)),
      prepare_(new uv_prepare_t),
      idle_(new uv_idle_t),
      timer_(new uv_timer_t),
      patience_timer_(new uv_timer_t) {
    uv_prepare_init(loop_, prepare_);
    prepare_->data = this;
    uv_idle_init(loop_, idle_);
    idle_->data = this;
    uv_timer_init(loop_, timer_);
    timer_->data = this;
    uv_timer_init(loop_, patience_timer_);
}

ScriptHost::~ScriptHost() {
    uv_close(reinterpret_cast<uv_handle_t*>(prepare_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });
    uv_close(reinterpret_cast<uv_handle_t*>(idle_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_idle_t*>(handle); });
    for (auto* timer : {timer_, patience_timer_}) {
        uv_close(reinterpret_cast<uv_handle_t*>(timer),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    }
}

void ScriptHost::start() {
    // Just before the loop waits for input, as the dispatcher does: what arrived in this round goes together.
    uv_prepare_start(prepare_, [](uv_prepare_t* handle) { static_cast<ScriptHost*>(handle->data)->dispatch(); });
    uv_timer_start(
        timer_, [](uv_timer_t* handle) { static_cast<ScriptHost*>(handle->data)->expire_waiting(); }, tick_ms, tick_ms);
}

void ScriptHost::stop() {
    uv_prepare_stop(prepare_);
    uv_idle_stop(idle_);
    uv_timer_stop(timer_);
    uv_timer_stop(patience_timer_);
    for (const auto& session : sessions_) session->stop();
}

// --- Before a task runs ---

void ScriptHost::submit(const std::shared_ptr<ScriptTask>& task) {
    task->queued_at = uv_now(loop_);
    tasks_.push_back(task);
    look_up(task);
}

void ScriptHost::look_up(const TaskPtr& task) {
    auto lookups = std::make_shared<Lookups>();
    auto lost = std::make_shared<std::optional<Failure>>();
    bool libraries_asked = false;
    const auto add = [&](Call call, std::size_t index, const std::function<void(ScriptTask::Item&, const Rows&)>& on_answer) {
        lookups->add(std::move(call), [task, lost, index, on_answer](const Rows* rows, const Failure* failure) {
            if (rows != nullptr) {
                on_answer(task->items[index], *rows);
            } else if (failure->kind == Failure::Kind::redis) {
                task->items[index].error = failure->message;
            } else {
                *lost = *failure;
            }
        });
    };
    for (std::size_t i = 0; i < task->items.size(); ++i) {
        auto& item = task->items[i];
        if (!item.error.empty()) continue;
        if (item.question) {
            add(std::move(*item.question), i, [](ScriptTask::Item& asked, const Rows& rows) {
                if (auto error = asked.on_answer(asked, rows)) asked.error = std::move(*error);
            });
        }
        if (!item.run || item.resolved_late) continue;
        auto& run = *item.run;
        if (run.by == RunRequest::By::function) {
            const bool known = libraries_loaded_ && libraries_.functions.contains(commands::lower(run.subject));
            if (known || std::exchange(libraries_asked, true)) continue;
            add(libraries_call(), i, [this, epoch = epoch_](ScriptTask::Item&, const Rows& rows) {
                set_libraries(read_libraries(rows));
                libraries_loaded_ = epoch == epoch_;
            });
            continue;
        }
        run.sha = run.by == RunRequest::By::body ? scripts::sha1_hex(run.subject) : run.subject;
        const auto& sha = run.sha;
        if (scripts_.contains(sha)) continue;
        if (run.by == RunRequest::By::sha) {
            add(script_call(sha), i, [this, sha, epoch = epoch_](ScriptTask::Item& asked, const Rows& rows) {
                if (PQgetisnull(rows.result, rows.first, 0) == 0) keep_script(asked, sha, bytes_at(rows, rows.first, 0), epoch);
            });
            continue;
        }
        if (auto problem = compiler().load_script(sha, run.subject)) {
            item.error = std::move(*problem);
            continue;
        }
        add(store_script_call(sha, run.subject), i, [this, sha, epoch = epoch_](ScriptTask::Item& asked, const Rows&) {
            keep_script(asked, sha, asked.run->subject, epoch);
        });
    }
    if (lookups->calls.empty()) {
        set_out(task);
        return;
    }
    lookups->then = [this, task, lost] {
        if (*lost) {
            finish(task, &**lost);
        } else {
            set_out(task);
        }
    };
    server_.dispatcher().submit(std::move(lookups));
}

ScriptHost::Libraries ScriptHost::read_libraries(const Rows& rows) {
    Libraries libraries;
    for (int row = rows.first; row < rows.first + rows.count; ++row) {
        auto code = std::make_shared<const std::string>(bytes_at(rows, row, 1));
        const auto id = scripts::sha1_hex(*code);
        const auto loaded = compiler().load_library(id, *code);
        if (!loaded) {
            log_.error("library {} cannot be loaded any more: {}", bytes_at(rows, row, 0), loaded.error);
            continue;
        }
        libraries.codes[id] = code;
        for (const auto& function : loaded.value->functions) {
            auto& routine = libraries.functions[commands::lower(function.name)];
            const auto old = libraries_.functions.find(commands::lower(function.name));
            if (old != libraries_.functions.end() && old->second->id == id) {
                routine = old->second;
                continue;
            }
            routine = std::make_shared<Routine>();
            routine->id = id;
            routine->name = function.name;
            routine->code = code;
            routine->flags = function.flags;
        }
    }
    return libraries;
}

void ScriptHost::set_libraries(Libraries libraries) {
    const auto same_id = [](const auto& left, const auto& right) { return left.first == right.first; };
    if (!std::equal(libraries.codes.begin(), libraries.codes.end(), libraries_.codes.begin(), libraries_.codes.end(), same_id)) {
        ++generation_;
        states_.clear();
        compiler_.reset();
    }
    libraries_ = std::move(libraries);
}

scripts::Loaded<scripts::Library> ScriptHost::try_library(const std::string& code) {
    auto loaded = compiler().load_library("new", code);
    compiler().unload_library("new");
    return loaded;
}

// What was asked for before scripts were forgotten may not be there any more: then it is for this item only.
void ScriptHost::keep_script(ScriptTask::Item& item, const std::string& sha, std::string body, std::uint64_t epoch) {
    if (auto problem = compiler().load_script(sha, body)) {
        item.error = std::move(*problem);
        return;
    }
    item.routine = std::make_shared<Routine>();
    item.routine->id = sha;
    item.routine->flags = compiler().script_flags(sha);
    item.routine->code = std::make_shared<const std::string>(std::move(body));
    if (epoch != epoch_) return;
    if (scripts_.size() >= max_cached_scripts) scripts_.clear();
    scripts_[sha] = item.routine;
}

// Asks, in the item's own transaction, for what it is to run.
void ScriptHost::ask_for_routine(const TaskPtr& task) {
    auto& item = task->item();
    const bool is_function = item.run->by == RunRequest::By::function;
    task->write_call = [this, &item, is_function](const Rows& rows, resp::ReplyWriter& writer) {
        if (is_function) {
            auto libraries = read_libraries(rows);
            const auto found = libraries.functions.find(commands::lower(item.run->subject));
            if (found != libraries.functions.end()) item.routine = found->second;
        } else if (PQgetisnull(rows.result, rows.first, 0) == 0) {
            keep_script(item, item.run->subject, bytes_at(rows, rows.first, 0), epoch_ - 1);
        }
        if (auto error = item.routine  ? resolve(item)
                         : is_function ? "ERR Function not found"
                                       : std::optional<std::string>(no_script)) {
            item.error = std::move(*error);
            item.failed = true;
            writer.error(item.error);
        }
    };
    ask(task, item.database, {}, true, is_function ? libraries_call() : script_call(item.run->subject));
}

// Finds what an item runs; the error's text when it cannot.
std::optional<std::string> ScriptHost::resolve(ScriptTask::Item& item) {
    auto& run = *item.run;
    if (run.by == RunRequest::By::function) {
        if (!item.routine) {
            const auto found = libraries_.functions.find(commands::lower(run.subject));
            if (found == libraries_.functions.end()) return "ERR Function not found";
            item.routine = found->second;
        }
        if (!run.problem.empty()) return run.problem;
    } else if (!item.routine) {
        const auto found = scripts_.find(run.sha);
        if (found == scripts_.end()) return no_script;
        item.routine = found->second;
    }
    const auto& flags = item.routine->flags;
    if (run.read_only && !flags.compat_mode && !flags.no_writes)
        return "ERR Can not execute a script with write flag using *_ro command.";
    run.read_only = run.read_only || flags.no_writes;
    return std::nullopt;
}

void ScriptHost::set_out(const TaskPtr& task) {
    bool needs_lua = false;
    bool needs_calls = !task->watches.empty();
    for (auto& item : task->items) {
        resp::ReplyWriter writer(item.reply, item.protocol);
        if (item.run && item.error.empty()) {
            if (item.load_only) {
                writer.bulk(item.run->sha);
            } else if (item.resolved_late) {
                needs_lua = true;
            } else if (auto error = resolve(item)) {
                item.error = std::move(*error);
            } else {
                needs_lua = true;
                task->savepoints = task->savepoints || item.routine->savepoints;
            }
        }
        if (item.call && item.error.empty()) needs_calls = true;
        if (!item.error.empty()) {
            writer.error(item.error);
            item.failed = true;
        }
    }
    if (!needs_lua && !needs_calls) {
        finish(task);
    } else if (!task->is_exec() && !needs_lua) {
        // One change of scripts or libraries: not to wait for scripts that run.
        auto change = std::make_shared<Lookups>();
        auto call = std::move(*task->items.front().call);
        change->add(std::move(call), [task](const Rows* rows, const Failure* failure) {
            auto& item = task->items.front();
            resp::ReplyWriter writer(item.reply, item.protocol);
            if (rows != nullptr) {
                item.write(*rows, writer);
            } else {
                item.failed = true;
                commands::write_failure(*failure, writer);
            }
        });
        change->then = [this, task] { finish(task); };
        server_.dispatcher().submit(std::move(change));
    } else if (!task->is_exec() && !task->items.front().routine->makes_calls) {
        run_ahead(task);
    } else {
        enqueue(task, false);
    }
}

// Runs the script before there is a transaction, since it may need none.
void ScriptHost::run_ahead(const TaskPtr& task) {
    if (running_ahead_ >= max_running_ahead) {
        waiting_for_lua_.push_back(task);
        return;
    }
    ++running_ahead_;
    task->phase = Phase::computing;
    advance(task);
}

void ScriptHost::enqueue(const TaskPtr& task, bool again) {
    const auto& first = task->items.front();
    const bool one_script = !task->is_exec() && first.routine;
    task->database = first.database;
    task->snapshot = one_script && first.run->read_only;
    task->alone = !one_script || !first.routine->shareable || task->alone_for_now || task->savepoints;
    for (const auto& item : task->items) {
        for (const auto& key : item.keys) task->locked.emplace(item.database, key);
        if (!item.run) continue;
        for (const auto& key : item.run->keys) task->locked.emplace(item.database, key);
    }
    if (one_script && first.routine->deadlocks) task->locked.emplace(task->database, turn_lock);
    task->keys.clear();
    for (const auto& [database, key] : task->locked) {
        if (database == task->database) task->keys.push_back(key);
    }
    task->phase = Phase::queued;
    if (again) {
        queue_.push_front(task);
    } else {
        queue_.push(task);
    }
}

// --- Transactions ---

postgres::Session* ScriptHost::free_session() {
    for (const auto& session : sessions_) {
        if (session->ready()) return session.get();
    }
    const bool connecting =
        std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) { return !session->connected(); });
    if (!connecting && sessions_.size() < static_cast<std::size_t>(options_.connections)) {
        sessions_.push_back(std::make_unique<postgres::Session>(loop_, connector_,
                                                                "pgredis script " + std::to_string(sessions_.size() + 1),
                                                                server_.dispatcher().session_setup(), *this));
        sessions_.back()->start();
    }
    return nullptr;
}

// Should it rather wait for a transaction that others share now?
bool ScriptHost::is_patient(const postgres::Claim& claim) {
    const auto is_shared = [](const auto& batch) { return !batch->committing && !batch->tasks.front()->alone; };
    if (claim.alone || std::none_of(batches_.begin(), batches_.end(), is_shared)) return false;
    uv_update_time(loop_);
    if (uv_now(loop_) - claim.queued_at >= patience_ms) return false;
    if (uv_is_active(reinterpret_cast<uv_handle_t*>(patience_timer_)) == 0) {
        uv_timer_start(
            patience_timer_, [](uv_timer_t*) {}, patience_ms, 0);
    }
    return true;
}

void ScriptHost::dispatch() {
    while (!queue_.empty()) {
        auto* session = free_session();
        if (session == nullptr) return;
        const auto claims = queue_.take([this](const postgres::Claim& claim) { return !is_patient(claim); });
        if (claims.empty()) return;
        begin_batch(*session, claims);
    }
}

void ScriptHost::begin_batch(postgres::Session& session, const postgres::ClaimQueue::Claims& claims) {
    batches_.push_back(std::make_unique<Batch>());
    auto& batch = *batches_.back();
    batch.session = &session;
    for (const auto& claim : claims) batch.tasks.push_back(std::static_pointer_cast<ScriptTask>(claim));
    batch.began_at = uv_now(loop_);
    session.begin(prologue(batch), batch.tasks.front()->snapshot);
    proceed(batch);
}

std::vector<Call> ScriptHost::prologue(Batch& batch) {
    const auto& first = *batch.tasks.front();
    std::vector<Call> calls;
    if (batch.shared() && !first.snapshot) {
        std::vector<std::string> keys;
        for (const auto& task : batch.tasks) keys.insert(keys.end(), task->keys.begin(), task->keys.end());
        calls.push_back(begin_scripts_call(first.database, std::move(keys)));
        batch.database = first.database;
        return calls;
    }
    if (!first.snapshot && (!first.locked.empty() || first.locks_everything)) {
        std::vector<std::int16_t> databases;
        std::vector<std::string> keys;
        for (const auto& [database, key] : first.locked) {
            databases.push_back(database);
            keys.push_back(key);
        }
        calls.push_back(begin_transaction_call(databases, std::move(keys), first.locks_everything));
    }
    if (!first.watches.empty()) calls.push_back(check_watches_call(first.watches));
    if (first.database != 0) calls.push_back(select_in_transaction_call(first.database));
    batch.database = first.database;
    return calls;
}

ScriptHost::Batch* ScriptHost::batch_of(const ScriptTask& task) const {
    for (const auto& batch : batches_) {
        for (const auto& member : batch->tasks) {
            if (member.get() == &task) return batch.get();
        }
    }
    return nullptr;
}

// Does what can be done for the batch: starts tasks whose keys are free, sends the calls that they all wait for, commits.
void ScriptHost::proceed(Batch& batch) {
    if (batch.busy) return;
    batch.busy = true;
    for (std::size_t i = 0; i < batch.tasks.size() && !batch.misbehaved; ++i) {
        const auto& task = batch.tasks[i];
        if (task->phase != Phase::queued) continue;
        const bool waits =
            !task->snapshot &&
            std::any_of(batch.tasks.begin(), batch.tasks.begin() + static_cast<std::ptrdiff_t>(i),
                        [&task](const TaskPtr& earlier) {
                            const bool settled =
                                earlier->phase == Phase::ended || (earlier->phase == Phase::asking && earlier->foresees_end);
                            return !settled && std::any_of(task->keys.begin(), task->keys.end(), [&](const auto& key) {
                                return std::find(earlier->keys.begin(), earlier->keys.end(), key) != earlier->keys.end();
                            });
                        });
        if (waits) continue;
        if (foresee(task)) {
            task->phase = Phase::asking;
        } else {
            task->phase = Phase::computing;
            advance(task);
        }
    }
    batch.busy = false;
    const auto any = [&batch](Phase phase) {
        return std::any_of(batch.tasks.begin(), batch.tasks.end(), [phase](const auto& task) { return task->phase == phase; });
    };
    if (batch.misbehaved) {
        begin_again(batch, true);
    } else if (any(Phase::computing)) {
        return;  // run_slices comes back
    } else if (any(Phase::asking)) {
        send_round(batch);
    } else {
        commit(batch);
    }
}

void ScriptHost::send_round(Batch& batch) {
    std::vector<const Call*> calls;
    std::vector<TaskPtr> asked;
    for (const auto& task : batch.tasks) {
        if (task->phase != Phase::asking) continue;
        for (const auto& call : task->calls) {
            calls.push_back(&call);
            asked.push_back(task);
        }
    }
    batch.busy = true;
    const auto chains = chains_of(asked);
    std::optional<std::size_t> savepoint;
    if (!batch.shared() && batch.tasks.front()->savepoints) savepoint = calls.size() - 1;  // locks are to stay
    batch.session->run(calls, chains, savepoint,
                       [this, &batch, asked = std::move(asked)](const postgres::Session::Answer& answer) {
                           if (answer.failure) {
                               on_failed_round(batch, answer.culprit ? asked[*answer.culprit] : nullptr, answer);
                           } else {
                               on_round(batch, asked, answer);
                           }
                       });
}

void ScriptHost::on_round(Batch& batch, const std::vector<TaskPtr>& asked, const postgres::Session::Answer& answer) {
    std::size_t first = 0;  // call of the task
    for (std::size_t i = 0; i < asked.size() && !batch.misbehaved; ++i) {
        if (i + 1 < asked.size() && asked[i + 1] == asked[i]) continue;  // what it asked for is the last of its calls
        const auto& task = asked[i];
        const auto first_call = std::exchange(first, i + 1);
        if (!task->foreseen.empty() && !task->lua) {
            start_foreseen(task, first_call, answer);
            continue;
        }
        const auto write = std::move(task->write_call);
        answer_call(task, [&](resp::ReplyWriter& writer) { write(answer.rows[i], writer); });
    }
    batch.busy = false;
    proceed(batch);
}

// Has the calls that the script is going to make, as it seems, made before it runs. False when nothing is known of it.
bool ScriptHost::foresee(const TaskPtr& task) {
    if (task->is_exec() || task->alone) return false;
    const auto& item = task->item();
    const auto& run = *item.run;
    auto foreseen = item.routine->foresight.foresee({run.keys, run.arguments});
    task->foresees_end = foreseen.are_all;
    for (auto& call : foreseen.calls) {
        auto* command = server_.registry()->find(call.arguments);
        const bool refused = command == nullptr || !command->function || !command->arity_fits(call.arguments.size()) ||
                             command->has_flag("noscript") || find_handler(command->name) != nullptr ||
                             (run.read_only && command->may_write());
        if (refused) break;
        const auto [keys, sees_everything] = needs_of(*command, call.arguments);
        const bool declared = std::all_of(keys.begin(), keys.end(), [&](const auto& key) {
            return task->snapshot || task->locked.contains({task->database, key});
        });
        if (!declared || (sees_everything && !task->snapshot)) break;
        auto bound = commands::bind(*command, call.arguments);
        auto* good = std::get_if<commands::BoundCall>(&bound);
        if (good == nullptr) break;
        task->writes = task->writes || good->call.writes;
        task->foreseen.push_back({std::move(call), good->call.writes, command->writes(), good->format, {}});
        task->calls.push_back(std::move(good->call));
    }
    if (task->foreseen.size() < foreseen.calls.size()) task->foresees_end = false;
    return !task->foreseen.empty();
}

// Its calls, the first of them of this number in the round, are answered.
void ScriptHost::start_foreseen(const TaskPtr& task, std::size_t first, const postgres::Session::Answer& answer) {
    for (auto& call : task->foreseen) {
        resp::ReplyWriter writer(call.reply, call.call.protocol);
        commands::write_reply(answer.rows[first++], call.format, writer);
    }
    task->calls.clear();
    task->phase = Phase::computing;
    advance(task);
}

// What the script calls now is the next of what was foreseen, or all of this transaction begins again.
std::optional<Event> ScriptHost::use_foreseen(const TaskPtr& task) {
    const Foresight::Call actual{std::move(task->lua->call_arguments()), task->lua->call_protocol()};
    const auto number = task->foreseen_used;
    if (number < task->foreseen.size() && task->foreseen[number].call == actual) {
        ++task->foreseen_used;
        task->dirty = task->dirty || task->foreseen[number].dirty;
        return answer_counted(task, task->foreseen[number].reply);
    }
    const auto& item = task->item();
    item.routine->foresight.correct(number, &actual, {item.run->keys, item.run->arguments});
    batch_of(*task)->misbehaved = true;
    return std::nullopt;
}

// The script has ended: has it called all that was foreseen? Only what writes must not have been called in vain.
void ScriptHost::check_foreseen_end(const TaskPtr& task) {
    const auto used = task->foreseen_used;
    if (used == task->foreseen.size()) return;
    const auto& item = task->item();
    item.routine->foresight.correct(used, nullptr, {item.run->keys, item.run->arguments});
    if (std::any_of(task->foreseen.begin() + static_cast<std::ptrdiff_t>(used), task->foreseen.end(),
                    [](const auto& call) { return call.writes; }))
        batch_of(*task)->misbehaved = true;
}

// The answer to the one call of the task.
void ScriptHost::answer_call(const TaskPtr& task, const std::function<void(resp::ReplyWriter&)>& write) {
    task->calls.clear();
    task->phase = Phase::computing;
    if (task->lua) {
        std::string reply;
        resp::ReplyWriter writer(reply, task->lua->call_protocol());
        write(writer);
        count_call(*task, reply);
        run_lua(task, task->lua->resume(reply));
        return;
    }
    auto& item = task->item();
    resp::ReplyWriter writer(item.reply, item.protocol);
    write(writer);
    item.failed = item.reply.starts_with('-');
    if (!item.resolved_late || item.failed) ++task->current;
    advance(task);
}

void ScriptHost::on_failed_round(Batch& batch, const TaskPtr& culprit, const postgres::Session::Answer& answer) {
    const auto failure = *answer.failure;
    const bool transient =
        postgres::is_transient(failure) || (postgres::is_stale_plan(failure) && batch.tasks.front()->attempts == 0);
    const bool own = failure.kind == Failure::Kind::redis || failure.kind == Failure::Kind::fault;
    for (const auto& task : batch.tasks) {
        if (own && (!culprit || task == culprit)) task->doubts_foresight = task->doubts_foresight || !task->foreseen.empty();
    }
    if (batch.shared()) {
        const bool its_own = culprit && own && !transient && !postgres::is_lock_timeout(failure);
        for (const auto& task : batch.tasks) {
            if (its_own && task != culprit) continue;
            task->alone_for_now = true;
            if (!its_own) continue;
            task->savepoints = true;
            task->items.front().routine->savepoints = true;
        }
        begin_again(batch, true);
        return;
    }
    const auto task = batch.tasks.front();
    if (task->killed && failure.sqlstate == "57014" && !task->is_exec()) {
        batch.busy = true;
        end_killed(*task);
        complete(end_batch(batch, true), 0);
    } else if (transient) {
        if (!task->is_exec() && failure.sqlstate == "40P01") task->items.front().routine->deadlocks = true;
        if (++task->attempts < max_attempts) {
            begin_again(batch, true);
        } else {
            fail_batch(batch, failure);
        }
    } else if (answer.at_beginning) {
        fail_batch(batch, failure);
    } else if (!task->savepoints) {
        task->savepoints = true;
        if (task->lua) task->item().routine->savepoints = true;
        begin_again(batch, true);
    } else {
        if (failure.kind == Failure::Kind::fault) log_fault(failure);
        task->call_failed = true;
        answer_call(task, [&failure](resp::ReplyWriter& writer) { commands::write_failure(failure, writer); });
        batch.busy = false;
        proceed(batch);
    }
}

void ScriptHost::commit(Batch& batch) {
    batch.busy = true;
    if (!batch.session->begun() && !batch.tasks.front()->watches.empty()) {
        // Nothing needed the transaction, but what was watched has to be looked at.
        batch.session->run({}, {}, std::nullopt, [this, &batch](const postgres::Session::Answer& answer) {
            if (answer.failure) {
                on_failed_round(batch, nullptr, answer);
            } else {
                commit(batch);
            }
        });
        return;
    }
    const auto took = uv_now(loop_) - batch.began_at;
    const bool writes = std::any_of(batch.tasks.begin(), batch.tasks.end(), [](const auto& task) { return task->writes; });
    if (!batch.session->begun() || !writes) {
        // What was only read is true whatever becomes of the transaction.
        complete(end_batch(batch, true), took);
        return;
    }
    // Who comes next for its keys may start at once: Postgres has him wait for the locks.
    queue_.release({batch.tasks.begin(), batch.tasks.end()});
    batch.committing = true;
    batch.session->commit([this, &batch, took](const postgres::Session::Answer& answer) {
        if (!answer.failure) {
            complete(end_batch(batch, false), took);
        } else if (postgres::is_transient(*answer.failure) && ++batch.tasks.front()->attempts < max_attempts) {
            begin_again(batch, false);
        } else {
            for (const auto& task : end_batch(batch, false)) finish(task, &*answer.failure);
        }
    });
}

// All its tasks, which are in nobody's hands now.
std::vector<ScriptHost::TaskPtr> ScriptHost::end_batch(Batch& batch, bool roll_back) {
    auto tasks = std::move(batch.tasks);
    if (!batch.committing) queue_.release({tasks.begin(), tasks.end()});
    auto* session = batch.session;
    std::erase_if(batches_, [&batch](const auto& other) { return other.get() == &batch; });
    if (roll_back) session->roll_back();
    return tasks;
}

void ScriptHost::complete(const std::vector<TaskPtr>& tasks, std::uint64_t milliseconds) {
    for (const auto& task : tasks) {
        const auto& item = task->items.front();
        if (!task->is_exec() && item.routine) {
            auto& routine = *item.routine;
            if (routine.foresight.learning() || (task->doubts_foresight && task->foreseen.empty()))
                routine.foresight.learn(task->noted, {item.run->keys, item.run->arguments});
            routine.savepoints = task->call_failed;
            routine.shareable = !routine.misbehaved && !task->undisciplined && !task->savepoints && task->slices == 0 &&
                                task->call_count <= max_shared_calls && milliseconds <= max_shared_ms * tasks.size();
        }
        finish(task);
    }
}

void ScriptHost::begin_again(Batch& batch, bool roll_back) {
    const auto tasks = end_batch(batch, roll_back);
    for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) {
        reset(**task);
        enqueue(*task, true);
    }
}

void ScriptHost::fail_batch(Batch& batch, const Failure& failure) {
    if (failure.kind == Failure::Kind::fault) log_fault(failure);
    for (const auto& task : end_batch(batch, true)) finish(task, &failure);
}

void ScriptHost::log_fault(const Failure& failure) {
    log_.error("{} {}{}{}", failure.sqlstate, failure.message, failure.context.empty() ? "" : "; context: ", failure.context);
}

void ScriptHost::on_session_ready(postgres::Session&) {}  // dispatch() comes before the loop waits again

void ScriptHost::on_session_lost(postgres::Session& session, const std::string& error, bool committing) {
    log_.debug("script connection: {}", error);
    const auto found =
        std::find_if(batches_.begin(), batches_.end(), [&session](const auto& batch) { return batch->session == &session; });
    if (found == batches_.end()) return;
    const auto unknown = postgres::unknown_outcome();
    const auto tasks = end_batch(**found, false);
    for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) {
        if (committing && (*task)->writes) continue;
        reset(**task);
        enqueue(*task, true);
    }
    for (const auto& task : tasks) {
        if (committing && task->writes) finish(task, &unknown);
    }
}

void ScriptHost::expire_waiting() {
    if (std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->connected(); })) return;
    const auto now = uv_now(loop_);
    for (const auto& claim : queue_.expire(now < options_.wait_ms ? 0 : now - options_.wait_ms))
        finish(std::static_pointer_cast<ScriptTask>(claim), &unavailable());
}

// --- Tasks ---

// Goes on with the items, up to the next call or the end.
void ScriptHost::advance(const TaskPtr& task) {
    while (!task->done()) {
        auto& item = task->item();
        const bool refused = !item.error.empty();
        if (!refused && item.call) {
            auto call = *item.call;  // kept, in case it is to be made again
            const bool writes = call.writes;
            task->writes = task->writes || writes;
            task->write_call = item.write;
            ask(task, item.database, item.keys, true, std::move(call));
            return;
        }
        if (!refused && item.resolved_late && !item.routine) {
            ask_for_routine(task);
            return;
        }
        if (!refused && item.routine && !item.load_only) {
            task->lua = take_lua(*item.routine);
            task->script_database = item.database;
            if (task->script_started_at == 0) {
                uv_update_time(loop_);
                task->script_started_at = uv_now(loop_);
            }
            if (item.routine->is_function()) {
                task->lua->begin_function(item.routine->id, item.routine->name, item.run->keys, item.run->arguments);
            } else {
                task->lua->begin_script(item.routine->id, item.run->keys, item.run->arguments);
            }
            run_lua(task, task->lua->resume());
            return;
        }
        ++task->current;
    }
    task->phase = Phase::ended;
    if (batch_of(*task) == nullptr) {
        --running_ahead_;
        finish(task);
    }
}

void ScriptHost::run_lua(const TaskPtr& task, Event event) {
    while (true) {
        if (event != Event::finished && task->killed && !task->dirty) {
            end_killed(*task);
            break;
        }
        if (event == Event::call) {
            const auto next = on_lua_call(task);
            if (!next) return;
            event = *next;
        } else if (event == Event::slice_over) {
            ++task->slices;
            yield(task);
            return;
        } else {
            check_foreseen_end(task);
            end_script(*task);
            break;
        }
    }
    advance(task);
}

void ScriptHost::end_killed(ScriptTask& task) {
    task.lua->kill("ERR Script killed by user with SCRIPT KILL...");
    task.killed = false;
    end_script(task);
}

void ScriptHost::end_script(ScriptTask& task) {
    auto& item = task.item();
    resp::ReplyWriter writer(item.reply, item.protocol);
    task.lua->write_result(writer);
    item.failed = item.reply.starts_with('-');
    item.error_counted = item.failed && !task.call_error.empty() && item.reply.starts_with(task.call_error);
    task.call_error.clear();
    give_back(std::move(task.lua));
    ++task.current;
}

// A call of the script at hand. Answers with what the script did next when the call was answered here; with nothing when it
// waits.
std::optional<Event> ScriptHost::on_lua_call(const TaskPtr& task) {
    auto& lua = *task->lua;
    auto& arguments = lua.call_arguments();
    const auto& run = *task->item().run;
    auto* command = server_.registry()->find(arguments);
    if (command == nullptr || (!command->subcommands.empty() && arguments.size() > 1))
        return answer_here(task, "-ERR Unknown Redis command called from script\r\n");
    if (!command->arity_fits(arguments.size()))
        return answer_here(task, "-ERR Wrong number of args calling Redis command from script\r\n");
    if (command->has_flag("noscript")) return lua.refuse("ERR This Redis command is not allowed from script");
    if (run.read_only && (command->writes() || command->may_replicate()))
        return lua.refuse("ERR Write commands are not allowed from read-only scripts.");

    ++server_.statistics().commands_processed;
    ++task->call_count;
    task->call = {server_.command_statistics().of(command->name), *command, arguments};
    if (server_.monitored() && is_monitored(*command))
        server_.show_monitors(monitor_line(task->script_database, "lua", arguments));
    std::string reply;
    resp::ReplyWriter writer(reply, lua.call_protocol());
    if (command->name == "select") {
        const auto index = resp::parse_integer(arguments[1]);
        if (!index) {
            writer.error("ERR value is not an integer or out of range");
        } else if (*index < 0 || *index >= server_.config().databases) {
            writer.error("ERR DB index is out of range");
        } else {
            task->script_database = static_cast<std::int16_t>(*index);
            task->undisciplined = true;
            writer.simple_string("OK");
        }
        return answer_counted(task, reply);
    }
    if (const auto handler = find_handler(command->name)) {
        if (task->owner() == nullptr) return lua.refuse("ERR the client is gone");
        task->call_handler(handler, arguments, writer);
        return answer_counted(task, reply);
    }
    if (!command->function) return answer_here(task, "-ERR Wrong number of args calling Redis command from script\r\n");

    if (task->foreseen_used < task->foreseen.size() || task->foresees_end) return use_foreseen(task);

    const auto [keys, sees_everything] = needs_of(*command, arguments);
    std::optional<Foresight::Call> noted;
    if (!task->is_exec() && (task->item().routine->foresight.learning() || task->doubts_foresight))
        noted = {arguments, lua.call_protocol()};
    auto bound = commands::bind(*command, std::move(arguments));
    if (const auto* error = std::get_if<std::string>(&bound)) {
        writer.error(*error);
        return answer_counted(task, reply);
    }
    if (batch_of(*task) == nullptr) {
        // It does need a transaction.
        task->item().routine->makes_calls = true;
        reset(*task);
        --running_ahead_;
        enqueue(task, false);
        return std::nullopt;
    }
    if (noted) task->noted.push_back(std::move(*noted));
    auto& good = std::get<commands::BoundCall>(bound);
    task->writes = task->writes || good.call.writes;
    task->dirty = task->dirty || command->writes();
    task->write_call = [format = good.format](const Rows& rows, resp::ReplyWriter& to) {
        commands::write_reply(rows, format, to);
    };
    ask(task, task->script_database, keys, sees_everything, std::move(good.call));
    return std::nullopt;
}

void ScriptHost::count_call(ScriptTask& task, std::string_view reply) {
    const auto took = uv_hrtime() - task.call.begun;
    task.called.count_reply(*task.call.figures, took, reply);
    server_.slow_log().offer(task.call.shown, took, "?:0", "", task.slow_calls);  // as Redis shows a script's client
    if (reply.starts_with('-')) task.call_error = reply.substr(0, reply.find('\r'));
}

std::optional<Event> ScriptHost::answer_counted(const TaskPtr& task, const std::string& reply) {
    count_call(*task, reply);
    return answer_here(task, reply);
}

std::optional<Event> ScriptHost::answer_here(const TaskPtr& task, const std::string& reply) {
    if (task->call_count % calls_a_turn != 0) return task->lua->resume(reply);
    task->next_reply = reply;
    yield(task);
    return std::nullopt;
}

// Has the call made in the next round of the transaction. Whatever a script reads or writes it has locked, so that nobody comes
// in between, be it declared or not.
void ScriptHost::ask(const TaskPtr& task, std::int16_t database, const std::vector<std::string>& keys, bool sees_everything,
                     Call call) {
    auto& batch = *batch_of(*task);
    task->phase = Phase::asking;
    task->calls.clear();
    std::vector<std::string> unlocked;
    for (const auto& key : keys) {
        if (!task->snapshot && !task->locked.contains({database, key})) unlocked.push_back(key);
    }
    task->undisciplined =
        task->undisciplined || !unlocked.empty() || (sees_everything && !task->snapshot) || task->call_count > max_shared_calls;
    if (batch.shared() && task->undisciplined) {
        misbehave(task);
        return;
    }
    if (!unlocked.empty()) {
        for (const auto& key : unlocked) task->locked.emplace(database, key);
        task->calls.push_back(postgres::begin_batch_call(database, std::move(unlocked)));
    }
    if (batch.database != database) {
        task->calls.push_back(select_in_transaction_call(database));
        batch.database = database;
    }
    task->calls.push_back(std::move(call));
}

// It shares its transaction, but may not any more.
void ScriptHost::misbehave(const TaskPtr& task) {
    task->alone_for_now = true;
    auto& routine = *task->items.front().routine;
    routine.shareable = false;
    routine.misbehaved = true;
    batch_of(*task)->misbehaved = true;
}

void ScriptHost::reset(ScriptTask& task) {
    if (task.lua) give_back(std::move(task.lua));
    std::erase_if(computing_, [&task](const auto& other) { return other.get() == &task; });
    for (auto& item : task.items) {
        if (item.resolved_late) {
            item.routine.reset();
            item.error.clear();
        }
        if ((item.run || item.call) && !item.load_only && item.error.empty()) {
            item.reply.clear();
            item.failed = false;
        }
    }
    task.phase = Phase::queued;
    task.current = 0;
    task.calls.clear();
    task.noted.clear();
    task.called.clear();
    task.slow_calls.clear();
    task.call_error.clear();
    task.foreseen.clear();
    task.foreseen_used = 0;
    task.foresees_end = false;
    task.next_reply.reset();
    task.writes = task.dirty = task.undisciplined = false;
    task.call_failed = false;
    task.slices = 0;
    task.call_count = 0;
}

// Lets others run before it goes on.
void ScriptHost::yield(const TaskPtr& task) {
    if (auto* batch = batch_of(*task); batch != nullptr && task->slices > 1 && (batch->shared() || !task->foreseen.empty()))
        misbehave(task);
    computing_.push_back(task);
    uv_idle_start(idle_, [](uv_idle_t* handle) { static_cast<ScriptHost*>(handle->data)->run_slices(); });
}

void ScriptHost::run_slices() {
    const auto deadline = uv_hrtime() + turn_nanoseconds;
    for (auto left = computing_.size(); left > 0 && !computing_.empty() && uv_hrtime() < deadline; --left) {
        const auto task = std::move(computing_.front());
        computing_.pop_front();
        const auto reply = std::exchange(task->next_reply, std::nullopt);
        run_lua(task, reply ? task->lua->resume(*reply) : task->lua->resume());
        if (auto* batch = batch_of(*task)) proceed(*batch);
    }
    if (computing_.empty()) uv_idle_stop(idle_);
}

void ScriptHost::finish(const TaskPtr& task, const Failure* failure) {
    if (failure != nullptr) reset(*task);
    for (const auto& item : task->items) {
        if (item.effect == ScriptTask::Effect::scripts) forget_scripts();
        if (item.effect == ScriptTask::Effect::libraries) forget_libraries();
    }
    std::erase(tasks_, task);
    server_.command_statistics().add(task->called);
    server_.slow_log().add(task->slow_calls);
    if (failure != nullptr) {
        task->fail(*failure);
    } else {
        task->answer();
    }
    while (!waiting_for_lua_.empty() && running_ahead_ < max_running_ahead) {
        const auto next = std::move(waiting_for_lua_.front());
        waiting_for_lua_.pop_front();
        run_ahead(next);
    }
}

// --- KILL and STATS ---

std::optional<std::string> ScriptHost::kill(bool function) {
    uv_update_time(loop_);
    const auto threshold = static_cast<std::uint64_t>(server_.settings().number("busy-reply-threshold"));
    ScriptTask* longest = nullptr;
    ScriptTask* written = nullptr;
    ScriptTask* other_kind = nullptr;
    for (const auto& task : tasks_) {
        if (task->script_started_at == 0 || task->done() || !task->item().routine) continue;
        if (uv_now(loop_) - task->script_started_at < threshold || task->killed) continue;
        if (task->dirty) {
            written = task.get();
        } else if (task->item().routine->is_function() != function) {
            other_kind = task.get();
        } else if (longest == nullptr || task->script_started_at < longest->script_started_at) {
            longest = task.get();
        }
    }
    if (longest != nullptr) {
        longest->killed = true;
        // What it waits for in the database is given up too.
        if (const auto* batch = batch_of(*longest);
            batch != nullptr && longest->phase == Phase::asking && !longest->is_exec() && !batch->shared())
            batch->session->cancel(server_.control());
        return std::nullopt;
    }
    if (written != nullptr)
        return "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
               "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";
    if (other_kind != nullptr)
        return function ? "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
                        : "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
    return "NOTBUSY No scripts in execution right now.";
}

std::optional<ScriptHost::Running> ScriptHost::running_function() const {
    const ScriptTask* longest = nullptr;
    for (const auto& task : tasks_) {
        const bool runs =
            task->script_started_at != 0 && !task->done() && task->item().routine && task->item().routine->is_function();
        if (runs && (longest == nullptr || task->script_started_at < longest->script_started_at)) longest = task.get();
    }
    if (longest == nullptr) return std::nullopt;
    const auto& item = longest->items[longest->current];
    return Running{item.routine->name, item.request, uv_now(loop_) - longest->script_started_at};
}

ScriptHost::Counters ScriptHost::counters() const {
    Counters counters{scripts_.size(), libraries_.functions.size(), libraries_.codes.size(), 0};
    for (const auto& state : states_) counters.memory += state.lua->memory();
    for (const auto& [lua, generation] : states_at_work_) counters.memory += lua->memory();
    return counters;
}

bool ScriptHost::only_reads(const std::vector<std::string>& arguments) const {
    const auto command = commands::lower(arguments[0]);
    if (command == "evalsha") {
        const auto found = scripts_.find(commands::lower(arguments[1]));
        return found != scripts_.end() && found->second->flags.no_writes;
    }
    if (command == "fcall") {
        const auto found = libraries_.functions.find(commands::lower(arguments[1]));
        return found != libraries_.functions.end() && found->second->flags.no_writes;
    }
    if (command != "eval") return false;
    const auto flags = scripts::parse_script_flags(arguments[1]);
    return flags.value && flags.value->no_writes;
}

// --- Lua states ---

scripts::Host ScriptHost::lua_host() {
    scripts::Host host;
    host.redis_version = redis_version;
    host.log = [this](int level, std::string_view text) {
        if (level >= 3) {
            log_.warning("{}", text);
        } else if (level == 2) {
            log_.info("{}", text);
        } else {
            log_.debug("{}", text);
        }
    };
    host.may_call = [this](const std::vector<std::string>& arguments) -> std::optional<bool> {
        const auto* command = server_.registry()->find(arguments);
        if (command == nullptr || (!command->subcommands.empty() && arguments.size() > 1)) return std::nullopt;
        return true;  // the only user may do everything
    };
    return host;
}

scripts::Interpreter& ScriptHost::compiler() {
    if (!compiler_ || compiler_->memory() > max_state_bytes) compiler_ = std::make_unique<Interpreter>(lua_host());
    return *compiler_;
}

std::unique_ptr<Interpreter> ScriptHost::take_lua(const Routine& routine) {
    std::unique_ptr<Interpreter> lua;
    if (!states_.empty()) {
        lua = std::move(states_.back().lua);
        states_.pop_back();
    } else {
        lua = std::make_unique<Interpreter>(lua_host());
    }
    states_at_work_[lua.get()] = generation_;
    // Both have been loaded before, into another state, and so can be loaded into this one.
    if (!routine.is_function()) {
        static_cast<void>(lua->load_script(routine.id, *routine.code));
    } else if (!lua->has_library(routine.id)) {
        static_cast<void>(lua->load_library(routine.id, *routine.code));
    }
    return lua;
}

void ScriptHost::give_back(std::unique_ptr<Interpreter> lua) {
    if (lua->running()) lua->abandon();
    const auto generation = states_at_work_[lua.get()];
    states_at_work_.erase(lua.get());
    if (generation == generation_ && states_.size() < max_states_at_rest && lua->memory() <= max_state_bytes)
        states_.push_back({std::move(lua), generation});
}

}  // namespace pgredis::clients
