// Settings of roles and of the environment that the server's sessions must not depend on. The whole
// suite with all of them turned against it: tests/db/settings_against.hpp.
#include "tests/db/store_fixture.hpp"

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

BOOST_FIXTURE_TEST_SUITE(settings_, store_fixture)

BOOST_AUTO_TEST_CASE(the_environment_of_libpq_changes_no_answer)
{
    const auto token = reader(1).session_id;
    sql("insert into pollster.posts (wall_id, user_id, body, created_at) "
        "values (1, 1, 'grüße', '2026-01-02 03:04:05.678+00')");
    const libpq_environment elsewhere;
    store = db::store::open(settings);
    BOOST_TEST((who(token) != nullptr));
    BOOST_TEST(store->look({}).has_value());
    BOOST_TEST(store->sign_in("ann", "ann secret").value().has_value());
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
    const auto asked = db::store::open(settings)->look({});
    BOOST_TEST_REQUIRE(!asked.has_value());
    BOOST_TEST(asked.error().why.find("`alter role " + role + " reset session_replication_role`") !=
                   std::string::npos,
               asked.error().why);
    BOOST_TEST(asked.error().why.find('\n') == std::string::npos, asked.error().why);
}

// The tables may belong to a group that the role becomes when it connects.
BOOST_AUTO_TEST_CASE(a_role_that_becomes_another_works_with_the_rights_of_that)
{
    const std::string role = "member_" + name;
    const std::string group = "group_" + name;
    sql("create role " + group + " superuser; create role " + role + " login; grant " + group +
        " to " + role + "; alter role " + role + " set role = " + group);
    settings.database += " user=" + role;
    store = db::store::open(settings);
    BOOST_TEST(std::holds_alternative<db::post_created>(post(1, 1, "x")));
}

BOOST_AUTO_TEST_SUITE_END()
