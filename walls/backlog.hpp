// What a client that is behind gets: pages of entries as JSON text, each read and written once for
// all who ask for it at the same moment and kept for a second after that. Two hundred clients that
// come back with the same cursors cost one read, and share its text. From the recent entries if
// they reach back so far, else from the source. Thread of the event loop only; after() blocks the
// calling fiber.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/step_gate.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/answer_room.hpp"
#include "walls/global_hash.hpp"
#include "walls/recent_entries.hpp"
#include "walls/sources.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace walls {

// Immutable, shared by the answers that it is part of.
struct page_text {
    std::string json;         // "{…},{…}"; empty: nothing after all
    entry_id last{};          // of these entries
    bool more = false;        // a limit was reached before the newest entry
    wall_epoch epoch{};       // that the entries are of
    bool behind_hash = false; // the source did not have what the hash knew before the read
};
using page_ptr = std::shared_ptr<const page_text>;

class backlog {
public:
    struct limits {
        std::size_t entries = page_limits().entries;       // of a wall in one answer
        std::size_t wall_bytes = page_limits().wall_bytes; // of JSON, a wall in one answer
        std::size_t answer_bytes = page_limits().bytes;    // of JSON, an answer; and of a read
        std::size_t kept_bytes = std::size_t{1} << 24;     // of JSON, pages kept for a moment
    };
    struct parts {
        entry_source& source;
        const global_hash& hash;
        const recent_entries& recent;
        answer_room& room; // what is kept is counted there
        fibers::step_gate& steps;
    };

    backlog(const parts& p, const limits& l)
        : parts_(p)
        , limits_(l)
    {
    }

    // Pages of the first of these walls, in this order: as many as an answer may have bytes, and at
    // least one. A single entry that is larger is an answer, too. Nothing newer than the global
    // hash: only a look tells whether the client may still see it.
    result<std::vector<page_ptr>> after(std::span<const cursor> behind);

    // What the caller has to find room for before it asks: the texts, if they are at hand; else an
    // answer as it is read, and as text.
    std::size_t room_for(std::span<const cursor> behind) const;
    void change(const limits& l) { limits_ = l; } // for those who ask from now on
    const limits& most() const { return limits_; }

    void forget_old(fibers::steady_time now); // pages whose second is over
    std::size_t kept_bytes() const { return kept_bytes_; }

private:
    struct by_cursor { // whatever epoch the client has said: it has been compared
        std::size_t operator()(const cursor& c) const noexcept;
        bool operator()(const cursor& a, const cursor& b) const noexcept
        {
            return a.wall == b.wall && a.last == b.last;
        }
    };
    // Good while the wall has this head: an edit or a deletion raises it, and the texts before it
    // may be others. And while nothing else says that texts are others.
    struct kept_page {
        page_ptr page;
        entry_id newest{};
        wall_epoch epoch{};
        std::uint64_t outdated = 0; // parts::recent.outdated()
        fibers::steady_time read{};
        std::list<cursor>::iterator place; // in kept_order_
    };
    using pages = boost::unordered_flat_map<cursor, page_ptr, by_cursor, by_cursor>;
    struct question {
        std::span<const cursor> behind;
        std::vector<page_ptr> found; // of the first of them
        std::size_t bytes = 0;
        bool full = false; // the next page does not fit
        std::optional<db_error> failed;
        fibers::sleeper turn;

        bool done() const { return full || failed || found.size() == behind.size(); }
    };

    void fill(question& q, const pages& fresh, fibers::steady_time now);
    page_ptr known(const cursor& c, const pages& fresh, fibers::steady_time now);
    bool at_hand(const cursor& c, fibers::steady_time now) const;
    void load_some();
    std::vector<cursor> wanted(fibers::steady_time now) const;
    std::shared_ptr<page_text> write(const page& p);
    const kept_page* kept(const cursor& c, fibers::steady_time now) const;
    void keep(const cursor& c, const page_ptr& p, std::uint64_t outdated, fibers::steady_time read);
    void drop_oldest();

    const parts parts_;
    limits limits_;
    std::vector<question*> asking_; // in turn
    bool loading_ = false;
    boost::unordered_flat_map<cursor, kept_page, by_cursor, by_cursor> kept_;
    std::list<cursor> kept_order_; // the oldest in front
    std::size_t kept_bytes_ = 0;
};

} // namespace walls
