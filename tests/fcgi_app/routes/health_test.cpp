// What load balancers and operators are told of a process, and what it costs the database; and the
// numbers that only the metrics show.
#include "tests/fcgi_app/routes/fixture.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <string>
#include <vector>

using namespace routes;
using namespace routes::testing;
using namespace std::chrono_literals;

namespace {

boost::json::object ready(running_routes& t, int status)
{
    const client& c = t.ask(by_ann("GET", "/readyz"));
    BOOST_TEST(c.status() == status, c.said());
    BOOST_TEST(c.body.find('\n') == std::string::npos);
    return boost::json::parse(c.body).as_object();
}

// The value of a line of the metrics; -1: there is no such line.
double shown(running_routes& t, const std::string& name)
{
    const std::string text = "\n" + t.ask(by_ann("GET", "/metrics")).body;
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_)

BOOST_AUTO_TEST_CASE(a_process_whose_loop_turns_is_healthy_whatever_the_database_does)
{
    with_routes([](running_routes& t) {
        t.chat.db.down = true;
        BOOST_TEST(t.ask(by_ann("GET", "/healthz")).said() == R"(200 {"healthy":true})");
        BOOST_TEST(t.chat.db.looks == 0);
    });
}

BOOST_AUTO_TEST_CASE(with_nobody_connected_a_probe_asks_and_many_probes_ask_once)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.chat.db.looks == 0);
        std::vector<client*> probes;
        for (int i = 0; i < 20; ++i) {
            probes.push_back(&t.begin(by_ann("GET", "/readyz")));
        }
        let_others_run();
        for (const client* c : probes) {
            BOOST_TEST(c->status() == 200);
        }
        const auto said = ready(t, 200);
        BOOST_TEST(said.at("ready").as_bool());
        BOOST_TEST(said.at("last_look_seconds").to_number<double>() < 2);
        BOOST_TEST(t.chat.db.looks <= 2); // those that came while the first look was under way
    });
}

BOOST_AUTO_TEST_CASE(before_the_database_was_reached_it_says_why_it_is_not_ready)
{
    with_routes([](running_routes& t) {
        t.chat.db.down = true;
        const auto said = ready(t, 503);
        BOOST_TEST(!said.at("ready").as_bool());
        BOOST_TEST(said.at("why").as_string() == "down"); // the words of the database
        BOOST_TEST(said.at("last_look_seconds").is_null());
    });
}

