// Requests and their ends: sections 3.3, 3.5, 5 and 6.2 of the specification.
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

using namespace fastcgi_test;
using strings = std::vector<std::string>;

namespace {

const pairs get = {{"REQUEST_METHOD", "GET"}, {"PATH_INFO", "/"}};

} // namespace

BOOST_AUTO_TEST_SUITE(demux_)

BOOST_AUTO_TEST_CASE(a_request_is_delivered_when_both_streams_have_ended)
{
    owner o;
    o.feed(conversation().begin(1).params(1, get).end_params(1).body(1, "a").body(1, "b"));
    BOOST_TEST(o.requests.empty());
    BOOST_TEST(o.demux.half_received() == 1u);
    BOOST_TEST(!o.demux.idle());

    o.feed(conversation().end_body(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].id == 1);
    BOOST_TEST(o.requests[0].params == encoded(get));
    BOOST_TEST(o.requests[0].body == "ab");
    BOOST_TEST(o.demux.active() == 1u);
    BOOST_TEST(o.demux.half_received() == 0u);
    BOOST_TEST(o.demux.idle());
}

BOOST_AUTO_TEST_CASE(params_may_be_split_anywhere_over_records)
{
    const auto all = encoded({{"A", std::string(200, 'v')}, {"B", ""}, {"", "x"}});
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        owner o;
        o.feed(conversation()
                   .begin(1)
                   .params(1, std::string_view(all).substr(0, cut))
                   .params(1, std::string_view(all).substr(cut))
                   .end_params(1)
                   .end_body(1));
        BOOST_REQUIRE(o.requests.size() == 1u);
        BOOST_TEST(o.requests[0].params == all);
    }
}

BOOST_AUTO_TEST_CASE(interleaved_requests_are_told_apart)
{
    owner o;
    o.feed(conversation()
               .begin(1)
               .begin(65535)
               .params(65535, get)
               .params(1, "\1\1")
               .body(65535, "big")
               .params(1, "ab")
               .end_params(65535)
               .end_params(1)
               .body(1, "one")
               .end_body(1)
               .end_body(65535));
    BOOST_REQUIRE(o.requests.size() == 2u);
    BOOST_TEST(o.requests[0].id == 1);
    BOOST_TEST(o.requests[0].params == "\1\1ab");
    BOOST_TEST(o.requests[0].body == "one");
    BOOST_TEST(o.requests[1].id == 65535);
    BOOST_TEST(o.requests[1].body == "big");
}

BOOST_AUTO_TEST_CASE(a_body_may_end_before_the_params)
{
    owner o;
    o.feed(conversation().begin(1).body(1, "early").end_body(1).params(1, get));
    BOOST_TEST(o.requests.empty());
    o.feed(conversation().end_params(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].body == "early");
}

BOOST_AUTO_TEST_CASE(content_after_the_end_of_its_stream_is_ignored)
{
    owner o;
    o.feed(conversation()
               .begin(1)
               .params(1, get)
               .end_params(1)
               .params(1, get)
               .end_params(1)
               .end_body(1)
               .body(1, "late")
               .end_body(1)
               .end_params(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].params == encoded(get));
    BOOST_TEST(o.requests[0].body == "");
    BOOST_TEST(o.broken == "");
}

BOOST_AUTO_TEST_CASE(a_record_of_the_largest_size_is_read)
{
    owner o;
    const std::string body(FCGI_MAX_LENGTH, 'b');
    o.feed(conversation().request(1, get, body));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].body == body);
}

BOOST_AUTO_TEST_CASE(padding_is_skipped)
{
    owner o;
    const std::string begin_responder{0, 1, 1, 0, 0, 0, 0, 0};
    o.feed(conversation()
               .record(FCGI_BEGIN_REQUEST, 1, begin_responder, 8)
               .record(FCGI_PARAMS, 1, encoded(get), 255)
               .record(FCGI_PARAMS, 1, "", 7)
               .record(FCGI_STDIN, 1, "b", 1)
               .record(FCGI_STDIN, 1, "", 255));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].params == encoded(get));
    BOOST_TEST(o.requests[0].body == "b");
}

BOOST_AUTO_TEST_CASE(a_request_does_not_wait_for_its_last_padding)
{
    owner o;
    auto bytes = conversation().begin(1).end_params(1).record(FCGI_STDIN, 1, "", 9).bytes();
    bytes.pop_back();
    o.feed(bytes);
    BOOST_TEST(o.requests.size() == 1u);
    BOOST_TEST(!o.demux.idle()); // a record is not complete
    o.feed("p");
    BOOST_TEST(o.demux.idle());
}

BOOST_AUTO_TEST_CASE(keep_conn_is_passed_on)
{
    owner o;
    o.feed(conversation().request(1, get, "", true).request(2, get, "", false));
    BOOST_REQUIRE(o.requests.size() == 2u);
    BOOST_TEST(o.requests[0].keep_conn);
    BOOST_TEST(!o.requests[1].keep_conn);
}

