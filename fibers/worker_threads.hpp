// Threads for work that blocks or needs more stack than a fiber has (libpq wants 19 KB).
// A fiber hands over a job and is parked until the job is done; the other fibers go on.
#pragma once

#include "fibers/scheduler.hpp"
#include "fibers/sleeper.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>
#include <type_traits>
#include <vector>

namespace fibers {

class worker_threads {
public:
    // `max_waiting` bounds the jobs that no thread has begun yet.
    worker_threads(std::size_t threads, std::size_t max_waiting);
    // Waits for the running jobs and for those that wait in the queue.
    ~worker_threads();
    worker_threads(const worker_threads&) = delete;
    worker_threads& operator=(const worker_threads&) = delete;

    // Runs job(worker number) on a worker thread and returns its value, or none if `max_waiting`
    // jobs wait already. What the job throws is thrown here. Blocks only the calling fiber, if it
    // runs under our scheduler, whose reactor must outlive this object; else the calling thread.
    template <class Job>
    auto run(Job job) -> std::optional<std::invoke_result_t<Job, std::size_t>>
    {
        std::optional<std::invoke_result_t<Job, std::size_t>> value;
        std::exception_ptr thrown;
        end_of_job end;
        // The worker may use what is on this stack: nobody leaves here before end.reached().
        const bool taken = enqueue([&](std::size_t worker) {
            try {
                value.emplace(job(worker));
            } catch (...) {
                thrown = std::current_exception();
            }
            end.reached();
        });
        if (!taken) {
            return std::nullopt;
        }
        end.wait();
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        return value;
    }

    std::size_t threads() const { return threads_.size(); }
    std::size_t waiting() const; // any thread

private:
    // Not a boost::fibers::future: ThreadSanitizer cannot see into Debian's libboost_fiber, and
    // this one allocates nothing.
    class end_of_job {
    public:
        void wait();
        void reached(); // in the worker

    private:
        reactor* const loop_ = scheduler::loop();
        sleeper fiber_;
        std::binary_semaphore thread_{0};
    };

    using task_fn = std::function<void(std::size_t)>;
    bool enqueue(task_fn task);
    void work(std::size_t worker);

    const std::size_t max_waiting_;
    mutable std::mutex mutex_; // guards the two below
    std::deque<task_fn> queue_;
    bool stopping_ = false;
    std::condition_variable wake_;
    std::vector<std::thread> threads_;
};

} // namespace fibers
