#include "clients/server.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <utility>

#include "clients/connection_commands.h"
#include "clients/monitor.h"
#include "operations/schema.h"

namespace pgredis::clients {

namespace {

constexpr std::size_t read_buffer_bytes = std::size_t{64} << 10;
constexpr std::int64_t client_ids_a_block = 1000;  // the increment of redis.client_ids
constexpr std::int64_t refill_client_ids_below = 200;
constexpr int sweep_chunk = 200;  // keys, so that no transaction of the sweep is noticed by the traffic
constexpr int reap_chunk = 2000;  // elements
constexpr unsigned busy_maintenance_ms = 5;
constexpr std::uint64_t tick_ms = 100;
constexpr std::uint64_t heartbeat_ms = 1000;
constexpr std::uint64_t unclaimed_ms = 50;  // the next heartbeat while a lost connection still speaks for this proxy
constexpr std::uint64_t overlooked_ms = 3000;

std::string quoted_setting(const std::string& name, const std::string& value) { return "SET " + name + " = '" + value + "';"; }

postgres::ConnectorOptions connector_options(const operations::Config& config, std::int32_t proxy_id) {
    postgres::ConnectorOptions options;
    options.url = config.database_url;
    options.check = operations::schema_problem;
    // Plans are generic, and made for tables that grow: an empty table must not leave a sequential scan in the cache.
    options.setup_sql =
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;"
        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET redis.events = '';" +
        quoted_setting("redis.proxy", std::to_string(proxy_id)) +
        quoted_setting("synchronous_commit", config.synchronous_commit) +
        quoted_setting("redis.databases", std::to_string(config.databases)) +
        quoted_setting("redis.enable_flush", config.enable_flush ? "on" : "off") +
        quoted_setting("redis.enable_debug", config.enable_debug ? "on" : "off");
    return options;
}

std::string random_hex(std::size_t length) {
    std::random_device device;
    std::string text;
    while (text.size() < length) text += "0123456789abcdef"[device() % 16];
    return text;
}

std::int32_t random_proxy_id() {
    std::random_device device;
    return std::uniform_int_distribution<std::int32_t>(1)(device);
}

}  // namespace

int serve(const operations::Config& config, operations::Logger& logger) {
    std::signal(SIGPIPE, SIG_IGN);
    Server server(config, logger);
    return server.run();
}

Server::Server(const operations::Config& config, operations::Logger& logger)
    : config_(config),
      log_(logger.component("server")),
      client_log_(logger.component("client")),
      postgres_log_(logger.component("postgres")),
      settings_(config),
      proxy_id_(random_proxy_id()),
      run_id_(random_hex(40)),
      read_buffer_(read_buffer_bytes, '\0') {
    started_at_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    uv_loop_init(&loop_);
    for (auto* timer : {&tick_, &maintenance_timer_, &pause_timer_, &heartbeat_timer_, &overlooked_timer_}) {
        uv_timer_init(&loop_, timer);
        timer->data = this;
    }
    for (auto* signal : {&sigterm_, &sigint_}) {
        uv_signal_init(&loop_, signal);
        signal->data = this;
    }
    uv_tcp_init(&loop_, &listener_);
    listener_.data = this;
    uv_check_init(&loop_, &burial_);
    burial_.data = this;
    uv_prepare_init(&loop_, &delivery_);
    delivery_.data = this;

    connector_ = std::make_unique<postgres::Connector>(&loop_, connector_options(config, proxy_id_));
    postgres::Dispatcher::Events events;
    events.on_connected = [this](const std::string& text) { postgres_log_.info("{}", text); };
    events.on_disconnected = [this](const std::string& error) { postgres_log_.error("no connection: {}; trying again", error); };
    events.on_fault = [this](const postgres::Failure& failure) {
        postgres_log_.error("{} {}{}{}", failure.sqlstate, failure.message,
                            failure.context.empty() ? "" : "; context: ", failure.context);
    };
    dispatcher_ = std::make_unique<postgres::Dispatcher>(
        &loop_, *connector_,
        postgres::DispatcherOptions{config.quick_connections, config.slow_connections,
                                    static_cast<std::uint64_t>(config.postgres_wait * 1000)},
        std::move(events));
    // On a single core it would keep the others from answering.
    busy_poll_ = std::make_unique<BusyPoll>(
        &loop_, uv_available_parallelism() > 1 ? static_cast<std::uint64_t>(config.busy_poll) : 0, [this] { return expected(); });
    scripts_ = std::make_unique<ScriptHost>(
        *this, *connector_,
        ScriptHost::Options{config.script_connections, static_cast<std::uint64_t>(config.postgres_wait * 1000)},
        logger.component("script"));

    postgres::QueryConnection::Events control;
    control.on_connected = [this] {
        look_again_ = true;
        beat();
        load_settings([] {});
        load_registry();
        fetch_client_ids();
        subscriptions_.on_connected();
        // What was said meanwhile was not heard.
        scripts_->forget_scripts();
        scripts_->forget_libraries();
    };
    control.on_lost = [this](const std::string& error) {
        postgres_log_.debug("control connection: {}", error);
        peers_->on_lost();
    };
    control.on_notification = [this](const std::string& channel, const std::string& payload) {
        if (channel == "redis_messages") {
            subscriptions_.on_notification(payload);
        } else {
            on_notification(payload);
        }
    };
    control.on_drained = [this] { subscriptions_.on_drained(); };
    control_ =
        std::make_unique<postgres::QueryConnection>(&loop_, *connector_, "pgredis control", "LISTEN redis", std::move(control));

    peers_ = std::make_unique<Peers>(&loop_, *control_, proxy_id_, log_,
                                     [this](const std::vector<std::string>& command, Peers::Answer answer) {
                                         answer_peer(*this, command, std::move(answer));
                                     });

    postgres::QueryConnection::Events maintenance;
    maintenance.on_connected = [this] { set_maintenance_events(); };
    maintenance.on_lost = [this](const std::string& error) { postgres_log_.debug("maintenance connection: {}", error); };
    maintenance.on_notification = [](const std::string&, const std::string&) {};
    maintenance_ = std::make_unique<postgres::QueryConnection>(&loop_, *connector_, "pgredis maintenance",
                                                               "SET lock_timeout = '1s'", std::move(maintenance));
}

Server::~Server() {
    clients_.clear();
    closed_.clear();
    for (auto* timer : {&tick_, &maintenance_timer_, &pause_timer_, &heartbeat_timer_, &overlooked_timer_})
        uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
    for (auto* signal : {&sigterm_, &sigint_}) uv_close(reinterpret_cast<uv_handle_t*>(signal), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&burial_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&delivery_), nullptr);
    if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&listener_)) == 0)
        uv_close(reinterpret_cast<uv_handle_t*>(&listener_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);  // attempts to connect still come back to these three
    peers_.reset();
    control_.reset();
    maintenance_.reset();
    busy_poll_.reset();
    dispatcher_.reset();
    scripts_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
}

