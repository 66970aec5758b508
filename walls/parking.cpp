#include "walls/parking.hpp"

#include <boost/fiber/operations.hpp>

#include <mutex>

namespace walls {

namespace {

// Deadlines fall on steps of 50 ms: 20 kernel waits a second at most, and at a million parked polls
// a step ends ~900 of them instead of 9,000 at each half second.
constexpr auto deadline_grid = std::chrono::milliseconds(50);
constexpr std::size_t deadline_slots = 2048; // 102 s a round

} // namespace

parking::parking(global_hash& hash, walls::presence& presence, std::chrono::milliseconds look)
    : hash_(hash)
    , presence_(presence)
    , look_(look)
    , wheel_(deadline_grid, deadline_slots, std::chrono::steady_clock::now())
{
}

woken parking::park(parked& poll, fibers::steady_time deadline)
{
    hash_.enter(poll);
    presence_.enter(poll);
    wheel_.enter(poll, deadline);
    if (++parked_ == 1) {
        notify(); // run() sleeps until the next look, and has to hear of a deadline
    }
    const woken why = poll.sleep();
    --parked_;
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
    using std::chrono::steady_clock;
    auto next_look = steady_clock::now() + look_;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto until = parked_ > 0 ? std::min(wheel_.next_step(), next_look) : next_look;
        wake_up_.wait_until(lock, until, [this] { return notified_; });
        notified_ = false;

        const auto now = steady_clock::now();
        if (now >= next_look) {
            hash_.look_at_all();
            next_look += look_ * ((now - next_look) / look_ + 1); // stays on its grid after a pause
        }
        while (hash_.look(wakes_a_turn)) {
            boost::this_fiber::yield();
        }
        while (wheel_.turn(steady_clock::now(), wakes_a_turn)) {
            boost::this_fiber::yield();
        }
    }
}

} // namespace walls
