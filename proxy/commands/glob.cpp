#include "commands/glob.h"

#include <algorithm>

namespace pgredis::commands {

namespace {

// Ranges compare signed bytes, as Redis does: 0x80 to 0xff come before 0.
int fold(char c, bool ignore_case) { return ignore_case && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : static_cast<signed char>(c); }

// Matches the class that begins behind '[' at pattern[0]; leaves `pattern` behind its ']'.
bool class_matches(std::string_view& pattern, char c, bool ignore_case) {
    const bool negated = !pattern.empty() && pattern.front() == '^';
    if (negated) pattern.remove_prefix(1);
    const int wanted = fold(c, ignore_case);
    bool found = false;
    while (!pattern.empty() && pattern.front() != ']') {
        if (pattern.front() == '\\' && pattern.size() >= 2) {
            pattern.remove_prefix(1);
            found = found || fold(pattern.front(), ignore_case) == wanted;
            pattern.remove_prefix(1);
        } else if (pattern.size() >= 3 && pattern[1] == '-') {
            int low = fold(pattern[0], ignore_case);
            int high = fold(pattern[2], ignore_case);
            if (low > high) std::swap(low, high);
            found = found || (wanted >= low && wanted <= high);
            pattern.remove_prefix(3);
        } else {
            found = found || fold(pattern.front(), ignore_case) == wanted;
            pattern.remove_prefix(1);
        }
    }
    if (!pattern.empty()) pattern.remove_prefix(1);
    return found != negated;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case) {
    if (text.empty()) return pattern.empty();  // not even a star matches nothing
    // Where to go on after the latest star, with one more byte given to it: linear in practice, never exponential.
    std::string_view star_pattern;
    std::string_view star_text;
    bool starred = false;
    while (true) {
        if (!pattern.empty() && pattern.front() == '*') {
            pattern.remove_prefix(1);
            star_pattern = pattern;
            star_text = text;
            starred = true;
            continue;
        }
        bool matched = false;
        auto rest = pattern;
        if (text.empty()) {
            if (pattern.empty()) return true;
        } else if (!pattern.empty()) {
            rest.remove_prefix(1);
            if (pattern.front() == '?') {
                matched = true;
            } else if (pattern.front() == '[') {
                matched = class_matches(rest, text.front(), ignore_case);
            } else if (pattern.front() == '\\' && pattern.size() >= 2) {
                matched = fold(rest.front(), ignore_case) == fold(text.front(), ignore_case);
                rest.remove_prefix(1);
            } else {
                matched = fold(pattern.front(), ignore_case) == fold(text.front(), ignore_case);
            }
        }
        if (matched) {
            pattern = rest;
            text.remove_prefix(1);
        } else if (starred && !star_text.empty()) {
            star_text.remove_prefix(1);
            text = star_text;
            pattern = star_pattern;
        } else {
            return false;
        }
    }
}

}  // namespace pgredis::commands
