#include "commands/binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "registry_rows.h"

namespace pgredis::commands {
namespace {

using postgres::Type;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

// A command `c` with one signature, or an array of several.
class Fixture {
 public:
    explicit Fixture(const Json& signatures, Json more = Json::object()) {
        more["signatures"] = signatures.is_array() ? signatures : Json::array({signatures});
        registry_ = registry_of({row("c", more)});
    }

    Command& command() { return *registry_->find("c"); }

    // Binds `c` with these arguments behind it.
    std::variant<BoundCall, std::string> bind(Words arguments) {
        arguments.insert(arguments.begin(), "c");
        return commands::bind(command(), std::move(arguments));
    }

    BoundCall bound(const Words& arguments) {
        auto outcome = bind(arguments);
        EXPECT_TRUE(std::holds_alternative<BoundCall>(outcome)) << std::get<std::string>(outcome);
        return std::get<BoundCall>(std::move(outcome));
    }

    std::string error(const Words& arguments) {
        const auto outcome = bind(arguments);
        const auto* text = std::get_if<std::string>(&outcome);
        return text == nullptr ? "no error" : *text;
    }

    std::string sql(const Words& arguments) { return bound(arguments).call.statement->sql; }
    std::string grouped_sql(const Words& arguments) { return bound(arguments).call.statement->grouped_sql; }

