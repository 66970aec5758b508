// Statements that a connection prepares: they are sent by name, and whatever happens to the name,
// they are answered as if they had none, and run once.
#include "db/connection.hpp"
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

struct prepared_fixture : database_fixture {
    db::circuit_breaker breaker;
    db::meters meters;
    db::connection conn{pg.test_conninfo(name), breaker, meters};
    db::connection another{pg.test_conninfo(name), breaker, meters};

    static std::string one(const pqxx::result& r) { return r[0][0].c_str(); }
    static std::string names(db::connection& c)
    {
        return one(c.exec("select coalesce(string_agg(name, ',' order by name), '') from "
                          "pg_prepared_statements"));
    }
};

const std::string steps = "select nextval('public.steps') + $1::bigint";

} // namespace

BOOST_FIXTURE_TEST_SUITE(prepared_, prepared_fixture)

BOOST_AUTO_TEST_CASE(a_statement_is_parsed_once_a_connection)
{
    sql("create sequence steps");
    for (int n = 1; n <= 20; ++n) {
        BOOST_TEST(one(conn.exec_prepared(steps, 100)) == std::to_string(100 + n));
    }
    BOOST_TEST(one(conn.exec("select generic_plans + custom_plans from pg_prepared_statements")) ==
               "20");
    // By name, which another text does not have, and another connection has for the same text.
    const std::string given = names(conn);
    BOOST_TEST(one(conn.exec_prepared("select $1::bigint", 7)) == "7");
    BOOST_TEST(names(conn) != given);
    BOOST_TEST(one(another.exec_prepared(steps, 100)) == "121");
    BOOST_TEST(names(another) == given);
    BOOST_TEST(meters.prepares.load());
}

BOOST_AUTO_TEST_CASE(an_answer_whose_types_have_changed_is_read_again)
{
    sql("create table t (n int); insert into t values (7); create view v as select n from t");
    const std::string text = "select n, $1::int from public.v";
    BOOST_TEST(one(conn.exec_prepared(text, 1)) == "7");
    for (const char* type : {"bigint", "numeric", "text"}) {
        sql("drop view public.v; alter table public.t alter n type " + std::string(type) +
            "; create view v as select n from t");
        BOOST_TEST(one(conn.exec_prepared(text, 1)) == "7");
        BOOST_TEST(one(conn.exec_prepared(text, 1)) == "7");
    }
    BOOST_TEST(!names(conn).empty());
    BOOST_TEST(meters.prepares.load());
}

// As behind a pooler that gives each transaction another connection.
BOOST_AUTO_TEST_CASE(a_name_that_is_gone_or_another_clients_is_not_used_any_more)
{
    sql("create sequence steps");
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "1");
    const std::string given = names(conn);
    conn.exec("deallocate all");
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "2");
    BOOST_TEST(!meters.prepares.load());
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "3");
    BOOST_TEST(names(conn).empty());

    meters.prepares = true;
    another.exec(("prepare " + given + " as select 4711").c_str());
    BOOST_TEST(one(another.exec_prepared(steps, 0)) == "4");
    BOOST_TEST(!meters.prepares.load());
}

BOOST_AUTO_TEST_CASE(a_statement_that_fails_runs_once_and_may_be_sent_again)
{
    sql("create sequence steps");
    const std::string text = "select 1 / ($1::bigint - nextval('public.steps'))";
    BOOST_CHECK_THROW(conn.exec_prepared(text, 1), pqxx::sql_error);
    BOOST_TEST(sql("select last_value from steps") == "1");
    BOOST_TEST(one(conn.exec_prepared(text, 3)) == "1");
    // One that cannot be prepared.
    const std::string later = "select n + $1::int from public.made_later";
    BOOST_CHECK_THROW(conn.exec_prepared(later, 1), pqxx::sql_error);
    sql("create table made_later (n int); insert into made_later values (1)");
    BOOST_TEST(one(conn.exec_prepared(later, 1)) == "2");
    BOOST_TEST(meters.prepares.load());
}

BOOST_AUTO_TEST_CASE(a_new_connection_prepares_anew)
{
    sql("create sequence steps");
    conn.exec_prepared(steps, 0);
    conn.drop();
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "2");
    sql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where pid <> "
        "pg_backend_pid() and "
        "query like '%nextval%'");
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "3");
    BOOST_TEST(!names(conn).empty());
    BOOST_TEST(meters.prepares.load());
}

BOOST_AUTO_TEST_SUITE_END()
