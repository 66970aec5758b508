#include "tests/instructions/served.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <system_error>

namespace instructions {

namespace {

void must(bool good, const char* what)
{
    if (!good) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

int unix_socket()
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    return fd;
}

class turn_watch final : public fibers::turn_task {
public:
    turn_watch(fibers::reactor& loop, const std::function<bool()>& condition)
        : loop_(loop)
        , condition_(condition)
    {
    }
    void wait()
    {
        loop_.at_next_turn(*this);
        done_.sleep();
    }
    void on_turn() override
    {
        if (condition_()) {
            done_.wake();
        } else {
            loop_.at_next_turn(*this);
        }
    }

private:
    fibers::reactor& loop_;
    const std::function<bool()>& condition_;
    fibers::sleeper done_;
};

} // namespace

served::served(fibers::reactor& loop)
    : loop_(loop)
    , steps_(loop, 8)
    , refresher_({data_, hash_, recent_, access_, presence_, parking_},
                 {std::chrono::hours(1), std::chrono::milliseconds(1), 100})
    , backlog_({data_, hash_, recent_, room_, steps_}, {})
    , posting_(posts_, 1, 100)
    , services_{route_settings_, cors_,    posts_,   sessions_,       counters_,
                presence_,       hash_,    recent_,  parking_,        access_,
                refresher_,      backlog_, posting_, request_stacks_, parked_stacks_,
                parked_fibers_,  metrics_, random_,  rate_limits_,    room_,
                steps_}
    , server_(loop, config_, services_)
    , listener_(unix_socket())
{
    const sockaddr_un any{AF_UNIX, {}};
    must(bind(listener_, reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)) == 0,
         "bind"); // the kernel finds a name
    must(::listen(listener_, 64) == 0, "listen");
    must(server_.listen(listener_), "epoll");
    jobs_.emplace_back([this] { refresher_.run(); });
    jobs_.emplace_back([this] { parking_.run(); });
    jobs_.emplace_back([this] { server_.run_timers(); });
}

served::~served()
{
    server_.stop(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    refresher_.stop();
    parking_.stop();
    for (auto& job : jobs_) {
        job.join();
    }
    close(listener_);
}

pollster::config served::settings()
{
    pollster::config c;
    c.receive_timeout_seconds = std::chrono::hours(1);
    c.send_timeout_seconds = std::chrono::hours(1);
    return c;
}

std::unique_ptr<fibers::descriptor> served::connect()
{
    sockaddr_un address{};
    socklen_t size = sizeof address;
    must(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    const int fd = unix_socket();
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0, "connect");
    const std::size_t before = server_.connections();
    until([&] { return server_.connections() > before; });
    return std::make_unique<fibers::descriptor>(loop_, fd);
}

void served::until(const std::function<bool()>& condition)
{
    turn_watch(loop_, condition).wait();
}

} // namespace instructions