 private:
    std::unique_ptr<Registry> registry_;
};

Json variadic(const std::vector<std::string>& types, int defaults = 0) {
    return signature(types, {{"variadic", true}, {"defaults", defaults}});
}

TEST(Binding, EqualCallsOfWhatOnlyReadsAndIsNotVolatileAreOne) {
    const auto repeatable = [](bool is_volatile, const Json& more) {
        Fixture c(signature({"bytea"}, {{"volatile", is_volatile}}), more);
        return c.bound({"k"}).call.statement->repeatable;
    };
    const Json readonly{{"flags", {"readonly"}}};
    EXPECT_TRUE(repeatable(false, readonly));
    EXPECT_FALSE(repeatable(true, readonly));
    EXPECT_FALSE(repeatable(false, Json::object()));
    EXPECT_FALSE(repeatable(false, {{"flags", {"readonly"}}, {"tips", {"nondeterministic_output"}}}));
}

TEST(Binding, ArgumentsAreConvertedByTheParametersTypes) {
    Fixture c(signature({"bytea", "text", "bigint", "double precision"}));
    const std::string any("\0\xff\r\n", 4);
    const auto call = c.bound({any, "nx", "-5", "1.5"}).call;
    EXPECT_THAT(call.statement->parameters, ElementsAre(Type::bytea, Type::text, Type::int8, Type::float8));
    EXPECT_THAT(call.arguments, ElementsAre(postgres::Value(any), postgres::Value("nx"), postgres::Value(std::int64_t{-5}),
                                            postgres::Value(1.5)));
    EXPECT_EQ(call.statement->sql,
              "SELECT public.f($1::pg_catalog.bytea, $2::pg_catalog.text, $3::pg_catalog.int8, $4::pg_catalog.float8)");
    EXPECT_EQ(call.statement->grouped_sql,
              "SELECT public.f(t.a1, t.a2, t.a3, t.a4) FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[]), "
              "pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.int8[]), "
              "pg_catalog.unnest($4::pg_catalog.float8[])) "
              "AS t(a1, a2, a3, a4)");
}

TEST(Binding, ArgumentsThatDoNotFitAreRefusedInRedissWords) {
    Fixture integer(signature({"bigint"}));
    for (const auto* text : {"", "x", "1.0", " 1", "+1", "01", "-0", "9223372036854775808"}) {
        EXPECT_EQ(integer.error({text}), "ERR value is not an integer or out of range") << text;
    }
    EXPECT_EQ(integer.error({"-9223372036854775808"}), "no error");
    Fixture real(signature({"double precision"}));
    for (const auto* text : {"", "x", " 1", "1 ", "nan", "1e999"})
        EXPECT_EQ(real.error({text}), "ERR value is not a valid float") << text;
    EXPECT_EQ(real.error({"-inf"}), "no error");
    Fixture both(signature({"bigint", "double precision"}));
    EXPECT_EQ(both.error({"x", "y"}), "ERR value is not an integer or out of range") << "the first one is told";
}

TEST(Binding, WhatIsNoTextIsASyntaxError) {
    Fixture c(signature({"text"}));
    for (const auto* text :
         {"", "nx", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
        EXPECT_EQ(c.error({text}), "no error") << text;
    }
    const std::string wrong[] = {std::string("a\0b", 3),
                                 "\x80",  // a continuation alone
                                 "\xC3",  // cut off
                                 "\xE2\x82",
                                 "\xF0\x9F\x98",
                                 "\xC3(",  // continued by something else
                                 "\xE2\x82(",
                                 "\xF0\x9F\x98(",
                                 "\xC0\xAF",
                                 "\xC1\xBF",  // longer than needed
                                 "\xE0\x80\xAF",
                                 "\xF0\x80\x80\xAF",
                                 "\xED\xA0\x80",      // a surrogate
                                 "\xF4\x90\x80\x80",  // beyond Unicode
                                 "\xF5\x80\x80\x80",
                                 "\xFF"};
    for (const auto& text : wrong) EXPECT_EQ(c.error({text}), "ERR syntax error") << testing::PrintToString(text);
}

TEST(Binding, OtherTypesAreSentAsTheNearestAndCast) {
    Fixture c(signature({"integer", "smallint", "uuid", "timestamp with time zone"}));
    const auto call = c.bound({"1", "2", "u", "t"}).call;
    EXPECT_THAT(call.statement->parameters, ElementsAre(Type::int8, Type::int8, Type::text, Type::text));
    EXPECT_EQ(
        call.statement->sql,
        "SELECT public.f($1::pg_catalog.int8::pg_catalog.int4, $2::pg_catalog.int8::pg_catalog.int2, $3::pg_catalog.text::uuid, "
        "$4::pg_catalog.text::timestamp with time zone)");
    EXPECT_EQ(call.statement->grouped_sql,
              "SELECT public.f(t.a1::pg_catalog.int4, t.a2::pg_catalog.int2, t.a3::uuid, t.a4::timestamp with time zone) FROM "
              "ROWS FROM ("
              "pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.int8[]), "
              "pg_catalog.unnest($3::pg_catalog.text[]), "
              "pg_catalog.unnest($4::pg_catalog.text[])) AS t(a1, a2, a3, a4)");
}

TEST(Binding, TheNumberOfArgumentsChoosesTheSignature) {
    Fixture c(
        Json::array({signature({"bytea"}, {{"name", "public.one"}}), signature({"bytea", "bigint"}, {{"name", "public.two"}}),
                     signature({"bytea", "bigint", "text[]"}, {{"name", "public.more"}, {"variadic", true}})}));
    EXPECT_EQ(c.sql({"k"}), "SELECT public.one($1::pg_catalog.bytea)");
    EXPECT_EQ(c.sql({"k", "1"}), "SELECT public.two($1::pg_catalog.bytea, $2::pg_catalog.int8)");
    EXPECT_EQ(c.sql({"k", "1", "a"}), "SELECT public.more($1::pg_catalog.bytea, $2::pg_catalog.int8, $3::pg_catalog.text)");
    EXPECT_EQ(c.error({}), "ERR wrong number of arguments for 'c' command");
}

TEST(Binding, OfVariadicSignaturesTheOneWithMoreParametersOfItsOwnIsTaken) {
    Fixture c(Json::array({signature({"bytea", "text[]"}, {{"name", "public.few"}, {"variadic", true}}),
                           signature({"bytea", "bytea", "text[]"}, {{"name", "public.many"}, {"variadic", true}})}));
    EXPECT_EQ(c.sql({"k"}), "SELECT public.few($1::pg_catalog.bytea, VARIADIC '{}'::text[])");
    EXPECT_EQ(c.sql({"k", "v", "o"}), "SELECT public.many($1::pg_catalog.bytea, $2::pg_catalog.bytea, $3::pg_catalog.text)");
}

TEST(Binding, NumbersThatAreNoneGoToASignatureThatTakesAnyWord) {
    Fixture c(Json::array({signature({"bytea", "text", "text[]"}, {{"name", "public.word"}, {"variadic", true}}),
                           signature({"bytea", "bigint", "text[]"}, {{"name", "public.number"}, {"variadic", true}})}));
    EXPECT_EQ(c.sql({"k", "1", "o"}), "SELECT public.number($1::pg_catalog.bytea, $2::pg_catalog.int8, $3::pg_catalog.text)");
    EXPECT_EQ(c.sql({"k", "x", "o"}), "SELECT public.word($1::pg_catalog.bytea, $2::pg_catalog.text, $3::pg_catalog.text)");
    EXPECT_EQ(c.sql({"k", "1"}), "SELECT public.number($1::pg_catalog.bytea, $2::pg_catalog.int8, VARIADIC '{}'::text[])");
    EXPECT_EQ(c.error({"k", "\xFF", "o"}), "ERR value is not an integer or out of range")
        << "where none fits, the first one tells";
}

TEST(Binding, ParametersWithDefaultsMayBeLeftOut) {
    Fixture c(signature({"bytea", "bigint", "text"}, {{"defaults", 2}}));
    EXPECT_EQ(c.sql({"k"}), "SELECT public.f($1::pg_catalog.bytea)");
    EXPECT_EQ(c.sql({"k", "1"}), "SELECT public.f($1::pg_catalog.bytea, $2::pg_catalog.int8)");
    EXPECT_EQ(c.sql({"k", "1", "t"}), "SELECT public.f($1::pg_catalog.bytea, $2::pg_catalog.int8, $3::pg_catalog.text)");
    const std::string arity = "ERR wrong number of arguments for 'c' command";
    EXPECT_EQ(c.error({}), arity);
    EXPECT_EQ(c.error({"k", "1", "t", "x"}), arity);
}

TEST(Binding, AFunctionOfNoArguments) {
    Fixture c(signature({}));
    EXPECT_EQ(c.sql({}), "SELECT public.f()");
    EXPECT_EQ(c.grouped_sql({}), "");
    EXPECT_THAT(c.bound({}).call.arguments, IsEmpty());
    Fixture optional(variadic({"text[]"}, 1));
    EXPECT_EQ(optional.sql({}), "SELECT public.f(VARIADIC '{}'::text[])");
    EXPECT_EQ(optional.grouped_sql({}), "");
}

TEST(Binding, FewVariadicArgumentsGoOneByOneAndManyAsAnArray) {
    Fixture c(variadic({"bytea", "bytea[]"}));
    EXPECT_EQ(c.sql({"k"}), "SELECT public.f($1::pg_catalog.bytea, VARIADIC '{}'::bytea[])");
    EXPECT_EQ(
        c.grouped_sql({"k"}),
        "SELECT public.f(t.a1, VARIADIC '{}'::bytea[]) FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[])) AS t(a1)");
    EXPECT_EQ(c.sql({"k", "a", "b"}), "SELECT public.f($1::pg_catalog.bytea, $2::pg_catalog.bytea, $3::pg_catalog.bytea)");
    EXPECT_EQ(c.grouped_sql({"k", "a"}),
              "SELECT public.f(t.a1, t.a2) FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[]), "
              "pg_catalog.unnest($2::pg_catalog.bytea[])) AS t(a1, a2)");

    Words eight{"k", "1", "2", "3", "4", "5", "6", "7", "8"};
    EXPECT_EQ(c.bound(eight).call.arguments.size(), 9U);
    Words nine = eight;
    nine.emplace_back("9");
    const auto call = c.bound(nine).call;
    EXPECT_EQ(call.statement->sql, "SELECT public.f($1::pg_catalog.bytea, VARIADIC $2::pg_catalog.bytea[])");
    EXPECT_EQ(call.statement->grouped_sql, "") << "arrays of arrays there are none";
    EXPECT_THAT(call.statement->parameters, ElementsAre(Type::bytea, Type::bytea_array));
    EXPECT_THAT(call.arguments, ElementsAre(postgres::Value("k"), postgres::Value(Words(nine.begin() + 1, nine.end()))));
}

TEST(Binding, EveryOptionWordMustBeText) {
    Fixture c(variadic({"text[]"}, 1));
    Words options(20, "nx");
    EXPECT_EQ(c.error(options), "no error");
    EXPECT_THAT(c.bound(options).call.statement->parameters, ElementsAre(Type::text_array));
    options.back() = "\xff";
    EXPECT_EQ(c.error(options), "ERR syntax error");
    EXPECT_EQ(c.error({"\xff"}), "ERR syntax error");
    Fixture values(variadic({"bytea[]"}));
    EXPECT_EQ(values.error(Words(20, "\xff")), "no error");
}

TEST(Binding, SetsAndRowsAreSelectedFromTheFunction) {
    Fixture set(signature({"bytea"}, {{"setof", true}}));
    EXPECT_EQ(set.sql({"k"}), "SELECT * FROM public.f($1::pg_catalog.bytea)");
    EXPECT_EQ(set.grouped_sql({"k"}), "") << "whose rows are whose could not be told";
    EXPECT_TRUE(set.bound({"k"}).format.setof);
    Fixture composite(signature({"bytea"}, {{"columns", 2}, {"result", "record"}}));
    EXPECT_EQ(composite.sql({"k"}), "SELECT * FROM public.f($1::pg_catalog.bytea)");
    EXPECT_EQ(composite.grouped_sql({"k"}),
              "SELECT r.* FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[])) AS t(a1), LATERAL public.f(t.a1) AS r");
    EXPECT_TRUE(composite.bound({"k"}).format.composite);
    EXPECT_FALSE(composite.bound({"k"}).format.setof);
}

TEST(Binding, ColumnsOfOtherTypesAreShownAsText) {
    Fixture rows(signature({"bytea"}, {{"columns", 3}, {"column_types", {"bigint", "uuid", "numeric[]"}}, {"result", "record"}}));
    const std::string columns =
        "SELECT r.c1, pg_catalog.convert_to(r.c2::pg_catalog.text, 'UTF8'), r.c3::pg_catalog.text[] FROM ";
    EXPECT_EQ(rows.sql({"k"}), columns + "public.f($1::pg_catalog.bytea) AS r(c1, c2, c3)");
    EXPECT_EQ(rows.grouped_sql({"k"}), columns +
                                           "ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[])) AS t(a1), LATERAL "
                                           "public.f(t.a1) AS r(c1, c2, c3)");
    Fixture set(signature({}, {{"setof", true}, {"result", "numeric"}}));
    EXPECT_EQ(set.sql({}), "SELECT pg_catalog.convert_to(r.c1::pg_catalog.text, 'UTF8') FROM public.f() AS r(c1)");
    Fixture native(signature({}, {{"columns", 2}, {"column_types", {"bigint", "bytea"}}, {"result", "record"}}));
    EXPECT_EQ(native.sql({}), "SELECT * FROM public.f()");
}

TEST(Binding, ResultsOfOtherTypesAreShownAsText) {
    Fixture numeric(signature({"bytea"}, {{"result", "numeric"}}));
    EXPECT_EQ(numeric.sql({"k"}), "SELECT public.f($1::pg_catalog.bytea)::pg_catalog.text");
    EXPECT_EQ(numeric.grouped_sql({"k"}),
              "SELECT public.f(t.a1)::pg_catalog.text FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.bytea[])) AS t(a1)");
    EXPECT_TRUE(numeric.bound({"k"}).format.bulk);
    Fixture arrays(signature({"bytea"}, {{"result", "numeric[]"}}));
    EXPECT_EQ(arrays.sql({"k"}), "SELECT public.f($1::pg_catalog.bytea)::pg_catalog.text[]");
    EXPECT_TRUE(arrays.bound({"k"}).format.array);
    for (const auto* type : {"bytea", "text", "bigint", "integer", "double precision", "boolean", "bytea[]", "jsonb", "void"}) {
        Fixture native(signature({}, {{"result", type}}));
        EXPECT_EQ(native.sql({}), "SELECT public.f()") << type;
        EXPECT_FALSE(native.bound({}).format.bulk) << type;
    }
}

TEST(Binding, CallsThatFitABatchFunctionAreGroupedByIt) {
    const auto batch = signature({"bytea[]", "bigint[]"}, {{"name", "redis.batch_f"}, {"setof", true}});
    Fixture c(Json::array({signature({"bytea", "bigint"}), variadic({"bytea", "text[]"})}), {{"batches", Json::array({batch})}});
    EXPECT_EQ(c.grouped_sql({"k", "1"}), "SELECT * FROM redis.batch_f($1::bytea[], $2::bigint[])");
    EXPECT_EQ(c.sql({"k", "1"}), "SELECT public.f($1::pg_catalog.bytea, $2::pg_catalog.int8)");
    // Other types and other numbers of arguments are grouped as ever.
    EXPECT_THAT(c.grouped_sql({"k", "word"}), ::testing::HasSubstr("public.f(t.a1, t.a2)"));
    EXPECT_THAT(c.grouped_sql({"k", "1", "word"}), ::testing::HasSubstr("public.f(t.a1, t.a2, t.a3)"));
}

TEST(Binding, VariadicCallsOfAnyNumberOfArgumentsAreOneStatementToABatchFunction) {
    const auto batch = signature({"bytea[]", "bytea[]", "bigint[]"}, {{"name", "redis.batch_f"}, {"setof", true}});
    Fixture c(variadic({"bytea", "bytea[]"}), {{"batches", Json::array({batch})}});
    EXPECT_EQ(c.grouped_sql({"k", "a"}), "SELECT * FROM redis.batch_f($1::bytea[], $2::bytea[], $3::bigint[])");
    EXPECT_EQ(c.sql({"k", "a"}), "SELECT public.f($1::pg_catalog.bytea, VARIADIC $2::pg_catalog.bytea[])");
    const auto one = c.bound({"k", "a"}).call;
    const auto many = c.bound(Words(30, "x")).call;
    EXPECT_EQ(one.statement, many.statement);
    EXPECT_TRUE(one.statement->flattened);
    EXPECT_TRUE(one.statement->locks_together);
    EXPECT_THAT(std::get<Words>(one.arguments.back()), ElementsAre("a"));
    EXPECT_EQ(std::get<Words>(many.arguments.back()).size(), 29U);
}

TEST(Binding, OneStatementOfABatchFunctionLocksItsKeysItself) {
    const auto batch = signature({"bytea[]"}, {{"name", "redis.batch_f"}, {"setof", true}});
    Fixture c(variadic({"bytea", "bytea[]"}), {{"batches", Json::array({batch})}});
    EXPECT_FALSE(c.bound({"k", "a"}).call.statement->locks_together);
    Fixture d(signature({"bytea"}), {{"batches", Json::array({batch})}});
    EXPECT_TRUE(d.bound({"k"}).call.statement->locks_together);
    EXPECT_FALSE(d.bound({"k"}).call.statement->flattened);
}

TEST(Binding, ABatchFunctionOfOneRowIsNone) {
    Fixture c(signature({"bytea"}), {{"batches", Json::array({signature({"bytea[]"}, {{"name", "redis.batch_f"}})})}});
    EXPECT_THAT(c.grouped_sql({"k"}), ::testing::HasSubstr("public.f(t.a1)"));
}

TEST(Binding, ReplyWordsSayHowAResultIsShown) {
    const auto format = [](const std::string& reply, const Words& arguments) {
        return Fixture(variadic({"bytea[]"}), {{"reply", reply}}).bound(arguments).format;
    };
    EXPECT_TRUE(format("bulk", {"k"}).bulk);
    EXPECT_TRUE(format("verbatim", {"k"}).verbatim);
    EXPECT_TRUE(format("set", {"k"}).set);
    EXPECT_TRUE(format("map", {"k"}).map);
    EXPECT_TRUE(format("pairs", {"k"}).pairs);
    EXPECT_TRUE(format("nested", {"k"}).nested);
    EXPECT_TRUE(format("row", {"k"}).row);
    EXPECT_FALSE(format("", {"k"}).bulk);
    EXPECT_TRUE(format("bulk set", {"k"}).set);
    // N: counts the command's name
    EXPECT_TRUE(format("map 3:flat", {"k"}).map);
    EXPECT_FALSE(format("map 3:flat", {"k", "v"}).map);
    EXPECT_TRUE(format("3:set", {"k", "v"}).set);
    EXPECT_FALSE(format("3:set", {"k", "v", "w"}).set);
    EXPECT_TRUE(Fixture(signature({}, {{"result", "bytea[]"}})).bound({}).format.array);
}

TEST(Binding, ReplyWordsOfSubcommandsCountBothWords) {
    const auto registry =
        registry_of({row("object"), row("object|help", {{"reply", "3:bulk"}, {"signatures", {signature({"bytea"})}}})});
    const auto outcome = bind(*registry->find("object|help"), {"object", "help", "k"});
    ASSERT_TRUE(std::holds_alternative<BoundCall>(outcome));
    EXPECT_TRUE(std::get<BoundCall>(outcome).format.bulk);
    EXPECT_THAT(std::get<BoundCall>(outcome).call.arguments, ElementsAre(postgres::Value("k")));
    EXPECT_EQ(std::get<std::string>(bind(*registry->find("object|help"), {"object", "Help"})),
              "ERR unknown subcommand or wrong number of arguments for 'Help'. Try OBJECT HELP.");
}

TEST(Binding, WritesTellTheKeysToLock) {
    const Json specs = {{{"flags", "RW"}, {"index", 1}, {"range", {-1, 2, 0}}}};
    Fixture write(variadic({"bytea[]"}), {{"flags", {"write"}}, {"key_specs", specs}});
    const auto call = write.bound({"b", "1", "a", "2"}).call;
    EXPECT_TRUE(call.writes);
    EXPECT_THAT(call.locked_keys, ElementsAre("b", "a"));
    EXPECT_EQ(write.bound(Words(40, "k")).call.locked_keys.size(), 20U);
    Fixture unknown(variadic({"bytea[]"}), {{"key_specs", specs}});
    EXPECT_TRUE(unknown.bound({"b", "1"}).call.writes) << "it may write, for all that is known";
    Fixture read(variadic({"bytea[]"}), {{"flags", {"readonly"}}, {"key_specs", specs}});
    EXPECT_FALSE(read.bound({"b", "1"}).call.writes);
    EXPECT_THAT(read.bound({"b", "1"}).call.locked_keys, IsEmpty());
}

TEST(Binding, KeysThatContradictTheSpecificationsAreLeftToTheFunction) {
    const Json specs = {{{"flags", "RW"}, {"index", 1}, {"keynum", {0, 1, 1}}}};
    Fixture c(variadic({"bytea[]"}), {{"flags", {"write"}}, {"key_specs", specs}});
    EXPECT_THAT(c.bound({"7", "a"}).call.locked_keys, IsEmpty());
}

TEST(Binding, StatementsAreMadeOnceAndNamedByTheirText) {
    Fixture c(variadic({"bytea", "bytea[]"}));
    const auto statement = c.bound({"k", "v"}).call.statement;
    EXPECT_EQ(c.bound({"other", "w"}).call.statement, statement);
    EXPECT_NE(c.bound({"k", "v", "w"}).call.statement->name, statement->name);
    Fixture again(variadic({"bytea", "bytea[]"}));
    EXPECT_NE(again.bound({"k", "v"}).call.statement, statement);
    EXPECT_EQ(again.bound({"k", "v"}).call.statement->name, statement->name) << "of the registry loaded anew";
    EXPECT_LT(statement->name.size(), 63U) << "the limit of Postgres, with the letter of the grouped form";
}

TEST(Binding, ClientsCannotMakeTheFormsGrow) {
    Fixture c(variadic({"bytea", "bytea[]"}));
    std::set<const postgres::Statement*> statements;
    for (std::size_t count = 1; count < 500; ++count) {
        const auto call = c.bound(Words(count, "x")).call;
        statements.insert(call.statement.get());
        EXPECT_EQ(call.arguments.size(), count <= 9 ? count : 2);
    }
    EXPECT_LE(c.command().forms.size(), 65U);
    Fixture two(signature({"bytea", "bytea"}));
    for (std::size_t count = 0; count < 500; ++count) EXPECT_EQ(two.error(Words(count, "x")) == "no error", count == 2) << count;
    EXPECT_LE(two.command().forms.size(), 65U);
}

TEST(Binding, WhoMayWaitCallsTheWaitingFunctionWithItsNumberAndAttempt) {
    Fixture c(variadic({"bytea[]"}),
              {{"flags", {"write"}},
               {"key_specs", {{{"flags", "RW"}, {"index", 1}, {"range", {-2, 1, 0}}}}},
               {"timeout", "-1"},
               {"waiting", {signature({"bigint", "bigint", "bytea[]"}, {{"name", "redis.w"}, {"variadic", true}})}}});
    auto outcome = bind_waiting(c.command(), {"c", "a", "b", "0"}, 7);
    const auto& bound = std::get<BoundCall>(outcome);
    EXPECT_THAT(bound.call.statement->sql, ::testing::StartsWith("SELECT redis.w($1"));
    EXPECT_FALSE(bound.call.statement->grouped_sql.empty());
    EXPECT_THAT(bound.call.arguments,
                ElementsAre(postgres::Value(std::int64_t{7}), postgres::Value(std::int64_t{0}), postgres::Value(std::string("a")),
                            postgres::Value(std::string("b")), postgres::Value(std::string("0"))));
    EXPECT_EQ(std::get<std::int64_t>(bound.call.arguments[attempt_argument]), 0);
    EXPECT_THAT(bound.call.locked_keys, ElementsAre("a", "b"));
    EXPECT_TRUE(bound.call.writes);
    EXPECT_EQ(c.sql({"a", "0"}).find("redis.w"), std::string::npos);
}

TEST(UnknownCommands, AreNamedWithTheirArguments) {
    EXPECT_EQ(unknown_command_error(Words{"nope"}), "ERR unknown command 'nope', with args beginning with: ");
    EXPECT_EQ(unknown_command_error(Words{"nope", "a", "", "b c"}),
              "ERR unknown command 'nope', with args beginning with: 'a' '' 'b c' ");
}

TEST(UnknownCommands, AreShownUpTo128Bytes) {
    const std::string longer(200, 'x');
    const std::string shown(128, 'x');
    EXPECT_EQ(unknown_command_error(Words{longer, longer, "b"}),
              "ERR unknown command '" + shown + "', with args beginning with: '" + shown + "' ");
    EXPECT_EQ(
        unknown_command_error(Words{"n", std::string(100, 'x'), longer, "c"}),
        "ERR unknown command 'n', with args beginning with: '" + std::string(100, 'x') + "' '" + std::string(25, 'x') + "' ");
}

TEST(UnknownCommands, EndAtANul) {
    EXPECT_EQ(unknown_command_error(Words{std::string("a\0b", 3), std::string("c\0d", 3)}),
              "ERR unknown command 'a', with args beginning with: 'c' ");
}

TEST(UnknownCommands, OfAContainerPointToItsHelp) {
    const auto registry = registry_of({row("object")});
    EXPECT_EQ(unknown_subcommand_error(*registry->find("object"), "nope"), "ERR unknown subcommand 'nope'. Try OBJECT HELP.");
    EXPECT_EQ(unknown_subcommand_error(*registry->find("object"), std::string(200, 'x')),
              "ERR unknown subcommand '" + std::string(128, 'x') + "'. Try OBJECT HELP.");
    EXPECT_EQ(wrong_arity_error("get"), "ERR wrong number of arguments for 'get' command");
}

}  // namespace
}  // namespace pgredis::commands
