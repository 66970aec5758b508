// Where to listen, as text: unix:PATH[,mode=0660][,owner=USER][,group=GROUP],
// HOST:PORT or [IPV6]:PORT. Only the form is judged here; whether the path or host exists is found
// out when the socket is opened. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>

namespace fastcgi {

struct unix_address {
    std::string path;
    mode_t mode = 0660;
    std::string owner; // name or number; empty: as the process
    std::string group;
};

struct tcp_address {
    std::string host; // name or number, IPv6 without its brackets
    std::string port;
};

using listen_address = std::variant<unix_address, tcp_address>;

// The address, or one sentence that says what is wrong with the text.
std::variant<listen_address, std::string> parse_listen(std::string_view text);

std::string to_string(const listen_address& address); // "unix:/run/app/app.sock", "[::1]:9000"

// A socket path has to fit into sockaddr_un with its closing zero byte.
inline constexpr std::size_t longest_socket_path = 107;

} // namespace fastcgi
