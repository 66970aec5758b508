// What a question to the database comes back with: a value, or why there is none. Any thread.
#pragma once

#include "walls/db_error.hpp"
#include "walls/identity.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <utility>

namespace db {

using walls::result;

// On whose behalf a statement reads or writes. The statement itself checks the session and the
// membership, whatever the caller remembers of them: after a revocation is committed, the user
// reads nothing that is committed later, and writes nothing.
struct reader {
    std::string session_id; // of grounds::session
    walls::user_id user{};
    walls::grounds by = walls::grounds::session; // of others the caller has made sure
};

// The database works, and the answer is no.
enum class denied {
    signed_out, // no such session of this user (any more), or the user is disabled
    no_member,  // of the wall, or there is no such wall
    no_author,  // the post is somebody else's
    no_post,    // there is no such post on this wall
    key_in_use, // this client_key was used for another text or wall
    // A column's type or length, a constraint or a trigger behind pollster.posts refuses what was
    // to be written, and will refuse it again.
    unacceptable,
};

// Why there is no value.
struct failure {
    failure() = default; // boost::system::result asks for it
    failure(denied d, std::string reason = {})
        : no(d)
        , why(std::move(reason))
    {
    }
    failure(walls::db_error e)
        : kind(e.kind)
        , why(std::move(e.why))
    {
    }
    walls::db_error error() const { return {kind, why}; } // where `no` is none

    std::optional<denied> no;    // none: an error of the database
    walls::db_error_kind kind{}; // of an error of the database
    // Of an error, or of denied::unacceptable: for the log, not for the client; never the text of a
    // post.
    std::string why;
};

template <class T>
using answer = boost::system::result<T, failure>;

// The error of the database, if that is why there is no value.
template <class T>
std::optional<walls::db_error> error_of(const answer<T>& a)
{
    return a.has_error() && !a.error().no ? std::optional(a.error().error()) : std::nullopt;
}
template <class T>
bool is_denied(const answer<T>& a, denied why)
{
    return a.has_error() && a.error().no == why;
}

// Found by boost::system::result when value() is called on a failure; throws std::runtime_error.
[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location&);

} // namespace db
