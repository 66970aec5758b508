// What walls/ wants to know from a database, without naming one. db/ implements both interfaces;
// tests fake them. Every function is called from a fiber, blocks only that fiber, and reports
// database errors as values.
#pragma once

#include "walls/db_error.hpp"
#include "walls/entry.hpp"
#include "walls/identity.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace walls {

struct head {
    wall_id wall{};
    entry_id newest{}; // 0: no entry yet
    wall_epoch epoch{};
};

struct cursor {
    wall_id wall{};
    entry_id last{};
    wall_epoch epoch{}; // 0: not said; without meaning while `last` is 0
};

// Do the wall's entries go on from there? A client that holds nothing may always begin.
constexpr bool goes_on(const cursor& c, entry_id newest, wall_epoch epoch)
{
    return c.last == entry_id{0} ||
           (c.last <= newest && (c.epoch == wall_epoch{0} || c.epoch == epoch));
}

// Of one read of entries. Bytes are those of the stored texts and names with 300 more an entry, so
// JSON may have up to six times as many. Each of the two goes up to one entry beyond, so there is
// always one of the first wall that has any.
struct page_limits {
    // Not explicit: callers that read a few small entries name only their number.
    page_limits(std::size_t most_entries = 100, std::size_t most_wall_bytes = std::size_t{1} << 18,
                std::size_t most_bytes = std::size_t{1} << 20)
        : entries(most_entries)
        , wall_bytes(most_wall_bytes)
        , bytes(most_bytes)
    {
    }

    std::size_t entries;    // of a wall
    std::size_t wall_bytes; // of a wall
    std::size_t bytes;      // of all; the walls that were not reached are told `more`
};

// What changed since the previous look, plus what was asked for.
struct changes {
    std::vector<head> heads;
    std::vector<user_id>
        access_changed; // sessions, memberships or users that were changed by anybody
    std::vector<wall_id> members_changed; // somebody may have lost them, and it is not known who
    bool everybody_changed = false;       // the same of all walls and sessions
    std::vector<user_id> authors;         // whose entries show another name now
    std::vector<wall_id> outdated; // whose entries show something else now; their heads are told
    wall_epoch history{};          // the epoch of walls without an entry
    // The source could not tell what changed (first look, restored database): `heads` holds only
    // what was asked for, and everything that is cached about walls and users is to be asked for
    // again.
    bool forget_everything = false;
    // Up to where `access_changed` tells everything, in the source's own words; see
    // db::new_post::access_known.
    std::string position;
    // Other processes may not know yet that this one looks, and announce nothing: look again within
    // a second.
    bool others_unaware = false;
    // The source's clock during the look; none: it has none.
    std::optional<std::chrono::sys_time<std::chrono::milliseconds>> now;
};

class entry_source {
public:
    virtual ~entry_source() = default;
    // For each cursor the entries above it, ascending, in the order of the cursors until the limits
    // are reached: one SQL statement however many cursors.
    virtual result<std::vector<page>> entries_after(std::span<const cursor> cursors,
                                                    const page_limits& most) = 0;
};

// The entries of this one are those that the look has just heard of: they wait for nothing that
// clients ask for.
class feed_source : public entry_source {
public:
    // Heads that changed since the last successful call, and the heads of `also`; a head may also
    // have fallen or have another epoch. One read transaction. A wall of `also` that does not exist
    // is absent from the answer. Called by one fiber at a time (the refresher).
    virtual result<changes> look(std::span<const wall_id> also) = 0;
};

class access_source {
public:
    virtual ~access_source() = default;
    // For each token its owner (with that token), or null for a token that is unknown, expired or
    // whose user is disabled; the empty one is nobody's. The answer has the order and size of
    // `tokens`. One SQL statement for those of sessions and one for the others, however many.
    virtual result<std::vector<identity_ptr>>
    find_identities(std::span<const std::string> tokens) = 0;
    // Whoever has no token: of grounds::open_walls, with the walls that are open, maybe none. A
    // question of its own, so that nothing that a client sends can be taken for it.
    virtual result<identity_ptr> find_guest() = 0;
};

} // namespace walls
