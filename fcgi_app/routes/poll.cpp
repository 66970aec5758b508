// The poll: "anything new on my walls?" (docs/PROTOCOL.md). Who asks, for which walls they may
// see, until when; the rest, which is the heart of the server, is in poll_in_progress.cpp.
#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/poll_request.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/poll_in_progress.hpp"

namespace routes {

namespace {

using fibers::steady_time;
using walls::cursor;

http::poll_body read_body(const http::request& r)
{
    const auto encoding = http::encoding_of(r, true);
    if (const auto* refused = std::get_if<http::refusal>(&encoding)) {
        http::poll_body out;
        out.unreadable = *refused;
        return out;
    }
    return std::get<http::encoding>(encoding) == http::encoding::json
               ? http::parse_poll_json(http::text_of(r))
               : http::parse_poll_form(http::text_of(r));
}

// The poll's own end, drawn so that polls that began together do not come back together.
steady_time draw_deadline(services& s)
{
    const auto spread = static_cast<unsigned long>(s.options.poll_spread.count()) + 1;
    const auto early = std::chrono::milliseconds(s.random() % spread);
    return std::chrono::steady_clock::now() + (s.options.poll_time - early);
}

// The one parameter of which a client may believe that it is right: its numbers go further.
constexpr const char* number_too_large =
    R"({"errors":["Invalid parameters!"],"why":"A wall and a cursor are at most 9223372036854775807, an epoch )"
    R"(9007199254740991."})";

} // namespace

answer poll(services& s, call& c)
{
    http::poll_body body = read_body(c.request);
    const auto tokens = credentials_of(c.request, body.session_id).session_ids;
    const auto refused = [&s](http::response r) {
        s.metrics.polls_refused.Increment();
        return answer(std::move(r));
    };
    if (auto too_many = s.rate_limits.poll_from(c.request)) {
        return refused(std::move(*too_many));
    }
    // Before anything is said about the session, which may be in what cannot be read: a client that
    // is told "Invalid user!" signs out.
    if (body.unreadable) {
        return refused(http::response::error(*body.unreadable));
    }
    walls::identity_ptr caller;
    if (!tokens.empty()) {
        auto found = s.access.find_any(tokens, s.refresh.looks_succeed());
        if (!found) {
            return refused(unavailable(s, found.error()));
        }
        caller = *found;
    }
    if (!caller) {
        return refused(http::response::error(400, "Invalid user!"));
    }
    if (auto too_many = s.rate_limits.poll_by(caller->user)) {
        return refused(std::move(*too_many));
    }
    std::erase_if(body.cursors, [&](const cursor& mine) { return !caller->may_see(mine.wall); });
    if (body.too_large) {
        return refused(http::response::json(number_too_large, 400));
    }
    if (body.malformed || body.cursors.empty()) {
        return refused(http::response::error(400, "Invalid parameters!"));
    }
    const auto deadline = draw_deadline(s);
    poll_in_progress::go_on(poll_in_progress(s, std::move(c.peer),
                                             s.cors.lines_for(c.request.origin), std::move(caller),
                                             std::move(body.cursors), deadline));
    return std::nullopt;
}

} // namespace routes
