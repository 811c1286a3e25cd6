#include "commands/replies.h"

#include <bit>
#include <nlohmann/json.hpp>
#include <string>

#include "resp/numbers.h"

namespace pgredis::commands {

namespace {

using postgres::read_int16;
using postgres::read_int32;
using postgres::read_int64;
using resp::ReplyWriter;
namespace oid = postgres::oid;

void write_json_value(const nlohmann::ordered_json& json, ReplyWriter& writer) {
    using Kind = nlohmann::ordered_json::value_t;
    switch (json.type()) {
        case Kind::object:
            writer.map(json.size());
            for (const auto& [name, value] : json.items()) {
                writer.bulk(name);
                write_json_value(value, writer);
            }
            break;
        case Kind::array:
            writer.array(json.size());
            for (const auto& item : json) write_json_value(item, writer);
            break;
        case Kind::string:
            writer.bulk(json.get_ref<const std::string&>());
            break;
        case Kind::boolean:
            writer.boolean(json.get<bool>());
            break;
        case Kind::number_integer:
            writer.integer(json.get<std::int64_t>());
            break;
        case Kind::number_unsigned:
            if (json.get<std::uint64_t>() <= INT64_MAX) {
                writer.integer(json.get<std::int64_t>());
            } else {
                writer.big_number(json.dump());
            }
            break;
        case Kind::number_float:
            writer.double_number(json.get<double>());
            break;
        default:
            writer.null();
    }
}

// A value of the text kind: a simple string on its own (unless `bulk`), a bulk among others.
enum class TextAs : std::uint8_t { simple, bulk, verbatim };

void write_datum(Oid type, std::string_view bytes, TextAs text_as, ReplyWriter& writer);

// A binary array of any number of dimensions.
class Array {
 public:
    explicit Array(std::string_view bytes) : at_(bytes.data()) {
        dimensions_ = static_cast<int>(read_int32(at_));
        element_ = read_int32(at_ + 8);
        sizes_ = at_ + 12;
        at_ = sizes_ + 8 * static_cast<std::size_t>(dimensions_);
    }

    [[nodiscard]] std::size_t size() const { return dimensions_ == 0 ? 0 : size_of(0); }

    void write(ReplyWriter& writer) {
        writer.array(size());
        write_elements(writer);
    }

    // One element of a one-dimensional array after another; no more than size().
    void write_next(ReplyWriter& writer) { write_element(writer); }

    // The elements alone, without a header: as many as size() says, arrays where there is more than one dimension.
    void write_elements(ReplyWriter& writer) {
        if (dimensions_ > 0) write_dimension(0, writer);
    }

 private:
    [[nodiscard]] std::size_t size_of(int dimension) const {
        return read_int32(sizes_ + 8 * static_cast<std::size_t>(dimension));
    }

    void write_dimension(int dimension, ReplyWriter& writer) {
        for (std::size_t i = 0; i < size_of(dimension); ++i) {
            if (dimension + 1 < dimensions_) {
                writer.array(size_of(dimension + 1));
                write_dimension(dimension + 1, writer);
            } else {
                write_element(writer);
            }
        }
    }

    void write_element(ReplyWriter& writer) {
        const auto length = static_cast<std::int32_t>(read_int32(at_));
        at_ += 4;
        if (length < 0) {
            writer.null();
            return;
        }
        write_datum(element_, {at_, static_cast<std::size_t>(length)}, TextAs::bulk, writer);
        at_ += length;
    }

    const char* at_;
    const char* sizes_;
    int dimensions_;
    Oid element_;
};

void write_datum(Oid type, std::string_view bytes, TextAs text_as, ReplyWriter& writer) {
    switch (type) {
        case oid::int8:
            writer.integer(static_cast<std::int64_t>(read_int64(bytes.data())));
            break;
        case oid::int4:
            writer.integer(static_cast<std::int32_t>(read_int32(bytes.data())));
            break;
        case oid::int2:
            writer.integer(static_cast<std::int16_t>(read_int16(bytes.data())));
            break;
        case oid::boolean:
            writer.integer(bytes[0] != 0 ? 1 : 0);
            break;
        case oid::float8:
            writer.double_number(std::bit_cast<double>(read_int64(bytes.data())));
            break;
        case oid::float4:
            writer.double_number(std::bit_cast<float>(read_int32(bytes.data())));
            break;
        case oid::void_:
            writer.simple_string("OK");
            break;
        case oid::jsonb:
            write_json(bytes.substr(1), writer);  // behind the version byte
            break;
        case oid::json:
            write_json(bytes, writer);
            break;
        case oid::text:
        case oid::varchar:
        case oid::char_:
            if (text_as == TextAs::simple) {
                writer.simple_string(bytes);
            } else if (text_as == TextAs::verbatim) {
                writer.verbatim("txt", bytes);
            } else {
                writer.bulk(bytes);
            }
            break;
        case oid::bytea_array:
        case oid::text_array:
        case oid::int8_array:
        case oid::int4_array:
        case oid::int2_array:
        case oid::float8_array:
        case oid::boolean_array:
            Array(bytes).write(writer);
            break;
        default:
            writer.bulk(bytes);
    }
}

class Cell {
 public:
    Cell(const PGresult* result, int row, int column) : result_(result), row_(row), column_(column) {}
    [[nodiscard]] bool null() const { return PQgetisnull(result_, row_, column_) != 0; }
    [[nodiscard]] Oid type() const { return PQftype(result_, column_); }
    [[nodiscard]] std::string_view bytes() const {
        return {PQgetvalue(result_, row_, column_), static_cast<std::size_t>(PQgetlength(result_, row_, column_))};
    }
    void write(TextAs text_as, ReplyWriter& writer) const {
        if (null()) {
            writer.null();
        } else {
            write_datum(type(), bytes(), text_as, writer);
        }
    }

