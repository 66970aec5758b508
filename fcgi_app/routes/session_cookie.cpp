#include "fcgi_app/routes/session_cookie.hpp"

#include <algorithm>

namespace routes {

namespace {

constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_path = 1'000; // browsers ignore an attribute of more than 1,024

bool is_visible(char c)
{
    return c > ' ' && c <= '~';
}

// Of a token (RFC 9110, section 5.6.2).
bool is_token_character(char c)
{
    return is_visible(c) &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

// Browsers compare these prefixes without regard to case.
bool begins_with(std::string_view name, std::string_view prefix)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return name.size() >= prefix.size() &&
           std::ranges::equal(name.substr(0, prefix.size()), prefix,
                              [&](char a, char b) { return lower(a) == lower(b); });
}

bool demands_root(std::string_view name)
{
    return begins_with(name, "__Host-");
}

bool demands_secure(std::string_view name)
{
    return demands_root(name) || begins_with(name, "__Secure-") || begins_with(name, "__Http-");
}

// Whether a cookie of this path comes with all that is below the mount (RFC 6265bis,
// section 5.1.4).
bool reaches(std::string_view path, const std::string& mount)
{
    const auto below = mount + '/';
    return below.starts_with(path) && (path.ends_with('/') || below[path.size()] == '/');
}

} // namespace

std::optional<std::string> fault_in_cookie_name(std::string_view name)
{
    if (name.empty() || !std::ranges::all_of(name, is_token_character)) {
        return "a cookie's name consists of ASCII letters, digits and !#$%&'*+-.^_`|~, not \"" +
               std::string(name) + "\"";
    }
    if (name.size() > longest_name) {
        return "a cookie's name has at most " + std::to_string(longest_name) + " characters, not " +
               std::to_string(name.size());
    }
    return std::nullopt;
}

std::optional<std::string> fault_in_cookie_path(std::string_view path)
{
    const auto given = ", not \"" + std::string(path) + "\"";
    if (!path.starts_with('/')) {
        return "a cookie's path begins with a slash, as /chat/ does" + given;
    }
    const auto fits = [](char c) {
        return is_visible(c) && std::string_view(";?#").find(c) == std::string_view::npos;
    };
    if (!std::ranges::all_of(path, fits)) {
        return "a cookie's path consists of visible ASCII characters without ; ? and #" + given;
    }
    if (path.size() > longest_path) {
        return "a cookie's path has at most " + std::to_string(longest_path) + " characters, not " +
               std::to_string(path.size());
    }
    return std::nullopt;
}

std::optional<std::string> fault_in_cookie(const settings& s)
{
    if (demands_root(s.cookie_name) && s.cookie_path != "/") {
        return "cookie_path: browsers refuse a cookie " + s.cookie_name + " with the path " +
               s.cookie_path + ": a name that begins with __Host- needs the path /";
    }
    if (demands_secure(s.cookie_name) && s.secure_cookie == settings::cookies::plain) {
        return "secure_cookies: browsers refuse a cookie " + s.cookie_name +
               " that is not Secure, for its prefix: set on or auto, or another cookie_name";
    }
    if (!s.mount.empty() && !reaches(s.cookie_path, s.mount)) {
        return "cookie_path: browsers would not send a cookie for " + s.cookie_path + " to " +
               s.mount + ", the mount: set a path that the mount is below, or /";
    }
    return std::nullopt;
}

std::string session_cookie(const settings& s, bool https, std::string_view value,
                           std::int64_t max_age)
{
    std::string line = s.cookie_name + '=';
    line.append(value).append("; Path=").append(s.cookie_path);
    line += "; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(max_age);
    if (s.secure_cookie == settings::cookies::secure ||
        (s.secure_cookie == settings::cookies::as_request &&
         (https || demands_secure(s.cookie_name)))) {
        line += "; Secure";
    }
    return line;
}

} // namespace routes
