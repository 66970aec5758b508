// What an operator hears of the database, and when again.
#include "fcgi_app/database_state.hpp"

#include <boost/test/unit_test.hpp>

using pollster::database_state;
using walls::db_error;
using walls::db_error_kind;
using namespace std::chrono_literals;

namespace {
const fibers::steady_time start{1h};
const db_error away{db_error_kind::unavailable, "no server"};
const db_error no_database{db_error_kind::misconfigured, "no such database"};
const db_error no_schema{db_error_kind::wrong_schema, "no schema"};
} // namespace

BOOST_AUTO_TEST_SUITE(database_state_)

BOOST_AUTO_TEST_CASE(at_first_nothing_is_known)
{
    const database_state d;
    BOOST_TEST((d.what() == database_state::is::not_known));
    BOOST_TEST(d.why() == "");
    BOOST_TEST(!d.last_fine());
    BOOST_TEST(d.sentence() == "the database has not been asked yet");
}

BOOST_AUTO_TEST_CASE(what_has_to_be_mended_is_not_away)
{
    database_state d;
    for (const auto& wrong : {no_database, no_schema}) {
        d.learn(wrong, start);
        BOOST_TEST((d.what() == database_state::is::to_be_mended));
        BOOST_TEST(d.sentence() == "the database has to be mended: " + wrong.why);
    }
    for (const auto kind : {db_error_kind::unavailable, db_error_kind::timed_out,
                            db_error_kind::read_only, db_error_kind::disk_full}) {
        d.learn(db_error{kind, "why"}, start);
        BOOST_TEST((d.what() == database_state::is::away));
        BOOST_TEST(d.sentence() == "the database is away: why");
    }
    d.learn({}, start);
    BOOST_TEST((d.what() == database_state::is::fine));
    BOOST_TEST(d.sentence() == "the database answers");
}

BOOST_AUTO_TEST_CASE(an_operator_hears_of_each_change_once)
{
    database_state d;
    BOOST_TEST(d.learn(away, start));
    BOOST_TEST(!d.learn(db_error{db_error_kind::timed_out, "in other words"}, start));
    BOOST_TEST(d.learn(no_database, start));
    BOOST_TEST(!d.learn(no_database, start));
    BOOST_TEST(d.learn(no_schema, start)); // something else to do
    BOOST_TEST(d.learn({}, start));
    BOOST_TEST(!d.learn({}, start));
    BOOST_TEST(d.learn(away, start));
}

BOOST_AUTO_TEST_CASE(the_last_good_answer_stays_known)
{
    database_state d;
    d.learn({}, start);
    d.learn({}, start + 1s);
    d.learn(away, start + 2s);
    BOOST_TEST((d.last_fine() == start + 1s));
    BOOST_TEST(d.why() == "no server");
    d.learn({}, start + 3s);
    BOOST_TEST((d.last_fine() == start + 3s));
    BOOST_TEST(d.why() == "");
}

BOOST_AUTO_TEST_SUITE_END()
