// What makes a connection useless, and what goes beyond the limits.
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

using namespace fastcgi_test;
using strings = std::vector<std::string>;

namespace {

const pairs get = {{"REQUEST_METHOD", "GET"}};
using excess = fastcgi::raw_request::excess;

// `bad` breaks the connection, and what follows is not looked at.
void breaks(const conversation& bad)
{
    owner o;
    o.feed(conversation().request(9, get).begin(1));
    o.feed(bad.bytes() + conversation().end_params(1).end_body(1).request(2, get).bytes());
    o.feed(conversation().request(3, get));
    BOOST_TEST(o.events == (strings{"request 9", "broken"}), boost::test_tools::per_element());
    BOOST_TEST(o.broken != "");
    BOOST_TEST(o.demux.half_received() == 0u);
    BOOST_TEST(o.demux.active() == 1u);
    o.demux.finish(9);
    BOOST_TEST(o.demux.active() == 0u);
}

fastcgi::limits few_bytes()
{
    fastcgi::limits l;
    l.max_params_bytes = 20;
    l.max_body_bytes = 10;
    return l;
}

} // namespace

BOOST_AUTO_TEST_SUITE(broken_)

BOOST_AUTO_TEST_CASE(another_version_breaks_the_connection)
{
    for (const int version : {0, 2, 71, 255}) {
        auto record = conversation().begin(5).bytes();
        record[0] = static_cast<char>(version);
        breaks(conversation().raw(record));
    }
    breaks(conversation().raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(begin_for_an_active_id_breaks_the_connection)
{
    breaks(conversation().begin(1)); // half-received
    breaks(conversation().begin(9)); // delivered
}

BOOST_AUTO_TEST_CASE(begin_for_an_aborted_id_breaks_the_connection_until_it_is_finished)
{
    owner o;
    o.feed(conversation().request(1, get).abort(1));
    o.feed(conversation().begin(1));
    BOOST_TEST(o.broken != "");

    owner later;
    later.feed(conversation().request(1, get).abort(1));
    later.demux.finish(1);
    later.feed(conversation().begin(1));
    BOOST_TEST(later.broken == "");
}

BOOST_AUTO_TEST_CASE(begin_with_id_0_breaks_the_connection)
{
    breaks(conversation().begin(0));
}

BOOST_AUTO_TEST_CASE(begin_of_a_wrong_length_breaks_the_connection)
{
    for (const std::size_t length : {0U, 1U, 7U, 9U, 65535U}) {
        breaks(conversation().record(FCGI_BEGIN_REQUEST, 5, std::string(length, '\1')));
    }
}

BOOST_AUTO_TEST_CASE(params_beyond_the_limit_are_dropped_and_reported)
{
    owner o(few_bytes());
    o.feed(conversation().begin(1).params(1, std::string(20, 'p')).end_params(1).end_body(1));
    o.feed(conversation()
               .begin(2)
               .params(2, std::string(20, 'p'))
               .params(2, "p")
               .params(2, "p")
               .end_params(2)
               .body(2, "b"));
    BOOST_TEST(o.requests.size() == 1u); // the second waits for the end of STDIN
    o.feed(conversation().end_body(2));
    BOOST_REQUIRE(o.requests.size() == 2u);
    BOOST_TEST((o.requests[0].too_large == excess::none));
    BOOST_TEST(o.requests[0].params.size() == 20u);
    BOOST_TEST((o.requests[1].too_large == excess::params));
    BOOST_TEST(o.requests[1].params == "");
    BOOST_TEST(o.requests[1].body == "");
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_limit_is_dropped_and_reported)
{
    owner o(few_bytes());
    o.feed(conversation().request(1, get, std::string(10, 'b')));
    o.feed(conversation().begin(2).params(2, "ab").end_params(2));
    for (int n = 0; n < 160; ++n) { // 10 MB
        o.feed(conversation().body(2, std::string(65535, 'b')));
    }
    o.feed(conversation().end_body(2).request(3, get));
    BOOST_REQUIRE(o.requests.size() == 3u); // the connection stays usable
    BOOST_TEST((o.requests[0].too_large == excess::none));
    BOOST_TEST((o.requests[1].too_large == excess::body));
    BOOST_TEST(o.requests[1].params == "ab");
    BOOST_TEST(o.requests[1].body == "");
}

BOOST_AUTO_TEST_CASE(params_beyond_the_limit_after_such_a_body_are_what_is_reported)
{
    owner o(few_bytes());
    o.feed(conversation().begin(1).body(1, std::string(11, 'b')).end_body(1));
    o.feed(conversation().params(1, std::string(21, 'p')).end_params(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST((o.requests[0].too_large == excess::params));
}

BOOST_AUTO_TEST_CASE(fifty_thousand_requests_fit_on_a_connection)
{
    owner o;
    const auto count =
        static_cast<fastcgi::request_id>(fastcgi::limits().max_requests_per_connection);
    for (fastcgi::request_id id = 1; id <= count; ++id) {
        o.feed(conversation().request(id, get));
    }
    BOOST_TEST(o.demux.active() == count);
    BOOST_TEST(o.requests.size() == count);
    o.feed(conversation().begin(65535));
    BOOST_TEST(protocol_status(o.replies.at(0)) == FCGI_OVERLOADED);
    for (fastcgi::request_id id = count; id > 0; --id) {
        o.demux.finish(id);
    }
    BOOST_TEST(o.demux.active() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
