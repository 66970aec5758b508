// The newest entries that this process has seen, as evidence of whether a database is still the one
// that it knows. A restored backup or a promoted standby lacks what came last, so a few of the
// newest entries are enough. Internal to db/. Any thread.
#pragma once

#include "walls/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <vector>

namespace db {

struct seen_head {
    walls::wall_id wall{};
    walls::wall_epoch epoch{}; // as clients see it: a head of another history is no evidence
    walls::entry_id newest{};
    std::int64_t stamp = 0; // pollster.stamp() of the entry; 0: not known, so no evidence
};

class seen_heads {
public:
    static constexpr std::size_t most = 1000;

    void add_newest(const seen_head& h);
    // One that may be old: kept only while there is room.
    void add_older(const seen_head& h);
    // One that a client was told about, perhaps before any look saw it. Reads come across old heads
    // all the time; these displace neither the newest heads nor those that looks have seen.
    void add_told(const seen_head& h);
    // A look is complete: looks have seen what was told before the previous one began.
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
    told told_before_;                             // between the two looks before it
};

} // namespace db
