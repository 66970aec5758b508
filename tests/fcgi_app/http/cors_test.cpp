// Which origins may read an answer, and that a reload takes nothing from a poll that is parked.
#include "fcgi_app/http/cors.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(cors_)

BOOST_AUTO_TEST_CASE(other_origins_count_from_now_on_and_lines_that_were_handed_out_stay)
{
    http::cors cors({"https://one.example"});
    const auto parked = cors.lines_for("https://one.example");
    const std::string before(parked);
    BOOST_TEST(before.find("Access-Control-Allow-Origin: https://one.example\r\n") == 0u);
    const auto foreign = cors.lines_for("https://two.example");
    BOOST_TEST(foreign.find("Allow-Origin") == std::string_view::npos);

    cors.change({"https://two.example"});
    BOOST_TEST(parked == before);
    BOOST_TEST(!cors.names("https://one.example"));
    BOOST_TEST(cors.lines_for("https://one.example") == foreign);
    BOOST_TEST(cors.lines_for("https://two.example").find("https://two.example\r\n") !=
               std::string_view::npos);

    cors.change({"*"});
    BOOST_TEST(cors.lines_for("https://x.example").find("Access-Control-Allow-Origin: *\r\n") ==
               0u);
    cors.change({});
    BOOST_TEST(cors.lines_for("https://two.example") == foreign);
    BOOST_TEST(parked == before);
}

BOOST_AUTO_TEST_CASE(the_same_origins_again_are_the_same_lines)
{
    http::cors cors({"https://one.example"});
    const auto* first = cors.lines_for("https://one.example").data();
    for (int i = 0; i < 100; ++i) {
        cors.change({});
        cors.change({"https://one.example"});
    }
    BOOST_TEST(static_cast<const void*>(cors.lines_for("https://one.example").data()) ==
               static_cast<const void*>(first));
}

BOOST_AUTO_TEST_CASE(a_page_may_read_when_to_come_again_and_what_to_report)
{
    const http::cors cors({"https://one.example"});
    BOOST_TEST(
        cors.lines_for("https://one.example")
            .find("Access-Control-Expose-Headers: Retry-After, X-Request-Id, traceparent\r\n") !=
        std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
