#include "fcgi_app/adapters/releases.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace adapters {

namespace {

// What a late turn, or an idle moment, may make up for.
constexpr auto most_behind = std::chrono::milliseconds(50);

} // namespace

void releases::change(std::size_t per_second)
{
    between_ = per_second == 0
                   ? duration{}
                   : duration(std::chrono::seconds(1)) / static_cast<std::int64_t>(per_second);
    // A long wait for the next one, at the former pace, is over.
    due_ = fibers::steady_time{};
    notify();
}

bool releases::goes_now(fibers::steady_time now)
{
    if (between_ == duration{} && queue_.empty()) {
        return true;
    }
    if (!queue_.empty() || due_ > now) {
        return false;
    }
    passed(now);
    return true;
}

void releases::wait(place& mine)
{
    queue_.push_back(mine);
    if (&queue_.front() == &mine) {
        notify(); // run() sleeps for as long as nobody waits
    }
    ++waiting_;
    mine.turn_.sleep();
    --waiting_;
    if (mine.is_linked()) { // it gave up
        mine.unlink();
    }
}

void releases::hurry(std::size_t all, fibers::steady_time now, fibers::steady_time until)
{
    const auto left = std::max(until - now, duration{});
    between_ = std::min(between_, left / static_cast<std::int64_t>(std::max<std::size_t>(all, 1)));
    due_ = std::min(due_, now);
    notify();
}

void releases::passed(fibers::steady_time now)
{
    due_ = std::max(due_, now - most_behind) + between_;
}

void releases::notify()
{
    notified_ = true;
    wake_up_.notify_one();
}

void releases::stop()
{
    stopping_ = true;
    notify();
}

void releases::run()
{
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        wake_up_.wait_until(lock, next_turn(), [this] { return notified_; });
        notified_ = false;
        turn(std::chrono::steady_clock::now());
    }
}

fibers::steady_time releases::next_turn() const
{
    return queue_.empty() ? fibers::steady_time::max() : due_;
}

void releases::turn(fibers::steady_time now)
{
    while (!queue_.empty() && (due_ <= now || between_ == duration{})) {
        place& next = queue_.front();
        queue_.pop_front();
        next.turn_.wake();
        passed(now);
    }
}

} // namespace adapters
