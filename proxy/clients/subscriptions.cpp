#include "clients/subscriptions.h"

#include <libpq-fe.h>

#include <algorithm>
#include <optional>

#include "clients/client.h"
#include "clients/client_job.h"
#include "clients/server.h"
#include "commands/glob.h"
#include "resp/reply_writer.h"

namespace pgredis::clients {

namespace {

constexpr std::string_view kind_letters = "cps";
constexpr std::array<std::string_view, subscription_kinds> subscribe_words{"subscribe", "psubscribe", "ssubscribe"};
constexpr std::array<std::string_view, subscription_kinds> unsubscribe_words{"unsubscribe", "punsubscribe", "sunsubscribe"};
// Messages are written to the sockets together, unless they become so many.
constexpr std::size_t max_touched_bytes = std::size_t{1} << 20;

std::size_t index_of(SubscriptionKind kind) { return static_cast<std::size_t>(kind); }

// What a reply counts: channels and patterns together, shard channels apart.
std::size_t told_count(const Client& client, SubscriptionKind kind) {
    if (!client.subscriptions) return 0;
    const auto& own = *client.subscriptions;
    if (kind == SubscriptionKind::shard) return own.count(kind);
    return own.count(SubscriptionKind::channel) + own.count(SubscriptionKind::pattern);
}

void write_change(const Client& client, std::string_view word, SubscriptionKind kind, const std::string* name,
                  resp::ReplyWriter& writer) {
    writer.push(3);
    writer.bulk(word);
    if (name == nullptr) {
        writer.null();
    } else {
        writer.bulk(*name);
    }
    writer.integer(static_cast<std::int64_t>(told_count(client, kind)));
}

void append_hex(std::string& out, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
}

// A frame for the clients of each protocol, made when the first of them wants it.
class Frames {
 public:
    Frames(std::string_view word, const std::string* pattern, const Message& message)
        : word_(word), pattern_(pattern), message_(message) {}

    const std::string& of(resp::Protocol protocol) {
        auto& frame = frames_[protocol == resp::Protocol::resp3 ? 1 : 0];
        if (frame.empty()) {
            resp::ReplyWriter writer(frame, protocol);
            writer.push(pattern_ == nullptr ? 3 : 4);
            writer.bulk(word_);
            if (pattern_ != nullptr) writer.bulk(*pattern_);
            writer.bulk(message_.channel);
            writer.bulk(message_.text);
        }
        return frame;
    }

 private:
    std::string_view word_;
    const std::string* pattern_;
    const Message& message_;
    std::array<std::string, 2> frames_;
};

}  // namespace

// A client's change of its subscriptions, which the database is to know before it is answered.
class SubscriptionJob final : public ClientJob {
 public:
    SubscriptionJob(Client& client, SubscriptionKind kind, bool subscribes, std::vector<std::string> names,
                    std::vector<std::string> changed)
        : ClientJob(client), kind(kind), subscribes(subscribes), names(std::move(names)), changed(std::move(changed)) {}

    void on_rows(std::size_t, const postgres::Rows&) override {}
    void on_failure(std::size_t, const postgres::Failure&) override {}

    // Every name is answered, changed or not.
    void answer(resp::ReplyWriter& writer) {
        auto& subscriptions = server().subscriptions();
        for (const auto& name : names) {
            if (subscribes) {
                subscriptions.add(*client(), kind, name);
            } else {
                subscriptions.remove(*client(), kind, name);
            }
            write_change(*client(), (subscribes ? subscribe_words : unsubscribe_words)[index_of(kind)], kind, &name, writer);
        }
        if (names.empty()) write_change(*client(), unsubscribe_words[index_of(kind)], kind, nullptr, writer);
    }

    // The same as frames that are sent in silent modes too.
    void answer() {
        if (client() == nullptr) return;
        std::string frames;
        resp::ReplyWriter writer(frames, client()->protocol);
        answer(writer);
        client()->push(frames);
    }

    void refuse(const std::string& error) {
        if (client() == nullptr) return;
        count_error(error);
        resp::ReplyWriter(out(), client()->protocol).error(error);
    }

