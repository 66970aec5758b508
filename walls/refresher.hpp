// The ONE job that keeps the global hash true: every second, and only while a client is connected,
// it asks the database what changed, loads the new entries of watched walls once for all their
// readers, and raises the hash.
//
// A notification is a hint to look sooner. It may be lost, doubled or early: the look is the
// guarantee. Thread of the event loop only. catch_up() blocks the calling fiber, the rest does not.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/access_cache.hpp"
#include "walls/global_hash.hpp"
#include "walls/parking.hpp"
#include "walls/presence.hpp"
#include "walls/recent_entries.hpp"
#include "walls/sources.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace walls {

class refresher {
public:
    struct settings {
        std::chrono::milliseconds period{1000}; // between looks while somebody is connected
        // At least this long between the starts of two looks, however many hints come in.
        std::chrono::milliseconds hint_gap{20};
        std::size_t page = 100; // entries of a wall loaded at a time
    };
    struct parts {
        feed_source& source;
        global_hash& hash;
        recent_entries& recent;
        access_cache& access;
        presence& who;
        parking& lot;
    };

    refresher(const parts& p, const settings& s);

    void run(); // body of the job's fiber; returns after stop()
    void stop();

    // For a poll that is about to be compared: returns when every wall of `local` is in the hash
    // with a number that is not below the cursor, the last look is no older than a period, and no
    // client left without an answer since (presence::gaps). Costs nothing then; otherwise waits for
    // a look that begins after this call.
    result<void> catch_up(std::span<const cursor> local);

    void hint(); // something was committed somewhere: look soon, if anybody is connected
    // Do hints arrive? Until the first yes, and after a no, the looks come twice as often:
    // without hints they alone must end a revoked poll within a second, on a busy host too.
    void hints_arrive(bool yes);

    // This process committed `e`. If it follows what is known, its readers get it at once; else
    // after a look. Also after a look if `access_changed`: somebody may have lost the wall before
    // the post was committed, which the look finds out before it hands out the entry.
    void posted(wall_id wall, const entry& e, bool access_changed);
    // This process may have committed something, and was not told.
    void posting_failed(const trouble& t);
    // Every change of access up to there has been applied (changes::position); empty: not known.
    const std::string& access_known() const { return access_known_; }

    // The last look succeeded, and not long ago: every change of access up to then has been
    // applied, also what happened in a pause, because a look brings all that changed since the look
    // before it. Holds until the next look is late: two periods, 5 s at most.
    bool looks_succeed(fibers::steady_time now = std::chrono::steady_clock::now()) const;

    // Told after each look: none if it succeeded, else why it failed.
    std::function<void(const trouble*)> on_look = [](const trouble*) {};

    std::uint64_t looks() const { return looks_; }
    std::uint64_t wall_loads() const { return wall_loads_; } // walls whose new entries were read

private:
    struct waiting {
        std::span<const cursor> local;
        result<void> outcome;
        fibers::sleeper done;
    };

    bool fresh() const;
    fibers::steady_time next_look() const;
    result<void> look(std::span<waiting* const> askers);
    fibers::steady_time::duration period() const;
    void apply_access(const changes& c);
    result<void> relearn(std::span<waiting* const> askers);
    void apply_heads(const changes& c, std::span<const wall_id> asked);
    result<void> load_pending();

    const parts parts_;
    const settings settings_;
    std::vector<waiting*> waiting_;
    std::map<wall_id, entry_id>
        pending_;          // watched walls that rose and whose entries are not loaded yet
    bool relearn_ = false; // the source forgot everything, watched walls are to be asked for again
    bool hinted_ = false;
    bool hints_arrive_ = false;
    std::string access_known_;
    bool stopping_ = false;
    fibers::steady_time began_{};                // when the last look began
    std::optional<fibers::steady_time> fresh_{}; // when the last look that succeeded began
    std::uint64_t gaps_ = 0;                     // presence::gaps() when that one began
    std::uint64_t looks_ = 0;
    std::uint64_t wall_loads_ = 0;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable bell_;
};

} // namespace walls
