// Readers without a session against a real PostgreSQL: users and walls that a token names, guests
// of open walls; each statement asks again whether they may.
#include "db/admin.hpp"
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

#include <vector>

namespace {

using walls::grounds;
using walls::wall_id;

std::vector<wall_id> ids(std::initializer_list<std::int64_t> numbers)
{
    std::vector<wall_id> out;
    for (const auto n : numbers) {
        out.push_back(wall_id{n});
    }
    return out;
}

struct fixture : database_fixture {
    std::shared_ptr<walls::identity> who(std::int64_t user,
                                         std::optional<std::vector<wall_id>> walls = {})
    {
        return who_by({walls::user_id{user}, std::move(walls)});
    }
    std::shared_ptr<walls::identity> who_by(const db::named& one)
    {
        return sessions().find_named({&one, 1}).value().at(0);
    }
    walls::identity_ptr guest() { return sessions().find_guest().value(); }

    static db::reader by(grounds g, std::int64_t user = 0) { return {"", walls::user_id{user}, g}; }

    // What such a reader is told of wall 1: "read", "signed_out", "no_member".
    std::string reads(const db::reader& asker, std::int64_t wall = 1)
    {
        return word(posts().posts_before(asker, wall_id{wall}, std::nullopt, 10));
    }
    template <class T>
    static std::string word(const db::answer<T>& a)
    {
        if (const auto error = db::error_of(a)) {
            return error->why;
        }
        return a ? "read" : db::is_denied(a, db::denied::signed_out) ? "signed_out" : "no_member";
    }
    // Who is told by a look that his access changed.
    std::vector<walls::user_id> told() { return feed().look({}).value().access_changed; }
    bool guests_are_told()
    {
        const auto users = told();
        return std::ranges::count(users, walls::guest) == 1;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(guests_, fixture)

BOOST_AUTO_TEST_CASE(whom_a_token_names_has_his_walls_or_those_that_it_names)
{
    const std::vector<db::named> asked{{walls::user_id{1}, {}},
                                       {walls::user_id{99}, {}},
                                       {walls::user_id{1}, ids({2, 77, 3})},
                                       {{}, ids({1, 3, 99})},
                                       {{}, {}},
                                       {{}, ids({})},
                                       {walls::user_id{INT64_MAX}, {}}};
    const auto found = sessions().find_named(asked).value();
    BOOST_REQUIRE(found.size() == asked.size());
    BOOST_TEST(found[0]->user_name == "ann");
    BOOST_TEST((found[0]->walls == ids({1, 2})));
    BOOST_TEST((found[0]->by == grounds::signed_user));
    BOOST_TEST((found[1] == nullptr));
    BOOST_TEST(found[2]->user_name == "ann");
    BOOST_TEST((found[2]->walls == ids({2, 3})));
    BOOST_TEST((found[2]->by == grounds::signed_walls));
    BOOST_TEST(found[3]->user_name == "");
    BOOST_TEST((found[3]->walls == ids({1, 3})));
    BOOST_TEST((found[4] == nullptr)); // it names nobody: no guest of the open walls
    BOOST_TEST(found[5]->walls.empty());
    BOOST_TEST((found[5]->by == grounds::signed_walls));
    BOOST_TEST((found[6] == nullptr));
    sql("update pollster.users set disabled = true where id = 1");
    BOOST_TEST((who(1) == nullptr));
    BOOST_TEST((who(1, ids({2})) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_guest_has_no_name_and_no_end_and_is_nobody_s_token)
{
    sql("insert into pollster.open_walls values (1)");
    BOOST_TEST((guest()->walls == ids({1})));
    BOOST_TEST((guest()->by == grounds::open_walls));
    BOOST_TEST(guest()->token == "");
    BOOST_TEST((guest()->expires > std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)));
    BOOST_TEST((guest()->ends > std::chrono::steady_clock::now() + std::chrono::years(50)));
    // An application may have a row for those who are not signed in, with sessions, even.
    sql("insert into pollster_default.users (id, name) values (0, "
        "'anonymous')");
    sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
        "(sha256('" +
        std::string(43, 'z') +
        "'), 0, now(), now() + interval '1 hour'), "
        "(sha256(''), 1, now(), now() + interval '1 hour')");
    BOOST_TEST(guest()->user_name == "");
    BOOST_TEST(who_by({{}, ids({1})})->user_name == "");
    for (const auto& token : {std::string(), std::string(43, 'z')}) {
        BOOST_TEST((identity_of(token) == nullptr), token);
    }
    BOOST_TEST((who(0) == nullptr));
}

BOOST_AUTO_TEST_CASE(each_statement_asks_whether_a_user_may_still_read_and_write)
{
    const auto bob = by(grounds::signed_user, 2);
    BOOST_TEST(reads(bob) == "read");
    BOOST_TEST(reads(bob, 3) == "no_member");
    BOOST_TEST(posts().add_post({wall_id{1}, bob, "hi", ""}).has_value());
    BOOST_TEST(posts().walls_of(bob).value().size() == 2u);
    BOOST_TEST(posts().mark_read(bob, wall_id{1}, walls::entry_id{1}).value() == 1);
    sql("delete from pollster.memberships where user_id = 2 and wall_id = 1");
    BOOST_TEST(reads(bob) == "no_member");
    BOOST_TEST(word(posts().add_post({wall_id{1}, bob, "hi", ""})) == "no_member");
    sql("update pollster.users set disabled = true where id = 2");
    BOOST_TEST(reads(bob, 2) == "signed_out");
    BOOST_TEST(word(posts().add_post({wall_id{2}, bob, "hi", ""})) == "signed_out");
    BOOST_TEST(word(posts().walls_of(bob)) == "signed_out");
    BOOST_TEST(reads(by(grounds::signed_user, 99)) == "signed_out");
}

BOOST_AUTO_TEST_CASE(walls_that_a_token_names_are_read_and_never_written)
{
    const auto guest = by(grounds::signed_walls);
    const auto cleo = by(grounds::signed_walls, 3);
    sql("delete from pollster.memberships where user_id = 3");
    for (const auto& reader : {guest, cleo}) {
        BOOST_TEST(reads(reader) == "read");
        BOOST_TEST(reads(reader, 99) == "no_member");
        BOOST_TEST(word(posts().search(reader, {wall_id{1}, "hi", std::nullopt, 10})) == "read");
        BOOST_TEST(posts().walls_read(reader, ids({1, 2, 99})).value().size() == 2u);
        BOOST_TEST(word(posts().add_post({wall_id{1}, reader, "hi", ""})) == "signed_out");
        BOOST_TEST(word(posts().change_post({wall_id{1}, reader, walls::post_id{1}, "x"})) ==
                   "signed_out");
        BOOST_TEST(word(posts().mark_read(reader, wall_id{1}, walls::entry_id{0})) == "signed_out");
    }
    sql("update pollster.users set disabled = true where id = 3");
    BOOST_TEST(reads(cleo) == "signed_out");
    BOOST_TEST(word(posts().walls_read(cleo, ids({1}))) == "signed_out");
}

BOOST_AUTO_TEST_CASE(a_wall_is_open_until_it_is_closed_and_guests_are_told)
{
    const auto anybody = by(grounds::open_walls);
    post(2, 1, "hi");
    told();
    BOOST_TEST(reads(anybody, 2) == "no_member");
    sql("insert into pollster.open_walls values (2), (77)");
    BOOST_TEST(guests_are_told());
    BOOST_TEST((guest()->walls == ids({2})));
    BOOST_TEST(reads(anybody, 2) == "read");
    BOOST_TEST(reads(anybody, 1) == "no_member");
    BOOST_TEST(reads(anybody, 77) == "no_member");
    const auto list = posts().walls_read(anybody, ids({1, 2, 77})).value();
    BOOST_REQUIRE(list.size() == 1u);
    BOOST_TEST(list[0].name == "Workshop");
    BOOST_TEST(number(list[0].newest) == 1);
    BOOST_TEST(list[0].unread == 0);
    BOOST_TEST(word(posts().add_post({wall_id{2}, anybody, "hi", ""})) == "signed_out");
    BOOST_TEST(word(posts().mark_read(anybody, wall_id{2}, walls::entry_id{1})) == "signed_out");

    sql("update pollster.walls set name = 'Shop' where id = 2");
    BOOST_TEST(!guests_are_told());
    sql("delete from pollster.open_walls where wall_id = 2");
    BOOST_TEST(guests_are_told());
    BOOST_TEST(reads(anybody, 2) == "no_member");
    BOOST_TEST(guest()->walls.empty());
    sql("insert into pollster.open_walls values (2), (3)");
    BOOST_TEST(guests_are_told());
    BOOST_TEST((guest()->walls == ids({2, 3})));
    sql("delete from pollster.walls where id = 2");
    BOOST_TEST(guests_are_told());
    BOOST_TEST((guest()->walls == ids({3})));
    sql("insert into pollster.walls (id, name) values (2, 'another')");
    BOOST_TEST((guest()->walls == ids({3})));
    sql("truncate pollster_default.open_walls");
    BOOST_TEST(guests_are_told());
    BOOST_TEST(guest()->walls.empty());
}

BOOST_AUTO_TEST_CASE(an_administrator_opens_and_closes_a_wall)
{
    const auto a = db::administrator::connect(settings).value();
    BOOST_TEST(a->open_wall("Workshop", true).has_value());
    BOOST_TEST((guest()->walls == ids({2})));
    BOOST_TEST(a->open_wall("#2", false).has_value());
    BOOST_TEST(guest()->walls.empty());
    BOOST_TEST(a->open_wall("nowhere", true).error().sentence ==
               "There is no wall called \"nowhere\".");
}

BOOST_AUTO_TEST_CASE(the_walls_of_an_application_s_own_are_opened_by_its_own_tables_or_by_ours)
{
    sql("create table rooms as select id, name, kind, false as is_public from "
        "pollster_default.walls");
    sql("create or replace view pollster.walls as select id, name, kind from rooms");
    sql("delete from pollster_default.walls");
    const auto anybody = by(grounds::open_walls);
    const auto a = db::administrator::connect(settings).value();
    BOOST_TEST(a->open_wall("#3", true).has_value());
    BOOST_TEST((guest()->walls == ids({3})));

    sql("create or replace view pollster.open_walls as select id as wall_id from rooms where "
        "is_public");
    sql("create constraint trigger opened after insert or update or delete on rooms deferrable "
        "initially deferred "
        "for each row execute function pollster.open_walls_changed()");
    BOOST_TEST(guest()->walls.empty());
    told();
    sql("update rooms set is_public = true where id <> 1");
    BOOST_TEST(guests_are_told());
    BOOST_TEST((guest()->walls == ids({2, 3})));
    BOOST_TEST(reads(anybody, 3) == "read");
    sql("update rooms set is_public = false where id = 3");
    BOOST_TEST(guests_are_told());
    BOOST_TEST(reads(anybody, 3) == "no_member");

    // Failed before: `close` deleted the room, and `open` said that everybody may read now.
    sql("alter table rooms owner to pollster_owner");
    const std::string refused = "The application decides which walls are open: the view "
                                "pollster.open_walls lies over public.rooms, so change it there.";
    BOOST_TEST(a->open_wall("#2", false).error().sentence == refused);
    BOOST_TEST(a->open_wall("#1", true).error().sentence == refused);
    BOOST_TEST(sql("select count(*) from rooms") == "3");
    BOOST_TEST((guest()->walls == ids({2})));
}

// What docs/ADOPT.md prints, over a table as most have it.
BOOST_AUTO_TEST_CASE(
    the_example_of_the_page_opens_walls_of_any_integer_and_tells_no_guest_of_a_touch)
{
    std::ifstream file("docs/ADOPT.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const auto from = page.find("```sql\n", page.find("## Signed tokens, and walls that are open"));
    BOOST_REQUIRE(from != std::string::npos);
    sql("create table rooms (id serial primary key, is_public boolean, touched_at timestamptz); "
        "insert into rooms (is_public) values (false), (true), (false)");
    sql(page.substr(from + 7, page.find("```", from + 7) - from - 7));
    BOOST_TEST((guest()->walls == ids({2})));
    told();
    sql("update rooms set touched_at = now()");
    BOOST_TEST(!guests_are_told());
    sql("update rooms set is_public = id = 3");
    BOOST_TEST(guests_are_told());
    BOOST_TEST((guest()->walls == ids({3})));
    sql("truncate rooms");
    BOOST_TEST(guests_are_told());
    BOOST_TEST(sql("select pg_relation_is_updatable('pollster.open_walls', true)") == "0");
}

// As DATABASE.md, "Values", has it: what cannot be read grants nothing, and the others go on.
BOOST_AUTO_TEST_CASE(rows_that_cannot_be_read_open_nothing_and_stop_nobody)
{
    sql("create table rooms as select id, name, kind from pollster_default.walls");
    sql("create or replace view pollster.walls as select id, "
        "case when id = 3 then (1 / (id - 3))::text else name end as name, kind from rooms");
    sql("insert into pollster.open_walls values (1), (3)");
    const auto anybody = by(grounds::open_walls);
    BOOST_TEST((guest()->walls == ids({1, 3})));
    BOOST_TEST(reads(anybody, 1) == "read");
    BOOST_TEST(posts().walls_read(anybody, ids({1, 2, 3})).value().size() == 1u);
    BOOST_TEST(posts().walls_read(by(grounds::signed_walls), ids({1, 2, 3})).value().size() == 2u);

    sql("create or replace view pollster.open_walls as select 1 / (wall_id - 2) + wall_id as "
        "wall_id "
        "from pollster_default.open_walls");
    sql("update pollster_default.open_walls set wall_id = 2 where wall_id = 3");
    BOOST_TEST(guest()->walls.empty());
    BOOST_TEST(reads(anybody, 1) == "no_member");
    BOOST_TEST(reads(by(grounds::signed_walls), 1) == "read");
}

BOOST_AUTO_TEST_SUITE_END()
