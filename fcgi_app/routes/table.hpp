// Which handler answers which method and path (docs/PROTOCOL.md). Fibers of the event loop only.
#pragma once

#include "fcgi_app/routes/call.hpp"

namespace routes {

// Answers the request through c.peer, now or later (a parked poll). Everything that a handler
// throws is caught here: logged, counted, answered 500.
void dispatch(context& cx, call c);

} // namespace routes
