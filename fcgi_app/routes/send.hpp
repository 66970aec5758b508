// The one place where a response leaves. Fibers of the event loop only; waits while the peer does
// not read.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/http/response.hpp"

#include <string_view>

namespace routes {

// All of the answer, and its end. `head_only`: to a HEAD.
void send(fastcgi::exchange& peer, std::string_view cors_lines, const http::response& r,
          bool head_only = false);

} // namespace routes
