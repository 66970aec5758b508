#include "tests/fibers/in_loop.hpp"

#include "fibers/batcher.hpp"
#include "fibers/worker_threads.hpp"

#include <boost/fiber/future.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace fibers;
using fibers::testing::in_loop;

#if defined(__SANITIZE_THREAD__)
// One test wakes a fiber by a boost::fibers::promise from another thread. Its locks are taken in
// libboost_fiber, where ThreadSanitizer sees nothing. Nothing of ours is left out by this.
extern "C" const char* __tsan_default_suppressions() // NOLINT(bugprone-reserved-identifier)
{
    return "race:boost::fibers::detail::shared_state\n"
           "race:boost::fibers::promise\n"
           "race:boost::fibers::future\n";
}
#endif

namespace {

struct recorder final : watcher {
    std::uint32_t seen = 0;
    int calls = 0;
    void on_ready(std::uint32_t events) override
    {
        seen |= events;
        ++calls;
    }
};

struct socket_pair {
    int ours = -1;
    int theirs = -1;
    socket_pair()
    {
        int both[2];
        BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both) == 0);
        ours = both[0];
        theirs = both[1];
    }
    ~socket_pair()
    {
        close(ours);
        close(theirs);
    }
    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;
};

struct counting_task final : turn_task {
    int runs = 0;
    void on_turn() override { ++runs; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(scheduler_)

BOOST_AUTO_TEST_CASE(ready_fibers_run_first_come_first_served)
{
    in_loop([](reactor&) {
        std::vector<int> order;
        std::vector<boost::fibers::fiber> all;
        all.reserve(5);
        for (int i = 0; i < 5; ++i) {
            all.emplace_back([&order, i] { order.push_back(i); });
        }
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(order == (std::vector{0, 1, 2, 3, 4}));
    });
}

// Failed before: the turn after a spent budget waited in epoll with work ready; without a timer it
// would wait for ever.
BOOST_AUTO_TEST_CASE(a_spent_budget_does_not_wait_while_fibers_are_ready)
{
    in_loop([](reactor&) {
        int ran = 0;
        std::vector<boost::fibers::fiber> all;
        for (std::size_t i = 0; i < 10 * scheduler::budget; ++i) {
            all.emplace_back([&ran] { ++ran; });
        }
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(ran == static_cast<int>(10 * scheduler::budget));
    });
}

BOOST_AUTO_TEST_CASE(a_flood_of_ready_fibers_does_not_starve_a_descriptor)
{
    in_loop([](reactor& loop) {
        socket_pair pair;
        recorder w;
        BOOST_REQUIRE(loop.watch(pair.ours, w));
        BOOST_REQUIRE(write(pair.theirs, "x", 1) == 1);
        std::size_t yields = 0;
        while ((w.seen & EPOLLIN) == 0 && yields < 1'000'000) {
            boost::this_fiber::yield(); // this fiber is always ready
            ++yields;
        }
        BOOST_TEST(yields <= 2 * scheduler::budget);
        loop.forget(pair.ours, w);
    });
}

BOOST_AUTO_TEST_CASE(the_reactor_has_its_turn_after_every_budget_of_fibers)
{
    in_loop([](reactor& loop) {
        struct : turn_task {
            reactor* loop = nullptr;
            std::size_t turns = 0;
            void on_turn() override
            {
                ++turns;
                loop->at_next_turn(*this);
            }
        } counter;
        counter.loop = &loop;
        loop.at_next_turn(counter);
        for (std::size_t i = 0; i < 10 * scheduler::budget; ++i) {
            boost::this_fiber::yield();
        }
        BOOST_TEST(counter.turns >= 9u);
        BOOST_TEST(counter.turns <= 11u);
    });
}

BOOST_AUTO_TEST_CASE(a_flood_of_ready_fibers_does_not_keep_a_sleeper_from_waking)
{
    in_loop([](reactor&) {
        bool awake = false;
        boost::fibers::fiber sleeping([&] {
            boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
            awake = true;
        });
        while (!awake) {
            boost::this_fiber::yield();
        }
        sleeping.join();
    });
}

// Failed before: the turn at the end of a budget took the wake-up off the eventfd, and the wait
// right after it slept without it: for ever, since nothing else is to happen.
BOOST_AUTO_TEST_CASE(a_wake_from_another_thread_is_not_lost_when_the_budget_ends)
{
    in_loop([](reactor& loop) {
        struct : turn_task { // another thread wakes the fiber while the reactor has its turn
            boost::fibers::promise<void>* done = nullptr;
            void on_turn() override
            {
                std::thread([this] { done->set_value(); }).join();
            }
        } in_the_turn;
        // One of these waits begins just when the budget is spent.
        for (std::size_t i = 0; i <= scheduler::budget; ++i) {
            boost::fibers::promise<void> done;
            auto woken = done.get_future();
            in_the_turn.done = &done;
            for (std::size_t yields = 0; yields < i; ++yields) {
                boost::this_fiber::yield();
            }
            loop.at_next_turn(in_the_turn);
            woken.wait();
            BOOST_REQUIRE(!in_the_turn.is_linked());
        }
    });
}

// Failed before: epoll was waited for although the task had made the fiber ready. Nothing else is
// to happen here.
BOOST_AUTO_TEST_CASE(what_a_turn_task_wakes_runs_without_a_wait)
{
    in_loop([](reactor& loop) {
        struct : turn_task {
            sleeper* place = nullptr;
            void on_turn() override { place->wake(); }
        } waker;
        sleeper place;
        waker.place = &place;
        loop.at_next_turn(waker);
        place.sleep();
        BOOST_TEST(!waker.is_linked());
    });
}

BOOST_AUTO_TEST_CASE(a_sleeping_fiber_wakes_at_its_time)
{
    in_loop([](reactor&) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
        boost::this_fiber::sleep_until(until);
        BOOST_TEST((std::chrono::steady_clock::now() >= until));
    });
}

BOOST_AUTO_TEST_CASE(wakes_from_other_threads_are_not_lost)
{
    in_loop([](reactor&) {
        worker_threads workers(2, {});
        int sum = 0;
        std::vector<boost::fibers::fiber> all;
        all.reserve(2'000);
        for (int i = 0; i < 2'000; ++i) {
            all.emplace_back([&] { sum += *workers.run(nobody, [](std::size_t) { return 1; }); });
        }
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(sum == 2'000);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(reactor_)

BOOST_AUTO_TEST_CASE(one_edge_tells_of_data_and_of_the_hang_up)
{
    in_loop([](reactor& loop) {
        recorder w;
        socket_pair pair;
        BOOST_REQUIRE(write(pair.theirs, "x", 1) == 1);
        shutdown(pair.theirs, SHUT_WR);
        BOOST_REQUIRE(loop.watch(pair.ours, w));
        loop.poll(std::chrono::steady_clock::now());
        BOOST_TEST((w.seen & EPOLLIN) != 0u);
        BOOST_TEST((w.seen & EPOLLRDHUP) != 0u);
        loop.forget(pair.ours, w);
    });
}

BOOST_AUTO_TEST_CASE(output_is_told_only_to_those_who_asked_for_it)
{
    in_loop([](reactor& loop) {
        recorder w;
        socket_pair pair;
        BOOST_REQUIRE(loop.watch_input(pair.ours, w));
        const auto peer_reads = [&] {
            char byte = 0;
            BOOST_REQUIRE(write(pair.ours, "x", 1) == 1);
            BOOST_REQUIRE(read(pair.theirs, &byte, 1) == 1);
            loop.poll(std::chrono::steady_clock::now());
        };
        peer_reads();
        BOOST_TEST(w.calls == 0);
        BOOST_REQUIRE(loop.watch_output(pair.ours, w));
        loop.poll(std::chrono::steady_clock::now());
        BOOST_TEST(w.calls == 1); // there is room
        peer_reads();
        BOOST_TEST(w.calls == 2);
        BOOST_TEST((w.seen & EPOLLOUT) != 0u);
        loop.forget(pair.ours, w);
    });
}

BOOST_AUTO_TEST_CASE(a_forgotten_watcher_hears_nothing_not_even_what_was_fetched)
{
    in_loop([](reactor& loop) {
        struct forgetter final : watcher {
            reactor* loop = nullptr;
            int fd = -1;
            watcher* other = nullptr;
            void on_ready(std::uint32_t) override
            {
                if (other != nullptr) {
                    loop->forget(fd, *other);
                }
            }
        };
        socket_pair a;
        socket_pair b;
        forgetter first;
        forgetter second;
        recorder never_both;
        first.loop = second.loop = &loop;
        BOOST_REQUIRE(loop.watch(a.ours, first));
        BOOST_REQUIRE(loop.watch(b.ours, never_both));
        first.fd = b.ours;
        first.other = &never_both;
        loop.poll(std::chrono::steady_clock::now()); // both are writable: fetched together, in the
                                                     // order of registration
        BOOST_TEST(never_both.calls == 0);
        loop.forget(a.ours, first);
    });
}

BOOST_AUTO_TEST_CASE(a_task_queued_twice_runs_once_in_the_next_turn)
{
    in_loop([](reactor& loop) {
        counting_task task;
        loop.at_next_turn(task);
        loop.at_next_turn(task);
        loop.poll(std::chrono::steady_clock::now());
        loop.poll(std::chrono::steady_clock::now());
        BOOST_TEST(task.runs == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_destroyed_task_is_not_run)
{
    in_loop([](reactor& loop) {
        struct task_of_a_moment final : turn_task {
            explicit task_of_a_moment(int& counted)
                : runs(counted)
            {
            }
            void on_turn() override { ++runs; }
            int& runs;
        };
        int runs = 0;
        {
            task_of_a_moment task(runs);
            loop.at_next_turn(task);
        }
        loop.poll(std::chrono::steady_clock::now());
        BOOST_TEST(runs == 0);
    });
}

BOOST_AUTO_TEST_CASE(what_other_threads_post_runs_in_the_loop)
{
    in_loop([](reactor& loop) {
        sleeper done;
        const auto here = std::this_thread::get_id();
        std::thread::id ran_in;
        std::thread other([&] {
            loop.post([&] {
                ran_in = std::this_thread::get_id();
                done.wake();
            });
        });
        done.sleep();
        other.join();
        BOOST_TEST((ran_in == here));
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sleeper_)

BOOST_AUTO_TEST_CASE(a_wake_that_came_first_is_kept_and_two_are_one)
{
    in_loop([](reactor&) {
        sleeper place;
        place.wake();
        place.wake();
        place.sleep(); // returns at once
        bool second = false;
        boost::fibers::fiber again(boost::fibers::launch::dispatch, [&] {
            place.sleep();
            second = true;
        });
        BOOST_TEST(place.asleep());
        BOOST_TEST(!second);
        place.wake();
        place.wake();
        again.join();
        BOOST_TEST(second);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(batcher_)

BOOST_AUTO_TEST_CASE(who_asks_during_a_load_shares_the_next_one)
{
    in_loop([](reactor&) {
        std::vector<std::size_t> loads;
        sleeper first_load;
        batcher<int, int> batch(100, [&](std::span<const int> keys) {
            loads.push_back(keys.size());
            if (loads.size() == 1) {
                first_load.sleep();
            }
            std::vector<int> doubled;
            for (const int k : keys) {
                doubled.push_back(2 * k);
            }
            return doubled;
        });
        std::vector<int> got(11);
        std::vector<boost::fibers::fiber> all;
        for (int i = 0; i <= 10; ++i) {
            all.emplace_back([&, i] { got[static_cast<std::size_t>(i)] = batch.ask(i); });
        }
        fibers::testing::let_others_run();
        first_load.wake();
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(loads == (std::vector<std::size_t>{1, 10}));
        for (int i = 0; i <= 10; ++i) {
            BOOST_TEST(got[static_cast<std::size_t>(i)] == 2 * i);
        }
    });
}

BOOST_AUTO_TEST_CASE(who_asks_for_the_same_is_one_key_of_the_next_load)
{
    in_loop([](reactor&) {
        std::vector<std::size_t> loads;
        sleeper first_load;
        batcher<int, int> batch(10, [&](std::span<const int> keys) {
            loads.push_back(keys.size());
            if (loads.size() == 1) {
                first_load.sleep();
            }
            const int of_this_load = static_cast<int>(loads.size()) * 100;
            std::vector<int> answers;
            for (const int k : keys) {
                answers.push_back(of_this_load + k);
            }
            return answers;
        });
        std::vector<int> got(601);
        std::vector<boost::fibers::fiber> all;
        for (int i = 0; i <= 600; ++i) {
            all.emplace_back([&, i] { got[static_cast<std::size_t>(i)] = batch.ask(i % 6); });
        }
        fibers::testing::let_others_run();
        first_load.wake();
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(loads == (std::vector<std::size_t>{1, 6}));
        BOOST_TEST(got.front() == 100);
        for (int i = 1; i <= 600; ++i) {
            // Also who asked for 0 again, while it was being loaded.
            BOOST_TEST(got[static_cast<std::size_t>(i)] == 200 + i % 6);
        }
    });
}

BOOST_AUTO_TEST_CASE(no_batch_is_larger_than_allowed_and_everyone_is_answered)
{
    in_loop([](reactor&) {
        std::size_t largest = 0;
        batcher<int, int> batch(3, [&](std::span<const int> keys) {
            largest = std::max(largest, keys.size());
            boost::this_fiber::yield();
            return std::vector<int>(keys.begin(), keys.end());
        });
        int right = 0;
        std::vector<boost::fibers::fiber> all;
        all.reserve(20);
        for (int i = 0; i < 20; ++i) {
            all.emplace_back([&, i] { right += batch.ask(i) == i ? 1 : 0; });
        }
        for (auto& f : all) {
            f.join();
        }
        BOOST_TEST(right == 20);
        BOOST_TEST(largest == 3u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
