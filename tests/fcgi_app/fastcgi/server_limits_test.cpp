// Peers that ask for too much, read too slowly or fall silent: what becomes of them, and that
// others go on.
#include "fcgi_app/fastcgi/server.hpp"

#include "tests/fcgi_app/fastcgi/served.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <deque>
#include <optional>

using fastcgi::exchange;
using fastcgi::request;
using fibers::testing::in_loop;
using namespace fastcgi_test;
using namespace std::chrono_literals;
using exchange_ptr = std::unique_ptr<exchange>;

namespace {

constexpr std::size_t piece_bytes = 10'000;
const std::string piece(piece_bytes, 'p');

// "wait": kept. A number: so many pieces are written, counted as they are. Else: echoed.
struct writer {
    std::vector<exchange_ptr> kept;
    std::map<std::string, int> written;

    fastcgi::handler handler()
    {
        return [this](request&& r, exchange_ptr e) {
            const std::string what(r.param("FOR"));
            if (what.empty()) {
                e->end();
            } else if (what == "wait") {
                kept.push_back(std::move(e));
            } else if (what.front() >= '0' && what.front() <= '9') {
                for (int i = 0; i < std::stoi(what); ++i) {
                    e->write(piece);
                    ++written[what];
                }
                e->end();
            } else {
                e->write(what);
                e->end();
            }
        };
    }
};

fastcgi::limits little_queued()
{
    fastcgi::limits l;
    l.max_queued_bytes = 2 * piece_bytes;
    return l;
}

// Nothing that could still happen without the peer has not happened after this.
void others_are_served(peer& other, fastcgi::request_id first = 1)
{
    for (int i = 0; i < 20; ++i) {
        const auto id = static_cast<fastcgi::request_id>(first + i);
        other.send(asking(id, "hello"));
        BOOST_REQUIRE(other.answer_of(id) == "hello");
    }
}

class settable_budget final : public fastcgi::budget {
public:
    std::size_t held = 0;
    bool is_exceeded = false;
    bool somebody_waits = false;

    void add(std::size_t bytes) override { held += bytes; }
    void remove(std::size_t bytes) override { held -= bytes; }
    bool exceeded() const override { return is_exceeded; }
    bool others_wait() const override { return somebody_waits; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(server_limits_)

BOOST_AUTO_TEST_CASE(a_request_too_many_is_overloaded_by_the_requests_of_its_connection)
{
    fastcgi::limits l;
    l.max_requests_per_connection = 2;
    in_loop([&](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), l);
        peer p(s);
        p.send(asking(1, "wait").bytes() + asking(2, "wait").bytes() + asking(3, "x").bytes() +
               asking(4, "x").bytes());
        BOOST_TEST(p.end_status_of(3) == FCGI_OVERLOADED);
        BOOST_TEST(p.end_status_of(4) == FCGI_OVERLOADED);
        BOOST_TEST(s.seen.count("overloaded by requests beside 2") == 1u);
        BOOST_TEST(s.seen.count("overloaded by requests beside 2, again") == 1u);
        until([&] { return w.kept.size() == 2; });
        w.kept.pop_back();
        BOOST_TEST(p.end_status_of(2) == FCGI_REQUEST_COMPLETE);
        p.send(asking(5, "there is room"));
        BOOST_TEST(p.answer_of(5) == "there is room");
        w.kept.clear();
    });
}

BOOST_AUTO_TEST_CASE(a_connection_too_many_is_overloaded_by_the_connections)
{
    fastcgi::limits l;
    l.max_connections = 1;
    in_loop([&](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), l);
        peer taken(s);
        std::optional<peer> refused(std::in_place, s);
        BOOST_TEST(s.seen.count("refused beside 1") == 1u);
        refused->send(asking(1, "x"));
        BOOST_TEST(refused->end_status_of(1) == FCGI_OVERLOADED);
        BOOST_TEST(s.seen.count("overloaded by connections beside 0") == 1u);
        taken.send(asking(1, "still"));
        BOOST_TEST(taken.answer_of(1) == "still");
        std::deque<peer> crowd;
        while (s.server.connections() < 257) {
            crowd.emplace_back(s);
        }
        peer beyond(s); // nobody listens to it any more
        BOOST_TEST(beyond.closed());
        BOOST_TEST(s.server.connections() == 257u);
        BOOST_TEST(s.seen.count("refused beside 257") == 1u);
        BOOST_TEST(s.seen.count("opened") == 257u);
        crowd.clear();
        refused.reset();
        until([&] { return s.server.connections() == 1; });
        BOOST_TEST(s.seen.count("closed") == 256u);
    });
}

