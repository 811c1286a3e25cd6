#include "scripts/matcher.h"

#include <array>
#include <utility>

namespace pgredis::scripts {

namespace {

// The C locale's classes, whatever the process's locale is: a bit each.
enum Class : std::uint16_t { lower = 1, upper = 2, digit = 4, hex = 8, space = 16, control = 32, punctuation = 64, nul = 128 };
constexpr std::uint16_t letter = lower | upper;

constexpr std::uint16_t classes_of(unsigned c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    unsigned found = 0;
    if (c >= 'a' && c <= 'z') found |= lower;
    if (c >= 'A' && c <= 'Z') found |= upper;
    if (c >= '0' && c <= '9') found |= digit | hex;
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) found |= hex;
    if (c == ' ' || (c >= '\t' && c <= '\r')) found |= space;
    if (c < ' ' || c == 0x7f) found |= control;
    if (c > ' ' && c < 0x7f && !is_letter && (found & digit) == 0) found |= punctuation;
    if (c == 0) found |= nul;
    return static_cast<std::uint16_t>(found);
}

constexpr auto classes = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned c = 0; c < table.size(); ++c) table[c] = classes_of(c);
    return table;
}();

// By the letter of %a, %c …; 0 where %x stands for x itself.
constexpr auto class_letters = [] {
    std::array<std::uint16_t, 256> table{};
    for (const auto& [name, bits] : {std::pair<char, unsigned>{'a', letter},
                                     {'c', control},
                                     {'d', digit},
                                     {'l', lower},
                                     {'p', punctuation},
                                     {'s', space},
                                     {'u', upper},
                                     {'w', letter | digit},
                                     {'x', hex},
                                     {'z', nul}}) {
        table[static_cast<unsigned char>(name)] = table[static_cast<unsigned char>(name - 'a' + 'A')] =
            static_cast<std::uint16_t>(bits);
    }
    return table;
}();

bool in_class(unsigned char c, unsigned char name) {
    const std::uint16_t bits = class_letters[name];
    if (bits == 0) return c == name;
    const bool is_complement = name <= 'Z';
    return ((classes[c] & bits) != 0) != is_complement;
}

// `set` is its '[' and `last` its ']'.
bool in_set(unsigned char c, const char* set, const char* last) {
    const bool complement = set[1] == '^';
    const char* member = set + (complement ? 2 : 1);
    while (member < last) {
        const auto first = static_cast<unsigned char>(*member);
        if (first == '%') {
            if (in_class(c, static_cast<unsigned char>(member[1]))) return !complement;
            member += 2;
        } else if (member[1] == '-' && member + 2 < last) {
            if (first <= c && c <= static_cast<unsigned char>(member[2])) return !complement;
            member += 3;
        } else {
            if (c == first) return !complement;
            ++member;
        }
    }
    return complement;
}

// Does the item of a single character match it? `behind` is where the item ends.
bool is_match(unsigned char c, const char* item, const char* behind) {
    switch (*item) {
        case '.':
            return true;
        case '%':
            return in_class(c, static_cast<unsigned char>(item[1]));
        case '[':
            return in_set(c, item, behind - 1);
        default:
            return c == static_cast<unsigned char>(*item);
    }
}

// Steps that one comparison with the item takes.
long cost(const char* item, const char* behind) { return 1 + (behind - item) / 8; }

constexpr std::ptrdiff_t bytes_per_step = 32;  // where bytes are compared or copied in bulk

}  // namespace

void Matcher::prepare(std::string_view text, const char* pattern, bool anchored, int choices) {
    text_ = text.data();
    text_end_ = text.data() + text.size();
    pattern_ = pattern;
    anchored_ = anchored;
    choices_slot_ = choices;
    choices_.prepare();
}

void Matcher::begin(const char* at) {
    start_ = at_ = at;
    item_ = pattern_;
    captured_ = 0;
    error_ = nullptr;
    state_ = State::item;
}

