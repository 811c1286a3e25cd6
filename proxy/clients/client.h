// One client connection: reads requests, runs them in order, writes replies in order.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/called.h"
#include "clients/question.h"
#include "clients/settings.h"
#include "clients/subscriptions.h"
#include "clients/transactions.h"
#include "clients/waiting.h"
#include "commands/registry.h"
#include "postgres/job.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace pgredis::clients {

class Server;
class ClientJob;
class ClientWork;

class Client {
 public:
    enum class ReplyMode : std::uint8_t { on, off, skip_next };

    // Takes the connection that waits on `listener`; null when there was none. The server owns the client.
    static std::unique_ptr<Client> accept(Server& server, uv_stream_t* listener);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // Runs what can be run now: called when requests arrived, an answer came, or the server can go on.
    void pump();
    // Closes after all replies so far are sent; nothing more is read.
    void close_after_reply();
    // Closes at once. The server deletes the client later.
    void close();

    // Runs one internal statement in the client's turn: later requests wait; `done` writes the reply.
    // Called: the command that the question answers, if it is one.
    void await(Question question, bool slow, Called called);
    void await(const std::string& sql, std::vector<postgres::Type> types, std::vector<postgres::Value> values, bool slow,
               Continuation done, std::vector<std::string> locked_keys = {});
    // The same with a job of the caller's own; a job at work that does this is done itself.
    void submit(std::shared_ptr<ClientJob> job);
    // Lets later requests wait until this is done; whoever carries it out keeps it alive.
    void hold(std::shared_ptr<ClientWork> work);
    // Asks the other proxies this command; `combine` writes the reply out of their answers (maybe none, maybe at once).
    // Called: the command, where no handler is at it.
    void ask_others(const std::vector<std::string>& command, Combine combine, Called called = {});
    // Sends this, which answers no request of the client, soon.
    void deliver(std::string_view bytes);
    // This command of the client is answered: with an error or not, or with these bytes, whose error counts too.
    void count(const Called& called, bool failed) const;
    void count(const Called& called, std::string_view reply) const;
    // Shows this command of the client to those who MONITOR.
    void show_monitors(const std::vector<std::string>& arguments) const;
    // The reply of a wait that ends without an answer; and the end of it.
    void write_wait_end(WaitEnd how);
    void end_wait(WaitEnd how);
    // Adds a frame that is no reply: it is sent in silent modes too, by the next send_pushed() or with the next reply.
    void push(std::string_view frame);
    void send_pushed();
    // Closes the connection when more waits to be read than may.
    void check_output_limit();
    // Gives up all watches.
    void unwatch();

    [[nodiscard]] bool closing() const { return closing_; }
    [[nodiscard]] bool busy() const { return job_ != nullptr; }
    // For a command's handler: is it one of those of an EXEC?
    [[nodiscard]] bool in_exec() const { return job_ != nullptr; }
    // Is it blocked?
    [[nodiscard]] bool waiting() const { return wait_ != nullptr && wait_->blocked(); }
    // Does the request at work get no reply (CLIENT REPLY)?
    [[nodiscard]] bool silent() const { return skipping_ || reply_mode == ReplyMode::off; }
    [[nodiscard]] bool subscribed() const { return subscriptions != nullptr; }
    [[nodiscard]] bool has_requests() const { return !requests_.empty(); }
    [[nodiscard]] std::string describe() const;  // the line of CLIENT LIST, without the newline
    // As CLIENT LIST and CLIENT KILL know types.
    [[nodiscard]] std::string_view type() const { return subscribed() ? "pubsub" : "normal"; }
    [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() + sending_bytes_; }
    [[nodiscard]] bool authenticated() const { return authenticated_; }
    void set_authenticated(bool authenticated) {
        authenticated_ = authenticated;
        parser_.set_authenticated(authenticated);
    }
    // The reply to CLIENT REPLY ON, which ends its own silence.
    void write_unsilenced_ok() { resp::ReplyWriter(out_, protocol).simple_string("OK"); }
    // Answers with this error, then closes.
    void reject(std::string_view error);
    // Answers everything that waits with this error.
    void refuse_requests(std::string_view error);
    void set_keepalive(unsigned seconds);
    // Gives the socket what there is to be sent.
    void flush();

