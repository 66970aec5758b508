// Readers without a session: by a signed token, and guests of the walls that are open.
#include "tests/fcgi_app/routes/fixture.hpp"

#include <functional>
#include <vector>

using namespace routes;
using namespace routes::testing;

namespace {

walls::identity_ptr reader_by(walls::grounds by, std::int64_t user,
                              std::vector<walls::wall_id> walls)
{
    auto who = std::make_shared<walls::identity>(*somebody(user, std::move(walls)));
    who->by = by;
    return who;
}

// Wall 1 is open.
void open_wall(running_routes& t)
{
    t.chat.db.open = {walls::wall_id{1}};
}

http::request by_nobody(const std::string& method, const std::string& path,
                        const std::string& body = {})
{
    http::request r = by_ann(method, path, body);
    r.authorization.clear();
    return r;
}

http::request by_token(http::request r, const std::string& token)
{
    r.authorization = "Bearer " + token;
    return r;
}

const std::string sign_in = R"(401 {"errors":["Please sign in."]})";
const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";

} // namespace

BOOST_AUTO_TEST_SUITE(guests_)

BOOST_AUTO_TEST_CASE(nobody_is_a_guest_while_no_wall_is_open)
{
    with_routes([](running_routes& t) {
        for (const auto* path : {"/walls", "/walls/1/posts", "/session"}) {
            BOOST_TEST(t.ask(by_nobody("GET", path)).said() == sign_in);
        }
        BOOST_TEST(t.ask(poll_after(0, "")).said() == invalid_user);
    });
}

BOOST_AUTO_TEST_CASE(a_guest_reads_what_is_open_and_writes_nothing)
{
    with_routes([](running_routes& t) {
        open_wall(t);
        BOOST_TEST(t.ask(by_nobody("GET", "/walls")).status() == 200);
        BOOST_TEST(t.ask(by_nobody("GET", "/walls/1/posts")).status() == 200);
        // Twice, because the list that the fake gives is not that of his walls.
        BOOST_TEST(t.posts.asked == (std::vector<std::string>{"read of walls 1 for , user 0",
                                                              "read of walls 1 for , user 0",
                                                              "50 of wall 1 for , user 0"}),
                   boost::test_tools::per_element());
        BOOST_TEST(t.ask(by_nobody("GET", "/walls/2/posts")).said() == sign_in);
        BOOST_TEST(t.ask(by_nobody("POST", "/walls/1/posts", R"({"body":"hi"})")).said() ==
                   sign_in);
        BOOST_TEST(t.ask(by_nobody("PUT", "/walls/1/read", R"({"id":1})")).said() == sign_in);
        BOOST_TEST(t.ask(by_nobody("GET", "/session")).said() == sign_in);
        BOOST_TEST(t.posts.added.empty());
        const client& parked = t.ask(poll_after(0, ""));
        BOOST_TEST(t.parked() == 1u);
        BOOST_TEST(parked.status() == 0);
    });
}

BOOST_AUTO_TEST_CASE(who_says_that_he_is_signed_in_is_no_guest_and_a_guest_has_no_cookie)
{
    with_routes([](running_routes& t) {
        open_wall(t);
        http::request r = by_nobody("GET", "/walls/1/posts");
        r.user = "1";
        BOOST_TEST(t.ask(r).said() == sign_in);
        r.user = "0";
        BOOST_TEST(t.ask(r).status() == 200);
        r.cookie = "pollster_session=ann";
        BOOST_TEST(t.ask(r).status() == 200);
        BOOST_TEST(t.posts.asked.back() == "50 of wall 1 for , user 0");
        r.path = "/session";
        BOOST_TEST(t.ask(r).said().starts_with(R"(200 {"user":{"id":0,)"));
        // By bearer he says who he is.
        BOOST_TEST(t.ask(by_token(r, "ann")).status() == 412);
    });
}

