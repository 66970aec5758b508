#include "text/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(utf8_)

BOOST_AUTO_TEST_CASE(utf8_is_valid_in_its_shortest_form_only)
{
    for (const auto& good :
         {""s, "a"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
          "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
        BOOST_TEST(text::is_utf8(good));
        BOOST_TEST(text::is_utf8("x" + good + good + "y"));
        if (good.size() > 1) {
            BOOST_TEST(!text::is_utf8(good.substr(0, good.size() - 1)), "cut short");
            BOOST_TEST(!text::is_utf8(good.substr(0, good.size() - 1) + "a"));
            BOOST_TEST(!text::is_utf8(good.substr(1)), "without its first byte");
        }
    }
    for (const auto& bad :
         {"\x80"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xed\xbf\xbf"s,
          "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xff"s, "\xfe"s}) {
        BOOST_TEST(!text::is_utf8(bad));
    }
}

// U+FFFE and U+FFFF, U+1FFFE: no characters, but Unicode lets them be interchanged.
BOOST_AUTO_TEST_CASE(noncharacters_are_valid)
{
    for (const auto& good :
         {"\xef\xbf\xbe"s, "\xef\xbf\xbf"s, "\xf0\x9f\xbf\xbe"s, "\xef\xbb\xbf"s}) {
        BOOST_TEST(text::is_utf8(good));
        BOOST_TEST(text::is_text(good));
    }
}

BOOST_AUTO_TEST_CASE(text_is_utf8_without_nul)
{
    BOOST_TEST(text::is_text(""));
    BOOST_TEST(text::is_text("a\x7f\r\n"s));
    BOOST_TEST(text::is_text("\xc3\xa9"s));
    BOOST_TEST(!text::is_text("\0"s));
    BOOST_TEST(!text::is_text("a\0"s));
    BOOST_TEST(!text::is_text("\xc3\xa9\0"s));
    BOOST_TEST(!text::is_text("a\xc3"s));
    BOOST_TEST(!text::is_text("\xed\xa0\x80"s));
}

BOOST_AUTO_TEST_SUITE_END()
