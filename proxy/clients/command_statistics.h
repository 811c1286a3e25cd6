// What INFO's sections commandstats and errorstats tell: how often each command was called at this proxy, how long that took, and
// which errors it led to. Counted as Redis does: a command of a script or a transaction counts too, a refused one (arguments
// missing, no password given) is no call.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pgredis::clients {

class CommandStatistics {
 public:
    struct Figures {
        std::uint64_t calls = 0;
        std::uint64_t nanoseconds = 0;  // from when the proxy took them up until their replies, waits for others included
        std::uint64_t rejected = 0;
        std::uint64_t failed = 0;
    };

    // Calls that count once it is certain that they stay: a script may have to begin again.
    class Tally {
     public:
        void count_reply(Figures& figures, std::uint64_t nanoseconds, std::string_view reply);
        void clear();

     private:
        friend class CommandStatistics;
        std::map<Figures*, Figures> commands_;
        std::map<std::string, std::uint64_t, std::less<>> errors_;
    };

    // Of the command of this name (`container|subcommand`, lower case): there as long as this is.
    [[nodiscard]] Figures& of(const std::string& command) { return commands_[command]; }

    // It is answered, so long after it was taken up.
    static void count_call(Figures& figures, std::uint64_t nanoseconds, bool failed);
    // An error reply, its `-` with it or not, by its first word.
    void count_error(std::string_view reply);
    [[nodiscard]] std::uint64_t errors() const { return error_count_; }

    // Empties the tally.
    void add(Tally& tally);

    // CONFIG RESETSTAT
    void reset();

    // The lines of the sections.
    [[nodiscard]] std::string command_lines() const;
    [[nodiscard]] std::string error_lines() const;

 private:
    void count_error_word(std::string_view word, std::uint64_t times);

    std::map<std::string, Figures, std::less<>> commands_;
    std::map<std::string, std::uint64_t, std::less<>> errors_;  // by first word
    std::uint64_t error_count_ = 0;
};

}  // namespace pgredis::clients
