// What a command of the proxy's own asks the database: one statement, and how its answer becomes the reply. Outside of MULTI it
// is awaited, in an EXEC it is one of the transaction's calls.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/job.h"
#include "resp/reply_writer.h"

namespace pgredis::clients {

class Server;

// Gets the rows, or the failure, once the statement's transaction is committed or refused.
using Continuation = std::function<void(const postgres::Rows*, const postgres::Failure*, resp::ReplyWriter&)>;

// Writes the reply when the other proxies have answered too: those of them that did.
using Combine = std::function<void(const std::vector<std::string>& answers, resp::ReplyWriter&)>;

// When all proxies have done it.
inline void write_ok_of_all(const std::vector<std::string>& /*answers*/, resp::ReplyWriter& writer) {
    writer.simple_string("OK");
}

struct Question {
    postgres::Call call;
    Continuation answer;
    // What the other proxies are asked when the call is committed, if they are; then `learn` gets their answers, before `answer`
    // is called.
    std::vector<std::string> others = {};
    std::function<void(const std::vector<std::string>& answers)> learn = nullptr;

    // For a question that asks others; keeps the rows.
    [[nodiscard]] Combine when_others_answered(const postgres::Rows& rows) const;
};

// A call of SQL that no registered command stands for.
[[nodiscard]] postgres::Call internal_call(const std::string& sql, std::vector<postgres::Type> types,
                                           std::vector<postgres::Value> values);

// The question of a command with these arguments; nothing where its handler answers alone.
using Asker = std::optional<Question> (*)(Server& server, const std::vector<std::string>& arguments);

// By the command's name as the registry has it; null for those that never ask.
[[nodiscard]] Asker find_asker(std::string_view name);

std::optional<Question> ask_config_set(Server& server, const std::vector<std::string>& arguments);
std::optional<Question> ask_info(Server& server, const std::vector<std::string>& arguments);

}  // namespace pgredis::clients
