#include "fcgi_app/cli/password.hpp"
#include "tests/fcgi_app/cli/shell.hpp"

using namespace pollster;
using namespace pollster::cli;

BOOST_FIXTURE_TEST_SUITE(people_, cli::testing::shell)

BOOST_AUTO_TEST_CASE(a_password_is_the_first_line_of_standard_input)
{
    BOOST_TEST(output({"user", "add", "ann"}, "a good password\nanother\n") ==
               "added user \"ann\"\n");
    BOOST_TEST(last_asked() == "add_user ann a good password");
    output({"user", "add", "ann", "--password-stdin"}, "without its end");
    BOOST_TEST(last_asked() == "add_user ann without its end");
    output({"user", "add", "ann"}, "as Windows writes it\r\n");
    BOOST_TEST(last_asked() == "add_user ann as Windows writes it");
    output({"user", "add", "ann"}, " spaces are kept \n");
    BOOST_TEST(last_asked() == "add_user ann  spaces are kept ");
    BOOST_TEST(output({"user", "passwd", "ann"}, "the next one\n") ==
               "changed the password of \"ann\" and ended their sessions\n");
    BOOST_TEST(last_asked() == "set_password ann the next one");
}

BOOST_AUTO_TEST_CASE(without_a_password_the_database_is_not_asked)
{
    for (const char* command : {"add", "passwd"}) {
        const auto t = type({"user", command, "ann"}, "");
        BOOST_TEST(t.code == failed);
        BOOST_TEST(t.out == "");
        BOOST_TEST(t.err == "pollster: no password was given on standard input\n");
    }
    BOOST_TEST(!database.settings.has_value());
}

BOOST_AUTO_TEST_CASE(an_empty_line_is_a_password_that_the_database_judges)
{
    std::istringstream in("\n");
    const auto line = password_line(in);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST(*line == "");
    database.refusal = "A password has 8 to 72 bytes.";
    const auto t = type({"user", "add", "ann"}, "\n");
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.err == "pollster: A password has 8 to 72 bytes.\n");
}

BOOST_AUTO_TEST_CASE(a_user_is_shut_out_and_let_in)
{
    BOOST_TEST(output({"user", "disable", "ann"}) == "disabled \"ann\" and ended their sessions\n");
    BOOST_TEST(last_asked() == "disable_user ann");
    BOOST_TEST(output({"user", "enable", "ann"}) == "enabled \"ann\"\n");
    BOOST_TEST(last_asked() == "enable_user ann");
}

BOOST_AUTO_TEST_CASE(users_are_a_table)
{
    BOOST_TEST(output({"user", "list"}) == "ID  NAME  STATE  SESSIONS  WALLS\n");
    database.users = {{walls::user_id{1}, "ann", false, true, {"General", "Notices"}, 3},
                      {walls::user_id{22}, "Zoë", true, true, {}, 0},
                      {walls::user_id{333}, "with\x1b[31m", false, false, {"Ge\nneral"}, 1}};
    BOOST_TEST(output({"user", "list"}) ==
               "ID   NAME              STATE        SESSIONS  WALLS\n"
               "1    ann               enabled      3         General, Notices\n"
               "22   Zoë               disabled     0         \n"
               "333  with<U+001B>[31m  no password  1         Ge<U+000A>neral\n");
}

BOOST_AUTO_TEST_CASE(sessions_are_made)
{
    BOOST_TEST(output({"session", "create", "ann"}) == "token\n");
    BOOST_TEST(last_asked() == "create_sessions ann 1 2592000"); // session_days
    output({"session", "create", "ann", "--session-days", "2"});
    BOOST_TEST(last_asked() == "create_sessions ann 1 172800");
    BOOST_TEST(output({"session", "create", "--count", "3", "--days", "1", "ann"}) ==
               "token\ntoken\ntoken\n");
    BOOST_TEST(last_asked() == "create_sessions ann 3 86400");
    output({"session", "create", "ann", "--days", "3650"});
    BOOST_TEST(last_asked() == "create_sessions ann 1 315360000");
}

BOOST_AUTO_TEST_CASE(numbers_of_sessions_have_limits)
{
    for (const char* count : {"0", "100001", "18446744073709551615", "-1"}) {
        misuse({"session", "create", "ann", "--count=" + std::string(count)},
               "--count: from 1 to 100000 sessions are made at once");
    }
    for (const char* days : {"0", "3651", "-1"}) {
        misuse({"session", "create", "ann", "--days=" + std::string(days)},
               "--days: a session lasts from 1 to 3650 days");
    }
    for (const char* number : {"", "x", "1x", "1.5", "18446744073709551616"}) {
        const auto t = type({"session", "create", "ann", "--count=" + std::string(number)});
        BOOST_TEST(t.code == misused);
        BOOST_TEST(t.err.find("--count") != std::string::npos, t.err);
    }
    BOOST_TEST(database.asked.empty());
}

BOOST_AUTO_TEST_CASE(sessions_are_a_table)
{
    BOOST_TEST(output({"session", "list"}) == "SESSION  USER  CREATED  EXPIRES\n");
    BOOST_TEST(last_asked() == "list_sessions ");
    database.sessions = {
        {"0123456789abcdef", "ann", "2026-01-02T03:04:05.678Z", "2026-02-02T03:04:05.678Z"}};
    BOOST_TEST(output({"session", "list", "ann"}) ==
               "SESSION           USER  CREATED                   EXPIRES\n"
               "0123456789abcdef  ann   2026-01-02T03:04:05.678Z  2026-02-02T03:04:05.678Z\n");
    BOOST_TEST(last_asked() == "list_sessions ann");
}

BOOST_AUTO_TEST_CASE(sessions_are_ended)
{
    BOOST_TEST(output({"session", "revoke", "01234567"}) == "ended the session\n");
    BOOST_TEST(last_asked() == "revoke_session 01234567");
    for (const auto& [ended, told] :
         std::vector<std::pair<std::size_t, std::string>>{{0, "ended 0 sessions of \"ann\"\n"},
                                                          {1, "ended 1 session of \"ann\"\n"},
                                                          {2, "ended 2 sessions of \"ann\"\n"}}) {
        database.changed = ended;
        BOOST_TEST(output({"session", "revoke", "--user", "ann"}) == told);
        BOOST_TEST(last_asked() == "revoke_sessions_of ann");
    }
    const std::string either = "session revoke takes either a SESSION or --user NAME";
    misuse({"session", "revoke"}, either);
    misuse({"session", "revoke", "01234567", "--user", "ann"}, either);
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_is_told)
{
    refusal_is_told({"user", "add", "ann"}, "a good password\n");
    refusal_is_told({"user", "passwd", "ann"}, "a good password\n");
    refusal_is_told({"user", "disable", "ann"});
    refusal_is_told({"user", "enable", "ann"});
    refusal_is_told({"user", "list"});
    refusal_is_told({"session", "create", "ann"});
    refusal_is_told({"session", "list"});
    refusal_is_told({"session", "revoke", "01234567"});
    refusal_is_told({"session", "revoke", "--user", "ann"});
}

BOOST_AUTO_TEST_SUITE_END()
