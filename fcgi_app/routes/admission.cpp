#include "fcgi_app/routes/admission.hpp"

#include "fcgi_app/http/body.hpp"

#include <algorithm>

namespace routes {

namespace {

// The one parameter of which a client may believe that it is right: its numbers go further.
http::refusal number_too_large()
{
    http::refusal r = invalid_parameters;
    r.why = "A wall and a cursor are at most 9223372036854775807, an epoch and access "
            "9007199254740991.";
    return r;
}

outcome<walls::identity_ptr> found_by(context& cx, std::span<const std::string> tokens)
{
    const auto found = cx.hub.authenticate(tokens);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return invalid_user;
    }
    return *found;
}

bool sees_one_of(const walls::identity& who, const http::poll_body& asked)
{
    return std::ranges::any_of(asked.cursors,
                               [&](const walls::cursor& c) { return who.may_see(c.wall); });
}

// Without a session: somebody only for what is open.
outcome<walls::identity_ptr> admit_guest(context& cx, const http::request& r,
                                         const http::poll_body& asked)
{
    auto guest = guest_of_open_walls(cx, r);
    if (guest && (!*guest || !(asked.cursors.empty() || sees_one_of(**guest, asked)))) {
        http::refusal none = invalid_user;
        none.why = why_no_session(r);
        return none;
    }
    return guest;
}

} // namespace

http::poll_body waits_for(const http::request& r)
{
    const auto encoding = http::encoding_of(r, true);
    if (!encoding) {
        http::poll_body out;
        out.unreadable = encoding.error();
        return out;
    }
    return *encoding == http::encoding::json ? http::parse_poll_json(http::text_of(r))
                                             : http::parse_poll_form(http::text_of(r));
}

outcome<walls::identity_ptr> admit(context& cx, const http::request& r,
                                   const http::poll_body& asked)
{
    const auto tokens = credentials_of(r, cx.options.cookie_name, asked.session_id).session_ids;
    if (auto too_many = cx.limits.poll_from(r)) {
        return std::move(*too_many);
    }
    // Before anything is said about the session, which may be in what cannot be read: a client that
    // is told "Invalid user!" signs out.
    if (asked.unreadable) {
        return *asked.unreadable;
    }
    const auto found = tokens.empty() ? admit_guest(cx, r, asked) : found_by(cx, tokens);
    if (!found) {
        return found.error();
    }
    if (auto other = another_user(r, **found)) {
        return std::move(*other);
    }
    if (auto too_many = cx.limits.poll_by((*found)->user)) {
        return std::move(*too_many);
    }
    if (asked.too_large) {
        return number_too_large();
    }
    if (asked.malformed || (!asked.access && !sees_one_of(**found, asked))) {
        return invalid_parameters;
    }
    return *found;
}

std::optional<walls::access_number> other_access(const walls::identity& who,
                                                 const http::poll_body& asked)
{
    const auto now = walls::access_number_of(who);
    return asked.access && *asked.access != now ? std::optional(now) : std::nullopt;
}

} // namespace routes
