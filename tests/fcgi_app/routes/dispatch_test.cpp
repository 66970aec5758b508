// The table of routes, and what happens around a handler: methods, HEAD, OPTIONS, failures, and the
// one place that makes a response of a refusal.
#include "db/migrate.hpp"
#include "fcgi_app/routes/table.hpp"
#include "tests/fcgi_app/routes/fixture.hpp"

#include <sstream>
#include <stdexcept>
#include <string_view>

using namespace routes;
using namespace routes::testing;

namespace {

// Belongs to `t`. A pointer: GCC 14 takes a reference for one to the argument.
client* walls_with(running_routes& t, db::failure why)
{
    t.posts.walls = std::move(why);
    return &t.ask(by_ann("GET", "/walls"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(dispatch_)

BOOST_AUTO_TEST_CASE(a_path_that_is_not_in_the_table_is_404)
{
    with_routes([](running_routes& t) {
        for (const auto* path : {"/nothing", "/walls/", "/walls/1", "/walls/0/posts",
                                 "/walls/x/posts", "/walls/9223372036854775808/posts", "walls", "",
                                 "/walls/1/posts/2/3", "/session/", "//"}) {
            BOOST_TEST(t.ask(by_ann("GET", path)).said() ==
                           R"(404 {"errors":["There is nothing at this path."]})",
                       path);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_method_that_a_path_does_not_know_is_405_with_those_that_it_knows)
{
    with_routes([](running_routes& t) {
        const client& walls = t.ask(by_ann("PUT", "/walls"));
        BOOST_TEST(walls.status() == 405);
        BOOST_TEST(walls.header("Allow") == "GET, HEAD, OPTIONS");
        const client& posts = t.ask(by_ann("DELETE", "/walls/1/posts"));
        BOOST_TEST(posts.header("Allow") == "GET, HEAD, POST, OPTIONS");
        const client& post = t.ask(by_ann("GET", "/walls/1/posts/2"));
        BOOST_TEST(post.header("Allow") == "PATCH, DELETE, OPTIONS");
        BOOST_TEST(t.ask(by_ann("get", "/")).status() == 405); // methods have one spelling
    });
}

BOOST_AUTO_TEST_CASE(head_is_get_without_the_body)
{
    with_routes([](running_routes& t) {
        const client& got = t.ask(by_ann("GET", "/"));
        BOOST_TEST(got.said() == R"(200 {"ack":"huzzah!"})");
        const client& head = t.ask(by_ann("HEAD", "/"));
        BOOST_TEST(head.body == "");
        BOOST_TEST(head.ended);
        BOOST_TEST(head.head == got.head);
        BOOST_TEST(head.header("Content-Length") == std::to_string(got.body.size()));
    });
}

// Whatever GET answers: with a body, refused, for operators.
BOOST_AUTO_TEST_CASE(head_has_the_head_of_get_on_each_route)
{
    with_routes([](running_routes& t) {
        const auto names = [](const std::string& head) {
            std::string out;
            std::istringstream lines(head);
            for (std::string line; std::getline(lines, line);) {
                out += line.substr(0, line.find(':')) + '\n';
            }
            return out;
        };
        for (const auto* path : {"/", "/session", "/walls", "/walls/1/posts", "/walls/2/posts",
                                 "/walls/1/posts?q=x", "/metrics", "/nothing"}) {
            const client& got = t.ask(by_ann("GET", path));
            const client& head = t.ask(by_ann("HEAD", path));
            BOOST_TEST(got.body != "", path);
            BOOST_TEST(head.body == "", path);
            BOOST_TEST(head.ended, path);
            BOOST_TEST(head.status() == got.status(), path);
            BOOST_TEST(names(head.head) == names(got.head), path);
            if (std::string_view(path) != "/metrics") { // the numbers go on
                BOOST_TEST(head.head == got.head, path);
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(options_is_answered_on_each_path_with_nothing_but_cors)
{
    with_routes([](running_routes& t) {
        for (const auto* path : {"/", "/walls/1/posts", "/nothing"}) {
            const client& c = t.ask(from(std::string(granted_origin), by_ann("OPTIONS", path)));
            BOOST_TEST(c.said() == "200");
            BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin);
        }
    });
}

BOOST_AUTO_TEST_CASE(an_answer_is_for_the_origin_that_asked)
{
    with_routes([](running_routes& t) {
        const auto granted = [&](const std::string& origin) {
            return t.ask(from(origin, by_ann("GET", "/nothing")))
                .header("Access-Control-Allow-Origin");
        };
        BOOST_TEST(granted(std::string(granted_origin)) == granted_origin);
        BOOST_TEST(granted("https://evil.example") == "");
        BOOST_TEST(granted("") == "");
    });
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_is_500_counted_and_logged_by_the_number_of_the_request)
{
    with_routes([](running_routes& t) {
        t.posts.during = [] { throw std::runtime_error("no such luck"); };
        BOOST_TEST(t.ask(by_ann("GET", "/walls")).said() ==
                   R"(500 {"errors":["Something went wrong here. It has been logged."]})");
        BOOST_TEST(t.measured.failures.Value() == 1);
        BOOST_TEST(t.log().find("request 17 GET /walls failed: no such luck") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(each_refusal_of_the_database_has_its_status)
{
    with_routes([](running_routes& t) {
        using db::denied;
        BOOST_TEST(walls_with(t, denied::signed_out)->said() ==
                   R"(401 {"errors":["Please sign in."]})");
        BOOST_TEST(walls_with(t, denied::no_member)->said() ==
                   R"(403 {"errors":["You may not see this wall."]})");
        BOOST_TEST(walls_with(t, denied::no_author)->said() ==
                   R"(403 {"errors":["This post is not yours."]})");
        BOOST_TEST(walls_with(t, denied::no_post)->said() ==
                   R"(404 {"errors":["There is no such post on this wall."]})");
        BOOST_TEST(walls_with(t, denied::key_in_use)->said() ==
                   R"(409 {"errors":["This client_key was used for another post."]})");
        BOOST_TEST(walls_with(t, db::failure(db::denied::unacceptable, "too long for the column"))
                       ->said() == R"(422 {"errors":["The database does not take this text."]})");
        BOOST_TEST(t.measured.failures.Value() == 0);
        BOOST_TEST(t.measured.database_refusals.Value() == 0);
    });
}

BOOST_AUTO_TEST_CASE(an_error_of_the_database_is_503_and_its_words_stay_in_the_log)
{
    with_routes([](running_routes& t) {
        const client& c = *walls_with(t, database_is_down);
        BOOST_TEST(c.said() ==
                   R"(503 {"errors":["The database is not available. Please try again."]})");
        const int wait = std::stoi(c.header("Retry-After"));
        BOOST_TEST((wait >= 1 && wait <= 3));
        BOOST_TEST(t.measured.database_refusals.Value() == 1);
        BOOST_TEST(t.reached("database_waiting_jobs") == 0);
        BOOST_TEST(t.log().find("the disk is on fire") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_was_set_up_wrongly_is_not_said_to_be_away)
{
    with_routes([](running_routes& t) {
        for (const auto kind :
             {walls::db_error_kind::misconfigured, walls::db_error_kind::wrong_schema}) {
            const client& c = *walls_with(t, walls::db_error{kind, "no such database"});
            BOOST_TEST(c.said() == R"(503 {"errors":["The server is not set up completely. )"
                                   R"(Whoever runs it has to mend it."]})");
            BOOST_TEST(c.header("Retry-After") != "");
        }
        BOOST_TEST(t.log().find("no such database") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(a_full_queue_of_the_database_is_counted_as_the_limit_that_it_is)
{
    with_routes([](running_routes& t) {
        walls_with(t, walls::db_error{walls::db_error_kind::overloaded, "queue"});
        BOOST_TEST(t.reached("database_waiting_jobs") == 1);
        BOOST_TEST(t.measured.database_refusals.Value() == 1);
        const client& c =
            *walls_with(t, walls::db_error{walls::db_error_kind::too_many, "your queue"});
        BOOST_TEST(c.status() == 429);
        BOOST_TEST(c.header("Retry-After") == "1");
        BOOST_TEST(t.reached("database_waiting_jobs_per_user") == 1);
        BOOST_TEST(t.measured.database_refusals.Value() == 1); // not the database's fault
    });
}

BOOST_AUTO_TEST_CASE(who_is_refused_again_and_again_waits_and_who_is_answered_does_not)
{
    running_routes::settings s;
    s.routes.rates.address_refusals_per_second = 1;
    with_routes(
        [](running_routes& t) {
            const std::string limit = "address_refusals_per_second";
            const client* held = nullptr;
            for (int i = 0; i < 10'000 && t.reached(limit) == 0; ++i) {
                BOOST_TEST(t.ask(by_ann("GET", "/")).status() == 200);
                held = &t.ask(by_ann("GET", "/nothing"));
            }
            BOOST_TEST(t.reached(limit) == 1);
            BOOST_TEST(!held->ended); // it sleeps
            while (!held->ended) {
                boost::this_fiber::sleep_for(std::chrono::milliseconds(10));
            }
            BOOST_TEST(held->status() == 404);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_large_answer_counts_while_it_is_sent)
{
    with_routes([](running_routes& t) {
        std::size_t held = 0;
        db::wall_summary wide;
        wide.name = std::string(fastcgi::exchange::in_one, 'w');
        t.posts.walls = std::vector{wide};
        client& c = t.new_client();
        c.on_write = [&] { held = t.chat.room.held(); };
        t.ask(by_ann("GET", "/walls"), c);
        BOOST_TEST(held == c.body.size());
        BOOST_TEST(t.chat.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_call_without_a_peer_has_its_effect_and_no_answer)
{
    with_routes([](running_routes& t) {
        db::wall_summary mine;
        mine.id = walls::wall_id{1};
        t.posts.walls = std::vector{mine};
        dispatch(t.cx, {by_ann("GET", "/walls"), nullptr});
        BOOST_TEST(t.posts.asked.size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(metrics_tell_what_the_parts_count)
{
    with_routes([](running_routes& t) {
        t.counters.now.statements = 7;
        t.counters.now.waiting = 3;
        t.counters.now.schema = db::schema_version() + 2;
        t.ask(poll_after(0));
        const auto says = [&](const std::string& line) {
            return t.ask(by_ann("GET", "/metrics")).body.find('\n' + line + '\n') !=
                   std::string::npos;
        };
        BOOST_TEST(says("pollster_sql_statements_total 7"));
        BOOST_TEST(says("pollster_sql_waiting 3"));
        BOOST_TEST(says("pollster_schema_newer 2"));
        BOOST_TEST(says("pollster_parked_polls 1"));
        t.counters.now.statements = 9; // a counter that is read twice is not added twice
        t.counters.now.schema = 0;     // not asked yet
        BOOST_TEST(says("pollster_sql_statements_total 9"));
        BOOST_TEST(says("pollster_schema_newer 0"));
        BOOST_TEST(t.ask(by_ann("GET", "/metrics")).header("Content-Type") ==
                   "text/plain; version=0.0.4");
    });
}

BOOST_AUTO_TEST_SUITE_END()
