// A refresher and a parking with their fibers, on a database that the test fills by hand; and polls
// that are parked there. What happens in the middle of a look or of a read is done by the
// database's hooks; after let_others_run() everything has happened that waits for no clock.
#pragma once

#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/refresher.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <chrono>
#include <functional>
#include <vector>

namespace walls::testing {

using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

struct running {
    fake_database db;
    global_hash hash;
    recent_entries recent{{}};
    walls::presence presence;
    walls::parking parking{hash, presence, 500ms};
    access_cache access{db};
    refresher job;
    boost::fibers::fiber waking;
    boost::fibers::fiber looking;

    // A period of an hour: what happens in a test is not the clock's doing, unless the test says
    // so.
    explicit running(std::chrono::milliseconds period = 1h,
                     std::chrono::milliseconds hint_gap = 0ms)
        : job({db, hash, recent, access, presence, parking}, {period, hint_gap, 3})
        , waking([this] { parking.run(); })
        , looking([this] { job.run(); })
    {
    }
    ~running()
    {
        job.stop();
        parking.stop();
        looking.join();
        waking.join();
    }

    result<void> catch_up(std::vector<cursor> local, fibers::steady_time read_at = {})
    {
        return job.catch_up(local, read_at);
    }
    void look()
    {
        job.hint();
        let_others_run();
    }
    bool remembered(std::int64_t wall) { return recent.newest(wall_id{wall}).has_value(); }
    // This process committed it.
    void posted(const entry& e, bool access_changed = false, std::int64_t epoch = 1)
    {
        job.posted({e, wall_id{1}, wall_epoch{epoch}, access_changed, recent.outdated()});
    }
    std::int64_t epoch(std::int64_t wall)
    {
        return number(hash.find(wall_id{wall}).value_or(head{}).epoch);
    }
    std::int64_t newest(std::int64_t wall)
    {
        return number(hash.newest(wall_id{wall}).value_or(entry_id{-1}));
    }
};

struct parked_poll {
    parked place;
    woken why = woken::not_yet;
    std::function<void()> when_woken = [] {};
    boost::fibers::fiber fiber;

    parked_poll(running& t, std::vector<cursor> seen, std::int64_t user = 1)
        : place(user_id{user}, seen)
        , fiber(boost::fibers::launch::dispatch, [this, &t] {
            why = t.parking.park(place, std::chrono::steady_clock::now() + 1h);
            when_woken();
        })
    {
    }
    ~parked_poll()
    {
        place.wake(woken::gone);
        if (fiber.joinable()) {
            fiber.join();
        }
    }
    // Why it was woken. `not_yet`, if it waits for a clock: the parking finds by itself what it was
    // not told of, 50 ms later.
    woken outcome()
    {
        for (int turns = 0; turns < 100 && why == woken::not_yet; ++turns) {
            boost::this_fiber::yield();
        }
        return why;
    }
};

} // namespace walls::testing
