// Who may do what: signing in and out, cookies, revoked access, other origins; and what costs SQL.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/event_stream.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";
const std::string invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";

call sign_in(const std::string& name, const std::string& password)
{
    return post_json(R"({"name":")" + name + R"(","password":")" + password + R"("})", "/session");
}

call whoami(const std::string& session_id)
{
    return signed_by(session_id, {"GET", "/session", {}, {}});
}

call sign_out(const std::string& session_id)
{
    return signed_by(session_id, {"DELETE", "/session", {}, {}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_)

BOOST_AUTO_TEST_CASE(signing_in_gives_a_session_and_its_cookie)
{
    chat s;
    const auto a = s.send(sign_in("ann", "ann secret"));
    BOOST_TEST(a.status == 201);
    const std::string session(a.json().at("session_id").as_string());
    BOOST_TEST(session.size() == 43);
    BOOST_TEST(a.json().at("user").at("name").as_string() == "ann");
    const auto cookie = a.header("Set-Cookie");
    BOOST_TEST(cookie.starts_with("pollster_session=" + session + "; "), cookie);
    for (const char* flag : {"Path=/", "HttpOnly", "SameSite=Lax"}) {
        BOOST_TEST(cookie.find(flag) != std::string::npos, cookie);
    }
    BOOST_TEST(cookie.find("Secure") == std::string::npos); // this came over http
    BOOST_TEST(s.send(whoami(session)).status == 200);
    // Stored hashed: nowhere in the database is the token itself.
    BOOST_TEST(s.sql("select count(*) from pollster.sessions where token_hash = sha256('" +
                     session + "')") == "1");
    BOOST_TEST(s.send(post_form("name=ann&password=ann+secret", "/session")).status == 201);
}

BOOST_AUTO_TEST_CASE(a_secure_cookie_can_be_asked_for)
{
    chat s(settings{{"secure_cookies", "on"}});
    BOOST_TEST(s.send(sign_in("ann", "ann secret")).header("Set-Cookie").ends_with("; Secure"));
}

BOOST_AUTO_TEST_CASE(wrong_names_and_passwords_get_one_answer)
{
    chat s;
    const std::string refused = R"(401 {"errors":["Wrong name or password."]})";
    BOOST_TEST(text_of(s.send(sign_in("ann", "wrong"))) == refused);
    BOOST_TEST(text_of(s.send(sign_in("nobody", "ann secret"))) == refused);
    BOOST_TEST(text_of(s.send(sign_in("bob", "anything"))) == refused); // has no password
}

BOOST_AUTO_TEST_CASE(signing_out_ends_the_session_and_its_parked_poll)
{
    chat s(no_look_in_time);
    hanging_call poll(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const auto a = s.send(sign_out(ann));
    BOOST_TEST(text_of(a) == R"(200 {"signed_out":true})");
    BOOST_TEST(a.header("Set-Cookie").starts_with("pollster_session=; "));
    BOOST_TEST(text_of(poll.wait()) == invalid_user);
    BOOST_TEST(text_of(s.send(whoami(ann))) == R"(401 {"errors":["Please sign in."]})");
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":0})"))) == invalid_user);
}

BOOST_AUTO_TEST_CASE(a_writing_call_with_a_cookie_needs_the_csrf_header)
{
    chat s;
    auto say = post_json(R"({"body":"hi"})", "/walls/1/posts");
    say = with(say, "Cookie", "pollster_session=" + ann);
    BOOST_TEST(s.send(say).status == 403);
    BOOST_TEST(s.send(with(say, "X-CSRF-Token", "1")).status == 201);
    BOOST_TEST(s.send({"GET", "/session", {}, {{"Cookie", "pollster_session=" + ann}}}).status ==
               200);
}

