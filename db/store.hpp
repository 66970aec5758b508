// The database as the routes see it: one method a question, no SQL and no libpqxx in sight.
// Called from fibers; each call runs on a worker thread and blocks only the calling fiber.
// A `result` without a value means an error of the database (503); what a method may answer
// otherwise is in its own type.
#pragma once

#include "walls/sources.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace db {

using walls::result;

struct settings {
    std::string database = "dbname=pollster"; // libpq connection string or URI
    std::string database_read; // the same for a replica that answers reads; empty: the primary does
    // For posts, and as many for reads. Each purpose has connections of its own, each with a
    // thread, so that none can fill another's: store::most_connections() says how many in all.
    std::size_t connections = 4;
    std::size_t waiting_jobs = 10'000; // of a purpose; beyond: db_error_kind::overloaded
    std::size_t waiting_of_user = 100; // of those, one user's; beyond: db_error_kind::too_many
    // Passwords are verified in this process, on threads of low priority.
    std::size_t password_threads = 1;
    std::size_t waiting_sign_ins = 40;       // half of them from one address; beyond: as above
    std::size_t max_sessions_per_user = 100; // a sign-in ends the oldest beyond; 0: no limit
    std::chrono::milliseconds statement_timeout{5000};
    // The look and the sessions wait for nobody's lock and read little: they are to be well again
    // soon, whatever the statements of clients may take.
    static constexpr std::chrono::milliseconds longest_look{3000};
    // A statement that is not answered so much later is not answered at all: its connection is
    // given up.
    static constexpr std::chrono::milliseconds beyond_statement_timeout{1000};
    std::chrono::seconds session_lifetime{30 * 24 * 3600};
    // Of a page of history or of a search, as in walls::page_limits; one post is read whatever its
    // size.
    std::size_t page_bytes = std::size_t{1} << 20;
    // How often the look asks for the version of the schema, besides with each new connection.
    std::chrono::milliseconds schema_asked_every{600'000};
    bool notify = true; // LISTEN for hints; off: the look alone
    // Told what an operator should know, one line; on any thread, must not throw or block for long.
    std::function<void(const std::string&)> warn = [](const std::string&) {};
};

struct signed_in {
    std::string session_id; // 43 characters of base64url, 256 random bits
    walls::user_id user{};
    std::string user_name;
    std::string expires_at; // "2026-01-02T03:04:05.678Z"
    std::size_t ended = 0;  // older sessions of this user, beyond max_sessions_per_user
};

// Who asks, to read or to write. The statement that does it checks the session and the membership:
// whatever the caller remembers of them, nothing that was committed after a revocation is read by
// whom it concerns, nor written.
struct reader {
    std::string session_id;
    walls::user_id user{};
};
enum class denied {
    signed_out, // no such session of this user (any more), or user disabled
    no_member,  // or no such wall
};
template <class T>
using allowed = std::variant<T, denied>;

struct wall_summary {
    walls::wall_id id{};
    std::string name;
    std::string kind; // "chat", "board" or "notices"
    walls::entry_id newest{};
    walls::wall_epoch epoch{};
    std::int64_t unread = 0; // posts of others above the read mark, 1,000 at most
};

struct history {
    std::vector<walls::entry> posts;       // ascending, current state
    std::optional<walls::entry_id> before; // where the next older page ends (exclusive); none left
    walls::entry_id newest{};              // of the same snapshot
    walls::wall_epoch epoch{};
};

struct placed_entry {
    walls::entry entry;
    walls::wall_epoch epoch{}; // of the wall, in a snapshot that has the entry; 0: not known
};

struct new_post {
    walls::wall_id wall{};
    reader author;
    std::string body;       // checked by the caller: 1..65,536 bytes of UTF-8, no NUL
    std::string client_key; // empty: none
    // refresher::access_known() when this was sent, for post_created::access_changed.
    std::string access_known{};
};
struct post_created : placed_entry {
    // Sessions, memberships or users changed since `access_known`, and that was committed before
    // this post: only a look, which finds out who is concerned, may hand out the entry. True in
    // doubt.
    bool access_changed = true;
};
struct post_known : placed_entry {}; // this client_key was posted before: nothing done
struct post_conflict {};             // this client_key was used for another body or wall
struct post_forbidden {
    denied why = denied::no_member;
};
// A column's type or length, a constraint or a trigger behind pollster.posts says no, and will
// again.
struct post_unacceptable {
    std::string why; // for the log, not for the client; without the text
};
using post_outcome =
    std::variant<post_created, post_known, post_conflict, post_forbidden, post_unacceptable>;

struct post_change {
    walls::wall_id wall{};
    reader author;
    walls::post_id post{};
    std::optional<std::string> body; // as new_post's, so not empty; none: delete it
    std::string access_known{};      // as new_post's
};
struct post_changed : placed_entry { // the entry of this change
    bool access_changed = true;      // as post_created's
};
// It had that text, or was deleted by this user, already: the newest entry of this post.
struct post_unchanged : placed_entry {};
struct post_foreign {}; // somebody else's
struct post_missing {};
using change_outcome = std::variant<post_changed, post_unchanged, post_foreign, post_missing,
                                    post_forbidden, post_unacceptable>;

struct search_query {
    walls::wall_id wall{};
    std::string words; // as docs/PROTOCOL.md has q; UTF-8, no NUL
    std::optional<walls::entry_id> before;
    std::size_t limit = 50;
};

struct counters {
    std::uint64_t statements = 0; // SQL statements sent, all connections, since start
    std::uint64_t connects = 0;
    std::uint64_t failures = 0; // jobs that ended with an error
    std::uint64_t given_up = 0; // connections that did not answer by their deadline
    std::size_t waiting = 0;    // jobs waiting for a worker now
    std::size_t waiting_sign_ins = 0;
    // Spent on passwords since start, in the unit of passwords/hash.hpp.
    std::uint64_t password_work = 0;
    int schema = 0;        // the database's version when the look last asked; 0: not yet
    int histories_cut = 0; // how often this process found entries lost, and began a new history
    // Statements sent a second time because a row behind a view of the contract cannot be read, and
    // PostgreSQL's words about the last of them.
    std::uint64_t unreadable = 0;
    std::string unreadable_why{};
};

class store : public walls::feed_source, public walls::access_source {
public:
    // Connections with these settings, the listener's included; the replica has its own.
    static std::size_t most_connections(const settings& s);

