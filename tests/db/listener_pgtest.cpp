// Hints from PostgreSQL.
#include "db/listener.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>

namespace {

using namespace std::chrono_literals;

struct heard {
    std::mutex mutex;
    std::condition_variable more;
    std::string told;
    const db::database* database = nullptr; // tells whose they are

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
                    add((database == nullptr                 ? "wall"
                         : database->is_own_backend(backend) ? "own"
                                                             : "other") +
                        std::to_string(number(w)));
                },
                [this](walls::user_id u) { add("user" + std::to_string(number(u))); },
                [this](bool up) { add(up ? "up" : "down"); }};
    }
};

} // namespace

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
    sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
        "current_database() and pid <> pg_backend_pid() and query not like 'listen%' and query not "
        "like 'LISTEN%'");
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