// For the busy poll.
Expected Server::expected() {
    if (dispatcher_->has_lone_call()) return Expected::answer;
    const auto before = std::exchange(lone_calls_, dispatcher_->lone_calls());
    return lone_calls_ == before ? Expected::nothing : Expected::request;
}

int Server::run() {
    if (!listen()) return 1;
    uv_signal_start(
        &sigterm_, [](uv_signal_t* signal, int) { static_cast<Server*>(signal->data)->shut_down(); }, SIGTERM);
    uv_signal_start(
        &sigint_, [](uv_signal_t* signal, int) { static_cast<Server*>(signal->data)->shut_down(); }, SIGINT);
    uv_timer_start(
        &tick_, [](uv_timer_t* timer) { static_cast<Server*>(timer->data)->on_tick(); }, tick_ms, tick_ms);
    const auto interval = static_cast<std::uint64_t>(config_.sweep_interval);
    uv_timer_start(
        &maintenance_timer_, [](uv_timer_t* timer) { static_cast<Server*>(timer->data)->on_maintenance(); }, interval, 0);
    busy_poll_->start();
    uv_check_start(&burial_, [](uv_check_t* check) { static_cast<Server*>(check->data)->closed_.clear(); });
    uv_prepare_start(&delivery_, [](uv_prepare_t* prepare) { static_cast<Server*>(prepare->data)->flush_delivered(); });
    schedule_heartbeat(heartbeat_ms);
    uv_timer_start(
        &overlooked_timer_, [](uv_timer_t* timer) { static_cast<Server*>(timer->data)->waiting_room_.look_for_overlooked(); },
        overlooked_ms, overlooked_ms);
    control_->start();
    maintenance_->start();
    dispatcher_->start();
    scripts_->start();
    log_.info("ready: listening on {}:{}", config_.bind, config_.port);
    uv_run(&loop_, UV_RUN_DEFAULT);
    log_.info("stopped");
    return 0;
}

