// A foreign page makes a browser send requests with the cookie: none of them writes.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

call by_cookie(call c)
{
    return with(std::move(c), "Cookie", "pollster_session=" + ann);
}

// Every call that writes and takes the session's cookie. Signing out comes last: it works.
std::vector<call> writing_calls()
{
    auto read = post_json(R"({"id":0})", "/walls/1/read");
    read.method = "PUT";
    return {by_cookie(post_json(R"({"body":"hi"})", "/walls/1/posts")), by_cookie(read),
            by_cookie({"DELETE", "/session", {}, {}})};
}

// As the test's client names the host.
const std::string own_origin = "http://localhost";

} // namespace

BOOST_AUTO_TEST_SUITE(forgery_)

BOOST_AUTO_TEST_CASE(no_call_by_cookie_from_a_foreign_page_writes)
{
    chat s(settings{{"cors_origins", "https://shop.example"}});
    const header_list forged[] = {
        {},
        {{"Origin", "https://evil.example"}},
        {{"Origin", "null"}},
        {{"Origin", "https://evil.example"}, {"X-CSRF-Token", "1"}},
        {{"Sec-Fetch-Site", "cross-site"}, {"X-CSRF-Token", "1"}},
        {{"Sec-Fetch-Site", "same-site"}},
        {{"Sec-Fetch-Site", "none"}},
        {{"Origin", "https://shop.example.evil.example"}},
    };
    for (const auto& headers : forged) {
        for (call c : writing_calls()) {
            c.headers.insert(c.headers.end(), headers.begin(), headers.end());
            BOOST_TEST(s.send(c).status == 403, c.method << " " << c.path);
        }
    }
    BOOST_TEST(s.sql("select count(*) from pollster.posts") == "0");
    BOOST_TEST(s.sql("select count(*) from pollster.sessions") == "3");
}

BOOST_AUTO_TEST_CASE(own_and_listed_pages_write_by_cookie)
{
    chat s(settings{{"cors_origins", "https://shop.example"}});
    const auto say = writing_calls().front();
    BOOST_TEST(s.send(with(say, "X-CSRF-Token", "1")).status == 201);
    BOOST_TEST(s.send(with(say, "Sec-Fetch-Site", "same-origin")).status == 201);
    BOOST_TEST(s.send(with(say, "Origin", own_origin)).status == 201);
    BOOST_TEST(s.send(with(say, "Origin", "https://shop.example")).status == 201);
    for (const call& c : writing_calls()) {
        BOOST_TEST(s.send(with(c, "Sec-Fetch-Site", "same-origin")).status < 300,
                   c.method << " " << c.path);
    }
}

BOOST_AUTO_TEST_CASE(a_bearer_needs_no_proof)
{
    chat s;
    BOOST_TEST(s.send(with(say_call(ann, 1, "hi"), "Origin", "https://evil.example")).status ==
               201);
}

BOOST_AUTO_TEST_CASE(a_foreign_page_cannot_sign_a_browser_in_as_somebody_else)
{
    chat s;
    const auto sign_in = post_form("name=ann&password=ann+secret", "/session");
    const auto a = s.send(with(sign_in, "Origin", "https://evil.example"));
    BOOST_TEST(a.status == 201);
    BOOST_TEST(a.header("Set-Cookie") == "");
    BOOST_TEST(a.header("Access-Control-Allow-Origin") == ""); // nor can it read the session
    BOOST_TEST(s.send(with(sign_in, "Origin", own_origin)).header("Set-Cookie") != "");
}

BOOST_AUTO_TEST_SUITE_END()
