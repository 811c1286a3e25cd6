#include "commands/binding.h"

#include <algorithm>
#include <functional>

#include "resp/numbers.h"

namespace pgredis::commands {

namespace {

using postgres::Type;

// As many variadic arguments are bound one by one (and so can be grouped with other clients' calls); more go as one array.
constexpr std::size_t max_spread_arguments = 8;

// A message to Postgres is limited to 1 GiB.
constexpr std::size_t max_call_bytes = 1000UL * 1000 * 1000;

struct Parameter {
    Type type;
    std::string sql_type;  // what $n is declared as
    std::string cast;      // to the function's own type, or empty
};

Parameter parameter_of(const std::string& declared) {
    if (declared == "bytea") return {Type::bytea, "pg_catalog.bytea", ""};
    if (declared == "text") return {Type::text, "pg_catalog.text", ""};
    if (declared == "bigint") return {Type::int8, "pg_catalog.int8", ""};
    if (declared == "integer") return {Type::int8, "pg_catalog.int8", "::pg_catalog.int4"};
    if (declared == "smallint") return {Type::int8, "pg_catalog.int8", "::pg_catalog.int2"};
    if (declared == "double precision") return {Type::float8, "pg_catalog.float8", ""};
    if (declared == "bytea[]") return {Type::bytea_array, "pg_catalog.bytea[]", ""};
    if (declared == "text[]") return {Type::text_array, "pg_catalog.text[]", ""};
    return {Type::text, "pg_catalog.text", "::" + declared};
}

// Results of these types are understood in binary; others are cast to text.
bool is_native_result(const std::string& type) {
    static constexpr std::string_view natives[] = {
        "bytea",   "text",   "bigint",   "integer",   "smallint",   "double precision",   "boolean",
        "bytea[]", "text[]", "bigint[]", "integer[]", "smallint[]", "double precision[]", "boolean[]",
        "json",    "jsonb",  "void",     "real",      "\"char\"",   "character varying"};
    return std::find(std::begin(natives), std::end(natives), type) != std::end(natives);
}

// Prepared statements are named by their text, so that the same text is prepared once whatever the registry's state.
std::string statement_name(const std::string& sql) {
    char name[24];
    std::snprintf(name, sizeof name, "r%016zx", std::hash<std::string>{}(sql));
    return name;
}

std::size_t fixed_count(const Signature& signature) { return signature.types.size() - (signature.variadic ? 1 : 0); }

// The signatures that take so many arguments, in the order they are tried: a fixed one, then the variadic ones that name the most
// parameters; of these, those of numbers before those that take any word.
std::vector<const Signature*> choose(const Command& command, std::size_t arguments) {
    std::vector<const Signature*> chosen;
    std::size_t most = 0;
    for (const auto& signature : command.signatures) {
        const auto fixed = fixed_count(signature);
        if (!signature.variadic || arguments < fixed || (!chosen.empty() && fixed < most)) continue;
        if (fixed > most) chosen.clear();
        most = fixed;
        chosen.push_back(&signature);
    }
    const auto words = [](const Signature* signature) {
        return std::count_if(signature->types.begin(), signature->types.end(),
                             [](const auto& type) { return type == "bytea" || type == "text"; });
    };
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](const auto* left, const auto* right) { return words(left) < words(right); });
    for (const auto& signature : command.signatures) {
        const auto fixed = fixed_count(signature);
        if (!signature.variadic && arguments <= fixed && arguments + static_cast<std::size_t>(signature.defaults) >= fixed) {
            chosen.insert(chosen.begin(), &signature);
            break;
        }
    }
    return chosen;
}

ReplyFormat reply_format(const Command& command, const Signature& signature, std::size_t argument_count) {
    ReplyFormat format;
    format.setof = signature.setof;
    format.composite = !signature.setof && signature.columns > 1;
    format.array = signature.result.ends_with("[]");
    std::string_view text = command.reply;
    while (!text.empty()) {
        const auto end = text.find(' ');
        auto word = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (const auto colon = word.find(':'); colon != std::string_view::npos) {
            if (std::to_string(argument_count) != word.substr(0, colon)) continue;
            word = word.substr(colon + 1);
        }
        if (word == "bulk") format.bulk = true;
        if (word == "verbatim") format.verbatim = true;
        if (word == "set") format.set = true;
        if (word == "map") format.map = true;
        if (word == "pairs") format.pairs = true;
        if (word == "nested") format.nested = true;
        if (word == "row") format.row = true;
        if (word == "empty") format.empty = true;
        if (word == "zip") format.zip = true;
        if (word == "flat") format.set = format.map = format.pairs = format.nested = false;
    }
    return format;
}

