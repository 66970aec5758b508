// Another database under the same name: does it hold the known history, or was that cut off?
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

namespace {

struct history_fixture : database_fixture {
    std::string copy = name + "_copy";

    // Like a backup of now.
    void back_up() const { clone(name, copy); }
    // Like its restoration.
    void restore() const
    {
        pg.sql("postgres", "drop database " + name + " with (force)");
        clone(copy, name);
    }
    void drop_the_copy() const { pg.sql("postgres", "drop database " + copy); }
    std::int64_t epoch(db::database& s)
    {
        const std::vector<walls::wall_id> asked{walls::wall_id{1}};
        return number(s.feed().look(asked).value().heads.front().epoch);
    }
    void posts_on_wall_1(int n) const
    {
        sql("insert into pollster.posts (wall_id, user_id, body) select 1, 1, 'x' from "
            "generate_series(1, " +
            std::to_string(n) + ")");
    }

private:
    void clone(const std::string& from, const std::string& to) const
    {
        pg.sql("postgres", "select pg_terminate_backend(pid, 5000) from pg_stat_activity where "
                           "datname = '" +
                               from + "'");
        pg.sql("postgres", "create database " + to + " template " + from);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(history_, history_fixture)

BOOST_AUTO_TEST_CASE(entries_that_were_seen_and_are_gone_begin_a_new_history)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    back_up();
    posts_on_wall_1(2);
    BOOST_TEST(epoch(*database) == before);
    restore();
    BOOST_TEST(epoch(*database) != before);
    BOOST_TEST(database->count().histories_cut == 1);
    const auto after = epoch(*database);
    BOOST_TEST(epoch(*database) == after);
}

// Failed before: the number is the same, and nobody could tell.
BOOST_AUTO_TEST_CASE(others_with_the_same_numbers_do_not_hide_the_loss)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    back_up();
    for (const int others : {2, 3}) {
        posts_on_wall_1(2);
        epoch(*database);
        restore();
        posts_on_wall_1(others);
        BOOST_TEST(epoch(*database) != before);
    }
    BOOST_TEST(database->count().histories_cut == 2);
}

BOOST_AUTO_TEST_CASE(own_posts_that_no_look_has_seen_count_too)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    back_up();
    db::new_post acknowledged{walls::wall_id{1}, reader(1), "acknowledged", {}};
    acknowledged.access_known = feed().look({}).value().position;
    posts().add_post(acknowledged).value();
    restore();
    posts_on_wall_1(1);
    BOOST_TEST(epoch(*database) != before);
}

// Failed before: only looks and own posts were remembered, and who read the entry kept it.
BOOST_AUTO_TEST_CASE(whatever_tells_of_an_entry_that_no_look_has_seen_counts)
{
    post(1, 1, "word");
    const auto asker = reader(1);
    const walls::cursor from_the_beginning[] = {{walls::wall_id{1}, walls::entry_id{0}}};
    const std::function<void()> ways[] = {
        [&] { history_of(1, {}, 9); }, [&] { found({walls::wall_id{1}, "word", {}, 9}); },
        [&] { walls_of(1); }, [&] { feed().entries_after(from_the_beginning, 9).value(); }};
    for (const auto& read : ways) {
        const auto before = epoch(*database);
        back_up();
        posts_on_wall_1(2);
        read();
        restore();
        posts_on_wall_1(1);
        BOOST_TEST(epoch(*database) != before);
        drop_the_copy();
    }
    BOOST_TEST(database->count().histories_cut == 4);
}

BOOST_AUTO_TEST_CASE(reads_of_many_walls_do_not_crowd_out_what_was_lost)
{
    sql("insert into pollster.walls (id, name) select n, n::text from generate_series(10, 2999) n;"
        "insert into pollster.memberships (user_id, wall_id) select 1, n from generate_series(10, "
        "2999) n;"
        "insert into pollster.posts (wall_id, user_id, body) select n, 1, 'x' from "
        "generate_series(10, 2999) n");
    posts_on_wall_1(1);
    const auto before = epoch(*database);
    back_up();
    posts_on_wall_1(1);
    history_of(1, {}, 9);
    walls_of(1);
    restore();
    BOOST_TEST(epoch(*database) != before);
}

