// A folder for unix sockets that goes with its test, and the two ends of one without our code.
#pragma once

#include "fcgi_app/fastcgi/listen_address.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fastcgi::testing {

struct directory {
    directory()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "pollster-sockets-XXXXXX";
        path = mkdtemp(pattern.data());
    }
    ~directory() { std::filesystem::remove_all(path); }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    unix_address at(const std::string& name) const
    {
        return unix_address{path / name, 0660, {}, {}};
    }
    std::filesystem::path path;
};

inline sockaddr_un sockaddr_of(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

inline int bind_and_listen(const std::string& path)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = sockaddr_of(path);
    BOOST_REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(listen(fd, 8) == 0);
    return fd;
}

inline bool can_connect(const std::string& path)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const sockaddr_un address = sockaddr_of(path);
    const bool yes = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return yes;
}

inline bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace fastcgi::testing
