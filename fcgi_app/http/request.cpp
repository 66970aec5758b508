#include "fcgi_app/http/request.hpp"

#include "fcgi_app/http/text.hpp"
#include "text/number.hpp"
#include "text/trimmed.hpp"

#include <array>

namespace http {

namespace {

using cgi_variables = std::vector<std::pair<std::string_view, std::string_view>>;

// The variables that matter among the dozens that a web server sends.
struct variables {
    std::optional<std::string_view> method, path_info, document_uri, script_name, query,
        content_type, content_length, authorization, cookie, origin, csrf_token, host, fetch_site,
        content_encoding, remote_addr, https, scheme, accept, last_event_id, request_id,
        traceparent;

    std::string more_cookies; // of further Cookie headers

    explicit variables(const cgi_variables& params);
};

struct known_variable {
    std::string_view name;
    std::optional<std::string_view> variables::* place;
};

// Ascending by length of the name.
constexpr std::array known{
    known_variable{"HTTPS", &variables::https},
    known_variable{"PATH_INFO", &variables::path_info},
    known_variable{"HTTP_HOST", &variables::host},
    known_variable{"REQUEST_ID", &variables::request_id},
    known_variable{"SCRIPT_NAME", &variables::script_name},
    known_variable{"HTTP_ACCEPT", &variables::accept},
    known_variable{"HTTP_COOKIE", &variables::cookie},
    known_variable{"HTTP_ORIGIN", &variables::origin},
    known_variable{"REMOTE_ADDR", &variables::remote_addr},
    known_variable{"DOCUMENT_URI", &variables::document_uri},
    known_variable{"QUERY_STRING", &variables::query},
    known_variable{"CONTENT_TYPE", &variables::content_type},
    known_variable{"REQUEST_METHOD", &variables::method},
    known_variable{"REQUEST_SCHEME", &variables::scheme},
    known_variable{"CONTENT_LENGTH", &variables::content_length},
    known_variable{"HTTP_TRACEPARENT", &variables::traceparent},
    known_variable{"HTTP_X_CSRF_TOKEN", &variables::csrf_token},
    known_variable{"HTTP_AUTHORIZATION", &variables::authorization},
    known_variable{"HTTP_LAST_EVENT_ID", &variables::last_event_id},
    known_variable{"HTTP_SEC_FETCH_SITE", &variables::fetch_site},
    known_variable{"HTTP_CONTENT_ENCODING", &variables::content_encoding},
};

constexpr std::size_t longest_name = known.back().name.size();

// Where the names of each length begin in `known`; a web server sends some 30 variables with each
// request, and comparing each with all of these took half of from_cgi's time.
constexpr auto begins = [] {
    std::array<std::size_t, longest_name + 2> at{};
    for (std::size_t length = 0; length < at.size(); ++length) {
        while (at[length] < known.size() && known[at[length]].name.size() < length) {
            ++at[length];
        }
    }
    return at;
}();

variables::variables(const cgi_variables& params)
{
    for (const auto& [name, value] : params) {
        if (name.size() > longest_name) {
            continue;
        }
        for (auto at = begins[name.size()]; at < begins[name.size() + 1]; ++at) {
            if (known[at].name != name) {
                continue;
            }
            auto& place = this->*known[at].place;
            if (!place) {
                place = value;
            } else if (known[at].place == &variables::cookie) {
                more_cookies.append("; ").append(value);
            }
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

// The value of charset in `; charset="UTF-8"; boundary=x`, which follows a media type.
std::string charset_of(std::string_view parameters)
{
    while (!parameters.empty()) {
        parameters.remove_prefix(1); // the semicolon
        const auto one = parameters.substr(0, parameters.find(';'));
        parameters.remove_prefix(one.size());
        const auto equals = std::min(one.find('='), one.size());
        if (equals == one.size() || lower(text::trimmed(one.substr(0, equals))) != "charset") {
            continue;
        }
        auto value = text::trimmed(one.substr(equals + 1));
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        return lower(value);
    }
    return {};
}

bool length_agrees(std::string_view content_length, std::size_t body_size)
{
    if (content_length.empty()) {
        return true;
    }
    return text::parse_number<std::size_t>(content_length, body_size, body_size).has_value();
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
    const auto type = content_type.substr(0, content_type.find(';'));
    r.content_type = lower(text::trimmed(type));
    r.charset = charset_of(content_type.substr(type.size()));
    r.content_encoding = lower(text::trimmed(v.content_encoding.value_or("")));
    r.authorization = v.authorization.value_or("");
    r.cookie = v.cookie.value_or("");
    r.cookie += v.more_cookies;
    r.origin = v.origin.value_or("");
    r.csrf_token = v.csrf_token.value_or("");
    r.host = v.host.value_or("");
    r.accept = v.accept.value_or("");
    r.last_event_id = v.last_event_id.value_or("");
    r.fetch_site = v.fetch_site.value_or("");
    r.remote_addr = v.remote_addr.value_or("");
    r.trace = trace::from(v.request_id.value_or(""), v.traceparent.value_or(""));
    r.https = lower(v.https.value_or("")) == "on" || lower(v.scheme.value_or("")) == "https";
    r.body = std::move(body);
    return r;
}

} // namespace http
