// Clients that wait for a key: BLPOP and its kin. The database knows them too (sql/internal/waiting.sql), in the order they came
// over all proxies. A wait is a call that is made again whenever a notification says that there may be something for it; in
// between it holds nothing but a timer.
#pragma once

#include <uv.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/called.h"
#include "commands/binding.h"
#include "postgres/job.h"

namespace pgredis::clients {

class Client;
class Server;

// How a wait can end without an answer.
enum class WaitEnd : std::uint8_t { timeout, error };

// One client's wait: from its first attempt, most of which have an answer at once, to its reply. The client owns it.
class Wait {
 public:
    // `timeout` in milliseconds, 0: none. What counts of the command's time is that of the attempt that succeeds.
    Wait(Client& client, Server& server, std::int64_t number, commands::BoundCall bound, std::uint64_t timeout, Called called);
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait();

    // Tries, or when it is at it, once more afterwards. Out of turn: it has been passed over for long.
    void attempt(bool out_of_turn = false);
    // This look found something for it. If the look before did as well, it does not heed the line any more.
    void on_overlooked(std::uint64_t look);
    // What held an attempt back (CLIENT PAUSE) is over, perhaps.
    void resume();
    // Ends it without an answer; false when it cannot be ended because it is not known yet whether it waits.
    bool end(WaitEnd how);
    // The client goes away.
    void abandon();

    // The attempt's answers, before its job is done.
    void on_answered() { outcome_ = Outcome::answered; }
    void on_nothing_there() { outcome_ = Outcome::nothing_there; }
    // Its job is done. True when the wait is over, its reply written.
    [[nodiscard]] bool settle();

    // Is the client known to wait?
    [[nodiscard]] bool blocked() const { return listed_; }
    [[nodiscard]] std::int64_t number() const { return number_; }
    [[nodiscard]] const Client& client() const { return client_; }
    [[nodiscard]] const Called& called() const { return called_; }

 private:
    enum class Outcome : std::uint8_t { nothing_there, answered };

    void start_timer();
    void leave();
    void count_end();

    Client& client_;
    Server& server_;
    const std::int64_t number_;
    const commands::BoundCall bound_;
    const std::uint64_t deadline_;  // loop time, 0: none
    Called called_;
    uv_timer_t* timer_ = nullptr;  // while it is blocked and has a deadline
    Outcome outcome_ = Outcome::nothing_there;
    std::uint64_t overlooked_at_ = 0;
    bool listed_ = false;  // the database has it in line
    bool again_ = false;   // woken during an attempt, or held back
    bool ending_ = false;  // when the attempt in flight brings nothing
    WaitEnd how_ = WaitEnd::timeout;
};

// All waits of this proxy.
class WaitingRoom {
 public:
    explicit WaitingRoom(Server& server) : server_(server) {}

    [[nodiscard]] std::int64_t next_number();
    void add(Wait& wait) { waits_.emplace(wait.number(), &wait); }
    void remove(const Wait& wait) { waits_.erase(wait.number()); }

    // A notification: the numbers of waits, of all proxies, separated by blanks.
    void wake(std::string_view numbers);
    // Everybody tries again, in the order they came: notifications may have been lost, and lines forgotten.
    void look_again();
    // The slow look at what notifications should have told.
    void look_for_overlooked();
    // CLIENT UNBLOCK; false when that client does not wait.
    bool unblock(std::int64_t client_id, WaitEnd how);
    [[nodiscard]] std::size_t blocked_clients() const;

    // Takes a wait out of the database's lines. Without its keys, where they are not known, it takes longer.
    void leave(std::int64_t number, std::int16_t database, std::vector<std::string> keys);

 private:
    Server& server_;
    std::map<std::int64_t, Wait*> waits_;  // by number: in the order they came
    std::uint32_t last_number_ = 0;
    std::uint64_t looks_ = 1;  // for what was overlooked
};

}  // namespace pgredis::clients
