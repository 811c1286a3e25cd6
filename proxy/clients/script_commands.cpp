#include "clients/script_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/question.h"
#include "clients/script_host.h"
#include "clients/script_task.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/replies.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using nlohmann::json;
using postgres::Rows;
using postgres::Type;
using resp::ReplyWriter;
using Item = ScriptTask::Item;

std::string to_hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

std::vector<std::string> words(const scripts::Flags& flags) {
    std::vector<std::string> list;
    if (flags.no_writes) list.emplace_back("no-writes");
    if (flags.allow_oom) list.emplace_back("allow-oom");
    if (flags.allow_stale) list.emplace_back("allow-stale");
    if (flags.no_cluster) list.emplace_back("no-cluster");
    if (flags.allow_cross_slot_keys) list.emplace_back("allow-cross-slot-keys");
    return list;
}

// A library for redis.store_libraries, which wants to know its name though it does not load, since a name that is taken comes
// first.
struct LoadedLibrary {
    json description;
    std::string name;
    std::string error;
};

LoadedLibrary load_library(ScriptHost& host, const std::string& code) {
    LoadedLibrary library{json::object(), {}, {}};
    const auto header = scripts::parse_library_header(code);
    if (!header) {
        library.error = header.error;
        return library;
    }
    library.name = header.value->name;
    library.description["name"] = header.value->name;
    const auto loaded = host.try_library(code);
    if (!loaded) {
        library.error = loaded.error;
        return library;
    }
    library.description["engine"] = "LUA";
    auto& functions = library.description["functions"] = json::array();
    for (const auto& function : loaded.value->functions) {
        functions.push_back({{"name", function.name},
                             {"description", function.description ? json(to_hex(*function.description)) : json()},
                             {"flags", words(function.flags)}});
    }
    return library;
}

// The call that puts libraries in place. `reply` writes the reply when they are.
void store_libraries(ScriptHost& host, Item& item, const std::string& policy, std::vector<std::string> codes,
                     const std::function<void(const std::string& first_name, ReplyWriter&)>& reply) {
    static const auto statement = postgres::make_statement(
        "store_libraries",
        "SELECT redis.store_libraries($1::pg_catalog.text, $2::pg_catalog.bytea[], $3::pg_catalog.text::pg_catalog.jsonb)",
        {Type::text, Type::bytea_array, Type::text});
    auto descriptions = json::array();
    std::vector<std::string> errors;
    std::string first_name;
    for (const auto& code : codes) {
        auto library = load_library(host, code);
        if (errors.empty()) first_name = library.name;
        descriptions.push_back(std::move(library.description));
        errors.push_back(std::move(library.error));
    }
    item.call = postgres::make_call(statement, {policy, std::move(codes), descriptions.dump()});
    item.call->writes = true;
    item.write = [errors, first_name, reply](const Rows& rows, ReplyWriter& writer) {
        const auto stored = postgres::read_int64(PQgetvalue(rows.result, rows.first, 0));
        if (stored < errors.size()) {
            writer.error(errors[stored]);
        } else {
            reply(first_name, writer);
        }
    };
    item.effect = ScriptTask::Effect::libraries;
}

void prepare_function_load(ScriptHost& host, Item& item) {
    const auto& arguments = item.request;
    bool replace = false;
    for (std::size_t i = 2; i + 1 < arguments.size(); ++i) {
        if (!commands::equals_ignoring_case(arguments[i], "replace")) {
            item.error = "ERR Unknown option given: " + arguments[i];
            return;
        }
        replace = true;
    }
    const auto& code = arguments.back();
    if (const auto header = scripts::parse_library_header(code); !header) {
        item.error = header.error;
        return;
    }
    store_libraries(host, item, replace ? "replace" : "load", {code},
                    [](const std::string& name, ReplyWriter& writer) { writer.bulk(name); });
}

void prepare_function_restore(ScriptHost& host, Item& item) {
    static const auto statement = postgres::make_statement(
        "read_function_dump", "SELECT * FROM redis.read_function_dump($1::pg_catalog.bytea)", {Type::bytea});
    const auto& arguments = item.request;
    if (arguments.size() > 4) {
        item.error = commands::misuse_error("function", arguments[1]);
        return;
    }
    const auto policy = arguments.size() == 4 ? commands::lower(arguments[3]) : "append";
    if (policy != "flush" && policy != "append" && policy != "replace") {
        item.error = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.";
        return;
    }
    item.question = postgres::make_call(statement, {arguments[2]});
    item.on_answer = [&host, policy](Item& asked, const Rows& rows) -> std::optional<std::string> {
        std::vector<std::string> codes;
        for (int row = rows.first; row < rows.first + rows.count; ++row)
            codes.emplace_back(PQgetvalue(rows.result, row, 0), static_cast<std::size_t>(PQgetlength(rows.result, row, 0)));
        store_libraries(host, asked, policy, std::move(codes),
                        [](const std::string&, ReplyWriter& writer) { writer.simple_string("OK"); });
        return std::nullopt;
    };
}

