#include "text/trimmed.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(trimmed_)

BOOST_AUTO_TEST_CASE(spaces_and_tabs_go_at_both_ends_only)
{
    BOOST_TEST(text::trimmed("a b") == "a b");
    BOOST_TEST(text::trimmed("  a\t b \t") == "a\t b");
    BOOST_TEST(text::trimmed("a") == "a");
}

BOOST_AUTO_TEST_CASE(of_blanks_alone_nothing_is_left)
{
    BOOST_TEST(text::trimmed("") == "");
    BOOST_TEST(text::trimmed(" \t ") == "");
}

BOOST_AUTO_TEST_CASE(nothing_else_is_blank_unless_named)
{
    using namespace std::string_view_literals;
    BOOST_TEST(text::trimmed("\ra\n") == "\ra\n");
    BOOST_TEST(text::trimmed("\0 a \0"sv) == "\0 a \0"sv);
    BOOST_TEST(text::trimmed("\xc2\xa0"
                             "a") == "\xc2\xa0"
                                     "a"); // a no-break space
    BOOST_TEST(text::trimmed(" a \r", " \t\r") == "a");
}

BOOST_AUTO_TEST_SUITE_END()
