// pgredis serve | migrate | version

#include <exception>
#include <iostream>
#include <variant>

#include "clients/server.h"
#include "operations/config.h"
#include "operations/embedded_sql.h"
#include "operations/log.h"
#include "operations/migrate.h"
#include "operations/version.h"

namespace {

using namespace pgredis;

int run(const operations::Exit& exit) { return exit.code; }

int run(const operations::VersionConfig&) {
    std::cout << "pgredis " << operations::version();
    if (!operations::git_description().empty()) std::cout << " (" << operations::git_description() << ')';
    std::cout << "\nschema " << operations::schema_version() << "\nfunctions " << operations::functions_hash() << "\nbreaking "
              << operations::breaking_number << '\n';
    return 0;
}

int run(const operations::MigrateConfig& config) {
    if (config.print) {
        operations::print_deploy(config, std::cout);
        return 0;
    }
    const operations::Logger logger(config.log_level);
    return operations::migrate(config, logger.component("migrate"), std::cout, std::cerr);
}

int run(const operations::Config& config) {
    operations::Logger logger(config.log_level, config.log_file);
    return clients::serve(config, logger);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return std::visit([](const auto& command) { return run(command); },
                          operations::parse_command_line(argc, argv, std::cout, std::cerr));
    } catch (const std::exception& failure) {
        std::cerr << "pgredis: " << failure.what() << '\n';
        return 1;
    }
}