    const SubscriptionKind kind;
    const bool subscribes;
    const std::vector<std::string> names;
    const std::vector<std::string> changed;  // those that the client has not subscribed to yet, or has, each once
};

int Subscriptions::Entry::wanted() const { return std::max(0, static_cast<int>(clients.size()) + arriving - leaving); }

Subscriptions::Subscriptions(Server& server) : server_(server) {}

Subscriptions::~Subscriptions() = default;

std::size_t Subscriptions::count(SubscriptionKind kind) const {
    const auto& entries = entries_[index_of(kind)];
    return static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [](const auto& entry) { return !entry.second.clients.empty(); }));
}

void Subscriptions::change(Client& client, SubscriptionKind kind, bool subscribes, std::vector<std::string> names,
                           resp::ReplyWriter* in_exec) {
    const auto* own = client.subscriptions ? &client.subscriptions->of(kind) : nullptr;
    if (!subscribes && names.empty() && own != nullptr) names.assign(own->begin(), own->end());
    std::unordered_set<std::string> changed;
    for (const auto& name : names) {
        const bool subscribed = own != nullptr && own->contains(name);
        if (subscribed != subscribes) changed.insert(name);
    }
    const auto job = std::make_shared<SubscriptionJob>(client, kind, subscribes, std::move(names),
                                                       std::vector<std::string>(changed.begin(), changed.end()));
    if (in_exec != nullptr || job->changed.empty()) {
        in_exec != nullptr ? job->answer(*in_exec) : job->answer();
        flush();
        return;
    }
    for (const auto& name : job->changed) {
        auto& changed_entry = *entries_[index_of(kind)].try_emplace(name, kind).first;
        ++(subscribes ? changed_entry.second.arriving : changed_entry.second.leaving);
        touch(changed_entry);
    }
    job->queued_at = uv_now(server_.loop());
    client.hold(job);
    waiting_.push_back(job);
    flush();
}

void Subscriptions::add(Client& client, SubscriptionKind kind, const std::string& name) {
    if (!client.subscriptions) client.subscriptions = std::make_unique<ClientSubscriptions>();
    if (!client.subscriptions->of(kind).insert(name).second) return;
    auto& changed = *entries_[index_of(kind)].try_emplace(name, kind).first;
    changed.second.clients.push_back(&client);
    touch(changed);
}

void Subscriptions::remove(Client& client, SubscriptionKind kind, const std::string& name) {
    if (!client.subscriptions || client.subscriptions->of(kind).erase(name) == 0) return;
    if (client.subscriptions->total() == 0) client.subscriptions.reset();
    auto& changed = *entries_[index_of(kind)].find(name);
    auto& clients = changed.second.clients;
    clients.erase(std::find(clients.begin(), clients.end(), &client));
    touch(changed);
}

void Subscriptions::forget(Client& client) {
    if (std::exchange(client.touched, false)) touched_.erase(std::find(touched_.begin(), touched_.end(), &client));
    if (!client.subscriptions) return;
    const auto own = std::move(client.subscriptions);
    for (const auto kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
        for (const auto& name : own->of(kind)) {
            auto& changed = *entries_[index_of(kind)].find(name);
            auto& clients = changed.second.clients;
            clients.erase(std::find(clients.begin(), clients.end(), &client));
            touch(changed);
        }
    }
    flush();
}

void Subscriptions::touch(Entries::value_type& changed) {
    if (changed.second.dirty) return;
    changed.second.dirty = true;
    dirty_.push_back(&changed);
}

// What nobody has to do with any more is dropped.
void Subscriptions::clean(Entries::value_type& changed) {
    const auto& entry = changed.second;
    if (entry.dirty || !entry.clients.empty() || entry.arriving > 0 || entry.leaving > 0 || entry.registered != 0) return;
    auto& entries = entries_[index_of(entry.kind)];
    entries.erase(entries.find(changed.first));
}

