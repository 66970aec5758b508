// A database that is there and was set up wrongly is never said to be away, and works as soon as
// somebody has mended it, without a restart.
#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/migrate.hpp"
#include "tests/db/private_postgres.hpp"
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace {

using walls::db_error_kind;

// pg_hba.conf is this program's, so it has a server of its own.
struct set_up_wrongly {
    private_postgres pg;
    std::string name = pg.migrated_database();
    db::settings settings = pg.settings(name);

    std::string sql(const std::string& text) const { return pg.sql(name, text); }

    void log_in_by(const std::string& lines)
    {
        std::ofstream(pg.folder() / "data" / "pg_hba.conf") << "local all tester trust\n" << lines;
        sql("select pg_reload_conf()");
    }

    // Of a server that starts, and of one that looks.
    void is_refused(const std::string& state, const std::string& advice)
    {
        db::database running(settings);
        walls::db_error looked;
        const auto deadline = std::chrono::steady_clock::now() + tests::patience;
        do { // the postmaster takes a moment to read pg_hba.conf again
            const auto look = running.feed().look({});
            looked = look ? walls::db_error{} : look.error();
        } while (looked.why.find(state) == std::string::npos &&
                 std::chrono::steady_clock::now() < deadline);
        const auto started = db::check_schema(settings);
        BOOST_TEST_REQUIRE(started.has_error());
        for (const auto& error : {looked, started.error()}) {
            BOOST_TEST((error.kind == db_error_kind::misconfigured), error.why);
            BOOST_TEST(error.why.find(advice) != std::string::npos, error.why);
            BOOST_TEST(error.why.find("(SQLSTATE " + state + ")") != std::string::npos, error.why);
            BOOST_TEST(error.why.find('\n') == std::string::npos, error.why);
        }
        // The second time without another attempt for the code.
        BOOST_TEST((running.feed().look({}).error().kind == db_error_kind::misconfigured));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(misconfigured_, set_up_wrongly)

BOOST_AUTO_TEST_CASE(no_such_database)
{
    settings = pg.settings("nobody_made_it");
    is_refused("3D000", "`pollster setup` makes it");
}

BOOST_AUTO_TEST_CASE(no_such_role)
{
    settings.database += " user=nobody_made_it";
    is_refused("28000", "`pollster setup` makes the role");
}

BOOST_AUTO_TEST_CASE(a_wrong_password_and_none)
{
    sql("alter role pollster password 'right'");
    log_in_by("local all all scram-sha-256\n");
    const auto without = settings.database;
    settings.database = without + " password=wrong";
    is_refused("28P01", "does not take the password");
    settings.database = without;
    is_refused("28P01", "does not take the password");
    settings.database = without + " password=right";
    BOOST_TEST(db::check_schema(settings).has_value());
}

BOOST_AUTO_TEST_CASE(pg_hba_does_not_admit_it)
{
    log_in_by("local all all reject\n");
    is_refused("28000", "pg_hba.conf says who may connect");
}

BOOST_AUTO_TEST_CASE(no_right_to_connect_or_to_the_schema)
{
    sql("create role guest login");
    settings.database += " user=guest";
    sql("revoke connect on database " + name + " from public");
    is_refused("42501", "`pollster setup` grants");
    sql("grant connect on database " + name + " to guest");
    is_refused("42501", "`pollster setup` grants"); // permission denied for schema pollster
}

BOOST_AUTO_TEST_CASE(once_it_is_mended_the_same_connections_work)
{
    settings = pg.settings("made_later");
    db::database running(settings);
    BOOST_TEST((running.feed().look({}).error().kind == db_error_kind::misconfigured));
    sql("create database made_later");
    const auto deadline = std::chrono::steady_clock::now() + tests::patience;
    const auto look_until = [&](const auto& good) {
        auto look = running.feed().look({});
        while (!good(look) && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(
                std::chrono::milliseconds(5)); // the pauses between attempts are its own
            look = running.feed().look({});
        }
        return look;
    };
    const auto without_schema = look_until(
        [](const auto& look) { return look || look.error().kind == db_error_kind::wrong_schema; });
    BOOST_TEST(without_schema.error().why.find("run `pollster migrate`") != std::string::npos);
    BOOST_TEST(db::migrate(settings, [](const std::string&) {}).has_value());
    BOOST_TEST(look_until([](const auto& look) { return look.has_value(); }).has_value());
}

// A server that is away or starting is no mistake of whoever set it up.
BOOST_AUTO_TEST_CASE(what_is_away_is_still_away)
{
    pg.stop();
    db::database running(settings);
    BOOST_TEST((running.feed().look({}).error().kind == db_error_kind::unavailable));
    pg.start();
}

BOOST_AUTO_TEST_SUITE_END()
