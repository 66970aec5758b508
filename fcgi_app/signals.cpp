#include "fcgi_app/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace pollster {

namespace {

sigset_t blocked(std::initializer_list<int> numbers)
{
    sigset_t these;
    sigemptyset(&these);
    for (const int number : numbers) {
        sigaddset(&these, number);
    }
    pthread_sigmask(SIG_BLOCK, &these, nullptr);
    return these;
}

} // namespace

int block_signals()
{
    const sigset_t all = blocked({SIGTERM, SIGINT, SIGHUP});
    std::signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

void hold_reloads()
{
    blocked({SIGHUP});
}

int signal_watch::next()
{
    while (arrived_.empty()) {
        waiting_.sleep();
    }
    const int number = arrived_.front();
    arrived_.pop_front();
    return number;
}

void signal_watch::on_ready(std::uint32_t)
{
    signalfd_siginfo one{};
    while (::read(descriptor_, &one, sizeof one) == sizeof one) {
        arrived_.push_back(static_cast<int>(one.ssi_signo));
    }
    waiting_.wake();
}

} // namespace pollster
