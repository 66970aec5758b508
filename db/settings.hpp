// What a server sets about its database. Read once, when the database is opened.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace db {

struct settings {
    std::string database = "dbname=pollster"; // libpq connection string or URI
    // Of the role that owns the schema, for migrations and administration; empty: as `database`.
    std::string database_owner;
    // The role that serves, which a migration gives its rights; empty: those that have them
    // already.
    std::string serving_role;
    std::string database_read; // the same for a replica that answers reads; empty: the primary does
    // For posts, and as many for reads (on the replica likewise). Each purpose has connections of
    // its own, each with a thread, so that no purpose can use up another's: besides these one for
    // the look, one for sessions, two each for changes and for sign-ins, and the listener's.
    std::size_t connections = 4;
    std::size_t waiting_jobs = 10'000; // of a purpose; beyond: db_error_kind::overloaded
    std::size_t waiting_of_user = 100; // of those, one user's; beyond: db_error_kind::too_many
    // Passwords are verified in this process, on threads of low priority.
    std::size_t password_threads = 1;
    std::size_t waiting_sign_ins = 40;       // half of them from one address; beyond: as above
    std::size_t max_sessions_per_user = 100; // a sign-in ends the oldest beyond; 0: no limit
    std::chrono::milliseconds statement_timeout{5000};
    // Of the look and of the sessions: they wait for nobody's lock and read little, and they must
    // recover soon, however long the statements of clients may take.
    static constexpr std::chrono::milliseconds longest_look{3000};
    // A connection is given up when a statement has no answer this long after its timeout.
    static constexpr std::chrono::milliseconds beyond_statement_timeout{1000};
    std::chrono::seconds session_lifetime{30 * 24 * 3600};
    // Of a page of history or of a search, counted as in walls::page_limits; a page has at least
    // one post, whatever its size.
    std::size_t page_bytes = std::size_t{1} << 20;
    // How often the look asks for the version of the schema, besides with each new connection.
    std::chrono::milliseconds schema_asked_every{600'000};
    // How long a connection keeps its first plans (db/connection.hpp, forget_old_plans).
    std::chrono::seconds first_plans_last{10};
    bool notify = true; // LISTEN for hints; off: the look alone
    // Gets what an operator should know, one line; on any thread, must not throw or block for long.
    std::function<void(const std::string&)> warn = [](const std::string&) {};
};

// As the role that owns the schema.
inline settings as_owner(settings s)
{
    if (!s.database_owner.empty()) {
        s.database = s.database_owner;
    }
    return s;
}

} // namespace db
