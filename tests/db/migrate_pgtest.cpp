// Migrations against a real PostgreSQL.
#include "db/migrate.hpp"
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

namespace {

const auto quiet = [](const std::string&) {};
constexpr const char* rights_given = "the role that serves has its rights";

private_postgres& pg()
{
    return private_postgres::shared();
}

} // namespace

BOOST_AUTO_TEST_SUITE(migrations_)

BOOST_AUTO_TEST_CASE(bring_an_empty_database_to_this_version_and_then_do_nothing)
{
    const auto s = pg().settings(pg().empty_database());
    std::vector<std::string> lines;
    const auto first = db::migrate(s, [&](const std::string& line) { lines.push_back(line); });
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST(first->from == 0);
    BOOST_TEST(first->to == db::schema_version());
    // One a migration, and at the end what the role that serves was given.
    BOOST_TEST_REQUIRE(lines.size() == static_cast<std::size_t>(db::schema_version()) + 1);
    BOOST_TEST(lines.front() == "applying migration 0001_contract");
    BOOST_TEST(lines.back() == rights_given);

    const auto second = db::migrate(s, [](const std::string& line) { BOOST_ERROR(line); });
    BOOST_TEST_REQUIRE(second.has_value());
    BOOST_TEST(second->from == db::schema_version());
    BOOST_TEST(second->to == db::schema_version());
    BOOST_TEST(db::check_schema(s).has_value());
}

BOOST_AUTO_TEST_CASE(run_once_when_eight_start_at_once)
{
    const auto s = pg().settings(pg().empty_database());
    std::atomic<int> applied = 0;
    std::atomic<int> given = 0;
    std::atomic<int> failed = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            if (!db::migrate(s, [&](const std::string& line) {
                    ++(line == rights_given ? given : applied);
                })) {
                ++failed;
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    BOOST_TEST(failed == 0);
    BOOST_TEST(applied == db::schema_version());
    BOOST_TEST(given == 1);
}

BOOST_AUTO_TEST_CASE(refuse_a_newer_schema_with_one_clear_line)
{
    const auto name = pg().migrated_database();
    const auto s = pg().settings(name);
    pg().sql(name, "insert into pollster.schema_migrations (number, name, checksum) values (99, "
                   "'0099_future', 'x')");
    const auto refused = db::migrate(s, quiet);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().sentence.find("schema version 99, newer than") != std::string::npos);
    BOOST_TEST(refused.error().sentence.find('\n') == std::string::npos);

    const auto checked = db::check_schema(s);
    BOOST_TEST_REQUIRE(!checked.has_value());
    BOOST_TEST((checked.error().kind == walls::db_error_kind::newer_schema));
}

BOOST_AUTO_TEST_CASE(refuse_a_history_that_is_not_this_programs)
{
    const auto name = pg().migrated_database();
    pg().sql(name, "update pollster.schema_migrations set checksum = 'other' where number = 2");
    const auto refused = db::migrate(pg().settings(name), quiet);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().sentence.find("0002_feed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(undo_a_migration_that_fails)
{
    const auto name = pg().empty_database();
    pg().sql(name, "create schema pollster_default"); // in the way of 0001
    const auto refused = db::migrate(pg().settings(name), quiet);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().sentence.find("Migration 0001_contract failed and was undone") ==
               0u);
    pg().sql(name, "drop schema pollster_default");
    BOOST_TEST(db::migrate(pg().settings(name), quiet).has_value());
}

BOOST_AUTO_TEST_CASE(use_a_pgcrypto_that_is_there_already)
{
    const auto name = pg().empty_database();
    pg().sql(name, "create schema \"Odd one\"; create extension pgcrypto with schema \"Odd one\"");
    BOOST_TEST(db::migrate(pg().settings(name), quiet).has_value());
    BOOST_TEST(
        pg().sql(name, "select pollster.bcrypt('x', pollster.bcrypt_salt()) like '$2a$10$%'") ==
        "t");
}

BOOST_AUTO_TEST_CASE(say_what_to_do_when_there_is_no_schema)
{
    const auto checked = db::check_schema(pg().settings(pg().empty_database()));
    BOOST_TEST_REQUIRE(!checked.has_value());
    BOOST_TEST((checked.error().kind == walls::db_error_kind::wrong_schema));
    BOOST_TEST(checked.error().why ==
               "The database has no pollster schema yet: run `pollster migrate`.");
}

BOOST_AUTO_TEST_CASE(say_that_the_database_is_away)
{
    auto s = pg().settings("nowhere");
    s.database = "host=/nonexistent dbname=x";
    BOOST_TEST(!db::migrate(s, quiet).has_value());
    const auto checked = db::check_schema(s);
    BOOST_TEST_REQUIRE(!checked.has_value());
    BOOST_TEST((checked.error().kind == walls::db_error_kind::unavailable));
    s.database = "host=";
    s.database += "'unfinished";
    BOOST_TEST(db::migrate(s, quiet).error().sentence.find("cannot read the connection string") ==
               0u);
}

BOOST_AUTO_TEST_SUITE_END()
