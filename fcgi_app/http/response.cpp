#include "fcgi_app/http/response.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace http {

namespace {

struct phrase {
    int status;
    std::string_view words;
};

// Ascending. Source: https://www.iana.org/assignments/http-status-codes
constexpr std::array phrases{
    phrase{200, "OK"},
    phrase{201, "Created"},
    phrase{202, "Accepted"},
    phrase{203, "Non-Authoritative Information"},
    phrase{204, "No Content"},
    phrase{205, "Reset Content"},
    phrase{206, "Partial Content"},
    phrase{300, "Multiple Choices"},
    phrase{301, "Moved Permanently"},
    phrase{302, "Found"},
    phrase{303, "See Other"},
    phrase{304, "Not Modified"},
    phrase{305, "Use Proxy"},
    phrase{307, "Temporary Redirect"},
    phrase{308, "Permanent Redirect"},
    phrase{400, "Bad Request"},
    phrase{401, "Unauthorized"},
    phrase{402, "Payment Required"},
    phrase{403, "Forbidden"},
    phrase{404, "Not Found"},
    phrase{405, "Method Not Allowed"},
    phrase{406, "Not Acceptable"},
    phrase{407, "Proxy Authentication Required"},
    phrase{408, "Request Timeout"},
    phrase{409, "Conflict"},
    phrase{410, "Gone"},
    phrase{411, "Length Required"},
    phrase{412, "Precondition Failed"},
    phrase{413, "Content Too Large"},
    phrase{414, "URI Too Long"},
    phrase{415, "Unsupported Media Type"},
    phrase{416, "Range Not Satisfiable"},
    phrase{417, "Expectation Failed"},
    phrase{421, "Misdirected Request"},
    phrase{422, "Unprocessable Content"},
    phrase{423, "Locked"},
    phrase{424, "Failed Dependency"},
    phrase{425, "Too Early"},
    phrase{426, "Upgrade Required"},
    phrase{428, "Precondition Required"},
    phrase{429, "Too Many Requests"},
    phrase{431, "Request Header Fields Too Large"},
    phrase{451, "Unavailable For Legal Reasons"},
    phrase{500, "Internal Server Error"},
    phrase{501, "Not Implemented"},
    phrase{502, "Bad Gateway"},
    phrase{503, "Service Unavailable"},
    phrase{504, "Gateway Timeout"},
    phrase{505, "HTTP Version Not Supported"},
    phrase{507, "Insufficient Storage"},
    phrase{508, "Loop Detected"},
    phrase{511, "Network Authentication Required"},
};

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text)
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

void append_field(std::string& out, std::string_view name, std::string_view value)
{
    if (is_token(name) && is_field_value(value)) {
        out.append(name).append(": ").append(value).append("\r\n");
    }
}

} // namespace

response response::error(int status, std::string_view sentence)
{
    return error(refusal{status, std::string(sentence)});
}

response response::error(const refusal& r)
{
    boost::json::object o;
    o["errors"] = boost::json::array{boost::json::string_view(r.sentence)};
    if (!r.why.empty()) {
        o["why"] = r.why;
    }
    response out = json(boost::json::serialize(o), r.status);
    if (r.retry_after) {
        out.headers.emplace_back("Retry-After", std::to_string(r.retry_after->count()));
    }
    return out;
}

response response::json(std::string body, int status)
{
    response r;
    r.status = status;
    r.body = std::move(body);
    return r;
}

std::string_view reason(int status)
{
    const auto found = std::ranges::lower_bound(phrases, status, {}, &phrase::status);
    return found != phrases.end() && found->status == status ? found->words : std::string_view();
}

void append_head(std::string& out, const response& r)
{
    // The three names are our own, and two of the values.
    out.append("Status: ").append(std::to_string(r.status)).append(" ").append(reason(r.status));
    if (is_field_value(r.content_type)) {
        out.append("\r\nContent-Type: ").append(r.content_type);
    }
    out.append("\r\nContent-Length: ").append(std::to_string(r.body.size()));
    out.append("\r\nCache-Control: no-store\r\n");
    for (const auto& [name, value] : r.headers) {
        append_field(out, name, value);
    }
    out.append("\r\n");
}

std::string to_cgi(const response& r)
{
    std::string out;
    append_head(out, r);
    return out.append(r.body);
}

} // namespace http
