#include "clients/peers.h"

#include <cstdlib>
#include <optional>

#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

constexpr std::uint64_t patience_ms = 2000;
// Answers come within milliseconds: who has not answered by then may be gone.
constexpr std::uint64_t look_ms = 200;

// Takes the number that `text` begins with, and the blank behind it.
std::optional<std::int64_t> take_number(std::string_view& text) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto number = resp::parse_integer(text.substr(0, blank));
    text.remove_prefix(blank + 1);
    return number;
}

// An array in Postgres's notation, of parts: nothing in them needs more than the quotes.
std::string array_of(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "{\"" : ",\"") + part + '"';
    return text + '}';
}

std::set<std::int32_t> proxies_in(const PGresult* result) {
    std::set<std::int32_t> proxies;
    for (int row = 0; row < PQntuples(result); ++row)
        proxies.insert(static_cast<std::int32_t>(std::strtol(PQgetvalue(result, row, 0), nullptr, 10)));
    return proxies;
}

bool has_rows(const PGresult* result) { return result != nullptr && PQresultStatus(result) == PGRES_TUPLES_OK; }

}  // namespace

Peers::Peers(uv_loop_t* loop, postgres::QueryConnection& control, std::int32_t own_id, const operations::Logger& log,
             OnQuestion on_question)
    : control_(control), own_id_(own_id), log_(log), on_question_(std::move(on_question)), loop_(loop), timer_(new uv_timer_t) {
    uv_timer_init(loop, timer_);
    timer_->data = this;
}

Peers::~Peers() {
    uv_close(reinterpret_cast<uv_handle_t*>(timer_), [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

void Peers::ask(const std::vector<std::string>& command, PeerQuestions::Done done) {
    const auto number = questions_.open(std::move(done), uv_now(loop_));
    watch();
    control_.query("SELECT redis.ask($1, VARIADIC $2)", {std::to_string(number), array_of(split_into_parts(join_words(command)))},
                   [this, number](const PGresult* result) {
                       if (has_rows(result)) {
                           questions_.asked(number, proxies_in(result));
                       } else {
                           questions_.end(number);
                       }
                   });
}

void Peers::watch() {
    if (uv_is_active(reinterpret_cast<uv_handle_t*>(timer_)) != 0) return;
    uv_timer_start(
        timer_, [](uv_timer_t* timer) { static_cast<Peers*>(timer->data)->on_watch(); }, look_ms, look_ms);
}

void Peers::on_watch() {
    const auto now = uv_now(loop_);
    if (const auto expired = now < patience_ms ? 0 : questions_.expire(now - patience_ms); expired > 0)
        log_.warning("{} questions to the other proxies were not answered by all of them in {} ms", expired, patience_ms);
    if (questions_.empty()) {
        uv_timer_stop(timer_);
        return;
    }
    control_.query("SELECT redis.other_proxies()", {}, [this](const PGresult* result) {
        if (has_rows(result)) questions_.keep(proxies_in(result));
    });
}

void Peers::on_ask(std::string_view text) {
    const auto asker = take_number(text);
    if (!asker || *asker == own_id_) return;
    const auto number = take_number(text);
    if (!number) return;
    const std::pair key(static_cast<std::int32_t>(*asker), *number);
    const auto line = incomplete_[key].add(text);
    if (!line) return;
    incomplete_.erase(key);
    on_question_(split_words(*line), [this, key](std::string_view answer) {
        control_.query("SELECT redis.answer($1, $2, VARIADIC $3)",
                       {std::to_string(key.first), std::to_string(key.second), array_of(split_into_parts(escape(answer)))},
                       [](const PGresult*) {});
    });
}

void Peers::on_answer(std::string_view text) {
    const auto asker = take_number(text);
    if (!asker || *asker != own_id_) return;
    const auto number = take_number(text);
    const auto from = take_number(text);
    if (number && from) questions_.answered(*number, static_cast<std::int32_t>(*from), text);
}

void Peers::on_lost() {
    incomplete_.clear();
    questions_.expire(UINT64_MAX);
}

}  // namespace pgredis::clients
