// Two server processes behind one upstream: they share nothing but PostgreSQL.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/fcgi_peer.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <climits>
#include <csignal>
#include <deque>

using namespace e2e;

namespace {

// What one process answers, past nginx.
std::string ask(const std::filesystem::path& socket, const std::string& method,
                const std::string& path, const std::string& body = {})
{
    auto params = parameters(method, path, body);
    params.emplace_back("HTTP_AUTHORIZATION", "Bearer " + ann);
    fastcgi_test::conversation c;
    c.request(1, params, body);
    fcgi_peer peer(socket);
    peer.send(c);
    return peer.answer_of(1);
}

class two_processes : public chat {
public:
    explicit two_processes(const settings& s = {}, private_postgres* postgres = nullptr)
        : chat(s, postgres, 2)
    {
        second_ = start_another(2);
    }

    int metric_of(int number, const std::string& name) const
    {
        const std::string text = ask(socket(number), "GET", "/metrics");
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos
                   ? -1
                   : text::parse_number<int>(
                         text::leading_digits(std::string_view(text).substr(at + name.size() + 2)),
                         0, INT_MAX)
                         .value();
    }
    int parked(int number) const { return metric_of(number, "pollster_parked_polls"); }
    void until_all_parked(int polls) const
    {
        eventually(std::to_string(polls) + " polls parked in both",
                   [&] { return parked(1) + parked(2) == polls; });
    }

private:
    std::unique_ptr<process> second_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(processes_)

BOOST_AUTO_TEST_CASE(a_post_through_one_process_reaches_the_readers_of_the_other)
{
    const two_processes s;
    std::deque<hanging_call> polls;
    for (int i = 0; i < 20; ++i) {
        polls.emplace_back(s, poll_call(i % 2 == 0 ? ann : bob, R"({"1":0})"));
    }
    s.until_all_parked(20);
    BOOST_TEST(s.parked(1) > 0);
    BOOST_TEST(s.parked(2) > 0);
    const std::string said = ask(s.socket(1), "POST", "/walls/1/posts", R"({"body":"hello"})");
    BOOST_TEST(said.find("Status: 201") != std::string::npos, said);
    for (auto& poll : polls) {
        BOOST_TEST(entries_of(poll.wait()) == "1:1");
    }
    // The other process has read the wall once for all its readers.
    BOOST_TEST(s.metric_of(2, "pollster_wall_loads_total") == 1);
}

BOOST_AUTO_TEST_CASE(readers_of_a_killed_process_come_back_on_the_other_and_miss_nothing)
{
    two_processes s;
    struct reader {
        std::unique_ptr<hanging_call> poll;
        int last = 0;
    };
    std::vector<reader> readers(20);
    const auto ask_again = [&s](reader& r) {
        r.poll = std::make_unique<hanging_call>(
            s, poll_call(bob, R"({"1":)" + std::to_string(r.last) + "}"));
    };
    // Takes the next answer; false: it was none, and the client tries again.
    const auto take = [&ask_again](reader& r) {
        const reply answer = r.poll->wait();
        if (answer.status == 503) {
            BOOST_TEST(!answer.header("Retry-After").empty());
            ask_again(r);
            return false;
        }
        ++r.last;
        BOOST_TEST(entries_of(answer) ==
                   "1:" + std::to_string(r.last)); // the next one, and only it
        ask_again(r);
        return true;
    };
    for (auto& r : readers) {
        ask_again(r);
    }
    s.until_all_parked(20);
    const int on_the_first = s.parked(1);
    BOOST_TEST(on_the_first > 0);

    s.pollster().signal(SIGKILL);
    // Nobody is connected to take it there, and nobody may miss it.
    BOOST_TEST(s.pollster().wait().has_value());
    s.sql(insert_post(1, 3, "while half of you are gone"));
    int refused = 0;
    for (auto& r : readers) {
        while (!take(r)) {
            ++refused;
        }
    }
    BOOST_TEST(refused == on_the_first); // each of them once: nginx knows by then
    eventually("all are with the other one", [&] { return s.parked(2) == 20; });
    s.sql(insert_post(1, 3, "for all of you"));
    for (auto& r : readers) {
        BOOST_TEST(take(r));
        BOOST_TEST(r.last == 2);
    }

    // Started again, it has its share as soon as they come back.
    s.start_pollster();
    s.sql(insert_post(1, 3, "and again"));
    for (auto& r : readers) {
        BOOST_TEST(take(r));
    }
    s.until_all_parked(20);
    BOOST_TEST(s.parked(1) >= 5);
}

BOOST_AUTO_TEST_CASE(an_idle_process_costs_postgresql_one_statement_a_second)
{
    private_postgres postgres({"shared_preload_libraries=pg_stat_statements"});
    const two_processes s({}, &postgres);
    s.sql("create extension pg_stat_statements");
    std::deque<hanging_call> polls;
    for (int i = 0; i < 8; ++i) {
        polls.emplace_back(s, poll_call(ann, R"({"1":0,"2":0})"));
    }
    s.until_all_parked(8);
    BOOST_TEST(s.parked(1) > 0);
    BOOST_TEST(s.parked(2) > 0);
    const auto statements = [&s] {
        return text::parse_number<int>(
                   s.sql(
                       "select sum(calls) from pg_stat_statements where toplevel and dbid = "
                       "(select oid from pg_database where datname = current_database()) "
                       "and query not like '%pg_stat_statements%' and query not ilike 'discard %'"),
                   0, INT_MAX)
            .value();
    };
    // From one look to another, so that both processes have had theirs.
    const stopwatch watch;
    const int before = statements();
    eventually("three seconds of looks", [&] { return statements() >= before + 6; });
    const int seen =
        statements() - before; // before the time is read: what comes later does not count
    const auto ms = watch.ms();
    // Two processes, at least a second between the looks of each.
    BOOST_TEST(seen <= 2 * (ms / 1000 + 1), "within " << ms << " ms");
    BOOST_TEST(ms >= 2000);
}

BOOST_AUTO_TEST_SUITE_END()
