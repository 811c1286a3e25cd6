// What one proxy asks the others: how it is written into notifications, and which answers are still to come. No input or output
// happens here: see peers.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::clients {

// Any bytes as printable ASCII, which every database encoding has: all but '!' … '~' and the blank become %XX, and so do
// '%', '"' and '\'.
[[nodiscard]] std::string escape(std::string_view bytes);
[[nodiscard]] std::string unescape(std::string_view text);

// A command as one line: its words escaped, their blanks too, a blank between two.
[[nodiscard]] std::string join_words(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> split_words(std::string_view line);

// A text as the parts that fit into a notification of less than 8000 bytes, each "<its number>/<how many> <bytes>".
[[nodiscard]] std::vector<std::string> split_into_parts(std::string_view text);

// Puts such parts together, in any order; one that is no part, or does not go with those before, is passed over.
class Parts {
 public:
    // The whole text when this was the last part that was missing.
    std::optional<std::string> add(std::string_view part);

 private:
    std::size_t total_ = 0;
    std::map<std::size_t, std::string> parts_;
};

// The questions of this proxy that wait for answers.
class PeerQuestions {
 public:
    // Called once for each question, with the answers of those that gave one, in the order of the proxies' numbers.
    using Done = std::function<void(const std::vector<std::string>& answers)>;

    // A question's number.
    std::int64_t open(Done done, std::uint64_t now);
    // Who was asked. Answers may have come before this is known.
    void asked(std::int64_t number, std::set<std::int32_t> others);
    // A part of an answer, which is escaped.
    void answered(std::int64_t number, std::int32_t from, std::string_view part);
    // Only these proxies are alive: nothing is to be expected from others that were asked.
    void keep(const std::set<std::int32_t>& alive);
    // Ends those that were opened before; returns how many.
    std::size_t expire(std::uint64_t before);
    void end(std::int64_t number);
    [[nodiscard]] bool empty() const { return open_.empty(); }

 private:
    struct Question {
        Done done;
        std::uint64_t opened_at;
        std::optional<std::set<std::int32_t>> waiting_for;  // known when the database has told who was asked
        std::map<std::int32_t, Parts> incomplete;
        std::map<std::int32_t, std::string> answers;
    };

    void end_if_answered(std::int64_t number);

    std::map<std::int64_t, Question> open_;
    std::int64_t last_number_ = 0;
};

}  // namespace pgredis::clients
