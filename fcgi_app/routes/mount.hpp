// Option mount: the path below which the web server has the application, for one that sends whole
// paths (h2o). Pure functions; any thread.
#pragma once

#include "fcgi_app/fastcgi/request.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace routes {

// What is wrong with it, in one sentence; none: it may be used. Empty is no mount: the web server
// cuts it off by itself.
std::optional<std::string> fault_in_mount(std::string_view mount);

// The route of a request, below a mount that is not empty: what follows it in the path that came,
// which is PATH_INFO, or DOCUMENT_URI or else SCRIPT_NAME if that is absent or empty. Of a web
// server that has cut the mount off, and says so in SCRIPT_NAME (nginx, lighttpd), it is PATH_INFO.
// The mount itself is "/". None: the path is not below the mount. Good as long as `r`.
std::optional<std::string_view> route_below(std::string_view mount, const fastcgi::request& r);

} // namespace routes
