// Pub/sub messages as they stand in notifications: see redis.message_frame() in sql/pubsub.sql.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::clients {

struct Message {
    char kind = 'c';  // c channel, s shard channel
    std::string channel;
    std::string text;
    std::int64_t id = 0;  // of a message that is too long for a notification and has to be fetched: all that is known of it
};

// The messages of one notification, in order; nothing when it is none of ours.
[[nodiscard]] std::optional<std::vector<Message>> decode_messages(std::string_view notification);

// Bytes from their hexadecimal digits; what is no digit ends them.
[[nodiscard]] std::string decode_hex(std::string_view digits);

}  // namespace pgredis::clients
