// Who is signed in. Called from fibers; blocks only the calling fiber. Always asks the primary: a
// session that was ended must not live on because a replica lags behind.
#pragma once

#include "walls/sources.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace db {

using walls::result;

struct signed_in {
    std::string session_id; // 43 characters of base64url, 256 random bits
    walls::user_id user{};
    std::string user_name;
    std::string expires_at; // "2026-01-02T03:04:05.678Z"
    std::size_t ended = 0;  // older sessions of this user, beyond max_sessions_per_user
};

// What a signed token says: a user, walls or both; neither is nobody.
struct named {
    std::optional<walls::user_id> user;               // none: a guest
    std::optional<std::vector<walls::wall_id>> walls; // none: those of the user
};

class sessions : public walls::access_source {
public:
    // Who that is, with his walls; null: the user is disabled or there is none. `token`, `expires`
    // and `ends` are left to the caller. In the order and size of `who`; one SQL statement.
    virtual result<std::vector<std::shared_ptr<walls::identity>>>
    find_named(std::span<const named> who) = 0;

    // None: wrong name, wrong password or disabled user; each takes the same time. `from` is the
    // client's address: addresses take turns, and each has half of the places in the queue at most.
    // db_error_kind::overloaded or too_many: too many sign-ins wait.
    virtual result<std::optional<signed_in>>
    sign_in(const std::string& name, const std::string& password, const std::string& from = {}) = 0;

    // False: was not signed in (any more), or the user is disabled.
    virtual result<bool> sign_out(const std::string& session_id) = 0;
};

} // namespace db
