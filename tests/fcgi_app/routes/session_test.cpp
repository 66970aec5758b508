// Signing in and out: what is read, which cookie is set for whom, and who is woken.
#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

http::request sign_in_with(const std::string& body, const std::string& type = "application/json")
{
    http::request r = by_ann("POST", "/session", body);
    r.authorization.clear();
    r.content_type = type;
    return r;
}

const std::string ann_json = R"({"name":"ann","password":"secret"})";

db::signed_in new_session()
{
    return {"new-token", walls::user_id{1}, "Ann", "2026-01-02T03:04:05.678Z", 2};
}

http::request sign_out_by_cookies(const std::string& cookies)
{
    http::request r = by_ann("DELETE", "/session");
    r.authorization.clear();
    r.cookie = cookies;
    r.fetch_site = "same-origin";
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(session_)

BOOST_AUTO_TEST_CASE(a_sign_in_by_json_or_form_is_201_with_the_session)
{
    with_routes([](running_routes& t) {
        t.sessions.in = new_session();
        const client& c = t.ask(sign_in_with(ann_json));
        BOOST_TEST(c.said() == R"(201 {"session_id":"new-token","user":{"id":1,"name":"Ann"},)"
                               R"("expires_at":"2026-01-02T03:04:05.678Z"})");
        const client& form = t.ask(
            sign_in_with("name=a%20b&password=c%26d&x=1", "application/x-www-form-urlencoded"));
        BOOST_TEST(form.status() == 201);
        BOOST_TEST(t.sessions.asked ==
                       (std::vector<std::string>{"sign in ann/secret", "sign in a b/c&d"}),
                   boost::test_tools::per_element());
        BOOST_TEST(t.reached("max_sessions_per_user") == 4); // two ended by each
    });
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_401_without_a_cookie)
{
    with_routes([](running_routes& t) {
        const client& c = t.ask(sign_in_with(ann_json));
        BOOST_TEST(c.said() == R"(401 {"errors":["Wrong name or password."]})");
        BOOST_TEST(c.header("Set-Cookie") == "");
        BOOST_TEST(t.log().find("request 17: sign-in refused from 192.0.2.1") != std::string::npos);
        BOOST_TEST(t.log().find("secret") == std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_name_and_password_asks_nothing)
{
    with_routes([](running_routes& t) {
        const auto form = [](const std::string& body) {
            return sign_in_with(body, "application/x-www-form-urlencoded");
        };
        const auto status = [&](const http::request& r) { return t.ask(r).status(); };
        BOOST_TEST(status(sign_in_with("{}")) == 400);
        BOOST_TEST(status(sign_in_with(R"({"name":"ann","password":5})")) == 400);
        BOOST_TEST(status(sign_in_with(R"({"name":"","password":"p"})")) == 400);
        BOOST_TEST(status(sign_in_with(R"({"name":"ann","password":")" + std::string(257, 'p') +
                                       "\"}")) == 400);
        BOOST_TEST(status(sign_in_with("[]")) == 400);
        BOOST_TEST(status(sign_in_with(ann_json, "text/plain")) == 415);
        BOOST_TEST(status(sign_in_with("{\"name\":\"\xff\",\"password\":\"p\"}")) == 422);
        BOOST_TEST(status(form("name=ann")) == 400);
        BOOST_TEST(status(form("name=%4&password=p")) == 400);
        BOOST_TEST(status(form("name=%FF&password=p")) == 422);
        BOOST_TEST(status(sign_in_with("", "")) == 400);
        BOOST_TEST(t.sessions.asked.empty());
    });
}

BOOST_AUTO_TEST_CASE(the_cookie_is_for_scripts_of_nobody_and_lives_as_long_as_the_session)
{
    running_routes::settings s;
    s.routes.session_lifetime = std::chrono::seconds(1234);
    with_routes(
        [](running_routes& t) {
            t.sessions.in = new_session();
            BOOST_TEST(t.ask(sign_in_with(ann_json)).header("Set-Cookie") ==
                       "pollster_session=new-token; Path=/; HttpOnly; SameSite=Lax; Max-Age=1234");
        },
        s);
}

BOOST_AUTO_TEST_CASE(the_cookie_is_secure_as_the_operator_says)
{
    using cookies = routes::settings::cookies;
    const auto is_secure = [](cookies setting, bool https) {
        bool secure = false;
        running_routes::settings s;
        s.routes.secure_cookie = setting;
        with_routes(
            [&](running_routes& t) {
                t.sessions.in = new_session();
                http::request r = sign_in_with(ann_json);
                r.https = https;
                const auto set = t.ask(r).header("Set-Cookie");
                BOOST_TEST(set.starts_with("pollster_session=new-token;"));
                secure = set.ends_with("; Secure");
                http::request out = by_ann("DELETE", "/session");
                out.https = https;
                BOOST_TEST(t.ask(out).header("Set-Cookie").ends_with("; Secure") == secure);
            },
            s);
        return secure;
    };
    BOOST_TEST(!is_secure(cookies::as_request, false));
    BOOST_TEST(is_secure(cookies::as_request, true));
    BOOST_TEST(is_secure(cookies::secure, false));
    BOOST_TEST(is_secure(cookies::secure, true));
    BOOST_TEST(!is_secure(cookies::plain, false));
    BOOST_TEST(!is_secure(cookies::plain, true));
}

BOOST_AUTO_TEST_CASE(the_cookie_has_the_name_and_the_path_that_the_operator_gives_it)
{
    running_routes::settings s;
    s.routes.cookie_name = "second_chat";
    s.routes.cookie_path = "/second/";
    with_routes(
        [](running_routes& t) {
            t.sessions.in = new_session();
            BOOST_TEST(t.ask(sign_in_with(ann_json))
                           .header("Set-Cookie")
                           .starts_with("second_chat=new-token; Path=/second/; HttpOnly;"));
            // Beside that of another instance and those of an application.
            http::request r = by_ann("GET", "/session");
            r.authorization.clear();
            r.cookie = "pollster_session=ann; _shop=x; cart=second_chat";
            BOOST_TEST(t.ask(r).status() == 401);
            http::request poll = by_cookie(poll_after(0));
            poll.body = "last_post_id[1]=0";
            BOOST_TEST(t.ask(poll).status() == 400);
            r.cookie = "pollster_session=bob; _shop=x; second_chat=ann";
            BOOST_TEST(t.ask(r).status() == 200);
            // A sign-out leaves the other instance's alone.
            t.sessions.on_sign_out = [&](const std::string& token) {
                t.chat.db.sessions.erase(token);
            };
            t.sessions.asked.clear();
            BOOST_TEST(t.ask(sign_out_by_cookies(r.cookie)).header("Set-Cookie") ==
                       "second_chat=; Path=/second/; HttpOnly; SameSite=Lax; Max-Age=0");
            BOOST_TEST(t.sessions.asked == std::vector<std::string>{"sign out ann"},
                       boost::test_tools::per_element());
        },
        s);
}

// It could sign the visitor's browser in as somebody else.
BOOST_AUTO_TEST_CASE(a_foreign_page_gets_the_session_and_no_cookie)
{
    with_routes([](running_routes& t) {
        t.sessions.in = new_session();
        const client& foreign = t.ask(from("https://evil.example", sign_in_with(ann_json)));
        BOOST_TEST(foreign.status() == 201);
        BOOST_TEST(foreign.header("Set-Cookie") == "");
        const client& listed = t.ask(from(std::string(granted_origin), sign_in_with(ann_json)));
        BOOST_TEST(listed.header("Set-Cookie") != "");
    });
}

BOOST_AUTO_TEST_CASE(sign_ins_of_an_address_are_limited)
{
    running_routes::settings s;
    s.routes.rates.address_sign_ins_per_minute = 1;
    with_routes(
        [](running_routes& t) {
            const client& c =
                t.ask_until_429(sign_in_with(ann_json), "address_sign_ins_per_minute");
            BOOST_TEST(c.body ==
                       R"({"errors":["Too many sign-ins from this address. Please wait."]})");
            BOOST_TEST(c.header("Set-Cookie") == "");
        },
        s);
}

BOOST_AUTO_TEST_CASE(after_five_wrong_passwords_a_name_waits_and_a_good_one_ends_that)
{
    running_routes::settings s;
    s.routes.rates.sign_in_longest_delay = std::chrono::seconds(300);
    with_routes(
        [](running_routes& t) {
            t.sessions.in = new_session();
            for (int i = 0; i < 20; ++i) {
                BOOST_TEST(t.ask(sign_in_with(ann_json)).status() == 201);
            }
            t.sessions.in = std::optional<db::signed_in>();
            const client& c =
                t.ask_until_429(sign_in_with(ann_json), "sign_in_longest_delay_seconds");
            BOOST_TEST(c.body == R"({"errors":["Too many attempts. Please wait."]})");
            BOOST_TEST(t.sessions.asked.size() >= 20u + limits::login_backoff::free_failures);
            http::request other = sign_in_with(R"({"name":"bob","password":"p"})");
            BOOST_TEST(t.ask(other).status() == 401);
            http::request elsewhere = sign_in_with(ann_json);
            elsewhere.remote_addr = "198.51.100.7";
            BOOST_TEST(t.ask(elsewhere).status() == 401);
        },
        s);
}

BOOST_AUTO_TEST_CASE(when_too_many_passwords_wait_a_sign_in_is_503_and_counted_as_that)
{
    with_routes([](running_routes& t) {
        t.sessions.in = walls::db_error{walls::db_error_kind::overloaded, "queue"};
        const client& c = t.ask(sign_in_with(ann_json));
        BOOST_TEST(c.said() ==
                   R"(503 {"errors":["Too many people are signing in. Please try again."]})");
        BOOST_TEST(c.header("Retry-After") != "");
        BOOST_TEST(t.reached("waiting_sign_ins") == 1);
        BOOST_TEST(t.measured.database_refusals.Value() == 0);
        t.sessions.in = database_is_down;
        BOOST_TEST(t.ask(sign_in_with(ann_json)).status() == 503);
        BOOST_TEST(t.measured.database_refusals.Value() == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_sign_out_ends_each_session_that_the_browser_sent)
{
    with_routes([](running_routes& t) {
        t.sessions.on_sign_out = [&](const std::string& token) { t.chat.db.sessions.erase(token); };
        t.chat.db.sessions["second"] = somebody(2); // of another user, signed in before
        BOOST_TEST(t.chat.who("second") != nullptr);
        const client& c =
            t.ask(sign_out_by_cookies("pollster_session=ann; pollster_session=second"));
        BOOST_TEST(c.said() == R"(200 {"signed_out":true})");
        BOOST_TEST(c.header("Set-Cookie") ==
                   "pollster_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        BOOST_TEST(t.sessions.asked ==
                       (std::vector<std::string>{"sign out ann", "sign out second"}),
                   boost::test_tools::per_element());
        for (const auto* token : {"ann", "second"}) { // forgotten, not only ended
            BOOST_TEST(t.chat.who(token) == nullptr, token);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_sign_out_ends_the_parked_polls_of_its_session_and_no_others)
{
    with_routes([](running_routes& t) {
        t.sessions.on_sign_out = [&](const std::string& token) { t.chat.db.sessions.erase(token); };
        t.chat.db.sessions["phone"] = somebody(1);
        const client& mine = t.ask(poll_after(0));
        const client& phone = t.ask(poll_after(0, "phone"));
        BOOST_TEST(t.parked() == 2u);
        t.ask(by_ann("DELETE", "/session"));
        BOOST_TEST(mine.said() == R"(400 {"errors":["Invalid user!"]})");
        BOOST_TEST(!phone.ended);
        BOOST_TEST(t.parked() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_sign_out_that_the_database_did_not_do_is_not_said_to_be_done)
{
    with_routes([](running_routes& t) {
        t.sessions.error = database_is_down;
        const client& c = t.ask(by_ann("DELETE", "/session"));
        BOOST_TEST(c.status() == 503);
        BOOST_TEST(c.header("Set-Cookie") == "");
        t.sessions.error.reset();
        t.sessions.signed_out["ann"] = true; // elsewhere, since it was remembered
        BOOST_TEST(t.ask(by_ann("DELETE", "/session")).status() == 401);
    });
}

BOOST_AUTO_TEST_CASE(a_session_is_shown_as_the_database_has_it_now)
{
    with_routes([](running_routes& t) {
        auto ann = std::make_shared<walls::identity>(*somebody(1));
        ann->user_name = "Ann \"A\"";
        ann->expires = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) +
                       std::chrono::milliseconds(11'045'678);
        t.chat.db.sessions["ann"] = ann;
        BOOST_TEST(t.ask(by_ann("GET", "/session")).said() ==
                   R"(200 {"user":{"id":1,"name":"Ann \"A\""},)"
                   R"("expires_at":"2026-01-02T03:04:05.678Z"})");
        t.chat.db.sessions.erase("ann"); // no look has told
        BOOST_TEST(t.ask(by_ann("GET", "/session")).status() == 401);
    });
}

BOOST_AUTO_TEST_SUITE_END()