    // Session state, as the connection commands see and change it.
    std::int64_t id = 0;  // 0 until the database has given one
    std::string name;
    std::string library_name;
    std::string library_version;
    std::string last_command = "NULL";
    std::int16_t database = 0;
    resp::Protocol protocol = resp::Protocol::resp2;
    ReplyMode reply_mode = ReplyMode::on;
    bool no_evict = false;
    bool no_touch = false;
    bool monitoring = false;
    std::unique_ptr<Transaction> transaction;  // between MULTI and EXEC
    std::vector<Watch> watches;
    std::unique_ptr<ClientSubscriptions> subscriptions;  // while there are any
    bool postponed = false;                              // its next command waits for the end of CLIENT PAUSE
    bool touched = false;                                // has pushed frames to be sent
    std::uint64_t connected_at;                          // loop time in milliseconds
    std::uint64_t last_interaction;                      // the same
    std::uint64_t waiting_since = 0;                     // 0: not waiting for the server
    std::string address;
    std::string local_address;

 private:
    friend class ClientWork;
    struct Write;

    Client(Server& server, uv_tcp_t* handle);

    static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer);
    static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer);
    void on_input();
    // Parses while there is room for requests, and returns the bytes behind them.
    std::string_view parse(std::string_view bytes);
    void parse_rest();  // of what arrived before
    [[nodiscard]] bool has_room() const;
    [[nodiscard]] bool stuck() const;  // it does not read its replies
    [[nodiscard]] std::size_t query_limit() const;
    [[nodiscard]] std::size_t query_bytes() const {
        return parser_.buffered_bytes() + unparsed_.size() - parsed_bytes_ + request_bytes_;
    }
    void run_requests();
    void queue_parsed(resp::RequestParser::Status status);
    [[nodiscard]] bool is_paused(const resp::Request& request) const;
    [[nodiscard]] bool counts_as_write(const commands::Command& command, const std::vector<std::string>& arguments) const;
    void run(resp::Request request);
    void run_data_command(commands::Command& first, resp::Request request, Called called);
    void begin_wait(commands::Command& command, resp::Request request, std::uint64_t timeout, Called called);
    void on_job_done();
    [[nodiscard]] const OutputLimit& output_limit() const;
    void on_written(std::size_t bytes, bool failed);
    void update_reading();
    void log_request(const resp::Request& request) const;

    Server& server_;
    uv_tcp_t* handle_;  // freed by its close callback
    resp::RequestParser parser_;
    std::deque<resp::Request> requests_;
    std::size_t request_bytes_ = 0;
    std::string unparsed_;          // arrived while no more requests were to be parsed …
    std::size_t parsed_bytes_ = 0;  // … of which so many are by now
    std::string protocol_error_;    // to be answered after the requests before it
    std::string deferred_error_;    // the reply to the request behind the job in flight
    std::shared_ptr<ClientWork> job_;
    Called handled_;                 // the command that a handler is at, until a job takes it over
    std::unique_ptr<Wait> wait_;     // for the answer of a blocking command; later requests wait too
    std::size_t job_calls_ = 16;     // how many calls the next job may have
    std::string out_;                // replies not yet given to the socket
    std::size_t sending_bytes_ = 0;  // replies given to libuv, not yet taken by the socket
    bool authenticated_ = true;
    std::uint64_t over_soft_limit_since_ = 0;  // loop time; 0: it is not
    bool overflowed_ = false;                  // pushed more than it may have unread
    bool skipping_ = false;                    // the request at work came after CLIENT REPLY SKIP
    bool reading_ = true;
    bool closing_ = false;
    bool close_after_reply_ = false;
    bool pumping_ = false;
};

}  // namespace pgredis::clients
