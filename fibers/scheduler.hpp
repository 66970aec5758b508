// The Boost.Fiber scheduling algorithm of a thread that waits in epoll: ready fibers run first
// come, first served, and the reactor gets a turn whenever none is ready and after every `budget`
// fibers, so that a flood of ready work cannot starve input.
//
// Boost calls suspend_until() only when pick_next() found nothing, so the turn under load is taken
// in pick_next(), on the dispatcher's stack: the dispatcher is kept out of the queue and picked
// when the budget is spent.
#pragma once

#include "fibers/reactor.hpp"
#include "fibers/stack_switches.hpp"

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/scheduler.hpp>

#include <cstddef>

namespace fibers {

class scheduler final : public boost::fibers::algo::algorithm {
public:
    // How many fibers run between two turns of the reactor while some are ready; about 4 ms of
    // small answers. Those that were woken together go before what their peers send next, or the
    // last of 15,000 would wait for the next requests of the first ones (bench/run: "last of 15,000
    // on one wall, x floor").
    static constexpr std::size_t budget = 512;
    // So many may be ready before input waits (reactor::busy()): four turns of work. A peer that
    // multiplexes sends a thousand requests in one read; read as fast as they come, a million of
    // them were a million fibers that were ready, the first of which ran again, and the one that
    // looks, when all the others had.
    static constexpr std::size_t most_ready = 4 * budget;

    // Makes `r` the loop of the calling thread. To be called once, first thing in the thread; `r`
    // must outlive all its fibers.
    static void install(reactor& r);
    static reactor* loop(); // of the calling thread; null: none was installed

    explicit scheduler(reactor& r)
        : reactor_(r)
    {
    }

    void awakened(boost::fibers::context* fiber) noexcept override;
    boost::fibers::context* pick_next() noexcept override;
    bool has_ready_fibers() const noexcept override;
    void suspend_until(const std::chrono::steady_clock::time_point& deadline) noexcept override;
    void notify() noexcept override; // any thread

private:
    void enqueue(boost::fibers::context* fiber);
    boost::fibers::context* choose();

    reactor& reactor_;
    [[no_unique_address]] stack_switches switches_;
    boost::fibers::scheduler::ready_queue_type ready_;
    std::size_t ready_count_ = 0;                  // of these
    boost::fibers::context* dispatcher_ = nullptr; // when it is ready to run
    std::size_t left_ = budget;                    // fibers to run before the next turn
};

} // namespace fibers
