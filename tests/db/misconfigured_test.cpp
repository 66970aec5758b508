// What the codes of PostgreSQL mean for whoever set it up. misconfigured_pgtest has it from a
// server.
#include "db/misconfigured.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(misconfigured_)

BOOST_AUTO_TEST_CASE(what_somebody_has_to_mend_has_an_advice)
{
    const auto says = [](std::string_view state, std::string_view words) {
        return db::advice_on_connecting(state).find(words) != std::string_view::npos;
    };
    BOOST_TEST(says("28P01", "password"));
    BOOST_TEST(says("28000", "pg_hba.conf"));
    BOOST_TEST(says("3D000", "`pollster setup` makes it"));
    BOOST_TEST(says("42501", "`pollster setup` grants"));
    BOOST_TEST(says("55000", "closed"));
    BOOST_TEST(says("42704", "option database")); // an unknown setting in the connection string
}

BOOST_AUTO_TEST_CASE(what_ends_by_itself_has_none)
{
    // Starts up, shuts down, has no connection left, has no memory, broke.
    for (const auto* state : {"57P03", "57P01", "53300", "53200", "08006", ""}) {
        BOOST_TEST(db::advice_on_connecting(state).empty(), state);
    }
}

BOOST_AUTO_TEST_CASE(the_code_is_found_in_any_language_and_of_several_hosts_the_last_counts)
{
    BOOST_TEST(db::sqlstate_in(
                   "connection to server on socket \"/run/x\" failed: FATAL:  3D000\n") == "3D000");
    BOOST_TEST(db::sqlstate_in("Verbindung fehlgeschlagen: SCHWERWIEGEND:  28P01\n") == "28P01");
    BOOST_TEST(db::sqlstate_in(
                   "to \"a\" failed: FATAL:  57P03\nto \"b\" failed: FATAL:  28000\n") == "28000");
    BOOST_TEST(db::sqlstate_in("FATAL:  3D000\nto \"b\" failed: Connection refused\n") == "3D000");
    BOOST_TEST(
        db::sqlstate_in("connection to server at \"::1\", port 5432 failed: Connection refused\n")
            .empty());
    BOOST_TEST(db::sqlstate_in("FATAL:  no pg_hba.conf entry").empty());
    BOOST_TEST(db::sqlstate_in("FATAL:  3d000").empty());
    BOOST_TEST(db::sqlstate_in(":  ").empty());
    BOOST_TEST(db::sqlstate_in("").empty());
}

BOOST_AUTO_TEST_SUITE_END()