// All columns of the rows that a function returns. Those of types that replies cannot show in binary come as their text, as
// bytea: a bulk wherever it stands.
std::string select_rows(const Signature& signature, const std::string& call, const std::string& from) {
    const auto types = signature.column_types.empty() ? std::vector{signature.result} : signature.column_types;
    if (std::all_of(types.begin(), types.end(), is_native_result) || (signature.column_types.empty() && signature.columns > 0))
        return from.empty() ? "SELECT * FROM " + call : "SELECT r.* FROM " + from + ", LATERAL " + call + " AS r";
    std::string list;
    std::string names;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto comma = i == 0 ? "" : ", ";
        const auto name = "c" + std::to_string(i + 1);
        names += comma + name;
        if (is_native_result(types[i])) {
            list += comma + ("r." + name);
        } else if (types[i].ends_with("[]")) {
            list += comma + ("r." + name) + "::pg_catalog.text[]";
        } else {
            list += comma + ("pg_catalog.convert_to(r." + name) + "::pg_catalog.text, 'UTF8')";
        }
    }
    return "SELECT " + list + " FROM " + (from.empty() ? "" : from + ", LATERAL ") + call + " AS r(" + names + ")";
}

std::string call_sql(const Signature& signature, const std::string& arguments, const std::string& from) {
    const auto call = signature.name + "(" + arguments + ")";
    if (signature.setof || signature.columns > 1) return select_rows(signature, call, from);
    const std::string as_text = signature.result.ends_with("[]") ? "::pg_catalog.text[]" : "::pg_catalog.text";
    const std::string cast = is_native_result(signature.result) ? "" : as_text;
    return "SELECT " + call + cast + (from.empty() ? "" : " FROM " + from);
}

// The function that carries out many calls with parameters of these types at once, if the command has one. The elements of a
// variadic call are among those of all others, with an array of numbers beside them.
const Signature* find_batch(const Command& command, const std::vector<std::string>& types, bool variadic) {
    std::vector<std::string> wanted;
    wanted.reserve(types.size() + 1);
    for (const auto& type : types) wanted.push_back(type + "[]");
    if (variadic) {
        if (types.back() != "bytea[]" && types.back() != "text[]") return nullptr;
        wanted.back() = types.back();
        wanted.emplace_back("bigint[]");
    }
    for (const auto& batch : command.batches) {
        if (batch.types == wanted && batch.setof) return &batch;
    }
    return nullptr;
}

std::string batch_sql(const Signature& batch) {
    std::string call = batch.name + "(";
    for (std::size_t i = 0; i < batch.types.size(); ++i)
        call += (i == 0 ? "$" : ", $") + std::to_string(i + 1) + "::" + batch.types[i];
    return select_rows(batch, call + ")", "");
}

// Calls are grouped by their statement, so an equal one of another number of arguments is used for this one too.
std::shared_ptr<const postgres::Statement> shared(const Command& command, std::shared_ptr<const postgres::Statement> statement) {
    for (const auto& [count, known] : command.forms) {
        for (const auto* form = known.get(); form != nullptr; form = form->otherwise.get()) {
            if (form->statement->name == statement->name) return form->statement;
        }
    }
    return statement;
}

