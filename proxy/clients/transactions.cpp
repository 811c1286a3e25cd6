#include "clients/transactions.h"

#include <optional>
#include <utility>
#include <variant>

#include "clients/client.h"
#include "clients/client_job.h"
#include "clients/connection_commands.h"
#include "clients/monitor.h"
#include "clients/script_commands.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/replies.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using postgres::Type;

std::string smallint_array(const std::vector<std::int16_t>& numbers) {
    std::string text = "{";
    for (const auto number : numbers) text += (text.size() > 1 ? "," : "") + std::to_string(number);
    return text + "}";
}

// When it fails, so does the whole transaction.
postgres::Call make_prologue(std::shared_ptr<const postgres::Statement> statement, std::vector<postgres::Value> arguments) {
    auto call = postgres::make_call(std::move(statement), std::move(arguments));
    call.prologue = true;
    return call;
}

// An EXEC: all its commands that are calls are one SQL transaction; what concerns the connection alone is done between their
// replies.
class ExecJob final : public ClientJob, public std::enable_shared_from_this<ExecJob> {
 public:
    explicit ExecJob(Client& client) : ClientJob(client) { transaction = true; }

    // The commands' databases and keys decide what is locked, so they are looked at first, in order.
    void prepare(Transaction queued, const std::vector<Watch>& watches, const std::vector<std::string>& exec) {
        const bool monitored = server().monitored();
        if (monitored) aborted_monitor_lines_.push_back(monitor_line(client()->database, client()->address, exec));
        auto database_now = client()->database;
        auto protocol_now = client()->protocol;
        std::vector<std::int16_t> databases;
        std::vector<std::string> keys;
        std::vector<postgres::Call> bound_calls;
        bool everything = false;
        std::int16_t database_in_sql = 0;
        for (auto& request : queued.requests) {
            auto& arguments = request.arguments;
            auto* command = server().registry()->find(arguments);
            items_.emplace_back();
            auto& item = items_.back();
            item.protocol = protocol_now;
            if (command == nullptr) {  // dropped since it was queued
                item.error = commands::unknown_command_error(arguments);
                continue;
            }
            item.called = {server().command_statistics().of(command->name), *command, arguments};
            item.handler = find_handler(command->name);
            const auto show = [&] {
                if (monitored && is_monitored(*command))
                    monitor_lines_.push_back(monitor_line(database_now, client()->address, arguments));
            };
            if (item.handler != nullptr) {
                follow_connection_command(server(), *command, arguments, database_now, protocol_now);
                show();
                if (const auto ask = find_asker(command->name)) {
                    if (auto question = ask(server(), arguments)) {
                        add_call(std::move(question->call), bound_calls);
                        item.question = std::move(question);
                        continue;
                    }
                }
                item.request = std::move(request);
                continue;
            }
            show();
            if (const auto positions = commands::key_positions(*command, arguments)) {
                for (const auto& position : *positions) {
                    keys.push_back(arguments[position.index]);
                    databases.push_back(database_now);
                    if (const auto other = commands::other_database(*position.spec, arguments)) {
                        keys.push_back(arguments[position.index]);
                        databases.push_back(*other);
                    }
                }
            }
            auto misses = server().tells_misses() ? misses_call(*command, arguments) : std::nullopt;
            everything = everything || (command->writes() && command->key_specs.empty());
            auto bound = commands::bind(*command, std::move(arguments));
            if (auto* error = std::get_if<std::string>(&bound)) {
                item.error = std::move(*error);
                continue;
            }
            auto& good = std::get<commands::BoundCall>(bound);
            if (database_now != database_in_sql) {
                bound_calls.push_back(select_in_transaction_call(database_now));
                call_items_.push_back(no_item);
                database_in_sql = database_now;
            }
            if (misses) {
                bound_calls.push_back(std::move(*misses));
                call_items_.push_back(no_item);
            }
            item.format = good.format;
            add_call(std::move(good.call), bound_calls);
        }
        if (monitored) monitor_lines_.push_back(monitor_line(database_now, client()->address, exec));
        has_calls_ = !bound_calls.empty() || !watches.empty();
        add_prologue(std::move(databases), std::move(keys), everything, watches);
        for (auto& call : bound_calls) calls.push_back(std::move(call));
    }

    [[nodiscard]] bool has_calls() const { return has_calls_; }

    void on_rows(std::size_t index, const postgres::Rows& rows) override {
        if (client() == nullptr) return;
        if (const auto item = item_of(index); item != no_item) {
            resp::ReplyWriter writer(items_[item].reply, items_[item].protocol);
            if (const auto& question = items_[item].question) {
                if (question->others.empty()) {
                    question->answer(&rows, nullptr, writer);
                } else {
                    items_[item].combine = question->when_others_answered(rows);
                }
            } else {
                commands::write_reply(rows, items_[item].format, writer);
            }
        }
    }

