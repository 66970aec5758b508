// How much stack fibers use: painted before they run, measured while they wait. The table of
// fibers/README.md is this program's output (--log_level=message); the limits below are what it
// promises.
#include "fibers/fiber_pool.hpp"
#include "fibers/stacks.hpp"
#include "fibers/worker_threads.hpp"
#include "tests/fibers/in_loop.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace fibers;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;

namespace {

constexpr std::size_t stack_bytes = std::size_t{64} * 1024;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t guard_bytes = page_bytes;
constexpr unsigned char paint = 0xA5;

// A stack allocator that paints, and can tell how far down the paint is gone.
class painted_stack {
public:
    explicit painted_stack(stack_pool& pool)
        : pool_(&pool)
    {
    }
    boost::context::stack_context allocate()
    {
        const auto stack = pool_->get().allocate();
        lowest_ = static_cast<unsigned char*>(stack.sp) - stack.size + guard_bytes;
        std::memset(lowest_, paint, stack.size - guard_bytes);
        return stack;
    }
    void deallocate(boost::context::stack_context& stack) noexcept
    {
        pool_->get().deallocate(stack);
    }
    static std::size_t used()
    {
        const unsigned char* const top = lowest_ + stack_bytes - guard_bytes;
        const auto* const deepest = std::find_if(lowest_, const_cast<unsigned char*>(top),
                                                 [](unsigned char byte) { return byte != paint; });
        return static_cast<std::size_t>(top - deepest);
    }

private:
    stack_pool* pool_;
    static inline unsigned char* lowest_ = nullptr; // of the last one
};

// Bytes that a fiber has touched when it waits in `body`, or right after it.
std::size_t high_water(const std::function<void()>& body)
{
    stack_pool pool(stack_bytes);
    sleeper after;
    boost::fibers::fiber fiber(boost::fibers::launch::post, std::allocator_arg, painted_stack(pool),
                               [&] {
                                   body();
                                   after.sleep();
                               });
    let_others_run();
    const std::size_t used = painted_stack::used();
    after.wake();
    fiber.join();
    let_others_run(); // the stack is given back by the dispatcher
    return used;
}

std::size_t high_water_to_its_end()
{
    stack_pool pool(stack_bytes);
    boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, painted_stack(pool), [] {
    }).join();
    let_others_run();
    return painted_stack::used();
}

// Instrumented or unoptimised code needs more; only the real thing is held to its promise.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool promised_here = true;
#else
constexpr bool promised_here = false;
#endif

void report(const char* what, std::size_t bytes, std::size_t promised)
{
    BOOST_TEST_MESSAGE(what << ": " << bytes << " bytes");
    BOOST_TEST(bytes > 0u);
    BOOST_TEST((bytes <= promised || !promised_here));
}

struct parked_job {
    sleeper place;
    char* frame = nullptr; // on the stack that it waits on
};

void park(parked_job* job)
{
    job->frame = static_cast<char*>(__builtin_frame_address(0));
    job->place.sleep();
}

bool resident(char* page)
{
    unsigned char in_memory = 0;
    BOOST_REQUIRE(mincore(page, page_bytes, &in_memory) == 0);
    return (in_memory & 1U) != 0;
}

// 1,000 jobs park, end, and park again, each begun by `start`. On how many of their stacks is more
// resident than the top page, in which they wait?
std::size_t deeper_than_a_page(const std::function<void(parked_job*)>& start)
{
    std::size_t deep = 0;
    for (int round = 0; round < 2; ++round) {
        std::vector<parked_job> jobs(1'000);
        deep = 0;
        for (parked_job& job : jobs) {
            start(&job);
        }
        for (const parked_job& job : jobs) {
            char* const top = job.frame - reinterpret_cast<std::uintptr_t>(job.frame) % page_bytes;
            BOOST_REQUIRE(resident(top));
            deep += resident(top - page_bytes) ? 1 : 0;
        }
        for (parked_job& job : jobs) {
            job.place.wake();
        }
        let_others_run(); // the dispatcher among them: it gives stacks back
    }
    return deep;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stack_use_)

BOOST_AUTO_TEST_CASE(a_fiber_that_waits_has_touched_one_page)
{
    in_loop([](reactor&) {
        const auto moment = std::chrono::milliseconds(100);
        worker_threads workers(1, {.waiting = 10});
        report("asleep in a sleeper", high_water([] {}), 4096);
        report("asleep in sleep_for", high_water([&] { boost::this_fiber::sleep_for(moment); }),
               4096);
        const auto hand_over = [&] {
            workers.run(nobody, [&](std::size_t) {
                std::this_thread::sleep_for(moment);
                return 0;
            });
        };
        // Debian's libstdc++ binds its own calls of libc lazily: 3 KB on whichever stack comes
        // first, once in the life of a process.
        hand_over();
        report("in worker_threads::run", high_water(hand_over), 4096);
    });
}

BOOST_AUTO_TEST_CASE(what_goes_deeper)
{
    in_loop([](reactor&) {
        boost::fibers::mutex mutex;
        boost::fibers::condition_variable wake_up;
        report("in condition_variable::wait_for", high_water([&] {
                   std::unique_lock lock(mutex);
                   wake_up.wait_for(lock, std::chrono::milliseconds(100));
               }),
               8192);
        report("after snprintf of a double", high_water([] {
                   char text[64];
                   std::snprintf(text, sizeof text, "%.17g", 0.1);
               }),
               8192);
        report("after an exception, thrown and caught", high_water([] {
                   try {
                       throw std::runtime_error("no");
                   } catch (const std::exception&) {
                       boost::this_fiber::yield();
                   }
               }),
               8192);
        report("an empty fiber that has ended", high_water_to_its_end(), 8192);
    });
}

// Failed with fibers that end: on all 1,000 stacks, as the next test shows.
BOOST_AUTO_TEST_CASE(pooled_fibers_whose_jobs_parked_and_ended_have_touched_one_page)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fiber_pool all(stacks);
        const std::size_t deep = deeper_than_a_page([&](parked_job* job) {
            auto run = [job] { park(job); };
            all.run_now(run);
        });
        BOOST_TEST((deep == 0 || !promised_here), deep << " are deeper");
        BOOST_TEST(all.idle() == 1'000u);
        all.stop();
        let_others_run();
        BOOST_TEST(stacks.in_use() == 0u);
    });
}

// Why there is a fiber pool. If this fails, Boost's fibers end within a page by now, and it
// is no longer needed.
BOOST_AUTO_TEST_CASE(a_stack_on_which_a_fiber_ended_has_touched_two_pages)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        const auto start = [&](parked_job* job) {
            boost::fibers::fiber(boost::fibers::launch::dispatch, std::allocator_arg, stacks.get(),
                                 park, job)
                .detach();
        };
        BOOST_TEST(deeper_than_a_page(start) == 1'000u);
        BOOST_TEST(stacks.in_use() == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
