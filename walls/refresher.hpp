// The ONE job that keeps the global hash true: it decides when to look at the database, every
// second and only while a client is connected, and who waits for a look. What a look does is in
// walls/feed_follower.hpp.
//
// A notification is a hint to look sooner. It may be lost, doubled or early: the look is the
// guarantee. Thread of the event loop only. catch_up() blocks the calling fiber, the rest does not.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/feed_follower.hpp"
#include "walls/global_hash.hpp"
#include "walls/presence.hpp"
#include "walls/sources.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
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
    using parts = feed_follower::parts;

    refresher(const parts& p, const settings& s);

    void change(const settings& s); // from the next look on

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

    using own_entry = feed_follower::own_entry;
    // This process committed an entry: its readers get it at once if nothing stands between (see
    // feed_follower::posted()), else after a look.
    void posted(const own_entry& own);
    // This process may have committed something, and was not told; or will be committed for it, by
    // a PostgreSQL that was given up: it looks at once, and at least once a second for a while.
    void posting_failed(const db_error& t);
    const std::string& access_known() const { return feed_.access_known(); }

    // The last look succeeded, and not long ago: every change of access up to then has been
    // applied, also what happened in a pause, because a look brings all that changed since the look
    // before it. Holds until the next look is late: two periods, 5 s at most. While nobody is
    // connected none is due: the last one holds for a period, a second at most, and not at all
    // after the last client left without an answer (presence::idle_periods).
    bool looks_succeed(fibers::steady_time now = std::chrono::steady_clock::now()) const;

    // Told after each look: none if it succeeded, else why it failed.
    std::function<void(const db_error*)> on_look = [](const db_error*) {};

    using clock = feed_follower::clock;
    std::function<void(clock, std::chrono::milliseconds)>& on_clock_set()
    {
        return feed_.on_clock_set;
    }
    std::function<clock_watch::reading()>& time_of_day() { return feed_.time_of_day; }

    // How the looks go, for those who ask how the process is.
    struct report {
        std::optional<fibers::steady_time> succeeded; // when the last one that did began; none yet
        std::optional<fibers::steady_time> ended;     // the last one, whatever came of it
        std::optional<db_error> error;                // of that one
        std::optional<fibers::steady_time> under_way; // since when
        std::uint64_t looks = 0;                      // that succeeded
        std::uint64_t failed = 0;
    };
    report looks() const { return report_; }
    std::uint64_t wall_loads() const { return feed_.wall_loads(); }
    // When the job looks, if nothing is told before: never while nobody is connected.
    fibers::steady_time next_look() const;

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
    // `committed`: when what it finds was, at a guess.
    result<void> look(std::span<waiting* const> askers, fibers::steady_time committed);
    fibers::steady_time::duration period() const;

    global_hash& hash_;
    walls::presence& presence_;
    feed_follower feed_;
    settings settings_;
    std::vector<waiting*> waiting_;
    std::optional<fibers::steady_time> hinted_; // when the first hint since the last look came
    bool resting_ = false; // nobody was connected when the job looked at the clock last
    bool hints_arrive_ = false;
    fibers::steady_time doubtful_until_{}; // something may be committed without a hint
    bool stopping_ = false;
    fibers::steady_time began_{}; // when the last look began
    report report_;
    std::uint64_t idle_periods_ = 0; // presence::idle_periods() when report_.succeeded began
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
};

} // namespace walls
