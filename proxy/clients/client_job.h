// What a client waits for, and writes its replies as long as the client is there.
#pragma once

#include <optional>
#include <span>

#include "clients/client.h"
#include "postgres/job.h"

namespace pgredis::clients {

// A call ahead of a command that tells the subscribers of keymiss events which keys it reads in vain; nothing when it reads none.
[[nodiscard]] std::optional<postgres::Call> misses_call(const commands::Command& command, std::span<const std::string> arguments);

class ClientWork {
 public:
    explicit ClientWork(Client& client) : client_(&client), server_(client.server_) {}
    ClientWork(const ClientWork&) = delete;
    ClientWork& operator=(const ClientWork&) = delete;
    virtual ~ClientWork() = default;

    // The client is going away: what is still to come is carried out, and answered to nobody.
    void detach() { client_ = nullptr; }

    // How much its replies came to, and how many calls that were; no calls: that tells nothing.
    [[nodiscard]] std::size_t reply_bytes() const { return reply_bytes_; }
    [[nodiscard]] virtual std::size_t call_count() const { return 0; }
    // It is all that is left to do for this command.
    void measure(Called called) { called_ = std::move(called); }

    // Is it an EXEC, after which nothing is watched any more?
    [[nodiscard]] virtual bool is_transaction() const { return false; }

    // A command among those at work asks the other proxies (Client::ask_others). Does the job see to it, and to the reply?
    virtual bool ask_others(const std::vector<std::string>& /*command*/, const Combine& /*combine*/) { return false; }

 protected:
    [[nodiscard]] Client* client() const { return client_; }
    // Where a reply goes: nowhere when the client wants none.
    [[nodiscard]] std::string& out() {
        discarded_.clear();
        return client_->silent() ? discarded_ : client_->out_;
    }
    // Whatever the reply mode is.
    void send(std::string_view reply) { client_->out_ += reply; }
    [[nodiscard]] Server& server() const { return server_; }
    void count_reply(std::size_t bytes) { reply_bytes_ += bytes; }
    void fail_command() { failed_ = true; }
    void count_error(std::string_view reply);
    // After the last reply.
    void finish();

 private:
    Client* client_;
    Server& server_;
    std::size_t reply_bytes_ = 0;
    Called called_;
    bool failed_ = false;
    std::string discarded_;
};

// The same as a job of the dispatcher.
class ClientJob : public ClientWork, public postgres::Job {
 public:
    using ClientWork::ClientWork;

    [[nodiscard]] std::size_t call_count() const final { return calls.size(); }
    [[nodiscard]] bool is_transaction() const final { return transaction; }
    void on_done() override { finish(); }
};

}  // namespace pgredis::clients
