// SLOWLOG and its subcommands: the logs of all proxies as one. Each numbers its own entries.
#include <algorithm>

#include "clients/client.h"
#include "clients/connection_commands.h"
#include "clients/peer_questions.h"
#include "clients/server.h"
#include "clients/slow_log.h"
#include "commands/registry.h"
#include "resp/numbers.h"

namespace pgredis::clients {

namespace {

using Entry = SlowLog::Entry;

constexpr std::size_t entry_fields = 5;  // ahead of the words

// For another proxy: a line an entry.
std::string to_text(const SlowLog& log) {
    std::string text;
    for (const auto& entry : log.entries()) {
        std::vector<std::string> words{std::to_string(entry.id), std::to_string(entry.at), std::to_string(entry.microseconds),
                                       entry.address, entry.client_name};
        words.insert(words.end(), entry.words.begin(), entry.words.end());
        text += join_words(words) + "\n";
    }
    return text;
}

void add_text(std::vector<Entry>& entries, std::string_view text) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto words = split_words(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.size() <= entry_fields) continue;
        const auto number = [&words](std::size_t i) { return resp::parse_integer(words[i]).value_or(0); };
        entries.push_back({number(0), number(1), number(2), words[3], words[4], {words.begin() + entry_fields, words.end()}});
    }
}

void write(const std::vector<Entry>& entries, std::size_t most, resp::ReplyWriter& writer) {
    constexpr std::int64_t microseconds_a_second = 1000000;
    const auto count = std::min(entries.size(), most);
    writer.array(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& entry = entries[i];
        writer.array(6);
        writer.integer(entry.id);
        writer.integer(entry.at / microseconds_a_second);
        writer.integer(entry.microseconds);
        writer.array(entry.words.size());
        for (const auto& word : entry.words) writer.bulk(word);
        writer.bulk(entry.address);
        writer.bulk(entry.client_name);
    }
}

void slowlog_get(Invocation& invocation) {
    auto& [server, client, arguments, writer] = invocation;
    if (arguments.size() > 3) {
        writer.error("ERR unknown subcommand or wrong number of arguments for '" + arguments[1] + "'. Try SLOWLOG HELP.");
        return;
    }
    const auto count = arguments.size() == 3 ? resp::parse_integer(arguments[2]) : 10;
    if (!count || *count < -1) {
        writer.error("ERR count should be greater than or equal to -1");
        return;
    }
    client.ask_others(arguments, [&log = server.slow_log(), most = static_cast<std::size_t>(*count)](  // -1: all there are
                                     const std::vector<std::string>& answers, resp::ReplyWriter& reply) {
        std::vector<Entry> entries(log.entries().begin(), log.entries().end());
        for (const auto& answer : answers) add_text(entries, answer);
        std::stable_sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) { return left.at > right.at; });
        write(entries, most, reply);
    });
}

void slowlog_len(Invocation& invocation) {
    invocation.client.ask_others(invocation.arguments, [&log = invocation.server.slow_log()](
                                                           const std::vector<std::string>& answers, resp::ReplyWriter& reply) {
        auto count = static_cast<std::int64_t>(log.entries().size());
        for (const auto& answer : answers) count += resp::parse_integer(answer).value_or(0);
        reply.integer(count);
    });
}

void slowlog_help(Invocation& invocation) {
    static constexpr std::string_view lines[] = {"SLOWLOG <subcommand> [<arg> ...]. Subcommands:",
                                                 "GET [<count>]",
                                                 "    The latest entries of all proxies (10 unless told, -1: all): number, time,",
                                                 "    microseconds, arguments, the client's address and name.",
                                                 "LEN",
                                                 "    How many entries there are.",
                                                 "RESET",
                                                 "    Removes them.",
                                                 "HELP",
                                                 "    This text."};
    write_lines(invocation, lines);
}

}  // namespace

std::string answer_slowlog(Server& server, const std::vector<std::string>& command) {
    const auto subcommand = commands::lower(command.size() > 1 ? command[1] : "");
    if (subcommand == "get") return to_text(server.slow_log());
    if (subcommand == "len") return std::to_string(server.slow_log().entries().size());
    if (subcommand == "reset") server.slow_log().reset();
    return "";
}

void handle_slowlog(Invocation& invocation) {
    const auto subcommand = commands::lower(invocation.arguments[1]);
    if (subcommand == "get") {
        slowlog_get(invocation);
    } else if (subcommand == "len") {
        slowlog_len(invocation);
    } else if (subcommand == "reset") {
        invocation.server.slow_log().reset();
        invocation.client.ask_others(invocation.arguments, write_ok_of_all);
    } else {
        slowlog_help(invocation);
    }
}

}  // namespace pgredis::clients
