// What polls and streams have in common before they wait: who the client is, whether it comes too
// often, and which walls it may wait for. Fibers of the event loop only.
#pragma once

#include "fcgi_app/http/poll_request.hpp"
#include "fcgi_app/routes/call.hpp"

namespace routes {

// What a client that wants to wait is refused with, before it waits and afterwards.
inline const http::refusal invalid_user{400, "Invalid user!"};
inline const http::refusal invalid_parameters{400, "Invalid parameters!"};

// The cursors in the body, as a form or as JSON.
http::poll_body waits_for(const http::request& r);

// Who waits; at least one of the walls is his to see. May block.
outcome<walls::identity_ptr> admit(context& cx, const http::request& r,
                                   const http::poll_body& asked);

} // namespace routes
