#include "postgres/value.h"

#include <gtest/gtest.h>

#include <limits>

#include "cluster.h"
#include "postgres/connector.h"

namespace pgredis::postgres {
namespace {

using namespace std::string_literals;

std::string binary(const Value& value, Type type) {
    std::string out;
    append_binary(out, value, type);
    return out;
}

TEST(Values, IntegersAreBigEndian) {
    std::string out;
    append_int16(out, 0x0102);
    append_int32(out, 0x03040506);
    append_int64(out, 0x0708090a0b0c0d0eULL);
    EXPECT_EQ(out, "\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e");
    EXPECT_EQ(read_int16(out.data()), 0x0102);
    EXPECT_EQ(read_int32(out.data() + 2), 0x03040506U);
    EXPECT_EQ(read_int64(out.data() + 6), 0x0708090a0b0c0d0eULL);
}

TEST(Values, HaveTheirBinaryForm) {
    EXPECT_EQ(binary("a\0b"s, Type::bytea), "a\0b"s);
    EXPECT_EQ(binary(std::int64_t{-2}, Type::int8), "\xff\xff\xff\xff\xff\xff\xff\xfe");
    EXPECT_EQ(binary(1.0, Type::float8), "\x3f\xf0\0\0\0\0\0\0"s);
    EXPECT_EQ(binary(std::vector<std::string>{}, Type::bytea_array), "\0\0\0\0\0\0\0\0\0\0\0\x11"s);
    EXPECT_EQ(binary(std::vector<std::string>{"a"}, Type::text_array), "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\1a"s);
}

TEST(Values, TypesHaveTheirObjectIds) {
    EXPECT_EQ(type_oid(Type::bytea), 17U);
    EXPECT_EQ(type_oid(Type::bytea_array), 1001U);
    EXPECT_EQ(type_oid(Type::text_array), 1009U);
    EXPECT_EQ(array_oid(Type::bytea), 1001U);
    EXPECT_EQ(array_oid(Type::text), 1009U);
    EXPECT_EQ(array_oid(Type::int8), 1016U);
    EXPECT_EQ(array_oid(Type::float8), 1022U);
}

// Postgres understands them: its own text of a value sent in binary.
std::string shown(const std::string& bytes, Oid type) {
    const auto connection = Cluster::instance().connect();
    const char* value = bytes.data();
    const int length = static_cast<int>(bytes.size());
    const int format = 1;
    const ResultPtr result(PQexecParams(connection.get(), "SELECT $1::text", 1, &type, &value, &length, &format, 0));
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK) << PQresultErrorMessage(result.get());
    return PQgetvalue(result.get(), 0, 0);
}

TEST(Values, MeanTheSameToPostgres) {
    EXPECT_EQ(shown(binary("a\0\xff"s, Type::bytea), type_oid(Type::bytea)), "\\x6100ff");
    EXPECT_EQ(shown(binary("\xC3\xA4"s, Type::text), type_oid(Type::text)), "\xC3\xA4");
    EXPECT_EQ(shown(binary(std::numeric_limits<std::int64_t>::min(), Type::int8), type_oid(Type::int8)), "-9223372036854775808");
    EXPECT_EQ(shown(binary(-0.1, Type::float8), type_oid(Type::float8)), "-0.1");
    EXPECT_EQ(shown(binary(std::numeric_limits<double>::infinity(), Type::float8), type_oid(Type::float8)), "Infinity");
    const std::vector<std::string> list{"a", "", "c,d"};
    EXPECT_EQ(shown(binary(list, Type::text_array), type_oid(Type::text_array)), R"({a,"","c,d"})");
    EXPECT_EQ(shown(binary(list, Type::bytea_array), type_oid(Type::bytea_array)), R"({"\\x61","\\x","\\x632c64"})");
    EXPECT_EQ(shown(binary(std::vector<std::string>{}, Type::text_array), type_oid(Type::text_array)), "{}");
}

TEST(Values, ArraysForGroupedCalls) {
    const auto written = [](Type element, const std::vector<Value>& values) {
        std::string out;
        ArrayWriter array(out, element, values.size());
        for (const auto& value : values) array.add(value);
        return shown(out, array_oid(element));
    };
    EXPECT_EQ(written(Type::int8, {std::int64_t{1}, Value(), std::int64_t{-3}}), "{1,NULL,-3}");
    EXPECT_EQ(written(Type::float8, {1.5, Value()}), "{1.5,NULL}");
    EXPECT_EQ(written(Type::text, {"a", Value(), ""}), R"({a,NULL,""})");
    EXPECT_EQ(written(Type::bytea, {"\xff"s}), R"({"\\xff"})");
    EXPECT_EQ(written(Type::bytea, {}), "{}");
}

TEST(FirstLine, IsWhatALogTakes) {
    EXPECT_EQ(first_line("a\nb\n"), "a");
    EXPECT_EQ(first_line("a"), "a");
    EXPECT_EQ(first_line(""), "");
}

}  // namespace
}  // namespace pgredis::postgres
