#include "fcgi_app/limits/growing_delay.hpp"
#include "fcgi_app/limits/network.hpp"
#include "fcgi_app/limits/token_bucket.hpp"

#include <boost/test/unit_test.hpp>

using namespace limits;
using namespace std::chrono_literals;

namespace {
const time_point noon = time_point{} + 12h;
}

BOOST_AUTO_TEST_SUITE(limits_)

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_and_then_its_rate)
{
    token_buckets buckets({2, 3}, "secret");
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST((buckets.take("ann", noon) == 0ms));
    }
    BOOST_TEST((buckets.take("ann", noon) == 500ms));
    BOOST_TEST((buckets.take("ann", noon + 200ms) == 300ms)); // what was refused cost nothing
    BOOST_TEST((buckets.take("ann", noon + 500ms) == 0ms));
    BOOST_TEST((buckets.take("ann", noon + 500ms) == 500ms));
    BOOST_TEST((buckets.take("bob", noon) == 0ms)); // has a bucket of his own
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST((buckets.take("ann", noon + 1h) == 0ms)); // full again, and not fuller
    }
    BOOST_TEST((buckets.take("ann", noon + 1h) > 0ms));
}

BOOST_AUTO_TEST_CASE(a_rate_of_zero_is_no_limit)
{
    token_buckets buckets({0, 1}, "secret");
    for (int i = 0; i < 1000; ++i) {
        BOOST_TEST((buckets.take("ann", noon) == 0ms));
    }
}

BOOST_AUTO_TEST_CASE(a_million_keys_take_no_more_room_than_the_table_has)
{
    struct seen {
        time_point until{};
    };
    keyed_slots<seen> slots("secret", 1024);
    BOOST_TEST(slots.capacity() == 1024u);
    // One that matters for an hour stays among strangers that are over at once.
    slots.at("stays").until = noon + 1h;
    for (int i = 0; i < 1'000'000; ++i) {
        slots.at("stranger " + std::to_string(i)).until = noon;
    }
    BOOST_TEST((slots.at("stays").until == noon + 1h));
    BOOST_TEST(slots.capacity() == 1024u);
}

BOOST_AUTO_TEST_CASE(the_delay_doubles_after_five_free_failures_up_to_the_longest)
{
    growing_delay delay(10s, "secret");
    time_point now = noon;
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST((delay.attempt("ann from here", now) == 0ms));
    }
    BOOST_TEST((delay.attempt("ann from there", now) == 0ms));
    for (const auto expected : {1000ms, 2000ms, 4000ms, 8000ms, 10'000ms, 10'000ms}) {
        BOOST_TEST((delay.attempt("ann from here", now) == expected));
        now += expected;
        BOOST_TEST((delay.attempt("ann from here", now) == 0ms));
    }
}

BOOST_AUTO_TEST_CASE(success_and_rest_make_the_delay_forgotten)
{
    growing_delay delay(10s, "secret");
    for (int i = 0; i < 5; ++i) {
        delay.attempt("ann", noon);
    }
    BOOST_TEST((delay.attempt("ann", noon) > 0ms));
    BOOST_TEST((delay.attempt("ann", noon + 1s + growing_delay::remembered) == 0ms));
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST((delay.attempt("bob", noon) == 0ms));
        delay.succeeded("bob");
    }
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_counts_as_its_network)
{
    BOOST_TEST(network_of("192.0.2.1") == "192.0.2.1");
    BOOST_TEST(network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    BOOST_TEST(network_of("2001:DB8:1:2::1") == "2001:db8:1:2::/64");
    BOOST_TEST(network_of("2001:db8:1:3::1") == "2001:db8:1:3::/64");
    BOOST_TEST(network_of("::ffff:192.0.2.1") == "192.0.2.1");
    BOOST_TEST(network_of("") == "");
    BOOST_TEST(network_of("not an address") == "not an address");
}

BOOST_AUTO_TEST_SUITE_END()
