// The stream without a socket: who is refused, and how; which events a client gets, with which ids.
// What is delivered when has tests in tests/walls/delivery_stream_test.cpp.
#include "tests/fcgi_app/routes/fixture.hpp"
#include "walls/access_number.hpp"

#include <boost/fiber/operations.hpp>

using namespace routes;
using namespace routes::testing;

namespace {

http::request stream_after(std::int64_t last, const std::string& token = "ann")
{
    http::request r = by_ann("GET", "/events");
    r.authorization = "Bearer " + token;
    r.query = "last_post_id[1]=" + std::to_string(last);
    r.accept = "text/event-stream";
    return r;
}

http::request resumed(http::request r, const std::string& id)
{
    r.last_event_id = id;
    return r;
}

// Without the lines that are drawn.
std::string events(const client& c)
{
    std::istringstream lines(c.body);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && !line.starts_with("retry: ")) {
            all += (all.empty() ? "" : " | ") + line;
        }
    }
    return all;
}

// The same, with what is new in a few letters.
std::string ids(const client& c)
{
    std::istringstream lines(c.body);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("id: ")) {
            all += (all.empty() ? "" : " | ") + line.substr(4);
        }
    }
    return all;
}

constexpr auto ended_time_up = R"(event: end | data: {"reason":"time_up"})";

} // namespace

BOOST_AUTO_TEST_SUITE(events_)

