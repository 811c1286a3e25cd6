#include "commands/registry.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "resp/numbers.h"

namespace pgredis::commands {

namespace {

using nlohmann::ordered_json;

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> list;
    while (!text.empty()) {
        const auto end = text.find(' ');
        if (end != 0) list.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return list;
}

std::vector<std::string> strings(const ordered_json& json) {
    std::vector<std::string> list;
    if (!json.is_array()) return list;
    for (const auto& item : json) {
        if (const auto text = item.get<std::string>(); !text.empty()) list.push_back(text);
    }
    return list;
}

std::string text_or_empty(const ordered_json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

ArgumentPlace read_place(const ordered_json& json) {
    if (json.contains("index")) return {json["index"].get<int>(), ""};
    return {json.at("keyword").at(1).get<int>(), json.at("keyword").at(0).get<std::string>()};
}

KeySpec read_key_spec(const ordered_json& json) {
    KeySpec spec;
    spec.shown = !json.contains("unknown");
    if (json.contains("database")) spec.database = read_place(json["database"]);
    if (json.contains("flags")) spec.flags = words(json["flags"].get<std::string>());
    if (json.contains("index")) {
        spec.begin = KeySpec::Begin::index;
        spec.place = read_place(json);
    } else if (json.contains("keyword")) {
        spec.begin = KeySpec::Begin::keyword;
        spec.place = read_place(json);
    }
    if (json.contains("range")) {
        spec.find = KeySpec::Find::range;
        spec.last = json["range"].at(0).get<int>();
        spec.step = json["range"].at(1).get<int>();
        spec.limit = json["range"].at(2).get<int>();
    } else if (json.contains("keynum")) {
        spec.find = KeySpec::Find::keynum;
        spec.count_index = json["keynum"].at(0).get<int>();
        spec.first = json["keynum"].at(1).get<int>();
        spec.step = json["keynum"].at(2).get<int>();
    }
    spec.step = std::max(spec.step, 1);  // or looking for keys would never end
    return spec;
}

Signature read_signature(const ordered_json& json) {
    Signature signature;
    signature.name = json.at("name").get<std::string>();
    signature.types = strings(json.at("types"));
    signature.variadic = json.at("variadic").get<bool>();
    signature.defaults = json.at("defaults").get<int>();
    signature.setof = json.at("setof").get<bool>();
    signature.is_volatile = json.value("volatile", true);
    signature.columns = json.at("columns").get<int>();
    if (json.contains("column_types")) signature.column_types = strings(json["column_types"]);
    signature.result = json.at("result").get<std::string>();
    return signature;
}

std::unique_ptr<Command> read_command(const ordered_json& json) {
    auto command = std::make_unique<Command>();
    command->name = json.at("name").get<std::string>();
    if (json.at("function").is_string()) command->function = json["function"].get<std::string>();
    command->arity = json.at("arity").get<int>();
    command->flags = strings(json.at("flags"));
    command->categories = strings(json.at("categories"));
    for (const auto& spec : json.at("key_specs")) command->key_specs.push_back(read_key_spec(spec));
    command->tips = strings(json.at("tips"));
    command->reply = text_or_empty(json.at("reply"));
    command->slow = text_or_empty(json.at("lane")) == "slow";
    command->summary = text_or_empty(json.at("summary"));
    command->since = text_or_empty(json.at("since"));
    command->group = text_or_empty(json.at("group"));
    command->complexity = text_or_empty(json.at("complexity"));
    if (json.at("arguments").is_array()) command->arguments = json["arguments"].dump();
    command->deprecated_since = text_or_empty(json.at("deprecated_since"));
    command->replaced_by = text_or_empty(json.at("replaced_by"));
    command->doc_flags = strings(json.at("doc_flags"));
    for (const auto& signature : json.at("signatures")) command->signatures.push_back(read_signature(signature));
    if (json.contains("batches")) {
        for (const auto& signature : json["batches"]) command->batches.push_back(read_signature(signature));
    }
    command->writes_ = command->has_flag("write");
    command->may_write_ = !command->has_flag("readonly");
    if (json.contains("waiting") && !json["waiting"].empty()) {
        command->timeout = text_or_empty(json.at("timeout"));
        command->waiting = std::make_unique<Command>();
        command->waiting->name = command->name;
        command->waiting->reply = command->reply;
        command->waiting->batches = command->batches;
        for (const auto& signature : json["waiting"]) command->waiting->signatures.push_back(read_signature(signature));
    }
    return command;
}

// The number of the argument; 0 when the keyword is not there.
int find_argument(const ArgumentPlace& place, std::span<const std::string> arguments) {
    if (place.keyword.empty()) return place.index;
    const auto count = static_cast<int>(arguments.size());
    const bool backwards = place.index < 0;
    const int start = backwards ? count + place.index : place.index;
    const int stop = backwards ? 0 : count - 1;
    for (int i = start; backwards ? i > stop : i < stop; i += backwards ? -1 : 1) {
        if (i > 0 && i < count && equals_ignoring_case(arguments[i], place.keyword)) return i + 1;
    }
    return 0;
}

// Redis's getKeysUsingKeySpecs, for one specification: appends the keys found, or answers false when the arguments are invalid.
bool append_positions(const KeySpec& spec, std::span<const std::string> arguments, std::vector<KeyPosition>& out) {
    const auto count = static_cast<int>(arguments.size());
    if (spec.begin == KeySpec::Begin::unknown) return true;
    const int begin = find_argument(spec.place, arguments);
    if (begin == 0 && spec.begin == KeySpec::Begin::keyword) return true;

    int first = begin;
    int last = 0;
    if (spec.find == KeySpec::Find::range) {
        if (spec.last >= 0) {
            last = first + spec.last;
        } else if (spec.limit == 0) {
            last = count + spec.last;
        } else {
            last = first + ((count - first) / spec.limit + spec.last);
        }
    } else if (spec.find == KeySpec::Find::keynum) {
        const int told = first + spec.count_index;
        if (told < 0 || told >= count) return false;
        const auto keys = resp::parse_integer(arguments[told]);
        if (!keys || *keys < 0 || *keys > count) return false;
        first += spec.first;
        last = first + (static_cast<int>(*keys) - 1) * spec.step;
    } else {
        return true;
    }
    for (int i = first; i <= last; i += spec.step) {
        if (i >= count || i < 0) return false;
        out.push_back({static_cast<std::size_t>(i), &spec});
    }
    return true;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char l, char r) {
        return std::tolower(static_cast<unsigned char>(l)) == std::tolower(static_cast<unsigned char>(r));
    });
}

bool Command::has_flag(std::string_view flag) const { return std::find(flags.begin(), flags.end(), flag) != flags.end(); }

bool Command::may_replicate() const {
    constexpr std::array<std::string_view, 6> names{"eval", "evalsha", "fcall", "publish", "spublish", "pfcount"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool Command::has_tip(std::string_view tip) const { return std::find(tips.begin(), tips.end(), tip) != tips.end(); }

bool Command::arity_fits(std::size_t arguments) const {
    const auto count = static_cast<std::int64_t>(arguments);
    return arity >= 0 ? count == arity : count >= -arity;
}

std::string_view Command::subcommand_name() const {
    const auto bar = name.find('|');
    return bar == std::string::npos ? std::string_view() : std::string_view(name).substr(bar + 1);
}

bool KeySpec::is_key() const { return std::find(flags.begin(), flags.end(), "not_key") == flags.end(); }

std::unique_ptr<Registry> Registry::from_json(std::string_view text, std::string& error) {
    auto registry = std::make_unique<Registry>();
    try {
        for (const auto& json : ordered_json::parse(text)) {
            auto command = read_command(json);
            registry->by_name_[command->name] = command.get();
            registry->all_.push_back(std::move(command));
        }
    } catch (const nlohmann::json::exception& problem) {
        error = problem.what();
        return nullptr;
    }
    for (const auto& command : registry->all_) {
        const auto bar = command->name.find('|');
        if (bar == std::string::npos) {
            registry->top_[command->name] = command.get();
        } else if (const auto parent = registry->by_name_.find(command->name.substr(0, bar));
                   parent != registry->by_name_.end()) {
            parent->second->subcommands[command->name.substr(bar + 1)] = command.get();
        }
    }
    return registry;
}

Command* Registry::find(std::string_view name) const {
    const auto found = by_name_.find(std::string(name));
    return found == by_name_.end() ? nullptr : found->second;
}

Command* Registry::find(std::span<const std::string> arguments) const {
    const auto found = top_.find(lower(arguments[0]));
    if (found == top_.end()) return nullptr;
    auto* command = found->second;
    if (command->subcommands.empty() || arguments.size() < 2) return command;
    const auto sub = command->subcommands.find(lower(arguments[1]));
    return sub == command->subcommands.end() ? command : sub->second;
}

std::optional<std::vector<KeyPosition>> key_positions(const Command& command, std::span<const std::string> arguments) {
    std::vector<KeyPosition> positions;
    for (const auto& spec : command.key_specs) {
        if (!spec.is_key()) continue;
        if (!append_positions(spec, arguments, positions)) return std::nullopt;
    }
    return positions;
}

std::optional<std::int16_t> other_database(const KeySpec& spec, std::span<const std::string> arguments) {
    if (!spec.database) return std::nullopt;
    const auto found = static_cast<std::size_t>(find_argument(*spec.database, arguments));
    if (found == 0 || found >= arguments.size()) return std::nullopt;
    const auto number = resp::parse_integer(arguments[found]);
    if (!number || *number < 0 || *number > INT16_MAX) return std::nullopt;
    return static_cast<std::int16_t>(*number);
}

std::optional<std::uint64_t> timeout_of(const Command& command, std::span<const std::string> arguments) {
    if (!command.waiting) return std::nullopt;
    long double milliseconds_a_unit = 1000;
    const std::string* argument = nullptr;
    if (const auto number = resp::parse_integer(command.timeout)) {
        const auto index = *number < 0 ? static_cast<std::int64_t>(arguments.size()) + *number : *number;
        if (index > 0 && index < static_cast<std::int64_t>(arguments.size()))
            argument = &arguments[static_cast<std::size_t>(index)];
    } else {
        milliseconds_a_unit = 1;
        const auto word = std::find_if(arguments.begin(), arguments.end(), [&command](const std::string& candidate) {
            return equals_ignoring_case(candidate, command.timeout);
        });
        if (word != arguments.end() && word + 1 != arguments.end()) argument = &*(word + 1);
    }
    if (argument == nullptr || argument->empty()) return std::nullopt;
    char* end = nullptr;
    const auto milliseconds = std::ceil(std::strtold(argument->c_str(), &end) * milliseconds_a_unit);
    // Beyond this it is as good as for ever.
    constexpr long double longest = 1e15;
    if (end != argument->c_str() + argument->size() || !(milliseconds >= 0)) return std::nullopt;
    return milliseconds < longest ? static_cast<std::uint64_t>(milliseconds) : 0;
}

}  // namespace pgredis::commands
