// Requests that do not arrive completely: age() gives up these, wherever they stopped, and no
// others.
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

using namespace fastcgi_test;

namespace {

const pairs get = {{"REQUEST_METHOD", "GET"}, {"PATH_INFO", "/"}};

void age(owner& o, unsigned calls)
{
    for (unsigned i = 0; i < calls; ++i) {
        o.demux.age(o);
    }
}

// The first call ends the interval in which something came; after it they are whole.
constexpr unsigned calls_to_give_up = fastcgi::demux::silent_intervals + 1;

} // namespace

BOOST_AUTO_TEST_SUITE(age_)

BOOST_AUTO_TEST_CASE(a_request_that_is_silent_for_all_intervals_is_delivered_as_too_slow)
{
    owner o;
    o.feed(conversation().begin(1).params(1, get));
    age(o, calls_to_give_up - 1);
    BOOST_TEST(o.requests.empty());
    age(o, 1);
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].too_slow);
    BOOST_TEST(o.demux.half_received() == 0u);
    BOOST_TEST(o.demux.active() == 1u);
    o.demux.finish(1);
    BOOST_TEST(o.demux.active() == 0u);
}

// Whatever it sends, and wherever the byte falls: in a header, in content, in padding.
BOOST_AUTO_TEST_CASE(a_request_of_which_one_byte_comes_in_each_interval_is_never_given_up)
{
    const auto whole = conversation().begin(1).params(1, get).end_params(1).bytes() +
                       std::string("\1\5\0\1\0\1\377\0x", 9) + std::string(255, '\0') +
                       conversation().end_body(1).bytes();
    owner o;
    for (const char& byte : whole) {
        BOOST_REQUIRE(o.requests.empty());
        o.feed(std::string_view(&byte, 1));
        age(o, fastcgi::demux::silent_intervals);
    }
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(!o.requests[0].too_slow);
    BOOST_TEST(o.requests[0].body == "x");
}

BOOST_AUTO_TEST_CASE(a_silent_request_is_given_up_while_another_of_its_connection_goes_on)
{
    owner o;
    o.feed(conversation().begin(1).begin(2));
    for (unsigned i = 0; i < calls_to_give_up; ++i) {
        o.feed(conversation().params(2, {{"N" + std::to_string(i), "V"}}));
        age(o, 1);
    }
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].id == 1);
    BOOST_TEST(o.requests[0].too_slow);
    BOOST_TEST(o.demux.half_received() == 1u);
}

BOOST_AUTO_TEST_CASE(a_younger_request_and_a_complete_one_are_left_alone)
{
    owner o;
    o.feed(conversation().begin(1).request(2, get));
    age(o, calls_to_give_up - 1);
    o.feed(conversation().begin(3));
    age(o, 1);
    BOOST_REQUIRE(o.requests.size() == 2u);
    BOOST_TEST(!o.requests[0].too_slow);
    BOOST_TEST(o.requests[1].id == 1);
    o.feed(conversation().params(3, get).end_params(3).end_body(3));
    BOOST_REQUIRE(o.requests.size() == 3u);
    BOOST_TEST(!o.requests[2].too_slow);
}

// Wherever it stopped: what still comes of it is ignored, and its id can be used again.
BOOST_AUTO_TEST_CASE(the_rest_of_a_given_up_request_is_ignored_at_every_byte)
{
    const auto slow = conversation().request(1, get, "some body").bytes();
    for (std::size_t cut = 16; cut < slow.size(); ++cut) { // after its BEGIN_REQUEST
        owner o;
        o.feed(std::string_view(slow).substr(0, cut));
        age(o, calls_to_give_up + 1); // one more if it stopped in a header
        BOOST_REQUIRE(o.requests.size() == 1u);
        BOOST_TEST(o.requests[0].too_slow);
        o.feed(std::string_view(slow).substr(cut));
        BOOST_TEST(o.requests.size() == 1u);
        o.demux.finish(1);
        o.feed(conversation().request(1, get, "again"));
        BOOST_REQUIRE(o.requests.size() == 2u);
        BOOST_TEST(o.requests[1].body == "again");
        BOOST_TEST(o.broken == "");
    }
}

BOOST_AUTO_TEST_SUITE_END()
