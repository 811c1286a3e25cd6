#include "commands/replies.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace pgredis::commands {
namespace {

using postgres::Failure;
using resp::Protocol;
using resp::ReplyWriter;
using namespace std::string_literals;
namespace oid = postgres::oid;

std::string int2(std::int16_t value) {
    std::string out;
    postgres::append_int16(out, static_cast<std::uint16_t>(value));
    return out;
}

std::string int4(std::int32_t value) {
    std::string out;
    postgres::append_int32(out, static_cast<std::uint32_t>(value));
    return out;
}

std::string int8(std::int64_t value) {
    std::string out;
    postgres::append_int64(out, static_cast<std::uint64_t>(value));
    return out;
}

std::string float8(double value) { return int8(std::bit_cast<std::int64_t>(value)); }
std::string float4(float value) { return int4(std::bit_cast<std::int32_t>(value)); }

using Datum = std::optional<std::string>;  // in binary; nothing: NULL

std::string array(Oid element, const std::vector<std::int32_t>& sizes, const std::vector<Datum>& elements) {
    std::string out = int4(static_cast<std::int32_t>(sizes.size())) + int4(1) + int4(static_cast<std::int32_t>(element));
    for (const auto size : sizes) out += int4(size) + int4(1);
    for (const auto& datum : elements) out += datum ? int4(static_cast<std::int32_t>(datum->size())) + *datum : int4(-1);
    return out;
}

// What Postgres answers: columns of these types, and rows.
postgres::ResultPtr result_of(const std::vector<Oid>& types, const std::vector<std::vector<Datum>>& rows) {
    postgres::ResultPtr result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
    std::vector<PGresAttDesc> columns;
    std::string name = "c";
    for (const auto type : types) columns.push_back({name.data(), 0, 0, 1, type, -1, -1});
    PQsetResultAttrs(result.get(), static_cast<int>(columns.size()), columns.data());
    for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
        for (int column = 0; column < static_cast<int>(types.size()); ++column) {
            auto datum = rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
            PQsetvalue(result.get(), row, column, datum ? datum->data() : nullptr, datum ? static_cast<int>(datum->size()) : -1);
        }
    }
    return result;
}

std::string written(const postgres::Rows& rows, const ReplyFormat& format, Protocol protocol) {
    std::string out;
    ReplyWriter writer(out, protocol);
    write_reply(rows, format, writer);
    return out;
}

void expect_rows(const std::vector<Oid>& types, const std::vector<std::vector<Datum>>& rows, const ReplyFormat& format,
                 const std::string& resp2, const std::string& resp3) {
    const auto result = result_of(types, rows);
    const postgres::Rows all{result.get(), 0, static_cast<int>(rows.size())};
    EXPECT_EQ(written(all, format, Protocol::resp2), resp2);
    EXPECT_EQ(written(all, format, Protocol::resp3), resp3);
}

void expect_scalar(Oid type, const Datum& value, const ReplyFormat& format, const std::string& resp2, const std::string& resp3) {
    expect_rows({type}, {{value}}, format, resp2, resp3);
}

void expect_scalar(Oid type, const Datum& value, const std::string& both) { expect_scalar(type, value, {}, both, both); }

TEST(Replies, OfScalars) {
    expect_scalar(oid::bytea, "a\0\r\n"s, "$4\r\na\0\r\n\r\n"s);
    expect_scalar(oid::bytea, "", "$0\r\n\r\n");
    expect_scalar(oid::text, "OK", "+OK\r\n");
    expect_scalar(oid::varchar, "OK", "+OK\r\n");
    expect_scalar(oid::char_, "s", "+s\r\n");
    expect_scalar(oid::int8, int8(INT64_MIN), ":-9223372036854775808\r\n");
    expect_scalar(oid::int8, int8(INT64_MAX), ":9223372036854775807\r\n");
    expect_scalar(oid::int4, int4(-5), ":-5\r\n");
    expect_scalar(oid::int2, int2(-5), ":-5\r\n");
    expect_scalar(oid::boolean, "\1", ":1\r\n");
    expect_scalar(oid::boolean, "\0"s, ":0\r\n");
    expect_scalar(oid::void_, "", "+OK\r\n");
    expect_scalar(oid::float8, float8(0.1), {}, "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n");
    expect_scalar(oid::float8, float8(-std::numeric_limits<double>::infinity()), {}, "$4\r\n-inf\r\n", ",-inf\r\n");
    expect_scalar(oid::float8, float8(1e20), {}, "$5\r\n1e+20\r\n", ",1e+20\r\n");
    expect_scalar(oid::float4, float4(1.5F), {}, "$3\r\n1.5\r\n", ",1.5\r\n");
    expect_scalar(4711, "any", "$3\r\nany\r\n");
}

