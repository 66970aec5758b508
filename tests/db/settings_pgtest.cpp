// Settings of roles and of the environment that the server's sessions must not depend on. The whole
// suite with all of them turned against it: tests/db/settings_against.hpp.
#include "db/admin.hpp"
#include "db/migrate.hpp"
#include "db/session_settings.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/db/settings_against.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace {

// libpq sends what these hold after the options of the connection string.
struct libpq_environment {
    libpq_environment()
    {
        ::setenv("PGTZ", "Pacific/Chatham", 1);
        ::setenv("PGDATESTYLE", "German", 1);
        ::setenv("PGOPTIONS", "-c standard_conforming_strings=off -c statement_timeout=1", 1);
        ::setenv("PGCLIENTENCODING", "LATIN1", 1);
    }
    ~libpq_environment()
    {
        for (const char* name : {"PGTZ", "PGDATESTYLE", "PGOPTIONS", "PGCLIENTENCODING"}) {
            ::unsetenv(name);
        }
    }
    libpq_environment(const libpq_environment&) = delete;
    libpq_environment& operator=(const libpq_environment&) = delete;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(settings_, database_fixture)

BOOST_AUTO_TEST_CASE(the_environment_of_libpq_changes_no_answer)
{
    const auto token = reader(1).session_id;
    sql("insert into pollster.posts (wall_id, user_id, body, created_at) "
        "values (1, 1, 'grüße', '2026-01-02 03:04:05.678+00')");
    const libpq_environment elsewhere;
    database = std::make_unique<db::database>(settings);
    BOOST_TEST((identity_of(token) != nullptr));
    BOOST_TEST(feed().look({}).has_value());
    BOOST_TEST(sessions().sign_in("ann", "ann secret").value().has_value());
    const auto h = history_of(1, {}, 5);
    BOOST_TEST_REQUIRE(h.posts.size() == 1u);
    BOOST_TEST(h.posts[0].body.value() == "grüße");
    BOOST_TEST(h.posts[0].created_at == "2026-01-02T03:04:05.678Z");
}

// Only a superuser can override this one; unnoticed, posts would get no entry.
BOOST_AUTO_TEST_CASE(a_role_whose_writes_fire_no_trigger_is_refused_with_what_to_do)
{
    const std::string role = "mute_" + name;
    sql("create role " + role + " login");
    sql("alter role " + role + " set session_replication_role = replica");
    settings.database += " user=" + role;
    const auto asked = std::make_unique<db::database>(settings)->feed().look({});
    BOOST_TEST_REQUIRE(!asked.has_value());
    BOOST_TEST(asked.error().why.find("`alter role " + role + " reset session_replication_role`") !=
                   std::string::npos,
               asked.error().why);
    BOOST_TEST(asked.error().why.find('\n') == std::string::npos, asked.error().why);
}

// `pollster check` says nothing of what the suite is run with.
BOOST_AUTO_TEST_CASE(every_setting_that_the_suite_has_turned_is_known)
{
    for (const auto& s : settings_against()) {
        BOOST_TEST(db::is_known_setting(s.name), s.name);
    }
    BOOST_TEST(!db::is_known_setting("allow_system_table_mods"));
}

// Of 1 ms each, where a server, a database and a role can carry them.
BOOST_AUTO_TEST_CASE(timeouts_of_a_millisecond_end_nothing)
{
    const std::string role = "hasty_" + name;
    sql("create role " + role + " login superuser");
    for (const std::string timeout :
         {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
          "idle_session_timeout", "transaction_timeout"}) {
        if (sql("select count(*) from pg_settings where name = '" + timeout + "'") == "0") {
            continue; // of another version
        }
        for (const std::string& where :
             {"role " + role, "database " + name, "role " + role + " in database " + name}) {
            BOOST_TEST_CONTEXT(timeout << " of " << where)
            {
                pg.sql("postgres", "alter " + where + " set " + timeout + " = '1ms'");
                auto hasty = settings;
                hasty.database += " user=" + role;
                database = std::make_unique<db::database>(hasty);
                const auto looked = feed().look({});
                BOOST_TEST(looked.has_value(), (looked ? "" : looked.error().why));
                BOOST_TEST((sessions().sign_in("ann", "ann secret").value() != std::nullopt));
                BOOST_TEST(is_written(post(1, 1, "x")));
                pg.sql("postgres", "alter " + where + " reset " + timeout);
            }
        }
    }
}

// Its texts may be no UTF-8, and an answer with one of them is read by nobody.
BOOST_AUTO_TEST_CASE(a_database_that_knows_no_encoding_is_refused_with_what_to_do)
{
    sql("create database ascii_" + name +
        " template template0 encoding 'SQL_ASCII' "
        "lc_collate 'C' lc_ctype 'C'");
    auto there = pg.settings("ascii_" + name);
    BOOST_TEST(db::migrate(there, [](const std::string&) {}).has_value());
    const auto looked = std::make_unique<db::database>(there)->feed().look({});
    BOOST_TEST_REQUIRE(!looked.has_value());
    BOOST_TEST(looked.error().why.starts_with("the encoding of the database is SQL_ASCII"),
               looked.error().why);
}

BOOST_AUTO_TEST_CASE(a_column_of_a_wrong_type_is_named)
{
    auto admin = db::administrator::connect(settings).value();
    BOOST_TEST(admin->check().value().empty());
    sql("drop view pollster.users; create view pollster.users as select id::text as id, name, "
        "password_hash, disabled::int as disabled from pollster_default.users");
    const auto looked = sessions().find_identities(std::vector{std::string(43, 'x')});
    BOOST_TEST_REQUIRE(!looked.has_value());
    BOOST_TEST(looked.error().why.find("`pollster check` names columns of a wrong type") !=
                   std::string::npos,
               looked.error().why);
    const std::vector<std::string> wrong{
        "pollster.users.id has the type text, which has to be a number",
        "pollster.users.disabled has the type integer, which has to be boolean"};
    BOOST_TEST(admin->check().value() == wrong, boost::test_tools::per_element());
    sql("drop view pollster.users; create view pollster.users as select id, name, "
        "password_hash from pollster_default.users");
    BOOST_TEST(admin->check().value() ==
                   std::vector<std::string>{"pollster.users.disabled is missing"},
               boost::test_tools::per_element());
}

// The tables may belong to a group that the role becomes when it connects.
BOOST_AUTO_TEST_CASE(a_role_that_becomes_another_works_with_the_rights_of_that)
{
    const std::string role = "member_" + name;
    const std::string group = "group_" + name;
    sql("create role " + group + " superuser; create role " + role + " login; grant " + group +
        " to " + role + "; alter role " + role + " set role = " + group);
    settings.database += " user=" + role;
    database = std::make_unique<db::database>(settings);
    BOOST_TEST(is_written(post(1, 1, "x")));
}

BOOST_AUTO_TEST_SUITE_END()
