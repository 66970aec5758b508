#include "fcgi_app/routes/stream_end.hpp"

#include "fcgi_app/http/event_stream.hpp"
#include "fcgi_app/routes/refused.hpp"
#include "text/number.hpp"
#include "walls/json_id.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace routes {

namespace {

using namespace std::chrono_literals;
using reason = walls::ending::reason;

std::string ended(std::chrono::milliseconds comes_back, std::string_view why)
{
    std::string event;
    http::append_retry(event, comes_back);
    http::begin_event(event, "end");
    event += R"({"reason":")";
    event += why;
    event += R"("})";
    event += http::end_event;
    return event;
}

std::string_view count_and_name(context& cx, const walls::ending& e, const http::request_name& name)
{
    switch (e.why) {
    case reason::time_up:
        cx.metrics.streams_time_up.Increment();
        return "time_up";
    case reason::stopping:
        cx.metrics.streams_time_up.Increment();
        return "stopping";
    case reason::signed_out:
        cx.metrics.streams_refused.Increment();
        return "signed_out";
    case reason::no_wall:
        cx.metrics.streams_refused.Increment();
        return "no_wall";
    case reason::too_many:
        cx.metrics.streams_refused.Increment();
        cx.metrics.refused_parking.Increment();
        spdlog::warn("request {}: a stream was refused, {} are parked (max_parked)", name.text(),
                     cx.hub.count().parked);
        return "unavailable";
    case reason::too_many_guests:
        cx.metrics.streams_refused.Increment();
        cx.metrics.refused_guests.Increment();
        return "unavailable";
    case reason::too_many_there: // counted where it was refused
        cx.metrics.streams_refused.Increment();
        return "unavailable";
    case reason::database:
        cx.metrics.streams_refused.Increment();
        (void)response_to(cx, *e.error, name); // counts, and logs what it was
        return "unavailable";
    default:
        cx.metrics.streams_refused.Increment();
        cx.metrics.failures.Increment();
        spdlog::error("request {}: a stream failed: {}", name.text(), e.what);
        return "failed";
    }
}

void append_walls(std::string& out, std::string_view name, std::span<const walls::wall_id> walls)
{
    out += name;
    for (std::size_t i = 0; i < walls.size(); ++i) {
        out += i == 0 ? "" : ",";
        const auto id = walls::number(walls[i]);
        const std::string_view quote = id > walls::largest_exact ? "\"" : "";
        out.append(quote).append(std::to_string(id)).append(quote);
    }
    out += ']';
}

} // namespace

std::chrono::milliseconds comes_back_after(context& cx)
{
    return 1s + cx.jitter.up_to(2s);
}

std::string end_event(context& cx, const walls::ending& e, const http::request_name& name)
{
    // Those that a stop ends come back one after the other, as its polls do.
    const auto after = e.why == reason::stopping ? cx.returns.next() : comes_back_after(cx);
    return ended(after, count_and_name(cx, e, name));
}

http::response refused_for_now(const http::response& refusal)
{
    auto after = 2'000ms;
    for (const auto& [name, value] : refusal.headers) {
        if (name == "Retry-After") {
            after = std::chrono::seconds(text::parse_number<int>(value, 0, 3600).value_or(2));
        }
    }
    http::response r;
    r.content_type = "text/event-stream";
    r.body = ended(after, "unavailable");
    return r;
}

std::string access_event(std::span<const walls::wall_id> lost,
                         std::span<const walls::wall_id> gained,
                         std::optional<walls::access_number> now)
{
    std::string event;
    http::begin_event(event, "access");
    append_walls(event, R"({"lost":[)", lost);
    append_walls(event, R"(,"gained":[)", gained);
    if (now) {
        event += R"(,"access":)" + std::to_string(walls::number(*now));
    }
    event += '}';
    event += http::end_event;
    return event;
}

} // namespace routes
