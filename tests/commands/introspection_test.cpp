#include "commands/introspection.h"

#include <gtest/gtest.h>

#include "registry_rows.h"

namespace pgredis::commands {
namespace {

using Words = std::vector<std::string>;

class CommandReplies : public ::testing::Test {
 protected:
    std::string reply(const Words& arguments, resp::Protocol protocol = resp::Protocol::resp2) const {
        std::string out;
        resp::ReplyWriter writer(out, protocol);
        Words request{"command"};
        request.insert(request.end(), arguments.begin(), arguments.end());
        write_command_reply(*registry_, request, writer);
        return out;
    }

    std::unique_ptr<Registry> registry_ = registry_of(
        {row("get", {{"arity", 2},
                     {"flags", {"readonly", "fast"}},
                     {"categories", {"read", "string"}},
                     {"tips", {"tip"}},
                     {"summary", "Gets."},
                     {"since", "1.0.0"},
                     {"group", "string"},
                     {"complexity", "O(1)"},
                     {"arguments", {{{"name", "key"}, {"type", "key"}, {"key_spec_index", 0}, {"flags", {"optional"}}}}},
                     {"key_specs", {{{"flags", "RO access"}, {"index", 1}, {"range", {0, 1, 0}}}}}}),
         row("object", {{"arity", -2}, {"categories", {"slow"}}}),
         row("object|encoding",
             {{"arity", 3}, {"categories", {"read"}}, {"key_specs", {{{"flags", "RO"}, {"index", 2}, {"range", {0, 1, 0}}}}}}),
         row("sintercard", {{"arity", -3}, {"key_specs", {{{"flags", "RO"}, {"index", 1}, {"keynum", {0, 1, 1}}}}}}),
         row("eval", {{"arity", -3},
                      {"flags", {"no_mandatory_keys"}},
                      {"key_specs", {{{"flags", "RW"}, {"index", 2}, {"keynum", {0, 1, 1}}}}}}),
         row("ping", {{"deprecated_since", "9.0.0"}, {"replaced_by", "nothing"}, {"doc_flags", {"deprecated"}}})});
};

TEST_F(CommandReplies, CountIsOfTopLevelCommands) { EXPECT_EQ(reply({"COUNT"}), ":5\r\n"); }

TEST_F(CommandReplies, InfoShowsACommandAsRedisDoes) {
    EXPECT_EQ(reply({"info", "GET"}),
              "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*2\r\n+@read\r\n+@string\r\n*1\r\n$"
              "3\r\ntip\r\n"
              "*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$"
              "4\r\nspec\r\n"
              "*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$"
              "7\r\nlastkey\r\n:0\r\n"
              "$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n");
}

TEST_F(CommandReplies, InfoKnowsNoUnknownCommands) {
    EXPECT_EQ(reply({"info", "nope"}), "*1\r\n$-1\r\n");
    EXPECT_EQ(reply({"info", "nope"}, resp::Protocol::resp3), "*1\r\n_\r\n");
}

TEST_F(CommandReplies, InfoOfEverythingIsCommandItself) {
    EXPECT_EQ(reply({"info"}), reply({}));
    EXPECT_TRUE(reply({}).starts_with("*5\r\n*10\r\n$4\r\neval\r\n"));
}

TEST_F(CommandReplies, DocsShowWhatThereIs) {
    EXPECT_EQ(
        reply({"docs", "get"}, resp::Protocol::resp3),
        "%1\r\n$3\r\nget\r\n%5\r\n$7\r\nsummary\r\n$5\r\nGets.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n"
        "$10\r\ncomplexity\r\n$4\r\nO(1)\r\n$9\r\narguments\r\n*1\r\n%4\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n"
        "$14\r\nkey_spec_index\r\n:0\r\n$5\r\nflags\r\n~1\r\n+optional\r\n");
    EXPECT_EQ(reply({"docs", "nope"}), "*0\r\n");
    EXPECT_NE(
        reply({"docs", "ping"})
            .find("$9\r\ndoc_flags\r\n*1\r\n+deprecated\r\n$16\r\ndeprecated_since\r\n$5\r\n9.0.0\r\n$11\r\nreplaced_by\r\n"),
        std::string::npos);
    EXPECT_NE(reply({"docs", "object"}).find("$11\r\nsubcommands\r\n*2\r\n$15\r\nobject|encoding\r\n"), std::string::npos);
    EXPECT_TRUE(reply({"docs"}).starts_with("*10\r\n"));
}

TEST_F(CommandReplies, ListCanBeFiltered) {
    EXPECT_EQ(reply({"list", "filterby", "pattern", "g*"}), "*1\r\n$3\r\nget\r\n");
    EXPECT_EQ(reply({"list", "FILTERBY", "PATTERN", "OBJ*"}), "*2\r\n$6\r\nobject\r\n$15\r\nobject|encoding\r\n");
    EXPECT_EQ(reply({"list", "filterby", "aclcat", "READ"}), "*2\r\n$3\r\nget\r\n$15\r\nobject|encoding\r\n");
    EXPECT_EQ(reply({"list", "filterby", "aclcat", "nope"}), "*0\r\n");
    EXPECT_EQ(reply({"list", "filterby", "module", "m"}), "*0\r\n");
    for (const auto& wrong : {Words{"list", "x"}, Words{"list", "filterby", "pattern"}, Words{"list", "filterby", "x", "y"},
                              Words{"list", "filterby", "pattern", "a", "b"}}) {
        EXPECT_EQ(reply(wrong), "-ERR syntax error\r\n");
    }
}

TEST_F(CommandReplies, GetkeysFindsTheKeysOfAWholeCommand) {
    EXPECT_EQ(reply({"getkeys", "GET", "k"}), "*1\r\n$1\r\nk\r\n");
    EXPECT_EQ(reply({"getkeys", "object", "Encoding", "k"}), "*1\r\n$1\r\nk\r\n");
    EXPECT_EQ(reply({"getkeys", "sintercard", "2", "a", "b"}), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    EXPECT_EQ(reply({"getkeysandflags", "get", "k"}), "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+RO\r\n+access\r\n");
    EXPECT_EQ(reply({"getkeysandflags", "get", "k"}, resp::Protocol::resp3), "*1\r\n*2\r\n$1\r\nk\r\n~2\r\n+RO\r\n+access\r\n");
    EXPECT_EQ(reply({"getkeys", "eval", "script", "0"}), "*0\r\n");
}

TEST_F(CommandReplies, GetkeysSaysWhatIsWrong) {
    EXPECT_EQ(reply({"getkeys", "nope"}), "-ERR Invalid command specified\r\n");
    EXPECT_EQ(reply({"getkeys", "ping"}), "-ERR The command has no key arguments\r\n");
    EXPECT_EQ(reply({"getkeys", "get"}), "-ERR Invalid number of arguments specified for command\r\n");
    EXPECT_EQ(reply({"getkeys", "sintercard", "9", "a"}), "-ERR Invalid arguments specified for command\r\n");
}

}  // namespace
}  // namespace pgredis::commands
