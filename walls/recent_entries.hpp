// The newest entries of each wall as JSON text, written once and copied into every answer. Thread
// of the event loop only.
#pragma once

#include "fibers/timer_wheel.hpp"
#include "walls/entry.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <span>
#include <string>

namespace walls {

class recent_entries {
public:
    struct limits {
        std::size_t entries_a_wall = 128;
        std::size_t bytes_a_wall =
            std::size_t{256} * 1024; // the newest entry is kept whatever its size
        std::size_t bytes =
            std::size_t{64} * 1024 * 1024; // all walls; the wall that rested longest goes first
    };

    explicit recent_entries(const limits& l)
        : limits_(l)
    {
    }

    void change(const limits& l); // drops at once what there is no room for

    // Entries in order; those already here are passed over. If there is a gap before the first, the
    // wall starts anew with it. An edit or deletion drops what is older, so that nobody is given
    // the old text from here. `committed`: when; max: not known.
    void append(wall_id wall, std::span<const entry> entries,
                fibers::steady_time committed = fibers::steady_time::max());

    struct slice {
        std::string_view json;           // "{…},{…}"; valid until the next append or forget
        bool more = false;               // `most` or `most_bytes` was reached
        entry_id last{};                 // of these entries
        fibers::steady_time committed{}; // the first of them
    };
    // The entries above `last`, at most `most` and at most `most_bytes` of JSON, but one whatever
    // its size; none if the wall is not held back to there, or `last` is its newest.
    std::optional<slice> after(wall_id wall, entry_id last, std::size_t most,
                               std::size_t most_bytes = std::string::npos) const;

    std::optional<entry_id> newest(wall_id wall) const;
    void forget(wall_id wall);
    // Its texts may be others now, though no entry says so.
    void outdate(wall_id wall);
    // Whatever these wrote is gone, and some more: one pass over the walls, one comparison each.
    void forget_by(std::span<const user_id> authors);
    void forget_all();
    // Rises when texts turned out to be others than were appended, by outdate(), forget_by() or
    // forget_all(). What somebody made of them before is not to be shown any more.
    std::uint64_t outdated() const { return outdated_; }
    std::size_t bytes() const { return bytes_; }

private:
    struct position {      // of an entry
        std::size_t start; // in json + dropped
        fibers::steady_time committed;
    };
    struct wall_text {
        std::string json; // entries joined by ","
        std::deque<position> places;
        std::size_t dropped = 0;   // bytes cut off the front so far
        std::uint64_t authors = 0; // a bit for a 64th of all users: who wrote here lately
        entry_id newest{};
        std::list<wall_id>::iterator age;
    };

    void drop_oldest(wall_text& w);
    void drop_wall(wall_id wall);

    limits limits_;
    boost::unordered_flat_map<wall_id, wall_text> walls_;
    std::list<wall_id> by_age_; // front: the longest without an append
    std::size_t bytes_ = 0;     // of all json
    std::uint64_t outdated_ = 0;
};

} // namespace walls
