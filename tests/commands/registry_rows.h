// Rows of a registry as redis.registry() returns them, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "commands/registry.h"

namespace pgredis::commands {

using Json = nlohmann::ordered_json;

// One signature of a function; `more` says what differs from a plain function that returns bytea.
inline Json signature(const std::vector<std::string>& types, const Json& more = Json::object()) {
    Json json{{"name", "public.f"}, {"types", types}, {"variadic", false}, {"defaults", 0},
              {"setof", false},     {"columns", 0},   {"result", "bytea"}};
    json.update(more);
    return json;
}

// One command; `more` says what differs from a command of no arguments, flags and keys.
inline Json row(const std::string& name, const Json& more = Json::object()) {
    const Json empty = Json::array();
    Json json{{"name", name},           {"function", "f"},      {"arity", -1},
              {"flags", empty},         {"categories", empty},  {"key_specs", empty},
              {"tips", empty},          {"reply", ""},          {"lane", "quick"},
              {"summary", ""},          {"since", ""},          {"group", ""},
              {"complexity", ""},       {"arguments", nullptr}, {"deprecated_since", nullptr},
              {"replaced_by", nullptr}, {"doc_flags", nullptr}, {"signatures", empty}};
    json.update(more);
    return json;
}

inline std::unique_ptr<Registry> registry_of(const std::vector<Json>& rows) {
    std::string error;
    auto registry = Registry::from_json(Json(rows).dump(), error);
    EXPECT_NE(registry, nullptr) << error;
    return registry;
}

}  // namespace pgredis::commands
