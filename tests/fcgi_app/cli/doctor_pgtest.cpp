// What the doctor says of a database: each of these faults is made, and told; and none without it.
#include "tests/db/private_postgres.hpp"
#include "tests/fcgi_app/cli/real_database.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <sstream>

namespace {

// As operators run it: what is written reaches the disk.
private_postgres& durable()
{
    static private_postgres instance({"fsync=on"});
    return instance;
}

struct database {
    private_postgres& pg = durable();
    std::string name = pg.migrated_database();

    void sql(const std::string& text) const { pg.sql(name, text); }

    // What it says to the role that serves, or to another one.
    std::string report(const std::vector<std::string>& more = {}, std::string conninfo = {}) const
    {
        conninfo = conninfo.empty() ? pg.conninfo(name) : conninfo;
        std::vector<std::string> words{"doctor",   "--nginx",          "-",
                                       "--listen", "[::1]:1",          "--database",
                                       conninfo,   "--database-owner", pg.owner_conninfo(name)};
        words.insert(words.end(), more.begin(), more.end());
        return pollster::cli::testing::type_to_database(words, "events { }\n").out;
    }
    static std::set<std::string> words_of(const std::string& report)
    {
        std::set<std::string> out;
        std::istringstream lines(report);
        for (std::string line; std::getline(lines, line);) {
            out.insert(line.substr(0, line.find(": ")));
        }
        for (const char* none_runs :
             {"no-site", "somaxconn", "socket", "not checked", "nothing to do"}) {
            out.erase(none_runs);
        }
        return out;
    }
};

// One finding about the database, of which one line has these words.
void finds(const std::string& report, const std::string& line)
{
    const auto word = line.substr(0, line.find(": "));
    BOOST_TEST(database::words_of(report) == std::set<std::string>{word}, report);
    BOOST_TEST(("\n" + report).find("\n" + line) != std::string::npos,
               line + " is not in " + report);
}

void finds_nothing(const std::string& report)
{
    BOOST_TEST(database::words_of(report).empty(), report);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(doctor_database, database)

BOOST_AUTO_TEST_CASE(a_sound_database_has_no_findings)
{
    finds_nothing(report());
    finds_nothing(report({"--database-read", pg.conninfo(name)}));
}

BOOST_AUTO_TEST_CASE(a_replica_that_cannot_be_asked)
{
    finds(report({"--database-read", pg.conninfo("no_such_replica")}),
          "replica: database_read: PostgreSQL has no such database: ");
}

BOOST_AUTO_TEST_CASE(a_database_that_is_not_there_or_has_another_schema)
{
    finds(report({}, pg.conninfo("no_such_database")), "database: database: ");
    finds(report({}, pg.conninfo(pg.empty_database())), "database: database: ");
    sql("alter view pollster.users rename column disabled to off");
    finds(report(), "contract: database: pollster.users.disabled is missing. To do: ");
}

BOOST_AUTO_TEST_CASE(rights_of_the_role_that_serves)
{
    sql("do $$ begin create role deputy login in role pollster_owner; exception when others then "
        "null; end $$");
    finds(report({}, pg.conninfo(name) + " user=deputy"),
          "owns: database: the role \"deputy\" has all rights of \"pollster_owner\", which owns "
          "the schema, and needs none of them to serve. To do: `pollster setup` as root makes two "
          "roles");
    sql("revoke select on pollster.walls from pollster");
    finds(report(), "grant: database: the role \"pollster\" lacks a right: ");
    sql("grant select on pollster.walls to pollster; grant delete on pollster.walls to pollster");
    finds(report(), "grant: database: the role \"pollster\" has a right that it does not need: ");
    sql("revoke delete on pollster.walls from pollster");
    finds_nothing(report());
}

BOOST_AUTO_TEST_CASE(a_superuser_who_serves)
{
    finds(
        report({}, pg.test_conninfo(name)),
        "superuser: database: the role \"tester\" is a superuser, which Pollster does not need. "
        "To do: `pollster setup` makes a role that is none; or alter role \"tester\" nosuperuser");
}

BOOST_AUTO_TEST_CASE(limits_that_leave_too_few_connections)
{
    const std::string too_few = " leaves 14 connections, and a process of Pollster may open 15. ";
    sql("alter role pollster connection limit 14");
    finds(report(), "connections: database: the role's connection limit" + too_few);
    sql("alter role pollster connection limit 15");
    finds_nothing(report());
    sql("alter role pollster connection limit -1");
    pg.sql("postgres", "alter database " + name + " connection limit 14");
    finds(report(), "connections: database: the database's connection limit" + too_few);
    pg.sql("postgres", "alter database " + name + " connection limit 15");
    finds_nothing(report());
    pg.sql("postgres", "alter database " + name + " connection limit -1");
    finds(report({"--database-connections", "60"}),
          "connections: database: max_connections leaves 97 connections, and a process of Pollster "
          "may open 127. To do: raise it, or lower database_connections");
}

BOOST_AUTO_TEST_CASE(a_database_that_does_not_wait_for_its_disk)
{
    pg.sql("postgres", "alter system set full_page_writes = off");
    pg.sql("postgres", "select pg_reload_conf()");
    // Each session reads it when it gets round to it; the doctor's begins with it.
    while (pg.sql("postgres", "show full_page_writes") != "off") {
    }
    finds(report(), "durability: database: full_page_writes is off: after a crash of the host the "
                    "database may be damaged, and posts are lost. To do: alter system set "
                    "full_page_writes = on");
    pg.sql("postgres", "alter system reset full_page_writes");
    pg.sql("postgres", "select pg_reload_conf()");
    while (pg.sql("postgres", "show full_page_writes") != "on") {
    }
    finds_nothing(report());
    // Other tests' cluster is one.
    private_postgres& careless = private_postgres::shared();
    const auto other = careless.migrated_database();
    finds(report({}, careless.conninfo(other)), "durability: database: fsync is off: ");
}

// Of a PostgreSQL that is older there is none here: this one says so.
BOOST_AUTO_TEST_CASE(an_old_postgresql)
{
    sql("create or replace function pg_catalog.current_setting(text) returns text language sql "
        "stable as $$ select case $1 when 'server_version_num' then '140011' when "
        "'server_version' then '14.11' else current_setting($1, false) end $$");
    finds(report(), "version: database: PostgreSQL is of version 14.11, which nobody tests "
                    "Pollster with. To do: upgrade to 15 or later");
}

// The clock of this machine is left alone; the database tells another time.
BOOST_AUTO_TEST_CASE(a_clock_that_is_off)
{
    const auto off_by = [&](const std::string& seconds) {
        sql("create or replace function pg_catalog.clock_timestamp() returns timestamptz language "
            "sql volatile as $$ select to_timestamp(extract(epoch from statement_timestamp()) + " +
            seconds + ") $$");
    };
    off_by("3600");
    const auto ahead = report();
    finds(ahead, "clock: database: the clock of the database is 3");
    BOOST_TEST(ahead.find(" s ahead of that of this host. To do: time synchronisation") !=
                   std::string::npos,
               ahead);
    off_by("-3600");
    const auto behind = report();
    finds(behind, "clock: database: the clock of the database is 3");
    BOOST_TEST(behind.find(" s behind that of this host. To do: ") != std::string::npos, behind);
}

BOOST_AUTO_TEST_SUITE_END()
