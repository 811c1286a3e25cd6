#include "clients/settings.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <iterator>

#include "commands/glob.h"
#include "commands/registry.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

constexpr std::int64_t one_megabyte = 1048576;

// Redis's memtoull: a number, which may be left out, and a unit; nothing when it is none. Too many bytes are as many as there can
// be.
std::optional<std::uint64_t> parse_memory(std::string_view text) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) return std::nullopt;
    const auto unit = commands::lower(text.substr(static_cast<std::size_t>(rest - text.data())));
    std::uint64_t factor = 0;
    if (unit.empty() || unit == "b") factor = 1;
    if (unit == "k") factor = 1000;
    if (unit == "kb") factor = 1024;
    if (unit == "m") factor = 1000UL * 1000;
    if (unit == "mb") factor = 1024UL * 1024;
    if (unit == "g") factor = 1000UL * 1000 * 1000;
    if (unit == "gb") factor = 1024UL * 1024 * 1024;
    if (factor == 0) return std::nullopt;
    return number > UINT64_MAX / factor ? UINT64_MAX : number * factor;
}

std::optional<std::int64_t> parse_percent(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    const auto number = resp::parse_integer(text.substr(0, text.size() - 1));
    return number && *number >= 0 ? number : std::nullopt;
}

constexpr std::string_view event_classes = "g$lshzxetd";  // which A stands for
constexpr std::string_view known_event_flags = "Ag$lshzxeKEtmdn";

// In Redis's order, A for all that it stands for.
std::string canonical_events(std::string_view flags) {
    const auto has = [flags](char flag) { return flags.find(flag) != std::string_view::npos; };
    std::string text;
    if (has('A') || std::all_of(event_classes.begin(), event_classes.end(), has)) {
        text = "A";
    } else {
        std::copy_if(event_classes.begin(), event_classes.end(), std::back_inserter(text), has);
    }
    for (const char flag : {'n', 'K', 'E', 'm'}) {
        if (has(flag)) text += flag;
    }
    return text;
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::string limits_text(const std::array<OutputLimit, 3>& limits) {
    std::string text;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        static constexpr std::array<std::string_view, 3> classes{"normal", "slave", "pubsub"};
        text.append(i == 0 ? "" : " ").append(classes[i]);
        for (const auto number : {limits[i].hard, limits[i].soft, static_cast<std::size_t>(limits[i].soft_seconds)})
            text += " " + std::to_string(number);
    }
    return text;
}

}  // namespace

Settings::Settings(const operations::Config& config) {
    const auto fixed = [this](const char* name, std::string value) {
        all_[name] = {.kind = Kind::fixed, .value = std::move(value)};
    };
    const auto number = [this](const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
        all_[name] = {.kind = Kind::number, .value = std::to_string(value), .low = low, .high = high};
    };
    const auto memory = [this](const char* name, std::int64_t value, std::int64_t low = 0) {
        all_[name] = {.kind = Kind::memory, .value = std::to_string(value), .low = low, .high = INT64_MAX};
    };
    const auto yes_no = [this](const char* name, bool value) {
        all_[name] = {.kind = Kind::yes_no, .value = value ? "yes" : "no"};
    };
    const auto one_of = [this](const char* name, std::string value, std::vector<std::string> words) {
        all_[name] = {.kind = Kind::words, .value = std::move(value), .words = std::move(words)};
    };
    const auto text = [this](const char* name, std::string value) {
        all_[name] = {.kind = Kind::text, .value = std::move(value)};
    };

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
    fixed("rdbchecksum", "yes");
    number("maxclients", config.max_clients, 1, UINT_MAX);
    number("timeout", config.timeout, 0, INT_MAX);
    number("tcp-keepalive", config.tcp_keepalive, 0, INT_MAX);
    memory("proto-max-bulk-len", config.max_bulk_bytes, one_megabyte);
    memory("client-query-buffer-limit", config.client_query_buffer_limit, one_megabyte);
    one_of("loglevel", "notice", {"debug", "verbose", "notice", "warning"});
    // What follows has no effect here, but tools and libraries ask for it, and set it.
    one_of("appendfsync", config.synchronous_commit == "off" ? "everysec" : "always", {"everysec", "always", "no"});
    text("save", "");
    memory("maxmemory", 0);
    all_["maxmemory-clients"] = {.kind = Kind::memory_or_percent, .value = "0", .high = INT64_MAX};
    one_of("maxmemory-policy", "noeviction",
           {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random",
            "noeviction"});
    number("maxmemory-samples", 5, 1, INT_MAX);
    number("hz", 10, 0, INT_MAX);
    all_["hz"].least = 1;
    all_["hz"].most = 500;
    yes_no("activedefrag", false);
    yes_no("activerehashing", true);
    yes_no("lazyfree-lazy-expire", true);
    yes_no("lazyfree-lazy-eviction", true);
    yes_no("lazyfree-lazy-server-del", true);
    yes_no("lazyfree-lazy-user-del", true);
    yes_no("lazyfree-lazy-user-flush", true);
    yes_no("rdbcompression", true);
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
    memory("hash-max-listpack-value", 64);
    number("hash-max-ziplist-entries", 512, 0, INT64_MAX);
    memory("hash-max-ziplist-value", 64);
    number("set-max-intset-entries", 512, 0, INT64_MAX);
    number("zset-max-listpack-entries", 128, 0, INT64_MAX);
    memory("zset-max-listpack-value", 64);
    number("zset-max-ziplist-entries", 128, 0, INT64_MAX);
    memory("zset-max-ziplist-value", 64);
    number("tracking-table-max-keys", 1000000, 0, INT64_MAX);
    output_limits_[static_cast<std::size_t>(ClientClass::normal)].hard =
        static_cast<std::size_t>(config.client_output_buffer_limit);
    output_limits_[static_cast<std::size_t>(ClientClass::pubsub)].hard =
        static_cast<std::size_t>(config.client_output_buffer_limit);
    all_["client-output-buffer-limit"] = {Kind::output_limits, limits_text(output_limits_), 0, 0, {}};
    all_["notify-keyspace-events"] = {Kind::events, "", 0, 0, {}};
}

