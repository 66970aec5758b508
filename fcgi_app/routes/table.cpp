#include "fcgi_app/routes/table.hpp"

#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/send.hpp"
#include "text/number.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>

namespace routes {

namespace {

struct route {
    std::string_view method;
    std::string_view path; // "{id}" stands for a wall's number, "{post_id}" for a post's
    answer (*handler)(context&, call&);
};

constexpr std::array table{
    route{"GET", "/", ping},
    route{"POST", "/", poll},
    route{"GET", "/events", stream_events},
    route{"POST", "/events", stream_events},
    route{"GET", "/session", show_session},
    route{"POST", "/session", sign_in},
    route{"DELETE", "/session", sign_out},
    route{"GET", "/walls", list_walls},
    route{"PUT", "/walls/{id}/read", mark_read},
    route{"GET", "/walls/{id}/posts", list_posts},
    route{"POST", "/walls/{id}/posts", add_post},
    route{"PATCH", "/walls/{id}/posts/{post_id}", edit_post},
    route{"DELETE", "/walls/{id}/posts/{post_id}", delete_post},
    route{"GET", "/metrics", show_metrics},
    route{"GET", "/healthz", show_health},
    route{"GET", "/readyz", show_readiness},
};

// Segment by segment. Takes the numbers of the path into the call.
bool matches(std::string_view pattern, std::string_view path, call& c)
{
    const auto take = [](std::string_view& rest) {
        rest.remove_prefix(1); // the slash
        const auto segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        return segment;
    };
    while (pattern.starts_with('/') && path.starts_with('/')) {
        const auto wanted = take(pattern);
        const auto given = take(path);
        if (wanted == "{id}" || wanted == "{post_id}") {
            const auto number = text::parse_number<std::int64_t>(given, 1, INT64_MAX);
            if (!number) {
                return false;
            }
            (wanted == "{id}" ? c.wall : c.post) = *number;
        } else if (wanted != given) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

answer route_to_handler(context& cx, call& c)
{
    // HEAD is GET without the body, which dispatch() leaves out.
    std::string_view method =
        c.request.method; // of one type: "?:" would make a string that is gone
    if (method == "HEAD") {
        method = "GET";
    }
    std::string allowed;
    for (const route& r : table) {
        if (!matches(r.path, c.request.path, c)) {
            continue;
        }
        if (r.method == method) {
            return r.handler(cx, c);
        }
        allowed += std::string(r.method) + (r.method == "GET" ? ", HEAD, " : ", ");
    }
    if (c.request.method == "OPTIONS") {
        http::response r;
        r.body.clear();
        return r;
    }
    if (allowed.empty()) {
        return http::refusal{404, "There is nothing at this path."};
    }
    http::response r = http::response::error(405, "This path does not know this method.");
    r.headers.emplace_back("Allow", allowed + "OPTIONS");
    return r;
}

// None: it comes later. Whatever a handler throws or refuses with ends here.
std::optional<http::response> respond(context& cx, call& c)
{
    try {
        auto a = route_to_handler(cx, c);
        return a ? std::move(*a) : response_to(cx, a.error(), c.name());
    } catch (const std::exception& e) {
        cx.metrics.failures.Increment();
        spdlog::error("request {} {} {} failed: {}", c.name().text(), c.request.method,
                      c.request.path, e.what());
        return http::response::error(something_went_wrong());
    }
}

} // namespace

void dispatch(context& cx, call c)
{
    const std::string_view cors_lines = cx.cors.lines_for(c.request.origin);
    const auto r = respond(cx, c);
    if (!r || !c.peer) {
        return;
    }
    if (spdlog::should_log(
            spdlog::level::debug)) { // a line that is written for most is not for all
        spdlog::debug("request {} {} {} -> {}", c.name().text(), c.request.method, c.request.path,
                      r->status);
    }
    if (r->status >= 400 && r->status < 500) {
        cx.limits.hold_back(c.request);
    }
    // A large answer for which nobody asked for room counts, too, while it is sent.
    const std::size_t unasked =
        c.room || r->body.size() <= fastcgi::exchange::in_one ? 0 : r->body.size();
    cx.large.room.add(unasked);
    send(*c.peer, {cors_lines, c.request.trace}, *r, c.request.method == "HEAD");
    cx.large.room.remove(unasked);
}

} // namespace routes
