// Whoever loses or gains access is told, by the triggers that `pollster adopt --check` prints, for
// views of every kind and whichever row changes. What the views give before and after is the judge:
// nobody has to say which row ought to concern whom.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>

BOOST_FIXTURE_TEST_SUITE(lost_access_, database_fixture)

BOOST_AUTO_TEST_CASE(whoever_loses_or_gains_a_wall_is_told_whatever_the_views_are)
{
    std::ifstream in("tests/db/schemas/losses.sql");
    BOOST_REQUIRE(in);
    sql({std::istreambuf_iterator<char>(in), {}});
    BOOST_TEST(sql("select count(*) > 40 from kind") == "t");
    BOOST_TEST(sql("select string_agg(n, '; ') from not_told() n") == "");
    sql("analyze"); // plans are others once the sizes of tables are known
    BOOST_TEST(sql("select string_agg(n, '; ') from not_told() n") == "");
}

BOOST_AUTO_TEST_SUITE_END()
