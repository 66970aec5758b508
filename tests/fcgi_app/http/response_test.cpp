#include "fcgi_app/http/response.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_)

BOOST_AUTO_TEST_CASE(a_response_is_written_as_cgi_output)
{
    auto r = http::response::json(R"({"ack":"huzzah!"})");
    r.headers = {{"Vary", "Origin"}, {"X-Empty", ""}};
    BOOST_TEST(http::to_cgi(r) == "Status: 200 OK\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Content-Length: 17\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "Vary: Origin\r\n"
                                  "X-Empty: \r\n"
                                  "\r\n"
                                  R"({"ack":"huzzah!"})");
}

BOOST_AUTO_TEST_CASE(an_error_is_one_sentence_in_json)
{
    const auto r = http::response::error(400, "Invalid user!");
    BOOST_TEST(r.status == 400);
    BOOST_TEST(r.body == R"({"errors":["Invalid user!"]})");
    BOOST_TEST(http::response::error(400, "a \"b\"\n").body == R"({"errors":["a \"b\"\n"]})");
}

BOOST_AUTO_TEST_CASE(an_empty_body_has_length_0)
{
    const auto out = http::to_cgi({});
    BOOST_TEST(out.find("Content-Length: 0\r\n") != std::string::npos);
    BOOST_TEST(out.ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(every_status_of_the_protocol_has_a_reason)
{
    for (const int status :
         {200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}) {
        BOOST_TEST(http::reason(status) != "Unknown", status);
    }
    BOOST_TEST(http::reason(299) == "Unknown");
}

BOOST_AUTO_TEST_CASE(nothing_in_a_header_can_begin_another)
{
    for (const auto& bad :
         {"x\r\nSet-Cookie: a=b"s, "x\n\nbody"s, "\r"s, "a\0b"s, "\x7f"s, "\x1b[31m"s}) {
        http::response r;
        r.headers = {{"X-Value", bad}, {"X" + bad, "name"}, {"X-Good", "yes"}};
        const auto out = http::to_cgi(r);
        BOOST_TEST(out.find("X-Value") == std::string::npos);
        BOOST_TEST(out.find("Set-Cookie") == std::string::npos);
        BOOST_TEST(out.find("name") == std::string::npos);
        BOOST_TEST(out.ends_with("X-Good: yes\r\n\r\n"));
    }
    http::response r;
    r.headers = {{"", "x"}, {"a b", "x"}, {"a:", "x"}};
    BOOST_TEST(http::to_cgi(r) == http::to_cgi({}));
}

BOOST_AUTO_TEST_SUITE_END()
