// The poll through nginx: what it answers, and when.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

BOOST_AUTO_TEST_SUITE(polling_)

BOOST_AUTO_TEST_CASE(the_ping_answers)
{
    chat s;
    const auto a = s.send({});
    BOOST_TEST(text_of(a) == R"(200 {"ack":"huzzah!"})");
    BOOST_TEST(a.header("Content-Type") == "application/json");
    BOOST_TEST(a.header("Cache-Control") == "no-store");
}

BOOST_AUTO_TEST_CASE(form_and_json_are_the_same_poll)
{
    chat s;
    s.sql(insert_post(1, 2, "hi") + "; " + insert_post(2, 2, "there"));
    const std::string both = "1:1,2:1";
    for (const std::string& body :
         {"session_id=" + ann + "&last_post_id[1]=0&last_post_id[2]=0",
          "session_id=" + ann + "&last_post_id%5B1%5D=0&last_post_id%5b2%5d=0",
          "last_post_id%5B2%5D=0&session_id=" + ann + "&last_post_id[1]=0"}) {
        BOOST_TEST(entries_of(s.send(post_form(body))) == both, body);
    }
    BOOST_TEST(entries_of(s.send(poll_call(ann, R"({"1":0,"2":0})"))) == both);
    BOOST_TEST(entries_of(s.send(poll_call(ann, R"({"1":"0","2":"0"})"))) == both);
    BOOST_TEST(entries_of(s.send(signed_by(ann, post_form("last_post_id[1]=0")))) == "1:1");
    BOOST_TEST(entries_of(s.send(with(post_form("last_post_id[1]=0"), "Cookie",
                                      "x=y; pollster_session=" + ann))) == "1:1");
}

BOOST_AUTO_TEST_CASE(an_entry_has_the_shape_of_the_protocol)
{
    chat s;
    s.sql(insert_post(1, 2, "gr\u00fc\u00df dich"));
    const auto entry =
        s.send(poll_call(ann, R"({"1":0})")).json().at("walls").at("1").at("posts").at(0);
    BOOST_TEST(entry.at("id").as_int64() == 1);
    BOOST_TEST(entry.at("post_id").as_int64() > 0);
    BOOST_TEST(entry.at("kind").as_string() == "post");
    BOOST_TEST(entry.at("user_id").as_int64() == 2);
    BOOST_TEST(entry.at("user_name").as_string() == "bob");
    BOOST_TEST(entry.at("body").as_string() == "gr\u00fc\u00df dich");
    const std::string at(entry.at("created_at").as_string());
    BOOST_TEST(at.size() == std::string("2026-01-02T03:04:05.678Z").size());
    BOOST_TEST(at.back() == 'Z');
}

BOOST_AUTO_TEST_CASE(both_refusals_are_word_for_word)
{
    chat s;
    const std::string user = R"(400 {"errors":["Invalid user!"]})";
    const std::string parameters = R"(400 {"errors":["Invalid parameters!"]})";
    BOOST_TEST(text_of(s.send(post_form("last_post_id[1]=0"))) == user);
    BOOST_TEST(text_of(s.send(poll_call("nobody", R"({"1":0})"))) == user);
    BOOST_TEST(text_of(s.send(post_form("session_id=&last_post_id[1]=0"))) == user);
    BOOST_TEST(text_of(s.send(poll_call(ann, "{}"))) == parameters);
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"3":0})"))) == parameters);
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":-1})"))) == parameters);
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":"x"})"))) == parameters);
    BOOST_TEST(text_of(s.send(post_form("session_id=" + ann))) == parameters);
}

BOOST_AUTO_TEST_CASE(foreign_walls_are_left_out)
{
    chat s;
    s.sql(insert_post(1, 2, "for all") + "; " + insert_post(2, 2, "not for cleo") + "; " +
          insert_post(3, 2, "for nobody"));
    BOOST_TEST(entries_of(s.send(poll_call(cleo, R"({"1":0,"2":0,"3":0,"77":0})"))) == "1:1");
}

