// Long work in small steps: only a fixed number of steps is done per turn of the reactor, by all
// fibers together. Two hundred fibers that each write a large answer take turns, and a request that
// arrives meanwhile waits for a few steps, not for one step of each. Fibers of one thread only.
#pragma once

#include "fibers/reactor.hpp"
#include "fibers/sleeper.hpp"

#include <cstddef>
#include <deque>

namespace fibers {

class step_gate final : public turn_task {
public:
    step_gate(reactor& loop, std::size_t steps_a_turn)
        : loop_(loop)
        , most_(steps_a_turn)
    {
    }

    // To be called before each step: returns when the step may be done, first come, first served.
    void pass()
    {
        if (taken_ == 0) {
            loop_.at_next_turn(*this);
        }
        if (taken_ < most_) {
            ++taken_;
            return;
        }
        sleeper here;
        waiting_.push_back(&here);
        here.sleep();
    }

    void on_turn() override
    {
        taken_ = 0;
        while (!waiting_.empty() && taken_ < most_) {
            ++taken_;
            waiting_.front()->wake();
            waiting_.pop_front();
        }
        if (taken_ > 0) {
            loop_.at_next_turn(*this);
        }
    }

private:
    reactor& loop_;
    const std::size_t most_;
    std::size_t taken_ = 0; // steps taken in this turn
    std::deque<sleeper*> waiting_;
};

} // namespace fibers
