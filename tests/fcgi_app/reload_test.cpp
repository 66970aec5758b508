// What a server that runs takes of settings that were written anew, and what it says about them.
#include "fcgi_app/config/options.hpp"
#include "fcgi_app/config/reload.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace pollster;

namespace {

using given = std::map<std::string, std::vector<std::string>, std::less<>>;

loaded read(const given& values)
{
    loaded out;
    out.given = values;
    out.settings = settings_of(values);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(reload_)

BOOST_AUTO_TEST_CASE(the_same_settings_change_nothing)
{
    const auto in_force = read({{"max_parked", {"10"}}, {"database", {"dbname=x"}}});
    const auto r = compare_settings(in_force, in_force);
    BOOST_TEST(r.changed.empty());
    BOOST_TEST(r.need_restart.empty());
    BOOST_TEST(r.now.settings.walls.max_parked == 10u);
    // A default that is written down is the same, too.
    BOOST_TEST(compare_settings(read({}), read({{"poll_seconds", {"60"}}})).changed.empty());
}

BOOST_AUTO_TEST_CASE(what_can_change_does_and_is_said_with_both_values)
{
    const auto r = compare_settings(read({{"max_parked", {"10"}}, {"log_level", {"debug"}}}),
                                    read({{"max_parked", {"20"}}, {"log_file", {"/var/log/p"}}}));
    const std::vector<std::string> expected{"max_parked is 20, was 10",
                                            "log_level is info, was debug",
                                            "log_file is /var/log/p, was standard error"};
    BOOST_TEST(r.changed == expected, boost::test_tools::per_element());
    BOOST_TEST(r.now.settings.walls.max_parked == 20u);
    BOOST_TEST(r.now.settings.log.level == "info");
    BOOST_TEST(r.now.settings.log.file == "/var/log/p");
}

BOOST_AUTO_TEST_CASE(what_cannot_change_stays_and_is_named_each_time_without_its_value)
{
    const auto in_force = read({{"database", {"password=secret"}}});
    const auto wanted =
        read({{"database", {"password=other"}}, {"listen", {"unix:/x"}}, {"max_parked", {"7"}}});
    auto r = compare_settings(in_force, wanted);
    const std::vector<std::string> expected{"listen", "database"};
    BOOST_TEST(r.need_restart == expected, boost::test_tools::per_element());
    BOOST_TEST(r.now.settings.database.database == "password=secret");
    BOOST_TEST(r.now.settings.listen.empty());
    BOOST_TEST(r.now.settings.walls.max_parked == 7u);
    for (const auto& line : r.changed) {
        BOOST_TEST(line.find("password") == std::string::npos);
    }
    r = compare_settings(r.now, wanted);
    BOOST_TEST(r.need_restart == expected, boost::test_tools::per_element());
    BOOST_TEST(r.changed.empty());
}

BOOST_AUTO_TEST_CASE(what_follows_from_others_follows_again)
{
    const auto in_force = read({{"poll_seconds", {"60"}}});
    const auto r =
        compare_settings(in_force, read({{"poll_seconds", {"12"}}, {"rate_limits", {"off"}}}));
    BOOST_TEST((r.now.settings.routes.poll_spread == std::chrono::seconds(1)));
    BOOST_TEST(r.now.settings.routes.rates.user_polls_per_second == 0u);
    const auto back = compare_settings(r.now, in_force);
    BOOST_TEST((back.now.settings.routes.poll_spread == std::chrono::seconds(5)));
    BOOST_TEST(back.now.settings.routes.rates.user_polls_per_second == 100u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_seen_is_shown)
{
    const auto r = compare_settings(read({}), read({{"log_file", {"/tmp/\x1b[31mx"}}}));
    BOOST_TEST_REQUIRE(r.changed.size() == 1u);
    BOOST_TEST(r.changed[0] == "log_file is /tmp/<U+001B>[31mx, was standard error");
}

BOOST_AUTO_TEST_CASE(a_line_has_an_end)
{
    BOOST_TEST(in_a_line({}) == "");
    BOOST_TEST(in_a_line({"a", "b"}) == "a; b");
    BOOST_TEST(in_a_line({"a", "b"}, ", ") == "a, b");
    BOOST_TEST(in_a_line(std::vector<std::string>(13, "x"), " ") ==
               "x x x x x x x x x x and 3 more");
}

// Whoever adds a limit decides: a limit that needs a restart has a reason here.
BOOST_AUTO_TEST_CASE(limits_are_reloadable_but_for_those_of_threads_and_connections)
{
    const std::vector<std::string> restart{"listen",
                                           "database",
                                           "database_read",
                                           "database_owner",
                                           "database_connections",
                                           "database_waiting_jobs",
                                           "notify",
                                           "session_days",
                                           "history_bytes",
                                           "password_threads",
                                           "statement_timeout_ms",
                                           "waiting_sign_ins",
                                           "max_sessions_per_user",
                                           "database_waiting_jobs_per_user",
                                           "account",
                                           "account_owner",
                                           "others_take_over"};
    for (const auto& o : options()) {
        BOOST_TEST(o.reloadable == (std::ranges::count(restart, o.name) == 0), o.name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
