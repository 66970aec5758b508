// The tokens that name sessions.
#include "db/token.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(token_)

// Failed before: one token in 64 began with a dash, and `pollster session revoke TOKEN` took it for
// an option.
BOOST_AUTO_TEST_CASE(a_new_one_is_43_characters_of_base64url_and_no_option)
{
    std::set<std::string> all;
    for (int i = 0; i < 5'000; ++i) {
        const std::string token = db::new_token();
        BOOST_REQUIRE_EQUAL(token.size(), 43u);
        BOOST_REQUIRE(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789-_") == std::string::npos);
        BOOST_REQUIRE(token.front() != '-');
        all.insert(token);
    }
    BOOST_TEST(all.size() == 5'000u);
}

BOOST_AUTO_TEST_SUITE_END()