// Failed before, of "1|": its secret is empty, and so was a guest's.
BOOST_AUTO_TEST_CASE(what_is_no_token_is_nobody_wherever_it_stands)
{
    for (const bool open : {false, true}) {
        with_routes([open](running_routes& t) {
            if (open) {
                open_wall(t);
            }
            for (const std::string token :
                 {"1|", "|", "||", "1||", "1| |", "|1|", "1|1|", "a-b|"}) {
                const auto said = [&](http::request r) { return t.ask(by_token(r, token)).said(); };
                BOOST_TEST(said(by_nobody("GET", "/session")) == sign_in, token);
                BOOST_TEST(said(by_nobody("GET", "/walls")) == sign_in, token);
                BOOST_TEST(said(by_nobody("GET", "/walls/1/posts")) == sign_in, token);
                BOOST_TEST(said(by_nobody("DELETE", "/session")) == sign_in, token);
                http::request cookie = by_nobody("GET", "/session");
                cookie.cookie = "pollster_session=" + token;
                BOOST_TEST(t.ask(cookie).said() == sign_in, token);
                cookie.cookie += "; pollster_session=ann";
                BOOST_TEST(t.ask(cookie).said().starts_with(R"(200 {"user":{"id":1,)"), token);
                BOOST_TEST(t.ask(poll_after(0, token)).said() == invalid_user, token);
                http::request poll = poll_after(0, token);
                poll.body = "session_id=" + token + "&access=1&last_post_id[1]=0";
                BOOST_TEST(t.ask(poll).said() == invalid_user, token);
                http::request stream = by_nobody("GET", "/events");
                stream.query = "last_post_id[1]=0&session_id=" + token;
                BOOST_TEST((t.ask(by_token(stream, token)).said() == invalid_user), token);
            }
            BOOST_TEST(t.parked() == 0u);
            BOOST_TEST(t.chat.db.guest_finds == 0); // nor is a guest asked for, or forgotten
        });
    }
}

// An empty field, header or cookie says nothing, as if it were not there.
BOOST_AUTO_TEST_CASE(what_is_empty_says_nothing)
{
    with_routes([](running_routes& t) {
        const std::vector<std::function<void(http::request&)>> ways{
            [](http::request& r) { r.authorization = "Bearer"; },
            [](http::request& r) { r.authorization = "Bearer "; },
            [](http::request& r) { r.authorization = "Bearer  \t "; },
            [](http::request& r) { r.authorization = " "; },
            [](http::request& r) { r.cookie = "pollster_session="; },
            [](http::request& r) { r.cookie = "pollster_session= ; pollster_session=\t"; },
            [](http::request& r) { r.cookie = "pollster_session"; },
            [](http::request& r) { r.cookie = ";;=;"; },
            [](http::request& r) { r.user = ""; }};
        http::request poll = poll_after(0, "");
        http::request json = by_nobody("POST", "/", R"({"session_id":"","last_post_id":{"1":0}})");
        for (const auto& way : ways) {
            for (http::request r : {by_nobody("GET", "/session"), by_nobody("GET", "/walls"),
                                    by_nobody("DELETE", "/session")}) {
                way(r);
                BOOST_TEST(t.ask(r).said() == sign_in);
            }
            for (http::request r : {poll, json}) {
                way(r);
                BOOST_TEST(t.ask(r).said() == invalid_user);
                if (r.cookie.empty()) {
                    r.cookie = "pollster_session=ann"; // goes on counting
                } else {
                    r.cookie += "; pollster_session=ann";
                }
                const auto parked = t.parked();
                t.ask(r);
                BOOST_TEST(t.parked() == parked + 1);
            }
        }
        // Whoever says that he is user 0 is a guest, in one spelling.
        open_wall(t);
        for (const auto* other : {"00", "-0", "+0", " 0", "0 ", "0x0", "0.0", "null", "guest"}) {
            http::request r = by_nobody("GET", "/walls");
            r.user = other;
            BOOST_TEST(t.ask(r).said() == sign_in, other);
            r.cookie = "pollster_session=ann";
            BOOST_TEST(t.ask(r).status() == 412, other);
        }
        // A proof that is empty proves nothing.
        http::request write = by_nobody("POST", "/walls/1/posts", R"({"body":"hi"})");
        write.cookie = "pollster_session=ann";
        write.csrf_token = "";
        BOOST_TEST(t.ask(write).status() == 403);
    });
}

