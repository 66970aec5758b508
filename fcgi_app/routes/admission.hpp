// What polls and streams have in common before they wait: who the client is, whether it comes too
// often, and which walls it may wait for. Fibers of the event loop only.
#pragma once

#include "fcgi_app/http/poll_request.hpp"
#include "fcgi_app/routes/call.hpp"
#include "walls/access_number.hpp"

#include <optional>

namespace routes {

// What a client that wants to wait is refused with, before it waits and afterwards.
inline const http::refusal invalid_user{400, "Invalid user!"};
inline const http::refusal invalid_parameters{400, "Invalid parameters!"};

// The cursors in the body, as a form or as JSON.
http::poll_body waits_for(const http::request& r);

// Who waits; at least one of the walls is his to see, or he wants to hear of his walls themselves.
// May block.
outcome<walls::identity_ptr> admit(context& cx, const http::request& r,
                                   const http::poll_body& asked);

// The number of the walls that he may see, if it is not the one that he knows.
std::optional<walls::access_number> other_access(const walls::identity& who,
                                                 const http::poll_body& asked);

} // namespace routes
