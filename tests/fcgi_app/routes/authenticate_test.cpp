// Who calls, if he may: for each purpose, each refusal.
#include "fcgi_app/routes/call.hpp"
#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

constexpr std::array purposes{purpose::session, purpose::reading, purpose::wall,
                              purpose::wall_costs};

call call_of(http::request r, std::int64_t wall = 1)
{
    call c;
    c.request = std::move(r);
    c.wall = wall;
    return c;
}

// 0: he may.
int status_for(running_routes& t, purpose p, http::request r, std::int64_t wall = 1)
{
    const auto who = authenticate(t.cx, call_of(std::move(r), wall), p);
    const http::trace none;
    return who ? 0 : response_to(t.cx, who.error(), {17, none}).status;
}

http::request writing()
{
    return by_cookie(by_ann("POST", "/walls/1/posts"));
}

running_routes::settings limited(std::size_t rate_settings::* limit)
{
    running_routes::settings s;
    s.routes.rates.*limit = 1;
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(authenticate_)

BOOST_AUTO_TEST_CASE(a_good_session_is_its_user_for_each_purpose)
{
    with_routes([](running_routes& t) {
        for (const auto p : purposes) {
            const auto who = authenticate(t.cx, call_of(by_ann("GET", "/")), p);
            BOOST_REQUIRE(who.has_value());
            BOOST_TEST(walls::number((*who)->user) == 1);
            BOOST_TEST(reader_of(**who).session_id == "ann");
        }
    });
}

BOOST_AUTO_TEST_CASE(no_session_and_an_unknown_one_are_401_for_each_purpose)
{
    with_routes([](running_routes& t) {
        http::request none = by_ann("GET", "/");
        none.authorization.clear();
        http::request unknown = by_ann("GET", "/");
        unknown.authorization = "Bearer nobody";
        for (const auto p : purposes) {
            BOOST_TEST(status_for(t, p, none) == 401);
            BOOST_TEST(status_for(t, p, unknown) == 401);
        }
    });
}

// Its browser has a cookie, maybe, and no session has expired.
BOOST_AUTO_TEST_CASE(a_page_of_another_site_is_told_that_its_browser_sends_no_cookie)
{
    with_routes([](running_routes& t) {
        constexpr auto why =
            R"("why":"This browser sends no cookie from a page of another site. Use a token."})";
        http::request none = by_ann("GET", "/session");
        none.authorization.clear();
        http::request poll = poll_after(0, "");
        http::request stream = none;
        stream.path = "/events";
        for (const auto& [request, said] :
             {std::pair(none, R"(401 {"errors":["Please sign in."])"),
              std::pair(poll, R"(400 {"errors":["Invalid user!"])"),
              std::pair(stream, R"(400 {"errors":["Invalid user!"])")}) {
            http::request asked = request;
            for (const std::string from : {"", "none", "same-origin", "same-site"}) {
                asked.fetch_site = from;
                BOOST_TEST(t.ask(asked).said() == said + std::string("}"), from);
            }
            asked.fetch_site = "cross-site";
            BOOST_TEST(t.ask(asked).said() == said + std::string(",") + why);
            // One that was handed in is judged by itself.
            asked.authorization = "Bearer nobody";
            asked.body.clear();
            BOOST_TEST(t.ask(asked).said().find("why") == std::string::npos);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_wall_of_others_is_403_where_a_wall_is_asked_for)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(status_for(t, purpose::wall, by_ann("GET", "/"), 2) == 403);
        BOOST_TEST(status_for(t, purpose::wall_costs, by_ann("GET", "/"), 2) == 403);
        BOOST_TEST(status_for(t, purpose::reading, by_ann("GET", "/"), 2) == 0);
        BOOST_TEST(status_for(t, purpose::session, by_ann("GET", "/"), 2) == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_does_not_answer_is_503_and_not_401)
{
    with_routes([](running_routes& t) {
        t.chat.db.down = true;
        for (const auto p : purposes) {
            BOOST_TEST(status_for(t, p, by_ann("GET", "/")) == 503);
        }
    });
}

BOOST_AUTO_TEST_CASE(bearer_counts_before_the_cookie_and_all_good_cookies_count)
{
    http::request r = by_ann("GET", "/");
    r.cookie = "pollster_session=stale; other=1; pollster_session=good";
    BOOST_TEST(credentials_of(r, "pollster_session").session_ids == std::vector<std::string>{"ann"},
               boost::test_tools::per_element());
    BOOST_TEST(!credentials_of(r, "pollster_session").from_cookie);
    BOOST_TEST(credentials_of(r, "pollster_session", "body").session_ids ==
                   std::vector<std::string>{"body"},
               boost::test_tools::per_element());
    r.authorization.clear();
    BOOST_TEST(credentials_of(r, "pollster_session").session_ids ==
                   (std::vector<std::string>{"stale", "good"}),
               boost::test_tools::per_element());
    BOOST_TEST(credentials_of(r, "pollster_session").from_cookie);
}

// As Laravel's Sanctum gives it to its client: the hash of what follows the bar is stored.
BOOST_AUTO_TEST_CASE(a_token_with_an_id_before_it_is_that_token)
{
    const auto of = [](http::request r) { return credentials_of(r, "c").session_ids; };
    using found = std::vector<std::string>;
    http::request r = by_ann("GET", "/");
    r.authorization = "Bearer 12|ann";
    BOOST_TEST(of(r) == (found{"ann", "12|ann"}), boost::test_tools::per_element());
    BOOST_TEST(credentials_of(r, "c", "3|x").session_ids == (found{"x", "3|x"}),
               boost::test_tools::per_element());
    r.authorization.clear();
    r.cookie = "c=stale; c=12|ann";
    BOOST_TEST(of(r) == (found{"stale", "ann", "12|ann"}), boost::test_tools::per_element());
    with_routes([](running_routes& t) {
        t.sessions.on_sign_out = [&](const std::string& token) { t.chat.db.sessions.erase(token); };
        t.chat.db.sessions["whole|ann"] = somebody(1); // of an application that stores it so
        const auto signed_by = [](const std::string& token, http::request request) {
            request.authorization = "Bearer " + token;
            return request;
        };
        for (const std::string token : {"12|ann", "whole|ann"}) {
            BOOST_TEST(t.ask(signed_by(token, by_ann("GET", "/session"))).status() == 200, token);
            BOOST_TEST(status_for(t, purpose::wall, signed_by(token, by_ann("GET", "/")), 1) == 0);
        }
        BOOST_TEST(t.ask(signed_by("12|bob", by_ann("GET", "/session"))).status() == 401);
        BOOST_TEST(t.ask(poll_after(0, "12|ann")).status() == 0);
        BOOST_TEST(t.parked() == 1u);
        // Once asked for, such a token costs no SQL.
        const auto asked = t.chat.db.finds;
        BOOST_TEST(status_for(t, purpose::reading, signed_by("12|ann", by_ann("GET", "/"))) == 0);
        BOOST_TEST(t.chat.db.finds == asked);
        BOOST_TEST(t.ask(signed_by("12|ann", by_ann("DELETE", "/session"))).status() == 200);
        BOOST_TEST(t.ask(signed_by("12|ann", by_ann("GET", "/session"))).status() == 401);
    });
}

// --- a page that shows one user, in a browser that has signed in another since ---

BOOST_AUTO_TEST_CASE(a_page_of_another_user_is_412_for_each_purpose)
{
    with_routes([](running_routes& t) {
        http::request r = by_ann("GET", "/");
        for (const auto p : purposes) {
            for (const char* other : {"2", "01", "1, 1", "ann"}) {
                r.user = other;
                BOOST_TEST(status_for(t, p, r) == 412, other);
            }
            r.user = "1";
            BOOST_TEST(status_for(t, p, r) == 0);
        }
    });
}

// --- a writing call by cookie, which a foreign page may have made the browser send ---

BOOST_AUTO_TEST_CASE(a_writing_call_by_cookie_that_proves_nothing_is_403)
{
    with_routes([](running_routes& t) {
        for (const auto p : {purpose::session, purpose::wall_costs}) {
            BOOST_TEST(status_for(t, p, writing()) == 403);
        }
        BOOST_TEST(t.chat.db.finds == 0); // nothing was asked for it
    });
}

BOOST_AUTO_TEST_CASE(what_only_reads_and_what_has_a_bearer_proves_nothing)
{
    with_routes([](running_routes& t) {
        const http::request foreign = from("https://evil.example", by_ann("GET", "/walls"));
        BOOST_TEST(status_for(t, purpose::reading, by_cookie(foreign)) == 0);
        http::request head = by_cookie(foreign);
        head.method = "HEAD";
        BOOST_TEST(status_for(t, purpose::reading, head) == 0);
        http::request bearer = foreign;
        bearer.method = "POST";
        BOOST_TEST(status_for(t, purpose::wall_costs, bearer) == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_writing_call_by_cookie_from_a_page_of_ours_is_done)
{
    with_routes([](running_routes& t) {
        http::request same = writing();
        same.fetch_site = "same-origin";
        BOOST_TEST(status_for(t, purpose::session, same) == 0);
        BOOST_TEST(status_for(t, purpose::session, from("http://chat.example", writing())) == 0);
        BOOST_TEST(status_for(t, purpose::session, from("https://chat.example", writing())) == 0);
        BOOST_TEST(status_for(t, purpose::session, from(std::string(granted_origin), writing())) ==
                   0);
        http::request token = writing(); // an old browser, or a program
        token.csrf_token = "1";
        BOOST_TEST(status_for(t, purpose::session, token) == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_writing_call_by_cookie_from_a_foreign_page_is_403_whatever_else_it_says)
{
    with_routes([](running_routes& t) {
        for (const char* origin : {"https://evil.example", "null", "http://chat.example:81",
                                   "https://chat.example.evil.example"}) {
            http::request r = from(origin, writing());
            r.csrf_token = "1";
            BOOST_TEST(status_for(t, purpose::session, r) == 403, origin);
        }
        for (const char* site : {"cross-site", "same-site"}) {
            http::request r = writing();
            r.fetch_site = site;
            r.csrf_token = "1";
            BOOST_TEST(status_for(t, purpose::session, r) == 403, site);
        }
    });
}

// --- limits ---

BOOST_AUTO_TEST_CASE(an_address_may_read_so_often)
{
    with_routes(
        [](running_routes& t) {
            http::request nobody = by_ann("GET", "/walls"); // before it is known who it is
            nobody.authorization = "Bearer nobody";
            const client& c = t.ask_until_429(nobody, "address_reads_per_second");
            BOOST_TEST(c.body ==
                       R"({"errors":["Too many requests from this address. Please wait."]})");
        },
        limited(&rate_settings::address_reads_per_second));
}

BOOST_AUTO_TEST_CASE(a_user_may_read_so_often_from_wherever)
{
    with_routes(
        [](running_routes& t) {
            const client& c =
                t.ask_until_429(by_ann("GET", "/walls/1/posts"), "user_reads_per_second");
            BOOST_TEST(c.body == R"({"errors":["Too many requests. Please wait."]})");
        },
        limited(&rate_settings::user_reads_per_second));
}

BOOST_AUTO_TEST_CASE(an_address_may_write_so_often)
{
    with_routes(
        [](running_routes& t) {
            const client& c =
                t.ask_until_429(by_ann("DELETE", "/walls/1/posts/5"), "address_posts_per_second");
            BOOST_TEST(c.body ==
                       R"({"errors":["Too many posts from this address. Please wait."]})");
        },
        limited(&rate_settings::address_posts_per_second));
}

BOOST_AUTO_TEST_CASE(a_user_may_write_so_often)
{
    with_routes(
        [](running_routes& t) {
            t.posts.mark = 1;
            const client& c = t.ask_until_429(by_ann("PUT", "/walls/1/read", R"({"id":1})"),
                                              "user_posts_per_second");
            BOOST_TEST(c.body == R"({"errors":["Too many posts. Please wait."]})");
            BOOST_TEST(t.ask(by_ann("GET", "/walls/1/posts")).status() == 200); // reading is free
        },
        limited(&rate_settings::user_posts_per_second));
}

// A request that is refused for something else spends nothing of it.
BOOST_AUTO_TEST_CASE(a_wall_of_others_costs_no_post)
{
    with_routes(
        [](running_routes& t) {
            for (int i = 0; i < 50; ++i) {
                BOOST_TEST(t.ask(by_ann("DELETE", "/walls/2/posts/5")).status() == 403);
            }
            BOOST_TEST(t.ask(by_ann("DELETE", "/walls/1/posts/5")).status() == 404);
        },
        limited(&rate_settings::user_posts_per_second));
}

BOOST_AUTO_TEST_SUITE_END()
