// What an application asks for, read once and strictly; and the way back, which never leaves the
// host and never begins another header.
#include "fcgi_app/adapters/park_request.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace adapters;
using namespace std::chrono_literals;

namespace {

std::string encoded(std::string_view text)
{
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return out;
}

// "1:5 2:7@9 -> /poll.php", or why not.
std::string read(const std::string& query)
{
    const auto parsed = parse_park(query);
    if (const auto* why = std::get_if<std::string_view>(&parsed)) {
        return std::string(*why);
    }
    const auto& asked = std::get<park_request>(parsed);
    std::string words;
    for (const walls::cursor& c : asked.walls) {
        words += std::to_string(number(c.wall)) + ':' + std::to_string(number(c.last));
        words +=
            c.epoch == walls::wall_epoch{0} ? " " : '@' + std::to_string(number(c.epoch)) + ' ';
    }
    return words + "-> " + asked.then;
}

bool goes_to(const std::string& then)
{
    const auto words = read("walls=1:0&then=" + encoded(then));
    BOOST_TEST((words == "1:0 -> " + then || words.starts_with("then is not")), words);
    return words == "1:0 -> " + then;
}

} // namespace

BOOST_AUTO_TEST_SUITE(park_request_)

BOOST_AUTO_TEST_CASE(walls_and_then_in_any_order_and_encoding)
{
    BOOST_TEST(read("walls=7:57,9:3&then=/poll.php%3Flast=57") == "7:57 9:3 -> /poll.php?last=57");
    BOOST_TEST(read("then=%2Fpoll.php&walls=9%3A3%2C7%3A57@8123") == "7:57@8123 9:3 -> /poll.php");
    BOOST_TEST(read("walls=1:0&then=@poll_1-a") == "1:0 -> @poll_1-a");
}

// Twice would be a way past what nginx has compared with its locations.
BOOST_AUTO_TEST_CASE(it_is_decoded_once)
{
    BOOST_TEST(read("walls=1:0&then=%2Fa%252Fb%3Fq%3D%2526") == "1:0 -> /a%2Fb?q=%26");
    BOOST_TEST(goes_to("/%2570rotected/x"));
    BOOST_TEST(goes_to("/a%0D%0AX-Other:%20y")); // nginx reads it as a path with such bytes
}

BOOST_AUTO_TEST_CASE(a_way_out_of_this_host_is_refused)
{
    for (const char* then :
         {"", "poll.php", "//evil.example/", "///evil.example", "/\\evil.example", "\\evil.example",
          "http://evil.example/", "javascript:alert(1)", " /poll.php", "?a=b", "/a//b", "@", "@a/b",
          "@a b", "@@", "/a#b", ".", "../x"}) {
        BOOST_TEST(!goes_to(then), then);
    }
    BOOST_TEST(goes_to("/")); // nginx itself refuses what climbs above it
    BOOST_TEST(goes_to("/x?u=http://a//b"));
    BOOST_TEST(goes_to("/a;b=c/d.e~f?g[]=h&i=%25"));
}

BOOST_AUTO_TEST_CASE(another_header_is_refused)
{
    using namespace std::string_literals;
    for (const std::string& then :
         {"/a\r\nSet-Cookie: b=c"s, "/a\nX: y"s, "/a\rX: y"s, "/a\0b"s, "/a\tb"s, "/a b"s,
          "/a\x7f"s, "/caf\xc3\xa9"s, "/a\x1b[31m"s, "@a\r\nX: y"s, "/a?\r\n\r\nbody"s}) {
        BOOST_TEST(!goes_to(then), then);
    }
    BOOST_TEST(!goes_to("/a b")); // a "+" would be one
    BOOST_TEST(read("walls=1:0&then=/a+b").starts_with("then is not"));
}

BOOST_AUTO_TEST_CASE(it_has_an_end)
{
    BOOST_TEST(goes_to('/' + std::string(longest_then - 1, 'a')));
    BOOST_TEST(!goes_to('/' + std::string(longest_then, 'a')));
}

BOOST_AUTO_TEST_CASE(walls_are_cursors_and_there_is_one)
{
    for (const char* walls : {"", "walls=", "walls=7", "walls=7:", "walls=:7", "walls=7:x",
                              "walls=7:1,", "walls=7:1,7:2", "walls=0:1", "walls=-1:1",
                              "walls=7:1@x", "walls=7:9223372036854775808"}) {
        BOOST_TEST(read(walls + std::string("&then=/a")) == "walls is not a list like 7:57,9:3");
    }
}

// What stands in `then` and was not encoded would be lost without a word.
BOOST_AUTO_TEST_CASE(other_fields_and_bad_escapes_are_refused)
{
    const auto other = [](const std::string& query) {
        return read(query).starts_with("it has another field");
    };
    BOOST_TEST(other("walls=1:0&then=/poll.php?a=b&c=d"));
    BOOST_TEST(other("walls=1:0&next=/a"));
    BOOST_TEST(other("walls=1:0&walls=2:0&then=/a"));
    BOOST_TEST(other("walls=1:0&then=/a&then=/b"));
    BOOST_TEST(read("walls=1:0&then=/a%2").starts_with("a % is not"));
    BOOST_TEST(read("walls=1:0&then=/a%zz").starts_with("a % is not"));
}

BOOST_AUTO_TEST_CASE(what_happened_is_a_parameter_of_the_way_back)
{
    const std::string begin = "Status: 200 OK\r\nX-Accel-Redirect: ";
    BOOST_TEST(way_back("/poll.php", "news", {}) == begin + "/poll.php?what=news\r\n\r\n");
    BOOST_TEST(way_back("/poll.php?a=b", "again", 1840ms) ==
               begin + "/poll.php?a=b&what=again&retry_ms=1840\r\n\r\n");
    BOOST_TEST(way_back("@poll", "gone", {}) == begin + "@poll\r\nX-Parked: what=gone\r\n\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
