#include "fcgi_app/http/request.hpp"

#include "fcgi_app/http/text.hpp"
#include "text/number.hpp"
#include "text/trimmed.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace http {

namespace {

using cgi_variables = std::vector<std::pair<std::string_view, std::string_view>>;

// The variables that matter among the dozens that a web server sends.
struct variables {
    std::optional<std::string_view> method, path_info, document_uri, script_name, query,
        content_type, content_length, authorization, cookie, origin, csrf_token, host, fetch_site,
        content_encoding, remote_addr, https, scheme, accept, last_event_id, request_id,
        traceparent, user;

    std::string more_cookies; // of further Cookie headers

    explicit variables(const cgi_variables& params);
};

// The last eight bytes of a name, in one number. Enough to tell apart nearly all names of a length,
// for less than a call of memcmp; shorter ones are 0.
constexpr std::uint64_t tail(std::string_view name)
{
    using bytes = std::array<char, sizeof(std::uint64_t)>;
    bytes last{};
    if (name.size() >= last.size()) {
        name.copy(last.data(), last.size(), name.size() - last.size());
    }
    return std::bit_cast<std::uint64_t>(last);
}

struct known_variable {
    constexpr known_variable(std::string_view n, std::optional<std::string_view> variables::* p)
        : name(n)
        , its_tail(tail(n))
        , place(p)
    {
    }
    std::string_view name;
    std::uint64_t its_tail;
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
    known_variable{"HTTP_X_POLLSTER_USER", &variables::user},
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
        const auto its_tail = tail(name);
        for (auto at = begins[name.size()]; at < begins[name.size() + 1]; ++at) {
            if (known[at].its_tail != its_tail || known[at].name != name) {
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
    // Built where it is returned, and nothing is done for what was not sent: most of these are
    // not, and each request pays for them.
    std::optional<request> built(std::in_place);
    request& r = *built;
    const auto take = [](std::string& to, std::optional<std::string_view> sent) {
        if (sent && !sent->empty()) {
            to = *sent;
        }
    };
    r.method = *v.method;
    r.path = route(v);
    take(r.query, v.query);
    if (v.content_type) {
        const auto type = v.content_type->substr(0, v.content_type->find(';'));
        r.content_type = lower(text::trimmed(type));
        r.charset = charset_of(v.content_type->substr(type.size()));
    }
    if (v.content_encoding) {
        r.content_encoding = lower(text::trimmed(*v.content_encoding));
    }
    take(r.authorization, v.authorization);
    take(r.cookie, v.cookie);
    r.cookie += v.more_cookies;
    take(r.origin, v.origin);
    take(r.csrf_token, v.csrf_token);
    take(r.user, v.user);
    take(r.host, v.host);
    take(r.accept, v.accept);
    take(r.last_event_id, v.last_event_id);
    take(r.fetch_site, v.fetch_site);
    take(r.remote_addr, v.remote_addr);
    if (v.request_id || v.traceparent) {
        r.trace = trace::from(v.request_id.value_or(""), v.traceparent.value_or(""));
    }
    r.https = (v.https && lower(*v.https) == "on") || (v.scheme && lower(*v.scheme) == "https");
    r.body = std::move(body);
    return built;
}

} // namespace http
