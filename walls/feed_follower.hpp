// What a look at the database does: it asks what has changed since the look before and applies it,
// in an order that lets nobody read what is not theirs any more. First who may see what; then the
// numbers of the walls; then the new entries of watched walls, which are loaded once for all their
// readers, and raise the hash.
//
// When to look is the refresher's business. Thread of the event loop only. look() blocks the
// calling fiber, one at a time; posted() may be called meanwhile.
#pragma once

#include "walls/access_cache.hpp"
#include "walls/clock_watch.hpp"
#include "walls/global_hash.hpp"
#include "walls/parking.hpp"
#include "walls/presence.hpp"
#include "walls/recent_entries.hpp"
#include "walls/sources.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace walls {

class feed_follower {
public:
    struct parts {
        feed_source& source;
        global_hash& hash;
        recent_entries& recent;
        access_cache& access;
        walls::presence& presence;
        walls::parking& parking;
    };

    // `page`: of entries loaded at a time.
    feed_follower(const parts& p, const page_limits& page)
        : parts_(p)
        , page_(page)
    {
    }
    void change(const page_limits& page) { page_ = page; } // of the next load

    // Walls, in any order and as often as they come.
    struct asked_for {
        std::vector<wall_id> now; // asked for by this look, whatever has changed
        std::vector<wall_id>
            relied; // to be in the hash afterwards, though everything was forgotten
    };
    enum class outcome {
        complete,
        overtaken, // another history has begun since: the next look is urgent
    };
    // After an error the next look does what this one has not done.
    // `committed`: when the entries that it finds were, at a guess.
    result<outcome> look(asked_for asked, fibers::steady_time committed);

    struct own_entry {
        const entry& what;
        wall_id wall{};
        wall_epoch epoch{}; // of the wall, when the entry was there; 0: not known
        // Somebody may have lost the wall before the post was committed.
        bool access_changed = true;
        std::uint64_t outdated{}; // recent_entries::outdated() from before the text was read
        fibers::steady_time committed = fibers::steady_time::max(); // when; max: not known
    };
    // This process committed an entry. True: it follows what is known, and its readers get it. Else
    // it is left to a look: also if access changed, which that look finds out before it hands out
    // the entry, or if a look has dropped remembered entries meanwhile.
    bool posted(const own_entry& own);

    // Every change of access up to there has been applied (changes::position); empty: not known.
    const std::string& access_known() const { return access_known_; }
    std::uint64_t wall_loads() const { return wall_loads_; } // walls whose new entries were read
    bool others_unaware() const { return others_unaware_; }  // changes::others_unaware

    // Told when a clock was set, by how much (negative: back). After the database's, all that is
    // cached about sessions is asked for again, for parked polls, too; after this host's, by which
    // signed tokens end, what is cached about those.
    enum class clock { database, host };
    std::function<void(clock, std::chrono::milliseconds)> on_clock_set =
        [](clock, std::chrono::milliseconds) {};
    std::function<clock_watch::reading()> time_of_day = [] { // of this host
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    };

private:
    result<changes> ask_source(std::span<const wall_id> also);
    void compare_clocks(const changes& c, fibers::steady_time sent);
    void apply_access(const changes& c);
    void ask_again_about_everybody();
    result<void> relearn(std::vector<wall_id> wanted);
    void apply_heads(const changes& c, std::span<const wall_id> asked);
    void apply(const head& h, bool asked);
    void begin_anew(const head& h);
    result<outcome> load_pending(fibers::steady_time committed);
    std::vector<cursor> next_to_load() const;
    outcome append(page& p, fibers::steady_time committed);

    const parts parts_;
    page_limits page_;
    // Watched walls that rose to there, and whose entries are not loaded yet.
    std::map<wall_id, entry_id> pending_;
    std::set<wall_id> raised_; // by posted(), since the source was asked
    bool relearn_ = false; // the source forgot everything, watched walls are to be asked for again
    bool others_unaware_ = false;
    std::string access_known_;
    clock_watch database_clock_;
    clock_watch host_clock_;
    std::uint64_t wall_loads_ = 0;
};

} // namespace walls
