// What a server's database has done so far and has to do, for metrics and the log.
#pragma once

#include "db/call_times.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace db {

struct counters {
    std::uint64_t statements = 0; // SQL statements sent, all connections, since start
    std::uint64_t connects = 0;
    std::uint64_t failures = 0; // jobs that ended with a walls::db_error
    std::uint64_t given_up = 0; // connections that did not answer by their deadline
    std::size_t waiting = 0;    // jobs waiting for a worker now
    std::size_t waiting_sign_ins = 0;
    // Spent on passwords since start, in the unit of passwords/hash.hpp.
    std::uint64_t password_work = 0;
    int schema = 0;        // the database's version when the look last asked; 0: not yet
    int histories_cut = 0; // how often this process found entries lost, and began a new history
    // Statements sent a second time because a row behind a view of the contract cannot be read, and
    // PostgreSQL's words about the last of them.
    std::uint64_t unreadable = 0;
    std::string unreadable_why{};
};

class counter_source {
public:
    virtual ~counter_source() = default;
    virtual counters count() const = 0;   // any thread
    virtual call_times times() const = 0; // any thread
};

} // namespace db