Command::Form make_form(const Command& command, const Signature& signature, std::size_t count, std::size_t name_words) {
    const auto fixed = std::min(fixed_count(signature), count);
    const auto rest = count - fixed;
    const auto* variadic_batch =
        signature.variadic && rest > 0 && fixed == fixed_count(signature) ? find_batch(command, signature.types, true) : nullptr;
    Command::Form form;
    form.rest_in_array = rest > max_spread_arguments || variadic_batch != nullptr;
    form.fixed = form.rest_in_array ? fixed : count;
    form.format = reply_format(command, signature, count + name_words);
    if (!form.format.composite && !is_native_result(signature.result)) form.format.bulk = true;

    auto statement = std::make_shared<postgres::Statement>();
    std::string single;
    std::string grouped;
    std::string columns;
    std::string arrays;
    std::vector<std::string> types;
    const auto add = [&](const std::string& type, bool variadic_array) {
        const auto parameter = parameter_of(type);
        types.push_back(type);
        statement->parameters.push_back(parameter.type);
        const auto n = std::to_string(statement->parameters.size());
        const auto comma = n == "1" ? "" : ", ";
        single += comma + std::string(variadic_array ? "VARIADIC " : "") + "$" + n + "::" + parameter.sql_type + parameter.cast;
        grouped += comma + ("t.a" + n) + parameter.cast;
        columns += comma + ("a" + n);
        arrays += comma + ("pg_catalog.unnest($" + n) + "::" + parameter.sql_type + "[])";
    };
    for (std::size_t i = 0; i < fixed; ++i) add(signature.types[i], false);
    bool can_group = count > 0 && !signature.setof && !form.rest_in_array;
    for (std::size_t i = 0; i < fixed; ++i) {
        if (signature.types[i].ends_with("[]")) can_group = false;
    }
    if (signature.variadic) {
        const auto& array_type = signature.types.back();
        if (form.rest_in_array) {
            add(array_type, true);
        } else if (rest > 0) {
            const auto element = array_type.substr(0, array_type.size() - 2);
            for (std::size_t i = 0; i < rest; ++i) add(element, false);
        } else if (count == fixed_count(signature)) {
            const std::string none = std::string(count == 0 ? "" : ", ") + "VARIADIC '{}'::" + array_type;
            single += none;
            grouped += none;
        }
    }
    statement->repeatable = !command.may_write() && !signature.is_volatile && !command.has_tip("nondeterministic_output");
    statement->sql = call_sql(signature, single, "");
    if (can_group) statement->grouped_sql = call_sql(signature, grouped, "ROWS FROM (" + arrays + ") AS t(" + columns + ")");
    const auto* batch = can_group ? find_batch(command, types, false) : variadic_batch;
    if (batch != nullptr) {
        statement->grouped_sql = batch_sql(*batch);
        statement->locks_together = true;
        statement->flattened = batch == variadic_batch;
    }
    statement->name = statement_name(statement->sql + statement->grouped_sql);
    form.statement = shared(command, std::move(statement));
    return form;
}

std::shared_ptr<Command::Form> make_form(const Command& command, std::size_t count, std::size_t name_words) {
    const auto signatures = choose(command, count);
    std::shared_ptr<Command::Form> form;
    for (auto signature = signatures.rbegin(); signature != signatures.rend(); ++signature) {
        auto first = std::make_shared<Command::Form>(make_form(command, **signature, count, name_words));
        first->otherwise = std::move(form);
        form = std::move(first);
    }
    return form;
}

// Valid UTF-8 without NUL: what Postgres takes as text.
bool is_text(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto c = static_cast<unsigned char>(bytes[i]);
        if (c == 0) return false;
        if (c < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
        if (c < 0xC2 || c > 0xF4 || i + length > bytes.size()) return false;
        const auto second = static_cast<unsigned char>(bytes[i + 1]);
        if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) || (c == 0xF0 && second < 0x90) ||
            (c == 0xF4 && second > 0x8F))
            return false;
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(bytes[i + k]) & 0xC0) != 0x80) return false;
        }
        i += length;
    }
    return true;
}

// Converts one argument; the error's text when it does not fit.
std::optional<std::string> convert(std::string& argument, Type type, std::vector<postgres::Value>& out) {
    switch (type) {
        case Type::int8: {
            const auto number = resp::parse_integer(argument);
            if (!number) return "ERR value is not an integer or out of range";
            out.emplace_back(*number);
            return std::nullopt;
        }
        case Type::float8: {
            const auto number = resp::parse_double(argument);
            if (!number) return "ERR value is not a valid float";
            out.emplace_back(*number);
            return std::nullopt;
        }
        case Type::text:
            if (!is_text(argument)) return "ERR syntax error";
            out.emplace_back(std::move(argument));
            return std::nullopt;
        default:
            out.emplace_back(std::move(argument));
            return std::nullopt;
    }
}

bool converts(const std::string& argument, Type type) {
    if (type == Type::int8) return resp::parse_integer(argument).has_value();
    if (type == Type::float8) return resp::parse_double(argument).has_value();
    return type != Type::text || is_text(argument);
}

