// One waiting client: who it is, where it stands, until when it waits, and how its answers leave.
//
//   request fiber   compare: if the hash is fresh for these cursors, or after a look
//                   news -> write;  nothing new -> park
//   parked fiber    a stack of which one page is touched: sleep
//                   woken, and the new entries are at hand -> write; sleep again, if the sink goes
//                   on
//   request fiber   anything else: from the first step again; what is large, or has to be read,
//                   waits for room first (walls::answer_room)
//
// It travels between the fibers as a value. Fibers of the event loop only. walls/hub.hpp says why
// nothing is missed.
//
// How its answers leave is the business of its sink (walls/sink.hpp).
#pragma once

#include "walls/hub.hpp"
#include "walls/parked.hpp"
#include "walls/sink.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walls {

template <sink Sink>
class delivery {
public:
    // `asked`: the client's cursors. Walls that `who` may not see are left out for as long as that
    // is so. `known`: the number of the walls of `who`, if the client wants to hear when it
    // changes; else at least one of `asked` is to be seen. Counts as a connected client from here
    // on.
    delivery(hub& h, identity_ptr who, std::vector<cursor> asked,
             std::optional<access_number> known, fibers::steady_time deadline, Sink to)
        : hub_(h)
        , client_(h.connect())
        , who_(std::move(who))
        , local_(std::move(asked))
        , known_(known)
        , deadline_(deadline)
        , sink_(std::move(to))
    {
        keep_visible();
    }

    // In a fiber of a request, which may block in it: writes to the sink, or hands over to a parked
    // fiber.
    static void run(delivery self)
    {
        try {
            if (self.compare() == next::ended) {
                return;
            }
            // No wait since the comparison, and none before the park.
            if (const auto full = self.why_no_place()) {
                self.end({*full});
                return;
            }
            auto job = [&self] { park(std::move(self)); };
            self.hub_.run_parked(job);
        } catch (const std::exception& e) {
            self.end({ending::reason::failed, std::nullopt, e.what()});
        }
    }

private:
    enum class next { ended, park, compare };

    // Every wait in here may have let something happen: access may have changed, so it is asked for
    // again before anything is written or parked. `park` is returned without a wait since the
    // comparison.
    next compare()
    {
        answer_room::share room; // of an answer that is large, or has to be read
        for (int looked_again = 0;;) {
            if (!hub_.still_valid(who_) && !identify_again()) {
                return next::ended;
            }
            if (const auto caught_up = hub_.catch_up(local_, who_->read_at); !caught_up) {
                return end({ending::reason::database, caught_up.error()});
            }
            if (!hub_.still_valid(who_)) {
                continue;
            }
            if (sink_.full()) {
                room.release();
                sink_.wait_until_it_reads();
                continue;
            }
            comparison c = hub_.compare(local_);
            if (c.older.empty()) {
                if (!c.found.any()) {
                    return next::park;
                }
                if (!write(c.found)) {
                    return next::ended;
                }
                if (time_is_up()) {
                    return end({ending::reason::time_up});
                }
                continue;
            }
            if (const auto needed = hub_.room_for(local_); room.bytes() < needed) {
                room.release();
                room = hub_.take_room(who_->user, needed);
                if (sink_.gone()) {
                    return end({ending::reason::gone});
                }
                if (!room) {
                    return end({ending::reason::stopping});
                }
                continue;
            }
            const auto read = hub_.read_backlog(local_, looked_again > 0);
            if (!read) {
                return end({ending::reason::database, read.error()});
            }
            if (!hub_.still_valid(who_)) {
                continue;
            }
            if (!read->missing.empty()) {
                if (const auto looked = look_again(read->missing, ++looked_again); !looked) {
                    return end({ending::reason::database, looked.error()});
                }
                continue;
            }
            room.keep(read->found.bytes());
            if (!write(read->found)) {
                return next::ended;
            }
            room.release();
            looked_again = 0;
            if (time_is_up()) {
                return end({ending::reason::time_up});
            }
        }
    }

    std::optional<ending::reason> why_no_place()
    {
        switch (hub_.admit(who_->user)) {
        case hub::admission::full:
            return ending::reason::too_many;
        case hub::admission::full_of_guests:
            return ending::reason::too_many_guests;
        case hub::admission::granted:
            break;
        }
        return sink_.may_wait() ? std::nullopt : std::optional(ending::reason::too_many_there);
    }

    // The job of a parked fiber: sleeps, then writes, or goes on in a request fiber. Nothing in it
    // may go deep: each page of stack that is touched costs 4 KiB for each of a million.
    static void park(delivery self)
    {
        next then = next::park;
        while (then == next::park) {
            then = self.after(self.sleep());
        }
        if (then == next::compare) {
            hub& h = self.hub_;
            h.run_request([d = std::move(self)]() mutable { run(std::move(d)); });
        }
    }

    woken sleep()
    {
        parked here(who_->user, local_);
        std::vector<cursor>().swap(local_); // `here` has it, without a chunk of heap
        const auto watch = sink_.on_disconnect([&here] { here.wake(woken::gone); });
        // The session may have got another end since the delivery began.
        const auto until = std::min({deadline_, who_->ends, sink_.quiet_until()});
        const woken why = hub_.park(here, until);
        was_parked_ = true;
        for (const walls::watch& w : here.watches()) {
            local_.push_back(w.seen);
        }
        return why;
    }