bool Server::listen() {
    sockaddr_storage address{};
    int status = uv_ip4_addr(config_.bind.c_str(), config_.port, reinterpret_cast<sockaddr_in*>(&address));
    if (status != 0) status = uv_ip6_addr(config_.bind.c_str(), config_.port, reinterpret_cast<sockaddr_in6*>(&address));
    if (status == 0) status = uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&address), 0);
    if (status == 0) status = uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 511, on_connection);
    if (status != 0)
        log_.error("cannot listen on {}:{}: {}; choose others with --bind and --port", config_.bind, config_.port,
                   uv_strerror(status));
    return status == 0;
}

void Server::on_connection(uv_stream_t* listener, int status) {
    auto* server = static_cast<Server*>(listener->data);
    if (status != 0) return;
    auto client = Client::accept(*server, listener);
    if (!client) return;
    auto* raw = client.get();
    ++server->statistics_.connections_received;
    raw->set_authenticated(server->config_.password.empty());
    server->assign_id(*raw);
    const bool full = server->clients_.size() >= static_cast<std::size_t>(server->settings_.number("maxclients"));
    server->clients_.emplace(raw, std::move(client));
    server->client_log_.debug("client {} {} connected", raw->id, raw->address);
    if (full) {
        ++server->statistics_.connections_rejected;
        raw->reject("ERR max number of clients reached");
    }
}

void Server::assign_id(Client& client) {
    if (next_client_id_ <= last_client_id_) client.id = next_client_id_++;
    if (last_client_id_ - next_client_id_ < refill_client_ids_below) fetch_client_ids();
}

void Server::fetch_client_ids() {
    if (fetching_ids_ || !control_->connected() || last_client_id_ - next_client_id_ >= refill_client_ids_below) return;
    fetching_ids_ = true;
    control_->query("SELECT pg_catalog.nextval('redis.client_ids')", {}, [this](const PGresult* result) {
        fetching_ids_ = false;
        if (result == nullptr || PQresultStatus(result) != PGRES_TUPLES_OK) return;
        // What is left of the block before is given up: ids only grow.
        next_client_id_ = std::strtoll(PQgetvalue(result, 0, 0), nullptr, 10);
        last_client_id_ = next_client_id_ + client_ids_a_block - 1;
        pump_waiting();
    });
}

void Server::on_notification(std::string_view text) {
    const auto word = text.substr(0, text.find(' '));
    const auto rest = text.substr(std::min(text.size(), word.size() + 1));
    if (word == "registry") load_registry();
    if (word == "scripts") scripts_->forget_scripts();
    if (word == "libraries") scripts_->forget_libraries();
    if (word == "settings") load_settings([] {});
    if (word == "ask") peers_->on_ask(rest);
    if (word == "answer") peers_->on_answer(rest);
    if (word == "wake") waiting_room_.wake(rest);
}

void Server::schedule_heartbeat(std::uint64_t pause_ms) {
    uv_timer_start(
        &heartbeat_timer_, [](uv_timer_t* timer) { static_cast<Server*>(timer->data)->beat(); }, pause_ms, heartbeat_ms);
}

void Server::beat() {
    if (!control_->connected()) return;
    control_->query("SELECT redis.heartbeat(), redis.claim_proxy()", {}, [this](const PGresult* result) {
        if (result == nullptr) return;
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            postgres_log_.warning("heartbeat: {}", postgres::first_line(PQresultErrorMessage(result)));
        } else {
            if (*PQgetvalue(result, 0, 0) == 't') on_joined();
            schedule_heartbeat(*PQgetvalue(result, 0, 1) == 't' ? heartbeat_ms : unclaimed_ms);
            if (std::exchange(look_again_, false)) waiting_room_.look_again();
        }
    });
}

void Server::on_joined() {
    log_.debug("joined as proxy {}", proxy_id_);
    look_again_ = true;
    subscriptions_.on_joined();
}

void Server::load_registry() {
    control_->query("SELECT redis.registry()", {}, [this](const PGresult* result) {
        if (result == nullptr) return;
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            log_.error("cannot load the registry of commands: {}", postgres::first_line(PQresultErrorMessage(result)));
            return;
        }
        std::string error;
        auto registry = commands::Registry::from_json(PQgetvalue(result, 0, 0), error);
        if (!registry) {
            log_.error("the registry of commands cannot be understood: {}", error);
            return;
        }
        log_.debug("registry loaded: {} commands", registry->commands().size());
        registry_ = std::move(registry);
        pump_waiting();
    });
}

