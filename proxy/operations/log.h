// Levelled logs, one line an event: time, level, component, message.
#pragma once

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spdlog {
class logger;
}

namespace pgredis::operations {

enum class LogLevel { Debug, Info, Warning, Error };

// The names of the levels: debug, info, warning, error.
std::string_view level_name(LogLevel level);

// A handle on one log; copies, and loggers of other components, write to the same one and share its level. Thread-safe.
// Control characters in a message are written as \n, \x1b …, so that no client can forge a line.
class Logger {
 public:
    // Writes to `file` (appending), or to stderr when it is empty. Throws std::runtime_error when the file cannot be opened.
    explicit Logger(LogLevel level, const std::string& file = {});

    // The same log, for another component: its name stands in each line.
    [[nodiscard]] Logger component(const std::string& name) const;

    void set_level(LogLevel level);
    [[nodiscard]] LogLevel level() const;
    [[nodiscard]] bool enabled(LogLevel level) const;

    template <typename... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) const {
        log(LogLevel::Debug, format, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) const {
        log(LogLevel::Info, format, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) const {
        log(LogLevel::Warning, format, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void error(fmt::format_string<Args...> format, Args&&... args) const {
        log(LogLevel::Error, format, std::forward<Args>(args)...);
    }

 private:
    explicit Logger(std::shared_ptr<spdlog::logger> out) : out_(std::move(out)) {}

    template <typename... Args>
    void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
        if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
    }
    void write(LogLevel level, std::string_view message) const;

    std::shared_ptr<spdlog::logger> out_;
};

// Sends libpq's notices on this connection to the debug log. The logger must outlive the connection.
void log_notices(PGconn* connection, const Logger& logger);

}  // namespace pgredis::operations