TEST(Replies, TextAsTheRegistrySays) {
    ReplyFormat bulk;
    bulk.bulk = true;
    expect_scalar(oid::text, "a\r\nb", bulk, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n");
    ReplyFormat verbatim;
    verbatim.verbatim = true;
    expect_scalar(oid::text, "a", verbatim, "$1\r\na\r\n", "=5\r\ntxt:a\r\n");
}

TEST(Replies, NullIsTheNullOfItsKind) {
    expect_scalar(oid::bytea, {}, {}, "$-1\r\n", "_\r\n");
    expect_scalar(oid::int8, {}, {}, "$-1\r\n", "_\r\n");
    ReplyFormat array;
    array.array = true;
    expect_scalar(oid::bytea_array, {}, array, "*-1\r\n", "_\r\n");
}

TEST(Replies, Arrays) {
    ReplyFormat format;
    format.array = true;
    const auto expect_array = [&](Oid type, const std::string& value, const std::string& resp2, const std::string& resp3) {
        expect_scalar(type, value, format, resp2, resp3);
    };
    expect_array(oid::bytea_array, array(oid::bytea, {}, {}), "*0\r\n", "*0\r\n");
    expect_array(oid::bytea_array, array(oid::bytea, {3}, {"a", Datum(), "\0"s}), "*3\r\n$1\r\na\r\n$-1\r\n$1\r\n\0\r\n"s,
                 "*3\r\n$1\r\na\r\n_\r\n$1\r\n\0\r\n"s);
    expect_array(oid::text_array, array(oid::text, {1}, {"a"}), "*1\r\n$1\r\na\r\n", "*1\r\n$1\r\na\r\n");
    expect_array(oid::int8_array, array(oid::int8, {2}, {int8(-1), Datum()}), "*2\r\n:-1\r\n$-1\r\n", "*2\r\n:-1\r\n_\r\n");
    expect_array(oid::int4_array, array(oid::int4, {1}, {int4(7)}), "*1\r\n:7\r\n", "*1\r\n:7\r\n");
    expect_array(oid::int2_array, array(oid::int2, {1}, {int2(7)}), "*1\r\n:7\r\n", "*1\r\n:7\r\n");
    expect_array(oid::boolean_array, array(oid::boolean, {1}, {"\1"}), "*1\r\n:1\r\n", "*1\r\n:1\r\n");
    expect_array(oid::float8_array, array(oid::float8, {1}, {float8(2.5)}), "*1\r\n$3\r\n2.5\r\n", "*1\r\n,2.5\r\n");
}

TEST(Replies, ArraysOfSeveralDimensions) {
    const auto matrix = array(oid::int8, {2, 3}, {int8(1), int8(2), int8(3), int8(4), Datum(), int8(6)});
    ReplyFormat format;
    format.array = true;
    expect_scalar(oid::int8_array, matrix, format, "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*3\r\n:4\r\n$-1\r\n:6\r\n",
                  "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*3\r\n:4\r\n_\r\n:6\r\n");
    format.set = true;
    expect_scalar(oid::int8_array, matrix, format, "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*3\r\n:4\r\n$-1\r\n:6\r\n",
                  "~2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*3\r\n:4\r\n_\r\n:6\r\n");
    const auto cube = array(oid::int8, {1, 1, 2}, {int8(1), int8(2)});
    expect_scalar(oid::int8_array, cube, "*1\r\n*1\r\n*2\r\n:1\r\n:2\r\n");
}

TEST(Replies, ArraysAsSetsAndMaps) {
    ReplyFormat set;
    set.array = set.set = true;
    expect_scalar(oid::bytea_array, array(oid::bytea, {2}, {"a", "b"}), set, "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
                  "~2\r\n$1\r\na\r\n$1\r\nb\r\n");
    expect_scalar(oid::bytea_array, array(oid::bytea, {}, {}), set, "*0\r\n", "~0\r\n");
    ReplyFormat map;
    map.array = map.map = true;
    expect_scalar(oid::bytea_array, array(oid::bytea, {2}, {"a", "b"}), map, "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
                  "%1\r\n$1\r\na\r\n$1\r\nb\r\n");
    expect_scalar(oid::bytea_array, array(oid::bytea, {}, {}), map, "*0\r\n", "%0\r\n");
}

// No function may make a header that the rest of the reply does not keep: every later reply would be misread.
TEST(Replies, AShapeThatDoesNotFitIsAnArray) {
    ReplyFormat map;
    map.array = map.map = true;
    expect_scalar(oid::bytea_array, array(oid::bytea, {1}, {"a"}), map, "*1\r\n$1\r\na\r\n", "*1\r\n$1\r\na\r\n");
    ReplyFormat rows;
    rows.setof = rows.map = true;
    expect_rows({oid::int8}, {{int8(1)}}, rows, "*1\r\n:1\r\n", "*1\r\n:1\r\n");
    rows.map = false;
    rows.set = true;
    expect_rows({oid::int8, oid::int8}, {{int8(1), int8(2)}}, rows, "*2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n");
    rows.set = false;
    rows.pairs = true;
    expect_rows({oid::int8}, {{int8(1)}}, rows, "*1\r\n:1\r\n", "*1\r\n:1\r\n");
}

TEST(Replies, JsonIsNestedMapsAndArrays) {
    const std::string text = R"({"b": [1, -2, 2.5, "x", true, false, null], "a": {}})";
    const std::string resp2 = "*4\r\n$1\r\nb\r\n*7\r\n:1\r\n:-2\r\n$3\r\n2.5\r\n$1\r\nx\r\n:1\r\n:0\r\n$-1\r\n$1\r\na\r\n*0\r\n";
    const std::string resp3 = "%2\r\n$1\r\nb\r\n*7\r\n:1\r\n:-2\r\n,2.5\r\n$1\r\nx\r\n#t\r\n#f\r\n_\r\n$1\r\na\r\n%0\r\n";
    expect_scalar(oid::json, text, {}, resp2, resp3);
    expect_scalar(oid::jsonb, "\1" + text, {}, resp2, resp3);
    expect_scalar(oid::json, "18446744073709551615", {}, "$20\r\n18446744073709551615\r\n", "(18446744073709551615\r\n");
    expect_scalar(oid::json, "9223372036854775807", ":9223372036854775807\r\n");
    expect_scalar(oid::json, R"("\u00e4")", "$2\r\n\xC3\xA4\r\n");
    expect_scalar(oid::json, "{", {}, "$-1\r\n", "_\r\n");
}

TEST(Replies, OneRowOfSeveralColumnsIsItsFirstThatIsNotNull) {
    ReplyFormat format;
    format.composite = true;
    const std::vector<Oid> types{oid::text, oid::int8, oid::bytea_array};
    expect_rows(types, {{"OK", int8(1), Datum()}}, format, "+OK\r\n", "+OK\r\n");
    expect_rows(types, {{Datum(), int8(1), Datum()}}, format, ":1\r\n", ":1\r\n");
    expect_rows(types, {{Datum(), Datum(), array(oid::bytea, {1}, {"a"})}}, format, "*1\r\n$1\r\na\r\n", "*1\r\n$1\r\na\r\n");
    expect_rows(types, {{Datum(), Datum(), Datum()}}, format, "$-1\r\n", "_\r\n");
    format.bulk = true;
    expect_rows(types, {{"OK", int8(1), Datum()}}, format, "$2\r\nOK\r\n", "$2\r\nOK\r\n");
}

TEST(Replies, ARowIsAllItsColumns) {
    ReplyFormat format;
    format.composite = format.row = true;
    const std::vector<Oid> types{oid::text, oid::bytea_array, oid::bytea};
    expect_rows(types, {{"0", array(oid::bytea, {1}, {"a"}), Datum()}}, format, "*3\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n$-1\r\n",
                "*3\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n_\r\n");
    expect_rows(types, {{Datum(), Datum(), Datum()}}, format, "*-1\r\n", "_\r\n");
}

class SetsOfRows : public ::testing::Test {
 protected:
    SetsOfRows() { format_.setof = true; }

    void expect(const std::string& resp2, const std::string& resp3) const {
        expect_rows({oid::bytea, oid::float8}, rows_, format_, resp2, resp3);
    }

    ReplyFormat format_;
    std::vector<std::vector<Datum>> rows_{{"a", float8(1)}, {"b", Datum()}};
};

TEST_F(SetsOfRows, AreFlat) {
    expect("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$-1\r\n", "*4\r\n$1\r\na\r\n,1\r\n$1\r\nb\r\n_\r\n");
}

TEST_F(SetsOfRows, AsMaps) {
    format_.map = true;
    expect("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$-1\r\n", "%2\r\n$1\r\na\r\n,1\r\n$1\r\nb\r\n_\r\n");
}

TEST_F(SetsOfRows, AsPairsWhereASecondThatIsNullIsLeftOut) {
    format_.pairs = true;
    expect("*3\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n", "*2\r\n*2\r\n$1\r\na\r\n,1\r\n$1\r\nb\r\n");
}

TEST_F(SetsOfRows, Nested) {
    format_.nested = true;
    expect("*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$-1\r\n", "*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n_\r\n");
}

TEST_F(SetsOfRows, OfOneColumnAsSets) {
    format_.set = true;
    expect_rows({oid::text}, {{"a"}, {Datum()}}, format_, "*2\r\n$1\r\na\r\n$-1\r\n", "~2\r\n$1\r\na\r\n_\r\n");
}

TEST_F(SetsOfRows, OfNoRows) {
    rows_.clear();
    expect("*0\r\n", "*0\r\n");
    format_.pairs = true;
    expect("*0\r\n", "*0\r\n");
    format_.pairs = false;
    format_.map = true;
    expect("*0\r\n", "%0\r\n");
}

TEST(Replies, OnlyTheCallsOwnRowsAreShown) {
    const auto result = result_of({oid::int8}, {{int8(1)}, {int8(2)}, {int8(3)}});
    EXPECT_EQ(written({result.get(), 1, 1}, {}, Protocol::resp2), ":2\r\n");
    ReplyFormat setof;
    setof.setof = true;
    EXPECT_EQ(written({result.get(), 1, 2}, setof, Protocol::resp2), "*2\r\n:2\r\n:3\r\n");
    const auto composite = result_of({oid::int8, oid::text}, {{int8(1), Datum()}, {Datum(), "two"}});
    ReplyFormat one;
    one.composite = true;
    EXPECT_EQ(written({composite.get(), 1, 1}, one, Protocol::resp2), "+two\r\n");
}

std::string failure(Failure::Kind kind, const std::string& sqlstate, const std::string& message) {
    std::string out;
    ReplyWriter writer(out, Protocol::resp2);
    write_failure({kind, sqlstate, message, "PL/pgSQL function secret() line 1"}, writer);
    return out;
}

TEST(Failures, OfRedisPassThrough) {
    EXPECT_EQ(failure(Failure::Kind::redis, "RD000", "WRONGTYPE Operation"), "-WRONGTYPE Operation\r\n");
    EXPECT_EQ(failure(Failure::Kind::unavailable, "", "ERR away"), "-ERR away\r\n");
    EXPECT_EQ(failure(Failure::Kind::unknown, "", "ERR in doubt"), "-ERR in doubt\r\n");
}

TEST(Failures, OthersTellNoInternals) {
    const auto fault = [](const std::string& sqlstate) {
        return failure(Failure::Kind::fault, sqlstate, "column \"secret\" does not exist");
    };
    EXPECT_EQ(fault("42703"), "-ERR internal error 42703; see the proxy's log\r\n");
    EXPECT_EQ(fault(""), "-ERR internal error ; see the proxy's log\r\n");
    EXPECT_EQ(fault("25006"), "-READONLY You can't write against a read only replica.\r\n");
    EXPECT_EQ(fault("53100"), "-ERR Postgres is out of resources; see the proxy's log\r\n");
    EXPECT_EQ(fault("54000"), "-ERR Postgres is out of resources; see the proxy's log\r\n");
    EXPECT_EQ(fault("42501"), "-NOPERM the proxy's database role may not run this command; see the proxy's log\r\n");
}

}  // namespace
}  // namespace pgredis::commands
