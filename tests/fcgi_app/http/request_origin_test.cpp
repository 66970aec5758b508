#include "fcgi_app/http/request_origin.hpp"

#include <boost/test/unit_test.hpp>

using http::request_origin;

namespace {

const http::cors listed({"https://shop.example"});

bool comes(request_origin expected, const std::string& origin, const std::string& fetch_site,
           bool https = false)
{
    http::request r;
    r.host = "Chat.example:8443";
    r.origin = origin;
    r.fetch_site = fetch_site;
    r.https = https;
    return http::request_origin_of(r, listed) == expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_origin_)

BOOST_AUTO_TEST_CASE(own_pages_and_listed_origins_are_known_by_what_the_browser_says)
{
    BOOST_TEST(comes(request_origin::own, "", "same-origin"));
    BOOST_TEST(comes(request_origin::own, "https://chat.example:8443", ""));
    BOOST_TEST(comes(request_origin::own, "http://chat.example:8443", ""));
    BOOST_TEST(comes(request_origin::own, "https://shop.example", "cross-site"));
}

BOOST_AUTO_TEST_CASE(everything_else_that_is_said_is_foreign)
{
    for (const char* origin :
         {"https://evil.example", "null", "https://chat.example", "https://chat.example:8443.evil",
          "ftp://chat.example:8443", "chat.example:8443", "https://shop.example:1"}) {
        BOOST_TEST(comes(request_origin::foreign, origin, ""), origin);
    }
    BOOST_TEST(comes(request_origin::foreign, "", "cross-site"));
    BOOST_TEST(comes(request_origin::foreign, "", "same-site"));
    // The unprotected twin of a page: anybody on the way could have written it.
    BOOST_TEST(comes(request_origin::foreign, "http://chat.example:8443", "", true));
}

BOOST_AUTO_TEST_CASE(without_a_word_it_is_unknown)
{
    BOOST_TEST(comes(request_origin::unknown, "", ""));
    BOOST_TEST(comes(request_origin::unknown, "", "none"));
}

BOOST_AUTO_TEST_SUITE_END()
