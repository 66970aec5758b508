// Web servers that multiplex, abort, are slow or do not read: the others do not notice.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/fcgi_peer.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;
using fastcgi_test::conversation;

namespace {

void add_poll(conversation& c, fastcgi::request_id id, const std::string& session, int last)
{
    const auto body = poll_call(session, R"({"1":)" + std::to_string(last) + "}").body;
    c.request(id, parameters("POST", "/", body), body);
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// Thirty polls; each is answered with 240 KB, more than the sockets hold.
void ask_for_more_than_sockets_hold(const chat& s, fcgi_peer& peer)
{
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, repeat('x', 60000) "
          "from generate_series(1, 20)");
    std::size_t taken = 0;
    for (fastcgi::request_id id = 1; id <= 30; ++id) {
        conversation c;
        add_poll(c, id, ann, 0);
        taken += peer.try_to_send(c.bytes());
    }
    BOOST_TEST(taken > 0u);
}

} // namespace

BOOST_AUTO_TEST_SUITE(peers_)

BOOST_AUTO_TEST_CASE(many_polls_park_on_one_connection_and_each_gets_its_answer)
{
    chat s(settings{{"poll_seconds", "3600"}});
    fcgi_peer peer(s.socket());
    conversation c;
    for (fastcgi::request_id id = 1; id <= 200; ++id) {
        add_poll(c, id, id % 2 == 0 ? ann : cleo, 0);
    }
    peer.send(c);
    s.until_parked(200);
    // A ping on the same connection does not wait for them.
    peer.send(conversation().request(500, parameters("GET", "/")));
    BOOST_TEST(contains(peer.answer_of(500), "huzzah"));
    s.sql(insert_post(1, 2, "for everybody"));
    for (fastcgi::request_id id = 1; id <= 200; ++id) {
        BOOST_TEST(contains(peer.answer_of(id), R"("body":"for everybody")"));
    }
}

BOOST_AUTO_TEST_CASE(an_aborted_poll_ends_and_its_neighbours_stay)
{
    chat s;
    fcgi_peer peer(s.socket());
    conversation c;
    add_poll(c, 1, ann, 0);
    add_poll(c, 2, bob, 0);
    peer.send(c);
    s.until_parked(2);
    peer.send(conversation().abort(1));
    peer.answer_of(1); // its END_REQUEST
    BOOST_TEST(s.metric("pollster_parked_polls") == 1);
    BOOST_TEST(s.metric(R"(pollster_polls_total{outcome="gone"})") == 1);
    // Its number is free again.
    peer.send(conversation().request(1, parameters("GET", "/")));
    BOOST_TEST(!peer.ended(2));
    s.sql(insert_post(1, 3, "for the one that stayed"));
    BOOST_TEST(contains(peer.answer_of(2), "for the one that stayed"));
}

// The next byte is sent when somebody else has been answered: a server that waited for it would
// wait for ever.
BOOST_AUTO_TEST_CASE(a_peer_that_sends_a_byte_at_a_time_delays_nobody)
{
    chat s(settings{{"receive_timeout_seconds", "3600"}});
    conversation c;
    add_poll(c, 1, ann, 0);
    s.sql(insert_post(1, 2, "slowly"));
    fcgi_peer slow(s.socket());
    for (const char byte : c.bytes()) {
        slow.send(std::string(1, byte));
        if (slow.ended(1)) {
            break;
        }
        BOOST_REQUIRE_EQUAL(s.send({}).status, 200);
    }
    BOOST_TEST(contains(slow.answer_of(1), R"("body":"slowly")"));
}

BOOST_AUTO_TEST_CASE(a_peer_that_stops_in_mid_request_is_given_up)
{
    chat s(settings{{"receive_timeout_seconds", "1"}});
    fcgi_peer silent(s.socket());
    silent.send(conversation().begin(1).params(1, parameters("GET", "/")));
    fcgi_peer in_a_header(s.socket());
    in_a_header.send(std::string("\1\1\0", 3));
    BOOST_TEST(contains(silent.answer_of(1), "Status: 408 Request Timeout\r\n"));
    BOOST_TEST(in_a_header.closed_by_server());
    BOOST_TEST(s.send({}).status == 200);
}

// Far longer under way than receive_timeout_seconds, and never silent that long.
BOOST_AUTO_TEST_CASE(a_slow_but_steady_request_is_taken)
{
    chat s(settings{{"receive_timeout_seconds", "8"}});
    const std::string body = poll_call(ann, R"({"1":0})").body;
    conversation c;
    c.request(1, parameters("POST", "/", body), body);
    const auto bytes = c.bytes();
    s.sql(insert_post(1, 2, "slowly"));
    fcgi_peer slow(s.socket());
    const stopwatch watch;
    const std::size_t step = bytes.size() / 45;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        slow.send(bytes.substr(at, step));
        std::this_thread::sleep_for(200ms);
    }
    BOOST_TEST(watch.ms() > 8500);
    BOOST_TEST(contains(slow.answer_of(1), R"("body":"slowly")"));
}

// A server that waited for it would wait for an hour.
BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_delays_nobody)
{
    chat s(settings{{"send_timeout_seconds", "3600"}});
    fcgi_peer deaf(s.socket());
    ask_for_more_than_sockets_hold(s, deaf);
    eventually("answers wait for the peer",
               [&] { return s.metric(R"(pollster_polls_total{outcome="news"})") > 0; });
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE_EQUAL(s.send({}).status, 200);
    }
    BOOST_TEST(s.metric("pollster_clients") > 0);
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_is_cut_off)
{
    chat s(settings{{"send_timeout_seconds", "1"}});
    fcgi_peer deaf(s.socket());
    ask_for_more_than_sockets_hold(s, deaf);
    eventually("it is given up", [&] {
        return s.metric(R"(pollster_limits_total{limit="send_timeout_seconds"})") > 0;
    });
    BOOST_TEST(deaf.closed_by_server());
    BOOST_TEST(s.metric("pollster_parked_polls") == 0);
    eventually("its requests are gone", [&] { return s.metric("pollster_clients") == 0; });
}

// Its fibers waited for room on their stacks when those went.
BOOST_AUTO_TEST_CASE(a_stop_leaves_a_peer_that_does_not_read)
{
    chat s(settings{{"stop_timeout_seconds", "1"}});
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, repeat('x', 60000) "
          "from generate_series(1, 20)");
    fcgi_peer deaf(s.socket());
    conversation c;
    for (fastcgi::request_id id = 1; id <= 30; ++id) {
        add_poll(c, id, ann, 0);
    }
    deaf.send(c);
    eventually("answers wait for the peer",
               [&] { return s.metric(R"(pollster_polls_total{outcome="news"})") == 30; });
    BOOST_TEST(s.stop_pollster() == 0);
    BOOST_TEST(contains(s.log(), "stopping with 1 connections that were not done"));
    BOOST_TEST(contains(s.log(), "stopped"));
}

BOOST_AUTO_TEST_SUITE_END()
