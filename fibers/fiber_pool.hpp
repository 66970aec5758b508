// Fibers that do not end: each runs one job after another and is idle in between. For jobs that
// park in great numbers. When a fiber ends, libboost_fiber takes a lock whose frame is 5 KB, so a
// stack on which a fiber has ever ended holds two pages instead of the one that its jobs touch: 9.2
// KB for a request that waits and needs 5.7.
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

class fiber_pool {
public:
    explicit fiber_pool(stack_pool& stacks)
        : stacks_(stacks)
    {
    }
    fiber_pool(const fiber_pool&) = delete;
    fiber_pool& operator=(const fiber_pool&) = delete;

    // To be called in a fiber. `job` is moved away and runs at once, in the fiber that became idle
    // last (its pages are the warmest) or in a new one if none is idle, until it first waits;
    // nothing else runs before it. The calling fiber goes on in a later turn. Throws std::bad_alloc
    // if there is no stack; `job` is then where it was. A job is called once and must not throw.
    template <class Job>
    void run_now(Job& job)
    {
        task next{&job, [](void* where) {
                      Job mine(std::move(*static_cast<Job*>(where)));
                      mine();
                  }};
        if (idle_.empty()) {
            boost::fibers::fiber(boost::fibers::launch::dispatch, std::allocator_arg, stacks_.get(),
                                 [this, first = &next] { serve(first); })
                .detach();
            return;
        }
        worker& warmest = idle_.back();
        idle_.pop_back();
        rested_ = std::min(rested_, idle_.size());
        warmest.given = &next;
        warmest.place.wake_now();
    }

    // Ends half of those that were idle ever since the previous call; `keep` of them stay. To be
    // called about once a second, from a fiber: yields after every 64, because each costs 1-2 µs.
    // Their stacks go back to the pool, which returns their pages after every 1,024: a fiber
    // touches one page more when it ends, and a million of them would first take 4 GB.
    void trim(std::size_t keep)
    {
        std::size_t surplus = rested_ > keep ? (rested_ - keep + 1) / 2 : 0;
        std::size_t ended = 0;
        while (surplus > 0 && rested_ > keep) { // others take idle ones during the yields
            for (int i = 0; i < 64 && surplus > 0 && rested_ > keep; ++i, --surplus, --rested_) {
                end_the_coldest();
                ++ended;
            }
            boost::this_fiber::yield();
            if (ended >= 1024) {
                stacks_.release();
                ended = 0;
            }
        }
        if (ended > 0) {
            stacks_.release();
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
    // In the frame of run_now().
    struct task {
        void* job;
        void (*run)(void* job); // moves it to its own frame first
    };

    // On the stack of its fiber.
    struct worker : boost::intrusive::list_base_hook<> {
        sleeper place;
        const task* given = nullptr; // null: end
    };

    // The body of a fiber. The job leaves the frame of run_now() before anything can wait.
    void serve(const task* given)
    {
        worker self;
        do {
            given->run(given->job);
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
        worker& ended = idle_.front();
        idle_.pop_front();
        ended.place.wake();
    }

    stack_pool& stacks_;
    boost::intrusive::list<worker> idle_; // the back became idle last
    std::size_t rested_ = 0;              // the first `rested_` of idle_ were since the last trim()
    bool stopping_ = false;
};

} // namespace fibers
