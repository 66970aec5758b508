// What this process and some processes of PostgreSQL have used between two moments. Called in the
// thread of the loop.
#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <vector>

namespace bench {

struct usage {
    std::chrono::nanoseconds all{};  // CPU of this process
    std::chrono::nanoseconds loop{}; // of that, this thread
    std::chrono::nanoseconds postgres{};
    long switches = 0; // of contexts, of this process
    static usage now(const std::vector<int>& backends);
};

// From `before` to `after`, each divided by `count`.
boost::json::object between(const usage& before, const usage& after, std::size_t count);

} // namespace bench
