// Parking without a socket: who gets there, how each ending leaves, what is refused.
#include "fcgi_app/adapters/park.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/routes/receive.hpp"
#include "tests/fcgi_app/routes/fixture.hpp"
#include "tests/walls/delivery_fixture.hpp"

#include <boost/fiber/operations.hpp>

#include <deque>
#include <map>
#include <string>

using namespace routes::testing;
using namespace std::chrono_literals;

namespace {

using variables = std::map<std::string, std::string>;

struct parking {
    running_routes& t;
    adapters::releases& pace;
    std::deque<variables> sent{}; // what params point to

    // As application.cpp hands it over.
    client& request(variables params)
    {
        const auto& kept = sent.emplace_back(std::move(params));
        client& c = t.new_client();
        t.chat.h->run_request([this, &kept, &c] {
            fastcgi::request r;
            r.number = 17;
            for (const auto& [name, value] : kept) {
                r.params.emplace_back(name, value);
            }
            auto peer = std::make_unique<noting_exchange>(c);
            if (adapters::asks_to_park(r)) {
                adapters::park(t.cx, pace, std::move(r), std::move(peer));
            } else {
                routes::receive(t.cx, std::move(r), std::move(peer));
            }
        });
        let_others_run();
        let_others_run();
        return c;
    }
    // What nginx's internal location sends.
    client& park(const std::string& query, const std::string& method = "GET")
    {
        return request(
            {{"REQUEST_METHOD", method}, {"POLLSTER_PARK", query}, {"REQUEST_ID", "abc-1"}});
    }
    double parks() const { return t.measured.parks_gauge.Value(); }
};

template <class Body>
void with_parking(Body body, std::size_t per_second = 0, const running_routes::settings& s = {})
{
    fibers::testing::in_loop([&](fibers::reactor& loop) {
        adapters::releases pace(per_second);
        running_routes t(loop, s);
        parking p{t, pace};
        body(p);
        for (int i = 0; i < 50 && t.chat.h->count().clients > 0; ++i) {
            t.chat.h->drain();
            pace.change(0);
            pace.turn(std::chrono::steady_clock::now());
            let_others_run();
        }
        BOOST_TEST(p.parks() == 0);
        BOOST_TEST(t.measured.releases_waiting_gauge.Value() == 0);
    });
}

std::string back_to(const client& c)
{
    return c.header("X-Accel-Redirect");
}

} // namespace

BOOST_AUTO_TEST_SUITE(park_)

BOOST_AUTO_TEST_CASE(only_the_parameter_of_an_internal_location_leads_here)
{
    with_parking([](parking& p) {
        const std::string query = "walls=1:0&then=/poll.php";
        for (const char* path : {"/park/", "/park", "/park/x", "/PARK/"}) {
            for (const char* method : {"GET", "POST", "PUT", "DELETE", "PARK"}) {
                const client& c = p.request({{"REQUEST_METHOD", method},
                                             {"PATH_INFO", path},
                                             {"QUERY_STRING", query},
                                             {"HTTP_POLLSTER_PARK", query},
                                             {"HTTP_X_ACCEL_REDIRECT", "/park/?" + query},
                                             {"pollster_park", query}});
                BOOST_TEST(c.said() == R"(404 {"errors":["There is nothing at this path."]})");
                BOOST_TEST(back_to(c) == "");
            }
        }
        BOOST_TEST(p.t.parked() == 0u);
        BOOST_TEST(p.parks() == 0);
        p.park(query);
        BOOST_TEST(p.t.parked() == 1u);
        BOOST_TEST(p.parks() == 1);
    });
}

BOOST_AUTO_TEST_CASE(news_send_it_back_with_a_redirect_and_nothing_else)
{
    with_parking([](parking& p) {
        const client& c = p.park("walls=1:0,2:0&then=/poll.php%3Flast%3D0");
        BOOST_TEST(c.head == "");
        p.t.chat.db.add(2);
        p.t.chat.look();
        BOOST_TEST(c.head ==
                   "Status: 200 OK\r\nX-Accel-Redirect: /poll.php?last=0&what=news\r\n\r\n");
        BOOST_TEST(c.body == "");
        BOOST_TEST(c.ended);
        BOOST_TEST(p.t.measured.parks_news.Value() == 1);
        BOOST_TEST(p.t.measured.polls_news.Value() == 0);
        BOOST_TEST(back_to(p.park("walls=2:0&then=/x")) == "/x?what=news"); // at once
        BOOST_TEST(p.t.chat.db.finds == 0); // no session was looked for
    });
}

BOOST_AUTO_TEST_CASE(a_named_location_gets_it_in_a_header_whatever_the_method)
{
    with_parking([](parking& p) {
        const client& c = p.park("walls=1:0&then=@poll", "POST");
        p.t.chat.db.add(1);
        p.t.chat.look();
        BOOST_TEST(back_to(c) == "@poll");
        BOOST_TEST(c.header("X-Parked") == "what=news");
    });
}

