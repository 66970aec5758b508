#include "fcgi_app/http/form.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(form_)

BOOST_AUTO_TEST_CASE(fields_are_decoded_in_order_with_duplicates)
{
    const auto fields = http::parse_form("b=1&a=x+y%20z&b=%c3%A9&empty=&none&=v");
    const http::form_fields expected = {{"b", "1"},    {"a", "x y z"}, {"b", "\xc3\xa9"},
                                        {"empty", ""}, {"none", ""},   {"", "v"}};
    BOOST_TEST((fields == expected));
}

BOOST_AUTO_TEST_CASE(only_the_first_equals_sign_parts_name_and_value)
{
    BOOST_TEST((http::parse_form("a=b=c").value() == http::form_fields{{"a", "b=c"}}));
}

BOOST_AUTO_TEST_CASE(empty_fields_are_skipped)
{
    BOOST_TEST((http::parse_form("&&a=1&&").value() == http::form_fields{{"a", "1"}}));
    BOOST_TEST(http::parse_form("").value().empty());
}

BOOST_AUTO_TEST_CASE(any_byte_can_be_encoded)
{
    BOOST_TEST(http::parse_form("a=%00%ff%0d%0a").value()[0].second == "\0\xff\r\n"s);
}

BOOST_AUTO_TEST_CASE(malformed_percent_encoding_is_refused)
{
    for (const char* bad :
         {"a=%", "a=%4", "a=%g0", "a=%0g", "%=1", "a=1&b=%%41", "a=%u0041", "a=%4&b=1"}) {
        BOOST_TEST(!http::parse_form(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(too_many_fields_are_refused)
{
    BOOST_TEST(http::parse_form("a&b&c", 3).has_value());
    BOOST_TEST(!http::parse_form("a&b&c&d", 3).has_value());
}

BOOST_AUTO_TEST_CASE(utf8_is_valid_in_its_shortest_form_only)
{
    for (const auto& good :
         {""s, "a"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
          "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
        BOOST_TEST(http::is_valid_utf8(good));
        BOOST_TEST(http::is_valid_utf8("x" + good + good + "y"));
        if (good.size() > 1) {
            BOOST_TEST(!http::is_valid_utf8(good.substr(0, good.size() - 1)), "cut short");
            BOOST_TEST(!http::is_valid_utf8(good.substr(0, good.size() - 1) + "a"));
            BOOST_TEST(!http::is_valid_utf8(good.substr(1)), "without its first byte");
        }
    }
    for (const auto& bad :
         {"\x80"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xed\xbf\xbf"s,
          "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xff"s, "\xfe"s}) {
        BOOST_TEST(!http::is_valid_utf8(bad));
    }
}

BOOST_AUTO_TEST_SUITE_END()
