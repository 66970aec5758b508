// Why a step of the setup did not succeed, and how that is read from what libpq says. Any thread.
#pragma once

#include <boost/system/result.hpp>

#include <string>

namespace db {

// As far as it matters for what to do about it.
enum class obstacle {
    away,             // nobody answers
    no_such_role,     // or it may not log in (28000)
    not_let_in,       // wrong password or account, or pg_hba.conf says no (28P01, 28000)
    no_such_database, // 3D000
    no_right,         // 42501
    other
};

struct setback {
    obstacle kind{};
    std::string sentence; // PostgreSQL's, on one line
};
[[noreturn]] void throw_exception_from_error(const setback& s, const boost::source_location&);

// `libpq`: PQerrorMessage() of a connection that failed, with PQERRORS_VERBOSE, as only there it
// has a SQLSTATE.
setback why_not_connected(const char* libpq);

// Of a statement: `sqlstate`: null if it has none. `libpq`: the message.
setback why_refused(const char* sqlstate, const char* libpq);

} // namespace db
