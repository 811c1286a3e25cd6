#include "clients/peer_questions.h"

#include <algorithm>

#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

// With the words before it a notification stays below 8000 bytes.
constexpr std::size_t part_bytes = 7800;
constexpr std::string_view hex = "0123456789ABCDEF";

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '%' && c != '"' && c != '\\'; }

void append_escaped(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 15];
}

}  // namespace

std::string escape(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        if (is_plain(c)) {
            text += c;
        } else {
            append_escaped(text, c);
        }
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '%' && i + 2 < text.size();
        const auto high = escaped ? hex.find(text[i + 1]) : std::string_view::npos;
        const auto low = escaped ? hex.find(text[i + 2]) : std::string_view::npos;
        if (high == std::string_view::npos || low == std::string_view::npos) {
            bytes += text[i];
            continue;
        }
        bytes += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return bytes;
}

std::string join_words(const std::vector<std::string>& words) {
    std::string line;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) line += ' ';
        for (const char c : words[i]) {
            if (is_plain(c) && c != ' ') {
                line += c;
            } else {
                append_escaped(line, c);
            }
        }
    }
    return line;
}

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    while (true) {
        const auto blank = line.find(' ');
        words.push_back(unescape(line.substr(0, blank)));
        if (blank == std::string_view::npos) return words;
        line.remove_prefix(blank + 1);
    }
}

std::vector<std::string> split_into_parts(std::string_view text) {
    const auto total = std::max<std::size_t>(1, (text.size() + part_bytes - 1) / part_bytes);
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < total; ++i) {
        parts.push_back(std::to_string(i + 1) + '/' + std::to_string(total) + ' ');
        parts.back() += text.substr(i * part_bytes, part_bytes);
    }
    return parts;
}

std::optional<std::string> Parts::add(std::string_view part) {
    const auto slash = part.find('/');
    const auto blank = part.find(' ');
    if (slash == std::string_view::npos || blank == std::string_view::npos || blank < slash) return std::nullopt;
    const auto number = resp::parse_integer(part.substr(0, slash));
    const auto total = resp::parse_integer(part.substr(slash + 1, blank - slash - 1));
    if (!number || !total || *number < 1 || *number > *total) return std::nullopt;
    if (parts_.empty()) total_ = static_cast<std::size_t>(*total);
    if (total_ != static_cast<std::size_t>(*total)) return std::nullopt;
    parts_.emplace(static_cast<std::size_t>(*number), part.substr(blank + 1));
    if (parts_.size() < total_) return std::nullopt;
    std::string text;
    for (const auto& [place, bytes] : parts_) text += bytes;
    return text;
}

std::int64_t PeerQuestions::open(Done done, std::uint64_t now) {
    open_[++last_number_] = {std::move(done), now, std::nullopt, {}, {}};
    return last_number_;
}

void PeerQuestions::asked(std::int64_t number, std::set<std::int32_t> others) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    for (const auto& [proxy, text] : found->second.answers) others.erase(proxy);
    found->second.waiting_for = std::move(others);
    end_if_answered(number);
}

void PeerQuestions::answered(std::int64_t number, std::int32_t from, std::string_view part) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    auto& question = found->second;
    auto text = question.incomplete[from].add(part);
    if (!text) return;
    question.incomplete.erase(from);
    question.answers[from] = unescape(*text);
    if (question.waiting_for) question.waiting_for->erase(from);
    end_if_answered(number);
}

void PeerQuestions::keep(const std::set<std::int32_t>& alive) {
    std::vector<std::int64_t> numbers;
    for (auto& [number, question] : open_) {
        if (!question.waiting_for) continue;
        std::erase_if(*question.waiting_for, [&alive](std::int32_t proxy) { return !alive.contains(proxy); });
        numbers.push_back(number);
    }
    for (const auto number : numbers) end_if_answered(number);
}

std::size_t PeerQuestions::expire(std::uint64_t before) {
    std::vector<std::int64_t> numbers;
    for (const auto& [number, question] : open_) {
        if (question.opened_at < before) numbers.push_back(number);
    }
    for (const auto number : numbers) end(number);
    return numbers.size();
}

void PeerQuestions::end_if_answered(std::int64_t number) {
    const auto found = open_.find(number);
    if (found != open_.end() && found->second.waiting_for && found->second.waiting_for->empty()) end(number);
}

void PeerQuestions::end(std::int64_t number) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    const auto question = std::move(found->second);
    open_.erase(found);  // before anybody is told: who is told may ask the next question
    std::vector<std::string> answers;
    for (const auto& [proxy, text] : question.answers) answers.push_back(text);
    question.done(answers);
}

}  // namespace pgredis::clients