    // What was awake while this slept may have changed everything: whoever is woken hears of the
    // first reason only. `park` is returned without a wait since the comparison.
    next after(woken why)
    {
        if (why == woken::gone) {
            return end({ending::reason::gone});
        }
        if (why == woken::stopping) {
            return end({ending::reason::stopping});
        }
        const auto now = std::chrono::steady_clock::now();
        const bool quiet = sink_.quiet_until() <= now && now < deadline_;
        if (why == woken::timed_out && who_->ends > now && !quiet) {
            return end({ending::reason::time_up});
        }
        if (!hub_.still_valid(who_)) { // so it is whenever access has changed
            return next::compare;
        }
        if (quiet && !sink_.full()) {
            sink_.keep_alive();
        }
        while (!sink_.full()) {
            comparison c = hub_.compare(local_);
            if (!c.older.empty()) {
                break;
            }
            if (!c.found.any()) {
                return next::park;
            }
            if (!write(c.found)) {
                return next::ended;
            }
            if (time_is_up()) {
                return end({ending::reason::time_up});
            }
        }
        return next::compare;
    }

    // True: the delivery goes on, from where the client stands now.
    bool write(news& n)
    {
        const position now = reached(n.reached());
        sink_.write(n.finish(), now);
        if (was_parked_) {
            hub_.delivered(n.committed());
        }
        return goes_on();
    }
    bool write(const large_news& n)
    {
        const position now = reached(n.reached());
        auto parts = n.parts();
        sink_.write(std::span(parts), n.bytes(), now);
        return goes_on();
    }
    position reached(std::span<const cursor> news)
    {
        client_.answered();
        if (sink_.goes_on()) {
            for (const cursor& now : news) {
                for (cursor& mine : local_) {
                    mine = mine.wall == now.wall ? now : mine;
                }
            }
        }
        return {local_, hidden_};
    }
    bool goes_on()
    {
        if (!sink_.goes_on()) {
            return false;
        }
        client_.waits_again();
        return true;
    }

    // Of one that is written to again and again, and never parks.
    bool time_is_up() const { return deadline_ <= std::chrono::steady_clock::now(); }

    next end(const ending& e)
    {
        if (e.why != ending::reason::gone) {
            client_.answered();
        }
        sink_.end(e);
        return next::ended;
    }

    // The session is not what it was, or not known any more; what has changed is told. False: this
    // was the end.
    bool identify_again()
    {
        auto found = hub_.ask_again(*who_);
        if (!found) {
            end({ending::reason::database, found.error()});
            return false;
        }
        if (!*found) {
            end({ending::reason::signed_out});
            return false;
        }
        who_ = *found;
        const auto [lost, won] = keep_visible();
        was_parked_ = false;
        const auto now = known_ ? std::optional(access_number_of(*who_)) : std::nullopt;
        if (now != known_) {
            client_.answered();
            sink_.access_changed(lost, won, now);
            known_ = now;
            if (!goes_on()) {
                return false;
            }
        } else if (!(lost.empty() && won.empty())) {
            sink_.access_changed(lost, won, std::nullopt);
        }
        if (local_.empty() && !known_) {
            end({ending::reason::no_wall});
            return false;
        }
        return true;
    }

    struct walls_changed {
        std::vector<wall_id> lost;
        std::vector<wall_id> won;
    };
    // A wall that is lost, or was asked for too early, waits in hidden_: it may be gained. 24 bytes
    // each, of as many as a request may name. Guests are too many for that.
    walls_changed keep_visible()
    {
        const std::size_t most_hidden = who_->user == guest ? 64 : SIZE_MAX;
        std::vector<wall_id> lost;
        std::vector<wall_id> won;
        const auto visible = [this](const cursor& c) { return who_->may_see(c.wall); };
        const auto gained = std::partition(hidden_.begin(), hidden_.end(), std::not_fn(visible));
        std::transform(gained, hidden_.end(), std::back_inserter(won), &wall_of);
        local_.insert(local_.end(), gained, hidden_.end());
        hidden_.erase(gained, hidden_.end());
        std::erase_if(local_, [&](const cursor& c) {
            if (visible(c)) {
                return false;
            }
            lost.push_back(c.wall);
            if (hidden_.size() < most_hidden) {
                hidden_.push_back(c);
            }
            return true;
        });
        return {std::move(lost), std::move(won)};
    }
    static wall_id wall_of(const cursor& c) { return c.wall; }

    // Whatever the reason is that the hash and the database differ, the client does not ask again
    // in vain.
    result<void> look_again(std::span<const cursor> missing, int times)
    {
        constexpr int enough = 3;
        if (times > enough) {
            return db_error{db_error_kind::unavailable, "a wall begins anew again and again"};
        }
        return hub_.look_again(missing);
    }

    hub& hub_;
    presence::client client_;
    identity_ptr who_;
    std::vector<cursor> local_;
    std::vector<cursor> hidden_;         // of walls that `who_` may not see
    std::optional<access_number> known_; // to the client; none: it does not ask
    fibers::steady_time deadline_;
    bool was_parked_ = false; // since `who_` was read: what is new was committed while it waited
    Sink sink_;
};

} // namespace walls