BOOST_AUTO_TEST_CASE(unknown_flags_and_reserved_bytes_are_ignored)
{
    owner o;
    const std::string body{0, 1, '\xfe', 1, 2, 3, 4, 5};
    o.feed(conversation().record(FCGI_BEGIN_REQUEST, 1, body).end_params(1).end_body(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(!o.requests[0].keep_conn);
}

BOOST_AUTO_TEST_CASE(an_id_is_free_again_after_finish)
{
    owner o;
    for (int round = 0; round < 3; ++round) {
        o.feed(conversation().request(7, get));
        BOOST_TEST(o.demux.active() == 1u);
        o.demux.finish(7);
        BOOST_TEST(o.demux.active() == 0u);
    }
    BOOST_TEST(o.requests.size() == 3u);
    BOOST_TEST(o.broken == "");
}

BOOST_AUTO_TEST_CASE(finish_may_be_called_from_inside_on_request)
{
    owner o;
    o.answers_at_once = true;
    o.feed(conversation().request(1, get).request(1, get, "again").request(2, get));
    BOOST_TEST(o.requests.size() == 3u);
    BOOST_TEST(o.demux.active() == 0u);
}

BOOST_AUTO_TEST_CASE(finish_of_an_id_that_is_not_delivered_is_ignored)
{
    owner o;
    o.demux.finish(0);
    o.demux.finish(9);
    o.feed(conversation().begin(1));
    o.demux.finish(1);
    BOOST_TEST(o.demux.active() == 1u);
    o.feed(conversation().end_params(1).end_body(1));
    BOOST_TEST(o.requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(records_for_dead_ids_are_ignored)
{
    owner o;
    o.feed(conversation().params(5, get).end_params(5).body(5, "x").end_body(5).abort(5));
    o.feed(conversation().request(5, get));
    o.demux.finish(5);
    o.feed(conversation().params(5, get).end_params(5).body(5, "x").end_body(5).abort(5));
    BOOST_TEST(o.events == strings{"request 5"}, boost::test_tools::per_element());
    BOOST_TEST(o.demux.active() == 0u);
}

BOOST_AUTO_TEST_CASE(data_records_are_ignored)
{
    owner o;
    o.feed(conversation().begin(1).record(FCGI_DATA, 1, "x").record(FCGI_DATA, 1));
    o.feed(conversation().params(1, get).end_params(1).end_body(1));
    BOOST_REQUIRE(o.requests.size() == 1u);
    BOOST_TEST(o.requests[0].body == "");
}

BOOST_AUTO_TEST_CASE(unknown_types_with_a_request_id_are_ignored)
{
    owner o;
    o.feed(conversation().begin(1));
    for (int type = 0; type < 256; ++type) {
        const bool known = type == FCGI_BEGIN_REQUEST || type == FCGI_ABORT_REQUEST ||
                           type == FCGI_PARAMS || type == FCGI_STDIN;
        if (!known) {
            o.feed(conversation().record(static_cast<unsigned char>(type), 1, "?"));
            o.feed(conversation().record(static_cast<unsigned char>(type), 1));
        }
    }
    o.feed(conversation().end_params(1).end_body(1));
    BOOST_TEST(o.events == strings{"request 1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_half_received_request_that_is_aborted_is_ended_by_the_demux)
{
    owner o;
    o.feed(conversation().begin(1, true).params(1, get).abort(1));
    o.feed(conversation().begin(2, false).abort(2));
    BOOST_TEST(o.events == (strings{"reply", "reply, close"}), boost::test_tools::per_element());
    BOOST_REQUIRE(o.replies.size() == 2u);
    BOOST_TEST(o.replies[0].header.id == 1);
    BOOST_TEST(o.replies[0].content == std::string(8, '\0')); // REQUEST_COMPLETE, status 0
    BOOST_TEST(o.demux.active() == 0u);
    BOOST_TEST(o.demux.idle());

    o.feed(conversation().end_params(1).end_body(1).request(1, get)); // the rest of it, and anew
    BOOST_TEST(o.requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_delivered_request_that_is_aborted_is_reported_once)
{
    owner o;
    o.feed(conversation().request(1, get).abort(1).abort(1));
    BOOST_TEST(o.events == (strings{"request 1", "abort 1"}), boost::test_tools::per_element());
    BOOST_TEST(o.demux.active() == 1u);
    o.demux.finish(1);
    o.feed(conversation().abort(1));
    BOOST_TEST(o.events.size() == 2u);
    BOOST_TEST(o.demux.active() == 0u);
}

BOOST_AUTO_TEST_CASE(other_roles_are_refused)
{
    for (const int role : {0, FCGI_AUTHORIZER, FCGI_FILTER, 4, 257, 65535}) {
        owner o;
        o.feed(conversation().begin(1, true, role).params(1, get).end_params(1).end_body(1));
        o.feed(conversation().begin(2, false, role).request(1, get));
        BOOST_TEST(o.events == (strings{"reply", "reply, close", "request 1"}),
                   boost::test_tools::per_element());
        BOOST_REQUIRE(o.replies.size() == 2u);
        BOOST_TEST(protocol_status(o.replies[0]) == FCGI_UNKNOWN_ROLE);
        BOOST_TEST(o.replies[1].header.id == 2);
    }
}

BOOST_AUTO_TEST_CASE(one_request_too_many_is_overloaded)
{
    fastcgi::limits l;
    l.max_requests_per_connection = 2;
    owner o(l);
    o.feed(conversation().request(1, get).begin(2).request(3, get, "body").begin(4, false));
    BOOST_REQUIRE(o.replies.size() == 2u);
    BOOST_TEST(o.replies[0].header.id == 3);
    BOOST_TEST(protocol_status(o.replies[0]) == FCGI_OVERLOADED);
    BOOST_TEST(o.events == (strings{"request 1", "reply", "reply, close"}),
               boost::test_tools::per_element());
    o.demux.finish(1);
    o.feed(conversation().request(3, get));
    BOOST_TEST(o.requests.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
