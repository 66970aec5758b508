#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace {

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> any(std::string_view text)
{
    return text::parse_number<std::int64_t>(text, lowest, highest);
}

} // namespace

BOOST_AUTO_TEST_SUITE(number_)

BOOST_AUTO_TEST_CASE(digits_are_a_number)
{
    BOOST_TEST(any("0").value() == 0);
    BOOST_TEST(any("17").value() == 17);
    BOOST_TEST(any("007").value() == 7);
    BOOST_TEST(any("9223372036854775807").value() == highest);
}

BOOST_AUTO_TEST_CASE(the_whole_text_must_be_one)
{
    using namespace std::string_view_literals;
    for (const auto bad : {""sv, " "sv, " 1"sv, "1 "sv, "1\n"sv, "\t1"sv, "1x"sv, "x1"sv, "1.0"sv,
                           "1e3"sv, "0x10"sv, "1,2"sv, "1\0"sv, "\0"sv, "1_000"sv, "\xd9\xa1"sv}) {
        BOOST_TEST(!any(bad).has_value(), bad);
        BOOST_TEST(!text::parse_number<unsigned>(bad, 0, 99'999).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(a_plus_stands_nowhere_and_a_minus_where_numbers_may_be_negative)
{
    BOOST_TEST(!any("+1").has_value());
    BOOST_TEST(!any("-").has_value());
    BOOST_TEST(!any("--1").has_value());
    BOOST_TEST(!any("- 1").has_value());
    BOOST_TEST(any("-1").value() == -1);
    BOOST_TEST(any("-0").value() == 0);
    BOOST_TEST(any("-9223372036854775808").value() == lowest);
    for (const char* negative : {"-1", "-0", "-9223372036854775808"}) {
        BOOST_TEST(!text::parse_number<std::int64_t>(negative, 0, highest).has_value(), negative);
        BOOST_TEST(!text::parse_number<std::uint64_t>(negative, 0, 10).has_value(), negative);
    }
}

BOOST_AUTO_TEST_CASE(the_bounds_are_part_of_what_is_taken)
{
    BOOST_TEST(text::parse_number<int>("4", 4, 31).value() == 4);
    BOOST_TEST(text::parse_number<int>("31", 4, 31).value() == 31);
    BOOST_TEST(!text::parse_number<int>("3", 4, 31).has_value());
    BOOST_TEST(!text::parse_number<int>("32", 4, 31).has_value());
    BOOST_TEST(text::parse_number<int>("-5", -5, -5).value() == -5);
    BOOST_TEST(!text::parse_number<int>("-6", -5, 5).has_value());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_the_type_is_none_and_does_not_wrap)
{
    BOOST_TEST(!any("9223372036854775808").has_value());
    BOOST_TEST(!any("-9223372036854775809").has_value());
    BOOST_TEST(!any(std::string(1000, '9')).has_value());
    BOOST_TEST(!text::parse_number<std::uint16_t>("65536", 0, 65535).has_value());
    BOOST_TEST(text::parse_number<std::uint64_t>("18446744073709551615", 0, UINT64_MAX).value() ==
               UINT64_MAX);
    BOOST_TEST(
        !text::parse_number<std::uint64_t>("18446744073709551616", 0, UINT64_MAX).has_value());
}

BOOST_AUTO_TEST_CASE(other_bases_have_their_digits)
{
    BOOST_TEST(text::parse_number<unsigned>("0660", 0, 0777, 8).value() == 0660u);
    BOOST_TEST(!text::parse_number<unsigned>("0680", 0, 0777, 8).has_value());
    BOOST_TEST(text::parse_number<unsigned>("dC00", 0, 0xffff, 16).value() == 0xdc00u);
    BOOST_TEST(!text::parse_number<unsigned>("dG00", 0, 0xffff, 16).has_value());
    BOOST_TEST(!text::parse_number<unsigned>("10000", 0, 0xffff, 16).has_value());
}

BOOST_AUTO_TEST_CASE(leading_digits_end_where_something_else_begins)
{
    BOOST_TEST(text::leading_digits("200 OK") == "200");
    BOOST_TEST(text::leading_digits("17") == "17");
    BOOST_TEST(text::leading_digits("-1") == "");
    BOOST_TEST(text::leading_digits(" 1") == "");
    BOOST_TEST(text::leading_digits("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
