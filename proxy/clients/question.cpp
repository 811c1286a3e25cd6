#include "clients/question.h"

#include <unordered_map>
#include <utility>

namespace pgredis::clients {

postgres::Call internal_call(const std::string& sql, std::vector<postgres::Type> types, std::vector<postgres::Value> values) {
    auto statement = std::make_shared<postgres::Statement>();
    statement->sql = sql;
    statement->name = "i" + std::to_string(std::hash<std::string>{}(sql));
    statement->parameters = std::move(types);
    postgres::Call call;
    call.statement = std::move(statement);
    call.arguments = std::move(values);
    return call;
}

Asker find_asker(std::string_view name) {
    static const std::unordered_map<std::string_view, Asker> table{{"config|set", ask_config_set}, {"info", ask_info}};
    const auto found = table.find(name);
    return found == table.end() ? nullptr : found->second;
}

}  // namespace pgredis::clients