BOOST_AUTO_TEST_CASE(nothing_new_is_said_at_the_deadline)
{
    chat s(settings{{"poll_seconds", "1"}});
    const chat long_ones(settings{{"poll_seconds", "60"}});
    hanging_call longer(long_ones, poll_call(ann, R"({"1":0})"));
    long_ones.until_parked(1);
    const stopwatch watch;
    const auto a = s.send(poll_call(ann, R"({"1":0})"));
    BOOST_TEST(text_of(a) == R"(200 {"walls":{}})");
    BOOST_TEST(watch.ms() > 850);
    BOOST_TEST(!longer.answered()); // asked before, and ends later
    BOOST_TEST(a.header("Set-Cookie") == "");
}

BOOST_AUTO_TEST_CASE(a_post_by_another_client_wakes_a_parked_poll)
{
    chat s(with(no_look_in_time, {{"notify", "off"}, {"poll_seconds", "240"}}));
    hanging_call poll(s, poll_call(ann, R"({"1":0,"2":0})"));
    s.until_parked(1);
    s.send(say_call(bob, 1, "hello"));
    BOOST_TEST(entries_of(poll.wait()) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_post_from_psql_wakes_a_parked_poll)
{
    chat s(no_look_in_time);
    hanging_call poll(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    s.sql(insert_post(1, 2, "from psql"));
    BOOST_TEST(entries_of(poll.wait()) == "1:1");
}

BOOST_AUTO_TEST_CASE(without_notifications_a_post_is_seen_by_the_next_look)
{
    chat s(settings{{"notify", "off"}});
    hanging_call poll(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const auto looks = s.metric("pollster_looks_total");
    s.sql(insert_post(1, 2, "from psql"));
    BOOST_TEST(entries_of(poll.wait()) == "1:1");
    BOOST_TEST(s.metric("pollster_looks_total") > looks);
}

BOOST_AUTO_TEST_CASE(a_long_backlog_comes_in_pages)
{
    chat s(settings{{"page_entries", "10"}});
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, n::text from "
          "generate_series(1, 25) as n");
    const std::string pages[] = {"1:1 2 3 4 5 6 7 8 9 10", "1:11 12 13 14 15 16 17 18 19 20",
                                 "1:21 22 23 24 25"};
    for (int page = 0; page < 3; ++page) {
        const auto a = s.send(poll_call(ann, R"({"1":)" + std::to_string(page * 10) + "}"));
        BOOST_TEST(entries_of(a) == pages[page]);
        const auto wall = a.json().at("walls").at("1").as_object();
        BOOST_TEST((wall.contains("more") && wall.at("more").as_bool()) == (page < 2));
    }
}

BOOST_AUTO_TEST_CASE(a_cursor_beyond_the_newest_entry_is_reset)
{
    chat s;
    s.sql(insert_post(1, 2, "only"));
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":5})"))) ==
               R"(200 {"walls":{"1":{"posts":[],"reset":true,"newest":1,"epoch":)" + s.epoch_of(1) +
                   "}}}");
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":1,"2":9})"))) ==
               R"(200 {"walls":{"2":{"posts":[],"reset":true,"newest":0,"epoch":)" + s.epoch_of(2) +
                   "}}}");
}

BOOST_AUTO_TEST_CASE(a_browser_that_leaves_ends_its_parked_poll_at_once)
{
    chat s;
    hanging_call stays_here(s, poll_call(bob, R"({"1":0})"));
    hanging_call leaves(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(2);
    leaves.leave();
    eventually("one poll is left", [&] { return s.metric("pollster_parked_polls") == 1; });
    BOOST_TEST(s.metric(R"(pollster_polls_total{outcome="gone"})") == 1);
    BOOST_TEST(!stays_here.answered());
}

BOOST_AUTO_TEST_CASE(sigterm_answers_parked_polls_and_exits_with_0)
{
    chat s(settings{{"poll_seconds", "3600"}});
    hanging_call one(s, poll_call(ann, R"({"1":0})"));
    hanging_call two(s, poll_call(bob, R"({"1":0,"2":0})"));
    s.until_parked(2);
    BOOST_TEST(s.stop_pollster() == 0);
    BOOST_TEST(text_of(one.wait()) == R"(200 {"walls":{},"retry_ms":0})");
    BOOST_TEST(text_of(two.wait()) == R"(200 {"walls":{},"retry_ms":0})");
}

BOOST_AUTO_TEST_SUITE_END()
