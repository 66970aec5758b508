#include "fcgi_app/routes/table.hpp"

#include "fcgi_app/routes/handlers.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <charconv>

namespace routes {

namespace {

struct route {
    std::string_view method;
    std::string_view path; // "{id}" stands for a wall's number
    answer (*handler)(services&, call&);
};

constexpr std::array table{
    route{"GET", "/", ping},
    route{"POST", "/", poll},
    route{"GET", "/session", show_session},
    route{"POST", "/session", sign_in},
    route{"DELETE", "/session", sign_out},
    route{"GET", "/walls", list_walls},
    route{"PUT", "/walls/{id}/read", mark_read},
    route{"GET", "/walls/{id}/posts", list_posts},
    route{"POST", "/walls/{id}/posts", add_post},
    route{"GET", "/metrics", show_metrics},
};

// The number of a wall: digits only, 1 to 2^63-1.
bool parse_id(std::string_view text, std::int64_t& id)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc() && end == text.data() + text.size() && text.front() != '-' &&
           id > 0;
}

bool matches(std::string_view pattern, std::string_view path, std::int64_t& id)
{
    constexpr std::string_view placeholder = "{id}";
    const auto at = pattern.find(placeholder);
    if (at == std::string_view::npos) {
        return pattern == path;
    }
    const auto tail = pattern.substr(at + placeholder.size());
    if (path.size() <= at + tail.size() || !path.starts_with(pattern.substr(0, at)) ||
        !path.ends_with(tail)) {
        return false;
    }
    return parse_id(path.substr(at, path.size() - at - tail.size()), id);
}

answer route_to_handler(services& s, call& c)
{
    std::string allowed;
    for (const route& r : table) {
        if (!matches(r.path, c.request.path, c.wall)) {
            continue;
        }
        if (r.method == c.request.method) {
            return r.handler(s, c);
        }
        allowed += std::string(r.method) + ", ";
    }
    if (c.request.method == "OPTIONS") {
        http::response r;
        r.body.clear();
        return r;
    }
    if (allowed.empty()) {
        return http::response::error(404, "There is nothing at this path.");
    }
    http::response r = http::response::error(405, "This path does not know this method.");
    r.headers.emplace_back("Allow", allowed + "OPTIONS");
    return r;
}

answer guarded(services& s, call& c)
{
    try {
        return route_to_handler(s, c);
    } catch (const std::exception& e) {
        s.counted.failures.Increment();
        spdlog::error("request {} {} {} failed: {}", c.number, c.request.method, c.request.path,
                      e.what());
        return http::response::error(500, "Something went wrong here. It has been logged.");
    }
}

} // namespace

void dispatch(services& s, call c)
{
    const std::string_view cors_lines = s.cors.lines_for(c.request.origin);
    const answer a = guarded(s, c);
    if (a && c.peer) {
        spdlog::debug("request {} {} {} -> {}", c.number, c.request.method, c.request.path,
                      a->status);
        c.peer->answer(std::string(cors_lines) + http::to_cgi(*a));
    }
}

void refuse(services& s, exchange& peer, std::string_view origin, int status,
            std::string_view sentence)
{
    peer.answer(std::string(s.cors.lines_for(origin)) +
                http::to_cgi(http::response::error(status, sentence)));
}

} // namespace routes
