#include "clients/settings.h"

#include <algorithm>
#include <climits>

#include "commands/glob.h"
#include "commands/registry.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

// Redis's memtoull: a number and a unit; nothing when it is none.
std::optional<std::int64_t> parse_memory(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    const auto number = resp::parse_integer(text.substr(0, digits));
    if (!number) return std::nullopt;
    const auto unit = commands::lower(text.substr(digits));
    std::int64_t factor = 0;
    if (unit.empty() || unit == "b") factor = 1;
    if (unit == "k") factor = 1000;
    if (unit == "kb") factor = 1024;
    if (unit == "m") factor = 1000LL * 1000;
    if (unit == "mb") factor = 1024LL * 1024;
    if (unit == "g") factor = 1000LL * 1000 * 1000;
    if (unit == "gb") factor = 1024LL * 1024 * 1024;
    if (factor == 0 || *number > INT64_MAX / factor) return std::nullopt;
    return *number * factor;
}

}  // namespace

Settings::Settings(const operations::Config& config) {
    const auto fixed = [this](const char* name, std::string value) { all_[name] = {Kind::fixed, std::move(value), 0, 0, {}}; };
    const auto number = [this](const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
        all_[name] = {Kind::number, std::to_string(value), low, high, {}};
    };
    const auto memory = [this](const char* name, std::int64_t value) {
        all_[name] = {Kind::memory, std::to_string(value), 0, INT64_MAX, {}};
    };
    const auto yes_no = [this](const char* name, bool value) { all_[name] = {Kind::yes_no, value ? "yes" : "no", 0, 0, {}}; };
    const auto one_of = [this](const char* name, std::string value, std::vector<std::string> words) {
        all_[name] = {Kind::words, std::move(value), 0, 0, std::move(words)};
    };
    const auto text = [this](const char* name, std::string value) { all_[name] = {Kind::text, std::move(value), 0, 0, {}}; };

    fixed("bind", config.bind);
    fixed("port", std::to_string(config.port));
    fixed("databases", std::to_string(config.databases));
    fixed("appendonly", "yes");
    fixed("cluster-enabled", "no");
    fixed("daemonize", "no");
    fixed("supervised", "no");
    fixed("dir", "/");
    fixed("dbfilename", "");
    fixed("unixsocket", "");
    fixed("requirepass", config.password.empty() ? "" : "(set by --password-file or PGREDIS_PASSWORD)");
    fixed("maxmemory-clients", "0");
    number("maxclients", config.max_clients, 1, UINT_MAX);
    number("timeout", config.timeout, 0, INT_MAX);
    number("tcp-keepalive", config.tcp_keepalive, 0, INT_MAX);
    memory("proto-max-bulk-len", config.max_bulk_bytes);
    memory("client-query-buffer-limit", config.client_query_buffer_limit);
    one_of("loglevel", "notice", {"debug", "verbose", "notice", "warning", "nothing"});
    // What follows has no effect here, but tools and libraries ask for it, and set it.
    one_of("appendfsync", config.synchronous_commit == "off" ? "everysec" : "always", {"everysec", "always", "no"});
    text("save", "");
    memory("maxmemory", 0);
    one_of("maxmemory-policy", "noeviction",
           {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random",
            "noeviction"});
    number("maxmemory-samples", 5, 1, 64);
    number("hz", 10, 1, 500);
    yes_no("activedefrag", false);
    yes_no("activerehashing", true);
    yes_no("lazyfree-lazy-expire", true);
    yes_no("lazyfree-lazy-eviction", true);
    yes_no("lazyfree-lazy-server-del", true);
    yes_no("lazyfree-lazy-user-del", true);
    yes_no("lazyfree-lazy-user-flush", true);
    yes_no("rdbcompression", true);
    yes_no("rdbchecksum", true);
    yes_no("stop-writes-on-bgsave-error", true);
    yes_no("no-appendfsync-on-rewrite", false);
    yes_no("replica-read-only", true);
    number("auto-aof-rewrite-percentage", 100, 0, INT_MAX);
    number("repl-timeout", 60, 1, INT_MAX);
    number("slowlog-log-slower-than", 10000, -1, INT64_MAX);
    number("slowlog-max-len", 128, 0, INT64_MAX);
    number("latency-monitor-threshold", 0, 0, INT64_MAX);
    number("busy-reply-threshold", 5000, 0, INT64_MAX);
    number("lua-time-limit", 5000, 0, INT64_MAX);
    number("list-max-listpack-size", -2, INT_MIN, INT_MAX);
    number("list-max-ziplist-size", -2, INT_MIN, INT_MAX);
    number("list-compress-depth", 0, 0, INT_MAX);
    number("hash-max-listpack-entries", 512, 0, INT64_MAX);
    number("hash-max-listpack-value", 64, 0, INT64_MAX);
    number("hash-max-ziplist-entries", 512, 0, INT64_MAX);
    number("hash-max-ziplist-value", 64, 0, INT64_MAX);
    number("set-max-intset-entries", 512, 0, INT64_MAX);
    number("zset-max-listpack-entries", 128, 0, INT64_MAX);
    number("zset-max-listpack-value", 64, 0, INT64_MAX);
    number("zset-max-ziplist-entries", 128, 0, INT64_MAX);
    number("zset-max-ziplist-value", 64, 0, INT64_MAX);
    number("tracking-table-max-keys", 1000000, 0, INT64_MAX);
    text("client-output-buffer-limit", "normal " + std::to_string(config.client_output_buffer_limit) +
                                           " 0 0 slave 0 0 0 pubsub " + std::to_string(config.client_output_buffer_limit) +
                                           " 0 0");
    text("notify-keyspace-events", "");
}

