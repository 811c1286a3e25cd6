// A private Postgres cluster for the tests of one process: made when first asked for, in a folder of its own, gone at the end,
// also when the process is killed.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "postgres/value.h"

namespace pgredis::postgres {

class Cluster {
 public:
    static Cluster& instance() {
        static Cluster cluster;
        return cluster;
    }

    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    ~Cluster() {
        if (server_ > 0) {
            kill(server_, SIGQUIT);
            waitpid(server_, nullptr, 0);
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    [[nodiscard]] std::string url() const { return url_at(folder_); }
    // Through another folder, where the cluster's may come to be.
    [[nodiscard]] static std::string url_at(const std::string& folder) {
        return "postgresql:///postgres?user=postgres&host=" + folder;
    }
    [[nodiscard]] const std::string& folder() const { return folder_; }

    [[nodiscard]] ConnectionPtr connect() const {
        ConnectionPtr connection(PQconnectdb(url().c_str()));
        EXPECT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
        return connection;
    }

    // The first column of the first row, as text; empty when there is none.
    std::string query(const std::string& sql) {
        await();
        return query(own_.get(), sql);
    }

    // Kills a backend the hard way. All the others end too and the server recovers, but nothing that was done before is
    // forgotten, not even how far a sequence is.
    void crash(pid_t backend) {
        query("SELECT pg_logical_emit_message(true, '', '')");
        if (backend <= 0) return;
        kill(backend, SIGKILL);
        while (answers()) usleep(5'000);
    }

    static std::string query(PGconn* connection, const std::string& sql) {
        const ResultPtr result(PQexec(connection, sql.c_str()));
        const auto status = PQresultStatus(result.get());
        EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << sql << ": " << PQresultErrorMessage(result.get());
        return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
    }

 private:
    bool answers() {
        const ResultPtr result(PQexec(own_.get(), "SELECT"));
        return PQresultStatus(result.get()) == PGRES_TUPLES_OK;
    }

    // Until the server is up, or up again.
    void await() {
        for (int i = 0; i < 600; ++i) {
            if (answers()) return;
            usleep(20'000);
            own_.reset(PQconnectdb(url().c_str()));
        }
    }

    static constexpr const char* binaries = "/usr/lib/postgresql/15/bin/";

    Cluster() : folder_((std::filesystem::temp_directory_path() / "pgredis-test-XXXXXX").string()) {
        if (mkdtemp(folder_.data()) == nullptr) std::abort();
        chmod(folder_.c_str(), 0755);
        if (geteuid() == 0) {
            const auto* user = getpwnam("postgres");
            if (user == nullptr || chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) std::abort();
        }
        const auto data = folder_ + "/data";
        int status = 0;
        waitpid(start({"initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
                       "--pgdata=" + data}),
                &status, 0);
        EXPECT_EQ(status, 0) << log();
        server_ = start({"postgres", "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories=" + folder_, "-c",
                         "fsync=off", "-c", "shared_buffers=16MB", "-c", "autovacuum=off", "-c", "restart_after_crash=on"});
        std::ostringstream keyspace;
        keyspace << std::ifstream(std::filesystem::path(__FILE__).parent_path() / "../../sql/internal/keyspace.sql").rdbuf();
        // What the proxy itself calls, and a schema for the tests' own functions.
        query(
            "ALTER ROLE postgres SET redis.events = ''; SET check_function_bodies = off; CREATE SCHEMA redis; CREATE SCHEMA "
            "test; " +
            keyspace.str());
    }

    // Starts one of Postgres's programs; it refuses to run as root, so its system user does then.
    pid_t start(const std::vector<std::string>& command) {
        const auto program = binaries + command.front();  // by its path: it looks for its like beside itself
        std::vector<char*> arguments{const_cast<char*>(program.c_str())};
        for (std::size_t i = 1; i < command.size(); ++i) arguments.push_back(const_cast<char*>(command[i].c_str()));
        arguments.push_back(nullptr);
        const auto log = folder_ + "/log";
        const auto* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
        const pid_t child = fork();
        if (child != 0) return child;
        if (user != nullptr && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);
        if (freopen(log.c_str(), "a", stdout) == nullptr || dup2(fileno(stdout), fileno(stderr)) < 0 || chdir("/") != 0)
            _exit(126);
        execv(program.c_str(), arguments.data());
        _exit(127);
    }

    [[nodiscard]] std::string log() const {
        std::ostringstream text;
        text << std::ifstream(folder_ + "/log").rdbuf();
        return text.str();
    }

    std::string folder_;
    pid_t server_ = 0;
    ConnectionPtr own_;
};

}  // namespace pgredis::postgres
