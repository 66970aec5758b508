#include "fibers/worker_threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <utility>

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

worker_threads::worker_threads(std::size_t threads, const fair_limits& limits, priority p,
                               able_fn able)
    : able_(std::move(able))
    , queue_(limits)
{
    beds_.resize(threads);
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
        wake_all();
    }
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

std::size_t worker_threads::idle() const
{
    const std::lock_guard lock(mutex_);
    return idle_.size();
}

std::optional<refusal> worker_threads::enqueue(asker from, task_fn task)
{
    bed* last = nullptr;
    {
        const std::lock_guard lock(mutex_);
        refusal why{};
        if (!queue_.push(from, std::move(task), why)) {
            return why;
        }
        if (!idle_.empty()) {
            last = &beds_[idle_.back()];
            last->asleep = false;
            idle_.pop_back();
        }
    }
    if (last != nullptr) {
        last->wake.notify_one();
    }
    return std::nullopt;
}

void worker_threads::wait_for_job(std::unique_lock<std::mutex>& lock, std::size_t worker, bool able)
{
    bed& mine = beds_[worker];
    while (!queue_.ready() && !(stopping_ && queue_.empty())) {
        mine.asleep = true;
        if (able) {
            idle_.push_back(worker);
        } else {
            idle_.push_front(worker);
        }
        mine.wake.wait(lock, [&] { return !mine.asleep; });
    }
}

void worker_threads::wake_all()
{
    for (const std::size_t worker : std::exchange(idle_, {})) {
        beds_[worker].asleep = false;
        beds_[worker].wake.notify_one();
    }
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

    bool able = true;
    std::unique_lock lock(mutex_);
    for (;;) {
        wait_for_job(lock, worker, able);
        if (!queue_.ready()) {
            return;
        }
        auto [from, next] = queue_.pop();
        lock.unlock();
        next(worker);
        next = nullptr;
        able = able_(worker);
        lock.lock();
        queue_.done(from);
        // This thread goes on with what may run now. At a stop the others wait for the last job.
        if (stopping_) {
            wake_all();
        }
    }
}

} // namespace fibers
