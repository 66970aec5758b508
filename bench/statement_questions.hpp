// What bench/statements asks: the statements of db/ as PostgreSQL got them from db/, so nothing is
// copied here, and their parameters.
#pragma once

#include "bench/statement_ways.hpp"
#include "db/connection.hpp"
#include "db/posts.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bench {

// On the database of bench/rig.py's make_people(): users 1 to 1,000 write on walls 1 to 100.
class questions {
public:
    explicit questions(const std::string& conninfo); // complete. Throws what db/ throws

    struct kind {
        std::string name;
        std::function<job(int fiber)> next; // what this fiber asks next
    };
    const std::vector<kind>& kinds() const { return kinds_; }
    const std::vector<statement>& statements() const { return statements_; }
    // Posts one, which the looks and reads of entries that follow find as the only news.
    void news();
    // After this the connection's commits do not wait for the disk.
    kind without_disk();
    // The last kind: what a post asks in its one job.
    job whole_post(int fiber) { return kinds_.back().next(fiber); }
    // The server's processes of connections of this application_name.
    std::vector<int> backends(const std::string& name);

private:
    std::string last_statement();
    void learn();
    parameters post_of(int fiber);

    db::circuit_breaker breaker_;
    db::meters meters_;
    db::connection asking_; // as db/ does
    db::connection watching_;
    std::vector<statement> statements_; // post, after_commit, look, entries, without_disk
    std::string snapshot_;              // before the last news()
    std::string process_;
    db::written_entry written_; // by it
    std::string before_;        // the entry of wall 1 before it
    long posted_ = 0;
    std::vector<kind> kinds_;
};

} // namespace bench
