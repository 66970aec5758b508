// Fiber stacks of one size, cut from 64 MiB slabs that the kernel backs page by page as they are
// touched. A parked fiber costs the pages it has touched (4 KiB if it parks near the top of its
// stack) and one map per 4,096 stacks: a map each, as boost::fibers::protected_fixedsize_stack
// makes them, ends at ~32,700 (vm.max_map_count).
//
// The lowest page of every stack is a guard where the kernel can do that without a map
// (MADV_GUARD_INSTALL, Linux 6.13): an overflow is then a SIGSEGV instead of a damaged neighbour.
// guarded() tells.
//
// One thread only. The pool must outlive the fibers on its stacks.
#pragma once

#include <boost/context/stack_context.hpp>

#include <cstddef>
#include <vector>

namespace fibers {

class stack_pool {
public:
    // `stack_bytes`: a multiple of the page size, guard included.
    explicit stack_pool(std::size_t stack_bytes);
    ~stack_pool();
    stack_pool(const stack_pool&) = delete;
    stack_pool& operator=(const stack_pool&) = delete;

    // What boost::fibers::fiber wants as a stack allocator: a handle that is copied about.
    class allocator {
    public:
        explicit allocator(stack_pool& pool)
            : pool_(&pool)
        {
        }
        boost::context::stack_context allocate()
        {
            return pool_->allocate();
        } // may throw std::bad_alloc
        void deallocate(boost::context::stack_context& stack) noexcept { pool_->deallocate(stack); }

    private:
        stack_pool* pool_;
    };
    allocator get() { return allocator(*this); }

    // Gives pages back to the kernel: those of half of the stacks that were free ever since the
    // previous call; `keep` stay warm. Neighbours go in one call. To be called about once a second.
    // (Stacks that were in use meanwhile will be again: after a delivery all readers come back, and
    // found their stacks cold. Page faults were 5 % of the server's time then.)
    void trim(std::size_t keep = 1024);

    std::size_t in_use() const { return in_use_; }
    std::size_t stack_bytes() const { return stack_bytes_; }
    bool guarded() const { return guarded_; }

private:
    boost::context::stack_context allocate();
    void deallocate(boost::context::stack_context& stack) noexcept;
    char* cut();

    const std::size_t stack_bytes_;
    std::vector<char*> slabs_;
    std::size_t cut_ = 0;     // stacks cut from the last slab
    std::vector<char*> free_; // lowest addresses; the back is the most recently used
    std::size_t cold_ = 0;    // the first `cold_` of free_ hold no pages
    std::size_t rested_ = 0;  // the first `rested_` of free_ were free since the last trim()
    std::size_t in_use_ = 0;
    bool guarded_ = true;
};

} // namespace fibers
