// Worker threads with a connection each; what they throw becomes walls::trouble. Internal to db/.
#pragma once

#include "db/link.hpp"
#include "fibers/worker_threads.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>

namespace db {

class pool {
public:
    pool(const std::string& conninfo, std::size_t connections, std::size_t max_waiting, meters& m)
        : meters_(m)
        , threads_(connections, max_waiting)
    {
        for (std::size_t i = 0; i < connections; ++i) {
            links_.emplace_back(conninfo, database_, m);
        }
    }

    // job(link&) runs on a worker thread; from any fiber or thread, blocks only the caller. `read`
    // runs a job again, once, if the connection broke under it. `write` never does: the statement
    // may have been executed.
    template <class Job>
    auto read(Job job)
    {
        return run(std::move(job), true);
    }
    template <class Job>
    auto write(Job job)
    {
        return run(std::move(job), false);
    }

    std::size_t waiting() const { return threads_.waiting(); }

private:
    template <class Job>
    auto run(Job job, bool repeatable) -> walls::result<std::invoke_result_t<Job&, link&>>
    {
        using value = walls::result<std::invoke_result_t<Job&, link&>>;
        auto done = threads_.run([this, &job, repeatable](std::size_t worker) -> value {
            link& l = links_[worker];
            for (bool again = true;; again = false) {
                try {
                    return job(l);
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
        if (!done) {
            ++meters_.failures;
            return walls::trouble{walls::trouble_kind::overloaded,
                                  "too many database calls are waiting"};
        }
        if (!*done) {
            ++meters_.failures;
        }
        return std::move(*done);
    }

    meters& meters_;
    outage database_;
    std::deque<link> links_;         // one per worker
    fibers::worker_threads threads_; // last: its threads use everything above
};

} // namespace db
