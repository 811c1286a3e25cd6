#include "clients/slow_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "commands/secrets.h"

namespace pgredis::clients {

namespace {

// Redis's SLOWLOG_ENTRY_MAX_ARGC and SLOWLOG_ENTRY_MAX_STRING.
constexpr std::size_t max_words = 32;
constexpr std::size_t max_word_bytes = 128;

}  // namespace

ShownCommand::ShownCommand(std::span<const std::string> arguments) {
    const auto secrets = commands::secret_positions(arguments);
    const auto shown = arguments.size() > max_words ? max_words - 1 : arguments.size();
    std::size_t bytes = 0;
    for (const auto& word : arguments.first(shown)) bytes += 1 + std::min(word.size(), max_word_bytes);
    bytes_.reserve(bytes);  // mostly all that it takes
    for (std::size_t i = 0; i < shown; ++i) {
        const std::string_view word = arguments[i];
        if (std::find(secrets.begin(), secrets.end(), i) != secrets.end()) {
            add(commands::redacted);
        } else if (word.size() > max_word_bytes) {
            add(word.substr(0, max_word_bytes), "... (" + std::to_string(word.size() - max_word_bytes) + " more bytes)");
        } else {
            add(word);
        }
    }
    if (shown < arguments.size()) add("... (" + std::to_string(arguments.size() - shown) + " more arguments)");
}

void ShownCommand::add(std::string_view word, std::string_view end) {
    bytes_ += static_cast<char>(word.size() + end.size());
    bytes_.append(word).append(end);
}

std::vector<std::string> ShownCommand::words() const {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < bytes_.size(); at += 1 + words.back().size())
        words.push_back(bytes_.substr(at + 1, static_cast<unsigned char>(bytes_[at])));
    return words;
}

void SlowLog::configure(std::int64_t slower_than, std::int64_t most) {
    slower_than_ = slower_than;
    most_ = static_cast<std::size_t>(most);
    if (slower_than_ >= 0) trim();
}

void SlowLog::offer(const ShownCommand& command, std::uint64_t nanoseconds, std::string_view address,
                    std::string_view client_name, Tally& tally) const {
    if (!is_slow(nanoseconds)) return;
    if (tally.size() >= 2 * most_) tally.erase(tally.begin(), tally.end() - static_cast<std::ptrdiff_t>(most_));
    tally.push_back(make_entry(command, nanoseconds, address, client_name));
}

void SlowLog::add(Tally& tally) {
    for (auto& entry : tally) add(std::move(entry));
    tally.clear();
}

SlowLog::Entry SlowLog::make_entry(const ShownCommand& command, std::uint64_t nanoseconds, std::string_view address,
                                   std::string_view client_name) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {.at = std::chrono::duration_cast<std::chrono::microseconds>(now).count(),
            .microseconds = static_cast<std::int64_t>(nanoseconds / 1000),
            .address = std::string(address),
            .client_name = std::string(client_name),
            .words = command.words()};
}

void SlowLog::add(Entry entry) {
    entry.id = next_id_++;
    entries_.push_front(std::move(entry));
    trim();
}

void SlowLog::trim() {
    if (entries_.size() > most_) entries_.resize(most_);
}

}  // namespace pgredis::clients
