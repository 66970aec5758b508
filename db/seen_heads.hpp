// Newest entries that this process has seen: evidence of whether a database that it comes to is the
// one that it knows. What a restored backup or a promoted standby lacks is what came last, so a
// few of the newest are enough. Internal to db/. Any thread.
#pragma once

#include "walls/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace db {

class link;

struct seen_head {
    walls::wall_id wall{};
    std::int64_t epoch = 0; // of the head alone, without the history's
    walls::entry_id newest{};
    std::int64_t stamp = 0; // pollster.stamp() of the entry; 0: not known, so no evidence
};

class seen_heads {
public:
    static constexpr std::size_t most = 1000;

    void add_newest(const seen_head& h);
    // One that may be of long ago: only while there is room.
    void add_older(const seen_head& h);
    void forget(walls::wall_id wall);
    void forget_all();
    std::vector<seen_head> all() const;

private:
    mutable std::mutex mutex_;
    std::deque<seen_head> heads_; // the newest at the back; a wall may come more than once
};

// Does the database lack an entry that was seen? Of walls that are gone or began anew it says
// nothing: whoever knows those hears so by the epoch of the wall.
bool lost_entries(link& l, std::span<const seen_head> seen);

} // namespace db
