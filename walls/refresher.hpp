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
#include "walls/clock_watch.hpp"
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
#include <set>
#include <span>
#include <vector>

namespace walls {

class refresher {
public:
    struct settings {
        std::chrono::milliseconds period{1000}; // between looks while somebody is connected
        // At least this long between the starts of two looks, however many hints come in.
        std::chrono::milliseconds hint_gap{20};
        page_limits page; // of entries loaded at a time
    };
    struct parts {
        feed_source& source;
        global_hash& hash;
        recent_entries& recent;
        access_cache& access;
        walls::presence& presence;
        walls::parking& parking;
    };

    refresher(const parts& p, const settings& s);

    void run(); // body of the job's fiber; returns after stop()
    void stop();

    // For a poll that is about to be compared: returns when every wall of `local` is in the hash
    // and goes on from the cursor, the last look is no older than a period, and no client left
    // without an answer since (presence::idle_periods). Costs nothing then; otherwise waits for a
    // look that begins after this call and asks for the walls that do not fit. So does a poll whose
    // user was read (identity::read_at) after the last look, unless its cursors say the epochs: a
    // wall that was granted since may have another's id.
    result<void> catch_up(std::span<const cursor> local, fibers::steady_time read_at = {});
    // For a poll that found something else in the database than the hash says: waits for a look
    // that begins after this call and asks for all of these walls.
    result<void> look_again(std::span<const cursor> local);

    void hint(); // something was committed somewhere: look soon, if anybody is connected
    // Do hints arrive? Until the first yes, and after a no, the looks come twice as often:
    // without hints they alone must end a revoked poll within a second, on a busy host too.
    void hints_arrive(bool yes);

    struct own_entry {
        const entry& what;
        wall_id wall{};
        wall_epoch epoch{}; // of the wall, when the entry was there; 0: not known
        // Somebody may have lost the wall before the post was committed.
        bool access_changed = true;
        std::uint64_t outdated{}; // recent_entries::outdated() from before the text was read
    };
    // This process committed an entry. If it follows what is known, its readers get it at once;
    // else after a look. Also after a look if access changed, which that look finds out before it
    // hands out the entry, or if a look has dropped remembered entries meanwhile.
    void posted(const own_entry& own);
    // This process may have committed something, and was not told.
    void posting_failed(const db_error& t);
    // Every change of access up to there has been applied (changes::position); empty: not known.
    const std::string& access_known() const { return access_known_; }

    // The last look succeeded, and not long ago: every change of access up to then has been
    // applied, also what happened in a pause, because a look brings all that changed since the look
    // before it. Holds until the next look is late: two periods, 5 s at most.
    bool looks_succeed(fibers::steady_time now = std::chrono::steady_clock::now()) const;

    // Told after each look: none if it succeeded, else why it failed.
    std::function<void(const db_error*)> on_look = [](const db_error*) {};

    // Told when a clock was set, by how much (negative: back). After the database's, all that is
    // cached about sessions is asked for again, for parked polls, too; this host's time of day
    // concerns nobody.
    enum class clock { database, host };
    std::function<void(clock, std::chrono::milliseconds)> on_clock_set =
        [](clock, std::chrono::milliseconds) {};

    std::uint64_t looks() const { return looks_; }
    std::uint64_t wall_loads() const { return wall_loads_; } // walls whose new entries were read

private:
    struct waiting {
        std::span<const cursor> local;
        bool ask = false; // for each of its walls
        result<void> outcome;
        fibers::sleeper done;
    };

    bool fresh() const;
    bool fits(const cursor& c) const;
    result<void> wait_for_look(std::span<const cursor> local, bool ask);
    fibers::steady_time next_look() const;
    result<void> look(std::span<waiting* const> askers);
    fibers::steady_time::duration period() const;
    result<changes> ask_source(std::span<const wall_id> also);
    void compare_clocks(const changes& c, fibers::steady_time sent);
    void apply_access(const changes& c);
    result<void> relearn(std::span<waiting* const> askers);
    void apply_heads(const changes& c, std::span<const wall_id> asked);
    void apply(const head& h, bool asked);
    void begin_anew(const head& h);
    result<void> load_pending();

    const parts parts_;
    const settings settings_;
    std::vector<waiting*> waiting_;
    std::map<wall_id, entry_id>
        pending_;              // watched walls that rose and whose entries are not loaded yet
    bool asking_ = false;      // the source, for a look
    std::set<wall_id> raised_; // by posted() meanwhile
    bool relearn_ = false; // the source forgot everything, watched walls are to be asked for again
    bool hinted_ = false;
    bool resting_ = false; // nobody was connected when the job looked at the clock last
    bool hints_arrive_ = false;
    std::string access_known_;
    clock_watch database_clock_;
    clock_watch host_clock_;
    bool stopping_ = false;
    fibers::steady_time began_{};                // when the last look began
    std::optional<fibers::steady_time> fresh_{}; // when the last look that succeeded began
    std::uint64_t idle_periods_ = 0;             // presence::idle_periods() when that one began
    std::uint64_t looks_ = 0;
    std::uint64_t wall_loads_ = 0;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
};

} // namespace walls
