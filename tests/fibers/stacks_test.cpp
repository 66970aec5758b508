#include "fibers/stacks.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

using fibers::stack_pool;

namespace {

constexpr std::size_t stack_bytes = std::size_t{16} * 1024;

std::size_t resident_pages(const boost::context::stack_context& stack)
{
    unsigned char pages[stack_bytes / 4096] = {};
    BOOST_REQUIRE(mincore(static_cast<char*>(stack.sp) - stack.size, stack.size, pages) == 0);
    std::size_t n = 0;
    for (const unsigned char p : pages) {
        n += p & 1U;
    }
    return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stacks_)

BOOST_AUTO_TEST_CASE(only_touched_pages_are_resident)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    auto stack = alloc.allocate();
    BOOST_TEST(resident_pages(stack) == 0u);
    std::memset(static_cast<char*>(stack.sp) - 100, 1, 100);
    BOOST_TEST(resident_pages(stack) == 1u);
    alloc.deallocate(stack);
}

BOOST_AUTO_TEST_CASE(the_last_freed_stack_is_used_first)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    auto a = alloc.allocate();
    auto b = alloc.allocate();
    BOOST_TEST(pool.in_use() == 2u);
    const void* last = b.sp;
    alloc.deallocate(a);
    alloc.deallocate(b);
    BOOST_TEST(pool.in_use() == 0u);
    BOOST_TEST(alloc.allocate().sp == last);
}

BOOST_AUTO_TEST_CASE(trim_gives_the_pages_of_free_stacks_back)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    std::vector<boost::context::stack_context> all;
    for (int i = 0; i < 64; ++i) {
        all.push_back(alloc.allocate());
        std::memset(static_cast<char*>(all.back().sp) - 5000, 1, 5000);
    }
    for (auto& stack : all) {
        alloc.deallocate(stack);
    }
    for (int i = 0; i < 20; ++i) {
        pool.trim(4);
    }
    std::size_t resident = 0;
    for (const auto& stack : all) {
        resident += resident_pages(stack);
    }
    BOOST_TEST(resident == 4 * 2u);
}

BOOST_AUTO_TEST_CASE(trim_leaves_stacks_that_were_in_use_since_the_last_one)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    const auto use_all = [&] {
        std::vector<boost::context::stack_context> all;
        for (int i = 0; i < 64; ++i) {
            all.push_back(alloc.allocate());
            std::memset(static_cast<char*>(all.back().sp) - 5000, 1, 5000);
        }
        for (auto& stack : all) {
            alloc.deallocate(stack);
        }
        return all;
    };
    const auto resident = [](const std::vector<boost::context::stack_context>& all) {
        std::size_t pages = 0;
        for (const auto& stack : all) {
            pages += resident_pages(stack);
        }
        return pages;
    };
    auto all = use_all();
    pool.trim(0);
    BOOST_TEST(resident(all) == 64 * 2u);
    all = use_all();
    pool.trim(0);
    BOOST_TEST(resident(all) == 64 * 2u);
    pool.trim(0);
    BOOST_TEST(resident(all) == 32 * 2u);
}

BOOST_AUTO_TEST_CASE(an_overflow_is_stopped_by_the_guard)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    auto stack = alloc.allocate();
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL); // the test framework catches it otherwise
        static_cast<volatile char*>(stack.sp)[-static_cast<std::ptrdiff_t>(stack_bytes)] = 1;
        _exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    // Where the kernel has no guards (before 6.13) the pool says so, and the write goes through.
    BOOST_TEST((WIFEXITED(status) == 0) == pool.guarded());
    alloc.deallocate(stack);
}

// With a budget for the depth, so that it ends also where there is no guard.
[[gnu::noinline]] int recurse(int depth)
{
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return depth == 0 ? frame[0] : recurse(depth - 1) + frame[0];
}

BOOST_AUTO_TEST_CASE(a_fiber_that_recurses_too_deep_is_stopped_by_the_guard)
{
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        stack_pool pool(stack_bytes);
        auto alloc = pool.get();
        auto below = alloc.allocate(); // what an overflow without a guard would damage
        boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, alloc, [] {
            recurse(40); // 20 KB and more
        }).join();
        alloc.deallocate(below);
        _exit(pool.guarded() ? 3 : 0);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    BOOST_TEST((WIFSIGNALED(status) || WEXITSTATUS(status) != 3));
}

BOOST_AUTO_TEST_CASE(more_stacks_than_a_slab_holds_are_all_apart)
{
    stack_pool pool(stack_bytes);
    auto alloc = pool.get();
    constexpr std::size_t many = (64U << 20U) / stack_bytes + 10;
    std::vector<boost::context::stack_context> all(many);
    for (auto& stack : all) {
        stack = alloc.allocate();
    }
    BOOST_TEST(pool.in_use() == many);
    std::vector<char*> tops;
    tops.reserve(many);
    for (const auto& stack : all) {
        tops.push_back(static_cast<char*>(stack.sp));
    }
    std::sort(tops.begin(), tops.end());
    bool apart = true;
    for (std::size_t i = 1; i < many; ++i) {
        apart = apart && tops[i] - tops[i - 1] >= static_cast<std::ptrdiff_t>(stack_bytes);
    }
    BOOST_TEST(apart);
    for (auto& stack : all) {
        alloc.deallocate(stack);
    }
    BOOST_TEST(pool.in_use() == 0u);
    BOOST_TEST(alloc.allocate().sp != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