// The elements of a one-dimensional array in a result; nothing for NULL.
std::vector<std::optional<std::string>> array_at(const Rows& rows, int row, int column) {
    std::vector<std::optional<std::string>> elements;
    if (PQgetlength(rows.result, row, column) <= 20) return elements;
    const char* at = PQgetvalue(rows.result, row, column);
    const auto count = postgres::read_int32(at + 12);
    at += 20;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto length = static_cast<std::int32_t>(postgres::read_int32(at));
        at += 4;
        elements.emplace_back(length < 0 ? std::nullopt
                                         : std::optional<std::string>(std::in_place, at, static_cast<std::size_t>(length)));
        if (length > 0) at += length;
    }
    return elements;
}

// Rows of redis_function_list.
void write_libraries(const Rows& rows, ReplyWriter& writer) {
    writer.array(static_cast<std::size_t>(rows.count));
    for (int row = rows.first; row < rows.first + rows.count; ++row) {
        const auto text = [&rows, row](int column) {
            return std::string_view(PQgetvalue(rows.result, row, column),
                                    static_cast<std::size_t>(PQgetlength(rows.result, row, column)));
        };
        const bool with_code = PQgetisnull(rows.result, row, 5) == 0;
        writer.map(with_code ? 4 : 3);
        writer.bulk("library_name");
        writer.bulk(text(0));
        writer.bulk("engine");
        writer.bulk(text(1));
        writer.bulk("functions");
        const auto names = array_at(rows, row, 2);
        const auto descriptions = array_at(rows, row, 3);
        const auto flags = array_at(rows, row, 4);
        writer.array(names.size());
        for (std::size_t i = 0; i < names.size(); ++i) {
            writer.map(3);
            writer.bulk("name");
            writer.bulk(*names[i]);
            writer.bulk("description");
            if (descriptions[i]) {
                writer.bulk(*descriptions[i]);
            } else {
                writer.null();
            }
            writer.bulk("flags");
            writer.set(flags[i]->empty() ? 0 : static_cast<std::size_t>(std::count(flags[i]->begin(), flags[i]->end(), ' ') + 1));
            for (std::string_view rest = *flags[i]; !rest.empty();) {
                const auto end = rest.find(' ');
                writer.simple_string(rest.substr(0, end));
                rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            }
        }
        if (with_code) {
            writer.bulk("library_code");
            writer.bulk(text(5));
        }
    }
}

void prepare_function_stats(ScriptHost& host, Item& item) {
    static const auto statement = postgres::make_statement("count_libraries", "SELECT * FROM redis.count_libraries()", {});
    item.call = postgres::make_call(statement, {});
    item.write = [&host](const Rows& rows, ReplyWriter& writer) {
        writer.map(2);
        writer.bulk("running_script");
        if (const auto running = host.running_function()) {
            writer.map(3);
            writer.bulk("name");
            writer.bulk(running->name);
            writer.bulk("command");
            writer.array(running->command.size());
            for (const auto& word : running->command) writer.bulk(word);
            writer.bulk("duration_ms");
            writer.integer(static_cast<std::int64_t>(running->milliseconds));
        } else {
            writer.null();
        }
        writer.bulk("engines");
        writer.map(1);
        writer.bulk("LUA");
        writer.map(2);
        writer.bulk("libraries_count");
        writer.integer(static_cast<std::int64_t>(postgres::read_int64(PQgetvalue(rows.result, rows.first, 0))));
        writer.bulk("functions_count");
        writer.integer(static_cast<std::int64_t>(postgres::read_int64(PQgetvalue(rows.result, rows.first, 1))));
    };
}

// A command with a function, as it would be called without a script host.
void prepare_call(commands::Command& command, Item& item) {
    if (const auto positions = commands::key_positions(command, item.request)) {
        for (const auto& position : *positions) item.keys.push_back(item.request[position.index]);
    }
    auto bound = commands::bind(command, std::move(item.request));
    if (auto* error = std::get_if<std::string>(&bound)) {
        item.error = std::move(*error);
        return;
    }
    auto& good = std::get<commands::BoundCall>(bound);
    item.call = std::move(good.call);
    item.write = [format = good.format](const Rows& rows, ReplyWriter& writer) { commands::write_reply(rows, format, writer); };
}

