// Which asker is served when many ask and one asks a thousand times.
#include "fibers/fair_queue.hpp"
#include "fibers/worker_threads.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace fibers;
using queue = fair_queue<std::string>;

void push(queue& q, asker from, const std::string& job)
{
    refusal why{};
    BOOST_REQUIRE(q.push(from, job, why));
}

// What is taken until nothing may be, each done at once if `done`.
std::string taken(queue& q, bool done = true)
{
    std::string all;
    while (q.ready()) {
        const auto [from, job] = q.pop();
        all += job + ' ';
        if (done) {
            q.done(from);
        }
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fair_queue_)

BOOST_AUTO_TEST_CASE(each_asker_has_its_turn_and_keeps_its_order)
{
    queue q({});
    for (int i = 1; i <= 4; ++i) {
        push(q, 7, "flood" + std::to_string(i));
    }
    push(q, 8, "a1");
    push(q, 9, "b1");
    push(q, 8, "a2");
    BOOST_TEST(taken(q) == "flood1 a1 b1 flood2 a2 flood3 flood4 ");
    BOOST_TEST(q.empty());
}

BOOST_AUTO_TEST_CASE(so_many_of_one_run_at_a_time_and_the_others_pass)
{
    queue q({.running_of_one = 2});
    for (const char* job : {"x1", "x2", "x3", "x4"}) {
        push(q, 7, job);
    }
    push(q, 8, "y1");
    BOOST_TEST(taken(q, false) == "x1 y1 x2 ");
    BOOST_TEST(q.waiting() == 2u);
    push(q, 9, "z1");
    BOOST_TEST(taken(q, false) == "z1 ");
    q.done(7);
    BOOST_TEST(taken(q, false) == "x3 ");
    q.done(8);
    BOOST_TEST(!q.ready());
    q.done(7);
    BOOST_TEST(taken(q, false) == "x4 ");
}

BOOST_AUTO_TEST_CASE(one_asker_cannot_fill_the_queue_and_all_together_only_so_far)
{
    queue q({.waiting = 5, .waiting_of_one = 3});
    refusal why{};
    for (int i = 0; i < 3; ++i) {
        push(q, 7, "x");
    }
    BOOST_TEST(!q.push(7, "x", why));
    BOOST_TEST((why == refusal::one_is_full));
    push(q, 8, "y");
    push(q, nobody, "z");
    BOOST_TEST(!q.push(9, "y", why));
    BOOST_TEST((why == refusal::full));
    BOOST_TEST(taken(q) == "x y z x x ");
    push(q, 7, "x"); // there is room again
}

BOOST_AUTO_TEST_CASE(what_nobody_in_particular_asks_has_no_limit_of_its_own)
{
    queue q({.waiting_of_one = 1, .running_of_one = 1});
    for (const char* job : {"a", "b", "c"}) {
        push(q, nobody, job);
    }
    BOOST_TEST(taken(q, false) == "a b c ");
}

BOOST_AUTO_TEST_CASE(threads_run_everything_that_was_taken_before_they_end)
{
    std::atomic<int> ran{0};
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    {
        worker_threads workers(4, {.running_of_one = 1}, worker_threads::priority::last);
        std::vector<std::thread> callers;
        for (int i = 0; i < 40; ++i) {
            callers.emplace_back([&] {
                workers.run(5, [&](std::size_t) {
                    most = std::max(most.load(), ++at_once);
                    std::this_thread::yield();
                    --at_once;
                    return ++ran;
                });
            });
        }
        for (auto& c : callers) {
            c.join();
        }
    }
    BOOST_TEST(ran == 40);
    BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_SUITE_END()
