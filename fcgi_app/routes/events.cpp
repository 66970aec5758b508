// The stream: what polls would be told, one event after the other, in one answer (docs/PROTOCOL.md,
// "The stream"). A delivery (walls/delivery.hpp) with a sink that goes on.
#include "fcgi_app/http/event_stream.hpp"
#include "fcgi_app/routes/admission.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/stream_end.hpp"
#include "fcgi_app/routes/stream_sink.hpp"
#include "walls/delivery.hpp"

#include <algorithm>

namespace routes {

namespace {

constexpr std::string_view media_type = "text/event-stream";

constexpr std::size_t most_walls_with_ids = 200;
constexpr std::size_t longest_header = 8000; // nginx takes 8 KB with its name

// A browser's next request has them in its header Last-Event-ID.
bool fit_into_an_id(std::span<const walls::cursor> cursors)
{
    return cursors.size() <= most_walls_with_ids && http::longest_id(cursors) <= longest_header;
}

// The cursors of the address, or of the body. An address gets into logs, so no session is taken
// from it.
http::poll_body asked_by(const http::request& r)
{
    if (r.method == "POST") {
        return waits_for(r);
    }
    http::poll_body asked = http::parse_poll_form(r.query);
    asked.session_id.clear();
    return asked;
}

// A browser that comes back says where it stands; its address says where it once began.
void resume(http::poll_body& asked, const std::string& last_event_id)
{
    if (last_event_id.empty()) {
        return;
    }
    bool too_large = false;
    auto cursors = http::parse_cursors(last_event_id, &too_large);
    if (!cursors) {
        asked.malformed = true;
        asked.too_large |= too_large;
        return;
    }
    for (const walls::cursor& old : asked.cursors) {
        if (std::ranges::find(*cursors, old.wall, &walls::cursor::wall) == cursors->end()) {
            cursors->push_back(old);
        }
    }
    std::ranges::sort(*cursors, {}, &walls::cursor::wall);
    asked.malformed |= cursors->size() > http::max_walls;
    asked.cursors = std::move(*cursors);
}

http::refusal too_many_walls()
{
    http::refusal r = invalid_parameters;
    r.why = "A stream by GET takes " + std::to_string(most_walls_with_ids) +
            " walls, whose cursors fit into a header of " + std::to_string(longest_header) +
            " bytes; POST takes more.";
    return r;
}

// Drawn from its second half: clients that came together, after a restart, do not go together.
fibers::steady_time draw_deadline(context& cx)
{
    const auto longest = std::chrono::milliseconds(cx.options.stream_time);
    return std::chrono::steady_clock::now() + longest - cx.jitter.up_to(longest / 2);
}

outcome<walls::identity_ptr> admitted(context& cx, const call& c, http::poll_body& asked)
{
    resume(asked, c.request.last_event_id);
    auto who = admit(cx, c.request, asked);
    if (who && c.request.method != "POST" && !fit_into_an_id(asked.cursors)) {
        return too_many_walls();
    }
    return who;
}

answer refuse(context& cx, const call& c, const refused& why)
{
    cx.metrics.streams_refused.Increment();
    auto r = response_to(cx, why, c.name());
    if ((r.status == 429 || r.status == 503) &&
        c.request.accept.find(media_type) != std::string::npos) {
        return refused_for_now(r);
    }
    return r;
}

} // namespace

answer stream_events(context& cx, call& c)
{
    http::poll_body asked = asked_by(c.request);
    auto who = admitted(cx, c, asked);
    if (!who) {
        return refuse(cx, c, who.error());
    }
    if (c.request.method == "HEAD") {
        http::response r;
        r.content_type = media_type;
        r.headers.emplace_back("X-Accel-Buffering", "no"); // as stream_sink::begin() says
        return r;
    }
    std::vector<walls::wall_id> hidden;
    for (const walls::cursor& mine : asked.cursors) {
        if (!(*who)->may_see(mine.wall)) {
            hidden.push_back(mine.wall);
        }
    }
    stream_sink to(cx, std::move(c.peer), c.number, std::move(c.request.trace),
                   c.request.method != "POST" || fit_into_an_id(asked.cursors),
                   cx.limits.place_for(c.request, (*who)->user));
    to.begin(cx.cors.lines_for(c.request.origin));
    const auto other = other_access(**who, asked);
    if (!hidden.empty() || other) {
        to.access_changed(hidden, {}, other);
    }
    using streams = walls::delivery<stream_sink>;
    streams::run(streams(cx.hub, std::move(*who), std::move(asked.cursors),
                         other ? other : asked.access, draw_deadline(cx), std::move(to)));
    return std::nullopt;
}

} // namespace routes
