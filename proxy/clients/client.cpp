#include "clients/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "clients/client_job.h"
#include "clients/connection_commands.h"
#include "clients/monitor.h"
#include "clients/server.h"
#include "commands/binding.h"
#include "commands/replies.h"
#include "commands/secrets.h"
#include "resp/reply_escape.h"

namespace pgredis::clients {

namespace {

// Enough requests to fill batches; more stay unparsed, and then unread.
constexpr std::size_t max_parsed_requests = 1024;
constexpr std::size_t max_parsed_bytes = std::size_t{1} << 20;
constexpr std::size_t max_job_calls = 256;
// No more calls join a job that locks so many keys: the dispatcher takes a job as a whole, and Postgres's lock table is
// everybody's.
constexpr std::size_t max_job_locks = 500;
// A job has no more calls than this many bytes of replies need, as far as the client's last job tells.
constexpr std::size_t wanted_job_reply_bytes = std::size_t{1} << 20;
// A client that does not read its replies gets no more commands run beyond this. What it sends is still taken, up to a limit: it
// may read nothing before it has sent everything.
constexpr std::size_t pause_output_bytes = std::size_t{1} << 20;
constexpr std::size_t max_unparsed_bytes = std::size_t{16} << 20;

std::string format_address(const sockaddr_storage& storage) {
    char host[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
        uv_ip6_name(&address, host, sizeof host);
        return "[" + std::string(host) + "]:" + std::to_string(ntohs(address.sin6_port));
    }
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    uv_ip4_name(&address, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(address.sin_port));
}

std::size_t bytes_of(const resp::Request& request) {
    std::size_t bytes = 0;
    for (const auto& argument : request.arguments) bytes += argument.size();
    return bytes;
}

}  // namespace

// Consecutive commands of a client.
class CommandsJob final : public ClientJob {
 public:
    using ClientJob::ClientJob;

    // Called: the command that it is, if it is one.
    void add(commands::BoundCall bound, Called called) {
        calls.push_back(std::move(bound.call));
        replies_.push_back({bound.format, std::nullopt, std::move(called)});
    }

    void add(Question question, Called called) {
        calls.push_back(std::move(question.call));
        replies_.push_back({{}, std::move(question), std::move(called)});
    }

    void on_rows(std::size_t index, const postgres::Rows& rows) override {
        if (client() == nullptr) return;
        const auto& reply = replies_[index];
        auto& to = out();
        const auto before = to.size();
        if (reply.question) {
            resp::ReplyWriter writer(to, client()->protocol);
            if (reply.question->others.empty()) {
                reply.question->answer(&rows, nullptr, writer);
                count_command(reply, std::string_view(to).substr(before));
            } else {
                client()->ask_others(reply.question->others, reply.question->when_others_answered(rows), reply.called);
            }
            return;
        }
        show(rows, reply.format, to);
        count_reply(to.size() - before);
        count_command(reply, std::string_view(to).substr(before));
        if (!calls[index].writes) {
            const bool found = rows.count > 0 && PQgetisnull(rows.result, rows.first, 0) == 0;
            ++(found ? server().statistics().keyspace_hits : server().statistics().keyspace_misses);
        }
    }

    void on_failure(std::size_t index, const postgres::Failure& failure) override {
        if (client() == nullptr) return;
        const auto& reply = replies_[index];
        auto& to = out();
        const auto before = to.size();
        resp::ReplyWriter writer(to, client()->protocol);
        if (reply.question) {
            reply.question->answer(nullptr, &failure, writer);
        } else {
            commands::write_failure(failure, writer);
        }
        count_command(reply, std::string_view(to).substr(before));
    }

 private:
    struct Reply {
        commands::ReplyFormat format;
        std::optional<Question> question;
        Called called;
    };
    // What the same rows came to for a client before this one.
    struct Shown {
        commands::ReplyFormat format;
        resp::Protocol protocol;
        std::string bytes;
    };

    void count_command(const Reply& reply, std::string_view bytes) {
        if (reply.called) {
            client()->count(reply.called, bytes);
        } else if (bytes.starts_with('-')) {
            count_error(bytes);
        }
    }