// Read as fast as they come they would all be fibers that are ready, and each fiber that waits for
// its turn would wait for all of them.
BOOST_AUTO_TEST_CASE(requests_that_come_faster_than_they_are_served_wait_in_their_sockets)
{
    constexpr fastcgi::request_id each = 4'000; // three reads of a connection
    constexpr std::size_t peers = 10;
    fastcgi::limits l;
    l.max_requests_per_connection = each;
    in_loop([&](fibers::reactor& loop) {
        std::size_t handled = 0;
        std::size_t before_the_last = 0;
        served s(
            loop,
            [&](request&& r, exchange_ptr e) {
                ++handled;
                if (r.param("FOR") == "last") {
                    before_the_last = handled;
                }
                e->end();
            },
            l);
        std::string all;
        for (fastcgi::request_id id = 1; id <= each; ++id) {
            all += asking(id, "x").bytes();
        }
        const std::size_t in_a_read = 65'536 * each / all.size() + 1;
        std::deque<peer> crowd;
        for (std::size_t i = 0; i < peers; ++i) {
            crowd.emplace_back(s);
        }
        peer last(s);
        for (peer& p : crowd) {
            p.send(all);
        }
        last.send(asking(1, "last"));
        std::size_t most = 0;
        while (handled < peers * each + 1) {
            const auto before = handled;
            boost::this_fiber::yield(); // everybody who is ready runs once
            most = std::max(most, handled - before);
        }
        BOOST_TEST(most > 0u);
        BOOST_TEST(most <= fibers::scheduler::most_ready + in_a_read);
        // Those before it had one turn each, of two reads until the loop was busy.
        BOOST_TEST(before_the_last <= peers * 2 * in_a_read + 1);
    });
}

BOOST_AUTO_TEST_CASE(who_writes_to_a_peer_that_does_not_read_waits_and_others_go_on)
{
    in_loop([](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), little_queued());
        peer deaf(s, true);
        peer other(s);
        deaf.send(asking(1, "200"));
        until([&] { return w.written["200"] > 0; });
        others_are_served(other);
        const int so_far = w.written["200"];
        others_are_served(other, 101);
        BOOST_TEST(w.written["200"] == so_far);
        BOOST_TEST(so_far < 200);
        // Neither is it read: its next request comes when it has taken something.
        deaf.send(asking(2, "second"));
        others_are_served(other, 201);
        BOOST_TEST(s.seen.count("request 62") == 0u);
        BOOST_TEST(deaf.answer_of(1).size() == 200 * piece_bytes);
        BOOST_TEST(deaf.answer_of(2) == "second");
    });
}

BOOST_AUTO_TEST_CASE(full_says_so_and_waiting_until_it_reads_ends_when_it_does)
{
    in_loop([](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), little_queued());
        peer p(s, true);
        p.send(asking(1, "wait").bytes() + asking(2, "wait").bytes());
        until([&] { return w.kept.size() == 2; });
        BOOST_TEST(!w.kept[1]->full());
        boost::fibers::fiber writing([&] {
            for (int i = 0; i < 20; ++i) {
                w.kept[0]->write(piece);
            }
            w.kept[0]->end();
        });
        until([&] { return w.kept[1]->full(); });
        bool read = false;
        boost::fibers::fiber waiting([&] {
            w.kept[1]->wait_until_it_reads();
            BOOST_TEST(read);
            w.kept[1]->end();
        });
        boost::this_fiber::sleep_for(5ms);
        read = true;
        BOOST_TEST(p.answer_of(1).size() == 20 * piece_bytes);
        p.answer_of(2);
        writing.join();
        waiting.join();
    });
}

// The parts of a large write stay where they are: of those that wait, none has a copy.
BOOST_AUTO_TEST_CASE(large_writes_hold_a_piece_in_memory_and_not_a_copy)
{
    const std::string page(2'000'000, 'l');
    in_loop([&](fibers::reactor& loop) {
        settable_budget bytes;
        int begun = 0;
        served s(loop,
                 [&](request&& r, exchange_ptr e) {
                     if (r.param("FOR") == "hello") {
                         e->write("hello");
                     } else {
                         ++begun;
                         std::array<std::string_view, 1> parts{page};
                         e->write(parts);
                     }
                     e->end();
                 },
                 {}, {&bytes, nullptr});
        peer deaf(s, true);
        peer other(s);
        for (fastcgi::request_id id = 1; id <= 10; ++id) {
            deaf.send(asking(id, "page"));
        }
        until([&] { return begun == 10; });
        others_are_served(other);
        BOOST_TEST(bytes.held > 0u);
        BOOST_TEST(bytes.held <= 65'536u);
        for (fastcgi::request_id id = 1; id <= 10; ++id) {
            BOOST_TEST((deaf.answer_of(id) == page));
        }
        BOOST_TEST(bytes.held == 0u);
    });
}

BOOST_AUTO_TEST_CASE(no_answer_is_put_behind_what_a_peer_has_not_taken_while_the_budget_is_exceeded)
{
    in_loop([](fibers::reactor& loop) {
        settable_budget bytes;
        writer w;
        served s(loop, w.handler(), {}, {&bytes, nullptr});
        peer deaf(s, true);
        peer other(s);
        deaf.send(asking(1, "30").bytes() + asking(2, "wait").bytes());
        until([&] { return w.kept.size() == 1 && w.written["30"] == 30; });
        others_are_served(other); // so much of it was sent as the socket takes
        BOOST_TEST(bytes.held > 0u);
        BOOST_TEST(!w.kept[0]->full()); // far below max_queued_bytes
        bytes.is_exceeded = true;
        BOOST_TEST(w.kept[0]->full());
        others_are_served(other, 101); // nothing waits for their peer
        boost::fibers::fiber writing([&] {
            w.kept[0]->write("behind");
            w.kept[0]->end();
        });
        const std::size_t held = bytes.held;
        others_are_served(other, 201);
        BOOST_TEST(bytes.held == held);
        BOOST_TEST(deaf.answer_of(2) == "behind");
        writing.join();
        BOOST_TEST(bytes.held == 0u);
    });
}

BOOST_AUTO_TEST_CASE(what_a_closed_connection_held_is_given_back_to_the_budget)
{
    in_loop([](fibers::reactor& loop) {
        settable_budget bytes;
        writer w;
        served s(loop, w.handler(), little_queued(), {&bytes, nullptr});
        std::optional<peer> deaf(std::in_place, s, true);
        deaf->send(asking(1, "30"));
        until([&] { return bytes.held > 0; });
        deaf.reset();
        until([&] { return s.server.connections() == 0; });
        BOOST_TEST(bytes.held == 0u);
        until([&] { return w.written["30"] == 30; }); // who waited writes into nothing
    });
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_for_the_send_timeout_is_closed)
{
    fastcgi::limits l = little_queued();
    l.send_timeout = 1s;
    in_loop([&](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), l);
        peer deaf(s, true);
        peer idle(s); // nothing waits for it
        deaf.send(asking(1, "200"));
        until([&] { return s.seen.count("does not read") == 1; });
        BOOST_TEST(s.server.connections() == 1u);
        idle.send(asking(1, "awake"));
        BOOST_TEST(idle.answer_of(1) == "awake");
    });
}

