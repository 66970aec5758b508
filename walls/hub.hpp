// What this process knows about walls, and how it reaches those who wait: the one owner of the
// global hash, the recent entries, parking, presence, the access cache, the refresher and the
// backlog. A request authenticates here, tells here what it has published, and gives its client to
// a delivery (walls/delivery.hpp), which is the other half of this page.
//
// How an entry reaches its readers:
//
//   the database commits      a hint, or the tick of a second, makes the refresher look
//   feed_follower             applies changes of access first; then loads the new entries of the
//                             walls that somebody waits for, once, into the recent entries, and
//                             raises the global hash
//   parking                   wakes the deliveries that are behind on a wall that rose, 64 a turn
//   delivery                  asks again whether it may, compares, writes to its sink
//
// The invariant: a delivery parks only when it has just found, without a wait since, that it is
// behind on none of its walls. From then on whatever raises the hash finds it in the wall's list.
// So nothing is missed between the comparison and the park, and no delivery looks by itself.
//
// The other rule: every wait may have let access change. After each one, still_valid() is asked
// before anything is written or parked.
//
// Thread of the event loop only. Functions that may block the calling fiber say so.
#pragma once

#include "durations/histogram.hpp"
#include "fibers/fiber_pool.hpp"
#include "fibers/stacks.hpp"
#include "fibers/step_gate.hpp"
#include "walls/access_cache.hpp"
#include "walls/answer_room.hpp"
#include "walls/backlog.hpp"
#include "walls/comparison.hpp"
#include "walls/global_hash.hpp"
#include "walls/parking.hpp"
#include "walls/presence.hpp"
#include "walls/recent_entries.hpp"
#include "walls/refresher.hpp"
#include "walls/settings.hpp"
#include "walls/sources.hpp"

#include <boost/fiber/fiber.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace walls {

class hub {
public:
    // What it asks, and what it shares with the rest of the process. All of it outlives the hub.
    struct surroundings {
        feed_source& feed;
        entry_source& older; // entries for those who were away
        access_source& access;
        answer_room& room;
        fibers::step_gate& steps;
        fibers::stack_pool& request_stacks; // of 128 KiB: for deliveries that are compared
    };

    hub(const surroundings& s, const settings& chosen);
    ~hub();
    hub(const hub&) = delete;
    hub& operator=(const hub&) = delete;

    // --- life ---

    void start(); // the refresher's and the parking's fibers
    // From now on. What waits already waits as it was told.
    void change(const settings& chosen);
    // Nothing parks any more, and whoever is parked is answered with nothing new. Those who were
    // just being compared may still park once more, so it is called until nobody is parked.
    void drain();
    // Ends the two fibers; whoever waits for a look is told that the database is not available.
    // Blocks until they have ended.
    void stop();

    // --- who asks ---

    // The first of these tokens that is good; null: none is. May block.
    result<identity_ptr> authenticate(std::span<const std::string> tokens);
    // Whoever has no token, and the walls that are open: none, maybe. May block.
    result<identity_ptr> authenticate_guest();
    // Who that is now, by the same token or by none; null: nobody any more. May block.
    result<identity_ptr> ask_again(const identity& who);
    // Is that still what is known of this session, and has it not run out? After every wait.
    bool still_valid(const identity_ptr& who) const;

    // --- what was committed ---

    // Taken before a post is sent to the database, given back with published().
    struct before_post {
        std::string access_known; // refresher::access_known()
        std::uint64_t outdated{}; // recent_entries::outdated()
    };
    before_post about_to_publish() const;
    // This process committed an entry; its readers get it at once if nothing stands between.
    void published(const refresher::own_entry& own);
    void publishing_failed(const db_error& why);
    void hint(); // something was committed somewhere
    void hints_arrive(bool yes);
    // This process changed the sessions of a user: what is remembered is forgotten, and who is
    // parked asks again.
    void access_changed(user_id user);
    void forget(const std::string& token); // the same for one session; wakes nobody
    // Signed tokens are judged by other keys now: what is remembered of them is forgotten, and
    // whoever is parked with one asks again.
    void keys_changed();

    // --- for deliveries, and for vigils (walls/vigil.hpp) ---

