// A parking, and polls that are parked there: woken by hand, in a time that the test makes up, or
// by the fiber that the program has for it.
#pragma once

#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/parking.hpp"

#include <boost/fiber/fiber.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace walls::testing {

using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

// Polls that park in fibers of their own. Nobody wakes them but the test, with turn().
struct parked_by_hand {
    global_hash hash;
    walls::presence presence;
    const fibers::steady_time start;
    walls::parking parking;

    explicit parked_by_hand(std::chrono::milliseconds look = 500ms,
                            fibers::steady_time now = fibers::steady_time(7h))
        : start(now)
        , parking(hash, presence, look, start)
    {
    }

    struct poll {
        parked place;
        woken why = woken::not_yet;
        std::function<void()> then = [] {};
        boost::fibers::fiber fiber;
        poll(user_id user, std::span<const cursor> seen)
            : place(user, seen)
        {
        }
    };

    std::unique_ptr<poll> park(std::vector<cursor> seen, std::int64_t user = 1,
                               std::chrono::milliseconds left = 60s)
    {
        return park_until(start + left, std::move(seen), user);
    }
    std::unique_ptr<poll> park_until(fibers::steady_time deadline, std::vector<cursor> seen,
                                     std::int64_t user = 1)
    {
        for (const cursor& c : seen) {
            hash.raise(c.wall, c.last);
        }
        auto p = std::make_unique<poll>(user_id{user}, seen);
        p->fiber =
            boost::fibers::fiber(boost::fibers::launch::dispatch, [this, deadline, raw = p.get()] {
                raw->why = parking.park(raw->place, deadline);
                raw->then();
            });
        return p;
    }
    // As if run() did it then.
    void turn(std::chrono::milliseconds since_start)
    {
        parking.turn(start + since_start);
        let_others_run();
    }
    std::chrono::milliseconds next_turn() const
    {
        return std::chrono::floor<std::chrono::milliseconds>(parking.next_turn() - start);
    }
};

// With the fiber that wakes them, by the clock.
struct parking_with_polls : parked_by_hand {
    boost::fibers::fiber waking;

    parking_with_polls()
        : parked_by_hand(500ms, std::chrono::steady_clock::now())
        , waking([this] { parking.run(); })
    {
    }
    ~parking_with_polls()
    {
        parking.stop();
        waking.join();
    }

    std::unique_ptr<poll> park(std::vector<cursor> seen, std::int64_t user = 1,
                               std::chrono::milliseconds left = 60s)
    {
        return park_until(std::chrono::steady_clock::now() + left, std::move(seen), user);
    }
    void raise(std::int64_t wall, std::int64_t newest)
    {
        hash.raise(wall_id{wall}, entry_id{newest});
        parking.notify();
    }
};

} // namespace walls::testing
