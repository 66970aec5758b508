// Where polls and streams are parked: asleep in the lists of the global hash, of presence and of
// the timer wheel, and woken from there. One fiber, run(), does the waking for all of them, a few
// at a time, so that a wall with 15,000 readers does not hold up everybody else. Thread of the
// event loop only.
#pragma once

#include "fibers/timer_wheel.hpp"
#include "walls/global_hash.hpp"
#include "walls/presence.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <chrono>
#include <cstddef>

namespace walls {

class parking {
public:
    // `look`: the aligned tick at which every watched wall is looked at (0.5 s).
    parking(global_hash& hash, walls::presence& presence, std::chrono::milliseconds look,
            fibers::steady_time now = std::chrono::steady_clock::now());

    // Parks the calling fiber. The caller has compared `poll` with the global hash without a break
    // since, so nothing can slip in between. Afterwards the poll is in no list any more.
    woken park(parked& poll, fibers::steady_time deadline);

    void change(std::chrono::milliseconds look) { look_ = look; } // from the next look on
    // A wall rose: look now rather than at the next tick.
    void notify();

    void run(); // body of the waking fiber; returns after stop()
    void stop();

    // What run() does, with the time as an argument. turn() wakes whoever is behind or late at
    // `now`, and lets the other fibers run after each 64. It is due at next_turn(): at once after
    // notify(), and never while nobody is parked.
    void turn(fibers::steady_time now);
    fibers::steady_time next_turn() const;

    std::size_t parked_now() const { return parked_; }
    std::size_t guests_now() const { return parked_guests_; } // of these

private:
    static constexpr std::size_t wakes_a_turn = 64;

    global_hash& hash_;
    presence& presence_;
    std::chrono::milliseconds look_;
    fibers::timer_wheel wheel_;
    fibers::steady_time next_look_;
    std::size_t parked_ = 0;
    std::size_t parked_guests_ = 0;
    bool notified_ = false;
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
};

} // namespace walls
