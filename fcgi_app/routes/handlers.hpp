// The handlers of the route table, one file a group. None: the answer comes later through c.peer,
// which was moved out.
#pragma once

#include "fcgi_app/routes/call.hpp"

#include <optional>

namespace routes {

using answer = std::optional<http::response>;

answer ping(services& s, call& c); // ping.cpp
answer show_metrics(services& s, call& c);
answer poll(services& s, call& c);    // poll.cpp
answer sign_in(services& s, call& c); // session.cpp
answer sign_out(services& s, call& c);
answer show_session(services& s, call& c);
answer list_walls(services& s, call& c); // walls.cpp
answer mark_read(services& s, call& c);
answer list_posts(services& s, call& c); // posts.cpp
answer add_post(services& s, call& c);
answer edit_post(services& s, call& c); // changes.cpp
answer delete_post(services& s, call& c);

} // namespace routes
