// The commands this database knows: name, arity, flags, where the keys are, and the SQL functions behind them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "postgres/job.h"

namespace pgredis::commands {

// How a result becomes a reply: the registry's reply words (see CONTRIBUTING.md), and what the function's signature tells.
struct ReplyFormat {
    bool bulk = false;
    bool verbatim = false;
    bool set = false;
    bool map = false;
    bool pairs = false;
    bool nested = false;
    bool row = false;
    bool empty = false;
    bool zip = false;
    bool setof = false;      // the function returns a set of rows
    bool composite = false;  // it returns one row of several columns
    bool array = false;      // it returns an array: its NULL is a null array

    bool operator==(const ReplyFormat&) const = default;
};

// An argument: by its number, or behind a keyword that is looked for from that number on (negative: from the end, backwards).
struct ArgumentPlace {
    int index = 0;
    std::string keyword;
};

// Where a command's keys are, as Redis's key specifications say it.
struct KeySpec {
    enum class Begin : std::uint8_t { index, keyword, unknown } begin = Begin::unknown;
    enum class Find : std::uint8_t { range, keynum, unknown } find = Find::unknown;
    bool shown = true;    // false: clients are told that it is unknown, as Redis tells them
    ArgumentPlace place;  // where it begins
    int last = 0;         // Find::range: last key relative to the first; negative: from the end of the arguments
    int step = 1;
    int limit = 0;        // with last = -1: 1/limit of the remaining arguments
    int count_index = 0;  // Find::keynum: where the number of keys is, relative to the begin
    int first = 0;        // Find::keynum: where the first key is, relative to the begin
    std::vector<std::string> flags;
    std::optional<ArgumentPlace> database;  // the number of another database, in which the same keys are concerned too

    [[nodiscard]] bool is_key() const;  // else it is a shard channel
};

// One signature of a function.
struct Signature {
    std::string name;                // quoted, with schema
    std::vector<std::string> types;  // declared, in order; of a variadic function the last is the array
    bool variadic = false;
    int defaults = 0;
    bool setof = false;
    bool is_volatile = true;
    int columns = 0;  // of a composite result; 0: a scalar
    std::vector<std::string> column_types;
    std::string result;
};

struct Command {
    std::string name;  // lower case, `container|subcommand`
    std::optional<std::string> function;
    int arity = 0;
    std::vector<std::string> flags;
    std::vector<std::string> categories;
    std::vector<KeySpec> key_specs;
    std::vector<std::string> tips;
    std::string reply;
    bool slow = false;

    std::string summary;
    std::string since;
    std::string group;
    std::string complexity;
    std::string arguments;  // JSON, empty: none
    std::string deprecated_since;
    std::string replaced_by;
    std::vector<std::string> doc_flags;

    std::vector<Signature> signatures;
    std::vector<Signature> batches;  // of the function that carries out many calls at once: every parameter an array
    std::map<std::string, Command*, std::less<>> subcommands;  // by the part after '|'

    [[nodiscard]] bool has_flag(std::string_view flag) const;
    [[nodiscard]] bool has_tip(std::string_view tip) const;
    [[nodiscard]] bool writes() const { return writes_; }
    // Redis sends it to replicas though it is no write: COMMAND does not tell.
    [[nodiscard]] bool may_replicate() const;
    // Unless it says that it only reads, a command may write.
    [[nodiscard]] bool may_write() const { return may_write_; }
    // Does this number of arguments (the name, of both parts, counted) fit?
    [[nodiscard]] bool arity_fits(std::size_t arguments) const;
    // The name for people: "object|encoding".
    [[nodiscard]] std::string_view subcommand_name() const;

    // The ways this command was called so far, by number of arguments behind the name. Filled by bind().
    struct Form {
        std::shared_ptr<const postgres::Statement> statement;
        ReplyFormat format;
        std::size_t fixed = 0;                  // arguments bound one by one …
        bool rest_in_array = false;             // … the others as one array
        std::shared_ptr<const Form> otherwise;  // what to try when an argument does not fit this one
    };
    std::unordered_map<std::size_t, std::shared_ptr<const Form>> forms;  // null: such a call there is not

    // The same command for a client that may wait, where the registry has a waiting function; bound by bind_waiting().
    std::unique_ptr<Command> waiting;
    std::string timeout;  // of such a command: where it is, as the registry says it

    bool writes_ = false;
    bool may_write_ = true;
};

class Registry {
 public:
    // Reads what redis.registry() returned. Nothing when it cannot be understood; `error` says why.
    static std::unique_ptr<Registry> from_json(std::string_view text, std::string& error);

    // By lower-case name. A subcommand is found under its container.
    [[nodiscard]] Command* find(std::string_view name) const;
    // The command of these arguments in any case, a subcommand where the container has it; the container when not.
    [[nodiscard]] Command* find(std::span<const std::string> arguments) const;
    // Top-level commands by name.
    [[nodiscard]] const std::map<std::string, Command*, std::less<>>& commands() const { return top_; }

 private:
    std::vector<std::unique_ptr<Command>> all_;
    std::map<std::string, Command*, std::less<>> top_;
    std::unordered_map<std::string, Command*> by_name_;
};

// A key among a command's arguments.
struct KeyPosition {
    std::size_t index;  // among the arguments, the command's name being 0
    const KeySpec* spec;
};

// Where the keys are in these arguments. Nothing when the arguments contradict the key specifications (numkeys too high, for
// instance).
[[nodiscard]] std::optional<std::vector<KeyPosition>> key_positions(const Command& command,
                                                                    std::span<const std::string> arguments);

// The other database that keys of this specification are concerned in. Nothing when there is none, or no number.
[[nodiscard]] std::optional<std::int16_t> other_database(const KeySpec& spec, std::span<const std::string> arguments);

// How many milliseconds this call of a command may wait for its answer; 0: for ever. Nothing: it does not wait, or the timeout is
// none, which its function will say.
[[nodiscard]] std::optional<std::uint64_t> timeout_of(const Command& command, std::span<const std::string> arguments);

[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view left, std::string_view right);

}  // namespace pgredis::commands
