// Which history the numbers of a wall belong to, and which entries in memory are no longer right:
// what a look reports about walls that go and come back, heads that fall, and texts and names that
// change.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace {

using set = std::set<std::int64_t>;

struct epochs_fixture : database_fixture {
    walls::changes look(std::vector<walls::wall_id> also = {}) { return feed().look(also).value(); }
    // Of wall 1, as the look that asks for it says.
    walls::head head()
    {
        const auto c = look({walls::wall_id{1}});
        const auto h = std::find_if(c.heads.begin(), c.heads.end(),
                                    [](const auto& x) { return x.wall == walls::wall_id{1}; });
        return h == c.heads.end() ? walls::head{} : *h;
    }
    set outdated_by(const std::string& statement)
    {
        return told_by(statement, [](const walls::changes& c) { return c.outdated; });
    }
    set authors_by(const std::string& statement)
    {
        return told_by(statement, [](const walls::changes& c) { return c.authors; });
    }
    bool forgets_after(const std::string& statement)
    {
        look();
        sql(statement);
        return look().forget_everything;
    }
    walls::page page_after(std::int64_t last)
    {
        return feed()
            .entries_after(
                std::vector<walls::cursor>{{walls::wall_id{1}, walls::entry_id{last}, {}}}, 9)
            .value()
            .front();
    }
    void new_wall_one()
    {
        sql("insert into pollster.walls (id, name) values (1, 'Other')");
        sql("insert into pollster.memberships (user_id, wall_id) values (3, 1)");
    }

private:
    template <class Told>
    set told_by(const std::string& statement, Told told)
    {
        look();
        sql(statement);
        set out;
        for (const auto id : told(look())) {
            out.insert(number(id));
        }
        BOOST_TEST(told(look()).empty());
        return out;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(epochs_, epochs_fixture)

BOOST_AUTO_TEST_CASE(a_wall_keeps_its_epoch_and_every_answer_says_it)
{
    post(1, 1, "one");
    const auto epoch = head().epoch;
    BOOST_TEST(number(epoch) > 0);
    BOOST_TEST(number(epoch) < std::int64_t{1} << 53);
    const auto created = written(post(1, 1, "two", "key"));
    BOOST_TEST((created.epoch == epoch));
    BOOST_TEST((known(post(1, 1, "two", "key")).epoch == epoch));
    const auto changed =
        posts().change_post({walls::wall_id{1}, reader(1), created.entry.post, "deux", {}}).value();
    BOOST_TEST((written(changed).epoch == epoch));
    BOOST_TEST((head().epoch == epoch));
    BOOST_TEST((page_after(0).epoch == epoch));
    BOOST_TEST((page_after(0).newest == walls::entry_id{3}));
    BOOST_TEST((page_after(9).epoch == epoch)); // also where no entry is
    BOOST_TEST((page_after(9).newest == walls::entry_id{3}));
    BOOST_TEST((history_of(1, std::nullopt, 9).epoch == epoch));
    BOOST_TEST((found({walls::wall_id{1}, "deux", std::nullopt, 9}).epoch == epoch));
    for (const auto& w : walls_of(1)) {
        BOOST_TEST((w.epoch == epoch) == (w.id == walls::wall_id{1}));
        BOOST_TEST(number(w.epoch) > 0);
    }
}

BOOST_AUTO_TEST_CASE(the_stamp_of_a_head_is_the_time_of_its_newest_entry_whoever_writes)
{
    const auto agree = [this] {
        return sql("select count(*) > 0 and bool_and(h.stamp = pollster.stamp(e.created_at) and "
                   "h.stamp > 0) from pollster.heads h "
                   "join pollster.entries e on e.wall_id = h.wall_id and e.id = h.last_entry") ==
               "t";
    };
    post(1, 1, "one");
    BOOST_TEST(agree());
    sql("insert into pollster.posts (wall_id, user_id, body) select 1 + n % 2, 1, 'x' from "
        "generate_series(1, 50) n");
    BOOST_TEST(agree());
    sql("update pollster.posts set body = 'y'");
    BOOST_TEST(agree());
    sql("delete from pollster.posts where id % 2 = 0");
    BOOST_TEST(agree());
    sql("delete from pollster.entries; delete from pollster.heads; select pollster.adopt_posts()");
    BOOST_TEST(agree());
}

BOOST_AUTO_TEST_CASE(a_removed_wall_is_told_and_another_with_its_id_has_another_epoch)
{
    post(1, 1, "old");
    post(1, 1, "old");
    const auto before = head();
    look();
    sql("delete from pollster.walls where id = 1");
    auto c = look();
    BOOST_TEST((c.outdated == std::vector{walls::wall_id{1}}));
    BOOST_TEST((heads(c) == std::map<std::int64_t, std::int64_t>{{1, 0}}));
    new_wall_one();
    BOOST_TEST((head().newest == walls::entry_id{0}));
    for (int i = 0; i < 2; ++i) {
        post(1, 3, "new");
    }
    const auto after = head();
    BOOST_TEST((after.newest == before.newest));
    BOOST_TEST((after.epoch != before.epoch));
    BOOST_TEST(page_after(0).entries.front().body.value() == "new");
}

BOOST_AUTO_TEST_CASE(a_wall_that_went_and_came_back_between_two_looks_is_told)
{
    post(1, 1, "old");
    const auto before = head();
    sql("begin; delete from pollster.walls where id = 1;"
        "insert into pollster.walls (id, name) values (1, 'Other');"
        "insert into pollster.posts (wall_id, body) values (1, 'new'); commit");
    const auto c = look();
    BOOST_TEST((c.outdated == std::vector{walls::wall_id{1}}));
    for (const auto& h : c.heads) {
        BOOST_TEST((h.newest == walls::entry_id{1}));
        BOOST_TEST((h.epoch != before.epoch));
    }
    BOOST_TEST(!c.heads.empty());
}

BOOST_AUTO_TEST_CASE(heads_that_fall_or_go_by_hand_are_told_and_posting_goes_on)
{
    for (int i = 0; i < 5; ++i) {
        post(1, 1, "x");
    }
    mark_read(1, 2, 5);
    const auto first = head();
    sql("delete from pollster.entries where wall_id = 1 and id > 3;"
        "update pollster.heads set last_entry = 3 where wall_id = 1");
    auto c = look();
    BOOST_TEST((heads(c) == std::map<std::int64_t, std::int64_t>{{1, 3}}));
    const auto fallen = head();
    BOOST_TEST((fallen.epoch != first.epoch));
    BOOST_TEST(sql("select entry_id from pollster.read_marks where wall_id = 1") == "3");
    BOOST_TEST((written(post(1, 1, "y")).entry.id == walls::entry_id{4}));

    look();
    sql("delete from pollster.heads where wall_id = 1");
    c = look();
    BOOST_TEST((heads(c) == std::map<std::int64_t, std::int64_t>{{1, 0}}));
    BOOST_TEST((c.outdated == std::vector{walls::wall_id{1}}));
    BOOST_TEST((written(post(1, 1, "z")).entry.id == walls::entry_id{5}));
    BOOST_TEST((head().epoch != fallen.epoch));

    look();
    const auto epoch = head().epoch;
    sql("update pollster.heads set epoch = epoch + 1 where wall_id = 1");
    BOOST_TEST((heads(look()) == std::map<std::int64_t, std::int64_t>{{1, 5}}));
    BOOST_TEST((head().epoch != epoch));
}

BOOST_AUTO_TEST_CASE(a_truncate_forgets_everything_and_the_feed_begins_anew)
{
    post(1, 1, "old");
    post(1, 1, "old");
    const auto before = head();
    BOOST_TEST(forgets_after("truncate pollster_default.posts restart identity"));
    BOOST_TEST((head().newest == walls::entry_id{0}));
    BOOST_TEST((written(post(1, 1, "new")).entry.id == walls::entry_id{1}));
    BOOST_TEST((head().epoch != before.epoch));
    BOOST_TEST(page_after(0).entries.front().body.value() == "new");
    BOOST_TEST((history_of(1, std::nullopt, 9).posts.size() == 1));

    for (const char* table : {"heads", "entries"}) {
        const auto epoch = head().epoch;
        BOOST_TEST(forgets_after(std::string("truncate pollster.") + table), table);
        BOOST_TEST((head().epoch != epoch), table);
    }
    BOOST_TEST(forgets_after("truncate pollster_default.sessions"));
    BOOST_TEST(forgets_after("truncate pollster_default.memberships"));
    BOOST_TEST(forgets_after("truncate pollster_default.walls cascade"));
    BOOST_TEST(forgets_after("truncate pollster_default.users cascade"));
}

BOOST_AUTO_TEST_CASE(a_changed_name_or_author_is_told_and_other_changes_of_people_are_not)
{
    const auto p = written(post(1, 1, "x")).entry.post;
    const auto id = std::to_string(number(p));
    token_of(1);
    BOOST_TEST((authors_by("update pollster.users set name = 'anna' where id = 1") == set{1}));
    BOOST_TEST((authors_by("update pollster.users set disabled = true where id = 2") == set{}));
    BOOST_TEST((authors_by("delete from pollster.sessions") == set{}));
    BOOST_TEST((authors_by("delete from pollster.memberships where user_id = 2") == set{}));
    BOOST_TEST((outdated_by("update pollster.posts set user_id = 2 where id = " + id) == set{1}));
    BOOST_TEST((outdated_by("update pollster.posts set created_at = 'infinity' where id = " + id) ==
                set{1}));
    BOOST_TEST((outdated_by("update pollster.posts set user_id = user_id") == set{}));
    BOOST_TEST((authors_by("delete from pollster.users where id = 2") == set{2}));
}

BOOST_AUTO_TEST_CASE(a_merge_of_accounts_makes_one_note_a_wall)
{
    sql("insert into pollster.posts (wall_id, user_id, body) select 1 + n % 2, 1, 'x' from "
        "generate_series(1, 200) n");
    BOOST_TEST(
        (outdated_by("update pollster.posts set user_id = 2 where user_id = 1") == set{1, 2}));
    BOOST_TEST(sql("select count(*) from pollster.access_changes where kind = 'wall'") == "2");
}

BOOST_AUTO_TEST_CASE(an_application_says_what_no_trigger_sees)
{
    post(1, 1, "x");
    const auto before = head().epoch;
    BOOST_TEST((outdated_by("select pollster.refresh_wall(1)") == set{1}));
    BOOST_TEST((head().epoch == before));
    BOOST_TEST((outdated_by("select pollster.refresh_wall(1, true)") == set{1}));
    const auto after = head().epoch;
    BOOST_TEST((after != before));
    BOOST_TEST(forgets_after("select pollster.refresh_all()"));
    BOOST_TEST((head().epoch == after));
    BOOST_TEST(forgets_after("select pollster.refresh_all(true)"));
    BOOST_TEST((head().epoch != after));
}

// Numbers of transactions in a dump are another cluster's.
BOOST_AUTO_TEST_CASE(heads_and_notes_of_the_future_are_not_found_at_every_look)
{
    post(1, 1, "x");
    sql("insert into pollster.access_changes (user_id, changed_by, changed_at) values (1, "
        "'1000000000', now())");
    sql("update pollster.heads set changed_by = '1000000000'");
    look();
    const auto c = look();
    BOOST_TEST(!c.forget_everything);
    BOOST_TEST(c.heads.empty());
    BOOST_TEST(c.access_changed.empty());
    post(1, 1, "y");
    BOOST_TEST((heads(look()) == std::map<std::int64_t, std::int64_t>{{1, 2}}));
}

BOOST_AUTO_TEST_SUITE_END()
