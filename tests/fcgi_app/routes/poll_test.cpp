// The poll without a socket: who is refused, and with which words; how the answer of each ending of
// its delivery leaves. What is delivered when has tests in tests/walls/delivery_test.cpp.
#include "tests/fcgi_app/routes/fixture.hpp"
#include "walls/access_number.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

using namespace routes;
using namespace routes::testing;

namespace {

constexpr auto invalid_user = R"(400 {"errors":["Invalid user!"]})";
constexpr auto invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";
constexpr auto nothing_new = R"(200 {"walls":{}})";

http::request poll_json(const std::string& body)
{
    http::request r = by_ann("POST", "/", body);
    r.content_type = "application/json";
    r.authorization.clear();
    return r;
}

// A poll of wall 1 and of nothing else, by somebody who knows of these walls.
http::request poll_knowing(std::vector<walls::wall_id> walls, bool asks = true)
{
    http::request r = poll_after(0);
    const auto number =
        std::to_string(walls::number(walls::access_number_of(*somebody(1, std::move(walls)))));
    r.body = "session_id=ann&access=" + number + (asks ? "&last_post_id[1]=0" : "");
    return r;
}

std::string other_walls(std::vector<walls::wall_id> walls)
{
    return R"(200 {"walls":{},"access":)" +
           std::to_string(walls::number(walls::access_number_of(*somebody(1, std::move(walls))))) +
           '}';
}

bool tells(const client& c, std::int64_t entry)
{
    return c.status() == 200 &&
           c.body.find(R"({"id":)" + std::to_string(entry) + ',') != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(poll_)

BOOST_AUTO_TEST_CASE(no_good_session_is_invalid_user)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.ask(poll_after(0, "nobody")).said() == invalid_user);
        BOOST_TEST(t.ask(poll_after(0, "")).said() == invalid_user);
        BOOST_TEST(t.ask(poll_json(R"({"last_post_id":{"1":0}})")).said() == invalid_user);
        BOOST_TEST(t.ask(poll_json(R"({"session_id":"nobody","last_post_id":{"x":0}})")).said() ==
                   invalid_user); // before the parameters
        BOOST_TEST(t.measured.polls_refused.Value() == 4);
    });
}

