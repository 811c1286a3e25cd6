// Who has subscribed to what, of this proxy's clients. The database knows only how many: redis.subscriptions is told through the
// control connection, on which the messages arrive too, so that it is certain which came first.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "clients/messages.h"
#include "resp/reply_writer.h"

struct pg_result;

namespace pgredis::clients {

class Client;
class Server;
class SubscriptionJob;

enum class SubscriptionKind : std::uint8_t { channel, pattern, shard };
inline constexpr std::size_t subscription_kinds = 3;

// What one client has subscribed to.
struct ClientSubscriptions {
    std::array<std::unordered_set<std::string>, subscription_kinds> names;  // by kind

    [[nodiscard]] std::unordered_set<std::string>& of(SubscriptionKind kind) { return names[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] std::size_t count(SubscriptionKind kind) const { return names[static_cast<std::size_t>(kind)].size(); }
    [[nodiscard]] std::size_t total() const { return names[0].size() + names[1].size() + names[2].size(); }
};

class Subscriptions {
 public:
    explicit Subscriptions(Server& server);
    Subscriptions(const Subscriptions&) = delete;
    Subscriptions& operator=(const Subscriptions&) = delete;
    ~Subscriptions();

    // Carry out a client's SUBSCRIBE, UNSUBSCRIBE or one of their kin, and answer it when the database knows. The client's later
    // requests wait meanwhile, save in the replies of an EXEC, where nothing can: there it is answered at once, into in_exec, and
    // then the database is told.
    void change(Client& client, SubscriptionKind kind, bool subscribes, std::vector<std::string> names,
                resp::ReplyWriter* in_exec);
    // The client is going away, or RESET.
    void forget(Client& client);

    // The control connection is there (again); what was registered may be gone; a notification arrived; so far that was all.
    void on_connected();
    void on_joined();
    void on_notification(std::string_view text);
    void on_drained();
    // Called now and then: clients do not wait for ever for a database that is away.
    void on_tick();

    // How many different names have subscribers here.
    [[nodiscard]] std::size_t count(SubscriptionKind kind) const;

 private:
    friend class SubscriptionJob;

    struct Entry {
        explicit Entry(SubscriptionKind kind) : kind(kind) {}

        SubscriptionKind kind;
        std::vector<Client*> clients;  // those that have their answer
        int arriving = 0;              // those that wait for it
        int leaving = 0;               // those of `clients` that wait for the answer to UNSUBSCRIBE
        int registered = 0;            // what the database knows; -1: not sure
        bool dirty = false;            // in dirty_

        [[nodiscard]] int wanted() const;
    };
    using Entries = std::unordered_map<std::string, Entry>;
    using Change = std::pair<Entries::value_type*, int>;  // an entry and how many clients are registered for it

    void add(Client& client, SubscriptionKind kind, const std::string& name);
    void remove(Client& client, SubscriptionKind kind, const std::string& name);
    void touch(Entries::value_type& changed);
    void clean(Entries::value_type& changed);
    void flush();
    void listen(bool wanted);
    void on_registered(const pg_result* result, const std::vector<Change>& changes,
                       std::vector<std::shared_ptr<SubscriptionJob>> jobs);
    void finish(const std::vector<std::shared_ptr<SubscriptionJob>>& jobs, const std::string& error);
    void deliver_inbound();
    void fetch(std::int64_t id);
    void on_fetched(const pg_result* result, std::int64_t id);
    void deliver(const Message& message);
    void flush_clients();

    Server& server_;
    std::array<Entries, subscription_kinds> entries_;
    std::vector<Entries::value_type*> dirty_;                // to be registered with the next call
    std::vector<std::shared_ptr<SubscriptionJob>> waiting_;  // for that call
    std::vector<std::shared_ptr<SubscriptionJob>> leaving_;  // registered: they go when the messages before that are delivered
    bool registering_ = false;
    bool listening_ = false;
    std::deque<Message> inbound_;  // behind a long message that is being fetched
    Message long_message_;
    bool fetching_ = false;
    std::vector<Client*> touched_;  // have something to be sent
    std::size_t touched_bytes_ = 0;
};

}  // namespace pgredis::clients
