#include "fcgi_app/http/event_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

using walls::cursor;
using walls::entry_id;
using walls::wall_epoch;
using walls::wall_id;

namespace {

std::string written(const std::vector<cursor>& cursors)
{
    std::string id;
    http::append_cursors(id, cursors);
    return id;
}

// Read and written again; "-" if it cannot be read.
std::string read(std::string_view id)
{
    const auto cursors = http::parse_cursors(id);
    return cursors ? written(*cursors) : "-";
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_stream_)

BOOST_AUTO_TEST_CASE(an_id_is_the_cursors_with_the_epochs_that_are_known)
{
    BOOST_TEST(written({{wall_id{1}, entry_id{57}, wall_epoch{8123}}, {wall_id{7}, entry_id{9}}}) ==
               "1:57@8123,7:9");
    BOOST_TEST(written({{wall_id{INT64_MAX}, entry_id{INT64_MAX}, wall_epoch{1}}}) ==
               "9223372036854775807:9223372036854775807@1");
    BOOST_TEST(written({}) == "");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read)
{
    BOOST_TEST(read("1:57@8123,7:9") == "1:57@8123,7:9");
    BOOST_TEST(read("7:9,1:57@8123") == "1:57@8123,7:9"); // ascending by wall
    BOOST_TEST(read("") == "");
    const std::string largest = "9223372036854775807:9223372036854775807@9007199254740991";
    BOOST_TEST(read(largest) == largest);
}

BOOST_AUTO_TEST_CASE(anything_else_is_not)
{
    for (const auto* id : {"1",
                           ":",
                           "1:",
                           ":1",
                           "1:2@",
                           "1:2@x",
                           "1:2,",
                           ",1:2",
                           "1:2,,3:4",
                           "1:2@3@4",
                           "1:2:3",
                           "0:1",
                           "-1:2",
                           "1:-2",
                           "1: 2",
                           "1:2\n",
                           "1:2;3:4",
                           "1:2,1:3",
                           "01x:2",
                           "9223372036854775808:1",
                           "1:9223372036854775808",
                           "1:1@9007199254740992"}) {
        BOOST_TEST_CONTEXT(id)
        {
            BOOST_TEST(read(id) == "-");
        }
    }
    std::string many;
    for (int wall = 1; wall <= 1001; ++wall) {
        many += (wall == 1 ? "" : ",") + std::to_string(wall) + ":1";
    }
    BOOST_TEST(read(many) == "-"); // more than max_walls
}

BOOST_AUTO_TEST_CASE(an_event_is_its_name_its_data_and_an_empty_line)
{
    std::string out;
    http::append_retry(out, std::chrono::milliseconds(1500));
    http::begin_event(out, "walls");
    out += "{}";
    out += http::end_event;
    BOOST_TEST(out == "retry: 1500\nevent: walls\ndata: {}\n\n");
}

BOOST_AUTO_TEST_CASE(a_number_that_is_too_large_is_said)
{
    bool too_large = true;
    BOOST_TEST(http::parse_cursors("1:2", &too_large).has_value());
    BOOST_TEST(!too_large);
    BOOST_TEST(!http::parse_cursors("1:2,", &too_large).has_value());
    BOOST_TEST(!too_large);
    for (const auto* id :
         {"1:9223372036854775808", "99999999999999999999:1", "1:2@9007199254740992"}) {
        BOOST_TEST(!http::parse_cursors(id, &too_large).has_value(), id);
        BOOST_TEST(too_large, id);
    }
}

// "12:9999999999@9007199254740991,", and a cursor that is longer already.
BOOST_AUTO_TEST_CASE(the_longest_id_has_the_numbers_that_a_stream_may_come_to)
{
    BOOST_TEST(http::longest_id({}) == 0u);
    const std::vector<cursor> one{{wall_id{12}, entry_id{0}}};
    BOOST_TEST(http::longest_id(one) == 31u);
    const std::vector<cursor> two{{wall_id{12}, entry_id{7}, wall_epoch{3}},
                                  {wall_id{INT64_MAX}, entry_id{INT64_MAX}}};
    BOOST_TEST(http::longest_id(two) == 31u + 57u);
}

BOOST_AUTO_TEST_SUITE_END()