    void show(const postgres::Rows& rows, const commands::ReplyFormat& format, std::string& to) {
        const auto protocol = client()->protocol;
        const auto* known = rows.shown == nullptr ? nullptr : std::any_cast<Shown>(rows.shown);
        if (known != nullptr && known->format == format && known->protocol == protocol) {
            to += known->bytes;
            return;
        }
        const auto before = to.size();
        resp::ReplyWriter writer(to, protocol);
        commands::write_reply(rows, format, writer);
        if (rows.shown != nullptr) *rows.shown = Shown{format, protocol, to.substr(before)};
    }

    std::vector<Reply> replies_;
};

// A command whose reply needs the other proxies' answers.
class QuestionJob final : public ClientJob {
 public:
    QuestionJob(Client& client, Combine combine) : ClientJob(client), combine_(std::move(combine)) {}

    void on_rows(std::size_t, const postgres::Rows&) override {}
    void on_failure(std::size_t, const postgres::Failure&) override {}

    void on_answers(const std::vector<std::string>& answers) {
        if (client() == nullptr) return;
        resp::ReplyWriter writer(out(), client()->protocol);
        combine_(answers, writer);
        on_done();
    }

 private:
    Combine combine_;
};

std::optional<postgres::Call> misses_call(const commands::Command& command, std::span<const std::string> arguments) {
    static const auto statement =
        postgres::make_statement("tell_misses", "SELECT redis.tell_misses($1)", {postgres::Type::bytea_array});
    // Commands with subcommands look at keys without using them: OBJECT, MEMORY.
    const auto positions = commands::key_positions(command, arguments);
    if (!positions || command.name.find('|') != std::string::npos) return std::nullopt;
    std::vector<std::string> keys;
    for (const auto& position : *positions) {
        const auto& flags = position.spec->flags;
        if (std::find(flags.begin(), flags.end(), "RO") != flags.end()) keys.push_back(arguments[position.index]);
    }
    if (keys.empty()) return std::nullopt;
    return postgres::make_call(statement, {std::move(keys)});
}

void ClientWork::finish() {
    if (client_ == nullptr) {
        if (called_) CommandStatistics::count_call(*called_.figures, uv_hrtime() - called_.begun, failed_);
        return;
    }
    if (called_) client_->count(called_, failed_);
    client_->on_job_done();
}

void ClientWork::count_error(std::string_view reply) {
    fail_command();
    server_.command_statistics().count_error(reply);
}

struct Client::Write {
    uv_write_t request;
    Client* client;
    std::string bytes;
};

std::unique_ptr<Client> Client::accept(Server& server, uv_stream_t* listener) {
    auto* handle = new uv_tcp_t;
    uv_tcp_init(server.loop(), handle);
    std::unique_ptr<Client> client(new Client(server, handle));
    if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(handle)) != 0) return nullptr;
    sockaddr_storage storage{};
    int length = sizeof storage;
    if (uv_tcp_getpeername(handle, reinterpret_cast<sockaddr*>(&storage), &length) == 0)
        client->address = format_address(storage);
    length = sizeof storage;
    if (uv_tcp_getsockname(handle, reinterpret_cast<sockaddr*>(&storage), &length) == 0)
        client->local_address = format_address(storage);
    uv_tcp_nodelay(handle, 1);
    client->set_keepalive(static_cast<unsigned>(server.settings().number("tcp-keepalive")));
    uv_read_start(reinterpret_cast<uv_stream_t*>(handle), on_alloc, on_read);
    return client;
}

Client::Client(Server& server, uv_tcp_t* handle)
    : connected_at(uv_now(server.loop())),
      last_interaction(connected_at),
      server_(server),
      handle_(handle),
      parser_({.max_bulk_bytes = static_cast<std::size_t>(server.settings().number("proto-max-bulk-len"))}) {
    handle_->data = this;
}

Client::~Client() {
    if (job_) job_->detach();
    handle_->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

void Client::set_keepalive(unsigned seconds) { uv_tcp_keepalive(handle_, seconds > 0 ? 1 : 0, seconds); }

void Client::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto* client = static_cast<Client*>(handle->data);
    const auto direct = client->unparsed_.empty() ? client->parser_.direct_buffer() : std::span<char>();
    if (!direct.empty()) {
        *buffer = uv_buf_init(direct.data(), static_cast<unsigned>(std::min<std::size_t>(direct.size(), 1U << 30)));
    } else {
        auto& shared = client->server_.read_buffer();
        *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
    }
}