// Registers all that has changed since the last call, in one statement; what changes meanwhile goes with the next.
void Subscriptions::flush() {
    if (registering_ || !server_.control().connected() || (dirty_.empty() && waiting_.empty())) return;
    std::string kinds = "{";
    std::string names = "{";
    std::string counts = "{";
    std::vector<Change> changes;
    for (auto* changed : std::exchange(dirty_, {})) {
        auto& entry = changed->second;
        entry.dirty = false;
        const auto wanted = entry.wanted();
        if (wanted == entry.registered) {
            clean(*changed);
            continue;
        }
        const std::string_view comma = changes.empty() ? "" : ",";
        kinds.append(comma) += kind_letters[index_of(entry.kind)];
        append_hex(names.append(comma).append("\"\\\\x"), changed->first);
        names += '"';
        counts.append(comma).append(std::to_string(wanted));
        entry.registered = -1;
        changes.emplace_back(changed, wanted);
    }
    if (changes.empty() && waiting_.empty()) return;
    registering_ = true;
    auto jobs = std::exchange(waiting_, {});
    listen(true);
    server_.control().query(
        "SELECT redis.register_subscriptions($1::pg_catalog.text[], $2::pg_catalog.bytea[], $3::pg_catalog.int4[])",
        {kinds + "}", names + "}", counts + "}"},
        [this, changes, jobs = std::move(jobs)](const PGresult* result) { on_registered(result, changes, jobs); });
}

// Before the first registration, and no longer than needed: every message wakes up whoever listens.
void Subscriptions::listen(bool wanted) {
    if (wanted == listening_) return;
    listening_ = wanted;
    server_.control().query(wanted ? "LISTEN redis_messages" : "UNLISTEN redis_messages", {}, [](const PGresult*) {});
}

void Subscriptions::on_registered(const PGresult* result, const std::vector<Change>& changes,
                                  std::vector<std::shared_ptr<SubscriptionJob>> jobs) {
    const bool registered = result != nullptr && PQresultStatus(result) == PGRES_TUPLES_OK;
    for (const auto& [changed, count] : changes) {
        if (registered) {
            changed->second.registered = count;
        } else {
            touch(*changed);  // nobody knows what the database knows
        }
    }
    if (registered) {
        finish(jobs, "");
    } else if (result == nullptr) {  // the connection broke: once more on the next one
        waiting_.insert(waiting_.begin(), jobs.begin(), jobs.end());
    } else {
        server_.log().warning("subscriptions cannot be registered: {}", postgres::first_line(PQresultErrorMessage(result)));
        finish(jobs, "ERR the subscription could not be registered in Postgres");
    }
    for (const auto& [changed, count] : changes) clean(*changed);
    registering_ = false;
    if (std::all_of(entries_.begin(), entries_.end(), [](const auto& entries) { return entries.empty(); })) listen(false);
    if (registered) flush();
}

void Subscriptions::finish(const std::vector<std::shared_ptr<SubscriptionJob>>& jobs, const std::string& error) {
    for (const auto& job : jobs) {
        if (!job->subscribes && error.empty()) {
            leaving_.push_back(job);
            continue;
        }
        for (const auto& name : job->changed) {
            auto& changed = *entries_[index_of(job->kind)].find(name);
            --(job->subscribes ? changed.second.arriving : changed.second.leaving);
            touch(changed);
        }
        if (error.empty()) {
            job->answer();
        } else {
            job->refuse(error);
        }
        job->on_done();
    }
}

void Subscriptions::on_drained() {
    for (const auto& job : std::exchange(leaving_, {})) {
        for (const auto& name : job->changed) {
            auto& changed = *entries_[index_of(job->kind)].find(name);
            --changed.second.leaving;
            touch(changed);
        }
        job->answer();
        job->on_done();
    }
    flush_clients();
    flush();
}

void Subscriptions::on_connected() {
    listening_ = false;
    inbound_.clear();
    if (std::any_of(entries_.begin(), entries_.end(), [](const auto& entries) { return !entries.empty(); })) listen(true);
    flush();
}

void Subscriptions::on_joined() {
    for (auto& entries : entries_) {
        for (auto& known : entries) {
            known.second.registered = 0;
            touch(known);
        }
    }
    flush();
}

