#include "postgres/value.h"

#include <arpa/inet.h>
#include <endian.h>

#include <bit>
#include <cstring>

namespace pgredis::postgres {

void append_int16(std::string& out, std::uint16_t value) {
    value = htobe16(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_int32(std::string& out, std::uint32_t value) {
    value = htobe32(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_int64(std::string& out, std::uint64_t value) {
    value = htobe64(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint16_t read_int16(const char* from) {
    std::uint16_t value;
    std::memcpy(&value, from, sizeof value);
    return be16toh(value);
}

std::uint32_t read_int32(const char* from) {
    std::uint32_t value;
    std::memcpy(&value, from, sizeof value);
    return be32toh(value);
}

std::uint64_t read_int64(const char* from) {
    std::uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return be64toh(value);
}

Oid type_oid(Type type) {
    switch (type) {
        case Type::bytea:
            return oid::bytea;
        case Type::text:
            return oid::text;
        case Type::int8:
            return oid::int8;
        case Type::float8:
            return oid::float8;
        case Type::bytea_array:
            return oid::bytea_array;
        case Type::text_array:
            return oid::text_array;
    }
    return 0;
}

Oid array_oid(Type type) {
    switch (type) {
        case Type::bytea:
            return oid::bytea_array;
        case Type::text:
            return oid::text_array;
        case Type::int8:
            return oid::int8_array;
        case Type::float8:
            return oid::float8_array;
        default:
            return 0;  // arrays of arrays are never asked for
    }
}

namespace {

void append_array_header(std::string& out, Oid element, std::size_t count) {
    append_int32(out, count == 0 ? 0 : 1);  // dimensions
    append_int32(out, 0);                   // has no NULLs: a hint only
    append_int32(out, element);
    if (count > 0) {
        append_int32(out, static_cast<std::uint32_t>(count));
        append_int32(out, 1);  // lower bound
    }
}

void append_sized(std::string& out, std::string_view bytes) {
    append_int32(out, static_cast<std::uint32_t>(bytes.size()));
    out.append(bytes);
}

}  // namespace

void append_binary(std::string& out, const Value& value, Type type) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        out.append(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        append_int64(out, static_cast<std::uint64_t>(*number));
    } else if (const auto* real = std::get_if<double>(&value)) {
        append_int64(out, std::bit_cast<std::uint64_t>(*real));
    } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        append_array_header(out, type == Type::text_array ? oid::text : oid::bytea, list->size());
        for (const auto& element : *list) append_sized(out, element);
    }
}

ArrayWriter::ArrayWriter(std::string& out, Type element, std::size_t count) : out_(out), element_(element) {
    append_array_header(out_, type_oid(element), count);
}

void ArrayWriter::add(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        append_sized(out_, *text);
    } else if (std::holds_alternative<std::monostate>(value)) {
        append_int32(out_, 0xFFFFFFFFU);  // NULL
    } else {
        append_int32(out_, 8);
        append_binary(out_, value, element_);
    }
}

void ArrayWriter::add_bytes(std::string_view bytes) { append_sized(out_, bytes); }

}  // namespace pgredis::postgres
