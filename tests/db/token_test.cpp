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

// Laravel's Sanctum, config token_prefix or not, with ids of each kind.
BOOST_AUTO_TEST_CASE(what_follows_the_bar_behind_an_id_is_a_secret_and_so_is_all_of_it)
{
    using found = std::vector<std::string>;
    for (const std::string id : {"1", "9223372036854775807", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                                 "0190a5b2-7c1e-7000-8000-3f5d1f0c2a11"}) {
        for (const std::string secret : {"s", "app_abc123", "with|a|bar"}) {
            BOOST_TEST(db::secrets_in(id + '|' + secret) == (found{secret, id + '|' + secret}),
                       boost::test_tools::per_element());
        }
    }
    for (const std::string whole :
         {"abc", "|abc", "a b|c", "a_b|c", "a=|c", "0190a5b2-7c1e-7000-8000-3f5d1f0c2a11x|c"}) {
        BOOST_TEST(db::secrets_in(whole) == found{whole}, boost::test_tools::per_element());
    }
}

// Failed before: of `1|` the first secret was no text at all, which stood for a guest.
BOOST_AUTO_TEST_CASE(no_secret_is_empty)
{
    for (const std::string token :
         {"1|", "0190a5b2-7c1e-7000-8000-3f5d1f0c2a11|", "|", "||", "|1|"}) {
        BOOST_TEST(db::secrets_in(token) == std::vector{token}, boost::test_tools::per_element());
    }
    BOOST_TEST(db::secrets_in("1||") == (std::vector<std::string>{"|", "1||"}),
               boost::test_tools::per_element());
    BOOST_TEST(db::secrets_in("1| ") == (std::vector<std::string>{" ", "1| "}),
               boost::test_tools::per_element());
    BOOST_TEST(db::secrets_in("").empty());
}

BOOST_AUTO_TEST_SUITE_END()
