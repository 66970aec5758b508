// The statements behind db/sessions.hpp and db/posts.hpp, by subject; each function uses one
// connection, on a worker thread. Internal to db/. They throw what db/connection.hpp says; the pool
// makes a walls::db_error of it, so an answer here is a value or a `denied`.
#pragma once

#include "db/connection.hpp"
#include "db/posts.hpp"
#include "db/seen_heads.hpp"
#include "db/sessions.hpp"

#include <pqxx/except>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace db {

// own_entries.cpp
struct own_entry {
    walls::wall_id wall{};
    written_entry* what = nullptr;
};
// For entries that are committed: fills in the epochs of their walls, and adds the entries to
// `seen`. Returns whether a change of access was committed that the look with this
// changes::position did not see. True in doubt, also after an error: never throws.
bool after_commit(connection& conn, const std::string& position, std::span<const own_entry> own,
                  seen_heads& seen) noexcept;

// entries.cpp. Whatever returns the newest entry of a wall also adds it to `seen`: the client may
// learn of it before any look does.
std::vector<walls::page> entries_after(connection& conn, std::span<const walls::cursor> cursors,
                                       const walls::page_limits& most, seen_heads& seen);
struct page_size { // of history
    std::size_t posts;
    std::size_t bytes; // as in walls::page_limits
};
answer<history> posts_before(connection& conn, const reader& asker, walls::wall_id wall,
                             std::optional<walls::entry_id> before, const page_size& most,
                             seen_heads& seen);
answer<std::vector<wall_summary>> walls_of(connection& conn, const reader& asker, seen_heads& seen);
answer<std::vector<wall_summary>> walls_read(connection& conn, const reader& asker,
                                             std::span<const walls::wall_id> walls,
                                             seen_heads& seen);
answer<std::int64_t> mark_read(connection& conn, const reader& asker, walls::wall_id wall,
                               walls::entry_id entry);
// Has this replica replayed the primary's log up to there, of the history with this epoch? False
// for a server that is no replica (any more).
bool has_replayed(connection& conn, std::uint64_t position, std::int64_t history);

// access.cpp
std::vector<walls::identity_ptr> find_identities(connection& conn,
                                                 std::span<const std::string> tokens);
std::vector<std::shared_ptr<walls::identity>> find_named(connection& conn,
                                                         std::span<const named> who);
walls::identity_ptr find_guest(connection& conn);
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

// unacceptable.cpp: none if the error has other causes than what was to be written.
std::optional<failure> unacceptable(const pqxx::sql_error& e);

// posting.cpp
// At least one. Fills in each answer once it is committed, so what is filled in when this throws is
// true; what is empty when it does not throw was committed and could not be read. `heard`: is there
// anybody to be notified, besides this process? Asked of a lone post only.
void add_posts(connection& conn, std::span<const new_post> posts, bool heard,
               std::span<std::optional<answer<written_entry>>> answers);
// At most so many rows of each kind; how many in all.
std::size_t clean_up(connection& conn, std::size_t batch);

// changes.cpp
answer<written_entry> change_post(connection& conn, const post_change& change);

// migrate.cpp: number of the newest migration in the database.
int recorded_version(connection& conn);

// search.cpp
answer<history> search(connection& conn, const reader& asker, const search_query& wanted,
                       std::size_t bytes, seen_heads& seen);

} // namespace db
