// Worker threads with a connection each; what they throw becomes a walls::db_error. Internal to
// db/.
//
// Why not libpq in the reactor? bench/statements measures that (bench/results/statements.md): it
// saves 20 of the 64 us of CPU that a look costs here, and 80 of 215 of a post at 100 a second.
// With 150 readers a post that is half a us of the 16 to 23 that a delivery costs. In return the
// loop, which all deliveries share, does all that is left: 135 us of a post instead of 80, before
// it reads a row, and the tail of a post beside deliveries is the same (p99 17 to 18 ms either
// way). It would also need deadlines, retries and reconnecting of its own. Pipeline mode saves no
// more, and commits on one connection wait for each other's flush: 1,500 posts a second instead of
// 2,200.
#pragma once

#include "db/answer.hpp"
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
    purpose over{};
    std::string conninfo; // complete
    std::size_t connections = 1;
    fibers::fair_limits limits;
    std::chrono::milliseconds patience{}; // for each statement's answer
};

// What the caller of a job gets that returns a Value: an answer<T> as it is, anything else as a
// result.
template <class Value>
struct outcome_of_job {
    using type = walls::result<Value>;
};
template <class T>
struct outcome_of_job<answer<T>> {
    using type = answer<T>;
};
template <class Value>
using job_outcome = typename outcome_of_job<Value>::type;

class pool {
public:
    pool(const pool_settings& s, meters& m, deadlines& d)
        : meters_(m)
        , purpose_(s.over)
        // While one cannot connect, the others do the work.
        , threads_(s.connections, s.limits, fibers::worker_threads::priority::usual,
                   [this](std::size_t worker) { return connections_[worker].is_open(); })
    {
        for (std::size_t i = 0; i < s.connections; ++i) {
            connections_.emplace_back(s.conninfo, database_, m, patience{d, s.patience});
        }
    }

    // job(connection&) runs on a worker thread; from any fiber or thread, blocks only the caller.
    // `read` runs a job again, once, if the connection broke under it. `write` never does: the
    // statement may have been executed. Of several askers each has its turn. `what` is for the
    // metrics.
    template <class Job>
    auto read(call what, fibers::asker from, Job job)
    {
        return run(what, from, std::move(job), true);
    }
    template <class Job>
    auto write(call what, fibers::asker from, Job job)
    {
        return run(what, from, std::move(job), false);
    }

    std::size_t waiting() const { return threads_.waiting(); }

private:
    class timed_job { // from here to its end, however that comes
    public:
        timed_job(const pool& of, call what, call_clock::clock::time_point asked)
            : times_(of.meters_.times)
            , what_(what)
        {
            times_.began(of.purpose_, began_ - asked);
        }
        ~timed_job() { times_.ended(what_, call_clock::clock::now() - began_); }
        timed_job(const timed_job&) = delete;
        timed_job& operator=(const timed_job&) = delete;

    private:
        call_clock& times_;
        const call what_;
        const call_clock::clock::time_point began_ = call_clock::clock::now();
    };

    template <class Job>
    auto run(call what, fibers::asker from, Job job, bool repeatable)
        -> job_outcome<std::invoke_result_t<Job&, connection&>>
    {
        using outcome = job_outcome<std::invoke_result_t<Job&, connection&>>;
        const auto asked = call_clock::clock::now();
        auto done = threads_.run(from, [&, this](std::size_t worker) -> outcome {
            const timed_job in_time(*this, what, asked);
            connection& conn = connections_[worker];
            try {
                return perform(job, conn, repeatable);
            } catch (const std::exception& e) {
                return failed<outcome>(describe_for_server(e));
            }
        });
        if (!done) {
            return failed<outcome>(too_busy(done.error()));
        }
        return *std::move(done);
    }

    template <class Job>
    static auto perform(Job& job, connection& conn, bool repeatable)
    {
        if (repeatable) {
            try {
                return job(conn);
            } catch (const connection_lost&) {
                return job(conn); // once more, on a new connection
            }
        }
        return job(conn);
    }

    template <class Outcome>
    Outcome failed(walls::db_error why)
    {
        ++meters_.failures;
        return Outcome(boost::system::in_place_error, std::move(why));
    }

    meters& meters_;
    const purpose purpose_;
    circuit_breaker database_;
    std::deque<connection> connections_; // one per worker
    fibers::worker_threads threads_;     // last: its threads use everything above
};

} // namespace db
