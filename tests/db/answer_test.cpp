#include "db/answer.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace {

using answer = db::answer<std::string>;

const walls::db_error away{walls::db_error_kind::timed_out, "no answer"};

std::string thrown_by(const answer& a)
{
    try {
        return a.value();
    } catch (const std::runtime_error& e) {
        return std::string("throws ") + e.what();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(answer_)

BOOST_AUTO_TEST_CASE(a_value_is_no_failure)
{
    const answer a(std::string("yes"));
    BOOST_TEST(a.has_value());
    BOOST_TEST(thrown_by(a) == "yes");
    BOOST_TEST(!db::error_of(a).has_value());
}

BOOST_AUTO_TEST_CASE(an_error_of_the_database_is_told_from_a_no)
{
    const auto error = db::error_of(answer(away));
    BOOST_TEST_REQUIRE(error.has_value());
    BOOST_TEST((error->kind == walls::db_error_kind::timed_out));
    BOOST_TEST(error->why == "no answer");
    BOOST_TEST(!db::error_of(answer(db::denied::no_member)).has_value());
    BOOST_TEST(
        !db::error_of(answer(db::failure(db::denied::unacceptable, "too long"))).has_value());
}

BOOST_AUTO_TEST_CASE(a_no_has_one_reason)
{
    const answer no(db::denied::no_post);
    BOOST_TEST(db::is_denied(no, db::denied::no_post));
    BOOST_TEST(!db::is_denied(no, db::denied::signed_out));
    BOOST_TEST(!db::is_denied(answer(away), db::denied::signed_out));
    BOOST_TEST(!db::is_denied(answer(std::string("yes")), db::denied::signed_out));
}

BOOST_AUTO_TEST_CASE(who_takes_the_value_without_asking_is_thrown_the_reason)
{
    BOOST_TEST(thrown_by(answer(away)) == "throws no answer");
    BOOST_TEST(thrown_by(answer(db::failure(db::denied::unacceptable, "too long"))) ==
               "throws too long");
    BOOST_TEST(thrown_by(answer(db::denied::signed_out)) == "throws denied: signed out");
    BOOST_TEST(thrown_by(answer(db::denied::no_member)) == "throws denied: no member");
    BOOST_TEST(thrown_by(answer(db::denied::no_author)) == "throws denied: not the author");
    BOOST_TEST(thrown_by(answer(db::denied::no_post)) == "throws denied: no such post");
    BOOST_TEST(thrown_by(answer(db::denied::key_in_use)) == "throws denied: client_key in use");
}

BOOST_AUTO_TEST_SUITE_END()
