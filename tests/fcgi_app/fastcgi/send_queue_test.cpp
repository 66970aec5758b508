// Which bytes become one record.
#include "fcgi_app/fastcgi/send_queue.hpp"

#include "fcgi_app/fastcgi/encode.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using fastcgi::send_queue;
using namespace fastcgi_test;

namespace {

std::vector<std::string> contents(const send_queue& q)
{
    std::string bytes(q.front());
    std::vector<std::string> out;
    for (const auto& r : take_records(bytes)) {
        out.push_back(r.content);
    }
    BOOST_TEST(bytes == "");
    return out;
}

using texts = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(send_queue_)

BOOST_AUTO_TEST_CASE(what_one_request_writes_is_one_record_until_another_comes_between)
{
    send_queue q;
    q.write(1, "a");
    q.write(1, "b");
    q.write(2, "c");
    q.write(1, "d");
    q.write(1, "");
    q.write(1, "e");
    BOOST_TEST(contents(q) == (texts{"ab", "c", "de"}));
}

BOOST_AUTO_TEST_CASE(a_record_of_which_something_was_taken_grows_no_more)
{
    send_queue q;
    q.write(1, "ab");
    q.taken(3); // of its header
    q.write(1, "c");
    const std::string rest(q.front());
    BOOST_TEST(rest.size() == 5u + 2u + 8u + 1u);
    BOOST_TEST(rest.substr(5, 2) == "ab");
    BOOST_TEST(rest.back() == 'c');
    q.taken(7);
    BOOST_TEST(contents(q) == texts{"c"});
}

BOOST_AUTO_TEST_CASE(other_records_end_the_one_before)
{
    send_queue q;
    std::string management;
    fastcgi::append_unknown_type(management, 77);
    q.write(1, "a");
    q.append(management);
    q.write(1, "b");
    std::array<std::string_view, 1> parts{"large"};
    q.write_piece(1, parts);
    q.write(1, "c");
    q.end(1);
    q.write(1, "d"); // the id was used again
    BOOST_TEST(contents(q) == (texts{"a", management.substr(8), "b", "large", "c", "",
                                     std::string(8, '\0'), "d"}));
}

BOOST_AUTO_TEST_CASE(a_full_record_is_followed_by_the_next)
{
    send_queue q;
    q.write(1, std::string(fastcgi::largest_stdout - 1, 'x'));
    q.write(1, "yz");
    q.write(1, "!");
    const auto records = contents(q);
    BOOST_REQUIRE(records.size() == 2u);
    BOOST_TEST((records[0] == std::string(fastcgi::largest_stdout - 1, 'x') + "y"));
    BOOST_TEST(records[1] == "z!");
}

BOOST_AUTO_TEST_CASE(memory_of_what_was_taken_is_given_up)
{
    send_queue q;
    q.write(1, std::string(1'000, 'x'));
    q.taken(600);
    q.tidy();
    BOOST_TEST(q.unsent() == 408u);
    BOOST_TEST(q.front() == std::string(408, 'x'));
    q.taken(408);
    BOOST_TEST(q.unsent() == 0u);
    BOOST_TEST(q.take_memory().capacity() >= 1'000u);
    q.write(1, "again");
    BOOST_TEST(contents(q) == texts{"again"});
}

BOOST_AUTO_TEST_SUITE_END()
