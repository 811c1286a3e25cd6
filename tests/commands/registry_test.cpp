#include "commands/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry_rows.h"

namespace pgredis::commands {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

TEST(Registry, ReadsEverythingOfACommand) {
    const auto registry = registry_of({row("set", {{"function", "redis_set"},
                                                   {"arity", -3},
                                                   {"flags", {"write", "denyoom"}},
                                                   {"categories", {"write", "string"}},
                                                   {"tips", {"tip"}},
                                                   {"reply", "bulk 3:set"},
                                                   {"lane", "slow"},
                                                   {"summary", "Sets."},
                                                   {"since", "1.0.0"},
                                                   {"group", "string"},
                                                   {"complexity", "O(1)"},
                                                   {"arguments", {{{"name", "key"}, {"type", "key"}}}},
                                                   {"deprecated_since", "2.0.0"},
                                                   {"replaced_by", "`GET`"},
                                                   {"doc_flags", {"deprecated"}},
                                                   {"key_specs", {{{"flags", "RW access"}, {"index", 1}, {"range", {0, 1, 0}}}}},
                                                   {"signatures",
                                                    {signature({"bytea", "text[]"}, {{"name", "public.redis_set"},
                                                                                     {"variadic", true},
                                                                                     {"defaults", 1},
                                                                                     {"setof", true},
                                                                                     {"columns", 2},
                                                                                     {"result", "record"}})}}})});
    const auto* command = registry->find("set");
    ASSERT_NE(command, nullptr);
    EXPECT_EQ(command->name, "set");
    EXPECT_EQ(command->function, "redis_set");
    EXPECT_EQ(command->arity, -3);
    EXPECT_THAT(command->flags, ElementsAre("write", "denyoom"));
    EXPECT_THAT(command->categories, ElementsAre("write", "string"));
    EXPECT_THAT(command->tips, ElementsAre("tip"));
    EXPECT_EQ(command->reply, "bulk 3:set");
    EXPECT_TRUE(command->slow);
    EXPECT_TRUE(command->writes());
    EXPECT_TRUE(command->has_flag("denyoom"));
    EXPECT_FALSE(command->has_flag("deny"));
    EXPECT_EQ(command->summary, "Sets.");
    EXPECT_EQ(command->since, "1.0.0");
    EXPECT_EQ(command->group, "string");
    EXPECT_EQ(command->complexity, "O(1)");
    EXPECT_EQ(command->arguments, R"([{"name":"key","type":"key"}])");
    EXPECT_EQ(command->deprecated_since, "2.0.0");
    EXPECT_EQ(command->replaced_by, "`GET`");
    EXPECT_THAT(command->doc_flags, ElementsAre("deprecated"));
    ASSERT_EQ(command->key_specs.size(), 1U);
    EXPECT_THAT(command->key_specs[0].flags, ElementsAre("RW", "access"));
    ASSERT_EQ(command->signatures.size(), 1U);
    const auto& function = command->signatures[0];
    EXPECT_EQ(function.name, "public.redis_set");
    EXPECT_THAT(function.types, ElementsAre("bytea", "text[]"));
    EXPECT_TRUE(function.variadic);
    EXPECT_EQ(function.defaults, 1);
    EXPECT_TRUE(function.setof);
    EXPECT_EQ(function.columns, 2);
    EXPECT_EQ(function.result, "record");
}

TEST(Registry, OnlyNameFunctionAndArityNeedToSaySomething) {
    const auto registry = registry_of({row("mine", {{"flags", {""}}, {"function", nullptr}})});
    const auto* command = registry->find("mine");
    EXPECT_THAT(command->flags, IsEmpty()) << "string_to_array('', ' ') has one empty word in the database";
    EXPECT_FALSE(command->function);
    EXPECT_FALSE(command->writes());
    EXPECT_FALSE(command->slow);
    EXPECT_EQ(command->arguments, "");
}

TEST(Registry, ADatabaseWithoutCommandsHasAnEmptyRegistry) {
    std::string error;
    const auto registry = Registry::from_json("null", error);
    ASSERT_NE(registry, nullptr);
    EXPECT_THAT(registry->commands(), IsEmpty());
}

TEST(Registry, WhatCannotBeUnderstoodIsSaid) {
    for (const auto* text : {"", "[", "[{}]", R"([{"name": 1}])", "7"}) {
        std::string error;
        EXPECT_EQ(Registry::from_json(text, error), nullptr) << text;
        EXPECT_NE(error, "") << text;
    }
}

TEST(Registry, CommandsAreFoundInAnyCaseAndSubcommandsUnderTheirContainers) {
    const auto registry = registry_of({row("object|encoding", {{"arity", 3}}), row("object"), row("get"), row("lost|child")});
    const auto found = [&](const Words& arguments) {
        const auto* command = registry->find(arguments);
        return command == nullptr ? "nothing" : command->name;
    };
    EXPECT_EQ(found({"get"}), "get");
    EXPECT_EQ(found({"GeT", "encoding"}), "get");
    EXPECT_EQ(found({"OBJECT"}), "object");
    EXPECT_EQ(found({"Object", "ENCODING", "key"}), "object|encoding");
    EXPECT_EQ(found({"object", "unknown"}), "object");
    EXPECT_EQ(found({"object", ""}), "object");
    EXPECT_EQ(found({"object|encoding", "key"}), "nothing");
    EXPECT_EQ(found({"lost", "child"}), "nothing");
    EXPECT_EQ(found({""}), "nothing");
    EXPECT_EQ(found({std::string("get\0", 4)}), "nothing");
    EXPECT_EQ(registry->find("object|encoding")->subcommand_name(), "encoding");
    EXPECT_EQ(registry->find("get")->subcommand_name(), "");
    EXPECT_EQ(registry->find("GET"), nullptr);
    EXPECT_EQ(registry->commands().size(), 2U) << "top level: get and object";
}

TEST(Registry, ArityCountsTheNameAndANegativeOneIsAMinimum) {
    const auto registry = registry_of({row("exact", {{"arity", 2}}), row("least", {{"arity", -2}})});
    EXPECT_TRUE(registry->find("exact")->arity_fits(2));
    EXPECT_FALSE(registry->find("exact")->arity_fits(1));
    EXPECT_FALSE(registry->find("exact")->arity_fits(3));
    EXPECT_FALSE(registry->find("least")->arity_fits(1));
    EXPECT_TRUE(registry->find("least")->arity_fits(2));
    EXPECT_TRUE(registry->find("least")->arity_fits(1'000'000));
}

TEST(Words, OfAnyCase) {
    EXPECT_EQ(lower("GeT|X\xC4"), "get|x\xC4");
    EXPECT_TRUE(equals_ignoring_case("Store", "sTORE"));
    EXPECT_FALSE(equals_ignoring_case("store", "storedist"));
    EXPECT_TRUE(equals_ignoring_case("", ""));
}

TEST(KeyPositions, MayConcernAnotherDatabase) {
    const Json move{{"flags", "RW"}, {"index", 1}, {"range", {0, 1, 0}}, {"database", {{"index", 2}}}};
    const Json copy{{"flags", "OW"}, {"index", 2}, {"range", {0, 1, 0}}, {"database", {{"keyword", {"DB", -2}}}}};
    const Json plain{{"flags", "OW"}, {"index", 1}, {"range", {0, 1, 0}}};
    const auto registry = registry_of({row("move", {{"key_specs", {move}}}), row("copy", {{"key_specs", {copy}}}),
                                       row("plain", {{"key_specs", Json::array({plain})}})});
    const auto other = [&registry](const Words& words) {
        return other_database(registry->find(words[0])->key_specs[0], words).value_or(-1);
    };
    EXPECT_EQ(other({"move", "k", "3"}), 3);
    EXPECT_EQ(other({"move", "k", "x"}), -1);
    EXPECT_EQ(other({"move", "k", "-1"}), -1);
    EXPECT_EQ(other({"move", "k", "32768"}), -1);
    EXPECT_EQ(other({"move", "k"}), -1);
    EXPECT_EQ(other({"copy", "a", "b"}), -1);
    EXPECT_EQ(other({"copy", "a", "b", "db"}), -1);
    EXPECT_EQ(other({"copy", "a", "b", "db", "1", "REPLACE"}), 1);
    EXPECT_EQ(other({"copy", "a", "b", "DB", "1", "DB", "2"}), 2);
    EXPECT_EQ(other({"plain", "a"}), -1);
}

// The keys of these arguments, joined by blanks.
std::string keys(const std::vector<Json>& specs, const Words& arguments) {
    const auto registry = registry_of({row("c", {{"key_specs", specs}})});
    const auto positions = key_positions(*registry->find("c"), arguments);
    if (!positions) return "contradiction";
    std::string list;
    for (const auto& position : *positions) list += (list.empty() ? "" : " ") + arguments.at(position.index);
    return list;
}

Json index_range(int index, int last, int step, int limit) {
    return {{"flags", "RO"}, {"index", index}, {"range", {last, step, limit}}};
}

TEST(KeyPositions, ARangeFromAnIndex) {
    EXPECT_EQ(keys({index_range(1, 0, 1, 0)}, {"get", "k"}), "k");
    EXPECT_EQ(keys({index_range(1, 1, 1, 0)}, {"rename", "a", "b"}), "a b");
    EXPECT_EQ(keys({index_range(1, -1, 1, 0)}, {"del", "a", "b", "c"}), "a b c");
    EXPECT_EQ(keys({index_range(1, -1, 2, 0)}, {"mset", "a", "1", "b", "2"}), "a b");
    EXPECT_EQ(keys({index_range(1, -2, 1, 0)}, {"blpop", "a", "b", "0"}), "a b");
}

TEST(KeyPositions, AKeyThatIsNotThereIsAContradiction) {
    EXPECT_EQ(keys({index_range(1, 0, 1, 0)}, {"get"}), "contradiction");
    EXPECT_EQ(keys({index_range(1, 1, 1, 0)}, {"rename", "a"}), "contradiction");
    EXPECT_EQ(keys({index_range(-3, 0, 1, 0)}, {"c", "a"}), "contradiction");
}

TEST(KeyPositions, ALimitTakesAPartOfTheRest) {
    // XREAD STREAMS a b c 1 2 3: half of what is behind the keyword
    const Json xread{{"flags", "RO"}, {"keyword", {"STREAMS", 1}}, {"range", {-1, 1, 2}}};
    EXPECT_EQ(keys({xread}, {"xread", "streams", "a", "b", "c", "1", "2", "3"}), "a b c");
    EXPECT_EQ(keys({xread}, {"xread", "COUNT", "5", "Streams", "a", "1"}), "a");
}

TEST(KeyPositions, AKeywordIsSearchedFromEitherEnd) {
    const Json forward{{"flags", "OW"}, {"keyword", {"STORE", 2}}, {"range", {0, 1, 0}}};
    EXPECT_EQ(keys({forward}, {"c", "store", "STORE", "dst"}), "dst");
    EXPECT_EQ(keys({forward}, {"c", "k", "store", "dst", "store", "other"}), "dst") << "the first one counts";
    EXPECT_EQ(keys({forward}, {"c", "k", "store"}), "") << "nothing can follow the last argument";
    EXPECT_EQ(keys({forward}, {"c"}), "");
    const Json backward{{"flags", "OW"}, {"keyword", {"KEYS", -2}}, {"range", {-1, 1, 0}}};
    EXPECT_EQ(keys({backward}, {"c", "keys", "x", "KEYS", "a", "b"}), "a b") << "the last one counts";
    EXPECT_EQ(keys({backward}, {"c", "a", "b"}), "");
    EXPECT_EQ(keys({backward}, {"keys", "a"}), "") << "the command's own name is none";
    EXPECT_EQ(keys({backward}, {"c"}), "");
    const Json untold{{"flags", "OW"}, {"unknown", true}, {"keyword", {"STORE", -2}}, {"range", {0, 1, 0}}};
    EXPECT_EQ(keys({untold}, {"c", "k", "STORE", "a", "store", "b", "ASC"}), "b") << "found, though not told of";
    EXPECT_EQ(keys({untold}, {"c", "k", "STORE"}), "");
}

TEST(KeyPositions, ANumberOfKeysIsTold) {
    const Json keynum{{"flags", "RO"}, {"index", 1}, {"keynum", {0, 1, 1}}};
    EXPECT_EQ(keys({keynum}, {"sintercard", "2", "a", "b", "LIMIT", "1"}), "a b");
    EXPECT_EQ(keys({keynum}, {"c", "0", "a"}), "");
    EXPECT_EQ(keys({keynum}, {"c", "3", "a", "b"}), "contradiction");
    EXPECT_EQ(keys({keynum}, {"c", "-1", "a"}), "contradiction");
    EXPECT_EQ(keys({keynum}, {"c", "many", "a"}), "contradiction");
    EXPECT_EQ(keys({keynum}, {"c", "9223372036854775807", "a"}), "contradiction");
    EXPECT_EQ(keys({keynum}, {"c"}), "contradiction");
    const Json stepped{{"flags", "RO"}, {"index", 1}, {"keynum", {0, 1, 2}}};
    EXPECT_EQ(keys({stepped}, {"c", "2", "a", "x", "b"}), "a b");
}

TEST(KeyPositions, SeveralSpecificationsAddUp) {
    const Json destination = index_range(1, 0, 1, 0);
    const Json sources{{"flags", "RO"}, {"index", 2}, {"keynum", {0, 1, 1}}};
    EXPECT_EQ(keys({destination, sources}, {"zunionstore", "dst", "2", "a", "b"}), "dst a b");
    EXPECT_EQ(keys({destination, sources}, {"zunionstore", "dst", "9", "a", "b"}), "contradiction");
}

TEST(KeyPositions, UnknownSpecificationsHaveNoKeys) {
    EXPECT_EQ(keys({}, {"ping"}), "");
    EXPECT_EQ(keys({Json{{"flags", "RO incomplete"}}}, {"c", "a"}), "");
    EXPECT_EQ(keys({Json{{"flags", "RO incomplete"}, {"index", 1}}}, {"c", "a"}), "");
}

TEST(KeyPositions, SpecificationsThatMakeNoSenseDoNoHarm) {
    EXPECT_EQ(keys({index_range(1, -1, 0, 0)}, {"c", "a", "b"}), "a b") << "a step of 0 would never end";
    EXPECT_EQ(keys({index_range(1, -1, -1, 0)}, {"c", "a", "b"}), "a b");
    EXPECT_EQ(keys({Json{{"flags", ""}, {"index", 1}, {"keynum", {-5, 1, 1}}}}, {"c", "1", "a"}), "contradiction");
}

TEST(KeyPositions, TellTheSpecificationOfEachKey) {
    const auto registry = registry_of({row("c", {{"key_specs", {index_range(1, 0, 1, 0), index_range(2, 0, 1, 0)}}})});
    const auto& command = *registry->find("c");
    const auto positions = key_positions(command, Words{"c", "a", "b"});
    ASSERT_TRUE(positions);
    ASSERT_EQ(positions->size(), 2U);
    EXPECT_EQ((*positions)[0].spec, &command.key_specs[0]);
    EXPECT_EQ((*positions)[1].spec, &command.key_specs[1]);
}

std::optional<std::uint64_t> timeout(const std::string& place, const Words& arguments) {
    const auto registry = registry_of({row("c", {{"timeout", place}, {"waiting", {signature({"bigint", "bigint", "bytea"})}}})});
    return timeout_of(*registry->find("c"), arguments);
}

TEST(Timeouts, AreInSecondsWhereAnArgumentHasThem) {
    EXPECT_EQ(timeout("-1", {"c", "key", "1.5"}), 1500U);
    EXPECT_EQ(timeout("1", {"c", "0.25", "key"}), 250U);
    EXPECT_EQ(timeout("-1", {"c", "key", "0"}), 0U);
    EXPECT_EQ(timeout("-1", {"c", "key", "0.0001"}), 1U) << "what is small is not for ever";
    EXPECT_EQ(timeout("-1", {"c", "key", "-0.0001"}), 0U);
    EXPECT_EQ(timeout("-1", {"c", "key", "9e15"}), 0U) << "longer than anybody waits";
    EXPECT_EQ(timeout("3", {"c", "key", "1"}), std::nullopt);
    EXPECT_EQ(timeout("-3", {"c", "key", "1"}), std::nullopt);
}

TEST(Timeouts, AreInMillisecondsBehindAWord) {
    EXPECT_EQ(timeout("BLOCK", {"c", "count", "1", "block", "250", "key"}), 250U);
    EXPECT_EQ(timeout("BLOCK", {"c", "block", "0"}), 0U);
    EXPECT_EQ(timeout("BLOCK", {"c", "count", "1"}), std::nullopt);
    EXPECT_EQ(timeout("BLOCK", {"c", "block"}), std::nullopt);
}

TEST(Timeouts, ThatAreNoneAreLeftToTheFunction) {
    for (const auto* text : {"", "x", "1x", "nan", "-1", "-inf"})
        EXPECT_EQ(timeout("-1", {"c", "key", text}), std::nullopt) << text;
    EXPECT_EQ(timeout("-1", {"c", "key", std::string("1\0", 2)}), std::nullopt);
}

TEST(Timeouts, ACommandWithoutAWaitingFunctionHasNone) {
    const auto registry = registry_of({row("c")});
    EXPECT_EQ(timeout_of(*registry->find("c"), Words{"c", "1"}), std::nullopt);
}

}  // namespace
}  // namespace pgredis::commands
