// Which handler answers which method and path (docs/PROTOCOL.md). Fibers of the event loop only.
#pragma once

#include "fcgi_app/routes/call.hpp"

namespace routes {

// Answers the request through c.peer, now or later (a parked poll). Everything that a handler
// throws is caught here: logged, counted, answered 500.
void dispatch(services& s, call c);

// For a request that was not even readable: `sentence` with that status and the CORS lines.
void refuse(services& s, exchange& peer, std::string_view origin, int status,
            std::string_view sentence);

} // namespace routes
