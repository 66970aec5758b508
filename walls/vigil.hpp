// One who waits for no entries, only for the word that there are some: a request that an
// application has parked (fcgi_app/adapters/park.hpp). It has no session, sees no text and causes
// no read. Otherwise it waits as a delivery does (walls/delivery.hpp), and by the same invariant
// (walls/hub.hpp):
//
//   request fiber   compare: if the hash is fresh for these cursors, or after a look
//                   something has happened -> end;  nothing -> park
//   parked fiber    a stack of which one page is touched: sleep; woken: compare, end
//
// It ends once, and says why. It travels between the fibers as a value. Fibers of the event loop
// only.
#pragma once

#include "walls/hub.hpp"
#include "walls/parked.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace walls {

struct vigil_ending {
    enum class reason : std::uint8_t {
        news,     // a wall has entries above the cursor
        reset,    // the numbers of a wall begin anew; see `epoch` in docs/PROTOCOL.md
        gone,     // a wall that had entries has none any more: it was removed, most likely
        time_up,  // nothing happened until the deadline
        stopping, // the server stops
        full,     // max_parked
        database, // it cannot be looked at: nobody knows
        left,     // the peer: nobody hears it any more
        failed,   // a bug; `what` is for the log
    };
    reason why{};
    bool parked = false; // before; else it was decided on arrival
    std::string what = {};
};

// How the end of a vigil is told. end() is called once, in a fiber, and may block it; all reasons
// but `full` and `failed` may come on the small stack of a parked fiber: nothing deep in it.
// going(): how many have parked, and wait in end(): they hold a place, too.
// on_disconnect(f): as of a delivery's sink (walls/sink.hpp).
template <class S>
concept vigil_sink = std::movable<S> && requires(S s, const vigil_ending& e) {
    s.end(e);
    { s.going() } -> std::convertible_to<std::size_t>;
    s.on_disconnect([] {});
};

template <vigil_sink Sink>
class vigil {
public:
    // Counts as a connected client from here on.
    vigil(hub& h, std::vector<cursor> asked, fibers::steady_time deadline, Sink to)
        : hub_(h)
        , client_(h.connect())
        , local_(std::move(asked))
        , deadline_(deadline)
        , sink_(std::move(to))
    {
    }

    // In a fiber of a request, which may block in it: ends, or hands over to a parked fiber.
    static void run(vigil self)
    {
        try {
            const auto ending = self.compare();
            if (ending && (!self.parked_ || *ending == reason::full)) {
                self.end(*ending);
                return;
            }
            // No wait since the comparison, and none before the park. The end of one that has
            // parked may wait, too, beside many others.
            auto job = [&self, ending] {
                if (ending) {
                    vigil mine(std::move(self));
                    mine.end(*ending);
                } else {
                    park(std::move(self));
                }
            };
            self.hub_.run_parked(job);
        } catch (const std::exception& e) {
            self.end(reason::failed, e.what());
        }
    }

private:
    using reason = vigil_ending::reason;
    enum class next { ended, park, compare };

    // In the list of no user: nobody's limit and nobody's revocation concerns it.
    static constexpr user_id nobody{INT64_MIN};

    // Why it ends; none: it parks, and there was no wait since the comparison.
    std::optional<reason> compare()
    {
        // The cursors were read by somebody else, at a time that is not known: a look after that
        // is not asked for. If a wall has begun anew since, the next look tells.
        constexpr auto long_ago = fibers::steady_time::min();
        for (;;) {
            if (const auto caught_up = hub_.catch_up(local_, long_ago); !caught_up) {
                return hub_.draining() ? reason::stopping : reason::database;
            }
            const auto what = hub_.what_happened(local_);
            if (!what) {
                continue;
            }
            if (*what != happened::nothing) {
                return reason_of(*what);
            }
            if (hub_.draining()) {
                return reason::stopping;
            }
            if (!hub_.has_place(sink_.going())) {
                return reason::full;
            }
            return std::nullopt;
        }
    }

    static void park(vigil self)
    {
        self.parked_ = true;
        next then = next::park;
        while (then == next::park) {
            then = self.after(self.sleep());
        }
        if (then == next::compare) {
            hub& h = self.hub_;
            h.run_request([v = std::move(self)]() mutable { run(std::move(v)); });
        }
    }

    woken sleep()
    {
        parked here(nobody, local_);
        std::vector<cursor>().swap(local_); // `here` has it, without a chunk of heap
        const auto watch = sink_.on_disconnect([&here] { here.wake(woken::gone); });
        const woken why = hub_.park(here, deadline_);
        if (why == woken::risen || why == woken::timed_out || why == woken::access_changed) {
            for (const walls::watch& w : here.watches()) {
                local_.push_back(w.seen);
            }
        }
        return why;
    }

    // Whoever is woken hears of the first reason only, so the hash is asked whatever it was.
    // `park` is returned without a wait since the comparison.
    next after(woken why)
    {
        if (why == woken::gone) {
            return end(reason::left);
        }
        if (why == woken::stopping) {
            return end(reason::stopping);
        }
        // A change of access is none of its business; if it comes with another database, the hash
        // wakes whoever parks again.
        const auto what = hub_.what_happened(local_);
        if (!what) {
            return next::compare; // the wall was forgotten meanwhile
        }
        if (*what != happened::nothing) {
            return end(reason_of(*what));
        }
        return why == woken::timed_out ? end(reason::time_up) : next::park;
    }

    static reason reason_of(happened what)
    {
        switch (what) {
        case happened::gone:
            return reason::gone;
        case happened::reset:
            return reason::reset;
        default:
            return reason::news;
        }
    }

    next end(reason why, std::string what = {})
    {
        if (why != reason::left) {
            client_.answered();
        }
        sink_.end({why, parked_, std::move(what)});
        return next::ended;
    }

    hub& hub_;
    presence::client client_;
    std::vector<cursor> local_;
    fibers::steady_time deadline_;
    bool parked_ = false; // once, at least
    Sink sink_;
};

} // namespace walls
