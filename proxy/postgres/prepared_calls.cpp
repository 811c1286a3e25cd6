#include "postgres/prepared_calls.h"

#include "postgres/parameters.h"

namespace pgredis::postgres {

namespace {

// The arrays that are the last arguments of all calls as one, and beside it of which call each element is.
void add_flattened(Parameters& parameters, std::string& buffer, const std::vector<const Call*>& calls) {
    std::vector<const std::vector<std::string>*> lists;
    std::size_t count = 0;
    for (const auto* call : calls) {
        lists.push_back(&std::get<std::vector<std::string>>(call->arguments.back()));
        count += lists.back()->size();
    }
    const bool text = calls.front()->statement->parameters.back() == Type::text_array;
    ArrayWriter all(buffer, text ? Type::text : Type::bytea, count);
    for (const auto* elements : lists) {
        for (const auto& element : *elements) all.add_bytes(element);
    }
    parameters.end();
    ArrayWriter owners(buffer, Type::int8, count);
    std::int64_t owner = 0;
    for (const auto* elements : lists) {
        ++owner;
        for (std::size_t i = 0; i < elements->size(); ++i) owners.add(owner);
    }
    parameters.end();
}

std::vector<Oid> parameter_types(const Statement& statement, bool grouped) {
    std::vector<Oid> types;
    for (const auto type : statement.parameters) types.push_back(grouped ? array_oid(type) : type_oid(type));
    if (grouped && statement.flattened) {
        types.back() = type_oid(statement.parameters.back());
        types.push_back(oid::int8_array);
    }
    return types;
}

}  // namespace

std::string PreparedCalls::send(PGconn* connection, const std::vector<const Call*>& calls) {
    const auto& statement = *calls.front()->statement;
    const bool grouped = calls.size() > 1;
    const auto name = grouped ? statement.name + "g" : statement.name;
    const bool is_new = prepared_.insert(name).second;
    if (is_new) {
        const auto types = parameter_types(statement, grouped);
        PQsendPrepare(connection, name.c_str(), (grouped ? statement.grouped_sql : statement.sql).c_str(),
                      static_cast<int>(types.size()), types.data());
    }
    Parameters parameters(buffer_);
    for (std::size_t p = 0; p < statement.parameters.size(); ++p) {
        const auto type = statement.parameters[p];
        if (grouped && statement.flattened && p + 1 == statement.parameters.size()) {
            add_flattened(parameters, buffer_, calls);
        } else if (grouped) {
            ArrayWriter array(buffer_, type, calls.size());
            for (const auto* call : calls) array.add(call->arguments[p]);
            parameters.end();
        } else if (std::holds_alternative<std::monostate>(calls.front()->arguments[p])) {
            parameters.add_null();
        } else {
            append_binary(buffer_, calls.front()->arguments[p], type);
            parameters.end();
        }
    }
    parameters.finish();
    PQsendQueryPrepared(connection, name.c_str(), parameters.count(), parameters.values(), parameters.lengths(),
                        parameters.formats(), 1);
    return is_new ? name : "";
}

}  // namespace pgredis::postgres
