#include "fibers/scheduler.hpp"

#include <boost/fiber/context.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/type.hpp>

#include <utility>

namespace fibers {

namespace {

bool is_dispatcher(const boost::fibers::context* fiber)
{
    return fiber->is_context(boost::fibers::type::dispatcher_context);
}

thread_local reactor* installed = nullptr;

} // namespace

void scheduler::install(reactor& r)
{
    installed = &r;
    boost::fibers::use_scheduling_algorithm<scheduler>(r);
}

reactor* scheduler::loop()
{
    return installed;
}

void scheduler::awakened(boost::fibers::context* fiber) noexcept
{
    // A fiber that was launched by dispatch, or woken by wake_now(), runs already, and was not
    // picked: it is what makes `fiber`, which it took over from, ready.
    switches_.to(boost::fibers::context::active());
    enqueue(fiber);
}

boost::fibers::context* scheduler::pick_next() noexcept
{
    boost::fibers::context* const next = choose();
    if (next != nullptr) {
        switches_.to(next);
    }
    return next;
}

void scheduler::enqueue(boost::fibers::context* fiber)
{
    if (is_dispatcher(fiber)) {
        dispatcher_ = fiber;
    } else {
        fiber->ready_link(ready_);
        ++ready_count_;
        reactor_.set_busy(ready_count_ > most_ready);
    }
}

boost::fibers::context* scheduler::choose()
{
    const bool in_dispatcher = is_dispatcher(boost::fibers::context::active());
    // With nothing ready the turn is left to suspend_until(). A turn here could take a wake-up from
    // another thread off the eventfd, and suspend_until() would then wait without it: Boost moves
    // what other threads made ready just before pick_next(), not between the two.
    if (in_dispatcher && left_ == 0 && !ready_.empty()) {
        left_ = budget;
        reactor_.poll(std::chrono::steady_clock::time_point::min());
    }
    if (!ready_.empty() && left_ > 0) {
        --left_;
        boost::fibers::context* next = &ready_.front();
        ready_.pop_front();
        --ready_count_;
        reactor_.set_busy(ready_count_ > most_ready);
        return next;
    }
    // None for the dispatcher itself: it then calls suspend_until().
    return in_dispatcher ? nullptr : std::exchange(dispatcher_, nullptr);
}

bool scheduler::has_ready_fibers() const noexcept
{
    return !ready_.empty() || dispatcher_ != nullptr;
}

void scheduler::suspend_until(const std::chrono::steady_clock::time_point& deadline) noexcept
{
    left_ = budget;
    reactor_.poll(deadline);
}

void scheduler::notify() noexcept
{
    reactor_.notify();
}

} // namespace fibers
