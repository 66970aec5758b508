// Headers that name a session, CGI variables, and what becomes of any bytes in an answer's header.
#include "fcgi_app/fastcgi/params.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/response.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace fuzz {

namespace {

void reads_only_what_is_there(std::string_view input)
{
    const auto values = http::cookie_values(input, "pollster_session");
    must(values.size() <= http::most_cookies, "no more than are looked up");
    for (const auto value : values) {
        must(input.find("pollster_session") != std::string_view::npos, "only a named cookie");
        must(!value.empty() && value.find(';') == std::string_view::npos,
             "a value ends at the semicolon");
        must(input.find(value) != std::string_view::npos, "a part of the header");
        must(std::count(values.begin(), values.end(), value) == 1, "each once");
    }
    if (const auto token = http::bearer_token(input)) {
        must(!token->empty() && input.find(*token) != std::string_view::npos, "part of the header");
    }
}

void builds_a_request(std::string_view input)
{
    const auto variables = fastcgi::decode_params(input);
    if (!variables) {
        return;
    }
    if (const auto r = http::request::from_cgi(*variables, "body")) {
        must(!r->method.empty() && !r->path.empty(), "a request has a method and a path");
        must(r->body == "body", "the body is passed on");
    }
}

void never_adds_a_header(std::string_view input)
{
    http::response r = http::response::error(400, input);
    r.headers.emplace_back("X-Any", input);
    r.headers.emplace_back(input, "any");
    const auto out = http::to_cgi(r);
    const auto head = out.substr(0, out.find("\r\n\r\n"));
    must(std::count(head.begin(), head.end(), '\n') <= 5, "no more lines than headers");
    must(std::count(head.begin(), head.end(), '\n') == std::count(head.begin(), head.end(), '\r'),
         "lines end with CR LF");
    must(out.ends_with(r.body), "the body follows");
}

} // namespace

void cookie(std::string_view input)
{
    reads_only_what_is_there(input);
    builds_a_request(input);
    never_adds_a_header(input);
}

} // namespace fuzz
