#include "fcgi_app/http/response.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace http {

namespace {

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
    boost::json::object o;
    o["errors"] = boost::json::array{boost::json::string_view(sentence.data(), sentence.size())};
    return json(boost::json::serialize(o), status);
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
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Unknown";
    }
}

std::string to_cgi(const response& r)
{
    std::string out;
    out.reserve(512 + r.body.size()); // the usual head, CORS included, fits
    out.append("Status: ").append(std::to_string(r.status)).append(" ");
    out.append(reason(r.status)).append("\r\n");
    append_field(out, "Content-Type", r.content_type);
    append_field(out, "Content-Length", std::to_string(r.body.size()));
    append_field(out, "Cache-Control", "no-store");
    for (const auto& [name, value] : r.headers) {
        append_field(out, name, value);
    }
    out.append("\r\n").append(r.body);
    return out;
}

} // namespace http