    void on_failure(std::size_t index, const postgres::Failure& failure) override {
        if (client() == nullptr || failed_) return;
        const auto item = item_of(index);
        if (item == no_item) {
            // The transaction as a whole: it was not carried out, or nobody knows.
            failed_ = true;
            resp::ReplyWriter writer(reply_, client()->protocol);
            if (failure.kind == postgres::Failure::Kind::aborted) {
                writer.null_array();
            } else {
                commands::write_failure(failure, writer);
                count_error(reply_);
            }
            return;
        }
        resp::ReplyWriter writer(items_[item].reply, items_[item].protocol);
        if (items_[item].question) {
            items_[item].question->answer(nullptr, &failure, writer);
        } else {
            commands::write_failure(failure, writer);
        }
    }

    // The calls are answered, and committed; without any call this is where an EXEC begins.
    void on_done() override {
        for (const auto& line : failed_ ? aborted_monitor_lines_ : monitor_lines_) server().show_monitors(line);
        if (client() == nullptr) return;
        if (failed_) {
            if (client()->silent()) reply_.clear();
            finish();
        } else {
            begin_reply();
            go_on();
        }
    }

    bool ask_others(const std::vector<std::string>& command, const Combine& combine) override {
        waiting_ = true;
        server().peers().ask(command, [self = shared_from_this(), combine](const std::vector<std::string>& answers) {
            self->on_answers(answers, combine);
        });
        return true;
    }

 private:
    static constexpr std::size_t no_item = static_cast<std::size_t>(-1);

    struct Item {
        resp::Request request;
        Called called;
        Handler handler = nullptr;
        std::string error;
        std::string reply;
        bool is_call = false;
        commands::ReplyFormat format;
        std::optional<Question> question;  // where the call is the proxy's own
        Combine combine;                   // … and asks other proxies too
        resp::Protocol protocol = resp::Protocol::resp2;
    };

    // A call that answers the latest item.
    void add_call(postgres::Call call, std::vector<postgres::Call>& bound_calls) {
        items_.back().is_call = true;
        call_items_.push_back(items_.size() - 1);
        bound_calls.push_back(std::move(call));
    }

    void add_prologue(std::vector<std::int16_t> databases, std::vector<std::string> keys, bool everything,
                      const std::vector<Watch>& watches) {
        for (const auto& watch : watches) {
            databases.push_back(watch.database);
            keys.push_back(watch.key);
        }
        calls.push_back(begin_transaction_call(databases, std::move(keys), everything));
        if (!watches.empty()) calls.push_back(check_watches_call(watches));
        prologue_calls_ = calls.size();
    }

    [[nodiscard]] std::size_t item_of(std::size_t call) const {
        return call < prologue_calls_ ? no_item : call_items_[call - prologue_calls_];
    }

    void begin_reply() {
        if (!client()->silent()) resp::ReplyWriter(reply_, client()->protocol).array(items_.size());
    }

    // Puts the items' replies together, in order, and carries out the connection's own commands meanwhile. Where other proxies
    // have to be asked, on_answers() goes on.
    void go_on() {
        for (; next_item_ < items_.size(); ++next_item_) {
            auto& item = items_[next_item_];
            resp::ReplyWriter writer(item.reply, client()->protocol);
            going_on_ = true;
            if (item.combine) {
                ask_others(item.question->others, item.combine);
            } else if (!item.is_call && item.handler != nullptr) {
                Invocation invocation{server(), *client(), item.request.arguments, writer};
                item.handler(invocation);
            } else if (!item.is_call) {
                writer.error(item.error);
            }
            going_on_ = false;
            if (waiting_) return;
            take_reply(item);
        }
        finish();
    }

    void on_answers(const std::vector<std::string>& answers, const Combine& combine) {
        waiting_ = false;
        if (client() == nullptr) return;
        auto& item = items_[next_item_];
        resp::ReplyWriter writer(item.reply, client()->protocol);
        combine(answers, writer);
        if (going_on_) return;  // nobody had to be waited for
        take_reply(item);
        ++next_item_;
        go_on();
    }

    void take_reply(Item& item) {
        if (item.called) {
            client()->count(item.called, item.reply);
        } else if (item.reply.starts_with('-')) {
            server().command_statistics().count_error(item.reply);
        }
        if (!client()->silent()) reply_ += item.reply;
        item.reply = {};
    }

    // Sent in one piece: what is delivered to the client meanwhile must not come between.
    void finish() {
        send(reply_);
        ClientJob::on_done();
    }

    std::vector<Item> items_;
    std::vector<std::size_t> call_items_;  // the item of each call behind the prologue
    std::size_t prologue_calls_ = 0;
    std::size_t next_item_ = 0;
    std::string reply_;
    std::vector<std::string> monitor_lines_;          // what MONITOR shows: all commands and EXEC …
    std::vector<std::string> aborted_monitor_lines_;  // … or EXEC alone
    bool has_calls_ = false;
    bool failed_ = false;
    bool going_on_ = false;
    bool waiting_ = false;  // for other proxies
};

}  // namespace

