// An echo server: one thread, a fiber for each connection. Usage: echo_example PORT
#include "fibers/scheduler.hpp"
#include "fibers/sleeper.hpp"

#include <boost/fiber/fiber.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

struct edge final : fibers::watcher { // wakes a fiber when its descriptor is ready
    fibers::sleeper turn;
    void on_ready(std::uint32_t) override { turn.wake(); }
};

template <class Call>
ssize_t until_done(edge& e, Call call)
{
    ssize_t n = call();
    for (; n < 0 && errno == EAGAIN; n = call()) {
        e.turn.sleep(); // the other fibers run meanwhile
    }
    return n;
}

void echo(fibers::reactor& loop, int fd)
{
    edge e;
    char bytes[4096];
    ssize_t n = loop.watch(fd, e) ? 1 : 0;
    while (n > 0) {
        const ssize_t got = n = until_done(e, [&] { return read(fd, bytes, sizeof bytes); });
        for (ssize_t sent = 0; n > 0 && sent < got; sent += n) {
            const auto left = static_cast<std::size_t>(got - sent);
            n = until_done(e, [&] { return send(fd, bytes + sent, left, MSG_NOSIGNAL); });
        }
    }
    loop.forget(fd, e);
    close(fd);
}

int main(int, char** arguments)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
    const sockaddr_in at{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    edge e;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(fd, 512) != 0 ||
        !loop.watch(fd, e)) {
        return 1;
    }
    for (;;) {
        const auto peer = [&] { return accept4(fd, nullptr, nullptr, SOCK_NONBLOCK); };
        const auto next = static_cast<int>(until_done(e, peer));
        boost::fibers::fiber([&loop, next] { echo(loop, next); }).detach();
    }
}
