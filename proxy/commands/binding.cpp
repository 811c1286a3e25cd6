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

const Signature* choose_variadic(const Command& command, std::size_t arguments) {
    const Signature* chosen = nullptr;
    for (const auto& signature : command.signatures) {
        const auto fixed = fixed_count(signature);
        if (signature.variadic && arguments >= fixed && (chosen == nullptr || fixed > fixed_count(*chosen))) chosen = &signature;
    }
    return chosen;
}

const Signature* choose_fixed(const Command& command, std::size_t arguments) {
    for (const auto& signature : command.signatures) {
        const auto fixed = fixed_count(signature);
        if (!signature.variadic && arguments <= fixed && arguments + static_cast<std::size_t>(signature.defaults) >= fixed)
            return &signature;
    }
    return nullptr;
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

std::string call_sql(const Signature& signature, const std::string& arguments, const std::string& from) {
    const bool rows = signature.setof || signature.columns > 1;
    if (rows) {
        const std::string call = signature.name + "(" + arguments + ")";
        return from.empty() ? "SELECT * FROM " + call : "SELECT r.* FROM " + from + ", LATERAL " + call + " AS r";
    }
    const std::string as_text = signature.result.ends_with("[]") ? "::pg_catalog.text[]" : "::pg_catalog.text";
    const std::string cast = is_native_result(signature.result) ? "" : as_text;
    return "SELECT " + signature.name + "(" + arguments + ")" + cast + (from.empty() ? "" : " FROM " + from);
}

// The function that carries out many calls with parameters of these types at once, if the command has one.
const Signature* find_batch(const Command& command, const std::vector<std::string>& types) {
    for (const auto& batch : command.batches) {
        const bool fits = std::equal(batch.types.begin(), batch.types.end(), types.begin(), types.end(),
                                     [](const std::string& array, const std::string& type) { return array == type + "[]"; });
        if (fits && batch.setof) return &batch;
    }
    return nullptr;
}

std::string batch_sql(const Signature& batch) {
    std::string sql = "SELECT * FROM " + batch.name + "(";
    for (std::size_t i = 0; i < batch.types.size(); ++i)
        sql += (i == 0 ? "$" : ", $") + std::to_string(i + 1) + "::" + batch.types[i];
    return sql + ")";
}

Command::Form make_form(const Command& command, const Signature* signature, std::size_t count, std::size_t name_words) {
    const auto fixed = std::min(fixed_count(*signature), count);
    const auto rest = count - fixed;
    Command::Form form;
    form.rest_in_array = rest > max_spread_arguments;
    form.fixed = form.rest_in_array ? fixed : count;
    form.format = reply_format(command, *signature, count + name_words);
    if (!form.format.composite && !is_native_result(signature->result)) form.format.bulk = true;

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
    for (std::size_t i = 0; i < fixed; ++i) add(signature->types[i], false);
    bool can_group = count > 0 && !signature->setof && !form.rest_in_array;
    for (std::size_t i = 0; i < fixed; ++i) {
        if (signature->types[i].ends_with("[]")) can_group = false;
    }
    if (signature->variadic) {
        const auto& array_type = signature->types.back();
        if (form.rest_in_array) {
            add(array_type, true);
        } else if (rest > 0) {
            const auto element = array_type.substr(0, array_type.size() - 2);
            for (std::size_t i = 0; i < rest; ++i) add(element, false);
        } else if (count == fixed_count(*signature)) {
            const std::string none = std::string(count == 0 ? "" : ", ") + "VARIADIC '{}'::" + array_type;
            single += none;
            grouped += none;
        }
    }
    statement->sql = call_sql(*signature, single, "");
    if (can_group) statement->grouped_sql = call_sql(*signature, grouped, "ROWS FROM (" + arrays + ") AS t(" + columns + ")");
    if (const auto* batch = can_group ? find_batch(command, types) : nullptr) statement->grouped_sql = batch_sql(*batch);
    statement->name = statement_name(statement->sql + statement->grouped_sql);
    form.statement = std::move(statement);
    return form;
}

// A fixed signature is preferred, a variadic one stands behind it.
std::optional<Command::Form> make_form(const Command& command, std::size_t count, std::size_t name_words) {
    const auto* fixed = choose_fixed(command, count);
    const auto* variadic = choose_variadic(command, count);
    if (fixed == nullptr && variadic == nullptr) return std::nullopt;
    auto form = make_form(command, fixed != nullptr ? fixed : variadic, count, name_words);
    if (fixed != nullptr && variadic != nullptr)
        form.variadic = std::make_shared<Command::Form>(make_form(command, variadic, count, name_words));
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
    if (!known->second) return wrong_arity_error(command.name);
    const auto* chosen = &*known->second;
    if (chosen->variadic) {
        for (std::size_t i = 0; i < chosen->fixed; ++i) {
            if (converts(arguments[name_words + i], chosen->statement->parameters[i])) continue;
            chosen = chosen->variadic.get();
            break;
        }
    }
    const auto& form = *chosen;

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

std::string unknown_subcommand_error(const Command& container, std::string_view subcommand) {
    std::string name = container.name;
    for (auto& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return "ERR unknown subcommand '" + std::string(subcommand).substr(0, 128) + "'. Try " + name + " HELP.";
}

std::string wrong_arity_error(std::string_view command_name) {
    return "ERR wrong number of arguments for '" + std::string(command_name) + "' command";
}

}  // namespace pgredis::commands
