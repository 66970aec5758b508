// The one place where a response leaves. Fibers of the event loop only; waits while the peer does
// not read.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/http/trace.hpp"

#include <string_view>

namespace routes {

// What the head of an answer says because of its request.
struct echoed {
    std::string_view cors_lines;
    const http::trace& trace; // X-Request-Id and traceparent
};

// All of the answer, and its end. `head_only`: to a HEAD.
void send(fastcgi::exchange& peer, const echoed& of_request, const http::response& r,
          bool head_only = false);

} // namespace routes
