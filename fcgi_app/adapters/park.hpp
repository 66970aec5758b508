// Parking for any application behind the same nginx (docs/PARK.md): a request for which it has
// nothing new waits here, without a worker, and goes back to it when something happens on its
// walls. The application has decided who may wait: there is no session, and no entry is sent.
// Fibers of the event loop only.
//
// It is no route: no path leads here. A request is one of these if it has the FastCGI parameter
// POLLSTER_PARK, which only internal locations of nginx set; from a client's headers nginx makes
// parameters that begin with HTTP_.
#pragma once

#include "fcgi_app/adapters/releases.hpp"
#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/fastcgi/request.hpp"
#include "fcgi_app/routes/context.hpp"

#include <memory>

namespace adapters {

// It was received whole, and an application asks to park it.
bool asks_to_park(const fastcgi::request& r);

// Answers through `peer`, now or later. What cannot be understood is 500, and a line in the log:
// the application's mistake, not the client's.
void park(routes::context& cx, releases& pace, fastcgi::request&& r,
          std::unique_ptr<fastcgi::exchange> peer);

} // namespace adapters
