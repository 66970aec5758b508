// Takes connections off one listening socket, some a turn, so that a burst does not hold up the
// requests. Thread of the reactor, from its callbacks; nothing here waits.
#pragma once

#include "fcgi_app/fastcgi/newcomers.hpp"
#include "fcgi_app/fastcgi/observer.hpp"
#include "fibers/reactor.hpp"

#include <cstdint>
#include <functional>

namespace fastcgi {

class acceptor final : public fibers::watcher, public fibers::turn_task {
public:
    // `fd`: the caller's, open for as long as this lives. `adopt` is given each new descriptor and
    // owns it then. It must not destroy this.
    acceptor(fibers::reactor& loop, int fd, newcomers at_stop, observer& watching,
             std::function<void(int)> adopt);
    ~acceptor() override;
    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;

    bool watch(); // false: errno says why the socket cannot be watched
    void on_ready(std::uint32_t events) override;
    void on_turn() override;

    newcomers at_stop() const { return at_stop_; }
    // Takes everybody who is in the backlog, and nobody gets in after them.
    void refuse();

private:
    enum class backlog : std::uint8_t { has_more, empty, failed };

    void accept_and_go_on();
    backlog accept_some();

    fibers::reactor& loop_;
    int fd_;
    const newcomers at_stop_;
    observer& watching_;
    const std::function<void(int)> adopt_;
};

} // namespace fastcgi
