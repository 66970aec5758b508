// The end of a server: what is in flight is answered, what does not end is cut off.
#include "fcgi_app/fastcgi/server.hpp"

#include "fcgi_app/fastcgi/encode.hpp"
#include "fibers/sleeper.hpp"
#include "tests/fcgi_app/fastcgi/served.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

using fastcgi::exchange;
using fastcgi::request;
using fibers::testing::in_loop;
using namespace fastcgi_test;
using exchange_ptr = std::unique_ptr<exchange>;

namespace {

void answer_at_once(request&&, exchange_ptr e)
{
    e->write("here");
    e->end();
}

// What asks nginx to use a connection no more.
bool is_goodbye(const std::vector<answer_record>& records, fastcgi::request_id id)
{
    return records.size() == 1 && records[0].header.type == FCGI_STDERR &&
           records[0].header.id == id && records[0].content.empty();
}

// Where web servers connect; the kernel finds a name.
class door {
public:
    door()
    {
        const sockaddr_un any{AF_UNIX, {}};
        BOOST_REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)) == 0);
        BOOST_REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&name_), &size_) == 0);
        open();
    }
    ~door()
    {
        for (const int fd : inside_) {
            close(fd);
        }
        close(fd_);
    }
    door(const door&) = delete;
    door& operator=(const door&) = delete;

    void open() const { BOOST_REQUIRE(listen(fd_, 512) == 0); }
    int fd() const { return fd_; }
    // 0, or why not.
    int enter()
    {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        inside_.push_back(fd);
        return connect(fd, reinterpret_cast<const sockaddr*>(&name_), size_) == 0 ? 0 : errno;
    }
    void leave(std::size_t which) const { shutdown(inside_.at(which), SHUT_RDWR); }
    // Of the one that entered last.
    void send(const conversation& c) const
    {
        const auto bytes = c.bytes();
        BOOST_REQUIRE(::send(inside_.back(), bytes.data(), bytes.size(), 0) ==
                      static_cast<ssize_t>(bytes.size()));
    }

private:
    const int fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un name_{};
    socklen_t size_ = sizeof name_;
    std::vector<int> inside_;
};

// One request that is answered when the test says so.
struct slow_request {
    fibers::sleeper place;
    bool waiting = false;
    fastcgi::handler handler()
    {
        return [this](request&& r, exchange_ptr e) {
            if (r.param("FOR") == "slow") {
                waiting = true;
                place.sleep();
            }
            answer_at_once(std::move(r), std::move(e));
        };
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(server_stop_)

BOOST_AUTO_TEST_CASE(stop_waits_for_what_is_in_flight_and_says_goodbye_behind_it)
{
    in_loop([](fibers::reactor& loop) {
        slow_request slow;
        served s(loop, slow.handler());
        peer busy(s);
        busy.send(asking(1, "slow"));
        until([&] { return slow.waiting; });
        int rounds = 0;
        BOOST_TEST(s.stop(in_a_minute(), [&] {
            if (++rounds == 3) {
                slow.place.wake();
            }
        }));
        BOOST_TEST(rounds >= 3);
        std::string expected;
        fastcgi::append_answer(expected, 1, "here");
        fastcgi::append_goodbye(expected, 1);
        BOOST_TEST(busy.bytes_up_to_end_of(1) == expected); // it left in one piece
        BOOST_TEST(busy.closed());
        BOOST_TEST(s.seen.count("cut off 1") == 0u);
    });
}

// nginx takes a connection for a request in the instant in which it is asked to leave it.
BOOST_AUTO_TEST_CASE(what_is_sent_on_an_idle_connection_that_was_asked_to_end_is_served)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, answer_at_once);
        peer nginx(s);
        nginx.send(asking(7, ""));
        BOOST_TEST(nginx.answer_of(7) == "here");
        boost::fibers::fiber stopping([&] { BOOST_TEST(s.stop(in_a_minute())); });
        BOOST_TEST(is_goodbye(nginx.some_records(), 7));
        BOOST_TEST(s.server.connections() == 1u);
        nginx.send(asking(8, ""));
        BOOST_TEST(nginx.answer_of(8) == "here");
        BOOST_TEST(nginx.closed());
        stopping.join();
    });
}

