// The ways in which a fiber can ask PostgreSQL a prepared statement, for bench/statements: as db/
// does, with libpqxx on worker threads; with libpq in the reactor, a connection for each statement
// under way; and with libpq in pipeline mode, one connection for all. Whatever fails is an
// exception, and the end of the program.
#pragma once

#include "fibers/reactor.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

struct statement {
    std::string name;
    std::string sql;
};
using parameters = std::vector<std::string>;
struct answer {
    int rows = 0;
    std::vector<std::string> first; // row
};

// Asks one statement; within a job only.
using ask = std::function<answer(const statement&, const parameters&)>;
using job = std::function<void(const ask&)>;

class way {
public:
    virtual ~way() = default;
    // Runs the job on one connection. From a fiber of the loop; blocks only that fiber.
    virtual void run(const job& j) = 0;
};

// `conninfo` is complete (db/conninfo.hpp).
std::unique_ptr<way> on_worker_threads(const std::string& conninfo, std::size_t connections);
// These connect and prepare at once, which blocks.
std::unique_ptr<way> in_the_loop(fibers::reactor& loop, const std::string& conninfo,
                                 std::size_t connections, const std::vector<statement>& statements);
std::unique_ptr<way> in_a_pipeline(fibers::reactor& loop, const std::string& conninfo,
                                   const std::vector<statement>& statements);

} // namespace bench