    presence::client connect() { return presence::client(presence_); }
    // Returns when the hash is fresh for these cursors; see refresher::catch_up(). May block.
    result<void> catch_up(std::span<const cursor> local, fibers::steady_time read_at);
    // The database has something else than the hash says; see refresher::look_again(). Blocks.
    result<void> look_again(std::span<const cursor> local);
    // What is new in memory; see comparison.hpp.
    comparison compare(std::span<cursor> local) const;
    // Only whether; see comparison.hpp.
    std::optional<happened> what_happened(std::span<cursor> local) const
    {
        return walls::what_happened(local, hash_);
    }
    std::size_t
    room_for(std::span<const cursor> local) const; // bytes, of the answer from the backlog
    answer_room::share take_room(user_id user, std::size_t bytes); // blocks; none: draining
    // From the backlog; see comparison.hpp. May block.
    result<backlog_answer> read_backlog(std::span<const cursor> local, bool looked_again);
    // May one more of this user park? Answers the oldest parked deliveries of a user who has too
    // many. Guests are many people, of whom none is answered for another: together they have a part
    // of the places, so that members find one.
    enum class admission : std::uint8_t { granted, full, full_of_guests };
    admission admit(user_id user);
    // `going`: who is parked no more, and still holds a place.
    bool has_place(std::size_t going = 0) const
    {
        return parking_.parked_now() + going < settings_.max_parked;
    }
    // Runs `job` in a fiber on a small stack, up to its first wait, before anything else runs;
    // see fibers::fiber_pool::run_now().
    template <class Job>
    void run_parked(Job& job)
    {
        parked_fibers_.run_now(job);
    }
    woken park(parked& place, fibers::steady_time deadline); // blocks; in such a fiber
    // An answer to one that was parked has been written, with entries committed since then.
    void delivered(fibers::steady_time committed)
    {
        if (committed != fibers::steady_time::max()) {
            delivery_times_.add(std::chrono::steady_clock::now() - committed);
        }
    }
    // Runs `job` in a fiber on a request stack, in a later turn.
    template <class Job>
    void run_request(Job job)
    {
        boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg,
                             surroundings_.request_stacks.get(), std::move(job))
            .detach();
    }

    // --- housekeeping ---

    void every_second(fibers::steady_time now); // gives back stacks and pages; may yield
    void sweep(); // forgets sessions that nobody asked for since the last one; see access_cache

    struct counters {
        std::size_t clients = 0;
        std::size_t parked = 0;
        std::size_t parked_guests = 0; // of these
        std::size_t walls = 0;         // in the global hash
        std::size_t sessions = 0;      // in the access cache
        std::size_t recent_bytes = 0;
        std::uint64_t session_hits = 0;
        std::uint64_t session_misses = 0;
        std::uint64_t wall_loads = 0;
        std::uint64_t parked_beyond_user_limit = 0; // answered early: max_parked_per_user
    };
    counters count() const;
    std::size_t clients() const { return presence_.clients(); } // connected
    // From the commit of the oldest entry in it (refresher::own_entry::committed; of other
    // processes' entries the hint, or else the look that found them) to the written answer, for
    // answers from memory to who was parked.
    const durations::histogram& delivery_times() const { return delivery_times_; }
    refresher::report looks() const { return refresher_.looks(); }
    bool draining() const { return draining_; } // drain() was called: the process stops
    // Small stacks that deliveries are on; they must be none before the hub goes.
    std::size_t stacks_in_use() const { return parked_stacks_.in_use(); }

    // See refresher::on_look, on_clock_set and time_of_day. Set before start().
    std::function<void(const db_error*)>& on_look() { return refresher_.on_look; }
    std::function<void(refresher::clock, std::chrono::milliseconds)>& on_clock_set()
    {
        return refresher_.on_clock_set();
    }
    std::function<clock_watch::reading()>& time_of_day() { return refresher_.time_of_day(); }

private:
    std::size_t places_of_guests() const;

    const surroundings surroundings_;
    settings settings_;
    fibers::stack_pool parked_stacks_; // each with one touched page
    fibers::fiber_pool parked_fibers_{parked_stacks_};
    walls::presence presence_;
    global_hash hash_;
    recent_entries recent_;
    walls::parking parking_;
    access_cache access_;
    refresher refresher_;
    walls::backlog backlog_;
    std::uint64_t beyond_user_limit_ = 0;
    bool draining_ = false;
    durations::histogram delivery_times_;
    std::vector<boost::fibers::fiber> jobs_;
};

} // namespace walls
