// The poll: "anything new on my walls?" (docs/PROTOCOL.md). A delivery (walls/delivery.hpp) with a
// sink that ends with its first answer.
#include "fcgi_app/routes/admission.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/poll_sink.hpp"
#include "walls/delivery.hpp"

namespace routes {

namespace {

// The poll's own end, drawn so that polls that began together do not come back together.
fibers::steady_time draw_deadline(context& cx, fibers::steady_time now)
{
    return now + (cx.options.poll_time - cx.jitter.up_to(cx.options.poll_spread));
}

} // namespace

answer poll(context& cx, call& c)
{
    http::poll_body asked = waits_for(c.request);
    auto who = admit(cx, c.request, asked);
    if (!who) {
        cx.metrics.polls_refused.Increment();
        return who.error();
    }
    using polls = walls::delivery<poll_sink>;
    const auto now = std::chrono::steady_clock::now();
    poll_sink to(cx, std::move(c.peer), cx.cors.lines_for(c.request.origin), c.number,
                 std::move(c.request.trace), now, cx.limits.place_for(c.request, (*who)->user));
    if (const auto other = other_access(**who, asked)) {
        to.access_changed({}, {}, other);
        return std::nullopt;
    }
    polls::run(polls(cx.hub, std::move(*who), std::move(asked.cursors), asked.access,
                     draw_deadline(cx, now), std::move(to)));
    return std::nullopt;
}

} // namespace routes
