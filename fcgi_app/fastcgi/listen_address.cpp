#include "fcgi_app/fastcgi/listen_address.hpp"

#include "text/number.hpp"

#include <cstdint>

namespace fastcgi {

namespace {

std::optional<std::string> set_detail(unix_address& address, std::string_view detail)
{
    const auto equals = detail.find('=');
    const auto key = detail.substr(0, equals);
    const auto value = equals == std::string_view::npos ? "" : detail.substr(equals + 1);
    if (key == "mode") {
        const auto mode = text::parse_number<mode_t>(value, 0, 0777, 8);
        if (!mode) {
            return "mode is octal, from 0 to 0777, as in mode=0660";
        }
        address.mode = *mode;
        return std::nullopt;
    }
    if (key != "owner" && key != "group") {
        return "after the path only mode=, owner= and group= are known, not \"" +
               std::string(detail) + "\"";
    }
    if (value.empty()) {
        return std::string(key) + "= needs a name";
    }
    (key == "owner" ? address.owner : address.group) = value;
    return std::nullopt;
}

std::variant<listen_address, std::string> parse_unix(std::string_view text)
{
    unix_address address;
    const auto comma = text.find(',');
    address.path = text.substr(0, comma);
    if (address.path.empty() || address.path.front() != '/') {
        return "the path of a socket is absolute, as in unix:/run/app/app.sock";
    }
    if (address.path.size() > longest_socket_path) {
        return "the path of a socket has at most " + std::to_string(longest_socket_path) +
               " bytes, this one has " + std::to_string(address.path.size());
    }
    while (text.find(',') != std::string_view::npos) {
        text.remove_prefix(text.find(',') + 1);
        if (auto wrong = set_detail(address, text.substr(0, text.find(',')))) {
            return *wrong;
        }
    }
    return listen_address{address};
}

} // namespace

std::variant<listen_address, std::string> parse_listen(std::string_view text)
{
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix)) {
        return parse_unix(text.substr(unix_prefix.size()));
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return "an address is unix:PATH, HOST:PORT or [IPV6]:PORT, not \"" + std::string(text) +
               "\"";
    }
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.front() == '[' && host.back() == ']' && host.size() > 2) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of("[]:/") != std::string_view::npos) {
        return "an IPv6 address stands in brackets, as in [::1]:9000, and a path after unix:";
    }
    if (!text::parse_number<std::uint16_t>(port, 0, 65535)) {
        return "a port is a number from 0 to 65535, not \"" + std::string(port) + "\"";
    }
    return listen_address{tcp_address{std::string(host), std::string(port)}};
}

std::string to_string(const listen_address& address)
{
    if (const auto* file = std::get_if<unix_address>(&address)) {
        return "unix:" + file->path;
    }
    const auto& tcp = std::get<tcp_address>(address);
    const bool v6 = tcp.host.find(':') != std::string::npos;
    return (v6 ? "[" + tcp.host + "]" : tcp.host) + ":" + tcp.port;
}

} // namespace fastcgi
