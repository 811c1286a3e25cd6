#include "clients/question.h"

#include <unordered_map>
#include <utility>

namespace pgredis::clients {

Combine Question::when_others_answered(const postgres::Rows& rows) const {
    const std::shared_ptr<PGresult> copy(PQcopyResult(rows.result, PG_COPYRES_TUPLES), PQclear);
    return [answer = answer, learn = learn, copy, rows](const std::vector<std::string>& answers, resp::ReplyWriter& reply) {
        if (learn) learn(answers);
        const postgres::Rows kept{copy.get(), rows.first, rows.count};
        answer(&kept, nullptr, reply);
    };
}

postgres::Call internal_call(const std::string& sql, std::vector<postgres::Type> types, std::vector<postgres::Value> values) {
    const auto name = "i" + std::to_string(std::hash<std::string>{}(sql));
    return postgres::make_call(postgres::make_statement(name, sql, std::move(types)), std::move(values));
}

Asker find_asker(std::string_view name) {
    static const std::unordered_map<std::string_view, Asker> table{{"config|set", ask_config_set}, {"info", ask_info}};
    const auto found = table.find(name);
    return found == table.end() ? nullptr : found->second;
}

}  // namespace pgredis::clients