void Subscriptions::on_tick() {
    if (server_.control().connected()) {
        flush();  // what could not be registered is tried again
        return;
    }
    const auto now = uv_now(server_.loop());
    const auto patience = static_cast<std::uint64_t>(server_.config().postgres_wait * 1000);
    const auto expired =
        std::stable_partition(waiting_.begin(), waiting_.end(), [&](const auto& job) { return now - job->queued_at < patience; });
    const std::vector<std::shared_ptr<SubscriptionJob>> jobs(expired, waiting_.end());
    waiting_.erase(expired, waiting_.end());
    finish(jobs, "ERR Postgres is not available; try again later");
}

void Subscriptions::on_notification(std::string_view text) {
    auto messages = decode_messages(text);
    if (!messages) {
        server_.log().warning("a notification on channel redis_messages is none of pgredis");
        return;
    }
    for (auto& message : *messages) {
        if (fetching_ || !inbound_.empty() || message.id != 0) {
            inbound_.push_back(std::move(message));
        } else {
            deliver(message);
        }
    }
    deliver_inbound();
}

void Subscriptions::deliver_inbound() {
    while (!fetching_ && !inbound_.empty()) {
        const auto message = std::move(inbound_.front());
        inbound_.pop_front();
        if (message.id != 0) {
            long_message_ = {};
            fetch(message.id);
        } else {
            deliver(message);
        }
    }
}

// A long message comes in parts. The messages behind it wait, as they were sent after it.
void Subscriptions::fetch(std::int64_t id) {
    fetching_ = true;
    server_.control().query("SELECT kind, channel, length, part FROM redis.fetch_message($1, $2)",
                            {std::to_string(id), std::to_string(long_message_.text.size() + 1)},
                            [this, id](const PGresult* result) { on_fetched(result, id); });
}

void Subscriptions::on_fetched(const PGresult* result, std::int64_t id) {
    fetching_ = false;
    if (result != nullptr && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        if (long_message_.text.empty()) {
            long_message_.kind = *PQgetvalue(result, 0, 0);
            long_message_.channel = decode_hex(PQgetvalue(result, 0, 1));
        }
        const auto before = long_message_.text.size();
        long_message_.text += decode_hex(PQgetvalue(result, 0, 3));
        const auto length = static_cast<std::size_t>(std::strtoull(PQgetvalue(result, 0, 2), nullptr, 10));
        if (long_message_.text.size() < length && long_message_.text.size() > before) {
            fetch(id);
            return;
        }
        if (long_message_.text.size() == length) deliver(long_message_);
    } else if (result == nullptr || PQresultStatus(result) != PGRES_TUPLES_OK) {
        server_.log().warning("a published message could not be fetched");
    }
    long_message_ = {};
    deliver_inbound();
}

void Subscriptions::deliver(const Message& message) {
    const auto send = [this](const std::vector<Client*>& clients, Frames frames) {
        for (auto* client : clients) {
            const auto& frame = frames.of(client->protocol);
            client->push(frame);
            touched_bytes_ += frame.size();
            if (!std::exchange(client->touched, true)) touched_.push_back(client);
        }
    };
    const auto kind = message.kind == 's' ? SubscriptionKind::shard : SubscriptionKind::channel;
    const auto& entries = entries_[index_of(kind)];
    if (const auto found = entries.find(message.channel); found != entries.end())
        send(found->second.clients, Frames(kind == SubscriptionKind::shard ? "smessage" : "message", nullptr, message));
    if (kind == SubscriptionKind::channel) {
        for (const auto& [pattern, entry] : entries_[index_of(SubscriptionKind::pattern)]) {
            if (commands::glob_matches(pattern, message.channel)) send(entry.clients, Frames("pmessage", &pattern, message));
        }
    }
    if (touched_bytes_ > max_touched_bytes) flush_clients();
}

void Subscriptions::flush_clients() {
    touched_bytes_ = 0;
    while (!touched_.empty()) {
        auto* client = touched_.back();
        touched_.pop_back();
        client->touched = false;
        client->send_pushed();
    }
}

}  // namespace pgredis::clients
