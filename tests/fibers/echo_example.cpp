// An echo server: one thread, a fiber for each connection. Usage: echo_example PORT
#include "fibers/descriptor.hpp"
#include "fibers/scheduler.hpp"

#include <boost/fiber/fiber.hpp>
#include <netinet/in.h>

#include <cstdlib>

void echo(fibers::reactor& loop, int fd)
{
    fibers::descriptor peer(loop, fd);
    char bytes[4096];
    for (ssize_t n = 1; n > 0;) {
        n = peer.read(bytes); // the other fibers run meanwhile
        if (n > 0 && !peer.write({bytes, static_cast<std::size_t>(n)})) {
            return;
        }
    }
}

int main(int, char** arguments)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
    const sockaddr_in at{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(fd, 512) != 0) {
        return 1;
    }
    fibers::descriptor listening(loop, fd);
    for (int next = 0; (next = listening.accept()) >= 0;) {
        boost::fibers::fiber([&loop, next] { echo(loop, next); }).detach();
    }
}
