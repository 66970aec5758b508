// The cookie that holds a browser's session, as the options cookie_name, cookie_path and
// secure_cookies say: what is set, and what no browser would keep (RFC 6265bis, sections 4.1 and
// 5.7). Pure functions; any thread.
#pragma once

#include "fcgi_app/routes/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace routes {

// What is wrong with it, in one sentence; none: it may be used.
std::optional<std::string> fault_in_cookie_name(std::string_view name); // a token, of at most 100
std::optional<std::string> fault_in_cookie_path(std::string_view path);

// What is wrong with these settings together: a name whose prefix demands what the others deny, or
// a path below which the application is not. It begins with the option to change.
std::optional<std::string> fault_in_cookie(const settings& s);

// The value of Set-Cookie. A name that demands Secure (`__Host-x`) gets it whatever the request
// came over, unless secure_cookies is off, which fault_in_cookie() refuses. No Domain, ever.
std::string session_cookie(const settings& s, bool https, std::string_view value,
                           std::int64_t max_age);

} // namespace routes
