#include "tests/instructions/served.hpp"

#include "fcgi_app/routes/receive.hpp"

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
    , application_(loop, config_, {feed_, sessions_, posts_, counters_})
    , listener_(unix_socket())
{
    const sockaddr_un any{AF_UNIX, {}};
    must(bind(listener_, reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)) == 0,
         "bind"); // the kernel finds a name
    must(::listen(listener_, 64) == 0, "listen");
    must(application_.listen(listener_, fastcgi::newcomers::wait), "epoll");
    application_.start();
}

served::~served()
{
    application_.answer_all(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    application_.stop();
    close(listener_);
}

pollster::config served::settings()
{
    using namespace std::chrono_literals;
    pollster::config c;
    c.fastcgi.receive_timeout = 1h;
    c.fastcgi.send_timeout = 1h;
    c.routes.poll_time = 2h;
    c.routes.poll_spread = 1h;
    c.routes.rates = routes::rate_settings::none();
    c.walls.look = 1h;
    c.walls.refresh.period = 1h;
    c.walls.refresh.hint_gap = 1ms;
    c.walls.max_parked_per_user = 0;
    c.database.connections = 1;
    return c;
}

std::unique_ptr<fibers::descriptor> served::connect()
{
    sockaddr_un address{};
    socklen_t size = sizeof address;
    must(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    const int fd = unix_socket();
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0, "connect");
    const std::size_t before = application_.connections();
    until([&] { return application_.connections() > before; });
    return std::make_unique<fibers::descriptor>(loop_, fd);
}

void served::until(const std::function<bool()>& condition)
{
    turn_watch(loop_, condition).wait();
}

} // namespace instructions
