// The role that serves: what it may do is the list of migration rights_to_serve, and nothing else.
#include "tests/db/database_fixture.hpp"

#include "db/admin.hpp"
#include "db/migrate.hpp"

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace {

struct rights_fixture : database_fixture {
    // Separated by newlines; empty: none.
    std::string lines(const std::string& query) const
    {
        return sql("select coalesce(string_agg(line, E'\n' order by line), '') from (" + query +
                   ") q(line)");
    }
    // SQLSTATE, or "" if it was done. What the role's own settings would do (a timeout, say) is not
    // asked here.
    std::string as_server(const std::string& statement) const
    {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> c(
            PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
        PQclear(PQexec(c.get(), "set session authorization pollster"));
        const std::unique_ptr<PGresult, decltype(&PQclear)> r(PQexec(c.get(), statement.c_str()),
                                                              &PQclear);
        const char* state = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
        return state != nullptr ? state : "";
    }
    std::vector<std::string> advised()
    {
        auto server = settings;
        server.database_owner.clear();
        std::vector<std::string> codes;
        for (const auto& a : db::administrator::connect(server).value()->advise(15).value()) {
            if (a.code == "grant" || a.code == "owns" || a.code == "superuser") {
                codes.push_back(a.code + ": " + a.what);
            }
        }
        return codes;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(rights_, rights_fixture)

BOOST_AUTO_TEST_CASE(a_migration_gives_the_list_and_nothing_else)
{
    BOOST_TEST(lines("select * from pollster.rights_of('pollster')") ==
               lines("select * from pollster.rights_to_serve()"));
    BOOST_TEST(sql("select count(*) > 20 from pollster.rights_to_serve()") == "t");
    BOOST_TEST(advised() == std::vector<std::string>(), boost::test_tools::per_element());
}

// By what PostgreSQL would decide, whether the right comes from a grant, from PUBLIC, from a
// membership or from an attribute of the role.
BOOST_AUTO_TEST_CASE(the_catalog_knows_of_no_other_right)
{
    const std::string relations = " from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                                  "where n.nspname like 'pollster%' ";
    BOOST_TEST(
        lines(
            "select p.word || ' on ' || c.oid::regclass from pg_class c join pg_namespace n on "
            "n.oid = c.relnamespace cross join unnest('{insert,update,delete,truncate,references,"
            "trigger}'::text[]) p(word) where n.nspname like 'pollster%' and c.relkind in ('r', "
            "'v', 'm', 'p', 'f') and (has_table_privilege('pollster', c.oid, p.word) or case when "
            "p.word in ('insert', 'update', 'references') then has_any_column_privilege("
            "'pollster', c.oid, p.word) end)") == "");
    BOOST_TEST(
        lines("select format('select on table %s', c.oid::regclass)" + relations +
              "and c.relkind in ('r', 'v', 'm', 'p', 'f') and has_table_privilege('pollster', "
              "c.oid, 'select')") ==
        lines("select * from pollster.rights_to_serve() r where r like 'select on %'"));
    BOOST_TEST(
        lines("select format('select (%I) on table %s', a.attname, c.oid::regclass) from "
              "pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a "
              "on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where n.nspname "
              "like 'pollster%' and c.relkind in ('r', 'v') and not has_table_privilege("
              "'pollster', c.oid, 'select') and has_column_privilege('pollster', c.oid, "
              "a.attnum, 'select')") ==
        lines("select * from pollster.rights_to_serve() r where r like 'select (%'"));
    BOOST_TEST(lines("select c.oid::regclass::text" + relations +
                     "and case when c.relkind = 'S' then has_sequence_privilege('pollster', c.oid, "
                     "'usage, select, update') end") == "");
    // Of the functions that are closed to the public.
    BOOST_TEST(
        lines("select 'execute on function ' || p.oid::regprocedure from pg_proc p join "
              "pg_namespace n on n.oid = p.pronamespace where n.nspname like 'pollster%' and "
              "has_function_privilege('pollster', p.oid, 'execute') and not "
              "has_function_privilege('public', p.oid, 'execute')") ==
        lines("select * from pollster.rights_to_serve() r where r like 'execute on %'"));
    BOOST_TEST(lines("select n.nspname from pg_namespace n where has_schema_privilege('pollster', "
                     "n.oid, 'create') and n.nspname !~ '^pg_(toast_)?temp_'") == "");
    BOOST_TEST(sql("select has_database_privilege('pollster', current_database(), 'create')") ==
               "f");
    BOOST_TEST(sql("select rolsuper or rolcreatedb or rolcreaterole or rolreplication or "
                   "rolbypassrls from pg_roles where rolname = 'pollster'") == "f");
    BOOST_TEST(lines("select r.rolname from pg_roles r where r.rolname <> 'pollster' and "
                     "pg_has_role('pollster', r.oid, 'member')") == "");
    BOOST_TEST(lines("select classid::regclass || ' ' || objid from pg_shdepend where refobjid = "
                     "'pollster'::regrole and deptype = 'o'") == "");
}

// What runs with the rights of the owner must not be led to other objects by whoever calls it, and
// none of it that writes is open to everybody.
BOOST_AUTO_TEST_CASE(functions_with_the_owners_rights_have_a_search_path_and_are_closed)
{
    const std::string definers =
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = "
        "p.pronamespace where n.nspname like 'pollster%' and p.prosecdef ";
    BOOST_TEST(lines(definers + "and not exists (select from unnest(p.proconfig) s where s like "
                                "'search_path=pg_catalog, pg_temp%')") == "");
    BOOST_TEST(lines(definers + "and has_function_privilege('public', p.oid, 'execute') and "
                                "p.provolatile <> 'i'") == "");
    // What a trigger function writes is said by whoever puts it on a table.
    BOOST_TEST(
        as_server("create temp table t (id bigint, wall_id bigint, user_id bigint, body text); "
                  "create trigger t after delete on t for each row execute function "
                  "pollster.wall_removed('wall_id')") == "42501");
}

BOOST_AUTO_TEST_CASE(what_a_server_does_is_possible_and_all_else_is_refused)
{
    const auto written = post(1, 1, "the first", "key");
    BOOST_REQUIRE(is_written(written));
    BOOST_TEST(history_of(1, {}, 10).posts.size() == 1u);
    BOOST_TEST(found({walls::wall_id{1}, "first", {}, 10}).posts.size() == 1u);
    BOOST_TEST(mark_read(1, 2, 1) == 1);
    BOOST_TEST(walls_of(2).size() == 2u);
    BOOST_TEST(sql("select count(*) > 0 and bool_and(usename = 'pollster') from pg_stat_activity "
                   "where datname = current_database() and application_name like 'pollster%'") ==
               "t");
    for (const char* statement :
         {"insert into pollster.posts (wall_id, user_id, body) values (1, 1, 'x')",
          "update pollster.posts set body = 'x'",
          "delete from pollster.posts",
          "insert into pollster.memberships values (3, 2)",
          "delete from pollster.sessions",
          "update pollster.users set name = 'x'",
          "select password_hash from pollster.users",
          "select * from pollster.users",
          "select from pollster_default.users",
          "select from pollster.heads",
          "select from pollster.entries",
          "select from pollster.client_keys",
          "delete from pollster.served_entries",
          "update pollster.served_heads set last_entry = 0",
          "truncate pollster.entries",
          "select pollster.remove_feed(1)",
          "select pollster.restored()",
          "select pollster.refresh_all()",
          "select pollster.let_serve('pollster')",
          "create table pollster.mine ()",
          "create schema mine",
          "create table public.mine ()",
          "set role pollster_owner",
          "create function pollster.mine() returns int return 1"}) {
        BOOST_TEST(as_server(statement) == "42501", statement);
    }
}

BOOST_AUTO_TEST_CASE(each_migration_takes_what_is_too_much_and_gives_what_lacks)
{
    sql("grant insert, update (body) on pollster.posts to pollster; grant usage on schema "
        "pollster_default to pollster; revoke execute on function pollster.add_session from "
        "pollster; drop view pollster.walls; create view pollster.walls as select id, name, kind "
        "from pollster_default.walls");
    const auto codes = advised();
    BOOST_REQUIRE(codes.size() == 2u);
    BOOST_TEST(codes[0] == "grant: the role \"pollster\" lacks a right: execute on function "
                           "pollster.add_session(bigint,text,bytea,bigint,bigint), and 1 more");
    BOOST_TEST(codes[1] == "grant: the role \"pollster\" has a right that it does not need: insert "
                           "on table pollster.posts, and 2 more");
    std::vector<std::string> told;
    const auto note = [&](const std::string& line) { told.push_back(line); };
    auto unnamed = settings;
    unnamed.serving_role.clear(); // it has served before
    BOOST_TEST(db::migrate(unnamed, note).has_value());
    BOOST_TEST(told == std::vector<std::string>{"the role that serves has its rights"},
               boost::test_tools::per_element());
    BOOST_TEST(advised().empty());
    BOOST_TEST(db::migrate(settings, note).has_value());
    BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(another_role_is_let_serve_and_one_that_is_not_there_is_named)
{
    sql("drop role if exists other_server");
    sql("create role other_server login");
    settings.serving_role = "other_server";
    BOOST_TEST(db::migrate(settings, [](const std::string&) {}).has_value());
    BOOST_TEST(lines("select * from pollster.rights_of('other_server')") ==
               lines("select * from pollster.rights_to_serve()"));
    BOOST_TEST(lines("select * from pollster.rights_of('pollster')") ==
               lines("select * from pollster.rights_to_serve()"));
    settings.serving_role = "nobody_of_this_name";
    const auto refused = db::migrate(settings, [](const std::string&) {});
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().sentence.starts_with(
        "There is no role \"nobody_of_this_name\", which is to serve"));
}

BOOST_AUTO_TEST_CASE(an_owner_that_serves_is_left_alone_and_named)
{
    sql("drop role if exists all_in_one");
    sql("create role all_in_one login; alter schema pollster owner to all_in_one");
    BOOST_TEST(sql("select pollster.let_serve('all_in_one')") == "0");
    sql("grant select on pollster.schema_migrations to all_in_one");
    settings.database += " user=all_in_one";
    const auto codes = advised();
    BOOST_REQUIRE(codes.size() == 1u);
    BOOST_TEST(codes[0].starts_with("owns: the role \"all_in_one\" has all rights of"), codes[0]);
}

BOOST_AUTO_TEST_CASE(the_page_about_the_database_prints_the_list)
{
    std::ifstream page("docs/DATABASE.md");
    std::set<std::string> printed;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("```")) {
            inside = line == "```rights";
        } else if (inside) {
            printed.insert(line);
        }
    }
    std::istringstream wanted(lines("select * from pollster.rights_to_serve()"));
    std::set<std::string> listed;
    for (std::string line; std::getline(wanted, line);) {
        listed.insert(line);
    }
    BOOST_TEST(printed == listed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
