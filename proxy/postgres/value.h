// SQL values on their way to Postgres, in its binary format.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgredis::postgres {

// The types that calls are bound with. A function parameter of any other type is sent as text and cast in the statement.
enum class Type : std::uint8_t { bytea, text, int8, float8, bytea_array, text_array };

// Object ids of pg_type.dat: these never change between Postgres versions.
namespace oid {
inline constexpr Oid boolean = 16, bytea = 17, char_ = 18, int8 = 20, int2 = 21, int4 = 23, text = 25, json = 114, float4 = 700,
                     float8 = 701, bytea_array = 1001, int2_array = 1005, int4_array = 1007, text_array = 1009, int8_array = 1016,
                     float8_array = 1022, boolean_array = 1000, numeric = 1700, numeric_array = 1231, varchar = 1043,
                     void_ = 2278, jsonb = 3802;
}

using Value = std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::string>>;

// Appends the binary form of one value of this type.
void append_binary(std::string& out, const Value& value, Type type);

// Appends `count` values as a one-dimensional array of the element type, as grouped calls take them. at(i) is the i-th value.
class ArrayWriter {
 public:
    ArrayWriter(std::string& out, Type element, std::size_t count);
    void add(const Value& value);
    // Of an array of bytea or text.
    void add_bytes(std::string_view bytes);

 private:
    std::string& out_;
    Type element_;
};

[[nodiscard]] Oid type_oid(Type type);
[[nodiscard]] Oid array_oid(Type type);

void append_int16(std::string& out, std::uint16_t value);
void append_int32(std::string& out, std::uint32_t value);
void append_int64(std::string& out, std::uint64_t value);

[[nodiscard]] std::uint16_t read_int16(const char* from);
[[nodiscard]] std::uint32_t read_int32(const char* from);
[[nodiscard]] std::uint64_t read_int64(const char* from);

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

struct ConnectionDeleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, ConnectionDeleter>;

}  // namespace pgredis::postgres
