// The interpreter against what real Redis was seen to answer (recorded.txt), with slices of several lengths: where a script is
// interrupted must not show.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "scripts/interpreter.h"
#include "scripts/sha1.h"

namespace pgredis::scripts {
namespace {

struct Recorded {
    std::string script;
    std::string resp2;
    std::string resp3;
};

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'x':
                out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
                i += 2;
                break;
            default:
                out += text[i];
        }
    }
    return out;
}

std::vector<Recorded> recorded() {
    std::ifstream file(TEST_FOLDER "/recorded.txt");
    std::vector<Recorded> all;
    for (std::string line; std::getline(file, line);) {
        if (line.size() < 2 || line.starts_with('#')) continue;
        const std::string text = unescaped(std::string_view(line).substr(2));
        if (line.starts_with("> ")) all.push_back({text, "", ""});
        if (line.starts_with("< ")) all.back().resp2 = all.back().resp3 = text;
        if (line.starts_with("3 ")) all.back().resp3 = text;
    }
    return all;
}

Host host() {
    Host host;
    host.redis_version = "7.0.15";
    host.may_call = [](const auto& command) { return command.front() == "nosuch" ? std::nullopt : std::optional(true); };
    return host;
}

// The reply, or nothing if the script calls commands.
std::optional<std::string> run(Interpreter& lua, const std::string& script, resp::Protocol protocol) {
    std::string out;
    resp::ReplyWriter writer(out, protocol);
    const std::string sha = sha1_hex(script);
    if (const auto error = lua.load_script(sha, script)) {
        writer.error(*error);
        return out;
    }
    lua.begin_script(sha, std::vector<std::string>{"k1", "k2"}, std::vector<std::string>{"a1", "7", "3.5"});
    auto event = lua.resume();
    while (event == Interpreter::Event::slice_over) event = lua.resume();
    if (event == Interpreter::Event::call) {
        lua.abandon();
        return std::nullopt;
    }
    lua.write_result(writer);
    return out;
}

class RecordedScripts : public testing::TestWithParam<int> {};

TEST_P(RecordedScripts, AnswerAsRedisDid) {
    Interpreter lua(host(), Limits{.slice = GetParam()});
    int compared = 0;
    for (const Recorded& expected : recorded()) {
        const auto resp2 = run(lua, expected.script, resp::Protocol::resp2);
        if (!resp2) continue;  // spec/scripts_language_spec.rb has it
        ++compared;
        EXPECT_EQ(*resp2, expected.resp2) << expected.script;
        EXPECT_EQ(run(lua, expected.script, resp::Protocol::resp3), expected.resp3) << expected.script;
    }
    EXPECT_GT(compared, 1200);
}

INSTANTIATE_TEST_SUITE_P(Slices, RecordedScripts, testing::Values(50'000, 1000, 100));

}  // namespace
}  // namespace pgredis::scripts
