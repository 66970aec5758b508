// PostgreSQL processes that stop answering without dying, as on a host that hangs.
#pragma once

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include <sys/types.h>

// Every process that serves this purpose of Pollster now ("look", "reads"), stopped until this
// ends.
class stopped_backends {
public:
    // `database`: has sql(), of the database that is served.
    template <class Database>
    stopped_backends(const Database& database, const std::string& purpose)
    {
        std::istringstream pids(
            database.sql("select string_agg(pid::text, ' ') from pg_stat_activity where datname = "
                         "current_database() and application_name = 'pollster " +
                         purpose + "'"));
        for (pid_t pid = 0; pids >> pid;) {
            BOOST_REQUIRE(::kill(pid, SIGSTOP) == 0);
            pids_.push_back(pid);
        }
        BOOST_REQUIRE(!pids_.empty());
    }
    ~stopped_backends()
    {
        for (const pid_t pid : pids_) {
            ::kill(pid, SIGCONT);
        }
    }
    stopped_backends(const stopped_backends&) = delete;
    stopped_backends& operator=(const stopped_backends&) = delete;

private:
    std::vector<pid_t> pids_;
};
