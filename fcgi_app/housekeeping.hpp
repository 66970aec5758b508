// What is done regularly and for no request: memory goes back to the kernel, what is old is
// forgotten, systemd hears that fibers run and the loop turns, and how it is. Thread of the event
// loop only.
#pragma once

#include "db/posts.hpp"
#include "fcgi_app/database_state.hpp"
#include "fcgi_app/service_status.hpp"
#include "fibers/stacks.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/answer_room.hpp"
#include "walls/hub.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace pollster {

// What many requests needed at the same moment stays with glibc, in the gaps between what the
// parked ones still hold: 0.5 KB a poll after 15,000 came at once, 1.6 GB after a million left; and
// so does what large answers held. It is given back when their number has changed much and has
// settled, because the walk over the heap holds the loop up. Pure.
class heap_trimming {
public:
    // Is it time? To be asked once a second.
    bool due(std::size_t parked_polls, std::size_t answer_bytes);

    static constexpr std::size_t worth_it_polls = 1'000;
    static constexpr std::size_t worth_it_bytes = std::size_t{32} * 1024 * 1024;

private:
    std::size_t parked_before_ = 0;  // when it was asked last
    std::size_t parked_at_trim_ = 0; // when memory was last given back
    std::size_t most_answers_ = 0;   // bytes of answers, since memory was last given back
};

class housekeeping {
public:
    struct parts {
        fibers::stack_pool& request_stacks;
        walls::hub& hub;
        const walls::answer_room& room;
        db::posts& posts;
        const database_state& database;
        service_status& status;
    };
    // `sweep_every`: how often sessions that nobody uses are forgotten; at least two polls long.
    // All parts outlive the fibers, which end with stop().
    housekeeping(const parts& with, std::chrono::milliseconds sweep_every);

    void start();
    // Waits in the calling fiber until all of it has ended, a call of the database included.
    void stop();

    void change(std::chrono::milliseconds sweep_every) { sweep_every_ = sweep_every; } // the next

    // Nothing old is removed from the database for a day: by which clock is it old?
    void database_clock_was_set(fibers::steady_time now) { clock_set_ = now; }
    bool time_is_certain(fibers::steady_time now) const;

    // After so many sweeps an hour is over, and the database is cleaned up.
    static constexpr std::int64_t sweeps_an_hour(std::chrono::milliseconds sweep_every)
    {
        return std::max<std::int64_t>(std::chrono::hours(1) / sweep_every, 1);
    }

private:
    void each_second(); // bodies of fibers
    void sweep_and_clean_up();
    bool stopped_within(std::chrono::milliseconds time); // waits for so long

    parts parts_;
    std::chrono::milliseconds sweep_every_;
    heap_trimming heap_;
    std::optional<fibers::steady_time> clock_set_;
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
    boost::fibers::fiber second_fiber_;
    boost::fibers::fiber sweep_fiber_; // of its own: it waits for the database
};

} // namespace pollster
