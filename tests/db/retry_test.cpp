#include "db/retry.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace {

pqxx::sql_error error_of(const std::string& sqlstate)
{
    return pqxx::sql_error("an error", "select 1", sqlstate.c_str());
}

// As libpqxx throws it: 7.7 (Debian 12) gives these no SQLSTATE, 7.10 (Debian 13) does.
template <class Error>
Error as_thrown(const std::string& what, const char* sqlstate)
{
    if constexpr (std::is_constructible_v<Error, std::string, std::string, const char*>) {
        return Error(what, "select 1", sqlstate);
    } else {
        return Error(what);
    }
}

// A statement that fails with these in turn and then succeeds.
struct statement {
    std::vector<std::string> states;
    std::size_t sent = 0;
    int operator()()
    {
        if (sent++ < states.size()) {
            throw error_of(states[sent - 1]);
        }
        return 7;
    }
};

std::string thrown_by(statement& s)
{
    try {
        db::retry_on_deadlock([&s] { return s(); });
    } catch (const pqxx::sql_error& e) {
        return e.sqlstate();
    }
    return "nothing";
}

} // namespace

BOOST_AUTO_TEST_SUITE(retry_)

BOOST_AUTO_TEST_CASE(what_succeeds_is_sent_once)
{
    statement s;
    BOOST_TEST(db::retry_on_deadlock([&s] { return s(); }) == 7);
    BOOST_TEST(s.sent == 1u);
}

BOOST_AUTO_TEST_CASE(deadlocks_and_serialization_failures_are_tried_again)
{
    statement s{{"40P01", "40001", "40P01", "40001"}};
    BOOST_TEST(db::retry_on_deadlock([&s] { return s(); }) == 7);
    BOOST_TEST(s.sent == 5u);
}

// As libpqxx throws them: with some of its versions they are no sql_error.
BOOST_AUTO_TEST_CASE(so_they_are_by_the_names_that_libpqxx_gives_them)
{
    int sent = 0;
    BOOST_TEST(db::retry_on_deadlock([&sent] {
                   ++sent;
                   switch (sent) {
                   case 1:
                       throw as_thrown<pqxx::deadlock_detected>("a deadlock", "40P01");
                   case 2:
                       throw as_thrown<pqxx::serialization_failure>("a failure", "40001");
                   default:
                       return 7;
                   }
               }) == 7);
    BOOST_TEST(sent == 3);
}

BOOST_AUTO_TEST_CASE(a_transaction_of_which_nobody_knows_is_not_tried_again)
{
    int sent = 0;
    BOOST_CHECK_THROW(db::retry_on_deadlock([&sent]() -> int {
                          ++sent;
                          throw as_thrown<pqxx::statement_completion_unknown>("perhaps", "40003");
                      }),
                      pqxx::statement_completion_unknown);
    BOOST_TEST(sent == 1);
}

BOOST_AUTO_TEST_CASE(the_fifth_error_is_the_callers)
{
    statement s{{"40P01", "40P01", "40P01", "40P01", "40001", "40P01"}};
    BOOST_TEST(thrown_by(s) == "40001");
    BOOST_TEST(s.sent == 5u);
}

BOOST_AUTO_TEST_CASE(any_other_error_is_the_callers_at_once)
{
    for (const char* state : {"23505", "40002", "40", "57014", ""}) {
        statement s{{state}};
        BOOST_TEST(thrown_by(s) == state);
        BOOST_TEST(s.sent == 1u);
    }
    statement s{{"40P01", "23505"}};
    BOOST_TEST(thrown_by(s) == "23505");
    BOOST_TEST(s.sent == 2u);
}

BOOST_AUTO_TEST_CASE(the_caller_may_know_of_more_that_passes_and_is_asked_each_time)
{
    statement s{{"23505", "40P01", "23505", "23505", "23505", "23505"}};
    std::size_t asked = 0;
    const auto also = [&asked](const pqxx::sql_error& e) {
        ++asked;
        return std::string(e.sqlstate()) == "23505";
    };
    BOOST_CHECK_THROW(db::retry_on_deadlock([&s] { return s(); }, also), pqxx::sql_error);
    BOOST_TEST(s.sent == 5u);
    BOOST_TEST(asked == 4u); // a deadlock passes anyway
}

BOOST_AUTO_TEST_SUITE_END()
