// The look: what has changed since the last one, in a database that may have become another one
// meanwhile. Internal to db/. take() is for one thread at a time; the others for any.
#pragma once

#include "db/connection.hpp"
#include "db/look_rows.hpp"
#include "db/seen_heads.hpp"
#include "walls/sources.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace db {

class look {
public:
    explicit look(std::chrono::milliseconds schema_asked_every)
        : schema_asked_every_(schema_asked_every)
    {
    }
    // As walls::feed_source::look(). One statement; more after connecting, and when the database
    // turns out to be another one, or to have another history, than at the last look: then it is
    // asked again. Throws what db/connection.hpp says; db_error_kind::unavailable if it was another
    // one `most_attempts` times running.
    walls::changes take(connection& conn, std::span<const walls::wall_id> also);
    static constexpr int most_attempts = 5;

    // Position in the primary's log up to which the last look saw everything, 0 before the first.
    std::uint64_t seen_upto() const { return seen_upto_; }
    // The epoch of the history that the last look saw, 0 before the first.
    std::int64_t history() const { return history_; }
    int schema() const { return schema_; }               // counters::schema
    int histories_cut() const { return histories_cut_; } // counters::histories_cut
    seen_heads& seen() { return seen_; }
    // At the last look, which is no older than `alone_for`, no other process had looked at this
    // database and kept its connection: an entry that this one commits need not be notified to
    // others. Each process that looks holds a lock (shared, advisory, as long as its connection for
    // looks lasts), and a look finds out whether it could have it alone. Another one that begins
    // hears of nothing until we have looked again, or `alone_for` is over, and so looks each second
    // meanwhile (changes::others_unaware). Where advisory locks mean nothing (a pooler between
    // transactions), its regular look is all it has.
    bool is_alone(std::chrono::steady_clock::time_point now) const;
    static constexpr std::chrono::seconds alone_for{2};
    // Since our lock; until then a post may be committed that was sent before it was seen.
    static constexpr std::chrono::seconds noticed_after{10};

private:
    using clock = std::chrono::steady_clock;
    void know_the_server(connection& conn, clock::time_point now);
    void recognise(connection& conn);
    void be_counted(connection& conn);
    void note_counted(bool yes);
    bool goes_on(const look_answer& a);
    walls::changes note(const look_answer& a);

    const std::chrono::milliseconds schema_asked_every_;
    std::string server_;   // the one that snapshot_ is of
    std::string process_;  // likewise: look_position::process
    std::string snapshot_; // of the last look; empty: none that counts
    seen_heads seen_;
    std::set<std::int64_t> left_;  // epochs of histories that this process has seen end
    std::uint64_t newest_xid_ = 0; // look_position::newest_xid of the last look
    std::uint64_t generation_ = 0; // of the connection whose server was recognised; 0: none
    bool counted_ = false;         // the connection of generation_ holds the lock of is_alone()
    clock::time_point counted_since_{};
    std::atomic<clock::time_point> alone_until_{};
    clock::time_point looked_{};
    clock::time_point schema_asked_{};
    std::atomic<std::uint64_t> seen_upto_{0};
    std::atomic<int> schema_{0};
    std::atomic<int> histories_cut_{0};
    std::atomic<std::int64_t> history_{0};
};

} // namespace db
