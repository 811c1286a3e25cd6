#include "commands/introspection.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "commands/binding.h"
#include "commands/glob.h"

namespace pgredis::commands {

namespace {

using resp::ReplyWriter;

void write_statuses(const std::vector<std::string>& words, std::string_view prefix, ReplyWriter& writer) {
    writer.set(words.size());
    for (const auto& word : words) writer.simple_string(std::string(prefix) + word);
}

void write_bulks(const std::vector<std::string>& words, ReplyWriter& writer) {
    writer.array(words.size());
    for (const auto& word : words) writer.bulk(word);
}

// The first, last and step of the keys as commands told them before key specifications: of the first range in sight.
struct LegacyRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t step = 0;
};

LegacyRange legacy_range(const Command& command) {
    LegacyRange legacy;
    for (const auto& spec : command.key_specs) {
        if (spec.begin != KeySpec::Begin::index || spec.find != KeySpec::Find::range) continue;
        const std::int64_t last = spec.last >= 0 ? spec.place.index + spec.last : spec.last;
        if (legacy.first == 0) {
            legacy = {spec.place.index, last, spec.step};
        } else if (spec.place.index < legacy.first || (legacy.last >= 0 && spec.place.index > legacy.last)) {
            legacy.first = std::min<std::int64_t>(legacy.first, spec.place.index);
            legacy.last = last;
        }
    }
    return legacy;
}

void write_pair(std::string_view name, std::int64_t value, ReplyWriter& writer) {
    writer.bulk(name);
    writer.integer(value);
}

void write_key_spec(const KeySpec& spec, ReplyWriter& writer) {
    writer.map(3);
    writer.bulk("flags");
    write_statuses(spec.flags, "", writer);

    writer.bulk("begin_search");
    writer.map(2);
    writer.bulk("type");
    switch (spec.shown ? spec.begin : KeySpec::Begin::unknown) {
        case KeySpec::Begin::index:
            writer.bulk("index");
            writer.bulk("spec");
            writer.map(1);
            write_pair("index", spec.place.index, writer);
            break;
        case KeySpec::Begin::keyword:
            writer.bulk("keyword");
            writer.bulk("spec");
            writer.map(2);
            writer.bulk("keyword");
            writer.bulk(spec.place.keyword);
            write_pair("startfrom", spec.place.index, writer);
            break;
        case KeySpec::Begin::unknown:
            writer.bulk("unknown");
            writer.bulk("spec");
            writer.map(0);
    }

    writer.bulk("find_keys");
    writer.map(2);
    writer.bulk("type");
    switch (spec.shown ? spec.find : KeySpec::Find::unknown) {
        case KeySpec::Find::range:
            writer.bulk("range");
            writer.bulk("spec");
            writer.map(3);
            write_pair("lastkey", spec.last, writer);
            write_pair("keystep", spec.step, writer);
            write_pair("limit", spec.limit, writer);
            break;
        case KeySpec::Find::keynum:
            writer.bulk("keynum");
            writer.bulk("spec");
            writer.map(3);
            write_pair("keynumidx", spec.count_index, writer);
            write_pair("firstkey", spec.first, writer);
            write_pair("keystep", spec.step, writer);
            break;
        case KeySpec::Find::unknown:
            writer.bulk("unknown");
            writer.bulk("spec");
            writer.map(0);
    }
}

void write_info(const Command& command, ReplyWriter& writer) {
    writer.array(10);
    writer.bulk(command.name);
    writer.integer(command.arity);
    write_statuses(command.flags, "", writer);
    const auto legacy = legacy_range(command);
    writer.integer(legacy.first);
    writer.integer(legacy.last);
    writer.integer(legacy.step);
    write_statuses(command.categories, "@", writer);
    writer.set(command.tips.size());
    for (const auto& tip : command.tips) writer.bulk(tip);
    writer.set(command.key_specs.size());
    for (const auto& spec : command.key_specs) write_key_spec(spec, writer);
    writer.set(command.subcommands.size());
    for (const auto& [name, subcommand] : command.subcommands) write_info(*subcommand, writer);
}

void write_arguments(const nlohmann::ordered_json& arguments, ReplyWriter& writer) {
    writer.array(arguments.size());
    for (const auto& argument : arguments) {
        writer.map(argument.size());
        for (const auto& [name, value] : argument.items()) {
            writer.bulk(name);
            if (name == "arguments") {
                write_arguments(value, writer);
            } else if (name == "flags") {
                writer.set(value.size());
                for (const auto& flag : value) writer.simple_string(flag.get<std::string>());
            } else if (value.is_number_integer()) {
                writer.integer(value.get<std::int64_t>());
            } else {
                writer.bulk(value.get<std::string>());
            }
        }
    }
}

void write_docs(const Command& command, ReplyWriter& writer) {
    using Field = std::pair<const char*, std::function<void()>>;
    const auto text = [&writer](const std::string& value) { return [&writer, &value] { writer.bulk(value); }; };
    std::vector<Field> fields{{"summary", text(command.summary)}, {"since", text(command.since)}, {"group", text(command.group)}};
    if (!command.complexity.empty()) fields.emplace_back("complexity", text(command.complexity));
    if (!command.doc_flags.empty()) fields.emplace_back("doc_flags", [&] { write_statuses(command.doc_flags, "", writer); });
    if (!command.deprecated_since.empty()) fields.emplace_back("deprecated_since", text(command.deprecated_since));
    if (!command.replaced_by.empty()) fields.emplace_back("replaced_by", text(command.replaced_by));
    if (!command.arguments.empty()) {
        fields.emplace_back("arguments",
                            [&] { write_arguments(nlohmann::ordered_json::parse(command.arguments, nullptr, false), writer); });
    }
    if (!command.subcommands.empty()) {
        fields.emplace_back("subcommands", [&] {
            writer.map(command.subcommands.size());
            for (const auto& [name, subcommand] : command.subcommands) {
                writer.bulk(subcommand->name);
                write_docs(*subcommand, writer);
            }
        });
    }
    writer.map(fields.size());
    for (const auto& [name, write] : fields) {
        writer.bulk(name);
        write();
    }
}

// A command or `container|subcommand`, in any case.
const Command* find_named(const Registry& registry, std::string_view name) { return registry.find(lower(name)); }

void write_all_info(const Registry& registry, ReplyWriter& writer) {
    writer.array(registry.commands().size());
    for (const auto& [name, command] : registry.commands()) write_info(*command, writer);
}

void write_list(const Registry& registry, std::span<const std::string> arguments, ReplyWriter& writer) {
    std::function<bool(const Command&)> wanted = [](const Command&) { return true; };
    if (arguments.size() > 2) {
        if (arguments.size() != 5 || !equals_ignoring_case(arguments[2], "filterby")) {
            writer.error("ERR syntax error");
            return;
        }
        const auto value = lower(arguments[4]);
        if (equals_ignoring_case(arguments[3], "module")) {
            wanted = [](const Command&) { return false; };
        } else if (equals_ignoring_case(arguments[3], "aclcat")) {
            wanted = [value](const Command& command) {
                return std::find(command.categories.begin(), command.categories.end(), value) != command.categories.end();
            };
        } else if (equals_ignoring_case(arguments[3], "pattern")) {
            wanted = [value](const Command& command) { return glob_matches(value, command.name, true); };
        } else {
            writer.error("ERR syntax error");
            return;
        }
    }
    std::vector<std::string> names;
    for (const auto& [name, command] : registry.commands()) {
        if (wanted(*command)) names.push_back(command->name);
        for (const auto& [sub, subcommand] : command->subcommands) {
            if (wanted(*subcommand)) names.push_back(subcommand->name);
        }
    }
    write_bulks(names, writer);
}

void write_keys(const Registry& registry, std::span<const std::string> request, bool with_flags, ReplyWriter& writer) {
    const auto* command = registry.find(request);
    if (command == nullptr) {
        writer.error("ERR Invalid command specified");
        return;
    }
    if (std::none_of(command->key_specs.begin(), command->key_specs.end(), [](const auto& spec) { return spec.is_key(); })) {
        writer.error("ERR The command has no key arguments");
        return;
    }
    if (!command->arity_fits(request.size())) {
        writer.error("ERR Invalid number of arguments specified for command");
        return;
    }
    const auto positions = key_positions(*command, request);
    if (!positions || positions->empty()) {
        if (command->has_flag("no_mandatory_keys")) {
            writer.array(0);
        } else {
            writer.error("ERR Invalid arguments specified for command");
        }
        return;
    }
    writer.array(positions->size());
    for (const auto& position : *positions) {
        if (with_flags) {
            writer.array(2);
            writer.bulk(request[position.index]);
            write_statuses(position.spec->flags, "", writer);
        } else {
            writer.bulk(request[position.index]);
        }
    }
}

void write_help(ReplyWriter& writer) {
    write_bulks(
        {"COMMAND [<subcommand> [<arg> ...]]; without a subcommand: every command in detail. Subcommands:", "COUNT",
         "    How many commands there are.", "DOCS [<command> ...]", "    What commands are for, and their arguments.",
         "GETKEYS <command> [<arg> ...]", "    The keys in a whole command.", "GETKEYSANDFLAGS <command> [<arg> ...]",
         "    The same, and what is done with each.", "INFO [<command> ...]", "    Arity, flags, categories and key positions.",
         "LIST [FILTERBY MODULE <module>|ACLCAT <category>|PATTERN <pattern>]", "    Names of commands.", "HELP",
         "    This text."},
        writer);
}

}  // namespace

