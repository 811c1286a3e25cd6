#include "clients/script_task.h"

#include <algorithm>
#include <iterator>

#include "clients/server.h"
#include "commands/registry.h"
#include "commands/replies.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

constexpr std::size_t sha_length = 40;
constexpr std::size_t first_key = 3;  // behind the command, the script and the number of keys

}  // namespace

std::variant<RunRequest, std::string> parse_run_request(std::vector<std::string> arguments) {
    RunRequest run;
    const auto command = commands::lower(arguments[0]);
    run.read_only = command.ends_with("_ro");
    run.by = command.starts_with("evalsha") ? RunRequest::By::sha
             : command.starts_with("eval")  ? RunRequest::By::body
                                            : RunRequest::By::function;
    const bool is_function = run.by == RunRequest::By::function;
    run.subject = std::move(arguments[1]);
    if (run.by == RunRequest::By::sha) {
        if (run.subject.size() != sha_length) return "NOSCRIPT No matching script. Please use EVAL.";
        run.subject = commands::lower(run.subject);
    }
    std::string problem;
    const auto number = resp::parse_integer(arguments[2]);
    if (!number) {
        problem = is_function ? "ERR Bad number of keys provided" : "ERR value is not an integer or out of range";
    } else if (*number > static_cast<std::int64_t>(arguments.size() - first_key)) {
        problem = "ERR Number of keys can't be greater than number of args";
    } else if (*number < 0) {
        problem = "ERR Number of keys can't be negative";
    }
    if (!problem.empty()) {
        if (!is_function) return problem;
        run.problem = std::move(problem);
        return run;
    }
    const auto begin = std::make_move_iterator(arguments.begin() + first_key);
    const auto middle = begin + static_cast<std::ptrdiff_t>(*number);
    run.keys.assign(begin, middle);
    run.arguments.assign(middle, std::make_move_iterator(arguments.end()));
    return run;
}

void ScriptTask::call_handler(Handler handler, std::vector<std::string>& request, resp::ReplyWriter& writer) {
    Invocation invocation{server(), *client(), request, writer};
    handler_writer_ = &writer;
    handler(invocation);
    handler_writer_ = nullptr;
}

bool ScriptTask::ask_others(const std::vector<std::string>& command, const Combine& combine) {
    server().peers().ask(command, [](const std::vector<std::string>&) {});
    combine({}, *handler_writer_);
    return true;
}

void ScriptTask::answer() {
    if (client() != nullptr) {
        if (is_exec_) resp::ReplyWriter(out(), client()->protocol).array(items.size());
        for (auto& item : items) {
            if (item.handler != nullptr) {
                auto& to = out();
                const auto before = to.size();
                resp::ReplyWriter writer(to, client()->protocol);
                call_handler(item.handler, item.request, writer);
                count(item, std::string_view(to).substr(std::min(before, to.size())));
                continue;
            }
            count(item, item.reply);
            out() += item.reply;
        }
    }
    finish();
}

void ScriptTask::fail(const postgres::Failure& failure) {
    if (client() != nullptr) {
        auto& to = out();
        const auto before = to.size();
        resp::ReplyWriter writer(to, client()->protocol);
        if (failure.kind == postgres::Failure::Kind::aborted) {
            writer.null_array();
        } else {
            commands::write_failure(failure, writer);
            count_error(std::string_view(to).substr(before));
        }
    }
    finish();
}

void ScriptTask::count(const Item& item, std::string_view reply) {
    const bool failed = reply.starts_with('-');
    if (failed && !item.error_counted) server().command_statistics().count_error(reply);
    if (item.called) {
        client()->count(item.called, failed);
    } else if (failed) {
        fail_command();
    }
}

}  // namespace pgredis::clients
