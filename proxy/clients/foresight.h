// What a script will call, known from what it called before: most scripts make the same calls each time, with their own keys and
// arguments in the same places. Calls that are foreseen go to Postgres together, before the script has asked for them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "resp/reply_writer.h"

namespace pgredis::clients {

class Foresight {
 public:
    using Words = std::vector<std::string>;
    struct Call {
        Words arguments;          // the command's name being the first
        resp::Protocol protocol;  // that the script wants the reply in

        bool operator==(const Call&) const = default;
    };
    // KEYS and ARGV of a run.
    struct Input {
        const Words& keys;
        const Words& arguments;
    };

    // Is it worth noting down what a run calls?
    [[nodiscard]] bool learning() const { return runs_ < enough_runs && (runs_ == 0 || !calls_.empty()); }
    // A run that was noted down from its start to its end, without foresight.
    void learn(const std::vector<Call>& calls, const Input& input);

    struct Calls {
        std::vector<Call> calls;
        bool are_all = false;  // no others will follow
    };
    // The calls that every run begins with, as far as it is known; none while learning.
    [[nodiscard]] Calls foresee(const Input& input) const;
    // A run did otherwise: its call of this number (from 0) was `actual`; null: it made no more.
    void correct(std::size_t number, const Call* actual, const Input& input);

 private:
    // Where a word of a call may come from, for all that was seen.
    struct Word {
        std::vector<std::size_t> keys;  // their numbers, from 0
        std::vector<std::size_t> arguments;
        bool is_constant = true;
        std::string constant;

        [[nodiscard]] bool unknown() const { return keys.empty() && arguments.empty() && !is_constant; }
    };
    struct Pattern {
        std::vector<Word> words;
        resp::Protocol protocol;
    };

    static constexpr int enough_runs = 8;

    [[nodiscard]] static Pattern pattern_of(const Call& call, const Input& input);
    // Keeps what fits this call too; false when nothing does.
    [[nodiscard]] static bool narrow(Pattern& pattern, const Call& call, const Input& input);
    void compare(const std::vector<Call>& calls, const Input& input);
    void cut(std::size_t count);

    int runs_ = 0;
    std::vector<Pattern> calls_;
    bool sees_end_ = true;
};

}  // namespace pgredis::clients
