#include "fcgi_app/sockets.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>
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

// As libsystemd returns one: a null pointer, or strings up to a null pointer, all to be freed.
class string_list {
public:
    explicit string_list(char** strings)
        : strings_(strings)
    {
    }
    ~string_list()
    {
        for (char** s = strings_; s != nullptr && *s != nullptr; ++s) {
            std::free(*s);
        }
        std::free(strings_);
    }
    string_list(const string_list&) = delete;
    string_list& operator=(const string_list&) = delete;
    const char* at(int i) const { return strings_[i]; }

private:
    char** strings_;
};

socket_result<listening_sockets> handed_over()
{
    listening_sockets out;
    char** found_names = nullptr;
    const int count = sd_listen_fds_with_names(1, &found_names);
    const string_list names(found_names);
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
        out.sockets.push_back(std::move(*adopted));
        out.one_of_several = out.one_of_several || std::strchr(names.at(i), '@') != nullptr;
    }
    if (out.sockets.empty()) {
        if (auto inherited = fastcgi::inherited_listening_socket()) {
            out.sockets.push_back(std::move(*inherited));
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
    auto inherited = handed_over();
    if (!inherited) {
        return inherited.error();
    }
    if (!inherited->sockets.empty()) {
        if (!configured.empty()) {
            inherited->warnings.emplace_back(
                "listen is not used: a listening socket was handed over");
        }
        return inherited;
    }
    listening_sockets out;
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
