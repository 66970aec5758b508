// The statement of a look, and what its rows say. Internal to db/.
#pragma once

#include "db/connection.hpp"
#include "db/seen_heads.hpp"
#include "walls/ids.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace db {

// The advisory lock of those who look (db/look.hpp, is_alone()), any number that no other program
// uses: the letters "pollhear" as a bigint. Taken for as long as the connection lasts; could it be
// had alone?
inline constexpr char count_me_text[] = "pg_try_advisory_lock_shared(8101813467526553970)";
inline constexpr char alone_text[] = "pg_try_advisory_xact_lock(8101813467526553970)";

enum class row_kind {
    changed_head, // has changed since the last look
    asked_head,   // was asked for
    // One of the newest heads of the database, remembered as evidence of what it has
    // (db/seen_heads.hpp) and reported to nobody.
    evidence,
    // Notes about what has changed since the last look (pollster.access_changes).
    access_note,     // of a user: sessions, memberships or the user
    members_note,    // of a wall: who may see it
    everybody_note,  // of all users: what they may see
    author_note,     // of a user: the name
    wall_note,       // of a wall: what its entries show, or that it is gone; with its head
    everything_note, // whatever is known does not count any more
};

struct look_row {
    row_kind kind{};
    std::int64_t id = 0; // of the wall or user
    seen_head head{};    // unless the row is a note about a user or about everything
};

// From where the look saw the database.
struct look_position {
    std::string snapshot;              // pg_snapshot
    std::string process;               // process_text of db/rows.hpp
    std::uint64_t newest_xid = 0;      // first transaction that had not begun
    std::uint64_t log = 0;             // position in the primary's log
    std::int64_t history = 0;          // its epoch
    std::chrono::milliseconds clock{}; // of the database, since 1970
    bool alone = false;                // alone_text
};

struct look_answer {
    look_position at;
    std::vector<look_row> rows;
};

// One statement, hence one snapshot, for everything. `since`: the snapshot of the last look; empty:
// nothing that changed is asked for, but evidence. Throws what db/connection.hpp says.
look_answer ask_look(connection& conn, std::span<const walls::wall_id> also,
                     const std::string& since);

} // namespace db
