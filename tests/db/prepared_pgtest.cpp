// Statements that a connection prepares: they are sent by name, and whatever happens to the name,
// they are answered as if they had none, and run once.
#include "db/connection.hpp"
#include "db/queries.hpp"
#include "db/rows.hpp"
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

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

// With autovacuum off nothing else would: a plan of an empty table reads a full one from end to
// end.
BOOST_AUTO_TEST_CASE(plans_of_small_tables_are_forgotten)
{
    sql("create table grows (n bigint primary key) with (autovacuum_enabled = off); "
        "insert into grows values (1); analyze grows; grant select on grows to public");
    const std::string text = "select count(*) from public.grows where n = $1::bigint";
    const auto reads_all = [&] {
        const auto scans = [&] {
            conn.exec("select pg_stat_force_next_flush()");
            conn.exec("select 1");
            return sql("select seq_scan from pg_stat_user_tables where relname = 'grows'");
        };
        const auto before = scans();
        BOOST_TEST(one(conn.exec_prepared(text, 1)) == "1");
        return scans() != before;
    };
    conn.exec("select 1");
    const auto late = std::chrono::steady_clock::now() + 1h;
    conn.forget_old_plans(late); // and not for ten minutes then, however slow this test is
    for (int i = 0; i < 7; ++i) {
        BOOST_TEST(reads_all());
    }
    sql("insert into grows select generate_series(2, 20000)");
    conn.forget_old_plans(late + 9min);
    BOOST_TEST(reads_all());
    conn.forget_old_plans(late + 11min);
    BOOST_TEST(!reads_all());
    BOOST_TEST(one(conn.exec("select count(*) from pg_prepared_statements")) == "1");
}

BOOST_AUTO_TEST_CASE(who_forgets_plans_meets_the_end_of_a_connection_as_others_do)
{
    sql("create sequence steps");
    conn.exec("select 1");
    for (int n = 1; n <= 5; ++n) {
        conn.forget_old_plans(std::chrono::steady_clock::now() + n * 24h);
        BOOST_TEST(one(conn.exec_prepared(steps, 0)) == std::to_string(n));
        sql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where pid <> "
            "pg_backend_pid() and (query like '%nextval%' or query like 'discard%')");
    }
    // In a transaction that has failed nothing can be forgotten; that is not what is told.
    conn.exec("begin");
    BOOST_CHECK_THROW(conn.exec("select 1 / 0"), pqxx::sql_error);
    BOOST_CHECK_NO_THROW(conn.forget_old_plans(std::chrono::steady_clock::now() + 24h));
    conn.exec("rollback");
    BOOST_TEST(one(conn.exec_prepared(steps, 0)) == "6");
}

BOOST_AUTO_TEST_CASE(plans_are_forgotten_at_ten_seconds_and_twice_that)
{
    const auto earliest = std::chrono::steady_clock::now();
    conn.exec("select 1"); // it connects
    const auto latest = std::chrono::steady_clock::now();
    const auto forgets_at = [&](std::chrono::steady_clock::time_point when) {
        const auto before = meters.statements.load();
        conn.forget_old_plans(when);
        return meters.statements.load() > before;
    };
    BOOST_TEST(!forgets_at(earliest + 9s));
    BOOST_TEST(forgets_at(latest + 10s));
    BOOST_TEST(!forgets_at(latest + 19s));
    BOOST_TEST(forgets_at(latest + 21s + (latest - earliest)));
    BOOST_TEST(forgets_at(latest + 1h));
    BOOST_TEST(!forgets_at(latest + 1h + 9min));
    BOOST_TEST(forgets_at(latest + 1h + 10min));
    BOOST_TEST(!forgets_at(latest + 1h + 19min));
}

