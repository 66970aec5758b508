// Tells AddressSanitizer at each switch between fibers on which stack the thread goes on; without
// this the first exception in a fiber is followed by false reports. Does nothing in other builds.
// fibers/README.md, "Sanitizers", says why it is done here and not by Boost.
#pragma once

#include <boost/fiber/context.hpp>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define FIBERS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBERS_ASAN 1
#endif
#endif

namespace fibers {

#if defined(FIBERS_ASAN)

// Made in the thread's main fiber, and destroyed there when the others are gone.
class stack_switches {
public:
    stack_switches();
    ~stack_switches();
    stack_switches(const stack_switches&) = delete;
    stack_switches& operator=(const stack_switches&) = delete;

    // The running fiber is about to be left for `next`, or has been. Telling twice is the same as
    // telling once.
    void to(const boost::fibers::context* next);

private:
    const boost::fibers::context* main_;
    const boost::fibers::context* told_; // where the sanitizer believes we are
    const void* bottom_ = nullptr;       // of the thread's own stack
    std::size_t size_ = 0;
};

#else

class stack_switches {
public:
    void to(const boost::fibers::context*) {}
};

#endif

} // namespace fibers
