#include "fcgi_app/cli/doctor/socket.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>

namespace pollster::doctor {

namespace {

constexpr int longest_ms = 5'000;

class connected_socket {
public:
    explicit connected_socket(int fd)
        : fd_(fd)
    {
    }
    ~connected_socket()
    {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    connected_socket(const connected_socket&) = delete;
    connected_socket& operator=(const connected_socket&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

std::string record(unsigned char type, std::string_view content)
{
    std::string out{1, static_cast<char>(type), 0, 1}; // version, type, request 1
    out += static_cast<char>(content.size() >> 8U);
    out += static_cast<char>(content.size() & 0xFFU);
    out += std::string_view("\0\0", 2); // no padding
    return out.append(content);
}

// Names and values of less than 128 bytes.
std::string pair(std::string_view name, std::string_view value)
{
    std::string out{static_cast<char>(name.size()), static_cast<char>(value.size())};
    return out.append(name).append(value);
}

// FastCGI 1.0: begin a responder, its parameters, no body.
std::string ping(std::string_view mount)
{
    constexpr unsigned char begin = 1;
    constexpr unsigned char params = 4;
    constexpr unsigned char standard_input = 5;
    return record(begin, std::string_view("\0\1\0\0\0\0\0\0", 8)) +
           record(params, pair("REQUEST_METHOD", "GET") + pair("SCRIPT_NAME", mount) +
                              pair("PATH_INFO", "/") + pair("REQUEST_URI", "/") +
                              pair("QUERY_STRING", "") + pair("SERVER_PROTOCOL", "HTTP/1.1") +
                              pair("REMOTE_ADDR", "127.0.0.1")) +
           record(params, "") + record(standard_input, "");
}

bool ready(int fd, short event)
{
    pollfd p{fd, event, 0};
    return ::poll(&p, 1, longest_ms) == 1;
}

int open_unix(const std::string& path)
{
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int open_tcp(const fastcgi::tcp_address& a)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (::getaddrinfo(a.host.c_str(), a.port.c_str(), &hints, &list) != 0) {
        errno = EHOSTUNREACH;
        return -1;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> held(list, &::freeaddrinfo);
    for (const auto* one = list; one != nullptr; one = one->ai_next) {
        const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        timeval limit{longest_ms / 1000, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); // connect(), too
        if (::connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            return fd;
        }
        const int error = errno;
        ::close(fd);
        errno = error;
    }
    return -1;
}

// What STDOUT records hold, up to END_REQUEST.
std::string answer_in(std::string_view bytes)
{
    std::string out;
    while (bytes.size() >= 8) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        const std::size_t length = (at(4) * 256U) + at(5);
        if (at(1) == 6 && bytes.size() >= 8 + length) {
            out.append(bytes.substr(8, length));
        }
        bytes.remove_prefix(std::min(bytes.size(), 8 + length + at(6)));
    }
    return out;
}

void check_group(const std::string& path, std::vector<finding>& found)
{
    struct stat s{};
    if (::stat(path.c_str(), &s) == 0 && (s.st_mode & 0060U) != 0060U &&
        (s.st_mode & 0006U) != 0006U) {
        found.push_back({"socket-mode", path + " is open to its owner only, not to nginx's workers",
                         "SocketMode=0660 and SocketGroup=www-data in the socket unit, or "
                         "listen = unix:...,mode=0660,group=www-data"});
    }
}

} // namespace

std::vector<fastcgi::listen_address> addresses_of(const config& settings)
{
    if (!settings.listen.empty()) {
        return settings.listen;
    }
    // systemd/pollster.socket and pollster@.socket.
    std::vector<fastcgi::listen_address> out;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/run/pollster", none)) {
        if (entry.is_socket(none)) {
            out.emplace_back(fastcgi::unix_address{entry.path().string(), 0660, {}, {}});
        }
    }
    if (out.empty()) {
        out.push_back(
            std::get<fastcgi::listen_address>(fastcgi::parse_listen(config::default_listen)));
    }
    return out;
}

asked ask(const fastcgi::listen_address& address, const std::string& mount)
{
    const auto* local = std::get_if<fastcgi::unix_address>(&address);
    const connected_socket peer(local != nullptr
                                    ? open_unix(local->path)
                                    : open_tcp(std::get<fastcgi::tcp_address>(address)));
    if (peer.get() < 0) {
        return {{}, std::strerror(errno)};
    }
    const auto request = ping(mount);
    if (::send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        return {{}, std::strerror(errno)};
    }
    std::string bytes;
    char buffer[4096];
    while (bytes.size() < 65'536) {
        if (!ready(peer.get(), POLLIN)) {
            return {{}, "it takes the request, and does not answer within 5 s"};
        }
        const auto n = ::recv(peer.get(), buffer, sizeof buffer, 0);
        if (n <= 0) {
            break; // it closes the connection after the answer
        }
        bytes.append(buffer, static_cast<std::size_t>(n));
    }
    auto answer = answer_in(bytes);
    return answer.empty() ? asked{{}, "it closes the connection without an answer"}
                          : asked{std::move(answer), {}};
}

std::vector<finding> check_sockets(const config& settings)
{
    std::vector<finding> found;
    for (const auto& address : addresses_of(settings)) {
        const auto answer = ask(address, settings.routes.mount);
        if (!answer.why.empty()) {
            found.push_back({"socket", to_string(address) + ": " + answer.why,
                             "is the server running? systemctl status pollster.socket pollster"});
        } else if (answer.answer.find("huzzah") == std::string::npos) {
            found.push_back({"socket",
                             to_string(address) + ": whoever answers there is not Pollster",
                             "another program listens there; give one of them another address"});
        }
        if (const auto* local = std::get_if<fastcgi::unix_address>(&address)) {
            check_group(local->path, found);
        }
    }
    return found;
}

} // namespace pollster::doctor