postgres::Call begin_transaction_call(const std::vector<std::int16_t>& databases, std::vector<std::string> keys,
                                      bool everything) {
    static const auto sql = postgres::make_statement("begin_transaction",
                                                     "SELECT redis.begin_transaction($1::pg_catalog.text::pg_catalog.int2[], "
                                                     "$2::pg_catalog.bytea[], $3::pg_catalog.text::pg_catalog.bool)",
                                                     {Type::text, Type::bytea_array, Type::text});
    return make_prologue(sql, {smallint_array(databases), std::move(keys), std::string(everything ? "true" : "false")});
}

postgres::Call check_watches_call(const std::vector<Watch>& watches) {
    static const auto sql = postgres::make_statement(
        "check_watches",
        "SELECT redis.check_watches($1::pg_catalog.text::pg_catalog.int2[], $2::pg_catalog.bytea[], $3::pg_catalog.text[])",
        {Type::text, Type::bytea_array, Type::text_array});
    std::vector<std::int16_t> databases;
    std::vector<std::string> keys;
    std::vector<std::string> tokens;
    for (const auto& watch : watches) {
        databases.push_back(watch.database);
        keys.push_back(watch.key);
        tokens.push_back(watch.token);
    }
    return make_prologue(sql, {smallint_array(databases), std::move(keys), std::move(tokens)});
}

postgres::Call select_in_transaction_call(std::int16_t database) {
    static const auto sql = postgres::make_statement(
        "select_in_transaction", "SELECT redis.select_in_transaction($1::pg_catalog.int8::pg_catalog.int2)", {Type::int8});
    return postgres::make_call(sql, {static_cast<std::int64_t>(database)});
}

void follow_connection_command(const Server& server, const commands::Command& command, const std::vector<std::string>& arguments,
                               std::int16_t& database, resp::Protocol& protocol) {
    if (command.name == "select") {
        const auto index = resp::parse_integer(arguments[1]);
        if (index && *index >= 0 && *index < server.config().databases) database = static_cast<std::int16_t>(*index);
    }
    if (command.name == "hello" && arguments.size() > 1) {
        const auto version = resp::parse_integer(arguments[1]);
        if (version == 2) protocol = resp::Protocol::resp2;
        if (version == 3) protocol = resp::Protocol::resp3;
    }
}

bool is_queued_in_transaction(std::string_view name) {
    return name != "multi" && name != "exec" && name != "discard" && name != "watch" && name != "quit" && name != "reset";
}

void handle_multi(Invocation& invocation) {
    auto& client = invocation.client;
    if (client.transaction) {
        invocation.writer.error("ERR MULTI calls can not be nested");
        return;
    }
    client.transaction = std::make_unique<Transaction>();
    invocation.writer.simple_string("OK");
}

void handle_discard(Invocation& invocation) {
    auto& client = invocation.client;
    if (!client.transaction) {
        invocation.writer.error("ERR DISCARD without MULTI");
        return;
    }
    client.transaction.reset();
    client.unwatch();
    invocation.writer.simple_string("OK");
}

void handle_exec(Invocation& invocation) {
    auto& client = invocation.client;
    const auto refuse = [&](std::string_view error) {
        invocation.writer.error(error);
        if (invocation.server.monitored()) client.show_monitors(invocation.arguments);
    };
    if (!client.transaction) {
        refuse("ERR EXEC without MULTI");
        return;
    }
    auto transaction = std::move(*client.transaction);
    client.transaction.reset();
    if (transaction.failed) {
        client.unwatch();
        refuse("EXECABORT Transaction discarded because of previous errors.");
        return;
    }
    if (needs_script_host(*invocation.server.registry(), transaction)) {
        submit_with_scripts(invocation.server, client, std::move(transaction));
        return;
    }
    const auto job = std::make_shared<ExecJob>(client);
    job->prepare(std::move(transaction), client.watches, invocation.arguments);
    if (job->has_calls()) {
        client.submit(job);
    } else {
        client.hold(job);
        job->on_done();
    }
}

void handle_watch(Invocation& invocation) {
    auto& client = invocation.client;
    if (client.transaction) {
        invocation.writer.error("ERR WATCH inside MULTI is not allowed");
        return;
    }
    std::vector<std::string> keys(invocation.arguments.begin() + 1, invocation.arguments.end());
    const auto database = client.database;
    client.await(
        "SELECT token FROM pg_catalog.unnest(redis.watch($1::pg_catalog.int8::pg_catalog.int2, VARIADIC $2::pg_catalog.bytea[])) "
        "WITH ORDINALITY "
        "AS t(token, n) ORDER BY n",
        {Type::int8, Type::bytea_array}, {static_cast<std::int64_t>(database), keys}, false,
        [&client, database, keys](const postgres::Rows* rows, const postgres::Failure* failure, resp::ReplyWriter& writer) {
            if (failure != nullptr) {
                commands::write_failure(*failure, writer);
                return;
            }
            for (int row = 0; row < rows->count; ++row) {
                client.watches.push_back({database, keys[static_cast<std::size_t>(row)], PQgetvalue(rows->result, row, 0)});
            }
            writer.simple_string("OK");
        },
        keys);
}

void handle_unwatch(Invocation& invocation) {
    invocation.client.unwatch();
    invocation.writer.simple_string("OK");
}

}  // namespace pgredis::clients
