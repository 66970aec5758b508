#include "fcgi_app/fastcgi/newcomers.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fastcgi {

// shutdown() would do it, too, but for ever: a socket that systemd keeps must listen again.
bool refuse_newcomers(int listening)
{
    sockaddr_un own{};
    socklen_t size = sizeof own;
    if (getsockname(listening, reinterpret_cast<sockaddr*>(&own), &size) != 0 ||
        own.sun_family != AF_UNIX) {
        return true;
    }
    ::listen(listening, 0); // Linux: room for one connection. It is this one, which stays there.
    const int plug = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool full =
        connect(plug, reinterpret_cast<const sockaddr*>(&own), size) != 0 && errno == EAGAIN;
    close(plug);
    return !full;
}

} // namespace fastcgi