void Server::load_settings(std::function<void()> done) {
    if (!std::exchange(option_applied_, true) && !config_.notify_keyspace_events.empty()) {
        control_->query("SELECT redis.config_set('notify-keyspace-events', $1)",
                        {settings_.canonical("notify-keyspace-events", config_.notify_keyspace_events)}, [](const PGresult*) {});
    }
    control_->query("SELECT name, value FROM redis.settings", {},
                    [this, done = std::move(done), changes = settings_.changes()](const PGresult* result) {
                        if (settings_.changes() != changes) {  // a CONFIG SET here meanwhile, which this may not have seen
                            load_settings(done);
                            return;
                        }
                        const int rows = result != nullptr && PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : 0;
                        for (int row = 0; row < rows; ++row) {
                            const std::string name = PQgetvalue(result, row, 0);
                            const std::string value = PQgetvalue(result, row, 1);
                            if (settings_.known(name) && !settings_.problem(name, value)) settings_.set(name, value);
                        }
                        apply_settings();
                        done();
                    });
}

void Server::apply_settings() {
    const auto seconds = static_cast<unsigned>(settings_.number("tcp-keepalive"));
    for (const auto& [raw, client] : clients_) client->set_keepalive(seconds);
    slow_log_.configure(settings_.number("slowlog-log-slower-than"), settings_.number("slowlog-max-len"));
    if (const auto& events = settings_.value("notify-keyspace-events"); events != events_) {
        events_ = events;
        dispatcher_->set_session(quoted_setting("redis.events", events_));
        set_maintenance_events();
    }
}

// The sweep tells of what has expired.
void Server::set_maintenance_events() {
    maintenance_->query(quoted_setting("redis.events", events_), {}, [](const PGresult*) {});
}

void Server::reset_statistics() {
    statistics_ = {};
    command_statistics_.reset();
}

bool Server::admit(Client& client) {
    if (client.id == 0) assign_id(client);
    if (registry_ && client.id != 0) {
        client.waiting_since = 0;
        return true;
    }
    if (client.waiting_since == 0) client.waiting_since = uv_now(&loop_);
    wait_in_line(client);
    return false;
}

void Server::pump_waiting() {
    const auto waiting = std::exchange(waiting_, {});
    for (auto* client : waiting) {
        if (!client->closing()) client->pump();
    }
}

void Server::pause(std::uint64_t until, bool writes_only) {
    // Redis: a longer pause, or a stricter one, is not shortened by the next.
    if (paused(true)) {
        until = std::max(until, paused_until_);
        writes_only = writes_only && paused_writes_only_;
    }
    paused_until_ = until;
    paused_writes_only_ = writes_only;
    const auto now = uv_now(&loop_);
    uv_timer_start(
        &pause_timer_, [](uv_timer_t* timer) { static_cast<Server*>(timer->data)->unpause(); }, until > now ? until - now : 0, 0);
}

void Server::unpause() {
    paused_until_ = 0;
    uv_timer_stop(&pause_timer_);
    pump_waiting();
}

bool Server::paused(bool writes) const { return paused_until_ > uv_now(&loop_) && (writes || !paused_writes_only_); }

std::size_t Server::blocked_clients() const {
    const auto postponed = std::count_if(waiting_.begin(), waiting_.end(), [](const auto* client) { return client->postponed; });
    return waiting_room_.blocked_clients() + static_cast<std::size_t>(postponed);
}

void Server::wait_in_line(Client& client) {
    if (std::find(waiting_.begin(), waiting_.end(), &client) == waiting_.end()) waiting_.push_back(&client);
}

void Server::forget(Client& client) {
    std::erase(waiting_, &client);
    std::erase(unflushed_, &client);
    stop_monitor(client);
    const auto found = clients_.find(&client);
    if (found == clients_.end()) return;
    closed_.push_back(std::move(found->second));
    clients_.erase(found);
}

void Server::start_monitor(Client& client) {
    client.monitoring = true;
    monitors_.push_back(&client);
}

void Server::stop_monitor(Client& client) {
    client.monitoring = false;
    std::erase(monitors_, &client);
}

void Server::show_monitors(std::string_view line) {
    const auto text = "+" + monitor_time() + " " + std::string(line) + "\r\n";
    for (auto* client : monitors_) client->deliver(text);
}

void Server::flush_soon(Client& client) {
    if (std::find(unflushed_.begin(), unflushed_.end(), &client) == unflushed_.end()) unflushed_.push_back(&client);
}

void Server::flush_delivered() {
    for (auto* client : std::exchange(unflushed_, {})) client->flush();
}

