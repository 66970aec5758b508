// Name-value pairs: section 3.4 of the specification.
#include "fcgi_app/fastcgi/params.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(params_)

BOOST_AUTO_TEST_CASE(lengths_take_one_byte_up_to_127_and_four_from_128)
{
    for (const std::size_t name_size : {0U, 1U, 127U, 128U, 255U, 256U, 70000U}) {
        for (const std::size_t value_size : {0U, 127U, 128U, 65536U}) {
            const std::string name(name_size, 'n');
            const std::string value(value_size, 'v');
            std::string bytes;
            fastcgi::append_param(bytes, name, value);
            const auto lengths = (name_size < 128 ? 1U : 4U) + (value_size < 128 ? 1U : 4U);
            BOOST_TEST(bytes.size() == lengths + name_size + value_size);

            const auto read = fastcgi::decode_params(bytes);
            BOOST_REQUIRE(read.has_value());
            BOOST_REQUIRE(read->size() == 1u);
            BOOST_TEST((*read)[0].first == name);
            BOOST_TEST((*read)[0].second == value);
        }
    }
}

BOOST_AUTO_TEST_CASE(short_lengths_may_be_written_with_four_bytes)
{
    const auto bytes = "\x80\0\0\1\x80\0\0\2abc"s;
    const auto read = fastcgi::decode_params(bytes);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((*read)[0].first == "a");
    BOOST_TEST((*read)[0].second == "bc");
}

BOOST_AUTO_TEST_CASE(pairs_keep_their_order_and_duplicates)
{
    const auto bytes = fastcgi_test::encoded({{"b", "1"}, {"a", "2"}, {"b", "3"}, {"", ""}});
    const auto read = fastcgi::decode_params(bytes);
    BOOST_REQUIRE(read.has_value());
    BOOST_REQUIRE(read->size() == 4u);
    BOOST_TEST((*read)[2].first == "b");
    BOOST_TEST((*read)[2].second == "3");
    BOOST_TEST((*read)[3].first == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_no_pairs)
{
    BOOST_TEST(fastcgi::decode_params("").value().empty());
}

BOOST_AUTO_TEST_CASE(pairs_cut_short_are_malformed)
{
    const auto bytes = fastcgi_test::encoded({{"name", std::string(130, 'v')}, {"x", "y"}});
    const auto first = fastcgi_test::encoded({{"name", std::string(130, 'v')}}).size();
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        const bool whole_pairs = size == first;
        const auto read = fastcgi::decode_params(std::string_view(bytes).substr(0, size));
        BOOST_TEST(read.has_value() == whole_pairs);
    }
}

BOOST_AUTO_TEST_CASE(lengths_that_lie_are_malformed)
{
    for (const auto& bytes :
         {"\x7f\0a"s, "\0\x7f"s, "\1\xff\xff\xff\xff"s, "\xff\xff\xff\xff\xff\xff\xff\xffx"s,
          "\xff\xff\xff\xff\1ab"s, "\x80\0\0"s}) {
        BOOST_TEST(!fastcgi::decode_params(bytes).has_value());
        std::string_view rest = bytes;
        BOOST_TEST(!fastcgi::take_param(rest).has_value());
        BOOST_TEST(rest == bytes);
    }
}

BOOST_AUTO_TEST_SUITE_END()
