// A socket that listens for web servers, opened or inherited. To be called at start, before any
// thread exists (it sets the umask).
#pragma once

#include "fcgi_app/fastcgi/listen_address.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>

namespace fastcgi {

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
    listening_socket(int descriptor, std::string label, bool was_handed_over = false);
    ~listening_socket();
    listening_socket(listening_socket&& other) noexcept;
    listening_socket& operator=(listening_socket&&) = delete;

    int fd() const { return fd_; }
    const std::string& name() const { return name_; } // for the log: "unix:/run/app/app.sock"
    bool handed_over() const { return handed_over_; } // it stays when this process ends

    // The file that bind() has just made is ours to remove.
    void remember_file(std::string path);

private:
    int fd_ = -1;
    std::string name_;
    bool handed_over_ = false;
    std::string path_; // empty: no file of ours
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

// Opens one. A unix socket appears with its owner and mode before it accepts; a path on which
// somebody still listens is refused, one that a dead process left is replaced, and what is no
// socket is never touched.
socket_result<listening_socket> open_listening_socket(const listen_address& address);

// Takes over `fd`, which somebody else opened; its file stays when this process ends. Its backlog
// becomes listen_backlog, whatever it was: a process before may have closed it (newcomers.hpp). An
// error, with `fd` as it was, if it is no listening stream socket.
socket_result<listening_socket> adopt_listening_socket(int fd, std::string label);

// Descriptor 0, if a process manager passed its listening socket there, as the specification
// (section 2.2) and spawn-fcgi do. Nothing may read or close it as standard input from then on, so
// /dev/null takes its place.
std::optional<listening_socket> inherited_listening_socket();

// net.core.somaxconn caps it. Where a backlog is full, a web server gets an error at once.
inline constexpr int listen_backlog = 65'535;

} // namespace fastcgi
