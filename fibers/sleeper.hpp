// A place where one fiber sleeps until it is woken. Fibers of one thread only; costs no allocation,
// no clock and no lock (0.3-0.6 µs a wake; one condition_variable with timeouts needs a
// whole core at 10,000 waiters, because each timeout removes itself from a singly linked list).
#pragma once

#include <boost/fiber/context.hpp>

#include <utility>

namespace fibers {

class sleeper {
public:
    sleeper() = default;
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;

    // Suspends the calling fiber until wake(); returns at once if wake() came first.
    void sleep()
    {
        if (!woken_) {
            fiber_ = boost::fibers::context::active();
            fiber_->suspend();
        }
        woken_ = false;
    }

    // Makes the sleeping fiber ready, or lets the next sleep() return at once. Waking twice is the
    // same as waking once.
    void wake()
    {
        woken_ = true;
        if (auto* fiber = std::exchange(fiber_, nullptr)) {
            boost::fibers::context::active()->schedule(fiber);
        }
    }

    // Like wake(), but switches to the sleeping fiber at once; the calling fiber goes on in a later
    // turn, as with launch::dispatch. Does not switch if no fiber sleeps here.
    void wake_now()
    {
        woken_ = true;
        if (auto* fiber = std::exchange(fiber_, nullptr)) {
            fiber->resume(boost::fibers::context::active());
        }
    }

    bool asleep() const { return fiber_ != nullptr; }

private:
    boost::fibers::context* fiber_ = nullptr;
    bool woken_ = false;
};

} // namespace fibers
