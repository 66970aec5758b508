// A non-blocking descriptor on which one fiber at a time reads, writes or accepts as if it blocked:
// only that fiber waits. Thread of the loop only. Owns the descriptor; must not outlive the
// reactor.
#pragma once

#include "fibers/reactor.hpp"
#include "fibers/sleeper.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

namespace fibers {

class descriptor final : public watcher {
public:
    // Throws std::system_error if epoll refuses it; the descriptor is closed then.
    descriptor(reactor& loop, int fd)
        : loop_(loop)
        , fd_(fd)
    {
        if (!loop_.watch(fd_, *this)) {
            const int error = errno;
            close(fd_);
            throw std::system_error(error, std::generic_category(), "epoll");
        }
    }
    ~descriptor() override
    {
        loop_.forget(fd_, *this);
        close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    // Reads some bytes; 0 at the end of input, -1 and errno on an error.
    ssize_t read(std::span<char> into)
    {
        return until_done([&] { return ::read(fd_, into.data(), into.size()); });
    }
    // Writes all of them; false and errno on an error. Sockets raise no SIGPIPE.
    bool write(std::span<const char> bytes)
    {
        while (!bytes.empty()) {
            const ssize_t n =
                until_done([&] { return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
            if (n < 0) {
                return false;
            }
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
        return true;
    }
    // Accepts a connection, non-blocking; -1 and errno on an error.
    int accept()
    {
        return static_cast<int>(until_done(
            [&] { return accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }));
    }

private:
    template <class Call>
    ssize_t until_done(Call call)
    {
        ssize_t n = call();
        for (; n < 0 && (errno == EAGAIN || errno == EINTR); n = call()) {
            if (errno == EAGAIN) {
                edge_.sleep(); // an edge that came since the call is not lost: the sleeper
                               // remembers it
            }
        }
        return n;
    }
    void on_ready(std::uint32_t) override { edge_.wake(); }

    reactor& loop_;
    const int fd_;
    sleeper edge_;
};

} // namespace fibers
