// What a caller of the database must expect, as a value. Any thread.
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace walls {

enum class db_error_kind {
    unavailable, // not reachable, shutting down, connection lost before or after the commit
    overloaded,  // too many jobs are waiting already
    too_many,    // this user, or address, has as many jobs waiting as it may have
    read_only,   // a standby, or default_transaction_read_only
    timed_out,   // statement timeout, or no answer at all by the deadline
    disk_full,
    wrong_schema, // not migrated
    newer_schema, // than this binary: found at start only, see db::check_schema()
    // It is there and refuses this role: no such database or role, wrong password, no right.
    // Waiting does not help, somebody has to mend it.
    misconfigured,
};

// Something that only an operator can mend, and of which nobody should be told that the database is
// away.
inline bool must_be_mended(db_error_kind k)
{
    return k == db_error_kind::misconfigured || k == db_error_kind::wrong_schema ||
           k == db_error_kind::newer_schema;
}

// The answer is 503 with Retry-After, or a poll that stays parked. `why` goes into the log, not to
// the client.
struct db_error {
    db_error_kind kind{};
    std::string why;
};

template <class T>
using result = boost::system::result<T, db_error>;

// Found by boost::system::result when value() is called on a db_error.
[[noreturn]] inline void throw_exception_from_error(const db_error& t,
                                                    const boost::source_location&)
{
    throw std::runtime_error(t.why);
}

} // namespace walls