// A look vouches for 5 s here. A round that took too long, on a busy machine, says nothing:
// another.
BOOST_AUTO_TEST_CASE(guests_who_ask_who_they_are_cost_the_others_no_question)
{
    with_routes([](running_routes& t) {
        open_wall(t);
        t.ask(poll_after(0, "")); // looks succeed while somebody waits
        for (bool quick = false; !quick;) {
            const auto began = std::chrono::steady_clock::now();
            t.chat.look();
            const auto asked = t.chat.db.guest_finds;
            for (int i = 0; i < 5; ++i) {
                http::request r = by_nobody("GET", "/session");
                r.user = "0";
                BOOST_TEST(t.ask(r).status() == 200);
                t.ask(by_token(by_nobody("GET", "/session"), "1|"));
            }
            quick = std::chrono::steady_clock::now() - began < std::chrono::seconds(5);
            BOOST_TEST((!quick || t.chat.db.guest_finds == asked));
        }
    });
}

BOOST_AUTO_TEST_CASE(guests_at_one_address_have_so_many_places)
{
    running_routes::settings s;
    s.routes.rates.max_parked_per_address = 3;
    with_routes(
        [](running_routes& t) {
            open_wall(t);
            t.chat.db.add(1);
            const auto from_address = [&](const std::string& address, http::request r) -> client& {
                r.remote_addr = address;
                return t.ask(r);
            };
            http::request stream = by_nobody("GET", "/events");
            stream.query = "last_post_id[1]=1";
            client& first = from_address("192.0.2.1", poll_after(1, ""));
            from_address("192.0.2.1", stream);
            from_address("192.0.2.1", poll_after(1, ""));
            BOOST_TEST(t.parked() == 3u);
            const client& refused = from_address("192.0.2.1", poll_after(1, ""));
            BOOST_TEST(refused.said() == R"(429 {"errors":["Too many guests from this address are )"
                                         R"(waiting. Please try again."]})");
            BOOST_TEST(refused.header("Retry-After") == "5");
            BOOST_TEST(from_address("192.0.2.1", stream).body.find(R"({"reason":"unavailable"})") !=
                       std::string::npos);
            BOOST_TEST(t.reached("max_parked_per_address") == 2);
            BOOST_TEST(t.parked() == 3u);
            // Who need not wait is answered; others wait, members and where no address is known.
            BOOST_TEST(from_address("192.0.2.1", poll_after(0, "")).status() == 200);
            from_address("192.0.2.2", poll_after(1, ""));
            from_address("192.0.2.1", poll_after(1, "ann"));
            for (int i = 0; i < 5; ++i) {
                from_address("unix:", poll_after(1, ""));
                from_address("", poll_after(1, ""));
            }
            BOOST_TEST(t.parked() == 15u);
            // A place is free again when its poll has left, and one that was answered has none.
            first.leave();
            let_others_run();
            from_address("192.0.2.1", poll_after(1, ""));
            BOOST_TEST(t.parked() == 15u);
            BOOST_TEST(from_address("192.0.2.1", poll_after(1, "")).status() == 429);
            t.chat.db.add(1);
            t.chat.look();
            BOOST_TEST(t.parked() == 1u); // the stream
            from_address("192.0.2.1", poll_after(2, ""));
            from_address("192.0.2.1", poll_after(2, ""));
            BOOST_TEST(from_address("192.0.2.1", poll_after(2, "")).status() == 429);
        },
        s);
}

BOOST_AUTO_TEST_CASE(guests_together_have_a_part_of_the_places)
{
    running_routes::settings s;
    s.hub.max_parked = 8;
    with_routes(
        [](running_routes& t) {
            open_wall(t);
            t.ask(poll_after(0, ""));
            t.ask(poll_after(0, ""));
            const client& refused = t.ask(poll_after(0, ""));
            BOOST_TEST(refused.said() ==
                       R"(503 {"errors":["Too many guests are waiting. Please try again."]})");
            BOOST_TEST(refused.header("Retry-After") == "5");
            http::request stream = by_nobody("GET", "/events");
            stream.query = "last_post_id[1]=0";
            BOOST_TEST(t.ask(stream).body.find(R"({"reason":"unavailable"})") != std::string::npos);
            BOOST_TEST(t.reached("max_parked_guests") == 2);
            BOOST_TEST(t.reached("max_parked") == 0);
            BOOST_TEST(t.log().find("was refused") ==
                       std::string::npos); // strangers do not fill it
            for (int i = 0; i < 6; ++i) {
                t.ask(poll_after(0, "ann"));
            }
            BOOST_TEST(t.parked() == 8u);
            BOOST_TEST(t.ask(poll_after(0, "ann")).status() == 503);
            BOOST_TEST(t.reached("max_parked") == 1);
        },
        s);
}

