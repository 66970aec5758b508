// The listening sockets, wherever they come from. Called at start, before any thread exists (it
// sets the umask).
#pragma once

#include "fcgi_app/config/listen_address.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pollster {

struct socket_error {
    std::string sentence; // one line for the operator, with the address in it
};

template <class T>
using socket_result = boost::system::result<T, socket_error>;

// Found by boost::system::result when value() is called on an error.
[[noreturn]] inline void throw_exception_from_error(const socket_error& t,
                                                    const boost::source_location&)
{
    throw std::runtime_error(t.sentence);
}

// Owns one listening socket: non-blocking, close-on-exec. Its file is removed at the end only if
// this process made it and it is still the same file, so that a successor's socket stays.
class listening_socket {
public:
    listening_socket(int descriptor, std::string label);
    ~listening_socket();
    listening_socket(listening_socket&& other) noexcept;
    listening_socket& operator=(listening_socket&&) = delete;

    int fd() const { return fd_; }
    const std::string& name() const
    {
        return name_;
    } // for the log: "unix:/run/pollster/pollster.sock"

    // The file that bind() has just made is ours to remove.
    void remember_file(std::string path);

private:
    int fd_ = -1;
    std::string name_;
    std::string path_; // empty: no file of ours
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct listening_sockets {
    std::vector<listening_socket> sockets; // at least one
    std::vector<std::string>
        warnings; // lines for the log: a backlog that the kernel cuts, an open TCP port …
};

// 1. The sockets that systemd hands over (LISTEN_FDS, any number); else
// 2. descriptor 0, if it is a listening socket, as spawn-fcgi starts its children; else
// 3. `configured`; else unix:/run/pollster/pollster.sock with mode 0660.
// With 1 and 2 `configured` is not opened, and a warning says so.
socket_result<listening_sockets>
open_listening_sockets(const std::vector<listen_address>& configured);

// One address of ours. A unix socket appears with its owner and mode before it accepts; a path on
// which somebody still listens is refused, one that a dead process left is replaced, and what is no
// socket is never touched.
socket_result<listening_socket> open_listening_socket(const listen_address& address);

inline constexpr int listen_backlog =
    65'535; // net.core.somaxconn caps it; a full backlog is a 502 from nginx

} // namespace pollster