BOOST_AUTO_TEST_CASE(a_page_of_another_user_is_refused_before_it_waits)
{
    with_routes([](running_routes& t) {
        http::request r = poll_after(0);
        r.user = "2";
        BOOST_TEST(t.ask(r).said() == R"(412 {"errors":["This session is another user's."]})");
        BOOST_TEST(t.parked() == 0u);
        r.user = "1";
        t.ask(r);
        BOOST_TEST(t.parked() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_session_may_come_as_bearer_or_cookie_from_anywhere)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        http::request r = by_ann("POST", "/", R"({"last_post_id":{"1":0}})");
        BOOST_TEST(tells(t.ask(r), 1));
        BOOST_TEST(tells(t.ask(from("https://evil.example", by_cookie(r))), 1));
    });
}

BOOST_AUTO_TEST_CASE(no_wall_that_he_may_see_is_invalid_parameters)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.ask(poll_json(R"({"session_id":"ann"})")).said() == invalid_parameters);
        BOOST_TEST(t.ask(poll_json(R"({"session_id":"ann","last_post_id":{"2":0}})")).said() ==
                   invalid_parameters);
        BOOST_TEST(t.ask(poll_json(R"({"session_id":"ann","last_post_id":{"1":-1}})")).said() ==
                   invalid_parameters);
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(whoever_knows_of_other_walls_is_told_at_once)
{
    with_routes([](running_routes& t) {
        const std::vector<walls::wall_id> mine{walls::wall_id{1}};
        t.chat.db.add(1); // news wait until he knows his walls
        BOOST_TEST(t.ask(poll_knowing({})).said() == other_walls(mine));
        BOOST_TEST(t.ask(poll_knowing({walls::wall_id{2}}, false)).said() == other_walls(mine));
        t.chat.db.sessions["ann"] = somebody(1, {});
        t.chat.db.access_changed = {walls::user_id{1}};
        t.chat.look();
        BOOST_TEST(t.ask(poll_knowing(mine)).said() == other_walls({})); // instead of a 400
        BOOST_TEST(t.measured.polls_news.Value() == 3);
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_gained_or_lost_answers_a_parked_poll_that_wants_to_hear_of_it)
{
    with_routes([](running_routes& t) {
        const std::vector<walls::wall_id> one{walls::wall_id{1}};
        const std::vector<walls::wall_id> both{walls::wall_id{1}, walls::wall_id{2}};
        const client& of_before = t.ask(poll_after(0));
        const client& gains = t.ask(poll_knowing(one));
        BOOST_TEST(t.parked() == 2u);
        t.ann_may_see(both);
        BOOST_TEST(gains.said() == other_walls(both));
        BOOST_TEST(!of_before.ended);
        const client& loses = t.ask(poll_knowing(both));
        t.ann_may_see({});
        BOOST_TEST(loses.said() == other_walls({}));
        BOOST_TEST(of_before.said() == invalid_parameters);
        const client& has_none = t.ask(poll_knowing({}, false));
        BOOST_TEST(t.parked() == 1u);
        t.ann_may_see(one);
        BOOST_TEST(has_none.said() == other_walls(one));
    });
}

BOOST_AUTO_TEST_CASE(a_number_that_is_too_large_is_invalid_parameters_and_says_why)
{
    with_routes([](running_routes& t) {
        const client& c =
            t.ask(poll_json(R"({"session_id":"ann","last_post_id":{"1":"9223372036854775808"}})"));
        BOOST_TEST(c.status() == 400);
        BOOST_TEST(c.body.find(R"("errors":["Invalid parameters!"])") != std::string::npos);
        BOOST_TEST(c.body.find("at most 9223372036854775807") != std::string::npos);
    });
}

// A client that is told "Invalid user!" signs out.
BOOST_AUTO_TEST_CASE(a_body_that_cannot_be_read_is_refused_before_its_session)
{
    with_routes([](running_routes& t) {
        const client& cut = t.ask(poll_json(R"({"session_id":"nob)"));
        BOOST_TEST(cut.status() == 400);
        BOOST_TEST(cut.body.find("Invalid") == std::string::npos);
        http::request r = poll_after(0);
        r.content_type = "text/plain";
        BOOST_TEST(t.ask(r).status() == 415);
        BOOST_TEST(t.ask(poll_json("{\"session_id\":\"\xff\"}")).status() == 422);
        BOOST_TEST(t.chat.db.finds == 0);
        BOOST_TEST(t.measured.polls_refused.Value() == 3);
    });
}

BOOST_AUTO_TEST_CASE(what_is_new_is_answered_at_once_for_the_origin_that_asked)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        const client& c = t.ask(from(std::string(granted_origin), poll_after(0)));
        BOOST_TEST(tells(c, 1));
        BOOST_TEST(c.ended);
        BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin);
        BOOST_TEST(c.header("Content-Type") == "application/json");
        BOOST_TEST(c.header("Cache-Control") == "no-store");
        BOOST_TEST(c.header("Content-Length") == std::to_string(c.body.size()));
        BOOST_TEST(t.measured.polls_news.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_parked_poll_is_answered_by_a_look_that_finds_news)
{
    with_routes([](running_routes& t) {
        const client& c = t.ask(from(std::string(granted_origin), poll_after(0)));
        BOOST_TEST(t.parked() == 1u);
        BOOST_TEST(c.head == "");
        t.chat.db.add(1);
        t.chat.look();
        BOOST_TEST(tells(c, 1));
        BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin);
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_large_answer_is_whole_and_its_length_is_true)
{
    with_routes([](running_routes& t) {
        for (int i = 0; i < 3; ++i) {
            t.chat.db.add(1, std::string(60'000, 'x'));
        }
        client& c = t.new_client();
        c.full = true; // and its peer reads slowly
        t.ask(poll_after(0), c);
        BOOST_TEST(!c.full);
        BOOST_TEST(c.body.size() > fastcgi::exchange::in_one);
        BOOST_TEST(c.header("Content-Length") == std::to_string(c.body.size()));
        BOOST_TEST(tells(c, 1));
        BOOST_TEST(c.body.find(R"({"id":3,)") != std::string::npos);
        BOOST_TEST(t.measured.polls_news.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_tells_each_client_when_to_come_back)
{
    running_routes::settings s;
    s.routes.returns_per_second = 4;
    with_routes(
        [](running_routes& t) {
            std::vector<const client*> parked;
            for (int i = 0; i < 3; ++i) {
                parked.push_back(&t.ask(from(std::string(granted_origin), poll_after(0))));
            }
            t.chat.h->drain();
            let_others_run();
            std::set<std::string> told;
            for (const auto* c : parked) {
                told.insert(c->said());
                BOOST_TEST(c->header("Access-Control-Allow-Origin") == granted_origin);
            }
            BOOST_TEST(told == (std::set<std::string>{R"(200 {"walls":{},"retry_ms":0})",
                                                      R"(200 {"walls":{},"retry_ms":250})",
                                                      R"(200 {"walls":{},"retry_ms":500})"}),
                       boost::test_tools::per_element());
            BOOST_TEST(t.measured.polls_empty.Value() == 3);
            // Who comes while it still stops comes back behind them.
            const client& late = t.ask(poll_after(0));
            t.chat.h->drain(); // as the server does until nobody is parked
            let_others_run();
            BOOST_TEST(late.said() == R"(200 {"walls":{},"retry_ms":750})");
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_clients_come_back_within_twenty_seconds)
{
    routes::returns back(routes::settings().returns_per_second);
    std::map<std::chrono::milliseconds::rep, int> in_second;
    for (int i = 0; i < 100'000; ++i) {
        ++in_second[back.next().count() / 1000];
    }
    BOOST_TEST(in_second.size() == 20u);
    for (const auto& [second, clients] : in_second) {
        BOOST_TEST(clients == 5'000, "in second " << second);
    }
    BOOST_TEST((back.spread_of(100'000) == std::chrono::seconds(20)));
    BOOST_TEST(!back.spread_of(10'000).has_value());
}

BOOST_AUTO_TEST_CASE(a_server_with_many_clients_tells_them_how_far_to_spread_if_it_is_lost)
{
    running_routes::settings s;
    s.routes.poll_time = std::chrono::seconds(2); // all three are parked before the first ends
    s.routes.poll_spread = std::chrono::milliseconds(0);
    s.routes.returns_per_second = 1;
    s.hub.look = std::chrono::milliseconds(20);
    with_routes(
        [](running_routes& t) {
            std::vector<const client*> parked;
            for (int i = 0; i < 3; ++i) {
                parked.push_back(&t.ask(poll_after(0)));
            }
            while (t.parked() > 0) {
                boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
            }
            // The first to end; the others find fewer than three, for whom two seconds are enough.
            BOOST_TEST(std::ranges::count(parked, R"(200 {"walls":{},"spread_ms":3000})",
                                          [](const client* c) { return c->said(); }) == 1);
            BOOST_TEST(std::ranges::count(parked, nothing_new,
                                          [](const client* c) { return c->said(); }) == 2);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_poll_ends_by_itself_with_nothing_new)
{
    running_routes::settings s;
    s.routes.poll_time = std::chrono::milliseconds(50);
    s.routes.poll_spread = std::chrono::milliseconds(0);
    s.hub.look = std::chrono::milliseconds(20);
    with_routes(
        [](running_routes& t) {
            const client& c = t.ask(poll_after(0));
            while (!c.ended) {
                boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
            }
            BOOST_TEST(c.said() == nothing_new);
            BOOST_TEST(t.measured.polls_empty.Value() == 1);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_peer_that_leaves_ends_its_poll_and_hears_nothing)
{
    with_routes([](running_routes& t) {
        client& c = t.ask(poll_after(0));
        c.leave();
        let_others_run();
        BOOST_TEST(t.parked() == 0u);
        BOOST_TEST(c.head == "");
        BOOST_TEST(c.abandoned);
        BOOST_TEST(t.measured.polls_gone.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_parked_poll_that_loses_its_session_or_its_walls_is_told)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["bob"] = somebody(2);
        const client& ann = t.ask(poll_after(0));
        const client& bob = t.ask(poll_after(0, "bob"));
        BOOST_TEST(t.parked() == 2u);
        t.chat.db.sessions.erase("ann");
        t.chat.db.sessions["bob"] = somebody(2, {});
        t.chat.db.access_changed = {walls::user_id{1}, walls::user_id{2}};
        t.chat.look();
        BOOST_TEST(ann.said() == invalid_user);
        BOOST_TEST(bob.said() == invalid_parameters);
        BOOST_TEST(t.measured.polls_refused.Value() == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_is_down_is_503_with_the_cors_lines)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        t.chat.db.loads_fail = true; // found while its delivery is under way
        const client& c = t.ask(from(std::string(granted_origin), poll_after(0)));
        BOOST_TEST(c.status() == 503);
        BOOST_TEST(c.header("Retry-After") != "");
        BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin);
        BOOST_TEST(t.measured.database_refusals.Value() == 1);
        BOOST_TEST(t.measured.polls_refused.Value() == 1);
        t.chat.db.sessions["new"] = somebody(2);
        t.chat.db.down = true;
        BOOST_TEST(t.ask(poll_after(0, "new")).status() == 503); // not "Invalid user!"
        BOOST_TEST(t.measured.polls_refused.Value() == 2);
    });
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_a_poll_is_refused_and_logged_by_its_number)
{
    running_routes::settings s;
    s.hub.max_parked = 1;
    with_routes(
        [](running_routes& t) {
            t.ask(poll_after(0));
            const client& c = t.ask(poll_after(0));
            BOOST_TEST(c.said() == R"(503 {"errors":["The server is full. Please try again."]})");
            BOOST_TEST(c.header("Retry-After") == "5");
            BOOST_TEST(t.reached("max_parked") == 1);
            BOOST_TEST(t.measured.polls_refused.Value() == 1);
            BOOST_TEST(t.log().find("request 17: a poll was refused, 1 are parked (max_parked)") !=
                       std::string::npos);
            BOOST_TEST(t.parked() == 1u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(another_max_parked_counts_from_the_next_poll_on)
{
    running_routes::settings s;
    s.hub.max_parked = 1;
    with_routes(
        [](running_routes& t) {
            t.ask(poll_after(0));
            BOOST_TEST(t.ask(poll_after(0)).status() == 503);
            auto more = t.chat.chosen;
            more.max_parked = 2;
            t.chat.h->change(more);
            BOOST_TEST(t.ask(poll_after(0)).head == "");
            BOOST_TEST(t.parked() == 2u);
            more.max_parked = 1;
            t.chat.h->change(more);
            BOOST_TEST(t.parked() == 2u); // those stay
            BOOST_TEST(t.ask(poll_after(0)).status() == 503);
        },
        s);
}

// Its request is gone while it is parked.
BOOST_AUTO_TEST_CASE(a_parked_poll_is_answered_with_the_id_of_its_request)
{
    with_routes([](running_routes& t) {
        http::request r = poll_after(0);
        r.trace = http::trace::from("abc-1", {});
        const client& c = t.ask(r);
        BOOST_TEST(t.parked() == 1u);
        t.chat.db.add(1);
        t.chat.look();
        BOOST_TEST(tells(c, 1));
        BOOST_TEST(c.header("X-Request-Id") == "abc-1");
    });
}

BOOST_AUTO_TEST_CASE(a_poll_that_fails_is_500_and_logged_by_its_number)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        client& c = t.new_client();
        c.full = true;
        c.during_wait = [] { throw std::runtime_error("a bug"); };
        t.ask(poll_after(0), c);
        BOOST_TEST(c.said() ==
                   R"(500 {"errors":["Something went wrong here. It has been logged."]})");
        BOOST_TEST(t.measured.failures.Value() == 1);
        BOOST_TEST(t.log().find("request 17: a poll failed: a bug") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(polls_of_an_address_and_of_a_user_are_limited)
{
    running_routes::settings of_addresses;
    of_addresses.routes.rates.address_polls_per_second = 1;
    with_routes(
        [](running_routes& t) {
            const client& c = t.ask_until_429(poll_after(0, "nobody"), "address_polls_per_second");
            BOOST_TEST(c.body ==
                       R"({"errors":["Too many polls from this address. Please wait."]})");
        },
        of_addresses);
    running_routes::settings of_users;
    of_users.routes.rates.user_polls_per_second = 1;
    with_routes(
        [](running_routes& t) {
            t.chat.db.add(1);
            const client& c = t.ask_until_429(poll_after(0), "user_polls_per_second");
            BOOST_TEST(c.body == R"({"errors":["Too many polls. Please wait."]})");
            BOOST_TEST(t.measured.polls_refused.Value() == 1);
        },
        of_users);
}

BOOST_AUTO_TEST_SUITE_END()
