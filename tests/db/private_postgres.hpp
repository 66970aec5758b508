// A test program's own PostgreSQL: created in a temporary folder, reachable by unix socket only,
// gone with the program (even if that is killed). When root runs the program, the server runs as
// user postgres, or else nobody. The server under test connects as the role pollster, which may
// only serve; what administers, as pollster_owner; the tests' own statements are sent by the role
// tester. Needs nothing but PostgreSQL's programs. Main thread only, except conninfo() and sql().
#pragma once

#include "db/settings.hpp"
#include "tests/db/kept_connections.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

class private_postgres {
public:
    // The PostgreSQL of this program, started by the first call.
    static private_postgres& shared();

    // Creates a cluster of its own and starts it. `options`: more settings, "name=value"; later
    // ones override earlier ones, and those that are set here (such as fsync=off). `parent`: where
    // its folder is created; none: the temporary folder. Throws std::runtime_error with what the
    // server logged if that fails.
    explicit private_postgres(std::vector<std::string> options = {},
                              const std::filesystem::path& parent = {});
    // A streaming standby of `primary`, which must have been created with wal_level=replica.
    // Returns when it accepts connections.
    struct standby_of {};
    private_postgres(standby_of, const private_postgres& primary);
    ~private_postgres();
    private_postgres(const private_postgres&) = delete;
    private_postgres& operator=(const private_postgres&) = delete;

    // An empty database, or a copy of one that was migrated, and given these rows, once. Returns
    // its name.
    std::string empty_database();
    std::string migrated_database(const std::string& rows = {});
    std::string conninfo(const std::string& database) const;
    std::string owner_conninfo(const std::string& database) const;
    // The same for the role of the tests' own statements.
    std::string test_conninfo(const std::string& database) const;
    // Of that database, with much patience; else defaults.
    db::settings settings(const std::string& database) const;

    // Runs SQL as the tests' own role, in a session in which nothing was set; the first column of
    // the first row, or "". Throws std::runtime_error.
    std::string sql(const std::string& database, const std::string& text) const;

    void start(); // returns when it accepts connections
    void stop();  // cleanly; connections are ended
    void crash(); // "immediate": no goodbye, recovery at the next start
    void kill(); // kill -9 of every process of it, the postmaster first; recovery at the next start
    bool running() const { return postmaster_ > 0; }
    bool ended_by_itself(); // without being told to; start() starts it again
    pid_t postmaster() const { return postmaster_; } // -1: not running
    std::string log() const;                         // what the server wrote so far
    const std::filesystem::path& folder() const { return folder_; }
    std::string program(const std::string& name) const; // path of one of PostgreSQL's programs
    // Runs one as the cluster's user and waits; throws with its output if it fails.
    void run(const std::string& name, const std::vector<std::string>& arguments) const;

private:
    void make_folder(const std::filesystem::path& parent);
    void prepare();
    std::string command(const std::string& database, const std::string& role,
                        const std::string& text) const;
    void end(int signal);

    std::filesystem::path folder_;
    std::vector<std::string> options_;
    pid_t postmaster_ = -1;
    int databases_ = 0;
    std::map<std::string, std::string> templates_; // by their rows
    mutable kept_connections connections_;
};