void Client::on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
    auto* client = static_cast<Client*>(stream->data);
    if (client == nullptr || client->closing_ || length == 0) return;
    if (length < 0) {
        client->server_.log().debug("client {} {}: {}", client->id, client->address,
                                    length == UV_EOF ? "closed" : uv_strerror(static_cast<int>(length)));
        client->close();
        return;
    }
    if (client->close_after_reply_) return;
    client->server_.statistics().input_bytes += static_cast<std::uint64_t>(length);
    client->last_interaction = uv_now(client->server_.loop());
    if (buffer->base != client->server_.read_buffer().data()) {
        client->queue_parsed(client->parser_.commit_direct(static_cast<std::size_t>(length)));
    } else {
        const std::string_view bytes(buffer->base, static_cast<std::size_t>(length));
        const auto rest = client->unparsed_.empty() ? client->parse(bytes) : bytes;
        // At once: a string that grows by itself has twice what it needs, and three times while it moves.
        if (!rest.empty() && client->stuck()) client->unparsed_.reserve(max_unparsed_bytes + rest.size());
        client->unparsed_.append(rest);
    }
    client->on_input();
}

void Client::on_input() {
    const auto held = query_bytes() + (transaction ? transaction->bytes : 0);
    if (held > query_limit()) {
        ++server_.statistics().query_limit_disconnections;
        server_.log().warning("client {} {} closed: its query buffer of {} bytes is over client-query-buffer-limit", id, address,
                              held);
        close();
        return;
    }
    pump();
}

std::string_view Client::parse(std::string_view bytes) {
    while (!bytes.empty() && has_room() && protocol_error_.empty()) queue_parsed(parser_.parse(bytes));
    return protocol_error_.empty() ? bytes : std::string_view();
}

void Client::parse_rest() {
    const auto rest = parse(std::string_view(unparsed_).substr(parsed_bytes_));
    parsed_bytes_ = unparsed_.size() - rest.size();
    if (rest.empty()) {
        unparsed_ = {};
        parsed_bytes_ = 0;
    } else if (parsed_bytes_ > unparsed_.size() / 2) {  // half of it moves at most once for all of it that was parsed
        unparsed_.erase(0, parsed_bytes_);
        parsed_bytes_ = 0;
    }
}

bool Client::stuck() const { return unsent_bytes() >= pause_output_bytes; }

std::size_t Client::query_limit() const {
    return static_cast<std::size_t>(server_.settings().number("client-query-buffer-limit"));
}

bool Client::has_room() const { return requests_.size() < max_parsed_requests && request_bytes_ < max_parsed_bytes; }

void Client::queue_parsed(resp::RequestParser::Status status) {
    if (status == resp::RequestParser::Status::request) {
        requests_.push_back(parser_.take());
        request_bytes_ += bytes_of(requests_.back());
    } else if (status == resp::RequestParser::Status::error) {
        protocol_error_ = parser_.error();
    }
}

void Client::pump() {
    if (pumping_) return;
    pumping_ = true;
    if (wait_) wait_->resume();
    bool was_stuck = false;
    do {
        run_requests();
        was_stuck = stuck();
        if (!closing_) flush();
        // Nobody else says that these replies are gone when the socket took all of them at once.
    } while (was_stuck && !closing_ && !stuck());
    pumping_ = false;
    if (!closing_) update_reading();
}

void Client::run_requests() {
    while (!job_ && !wait_ && !closing_ && !close_after_reply_ && !stuck()) {
        if (!deferred_error_.empty()) {
            server_.command_statistics().count_error(deferred_error_);
            resp::ReplyWriter(out_, protocol).error(std::exchange(deferred_error_, {}));
            continue;
        }
        if (requests_.empty()) {
            if (!unparsed_.empty()) {
                parse_rest();
                if (!requests_.empty() || !protocol_error_.empty()) continue;
            }
            if (!protocol_error_.empty()) {
                resp::ReplyWriter(out_, protocol).error(protocol_error_);
                close_after_reply_ = true;
            }
            return;
        }
        if (!server_.admit(*this)) return;
        postponed = is_paused(requests_.front());
        if (postponed) {
            server_.wait_in_line(*this);
            return;
        }
        auto request = std::move(requests_.front());
        requests_.pop_front();
        request_bytes_ -= bytes_of(request);
        run(std::move(request));
    }
}

bool Client::is_paused(const resp::Request& request) const {
    if (!server_.paused(true)) return false;
    const auto* command = server_.registry()->find(request.arguments);
    return command != nullptr && command->arity_fits(request.arguments.size()) && !command->has_flag("no_auth") &&
           !command->name.starts_with("client") && server_.paused(counts_as_write(*command, request.arguments));
}