BOOST_AUTO_TEST_CASE(each_ending_has_its_word)
{
    running_routes::settings s;
    s.routes.poll_time = 1s;
    s.hub.look = 20ms;
    with_parking(
        [](parking& p) {
            auto& db = p.t.chat.db;
            db.add(1);
            db.add(2);
            const client& reset = p.park("walls=1:1&then=/a");
            const client& gone = p.park("walls=2:1&then=/a");
            db.replace(1, 2);
            db.replace(2, 0);
            p.t.chat.look();
            BOOST_TEST(back_to(reset) == "/a?what=reset");
            BOOST_TEST(back_to(gone) == "/a?what=gone");
            const client& nothing = p.park("walls=3:0&then=/a");
            while (!nothing.ended) {
                boost::this_fiber::sleep_for(5ms);
            }
            BOOST_TEST(back_to(nothing) == "/a?what=nothing");
            db.down = true;
            const client& unknown = p.park("walls=9:0&then=/a");
            BOOST_TEST(back_to(unknown).starts_with("/a?what=unknown&retry_ms="));
            BOOST_TEST(unknown.ended);
            auto& m = p.t.measured;
            BOOST_TEST(m.parks_reset.Value() == 1);
            BOOST_TEST(m.parks_gone.Value() == 1);
            BOOST_TEST(m.parks_nothing.Value() == 1);
            BOOST_TEST(m.parks_unknown.Value() == 1);
        },
        0, s);
}

