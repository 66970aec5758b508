// What costs SQL: nothing while nobody is connected, and nothing for a poll that comes back.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace e2e;

namespace {

// When the server's connections last did anything, as PostgreSQL itself sees it (autovacuum is not
// the server's).
std::string last_activity(const chat& s)
{
    return s.sql("select coalesce(max(greatest(query_start, state_change))::text, '') from "
                 "pg_stat_activity where datname = current_database() and application_name like "
                 "'pollster%'");
}

} // namespace

BOOST_AUTO_TEST_SUITE(sql_cost_)

BOOST_AUTO_TEST_CASE(with_nobody_connected_there_is_no_sql_at_all)
{
    chat s; // looks once a second while somebody is connected
    {
        hanging_call poll(s, poll_call(ann, R"({"1":0})"));
        s.until_parked(1);
    }
    s.until_parked(0);
    // A look may have been under way when the last client left.
    std::string seen;
    eventually("quiet", [&] {
        seen = last_activity(s);
        return stays(50ms, [&] { return last_activity(s) == seen; });
    });
    const auto statements = s.metric("pollster_sql_statements_total");
    BOOST_TEST(stays(2500ms, [&] { return last_activity(s) == seen; }));
    BOOST_TEST(s.metric("pollster_sql_statements_total") == statements);
}

BOOST_AUTO_TEST_CASE(the_first_client_after_an_idle_spell_sees_what_is_new_at_once)
{
    // The next regular look is longer away than any call waits for its answer.
    chat s(settings{{"refresh_ms", "60000"}, {"notify", "off"}});
    hanging_call(s, poll_call(ann, R"({"1":0})")).leave();
    s.until_parked(0);
    s.sql(insert_post(1, 2, "while nobody was there"));
    const auto a = s.send(poll_call(bob, R"({"1":0})"));
    BOOST_TEST(entries_of(a) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_poll_that_comes_back_costs_no_sql)
{
    // No look is counted, neither the regular one nor the one that a notification asks for: posts
    // through this process reach its readers without.
    chat s(settings{{"refresh_ms", "60000"}, {"notify", "off"}});
    hanging_call keeps_the_server_awake(s, poll_call(bob, R"({"2":0})"));
    hanging_call first(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(2);
    s.send(say_call(bob, 1, "hello"));
    BOOST_TEST(entries_of(first.wait()) == "1:1");
    const auto before = s.metric("pollster_sql_statements_total");
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(entries_of(s.send(poll_call(ann, R"({"1":0})"))) == "1:1");
    }
    hanging_call again(s, poll_call(ann, R"({"1":1})"));
    s.until_parked(2);
    BOOST_TEST(s.metric("pollster_sql_statements_total") == before);
}

// Neither a notification nor a look tells of the change. For how long it is remembered:
// tests/walls/access_cache_test.
BOOST_AUTO_TEST_CASE(a_session_is_trusted_for_a_while_when_nobody_tells_of_changes)
{
    chat s(settings{{"refresh_ms", "60000"}, {"notify", "off"}});
    s.sql(insert_post(1, 2, "old"));
    const call poll = poll_call(ann, R"({"1":0})");
    BOOST_TEST(s.send(poll).status == 200);
    s.sql("delete from pollster.sessions where user_id = 1");
    const auto misses = s.metric("pollster_session_misses_total");
    const auto hits = s.metric("pollster_session_hits_total");
    BOOST_TEST(s.send(poll).status == 200); // remembered
    BOOST_TEST(s.metric("pollster_session_hits_total") == hits + 1);
    BOOST_TEST(s.metric("pollster_session_misses_total") == misses);
    eventually("the session is asked for again", [&] { return s.send(poll).status == 400; });
    BOOST_TEST(s.metric("pollster_session_misses_total") == misses + 1);
}

BOOST_AUTO_TEST_CASE(a_wall_is_read_once_for_all_its_readers)
{
    chat s;
    std::deque<hanging_call> polls;
    for (int i = 0; i < 20; ++i) {
        polls.emplace_back(s, poll_call(i % 2 == 0 ? ann : bob, R"({"1":0})"));
    }
    s.until_parked(20);
    const auto before = s.metric("pollster_wall_loads_total");
    s.sql(insert_post(1, 3, "for all of you"));
    for (auto& poll : polls) {
        BOOST_TEST(entries_of(poll.wait()) == "1:1");
    }
    BOOST_TEST(s.metric("pollster_wall_loads_total") - before == 1);
}

BOOST_AUTO_TEST_SUITE_END()
