// The database goes away in the ways it has, and comes back: nothing acknowledged is lost, nothing
// is doubled, and nobody restarts the server.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace e2e;

namespace {

struct with_own_database {
    private_postgres postgres;
    chat s{{{"cors_origins", "https://shop.example"}}, &postgres};
};

// What a good client does with a poll: again with the same cursor, if it is told to come back.
reply poll_until_news(const chat& s, hanging_call& parked, const call& again)
{
    auto r = parked.wait(20s);
    eventually("the poll is answered with 200", [&] {
        if (r.status == 200) {
            return true;
        }
        BOOST_REQUIRE_EQUAL(r.status, 503);
        r = s.send(again);
        return false;
    });
    return r;
}

// Posts as a good client does: the same key again until it is acknowledged.
reply say_until_heard(const chat& s, const std::string& text)
{
    reply r;
    eventually("the post is acknowledged", [&] {
        r = s.send(say_call(bob, 1, text, "key-" + text));
        return r.status == 200 || r.status == 201;
    });
    return r;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(database_trouble_, with_own_database)

BOOST_AUTO_TEST_CASE(while_it_is_away_calls_get_503_and_parked_polls_wait)
{
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    postgres.crash();
    const call calls[] = {say_call(ann, 1, "x"), signed_by(ann, {"GET", "/walls", {}, {}}),
                          signed_by(ann, {"GET", "/walls/1/posts", {}, {}}),
                          post_form("name=ann&password=ann+secret", "/session"),
                          poll_call(bob, R"({"1":0})")};
    for (const auto& c : calls) {
        const auto r = s.send(with(c, "Origin", "https://shop.example"));
        BOOST_TEST_CONTEXT(c.method << " " << c.path)
        {
            BOOST_TEST(r.status == 503);
            BOOST_TEST(r.json().at("errors").as_array().size() == 1u);
            const int seconds = std::stoi("0" + r.header("Retry-After"));
            BOOST_TEST((seconds >= 1 && seconds <= 5));
            BOOST_TEST(r.header("Access-Control-Allow-Origin") == "https://shop.example");
        }
    }
    BOOST_TEST(s.send({}).status == 200); // the ping needs no database
    BOOST_TEST(!parked.answered());
    BOOST_TEST(s.metric("pollster_parked_polls") == 1);
}

BOOST_AUTO_TEST_CASE(what_was_written_while_the_server_could_not_look_is_delivered)
{
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    postgres.crash();
    BOOST_TEST(s.send(say_call(bob, 1, "too early")).status == 503);
    postgres.start();
    s.sql(insert_post(1, 3, "by another writer"));
    const stopwatch watch;
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
    BOOST_TEST(watch.ms() < 5000);
}

BOOST_AUTO_TEST_CASE(cut_connections_are_made_again_without_anybody_noticing)
{
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    s.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
          "current_database() and pid <> pg_backend_pid()");
    BOOST_TEST(say_until_heard(s, "hello").json().at("post").at("id").as_int64() == 1);
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_conversation_across_two_crashes_loses_and_doubles_nothing)
{
    std::vector<std::string> said;
    for (int i = 0; i < 30; ++i) {
        if (i == 10 || i == 20) {
            postgres.crash();
            BOOST_TEST(
                s.send(say_call(bob, 1, std::to_string(i), "key-" + std::to_string(i))).status ==
                503);
            postgres.start();
        }
        const auto entry = say_until_heard(s, std::to_string(i)).json().at("post");
        BOOST_TEST(entry.at("id").as_int64() == i + 1); // each once, in order
        said.push_back(std::to_string(i));
    }
    std::vector<std::string> read;
    const auto news = s.send(poll_call(ann, R"({"1":0})")).json();
    for (const auto& entry : news.at("walls").at("1").at("posts").as_array()) {
        read.emplace_back(entry.at("body").as_string());
    }
    BOOST_TEST(read == said, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(access_that_was_taken_while_the_server_could_not_look_is_gone)
{
    hanging_call parked(s, poll_call(cleo, R"({"1":0})"));
    s.until_parked(1);
    postgres.crash();
    BOOST_TEST(s.send(say_call(bob, 1, "x")).status == 503); // it has noticed
    postgres.start();
    s.sql("delete from pollster.memberships where user_id = 3; " +
          insert_post(1, 1, "not for cleo any more"));
    const auto r = parked.wait(20s);
    BOOST_TEST((r.status == 400 || r.status == 503), text_of(r));
    BOOST_TEST(r.body.find("not for cleo") == std::string::npos);
    eventually("cleo is refused", [&] {
        return text_of(s.send(poll_call(cleo, R"({"1":0})"))) ==
               R"(400 {"errors":["Invalid parameters!"]})";
    });
}

BOOST_AUTO_TEST_SUITE_END()