// A browser sends cookies of one name but other Path or Domain all together, the stale one perhaps
// first.
BOOST_AUTO_TEST_CASE(a_stale_cookie_beside_a_good_one_locks_nobody_out)
{
    chat s;
    const std::string name = "pollster_session=";
    const std::string stale = name + std::string(43, 'x');
    for (const auto& cookies :
         {stale + "; " + name + ann, name + "; " + name + ann, name + ann + "; " + stale,
          stale + ";a=b;" + name + "old;" + name + ann}) {
        const header_list header{{"Cookie", cookies}, {"X-CSRF-Token", "1"}};
        BOOST_TEST(s.send({"GET", "/session", {}, header}).status == 200, cookies);
        auto poll = post_form("last_post_id[1]=0&last_post_id[3]=0");
        poll.headers.push_back(header[0]);
        s.sql(insert_post(1, 2, "news"));
        BOOST_TEST(s.send(poll).status == 200, cookies);
        auto say = post_json(R"({"body":"hi"})", "/walls/1/posts");
        say.headers.insert(say.headers.end(), header.begin(), header.end());
        BOOST_TEST(s.send(say).status == 201, cookies);
    }
    // Two cookies may come as two headers.
    BOOST_TEST(
        s.send({"GET", "/session", {}, {{"Cookie", stale}, {"Cookie", name + ann}}}).status == 200);
    // Signing out ends all that the browser has, or the second would sign it in again.
    const header_list both{{"Cookie", stale + "; " + name + ann + "; " + name + bob},
                           {"X-CSRF-Token", "1"}};
    BOOST_TEST(s.send({"DELETE", "/session", {}, both}).status == 200);
    BOOST_TEST(s.send({"GET", "/session", {}, both}).status == 401);
    BOOST_TEST(s.send(whoami(bob)).status == 401);
}

BOOST_AUTO_TEST_CASE(an_expired_session_is_unknown)
{
    chat s;
    s.sql(
        "update pollster.sessions set expires_at = now() - interval '1 second' where user_id = 1");
    BOOST_TEST(text_of(s.send(poll_call(ann, R"({"1":0})"))) == invalid_user);
    BOOST_TEST(s.send(whoami(ann)).status == 401);
}

