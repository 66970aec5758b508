// Rows of posts that were written with triggers off, and damaged feeds: one command finds, numbers
// and reports them, beside live writers.
#include "db/admin.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/db/settings_against.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

namespace {

struct fixture : database_fixture {
    // "1: 2 posts, 1 deletions, head; "
    std::string repair()
    {
        std::string text;
        const auto admin = db::administrator::connect(settings).value();
        const auto repaired = admin->repair([&](const db::repaired_wall& w) {
            text += std::to_string(number(w.id)) + ": " + std::to_string(w.posts) + " posts, " +
                    std::to_string(w.deletions) + " deletions" + (w.head ? ", head" : "") +
                    (w.removed ? ", removed" : "") + "; ";
        });
        BOOST_TEST(repaired.has_value());
        return text;
    }
    void untriggered(const std::string& text) const
    {
        sql("set session_replication_role = replica; " + text);
    }
    // "1 post 10, 2 edit 10"
    std::string entries_of(int wall) const
    {
        return sql("select string_agg(concat_ws(' ', id, kind, post_id), ', ' order by id) from "
                   "pollster.entries where wall_id = " +
                   std::to_string(wall));
    }
    // Each post is where its newest entry says, and the heads are those of their feeds.
    bool sound() const
    {
        return sql("select not exists (select from (select distinct on (wall_id, post_id) * from "
                   "pollster.entries where kind <> 'edit' order by wall_id, post_id, id desc) e "
                   "full join "
                   "pollster.posts p on p.id = e.post_id and p.wall_id = e.wall_id where (p.id is "
                   "null) "
                   "is distinct from (e.kind = 'delete')) and not exists (select from "
                   "pollster.heads h "
                   "where h.last_entry is distinct from (select max(e.id) from pollster.entries e "
                   "where "
                   "e.wall_id = h.wall_id) or h.last_entry <> (select count(*) from "
                   "pollster.entries e "
                   "where e.wall_id = h.wall_id))") == "t";
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(repair_, fixture)

BOOST_AUTO_TEST_CASE(what_was_written_with_triggers_off_is_numbered_once)
{
    sql("insert into pollster.posts (id, wall_id, user_id, body) values (1, 1, 1, 'a'), (2, 1, 1, "
        "'b'), "
        "(3, 1, 2, 'c'), (4, 2, 1, 'd')");
    sql("delete from pollster.posts where id = 2");
    BOOST_TEST(repair().empty());
    untriggered(
        "insert into pollster.posts (id, wall_id, user_id, body) values (2, 1, 2, 'b again'), "
        "(9, 1, 1, 'i'), (8, 1, 1, 'h'), (20, 3, 1, 'first of its wall'); "
        "delete from pollster.posts where id = 1; "
        "update pollster.posts set wall_id = 2 where id = 3");
    feed().look({}).value();
    BOOST_TEST(repair() ==
               "1: 3 posts, 2 deletions; 2: 1 posts, 0 deletions; 3: 1 posts, 0 deletions; ");
    BOOST_TEST(entries_of(1) ==
               "1 post 1, 2 post 2, 3 post 3, 4 delete 2, 5 delete 1, 6 delete 3, 7 post 2, 8 "
               "post 8, 9 post 9");
    BOOST_TEST(entries_of(2) == "1 post 4, 2 post 3");
    BOOST_TEST(entries_of(3) == "1 post 20");
    BOOST_TEST((heads(feed().look({}).value()) ==
                std::map<std::int64_t, std::int64_t>{{1, 9}, {2, 2}, {3, 1}}));
    BOOST_TEST(sound());
    BOOST_TEST(repair().empty());
    // The same by SQL alone.
    untriggered("delete from pollster.posts where id = 8");
    BOOST_TEST(sql("select wall_id || ' ' || deletions from pollster.repair()") == "1 1");
    BOOST_TEST(sql("select count(*) from pollster.repair()") == "0");
}

BOOST_AUTO_TEST_CASE(
    heads_that_are_low_or_missing_are_raised_and_the_feed_of_a_wall_that_is_gone_goes)
{
    sql("insert into pollster.posts (wall_id, user_id, body) select w, 1, 'x' from "
        "generate_series(1, 3) w, "
        "generate_series(1, 3)");
    untriggered(
        "update pollster.heads set last_entry = 1 where wall_id = 1; "
        "delete from pollster.heads where wall_id = 2; delete from pollster.walls where id = 3; "
        "delete from pollster.posts where wall_id = 3");
    BOOST_TEST(repair() ==
               "1: 0 posts, 0 deletions, head; 2: 0 posts, 0 deletions, head; 3: 0 posts, 0 "
               "deletions, removed; ");
    BOOST_TEST(entries_of(3).empty());
    BOOST_TEST(sound());
    BOOST_TEST(repair().empty());
}

BOOST_AUTO_TEST_CASE(it_works_in_pieces_and_beside_writers)
{
    // A piece is 5,000. Without indexes and joins that PostgreSQL would choose, each costs minutes.
    untriggered("insert into pollster.posts (wall_id, user_id, body) select 1, 1, 'restored' from "
                "generate_series(1, " +
                std::string(settings_are_against() ? "6000" : "12000") + ")");
    std::jthread writer([this] {
        for (int n = 0; n < 40; ++n) {
            sql(n % 2 == 0
                    ? "insert into pollster.posts (wall_id, user_id, body) values (1, 2, 'live')"
                    : "with p as (select id from pollster.posts where wall_id = 1 order by id "
                      "offset 5000 limit 20) delete from pollster.posts where id in (select id "
                      "from p)");
        }
    });
    repair();
    writer.join();
    repair(); // deleted while it ran: one may have been numbered after its deletion
    BOOST_TEST(sound());
    BOOST_TEST(repair().empty());
}

BOOST_AUTO_TEST_SUITE_END()