void write_command_reply(const Registry& registry, std::span<const std::string> arguments, ReplyWriter& writer) {
    if (arguments.size() == 1) {
        write_all_info(registry, writer);
        return;
    }
    const auto subcommand = lower(arguments[1]);
    const auto rest = arguments.subspan(2);
    if (subcommand == "count") {
        writer.integer(static_cast<std::int64_t>(registry.commands().size()));
    } else if (subcommand == "info") {
        if (rest.empty()) {
            write_all_info(registry, writer);
            return;
        }
        writer.array(rest.size());
        for (const auto& name : rest) {
            if (const auto* command = find_named(registry, name)) {
                write_info(*command, writer);
            } else {
                writer.null();
            }
        }
    } else if (subcommand == "docs") {
        std::vector<const Command*> wanted;
        for (const auto& name : rest) {
            if (const auto* command = find_named(registry, name)) wanted.push_back(command);
        }
        if (rest.empty()) {
            for (const auto& [name, command] : registry.commands()) wanted.push_back(command);
        }
        writer.map(wanted.size());
        for (const auto* command : wanted) {
            writer.bulk(command->name);
            write_docs(*command, writer);
        }
    } else if (subcommand == "list") {
        write_list(registry, arguments, writer);
    } else if (subcommand == "getkeys" || subcommand == "getkeysandflags") {
        write_keys(registry, rest, subcommand == "getkeysandflags", writer);
    } else {
        write_help(writer);
    }
}

}  // namespace pgredis::commands