BOOST_AUTO_TEST_CASE(a_session_that_expires_ends_its_parked_poll)
{
    chat s;
    hanging_call poll(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const auto ends_in = [&s](const std::string& seconds) {
        s.sql("update pollster.sessions set expires_at = now() + interval '" + seconds +
              " seconds' where user_id = 1");
    };
    ends_in("1000"); // first another end, and then a nearer one
    ends_in("1");
    BOOST_TEST(text_of(poll.wait()) == invalid_user);
}

BOOST_AUTO_TEST_CASE(a_revoked_membership_or_session_stops_a_parked_poll)
{
    for (const std::string notify : {"on", "off"}) {
        // By the notification, or by the next look.
        chat s(notify == "on" ? no_look_in_time : settings{{"notify", "off"}});
        hanging_call of_cleo(s, poll_call(cleo, R"({"1":0})"));
        hanging_call of_bob(s, poll_call(bob, R"({"1":0})"));
        hanging_call of_ann(s, poll_call(ann, R"({"1":0,"2":0})"));
        s.until_parked(3);
        s.sql("delete from pollster.memberships where user_id = 3");
        BOOST_TEST(text_of(of_cleo.wait()) == invalid_parameters);
        s.sql("delete from pollster.sessions where user_id = 2");
        BOOST_TEST(text_of(of_bob.wait()) == invalid_user);
        // One of two walls: the poll stays for the other, and tells nothing of the lost one.
        s.sql("delete from pollster.memberships where user_id = 1 and wall_id = 1");
        s.sql(insert_post(1, 2, "no longer for ann") + "; " + insert_post(2, 2, "for ann"));
        BOOST_TEST(entries_of(of_ann.wait()) == "2:1");
    }
}

// Whichever way a client waits: by a poll, or by a stream.
BOOST_AUTO_TEST_CASE(walls_that_come_and_go_are_told_to_whoever_says_which_ones_it_knows)
{
    chat s(no_look_in_time);
    const auto poll = [&s](const std::string& access) {
        return signed_by(cleo, post_form("last_post_id[1]=0&access=" + access));
    };
    const auto number = [](const std::string& access) {
        return R"(200 {"walls":{},"access":)" + access + "}";
    };
    const std::string one = access_of(s, cleo);
    const event_stream streamed(s.folder(),
                                "http://127.0.0.1:" + std::to_string(s.port()) + s.mount() +
                                    "/events?access=" + one,
                                cleo, {"-g"});
    streamed.until("retry: ");
    hanging_call gains(s, poll(one));
    s.until_parked(2);
    s.sql("insert into pollster.memberships (user_id, wall_id) values (3, 2)");
    const auto told = text_of(gains.wait());
    const std::string two = access_of(s, cleo);
    BOOST_TEST(two != one);
    BOOST_TEST(told == number(two));
    streamed.until(R"(data: {"lost":[],"gained":[],"access":)" + two);
    hanging_call loses(s, poll(two));
    s.until_parked(2);
    s.sql("delete from pollster.memberships where user_id = 3");
    const auto told_again = text_of(loses.wait());
    const std::string none = access_of(s, cleo);
    BOOST_TEST(told_again == number(none));
    streamed.until(R"(data: {"lost":[],"gained":[],"access":)" + none);
    hanging_call waits(s, poll(none)); // of wall 1, which is not hers: for any
    s.until_parked(2);
    s.sql("insert into pollster.memberships (user_id, wall_id) values (3, 1)");
    BOOST_TEST(text_of(waits.wait()) == number(one));
}

// The client's list is read again by itself after minutes only.
BOOST_AUTO_TEST_CASE(the_client_library_shows_a_wall_that_comes_and_none_that_went)
{
    for (const std::string transport : {"poll", "auto"}) {
        chat s(no_look_in_time);
        const auto log = s.folder() / ("walls seen by " + transport);
        process library({"node", source_folder() / "tests" / "web" / "walls_seen.mjs",
                         "http://127.0.0.1:" + std::to_string(s.port()) + "/api/", transport},
                        {log, -1, {}});
        const auto until = [&](const std::string& walls) {
            eventually("the client shows " + walls, [&] {
                return read_text(log).find("walls: " + walls + '.') != std::string::npos;
            });
        };
        until("1 2");
        s.sql("insert into pollster.memberships (user_id, wall_id) values (1, 3)");
        until("1 2 3");
        s.sql("delete from pollster.memberships where user_id = 1 and wall_id < 3");
        until("3");
        s.sql("delete from pollster.memberships where user_id = 1");
        until("");
        s.sql("insert into pollster.memberships (user_id, wall_id) values (1, 2)");
        until("2");
        BOOST_TEST(library.running());
    }
}

BOOST_AUTO_TEST_CASE(a_disabled_user_is_out_at_once)
{
    chat s(no_look_in_time);
    hanging_call poll(s, poll_call(bob, R"({"1":0})"));
    s.until_parked(1);
    BOOST_TEST(s.administer({"user", "disable", "bob"}).code == 0);
    BOOST_TEST(text_of(poll.wait()) == invalid_user);
}

BOOST_AUTO_TEST_CASE(sessions_made_on_the_command_line_poll)
{
    chat s;
    const auto tokens = s.administer({"session", "create", "--count", "2", "bob"}).output;
    BOOST_REQUIRE_EQUAL(tokens.size(), 2 * 44);
    s.sql(insert_post(1, 2, "hi"));
    BOOST_TEST(entries_of(s.send(poll_call(tokens.substr(0, 43), R"({"1":0})"))) == "1:1");
    BOOST_TEST(entries_of(s.send(poll_call(tokens.substr(44, 43), R"({"1":0})"))) == "1:1");
}

BOOST_AUTO_TEST_CASE(listed_origins_are_echoed_on_every_answer)
{
    chat s(settings{{"cors_origins", "https://shop.example,https://other.example:8443"}});
    const std::string shop = "https://shop.example";
    const call calls[] = {{},
                          {"OPTIONS", "/walls/1/posts", {}, {}},
                          {"GET", "/nothing", {}, {}},
                          {"DELETE", "/walls", {}, {}},
                          {"GET", "/session", {}, {}},
                          signed_by(ann, {"GET", "/walls", {}, {}}),
                          post_form("session_id=x"),
                          poll_call(ann, R"({"2":1})"), // a poll that is answered late
                          post_json(std::string(600'000, ' '))};
    for (const call& c : calls) {
        const auto a = s.send(with(c, "Origin", shop));
        BOOST_TEST_CONTEXT(c.method + " " + c.path + " -> " + std::to_string(a.status))
        {
            BOOST_TEST(a.header("Access-Control-Allow-Origin") == shop);
            BOOST_TEST(a.header("Access-Control-Allow-Credentials") == "true");
            BOOST_TEST(a.header("Vary") == "Origin");
            BOOST_TEST(a.header("Access-Control-Allow-Methods") ==
                       "GET, POST, PUT, PATCH, DELETE, OPTIONS");
            BOOST_TEST(a.header("Access-Control-Allow-Headers") ==
                       "Authorization, Content-Type, X-CSRF-Token, X-Pollster-User, traceparent");
            BOOST_TEST(a.header("Access-Control-Max-Age") == "600");
        }
    }
    for (const char* other : {"https://evil.example", "https://shop.example.evil.example",
                              "http://shop.example", "null"}) {
        const auto a = s.send(with({}, "Origin", other));
        BOOST_TEST(a.header("Access-Control-Allow-Origin") == "", other);
        BOOST_TEST(a.header("Access-Control-Allow-Credentials") == "", other);
        BOOST_TEST(a.header("Vary") == "Origin");
    }
}

// nginx gives the head of an answer fastcgi_buffer_size bytes, and answers 502 to a longer one.
BOOST_AUTO_TEST_CASE(the_longest_head_fits_into_the_buffer_of_nginx)
{
    const std::string host = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                             std::string(63, 'c') + "." + std::string(61, 'd'); // 253: RFC 1035
    const std::string origin = "https://" + host + ":65535";
    chat s(settings{{"cors_origins", origin}});
    const std::string trace =
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + std::string(72, 'x');
    for (const call& c :
         {post_form("session_id=x"), poll_call(ann, R"({"1":0})"), sign_in("ann", "ann secret")}) {
        const auto a = s.send(with(with(c, "Origin", origin), "traceparent", trace));
        BOOST_TEST_CONTEXT(c.method + " " + c.path + " -> " + std::to_string(a.status))
        {
            BOOST_TEST(a.status != 502);
            BOOST_TEST(a.header("Access-Control-Allow-Origin") == origin);
            BOOST_TEST(a.header("traceparent") == trace);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_origin_can_be_admitted_without_credentials)
{
    chat s(settings{{"cors_origins", "*"}});
    const auto a = s.send(with({}, "Origin", "https://any.example"));
    BOOST_TEST(a.header("Access-Control-Allow-Origin") == "*");
    BOOST_TEST(a.header("Access-Control-Allow-Credentials") == "");
}

BOOST_AUTO_TEST_CASE(options_is_answered_with_an_empty_body_on_any_path)
{
    chat s;
    for (const char* target : {"/", "/walls", "/nothing/here"}) {
        const auto a = s.send({"OPTIONS", target, {}, {}});
        BOOST_TEST(text_of(a) == "200 ", target);
        BOOST_TEST(a.header("Access-Control-Max-Age") == "600");
    }
}

BOOST_AUTO_TEST_SUITE_END()
