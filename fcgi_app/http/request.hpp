// One HTTP request as the CGI variables describe it (RFC 3875). Owns its bytes, none of which have
// been checked: they may contain CR, LF, NUL and invalid UTF-8. Any thread.
#pragma once

#include "fcgi_app/http/trace.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct request {
    std::string method;       // "GET", as sent
    std::string path;         // the route below the mount, percent-decoded by the web server
    std::string query;        // QUERY_STRING, still encoded
    std::string content_type; // media type in lower case without parameters: "application/json";
                              // empty if absent
    std::string charset;      // of it, in lower case without quotes: "utf-8"; empty if absent
    std::string content_encoding; // Content-Encoding in lower case: "gzip"; empty if absent
    std::string authorization;
    std::string cookie; // of two Cookie headers both, joined
    std::string origin;
    std::string csrf_token;    // X-CSRF-Token
    std::string user;          // X-Pollster-User, as sent
    std::string host;          // Host, as sent: "shop.example:8443"
    std::string accept;        // Accept, as sent
    std::string last_event_id; // Last-Event-ID, as sent
    std::string fetch_site;    // Sec-Fetch-Site: "same-origin", "cross-site" …
    std::string remote_addr;
    http::trace trace;  // REQUEST_ID and HTTP_TRACEPARENT
    bool https = false; // HTTPS is "on", or REQUEST_SCHEME is "https"
    std::string body;

    // Builds a request from CGI variables; if a variable occurs twice, the first one counts (but
    // see `cookie`). The route is PATH_INFO, or "/" if that is present but empty. If a server sends
    // none (nginx without fastcgi_split_path_info, Apache without proxy-fcgi-pathinfo), the route
    // is DOCUMENT_URI, or else SCRIPT_NAME, which is right if the application is mounted at "/".
    // SCRIPT_FILENAME is ignored.
    //
    // None: REQUEST_METHOD is missing, or CONTENT_LENGTH is malformed or differs from the body's
    // size. An absent or empty CONTENT_LENGTH means nothing: Apache sends it like this for GET,
    // nginx for a chunked body that it does not buffer.
    static std::optional<request>
    from_cgi(const std::vector<std::pair<std::string_view, std::string_view>>& params,
             std::string body);
};

// The values of one cookie in a Cookie header (RFC 6265, section 5.4), in order, each once, without
// empty ones: a browser sends cookies with one name but different Path or Domain together, and does
// not say which is which. At most `most_cookies` are read, so that one request cannot cause more
// lookups of tokens. Quotes belong to the value.
inline constexpr std::size_t most_cookies = 4;
std::vector<std::string_view> cookie_values(std::string_view header, std::string_view name);

// The token of `Authorization: Bearer <token>` (scheme in upper or lower case); none if it is
// missing or empty.
std::optional<std::string_view> bearer_token(std::string_view authorization);

} // namespace http
