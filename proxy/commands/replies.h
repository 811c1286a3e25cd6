// Turns rows from Postgres into replies, by the result's SQL types and the command's reply format.
#pragma once

#include <string_view>

#include "commands/registry.h"
#include "postgres/job.h"
#include "resp/reply_writer.h"

namespace pgredis::commands {

// Never fails: a type it does not know is shown as the bytes Postgres sent.
void write_reply(const postgres::Rows& rows, const ReplyFormat& format, resp::ReplyWriter& writer);

// Is this the null that write_reply would write?
[[nodiscard]] bool is_null(const postgres::Rows& rows);

// For a failure that is the client's own the text is Redis's; others are short and tell no internals.
void write_failure(const postgres::Failure& failure, resp::ReplyWriter& writer);

// A JSON document as nested maps and arrays. `text` must be valid JSON.
void write_json(std::string_view text, resp::ReplyWriter& writer);

}  // namespace pgredis::commands
