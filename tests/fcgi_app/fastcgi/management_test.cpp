// Management records: section 4 of the specification.
#include "fcgi_app/fastcgi/params.hpp"
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

using namespace fastcgi_test;

namespace {

fastcgi::limits some_limits()
{
    fastcgi::limits l;
    l.max_requests_per_connection = 123;
    l.max_connections = 45;
    return l;
}

const std::vector<std::string> all_names = {FCGI_MAX_CONNS, FCGI_MAX_REQS, FCGI_MPXS_CONNS};
const auto all_values =
    encoded({{FCGI_MAX_CONNS, "45"}, {FCGI_MAX_REQS, "123"}, {FCGI_MPXS_CONNS, "1"}});

// The content of the one GET_VALUES_RESULT that answers `asked`.
std::string values(std::string_view asked, const fastcgi::limits& l = some_limits())
{
    owner o(l);
    o.feed(conversation().record(FCGI_GET_VALUES, 0, asked));
    BOOST_REQUIRE(o.replies.size() == 1u);
    BOOST_TEST(o.replies[0].header.type == FCGI_GET_VALUES_RESULT);
    BOOST_TEST(o.replies[0].header.id == 0);
    BOOST_TEST(o.events[0] == "reply"); // which never closes
    BOOST_TEST(o.demux.idle());
    return o.replies[0].content;
}

} // namespace

BOOST_AUTO_TEST_SUITE(management_)

BOOST_AUTO_TEST_CASE(get_values_tells_the_limits)
{
    BOOST_TEST(values(encoded({{FCGI_MPXS_CONNS, ""}})) == encoded({{FCGI_MPXS_CONNS, "1"}}));
    owner o(some_limits());
    o.feed(conversation().get_values(all_names));
    BOOST_TEST(o.replies.at(0).content == all_values);
}

BOOST_AUTO_TEST_CASE(get_values_is_answered_between_and_inside_other_requests)
{
    owner o(some_limits());
    o.feed(conversation().begin(1).params(1, "\1").get_values(all_names).params(
        1, std::string(2, '\0')));
    BOOST_TEST(o.replies.size() == 1u);
    o.feed(conversation().end_params(1).end_body(1).get_values(all_names));
    BOOST_TEST(o.replies.size() == 2u);
    BOOST_TEST(o.requests.at(0).params == std::string("\1\0\0", 3));
}

BOOST_AUTO_TEST_CASE(get_values_leaves_unknown_names_out)
{
    BOOST_TEST(values(encoded({{"FCGI_MAX", ""}, {"", ""}, {"fcgi_max_reqs", ""}})) == "");
    BOOST_TEST(values("") == "");
}

BOOST_AUTO_TEST_CASE(get_values_ignores_given_values)
{
    BOOST_TEST(values(encoded({{FCGI_MAX_REQS, "9"}})) == encoded({{FCGI_MAX_REQS, "123"}}));
}

BOOST_AUTO_TEST_CASE(get_values_answers_each_name_once)
{
    pairs flood; // as many as a record can hold
    for (int n = 0; n < 4000; ++n) {
        flood.emplace_back(FCGI_MAX_CONNS, "");
    }
    BOOST_TEST(values(encoded(flood)) == encoded({{FCGI_MAX_CONNS, "45"}}));
}

BOOST_AUTO_TEST_CASE(get_values_answers_what_comes_before_malformed_pairs)
{
    const auto good = encoded({{FCGI_MAX_REQS, ""}});
    for (const std::string bad : {"\x05",
                                  "\x05\x01"
                                  "abc",
                                  "\xff\xff\xff\xff\x01", "\x80\x01"}) {
        BOOST_TEST(values(good + bad) == encoded({{FCGI_MAX_REQS, "123"}}));
        BOOST_TEST(values(bad) == "");
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_number_of_connections_is_not_told)
{
    BOOST_TEST(values(encoded({{FCGI_MAX_CONNS, ""}}), fastcgi::limits{.max_connections = 0}) ==
               "");
}

BOOST_AUTO_TEST_CASE(other_management_types_are_unknown)
{
    owner o;
    std::size_t count = 0;
    for (int type = 0; type < 256; ++type) {
        if (type == FCGI_BEGIN_REQUEST || type == FCGI_GET_VALUES) {
            continue;
        }
        o.feed(conversation().record(static_cast<unsigned char>(type), 0, "content", 3));
        BOOST_REQUIRE(o.replies.size() == ++count);
        BOOST_TEST(o.replies.back().header.type == FCGI_UNKNOWN_TYPE);
        BOOST_TEST(o.replies.back().header.id == 0);
        BOOST_TEST(o.replies.back().content ==
                   std::string(1, static_cast<char>(type)) + std::string(7, '\0'));
    }
    BOOST_TEST(o.broken == "");
}

BOOST_AUTO_TEST_SUITE_END()
