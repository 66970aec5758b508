// What else goes on in the loop while posts come, for bench/statements: parked polls with their
// timers, and deliveries; and posts that come from outside at a rate. Thread of the loop only.
#pragma once

#include "fibers/reactor.hpp"
#include "fibers/stacks.hpp"

#include <chrono>
#include <functional>

namespace bench {

// `count` timers of some 25 s in a wheel, as parked polls have them.
class idle_timers {
public:
    explicit idle_timers(std::size_t count); // starts a fiber
    ~idle_timers();
    idle_timers(const idle_timers&) = delete;
    idle_timers& operator=(const idle_timers&) = delete;

private:
    struct parts;
    parts* parts_;
};

// The deliveries of a post: a fiber for each of `readers`, which uses the processor for `each`.
void deliver(fibers::stack_pool& stacks, int readers, std::chrono::nanoseconds each);

// Another process sends `a_second` posts at random moments; each gets a fiber that calls
// on_post(when it was sent, its number). Blocks the calling fiber until all have returned.
using sent_at = std::chrono::steady_clock::time_point;
void receive_posts(fibers::reactor& loop, fibers::stack_pool& stacks, int a_second,
                   std::chrono::seconds time, const std::function<void(sent_at, int)>& on_post);

} // namespace bench
