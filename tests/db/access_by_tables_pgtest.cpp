// Access that rows of other tables give and take: what the next look tells of a change, by the
// trigger for tables that name a user, a wall, a group, or nobody.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace {

// People see the rooms of their groups, and rooms that are open. Names and keys as somebody else
// chose them: uuids, capital letters, spaces, a partitioned table.
struct fixture : database_fixture {
    fixture()
    {
        sql("create schema app;"
            "create table app.\"Teams\" (\"teamId\" uuid primary key, \"On\" boolean default true);"
            "create table app.\"team people\" (\"teamId\" uuid, person int);"
            "create table app.team_rooms (team uuid, room int, area int, "
            "primary key (area, team, room)) partition by list (area);"
            "create table app.team_rooms_1 partition of app.team_rooms for values in (1);"
            "create table app.open_rooms (room int);"
            "create table app.settings (all_open boolean);"
            "insert into app.settings values (false);"
            "create or replace view pollster.memberships as "
            "select p.person::bigint as user_id, r.room::bigint as wall_id "
            "from app.\"team people\" p join app.team_rooms r on r.team = p.\"teamId\" "
            "join app.\"Teams\" t using (\"teamId\") where t.\"On\" union "
            "select u.id, o.room from pollster.users u, app.open_rooms o union "
            "select u.id, w.id from pollster.users u, pollster.walls w, app.settings s "
            "where s.all_open;" +
            trigger("\"team people\"", "access_changed('person')") +
            trigger("team_rooms", "access_changed_of_wall('room')") +
            trigger("open_rooms", "access_changed_of_wall('room')") +
            trigger("settings", "access_changed_of_all()") +
            trigger("\"Teams\"",
                    "access_changed_of_group('teamId', 'team people', 'teamId', 'person')") +
            "insert into app.\"Teams\" select uuid(n) from unnest('{1,2}'::int[]) n;"
            "insert into app.\"team people\" values (uuid(1), 1), (uuid(1), 2), (uuid(2), 3);"
            "insert into app.team_rooms values (uuid(1), 1, 1), (uuid(1), 2, 1)");
        feed().look({}).value();
    }
    static std::string trigger(const std::string& table, const std::string& function)
    {
        return "create constraint trigger told after insert or update or delete on app." + table +
               " deferrable initially deferred for each row execute function pollster." + function +
               ";";
    }
    std::string sql(const std::string& text) const
    {
        return database_fixture::sql("set search_path = app, public;"
                                     "create or replace function pg_temp.uuid(int) returns uuid "
                                     "language sql return lpad($1::text, 32, '0')::uuid;" +
                                     replaced(text));
    }
    static std::string replaced(std::string text)
    {
        for (std::size_t at = 0; (at = text.find(" uuid(", at)) != std::string::npos; at += 9) {
            text.insert(at + 1, "pg_temp.");
        }
        for (std::size_t at = 0; (at = text.find("(uuid(", at)) != std::string::npos; at += 9) {
            text.insert(at + 1, "pg_temp.");
        }
        return text;
    }
    // "users 1 2 walls 1 everybody": whose access changed by this, as the next look tells it.
    std::string told_of(const std::string& text)
    {
        sql(text);
        const auto c = feed().look({}).value();
        std::set<std::int64_t> users;
        std::set<std::int64_t> walls;
        for (const auto user : c.access_changed) {
            users.insert(number(user));
        }
        for (const auto wall : c.members_changed) {
            walls.insert(number(wall));
        }
        BOOST_TEST(!c.forget_everything);
        BOOST_TEST(c.outdated.empty());
        std::string out;
        const auto add = [&out](const std::string& word, const std::set<std::int64_t>& ids) {
            out += ids.empty() ? "" : word;
            for (const auto id : ids) {
                out += std::to_string(id) + " ";
            }
        };
        add("users ", users);
        add("walls ", walls);
        return out + (c.everybody_changed ? "everybody" : "");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(access_by_tables_, fixture)

BOOST_AUTO_TEST_CASE(a_row_that_names_a_wall_tells_of_the_wall_and_of_those_who_see_it_now)
{
    BOOST_TEST(told_of("delete from app.team_rooms where room = 1") == "walls 1 ");
    BOOST_TEST(told_of("insert into app.team_rooms values (uuid(2), 1, 1)") == "users 3 walls 1 ");
    BOOST_TEST(told_of("update app.team_rooms set room = 2 where room = 1") ==
               "users 1 2 3 walls 1 2 ");
    BOOST_TEST(told_of("insert into app.open_rooms values (3)") == "users 1 2 3 walls 3 ");
    // Not by the order of the statements, nor by when the trigger fires.
    BOOST_TEST(told_of("begin; set constraints all immediate;"
                       "insert into app.team_rooms values (uuid(1), 3, 1);"
                       "delete from app.open_rooms;"
                       "insert into app.team_rooms values (uuid(2), 3, 1); commit") ==
               "users 1 2 3 walls 3 ");
    BOOST_TEST(told_of("update app.open_rooms set room = room") == "");
}

BOOST_AUTO_TEST_CASE(a_row_that_names_a_group_tells_of_its_people)
{
    BOOST_TEST(told_of("update app.\"Teams\" set \"On\" = false where \"teamId\" = uuid(1)") ==
               "users 1 2 ");
    BOOST_TEST(told_of("delete from app.\"Teams\" where \"teamId\" = uuid(2)") == "users 3 ");
    BOOST_TEST(told_of("delete from app.\"team people\" where person = 2") == "users 2 ");
    // People who are found in a second step, by uuid; and a table that was renamed since.
    sql("create table app.badges (badge uuid, holder int);"
        "create table app.gates (gate int, badge uuid);"
        "insert into app.badges select uuid(n), n from generate_series(1, 3) n;"
        "insert into app.gates values (7, uuid(1)), (7, uuid(2)), (8, uuid(3));"
        "create table app.closed (gate text);" +
        trigger("closed", "access_changed_of_group('gate', 'gates', 'gate', 'badge', "
                          "'app.badges', 'badge', 'holder')"));
    BOOST_TEST(told_of("insert into app.closed values ('7')") == "users 1 2 ");
    BOOST_TEST(told_of("insert into app.closed values ('9')") == "");
    BOOST_TEST(told_of("insert into app.closed values ('seven')") == "everybody");
    BOOST_TEST(told_of("insert into app.closed values (null)") == "everybody");
    sql("alter table app.gates rename to doors");
    BOOST_TEST(told_of("insert into app.closed values ('7')") == "everybody");
}

BOOST_AUTO_TEST_CASE(what_names_nobody_or_cannot_be_read_tells_of_everybody)
{
    BOOST_TEST(told_of("update app.settings set all_open = true") == "everybody");
    BOOST_TEST(told_of("insert into app.open_rooms values (null)") == "everybody");
    BOOST_TEST(told_of("insert into app.open_rooms values (0)") == "everybody");
    BOOST_TEST(told_of("alter table app.open_rooms rename room to r2;"
                       "insert into app.open_rooms values (1)") == "everybody");
    // A user's column that holds no number, or is not there any more.
    sql("create table app.bans (who text, since date);" + trigger("bans", "access_changed('who')"));
    BOOST_TEST(told_of("insert into app.bans values ('2')") == "users 2 ");
    BOOST_TEST(told_of("insert into app.bans values (null)") == "");
    BOOST_TEST(told_of("insert into app.bans values (uuid(2))") == "everybody");
    sql("alter table app.bans drop column who");
    BOOST_TEST(told_of("insert into app.bans values (now())") == "everybody");
    // A view that cannot be read for that wall.
    sql("create or replace view pollster.memberships as select (1 / (w.id - 1))::bigint as "
        "user_id, w.id as wall_id from pollster_default.walls w; truncate app.team_rooms;");
    BOOST_TEST(told_of("insert into app.team_rooms values (uuid(1), 1, 1)") == "walls 1 everybody");
}

BOOST_AUTO_TEST_CASE(very_many_are_everybody)
{
    sql("insert into pollster_default.users (id, name) select n, 'u' || n from "
        "generate_series(1000, 2100) n");
    feed().look({}).value();
    BOOST_TEST(told_of("insert into app.open_rooms values (2)") == "walls 2 everybody");
    sql("insert into app.\"team people\" select uuid(2), n from generate_series(1000, 2100) n");
    feed().look({}).value();
    BOOST_TEST(told_of("update app.\"Teams\" set \"On\" = false where \"teamId\" = uuid(2)") ==
               "everybody");
    const auto told =
        told_of("insert into app.open_rooms select n from generate_series(10, 500) n");
    BOOST_TEST(told.ends_with("everybody"));
    BOOST_TEST(sql("select count(*) < 250 from pollster.access_changes where changed_by = "
                   "(select max(changed_by) from pollster.access_changes)") == "t");
}

BOOST_AUTO_TEST_CASE(a_truncation_tells_of_everybody)
{
    for (const std::string function :
         {"access_changed_of_wall", "access_changed_of_group", "access_changed_of_all"}) {
        sql("create trigger emptied_" + function +
            " after truncate on app.open_rooms "
            "for each statement execute function pollster." +
            function + "()");
        BOOST_TEST(told_of("truncate app.open_rooms") == "everybody");
        sql("drop trigger emptied_" + function + " on app.open_rooms");
    }
}

BOOST_AUTO_TEST_CASE(what_no_trigger_sees_can_be_told_by_hand)
{
    BOOST_TEST(told_of("select pollster.refresh_access(1)") == "users 1 2 walls 1 ");
    BOOST_TEST(told_of("select pollster.refresh_access()") == "everybody");
}

// A name that lies in another table than the users.
BOOST_AUTO_TEST_CASE(a_name_that_appears_or_goes_with_its_row_is_another_name)
{
    sql("create table app.profiles (person int, first text, last text);" +
        trigger("profiles", "access_changed('person', 'first', 'last')"));
    const auto authors = [&](const std::string& text) {
        sql(text);
        std::string out;
        for (const auto author : feed().look({}).value().authors) {
            out += std::to_string(number(author)) + " ";
        }
        return out;
    };
    BOOST_TEST(authors("insert into app.profiles values (2, 'Bob', 'Hope')") == "2 ");
    BOOST_TEST(authors("update app.profiles set first = first") == "");
    BOOST_TEST(authors("update app.profiles set last = 'Dylan'") == "2 ");
    BOOST_TEST(authors("update app.profiles set person = 3") == "2 3 ");
    BOOST_TEST(authors("delete from app.profiles") == "3 ");
}

BOOST_AUTO_TEST_SUITE_END()
