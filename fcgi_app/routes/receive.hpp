// From a FastCGI request to a route: what cannot be read is refused here, in the words of the
// protocol (docs/PROTOCOL.md). Fibers of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/fastcgi/request.hpp"
#include "fcgi_app/routes/context.hpp"

#include <memory>

namespace routes {

// The handler of the FastCGI server: answers through `peer`, now or later (a parked poll).
void receive(context& cx, fastcgi::request&& r, std::unique_ptr<fastcgi::exchange> peer);

} // namespace routes
