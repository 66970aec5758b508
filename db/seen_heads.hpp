// Newest entries that this process has seen: evidence of whether a database that it comes to is the
// one that it knows. What a restored backup or a promoted standby lacks is what came last, so a
// few of the newest are enough. Internal to db/. Any thread.
#pragma once

#include "walls/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace db {

class connection;

struct seen_head {
    walls::wall_id wall{};
    walls::wall_epoch epoch{}; // as clients see it, so that of another history it is no evidence
    walls::entry_id newest{};
    std::int64_t stamp = 0; // pollster.stamp() of the entry; 0: not known, so no evidence
};

class seen_heads {
public:
    static constexpr std::size_t most = 1000;

    void add_newest(const seen_head& h);
    // One that may be of long ago: only while there is room.
    void add_older(const seen_head& h);
    // One that a client was told, perhaps before any look saw it. Reads meet heads of long ago all
    // the time: they neither crowd out what came last nor what looks have seen.
    void add_told(const seen_head& h);
    // A look is complete: what was told before the one before it began, looks have seen.
    void looked();
    void forget(walls::wall_id wall);
    void forget_all();
    std::vector<seen_head> all() const;

private:
    mutable std::mutex mutex_;
    std::deque<seen_head> heads_; // the newest at the back; a wall may come more than once
    struct older_first {
        bool operator()(const seen_head& a, const seen_head& b) const;
    };
    using told = std::set<seen_head, older_first>; // the newest of them
    told told_;                                    // since the last look
    told told_before_;                             // between the two before
};

// Does the database lack an entry that was seen? Of walls that are gone or began anew it says
// nothing: whoever knows those hears so by the epoch of the wall.
bool lost_entries(connection& conn, std::span<const seen_head> seen);

} // namespace db
