#include "fibers/timer_wheel.hpp"

#include <algorithm>

namespace fibers {

timer_wheel::timer_wheel(std::chrono::milliseconds grid, std::size_t slots, steady_time now)
    : grid_(grid)
    , start_(now)
    , slots_(slots)
{
}

std::int64_t timer_wheel::step_of(steady_time t) const
{
    const auto past = std::max(t - start_, steady_time::duration::zero());
    return (past + grid_ - steady_time::duration(1)) / grid_;
}

timer_wheel::list& timer_wheel::slot(std::int64_t step)
{
    return slots_[static_cast<std::size_t>(step) % slots_.size()];
}

void timer_wheel::enter(timer& t, steady_time deadline)
{
    t.cancel();
    t.due_ = std::max(step_of(deadline), done_ + 1);
    slot(t.due_).push_back(t);
}

bool timer_wheel::turn(steady_time now, std::size_t most)
{
    const std::int64_t reached = (now - start_) / grid_;
    // After a long pause (a stopped process) one round over all slots finds everything.
    const auto slots = static_cast<std::int64_t>(slots_.size());
    const std::int64_t last = std::min(reached, done_ + slots);
    for (std::int64_t step = done_ + 1; step <= last; ++step) {
        list& here = slot(step);
        for (auto it = here.begin(); it != here.end();) {
            timer& t = *it++;
            if (t.due_ <= reached) {
                t.unlink();
                due_.push_back(t);
            }
        }
    }
    done_ = std::max(done_, reached);
    while (!due_.empty() && most > 0) {
        --most;
        timer& t = due_.front();
        due_.pop_front();
        t.on_time();
    }
    return !due_.empty();
}

steady_time timer_wheel::next_step() const
{
    return start_ + (done_ + 1) * grid_;
}

} // namespace fibers
