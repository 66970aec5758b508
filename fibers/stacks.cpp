#include "fibers/stacks.hpp"

#include "fibers/stack_switches.hpp"

#include <sys/mman.h>

#if defined(FIBERS_ASAN)
#include <sanitizer/asan_interface.h>
#endif

#include <algorithm>
#include <new>
#include <utility>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 // Linux 6.13; Debian 12's headers are older
#endif

namespace fibers {

namespace {

constexpr std::size_t slab_bytes = std::size_t{64} << 20U;
constexpr std::size_t page_bytes = 4096;

} // namespace

stack_pool::stack_pool(std::size_t stack_bytes)
    : stack_bytes_(stack_bytes)
{
}

stack_pool::~stack_pool()
{
    for (char* slab : slabs_) {
        munmap(slab, slab_bytes);
    }
}

boost::context::stack_context stack_pool::allocate()
{
    char* lowest = nullptr;
    if (free_.empty()) {
        lowest = cut();
    } else {
        lowest = free_.back();
        free_.pop_back();
        cold_ = std::min(cold_, free_.size());
        rested_ = std::min(rested_, free_.size());
    }
#if defined(FIBERS_ASAN)
    // The last frames of the fiber that had it before were left, not returned from.
    ASAN_UNPOISON_MEMORY_REGION(lowest, stack_bytes_);
#endif
    ++in_use_;
    boost::context::stack_context stack;
    stack.size = stack_bytes_;
    stack.sp = lowest + stack_bytes_;
    return stack;
}

void stack_pool::deallocate(boost::context::stack_context& stack) noexcept
{
    --in_use_;
    // cut() reserved the room: one place for every stack that exists.
    free_.push_back(static_cast<char*>(stack.sp) - stack_bytes_);
}

char* stack_pool::cut()
{
    const std::size_t in_a_slab = slab_bytes / stack_bytes_;
    if (slabs_.empty() || cut_ == in_a_slab) {
        slabs_.reserve(slabs_.size() + 1);
        const auto wanted = (slabs_.size() + 1) * in_a_slab;
        if (wanted > free_.capacity()) {
            free_.reserve(std::max(wanted, free_.capacity() * 2));
        }
        void* slab = mmap(nullptr, slab_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (slab == MAP_FAILED) {
            throw std::bad_alloc();
        }
        // A huge page would back a whole row of stacks as soon as one of them is touched.
        madvise(slab, slab_bytes, MADV_NOHUGEPAGE);
        slabs_.push_back(static_cast<char*>(slab));
        cut_ = 0;
    }
    char* lowest = slabs_.back() + cut_ * stack_bytes_;
    ++cut_;
    if (guarded_ && madvise(lowest, page_bytes, MADV_GUARD_INSTALL) != 0) {
        guarded_ = false;
    }
    return lowest;
}

void stack_pool::trim(std::size_t keep)
{
    const std::size_t rested = std::exchange(rested_, free_.size());
    const std::size_t warm = std::max(rested, cold_) - cold_;
    if (warm <= keep) {
        return;
    }
    cool(cold_ + std::max<std::size_t>((warm - keep) / 2, 1));
}

void stack_pool::release()
{
    cool(free_.size());
}

void stack_pool::cool(std::size_t end)
{
    std::sort(free_.begin() + static_cast<std::ptrdiff_t>(cold_),
              free_.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t i = cold_; i < end;) {
        std::size_t run = 1;
        while (i + run < end && free_[i + run] == free_[i] + run * stack_bytes_) {
            ++run;
        }
        madvise(free_[i], run * stack_bytes_, MADV_DONTNEED); // guards stay
        i += run;
    }
    cold_ = end;
}

} // namespace fibers