BOOST_AUTO_TEST_CASE(a_look_that_failed_a_moment_ago_is_not_repeated_by_probes)
{
    with_routes([](running_routes& t) {
        ready(t, 200);
        t.chat.db.down = true;
        for (bool quick = false; !quick;) { // a look is recent for two seconds
            const auto began = std::chrono::steady_clock::now();
            t.chat.h->catch_up(std::vector{at(7, 0)}, {}); // somebody else's look finds out
            const int looks = t.chat.db.looks;
            const auto said = ready(t, 503);
            quick = std::chrono::steady_clock::now() - began < 2s;
            BOOST_TEST(said.at("why").as_string() == "down");
            BOOST_TEST(said.at("last_look_seconds").is_number()); // one did succeed
            BOOST_TEST((!quick || t.chat.db.looks == looks));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_does_not_answer_is_not_waited_for_longer_than_a_second)
{
    with_routes([](running_routes& t) {
        bool hangs = true;
        t.chat.db.during_look = [&] {
            while (hangs) {
                boost::this_fiber::sleep_for(1ms);
            }
        };
        client& c = t.begin(by_ann("GET", "/readyz"));
        while (!c.ended) {
            boost::this_fiber::sleep_for(1ms);
        }
        BOOST_TEST(hangs);
        BOOST_TEST(c.status() == 503);
        BOOST_TEST(c.body.find(R"("why":"the database has not answered for )") != std::string::npos,
                   c.body);
        hangs = false;
    });
}

BOOST_AUTO_TEST_CASE(a_process_that_stops_is_not_ready_and_asks_nothing)
{
    with_routes([](running_routes& t) {
        t.chat.h->drain();
        BOOST_TEST(ready(t, 503).at("why").as_string() == "stopping");
        BOOST_TEST(t.ask(by_ann("GET", "/healthz")).status() == 200);
        BOOST_TEST(t.chat.db.looks == 0);
    });
}

BOOST_AUTO_TEST_CASE(failed_looks_are_counted_apart_and_the_last_good_one_ages)
{
    with_routes([](running_routes& t) {
        ready(t, 200);
        BOOST_TEST(shown(t, "pollster_looks_total") == 1);
        BOOST_TEST(shown(t, "pollster_look_failures_total") == 0);
        const auto age = shown(t, "pollster_last_look_age_seconds");
        t.chat.db.down = true;
        for (int i = 0; i < 3; ++i) {
            t.chat.h->look_again({});
        }
        BOOST_TEST(shown(t, "pollster_looks_total") == 1);
        BOOST_TEST(shown(t, "pollster_look_failures_total") == 3);
        BOOST_TEST(shown(t, "pollster_last_look_age_seconds") > age);
    });
}

BOOST_AUTO_TEST_CASE(polls_and_deliveries_are_timed_and_told_once)
{
    with_routes([](running_routes& t) {
        t.chat.db.add(1);
        t.ask(poll_after(0)); // was away: a poll, but no delivery to somebody who waited
        BOOST_TEST(shown(t, "pollster_poll_seconds_count") == 1);
        BOOST_TEST(shown(t, "pollster_delivery_seconds_count") == 0);
        t.ask(poll_after(1));
        BOOST_TEST(t.parked() == 1u);
        auto e = written(2);
        e.committed = std::chrono::steady_clock::now() - 3s;
        t.posts.written = e;
        t.chat.db.add(1);
        BOOST_TEST(t.ask(by_ann("POST", "/walls/1/posts", R"({"body":"hi"})")).status() == 201);
        let_others_run();
        BOOST_TEST(t.parked() == 0u);
        for (int i = 0; i < 2; ++i) { // reading them counts nothing again
            BOOST_TEST(shown(t, "pollster_delivery_seconds_count") == 1);
            BOOST_TEST(shown(t, "pollster_delivery_seconds_bucket{le=\"2.5\"}") == 0);
            BOOST_TEST(shown(t, "pollster_delivery_seconds_sum") >= 3);
            BOOST_TEST(shown(t, "pollster_poll_seconds_count") == 2);
        }
    });
}

BOOST_AUTO_TEST_CASE(calls_of_the_database_are_told_by_name_and_waits_by_purpose)
{
    with_routes([](running_routes& t) {
        t.counters.passed.taken[static_cast<std::size_t>(db::call::history)].add(40ms);
        t.counters.passed.waited[static_cast<std::size_t>(db::purpose::sign_ins)].add(7s);
        BOOST_TEST(shown(t, R"(pollster_sql_seconds_bucket{call="history",le="0.025"})") == 0);
        BOOST_TEST(shown(t, R"(pollster_sql_seconds_bucket{call="history",le="0.05"})") == 1);
        BOOST_TEST(shown(t, R"(pollster_sql_seconds_count{call="look"})") == 0);
        BOOST_TEST(shown(t, R"(pollster_sql_wait_seconds_sum{purpose="sign-ins"})") == 7);
    });
}

BOOST_AUTO_TEST_CASE(the_process_says_what_it_costs)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(shown(t, "process_resident_memory_bytes") > 1e6);
        const double fds = shown(t, "process_open_fds");
        BOOST_TEST(fds > 3); // those of the event loop, at least
        BOOST_TEST(fds < shown(t, "process_max_fds"));
        const double cpu = shown(t, "process_cpu_seconds_total");
        BOOST_TEST(cpu > 0);
        BOOST_TEST(shown(t, "process_cpu_seconds_total") > cpu);
        const auto now =
            std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
        BOOST_TEST(shown(t, "process_start_time_seconds") <= now.count());
        BOOST_TEST(shown(t, "process_start_time_seconds") > now.count() - 3600);
    });
}

BOOST_AUTO_TEST_SUITE_END()