BOOST_AUTO_TEST_CASE(a_stop_tells_each_its_own_time_to_come_back)
{
    running_routes::settings s;
    s.routes.returns_per_second = 10;
    with_parking(
        [](parking& p) {
            const client& one = p.park("walls=1:0&then=/a");
            const client& two = p.park("walls=1:0&then=/a");
            p.t.chat.h->drain();
            let_others_run();
            BOOST_TEST(back_to(one) == "/a?what=again&retry_ms=0");
            BOOST_TEST(back_to(two) == "/a?what=again&retry_ms=100");
            BOOST_TEST(back_to(p.park("walls=1:0&then=/a")) == "/a?what=again&retry_ms=200");
            BOOST_TEST(p.t.measured.parks_again.Value() == 3);
        },
        0, s);
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_it_goes_back_and_the_log_says_so)
{
    running_routes::settings s;
    s.hub.max_parked = 1;
    with_parking(
        [](parking& p) {
            p.park("walls=1:0&then=/a");
            BOOST_TEST(back_to(p.park("walls=1:0&then=/a")).starts_with("/a?what=again&retry_ms="));
            BOOST_TEST(p.t.reached("max_parked") == 1);
            BOOST_TEST(p.t.log().find("request 17 id=abc-1: an application could not park it, 1 "
                                      "are parked (max_parked)") != std::string::npos);
        },
        0, s);
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_500_goes_nowhere_and_is_one_line_of_the_log)
{
    with_parking([](parking& p) {
        int refused = 0;
        for (const char* query :
             {"", "walls=1:0", "then=/a", "walls=x&then=/a", "walls=1:0&then=//evil.example",
              "walls=1:0&then=http://evil.example", "walls=1:0&then=/a%0D%0ASet-Cookie:%20b=c",
              "walls=1:0&then=/a&b=c", "walls=1:0&then=%"}) {
            const client& c = p.park(query);
            BOOST_TEST(c.said() ==
                       R"(500 {"errors":["The application asked in vain to wait for news."]})");
            BOOST_TEST(back_to(c) == "");
            BOOST_TEST(c.head.find("evil") == std::string::npos);
            BOOST_TEST(c.header("Set-Cookie") == "");
            BOOST_TEST(p.t.measured.parks_refused.Value() == ++refused);
        }
        const auto log = p.t.log();
        BOOST_TEST(std::ranges::count(log, '\n') == refused);
        BOOST_TEST(log.find("request 17 id=abc-1: what an application asks for, to park it, is not "
                            "understood: walls is not a list like 7:57,9:3") != std::string::npos);
        BOOST_TEST(log.find("evil") == std::string::npos);
        BOOST_TEST(p.t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_frees_everything)
{
    with_parking([](parking& p) {
        client& c = p.park("walls=1:0&then=/a");
        c.leave();
        let_others_run();
        BOOST_TEST(p.t.parked() == 0u);
        BOOST_TEST(p.t.chat.h->count().clients == 0u);
        BOOST_TEST(p.parks() == 0);
        BOOST_TEST(p.t.measured.parks_left.Value() == 1);
        BOOST_TEST(c.head == "");
    });
}

BOOST_AUTO_TEST_CASE(a_crowd_that_is_woken_goes_back_at_the_pace)
{
    with_parking(
        [](parking& p) {
            std::vector<client*> all;
            for (int i = 0; i < 20; ++i) {
                all.push_back(&p.park("walls=1:0&then=/a"));
            }
            p.t.chat.db.add(1);
            p.t.chat.look();
            const auto back = [&] {
                return std::ranges::count_if(all, [](const client* c) { return c->ended; });
            };
            BOOST_TEST(p.t.parked() == 0u);
            BOOST_TEST(back() == 1);
            BOOST_TEST(p.parks() == 19);
            BOOST_TEST(p.t.measured.releases_waiting_gauge.Value() == 19);
            BOOST_TEST(p.t.reached("park_releases_per_second") == 19);
            // One of them leaves, and takes nobody's turn.
            all[1]->leave();
            let_others_run();
            BOOST_TEST(p.t.measured.parks_left.Value() == 1);
            BOOST_TEST(p.parks() == 18);
            const auto start = p.pace.next_turn();
            for (int turn = 0; turn < 18; ++turn) {
                p.pace.turn(start + turn * 1s);
                let_others_run();
                BOOST_TEST(back() == 2 + turn);
            }
            for (const client* c : all) {
                BOOST_TEST((c == all[1] || back_to(*c) == "/a?what=news"));
            }
        },
        1);
}

// Of them there are as many as the application sends: they stampede nobody.
BOOST_AUTO_TEST_CASE(what_is_decided_on_arrival_goes_back_at_once_while_others_wait)
{
    running_routes::settings s;
    s.hub.max_parked = 20;
    with_parking(
        [](parking& p) {
            for (int i = 0; i < 20; ++i) {
                p.park("walls=1:0&then=/a");
            }
            p.t.chat.db.add(1);
            p.t.chat.look();
            BOOST_TEST(p.t.measured.releases_waiting_gauge.Value() == 19);
            for (int i = 0; i < 100; ++i) {
                BOOST_TEST(back_to(p.park("walls=1:0&then=/a")) == "/a?what=news");
            }
            BOOST_TEST(back_to(p.park("walls=1:7&then=/a")) == "/a?what=reset");
            // Who waits for a turn holds a place: one is left.
            const client& last = p.park("walls=1:1&then=/a");
            BOOST_TEST(!last.ended);
            BOOST_TEST(back_to(p.park("walls=1:1&then=/a")).starts_with("/a?what=again&"));
            BOOST_TEST(p.t.reached("max_parked") == 1);
            p.t.chat.db.down = true;
            BOOST_TEST(back_to(p.park("walls=9:0&then=/a")).starts_with("/a?what=unknown&"));
            p.t.chat.db.down = false;
            p.t.chat.h->drain();
            let_others_run();
            BOOST_TEST(back_to(p.park("walls=1:1&then=/a")).starts_with("/a?what=again&"));
            BOOST_TEST(!last.ended); // it has parked
            BOOST_TEST(p.t.measured.releases_waiting_gauge.Value() == 20);
            BOOST_TEST(p.t.reached("park_releases_per_second") == 20);
        },
        1, s);
}

// Between its wake and its turn, the hash has forgotten the wall: each is looked at again.
BOOST_AUTO_TEST_CASE(a_crowd_that_is_compared_again_goes_back_at_the_pace)
{
    with_parking(
        [](parking& p) {
            auto& chat = p.t.chat;
            chat.db.add(1);
            for (int i = 0; i < 20; ++i) {
                p.park("walls=1:1&then=/a");
            }
            const auto stacks = chat.request_stacks.in_use();
            chat.db.forget_everything = true;
            walls::testing::publish(chat);
            chat.look();
            let_others_run();
            BOOST_TEST(p.t.measured.parks_news.Value() == 1);
            BOOST_TEST(p.t.measured.releases_waiting_gauge.Value() == 19);
            BOOST_TEST(chat.request_stacks.in_use() == stacks); // they wait on small ones
        },
        1);
}

// Those that began together do not end together. A machine that stands still for so long shows them
// in one moment: then again.
BOOST_AUTO_TEST_CASE(deadlines_are_drawn_from_the_last_quarter)
{
    running_routes::settings s;
    s.routes.poll_time = 2s;
    s.hub.look = 20ms;
    with_parking(
        [](parking& p) {
            auto apart = 0ms;
            for (int round = 0; round < 10 && apart < 200ms; ++round) {
                std::vector<client*> all;
                const auto began = std::chrono::steady_clock::now();
                for (int i = 0; i < 40; ++i) {
                    all.push_back(&p.park("walls=1:0&then=/a"));
                }
                const auto ended = [&] {
                    return std::ranges::count_if(all, [](const client* c) { return c->ended; });
                };
                while (ended() == 0) {
                    boost::this_fiber::sleep_for(5ms);
                }
                const auto first = std::chrono::steady_clock::now();
                BOOST_TEST((first - began >= 1500ms));
                while (ended() < 40) {
                    boost::this_fiber::sleep_for(5ms);
                }
                apart = std::chrono::floor<std::chrono::milliseconds>(
                    std::chrono::steady_clock::now() - first);
            }
            BOOST_TEST((apart >= 200ms));
        },
        0, s);
}

BOOST_AUTO_TEST_SUITE_END()
