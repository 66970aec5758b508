// What an operator sees of a running server: /healthz and /readyz as load balancers reach them, and
// that a database that is dead is seen to be dead.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/fcgi_peer.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;
using fastcgi_test::conversation;

namespace {

// Above the mount, where the shipped site has it, too.
reply at_root(const chat& s, const std::string& path)
{
    return s.client().call("GET", path);
}

bool is_ready(const chat& s)
{
    return s.send({"GET", "/readyz", {}, {}}).status == 200;
}

// 503 in one line of JSON; why.
std::string why_not_ready(const reply& r)
{
    BOOST_TEST(r.status == 503, text_of(r));
    BOOST_TEST(r.body.find('\n') == std::string::npos);
    const auto said = r.json();
    BOOST_TEST(!said.at("ready").as_bool());
    return std::string(said.at("why").as_string());
}

std::string statements_of_server(const chat& s)
{
    return s.sql("select coalesce(max(greatest(query_start, state_change))::text, '') from "
                 "pg_stat_activity where datname = current_database() and application_name like "
                 "'pollster%'");
}

} // namespace

BOOST_AUTO_TEST_SUITE(eyes_)

BOOST_AUTO_TEST_CASE(probes_reach_the_process_through_nginx_and_at_its_socket)
{
    const chat s;
    for (const auto& r : {at_root(s, "/healthz"), s.send({"GET", "/healthz", {}, {}})}) {
        BOOST_TEST(text_of(r) == R"(200 {"healthy":true})");
    }
    for (const auto& r : {at_root(s, "/readyz"), s.send({"GET", "/readyz", {}, {}})}) {
        BOOST_TEST(r.status == 200);
        BOOST_TEST(r.json().at("ready").as_bool());
    }
    BOOST_TEST(run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-I",
                    "http://127.0.0.1:" + std::to_string(s.port()) + "/readyz"})
                   .output == "200");
    fcgi_peer load_balancer(s.socket());
    load_balancer.send(conversation().request(1, parameters("GET", "/readyz")));
    BOOST_TEST(load_balancer.answer_of(1).find(R"({"ready":true)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(why_a_process_is_not_ready_is_for_its_own_host)
{
    const chat s;
    const auto from = [&](const std::string& address, const std::string& path) {
        return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address,
                    "-H", "X-Forwarded-For: 192.0.2.1",
                    "http://127.0.0.1:" + std::to_string(s.port()) + path})
            .output;
    };
    const auto site = read_text(s.folder() / "nginx/conf/pollster/snippets/page.conf");
    BOOST_TEST(from("127.0.0.2", "/readyz") == "200"); // this host, too
    for (const char* place : {"location = /api/readyz", "location = /api/metrics"}) {
        const auto block = site.substr(site.find(place), 200);
        BOOST_TEST(block.find("deny all;") < block.find('}'), place);
    }
}

BOOST_AUTO_TEST_CASE(probes_cost_no_more_sql_than_a_look_now_and_then)
{
    const chat s;
    eventually("it is ready", [&] { return is_ready(s); });
    const auto looks = s.metric("pollster_looks_total");
    const stopwatch watch;
    for (int i = 0; i < 300; ++i) { // 503 if a look takes longer than a probe waits
        const int status = s.send({"GET", "/readyz", {}, {}}).status;
        BOOST_TEST((status == 200 || status == 503));
    }
    // One in two seconds, however long that took.
    const auto most = static_cast<double>(watch.ms()) / 2000 + 1;
    BOOST_TEST(s.metric("pollster_looks_total") - looks <= most);
    BOOST_TEST(s.send({"GET", "/metrics", {}, {}}).status == 200);
    const auto seen = statements_of_server(s);
    for (int i = 0; i < 20; ++i) { // neither of these asks the database anything
        s.send({"GET", "/healthz", {}, {}});
        s.send({"GET", "/metrics", {}, {}});
    }
    BOOST_TEST(statements_of_server(s) == seen);
}

