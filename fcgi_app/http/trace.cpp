#include "fcgi_app/http/trace.hpp"

#include <algorithm>

namespace http {

namespace {

bool is_visible(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_hex(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text)
{
    return text.find_first_not_of('0') == std::string_view::npos;
}

// A version after 00 may add something behind another dash.
bool is_traceparent(std::string_view text)
{
    constexpr std::size_t length = 55; // 2 + 1 + 32 + 1 + 16 + 1 + 2
    if (text.size() < length || text.size() > trace::longest || !is_visible(text)) {
        return false;
    }
    const auto version = text.substr(0, 2);
    const auto id = text.substr(3, 32);
    const auto parent = text.substr(36, 16);
    const auto flags = text.substr(53, 2);
    const auto rest = text.substr(length);
    const bool dashes = text[2] == '-' && text[35] == '-' && text[52] == '-';
    return dashes && is_hex(version) && version != "ff" && is_hex(id) && !is_zero(id) &&
           is_hex(parent) && !is_zero(parent) && is_hex(flags) &&
           (rest.empty() || (version != "00" && rest.front() == '-'));
}

} // namespace

trace trace::from(std::string_view request_id, std::string_view traceparent)
{
    trace out;
    if (request_id.size() <= longest && is_visible(request_id)) {
        out.request_id = request_id;
    }
    if (is_traceparent(traceparent)) {
        out.traceparent = traceparent;
    }
    return out;
}

std::string request_name::text() const
{
    std::string out = std::to_string(number);
    if (!also.request_id.empty()) {
        out += " id=" + also.request_id;
    }
    if (!also.traceparent.empty()) {
        out += " traceparent=" + also.traceparent;
    }
    return out;
}

void append_trace(std::string& head, const trace& t)
{
    if (!t.request_id.empty()) {
        head.append("X-Request-Id: ").append(t.request_id).append("\r\n");
    }
    if (!t.traceparent.empty()) {
        head.append("traceparent: ").append(t.traceparent).append("\r\n");
    }
}

} // namespace http
