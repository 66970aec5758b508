#include "fibers/worker_threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

namespace fibers {

namespace {

// To the kernel each thread is a process with a priority of its own. Refused, it stays as it was.
void let_others_go_first()
{
    const sched_param usual{};
    sched_setscheduler(0, SCHED_BATCH, &usual);
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 5); // a third of the usual weight
}

} // namespace

worker_threads::worker_threads(std::size_t threads, const fair_limits& limits, priority p)
    : queue_(limits)
{
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this, i, p] { work(i, p); });
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
    return queue_.waiting();
}

std::optional<refusal> worker_threads::enqueue(asker from, task_fn task)
{
    {
        const std::lock_guard lock(mutex_);
        refusal why{};
        if (!queue_.push(from, std::move(task), why)) {
            return why;
        }
    }
    wake_.notify_one();
    return std::nullopt;
}

void worker_threads::work(std::size_t worker, priority p)
{
    // Signals belong to the thread of the event loop.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    if (p == priority::last) {
        let_others_go_first();
    }

    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return queue_.ready() || (stopping_ && queue_.empty()); });
        if (!queue_.ready()) {
            return;
        }
        auto [from, next] = queue_.pop();
        lock.unlock();
        next(worker);
        next = nullptr;
        lock.lock();
        queue_.done(from);
        // This thread goes on with what may run now. At a stop the others wait for the last job.
        if (stopping_) {
            wake_.notify_all();
        }
    }
}

} // namespace fibers
