#include "durations/histogram.hpp"

#include <boost/test/unit_test.hpp>

#include <numeric>

using durations::histogram;
using namespace std::chrono_literals;

namespace {

// The bucket that one duration falls into.
std::size_t bucket_of(std::chrono::steady_clock::duration d)
{
    histogram h;
    h.add(d);
    BOOST_TEST(std::accumulate(h.counts().begin(), h.counts().end(), 0u) == 1u);
    std::size_t i = 0;
    while (h.counts()[i] == 0) {
        ++i;
    }
    return i;
}

} // namespace

BOOST_AUTO_TEST_SUITE(histogram_)

BOOST_AUTO_TEST_CASE(a_bound_belongs_to_the_bucket_below_it)
{
    for (std::size_t i = 0; i < histogram::bounds_us.size(); ++i) {
        const std::chrono::microseconds bound(histogram::bounds_us[i]);
        BOOST_TEST(bucket_of(bound) == i);
        BOOST_TEST(bucket_of(bound + 1ns) == i + 1);
    }
    BOOST_TEST(bucket_of(1h) == histogram::bounds_us.size());
}

BOOST_AUTO_TEST_CASE(what_took_no_time_or_less_is_in_the_first)
{
    BOOST_TEST(bucket_of(0s) == 0u);
    BOOST_TEST(bucket_of(-5s) == 0u);
}

BOOST_AUTO_TEST_CASE(the_sum_is_of_all_of_them)
{
    histogram h;
    h.add(1500ms);
    h.add(20s);
    h.add(3h);
    BOOST_TEST(h.sum_seconds() == 10821.5);
}

BOOST_AUTO_TEST_SUITE_END()
