// The comparison of a client's cursors (the local hash) with the global hash: what is new, from
// memory or from the backlog. Thread of the event loop only; nothing of compare() goes deep: parked
// fibers have a page of stack.
#pragma once

#include "walls/backlog.hpp"
#include "walls/global_hash.hpp"
#include "walls/large_news.hpp"
#include "walls/news.hpp"
#include "walls/recent_entries.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace walls {

struct comparison {
    news found;                // in memory, and no larger than one send
    std::vector<cursor> older; // walls with news that are not: for read_backlog()
};

// Up to so many bytes of JSON are built and sent in one piece.
constexpr std::size_t most_in_one_piece = std::size_t{128} * 1024;

// Does not wait. Each cursor gets the epoch that it was compared with, so that whoever parks with
// it hears of another one.
comparison compare(std::span<cursor> local, const global_hash& hash, const recent_entries& recent,
                   const backlog::limits& most);

// The walls that are behind, in the order in which they are served: not always the same first, or a
// wall that fills every answer would starve those behind it; but the same for equal cursors, so
// that clients that are at the same point go on together.
std::vector<cursor> behind(std::span<const cursor> local, const global_hash& hash);

// What has happened to walls since the cursors, for who only wants to know that something has.
// What stands below counts for more: of several walls the one that it is most urgent for is told.
enum class happened : std::uint8_t {
    nothing,
    news,  // entries above a cursor
    reset, // the numbers of a wall have begun anew
    gone,  // the same, and the wall has no entry any more
};

// None: a wall is not known, and has to be looked for (refresher::catch_up()). Does not wait. Each
// cursor gets the epoch that it was compared with.
std::optional<happened> what_happened(std::span<cursor> local, const global_hash& hash);

struct backlog_answer {
    large_news found;
    // Walls of which the database does not have what the hash says: it has to look again.
    std::vector<cursor> missing;
};

// May block. `looked_again`: entries that are still missing are not going to come, and their wall
// begins anew.
result<backlog_answer> read_backlog(std::span<const cursor> local, bool looked_again,
                                    const global_hash& hash, backlog& source);

} // namespace walls
