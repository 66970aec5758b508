// Fibers that do not end: each runs one job after another and is idle in between. For jobs that
// park in great numbers. When a fiber ends, libboost_fiber takes a lock whose frame is 5 KB, so a
// stack on which a fiber has ever ended holds two pages instead of the one that its jobs touch: 9.2
// KB for a parked poll that needs 5.7.
//
// Fibers of one thread only. The stacks must outlive the fibers, and this object must outlive its
// jobs: call stop(), then let other fibers run until stacks.in_use() is what it was before.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/stacks.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace fibers {

// `Job`: movable; may be incomplete until run_now() is called.
template <class Job>
class fiber_pool {
public:
    // `run` is the body of each job. It must not throw.
    fiber_pool(stack_pool& stacks, void (*run)(Job))
        : stacks_(stacks)
        , run_(run)
    {
    }
    fiber_pool(const fiber_pool&) = delete;
    fiber_pool& operator=(const fiber_pool&) = delete;

    // To be called in a fiber. The job runs at once, in the fiber that became idle last (its pages
    // are the warmest) or in a new one if none is idle, until it first waits; nothing else runs
    // before it. The calling fiber goes on in a later turn. Throws std::bad_alloc if there is no
    // stack.
    void run_now(Job job)
    {
        if (idle_.empty()) {
            boost::fibers::fiber(boost::fibers::launch::dispatch, std::allocator_arg, stacks_.get(),
                                 [this, first = &job] { stand(first); })
                .detach();
            return;
        }
        one& next = idle_.back();
        idle_.pop_back();
        rested_ = std::min(rested_, idle_.size());
        next.given = &job;
        next.place.wake_now();
    }

    // Ends half of the fibers that have been idle since the previous call; `keep` of them stay. To
    // be called about once a second, from a fiber: it yields after every 64, because each costs 1-2
    // µs. Their stacks go back to the pool, which has its own trim().
    void trim(std::size_t keep)
    {
        std::size_t surplus = rested_ > keep ? (rested_ - keep + 1) / 2 : 0;
        while (surplus > 0 && rested_ > keep) { // others take idle ones during the yields
            for (int i = 0; i < 64 && surplus > 0 && rested_ > keep; ++i, --surplus, --rested_) {
                end_the_coldest();
            }
            boost::this_fiber::yield();
        }
        rested_ = idle_.size();
    }

    // May be called by any fiber or callback: ends the idle fibers, and from now on each fiber that
    // is done with its job. Does not wait.
    void stop()
    {
        stopping_ = true;
        rested_ = 0;
        while (!idle_.empty()) {
            end_the_coldest();
        }
    }

    std::size_t idle() const { return idle_.size(); }

private:
    // On the stack of its fiber.
    struct one : boost::intrusive::list_base_hook<> {
        sleeper place;
        Job* given = nullptr; // in the frame of run_now(); null: end
    };

    // The body of a fiber. The job leaves the frame of run_now() before anything can wait.
    void stand(Job* given)
    {
        one self;
        do {
            run_(std::move(*given));
            if (stopping_) {
                return;
            }
            self.given = nullptr;
            idle_.push_back(self);
            self.place.sleep();
            given = self.given;
        } while (given != nullptr);
    }

    void end_the_coldest()
    {
        one& ended = idle_.front();
        idle_.pop_front();
        ended.place.wake();
    }

    stack_pool& stacks_;
    void (*const run_)(Job);
    boost::intrusive::list<one> idle_; // the back became idle last
    std::size_t rested_ = 0;           // the first `rested_` of idle_ were idle at the last trim()
    bool stopping_ = false;
};

} // namespace fibers
