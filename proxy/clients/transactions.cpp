#include "clients/transactions.h"

#include <optional>
#include <utility>
#include <variant>

#include "clients/client.h"
#include "clients/client_job.h"
#include "clients/connection_commands.h"
#include "clients/script_commands.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/replies.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using postgres::Type;

std::shared_ptr<const postgres::Statement> statement(const char* name, const char* sql, std::vector<Type> parameters) {
    auto made = std::make_shared<postgres::Statement>();
    made->name = name;
    made->sql = sql;
    made->parameters = std::move(parameters);
    return made;
}

std::string smallint_array(const std::vector<std::int16_t>& numbers) {
    std::string text = "{";
    for (const auto number : numbers) text += (text.size() > 1 ? "," : "") + std::to_string(number);
    return text + "}";
}

postgres::Call make_call(std::shared_ptr<const postgres::Statement> statement, std::vector<postgres::Value> arguments,
                         bool prologue) {
    postgres::Call call;
    call.statement = std::move(statement);
    call.arguments = std::move(arguments);
    call.prologue = prologue;
    return call;
}

// An EXEC: all its commands that are calls are one SQL transaction; what concerns the connection alone is done between their
// replies.
class ExecJob final : public ClientJob {
 public:
    explicit ExecJob(Client& client) : ClientJob(client) { transaction = true; }

    // The commands' databases and keys decide what is locked, so they are looked at first, in order.
    void prepare(Transaction queued, const std::vector<Watch>& watches) {
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
            item.handler = find_handler(command->name);
            if (item.handler != nullptr) {
                follow_connection_command(server(), *command, arguments, database_now, protocol_now);
                item.request = std::move(request);
                continue;
            }
            if (const auto positions = commands::key_positions(*command, arguments)) {
                for (const auto& position : *positions) {
                    keys.push_back(arguments[position.index]);
                    databases.push_back(database_now);
                }
            }
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
            item.format = good.format;
            item.is_call = true;
            call_items_.push_back(items_.size() - 1);
            bound_calls.push_back(std::move(good.call));
        }
        has_calls_ = !bound_calls.empty() || !watches.empty();
        add_prologue(std::move(databases), std::move(keys), everything, watches);
        for (auto& call : bound_calls) calls.push_back(std::move(call));
    }

    [[nodiscard]] bool has_calls() const { return has_calls_; }

    // For an EXEC without any call.
    void write_local_replies() {
        begin_reply();
        write_items_before(items_.size());
    }

    void on_rows(std::size_t index, const postgres::Rows& rows) override {
        if (client() == nullptr) return;
        begin_reply();
        if (const auto item = item_of(index); item != no_item) {
            write_items_before(item);
            resp::ReplyWriter writer(out(), items_[item].protocol);
            commands::write_reply(rows, items_[item].format, writer);
            next_item_ = item + 1;
        }
        if (index + 1 == calls.size()) write_items_before(items_.size());
    }

    void on_failure(std::size_t index, const postgres::Failure& failure) override {
        if (client() == nullptr || failed_) return;
        const auto item = item_of(index);
        if (item == no_item) {
            // The transaction as a whole: it was not carried out, or nobody knows.
            failed_ = true;
            resp::ReplyWriter writer(out(), client()->protocol);
            if (failure.kind == postgres::Failure::Kind::aborted) {
                writer.null_array();
            } else {
                commands::write_failure(failure, writer);
            }
            return;
        }
        begin_reply();
        write_items_before(item);
        resp::ReplyWriter writer(out(), items_[item].protocol);
        commands::write_failure(failure, writer);
        next_item_ = item + 1;
        ++server().statistics().error_replies;
        if (index + 1 == calls.size()) write_items_before(items_.size());
    }

 private:
    static constexpr std::size_t no_item = static_cast<std::size_t>(-1);

    struct Item {
        resp::Request request;
        Handler handler = nullptr;
        std::string error;
        bool is_call = false;
        commands::ReplyFormat format;
        resp::Protocol protocol = resp::Protocol::resp2;
    };

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
        if (std::exchange(begun_, true)) return;
        resp::ReplyWriter(out(), client()->protocol).array(items_.size());
    }

    // Errors found at binding, and the connection's own commands.
    void write_items_before(std::size_t end) {
        for (; next_item_ < end; ++next_item_) {
            auto& item = items_[next_item_];
            if (item.is_call) continue;
            resp::ReplyWriter writer(out(), client()->protocol);
            if (item.handler == nullptr) {
                writer.error(item.error);
                continue;
            }
            Invocation invocation{server(), *client(), item.request.arguments, writer, true};
            item.handler(invocation);
        }
    }

    std::vector<Item> items_;
    std::vector<std::size_t> call_items_;  // the item of each call behind the prologue
    std::size_t prologue_calls_ = 0;
    std::size_t next_item_ = 0;
    bool has_calls_ = false;
    bool begun_ = false;
    bool failed_ = false;
};

}  // namespace

postgres::Call begin_transaction_call(const std::vector<std::int16_t>& databases, std::vector<std::string> keys,
                                      bool everything) {
    static const auto sql = statement("begin_transaction",
                                      "SELECT redis.begin_transaction($1::pg_catalog.text::pg_catalog.int2[], "
                                      "$2::pg_catalog.bytea[], $3::pg_catalog.text::pg_catalog.bool)",
                                      {Type::text, Type::bytea_array, Type::text});
    return make_call(sql, {smallint_array(databases), std::move(keys), std::string(everything ? "true" : "false")}, true);
}

postgres::Call check_watches_call(const std::vector<Watch>& watches) {
    static const auto sql = statement(
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
    return make_call(sql, {smallint_array(databases), std::move(keys), std::move(tokens)}, true);
}

postgres::Call select_in_transaction_call(std::int16_t database) {
    static const auto sql = statement("select_in_transaction",
                                      "SELECT redis.select_in_transaction($1::pg_catalog.int8::pg_catalog.int2)", {Type::int8});
    return make_call(sql, {static_cast<std::int64_t>(database)}, false);
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
    if (!client.transaction) {
        invocation.writer.error("ERR EXEC without MULTI");
        return;
    }
    auto transaction = std::move(*client.transaction);
    client.transaction.reset();
    if (transaction.failed) {
        client.unwatch();
        invocation.writer.error("EXECABORT Transaction discarded because of previous errors.");
        return;
    }
    if (needs_script_host(*invocation.server.registry(), transaction)) {
        submit_with_scripts(invocation.server, client, std::move(transaction));
        return;
    }
    auto job = std::make_shared<ExecJob>(client);
    job->prepare(std::move(transaction), client.watches);
    if (job->has_calls()) {
        client.submit(std::move(job));
    } else {
        job->write_local_replies();
        client.unwatch();
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
