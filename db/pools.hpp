// The connections of a database by purpose, so that nothing that clients ask for delays a delivery,
// and no purpose can use up the connections of another. Internal to db/.
#pragma once

#include "db/pool.hpp"
#include "db/settings.hpp"
#include "walls/identity.hpp"

#include <cstddef>
#include <memory>

namespace db {

// Whose turn a call takes in the queue of a pool. All guests together are one.
inline fibers::asker asker_of(walls::user_id user)
{
    constexpr auto guests = static_cast<fibers::asker>(-1);
    return user == walls::guest ? guests : static_cast<fibers::asker>(number(user));
}

struct pools {
    explicit pools(const settings& s); // throws as database::database() does

    std::size_t waiting() const; // jobs; any thread

    db::meters meters;
    db::deadlines deadlines;
    // One connection each, and for statements that may not take long.
    pool look;     // and the entries that the look has reported
    pool sessions; // whose is a token
    // settings::connections each. Of the reads one user has at most half at a time.
    pool posts;
    pool reads; // history, searches, lists of walls, older entries
    // Two each, so that one that hangs does not stop the others; one user has one at a time.
    pool changes;  // edits and deletions
    pool sign_ins; // and read marks, ends of sessions, clean-up: what is neither read nor posted
    std::unique_ptr<pool> replica; // as `reads`; none: there is no replica
};

} // namespace db