BOOST_AUTO_TEST_CASE(guests_are_limited_by_their_address_alone)
{
    running_routes::settings s;
    s.routes.rates.user_reads_per_second = 1;
    s.routes.rates.user_polls_per_second = 1;
    s.hub.max_parked_per_user = 1;
    with_routes(
        [](running_routes& t) {
            open_wall(t);
            for (int i = 0; i < 50; ++i) {
                BOOST_TEST(t.ask(by_nobody("GET", "/walls/1/posts")).status() == 200);
                t.ask(poll_after(0, ""));
            }
            BOOST_TEST(t.parked() == 50u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_token_for_reading_writes_nothing)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["g"] = reader_by(walls::grounds::signed_walls, 0, {walls::wall_id{1}});
        t.chat.db.sessions["u"] = reader_by(walls::grounds::signed_walls, 7, {walls::wall_id{1}});
        for (const std::string token : {"g", "u"}) {
            const auto said = [&](const std::string& method, const std::string& path,
                                  const std::string& body = {}) {
                return t.ask(by_token(by_nobody(method, path, body), token)).said();
            };
            const std::string no = R"(403 {"errors":["This token is for reading only."]})";
            BOOST_TEST(said("POST", "/walls/1/posts", R"({"body":"hi"})") == no);
            BOOST_TEST(said("PATCH", "/walls/1/posts/1", R"({"body":"hi"})") == no);
            BOOST_TEST(said("DELETE", "/walls/1/posts/1") == no);
            BOOST_TEST(said("PUT", "/walls/1/read", R"({"id":1})") == no);
            BOOST_TEST(said("GET", "/walls/2/posts") ==
                       R"(403 {"errors":["You may not see this wall."]})");
            BOOST_TEST(said("GET", "/walls/1/posts").starts_with("200"));
            BOOST_TEST(said("GET", "/session").starts_with("200"));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_token_cannot_be_ended)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["signed"] =
            reader_by(walls::grounds::signed_user, 1, {walls::wall_id{1}});
        t.sessions.signed_out["signed"] = false;
        const client& c = t.ask(by_token(by_nobody("DELETE", "/session"), "signed"));
        BOOST_TEST(c.said().starts_with(R"(200 {"signed_out":false,"expires_at":")"));
        BOOST_TEST(c.header("Set-Cookie").starts_with("pollster_session=; "));
    });
}

BOOST_AUTO_TEST_CASE(other_keys_end_what_waits_with_a_signed_token)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["signed"] =
            reader_by(walls::grounds::signed_user, 2, {walls::wall_id{1}});
        const client& by_key = t.ask(poll_after(0, "signed"));
        t.ask(poll_after(0, "ann"));
        BOOST_TEST(t.parked() == 2u);
        const auto finds = t.chat.db.finds;
        t.chat.db.sessions.erase("signed");
        t.chat.h->keys_changed();
        let_others_run();
        BOOST_TEST(by_key.said() == invalid_user);
        BOOST_TEST(t.parked() == 1u);
        BOOST_TEST(t.chat.db.finds == finds + 1); // of the other nobody asked
    });
}

// By this host's clock it has run out; no look has been told anything else.
BOOST_AUTO_TEST_CASE(what_waits_with_a_signed_token_ends_when_the_clock_of_this_host_is_set_forward)
{
    with_routes([](running_routes& t) {
        std::chrono::milliseconds set{};
        t.chat.h->time_of_day() = [&] {
            return walls::clock_watch::reading(std::chrono::floor<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())) +
                   set;
        };
        t.chat.db.sessions["signed"] =
            reader_by(walls::grounds::signed_user, 2, {walls::wall_id{1}});
        const client& by_key = t.ask(poll_after(0, "signed"));
        const client& session = t.ask(poll_after(0, "ann"));
        t.chat.look();
        BOOST_TEST(t.parked() == 2u);
        t.chat.db.sessions.erase("signed"); // as signed_access judges it by then
        set = std::chrono::hours(1);
        t.chat.look();
        BOOST_TEST(by_key.said() == invalid_user);
        BOOST_TEST(!session.ended);
        BOOST_TEST(t.parked() == 1u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
