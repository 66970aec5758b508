// One HTTP response, written the way a CGI application does it ("Status: 200 OK", RFC 3875
// section 6). Any thread.
#pragma once

#include "fcgi_app/http/refusal.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct response {
    int status = 200;
    std::string body;                                   // JSON, or empty
    std::string_view content_type = "application/json"; // points to what outlives the response
    std::vector<std::pair<std::string, std::string>> headers;

    // `{"errors":["sentence"]}` with that status; "why" and Retry-After if the refusal has them.
    static response error(const refusal& r);
    static response error(int status, std::string_view sentence);
    static response json(std::string body, int status = 200);
};

// "Not Found": the phrase for each status that RFC 9110 and IANA's registry know; otherwise empty,
// as RFC 9112, section 4, allows.
std::string_view reason(int status);

// Appends the head of the response as a CGI application writes it: Status, Content-Type,
// Content-Length, Cache-Control: no-store, `headers`, empty line. A header is left out if its name
// is not a token or its value contains a control character (above all CR and LF, which could begin
// another header, or the body).
void append_head(std::string& out, const response& r);
// Head and body.
std::string to_cgi(const response& r);

} // namespace http
