// Fiber stacks of one size, cut from 64 MiB slabs that the kernel backs page by page as they are
// touched. A parked fiber costs the pages it has touched (4 KiB if it parks near the top of its
// stack), and 4,096 stacks share one memory map: with a map for each, as
// boost::fibers::protected_fixedsize_stack makes them, about 32,700 stacks are possible
// (vm.max_map_count).
//
// The lowest page of every stack is a guard where the kernel can do that without a map
// (MADV_GUARD_INSTALL, Linux 6.13): an overflow is then a SIGSEGV instead of a damaged neighbour.
// guarded() tells whether it is so.
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

    // The stack allocator that boost::fibers::fiber takes: a handle that may be copied.
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

    // Returns pages to the kernel: those of half of the stacks that have been free since the
    // previous call; `keep` stay warm. Neighbours share one system call. To be called about once a
    // second. (Stacks used since then will be needed again: peers that were answered come back.
    // When they found their stacks cold, page faults took 5 % of the server's time.)
    void trim(std::size_t keep = 1024);
    // Returns the pages of all that are free now, for who knows that they will not be needed soon.
    void release();

    std::size_t in_use() const { return in_use_; }
    std::size_t stack_bytes() const { return stack_bytes_; }
    bool guarded() const { return guarded_; }

private:
    boost::context::stack_context allocate();
    void deallocate(boost::context::stack_context& stack) noexcept;
    char* cut();
    void cool(std::size_t end); // the first `end` of free_

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
