// Requests that do not arrive: age() gives them up, wherever they stopped, and nobody else.
#include "tests/fcgi_app/wire/owner.hpp"

#include <boost/test/unit_test.hpp>

using namespace wire_test;

namespace {

const pairs get = {{"REQUEST_METHOD", "GET"}, {"PATH_INFO", "/"}};

} // namespace

BOOST_AUTO_TEST_SUITE(age_)

BOOST_AUTO_TEST_CASE(a_request_half_received_at_two_calls_is_delivered_as_too_slow)
{
    owner o;
    o.feed(conversation().begin(1).params(1, get));
    o.demux.age(o);
    BOOST_TEST(o.requests.empty());
    o.demux.age(o);
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].too_slow);
    BOOST_TEST(o.demux.half_received() == 0u);
    BOOST_TEST(o.demux.active() == 1u);
    o.demux.finish(1);
    BOOST_TEST(o.demux.active() == 0u);
}

BOOST_AUTO_TEST_CASE(a_younger_request_and_a_complete_one_are_left_alone)
{
    owner o;
    o.feed(conversation().begin(1).request(2, get));
    o.demux.age(o);
    o.feed(conversation().begin(3));
    o.demux.age(o);
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
        o.demux.age(o);
        o.demux.age(o);
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
