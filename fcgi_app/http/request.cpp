#include "fcgi_app/http/request.hpp"

#include "fcgi_app/http/text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace http {

namespace {

using cgi_variables = std::vector<std::pair<std::string_view, std::string_view>>;

// The variables that matter among the dozens that a web server sends.
struct variables {
    std::optional<std::string_view> method, path_info, document_uri, script_name, query,
        content_type, content_length, authorization, cookie, origin, csrf_token, remote_addr, https,
        scheme;

    explicit variables(const cgi_variables& params);
};

struct known_variable {
    std::string_view name;
    std::optional<std::string_view> variables::*place;
};

constexpr known_variable known[] = {
    {"REQUEST_METHOD", &variables::method},
    {"PATH_INFO", &variables::path_info},
    {"DOCUMENT_URI", &variables::document_uri},
    {"SCRIPT_NAME", &variables::script_name},
    {"QUERY_STRING", &variables::query},
    {"CONTENT_TYPE", &variables::content_type},
    {"CONTENT_LENGTH", &variables::content_length},
    {"HTTP_AUTHORIZATION", &variables::authorization},
    {"HTTP_COOKIE", &variables::cookie},
    {"HTTP_ORIGIN", &variables::origin},
    {"HTTP_X_CSRF_TOKEN", &variables::csrf_token},
    {"REMOTE_ADDR", &variables::remote_addr},
    {"HTTPS", &variables::https},
    {"REQUEST_SCHEME", &variables::scheme},
};

variables::variables(const cgi_variables& params)
{
    for (const auto& [name, value] : params) {
        const auto* found = std::ranges::find(known, name, &known_variable::name);
        if (found != std::end(known) && !(this->*found->place)) {
            this->*found->place = value;
        }
    }
}

std::string route(const variables& v)
{
    if (v.path_info) {
        return v.path_info->empty() ? "/" : std::string(*v.path_info);
    }
    const auto whole = v.document_uri.value_or(v.script_name.value_or(""));
    return whole.empty() ? "/" : std::string(whole);
}

bool length_agrees(std::string_view content_length, std::size_t body_size)
{
    if (content_length.empty()) {
        return true;
    }
    std::size_t length = 0;
    const auto* end = content_length.data() + content_length.size();
    const auto [stop, error] = std::from_chars(content_length.data(), end, length);
    return error == std::errc() && stop == end && length == body_size;
}

} // namespace

std::optional<request> request::from_cgi(const cgi_variables& params, std::string body)
{
    const variables v(params);
    if (v.method.value_or("").empty() ||
        !length_agrees(v.content_length.value_or(""), body.size())) {
        return std::nullopt;
    }
    request r;
    r.method = *v.method;
    r.path = route(v);
    r.query = v.query.value_or("");
    const auto content_type = v.content_type.value_or("");
    r.content_type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
    r.authorization = v.authorization.value_or("");
    r.cookie = v.cookie.value_or("");
    r.origin = v.origin.value_or("");
    r.csrf_token = v.csrf_token.value_or("");
    r.remote_addr = v.remote_addr.value_or("");
    r.https = lower(v.https.value_or("")) == "on" || lower(v.scheme.value_or("")) == "https";
    r.body = std::move(body);
    return r;
}

} // namespace http
