// One HTTP request as the CGI variables tell it (RFC 3875). Owns its bytes. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct request {
    std::string method;       // "GET", as sent
    std::string path;         // PATH_INFO, percent-decoded by nginx; "/" when empty
    std::string query;        // QUERY_STRING, still encoded
    std::string content_type; // media type in lower case without parameters: "application/json"; empty if absent
    std::string authorization;
    std::string cookie;
    std::string origin;
    std::string csrf_token;   // X-CSRF-Token
    std::string remote_addr;
    bool https = false;       // HTTPS is "on", or REQUEST_SCHEME is "https"
    std::string body;

    // Builds a request from CGI variables. The route is PATH_INFO; a server that gives none (nginx without a split)
    // is understood through DOCUMENT_URI or SCRIPT_NAME. None: CONTENT_LENGTH is malformed or differs from the body's size,
    // or REQUEST_METHOD is missing.
    static std::optional<request> from_cgi(const std::vector<std::pair<std::string_view, std::string_view>>& params,
                                           std::string body);
};

// The value of one cookie of a Cookie header (RFC 6265, section 5.4), or none. The first of several.
std::optional<std::string_view> cookie_value(std::string_view header, std::string_view name);
// The token of `Authorization: Bearer <token>` (scheme in any case), or none.
std::optional<std::string_view> bearer_token(std::string_view authorization);

} // namespace http