BOOST_AUTO_TEST_CASE(stop_ends_when_the_peers_have_closed_what_they_were_asked_to)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, answer_at_once);
        auto nginx = std::make_unique<peer>(s);
        nginx->send(asking(1, ""));
        BOOST_TEST(nginx->answer_of(1) == "here");
        boost::fibers::fiber stopping([&] { BOOST_TEST(s.stop(in_a_minute())); });
        BOOST_TEST(is_goodbye(nginx->some_records(), 1));
        nginx.reset();
        until([&] { return s.server.connections() == 0; });
        stopping.join();
    });
}

BOOST_AUTO_TEST_CASE(a_peer_that_keeps_an_idle_connection_all_the_same_is_closed_after_a_while)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, answer_at_once);
        peer deaf(s);
        deaf.send(asking(1, ""));
        BOOST_TEST(deaf.answer_of(1) == "here");
        peer never_asked(s);
        const auto began = std::chrono::steady_clock::now();
        BOOST_TEST(s.stop(began + std::chrono::milliseconds(400)));
        BOOST_TEST((std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(200)));
        BOOST_TEST(deaf.closed());
        BOOST_TEST(never_asked.closed());
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
        served s(loop, answer_at_once);
        door d;
        for (int i = 0; i < 200; ++i) { // more than one turn takes
            BOOST_REQUIRE(d.enter() == 0);
        }
        BOOST_REQUIRE(s.server.listen(d.fd()));
        until([&] { return s.server.connections() == 200; });
        for (std::size_t i = 0; i < 200; ++i) {
            d.leave(i);
        }
        BOOST_TEST(s.stop(in_a_minute()));
        BOOST_TEST(d.enter() == 0); // into the backlog, where nobody takes it
        boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
        BOOST_TEST(s.seen.count("opened") == 200u);
        BOOST_TEST(s.seen.count("closed") == 200u);
    });
}

BOOST_AUTO_TEST_CASE(who_connects_while_a_stop_waits_for_something_is_served)
{
    in_loop([](fibers::reactor& loop) {
        slow_request slow;
        served s(loop, slow.handler());
        door d;
        BOOST_REQUIRE(s.server.listen(d.fd()));
        peer busy(s);
        busy.send(asking(1, "slow"));
        until([&] { return slow.waiting; });
        boost::fibers::fiber stopping([&] { BOOST_TEST(s.stop(in_a_minute())); });
        fibers::testing::let_others_run();
        BOOST_REQUIRE(d.enter() == 0);
        d.send(asking(1, ""));
        until([&] { return s.seen.count("request 2") == 1 && s.seen.count("closed") == 1; });
        slow.place.wake();
        BOOST_TEST(busy.answer_of(1) == "here");
        stopping.join();
        BOOST_TEST(d.enter() == 0); // for the next process
        BOOST_TEST(s.seen.count("opened") == 2u);
    });
}

BOOST_AUTO_TEST_CASE(where_newcomers_are_refused_those_in_the_backlog_are_served_and_nobody_gets_in)
{
    in_loop([](fibers::reactor& loop) {
        slow_request slow;
        served s(loop, slow.handler());
        door d;
        BOOST_REQUIRE(s.server.listen(d.fd(), fastcgi::newcomers::refused));
        peer busy(s);
        busy.send(asking(1, "slow"));
        until([&] { return slow.waiting; });
        BOOST_REQUIRE(d.enter() == 0); // accepted in no turn before the stop begins
        d.send(asking(1, ""));
        boost::fibers::fiber stopping([&] { BOOST_TEST(s.stop(in_a_minute())); });
        until([&] { return s.seen.count("request 2") == 1 && s.seen.count("closed") == 1; });
        BOOST_TEST(d.enter() == EAGAIN);
        slow.place.wake();
        BOOST_TEST(busy.answer_of(1) == "here");
        stopping.join();
        BOOST_TEST(d.enter() == EAGAIN); // there is nobody yet
        d.open();                        // whoever serves it next
        BOOST_TEST(d.enter() == 0);
    });
}

BOOST_AUTO_TEST_SUITE_END()
