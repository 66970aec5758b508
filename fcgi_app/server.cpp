#include "fcgi_app/server.hpp"

#include "fcgi_app/fastcgi/params.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/routes/table.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace pollster {

namespace {

constexpr int accepts_a_turn = 64;
// Beyond max_connections this many more are taken only to be told FCGI_OVERLOADED.
constexpr std::size_t overloaded_connections = 256;

// For answers to requests that are refused before they are understood: a page of another origin
// could not read them without the CORS headers.
std::string_view origin_in(const std::optional<std::vector<fastcgi::name_value>>& params)
{
    if (params) {
        for (const auto& [name, value] : *params) {
            if (name == "HTTP_ORIGIN") {
                return value;
            }
        }
    }
    return {};
}

} // namespace

// Takes connections off one listening socket, some a turn, so that a burst does not hold up the
// polls.
class server::acceptor final : public fibers::watcher, public fibers::turn_task {
public:
    acceptor(server& owner, int fd)
        : server_(owner)
        , fd_(fd)
    {
    }
    ~acceptor() override { server_.loop_.forget(fd_, *this); }
    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;

    bool watch() { return server_.loop_.watch(fd_, *this); }
    void on_ready(std::uint32_t) override { accept_some(); }
    void on_turn() override { accept_some(); }

private:
    void accept_some()
    {
        for (int i = 0; i < accepts_a_turn; ++i) {
            const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) {
                server_.adopt(fd);
            } else if (errno == EAGAIN) {
                return;
            } else if (errno != EINTR && errno != ECONNABORTED) {
                // Out of descriptors or memory: those who wait stay in the backlog; tried again
                // when a connection closes.
                spdlog::error("cannot accept: {}", std::strerror(errno));
                return;
            }
        }
        server_.loop_.at_next_turn(*this);
    }

    server& server_;
    int fd_;
};

class server::deferred_deletion final : public fibers::turn_task {
public:
    void bury(connection& c) { dead_.emplace_back(&c); }
    void on_turn() override { std::vector<std::unique_ptr<connection>>().swap(dead_); }

private:
    std::vector<std::unique_ptr<connection>> dead_;
};

server::server(fibers::reactor& loop, const config& settings, routes::services& services)
    : loop_(loop)
    , settings_(settings)
    , services_(services)
    , timers_(std::chrono::milliseconds(250), 512, std::chrono::steady_clock::now())
    , closed_(std::make_unique<deferred_deletion>())
{
}

server::~server()
{
    acceptors_.clear();
    while (!all_.empty()) {
        all_.front().close();
    }
}

fastcgi::limits server::wire_limits() const
{
    return {settings_.max_params_bytes, settings_.max_body_bytes,
            settings_.max_requests_per_connection, settings_.max_connections};
}

bool server::listen(int socket)
{
    acceptors_.push_back(std::make_unique<acceptor>(*this, socket));
    return acceptors_.back()->watch();
}

void server::adopt(int fd)
{
    const bool overloaded = connections_ >= settings_.max_connections;
    if (overloaded) {
        metrics().refused_connections.Increment();
        spdlog::warn("connection refused: {} are open (max_connections)", connections_);
        if (connections_ >= settings_.max_connections + overloaded_connections) {
            ::close(fd);
            return;
        }
    }
    auto* c = new connection(*this, fd, overloaded);
    all_.push_back(*c);
    ++connections_;
    metrics().connections.Increment();
    if (!c->watch()) {
        spdlog::error("cannot watch a connection: {}", std::strerror(errno));
        c->close();
    }
}

void server::closed(connection& c)
{
    --connections_;
    all_.erase(all_.iterator_to(c));
    closed_->bury(c);
    loop_.at_next_turn(*closed_);
    for (auto& a : acceptors_) {
        loop_.at_next_turn(*a); // there is a free descriptor again
    }
    ended_.notify_all();
}

void server::give_buffer(std::string&& used)
{
    constexpr std::size_t largest = std::size_t{64} * 1024;
    if (used.capacity() > buffer_.capacity() && used.capacity() <= largest) {
        buffer_ = std::move(used);
        buffer_.clear();
    }
}