// The first form whose parameters all arguments fit; the first of all where none is, which then says what is wrong.
const Command::Form& choose_form(const Command::Form& first, std::span<const std::string> arguments) {
    if (!first.otherwise) return first;
    for (const auto* form = &first; form != nullptr; form = form->otherwise.get()) {
        bool fits = true;
        for (std::size_t i = 0; i < form->fixed && fits; ++i) fits = converts(arguments[i], form->statement->parameters[i]);
        if (fits) return *form;
    }
    return first;
}

}  // namespace

std::variant<BoundCall, std::string> bind(Command& command, std::vector<std::string> arguments) {
    std::size_t bytes = 0;
    for (const auto& argument : arguments) bytes += argument.size();
    if (bytes > max_call_bytes) return "ERR the arguments of one command may be 1000 MB at most in pgredis";
    const std::size_t name_words = command.name.find('|') == std::string::npos ? 1 : 2;
    const auto count = arguments.size() - name_words;
    // Beyond this all counts have the same form, so that clients cannot make this map grow.
    constexpr std::size_t max_forms = 64;
    const auto key = std::min(count, max_forms);
    auto known = command.forms.find(key);
    if (known == command.forms.end()) known = command.forms.emplace(key, make_form(command, count, name_words)).first;
    if (!known->second) return name_words == 2 ? misuse_error(command.name, arguments[1]) : wrong_arity_error(command.name);
    const auto& form = choose_form(*known->second, std::span(arguments).subspan(name_words));

    BoundCall bound;
    bound.format = form.format;
    bound.call.statement = form.statement;
    bound.call.writes = command.may_write();
    if (command.may_write()) {
        if (const auto positions = key_positions(command, arguments)) {
            for (const auto& position : *positions) bound.call.locked_keys.push_back(arguments[position.index]);
        }
    }
    const auto& parameters = form.statement->parameters;
    bound.call.arguments.reserve(parameters.size());
    for (std::size_t i = 0; i < form.fixed; ++i) {
        if (auto error = convert(arguments[name_words + i], parameters[i], bound.call.arguments)) return *error;
    }
    if (form.rest_in_array) {
        const auto first = arguments.begin() + static_cast<std::ptrdiff_t>(name_words + form.fixed);
        if (parameters.back() == Type::text_array && !std::all_of(first, arguments.end(), is_text)) return "ERR syntax error";
        bound.call.arguments.emplace_back(
            std::vector<std::string>(std::make_move_iterator(first), std::make_move_iterator(arguments.end())));
    }
    return bound;
}

std::variant<BoundCall, std::string> bind_waiting(Command& command, std::vector<std::string> arguments, std::int64_t waiter) {
    std::vector<std::string> keys;
    if (const auto positions = key_positions(command, arguments)) {
        for (const auto& position : *positions) keys.push_back(arguments[position.index]);
    }
    arguments.insert(arguments.begin() + 1, {std::to_string(waiter), "0"});
    auto bound = bind(*command.waiting, std::move(arguments));
    if (auto* call = std::get_if<BoundCall>(&bound)) call->call.locked_keys = std::move(keys);
    return bound;
}

std::string unknown_command_error(std::span<const std::string> arguments) {
    // Redis shows up to 128 bytes of the name and of all arguments together, and none behind a NUL.
    constexpr std::size_t max_shown = 128;
    const auto shown = [](const std::string& argument, std::size_t bytes) {
        return argument.substr(0, std::min(argument.find('\0'), bytes));
    };
    std::string list;
    for (std::size_t i = 1; i < arguments.size() && list.size() < max_shown; ++i) {
        list += "'" + shown(arguments[i], max_shown - list.size()) + "' ";
    }
    return "ERR unknown command '" + shown(arguments[0], max_shown) + "', with args beginning with: " + list;
}

namespace {

std::string upper(std::string_view name) {
    std::string result(name);
    for (auto& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return result;
}

}  // namespace

std::string unknown_subcommand_error(const Command& container, std::string_view subcommand) {
    return "ERR unknown subcommand '" + std::string(subcommand.substr(0, 128)) + "'. Try " + upper(container.name) + " HELP.";
}

std::string misuse_error(std::string_view command_name, std::string_view subcommand) {
    return "ERR unknown subcommand or wrong number of arguments for '" + std::string(subcommand.substr(0, 128)) + "'. Try " +
           upper(command_name.substr(0, command_name.find('|'))) + " HELP.";
}

std::string wrong_arity_error(std::string_view command_name) {
    return "ERR wrong number of arguments for '" + std::string(command_name) + "' command";
}

}  // namespace pgredis::commands
