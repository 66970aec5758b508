// Administration without SQL: what `pollster user|wall|grant|revoke|session …` does. Blocking; for
// the command line and for tests, never for a fiber. One connection, opened by connect(); one
// thread at a time uses an object.
//
// Errors are values: one sentence for a person, without a newline ("There is no user called
// "bob"."). Each call is one transaction, done as a whole or not at all. It works through the views
// of the schema `pollster`, so for an application that defines them over its own tables these
// commands work as far as its views can be written to.
#pragma once

#include "db/settings.hpp"
#include "walls/ids.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace db {

struct refusal {
    std::string sentence;
};
template <class T>
using outcome = boost::system::result<T, refusal>;

[[noreturn]] void throw_exception_from_error(const refusal& r, const boost::source_location&);

struct user_row {
    walls::user_id id{};
    std::string name;
    bool disabled = false;
    bool has_password = false;
    std::vector<std::string> walls; // names, ascending
    std::int64_t sessions = 0;      // not expired
};

struct wall_row {
    walls::wall_id id{};
    std::string name;
    std::string kind;
    walls::entry_id newest{};
    std::vector<std::string> members; // names, ascending
};

struct session_row {
    std::string id; // the first 16 hex digits of the token's hash: names the session without being
                    // a credential
    std::string user_name;
    std::string created_at; // "2026-01-02T03:04:05.678Z"
    std::string expires_at;
};

struct demo_user {
    std::string name;
    std::string password; // empty: the user existed already and kept the password
};

// What `pollster repair` did on a wall.
struct repaired_wall {
    walls::wall_id id{};
    std::int64_t posts = 0;     // that had no entry and have one now
    std::int64_t deletions = 0; // of posts that were gone without one
    bool head = false;          // it was missing, or below the newest entry
    bool removed = false;       // the wall was gone, and now the rest of its feed is gone, too

    bool any() const { return posts > 0 || deletions > 0 || head || removed; }
};

// Something about the database that works now, but not well, not for long, or not for everybody.
struct advice {
    std::string code; // "clock"; docs/DOCTOR.md has a row for each
    std::string what;
    std::string todo;
};

// Something that tables of an application lack, or that is wrong with them.
struct adoption_finding {
    int place = 0;    // in the order in which the SQL is to be run; up to 2: before the transaction
    std::string word; // "trigger"; docs/ADOPT.md has a row for each
    std::string what;
    std::string remedy;
    std::string sql; // that helps; empty: none is known
};

struct adoption {
    bool adopted = false;          // the views lie over tables of an application
    std::vector<std::string> told; // what a draft is made of, a line each
    std::string numbers;           // SQL that has to be run before a draft can be made
    std::string views;             // the SQL of a draft; empty: there is none
    std::string posts;             // the table of posts, which nobody may write meanwhile
    std::vector<adoption_finding> findings;
};

// Somebody to look with from outside: a user and a wall of their own, and a session.
struct visitor {
    walls::user_id user{};
    walls::wall_id wall{};
    std::string token;
};

class administrator {
public:
    // As the owner of the schema (settings::database_owner); what the role that serves can do,
    // check() and advise() tell of a connection as that one. Fails if the database cannot be
    // reached or its schema is not the one of this binary (migrate first).
    static outcome<std::unique_ptr<administrator>> connect(const settings& given);

    virtual ~administrator() = default;
    administrator() = default;
    administrator(const administrator&) = delete;
    administrator& operator=(const administrator&) = delete;

    // Names: 1 to 64 characters without control characters and without spaces at the ends.
    // Passwords: 8 to 72 bytes (bcrypt reads no more).
    virtual outcome<walls::user_id> add_user(const std::string& name,
                                             const std::string& password) = 0;
    virtual outcome<void> set_password(const std::string& name,
                                       const std::string& password) = 0; // ends the user's sessions
    virtual outcome<void> disable_user(const std::string& name) = 0;     // ends the user's sessions
    virtual outcome<void> enable_user(const std::string& name) = 0;
    virtual outcome<std::vector<user_row>> list_users() = 0; // by name

    // Wherever a wall is named: its name, or "#17" for the wall numbered 17.
    virtual outcome<walls::wall_id> add_wall(const std::string& name,
                                             const std::string& kind) = 0; // chat, board, notices
    virtual outcome<void> rename_wall(const std::string& wall, const std::string& new_name) = 0;
    virtual outcome<void>
    remove_wall(const std::string& wall) = 0; // with its posts and its feed, for ever
    // Open: everybody may read it, also without an account.
    virtual outcome<void> open_wall(const std::string& wall, bool open) = 0;
    virtual outcome<std::vector<wall_row>> list_walls() = 0; // by id

    // All or nothing; the number of memberships that really changed.
    virtual outcome<std::size_t> grant(const std::string& wall,
                                       const std::vector<std::string>& users) = 0;
    virtual outcome<std::size_t> revoke(const std::string& wall,
                                        const std::vector<std::string>& users) = 0;

    // `count` tokens for the user, 1 to 100,000; lifetime from 1 second.
    virtual outcome<std::vector<std::string>>
    create_sessions(const std::string& user, std::size_t count, std::chrono::seconds lifetime) = 0;
    virtual outcome<std::vector<session_row>>
    list_sessions(const std::string& user) = 0; // empty name: of all users
    // By token, or by at least 8 digits of session_row::id.
    virtual outcome<void> revoke_session(const std::string& session) = 0;
    virtual outcome<std::size_t> revoke_sessions_of(const std::string& user) = 0; // how many

    // After a backup was restored: begins a new history, so that every client reads its walls
    // anew, and has the planner look at the tables, for a dump has no statistics.
    virtual outcome<void> restored() = 0;

    // Numbers the rows of posts that were written with triggers off. Others may write meanwhile. It
    // takes many transactions: what was reported to `tell` is done, even if this fails later.
    // Returns how many walls were repaired.
    virtual outcome<std::size_t> repair(const std::function<void(const repaired_wall&)>& tell) = 0;

    // What does not fit this program, a sentence each: the database's encoding, its schema, the
    // columns of the contract's views, and settings of the role or the database that this program
    // neither overrides nor knows to be harmless.
    virtual outcome<std::vector<std::string>> check() = 0;

    // Role, grants, triggers, indexes, clock, version and room for `connections` connections.
    virtual outcome<std::vector<advice>> advise(std::size_t connections) = 0;

    // What the tables behind the views lack. Of tables that are not adopted yet, if `drafts`: views
    // for them, and what they would lack with these. Changes nothing.
    virtual outcome<adoption> adopt(bool drafts) = 0;

    // A user whom nobody can sign in as, the only member of a wall; the session lasts ten minutes.
    // What an earlier visit left behind is removed, too.
    virtual outcome<visitor> add_visitor() = 0;
    virtual outcome<void> post_as(const visitor& v, const std::string& body) = 0;
    virtual outcome<void> remove_visitor(const visitor& v) = 0;

    // Users ann, bob and cleo, walls General (chat), Workshop (board) and Notices (notices) with
    // different members, and a few posts. Adds only what is missing, so it may be repeated.
    virtual outcome<std::vector<demo_user>> load_demo() = 0;
};

} // namespace db