void server::start(std::unique_ptr<pending_request> peer, fastcgi::request&& r)
{
    metrics().requests.Increment();
    const auto number = ++requests_;
    boost::fibers::fiber(
        boost::fibers::launch::post, std::allocator_arg, services_.request_stacks.get(),
        [this, number](std::unique_ptr<pending_request> to, fastcgi::request asked) {
            const auto params = fastcgi::decode_params(asked.params);
            const auto origin = origin_in(params);
            if (asked.too_large != fastcgi::request::excess::none) {
                metrics().too_large.Increment();
                spdlog::warn("request {}: {} beyond the limit, refused", number,
                             asked.too_large == fastcgi::request::excess::body
                                 ? "body (max_body_bytes)"
                                 : "params (max_params_bytes)");
                const bool body = asked.too_large == fastcgi::request::excess::body;
                return routes::refuse(services_, *to, origin, body ? 413 : 431,
                                      body ? "The body is too large."
                                           : "The request's header is too large.");
            }
            if (asked.too_slow) {
                metrics().too_slow_requests.Increment();
                spdlog::warn("request {}: silent for receive_timeout_seconds, refused", number);
                return routes::refuse(services_, *to, origin, 408,
                                      "The request took too long to arrive.");
            }
            auto request =
                params ? http::request::from_cgi(*params, std::move(asked.body)) : std::nullopt;
            if (!request) {
                return routes::refuse(services_, *to, origin, 400,
                                      "The request is incomplete or malformed.");
            }
            std::string().swap(asked.params);
            routes::dispatch(services_, {std::move(*request), std::move(to), 0, 0, number});
        },
        std::move(peer), std::move(r))
        .detach();
}

void server::run_timers()
{
    std::unique_lock lock(mutex_);
    auto next_trim = std::chrono::steady_clock::now();
    while (!stopping_) {
        const auto now = std::chrono::steady_clock::now();
        while (timers_.turn(now, 64)) {
            boost::this_fiber::yield();
        }
        if (now >= next_trim) {
            next_trim = now + std::chrono::seconds(1);
            services_.request_stacks.trim(64);
            // Idle fibers are the warm reserve of these, with one page each: none is kept below.
            services_.parked_fibers.trim(128);
            services_.parked_stacks.trim(0);
            services_.backlog.forget_old(now);
            give_heap_back();
            sd_notify(0, "WATCHDOG=1"); // fibers run and the loop turns
        }
        ended_.wait_until(lock, timers_.next_step(), [this] { return stopping_; });
    }
}

// What many requests needed at the same moment stays with glibc, in the gaps between what the
// parked ones still hold: 0.5 KB a poll after 15,000 came at once, 1.6 GB after a million left; and
// so does what large answers held. Given back when their number has changed much and has settled,
// because the walk over the heap holds the loop up.
void server::give_heap_back()
{
    constexpr std::size_t worth_it = 1'000;
    constexpr std::size_t worth_it_bytes = std::size_t{32} * 1024 * 1024;
    const auto apart = [](std::size_t a, std::size_t b) { return a > b ? a - b : b - a; };
    const std::size_t answers = services_.room.held();
    most_answers_ = std::max(most_answers_, answers);
    if (most_answers_ >= worth_it_bytes && answers < most_answers_ / 4) {
        malloc_trim(0);
        most_answers_ = answers;
        return;
    }
    const std::size_t parked = services_.parking.parked_now();
    const std::size_t before = std::exchange(parked_before_, parked);
    const std::size_t most = std::max(parked, parked_at_trim_);
    if (most >= worth_it && apart(parked, parked_at_trim_) > most / 8 &&
        apart(parked, before) <= most / 50) {
        malloc_trim(0);
        parked_at_trim_ = parked;
    }
}

bool server::stop(fibers::steady_time deadline)
{
    stopping_ = true;
    ended_.notify_all();
    acceptors_.clear();
    services_.parked_fibers.stop();
    services_.room.stop();
    // Those who were just being compared may still park: woken again until none is left.
    std::unique_lock lock(mutex_);
    while (connections_ > 0 && std::chrono::steady_clock::now() < deadline) {
        services_.presence.wake_all(walls::woken::stopping);
        for (auto it = all_.begin(); it != all_.end();) {
            (it++)->finish();
        }
        ended_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() +
                                                       std::chrono::milliseconds(20)));
    }
    if (connections_ > 0) {
        spdlog::warn("stopping with {} connections that were not done", connections_);
    }
    while (!all_.empty()) {
        all_.front().close();
    }
    // The fibers that were sending to those end now, and Boost takes a fiber off its stack in a
    // later turn than the one in which it ended. The stacks go with the services.
    const auto unused = [this] {
        return services_.request_stacks.in_use() + services_.parked_stacks.in_use() == 0;
    };
    while (!unused() && std::chrono::steady_clock::now() < deadline + to_end_after_deadline) {
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    }
    return unused();
}

} // namespace pollster
