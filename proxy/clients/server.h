// The server: accepts clients and holds what they share.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "clients/busy_poll.h"
#include "clients/client.h"
#include "clients/command_statistics.h"
#include "clients/peers.h"
#include "clients/script_host.h"
#include "clients/settings.h"
#include "clients/slow_log.h"
#include "clients/subscriptions.h"
#include "commands/registry.h"
#include "operations/config.h"
#include "operations/log.h"
#include "postgres/connector.h"
#include "postgres/dispatcher.h"
#include "postgres/query_connection.h"

namespace pgredis::clients {

// Runs until SIGTERM or SIGINT; returns the exit code.
int serve(const operations::Config& config, operations::Logger& logger);

class Server {
 public:
    struct Statistics {
        std::uint64_t connections_received = 0;
        std::uint64_t connections_rejected = 0;
        std::uint64_t commands_processed = 0;
        std::uint64_t input_bytes = 0;
        std::uint64_t output_bytes = 0;
        std::uint64_t expired_keys = 0;  // by this proxy's sweeps
        std::uint64_t keyspace_hits = 0;
        std::uint64_t keyspace_misses = 0;
        std::uint64_t output_limit_disconnections = 0;
        std::uint64_t query_limit_disconnections = 0;
    };

    // What the other proxies last told about themselves.
    struct Others {
        std::size_t proxies = 0;
        std::size_t clients = 0;
        std::size_t blocked = 0;
        std::uint64_t told_at = 0;  // loop time in milliseconds; 0: not yet
    };

    Server(const operations::Config& config, operations::Logger& logger);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int run();

    // Stops accepting, lets what is in flight finish, then closes everything and ends run().
    void shut_down();

    [[nodiscard]] uv_loop_t* loop() { return &loop_; }
    [[nodiscard]] const operations::Config& config() const { return config_; }
    [[nodiscard]] const operations::Logger& log() const { return client_log_; }
    [[nodiscard]] Settings& settings() { return settings_; }
    [[nodiscard]] commands::Registry* registry() const { return registry_.get(); }
    [[nodiscard]] postgres::Dispatcher& dispatcher() { return *dispatcher_; }
    [[nodiscard]] ScriptHost& scripts() { return *scripts_; }
    [[nodiscard]] postgres::QueryConnection& control() { return *control_; }
    // Are the keys that commands miss to be told of?
    [[nodiscard]] bool tells_misses() const { return events_.find('m') != std::string::npos; }
    [[nodiscard]] Subscriptions& subscriptions() { return subscriptions_; }
    [[nodiscard]] Statistics& statistics() { return statistics_; }
    [[nodiscard]] CommandStatistics& command_statistics() { return command_statistics_; }
    [[nodiscard]] SlowLog& slow_log() { return slow_log_; }
    // CONFIG RESETSTAT
    void reset_statistics();
    [[nodiscard]] Others& others() { return others_; }
    [[nodiscard]] Peers& peers() { return *peers_; }
    // This proxy's number among those of the database.
    [[nodiscard]] std::int32_t proxy_id() const { return proxy_id_; }
    [[nodiscard]] const std::string& run_id() const { return run_id_; }
    [[nodiscard]] std::uint64_t started_at() const { return started_at_; }  // seconds since the epoch
    [[nodiscard]] std::uint64_t commands_a_second() const { return commands_a_second_; }
    [[nodiscard]] bool shutting_down() const { return shutting_down_; }
    [[nodiscard]] const std::unordered_map<Client*, std::unique_ptr<Client>>& clients() const { return clients_; }
    [[nodiscard]] WaitingRoom& waiting_room() { return waiting_room_; }
    // CLIENT UNBLOCK of a client of this proxy; false when it does not wait.
    bool unblock(std::int64_t client_id, bool with_error) {
        return waiting_room_.unblock(client_id, with_error ? WaitEnd::error : WaitEnd::timeout);
    }
    [[nodiscard]] std::string& read_buffer() { return read_buffer_; }

