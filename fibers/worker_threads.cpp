#include "fibers/worker_threads.hpp"

#include <pthread.h>

#include <csignal>

namespace fibers {

worker_threads::worker_threads(std::size_t threads, std::size_t max_waiting)
    : max_waiting_(max_waiting)
{
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this, i] { work(i); });
    }
}

worker_threads::~worker_threads()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void worker_threads::end_of_job::wait()
{
    if (loop_ != nullptr) {
        fiber_.sleep();
    } else {
        thread_.acquire();
    }
}

void worker_threads::end_of_job::reached()
{
    if (loop_ != nullptr) {
        loop_->post([this] { fiber_.wake(); });
    } else {
        thread_.release();
    }
}

std::size_t worker_threads::waiting() const
{
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

bool worker_threads::enqueue(task_fn task)
{
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= max_waiting_) {
            return false;
        }
        queue_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
}

void worker_threads::work(std::size_t worker)
{
    // Signals belong to the thread of the event loop.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);

    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) {
            return;
        }
        task_fn next = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        next(worker);
        next = nullptr;
        lock.lock();
    }
}

} // namespace fibers
