#include "operations/embedded_sql.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "operations/version.h"

namespace pgredis::operations {
namespace {

int rank(std::string_view name) {
    if (name == "begin") return 0;
    if (name.starts_with("internal/")) return 1;
    return name == "finish" ? 3 : 2;
}

TEST(EmbeddedSql, FunctionsComeInTheOrderOfADeploy) {
    std::vector<std::pair<int, std::string>> names;
    for (const SqlFile& file : function_files()) names.emplace_back(rank(file.name), file.name);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    ASSERT_GE(names.size(), 4U);
    EXPECT_EQ(names.front().second, "begin");
    EXPECT_EQ(names.back().second, "finish");
}

TEST(EmbeddedSql, MigrationsAreNumberedWithoutGaps) {
    int number = 0;
    for (const SqlFile& file : migration_files()) EXPECT_EQ(std::stoi(std::string(file.name.substr(0, 4))), ++number);
    EXPECT_EQ(schema_version(), number);
}

TEST(EmbeddedSql, FilesAreThereWhole) {
    for (const auto& files : {migration_files(), function_files()}) {
        for (const SqlFile& file : files) {
            EXPECT_FALSE(file.text.empty()) << file.name;
            EXPECT_EQ(file.text.back(), '\n') << file.name;
        }
    }
    EXPECT_EQ(functions_hash().size(), 64U);
}

}  // namespace
}  // namespace pgredis::operations
