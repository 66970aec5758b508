#include "fcgi_app/routes/table.hpp"

#include "fcgi_app/routes/handlers.hpp"
#include "text/number.hpp"

#include <spdlog/spdlog.h>

#include <array>

namespace routes {

namespace {

struct route {
    std::string_view method;
    std::string_view path; // "{id}" stands for a wall's number, "{post_id}" for a post's
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
    route{"PATCH", "/walls/{id}/posts/{post_id}", edit_post},
    route{"DELETE", "/walls/{id}/posts/{post_id}", delete_post},
    route{"GET", "/metrics", show_metrics},
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

answer route_to_handler(services& s, call& c)
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
            return r.handler(s, c);
        }
        allowed += std::string(r.method) + (r.method == "GET" ? ", HEAD, " : ", ");
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
        s.metrics.failures.Increment();
        spdlog::error("request {} {} {} failed: {}", c.number, c.request.method, c.request.path,
                      e.what());
        return http::response::error(500, "Something went wrong here. It has been logged.");
    }
}

// A large answer for which nobody asked for room counts, too, while it is sent.
class in_memory {
public:
    in_memory(walls::answer_room& room, std::size_t bytes)
        : room_(room)
        , bytes_(bytes)
    {
        room_.add(bytes_);
    }
    ~in_memory() { room_.remove(bytes_); }
    in_memory(const in_memory&) = delete;
    in_memory& operator=(const in_memory&) = delete;

private:
    walls::answer_room& room_;
    const std::size_t bytes_;
};

} // namespace

void dispatch(services& s, call c)
{
    const std::string_view cors_lines = s.cors.lines_for(c.request.origin);
    const answer a = guarded(s, c);
    if (a && c.peer) {
        spdlog::debug("request {} {} {} -> {}", c.number, c.request.method, c.request.path,
                      a->status);
        if (a->status >= 400 && a->status < 500) {
            s.rate_limits.hold_back(c.request);
        }
        const bool head_only = c.request.method == "HEAD";
        if (head_only || a->body.size() <= exchange::in_one) {
            c.peer->answer(std::string(cors_lines) + http::to_cgi(*a, head_only));
        } else {
            const in_memory held(s.room, c.room ? 0 : a->body.size());
            const std::string head = http::to_cgi(*a, true);
            std::array<std::string_view, 3> parts{cors_lines, head, a->body};
            c.peer->answer(parts);
        }
    }
}

void refuse(services& s, exchange& peer, std::string_view origin, int status,
            std::string_view sentence)
{
    peer.answer(std::string(s.cors.lines_for(origin)) +
                http::to_cgi(http::response::error(status, sentence)));
}

} // namespace routes