BOOST_AUTO_TEST_CASE(a_page_of_another_user_gets_no_stream)
{
    with_routes([](running_routes& t) {
        http::request r = stream_after(0);
        r.user = "2";
        BOOST_TEST(t.ask(r).said() == R"(412 {"errors":["This session is another user's."]})");
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(the_head_leaves_before_there_is_anything_to_say)
{
    with_routes([](running_routes& t) {
        const client& c = t.ask(from(std::string(granted_origin), stream_after(0)));
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(c.header("Content-Type") == "text/event-stream");
        BOOST_TEST(c.header("Cache-Control") == "no-store");
        BOOST_TEST(c.header("X-Accel-Buffering") == "no");
        BOOST_TEST(c.header("Content-Length") == "");
        BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin);
        BOOST_TEST(c.body.starts_with("retry: "));
        BOOST_TEST(c.flushed == c.body.size());
        BOOST_TEST(events(c) == "");
        BOOST_TEST(!c.ended);
        BOOST_TEST(t.parked() == 1u);
        BOOST_TEST(t.measured.streams_gauge.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(each_answer_is_an_event_with_the_cursors_as_its_id)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["ann"] = somebody(1, {walls::wall_id{1}, walls::wall_id{2}});
        t.chat.db.add(1);
        http::request r = stream_after(0);
        r.query += "&last_post_id%5B2%5D=0";
        const client& c = t.ask(r);
        BOOST_TEST(c.body.find("event: walls\ndata: {\"walls\":{\"1\":{\"posts\":[{\"id\":1,") !=
                   std::string::npos);
        BOOST_TEST(ids(c) == "1:1@1,2:0@1");
        t.chat.db.add(2);
        t.chat.db.add(1);
        t.chat.look();
        BOOST_TEST(ids(c) == "1:1@1,2:0@1 | 1:2@1,2:1@1");
        BOOST_TEST(c.flushed == c.body.size()); // no event waits for a turn of the loop
        BOOST_TEST(t.measured.stream_events.Value() == 2);
        BOOST_TEST(t.parked() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(last_event_id_goes_before_what_the_address_says)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["ann"] = somebody(1, {walls::wall_id{1}, walls::wall_id{2}});
        for (int i = 0; i < 3; ++i) {
            t.chat.db.add(1);
            t.chat.db.add(2);
        }
        http::request r = stream_after(0);
        r.query += "&last_post_id[2]=2";
        BOOST_TEST(ids(t.ask(resumed(r, "1:3@1"))) == "1:3@1,2:3@1");
        BOOST_TEST(ids(t.ask(resumed(stream_after(0), "2:1@1"))) == "1:3@1,2:3@1");
        BOOST_TEST(t.ask(resumed(r, "1:3,nonsense")).said() ==
                   R"(400 {"errors":["Invalid parameters!"]})");
    });
}

// Numbers that belong to another history: as a poll is told.
BOOST_AUTO_TEST_CASE(an_id_of_another_epoch_is_reset)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        const client& c = t.ask(resumed(stream_after(0), "1:1@77"));
        BOOST_TEST(c.body.find(R"("reset":true,"newest":1,"epoch":1)") != std::string::npos);
        BOOST_TEST(ids(c) == "1:1@1");
    });
}

BOOST_AUTO_TEST_CASE(a_large_answer_is_one_event)
{
    with_routes([](running_routes& t) {
        for (int i = 0; i < 3; ++i) {
            t.chat.db.add(1, std::string(60'000, 'x'));
        }
        const client& c = t.ask(stream_after(0));
        BOOST_TEST(c.body.size() > fastcgi::exchange::in_one);
        BOOST_TEST(ids(c) == "1:3@1");
        BOOST_TEST(c.body.ends_with("\nid: 1:3@1\n\n"));
        const auto data = c.body.find("data: ");
        BOOST_TEST(c.body.find('\n', data) == c.body.find("\nid: ")); // one line
    });
}

BOOST_AUTO_TEST_CASE(a_body_with_cursors_does_as_well_and_may_bring_the_session)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        http::request r = poll_after(0);
        r.path = "/events";
        BOOST_TEST(ids(t.ask(r)) == "1:1@1");
        http::request json =
            by_ann("POST", "/events", R"({"session_id":"ann","last_post_id":{"1":0}})");
        json.authorization.clear();
        BOOST_TEST(ids(t.ask(json)) == "1:1@1");
    });
}

// Addresses get into logs.
BOOST_AUTO_TEST_CASE(a_session_in_the_address_is_none)
{
    with_routes([](running_routes& t) {
        http::request r = stream_after(0);
        r.authorization.clear();
        r.query += "&session_id=ann";
        BOOST_TEST(t.ask(r).said() == R"(400 {"errors":["Invalid user!"]})");
        BOOST_TEST(t.ask(by_cookie(stream_after(0))).status() == 200);
        BOOST_TEST(t.measured.streams_refused.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(whoever_may_not_wait_is_refused_as_a_poll_is)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.ask(stream_after(0, "nobody")).said() ==
                   R"(400 {"errors":["Invalid user!"]})");
        http::request r = stream_after(0);
        r.query = "last_post_id[2]=0";
        BOOST_TEST(t.ask(r).said() == R"(400 {"errors":["Invalid parameters!"]})");
        r.query = "last_post_id[1]=x";
        BOOST_TEST(t.ask(r).said() == R"(400 {"errors":["Invalid parameters!"]})");
        BOOST_TEST(t.measured.streams_refused.Value() == 3);
        BOOST_TEST(t.measured.streams_gauge.Value() == 0);
    });
}

// An id of more walls does not fit into a browser's next request.
BOOST_AUTO_TEST_CASE(an_address_names_200_walls_at_most_and_a_body_more_without_ids)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        http::request r = stream_after(0);
        for (int wall = 2; wall <= 200; ++wall) {
            r.query += "&last_post_id[" + std::to_string(wall) + "]=0";
        }
        BOOST_TEST(t.ask(r).status() == 200);
        r.query += "&last_post_id[201]=0";
        const client& refused = t.ask(r);
        BOOST_TEST(refused.status() == 400);
        BOOST_TEST(refused.body.find("POST takes more") != std::string::npos);
        http::request body = by_ann("POST", "/events");
        body.content_type = "application/x-www-form-urlencoded";
        body.body = r.query;
        const client& c = t.ask(body);
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(c.body.find("\"id\":1,") != std::string::npos);
        BOOST_TEST(ids(c) == "");
    });
}

