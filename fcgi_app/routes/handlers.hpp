// The handlers of the route table, one file a group. Each can be called without a socket: with a
// call whose peer is a fake, or none.
#pragma once

#include "fcgi_app/routes/call.hpp"

#include <optional>

namespace routes {

// No response: it comes later, through c.peer, which was moved out.
using answer = outcome<std::optional<http::response>>;

answer ping(context& cx, call& c); // ping.cpp
answer show_metrics(context& cx, call& c);
answer show_health(context& cx, call& c); // health.cpp
answer show_readiness(context& cx, call& c);
answer poll(context& cx, call& c);          // poll.cpp
answer stream_events(context& cx, call& c); // events.cpp
answer sign_in(context& cx, call& c);       // session.cpp
answer sign_out(context& cx, call& c);
answer show_session(context& cx, call& c);
answer list_walls(context& cx, call& c); // walls.cpp
answer mark_read(context& cx, call& c);
answer list_posts(context& cx, call& c); // posts.cpp
answer add_post(context& cx, call& c);
answer edit_post(context& cx, call& c); // changes.cpp
answer delete_post(context& cx, call& c);

} // namespace routes
