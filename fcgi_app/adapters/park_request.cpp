#include "fcgi_app/adapters/park_request.hpp"

#include "fcgi_app/http/event_stream.hpp"
#include "fcgi_app/http/form.hpp"

#include <algorithm>

namespace adapters {

namespace {

bool of_a_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

// What may stand in a header, and nginx takes for an address: visible ASCII. A backslash is a slash
// to some browsers, and "#" ends what is sent.
bool of_an_address(char c)
{
    return c > ' ' && c < '\x7f' && c != '#' && c != '\\';
}

bool is_local(std::string_view then)
{
    if (then.size() > longest_then) {
        return false;
    }
    if (then.starts_with('@')) {
        return then.size() > 1 && std::ranges::all_of(then.substr(1), of_a_name);
    }
    const auto path = then.substr(0, then.find('?'));
    return then.starts_with('/') && path.find("//") == std::string_view::npos &&
           std::ranges::all_of(then, of_an_address);
}

} // namespace

std::variant<park_request, std::string_view> parse_park(std::string_view query)
{
    std::optional<std::string> walls;
    std::optional<std::string> then;
    while (const auto field = http::take_field(query)) {
        const auto& [name, encoded] = *field;
        auto& place = name == "walls" ? walls : then;
        if ((name != "walls" && name != "then") || place) {
            return "it has another field than walls and then, or one of them twice: what stands "
                   "in then has to be percent-encoded";
        }
        place = http::form_decode(encoded);
        if (!place) {
            return "a % is not followed by two hexadecimal digits";
        }
    }
    park_request out;
    if (auto cursors = http::parse_cursors(walls.value_or("")); cursors && !cursors->empty()) {
        out.walls = std::move(*cursors);
    } else {
        return "walls is not a list like 7:57,9:3";
    }
    if (!is_local(then.value_or(""))) {
        return "then is not a path of this host in at most 2,000 bytes of an address, nor a named "
               "location";
    }
    out.then = std::move(*then);
    return out;
}

std::string way_back(std::string_view then, std::string_view what,
                     std::optional<std::chrono::milliseconds> retry)
{
    std::string happened = "what=" + std::string(what);
    if (retry) {
        happened += "&retry_ms=" + std::to_string(retry->count());
    }
    // No other header: nginx would keep some of them for the application's own answer.
    std::string head = "Status: 200 OK\r\nX-Accel-Redirect: ";
    head += then;
    if (then.starts_with('@')) {
        head += "\r\nX-Parked: ";
    } else {
        head += then.find('?') == std::string_view::npos ? '?' : '&';
    }
    head += happened;
    head += "\r\n\r\n";
    return head;
}

} // namespace adapters