std::vector<std::pair<std::string, std::string>> Settings::matching(std::string_view pattern) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [name, setting] : all_) {
        if (commands::glob_matches(pattern, name, true)) found.emplace_back(name, setting.value);
    }
    return found;
}

const std::string& Settings::value(std::string_view name) const { return all_.find(name)->second.value; }

std::int64_t Settings::number(std::string_view name) const { return resp::parse_integer(value(name)).value_or(0); }

bool Settings::known(std::string_view name) const { return all_.find(name) != all_.end(); }

std::optional<std::string> Settings::problem(std::string_view name, std::string_view value) const {
    const auto& setting = all_.find(name)->second;
    switch (setting.kind) {
        case Kind::fixed:
            return "can't set immutable config";
        case Kind::text:
            return std::nullopt;
        case Kind::yes_no: {
            const auto word = commands::lower(value);
            return word == "yes" || word == "no" ? std::nullopt : std::optional<std::string>("argument must be 'yes' or 'no'");
        }
        case Kind::words: {
            if (std::find(setting.words.begin(), setting.words.end(), commands::lower(value)) != setting.words.end())
                return std::nullopt;
            std::string list;
            for (const auto& word : setting.words) list += (list.empty() ? "" : ", ") + word;
            return "argument(s) must be one of the following: " + list;
        }
        case Kind::number:
        case Kind::memory: {
            const auto number = setting.kind == Kind::memory ? parse_memory(value) : resp::parse_integer(value);
            if (!number)
                return setting.kind == Kind::memory ? "argument must be a memory value"
                                                    : "argument couldn't be parsed into an integer";
            if (*number < setting.low || *number > setting.high) {
                return "argument must be between " + std::to_string(setting.low) + " and " + std::to_string(setting.high) +
                       " inclusive";
            }
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::string Settings::canonical(std::string_view name, std::string_view value) const {
    const auto kind = all_.find(name)->second.kind;
    if (kind == Kind::memory) return std::to_string(parse_memory(value).value_or(0));
    if (kind == Kind::yes_no || kind == Kind::words) return commands::lower(value);
    return std::string(value);
}

void Settings::set(std::string_view name, std::string_view value) {
    all_.find(name)->second.value = canonical(name, value);
    // Two names of one setting.
    if (name == "lua-time-limit") all_.find("busy-reply-threshold")->second.value = this->value(name);
    if (name == "busy-reply-threshold") all_.find("lua-time-limit")->second.value = this->value(name);
}

}  // namespace pgredis::clients