// nginx takes 8 KB for a header: a browser that came back would be refused for ever. Ids of 19
// digits, as some applications draw them.
BOOST_AUTO_TEST_CASE(an_address_names_no_more_walls_than_a_header_has_room_for)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        http::request r = stream_after(0);
        for (std::int64_t wall = 0; wall < 165; ++wall) {
            r.query += "&last_post_id[" + std::to_string(9'000'000'000'000'000'000 + wall) + "]=0";
        }
        BOOST_TEST(t.ask(r).status() == 200);
        r.query += "&last_post_id[9100000000000000000]=0&last_post_id[9100000000000000001]=0";
        const client& refused = t.ask(r);
        BOOST_TEST(refused.status() == 400);
        BOOST_TEST(refused.body.find("a header of 8000 bytes; POST takes more") !=
                   std::string::npos);
        http::request body = by_ann("POST", "/events");
        body.content_type = "application/x-www-form-urlencoded";
        body.body = r.query;
        const client& c = t.ask(body);
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(ids(c) == "");
    });
}

BOOST_AUTO_TEST_CASE(a_number_that_is_too_large_is_said_of_an_id_as_of_an_address)
{
    with_routes([](running_routes& t) {
        const client& c = t.ask(resumed(stream_after(0), "1:99999999999999999999"));
        BOOST_TEST(c.status() == 400);
        BOOST_TEST(c.body.find("A wall and a cursor are at most") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(walls_that_are_lost_and_gained_are_told)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(2);
        http::request r = stream_after(0);
        r.query += "&last_post_id[2]=0";
        const client& c = t.ask(r);
        BOOST_TEST(events(c) == R"(event: access | data: {"lost":[2],"gained":[]})");
        t.chat.db.sessions["ann"] = somebody(1, {walls::wall_id{2}});
        t.chat.db.access_changed = {walls::user_id{1}};
        t.chat.look();
        BOOST_TEST(c.body.find(R"(data: {"lost":[1],"gained":[2]})") != std::string::npos);
        BOOST_TEST(ids(c) == "2:1@1,1:0@1"); // the wall that is hidden keeps its cursor
    });
}

BOOST_AUTO_TEST_CASE(whoever_says_which_walls_he_knows_hears_of_others)
{
    with_routes([](running_routes& t) {
        const auto number = [](std::vector<walls::wall_id> walls) {
            return std::to_string(
                walls::number(walls::access_number_of(*somebody(1, std::move(walls)))));
        };
        const std::vector<walls::wall_id> one{walls::wall_id{1}};
        const std::vector<walls::wall_id> both{walls::wall_id{1}, walls::wall_id{2}};
        http::request r = stream_after(0);
        r.query += "&access=" + number(one);
        const client& knows = t.ask(r);
        r.query = "access=" + number(both);
        const client& knows_others = t.ask(r);
        const auto event = [](const std::string& lost, const std::string& gained,
                              const std::string& access) {
            return "event: access | data: {\"lost\":[" + lost + "],\"gained\":[" + gained +
                   "],\"access\":" + access + "}";
        };
        BOOST_TEST(events(knows) == "");
        BOOST_TEST(events(knows_others) == event("", "", number(one)));
        t.ann_may_see(both);
        BOOST_TEST(events(knows) == event("", "", number(both)));
        t.ann_may_see({});
        BOOST_TEST(events(knows) ==
                   event("", "", number(both)) + " | " + event("1", "", number({})));
        t.ann_may_see(one);
        BOOST_TEST(events(knows).ends_with(event("", "1", number(one))));
        BOOST_TEST(t.parked() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(what_ends_it_is_its_last_event)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["bob"] = somebody(2);
        t.chat.db.sessions["cleo"] = somebody(3);
        const client& ann = t.ask(stream_after(0));
        const client& bob = t.ask(stream_after(0, "bob"));
        const client& cleo = t.ask(stream_after(0, "cleo"));
        t.chat.db.sessions.erase("ann");
        t.chat.db.sessions["bob"] = somebody(2, {});
        t.chat.db.access_changed = {walls::user_id{1}, walls::user_id{2}};
        t.chat.look();
        BOOST_TEST(events(ann) == R"(event: end | data: {"reason":"signed_out"})");
        BOOST_TEST(events(bob) ==
                   R"(event: access | data: {"lost":[1],"gained":[]} | event: end | )"
                   R"(data: {"reason":"no_wall"})");
        t.chat.h->drain();
        let_others_run();
        BOOST_TEST(events(cleo) == R"(event: end | data: {"reason":"stopping"})");
        for (const client* c : {&ann, &bob, &cleo}) {
            BOOST_TEST(c->ended);
            BOOST_TEST(c->body.rfind("retry: ") > c->body.find("\n\n")); // a new one
        }
        BOOST_TEST(t.measured.streams_gauge.Value() == 0);
        BOOST_TEST(t.measured.streams_refused.Value() == 2);
        BOOST_TEST(t.measured.streams_time_up.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(it_ends_by_itself_and_says_so)
{
    running_routes::settings s;
    s.routes.stream_time = std::chrono::seconds(1);
    s.hub.look = std::chrono::milliseconds(20);
    with_routes(
        [](running_routes& t) {
            const client& c = t.ask(stream_after(0));
            while (!c.ended) {
                boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
            }
            BOOST_TEST(events(c) == ended_time_up);
        },
        s);
}

BOOST_AUTO_TEST_CASE(it_is_never_silent_for_longer_than_its_heartbeat)
{
    running_routes::settings s;
    s.routes.stream_heartbeat = std::chrono::milliseconds(40);
    s.hub.look = std::chrono::milliseconds(20);
    with_routes(
        [](running_routes& t) {
            const client& c = t.ask(stream_after(0));
            const int looks = t.chat.db.looks;
            while (c.body.find(":\n\n:\n\n:\n\n") == std::string::npos) {
                boost::this_fiber::sleep_for(std::chrono::milliseconds(5));
            }
            BOOST_TEST(t.chat.db.looks == looks); // costs no SQL
            t.chat.db.add(1);
            t.chat.look();
            BOOST_TEST(ids(c) == "1:1@1");
            BOOST_TEST(t.parked() == 1u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_it)
{
    with_routes([](running_routes& t) {
        client& c = t.ask(stream_after(0));
        c.leave();
        let_others_run();
        BOOST_TEST(t.parked() == 0u);
        BOOST_TEST(t.measured.streams_gone.Value() == 1);
        BOOST_TEST(t.measured.streams_gauge.Value() == 0);
    });
}

// EventSource takes any other status as the last word.
BOOST_AUTO_TEST_CASE(what_passes_is_an_event_for_a_client_that_wants_events)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["new"] = somebody(2);
        t.chat.db.down = true;
        const client& c = t.ask(stream_after(0, "new"));
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(c.header("Content-Type") == "text/event-stream");
        BOOST_TEST(events(c) == R"(event: end | data: {"reason":"unavailable"})");
        BOOST_TEST(c.body.starts_with("retry: "));
        http::request r = stream_after(0, "new");
        r.accept = "*/*";
        BOOST_TEST(t.ask(r).status() == 503);
        BOOST_TEST(t.measured.streams_refused.Value() == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_is_down_when_it_reads_ends_it_with_an_event)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        t.chat.db.loads_fail = true;
        const client& c = t.ask(stream_after(0));
        BOOST_TEST(events(c) == R"(event: end | data: {"reason":"unavailable"})");
        BOOST_TEST(c.ended);
        BOOST_TEST(t.measured.database_refusals.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_it_ends_with_an_event)
{
    running_routes::settings s;
    s.hub.max_parked = 1;
    with_routes(
        [](running_routes& t) {
            t.ask(stream_after(0));
            const client& c = t.ask(stream_after(0));
            BOOST_TEST(events(c) == R"(event: end | data: {"reason":"unavailable"})");
            BOOST_TEST(t.reached("max_parked") == 1);
            BOOST_TEST(
                t.log().find("request 17: a stream was refused, 1 are parked (max_parked)") !=
                std::string::npos);
        },
        s);
}

BOOST_AUTO_TEST_CASE(head_has_no_body)
{
    with_routes([](running_routes& t) {
        http::request r = stream_after(0);
        r.method = "HEAD";
        const client& c = t.ask(r);
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(c.header("Content-Type") == "text/event-stream");
        BOOST_TEST(c.header("X-Accel-Buffering") == "no");
        BOOST_TEST(c.body == "");
        BOOST_TEST(c.ended);
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
