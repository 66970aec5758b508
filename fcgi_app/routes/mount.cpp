#include "fcgi_app/routes/mount.hpp"

namespace routes {

namespace {

// Those that nothing on the way encodes or decodes: unreserved in RFC 3986, section 2.3.
bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~").find(c) != std::string_view::npos;
}

constexpr std::size_t longest = 100;

bool is_segment(std::string_view text)
{
    return !text.empty() && text != "." && text != "..";
}

} // namespace

std::optional<std::string> fault_in_mount(std::string_view mount)
{
    const auto given = ", not \"" + std::string(mount) + "\"";
    if (mount.empty()) {
        return std::nullopt;
    }
    if (mount.front() != '/') {
        return "a mount begins with a slash, as /chat/api does" + given;
    }
    if (mount == "/") {
        return "at the root there is nothing to cut off: leave the mount empty" + given;
    }
    if (mount.back() == '/') {
        return "a mount ends without a slash, as /chat/api does" + given;
    }
    if (mount.size() > longest) {
        return "a mount has at most " + std::to_string(longest) + " characters, not " +
               std::to_string(mount.size());
    }
    for (auto rest = mount; !rest.empty();) {
        rest.remove_prefix(1); // the slash
        const auto segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        for (const char c : segment) {
            if (!is_plain(c)) {
                return "a mount consists of slashes, ASCII letters, digits and -._~" + given;
            }
        }
        if (!is_segment(segment)) {
            return "between the slashes of a mount is a name, neither nothing nor . nor .." + given;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> route_below(std::string_view mount, const fastcgi::request& r)
{
    const std::string_view root = "/";
    auto path = r.param("PATH_INFO");
    const auto script = r.param("SCRIPT_NAME");
    if (script == mount) {
        return path.empty() ? root : path;
    }
    if (path.empty()) {
        path = r.param("DOCUMENT_URI");
    }
    if (path.empty()) {
        path = script;
    }
    if (!path.starts_with(mount)) {
        return std::nullopt;
    }
    path.remove_prefix(mount.size());
    if (path.empty()) {
        return root;
    }
    return path.front() == '/' ? std::optional(path) : std::nullopt;
}

} // namespace routes
