// Decides which connection may try to reach a database that may be away, and when. Any thread;
// shared by the connections of a pool. While the database is known to be away, calls fail at once,
// and one connection at a time tries again, with growing pauses.
#pragma once

#include "walls/db_error.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <random>

namespace db {

class circuit_breaker {
public:
    using clock = std::chrono::steady_clock;

    // None: try to connect, then report with worked() or failed(). Otherwise do not try now; it is
    // what the last attempt failed with.
    std::optional<walls::db_error> refuse(clock::time_point now);
    void worked();
    void failed(clock::time_point now, const walls::db_error& why);

private:
    std::mutex mutex_; // guards all below
    bool away_ = false;
    bool trying_ = false; // one connection does
    walls::db_error why_;
    clock::time_point next_{};
    std::chrono::milliseconds pause_{};
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace db
