#include "clients/foresight.h"

#include <algorithm>

namespace pgredis::clients {

namespace {

// Of a run's keys, and of its arguments, so many are looked at.
constexpr std::size_t max_places = 64;
constexpr std::size_t max_calls = 32;

std::vector<std::size_t> places_of(const std::string& word, const Foresight::Words& among) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < std::min(among.size(), max_places); ++i) {
        if (among[i] == word) places.push_back(i);
    }
    return places;
}

void keep_places_of(const std::string& word, const Foresight::Words& among, std::vector<std::size_t>& places) {
    std::erase_if(places, [&](std::size_t place) { return place >= among.size() || among[place] != word; });
}

}  // namespace

Foresight::Pattern Foresight::pattern_of(const Call& call, const Input& input) {
    Pattern pattern{{}, call.protocol};
    for (const auto& word : call.arguments)
        pattern.words.push_back({places_of(word, input.keys), places_of(word, input.arguments), true, word});
    return pattern;
}

bool Foresight::narrow(Pattern& pattern, const Call& call, const Input& input) {
    if (call.arguments.size() != pattern.words.size() || call.protocol != pattern.protocol) return false;
    for (std::size_t i = 0; i < pattern.words.size(); ++i) {
        auto& word = pattern.words[i];
        keep_places_of(call.arguments[i], input.keys, word.keys);
        keep_places_of(call.arguments[i], input.arguments, word.arguments);
        word.is_constant = word.is_constant && word.constant == call.arguments[i];
        if (word.unknown()) return false;
    }
    return true;
}

void Foresight::cut(std::size_t count) {
    if (count < calls_.size()) calls_.resize(count);
    sees_end_ = false;
}

void Foresight::learn(const std::vector<Call>& calls, const Input& input) {
    if (runs_++ == 0) {
        for (const auto& call : calls) calls_.push_back(pattern_of(call, input));
        if (calls_.size() > max_calls) cut(max_calls);
        return;
    }
    if (runs_ > enough_runs) {
        compare(calls, input);
        return;
    }
    const auto both = std::min(calls.size(), calls_.size());
    if (calls.size() != calls_.size()) cut(both);
    for (std::size_t i = 0; i < both; ++i) {
        if (narrow(calls_[i], calls[i], input)) continue;
        cut(i);
        return;
    }
}

// Would it have been foreseen?
void Foresight::compare(const std::vector<Call>& calls, const Input& input) {
    const auto foreseen = foresee(input);
    const auto count = foreseen.calls.size();
    std::size_t same = 0;
    while (same < count && same < calls.size() && foreseen.calls[same] == calls[same]) ++same;
    if (same < count || (foreseen.are_all && calls.size() > count))
        correct(same, same < calls.size() ? &calls[same] : nullptr, input);
}

Foresight::Calls Foresight::foresee(const Input& input) const {
    Calls foreseen;
    if (runs_ < enough_runs) return foreseen;
    for (const auto& pattern : calls_) {
        Call call{{}, pattern.protocol};
        for (const auto& word : pattern.words) {
            // What may be a key or an argument most likely is: a constant that happens to be equal is rarer.
            const auto is_there = [](const auto& places, const auto& among) {
                return !places.empty() && places.front() < among.size();
            };
            if (is_there(word.keys, input.keys)) {
                call.arguments.push_back(input.keys[word.keys.front()]);
            } else if (is_there(word.arguments, input.arguments)) {
                call.arguments.push_back(input.arguments[word.arguments.front()]);
            } else if (word.is_constant) {
                call.arguments.push_back(word.constant);
            } else {
                return foreseen;
            }
        }
        foreseen.calls.push_back(std::move(call));
    }
    foreseen.are_all = sees_end_;
    return foreseen;
}

void Foresight::correct(std::size_t number, const Call* actual, const Input& input) {
    if (actual == nullptr || number >= calls_.size() || !narrow(calls_[number], *actual, input)) cut(number);
}

}  // namespace pgredis::clients
