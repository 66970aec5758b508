// Every limit of the server: a request beyond it gets the right answer, one line in the log and a
// count, and the others go on.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/fcgi_peer.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <deque>
#include <thread>

using namespace e2e;
using fastcgi_test::conversation;

namespace {

int limit_counter(const chat& s, const std::string& limit)
{
    return static_cast<int>(s.metric(R"(pollster_limits_total{limit=")" + limit + R"("})"));
}

conversation poll(fastcgi::request_id id)
{
    const auto body = poll_call(ann, R"({"1":0})").body;
    conversation c;
    c.request(id, parameters("POST", "/", body), body);
    return c;
}

conversation ping(fastcgi::request_id id)
{
    conversation c;
    c.request(id, parameters("GET", "/"));
    return c;
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(limits_)

BOOST_AUTO_TEST_CASE(a_request_too_many_on_a_connection_is_told_overloaded)
{
    chat s(settings{{"max_requests_per_connection", "2"}});
    fcgi_peer peer(s.socket());
    peer.send(poll(1));
    peer.send(poll(2));
    peer.send(ping(3));
    BOOST_TEST(peer.end_status_of(3) == FCGI_OVERLOADED);
    BOOST_TEST(limit_counter(s, "max_requests_per_connection") == 1);
    // The two go on, and their place is free when they have ended.
    s.until_parked(2);
    peer.send(conversation().abort(1));
    peer.answer_of(1);
    peer.send(ping(4));
    BOOST_TEST(contains(peer.answer_of(4), "huzzah"));
}

BOOST_AUTO_TEST_CASE(a_connection_too_many_is_told_overloaded)
{
    chat s(settings{{"max_connections", "3"}});
    std::deque<fcgi_peer> peers; // beside the connections that nginx keeps
    do {
        BOOST_REQUIRE(peers.size() < 4u);
        peers.emplace_back(s.socket());
        peers.back().send(ping(1));
    } while (peers.back().end_status_of(1) == FCGI_REQUEST_COMPLETE);
    BOOST_TEST(peers.back().end_status_of(1) == FCGI_OVERLOADED);
    BOOST_REQUIRE(peers.size() > 1u);
    // What the others ask is still answered.
    peers.front().send(conversation().request(2, parameters("GET", "/metrics")));
    BOOST_TEST(contains(peers.front().answer_of(2),
                        R"(pollster_limits_total{limit="max_connections"} 1)"));
}

BOOST_AUTO_TEST_CASE(a_poll_too_many_is_sent_away_for_a_while)
{
    chat s(settings{{"max_parked", "3"}});
    fcgi_peer peer(s.socket());
    for (fastcgi::request_id id = 1; id <= 3; ++id) {
        peer.send(poll(id));
    }
    s.until_parked(3);
    const auto refused = s.send(poll_call(ann, R"({"1":0})"));
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(refused.header("Retry-After") == "5");
    BOOST_TEST(limit_counter(s, "max_parked") == 1);
}

BOOST_AUTO_TEST_CASE(params_and_bodies_too_large_are_refused_and_the_connection_stays)
{
    chat s(settings{{"max_params_bytes", "4096"}, {"max_body_bytes", "1024"}});
    fcgi_peer peer(s.socket());
    auto many = parameters("GET", "/");
    many.emplace_back("HTTP_X_LONG", std::string(5000, 'x'));
    peer.send(conversation().request(1, many));
    BOOST_TEST(contains(peer.answer_of(1), "Status: 431"));
    const std::string body(5000, 'x');
    peer.send(conversation().request(2, parameters("POST", "/", body), body));
    BOOST_TEST(contains(peer.answer_of(2), "Status: 413"));
    BOOST_TEST(limit_counter(s, "max_params_bytes") == 1);
    BOOST_TEST(limit_counter(s, "max_body_bytes") == 1);
    peer.send(ping(3));
    BOOST_TEST(contains(peer.answer_of(3), "huzzah"));
}

BOOST_AUTO_TEST_CASE(ten_thousand_requests_on_one_connection_starve_nobody)
{
    chat s(settings{{"poll_seconds", "3600"}});
    fcgi_peer crowd(s.socket());
    for (int id = 1; id <= 10'000; ++id) {
        crowd.send(poll(static_cast<fastcgi::request_id>(id)));
        if (id % 1000 == 0) {
            BOOST_REQUIRE(s.send({}).status == 200);
        }
    }
    s.until_parked(10'000);
    s.sql(insert_post(1, 2, "for ten thousand"));
    BOOST_TEST(s.send({}).status == 200);
    for (int id = 1; id <= 10'000; ++id) {
        BOOST_REQUIRE(
            contains(crowd.answer_of(static_cast<fastcgi::request_id>(id)), "for ten thousand"));
    }
}

// There is always more to read of it until others were answered: a server that read on would never
// come to them.
BOOST_AUTO_TEST_CASE(a_stream_without_end_on_one_connection_starves_nobody)
{
    chat s;
    std::atomic<bool> over{false};
    std::atomic<std::size_t> sent{0};
    std::thread flood([&] {
        fcgi_peer peer(s.socket());
        conversation c;
        for (fastcgi::request_id id = 1; id <= 60'000; ++id) {
            c.abort(id); // of no request: nothing to answer
        }
        const auto bytes = c.bytes();
        while (!over) {
            peer.send(bytes);
            sent += bytes.size();
        }
    });
    eventually("the flood flows", [&] { return sent > 1'000'000; });
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(s.send({}).status == 200);
    }
    const auto before = sent.load();
    eventually("it still does", [&] { return sent > before; });
    over = true;
    flood.join();
}

BOOST_AUTO_TEST_SUITE_END()
