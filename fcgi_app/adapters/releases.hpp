// The pace at which parked requests go back to their application: one after the other, so that a
// post with 10,000 readers does not meet a few workers, and their short backlog, in one moment.
// Who comes while nobody waits goes at once, up to a twentieth of a second's worth.
//
// Fibers of the event loop only; only wait() and run() block. Time comes in as an argument, except
// in run().
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>

namespace adapters {

class releases {
    using hook = boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

public:
    // One that waits for its turn, on the stack of its fiber.
    class place : public hook {
    public:
        // Out of its turn: whoever waited for it has left.
        void give_up() { turn_.wake(); }

    private:
        friend class releases;
        fibers::sleeper turn_;
    };

    explicit releases(std::size_t per_second) { change(per_second); } // 0: no limit

    void change(std::size_t per_second); // from the next one on

    // True: the caller goes now, nobody has to wait. Else it does wait():
    bool goes_now(fibers::steady_time now);
    // Blocks until it is the turn of this place, or it gave up; it may have done so before.
    void wait(place& mine);
    std::size_t waiting() const { return waiting_; }
    // The server stops: whoever waits, and `all` that are still to come, shall be gone by `until`.
    // Faster than the limit, if it takes that.
    void hurry(std::size_t all, fibers::steady_time now, fibers::steady_time until);

    void run(); // body of the fiber that releases; returns after stop()
    void stop();

    // What run() does: releases those whose turn it is. It is due at next_turn(); never, while
    // nobody waits.
    void turn(fibers::steady_time now);
    fibers::steady_time next_turn() const;

private:
    using duration = fibers::steady_time::duration;

    void passed(fibers::steady_time now);
    void notify();

    boost::intrusive::list<place, boost::intrusive::constant_time_size<false>> queue_;
    std::size_t waiting_ = 0;
    duration between_{};        // two releases
    fibers::steady_time due_{}; // the next one
    bool notified_ = false;
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
};

} // namespace adapters
