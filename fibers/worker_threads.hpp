// Threads for work that blocks or needs more stack than a fiber has (libpq needs 19 KB). A fiber
// hands over a job and is parked until the job is done; the other fibers go on. A job costs two
// wake-ups, here and back, however many statements it asks; db/pool.hpp says why that is worth it.
//
// Of the threads that are idle, the one that became so last takes the next job: what it needs is
// in the processor's caches still, and so is what the process needs that it asks (a connection to
// PostgreSQL has a process of its own there, with plans and tables of its own). One that lacks what
// it needs is taken when no other is idle.
#pragma once

#include "fibers/fair_queue.hpp"
#include "fibers/scheduler.hpp"
#include "fibers/sleeper.hpp"

#include <boost/system/result.hpp>

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
    // How the kernel schedules the threads: `last` gets the time that nobody else wants, and if all
    // cores are busy a third of what others get, so that its work still ends.
    enum class priority { usual, last };

    // Has this worker what it needs? Asked on its own thread, after each of its jobs.
    using able_fn = std::function<bool(std::size_t worker)>;
    // `limits` bound the jobs that no thread has started yet.
    worker_threads(
        std::size_t threads, const fair_limits& limits, priority p = priority::usual,
        able_fn able = [](std::size_t) { return true; });
    // Waits for the running jobs and for those that wait in the queue.
    ~worker_threads();
    worker_threads(const worker_threads&) = delete;
    worker_threads& operator=(const worker_threads&) = delete;

    // Runs job(worker number) on a worker thread and returns its value, or why the job was not
    // taken. Exceptions of the job are rethrown here. Under our scheduler, whose reactor must
    // outlive this object, this blocks only the calling fiber; otherwise the calling thread.
    template <class Job>
    auto run(asker from, Job job)
        -> boost::system::result<std::invoke_result_t<Job, std::size_t>, refusal>
    {
        std::optional<std::invoke_result_t<Job, std::size_t>> value;
        std::exception_ptr thrown;
        end_of_job end;
        // The worker uses objects on this stack: do not return before end.reached().
        const auto refused = enqueue(from, [&](std::size_t worker) {
            try {
                value.emplace(job(worker));
            } catch (...) {
                thrown = std::current_exception();
            }
            end.reached();
        });
        if (refused) {
            return *refused;
        }
        end.wait();
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        return std::move(*value);
    }

    std::size_t threads() const { return threads_.size(); }
    std::size_t waiting() const; // jobs; any thread
    std::size_t idle() const;    // threads; any thread

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
    std::optional<refusal> enqueue(asker from, task_fn task);
    void work(std::size_t worker, priority p);

    void wait_for_job(std::unique_lock<std::mutex>& lock, std::size_t worker, bool able);
    void wake_all();

    struct bed {
        std::condition_variable wake;
        bool asleep = false; // and among idle_
    };

    const able_fn able_;
    mutable std::mutex mutex_; // guards all below but the threads
    fair_queue<task_fn> queue_;
    bool stopping_ = false;
    std::deque<std::size_t> idle_; // workers; taken from the end
    std::deque<bed> beds_;         // by worker
    std::vector<std::thread> threads_;
};

} // namespace fibers
