// What callers see while PostgreSQL is down, slow, read-only, replaced or a replica, and that
// everything works again afterwards.
#include "tests/db/database_fixture.hpp"
#include "tests/patience.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace {

using namespace std::chrono_literals;
using walls::db_error_kind;
using clock_type = std::chrono::steady_clock;

// Asks until it works: the database waits longer and longer between its attempts, and this program
// can only ask.
template <class Question>
auto eventually(Question question)
{
    const auto deadline = clock_type::now() + tests::patience;
    for (;;) {
        auto answer = question();
        if (answer || clock_type::now() > deadline) {
            return answer;
        }
        std::this_thread::sleep_for(5ms);
    }
}

struct errors_fixture : database_fixture {
    ~errors_fixture()
    {
        if (!pg.running()) {
            pg.start();
        }
    }
    errors_fixture() = default;
    errors_fixture(const errors_fixture&) = delete;
    errors_fixture& operator=(const errors_fixture&) = delete;

    const std::vector<walls::cursor> from_start{{walls::wall_id{1}, walls::entry_id{0}}};
    db::answer<db::written_entry> try_post(const std::string& key)
    {
        return posts().add_post({walls::wall_id{1}, reader(1), "x", key});
    }
    static std::string kind(db_error_kind k)
    {
        static const std::vector<std::string> names{
            "unavailable", "overloaded",   "too_many",     "read_only",    "timed_out",
            "disk_full",   "wrong_schema", "newer_schema", "misconfigured"};
        return names.at(static_cast<std::size_t>(k));
    }
    template <class T>
    static std::string kind(const walls::result<T>& r)
    {
        return r ? "fine" : kind(r.error().kind);
    }
    template <class T>
    static std::string kind(const db::answer<T>& a)
    {
        const auto error = db::error_of(a);
        return a ? "fine" : error ? kind(error->kind) : "refused";
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(errors_, errors_fixture)

BOOST_AUTO_TEST_CASE(database_that_is_down_at_start_is_an_error_until_it_is_up)
{
    pg.stop();
    const auto fresh = std::make_unique<db::database>(settings);
    BOOST_TEST(kind(fresh->feed().look({})) == "unavailable");
    BOOST_TEST(kind(fresh->feed().entries_after(from_start, 5)) == "unavailable");
    pg.start();
    BOOST_TEST(eventually([&] { return fresh->feed().look({}); }).has_value());
    BOOST_TEST(eventually([&] { return fresh->feed().entries_after(from_start, 5); }).has_value());
}

BOOST_AUTO_TEST_CASE(while_it_is_away_calls_fail_fast_and_hardly_anybody_knocks)
{
    BOOST_TEST(try_post("before").has_value());
    pg.crash();
    BOOST_TEST(kind(try_post("k")) == "unavailable");
    const auto before = database->count();
    const auto begin = clock_type::now();
    for (int i = 0; i < 2000; ++i) {
        BOOST_REQUIRE(kind(feed().entries_after(from_start, 5)) == "unavailable");
    }
    const auto after = database->count();
    // Not each of them, and the pauses between them grow from 50 ms.
    const auto pauses = static_cast<std::size_t>((clock_type::now() - begin) / 50ms);
    BOOST_TEST(after.connects - before.connects < 20u + pauses);
    BOOST_TEST(after.failures - before.failures == 2000u);
    BOOST_TEST(after.statements == before.statements);
}

BOOST_AUTO_TEST_CASE(after_a_crash_the_first_look_forgets_and_the_key_tells_what_happened)
{
    feed().look({}).value();
    BOOST_TEST(is_written(try_post("k")));
    pg.crash();
    BOOST_TEST(kind(feed().look({})) == "unavailable");
    pg.start();
    const auto c = eventually([&] { return feed().look(std::vector{walls::wall_id{1}}); });
    BOOST_TEST_REQUIRE(c.has_value());
    BOOST_TEST(c->forget_everything);
    BOOST_TEST(number(c->heads.at(0).newest) == 1);
    const auto again = eventually([&] { return try_post("k"); });
    BOOST_TEST(is_known(again));
}

BOOST_AUTO_TEST_CASE(a_restart_between_calls_costs_no_call)
{
    BOOST_TEST(try_post("1").has_value());
    feed().look({}).value();
    pg.stop();
    pg.start();
    // The dead connections are noticed before anything is sent, so even the write goes through.
    BOOST_TEST(kind(try_post("2")) == "fine");
    BOOST_TEST(kind(feed().entries_after(from_start, 5)) == "fine");
    BOOST_TEST(feed().look({}).value().forget_everything);
}

// The threads of a purpose have a connection each. One that cannot return has nothing to do, and
// must not be given all work because of that.
BOOST_AUTO_TEST_CASE(while_a_connection_cannot_return_the_others_of_its_purpose_do_the_work)
{
    settings.connections = 2;
    database = std::make_unique<db::database>(settings);
    BOOST_TEST_REQUIRE(is_written(try_post("")));
    const std::string of_posts = " from pg_stat_activity where datname = current_database() and "
                                 "application_name like 'pollster posts%' ";
    {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> holder(
            PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
        PQclear(
            PQexec(holder.get(), "begin; select from pollster.heads where wall_id = 1 for update"));
        const std::jthread one([&] { try_post(""); });
        const std::jthread other([&] { try_post(""); });
        const auto both_wait = eventually([&] {
            return sql("select count(*)" + of_posts + "and wait_event_type = 'Lock'") == "2";
        });
        BOOST_TEST(both_wait);
        PQclear(PQexec(holder.get(), "commit"));
    }
    BOOST_TEST_REQUIRE(is_written(try_post("")));
    BOOST_TEST(sql("select pg_terminate_backend(pid, 60000)" + of_posts +
                   "order by state_change desc limit 1") == "t");
    sql("do $$ begin execute format('alter role pollster connection limit %s', (select count(*) "
        "from pg_stat_activity where usename = 'pollster')); end $$");
    int refused = 0;
    for (int i = 0; i < 20; ++i) {
        refused += is_written(try_post("")) ? 0 : 1;
    }
    BOOST_TEST(refused == 1); // which found out
    sql("alter role pollster connection limit -1");
    BOOST_TEST(is_written(try_post("")));
}

BOOST_AUTO_TEST_CASE(a_killed_backend_of_the_look_forgets_nothing)
{
    feed().look({}).value();
    sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name "
        "like 'pollster%'");
    try_post("k").value();
    const auto c = feed().look({}).value();
    BOOST_TEST(!c.forget_everything);
    BOOST_TEST(c.heads.size() == 1u);
}

// kill -9 of one backend makes PostgreSQL recover without a new postmaster. Transactions that were
// rolled back may not have reached the log by then: their numbers, which the last look has seen,
// are given again.
BOOST_AUTO_TEST_CASE(numbers_that_a_crash_gives_again_hide_nothing)
{
    // Rollbacks stay in memory until somebody writes the log: at most for wal_writer_delay.
    private_postgres forgetful({"wal_writer_delay=10s", "autovacuum=off", "checkpoint_timeout=1d"});
    const auto there = forgetful.migrated_database();
    const auto run = [&](const std::string& text) { return forgetful.sql(there, text); };
    run("insert into pollster.users (id, name) values (1, 'ann'); "
        "insert into pollster.walls (id, name) values (1, 'one'), (2, 'two')");
    const auto watching = std::make_unique<db::database>(forgetful.settings(there));
    const std::string on_wall = "insert into pollster.posts (wall_id, user_id, body) values ";
    run(on_wall + "(1, 1, 'a'), (2, 1, 'a')");
    std::string rollbacks;
    for (int i = 0; i < 50; ++i) {
        rollbacks += "begin; select pg_current_xact_id(); rollback;";
    }
    const auto next_number = [&] {
        return text::parse_number<long>(run("select pg_snapshot_xmax(pg_current_snapshot())"), 0,
                                        LONG_MAX)
            .value();
    };
    const std::string checkpointer =
        "select pid from pg_stat_activity where backend_type = 'checkpointer'";
    // On a busy machine the log may have been written before the crash: then it crashes again.
    const auto forgotten = eventually([&]() -> std::optional<bool> {
        eventually([&] { return watching->feed().look({}); });
        const auto before = run(checkpointer);
        const auto backend = text::parse_number<int>(run("select min(pid) from pg_stat_activity "
                                                         "where application_name like 'pollster%'"),
                                                     0, INT_MAX)
                                 .value();
        run("select pg_switch_wal()"); // a page of the log that gets full is written at once
        run(rollbacks);
        watching->feed().look({}).value();
        const auto numbers = next_number();
        BOOST_REQUIRE(::kill(backend, SIGKILL) == 0);
        const auto recovered = eventually([&]() -> std::optional<bool> {
            try {
                const auto pid = run(checkpointer);
                return pid != "" && pid != before ? std::optional(true) : std::nullopt;
            } catch (const std::exception&) {
                return std::nullopt;
            }
        });
        BOOST_REQUIRE(recovered.has_value());
        return next_number() < numbers ? std::optional(true) : std::nullopt;
    });
    BOOST_REQUIRE_MESSAGE(forgotten.has_value(),
                          "PostgreSQL did not forget: the test shows nothing");

    run(on_wall + "(1, 1, 'b')");
    for (int i = 0; i < 60; ++i) {
        run(on_wall + "(2, 1, 'b')");
    }
    const auto c = eventually([&] { return watching->feed().look({}); });
    BOOST_REQUIRE(c.has_value());
    BOOST_TEST((c->forget_everything || heads(*c).contains(1)));
}

BOOST_AUTO_TEST_CASE(a_statement_that_hangs_times_out)
{
    settings.statement_timeout = 1s;
    const auto hasty = std::make_unique<db::database>(settings);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> holder(
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
    PQclear(PQexec(holder.get(), "begin; lock table pollster_default.users, pollster.entries in "
                                 "access exclusive mode"));
    BOOST_TEST(kind(hasty->feed().entries_after(from_start, 5)) == "timed_out");
    BOOST_TEST(kind(hasty->sessions().sign_in("ann", "ann secret")) == "timed_out");
    PQclear(PQexec(holder.get(), "commit"));
    eventually([&] { // a busy machine may need longer than a statement may take here
        return kind(hasty->feed().entries_after(from_start, 5)) == "fine" ? std::optional(true)
                                                                          : std::nullopt;
    });
}

BOOST_AUTO_TEST_CASE(a_read_only_database_reads_and_says_so_when_written)
{
    settings.database += " options='-c default_transaction_read_only=on'";
    const auto reader = std::make_unique<db::database>(settings);
    BOOST_TEST(kind(reader->feed().look({})) == "fine");
    BOOST_TEST(kind(reader->feed().entries_after(from_start, 5)) == "fine");
    BOOST_TEST(kind(reader->posts().add_post(
                   {walls::wall_id{1}, database_fixture::reader(1), "x", {}})) == "read_only");
    BOOST_TEST(kind(reader->sessions().sign_in("ann", "ann secret")) == "read_only");
}

BOOST_AUTO_TEST_CASE(a_schema_that_is_not_there_is_said)
{
    const auto elsewhere = std::make_unique<db::database>(pg.settings(pg.empty_database()));
    BOOST_TEST(kind(elsewhere->feed().look({})) == "wrong_schema");
    BOOST_TEST(kind(elsewhere->posts().walls_of({"", walls::user_id{1}})) == "wrong_schema");
    const auto why = elsewhere->feed().look({}).error().why;
    BOOST_TEST(why.find("the schema is not what this program needs, run `pollster migrate`: ") ==
               0u);
}

BOOST_AUTO_TEST_CASE(more_jobs_than_may_wait_are_turned_away)
{
    settings.connections = 1;
    settings.waiting_jobs = 0;
    const auto full = std::make_unique<db::database>(settings);
    BOOST_TEST(kind(full->posts().walls_of({"", walls::user_id{1}})) == "overloaded");
}

// All reads hang behind somebody's lock. One user's fill neither the queue nor the connections for
// the others, and what is no read goes on.
BOOST_AUTO_TEST_CASE(one_user_cannot_fill_the_reads_and_reads_delay_nothing_else)
{
    settings.connections = 2;
    settings.waiting_of_user = 3;
    settings.statement_timeout = 60s;
    database = std::make_unique<db::database>(settings);
    const auto token = token_of(1);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> holder(
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
    PQclear(PQexec(holder.get(), "begin; lock table pollster.read_marks in access exclusive mode"));

    std::vector<std::thread> readers;
    std::vector<std::int64_t> order; // in which the readers had their answers
    std::mutex mutex;
    const auto read = [&](std::int64_t user) {
        readers.emplace_back([&, user] {
            const bool fine = !db::error_of(posts().walls_of({"", walls::user_id{user}}));
            const std::lock_guard lock(mutex);
            order.push_back(fine ? user : -user);
        });
    };
    const auto waiting = [&](std::size_t n) {
        return eventually(
            [&] { return database->count().waiting == n ? std::optional(true) : std::nullopt; });
    };
    read(1); // occupies one of the two connections: the other is not for this user
    BOOST_TEST_REQUIRE(eventually([&] {
                           return sql("select count(*) from pg_locks where not granted") == "1"
                                      ? std::optional(true)
                                      : std::nullopt;
                       }).has_value());
    for (std::size_t n = 1; n <= 3; ++n) {
        read(1);
        BOOST_TEST_REQUIRE(waiting(n).has_value());
    }
    BOOST_TEST(kind(posts().walls_of(reader(1))) == "too_many");
    BOOST_TEST(kind(posts().search(reader(1), {walls::wall_id{1}, "x", {}, 5})) == "too_many");
    BOOST_TEST(kind(posts().posts_before(reader(2), walls::wall_id{1}, {}, 5)) == "fine");

    BOOST_TEST(kind(feed().look({})) == "fine");
    BOOST_TEST(kind(feed().entries_after(from_start, 5)) == "fine");
    BOOST_TEST(sessions().find_identities(std::vector{token}).value().at(0) != nullptr);
    BOOST_TEST(kind(posts().add_post({walls::wall_id{1}, reader(1), "x", {}})) == "fine");
    BOOST_TEST(kind(sessions().sign_in("ann", "ann secret")) == "fine");
    BOOST_TEST(kind(posts().change_post({walls::wall_id{1}, reader(1), walls::post_id{1}, "y"})) ==
               "fine");

    read(2); // behind three of the other's, but next in turn
    BOOST_TEST_REQUIRE(eventually([&] {
                           return sql("select count(*) from pg_locks where not granted") == "2"
                                      ? std::optional(true)
                                      : std::nullopt;
                       }).has_value());
    PQclear(PQexec(holder.get(), "commit"));
    for (auto& r : readers) {
        r.join();
    }
    BOOST_TEST(std::count(order.begin(), order.end(), 1) == 4);
    BOOST_TEST(std::count(order.begin(), order.end(), 2) == 1);
}

BOOST_AUTO_TEST_CASE(a_connection_string_that_cannot_be_read_is_said_at_once)
{
    settings.database = "dbname";
    BOOST_CHECK_THROW(std::make_unique<db::database>(settings), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_replica_answers_what_it_has_and_a_promoted_one_takes_over)
{
    private_postgres primary({"wal_level=replica", "max_wal_senders=4"});
    primary.sql("postgres", "create database x");
    // The people and walls of the fixture, by way of a dump.
    pg.run("pg_dump", {"-d", pg.test_conninfo(name), "-f", pg.folder() / "dump.sql"});
    primary.run("psql", {"-q", "-d", primary.test_conninfo("x"), "-f", pg.folder() / "dump.sql"});

    private_postgres standby(private_postgres::standby_of{}, primary);
    auto s = primary.settings("x");
    s.database_read = standby.conninfo("x");
    const auto both = std::make_unique<db::database>(s);
    both->feed().look({}).value();

    // Replay held back: what the look knows of must come from the primary.
    standby.sql("x", "select pg_wal_replay_pause()");
    both->posts().add_post({walls::wall_id{1}, reader(1), "one", {}}).value();
    const auto c = both->feed().look({}).value();
    BOOST_TEST(number(c.heads.at(0).newest) == 1);
    BOOST_TEST(
        both->feed().older_entries().entries_after(from_start, 5).value()[0].entries.size() == 1u);

    // And once it has caught up, it answers by itself.
    standby.sql("x", "select pg_wal_replay_resume()");
    const auto replica_only = [&] {
        return standby.sql("x", "select count(*) from pollster.entries") == "1"
                   ? std::optional(true)
                   : std::nullopt;
    };
    BOOST_TEST_REQUIRE(eventually(replica_only).has_value());
    both->feed().look({}).value();
    eventually([&] {
        return standby.sql("x", "select pg_last_wal_replay_lsn() >= '" +
                                    primary.sql("x", "select pg_current_wal_lsn()") + "'") == "t";
    });
    both->feed().older_entries().entries_after(from_start, 5).value();
    BOOST_TEST(
        standby.sql("x",
                    "select count(*) from pg_stat_activity where application_name like 'pollster%' "
                    "and query like '%asked(wall_id, last, n)%'") == "1");

    // A standby is no place for the look.
    auto wrong = standby.settings("x");
    BOOST_TEST(kind(std::make_unique<db::database>(wrong)->feed().look({})) == "read_only");

    // Failover: the same transaction numbers may mean something else now.
    auto hosts = primary.settings("x");
    hosts.database = "host=" + primary.folder().string() + "," + standby.folder().string() +
                     " user=pollster dbname=x target_session_attrs=read-write";
    const auto moving = std::make_unique<db::database>(hosts);
    moving->feed().look({}).value();
    BOOST_TEST(!moving->feed().look({}).value().forget_everything);
    primary.crash();
    BOOST_TEST(kind(moving->feed().look({})) == "unavailable");
    standby.sql("x", "select pg_promote()");
    const auto after =
        eventually([&] { return moving->feed().look(std::vector{walls::wall_id{1}}); });
    BOOST_TEST_REQUIRE(after.has_value());
    BOOST_TEST(after->forget_everything);
    BOOST_TEST(number(after->heads.at(0).newest) == 1);
    const auto posted = eventually(
        [&] { return moving->posts().add_post({walls::wall_id{1}, reader(1), "two", {}}); });
    BOOST_TEST(number(written(posted).entry.id) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
