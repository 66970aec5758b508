// When the heap is worth a walk (the times are seconds, one call each), and the database a
// clean-up.
#include "fcgi_app/housekeeping.hpp"

#include <boost/test/unit_test.hpp>

using pollster::heap_trimming;
using pollster::housekeeping;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

// Asked `seconds` times with the same numbers: how often was it time?
int due(heap_trimming& heap, int seconds, std::size_t parked, std::size_t answer_bytes = 0)
{
    int times = 0;
    for (int i = 0; i < seconds; ++i) {
        times += heap.due(parked, answer_bytes) ? 1 : 0;
    }
    return times;
}

} // namespace

BOOST_AUTO_TEST_SUITE(housekeeping_)

BOOST_AUTO_TEST_CASE(a_crowd_that_has_settled_is_worth_one_walk)
{
    heap_trimming heap;
    for (std::size_t parked = 0; parked <= 15'000; parked += 1'000) { // they come
        BOOST_TEST(!heap.due(parked, 0), parked);
    }
    BOOST_TEST(due(heap, 100, 15'000) == 1);
}

BOOST_AUTO_TEST_CASE(a_crowd_that_has_left_is_worth_another)
{
    heap_trimming heap;
    due(heap, 10, 1'000'000);
    BOOST_TEST(!heap.due(500'000, 0)); // on their way out
    BOOST_TEST(!heap.due(10'000, 0));
    BOOST_TEST(due(heap, 100, 0) == 1);
}

BOOST_AUTO_TEST_CASE(what_comes_and_goes_a_little_is_not)
{
    heap_trimming heap;
    due(heap, 10, 16'000);
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(!heap.due(16'000 + (i % 2 == 0 ? 100 : -100), 0));
    }
    BOOST_TEST(due(heap, 10, 14'000) == 0); // an eighth
    BOOST_TEST(due(heap, 10, 13'900) == 1); // more
}

BOOST_AUTO_TEST_CASE(a_few_are_never)
{
    heap_trimming heap;
    BOOST_TEST(due(heap, 10, heap_trimming::worth_it_polls - 1) == 0);
    BOOST_TEST(due(heap, 10, 0) == 0);
    BOOST_TEST(due(heap, 10, heap_trimming::worth_it_polls) == 1);
}

BOOST_AUTO_TEST_CASE(large_answers_that_were_sent_are_worth_one_walk)
{
    heap_trimming heap;
    BOOST_TEST(due(heap, 10, 0, 100 * mib) == 0);
    BOOST_TEST(due(heap, 10, 0, 25 * mib) == 0); // a quarter is still held
    BOOST_TEST(due(heap, 10, 0, 24 * mib) == 1);
    BOOST_TEST(due(heap, 10, 0, 0) == 0); // what was left is little
}

BOOST_AUTO_TEST_CASE(small_answers_are_never)
{
    heap_trimming heap;
    BOOST_TEST(due(heap, 10, 0, heap_trimming::worth_it_bytes - 1) == 0);
    BOOST_TEST(due(heap, 10, 0, 0) == 0);
}

// Failed before: with polls of a minute, a sweep is every two minutes, and 60 of them took two
// hours.
BOOST_AUTO_TEST_CASE(the_database_is_cleaned_up_once_an_hour_however_long_polls_are)
{
    using namespace std::chrono_literals;
    BOOST_TEST(housekeeping::sweeps_an_hour(1min) == 60);
    BOOST_TEST(housekeeping::sweeps_an_hour(2min) == 30);
    BOOST_TEST(housekeeping::sweeps_an_hour(7min) == 8);
    BOOST_TEST(housekeeping::sweeps_an_hour(2h) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