std::vector<std::pair<std::string, std::string>> Settings::matching(std::string_view pattern) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [name, setting] : all_) {
        if (commands::glob_matches(pattern, name, true)) found.emplace_back(name, shown(setting));
    }
    return found;
}

// Redis forgets to mention n beside A.
std::string Settings::shown(const Setting& setting) {
    auto value = setting.value;
    if (setting.kind == Kind::events && value.starts_with("An")) value.erase(1, 1);
    return value;
}

Settings::OutputLimits Settings::changed_limits(std::string_view value, std::optional<std::string>& problem) const {
    auto limits = output_limits_;
    const auto words = split_words(value);
    if (words.size() % 4 != 0) problem = "Wrong number of arguments in buffer limit configuration.";
    for (std::size_t i = 0; i < words.size() && !problem; i += 4) {
        const auto name = commands::lower(words[i]);
        const auto hard = parse_memory(words[i + 1]);
        const auto soft = parse_memory(words[i + 2]);
        const auto seconds = resp::parse_integer(words[i + 3]);
        if (name != "normal" && name != "slave" && name != "replica" && name != "pubsub") {
            problem = "Invalid client class specified in buffer limit configuration.";
        } else if (!hard || !soft || !seconds || *seconds < 0) {
            problem = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        } else {
            const auto of = name == "normal"   ? ClientClass::normal
                            : name == "pubsub" ? ClientClass::pubsub
                                               : ClientClass::replica;
            limits[static_cast<std::size_t>(of)] = {static_cast<std::size_t>(*hard), static_cast<std::size_t>(*soft),
                                                    static_cast<std::uint64_t>(*seconds)};
        }
    }
    return limits;
}

const std::string& Settings::value(std::string_view name) const { return all_.find(name)->second.value; }

std::int64_t Settings::number(std::string_view name) const { return resp::parse_integer(value(name)).value_or(0); }

bool Settings::known(std::string_view name) const { return all_.find(name) != all_.end(); }

std::optional<std::string> Settings::problem(std::string_view name, std::string_view value) const {
    const auto& setting = all_.find(name)->second;
    const std::optional<std::string> out_of_range =
        "argument must be between " + std::to_string(setting.low) + " and " + std::to_string(setting.high) + " inclusive";
    switch (setting.kind) {
        case Kind::fixed:
            return "can't set immutable config";
        case Kind::text:
            return std::nullopt;
        case Kind::events:
            if (value.find_first_not_of(known_event_flags) == std::string_view::npos) return std::nullopt;
            return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
        case Kind::output_limits: {
            std::optional<std::string> problem;
            static_cast<void>(changed_limits(value, problem));
            return problem;
        }
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
        case Kind::number: {
            const auto number = resp::parse_integer(value);
            if (!number) return "argument couldn't be parsed into an integer";
            return *number < setting.low || *number > setting.high ? out_of_range : std::nullopt;
        }
        case Kind::memory:
        case Kind::memory_or_percent: {
            const bool percent = setting.kind == Kind::memory_or_percent;
            if (percent && parse_percent(value)) return std::nullopt;
            const auto bytes = parse_memory(value);
            if (!bytes) return percent ? "argument must be a memory or percent value" : "argument must be a memory value";
            const auto low = static_cast<std::uint64_t>(setting.low);
            const auto high = static_cast<std::uint64_t>(setting.high);
            return *bytes < low || *bytes > high ? out_of_range : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string Settings::canonical(std::string_view name, std::string_view value) const {
    const auto& setting = all_.find(name)->second;
    if (setting.kind == Kind::number)
        return std::to_string(std::clamp(resp::parse_integer(value).value_or(0), setting.least, setting.most));
    if (setting.kind == Kind::memory_or_percent && value.ends_with('%')) return std::string(value);
    if (setting.kind == Kind::memory || setting.kind == Kind::memory_or_percent)
        return std::to_string(parse_memory(value).value_or(0));
    if (setting.kind == Kind::yes_no || setting.kind == Kind::words) return commands::lower(value);
    if (setting.kind == Kind::events) return canonical_events(value);
    if (setting.kind == Kind::output_limits) {
        std::optional<std::string> problem;
        return limits_text(changed_limits(value, problem));
    }
    return std::string(value);
}

void Settings::set(std::string_view name, std::string_view value) {
    auto& setting = all_.find(name)->second;
    setting.value = canonical(name, value);
    std::optional<std::string> problem;
    if (setting.kind == Kind::output_limits) output_limits_ = changed_limits(value, problem);
    ++changes_;
    // Two names of one setting.
    if (name == "lua-time-limit") all_.find("busy-reply-threshold")->second.value = this->value(name);
    if (name == "busy-reply-threshold") all_.find("lua-time-limit")->second.value = this->value(name);
}

}  // namespace pgredis::clients
