#include "fcgi_app/limits/held_places.hpp"
#include "fcgi_app/limits/login_backoff.hpp"
#include "fcgi_app/limits/network.hpp"
#include "fcgi_app/limits/token_bucket.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>

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

// As SIGHUP does it: nobody gets a fresh burst by it, nor waits longer than by the new rate.
BOOST_AUTO_TEST_CASE(another_rate_counts_from_now_on)
{
    token_buckets buckets({1, 10}, "secret");
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST((buckets.take("ann", noon) == 0ms));
    }
    BOOST_TEST((buckets.take("ann", noon) == 1s));
    buckets.change({2, 20});
    BOOST_TEST((buckets.take("ann", noon) == 500ms));
    buckets.change({0, 1});
    BOOST_TEST((buckets.take("ann", noon) == 0ms));
    buckets.change({1, 10});
    BOOST_TEST((buckets.take("ann", noon) == 1s));
}

BOOST_AUTO_TEST_CASE(another_rate_counts_for_each_network)
{
    network_buckets buckets({0, 1}, "secret");
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST((buckets.take("2001:db8::1", noon) == 0ms));
    }
    buckets.change({1, 2});
    BOOST_TEST((buckets.take("2001:db8::1", noon) == 0ms));
    BOOST_TEST((buckets.take("2001:db8::1", noon) == 0ms));
    BOOST_TEST((buckets.take("2001:db8::1", noon) == 1s));
}

BOOST_AUTO_TEST_CASE(another_longest_delay_counts_from_the_next_failure_on)
{
    login_backoff delay(10s, "secret");
    for (int i = 0; i < 6; ++i) {
        delay.attempt("ann", noon);
    }
    delay.change(0s);
    BOOST_TEST((delay.attempt("ann", noon) == 0ms));
    delay.change(10s);
    BOOST_TEST((delay.attempt("ann", noon) > 0ms));
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
    login_backoff delay(10s, "secret");
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
    login_backoff delay(10s, "secret");
    for (int i = 0; i < 5; ++i) {
        delay.attempt("ann", noon);
    }
    BOOST_TEST((delay.attempt("ann", noon) > 0ms));
    BOOST_TEST((delay.attempt("ann", noon + 1s + login_backoff::remembered) == 0ms));
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST((delay.attempt("bob", noon) == 0ms));
        delay.succeeded("bob");
    }
}

namespace {
std::string networks(const std::string& address)
{
    std::string all;
    for (const auto& n : networks_of(address)) {
        all += (all.empty() ? "" : " ") + n.key;
    }
    return all;
}
} // namespace

BOOST_AUTO_TEST_CASE(an_ipv6_address_counts_as_its_networks)
{
    BOOST_TEST(networks("192.0.2.1") == "192.0.2.1");
    BOOST_TEST(networks("2001:db8:1:2:3:4:5:6") ==
               "2001:db8:1:2::/64 2001:db8:1::/56 2001:db8:1::/48");
    BOOST_TEST(networks("2001:DB8:1:1f2::1") ==
               "2001:db8:1:1f2::/64 2001:db8:1:100::/56 2001:db8:1::/48");
    BOOST_TEST(networks("::ffff:192.0.2.1") == "192.0.2.1");
    BOOST_TEST(networks("") == "");
    BOOST_TEST(networks("not an address") == "not an address");
}

BOOST_AUTO_TEST_CASE(whoever_has_a_site_of_ipv6_has_sixteen_times_as_much_not_65536_times)
{
    // Of a /64, a /56 and a /48 each address is tried, in the same moment.
    const auto served = [](int of_64, int of_56, int of_48) {
        network_buckets buckets({1, 10}, "secret");
        int tokens = 0;
        for (int site = 0; site < of_48; ++site) {
            for (int line = 0; line < of_56; ++line) {
                for (int host = 0; host < of_64; ++host) {
                    char address[64];
                    std::snprintf(address, sizeof address, "2001:db8:1:%x%02x::%x", site, line,
                                  host + 1);
                    tokens += buckets.take(address, noon) == 0ms ? 1 : 0;
                }
            }
        }
        return tokens;
    };
    BOOST_TEST(served(1000, 1, 1) == 10);
    BOOST_TEST(served(20, 256, 1) == 40);
    BOOST_TEST(served(1, 256, 256) == 160);
}

BOOST_AUTO_TEST_CASE(who_has_used_up_his_own_takes_nothing_of_his_neighbours)
{
    network_buckets buckets({1, 10}, "secret");
    for (int i = 0; i < 1000; ++i) {
        buckets.take("2001:db8:1:2::1", noon);
    }
    BOOST_TEST((buckets.take("2001:db8:1:3::1", noon) == 0ms));
    for (int i = 0; i < 1000; ++i) {
        buckets.take("192.0.2.1", noon);
    }
    BOOST_TEST((buckets.take("192.0.2.1", noon) > 0ms));
    BOOST_TEST((buckets.take("192.0.2.2", noon) == 0ms));
}

BOOST_AUTO_TEST_CASE(places_are_counted_while_they_are_held)
{
    held_places all;
    std::vector<held_places::place> held;
    const auto take = [&](const std::string& address) {
        auto one = all.take(address, 2);
        const bool got = static_cast<bool>(one);
        if (got) {
            held.push_back(std::move(one));
        }
        return got;
    };
    BOOST_TEST(take("192.0.2.1"));
    BOOST_TEST(take("::ffff:192.0.2.1")); // the same
    BOOST_TEST(!take("192.0.2.1"));
    BOOST_TEST(take("192.0.2.2"));
    BOOST_TEST(all.networks() == 2u);
    held.erase(held.begin());
    BOOST_TEST(take("192.0.2.1"));
    BOOST_TEST(!take("192.0.2.1"));
    held.clear();
    BOOST_TEST(all.networks() == 0u);
    BOOST_TEST(!all.take("192.0.2.1", 0));
}

BOOST_AUTO_TEST_CASE(a_site_of_ipv6_holds_sixteen_times_as_much)
{
    held_places all;
    std::vector<held_places::place> held;
    const auto take = [&](int net, int host) {
        char address[64];
        std::snprintf(address, sizeof address, "2001:db8:1:%x::%x", net, host);
        auto one = all.take(address, 2);
        const bool got = static_cast<bool>(one);
        if (got) {
            held.push_back(std::move(one));
        }
        return got;
    };
    int got = 0;
    for (int host = 0; host < 10; ++host) {
        got += take(0, host) ? 1 : 0;
    }
    BOOST_TEST(got == 2); // of a /64
    for (int net = 1; net < 256; ++net) {
        got += take(net, 1) ? 1 : 0;
    }
    BOOST_TEST(got == 8); // of a /56
    for (int net = 256; net < 65'536; net += 64) {
        got += take(net, 1) ? 1 : 0;
    }
    BOOST_TEST(got == 32); // of a /48
    BOOST_TEST(static_cast<bool>(all.take("2001:db8:2::1", 2)));
    while (!held.empty()) {
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(held.size() / 2));
    }
    BOOST_TEST(all.networks() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_an_address)
{
    for (const auto* address : {"192.0.2.1", "::1", "::ffff:192.0.2.1", "2001:db8::1"}) {
        BOOST_TEST(is_address(address), address);
    }
    for (const auto* none : {"", "unix:", "localhost", "192.0.2", "192.0.2.1:80"}) {
        BOOST_TEST(!is_address(none), none);
    }
}

BOOST_AUTO_TEST_SUITE_END()
