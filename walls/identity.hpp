// Who a session belongs to and which walls that user may see, as it was when it was read.
// Immutable.
#pragma once

#include "walls/ids.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace walls {

struct identity {
    user_id user{};
    std::string token; // of the session; kept here, a parked poll needs no copy of its own
    std::string user_name;
    std::vector<wall_id> walls; // ascending
    // The end of the session. `expires` is what the database has written down, for people to see:
    // the years 1 to 9999, which stand for all before and after. What counts is `ends`: on our
    // steady clock, by what was left of it on the database's when it was read. So no clock of this
    // host has a say, and a session that is past it is asked for again, not ended.
    std::chrono::sys_time<std::chrono::milliseconds> expires;
    std::chrono::steady_clock::time_point ends;
    std::chrono::steady_clock::time_point read_at; // not before the database said all this

    bool may_see(wall_id wall) const
    {
        return std::binary_search(walls.begin(), walls.end(), wall);
    }
};

using identity_ptr = std::shared_ptr<const identity>;

} // namespace walls
