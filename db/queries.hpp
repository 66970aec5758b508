// The store's questions, by subject; each runs on one connection, on a worker thread. Internal to
// db/. They throw what db/connection.hpp says; the pool makes a walls::db_error of it.
#pragma once

#include "db/connection.hpp"
#include "db/seen_heads.hpp"
#include "db/store.hpp"

#include <pqxx/except>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace db {

// look.cpp: what changed since the last look. One thread at a time.
class looker {
public:
    explicit looker(std::chrono::milliseconds schema_asked_every)
        : schema_asked_every_(schema_asked_every)
    {
    }
    walls::changes look(connection& conn, std::span<const walls::wall_id> also);
    // Position in the primary's log up to which the last look saw everything, 0 before the first.
    // Any thread.
    std::uint64_t seen_upto() const { return seen_upto_; }
    // counters::schema. Any thread.
    int schema() const { return schema_; }
    // counters::histories_cut. Any thread.
    int histories_cut() const { return histories_cut_; }
    // The epoch of the history that the last look saw, 0 before the first. Any thread.
    std::int64_t history() const { return history_; }
    seen_heads& seen() { return seen_; }

private:
    using clock = std::chrono::steady_clock;
    void recognise(connection& conn);
    void ask_schema(connection& conn, clock::time_point now);
    // None: not the history that was expected, or nothing that is known counts any more; ask again.
    std::optional<walls::changes> look_once(connection& conn, std::span<const walls::wall_id> also);

    const std::chrono::milliseconds schema_asked_every_;
    std::string server_;   // the one that snapshot_ is of
    std::string process_;  // likewise: process_text
    std::string snapshot_; // of the last look; empty: none that counts
    seen_heads seen_;
    std::set<std::int64_t> left_;  // epochs of histories that this process has seen end
    std::uint64_t newest_xid_ = 0; // first transaction that had not begun then
    std::uint64_t generation_ = 0; // of the connection that was recognised
    clock::time_point looked_{};
    clock::time_point schema_asked_{};
    std::atomic<std::uint64_t> seen_upto_{0};
    std::atomic<int> schema_{0};
    std::atomic<int> histories_cut_{0};
    std::atomic<std::int64_t> history_{0};
};

// own_entries.cpp
struct own_entry {
    walls::wall_id wall{};
    placed_entry* what = nullptr;
};
// For entries that are committed: fills in the epochs of their walls, and notes in `seen` that they
// were there. Was anything noted (access_changes) and committed that the look with this
// changes::position did not see? True in doubt, also after an error: never throws.
bool after_commit(connection& conn, const std::string& position, std::span<const own_entry> own,
                  seen_heads& seen) noexcept;

// entries.cpp. What tells the newest entry of a wall notes it in `seen`: the client may know it
// before any look does.
std::vector<walls::page> entries_after(connection& conn, std::span<const walls::cursor> cursors,
                                       const walls::page_limits& most, seen_heads& seen);
struct page_size { // of history
    std::size_t posts;
    std::size_t bytes; // as in walls::page_limits
};
allowed<history> posts_before(connection& conn, const reader& asker, walls::wall_id wall,
                              std::optional<walls::entry_id> before, const page_size& most,
                              seen_heads& seen);
allowed<std::vector<wall_summary>> walls_of(connection& conn, const reader& asker,
                                            seen_heads& seen);
allowed<std::int64_t> mark_read(connection& conn, const reader& asker, walls::wall_id wall,
                                walls::entry_id entry);
// Has this replica replayed the primary's log up to there, of the history with this epoch? False
// for a server that is no replica (any more).
bool has_replayed(connection& conn, std::uint64_t position, std::int64_t history);

// access.cpp
std::vector<walls::identity_ptr> find_identities(connection& conn,
                                                 std::span<const std::string> tokens);
struct stored_password {
    walls::user_id user{}; // 0: there is nobody of this name
    std::string hash;      // as passwords/hash.hpp reads it; empty: none
    bool disabled = false;
    std::string stand_in; // the hash of somebody else, to be verified if `hash` is not; or empty
};
stored_password password_of(connection& conn, const std::string& name);
// None: the user was disabled, or has another password, since `owner` was read.
std::optional<signed_in> add_session(connection& conn, const stored_password& owner,
                                     std::chrono::seconds lifetime, std::size_t most);
bool sign_out(connection& conn, const std::string& session_id);

// unacceptable.cpp: the outcome, if the error says that the database does not take what was
// written.
std::optional<post_unacceptable> unacceptable(const pqxx::sql_error& e);

// posting.cpp
// At least one. Fills in each outcome once it is committed, so what is filled in when this throws
// is true; what is empty when it does not throw was committed and could not be read.
void add_posts(connection& conn, std::span<const new_post> posts,
               std::span<std::optional<post_outcome>> outcomes);
// At most so many rows of each kind; how many in all.
std::size_t clean_up(connection& conn, std::size_t batch);

// changes.cpp
change_outcome change_post(connection& conn, const post_change& change);

// migrate.cpp: number of the newest migration in the database.
int recorded_version(connection& conn);

// search.cpp
allowed<history> search(connection& conn, const reader& asker, const search_query& wanted,
                        std::size_t bytes, seen_heads& seen);

} // namespace db
