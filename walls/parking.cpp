#include "walls/parking.hpp"

#include <boost/fiber/operations.hpp>

#include <algorithm>
#include <mutex>

namespace walls {

namespace {

// Deadlines fall on steps of 50 ms: 20 kernel waits a second at most, and at a million parked polls
// a step ends ~900 of them instead of 9,000 at each half second.
constexpr auto deadline_grid = std::chrono::milliseconds(50);
constexpr std::size_t deadline_slots = 2048; // 102 s a round

} // namespace

parking::parking(global_hash& hash, walls::presence& presence, std::chrono::milliseconds look,
                 fibers::steady_time now)
    : hash_(hash)
    , presence_(presence)
    , look_(look)
    , wheel_(deadline_grid, deadline_slots, now)
    , next_look_(now + look)
{
}

woken parking::park(parked& poll, fibers::steady_time deadline)
{
    hash_.enter(poll);
    presence_.enter(poll);
    wheel_.enter(poll, deadline);
    const std::size_t guests = poll.user() == guest ? 1 : 0;
    parked_guests_ += guests;
    if (++parked_ == 1) {
        notify(); // run() sleeps for as long as nobody is parked
    }
    const woken why = poll.sleep();
    --parked_;
    parked_guests_ -= guests;
    poll.cancel();
    presence::leave(poll);
    for (watch& w : poll.watches()) {
        if (w.is_linked()) {
            w.unlink();
        }
    }
    return why;
}

void parking::notify()
{
    notified_ = true;
    wake_up_.notify_one();
}

void parking::stop()
{
    stopping_ = true;
    notify();
}

void parking::run()
{
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        wake_up_.wait_until(lock, next_turn(), [this] { return notified_; });
        turn(std::chrono::steady_clock::now());
    }
}

fibers::steady_time parking::next_turn() const
{
    if (notified_) {
        return fibers::steady_time::min();
    }
    return parked_ > 0 ? std::min(wheel_.next_step(), next_look_) : fibers::steady_time::max();
}

void parking::turn(fibers::steady_time now)
{
    notified_ = false; // first: what is told during this turn makes another one
    if (now >= next_look_) {
        hash_.look_at_all();
        next_look_ += look_ * ((now - next_look_) / look_ + 1); // stays on its grid after a pause
    }
    // News first: whoever is behind at its deadline is given them.
    while (hash_.look(wakes_a_turn)) {
        boost::this_fiber::yield();
    }
    while (wheel_.turn(now, wakes_a_turn)) {
        boost::this_fiber::yield();
    }
}

} // namespace walls
