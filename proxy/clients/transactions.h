// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "resp/request_parser.h"

namespace pgredis::clients {

class Client;
class ClientJob;
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

void handle_multi(Invocation& invocation);
void handle_exec(Invocation& invocation);
void handle_discard(Invocation& invocation);
void handle_watch(Invocation& invocation);
void handle_unwatch(Invocation& invocation);

// Must this command be queued while a transaction is open? All but a few are.
[[nodiscard]] bool is_queued_in_transaction(std::string_view command_name);

}  // namespace pgredis::clients
