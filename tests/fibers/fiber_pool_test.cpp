#include "fibers/fiber_pool.hpp"
#include "tests/fibers/in_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace fibers;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;

namespace {

constexpr std::size_t stack_bytes = std::size_t{16} * 1024;

// A pool whose jobs all have the same body.
template <class Argument>
class jobs_of {
public:
    jobs_of(stack_pool& stacks, void (*body)(Argument))
        : pool_(stacks)
        , body_(body)
    {
    }
    void run_now(Argument a)
    {
        auto job = [body = body_, held = std::move(a)]() mutable { body(std::move(held)); };
        pool_.run_now(job);
    }
    void trim(std::size_t keep) { pool_.trim(keep); }
    void stop() { pool_.stop(); }
    std::size_t idle() const { return pool_.idle(); }

private:
    fiber_pool pool_;
    void (*body_)(Argument);
};

// A job that parks until the test wakes it.
struct parked_job {
    sleeper place;
    const void* frame = nullptr; // where it runs
    bool done = false;
};

void run(parked_job* job)
{
    job->frame = __builtin_frame_address(0);
    job->place.sleep();
    job->done = true;
}

using fibers_of_test = jobs_of<parked_job*>;

void start(fibers_of_test& all, std::vector<parked_job>& jobs)
{
    for (parked_job& job : jobs) {
        all.run_now(&job);
    }
}

// Lets the jobs end, the first one first.
void finish(std::vector<parked_job>& jobs)
{
    for (parked_job& job : jobs) {
        job.place.wake();
    }
    let_others_run();
    BOOST_TEST(jobs.back().done);
}

// Ends the fibers; their stacks are given back by the dispatcher.
void end(fibers_of_test& all, const stack_pool& stacks)
{
    all.stop();
    let_others_run();
    BOOST_TEST(stacks.in_use() == 0u);
}

} // namespace

BOOST_AUTO_TEST_SUITE(fiber_pool_)

// The same for a fresh fiber and for one that stood idle: another fiber that is ready the whole
// time does not run before the job has come to its wait, and does before the caller goes on.
BOOST_AUTO_TEST_CASE(a_job_runs_at_once_up_to_its_first_wait)
{
    in_loop([](reactor&) {
        struct noting {
            std::vector<int>& order;
            sleeper place;
        };
        stack_pool stacks(stack_bytes);
        jobs_of<noting*> all(stacks, [](noting* job) {
            job->order.push_back(1);
            job->place.sleep();
            job->order.push_back(4);
        });
        for (const std::size_t idle : {0U, 1U}) {
            BOOST_TEST(all.idle() == idle);
            std::vector<int> order;
            noting job{order, {}};
            boost::fibers::fiber other([&] { order.push_back(2); });
            all.run_now(&job);
            order.push_back(3);
            job.place.wake();
            other.join();
            let_others_run();
            BOOST_TEST(order == (std::vector{1, 2, 3, 4}));
        }
        all.stop();
        let_others_run();
        BOOST_TEST(stacks.in_use() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_job_that_does_not_wait_is_done_when_the_caller_goes_on)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        jobs_of<int*> all(stacks, [](int* sum) { ++*sum; });
        int sum = 0;
        for (int i = 1; i <= 1'000; ++i) {
            all.run_now(&sum);
            BOOST_REQUIRE(sum == i);
        }
        BOOST_TEST(stacks.in_use() == 1u);
        all.stop();
        let_others_run();
        BOOST_TEST(stacks.in_use() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_job_is_moved_and_lives_as_long_as_it_runs)
{
    in_loop([](reactor&) {
        using owner = std::shared_ptr<sleeper>;
        stack_pool stacks(stack_bytes);
        jobs_of<owner> all(stacks, [](owner job) {
            job->sleep();
            job.reset();
        });
        for (int i = 0; i < 2; ++i) {
            const auto place = std::make_shared<sleeper>();
            boost::fibers::fiber([&] { all.run_now(place); }).join(); // the frame is gone
            BOOST_TEST(place.use_count() == 2);
            place->wake();
            let_others_run();
            BOOST_TEST(place.use_count() == 1);
        }
        all.stop();
        let_others_run();
    });
}

// If it was not told of the switch, AddressSanitizer warns here ("ignoring requested
// __asan_handle_no_return"), and reports what is not there later.
BOOST_AUTO_TEST_CASE(a_job_may_throw_and_catch)
{
    in_loop([](reactor&) {
        stack_pool stacks(4 * stack_bytes);
        jobs_of<int*> all(stacks, [](int* caught) {
            try {
                throw std::runtime_error("no");
            } catch (const std::exception&) {
                ++*caught;
            }
        });
        int caught = 0;
        for (int i = 0; i < 3; ++i) {
            all.run_now(&caught);
        }
        BOOST_TEST(caught == 3);
        BOOST_TEST(stacks.in_use() == 1u);
        all.stop();
        let_others_run();
    });
}

BOOST_AUTO_TEST_CASE(a_job_uses_the_fiber_of_one_that_is_done)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        for (int i = 0; i < 10; ++i) {
            std::vector<parked_job> jobs(5);
            start(all, jobs);
            BOOST_TEST(all.idle() == 0u);
            BOOST_TEST(stacks.in_use() == 5u);
            finish(jobs);
            BOOST_TEST(all.idle() == 5u);
        }
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(a_job_given_while_all_are_busy_gets_a_fresh_fiber)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> jobs(3);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            all.run_now(&jobs[i]);
            BOOST_TEST(stacks.in_use() == i + 1);
            BOOST_TEST(jobs[i].place.asleep());
        }
        finish(jobs);
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(the_fiber_that_became_idle_last_is_used_first)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> first(3);
        start(all, first);
        finish(first); // in this order
        std::vector<parked_job> second(3);
        for (std::size_t i = 0; i < 3; ++i) {
            all.run_now(&second[i]);
            BOOST_TEST(second[i].frame == first[2 - i].frame);
        }
        finish(second);
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(trim_ends_half_of_those_that_rested_beyond_what_is_kept)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> jobs(204);
        start(all, jobs);
        all.trim(4);
        finish(jobs);
        all.trim(4); // they were busy when it was called before
        BOOST_TEST(all.idle() == 204u);
        all.trim(4);
        BOOST_TEST(all.idle() == 104u);
        for (int i = 0; i < 10; ++i) {
            all.trim(4);
        }
        BOOST_TEST(all.idle() == 4u);
        let_others_run();
        BOOST_TEST(stacks.in_use() == 4u);
        end(all, stacks);
    });
}

