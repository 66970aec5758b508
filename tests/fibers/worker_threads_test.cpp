// The threads for work that blocks: who takes which job, and how they end.
#include "tests/fibers/in_loop.hpp"
#include "tests/patience.hpp"

#include "fibers/worker_threads.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace fibers;
using fibers::testing::in_loop;

namespace {

// When all are idle.
std::size_t worker_of_a_job(worker_threads& workers)
{
    while (workers.idle() < workers.threads()) {
        std::this_thread::yield();
    }
    return *workers.run(nobody, [](std::size_t worker) { return worker; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(worker_threads_)

BOOST_AUTO_TEST_CASE(the_destructor_finishes_what_waits_in_the_queue)
{
    in_loop([](reactor&) {
        std::atomic<int> done{0};
        std::vector<boost::fibers::fiber> all;
        {
            worker_threads workers(1, {.waiting = 100});
            for (int i = 0; i < 50; ++i) {
                all.emplace_back(boost::fibers::launch::dispatch,
                                 [&] { workers.run(nobody, [&](std::size_t) { return ++done; }); });
            }
        }
        BOOST_TEST(done == 50);
        for (auto& f : all) {
            f.join();
        }
    });
}

BOOST_AUTO_TEST_CASE(what_a_job_throws_is_thrown_to_the_fiber)
{
    in_loop([](reactor&) {
        worker_threads workers(1, {.waiting = 10});
        BOOST_CHECK_THROW(
            workers.run(nobody, [](std::size_t) -> int { throw std::runtime_error("no"); }),
            std::runtime_error);
    });
}

BOOST_AUTO_TEST_CASE(a_thread_without_fibers_waits_for_its_job_too)
{
    worker_threads workers(1, {.waiting = 10});
    BOOST_TEST(*workers.run(nobody, [](std::size_t worker) { return worker + 7; }) == 7u);
    BOOST_CHECK_THROW(
        workers.run(nobody, [](std::size_t) -> int { throw std::runtime_error("no"); }),
        std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_thread_that_became_idle_last_takes_the_next_job)
{
    worker_threads workers(4, {});
    const auto first = worker_of_a_job(workers);
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(worker_of_a_job(workers) == first);
    }
}

BOOST_AUTO_TEST_CASE(a_thread_that_lacks_what_it_needs_is_taken_last)
{
    std::atomic<std::size_t> lacks{4}; // none
    worker_threads workers(4, {}, worker_threads::priority::usual,
                           [&](std::size_t worker) { return worker != lacks; });
    const auto first = worker_of_a_job(workers);
    lacks = first;
    BOOST_TEST(worker_of_a_job(workers) == first); // and finds that it lacks something
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(worker_of_a_job(workers) != first);
    }
}

BOOST_AUTO_TEST_CASE(as_many_jobs_as_there_are_threads_run_at_once)
{
    worker_threads workers(4, {});
    std::counting_semaphore<4> together{0};
    int late = 0;
    for (int round = 0; round < 100 && late == 0; ++round) {
        std::atomic<int> running{0};
        std::atomic<int> missed{0};
        {
            std::vector<std::jthread> askers;
            for (int i = 0; i < 4; ++i) {
                askers.emplace_back([&] {
                    workers.run(nobody, [&](std::size_t) {
                        if (++running == 4) {
                            together.release(4);
                        }
                        missed += together.try_acquire_for(tests::patience) ? 0 : 1;
                        return 0;
                    });
                });
            }
        }
        late = missed;
    }
    BOOST_TEST(late == 0);
}

// An enqueued job wakes a thread that may not run it: its asker has enough running already.
BOOST_AUTO_TEST_CASE(jobs_of_one_asker_run_one_by_one_also_when_it_stops)
{
    std::atomic<int> done{0};
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::binary_semaphore all_wait{0};
    std::vector<std::jthread> askers;
    {
        worker_threads workers(4, {.running_of_one = 1});
        for (int i = 0; i < 8; ++i) {
            askers.emplace_back([&] {
                workers.run(1, [&](std::size_t) {
                    most = std::max<int>(most, ++running);
                    if (done == 0) {
                        all_wait.acquire();
                    }
                    --running;
                    return ++done;
                });
            });
        }
        while (workers.waiting() < 7) {
            std::this_thread::yield();
        }
        all_wait.release();
    }
    BOOST_TEST(done == 8);
    BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_at_once)
{
    in_loop([](reactor&) {
        std::atomic<bool> release{false};
        worker_threads workers(1, {.waiting = 1});
        std::vector<boost::fibers::fiber> busy;
        for (int i = 0; i < 2; ++i) { // one runs, one waits
            busy.emplace_back([&] {
                workers.run(nobody, [&](std::size_t) {
                    release.wait(false);
                    return 0;
                });
            });
            fibers::testing::let_others_run();
            while (i == 0 && workers.waiting() > 0) {
                std::this_thread::yield(); // until the worker has begun the first
            }
        }
        BOOST_TEST(workers.run(nobody, [](std::size_t) { return 0; }).has_error());
        release = true;
        release.notify_all();
        for (auto& f : busy) {
            f.join();
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()
