#include "fcgi_app/fastcgi/acceptor.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fastcgi {

namespace {

constexpr int accepts_a_turn = 64;

} // namespace

acceptor::acceptor(fibers::reactor& loop, int fd, newcomers at_stop, observer& watching,
                   std::function<void(int)> adopt)
    : loop_(loop)
    , fd_(fd)
    , at_stop_(at_stop)
    , watching_(watching)
    , adopt_(std::move(adopt))
{
}

acceptor::~acceptor()
{
    loop_.forget(fd_, *this);
}

bool acceptor::watch()
{
    return loop_.watch(fd_, *this);
}

void acceptor::on_ready(std::uint32_t)
{
    accept_and_go_on();
}

void acceptor::on_turn()
{
    accept_and_go_on();
}

void acceptor::refuse()
{
    auto left = backlog::has_more;
    while (left == backlog::has_more || (left == backlog::empty && !refuse_newcomers(fd_))) {
        left = accept_some();
    }
}

void acceptor::accept_and_go_on()
{
    if (accept_some() == backlog::has_more) {
        loop_.at_next_turn(*this);
    }
}

acceptor::backlog acceptor::accept_some()
{
    for (int i = 0; i < accepts_a_turn; ++i) {
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt_(fd);
        } else if (errno == EAGAIN) {
            return backlog::empty;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            // Out of descriptors or memory: those who wait stay in the backlog; tried again when a
            // connection closes.
            watching_.accept_failed(errno);
            return backlog::failed;
        }
    }
    return backlog::has_more;
}

} // namespace fastcgi