Matcher::Outcome Matcher::run(lua_State* L, long& steps) {
    long left = steps;
    const auto end = [&](Outcome outcome) {
        steps = left;
        return outcome;
    };
    while (left-- > 0) {
        switch (state_) {
            case State::item:
                if (*item_ == '\0') {
                    choices_.clear();
                    return end(Outcome::found);
                }
                if (match_item(L, left)) break;
                if (error_ != nullptr) return end(Outcome::failed);
                state_ = State::retreat;
                [[fallthrough]];
            case State::retreat:
                if (choices_.size() > 0) {
                    if (retreat(left)) state_ = State::item;
                } else {
                    if (anchored_ || start_ == text_end_) return end(Outcome::not_found);
                    begin(start_ + 1);
                }
                break;
            case State::repeat:
                repeat(L, left);
                break;
            case State::balance:
                balance(left);
        }
    }
    return end(Outcome::out_of_steps);
}

// One item of the pattern, and moves on behind it; or prepares to repeat it. False if it does not match, or there is an error.
inline bool Matcher::match_item(lua_State* L, long& steps) {
    switch (*item_) {
        case '(':
            return open_capture(L);
        case ')':
            return close_capture(L);
        case '%':
            return match_special(L, steps);
        case '$':
            if (item_[1] != '\0') return match_single(L, steps);
            ++item_;
            return at_ == text_end_;
        default:
            return match_single(L, steps);
    }
}

bool Matcher::match_special(lua_State* L, long& steps) {
    const char kind = item_[1];
    if (kind == 'b') {
        if (item_[2] == '\0' || item_[3] == '\0') return fail("unbalanced pattern");
        if (at_ == text_end_ || *at_ != item_[2]) return false;
        scanned_ = at_ + 1;
        depth_ = 1;
        state_ = State::balance;
        return true;
    }
    if (kind == 'f') return match_frontier(steps);
    if (kind >= '0' && kind <= '9') return match_back_reference(steps);
    return match_single(L, steps);
}

bool Matcher::match_single(lua_State* L, long& steps) {
    const char* behind = item_end(item_);
    if (behind == nullptr) return false;
    steps -= cost(item_, behind) - 1;
    const bool matches = at_ < text_end_ && is_match(static_cast<unsigned char>(*at_), item_, behind);
    switch (*behind) {
        case '?':
            if (matches) {
                choices_.push(L, choices_slot_, {Kind::skip, at_, behind + 1, 0});
                ++at_;
            }
            item_ = behind + 1;
            return true;
        case '-':
            choices_.push(L, choices_slot_, {Kind::more, at_, item_, static_cast<std::size_t>(behind - item_)});
            item_ = behind + 1;
            return true;
        case '+':
            if (!matches) return false;
            ++at_;
            [[fallthrough]];
        case '*':
            behind_ = behind;
            scanned_ = at_;
            state_ = State::repeat;
            return true;
        default:
            if (!matches) return false;
            ++at_;
            item_ = behind;
            return true;
    }
}

// As often as it matches: with fewer only if the rest does not match otherwise.
void Matcher::repeat(lua_State* L, long& steps) {
    const long each = cost(item_, behind_);
    while (scanned_ < text_end_ && is_match(static_cast<unsigned char>(*scanned_), item_, behind_)) {
        ++scanned_;
        steps -= each;
        if (steps <= 0) return;
    }
    const auto count = static_cast<std::size_t>(scanned_ - at_);
    if (count > 0) choices_.push(L, choices_slot_, {Kind::fewer, at_, behind_ + 1, count});
    at_ = scanned_;
    item_ = behind_ + 1;
    state_ = State::item;
}

void Matcher::balance(long& steps) {
    while (scanned_ < text_end_) {
        const char c = *scanned_++;
        if (c == item_[3]) {  // which comes first, when both are the same
            if (--depth_ == 0) {
                at_ = scanned_;
                item_ += 4;
                state_ = State::item;
                return;
            }
        } else if (c == item_[2]) {
            ++depth_;
        }
        if (--steps <= 0) return;
    }
    state_ = State::retreat;
}

