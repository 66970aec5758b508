#include "fcgi_app/adapters/park.hpp"

#include "fcgi_app/adapters/park_request.hpp"
#include "fcgi_app/adapters/park_sink.hpp"
#include "fcgi_app/routes/send.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace adapters {

namespace {

constexpr std::string_view parameter = "POLLSTER_PARK";

// Workers are fewer than what a poll's answer takes, so those that were parked together are drawn
// further apart: from the last quarter.
fibers::steady_time draw_deadline(routes::context& cx)
{
    const auto longest = cx.options.poll_time;
    return std::chrono::steady_clock::now() + longest - cx.jitter.up_to(longest / 4);
}

void refuse(routes::context& cx, const http::request_name& name, fastcgi::exchange& peer,
            std::string_view why)
{
    cx.metrics.parks_refused.Increment();
    spdlog::warn("request {}: what an application asks for, to park it, is not understood: {}",
                 name.text(), why);
    routes::send(peer, {{}, name.also},
                 http::response::error(500, "The application asked in vain to wait for news."));
}

void begin(routes::context& cx, releases& pace, fastcgi::request&& r,
           std::unique_ptr<fastcgi::exchange> peer)
{
    auto trace = http::trace::from(r.param("REQUEST_ID"), r.param("HTTP_TRACEPARENT"));
    auto parsed = parse_park(r.param(parameter));
    if (const auto* why = std::get_if<std::string_view>(&parsed)) {
        return refuse(cx, {r.number, trace}, *peer, *why);
    }
    r.drop_params();
    auto& asked = std::get<park_request>(parsed);
    using vigils = walls::vigil<park_sink>;
    vigils::run(vigils(
        cx.hub, std::move(asked.walls), draw_deadline(cx),
        park_sink(cx, pace, std::move(peer), std::move(asked.then), r.number, std::move(trace))));
}

} // namespace

bool asks_to_park(const fastcgi::request& r)
{
    return r.error == fastcgi::request_error::none &&
           std::ranges::any_of(r.params, [](const auto& p) { return p.first == parameter; });
}

void park(routes::context& cx, releases& pace, fastcgi::request&& r,
          std::unique_ptr<fastcgi::exchange> peer)
{
    const auto number = r.number;
    try {
        begin(cx, pace, std::move(r), std::move(peer));
    } catch (const std::exception& e) {
        cx.metrics.failures.Increment();
        spdlog::error("request {}: parking it failed: {}", number, e.what());
    }
}

} // namespace adapters
