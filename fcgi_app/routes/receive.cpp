#include "fcgi_app/routes/receive.hpp"

#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/routes/mount.hpp"
#include "fcgi_app/routes/send.hpp"
#include "fcgi_app/routes/table.hpp"

#include <optional>
#include <string>
#include <utility>

namespace routes {

namespace {

std::optional<http::refusal> refusal_of(fastcgi::request_error error)
{
    switch (error) {
    case fastcgi::request_error::none:
        break;
    case fastcgi::request_error::params_too_large:
        return http::refusal{431, "The request's header is too large."};
    case fastcgi::request_error::body_too_large:
        return http::refusal{413, "The body is too large."};
    case fastcgi::request_error::too_slow:
        return http::refusal{408, "The request took too long to arrive."};
    case fastcgi::request_error::malformed_params:
        return http::refusal{400, "The request is incomplete or malformed."};
    }
    return std::nullopt;
}

// A page of another origin could not read it without the CORS headers.
void refuse(const context& cx, const fastcgi::request& r, fastcgi::exchange& peer,
            const http::refusal& why)
{
    const auto trace = http::trace::from(r.param("REQUEST_ID"), r.param("HTTP_TRACEPARENT"));
    send(peer, {cx.cors.lines_for(r.param("HTTP_ORIGIN")), trace}, http::response::error(why));
}

// Beside the mount the path stays as it came, for the log. Behind it is why, which no route has.
void cut_mount(const std::string& mount, const fastcgi::request& r, std::string& path)
{
    if (const auto route = route_below(mount, r)) {
        path = *route;
    } else {
        path += " (not below " + mount + ")";
    }
}

} // namespace

void receive(context& cx, fastcgi::request&& r, std::unique_ptr<fastcgi::exchange> peer)
{
    if (const auto refused = refusal_of(r.error)) {
        return refuse(cx, r, *peer, *refused);
    }
    auto request = http::request::from_cgi(r.params, std::move(r.body));
    if (!request) {
        return refuse(cx, r, *peer, *refusal_of(fastcgi::request_error::malformed_params));
    }
    if (!cx.options.mount.empty()) {
        cut_mount(cx.options.mount, r, request->path);
    }
    r.drop_params();
    dispatch(cx, {std::move(*request), std::move(peer), 0, 0, r.number});
}

} // namespace routes