// Each that ends touches a page that it had never touched.
BOOST_AUTO_TEST_CASE(while_very_many_end_their_memory_does_not_grow_first)
{
    const auto resident_pages = [] {
        std::ifstream statm("/proc/self/statm");
        std::size_t all = 0;
        std::size_t resident = 0;
        statm >> all >> resident;
        return resident;
    };
    in_loop([&](reactor&) {
        constexpr std::size_t many = 20'000;
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> jobs(many);
        start(all, jobs);
        finish(jobs);
        all.trim(0);
        BOOST_TEST(all.idle() == many);
        const auto before = resident_pages();
        auto most = before;
        bool done = false;
        boost::fibers::fiber watch([&] {
            while (!done) {
                most = std::max(most, resident_pages());
                boost::this_fiber::yield();
            }
        });
        all.trim(0);
        done = true;
        watch.join();
        BOOST_TEST(all.idle() == many / 2);
        BOOST_TEST(most <= before + many / 8); // a quarter of a page for each that has ended
        BOOST_TEST(resident_pages() < before);
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(trim_leaves_those_that_worked_since_the_last_one)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        for (int i = 0; i < 5; ++i) {
            std::vector<parked_job> jobs(10);
            start(all, jobs);
            finish(jobs);
            all.trim(0);
            BOOST_TEST(all.idle() == 10u);
        }
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(trim_may_find_that_those_it_wanted_have_work_again)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> jobs(1'000);
        start(all, jobs);
        finish(jobs);
        all.trim(0);
        std::vector<parked_job> again(1'000);
        std::vector<boost::fibers::fiber> asking; // all in the first yield of trim()
        asking.reserve(again.size());
        for (parked_job& job : again) {
            asking.emplace_back([&] { all.run_now(&job); });
        }
        all.trim(0);
        for (auto& fiber : asking) {
            fiber.join();
        }
        BOOST_TEST(all.idle() == 0u);
        BOOST_TEST(stacks.in_use() == 1'000u);
        finish(again);
        BOOST_TEST(all.idle() == 1'000u);
        end(all, stacks);
    });
}

BOOST_AUTO_TEST_CASE(stop_ends_the_idle_ones_and_later_those_that_are_busy)
{
    in_loop([](reactor&) {
        stack_pool stacks(stack_bytes);
        fibers_of_test all(stacks, run);
        std::vector<parked_job> short_ones(3);
        std::vector<parked_job> long_ones(2);
        start(all, short_ones);
        start(all, long_ones);
        finish(short_ones);
        all.stop();
        let_others_run();
        BOOST_TEST(all.idle() == 0u);
        BOOST_TEST(stacks.in_use() == 2u);
        parked_job late;
        all.run_now(&late); // is done all the same
        BOOST_TEST(stacks.in_use() == 3u);
        late.place.wake();
        finish(long_ones);
        BOOST_TEST(late.done);
        BOOST_TEST(stacks.in_use() == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
