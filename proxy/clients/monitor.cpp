#include "clients/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/secrets.h"
#include "resp/reply_escape.h"

namespace pgredis::clients {

bool is_monitored(const commands::Command& command) { return !command.has_flag("admin"); }

std::string monitor_line(std::int16_t database, std::string_view source, const std::vector<std::string>& arguments) {
    const auto secrets = commands::secret_positions(arguments);
    auto line = fmt::format("[{} {}]", database, source);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool secret = std::find(secrets.begin(), secrets.end(), i) != secrets.end();
        line += secret ? fmt::format(" \"{}\"", commands::redacted) : " " + resp::quote(arguments[i]);
    }
    return line;
}

std::string monitor_time() {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
    return fmt::format("{}.{:06}", now.count() / 1000000, now.count() % 1000000);
}

void handle_monitor(Invocation& invocation) {
    auto& client = invocation.client;
    if (client.in_exec()) {
        invocation.writer.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    } else if (!client.monitoring) {  // else no reply at all, as in Redis
        invocation.server.start_monitor(client);
        invocation.writer.simple_string("OK");
    }
}

}  // namespace pgredis::clients
