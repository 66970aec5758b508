// Walls that are seen through groups: whichever table takes one away, the polls that are parked
// there lose it with the next look, and nobody else is answered.
#include "tests/e2e/chat.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>

using namespace e2e;

namespace {

std::string trigger(const std::string& table, const std::string& function)
{
    return "create constraint trigger access after insert or update or delete on app." + table +
           " deferrable initially deferred for each row execute function pollster." + function +
           ";";
}

// ann is in the group 1, cleo in the group 2; both groups see wall 1, and all open walls are seen
// by everybody.
const std::string groups =
    "create schema app;"
    "create table app.groups (id int primary key, closed boolean not null default false);"
    "create table app.group_people (group_id int, person_id int);"
    "create table app.group_rooms (group_id int, room_id int);"
    "create table app.open (yes boolean);"
    "insert into app.groups values (1), (2); insert into app.group_people values (1, 1), (2, 3);"
    "insert into app.group_rooms values (1, 1), (2, 1); insert into app.open values (false);"
    "create or replace view pollster.memberships as select p.person_id::bigint as user_id, "
    "r.room_id::bigint as wall_id from app.groups g join app.group_people p on p.group_id = g.id "
    "join app.group_rooms r on r.group_id = g.id where not g.closed union "
    "select 3, 2 from app.open where yes;" +
    trigger("groups", "access_changed_of_group('id', 'group_people', 'group_id', 'person_id')") +
    trigger("group_people", "access_changed('person_id')") +
    trigger("group_rooms", "access_changed_of_wall('room_id')") +
    trigger("open", "access_changed_of_all()");

const std::string invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";

} // namespace

BOOST_AUTO_TEST_SUITE(groups_)

// Failed before: only tables whose rows name the user had a trigger, and cleo read on for minutes.
BOOST_DATA_TEST_CASE(a_parked_poll_ends_whichever_table_takes_the_wall_away,
                     boost::unit_test::data::make({"on", "off"}), notify)
{
    struct way {
        std::string revoke;
        std::string grant;
    };
    const way ways[] = {
        {"delete from app.group_rooms where group_id = 2",
         "insert into app.group_rooms values (2, 1)"},
        {"update app.groups set closed = true where id = 2",
         "update app.groups set closed = false"},
        {"delete from app.group_people where group_id = 2",
         "insert into app.group_people values (2, 3)"},
    };
    chat s(std::string_view(notify) == "on" ? no_look_in_time : settings{{"notify", "off"}});
    s.sql(groups);
    for (const way& w : ways) {
        eventually("cleo sees the wall", [&] {
            return s.send(signed_by(cleo, {"GET", "/walls/1/posts", {}, {}})).status == 200;
        });
        hanging_call of_cleo(s, poll_call(cleo, R"({"1":0})"));
        hanging_call of_ann(s, poll_call(ann, R"({"1":0})"));
        s.until_parked(2);
        s.sql(w.revoke);
        BOOST_TEST(text_of(of_cleo.wait()) == invalid_parameters, w.revoke);
        BOOST_TEST(!of_ann.answered(), w.revoke);
        s.sql(w.grant);
        of_ann.leave();
        s.until_parked(0);
    }
}

BOOST_AUTO_TEST_CASE(a_wall_is_delivered_when_a_table_that_names_nobody_grants_it)
{
    chat s(no_look_in_time);
    s.sql(groups + insert_post(2, 1, "for all"));
    hanging_call of_cleo(s, poll_call(cleo, R"({"1":0,"2":0})"));
    s.until_parked(1);
    s.sql("update app.open set yes = true");
    BOOST_TEST(entries_of(of_cleo.wait()) == "2:1");
}

BOOST_AUTO_TEST_SUITE_END()
