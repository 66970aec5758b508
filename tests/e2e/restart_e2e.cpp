// Ten thousand clients come back at once to a server that has forgotten everything.
#include "bench/fcgi_client.hpp"
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <map>

using namespace e2e;

namespace {

constexpr std::size_t clients = 10'000; // each with a user and a session of its own
constexpr std::size_t connections = 20;

std::string token(std::size_t client)
{
    std::string digits = std::to_string(client);
    return std::string(43 - digits.size(), 't') + digits;
}

// Polls past nginx, many on a connection: nginx would need more descriptors than a test may have.
struct crowd {
    explicit crowd(const chat& s)
        : client([this](const bench::answer& a) { ++statuses[a.status()]; })
    {
        client.on_closed = [](std::size_t, std::size_t) {};
        for (std::size_t i = 0; i < connections; ++i) {
            client.connect(s.socket().string());
        }
    }
    void poll(std::size_t cursor_of_even, std::size_t cursor_of_odd)
    {
        for (std::size_t i = 0; i < clients; ++i) {
            const auto cursor = i % 2 == 0 ? cursor_of_even : cursor_of_odd;
            const std::string body = R"({"session_id":")" + token(i) + R"(","last_post_id":{"1":)" +
                                     std::to_string(cursor) + "}}";
            client.begin(i % connections, bench::encode_request("POST", "/", body.size()), body);
        }
    }
    template <class Condition>
    void run_until(const std::string& what, Condition condition)
    {
        eventually(what, [&] {
            client.run(20ms);
            return condition();
        });
    }

    std::map<int, std::size_t> statuses; // how often each was answered
    bench::fcgi_client client;
};

double commits(const chat& s)
{
    return std::stod(s.sql("select xact_commit + xact_rollback from pg_stat_database where datname "
                           "= current_database()"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(restart_)

BOOST_AUTO_TEST_CASE(ten_thousand_clients_that_return_at_once_cost_few_statements_and_get_no_error)
{
    chat s(settings{{"poll_seconds", "3600"}});
    s.sql("insert into pollster.users (id, name) select 1000 + n, 'user ' || n from "
          "generate_series(0, 9999) n; "
          "insert into pollster.memberships (user_id, wall_id) select 1000 + n, 1 from "
          "generate_series(0, 9999) n; "
          "insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
          "select sha256(convert_to(lpad(n::text, 43, 't'), 'UTF8')), 1000 + n, now(), now() + "
          "interval '1 day' from generate_series(0, 9999) n; " +
          insert_post(1, 1, "before"));
    {
        crowd before(s);
        before.poll(1, 1);
        before.run_until("all are parked", [&] {
            return s.metric("pollster_parked_polls") == static_cast<double>(clients);
        });
        s.pollster().signal(SIGKILL);
        s.sql(insert_post(1, 1, "while it was away"));
    }
    s.start_pollster();

    // One in two has seen the post that the others are to be given.
    crowd back(s);
    const auto commits_before = commits(s);
    const stopwatch watch;
    back.poll(1, 2);
    back.run_until("who missed a post has it, and the others are parked", [&] {
        return back.statuses[200] == clients / 2 &&
               s.metric("pollster_parked_polls") == static_cast<double>(clients / 2);
    });
    while (watch.ms() < 10'000) {
        back.client.run(100ms);
    }
    const auto statements = s.metric("pollster_sql_statements_total");
    BOOST_TEST_MESSAGE("statements in the first 10 s: " << statements);
    BOOST_TEST(statements > 10); // 1,000 sessions a statement: it was counted
    BOOST_TEST(statements < 500);
    // As PostgreSQL counts, the test's own included.
    BOOST_TEST(commits(s) - commits_before < 500);
    BOOST_TEST(back.statuses.size() == 1u);

    s.sql(insert_post(1, 1, "for everybody"));
    back.run_until("all have it", [&] { return back.statuses[200] == clients; });
    BOOST_TEST(back.statuses.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
