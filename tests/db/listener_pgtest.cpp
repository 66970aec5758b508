// Hints from PostgreSQL.
#include "db/listener.hpp"
#include "db/look.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;

struct heard {
    std::mutex mutex;
    std::condition_variable more;
    std::string told;
    std::atomic<const db::database*> database{nullptr}; // tells whose they are

    void add(const std::string& what)
    {
        {
            const std::lock_guard lock(mutex);
            told += what + " ";
        }
        more.notify_all();
    }
    // What was told since the last call, once it ends with `last`; or what there is after a while.
    std::string until(const std::string& last)
    {
        std::unique_lock lock(mutex);
        more.wait_for(lock, tests::patience, [&] { return told.ends_with(last + " "); });
        return std::exchange(told, {});
    }
    db::listener::events events()
    {
        return {[this](walls::wall_id w, int backend) {
                    const db::database* const by = database;
                    add((by == nullptr                 ? "wall"
                         : by->is_own_backend(backend) ? "own"
                                                       : "other") +
                        std::to_string(number(w)));
                },
                [this](walls::user_id u) { add("user" + std::to_string(number(u))); },
                [this](bool up) { add(up ? "up" : "down"); }};
    }
};

} // namespace

struct listening_fixture : database_fixture {
    heard h;
    const db::listener l{settings, told_of(h)};

    listening_fixture()
    {
        BOOST_TEST_REQUIRE(h.until("up") == "up ");
        post(1, 1, "the first of a wall is notified in any case");
        BOOST_TEST_REQUIRE(h.until("own1") == "own1 ");
    }
    db::listener::events told_of(heard& by) const
    {
        by.database = database.get();
        return by.events();
    }
    // What is heard of a post of the server, beside one of somebody else that follows. With `look`:
    // the post was made shortly after a look, as is_alone() counts it, however slow the machine is.
    std::string heard_of_a_post(bool look)
    {
        for (;;) {
            const auto began = std::chrono::steady_clock::now();
            if (look) {
                BOOST_TEST_REQUIRE(feed().look({}).has_value());
            }
            post(1, 1, "x");
            const bool in_time = std::chrono::steady_clock::now() - began < db::look::alone_for;
            sql("insert into pollster.posts (wall_id, user_id, body) values (2, 1, 'x')");
            const auto told = h.until("other2");
            if (in_time || !look) {
                return told;
            }
        }
    }
};

BOOST_FIXTURE_TEST_SUITE(listener_, database_fixture)

BOOST_AUTO_TEST_CASE(tells_which_are_of_the_stores_own_making_also_after_a_new_connection)
{
    heard h;
    h.database = database.get();
    const db::listener l(settings, h.events());
    BOOST_TEST(h.until("up") == "up ");
    post(1, 1, "x");
    BOOST_TEST(h.until("own1") == "own1 ");
    sql("insert into pollster.posts (wall_id, user_id, body) values (2, 1, 'x')");
    BOOST_TEST(h.until("other2") == "other2 ");
    sql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = "
        "current_database() and pid <> pg_backend_pid() and query not like 'listen%' and query not "
        "like 'LISTEN%'"); // and waits for their ends
    post(1, 1, "y");
    BOOST_TEST(h.until("own1") == "own1 ");
    const auto another = std::make_unique<db::database>(settings);
    BOOST_TEST(another->posts().add_post({walls::wall_id{2}, reader(1), "z", {}}).has_value());
    BOOST_TEST(h.until("other2") == "other2 ");
}

BOOST_AUTO_TEST_CASE(tells_of_walls_and_access_by_any_writer_and_ignores_nonsense)
{
    heard h;
    const db::listener l(settings, h.events());
    BOOST_TEST(h.until("up") == "up ");
    post(1, 1, "x");
    BOOST_TEST(h.until("wall1") == "wall1 ");
    sql("insert into pollster.posts (wall_id, user_id, body) values (2, 1, 'x'), (2, 1, 'y')");
    BOOST_TEST(h.until("wall2") == "wall2 ");
    sql("notify pollster_walls, 'x'; notify pollster_walls, ''; notify pollster_walls, '-1'; "
        "notify pollster_walls, '1 '; "
        "notify pollster_walls, '99999999999999999999'; notify pollster_walls");
    sql("delete from pollster.memberships where user_id = 2 and wall_id = 1");
    BOOST_TEST(h.until("user2") == "user2 ");
}

BOOST_AUTO_TEST_CASE(goes_down_and_comes_up_with_the_database)
{
    heard h;
    const db::listener l(settings, h.events());
    BOOST_TEST(h.until("up") == "up ");
    pg.crash();
    BOOST_TEST(h.until("down") == "down ");
    pg.start();
    BOOST_TEST(h.until("up") == "up ");
    sql("notify pollster_walls, '7'");
    BOOST_TEST(h.until("wall7") == "wall7 ");
    sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name "
        "like 'pollster%'");
    BOOST_TEST(h.until("up") == "down up ");
}