    // Can this client's requests be looked at? If not, it is pumped again when they can, or refused when that takes too long.
    bool admit(Client& client);
    // CLIENT PAUSE: until then (loop time), for all commands or for writes only.
    void pause(std::uint64_t until, bool writes_only);
    void unpause();
    [[nodiscard]] bool paused(bool writes) const;
    // That wait for a key, or for the end of a pause.
    [[nodiscard]] std::size_t blocked_clients() const;
    // Pumps this client when what it waits for may be there.
    void wait_in_line(Client& client);
    void forget(Client& client);
    void apply_settings();
    // Reads what CONFIG SET has kept, as far as the database is there, then calls `done`.
    void load_settings(std::function<void()> done);

    // MONITOR: those who look get every command that monitor_line() is made of.
    void start_monitor(Client& client);
    void stop_monitor(Client& client);
    [[nodiscard]] bool monitored() const { return !monitors_.empty(); }
    void show_monitors(std::string_view line);
    // Flushes this client before the loop waits for input again, once for all that is delivered to it till then.
    void flush_soon(Client& client);

 private:
    static void on_connection(uv_stream_t* listener, int status);
    bool listen();
    void assign_id(Client& client);
    void fetch_client_ids();
    void load_registry();
    void set_maintenance_events();
    // `text` is a word and what belongs to it: see sql/internal/proxies.sql.
    void on_notification(std::string_view text);
    void beat();
    void schedule_heartbeat(std::uint64_t pause_ms);
    // Whatever is registered in the database for this proxy's clients has to be registered again.
    void on_joined();
    void pump_waiting();
    void on_tick();
    void on_maintenance();
    void flush_delivered();
    Expected expected();
    void sweep();
    void report_maintenance(const char* what, const PGresult* failed);
    void finish_shutdown();

    const operations::Config& config_;
    operations::Logger log_;
    operations::Logger client_log_;
    operations::Logger postgres_log_;
    uv_loop_t loop_{};
    uv_tcp_t listener_{};
    uv_signal_t sigterm_{};
    uv_signal_t sigint_{};
    uv_timer_t tick_{};
    uv_timer_t maintenance_timer_{};
    uv_timer_t pause_timer_{};
    uv_timer_t heartbeat_timer_{};
    uv_timer_t overlooked_timer_{};
    uv_check_t burial_{};
    uv_prepare_t delivery_{};
    std::unique_ptr<BusyPoll> busy_poll_;
    std::uint64_t lone_calls_ = 0;  // of the dispatcher, as far as the next request was looked for after them

    Settings settings_;
    std::string events_;           // notify-keyspace-events, as the connections to Postgres are told
    bool option_applied_ = false;  // --notify-keyspace-events
    const std::int32_t proxy_id_;
    std::unique_ptr<postgres::Connector> connector_;
    std::unique_ptr<postgres::Dispatcher> dispatcher_;
    std::unique_ptr<ScriptHost> scripts_;
    std::unique_ptr<postgres::QueryConnection> control_;      // LISTEN, the registry, client ids
    std::unique_ptr<postgres::QueryConnection> maintenance_;  // the sweep and the reaper
    std::unique_ptr<Peers> peers_;
    std::unique_ptr<commands::Registry> registry_;
    Subscriptions subscriptions_{*this};

    WaitingRoom waiting_room_{*this};
    bool look_again_ = false;  // the control connection was lost: for a while nobody heard notifications
    std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Client>> closed_;  // deleted when no callback of theirs can be running
    std::vector<Client*> waiting_;                 // for the registry, an id, or the end of a pause
    std::vector<Client*> monitors_;
    std::vector<Client*> unflushed_;
    std::int64_t next_client_id_ = 0;
    std::int64_t last_client_id_ = -1;
    bool fetching_ids_ = false;
    std::uint64_t paused_until_ = 0;
    bool paused_writes_only_ = false;
    bool shutting_down_ = false;
    std::uint64_t shutdown_deadline_ = 0;
    Statistics statistics_;
    CommandStatistics command_statistics_;
    SlowLog slow_log_;
    Others others_;
    std::string run_id_;
    std::uint64_t started_at_ = 0;
    std::uint64_t commands_a_second_ = 0;
    std::uint64_t commands_counted_ = 0;
    std::uint64_t counted_at_ = 0;
    std::string read_buffer_;  // every read goes here first
};

}  // namespace pgredis::clients