// PostgreSQL plans a statement anew each time where it takes the plan for any values to be dearer.
BOOST_AUTO_TEST_CASE(what_servers_ask_often_is_planned_for_any_values)
{
    // So many that nobody takes ten walls for one.
    sql("insert into pollster.walls (id, name) select n, 'wall ' || n from generate_series(10, "
        "2000) n;"
        "insert into pollster.posts (wall_id, user_id, body) select 10 + n % 1990, 2, 'hello' from "
        "generate_series(1, 20000) n; insert into pollster.posts (wall_id, user_id, body) select "
        "1, "
        "2, 'hello' from generate_series(1, 200)");
    sql("vacuum analyze");
    db::seen_heads seen;
    const walls::wall_id wall{1};
    // As a look has it: without one the statement has nothing to look for.
    const auto position = one(conn.exec(
        ("select concat_ws(' ', pg_current_snapshot(), " + std::string(db::process_text) + ")")
            .c_str()));
    for (int n = 1; n <= 12; ++n) {
        const std::vector<std::string> tokens{reader(1).session_id};
        BOOST_TEST(db::find_identities(conn, tokens).front() != nullptr);
        const std::vector<db::named> names{{walls::user_id{1}, {}}};
        BOOST_TEST(db::find_named(conn, names).front() != nullptr);
        db::find_guest(conn);
        db::walls_of(conn, reader(1), seen).value();
        db::walls_read(conn, reader(1), std::vector{wall}, seen).value();
        db::posts_before(conn, reader(1), wall, {}, {50, 100'000}, seen).value();
        db::entries_after(conn, std::vector<walls::cursor>{{wall, walls::entry_id{2}}}, {}, seen);
        db::mark_read(conn, reader(1), wall, walls::entry_id{2}).value();
        const std::vector<db::new_post> post{{wall, reader(1), "hello", std::to_string(n), {}}};
        std::vector<std::optional<db::answer<db::written_entry>>> answers(1);
        db::add_posts(conn, post, false, answers);
        db::written_entry& written = answers.front()->value();
        const std::vector<db::own_entry> own{{wall, &written}};
        db::after_commit(conn, position, own, seen);
        db::change_post(conn, {wall, reader(1), written.entry.post, "changed", {}}).value();
    }
    BOOST_TEST(one(conn.exec("select count(*) from pg_prepared_statements")) == "10");
    BOOST_TEST(one(conn.exec("select coalesce(string_agg(left(statement, 200), e'\n'), '') from "
                             "pg_prepared_statements where generic_plans = 0")) == "");
}

// What is not inlined is planned with each execution, however the statement was prepared: so was
// stamp(), which promised to be immutable and called what is only stable. EXPLAIN shows a function
// that is left.
BOOST_AUTO_TEST_CASE(no_function_in_a_statement_is_planned_with_each_execution)
{
    sql(R"(create function public.not_inlined() returns setof text language plpgsql as $$
        declare
            f record;
            line text;
            arguments text;
            columns text;
        begin
            for f in select p.oid, p.proname as name from pg_proc p join pg_language l on l.oid = p.prolang
                    where p.pronamespace = 'pollster'::regnamespace and l.lanname = 'sql' and not p.proretset
                      and not p.prosecdef and p.proconfig is null and p.pronargs > 0
                      and 'anyelement'::regtype <> all (p.proargtypes) loop
                select string_agg('c' || n, ','), string_agg('null::' || t::regtype || ' as c' || n, ',') into arguments, columns
                    from pg_proc p, unnest(p.proargtypes) with ordinality a(t, n) where p.oid = f.oid;
                for line in execute format('explain (verbose, costs off) select pollster.%I(%s) from (select %s offset 0) x',
                                           f.name, arguments, columns) loop
                    if line like '%pollster.' || f.name || '(%' then
                        return next f.name;
                    end if;
                end loop;
            end loop;
        end $$)");
    BOOST_TEST(
        sql("select count(*) > 20 from pg_proc p join pg_language l on l.oid = p.prolang where "
            "l.lanname = 'sql' and p.pronamespace = 'pollster'::regnamespace") == "t");
    // It reads a table, which is planned in no other way, and no statement asks it of a row.
    BOOST_TEST(sql("select string_agg(distinct f, ',') from public.not_inlined() f") == "is_open");
}

BOOST_AUTO_TEST_SUITE_END()
