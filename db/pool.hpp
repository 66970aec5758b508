// Worker threads with a connection each; what they throw becomes walls::db_error. Internal to db/.
#pragma once

#include "db/connection.hpp"
#include "fibers/worker_threads.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>

namespace db {

inline walls::db_error too_busy(fibers::refusal r)
{
    return r == fibers::refusal::full
               ? walls::db_error{walls::db_error_kind::overloaded,
                                 "too many database calls are waiting"}
               : walls::db_error{walls::db_error_kind::too_many,
                                 "too many database calls of one user are waiting"};
}

struct pool_settings {
    std::string conninfo; // complete
    std::size_t connections = 1;
    fibers::fair_limits limits;
    std::chrono::milliseconds patience{}; // for each statement's answer
};

class pool {
public:
    pool(const pool_settings& s, meters& m, deadlines& d)
        : meters_(m)
        , threads_(s.connections, s.limits)
    {
        for (std::size_t i = 0; i < s.connections; ++i) {
            connections_.emplace_back(s.conninfo, database_, m, patience{d, s.patience});
        }
    }

    // job(connection&) runs on a worker thread; from any fiber or thread, blocks only the caller.
    // `read` runs a job again, once, if the connection broke under it. `write` never does: the
    // statement may have been executed. Of several askers each has its turn.
    template <class Job>
    auto read(fibers::asker from, Job job)
    {
        return run(from, std::move(job), true);
    }
    template <class Job>
    auto write(fibers::asker from, Job job)
    {
        return run(from, std::move(job), false);
    }

    std::size_t waiting() const { return threads_.waiting(); }

private:
    template <class Job>
    auto run(fibers::asker from, Job job, bool repeatable)
        -> walls::result<std::invoke_result_t<Job&, connection&>>
    {
        using value = walls::result<std::invoke_result_t<Job&, connection&>>;
        auto done = threads_.run(from, [this, &job, repeatable](std::size_t worker) -> value {
            connection& conn = connections_[worker];
            for (bool again = true;; again = false) {
                try {
                    return job(conn);
                } catch (const link_lost& e) {
                    if (again && repeatable) {
                        continue;
                    }
                    return describe_for_server(e);
                } catch (const std::exception& e) {
                    return describe_for_server(e);
                }
            }
        });
        if (const auto* refused = std::get_if<fibers::refusal>(&done)) {
            ++meters_.failures;
            return too_busy(*refused);
        }
        auto& answer = std::get<value>(done);
        if (!answer) {
            ++meters_.failures;
        }
        return std::move(answer);
    }

    meters& meters_;
    circuit_breaker database_;
    std::deque<connection> connections_; // one per worker
    fibers::worker_threads threads_;     // last: its threads use everything above
};

} // namespace db
