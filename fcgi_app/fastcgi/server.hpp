// A FastCGI server of the Responder role: accepts connections, any number of requests at a time on
// each, and calls the handler for each complete request in a fiber of its own. README.md has an
// example. Thread of the event loop only, under fibers::scheduler.
#pragma once

#include "fcgi_app/fastcgi/budget.hpp"
#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/fastcgi/newcomers.hpp"
#include "fcgi_app/fastcgi/observer.hpp"
#include "fcgi_app/fastcgi/request.hpp"
#include "fibers/reactor.hpp"
#include "fibers/stacks.hpp"
#include "fibers/step_gate.hpp"
#include "fibers/timer_wheel.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace fastcgi {

// Called in a fiber on a request stack, also for requests with an error. It may answer in place,
// wait, or hand the exchange on to another fiber. What it throws goes to the observer, and the
// request is ended when its exchange is destroyed.
using handler = std::function<void(request&&, std::unique_ptr<exchange>)>;

// What a server may have in common with the rest of its process; of what is null it has its own.
struct shared_resources {
    budget* bytes = nullptr;            // own: unlimited
    fibers::step_gate* steps = nullptr; // for pieces of large writes; own: eight a turn
};

class server {
public:
    // All that is passed by reference or pointer outlives the server; `request_stacks` outlives its
    // last fiber, see stop(). `allowed` is copied.
    server(fibers::reactor& loop, fibers::stack_pool& request_stacks, const limits& allowed,
           handler answer, observer& watching, const shared_resources& shared = {});
    // Closes what is open. No handler may still be running: see stop().
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // From now on; what is more than it allows already ends as it would have.
    void change(const limits& allowed);

    // Starts to accept on `socket`: listening, non-blocking, not owned. `at_stop`: who connects
    // while the server stops. False: epoll refused it, errno tells.
    [[nodiscard]] bool listen(int socket, newcomers at_stop = newcomers::wait);
    // Serves `fd`, connected and non-blocking, as if it had been accepted; owned from here on.
    void adopt(int fd);

    // The body of a fiber, without which nothing times out; returns after stop().
    void run_timers();

    // Waits in the calling fiber until all that is in flight is answered and sent, or until
    // `deadline`; then closes the connections that are left. `each_round` is called every 20 ms or
    // sooner until then: it ends requests that wait for something. False: a handler has not ended
    // to_end_after_cut later, nor in turns_after_cut turns of the loop (on a machine that runs it
    // seldom), and is still on a request stack.
    // No request of nginx fails: it is asked to use its connections no more, closes them itself,
    // and what it has sent meanwhile is served. For peers that do not close theirs half of the time
    // is waited.
    bool stop(fibers::steady_time deadline, const std::function<void()>& each_round = [] {});
    static constexpr std::chrono::milliseconds to_end_after_cut{400};
    static constexpr int turns_after_cut = 200;

    std::size_t connections() const; // open, those among them that were refused

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace fastcgi
