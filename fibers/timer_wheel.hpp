// Deadlines for very many things, on a grid: entering and leaving cost a few pointers whatever
// their number, and everything due in one step of the grid is handled together. A separate kernel
// timer for each would cost ~10 µs per wake. Pure: time is an argument. One thread.
#pragma once

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace fibers {

using steady_time = std::chrono::steady_clock::time_point;

// Derive from it to have a deadline; leaves its wheel when destroyed.
class timer : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual ~timer() = default;
    virtual void on_time() = 0; // already out of the wheel; may enter again
    void cancel()
    {
        if (is_linked()) {
            unlink();
        }
    }

private:
    friend class timer_wheel;
    std::int64_t due_ = 0; // step of the grid
};

class timer_wheel {
public:
    // `grid`: deadlines are rounded up to a multiple of it. `slots` steps are one round; longer
    // deadlines take several.
    timer_wheel(std::chrono::milliseconds grid, std::size_t slots, steady_time now);

    void enter(timer& t, steady_time deadline); // moves it if it is in
    // Calls on_time() of at most `most` timers that are due at `now`. True: more are due, call
    // again.
    bool turn(steady_time now, std::size_t most);
    // When to call turn() next: the next step of the grid.
    steady_time next_step() const;

private:
    using list = boost::intrusive::list<timer, boost::intrusive::constant_time_size<false>>;
    std::int64_t step_of(steady_time t) const; // rounded up
    list& slot(std::int64_t step);

    const std::chrono::milliseconds grid_;
    const steady_time start_;
    std::vector<list> slots_;
    std::int64_t done_ = 0; // steps up to here have been handled
    list due_;
};

} // namespace fibers
