#include "operations/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <stdexcept>

namespace pgredis::operations {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warning:
            return spdlog::level::warn;
        case LogLevel::Error:
            break;
    }
    return spdlog::level::err;
}

spdlog::sink_ptr open_sink(const std::string& file) {
    if (file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    try {
        return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    } catch (const spdlog::spdlog_ex& failure) {
        throw std::runtime_error(fmt::format("cannot open the log file: {}", failure.what()));
    }
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string escaped(std::string_view message) {
    std::string line;
    for (const char c : message) {
        if (c == '\n') {
            line += "\\n";
        } else if (c == '\r') {
            line += "\\r";
        } else if (is_control(c)) {
            line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            line += c;
        }
    }
    return line;
}

void receive_notice(void* logger, const PGresult* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY);
    const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    static_cast<const Logger*>(logger)->debug("{}: {}", severity ? severity : "NOTICE", message ? message : "");
}

}  // namespace

std::string_view level_name(LogLevel level) {
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

Logger::Logger(LogLevel level, const std::string& file) : out_(std::make_shared<spdlog::logger>("pgredis", open_sink(file))) {
    // Loggers let everything through: the sink, which all components share, decides.
    out_->set_level(spdlog::level::trace);
    out_->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %n: %v");
    out_->flush_on(spdlog::level::debug);
    set_level(level);
}

Logger Logger::component(const std::string& name) const { return Logger(out_->clone(name)); }

void Logger::set_level(LogLevel level) { out_->sinks().front()->set_level(to_spdlog(level)); }

LogLevel Logger::level() const {
    for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning}) {
        if (enabled(level)) return level;
    }
    return LogLevel::Error;
}

bool Logger::enabled(LogLevel level) const { return out_->sinks().front()->should_log(to_spdlog(level)); }

void Logger::write(LogLevel level, std::string_view message) const {
    for (const char c : message) {
        if (is_control(c)) {
            out_->log(to_spdlog(level), escaped(message));
            return;
        }
    }
    out_->log(to_spdlog(level), message);
}

void log_notices(PGconn* connection, const Logger& logger) {
    PQsetNoticeReceiver(connection, receive_notice, const_cast<Logger*>(&logger));
}

}  // namespace pgredis::operations
