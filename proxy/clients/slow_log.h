// The commands that SLOWLOG shows: those that took slowlog-log-slower-than or longer, from when this proxy took them up until
// their replies, waits for others included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgredis::clients {

// A command as the log shows it, in few bytes, since every command at work has one: without secrets, long words and many words
// cut short as Redis does (slowlogCreateEntry() there).
class ShownCommand {
 public:
    ShownCommand() = default;  // of one that is not shown
    explicit ShownCommand(std::span<const std::string> arguments);

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] std::vector<std::string> words() const;

 private:
    void add(std::string_view word, std::string_view end = {});

    std::string bytes_;  // each word behind a byte that is its length
};

class SlowLog {
 public:
    struct Entry {
        std::int64_t id = 0;            // grows with each entry of this proxy
        std::int64_t at = 0;            // microseconds since the epoch
        std::int64_t microseconds = 0;  // that it took
        std::string address;            // of the client
        std::string client_name;
        std::vector<std::string> words;
    };

    // Calls that are logged once it is certain that they stay: a script may have to begin again.
    using Tally = std::vector<Entry>;

    // What takes so many microseconds or more is logged (negative: nothing is), and the latest `most` of it are kept.
    void configure(std::int64_t slower_than, std::int64_t most);

    // It is answered, so long after it was taken up.
    void offer(const ShownCommand& command, std::uint64_t nanoseconds, std::string_view address, std::string_view client_name) {
        if (is_slow(nanoseconds) && !command.empty()) add(make_entry(command, nanoseconds, address, client_name));
    }
    // The same for later.
    void offer(const ShownCommand& command, std::uint64_t nanoseconds, std::string_view address, std::string_view client_name,
               Tally& tally) const;
    // Empties the tally.
    void add(Tally& tally);

    // The latest first.
    [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
    void reset() { entries_.clear(); }

 private:
    [[nodiscard]] bool is_slow(std::uint64_t nanoseconds) const {
        return slower_than_ >= 0 && nanoseconds / 1000 >= static_cast<std::uint64_t>(slower_than_);
    }
    [[nodiscard]] static Entry make_entry(const ShownCommand& command, std::uint64_t nanoseconds, std::string_view address,
                                          std::string_view client_name);
    void add(Entry entry);
    void trim();

    std::int64_t slower_than_ = -1;
    std::size_t most_ = 0;
    std::int64_t next_id_ = 0;
    std::deque<Entry> entries_;
};

}  // namespace pgredis::clients
