// What systemctl shows, and how often it changes.
#include "fcgi_app/service_status.hpp"

#include <boost/test/unit_test.hpp>

using namespace pollster;
using namespace std::chrono_literals;

namespace {
const fibers::steady_time start{1h};
const std::string fine = "the database answers";
} // namespace

BOOST_AUTO_TEST_SUITE(service_status_)

BOOST_AUTO_TEST_CASE(the_first_line_is_told_at_once_and_the_same_never_again)
{
    service_status s;
    BOOST_TEST(s.due(0, fine, start).value_or("") ==
               "STATUS=polls and streams parked: 0; the database answers");
    BOOST_TEST(!s.due(0, fine, start + 1s));
    BOOST_TEST(!s.due(0, fine, start + 1h));
}

BOOST_AUTO_TEST_CASE(another_line_waits_until_the_last_one_is_old_enough)
{
    service_status s;
    s.due(0, fine, start);
    BOOST_TEST(!s.due(1, fine, start + 1s));
    BOOST_TEST(!s.due(1'000, fine, start + service_status::least_pause - 1ms));
    BOOST_TEST(s.due(1'000, fine, start + service_status::least_pause).value_or("") ==
               "STATUS=polls and streams parked: 1000; the database answers");
    BOOST_TEST(!s.due(1, fine, start + service_status::least_pause + 1s));
}

BOOST_AUTO_TEST_CASE(refused_settings_are_told_until_others_are_taken)
{
    service_status s;
    s.due(1, fine, start);
    s.reloaded("pollster.conf:7: there is no option \"x\"");
    BOOST_TEST(
        s.due(1, fine, start + 1min).value_or("") ==
        "STATUS=polls and streams parked: 1; the database answers; the settings were not reloaded: "
        "pollster.conf:7: there is no option \"x\"");
    s.reloaded({});
    BOOST_TEST(s.due(1, fine, start + 2min).value_or("") ==
               "STATUS=polls and streams parked: 1; the database answers");
}

// A line break would begin another assignment.
BOOST_AUTO_TEST_CASE(what_cannot_be_seen_is_shown)
{
    service_status s;
    BOOST_TEST(s.due(0, "away: x\nMAINPID=1", start).value_or("") ==
               "STATUS=polls and streams parked: 0; away: x<U+000A>MAINPID=1");
}

BOOST_AUTO_TEST_CASE(a_reload_says_since_when)
{
    BOOST_TEST(reloading(fibers::steady_time(1'234'567us)) ==
               "RELOADING=1\nMONOTONIC_USEC=1234567");
}

BOOST_AUTO_TEST_SUITE_END()
