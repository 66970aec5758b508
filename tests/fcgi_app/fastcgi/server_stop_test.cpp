// The end of a server: what is in flight is answered, what does not end is cut off.
#include "fcgi_app/fastcgi/server.hpp"

#include "fibers/sleeper.hpp"
#include "tests/fcgi_app/fastcgi/served.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/un.h>

#include <optional>

using fastcgi::exchange;
using fastcgi::request;
using fibers::testing::in_loop;
using namespace fastcgi_test;
using exchange_ptr = std::unique_ptr<exchange>;

BOOST_AUTO_TEST_SUITE(server_stop_)

BOOST_AUTO_TEST_CASE(stop_waits_for_what_is_in_flight_and_closes_the_rest_at_once)
{
    in_loop([](fibers::reactor& loop) {
        fibers::sleeper place;
        int waiting = 0;
        served s(loop, [&](request&&, exchange_ptr e) {
            ++waiting;
            place.sleep();
            e->write("in time");
            e->end();
        });
        peer busy(s);
        peer idle(s);
        busy.send(asking(1, ""));
        until([&] { return waiting == 1; });
        int rounds = 0;
        BOOST_TEST(s.stop(in_a_minute(), [&] {
            if (++rounds == 3) {
                BOOST_TEST(s.server.connections() == 1u); // the idle one is gone
                place.wake();
            }
        }));
        BOOST_TEST(rounds >= 3);
        BOOST_TEST(busy.answer_of(1) == "in time");
        BOOST_TEST(busy.closed());
        BOOST_TEST(idle.closed());
        BOOST_TEST(s.seen.count("cut off 1") == 0u);
    });
}

BOOST_AUTO_TEST_CASE(stop_waits_until_the_answer_is_taken)
{
    const std::string large(3'000'000, 'l');
    in_loop([&](fibers::reactor& loop) {
        served s(loop, [&](request&&, exchange_ptr e) {
            e->write(large);
            e->end();
        });
        peer slow(s, true);
        slow.send(asking(1, ""));
        until([&] { return s.seen.count("request 1") == 1; });
        boost::fibers::fiber reading([&] {
            boost::this_fiber::sleep_for(std::chrono::milliseconds(50));
            BOOST_TEST((slow.answer_of(1) == large));
        });
        BOOST_TEST(s.stop(in_a_minute()));
        reading.join();
        BOOST_TEST(s.seen.count("cut off 1") == 0u);
    });
}

BOOST_AUTO_TEST_CASE(at_its_deadline_stop_cuts_off_who_then_ends)
{
    in_loop([](fibers::reactor& loop) {
        bool ended = false;
        served s(loop, [&](request&&, exchange_ptr e) {
            fibers::sleeper place;
            const fastcgi::disconnect_callback left(*e, [&] { place.wake(); });
            place.sleep();
            ended = e->gone();
        });
        peer p(s);
        p.send(asking(1, ""));
        until([&] { return s.seen.count("request 1") == 1; });
        BOOST_TEST(s.stop(std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
        BOOST_TEST(ended);
        BOOST_TEST(p.closed());
        BOOST_TEST(s.seen.count("cut off 1") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(stop_says_when_a_handler_has_not_ended)
{
    in_loop([](fibers::reactor& loop) {
        fibers::sleeper place;
        served s(loop, [&](request&&, exchange_ptr) { place.sleep(); });
        peer p(s);
        p.send(asking(1, ""));
        until([&] { return s.seen.count("request 1") == 1; });
        BOOST_TEST(!s.stop(std::chrono::steady_clock::now()));
        BOOST_TEST(s.stacks.in_use() == 1u);
        place.wake();
        until([&] { return s.stacks.in_use() == 0; });
    });
}

BOOST_AUTO_TEST_CASE(a_listening_socket_is_served_until_the_stop)
{
    in_loop([](fibers::reactor& loop) {
        const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const sockaddr_un any{AF_UNIX, {}};
        BOOST_REQUIRE(bind(listening, reinterpret_cast<const sockaddr*>(&any),
                           sizeof(sa_family_t)) == 0); // the kernel finds a name
        BOOST_REQUIRE(listen(listening, 512) == 0);
        sockaddr_un name{};
        socklen_t size = sizeof name;
        BOOST_REQUIRE(getsockname(listening, reinterpret_cast<sockaddr*>(&name), &size) == 0);
        const auto connected = [&] {
            const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            BOOST_REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&name), size) == 0);
            return fd;
        };

        served s(loop, [](request&&, exchange_ptr e) { e->end(); });
        std::vector<int> all;
        for (int i = 0; i < 200; ++i) { // more than one turn takes
            all.push_back(connected());
        }
        BOOST_REQUIRE(s.server.listen(listening));
        until([&] { return s.server.connections() == 200; });
        BOOST_TEST(s.stop(in_a_minute()));
        all.push_back(connected()); // into the backlog, where nobody takes it
        boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
        BOOST_TEST(s.seen.count("opened") == 200u);
        BOOST_TEST(s.seen.count("closed") == 200u);
        for (const int fd : all) {
            close(fd);
        }
        close(listening);
    });
}

BOOST_AUTO_TEST_SUITE_END()
