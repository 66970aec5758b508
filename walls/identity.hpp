// Who asks and which walls are his to see, as it was when it was read. Immutable.
#pragma once

#include "walls/ids.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace walls {

// How a server knows, and so what it asks the database when somebody reads.
enum class grounds : std::uint8_t {
    session,      // a row of the sessions: the walls that its user is a member of
    signed_user,  // a token that names a user: the same walls
    signed_walls, // a token that names the walls, and maybe a user: for reading only
    open_walls,   // nothing: the walls that are open, for reading only
};

// Whom a token without a user, or no token, stands for: many at once, of whom only the address
// tells one from the other. What concerns the access of guests is noted of this user.
inline constexpr user_id guest{0};

struct identity {
    user_id user{};
    std::string token; // kept here, a parked poll needs no copy of its own; of open_walls none
    std::string user_name;
    std::vector<wall_id> walls; // ascending
    grounds by = grounds::session;
    // The end of the session or token. `expires` is what the database has written down, for people
    // to see: the years 1 to 9999, which stand for all before and after. What counts is `ends`: on
    // our steady clock, by what was left of it on the database's when it was read. So no clock of
    // this host has a say, and a session that is past it is asked for again, not ended.
    std::chrono::sys_time<std::chrono::milliseconds> expires;
    std::chrono::steady_clock::time_point ends;
    std::chrono::steady_clock::time_point read_at; // not before the database said all this

    bool may_write() const { return by == grounds::session || by == grounds::signed_user; }
    bool is_signed() const { return by == grounds::signed_user || by == grounds::signed_walls; }
    bool may_see(wall_id wall) const
    {
        return std::binary_search(walls.begin(), walls.end(), wall);
    }
};

using identity_ptr = std::shared_ptr<const identity>;

} // namespace walls
