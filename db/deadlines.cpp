#include "db/deadlines.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>

namespace db {

deadlines::deadlines()
    : thread_([this] { run(); })
{
}

deadlines::~deadlines()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_up_.notify_one();
    thread_.join();
}

deadlines::call::call(deadlines& all, int socket, clock::duration patience)
    : all_(all)
    , socket_(socket)
    , until_(clock::now() + patience)
{
    const std::lock_guard lock(all_.mutex_);
    place_ = all_.calls_.insert(all_.calls_.end(), this);
    if (all_.gave_up_) {
        shut_down(*this);
    } else if (until_ < all_.wakes_) {
        all_.wake_up_.notify_one();
    }
}

deadlines::call::~call()
{
    const std::lock_guard lock(all_.mutex_);
    all_.calls_.erase(place_);
}

bool deadlines::call::given_up() const
{
    const std::lock_guard lock(all_.mutex_);
    return given_up_;
}

void deadlines::give_up()
{
    const std::lock_guard lock(mutex_);
    gave_up_ = true;
    std::for_each(calls_.begin(), calls_.end(), [](call* c) { shut_down(*c); });
}

bool deadlines::gave_up() const
{
    const std::lock_guard lock(mutex_);
    return gave_up_;
}

void deadlines::shut_down(call& c)
{
    c.given_up_ = true;
    ::shutdown(c.socket_, SHUT_RDWR);
}

void deadlines::run()
{
    sigset_t all;
    sigfillset(&all); // signals belong to the thread of the event loop
    pthread_sigmask(SIG_BLOCK, &all, nullptr);

    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto now = clock::now();
        wakes_ = clock::time_point::max();
        for (call* c : calls_) { // a handful: one a connection
            if (c->given_up_) {
                continue;
            }
            if (c->until_ <= now) {
                shut_down(*c);
            } else {
                wakes_ = std::min(wakes_, c->until_);
            }
        }
        if (wakes_ == clock::time_point::max()) {
            wake_up_.wait(lock);
        } else {
            wake_up_.wait_until(lock, wakes_);
        }
    }
}

} // namespace db
