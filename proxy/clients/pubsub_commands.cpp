// SUBSCRIBE, UNSUBSCRIBE and their kin. PUBLISH and PUBSUB are SQL: sql/pubsub.sql.
#include <iterator>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "clients/subscriptions.h"

namespace pgredis::clients {

namespace {

std::vector<std::string> take_names(Invocation& invocation) {
    auto& arguments = invocation.arguments;
    return {std::make_move_iterator(arguments.begin() + 1), std::make_move_iterator(arguments.end())};
}

// Where the confirmations of an EXEC's commands go; others are frames of their own.
resp::ReplyWriter* exec_writer(Invocation& invocation) { return invocation.client.in_exec() ? &invocation.writer : nullptr; }

template <SubscriptionKind kind>
void subscribe(Invocation& invocation) {
    invocation.server.subscriptions().change(invocation.client, kind, true, take_names(invocation), exec_writer(invocation));
}

template <SubscriptionKind kind>
void unsubscribe(Invocation& invocation) {
    invocation.server.subscriptions().change(invocation.client, kind, false, take_names(invocation), exec_writer(invocation));
}

}  // namespace

void handle_subscribe(Invocation& invocation) { subscribe<SubscriptionKind::channel>(invocation); }
void handle_psubscribe(Invocation& invocation) { subscribe<SubscriptionKind::pattern>(invocation); }
void handle_ssubscribe(Invocation& invocation) { subscribe<SubscriptionKind::shard>(invocation); }
void handle_unsubscribe(Invocation& invocation) { unsubscribe<SubscriptionKind::channel>(invocation); }
void handle_punsubscribe(Invocation& invocation) { unsubscribe<SubscriptionKind::pattern>(invocation); }
void handle_sunsubscribe(Invocation& invocation) { unsubscribe<SubscriptionKind::shard>(invocation); }

bool allowed_while_subscribed(std::string_view name) {
    return name == "ping" || name == "quit" || name == "reset" || name.ends_with("subscribe");
}

}  // namespace pgredis::clients
