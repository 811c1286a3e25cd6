// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "commands/registry.h"
#include "postgres/job.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace pgredis::clients {

class Client;
class ClientJob;
class Server;
struct Invocation;

// What MULTI began.
struct Transaction {
    std::vector<resp::Request> requests;
    std::size_t bytes = 0;
    bool failed = false;  // a command was refused: EXEC will refuse them all
};

struct Watch {
    std::int16_t database;
    std::string key;
    std::string token;  // of redis.watch()
};

// What stands before an EXEC's commands in SQL: the locks on its keys, each with its database, or on everything; the look at what
// is watched; and SELECT, in their midst.
[[nodiscard]] postgres::Call begin_transaction_call(const std::vector<std::int16_t>& databases, std::vector<std::string> keys,
                                                    bool everything);
[[nodiscard]] postgres::Call check_watches_call(const std::vector<Watch>& watches);
[[nodiscard]] postgres::Call select_in_transaction_call(std::int16_t database);

// What SELECT and HELLO, queued in a transaction, change for the commands behind them.
void follow_connection_command(const Server& server, const commands::Command& command, const std::vector<std::string>& arguments,
                               std::int16_t& database, resp::Protocol& protocol);

void handle_multi(Invocation& invocation);
void handle_exec(Invocation& invocation);
void handle_discard(Invocation& invocation);
void handle_watch(Invocation& invocation);
void handle_unwatch(Invocation& invocation);

// Must this command be queued while a transaction is open? All but a few are.
[[nodiscard]] bool is_queued_in_transaction(std::string_view command_name);

}  // namespace pgredis::clients
