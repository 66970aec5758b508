// What the FastCGI server hands over: what cannot be read is refused in the words of HTTP.
#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

fastcgi::request request_with(std::vector<fastcgi::name_value> params, std::string body = {})
{
    fastcgi::request r;
    r.number = 5;
    r.params = std::move(params);
    r.body = std::move(body);
    return r;
}

std::string refusal_of(running_routes& t, fastcgi::request_error error)
{
    auto r = request_with({{"REQUEST_METHOD", "GET"}, {"PATH_INFO", "/"}});
    r.error = error;
    return t.ask(std::move(r)).said();
}

} // namespace

BOOST_AUTO_TEST_SUITE(receive_)

BOOST_AUTO_TEST_CASE(what_the_server_could_not_read_has_a_status_and_a_sentence)
{
    with_routes([](running_routes& t) {
        using fastcgi::request_error;
        BOOST_TEST(refusal_of(t, request_error::params_too_large) ==
                   R"(431 {"errors":["The request's header is too large."]})");
        BOOST_TEST(refusal_of(t, request_error::body_too_large) ==
                   R"(413 {"errors":["The body is too large."]})");
        BOOST_TEST(refusal_of(t, request_error::too_slow) ==
                   R"(408 {"errors":["The request took too long to arrive."]})");
        BOOST_TEST(refusal_of(t, request_error::malformed_params) ==
                   R"(400 {"errors":["The request is incomplete or malformed."]})");
        BOOST_TEST(refusal_of(t, request_error::none) == R"(200 {"ack":"huzzah!"})");
    });
}

BOOST_AUTO_TEST_CASE(params_that_describe_no_request_are_400)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.ask(request_with({})).status() == 400);
        BOOST_TEST(t.ask(request_with({{"REQUEST_METHOD", ""}})).status() == 400);
        BOOST_TEST(
            t.ask(request_with({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "5"}}, "four"))
                .status() == 400);
    });
}

// A page of another origin could not read it without.
BOOST_AUTO_TEST_CASE(a_refusal_has_the_cors_lines_of_its_origin)
{
    with_routes([](running_routes& t) {
        auto r = request_with({{"HTTP_ORIGIN", granted_origin}});
        r.error = fastcgi::request_error::body_too_large;
        BOOST_TEST(t.ask(std::move(r)).header("Access-Control-Allow-Origin") == granted_origin);
    });
}

BOOST_AUTO_TEST_CASE(a_request_reaches_its_route_with_its_number_and_its_body)
{
    with_routes([](running_routes& t) {
        t.posts.mark = 7;
        client& c = t.ask(request_with({{"REQUEST_METHOD", "PUT"},
                                        {"PATH_INFO", "/walls/1/read"},
                                        {"CONTENT_TYPE", "application/json"},
                                        {"CONTENT_LENGTH", "8"},
                                        {"HTTP_AUTHORIZATION", "Bearer ann"}},
                                       R"({"id":7})"));
        BOOST_TEST(c.said() == R"(200 {"read":7})");
        BOOST_TEST(t.posts.asked == std::vector<std::string>{"wall 1 is read to 7 for ann, user 1"},
                   boost::test_tools::per_element());
        BOOST_TEST(t.log().find("request 5 PUT /walls/1/read -> 200") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(the_id_of_the_web_server_is_in_each_line_and_in_the_answer)
{
    with_routes([](running_routes& t) {
        const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        const auto called = [&](const std::string& path) {
            return request_with({{"REQUEST_METHOD", "GET"},
                                 {"PATH_INFO", path},
                                 {"HTTP_AUTHORIZATION", "Bearer ann"},
                                 {"REQUEST_ID", "abc-1"},
                                 {"HTTP_TRACEPARENT", trace}});
        };
        const std::string name = "request 5 id=abc-1 traceparent=" + trace;
        const client& fine = t.ask(called("/"));
        BOOST_TEST(fine.status() == 200);
        BOOST_TEST(fine.header("X-Request-Id") == "abc-1");
        BOOST_TEST(fine.header("traceparent") == trace);
        BOOST_TEST(t.log().find(name + " GET / -> 200") != std::string::npos);

        t.posts.walls = database_is_down;
        const client& refused = t.ask(called("/walls"));
        BOOST_TEST(refused.header("X-Request-Id") == "abc-1");
        BOOST_TEST(refused.header("traceparent") == trace);
        BOOST_TEST(t.log().find(name + ": database error, answering 503") != std::string::npos);

        auto unreadable = called("/");
        unreadable.error = fastcgi::request_error::body_too_large;
        BOOST_TEST(t.ask(std::move(unreadable)).header("X-Request-Id") == "abc-1");
    });
}

BOOST_AUTO_TEST_CASE(an_id_that_is_none_is_neither_logged_nor_echoed)
{
    with_routes([](running_routes& t) {
        const client& c = t.ask(request_with({{"REQUEST_METHOD", "GET"},
                                              {"PATH_INFO", "/"},
                                              {"REQUEST_ID", "x\r\nSet-Cookie: y=z"},
                                              {"HTTP_TRACEPARENT", "00-\n"}}));
        BOOST_TEST(c.status() == 200);
        BOOST_TEST(c.header("X-Request-Id") == "");
        BOOST_TEST(c.head.find("Set-Cookie") == std::string::npos);
        BOOST_TEST(t.log().find("request 5 GET / -> 200") != std::string::npos);
    });
}

BOOST_AUTO_TEST_SUITE_END()
