// Where a command may ask, as text.
#include "fcgi_app/cli/web.hpp"

#include <boost/test/unit_test.hpp>

using namespace pollster::cli;

BOOST_AUTO_TEST_SUITE(web_)

BOOST_AUTO_TEST_CASE(a_place_is_a_url_or_a_socket)
{
    for (const char* good : {"http://localhost/api", "http://127.0.0.1:8080/api/",
                             "https://chat.example", "http://[::1]:8080/api", "http://[::1]/",
                             "/run/pollster/pollster.sock", "unix:/run/pollster/pollster@1.sock"}) {
        BOOST_TEST(web_place::parse(good).has_value(), good);
    }
    for (const char* bad :
         {"", "localhost", "localhost:80", "ftp://localhost/", "http://", "http:///api",
          "http://x:0/", "http://x:y/", "http://x:65536", "unix:relative", "unix:http://x"}) {
        BOOST_TEST(web_place::parse(bad).has_error(), bad);
    }
}

BOOST_AUTO_TEST_CASE(nobody_there_is_one_sentence)
{
    const auto nobody =
        web_place::parse("/nowhere/pollster.sock")->ask({}, std::chrono::seconds(1));
    BOOST_REQUIRE(nobody.has_error());
    BOOST_TEST(nobody.error().sentence ==
               "cannot connect to /nowhere/pollster.sock: No such file or directory");
    const auto refused = web_place::parse("http://127.0.0.1:1/")->ask({}, std::chrono::seconds(5));
    BOOST_REQUIRE(refused.has_error());
    BOOST_TEST(refused.error().sentence ==
               "cannot connect to 127.0.0.1 port 1: Connection refused");
}

BOOST_AUTO_TEST_SUITE_END()