BOOST_AUTO_TEST_CASE(where_nothing_was_lost_nothing_begins)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    post(1, 1, "the last");
    epoch(*database);
    back_up();
    restore();
    posts_on_wall_1(2); // goes on before anybody looks
    BOOST_TEST(epoch(*database) == before);
    BOOST_TEST(database->count().histories_cut == 0);
    // It has been found complete, so a process that begins there trusts it.
    const auto later = std::make_unique<db::database>(settings);
    BOOST_TEST(epoch(*later) == before);
    BOOST_TEST(later->count().histories_cut == 0);
}

BOOST_AUTO_TEST_CASE(a_wall_that_was_removed_is_no_loss)
{
    posts_on_wall_1(3);
    sql("insert into pollster.posts (wall_id, user_id, body) values (2, 1, 'x')");
    const auto before = epoch(*database);
    back_up();
    restore();
    sql("delete from pollster.walls where id = 2");
    BOOST_TEST(epoch(*database) == before);
}

BOOST_AUTO_TEST_CASE(who_has_seen_nothing_trusts_only_where_it_was_found_complete)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    back_up();
    restore();
    const auto later = std::make_unique<db::database>(settings);
    const auto after = epoch(*later);
    BOOST_TEST(after != before);
    BOOST_TEST(later->count().histories_cut == 1);
    BOOST_TEST(epoch(*std::make_unique<db::database>(settings)) == after);
}

BOOST_AUTO_TEST_CASE(of_several_that_saw_the_loss_one_begins_the_new_history)
{
    posts_on_wall_1(3);
    const auto other = std::make_unique<db::database>(settings);
    const auto before = epoch(*database);
    epoch(*other);
    back_up();
    posts_on_wall_1(2);
    epoch(*database);
    epoch(*other);
    restore();
    const auto after = epoch(*other);
    BOOST_TEST(after != before);
    BOOST_TEST(epoch(*database) == after);
    BOOST_TEST(database->count().histories_cut + other->count().histories_cut == 1);
}

// One that saw less finds nothing missing, and says so first.
BOOST_AUTO_TEST_CASE(who_saw_the_loss_begins_although_another_found_nothing_missing)
{
    posts_on_wall_1(3);
    const auto other = std::make_unique<db::database>(settings);
    const auto before = epoch(*database);
    epoch(*other);
    back_up();
    posts_on_wall_1(2);
    epoch(*database);
    restore();
    BOOST_TEST(epoch(*other) == before);
    BOOST_TEST(epoch(*database) != before);
    BOOST_TEST(epoch(*other) != before);
}

// Failed before: it says the epoch of before the first time, which clients that were away since
// have, with entries that it does not.
BOOST_AUTO_TEST_CASE(a_backup_that_is_put_back_twice_is_not_the_history_of_before)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    sql("update pollster.history set server = null"); // as if it came to the place that it names
    back_up();
    posts_on_wall_1(2);
    epoch(*database);
    restore();
    const auto between = epoch(*database);
    BOOST_TEST(between != before);
    restore();
    posts_on_wall_1(4);
    const auto after = epoch(*database);
    BOOST_TEST(after != before);
    BOOST_TEST(after != between);
    BOOST_TEST(epoch(*database) == after);
    BOOST_TEST(database->count().histories_cut == 2);
}

BOOST_AUTO_TEST_CASE(said_by_hand_a_new_history_begins_for_running_servers_and_new_ones)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    sql("select pollster.restored()");
    const auto after = epoch(*database);
    BOOST_TEST(after != before);
    BOOST_TEST(epoch(*database) == after);
    BOOST_TEST(epoch(*std::make_unique<db::database>(settings)) == after);
    BOOST_TEST(database->count().histories_cut == 0);
}

// pg_restore --clean: the same database and connection, other tables with what was in them then.
BOOST_AUTO_TEST_CASE(tables_made_anew_under_a_running_server_are_another_database)
{
    posts_on_wall_1(3);
    const auto before = epoch(*database);
    sql("create table kept as select * from pollster.heads; create table kept_entries as select * "
        "from pollster.entries");
    posts_on_wall_1(2);
    epoch(*database);
    sql("begin; create table pollster.made_anew (like pollster.heads including all);"
        "drop table pollster.heads cascade; alter table pollster.made_anew rename to heads;"
        "create view pollster.served_heads as select * from pollster.heads;"
        "select pollster.let_serve();"
        "insert into pollster.heads select * from kept;"
        "delete from pollster.entries; insert into pollster.entries select * from kept_entries;"
        "commit");
    BOOST_TEST(epoch(*database) != before);
    BOOST_TEST(database->count().histories_cut == 1);
}

BOOST_AUTO_TEST_SUITE_END()
