#include "fcgi_app/sockets.hpp"

#include <systemd/sd-daemon.h>

#include <cstring>
#include <fstream>
#include <utility>
#include <variant>

namespace pollster {

using fastcgi::listen_backlog;
using fastcgi::listening_socket;
using fastcgi::socket_error;
using fastcgi::socket_result;

namespace {

socket_result<std::vector<listening_socket>> handed_over()
{
    std::vector<listening_socket> out;
    const int count = sd_listen_fds(1);
    if (count < 0) {
        return socket_error{std::string("LISTEN_FDS cannot be understood: ") +
                            std::strerror(-count)};
    }
    for (int i = 0; i < count; ++i) {
        auto adopted = fastcgi::adopt_listening_socket(SD_LISTEN_FDS_START + i,
                                                       "systemd:" + std::to_string(i));
        if (!adopted) {
            return adopted.error();
        }
        out.push_back(std::move(*adopted));
    }
    if (out.empty()) {
        if (auto inherited = fastcgi::inherited_listening_socket()) {
            out.push_back(std::move(*inherited));
        }
    }
    return out;
}

void warn_of_small_backlog(std::vector<std::string>& warnings)
{
    long limit = listen_backlog;
    std::ifstream("/proc/sys/net/core/somaxconn") >> limit;
    if (limit < listen_backlog) {
        warnings.push_back(
            "net.core.somaxconn is " + std::to_string(limit) +
            ": a burst of more connections gets 502 from nginx; sysctl -w net.core.somaxconn=" +
            std::to_string(listen_backlog));
    }
}

bool is_loopback(const std::string& host)
{
    return host.starts_with("127.") || host == "::1" || host == "localhost";
}

} // namespace

socket_result<listening_sockets>
open_listening_sockets(const std::vector<fastcgi::listen_address>& configured,
                       const fastcgi::listen_address& otherwise)
{
    listening_sockets out;
    auto inherited = handed_over();
    if (!inherited) {
        return inherited.error();
    }
    if (!inherited->empty()) {
        if (!configured.empty()) {
            out.warnings.emplace_back("listen is not used: a listening socket was handed over");
        }
        out.sockets = std::move(*inherited);
        return out;
    }
    std::vector<fastcgi::listen_address> wanted = configured;
    if (wanted.empty()) {
        wanted.push_back(otherwise);
    }
    for (const auto& address : wanted) {
        auto opened = fastcgi::open_listening_socket(address);
        if (!opened) {
            return opened.error();
        }
        out.sockets.push_back(std::move(*opened));
        const auto* tcp = std::get_if<fastcgi::tcp_address>(&address);
        if (tcp != nullptr && !is_loopback(tcp->host)) {
            out.warnings.push_back(
                to_string(address) +
                " is open to the network: whoever reaches it can speak for nginx");
        }
    }
    warn_of_small_backlog(out.warnings);
    return out;
}

} // namespace pollster