// What a command of the connection's own asks the database.
bool prepare_question(Server& server, const commands::Command& command, Item& item) {
    const auto ask = find_asker(command.name);
    auto question = ask == nullptr ? std::nullopt : ask(server, item.request);
    if (!question) return false;
    item.call = std::move(question->call);
    item.write = [answer = std::move(question->answer)](const Rows& rows, ReplyWriter& writer) {
        answer(&rows, nullptr, writer);
    };
    return true;
}

bool is_scripting(std::string_view name) { return find_handler(name) == handle_scripting; }

void prepare_scripting(Server& server, commands::Command& command, Item& item) {
    auto& host = server.scripts();
    if (command.name == "function|load") {
        prepare_function_load(host, item);
    } else if (command.name == "function|restore") {
        prepare_function_restore(host, item);
    } else if (command.name == "function|stats") {
        prepare_function_stats(host, item);
    } else if (command.name == "script|load") {
        item.run.emplace();
        item.run->subject = std::move(item.request[2]);
        item.load_only = true;
    } else if (command.function) {
        prepare_call(command, item);
        if (command.name == "function|list") item.write = write_libraries;
        if (command.name == "script|flush") item.effect = ScriptTask::Effect::scripts;
        if (command.writes()) item.effect = ScriptTask::Effect::libraries;
    } else {
        auto run = parse_run_request(item.request);
        if (auto* error = std::get_if<std::string>(&run)) {
            item.error = std::move(*error);
        } else {
            item.run = std::get<RunRequest>(std::move(run));
        }
    }
}

}  // namespace

void handle_scripting(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    auto* command = server.registry()->find(arguments);
    auto task = std::make_shared<ScriptTask>(client, false);
    auto& item = task->items.emplace_back();
    // MONITOR shows them afterwards.
    item.request = server.monitored() ? arguments : std::move(arguments);
    item.database = client.database;
    item.protocol = client.protocol;
    prepare_scripting(server, *command, item);
    client.hold(task);
    server.scripts().submit(task);
}

bool needs_script_host(const commands::Registry& registry, const Transaction& transaction) {
    return std::any_of(transaction.requests.begin(), transaction.requests.end(), [&registry](const resp::Request& request) {
        const auto* command = registry.find(request.arguments);
        return command != nullptr && is_scripting(command->name);
    });
}

void submit_with_scripts(Server& server, Client& client, Transaction transaction) {
    auto task = std::make_shared<ScriptTask>(client, true);
    task->watches = client.watches;
    for (const auto& watch : task->watches) task->locked.emplace(watch.database, watch.key);
    auto database = client.database;
    auto protocol = client.protocol;
    bool changes = false;
    for (auto& request : transaction.requests) {
        auto& item = task->items.emplace_back();
        item.request = std::move(request.arguments);
        item.database = database;
        item.protocol = protocol;
        auto* command = server.registry()->find(item.request);
        if (command == nullptr) {  // dropped since it was queued
            item.error = commands::unknown_command_error(item.request);
            continue;
        }
        item.called = {server.command_statistics().of(command->name), *command, item.request};
        if (is_scripting(command->name)) {
            prepare_scripting(server, *command, item);
            if (item.run) item.resolved_late = changes && item.run->by != RunRequest::By::body;
            changes = changes || item.effect != ScriptTask::Effect::none || item.question;
        } else if (auto* const handler = find_handler(command->name)) {
            follow_connection_command(server, *command, item.request, database, protocol);
            if (!prepare_question(server, *command, item)) item.handler = handler;
        } else {
            task->locks_everything = task->locks_everything || (command->writes() && command->key_specs.empty());
            prepare_call(*command, item);
        }
    }
    client.hold(task);
    server.scripts().submit(task);
}

void handle_script_kill(Invocation& invocation) {
    if (const auto error = invocation.server.scripts().kill(false)) {
        invocation.writer.error(*error);
    } else {
        invocation.writer.simple_string("OK");
    }
}

void handle_function_kill(Invocation& invocation) {
    if (const auto error = invocation.server.scripts().kill(true)) {
        invocation.writer.error(*error);
    } else {
        invocation.writer.simple_string("OK");
    }
}

void handle_script_debug(Invocation& invocation) {
    const auto mode = commands::lower(invocation.arguments[2]);
    if (mode == "no") {
        invocation.writer.simple_string("OK");
    } else if (mode == "yes" || mode == "sync") {
        invocation.writer.error("ERR pgredis has no debugger for scripts");
    } else {
        invocation.writer.error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    }
}

}  // namespace pgredis::clients
