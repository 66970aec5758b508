#include "walls/clock_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const fibers::steady_time start(1000h);

walls::clock_watch::reading at(milliseconds since_1970)
{
    return walls::clock_watch::reading(since_1970);
}

// A reading that took no time.
std::optional<milliseconds> read(walls::clock_watch& w, milliseconds clock, milliseconds steady)
{
    return w.jumped(at(clock), start + steady, start + steady);
}

} // namespace

BOOST_AUTO_TEST_SUITE(clock_watch_)

BOOST_AUTO_TEST_CASE(a_clock_that_goes_on_is_no_jump_whatever_it_says)
{
    for (const auto clock : {0ms, milliseconds(std::numeric_limits<std::int64_t>::max() / 4),
                             milliseconds(std::numeric_limits<std::int64_t>::min() / 4)}) {
        walls::clock_watch w;
        BOOST_TEST(!read(w, clock, 0ms).has_value());
        BOOST_TEST(!read(w, clock + 1s, 1s).has_value());
        BOOST_TEST(!read(w, clock + 3600s, 3600s).has_value());
        BOOST_TEST(!read(w, clock + 3602s, 3601s).has_value()); // within the tolerance
    }
}

BOOST_AUTO_TEST_CASE(a_jump_is_told_once_and_how_far)
{
    for (const milliseconds by :
         {milliseconds(40 * 24h), milliseconds(-40 * 24h), 3000ms, -3000ms}) {
        walls::clock_watch w;
        BOOST_TEST(!read(w, 100s, 0ms).has_value());
        BOOST_TEST((read(w, 101s + by, 1s) == by));
        BOOST_TEST(!read(w, 102s + by, 2s).has_value());
        BOOST_TEST((read(w, 103s, 3s) == -by)); // and that it was set right
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_takes_long_is_no_jump)
{
    walls::clock_watch w;
    BOOST_TEST(!read(w, 100s, 0ms).has_value());
    BOOST_TEST(!w.jumped(at(101s), start + 1s, start + 31s).has_value());
    BOOST_TEST(!w.jumped(at(161s), start + 31s, start + 61s).has_value());
    BOOST_TEST(!read(w, 162s, 62s).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
