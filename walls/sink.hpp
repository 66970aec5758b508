// How the answers of one kind of client leave (a poll, a stream): what a delivery
// (walls/delivery.hpp) writes to. A sink is movable, with the members that the concept below names.
// Fibers of the event loop only.
//
//   write(json, now)          an answer in one piece; `now`: where the client stands with it (of a
//                             sink that goes on)
//   write(parts, bytes, now)  a large one; the parts stay where they are until it returns. May
//                             block
//   goes_on()                 may another write follow? Never after the first one of a poll
//   may_wait()                may it wait now? Asked before it parks, as often as it does: what
//                             strangers at one address may have together is the sink's business
//   quiet_until()             when keep_alive() is due, if nothing is written before
//   keep_alive()              the connection must not look dead
//   access_changed(lost, gained, now)  walls among those that the client asked for; `now`: what the
//                             client has to know instead of the number that it said, if it is
//                             another one (walls/access_number.hpp): an answer, the only one of a
//                             poll
//   end(ending)               the last word: there was nothing (more) to write
//   full()                    so much waits for the peer that a write would have to wait, too
//   wait_until_it_reads()     blocks meanwhile
//   gone()                    the peer has left
//   on_disconnect(f)          an object; while it lives, f is called when the peer leaves, or at
//                             once if it has left
//
// Unless the peer is full(), only the second write() waits. keep_alive(), the first write() and the
// ends time_up, stopping and gone run on the small stack of a parked fiber: nothing deep in them.
#pragma once

#include "fibers/timer_wheel.hpp"
#include "walls/access_number.hpp"
#include "walls/db_error.hpp"
#include "walls/sources.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace walls {

// Why a delivery ended without (further) news.
struct ending {
    enum class reason {
        time_up,         // the deadline, or too many of this user's are parked
        stopping,        // the server stops
        gone,            // the peer left: nobody hears it any more
        signed_out,      // the session has ended
        no_wall,         // the user may see none of the walls any more
        database,        // `error` says what it has
        too_many,        // max_parked
        too_many_guests, // max_parked_guests
        too_many_there,  // the sink says so: may_wait()
        failed,          // a bug; `what` is for the log
    };
    reason why{};
    std::optional<db_error> error = std::nullopt;
    std::string what = {};
};

// The cursors of a client.
struct position {
    std::span<const cursor> visible;
    std::span<const cursor> hidden; // of walls that it may not see (now)
};

template <class S>
concept sink = std::movable<S> &&
               requires(S s, std::string_view json, std::span<std::string_view> parts,
                        std::size_t bytes, const position& now, std::span<const wall_id> walls,
                        std::optional<access_number> access, const ending& e) {
                   s.write(json, now);
                   s.write(parts, bytes, now);
                   { s.goes_on() } -> std::same_as<bool>;
                   { s.may_wait() } -> std::same_as<bool>;
                   { s.quiet_until() } -> std::same_as<fibers::steady_time>;
                   s.keep_alive();
                   s.access_changed(walls, walls, access);
                   s.end(e);
                   { s.full() } -> std::same_as<bool>;
                   s.wait_until_it_reads();
                   { s.gone() } -> std::same_as<bool>;
                   s.on_disconnect([] {});
               };

} // namespace walls
