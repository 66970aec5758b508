// Browsers, databases and the server itself come and go.
#include "tests/e2e/stack.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <climits>
#include <csignal>
#include <fstream>
#include <iterator>
#include <vector>

using namespace e2e;
using namespace std::chrono_literals;

namespace {

std::string newest(const stack& s)
{
    return s.sql("select last_entry from pollster.heads where wall_id = 1");
}

std::vector<pid_t> children_of(pid_t parent)
{
    std::ifstream list("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                       "/children");
    return {std::istream_iterator<pid_t>(list), {}};
}

void park(const stack& s, http_client& browser, const std::string& session)
{
    const double before = s.metric("pollster_parked_polls");
    browser.send("POST", "/api/",
                 poll_form(session, {{1, text::parse_number<int>(newest(s), 0, INT_MAX).value()}}),
                 form_header);
    eventually("the poll is parked",
               [&] { return s.metric("pollster_parked_polls") == before + 1; });
}

// It listens before it has asked the database.
void until_logged(const stack& s, const std::string& text)
{
    eventually("it logs " + text, [&] { return s.log().find(text) != std::string::npos; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(lifecycle_)

BOOST_AUTO_TEST_CASE(sigterm_answers_parked_polls_and_exits_0_at_once)
{
    stack s({.settings = {{"stop_timeout_seconds", "3600"}, {"poll_seconds", "3600"}}});
    auto one = s.client();
    park(s, one, s.session_of("ann"));
    auto two = s.client();
    park(s, two, s.session_of("bob"));
    s.pollster().signal(SIGTERM);
    for (auto* browser : {&one, &two}) {
        const auto r = browser->receive();
        BOOST_TEST(r.status == 200);
        BOOST_TEST(r.body == R"({"walls":{},"retry_ms":0})"); // 5,000 a second
    }
    const auto code = s.pollster().wait();
    BOOST_REQUIRE(code.has_value());
    BOOST_TEST(*code == 0);
    BOOST_TEST(!std::filesystem::exists(s.socket()));
    BOOST_TEST(s.api("GET", "/").status == 503);

    s.start_pollster();
    eventually("nginx has noticed", [&] { return s.api("GET", "/").status == 200; });
}

// nginx sends a request on a kept connection in the instant in which the server stops. A server
// that closes the connection loses it: nginx may not repeat a POST, and answers 502.
BOOST_AUTO_TEST_CASE(a_request_that_crosses_the_stop_on_a_kept_connection_is_answered)
{
    stack s({.settings = {{"stop_timeout_seconds", "3600"}}});
    const auto json = json_of(s.session_of("ann"));
    auto browser = s.client();
    const auto say = [&](const std::string& key) {
        browser.send("POST", "/api/walls/1/posts", R"({"body":"hi","client_key":")" + key + R"("})",
                     json);
    };
    say("before"); // from here on a connection is kept
    BOOST_TEST(browser.receive().status == 201);

    const auto workers = children_of(s.nginx().pid());
    BOOST_REQUIRE(!workers.empty());
    for (const pid_t worker : workers) {
        kill(worker, SIGSTOP);
    }
    say("in-that-instant"); // which a worker finds together with whatever the server does
    s.pollster().signal(SIGTERM);
    eventually("it stops", [&] { return s.log().find("stopping") != std::string::npos; });
    for (const pid_t worker : workers) {
        kill(worker, SIGCONT);
    }
    BOOST_TEST(browser.receive().status == 201);
    BOOST_TEST(s.pollster().wait().value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(a_poll_survives_a_database_that_goes_away_and_comes_back)
{
    private_postgres postgres;
    const stack s({.settings = {{"statement_timeout_ms", "2000"}}, .postgres = &postgres});
    const auto ann = s.session_of("ann");
    const auto bob = s.session_of("bob");
    auto waiting = s.client();
    park(s, waiting, bob);
    const std::string last = newest(s);

    postgres.stop();
    const auto away = s.api("GET", "/walls", {}, json_of(ann));
    BOOST_TEST(away.status == 503);
    BOOST_TEST(!away.header("Retry-After").empty());
    BOOST_TEST(s.api("GET", "/").status == 200); // the ping needs no database
    BOOST_TEST(!waiting.something_arrived());

    postgres.start();
    std::string posted;
    eventually("a post is taken", [&] {
        const auto r = s.api("POST", "/walls/1/posts",
                             R"({"body":"back again","client_key":"once"})", json_of(ann));
        posted = r.body;
        return r.status == 201 || r.status == 200;
    });
    // Parked through all of it, or told to come again: either way nothing is lost and nothing is
    // doubled.
    auto answer = waiting.receive();
    if (answer.status == 503) {
        answer = s.api("POST", "/",
                       poll_form(bob, {{1, text::parse_number<int>(last, 0, INT_MAX).value()}}),
                       form_header);
    }
    const auto posts = answer.json().at("walls").at("1").at("posts");
    BOOST_TEST(posts.as_array().size() == 1u);
    BOOST_TEST(posts.at(0) == boost::json::parse(posted).at("post"));
}

BOOST_AUTO_TEST_CASE(a_database_that_is_down_at_start_is_waited_for)
{
    private_postgres postgres;
    stack s({.start = false, .postgres = &postgres});
    const auto ann = s.session_of("ann");
    postgres.stop();
    s.start_pollster();
    BOOST_TEST(s.api("GET", "/").status == 200);
    BOOST_TEST(s.api("POST", "/", poll_form(ann, {{1, 0}}), form_header).status == 503);
    postgres.start();
    eventually("polls are answered", [&] {
        return s.api("POST", "/", poll_form(ann, {{1, 0}}), form_header).status == 200;
    });
}

BOOST_AUTO_TEST_CASE(a_database_without_schema_is_one_clear_line_and_no_end)
{
    stack s({.demo = false, .start = false});
    s.sql("drop schema pollster, pollster_default cascade");
    s.start_pollster();
    until_logged(s, "starting with a database that has to be mended, answering 503 until it is: "
                    "The database has no pollster schema yet: run `pollster migrate`.");
    BOOST_TEST(s.administer({"migrate"}).code == 0);
    eventually("it is noticed, though nobody is connected", [&] {
        return s.log().find("the database can be looked at again") != std::string::npos;
    });
    BOOST_TEST(s.administer({"demo"}).code == 0);
    const auto r = s.api("POST", "/", poll_form(s.session_of("ann"), {{1, 0}}), form_header);
    BOOST_TEST(r.status == 200);
}

BOOST_AUTO_TEST_CASE(a_schema_of_a_later_version_is_refused)
{
    const stack s({.demo = false, .start = false});
    s.sql("insert into pollster.schema_migrations (number, name, checksum) values (99, 'x', 'x')");
    const auto serve = run(s.pollster_command());
    BOOST_TEST(serve.code == 1);
    BOOST_TEST(serve.output.find("install the newer pollster") != std::string::npos, serve.output);
}

BOOST_AUTO_TEST_CASE(a_wrong_database_is_said_at_start_and_works_once_it_is_there)
{
    private_postgres postgres;
    const std::string later = "made_later";
    stack s({.settings = {{"database", postgres.conninfo(later)},
                          {"database_owner", postgres.owner_conninfo(later)}},
             .demo = false,
             .start = false,
             .postgres = &postgres});
    s.start_pollster();
    until_logged(s, "`pollster setup` makes it");
    until_logged(s, "SQLSTATE 3D000");
    const auto refused = s.api("POST", "/", poll_form(std::string(43, 'a'), {{1, 0}}), form_header);
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(refused.body.find("not set up") != std::string::npos, refused.body);
    BOOST_TEST(refused.body.find("not available") == std::string::npos, refused.body);

    postgres.sql("postgres", "create database " + later);
    eventually("the next thing to do is said", [&] {
        return s.log().find("the database has to be mended, parked polls wait: the schema is not "
                            "what this program needs, run `pollster migrate`") != std::string::npos;
    });
    BOOST_TEST(s.administer({"migrate"}).code == 0);
    BOOST_TEST(s.administer({"demo"}).code == 0);
    eventually("polls are answered", [&] {
        return s.api("POST", "/", poll_form(s.session_of("ann"), {{1, 0}}), form_header).status ==
               200;
    });
}

BOOST_AUTO_TEST_SUITE_END()
