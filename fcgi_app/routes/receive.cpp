#include "fcgi_app/routes/receive.hpp"

#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/response.hpp"
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
void refuse(services& s, const fastcgi::request& r, fastcgi::exchange& peer,
            const http::refusal& why)
{
    const auto answer = http::response::error(why);
    peer.begin(std::string(s.cors.lines_for(r.param("HTTP_ORIGIN"))) + http::to_cgi(answer, true));
    peer.write(answer.body);
    peer.end();
}

} // namespace

void receive(services& s, fastcgi::request&& r, std::unique_ptr<fastcgi::exchange> peer)
{
    if (const auto refused = refusal_of(r.error)) {
        return refuse(s, r, *peer, *refused);
    }
    auto request = http::request::from_cgi(r.params, std::move(r.body));
    if (!request) {
        return refuse(s, r, *peer, *refusal_of(fastcgi::request_error::malformed_params));
    }
    r.drop_params();
    dispatch(s, {std::move(*request), std::move(peer), 0, 0, r.number});
}

} // namespace routes
