#include "fcgi_app/fastcgi/server.hpp"

#include "fcgi_app/fastcgi/acceptor.hpp"
#include "fcgi_app/fastcgi/connection.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace fastcgi {

namespace {

constexpr std::size_t steps_a_turn = 8; // of 64 KB each: what a small request waits for
// Beyond max_connections this many more are taken only to be told FCGI_OVERLOADED.
constexpr std::size_t refused_connections = 256;
constexpr std::chrono::milliseconds round_of_stop{20};

// What the server has itself of what is not shared.
struct own_resources {
    explicit own_resources(fibers::reactor& loop)
        : steps(loop, steps_a_turn)
    {
    }
    budget bytes;
    fibers::step_gate steps;
};

// Connections that have closed, until nobody can be inside one any more.
class deferred_deletion final : public fibers::turn_task {
public:
    void add(connection& c) { closed_.emplace_back(&c); }
    void on_turn() override { std::vector<std::unique_ptr<connection>>().swap(closed_); }

private:
    std::vector<std::unique_ptr<connection>> closed_;
};

} // namespace

struct server::state final : own_resources, connection_owner {
    state(fibers::reactor& its_loop, fibers::stack_pool& stacks, const limits& its_limits,
          handler its_answer, observer& its_observer, const shared_resources& shared)
        : own_resources(its_loop)
        , connection_owner(its_loop, its_limits, its_observer,
                           shared.bytes != nullptr ? *shared.bytes : own_resources::bytes,
                           shared.steps != nullptr ? *shared.steps : own_resources::steps)
        , request_stacks(stacks)
        , answer(std::move(its_answer))
    {
    }

    ~state()
    {
        acceptors.clear();
        close_all();
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    void start(std::unique_ptr<pending_request> peer, raw_request&& r) override
    {
        const auto number = ++requests;
        boost::fibers::fiber(
            boost::fibers::launch::post, std::allocator_arg, request_stacks.get(),
            [this, number](std::unique_ptr<pending_request>&& to, raw_request&& raw) {
                request asked(number, std::move(raw));
                watching.request_received(asked);
                try {
                    answer(std::move(asked), std::move(to));
                } catch (const std::exception& e) {
                    watching.handler_threw(number, e.what());
                }
            },
            std::move(peer), std::move(r))
            .detach();
    }

    void adopt(int fd)
    {
        const bool refused = connections >= allowed.max_connections;
        if (refused) {
            watching.connection_refused(connections);
            if (connections >= allowed.max_connections + refused_connections) {
                ::close(fd);
                return;
            }
        }
        auto* c = new connection(*this, fd, refused);
        all.push_back(*c);
        ++connections;
        watching.connection_opened();
        if (!c->watch()) {
            watching.watch_failed(errno);
            c->close();
        } else if (stopping) {
            c->finish();
        }
    }

    void closed(connection& c) override
    {
        --connections;
        watching.connection_closed();
        all.erase(all.iterator_to(c));
        deletion.add(c);
        loop.at_next_turn(deletion);
        for (auto& a : acceptors) {
            loop.at_next_turn(*a); // there is a free descriptor again
        }
        changed.notify_all();
    }

    void end_acceptors(newcomers those)
    {
        for (auto& a : acceptors) {
            if (a->at_stop() == those && those == newcomers::refused) {
                a->refuse();
            }
        }
        std::erase_if(acceptors, [those](const auto& a) { return a->at_stop() == those; });
    }

    void close_all()
    {
        while (!all.empty()) {
            all.front().close();
        }
    }

    fibers::stack_pool& request_stacks;
    const handler answer;
    std::vector<std::unique_ptr<acceptor>> acceptors;
    deferred_deletion deletion;
    connection_list all;
    std::size_t connections = 0;
    std::uint64_t requests = 0;
    boost::fibers::mutex mutex;
    boost::fibers::condition_variable changed; // a connection closed, or the stop began
};

server::server(fibers::reactor& loop, fibers::stack_pool& request_stacks, const limits& allowed,
               handler answer, observer& watching, const shared_resources& shared)
    : state_(std::make_unique<state>(loop, request_stacks, allowed, std::move(answer), watching,
                                     shared))
{
}

server::~server() = default;

void server::change(const limits& allowed)
{
    state_->change(allowed);
}

bool server::listen(int socket, newcomers at_stop)
{
    state& s = *state_;
    s.acceptors.push_back(std::make_unique<acceptor>(s.loop, socket, at_stop, s.watching,
                                                     [&s](int fd) { s.adopt(fd); }));
    return s.acceptors.back()->watch();
}

void server::adopt(int fd)
{
    state_->adopt(fd);
}

std::size_t server::connections() const
{
    return state_->connections;
}

void server::run_timers()
{
    state& s = *state_;
    std::unique_lock lock(s.mutex);
    while (!s.stopping) {
        while (s.timers.turn(std::chrono::steady_clock::now(), 64)) {
            boost::this_fiber::yield();
        }
        s.changed.wait_until(lock, s.timers.next_step(), [&s] { return s.stopping; });
    }
}

bool server::stop(fibers::steady_time deadline, const std::function<void()>& each_round)
{
    using clock = std::chrono::steady_clock;
    state& s = *state_;
    s.stopping = true;
    s.changed.notify_all();
    s.end_acceptors(newcomers::refused);
    const auto began = clock::now();
    const auto patience = began + (deadline - began) / 2;
    {
        std::unique_lock lock(s.mutex);
        while ((s.connections > 0 || !s.acceptors.empty()) && clock::now() < deadline) {
            each_round();
            if (s.begun_before_stop == 0) {
                s.end_acceptors(newcomers::wait);
            }
            const bool asked_in_vain = clock::now() >= patience;
            for (auto it = s.all.begin(); it != s.all.end();) {
                connection& c = *it++;
                c.finish();
                if (asked_in_vain) {
                    c.close_if_idle();
                }
            }
            s.changed.wait_until(lock, std::min(deadline, clock::now() + round_of_stop));
        }
    }
    s.acceptors.clear();
    if (s.connections > 0) {
        s.watching.stop_cut_off(s.connections);
        s.close_all();
    }
    // Those who were writing to these connections end now, and Boost takes a fiber off its stack in
    // a later turn than the one in which it ended.
    const auto last = clock::now() + to_end_after_cut;
    for (int turn = 0;
         s.request_stacks.in_use() > 0 && (turn < turns_after_cut || clock::now() < last); ++turn) {
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    }
    return s.request_stacks.in_use() == 0;
}

} // namespace fastcgi