BOOST_AUTO_TEST_CASE(a_peer_that_takes_a_little_now_and_then_is_closed_only_if_others_wait)
{
    fastcgi::limits l = little_queued();
    l.send_timeout = 6s; // so long no machine stands still
    in_loop([&](fibers::reactor& loop) {
        settable_budget bytes;
        writer w;
        served s(loop, w.handler(), l, {&bytes, nullptr});
        peer slow(s, true);
        slow.send(asking(1, "10000"));
        const auto begun = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begun < 13s) {
            BOOST_REQUIRE(slow.read(1'000));
            boost::this_fiber::sleep_for(10ms);
        }
        BOOST_TEST(s.server.connections() == 1u);
        bytes.somebody_waits = true;
        while (s.seen.count("holds up others") == 0 && slow.read(1'000)) {
            boost::this_fiber::sleep_for(10ms);
        }
        BOOST_TEST(s.seen.count("holds up others") == 1u);
        until([&] { return w.written["10000"] == 10'000; });
    });
}

// It is never behind for long with one piece: the whole is what counts.
BOOST_AUTO_TEST_CASE(a_peer_that_takes_a_large_write_piece_by_piece_is_closed_only_if_others_wait)
{
    const std::string page(20'000'000, 'l');
    fastcgi::limits l;
    l.send_timeout = 6s; // so long no machine stands still
    in_loop([&](fibers::reactor& loop) {
        settable_budget bytes;
        served s(loop,
                 [&](request&&, exchange_ptr e) {
                     std::array<std::string_view, 1> parts{page};
                     e->write(parts);
                     e->end();
                 },
                 l, {&bytes, nullptr});
        peer slow(s, true);
        slow.send(asking(1, ""));
        const auto begun = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - begun < 13s) {
            BOOST_REQUIRE(slow.read(20'000));
            boost::this_fiber::sleep_for(20ms);
        }
        BOOST_TEST(s.server.connections() == 1u);
        bytes.somebody_waits = true;
        while (s.seen.count("holds up others") == 0 && slow.read(20'000)) {
            boost::this_fiber::sleep_for(20ms);
        }
        BOOST_TEST(s.seen.count("holds up others") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_request_that_falls_silent_reaches_the_handler_as_too_slow)
{
    fastcgi::limits l;
    l.receive_timeout = 1s;
    in_loop([&](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), l);
        peer p(s);
        p.send(conversation().begin(1).params(1, {{"FOR", "what there is"}}));
        BOOST_TEST(p.answer_of(1) == "what there is");
        BOOST_TEST(s.seen.count("request 1: too slow") == 1u);
        // A pair that is cut short is no fault of a peer that had not sent all of it.
        p.send(conversation().begin(3).params(3, "\x7f"));
        BOOST_TEST(p.answer_of(3) == "");
        BOOST_TEST(s.seen.count("request 2: too slow") == 1u);
        p.send(asking(2, "goes on"));
        BOOST_TEST(p.answer_of(2) == "goes on");
    });
}

BOOST_AUTO_TEST_CASE(a_peer_that_stops_in_a_record_of_no_request_is_closed)
{
    fastcgi::limits l;
    l.receive_timeout = 1s;
    in_loop([&](fibers::reactor& loop) {
        writer w;
        served s(loop, w.handler(), l);
        peer p(s);
        p.send(std::string("\1\1\0", 3));
        BOOST_TEST(p.closed());
        BOOST_TEST(s.seen.count("stopped in a record") == 1u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
