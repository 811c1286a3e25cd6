#include "clients/command_statistics.h"

#include <fmt/format.h>

#include <iterator>

namespace pgredis::clients {

namespace {

// Scripts can return any error: so many different first words are told apart (Redis 7.0 has no limit, 7.2 stops there).
constexpr std::size_t max_error_words = 128;
// A longer first word is none, as in Redis.
constexpr std::size_t max_error_word_bytes = 32;

std::string_view error_word(std::string_view reply) {
    if (reply.starts_with('-')) reply.remove_prefix(1);
    const auto end = reply.find_first_of(" \r");
    return end > max_error_word_bytes ? "ERR" : reply.substr(0, end);
}

}  // namespace

void CommandStatistics::Tally::count_reply(Figures& figures, std::uint64_t nanoseconds, std::string_view reply) {
    const bool failed = reply.starts_with('-');
    count_call(commands_[&figures], nanoseconds, failed);
    if (failed) ++errors_[std::string(error_word(reply))];
}

void CommandStatistics::Tally::clear() {
    commands_.clear();
    errors_.clear();
}

void CommandStatistics::count_call(Figures& figures, std::uint64_t nanoseconds, bool failed) {
    ++figures.calls;
    figures.nanoseconds += nanoseconds;
    if (failed) ++figures.failed;
}

void CommandStatistics::count_error(std::string_view reply) { count_error_word(error_word(reply), 1); }

void CommandStatistics::count_error_word(std::string_view word, std::uint64_t times) {
    error_count_ += times;
    if (const auto found = errors_.find(word); found != errors_.end()) {
        found->second += times;
    } else if (errors_.size() < max_error_words) {
        errors_.emplace(word, times);
    }
}

void CommandStatistics::add(Tally& tally) {
    for (const auto& [figures, counted] : tally.commands_) {
        figures->calls += counted.calls;
        figures->nanoseconds += counted.nanoseconds;
        figures->failed += counted.failed;
    }
    for (const auto& [word, times] : tally.errors_) count_error_word(word, times);
    tally.clear();
}

void CommandStatistics::reset() {
    for (auto& [name, figures] : commands_) figures = {};  // calls under way know where theirs are
    errors_.clear();
    error_count_ = 0;
}

std::string CommandStatistics::command_lines() const {
    std::string text;
    for (const auto& [name, figures] : commands_) {
        if (figures.calls + figures.rejected == 0) continue;
        const auto microseconds = figures.nanoseconds / 1000;
        fmt::format_to(std::back_inserter(text),
                       "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}\r\n", name,
                       figures.calls, microseconds,
                       figures.calls == 0 ? 0.0 : static_cast<double>(microseconds) / static_cast<double>(figures.calls),
                       figures.rejected, figures.failed);
    }
    return text;
}

std::string CommandStatistics::error_lines() const {
    std::string text;
    for (const auto& [word, count] : errors_) fmt::format_to(std::back_inserter(text), "errorstat_{}:count={}\r\n", word, count);
    return text;
}

}  // namespace pgredis::clients
