// Threads for work that blocks or needs more stack than a fiber has (libpq wants 19 KB).
// A fiber hands over a job and is parked until the job is done; the other fibers go on.
#pragma once

#include <boost/fiber/future.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
    // jobs wait already. What the job throws is thrown here. From any fiber; blocks only that
    // fiber.
    template <class Job>
    auto run(Job job) -> std::optional<std::invoke_result_t<Job, std::size_t>>
    {
        using value = std::invoke_result_t<Job, std::size_t>;
        auto shared =
            std::make_shared<boost::fibers::packaged_task<value(std::size_t)>>(std::move(job));
        auto done = shared->get_future();
        if (!enqueue([shared](std::size_t worker) { (*shared)(worker); })) {
            return std::nullopt;
        }
        return done.get();
    }

    std::size_t threads() const { return threads_.size(); }
    std::size_t waiting() const; // any thread

private:
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
