// Posts that an application marks as deleted: to readers they are gone, come back when the mark
// goes, and are marked, not removed, when they are deleted through Pollster.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

namespace {

struct mark {
    std::string column;    // its definition
    std::string condition; // of a row that is a post, in the view
    std::string argument;  // of feed_entry
    std::string set;       // marks
    std::string unset;
    std::string value{}; // a further argument of delete_softly
};

const mark marks[] = {
    {"deleted_at timestamp(6)", "deleted_at is null", "deleted_at", "deleted_at = now()",
     "deleted_at = null"},
    {"gone timestamptz not null default 'infinity'", "gone = 'infinity'", "gone", "gone = now()",
     "gone = 'infinity'"},
    {"\"isDeleted\" boolean not null default false", "not \"isDeleted\"", "isDeleted",
     "\"isDeleted\" = true", "\"isDeleted\" = false"},
    {"deleted smallint default 0", "coalesce(deleted, 0) = 0", "deleted", "deleted = 1",
     "deleted = null"},
    {"state varchar not null default 'visible'", "state = 'visible'", "state<>visible",
     "state = 'hidden'", "state = 'visible'", ", 'hidden'"},
    {"\"The State\" int default 0", "\"The State\" is distinct from 7", "The State=7",
     "\"The State\" = 7", "\"The State\" = 8", ", '7'"},
};

struct fixture : database_fixture {
    void adopt(const mark& m) const
    {
        const auto column = m.column.substr(0, m.column.starts_with('"') ? m.column.find('"', 1) + 1
                                                                         : m.column.find(' '));
        const auto unquoted =
            column.starts_with('"') ? column.substr(1, column.size() - 2) : column;
        sql("create schema app; create table app.messages (id serial primary key, room int, "
            "person int, content text, " +
            m.column +
            "); drop view pollster.posts; create view pollster.posts as select id, room as "
            "wall_id, person as user_id, content as body, null::timestamp as created_at, "
            "null::timestamp as edited_at from app.messages where " +
            m.condition +
            "; select pollster.let_serve(); create constraint trigger feed_entry after insert or "
            "delete or update on "
            "app.messages deferrable initially deferred for each row execute function "
            "pollster.feed_entry('id', 'room', 'person', 'content', '" +
            m.argument +
            "'); create trigger delete_softly instead of delete on pollster.posts for each row "
            "execute function pollster.delete_softly('app.messages', 'id', '" +
            unquoted + "'" + m.value + ")");
    }
    std::string entries() const
    {
        return sql("select string_agg(concat_ws(' ', id, kind, post_id), ', ' order by id) from "
                   "pollster.entries");
    }
    db::answer<db::written_entry> remove(std::int64_t post)
    {
        return posts().change_post(
            {walls::wall_id{1}, reader(1), walls::post_id{post}, std::nullopt});
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(soft_deletes_, fixture)

BOOST_AUTO_TEST_CASE(a_mark_is_a_deletion_and_its_end_a_post)
{
    for (const auto& m : marks) {
        BOOST_TEST_CONTEXT(m.argument)
        {
            fixture f;
            f.adopt(m);
            f.sql("insert into app.messages (room, person, content) values (1, 1, 'a'), (1, 2, "
                  "'b')");
            f.sql("update app.messages set " + m.set + " where id = 1");
            f.sql("update app.messages set content = 'secret' where id = 1");
            BOOST_TEST(f.entries() == "1 post 1, 2 post 2, 3 delete 1");
            BOOST_TEST(f.history_of(1, {}, 10).posts.size() == 1u);
            f.sql("update app.messages set " + m.unset + ", content = 'a again' where id = 1");
            BOOST_TEST(f.entries() == "1 post 1, 2 post 2, 3 delete 1, 4 post 1");
            BOOST_TEST(f.history_of(1, {}, 10).posts.back().body.value() == "a again");
            // A marked row that goes, or comes, is nobody's business; nor is it to be repaired.
            f.sql("update app.messages set " + m.set + " where id = 1; update app.messages set " +
                  m.set + " where id = 2; delete from app.messages where id = 2");
            f.sql("insert into app.messages (room, person, content) values (1, 1, 'c')");
            f.sql("update app.messages set " + m.set +
                  " where id = 3; delete from app.messages "
                  "where id = 3");
            BOOST_TEST(f.entries() == "1 post 1, 2 post 2, 3 delete 1, 4 post 1, 5 delete 1, "
                                      "6 delete 2, 7 post 3, 8 delete 3");
            BOOST_TEST(f.sql("select count(*) from pollster.repair()") == "0");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_deletion_through_pollster_marks_the_row_and_keeps_it)
{
    for (const auto& m : marks) {
        BOOST_TEST_CONTEXT(m.argument)
        {
            fixture f;
            f.adopt(m);
            BOOST_TEST(is_written(f.post(1, 1, "mine")));
            const auto deleted = f.remove(1);
            BOOST_TEST(is_written(deleted), why_not(deleted));
            BOOST_TEST(f.entries() == "1 post 1, 2 delete 1");
            BOOST_TEST(f.sql("select count(*) from app.messages where content = 'mine'") == "1");
            BOOST_TEST(f.sql("select count(*) from app.messages where " + m.condition) == "0");
            const auto again = f.remove(1); // a client that lost the answer
            BOOST_TEST(again.has_value(), why_not(again));
            BOOST_TEST(f.entries() == "1 post 1, 2 delete 1");
        }
    }
}

BOOST_AUTO_TEST_CASE(of_several_deletions_at_once_one_is_an_entry)
{
    adopt(marks[0]);
    post(1, 1, "mine");
    {
        std::jthread other([this] { sql("delete from pollster.posts"); });
        remove(1);
    }
    BOOST_TEST(entries() == "1 post 1, 2 delete 1");
}

BOOST_AUTO_TEST_CASE(a_mark_whose_value_nobody_knows_is_told_in_one_line)
{
    adopt(marks[4]);
    sql("drop trigger delete_softly on pollster.posts; create trigger delete_softly instead of "
        "delete on pollster.posts for each row execute function "
        "pollster.delete_softly('app.messages', 'id', 'state')");
    post(1, 1, "mine");
    const auto deleted = remove(1);
    BOOST_TEST(why_not(deleted).find("name the value as the fourth argument") != std::string::npos,
               why_not(deleted));
}

BOOST_AUTO_TEST_SUITE_END()
