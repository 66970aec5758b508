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

BOOST_AUTO_TEST_SUITE_END()
