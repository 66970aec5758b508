#include "db/exceptions.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

// What libpqxx 7.10 makes of the failure of a statement that has a name.
BOOST_AUTO_TEST_CASE(the_name_of_a_statement_is_not_part_of_what_the_server_said)
{
    const pqxx::sql_error named(
        "Failure during 'pollster_17': ERROR:  null value in column \"body\"\n", "pollster_17",
        "23502");
    BOOST_TEST(db::message_of(named) == "ERROR:  null value in column \"body\"\n");
    BOOST_TEST(db::describe(named).why == "ERROR:  null value in column \"body\" (SQLSTATE 23502)");
}

BOOST_AUTO_TEST_CASE(other_words_stay)
{
    const pqxx::sql_error without("ERROR:  no\n", "select 1", "42601");
    BOOST_TEST(db::message_of(without) == "ERROR:  no\n");
    const pqxx::sql_error another("Failure during 'a': ERROR:  no\n", "b", "42601");
    BOOST_TEST(db::message_of(another) == "Failure during 'a': ERROR:  no\n");
    BOOST_TEST(db::message_of(std::runtime_error("Failure during '': x")) ==
               "Failure during '': x");
}