void Server::on_tick() {
    const auto now = uv_now(&loop_);
    // Clients whose first commands wait for a database that has not been there yet.
    const auto wait = static_cast<std::uint64_t>(config_.postgres_wait * 1000);
    for (auto* client : std::vector<Client*>(waiting_)) {
        if (client->waiting_since == 0 || now - client->waiting_since < wait) continue;
        waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), client), waiting_.end());
        client->refuse_requests("ERR Postgres is not available; try again later");
        client->pump();
    }
    if (const auto timeout = settings_.number("timeout"); timeout > 0) {
        std::vector<Client*> idle;
        for (const auto& [client, owned] : clients_) {
            if (!client->busy() && !client->waiting() && !client->subscribed() &&
                now - client->last_interaction > static_cast<std::uint64_t>(timeout) * 1000)
                idle.push_back(client);
        }
        for (auto* client : idle) client->close();
    }
    std::vector<Client*> reading_slowly;
    for (const auto& [client, owned] : clients_) {
        if (client->unsent_bytes() > 0) reading_slowly.push_back(client);
    }
    for (auto* client : reading_slowly) client->check_output_limit();
    subscriptions_.on_tick();
    if (now - counted_at_ >= 1000) {
        const auto commands = statistics_.commands_processed;
        commands_a_second_ = commands < commands_counted_ ? 0 : (commands - commands_counted_) * 1000 / (now - counted_at_);
        commands_counted_ = commands;
        counted_at_ = now;
    }
    if (shutting_down_) finish_shutdown();
}

void Server::on_maintenance() {
    if (maintenance_->idle() && !shutting_down_) {
        sweep();
    } else {
        uv_timer_start(&maintenance_timer_, maintenance_timer_.timer_cb, static_cast<std::uint64_t>(config_.sweep_interval), 0);
    }
}

void Server::sweep() {
    maintenance_->query("SELECT redis.sweep($1)", {std::to_string(sweep_chunk)}, [this](const PGresult* swept) {
        const bool more =
            swept != nullptr && PQresultStatus(swept) == PGRES_TUPLES_OK && std::atoll(PQgetvalue(swept, 0, 0)) >= sweep_chunk;
        if (swept != nullptr && PQresultStatus(swept) == PGRES_TUPLES_OK) {
            statistics_.expired_keys += static_cast<std::uint64_t>(std::max(0LL, std::atoll(PQgetvalue(swept, 0, 0))));
        } else if (swept != nullptr) {
            report_maintenance("sweep", swept);
        }
        maintenance_->query("SELECT redis.reap($1)", {std::to_string(reap_chunk)}, [this, more](const PGresult* reaped) {
            const bool busy = more || (reaped != nullptr && PQresultStatus(reaped) == PGRES_TUPLES_OK &&
                                       std::atoll(PQgetvalue(reaped, 0, 0)) >= reap_chunk);
            if (reaped != nullptr && PQresultStatus(reaped) != PGRES_TUPLES_OK) {
                report_maintenance("reap", reaped);
            }
            uv_timer_start(&maintenance_timer_, maintenance_timer_.timer_cb,
                           busy ? busy_maintenance_ms : static_cast<std::uint64_t>(config_.sweep_interval), 0);
        });
    });
}

// A lock that was not to be had (somebody flushes, or has the table locked for a deployment) is no news: the next round is soon.
void Server::report_maintenance(const char* what, const PGresult* failed) {
    const char* state = PQresultErrorField(failed, PG_DIAG_SQLSTATE);
    const auto message = postgres::first_line(PQresultErrorMessage(failed));
    if (state != nullptr && std::string_view(state) == "55P03") {
        postgres_log_.debug("{}: {}", what, message);
    } else {
        postgres_log_.warning("{}: {}", what, message);
    }
}

void Server::shut_down() {
    if (shutting_down_) return;
    shutting_down_ = true;
    log_.info("stopping: finishing what is in flight");
    shutdown_deadline_ = uv_now(&loop_) + static_cast<std::uint64_t>(config_.shutdown_timeout * 1000);
    uv_close(reinterpret_cast<uv_handle_t*>(&listener_), nullptr);
    finish_shutdown();
}

void Server::finish_shutdown() {
    const bool out_of_time = uv_now(&loop_) >= shutdown_deadline_;
    std::vector<Client*> finished;
    for (const auto& [client, owned] : clients_) {
        const bool busy = client->busy() || (client->has_requests() && !client->waiting()) || client->unsent_bytes() > 0;
        if (!busy || out_of_time) finished.push_back(client);
    }
    for (auto* client : finished) client->close();
    if (!clients_.empty()) return;
    dispatcher_->stop();
    scripts_->stop();
    control_->stop();
    maintenance_->stop();
    uv_stop(&loop_);
}

}  // namespace pgredis::clients
