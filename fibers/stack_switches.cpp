#include "fibers/stack_switches.hpp"

#if defined(FIBERS_ASAN)

#include <sanitizer/common_interface_defs.h>

namespace fibers {

using boost::fibers::context;

namespace {

// Start and finish at once: nothing instrumented runs between here and Boost's jump. Without a
// place to save it in, a fiber has no fake stack: detect_stack_use_after_return must stay off.
void tell(const void* bottom, std::size_t size, const void** old_bottom, std::size_t* old_size)
{
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(nullptr, old_bottom, old_size);
}

} // namespace

stack_switches::stack_switches()
    : main_(context::active())
    , told_(main_)
{
    tell(this, 0, &bottom_, &size_); // the way to ask where we are
    tell(bottom_, size_, nullptr, nullptr);
}

stack_switches::~stack_switches()
{
    to(main_);
}

void stack_switches::to(const context* next)
{
    if (next == told_) {
        return;
    }
    told_ = next;
    if (next == main_) {
        tell(bottom_, size_, nullptr, nullptr);
        return;
    }
    // Boost keeps a fiber's context at the top of its stack. The bottom is not known from here, and
    // matters less: what an exception unwinds is cleaned from the stack pointer to the top.
    constexpr std::size_t size = std::size_t{64} << 10U;
    tell(reinterpret_cast<const char*>(next) - size, size, nullptr, nullptr);
}

} // namespace fibers

#endif
