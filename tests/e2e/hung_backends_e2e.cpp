// A PostgreSQL process stops answering without dying, as on a host that hangs. Nobody waits without
// an answer: whatever it served goes on after its deadline, everything else all the time.
#include "tests/db/stopped_backends.hpp"
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

const settings hasty{{"statement_timeout_ms", "2500"}, {"database_connections", "1"}};

} // namespace

BOOST_AUTO_TEST_SUITE(hung_backends_)

BOOST_AUTO_TEST_CASE(parked_polls_are_served_again_after_the_look_hung_and_new_ones_hear_of_it)
{
    chat s(hasty);
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    const stopped_backends look(s, "look");
    s.sql(insert_post(1, 2, "by another writer"));
    // Nothing new can be known yet: either an answer or a 503, no silence.
    hanging_call fresh(s, poll_call(bob, R"({"1":0})"));
    const auto told = fresh.wait();
    BOOST_TEST((told.status == 503 || entries_of(told) == "1:1"), text_of(told));
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
    BOOST_TEST(s.metric("pollster_sql_given_up_total") >= 1);
    BOOST_TEST(s.log().find("a connection was given up: no answer from the database") !=
               std::string::npos);
    BOOST_TEST(s.log().find("the database can be looked at again") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whatever_hangs_everything_is_served_again_while_it_still_does)
{
    chat s(hasty);
    const auto mark = [] {
        auto c = post_json(R"({"id":1})", "/walls/1/read");
        c.method = "PUT";
        return signed_by(ann, c);
    };
    int posts = 0;
    const auto post = [&] { return say_call(ann, 1, std::to_string(++posts)); };
    const auto edit = [&] {
        auto c = post_json(R"({"body":")" + std::to_string(++posts) + R"("})", "/walls/1/posts/1");
        c.method = "PATCH";
        return signed_by(ann, c);
    };
    const auto all_are_served = [&](const std::string& what) {
        eventually(what + ": posts", [&] { return s.send(post()).status == 201; });
        eventually(what + ": edits", [&] { return s.send(edit()).status == 200; });
        for (const char* path : {"/walls", "/walls/1/posts", "/walls/1/posts?q=1", "/session"}) {
            eventually(what + ": " + path,
                       [&] { return s.send(signed_by(ann, {"GET", path, {}, {}})).status == 200; });
        }
        eventually(what + ": marks", [&] { return s.send(mark()).status == 200; });
        eventually(what + ": sign-ins", [&] {
            return s.send(post_form("name=ann&password=ann+secret", "/session")).status == 201;
        });
        // A session that nobody knows yet.
        const auto token = s.session_of("cleo");
        eventually(what + ": polls",
                   [&] { return s.send(poll_call(token, R"({"1":0})")).status == 200; });
    };
    all_are_served("before");
    for (const char* purpose :
         {"look", "sessions", "posts", "changes", "reads", "sign-ins", "listener"}) {
        const stopped_backends processes(s, purpose);
        all_are_served(purpose);
    }
    BOOST_TEST(s.metric("pollster_sql_given_up_total") >= 6);
    BOOST_TEST(s.stop_pollster() == 0);
}

BOOST_AUTO_TEST_CASE(a_stop_waits_for_no_process_that_hangs)
{
    chat s(settings{{"stop_timeout_seconds", "1"}, {"statement_timeout_ms", "3600000"}});
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const stopped_backends look(s, "look");
    const stopped_backends listener(s, "listener");
    BOOST_TEST(s.stop_pollster() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
