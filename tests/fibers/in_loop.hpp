// Runs a test's body in a fiber under our scheduler, in a thread of its own: an algorithm is
// installed once a thread.
#pragma once

#include "fibers/scheduler.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <exception>
#include <thread>

namespace fibers::testing {

// `body` gets the reactor. What it throws is thrown here.
template <class Body>
void in_loop(Body body)
{
    std::exception_ptr thrown;
    std::thread([&] {
        reactor loop;
        scheduler::install(loop);
        boost::fibers::fiber([&] {
            try {
                body(loop);
            } catch (...) {
                thrown = std::current_exception();
            }
        }).join();
    }).join();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

// Lets every other fiber that is ready run until it waits for something.
inline void let_others_run()
{
    for (int i = 0; i < 10; ++i) {
        boost::this_fiber::yield();
    }
}

} // namespace fibers::testing
