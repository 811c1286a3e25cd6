// INFO: facts about this proxy, and about the database it stands on, in Redis's form.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/server.h"
#include "commands/replies.h"
#include "operations/version.h"

namespace pgredis::clients {

namespace {

// Libraries ask for INFO whenever they connect: the others are not asked each time.
constexpr std::uint64_t others_fresh_ms = 1000;

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string human(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{}B", bytes);
    static constexpr char units[] = "KMGTP";
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 2 < sizeof units; ++unit) value /= 1024;
    return fmt::format("{:.2f}{}", value, units[unit]);
}

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string section(const std::string& title, const Facts& facts) {
    std::string text = "# " + title + "\r\n";
    for (const auto& [name, value] : facts) text += name + ":" + value + "\r\n";
    return text;
}

std::string server_section(Server& server) {
    utsname system{};
    uname(&system);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const auto uptime = static_cast<std::uint64_t>(microseconds / 1000000) - server.started_at();
    return section("Server", {{"redis_version", std::string(redis_version)},
                              {"pgredis_version", std::string(operations::version())},
                              {"redis_git_sha1", "00000000"},
                              {"redis_git_dirty", "0"},
                              {"redis_build_id", std::string(operations::git_description())},
                              {"redis_mode", "standalone"},
                              {"os", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
                              {"arch_bits", "64"},
                              {"multiplexing_api", "epoll"},
                              {"gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)},
                              {"process_id", std::to_string(getpid())},
                              {"process_supervised", "no"},
                              {"run_id", server.run_id()},
                              {"tcp_port", std::to_string(server.config().port)},
                              {"server_time_usec", std::to_string(microseconds)},
                              {"uptime_in_seconds", std::to_string(uptime)},
                              {"uptime_in_days", std::to_string(uptime / 86400)},
                              {"hz", server.settings().value("hz")},
                              {"configured_hz", server.settings().value("hz")},
                              {"executable", ""},
                              {"config_file", ""},
                              {"io_threads_active", "0"}});
}

// Of all proxies, as one server.
std::string clients_section(Server& server) {
    const auto& others = server.others();
    const auto proxies = static_cast<std::int64_t>(1 + others.proxies);
    return section("Clients", {{"connected_clients", std::to_string(server.clients().size() + others.clients)},
                               {"cluster_connections", "0"},
                               {"maxclients", std::to_string(server.settings().number("maxclients") * proxies)},
                               {"client_recent_max_input_buffer", "0"},
                               {"client_recent_max_output_buffer", "0"},
                               {"blocked_clients", std::to_string(server.blocked_clients() + others.blocked)},
                               {"tracking_clients", "0"},
                               {"clients_in_timeout_table", "0"}});
}

std::string memory_section(Server& server) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto used = resident_bytes();
    const auto peak = std::max(used, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
    const auto total = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto scripts = server.scripts().counters();
    return section("Memory", {{"used_memory", std::to_string(used)},
                              {"used_memory_human", human(used)},
                              {"used_memory_rss", std::to_string(used)},
                              {"used_memory_rss_human", human(used)},
                              {"used_memory_peak", std::to_string(peak)},
                              {"used_memory_peak_human", human(peak)},
                              {"used_memory_vm_eval", std::to_string(scripts.memory)},
                              {"used_memory_lua", std::to_string(scripts.memory)},
                              {"used_memory_lua_human", human(scripts.memory)},
                              {"number_of_cached_scripts", std::to_string(scripts.scripts)},
                              {"number_of_functions", std::to_string(scripts.functions)},
                              {"number_of_libraries", std::to_string(scripts.libraries)},
                              {"total_system_memory", std::to_string(total)},
                              {"total_system_memory_human", human(total)},
                              {"maxmemory", server.settings().value("maxmemory")},
                              {"maxmemory_human", human(static_cast<std::uint64_t>(server.settings().number("maxmemory")))},
                              {"maxmemory_policy", server.settings().value("maxmemory-policy")},
                              {"mem_fragmentation_ratio", "1.00"},
                              {"mem_allocator", "libc"},
                              {"active_defrag_running", "0"},
                              {"lazyfree_pending_objects", "0"}});
}

std::string persistence_section(Server& server) {
    return section("Persistence", {{"loading", "0"},
                                   {"async_loading", "0"},
                                   {"rdb_changes_since_last_save", "0"},
                                   {"rdb_bgsave_in_progress", "0"},
                                   {"rdb_last_save_time", std::to_string(server.started_at())},
                                   {"rdb_last_bgsave_status", "ok"},
                                   {"rdb_last_bgsave_time_sec", "-1"},
                                   {"rdb_current_bgsave_time_sec", "-1"},
                                   {"aof_enabled", "1"},
                                   {"aof_rewrite_in_progress", "0"},
                                   {"aof_rewrite_scheduled", "0"},
                                   {"aof_last_bgrewrite_status", "ok"},
                                   {"aof_last_write_status", "ok"}});
}

std::string stats_section(Server& server) {
    const auto& statistics = server.statistics();
    return section("Stats",
                   {{"total_connections_received", std::to_string(statistics.connections_received)},
                    {"total_commands_processed", std::to_string(statistics.commands_processed)},
                    {"instantaneous_ops_per_sec", std::to_string(server.commands_a_second())},
                    {"total_net_input_bytes", std::to_string(statistics.input_bytes)},
                    {"total_net_output_bytes", std::to_string(statistics.output_bytes)},
                    {"rejected_connections", std::to_string(statistics.connections_rejected)},
                    {"sync_full", "0"},
                    {"sync_partial_ok", "0"},
                    {"sync_partial_err", "0"},
                    {"expired_keys", std::to_string(statistics.expired_keys)},
                    {"evicted_keys", "0"},
                    {"evicted_clients", "0"},
                    {"keyspace_hits", std::to_string(statistics.keyspace_hits)},
                    {"keyspace_misses", std::to_string(statistics.keyspace_misses)},
                    {"pubsub_channels", std::to_string(server.subscriptions().count(SubscriptionKind::channel))},
                    {"pubsub_patterns", std::to_string(server.subscriptions().count(SubscriptionKind::pattern))},
                    {"pubsubshard_channels", std::to_string(server.subscriptions().count(SubscriptionKind::shard))},
                    {"latest_fork_usec", "0"},
                    {"total_forks", "0"},
                    {"total_error_replies", std::to_string(server.command_statistics().errors())},
                    {"client_query_buffer_limit_disconnections", std::to_string(statistics.query_limit_disconnections)},
                    {"client_output_buffer_limit_disconnections", std::to_string(statistics.output_limit_disconnections)}});
}

std::string replication_section(Server& server) {
    return section("Replication", {{"role", "master"},
                                   {"connected_slaves", "0"},
                                   {"master_failover_state", "no-failover"},
                                   {"master_replid", server.run_id()},
                                   {"master_replid2", std::string(40, '0')},
                                   {"master_repl_offset", "0"},
                                   {"second_repl_offset", "-1"},
                                   {"repl_backlog_active", "0"},
                                   {"repl_backlog_size", "1048576"},
                                   {"repl_backlog_first_byte_offset", "0"},
                                   {"repl_backlog_histlen", "0"}});
}

std::string cpu_section() {
    const auto seconds = [](const timeval& time) { return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec); };
    rusage self{};
    rusage children{};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return section("CPU", {{"used_cpu_sys", seconds(self.ru_stime)},
                           {"used_cpu_user", seconds(self.ru_utime)},
                           {"used_cpu_sys_children", seconds(children.ru_stime)},
                           {"used_cpu_user_children", seconds(children.ru_utime)}});
}

std::string pgredis_section(Server& server) {
    const auto counters = server.dispatcher().counters();
    return section("Pgredis",
                   {{"proxies", std::to_string(1 + server.others().proxies)},
                    {"proxy_id", std::to_string(server.proxy_id())},
                    {"proxy_connected_clients", std::to_string(server.clients().size())},
                    {"postgres_connected", server.dispatcher().connected() ? "1" : "0"},
                    {"postgres_connections", std::to_string(counters.connected_lanes)},
                    {"batches", std::to_string(counters.batches)},
                    {"calls", std::to_string(counters.calls)},
                    {"calls_a_batch", fmt::format("{:.2f}", counters.batches == 0 ? 0.0
                                                                                  : static_cast<double>(counters.calls) /
                                                                                        static_cast<double>(counters.batches))},
                    {"transactions_retried", std::to_string(counters.retries)},
                    {"queued_jobs", std::to_string(counters.queued_jobs)}});
}

// The sections, in the order they are shown.
constexpr std::array<std::string_view, 13> all_sections{"server",      "clients",  "memory",  "persistence",  "stats",
                                                        "replication", "cpu",      "modules", "commandstats", "errorstats",
                                                        "cluster",     "keyspace", "pgredis"};

using Sections = std::set<std::string, std::less<>>;

Sections wanted_sections(const std::vector<std::string>& arguments) {
    Sections wanted;
    for (std::size_t i = 1; i < arguments.size(); ++i) wanted.insert(commands::lower(arguments[i]));
    const bool all = wanted.contains("all") || wanted.contains("everything");
    if (!all && !wanted.empty() && !wanted.contains("default")) return wanted;
    for (const auto& name : all_sections) {
        if (all || name != "commandstats") wanted.emplace(name);
    }
    return wanted;
}

// All but the keyspace.
std::string own_sections(Server& server, const Sections& wanted) {
    std::vector<std::string> texts;
    for (const auto& name : all_sections) {
        if (!wanted.contains(name)) continue;
        if (name == "server") texts.push_back(server_section(server));
        if (name == "clients") texts.push_back(clients_section(server));
        if (name == "memory") texts.push_back(memory_section(server));
        if (name == "persistence") texts.push_back(persistence_section(server));
        if (name == "stats") texts.push_back(stats_section(server));
        if (name == "replication") texts.push_back(replication_section(server));
        if (name == "cpu") texts.push_back(cpu_section());
        if (name == "modules") texts.push_back(section("Modules", {}));
        if (name == "commandstats") texts.push_back("# Commandstats\r\n" + server.command_statistics().command_lines());
        if (name == "errorstats") texts.push_back("# Errorstats\r\n" + server.command_statistics().error_lines());
        if (name == "cluster") texts.push_back(section("Cluster", {{"cluster_enabled", "0"}}));
        if (name == "pgredis") texts.push_back(pgredis_section(server));
    }
    std::string text;
    for (const auto& one : texts) text += (text.empty() ? "" : "\r\n") + one;
    return text;
}

// Does it show a section that speaks of all proxies?
bool concerns_others(const Sections& wanted) { return wanted.contains("clients") || wanted.contains("pgredis"); }

bool knows_others(Server& server) {
    const auto told_at = server.others().told_at;
    return told_at != 0 && uv_now(server.loop()) - told_at < others_fresh_ms;
}

void learn_about_others(Server& server, const std::vector<std::string>& answers) {
    Server::Others told{answers.size(), 0, 0, uv_now(server.loop())};
    for (const auto& answer : answers) {
        std::istringstream figures(answer);
        std::size_t clients = 0;
        std::size_t blocked = 0;
        figures >> clients >> blocked;
        told.clients += clients;
        told.blocked += blocked;
    }
    server.others() = told;
}

}  // namespace

std::string answer_info(Server& server) { return fmt::format("{} {}", server.clients().size(), server.blocked_clients()); }

void handle_info(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    auto wanted = wanted_sections(arguments);
    if (!concerns_others(wanted) || knows_others(server)) {
        writer.verbatim("txt", own_sections(server, wanted));
        return;
    }
    client.ask_others({"INFO"}, [&server = server, wanted = std::move(wanted)](const std::vector<std::string>& answers,
                                                                               resp::ReplyWriter& reply) {
        learn_about_others(server, answers);
        reply.verbatim("txt", own_sections(server, wanted));
    });
}

std::optional<Question> ask_info(Server& server, const std::vector<std::string>& arguments) {
    auto wanted = wanted_sections(arguments);
    if (!wanted.contains("keyspace")) return std::nullopt;
    const bool ask_others = concerns_others(wanted) && !knows_others(server);
    return Question{
        internal_call("SELECT coalesce(pg_catalog.string_agg(pg_catalog.format(E'db%s:keys=%s,expires=%s,avg_ttl=%s\\r\\n', "
                      "k.db, k.keys, k.expires, k.avg_ttl), '' ORDER BY k.db), '') FROM redis.info_keyspace() k",
                      {}, {}),
        [&server, wanted = std::move(wanted)](const postgres::Rows* rows, const postgres::Failure* failure,
                                              resp::ReplyWriter& reply) {
            if (failure != nullptr) {
                commands::write_failure(*failure, reply);
                return;
            }
            const std::string keyspace(PQgetvalue(rows->result, 0, 0), static_cast<std::size_t>(PQgetlength(rows->result, 0, 0)));
            const auto text = own_sections(server, wanted);
            reply.verbatim("txt", text + (text.empty() ? "" : "\r\n") + "# Keyspace\r\n" + keyspace);
        },
        ask_others ? std::vector<std::string>{"INFO"} : std::vector<std::string>{},
        [&server](const std::vector<std::string>& answers) { learn_about_others(server, answers); }};
}

}  // namespace pgredis::clients