    // Connects lazily: a database that is down at start is an error at the first call, not an
    // exception here. Throws std::invalid_argument for a connection string that libpq cannot read.
    static std::unique_ptr<store> open(const settings& s);

    // Wrong name, wrong password and disabled user are the same none, and take the same time.
    // `from`: whose attempts are taken in turn with those of others, an address.
    virtual result<std::optional<signed_in>>
    sign_in(const std::string& name, const std::string& password, const std::string& from = {}) = 0;
    // False: was not signed in (any more), or the user is disabled.
    virtual result<bool> sign_out(const std::string& session_id) = 0;

    virtual result<allowed<std::vector<wall_summary>>> walls_of(const reader& asker) = 0;
    virtual result<allowed<history>> posts_before(const reader& asker, walls::wall_id wall,
                                                  std::optional<walls::entry_id> before,
                                                  std::size_t limit) = 0;
    // Posts with these words, newest last.
    virtual result<allowed<history>> search(const reader& asker, const search_query& wanted) = 0;
    // Entries for clients that were away: with the reads, where entries_after() of the store itself
    // goes with the look.
    virtual walls::entry_source& older_entries() = 0;
    virtual result<allowed<std::int64_t>> mark_read(const reader& asker, walls::wall_id wall,
                                                    walls::entry_id entry) = 0;
    // At least one post, of any walls, in one transaction and on each wall in this order; one that
    // is refused does not stop the others. An answer a post: committed when it is post_created.
    // After an error it may or may not be: the same client_key tells. Routes post through
    // db/post_groups.hpp.
    virtual std::vector<result<post_outcome>> add_posts(std::span<const new_post> posts) = 0;
    result<post_outcome> add_post(const new_post& post)
    {
        return std::move(add_posts({&post, 1}).front());
    }

    // Committed when it returns post_changed; after an error it may or may not be: the same again
    // tells.
    virtual result<change_outcome> change_post(const post_change& change) = 0;

    // Deletes what has had its time: client keys after 24 h, expired sessions, notes about access
    // that every process has seen. Cheap when there is nothing; call it about once an hour. How
    // many rows are gone.
    virtual result<std::size_t> clean_up() = 0;

    // The program stops: every call ends in an error now, whatever the database does. Any thread.
    virtual void give_up() = 0;

    virtual counters count() const = 0; // any thread
    // Is that the process of PostgreSQL that serves one of this store's connections? Any thread.
    virtual bool is_own_backend(int pid) const = 0;
};

} // namespace db
