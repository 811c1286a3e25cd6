// The other proxies of the database: asks them something on behalf of a client, and answers what they ask. Both
// are notifications (sql/internal/proxies.sql says how they look). A proxy that is alone asks nobody.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/peer_questions.h"
#include "operations/log.h"
#include "postgres/query_connection.h"

namespace pgredis::clients {

class Peers {
 public:
    // What this proxy answers; may be given later.
    using Answer = std::function<void(std::string_view text)>;
    // Another proxy's client has given this command. To be answered in any case.
    using OnQuestion = std::function<void(const std::vector<std::string>& command, Answer answer)>;

    Peers(uv_loop_t* loop, postgres::QueryConnection& control, std::int32_t own_id, const operations::Logger& log,
          OnQuestion on_question);
    ~Peers();
    Peers(const Peers&) = delete;
    Peers& operator=(const Peers&) = delete;

    // Asks all other live proxies; `done` gets the answers of those that gave one within two seconds. Without a connection to
    // Postgres there are none, and `done` is called at once.
    void ask(const std::vector<std::string>& command, PeerQuestions::Done done);

    // The notifications: what follows the word.
    void on_ask(std::string_view text);
    void on_answer(std::string_view text);
    // Answers may have been lost with the connection.
    void on_lost();

 private:
    void watch();
    void on_watch();

    postgres::QueryConnection& control_;
    const std::int32_t own_id_;
    const operations::Logger& log_;
    OnQuestion on_question_;
    PeerQuestions questions_;
    std::map<std::pair<std::int32_t, std::int64_t>, Parts> incomplete_;  // others' questions, by asker and number
    uv_loop_t* loop_;
    uv_timer_t* timer_;  // runs while answers are waited for
};

}  // namespace pgredis::clients