// For a pause of writes. What Redis would send to replicas is one: PUBLISH, and scripts that do not say that they only read.
bool Client::counts_as_write(const commands::Command& command, const std::vector<std::string>& arguments) const {
    if (command.name == "exec") {
        return transaction &&
               std::any_of(transaction->requests.begin(), transaction->requests.end(), [this](const auto& request) {
                   const auto* queued = server_.registry()->find(request.arguments);
                   return queued != nullptr && counts_as_write(*queued, request.arguments);
               });
    }
    return command.writes() || (command.may_replicate() && !server_.scripts().only_reads(arguments));
}

void Client::run(resp::Request request) {
    auto& arguments = request.arguments;
    if (server_.log().enabled(operations::LogLevel::Debug)) log_request(request);
    ++server_.statistics().commands_processed;
    skipping_ = reply_mode == ReplyMode::skip_next;
    if (skipping_) reply_mode = ReplyMode::on;
    std::string discarded;
    resp::ReplyWriter writer(silent() ? discarded : out_, protocol);
    auto& statistics = server_.command_statistics();
    CommandStatistics::Figures* figures = nullptr;
    const auto refuse = [&](const std::string& error) {
        statistics.count_error(error);
        if (figures != nullptr) ++figures->rejected;
        if (commands::equals_ignoring_case(arguments[0], "exec")) {
            transaction.reset();
            unwatch();
            writer.error("EXECABORT Transaction discarded because of: " + error.substr(error.starts_with("ERR ") ? 4 : 0));
            if (server_.monitored()) show_monitors(arguments);
            return;
        }
        if (transaction) transaction->failed = true;
        writer.error(error);
    };

    auto* command = server_.registry()->find(arguments);
    if (command == nullptr) {
        const auto name = commands::lower(arguments[0]);
        if (const auto handler = find_handler(name)) {  // not a command to be seen in the registry
            Invocation invocation{server_, *this, arguments, writer};
            handler(invocation);
            return;
        }
        refuse(commands::unknown_command_error(arguments));
        return;
    }
    if (!command->subcommands.empty() && arguments.size() > 1) {
        refuse(commands::unknown_subcommand_error(*command, arguments[1]));
        return;
    }
    figures = &statistics.of(command->name);
    if (!command->arity_fits(arguments.size())) {
        refuse(commands::wrong_arity_error(command->name));
        return;
    }
    if (!authenticated_ && !command->has_flag("no_auth")) {
        refuse("NOAUTH Authentication required.");
        return;
    }
    if (monitoring && (command->writes() || command->has_flag("readonly") || command->may_replicate())) {
        refuse("ERR Replica can't interact with the keyspace");
        return;
    }
    const std::string_view name = command->name;
    if (subscribed() && protocol == resp::Protocol::resp2 && !allowed_while_subscribed(name)) {
        refuse("ERR Can't execute '" + command->name +
               "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
        return;
    }
    last_command = command->name;
    if (transaction && is_queued_in_transaction(name)) {
        if (command->has_flag("no_multi")) {
            refuse("ERR Command not allowed inside a transaction");
            return;
        }
        transaction->bytes += bytes_of(request);
        transaction->requests.push_back(std::move(request));
        writer.simple_string("QUEUED");
        return;
    }
    Called called(*figures, *command, arguments);
    if (const auto handler = find_handler(name)) {
        if (const auto ask = find_asker(name)) {
            if (auto question = ask(server_, arguments)) {
                await(std::move(*question), true, std::move(called));
                if (server_.monitored() && is_monitored(*command)) show_monitors(arguments);
                return;
            }
        }
        const auto& to = silent() ? discarded : out_;
        const auto before = to.size();
        handled_ = std::move(called);
        Invocation invocation{server_, *this, arguments, writer};
        handler(invocation);
        if (handled_) count(std::exchange(handled_, {}), std::string_view(to).substr(std::min(before, to.size())));
        // Afterwards, as Redis does: SELECT shows the new database. EXEC shows itself behind what it carries out.
        if (server_.monitored() && is_monitored(*command) && name != "exec") show_monitors(arguments);
        return;
    }
    if (!command->function) {
        refuse(commands::wrong_arity_error(command->name));
        return;
    }
    if (const auto timeout = commands::timeout_of(*command, arguments)) {
        begin_wait(*command, std::move(request), *timeout, std::move(called));
        return;
    }
    run_data_command(*command, std::move(request), std::move(called));
}

void Client::begin_wait(commands::Command& command, resp::Request request, std::uint64_t timeout, Called called) {
    if (server_.monitored() && is_monitored(command)) show_monitors(request.arguments);
    const auto number = server_.waiting_room().next_number();
    auto bound = commands::bind_waiting(command, std::move(request.arguments), number);
    if (auto* error = std::get_if<std::string>(&bound)) {
        count(called, true);
        if (!silent()) deferred_error_ = std::move(*error);
        return;
    }
    wait_ = std::make_unique<Wait>(*this, server_, number, std::get<commands::BoundCall>(std::move(bound)), timeout,
                                   std::move(called));
    wait_->attempt();
}

// Sends this command and those that follow it, as far as they are of the same kind.
void Client::run_data_command(commands::Command& first, resp::Request request, Called called) {
    auto job = std::make_shared<CommandsJob>(*this);
    job->database = database;
    job->slow = first.slow;
    auto* command = &first;
    const auto begun = called.begun;
    std::size_t locks = 0;
    while (true) {
        job->bytes += bytes_of(request);
        if (server_.monitored() && is_monitored(*command)) show_monitors(request.arguments);
        if (server_.tells_misses()) {
            if (auto misses = misses_call(*command, request.arguments))
                job->add(Question{std::move(*misses), [](const postgres::Rows*, const postgres::Failure*, resp::ReplyWriter&) {}},
                         {});
        }
        auto bound = commands::bind(*command, std::move(request.arguments));
        if (auto* error = std::get_if<std::string>(&bound)) {
            count(called, true);
            if (!silent()) deferred_error_ = std::move(*error);
            break;
        }
        job->add(std::get<commands::BoundCall>(std::move(bound)), std::move(called));
        locks += job->calls.back().locked_keys.size();
        if (skipping_ || job->slow || job->calls.size() >= job_calls_ || locks >= max_job_locks ||
            job->bytes > max_parsed_bytes || requests_.empty()) {
            break;
        }
        const auto& next = requests_.front().arguments;
        command = server_.registry()->find(next);
        if (command == nullptr || !command->function || command->slow || command->waiting || !command->arity_fits(next.size()) ||
            find_handler(command->name) != nullptr || is_paused(requests_.front())) {
            break;
        }
        if (server_.log().enabled(operations::LogLevel::Debug)) log_request(requests_.front());
        ++server_.statistics().commands_processed;
        last_command = command->name;
        request = std::move(requests_.front());
        called = {server_.command_statistics().of(command->name), *command, request.arguments, begun};
        requests_.pop_front();
        request_bytes_ -= bytes_of(request);
    }
    if (!job->calls.empty()) submit(std::move(job));
}

void Client::submit(std::shared_ptr<ClientJob> job) {
    hold(job);
    server_.dispatcher().submit(std::move(job));
}

void Client::hold(std::shared_ptr<ClientWork> work) {
    if (job_) job_->detach();
    job_ = std::move(work);
    if (handled_) job_->measure(std::exchange(handled_, {}));
}

void Client::push(std::string_view frame) {
    if (closing_ || close_after_reply_ || overflowed_) return;
    const auto hard = output_limit().hard;
    overflowed_ = hard > 0 && unsent_bytes() + frame.size() > hard;
    if (!overflowed_) out_ += frame;
}

void Client::send_pushed() {
    flush();
    if (!closing_) update_reading();
}

void Client::await(const std::string& sql, std::vector<postgres::Type> types, std::vector<postgres::Value> values, bool slow,
                   Continuation done, std::vector<std::string> locked_keys) {
    auto call = internal_call(sql, std::move(types), std::move(values));
    call.locked_keys = std::move(locked_keys);
    await({std::move(call), std::move(done)}, slow, {});
}

void Client::await(Question question, bool slow, Called called) {
    auto job = std::make_shared<CommandsJob>(*this);
    job->add(std::move(question), std::move(called));
    job->database = database;
    job->slow = slow;
    submit(std::move(job));
}

void Client::ask_others(const std::vector<std::string>& command, Combine combine, Called called) {
    if (job_ && job_->ask_others(command, combine)) return;
    if (called) handled_ = std::move(called);
    const auto question = std::make_shared<QuestionJob>(*this, std::move(combine));
    hold(question);
    server_.peers().ask(command, [question](const std::vector<std::string>& answers) { question->on_answers(answers); });
}

void Client::count(const Called& called, bool failed) const {
    const auto took = uv_hrtime() - called.begun;
    CommandStatistics::count_call(*called.figures, took, failed);
    server_.slow_log().offer(called.shown, took, address, name);
}

void Client::count(const Called& called, std::string_view reply) const {
    const bool failed = reply.starts_with('-');
    count(called, failed);
    if (failed) server_.command_statistics().count_error(reply);
}

void Client::show_monitors(const std::vector<std::string>& arguments) const {
    server_.show_monitors(monitor_line(database, address, arguments));
}

void Client::deliver(std::string_view bytes) {
    if (reply_mode == ReplyMode::off) return;
    push(bytes);
    server_.flush_soon(*this);
}

void Client::unwatch() {
    std::string tokens;
    for (const auto& watch : watches) {
        if (watch.token.starts_with("absent:")) tokens += (tokens.empty() ? "{" : ",") + watch.token;
    }
    watches.clear();
    if (!tokens.empty())
        server_.control().query("SELECT redis.unwatch(VARIADIC $1::pg_catalog.text[])", {tokens + "}"}, [](const PGresult*) {});
}

void Client::on_job_done() {
    // Kept until here: callers up the stack are still in its code.
    const auto finished = std::move(job_);
    if (const auto calls = finished->call_count(); calls > 0)
        job_calls_ = std::clamp<std::size_t>(wanted_job_reply_bytes * calls / (finished->reply_bytes() + 1), 1, max_job_calls);
    if (finished->is_transaction()) unwatch();
    if (wait_ && wait_->settle()) wait_.reset();
    pump();
}

void Client::write_wait_end(WaitEnd how) {
    if (silent()) return;
    resp::ReplyWriter writer(out_, protocol);
    if (how == WaitEnd::timeout) {
        writer.null_array();
    } else {
        writer.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    }
}

void Client::end_wait(WaitEnd how) {
    write_wait_end(how);
    wait_.reset();
    pump();
}

void Client::reject(std::string_view error) {
    resp::ReplyWriter(out_, protocol).error(error);
    close_after_reply_ = true;
    flush();
}

void Client::refuse_requests(std::string_view error) {
    waiting_since = 0;
    for (; !requests_.empty(); requests_.pop_front()) resp::ReplyWriter(out_, protocol).error(error);
    request_bytes_ = 0;
    flush();
}

void Client::flush() {
    if (closing_) return;
    auto* stream = reinterpret_cast<uv_stream_t*>(handle_);
    if (!out_.empty() && sending_bytes_ == 0) {
        if (server_.log().enabled(operations::LogLevel::Debug))
            server_.log().debug("client {} {} < {}", id, address, resp::quote(out_));
        auto buffer = uv_buf_init(out_.data(), static_cast<unsigned>(std::min<std::size_t>(out_.size(), 1U << 30)));
        const int sent = uv_try_write(stream, &buffer, 1);
        if (sent > 0) {
            server_.statistics().output_bytes += static_cast<std::uint64_t>(sent);
            if (static_cast<std::size_t>(sent) == out_.size()) {
                out_.clear();
                if (out_.capacity() > 16384) out_.shrink_to_fit();
            } else {
                out_.erase(0, static_cast<std::size_t>(sent));
            }
        } else if (sent < 0 && sent != UV_EAGAIN) {
            close();
            return;
        }
        if (!out_.empty()) {
            auto write = std::make_unique<Write>(Write{{}, this, std::exchange(out_, {})});
            sending_bytes_ = write->bytes.size();
            buffer =
                uv_buf_init(write->bytes.data(), static_cast<unsigned>(std::min<std::size_t>(write->bytes.size(), 1U << 30)));
            if (sending_bytes_ > buffer.len) {
                out_.assign(write->bytes, buffer.len);
                sending_bytes_ = buffer.len;
            }
            write->request.data = write.get();
            handle_->data = this;
            uv_write(&write->request, stream, &buffer, 1, [](uv_write_t* request, int status) {
                const std::unique_ptr<Write> finished(static_cast<Write*>(request->data));
                // The client is gone when its handle was closed under the write.
                if (request->handle->data != nullptr) finished->client->on_written(finished->bytes.size(), status != 0);
            });
            static_cast<void>(write.release());  // owned by its callback now
        }
    }
    check_output_limit();
    if (closing_) return;
    if (close_after_reply_ && unsent_bytes() == 0) close();
}

const OutputLimit& Client::output_limit() const {
    return server_.settings().output_limit(subscribed() ? ClientClass::pubsub : ClientClass::normal);
}

void Client::check_output_limit() {
    const auto& limit = output_limit();
    const auto unsent = unsent_bytes();
    if (limit.soft == 0 || unsent <= limit.soft) {
        over_soft_limit_since_ = 0;
    } else if (over_soft_limit_since_ == 0) {
        over_soft_limit_since_ = uv_now(server_.loop());
    }
    const bool too_long =
        over_soft_limit_since_ != 0 && uv_now(server_.loop()) - over_soft_limit_since_ > limit.soft_seconds * 1000;
    if (!overflowed_ && !too_long && (limit.hard == 0 || unsent <= limit.hard)) return;
    ++server_.statistics().output_limit_disconnections;
    server_.log().warning("client {} {} closed: {} bytes of replies wait to be read, over the output buffer limit", id, address,
                          unsent);
    close();
}

void Client::on_written(std::size_t bytes, bool failed) {
    server_.statistics().output_bytes += bytes;
    sending_bytes_ = 0;
    if (failed) {
        close();
        return;
    }
    flush();
    if (!closing_) pump();
}

void Client::update_reading() {
    const bool wanted =
        !close_after_reply_ && protocol_error_.empty() &&
        (stuck() ? query_bytes() < std::min(max_unparsed_bytes, query_limit() / 2) : unparsed_.empty() && has_room());
    if (wanted == reading_) return;
    reading_ = wanted;
    auto* stream = reinterpret_cast<uv_stream_t*>(handle_);
    if (wanted) {
        uv_read_start(stream, on_alloc, on_read);
    } else {
        uv_read_stop(stream);
    }
}

void Client::close_after_reply() { close_after_reply_ = true; }

void Client::close() {
    if (closing_) return;
    closing_ = true;
    unwatch();
    server_.subscriptions().forget(*this);
    uv_read_stop(reinterpret_cast<uv_stream_t*>(handle_));
    if (job_) job_->detach();
    if (wait_) {
        wait_->abandon();
        wait_.reset();
    }
    server_.forget(*this);
}

std::string Client::describe() const {
    const auto now = uv_now(server_.loop());
    uv_os_fd_t fd = -1;
    uv_fileno(reinterpret_cast<const uv_handle_t*>(handle_), &fd);
    std::string flags;
    if (monitoring) flags += 'O';
    if (transaction) flags += 'x';
    if (close_after_reply_) flags += 'c';
    if (closing_) flags += 'A';
    if (subscribed()) flags += 'P';
    if (waiting() || postponed) flags += 'b';
    if (no_evict) flags += 'e';
    if (no_touch) flags += 'T';
    if (flags.empty()) flags = "N";
    const auto subscribed_to = [this](SubscriptionKind kind) { return subscriptions ? subscriptions->count(kind) : 0; };
    return fmt::format(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={} qbuf={} qbuf-free=0 "
        "argv-mem=0 "
        "multi-mem=0 rbs={} rbp=0 obl={} oll={} omem={} tot-mem={} events={} cmd={} user=default redir=-1 resp={} lib-name={} "
        "lib-ver={}",
        id, address, local_address, fd, name, (now - connected_at) / 1000, (now - last_interaction) / 1000, flags, database,
        subscribed_to(SubscriptionKind::channel), subscribed_to(SubscriptionKind::pattern),
        subscribed_to(SubscriptionKind::shard), transaction ? static_cast<std::int64_t>(transaction->requests.size()) : -1,
        query_bytes(), out_.capacity(), out_.size(), sending_bytes_ > 0 ? 1 : 0, sending_bytes_,
        sizeof(Client) + sizeof(uv_tcp_t) + query_bytes() + unsent_bytes(), reading_ ? "r" : "w", last_command,
        protocol == resp::Protocol::resp3 ? 3 : 2, library_name, library_version);
}

void Client::log_request(const resp::Request& request) const {
    const auto& arguments = request.arguments;
    const auto secrets = commands::secret_positions(arguments);
    std::string line;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool secret = std::find(secrets.begin(), secrets.end(), i) != secrets.end();
        line += (i > 0 ? " " : "") + (secret ? commands::redacted : resp::quote(arguments[i]));
    }
    server_.log().debug("client {} {}: {}", id, address, line);
}

}  // namespace pgredis::clients