// In the words of PostgreSQL and libpq, not "the database is not available".
BOOST_AUTO_TEST_CASE(a_process_that_never_reached_its_database_says_why)
{
    chat s;
    const auto said_with = [&](const std::string& database) {
        process other({pollster_program().string(), "--listen", "unix:" + s.socket(2).string(),
                       "--database", database},
                      {s.folder() / "other.log", -1, {}});
        eventually("it listens", [&] { return accepts(s.socket(2)); });
        fcgi_peer probe(s.socket(2));
        probe.send(conversation().request(1, parameters("GET", "/healthz")));
        BOOST_TEST(probe.answer_of(1).find("Status: 200") != std::string::npos);
        probe.send(conversation().request(2, parameters("GET", "/readyz")));
        return probe.answer_of(2);
    };
    for (const auto& [database, word] : std::map<std::string, std::string>{
             {"host=/nowhere dbname=x", "/nowhere"},
             {s.conninfo() + " user=nobody_of_this_name", "nobody_of_this_name"}}) {
        const auto said = said_with(database);
        BOOST_TEST(said.find("Status: 503") != std::string::npos, said);
        BOOST_TEST(said.find(R"({"ready":false,"why":")") != std::string::npos, said);
        BOOST_TEST(said.find(word) != std::string::npos, said);
        BOOST_TEST(said.find(R"("last_look_seconds":null})") != std::string::npos, said);
    }
}

BOOST_AUTO_TEST_CASE(a_database_that_dies_under_a_parked_poll_is_seen_to_be_dead)
{
    private_postgres postgres;
    chat s({}, &postgres);
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    eventually("it is ready", [&] { return is_ready(s); });
    BOOST_TEST(s.metric("pollster_look_failures_total") == 0);
    postgres.crash();
    eventually("a look fails", [&] { return s.metric("pollster_look_failures_total") > 0; });
    const auto looks = s.metric("pollster_looks_total");
    const auto age = s.metric("pollster_last_look_age_seconds");
    eventually("more looks fail", [&] { return s.metric("pollster_look_failures_total") > 3; });
    BOOST_TEST(s.metric("pollster_looks_total") == looks); // none of them counts as a look
    const auto dead_for = s.metric("pollster_last_look_age_seconds");
    BOOST_TEST(dead_for > age);
    BOOST_TEST(why_not_ready(s.send({"GET", "/readyz", {}, {}})) != "");
    BOOST_TEST(s.send({"GET", "/healthz", {}, {}}).status == 200);
    postgres.start();
    eventually("it is ready again", [&] { return is_ready(s); });
    BOOST_TEST(s.metric("pollster_looks_total") > looks);
    eventually("the last good look is younger than it was while the database was away",
               [&] { return s.metric("pollster_last_look_age_seconds") < dead_for; });
}

BOOST_AUTO_TEST_CASE(a_post_to_somebody_who_waits_is_timed_from_its_commit)
{
    const chat s;
    BOOST_TEST(s.metric("pollster_delivery_seconds_count") == 0);
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const stopwatch watch;
    BOOST_TEST(s.send(say_call(bob, 1, "hi")).status == 201);
    BOOST_TEST(entries_of(parked.wait()) == "1:1");
    const auto most = static_cast<double>(watch.ms() + 1) / 1000;
    BOOST_TEST(s.metric("pollster_delivery_seconds_count") == 1);
    BOOST_TEST(s.metric("pollster_delivery_seconds_sum") <= most);
    const auto text = s.send({"GET", "/metrics", {}, {}}).body;
    for (const char* line : {R"(pollster_sql_seconds_count{call="posts"} 1)",
                             R"(pollster_sql_wait_seconds_count{purpose="posts"} 1)",
                             R"(pollster_poll_seconds_count 1)"}) {
        BOOST_TEST(text.find(line) != std::string::npos, line);
    }
    // What somebody else commits is timed from its notification, or from the look that found it.
    hanging_call again(s, poll_call(ann, R"({"1":1})"));
    s.until_parked(1);
    s.sql(insert_post(1, 2, "by another writer"));
    BOOST_TEST(entries_of(again.wait()) == "1:2");
    BOOST_TEST(s.metric("pollster_delivery_seconds_count") == 2);
}

BOOST_AUTO_TEST_SUITE_END()
