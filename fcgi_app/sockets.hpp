// The listening sockets of this program, wherever they come from. Called at start, before any
// thread exists (it sets the umask).
#pragma once

#include "fcgi_app/fastcgi/listening_socket.hpp"

#include <string>
#include <vector>

namespace pollster {

struct listening_sockets {
    std::vector<fastcgi::listening_socket> sockets; // at least one
    // One of several processes, each with an instance of one template unit of systemd: the name of
    // the handed-over socket says so ("pollster@1.socket").
    bool one_of_several = false;
    // Lines for the log: a backlog that the kernel cuts, an open TCP port …
    std::vector<std::string> warnings;
};

// 1. The sockets that systemd hands over (LISTEN_FDS, any number); else
// 2. descriptor 0, if it is a listening socket, as spawn-fcgi starts its children; else
// 3. `configured`; else `otherwise`.
// With 1 and 2 `configured` is not opened, and a warning says so.
fastcgi::socket_result<listening_sockets>
open_listening_sockets(const std::vector<fastcgi::listen_address>& configured,
                       const fastcgi::listen_address& otherwise);

} // namespace pollster