 private:
    const PGresult* result_;
    int row_;
    int column_;
};

TextAs text_as(const ReplyFormat& format) {
    if (format.verbatim) return TextAs::verbatim;
    return format.bulk ? TextAs::bulk : TextAs::simple;
}

void write_scalar(const Cell& cell, const ReplyFormat& format, ReplyWriter& writer) {
    if (cell.null()) {
        if (format.array) {
            writer.null_array();
        } else {
            writer.null();
        }
        return;
    }
    if (format.array && (format.set || format.map)) {
        Array array(cell.bytes());
        if (format.set) {
            writer.set(array.size());
        } else if (array.size() % 2 == 0) {
            writer.map(array.size() / 2);
        } else {
            writer.array(array.size());
        }
        array.write_elements(writer);
        return;
    }
    write_datum(cell.type(), cell.bytes(), text_as(format), writer);
}

void write_one_row(const postgres::Rows& rows, const ReplyFormat& format, ReplyWriter& writer) {
    const int columns = PQnfields(rows.result);
    int first = 0;
    while (first < columns && PQgetisnull(rows.result, rows.first, first) != 0) ++first;
    if (first == columns) {
        if (format.empty) {
            writer.array(0);
        } else if (format.row) {
            writer.null_array();
        } else {
            writer.null();
        }
    } else if (format.zip && columns == 3 && first == 0) {
        writer.array(2);
        Cell(rows.result, rows.first, 0).write(TextAs::bulk, writer);
        Array members(Cell(rows.result, rows.first, 1).bytes());
        Array values(Cell(rows.result, rows.first, 2).bytes());
        const auto pairs = std::min(members.size(), values.size());
        writer.array(pairs);
        for (std::size_t i = 0; i < pairs; ++i) {
            writer.array(2);
            members.write_next(writer);
            values.write_next(writer);
        }
    } else if (format.row) {
        writer.array(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) Cell(rows.result, rows.first, column).write(TextAs::bulk, writer);
    } else {
        write_scalar(Cell(rows.result, rows.first, first), format, writer);
    }
}

void write_set_of_rows(const postgres::Rows& rows, const ReplyFormat& format, ReplyWriter& writer) {
    const auto count = static_cast<std::size_t>(rows.count);
    const int columns = PQnfields(rows.result);
    const bool resp3 = writer.protocol() == resp::Protocol::resp3;
    const bool pairs = format.pairs && columns == 2;
    const auto shown_columns = [&](int row) { return pairs && PQgetisnull(rows.result, row, 1) != 0 ? 1 : columns; };
    if (format.map && columns == 2) {
        writer.map(count);
    } else if (format.set && columns == 1) {
        writer.set(count);
    } else if (format.nested || (pairs && resp3)) {
        writer.array(count);
    } else {
        std::size_t elements = 0;
        for (int row = rows.first; row < rows.first + rows.count; ++row) elements += static_cast<std::size_t>(shown_columns(row));
        writer.array(elements);
    }
    for (int row = rows.first; row < rows.first + rows.count; ++row) {
        const int shown = shown_columns(row);
        if (format.nested || (pairs && resp3 && shown > 1)) writer.array(static_cast<std::size_t>(shown));
        for (int column = 0; column < shown; ++column) Cell(rows.result, row, column).write(TextAs::bulk, writer);
    }
}

}  // namespace

void write_json(std::string_view text, resp::ReplyWriter& writer) {
    write_json_value(nlohmann::ordered_json::parse(text, nullptr, false), writer);
}

void write_reply(const postgres::Rows& rows, const ReplyFormat& format, resp::ReplyWriter& writer) {
    if (format.setof) {
        write_set_of_rows(rows, format, writer);
    } else if (format.composite) {
        write_one_row(rows, format, writer);
    } else {
        write_scalar(Cell(rows.result, rows.first, 0), format, writer);
    }
}

bool is_null(const postgres::Rows& rows) {
    const int columns = PQnfields(rows.result);
    for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(rows.result, rows.first, column) == 0) return false;
    }
    return true;
}

void write_failure(const postgres::Failure& failure, resp::ReplyWriter& writer) {
    using Kind = postgres::Failure::Kind;
    if (failure.kind != Kind::fault) {
        writer.error(failure.message);
    } else if (failure.sqlstate == "25006") {
        writer.error("READONLY You can't write against a read only replica.");
    } else if (failure.sqlstate.starts_with("53") || failure.sqlstate == "54000") {
        writer.error("ERR Postgres is out of resources; see the proxy's log");
    } else if (failure.sqlstate == "55P03") {
        writer.error("ERR another transaction holds what this command needs locked; try again");
    } else if (failure.sqlstate == "42501") {
        writer.error("NOPERM the proxy's database role may not run this command; see the proxy's log");
    } else {
        writer.error("ERR internal error " + failure.sqlstate + "; see the proxy's log");
    }
}

}  // namespace pgredis::commands