// %f[set]: the change from outside of the set into it, where both ends of the text count as NUL.
bool Matcher::match_frontier(long& steps) {
    const char* set = item_ + 2;
    if (*set != '[') return fail("missing '[' after '%f' in pattern");
    const char* behind = item_end(set);
    if (behind == nullptr) return false;
    steps -= 2 * cost(set, behind);
    const auto before = static_cast<unsigned char>(at_ == text_ ? '\0' : at_[-1]);
    const auto here = static_cast<unsigned char>(at_ == text_end_ ? '\0' : *at_);
    if (in_set(before, set, behind - 1) || !in_set(here, set, behind - 1)) return false;
    item_ = behind;
    return true;
}

bool Matcher::match_back_reference(long& steps) {
    const int index = item_[1] - '1';
    if (index < 0 || index >= captured_ || captures_[index].size == is_open) return fail("invalid capture index");
    const Capture& capture = captures_[index];
    const auto left = static_cast<std::size_t>(text_end_ - at_);
    if (capture.size == is_position || capture.size > left) return false;
    steps -= static_cast<long>(capture.size) / bytes_per_step;
    if (std::memcmp(capture.begin, at_, capture.size) != 0) return false;
    at_ += capture.size;
    item_ += 2;
    return true;
}

bool Matcher::open_capture(lua_State* L) {
    if (captured_ >= max_captures) return fail("too many captures");
    const bool position = item_[1] == ')';
    choices_.push(L, choices_slot_, {Kind::open, nullptr, nullptr, 0});
    captures_[captured_++] = {at_, position ? is_position : is_open};
    item_ += position ? 2 : 1;
    return true;
}

bool Matcher::close_capture(lua_State* L) {
    int index = captured_ - 1;
    while (index >= 0 && captures_[index].size != is_open) --index;
    if (index < 0) return fail("invalid pattern capture");
    choices_.push(L, choices_slot_, {Kind::close, nullptr, nullptr, static_cast<std::size_t>(index)});
    captures_[index].size = static_cast<std::size_t>(at_ - captures_[index].begin);
    ++item_;
    return true;
}

// Goes back to the last choice; true when there is another way to go from there.
bool Matcher::retreat(long& steps) {
    Choice& last = choices_.back();
    switch (last.kind) {
        case Kind::skip:
            at_ = last.at;
            item_ = last.item;
            choices_.pop();
            return true;
        case Kind::fewer:
            at_ = last.at + --last.count;
            item_ = last.item;
            if (last.count == 0) choices_.pop();
            return true;
        case Kind::more: {
            const char* behind = last.item + last.count;
            steps -= cost(last.item, behind) - 1;
            if (last.at < text_end_ && is_match(static_cast<unsigned char>(*last.at), last.item, behind)) {
                at_ = ++last.at;
                item_ = behind + 1;
                return true;
            }
            break;
        }
        case Kind::open:
            --captured_;
            break;
        case Kind::close:
            captures_[last.count].size = is_open;
            break;
    }
    choices_.pop();
    return false;
}

// Where the item of a single character ends; nullptr, with an error, if it does not.
const char* Matcher::item_end(const char* item) {
    const char* behind = item + 1;
    if (*item == '%') {
        if (*behind != '\0') return behind + 1;
        fail("malformed pattern (ends with '%')");
        return nullptr;
    }
    if (*item != '[') return behind;
    if (*behind == '^') ++behind;
    // the first member may be a ']'
    do {
        if (*behind == '\0') {
            fail("malformed pattern (missing ']')");
            return nullptr;
        }
        behind += *behind == '%' && behind[1] != '\0' ? 2 : 1;
    } while (*behind != ']');
    return behind + 1;
}

bool Matcher::has_open_capture() const {
    for (int i = 0; i < captured_; ++i) {
        if (captures_[i].size == is_open) return true;
    }
    return false;
}

bool Matcher::push_capture(lua_State* L, int index) {
    if (index >= captured_) {
        if (index > 0) return fail("invalid capture index");
        lua_pushlstring(L, start_, static_cast<std::size_t>(at_ - start_));
        return true;
    }
    const Capture& capture = captures_[index];
    if (capture.size == is_open) return fail("unfinished capture");
    if (capture.size == is_position) {
        lua_pushnumber(L, static_cast<double>(capture.begin - text_ + 1));
    } else {
        lua_pushlstring(L, capture.begin, capture.size);
    }
    return true;
}

}  // namespace pgredis::scripts
