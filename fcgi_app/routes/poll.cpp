// The poll: "anything new on my walls?" (docs/PROTOCOL.md). Who asks, for which walls, until when;
// the rest is a delivery (walls/delivery.hpp) with a sink that ends with its first answer.
#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/poll_request.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/poll_sink.hpp"
#include "walls/delivery.hpp"

#include <algorithm>

namespace routes {

namespace {

using fibers::steady_time;
using walls::cursor;

http::poll_body read_body(const http::request& r)
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

// The poll's own end, drawn so that polls that began together do not come back together.
steady_time draw_deadline(context& cx)
{
    return std::chrono::steady_clock::now() +
           (cx.options.poll_time - cx.jitter.up_to(cx.options.poll_spread));
}

// The one parameter of which a client may believe that it is right: its numbers go further.
http::refusal number_too_large()
{
    http::refusal r = invalid_parameters;
    r.why = "A wall and a cursor are at most 9223372036854775807, an epoch 9007199254740991.";
    return r;
}

// Until the delivery has begun.
outcome<walls::identity_ptr> who_polls(context& cx, const call& c, const http::poll_body& body)
{
    const auto tokens = credentials_of(c.request, body.session_id).session_ids;
    if (auto too_many = cx.limits.poll_from(c.request)) {
        return std::move(*too_many);
    }
    // Before anything is said about the session, which may be in what cannot be read: a client that
    // is told "Invalid user!" signs out.
    if (body.unreadable) {
        return *body.unreadable;
    }
    if (tokens.empty()) {
        return invalid_user;
    }
    const auto found = cx.hub.authenticate(tokens);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return invalid_user;
    }
    if (auto too_many = cx.limits.poll_by((*found)->user)) {
        return std::move(*too_many);
    }
    if (body.too_large) {
        return number_too_large();
    }
    const auto visible = [&](const cursor& mine) { return (*found)->may_see(mine.wall); };
    if (body.malformed || std::ranges::none_of(body.cursors, visible)) {
        return invalid_parameters;
    }
    return *found;
}

} // namespace

answer poll(context& cx, call& c)
{
    http::poll_body body = read_body(c.request);
    auto who = who_polls(cx, c, body);
    if (!who) {
        cx.metrics.polls_refused.Increment();
        return who.error();
    }
    using polls = walls::delivery<poll_sink>;
    polls::run(
        polls(cx.hub, std::move(*who), std::move(body.cursors), draw_deadline(cx),
              poll_sink(cx, std::move(c.peer), cx.cors.lines_for(c.request.origin), c.number)));
    return std::nullopt;
}

} // namespace routes