BOOST_FIXTURE_TEST_CASE(posts_of_a_server_are_notified_unless_it_is_the_only_one_that_looks,
                        listening_fixture)
{
    BOOST_TEST(heard_of_a_post(false) == "own1 other2 ");
    BOOST_TEST(heard_of_a_post(true) == "other2 ");

    auto another = std::make_unique<db::database>(settings);
    BOOST_TEST_REQUIRE(another->feed().look({}).has_value());
    BOOST_TEST(heard_of_a_post(true) == "own1 other2 ");
    another.reset();
    // Its process of PostgreSQL ends a moment later.
    std::string told;
    for (int i = 0; i < 1000 && told != "other2 "; ++i) {
        told = heard_of_a_post(true);
    }
    BOOST_TEST(told == "other2 ");

    // Who does not look any more does not know.
    std::this_thread::sleep_for(db::look::alone_for);
    BOOST_TEST(heard_of_a_post(false) == "own1 other2 ");
}

BOOST_FIXTURE_TEST_CASE(a_lone_server_counts_again_after_a_new_connection, listening_fixture)
{
    BOOST_TEST(heard_of_a_post(true) == "other2 ");
    sql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name like "
        "'pollster look%'");
    db::database another(settings);
    BOOST_TEST_REQUIRE(another.feed().look({}).has_value());
    // Its connection for looks is a new one, and holds the lock as the first did.
    BOOST_TEST(heard_of_a_post(true) == "own1 other2 ");
    BOOST_TEST(sql("select count(*) from pg_locks where locktype = 'advisory' and granted and "
                   "database = (select oid from pg_database where datname = current_database())") ==
               "2");
}

// The server tells its own readers of its own post, not of what follows from it.
BOOST_FIXTURE_TEST_CASE(what_a_trigger_writes_on_another_wall_is_notified_also_of_a_lone_server,
                        listening_fixture)
{
    sql("insert into pollster.posts (wall_id, user_id, body) values (3, 1, 'x')");
    BOOST_TEST(h.until("other3") == "other3 ");
    sql("create function answered() returns trigger language plpgsql security definer as "
        "'begin insert into pollster.posts (wall_id, user_id, body) values (3, 1, new.body); "
        "return null; end'; "
        "create constraint trigger answered after insert on pollster_default.posts "
        "deferrable initially deferred for each row when (new.wall_id = 1) "
        "execute function answered()");
    BOOST_TEST(heard_of_a_post(true) == "own3 other2 ");
}

BOOST_FIXTURE_TEST_CASE(a_lone_server_notifies_whoever_wants_to_hear_of_each_post,
                        listening_fixture)
{
    serve_with("pollster.notify = 'always'");
    database = std::make_unique<db::database>(settings);
    h.database = database.get();
    BOOST_TEST(heard_of_a_post(true) == "own1 other2 ");
}

// Another process that asks whether it is alone has the lock for itself, for a moment.
BOOST_FIXTURE_TEST_CASE(who_cannot_be_counted_tries_again_at_the_next_look, database_fixture)
{
    const std::unique_ptr<PGconn, decltype(&PQfinish)> other(
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
    const auto asks = [&](const std::string& function) {
        PQclear(PQexec(other.get(), ("select " + function + "(8101813467526553970)").c_str()));
    };
    const auto locks = [&] {
        return sql("select count(*) from pg_locks where locktype = 'advisory' and granted and "
                   "mode = 'ShareLock' and database = (select oid from pg_database where datname = "
                   "current_database())");
    };
    asks("pg_advisory_lock");
    BOOST_TEST(feed().look({}).value().others_unaware);
    BOOST_TEST(locks() == "0");
    asks("pg_advisory_unlock");
    BOOST_TEST(feed().look({}).value().others_unaware); // and for some seconds more
    BOOST_TEST(locks() == "1");
}

// Without being told it would wait for a notification for ever, or for a server that does not
// answer.
BOOST_AUTO_TEST_CASE(stops_whatever_the_database_does)
{
    heard h;
    auto connected = std::make_unique<db::listener>(settings, h.events());
    BOOST_TEST(h.until("up") == "up ");
    connected.reset();
    BOOST_TEST(h.until("down") == "down ");
    settings.database = "host=/nonexistent";
    std::make_unique<db::listener>(settings, h.events()).reset();
    BOOST_TEST(h.told.empty());
}

BOOST_AUTO_TEST_SUITE_END()
