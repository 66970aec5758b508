// pollster adopt, on schemas as frameworks make them: what it prints alone adopts them, and then
// everything that its check promises holds, told by a server's own looks.
#include "db/token.hpp"
#include "tests/fcgi_app/cli/adopted_application.hpp"

#include <algorithm>

using namespace pollster;

namespace {

// Posts, edits and a deletion through the server; and what the application does by itself.
void lives_with(application& a, const std::string& messages, const std::string& text,
                const std::string& mark, const std::string& author)
{
    a.session_of_dora();
    BOOST_REQUIRE(a.known(a.token) != nullptr);
    BOOST_TEST(a.known(a.token)->may_see(walls::wall_id{1}));
    auto last = a.newest(1);
    const auto posted = a.database->posts().add_post({walls::wall_id{1}, a.dora(), "hello", "key"});
    BOOST_TEST_REQUIRE(is_written(posted), why_not(posted));
    const auto post = walls::number(posted.value().entry.post);
    const auto id = std::to_string(post);
    const auto edited = a.database->posts().change_post(
        {walls::wall_id{1}, a.dora(), walls::post_id{post}, "hello again"});
    BOOST_TEST(is_written(edited), why_not(edited));
    const auto deleted = a.database->posts().change_post(
        {walls::wall_id{1}, a.dora(), walls::post_id{post}, std::nullopt});
    BOOST_TEST(is_written(deleted), why_not(deleted));
    const std::string key = a.sql("select 1 from information_schema.columns where column_name = "
                                  "'pollster_id' and table_name = 'Message'") == "1"
                                ? "pollster_id"
                                : "id";
    const auto row = " from " + messages + " where " + key + " = " + id;
    BOOST_TEST(a.sql("select count(*)" + row) == "1"); // marked, not removed
    a.sql("update " + messages + " set " + mark + " where " + key + " = " + id);
    auto feed = a.feed_of(1, last);
    BOOST_TEST_REQUIRE(feed.size() == 4u);
    BOOST_TEST(feed[1].kind == "edit");
    BOOST_TEST(feed[2].kind == "delete");
    BOOST_TEST(feed[3].kind == "post");
    BOOST_TEST(feed[3].body.value() == "hello again");
    // Accounts are merged: the author is one, in the feed and in history.
    last = a.newest(1);
    a.sql("update " + messages + " set " + author + " where " + key + " = " + id);
    feed = a.feed_of(1, last);
    BOOST_TEST_REQUIRE(feed.size() == 1u);
    BOOST_TEST(feed[0].user_name == "emil");
    const auto history = a.database->posts().posts_before(a.dora(), walls::wall_id{1}, {}, 1);
    BOOST_TEST(history.value().posts.at(0).user_name == "emil");
    a.look();
    a.sql("update " + messages + " set " + text + " = 'the end' where " + key + " = " + id);
    BOOST_TEST(a.feed_of(1, last).at(1).body.value() == "the end");
    const auto found =
        a.database->posts().search(a.dora(), {walls::wall_id{1}, "the end", {}, 5}).value();
    BOOST_TEST(found.posts.size() == 1u);
    a.sound();
}

} // namespace

BOOST_AUTO_TEST_SUITE(adopt_)

BOOST_AUTO_TEST_CASE(rails_7_with_groups_and_soft_deletes)
{
    application a(file("rails") + file("rails_rows"));
    BOOST_TEST(a.check().code == 1); // nothing is adopted yet
    a.adopt();
    BOOST_TEST(a.feed_of(1, 0).size() == 16u);
    BOOST_TEST(a.feed_of(1, 0).at(0).created_at == "2024-01-01T00:02:00.000Z");
    // Whichever table takes a wall away.
    BOOST_TEST(a.told_of("delete from groups_rooms where group_id = 2 and room_id = 2") ==
               "users 1 2 walls 2 ");
    BOOST_TEST(a.told_of("insert into groups_rooms values (2, 2)") == "users 1 2 3 walls 2 ");
    BOOST_TEST(a.told_of("update groups set discarded_at = now() where id = 2") == "users 2 3 ");
    BOOST_TEST(a.told_of("update groups set discarded_at = null, updated_at = now()") ==
               "users 2 3 ");
    BOOST_TEST(a.told_of("delete from group_memberships where group_id = 1 and user_id = 2") ==
               "users 2 ");
    BOOST_TEST(a.told_of("update rooms set deleted_at = now() where id = 2") ==
               "users 1 2 3 walls 2 ");
    BOOST_TEST(a.told_of("update rooms set deleted_at = null, title = 'Den' where id = 2") ==
               "users 1 2 3 walls 2 ");
    BOOST_TEST(a.told_of("update users set locked_at = now() where id = 3") == "users 3 ");
    // What signing in writes is nobody's access.
    BOOST_TEST(a.told_of("update users set sign_in_count = 2, last_sign_in_at = now(), updated_at "
                         "= now()") == "");
    a.sql("update users set username = 'theodora' where id = 1");
    BOOST_TEST(a.look().authors.size() == 1u);
    a.sql("update users set username = 'dora' where id = 1");
    lives_with(a, "messages", "body", "deleted_at = null", "user_id = 2");
    a.sql("delete from messages where room_id = 2; delete from groups_rooms where room_id = 2; "
          "delete from rooms where id = 2");
    BOOST_TEST(a.newest(2) == 0);
}

BOOST_AUTO_TEST_CASE(laravel_10_with_sanctum_and_soft_deletes)
{
    application a(file("laravel") + file("laravel_rows"));
    a.adopt();
    const std::string of_dora(43, 'd'); // made by the application
    BOOST_TEST_REQUIRE(a.known(of_dora) != nullptr);
    BOOST_TEST(a.known(of_dora)->user_name == "dora");
    // In full, as $user->createToken('chat')->plainTextToken gives it to the client.
    const auto secrets = db::secrets_in(
        a.sql("select id || '|' from personal_access_tokens order by id limit 1") + of_dora);
    const auto who = a.database->sessions().find_identities(secrets).value();
    BOOST_TEST_REQUIRE(std::ranges::count(who, nullptr) == 1);
    BOOST_TEST(
        std::ranges::find_if(who, [](const auto& i) { return i != nullptr; })->get()->user_name ==
        "dora");
    BOOST_TEST(a.told_of("update personal_access_tokens set last_used_at = now()") == "");
    BOOST_TEST(a.told_of("delete from personal_access_tokens") == "users 1 ");
    BOOST_TEST(a.told_of("delete from channel_user where user_id = 3") == "users 3 ");
    BOOST_TEST(a.told_of("update channels set deleted_at = now() where id = 2") ==
               "users 1 2 walls 2 ");
    BOOST_TEST(a.told_of("update users set deleted_at = now() where id = 2") == "users 2 ");
    a.sql("update users set deleted_at = null");
    lives_with(a, "messages", "content", "deleted_at = null", "user_id = 2");
    // What the application has besides: drafted as `extra`, and a change of it is an edit.
    const auto last = a.newest(1);
    a.sql("insert into messages (channel_id, user_id, content, reply_to_id) values (1, 1, 'look', "
          "2)");
    a.sql("update messages set attachment = 'cat.png' where content = 'look'");
    const auto replies = a.feed_of(1, last);
    BOOST_TEST_REQUIRE(replies.size() == 2u);
    BOOST_TEST(replies[1].kind == "edit");
    BOOST_TEST(replies[1].extra.value() == R"({"attachment": "cat.png", "reply_to_id": 2})");
    a.sql(
        "drop trigger pollster_feed_entry_update on messages; create constraint trigger old after "
        "update of id, channel_id, user_id, content, deleted_at on messages deferrable initially "
        "deferred for each row execute function pollster.feed_entry('id', 'channel_id', "
        "'user_id', 'content', 'deleted_at')");
    const auto lacks = a.check();
    BOOST_TEST(lacks.out.find("no trigger makes entries of update (pollster.feed_entry with id, "
                              "channel_id, user_id, content, deleted_at, +attachment, "
                              "+reply_to_id)") != std::string::npos,
               lacks.out);
    a.sql(lacks.out);
    a.sound();
    BOOST_TEST(a.told_of("truncate channel_user").find("users") == std::string::npos);
    a.sql("insert into users (name, email, password) values ('bo', 'b', '" +
          a.sql("select pollster.bcrypt('secret', pollster.bcrypt_salt())") +
          "'); insert into channel_user values (1, (select max(id) from users))");
    BOOST_TEST(a.database->sessions().sign_in("bo", "secret").value().has_value());
}

BOOST_AUTO_TEST_CASE(django_4)
{
    application a(file("django"));
    a.adopt();
    BOOST_TEST(a.told_of("update auth_user set is_active = false where id = 2") == "users 2 ");
    BOOST_TEST(a.told_of("delete from chat_room_members where user_id = 3") == "users 3 ");
    BOOST_TEST(a.told_of("update auth_user set last_login = now()") == "");
    a.sql("update auth_user set is_active = true");
    lives_with(a, "chat_message", "content", "is_deleted = false", "author_id = 2");
}

BOOST_AUTO_TEST_CASE(keys_that_are_no_numbers)
{
    application a(file("uuids"));
    a.adopt();
    const auto user = [](const std::string& name) {
        return "(select \"id\" from \"App\".\"User\" where \"name\" = '" + name + "')";
    };
    BOOST_TEST(a.told_of("delete from \"App\".\"ChannelMember\" where \"userId\" = " +
                         user("fay")) == "users 3 ");
    BOOST_TEST(a.told_of("update \"App\".\"ChannelMember\" set \"leftAt\" = now() where "
                         "\"userId\" = " +
                         user("emil")) == "users 2 ");
    BOOST_TEST(a.told_of("update \"App\".\"User\" set \"isBanned\" = true where \"name\" = "
                         "'gus'") == "users 4 ");
    lives_with(a, "\"App\".\"Message\"", "\"content\"", "\"deletedAt\" = null",
               "\"authorId\" = " + user("emil"));
}

BOOST_AUTO_TEST_CASE(states_count_and_what_a_draft_leaves_out_is_named)
{
    application a(file("prisma"));
    const auto numbers = a.type({"adopt", a.pg.owner_conninfo(a.name)});
    a.sql(numbers.out);
    const auto draft = a.type({"adopt", a.pg.owner_conninfo(a.name)});
    const auto says = [&](const std::string& text) {
        BOOST_TEST(draft.out.find(text) != std::string::npos, text + "\n" + draft.out);
    };
    says("where m.status = 'active'; it does not look at public.\"ChannelMember\".role; nor at the "
         "tables public.\"ChannelBan\"\n");
    says("it does not look at public.\"Channel\".\"isPrivate\"");
    says("(u.status = 'ACTIVE') is not true as disabled");
    a.adopt();
    BOOST_TEST(a.sql("select string_agg(user_id || ' ' || wall_id, ', ' order by 1) from (select * "
                     "from pollster.memberships order by 1) m") == "1 1, 3 2, 4 1");
    BOOST_TEST(a.sql("select string_agg(name, ' ') from pollster.users where disabled") == "gus");
    std::string bodies;
    for (const auto& e : a.feed_of(1, 0)) {
        bodies += e.body.value_or("-") + " ";
    }
    BOOST_TEST(bodies == "first - second third last ");
    BOOST_TEST(a.told_of("update \"ChannelMember\" set status = 'left' where id in ('m1', 'm2')") ==
               "users 1 ");
    BOOST_TEST(a.told_of("update \"User\" set status = 'SUSPENDED' where id = 'clu3'") ==
               "users 3 ");
    a.sql("update \"User\" set status = 'ACTIVE'; update \"ChannelMember\" set status = 'active'");
    lives_with(a, "\"Message\"", "content", "\"deletedAt\" = null", "\"authorId\" = 'clu2'");
}

// Tables that nobody has seen: what their rows name is derived from the view alone.
BOOST_AUTO_TEST_CASE(views_written_by_hand_are_completed_by_what_the_check_prints)
{
    application a(file("teams"));
    const auto first = a.check();
    BOOST_TEST(first.code == 1);
    a.sql(first.out);
    const auto second = a.check();
    BOOST_TEST(second.out.find("-- time: the view memberships depends on the time of day") !=
                   std::string::npos,
               second.out);
    BOOST_TEST(second.err.find("1 finding") != std::string::npos, second.out);
    a.database = std::make_unique<db::database>(a.pg.settings(a.name));
    a.look();
    BOOST_TEST(a.told_of("update team set aktiv = false where nr = 2") == "everybody");
    BOOST_TEST(a.told_of("update team set aktiv = true where nr = 2") == "everybody");
    BOOST_TEST(a.told_of("delete from team_leute where nutzer = 2") == "users 2 ");
    BOOST_TEST(a.told_of("delete from team_bretter where brett = 1") == "walls 1 ");
    BOOST_TEST(a.told_of("insert into sperre values (1, now() + interval '1 day')") == "users 1 ");
    BOOST_TEST(a.told_of("update nutzer set chef = true where nr = 5") == "users 5 ");
    BOOST_TEST(a.told_of("select pollster.refresh_access()") == "everybody");
}

// Posts come and go by rows of other tables; users are banned by rows that are joined and counted.
BOOST_AUTO_TEST_CASE(a_forum_whose_topics_are_hidden)
{
    application a(file("forum"));
    a.sql(a.check().out);
    const auto second = a.check();
    BOOST_TEST(second.out.find("-- trigger") == std::string::npos, second.out);
    // One does not hide the other.
    BOOST_TEST(second.out.find("-- trial: a session could not be written") != std::string::npos);
    BOOST_TEST(second.out.find("-- trial: a post could not be written") != std::string::npos);
    a.database = std::make_unique<db::database>(a.pg.settings(a.name));
    a.look();
    // What a wall's feed has from there on: "delete 2, delete 5".
    const auto entries_of = [&](const std::string& wall, const std::string& change) {
        const auto last = std::to_string(a.newest(std::stoll(wall)));
        a.sql(change);
        return a.sql("select string_agg(kind || ' ' || post_id, ', ' order by id) from "
                     "pollster.entries where wall_id = " +
                     wall + " and id > " + last);
    };
    const std::string topic = "update phpbb_topics set topic_visibility = ";
    BOOST_TEST(entries_of("2", topic + "2 where topic_id = 3") ==
               "delete 2, delete 5, delete 8, delete 11");
    BOOST_TEST(a.feed_of(2, 0).at(0).body.has_value() == false);
    BOOST_TEST(entries_of("2", topic + "1 where topic_id = 3") ==
               "post 2, post 5, post 8, post 11");
    BOOST_TEST(entries_of("1", "insert into mod_hidden values (1), (9), (null)") == "delete 1");
    BOOST_TEST(entries_of("1", "update mod_hidden set why = 'spam'") == "");
    BOOST_TEST(entries_of("1", "delete from mod_hidden") == "post 1");
    BOOST_TEST(entries_of("1", "begin; update phpbb_posts set post_visibility = 2 where topic_id = "
                               "1; " +
                                   topic + "2 where topic_id = 1; commit") ==
               "delete 3, delete 6, delete 12");
    // A topic with its first post is one entry.
    BOOST_TEST(entries_of("1", "begin; insert into phpbb_topics values (9, 1, 1); insert into "
                               "phpbb_posts (topic_id, forum_id, poster_id, post_visibility) "
                               "values (9, 1, 1, 1); commit") == "post 13");
    BOOST_TEST(entries_of("1", "begin; insert into phpbb_topics values (10, 1, 1); insert into "
                               "phpbb_posts (topic_id, forum_id, poster_id, post_visibility) "
                               "values (10, 1, 1, 1); update phpbb_posts set post_text = 'b' where "
                               "post_id = 14; " +
                                   topic + "2 where topic_id = 10; " + topic +
                                   "1 where topic_id = 10; commit") == "post 14, edit 14");
    // What is shown again by a truncated table begins the feed anew.
    a.sql("insert into mod_hidden values (1)");
    a.look();
    a.sql("truncate mod_hidden");
    BOOST_TEST(a.look().forget_everything);
    BOOST_TEST(a.sql("select kind from pollster.entries where wall_id = 1 and post_id = 1") ==
               "post");
    BOOST_TEST(a.told_of("insert into phpbb_banlist (ban_userid) values (1)") == "users 1 ");
    BOOST_TEST(a.told_of("delete from phpbb_banlist") == "users 1 ");
    BOOST_TEST(a.told_of("delete from phpbb_acl_groups where group_id = 1 and forum_id = 2") ==
               "walls 2 ");
    BOOST_TEST(a.told_of("update phpbb_user_group set user_pending = 1 where user_id = 2") ==
               "users 2 ");
    BOOST_TEST(a.told_of("update phpbb_sessions set session_time = 1000") == "users 1 ");
    BOOST_TEST(a.told_of("update phpbb_acl_options set auth_option = 'f_list'") == "everybody");
}

// Partitions and tables that inherit: triggers for truncate are not theirs by themselves, and those
// that inherit have none at all.
BOOST_AUTO_TEST_CASE(parts_of_tables_tell_as_the_whole_does)
{
    application a(file("inherited"));
    const auto closed = a.type({"adopt", "--check", a.pg.test_conninfo(a.name)});
    BOOST_TEST_REQUIRE(closed.err.find("as the owner of the tables: grant usage on schema "
                                       "\"order\" to ") != std::string::npos,
                       closed.err);
    const auto from = closed.err.find("grant usage");
    a.sql(closed.err.substr(from));
    const auto first = a.check();
    a.sql(first.out);
    const auto second = a.check();
    BOOST_TEST(second.out.find("-- trigger") == std::string::npos, second.out);
    // A table that is only looked up hides no post.
    BOOST_TEST(second.out.find("category") == std::string::npos, second.out);
    a.database = std::make_unique<db::database>(a.pg.settings(a.name));
    a.look();
    const auto all_are_told = [&](const std::string& change) {
        a.sql(change);
        const auto c = a.look();
        BOOST_TEST((c.everybody_changed || c.forget_everything), change);
    };
    all_are_told("truncate \"order\".guest_1");
    all_are_told("truncate \"order\".guest_2");
    all_are_told("truncate \"order\".guest_2_x");
    all_are_told("truncate \"order\".pass_2026");
    BOOST_TEST(a.told_of("delete from only \"order\".kid") == "users 4 ");
    BOOST_TEST(a.told_of("update \"order\".grandkid set \"group\" = 2") == "users 5 ");
    all_are_told("truncate \"order\".kid");
    all_are_told("truncate only \"order\".base");
    BOOST_TEST(a.newest(1) == 3);
    all_are_told("truncate \"order\".post_old");
    BOOST_TEST(a.newest(1) == 2);
    all_are_told("update \"order\".topic_old set shown = false");
    // The next partition.
    a.sql("create table \"order\".pass_2 partition of \"order\".guest for values in (3)");
    const auto third = a.check();
    BOOST_TEST(third.out.find("-- trigger: \"order\".pass_2: no trigger tells servers of truncate "
                              "(pollster.access_changed)") != std::string::npos,
               third.out);
}

// What a superuser runs gives the role that owns the views its rights.
BOOST_AUTO_TEST_CASE(a_draft_made_by_a_superuser_runs_as_it_is)
{
    application a(file("rails") + file("rails_rows"));
    a.views_of_clerk();
    const auto draft = a.type({"adopt", a.pg.test_conninfo(a.name)});
    BOOST_TEST_REQUIRE(draft.code == 0, draft.err);
    a.sql(draft.out);
    a.sound();
    BOOST_TEST(a.newest(1) == 16);
}

// Archived, or deleted softly: what is written meanwhile is there when the wall comes back.
BOOST_AUTO_TEST_CASE(a_wall_that_is_not_shown_for_a_while_loses_nothing)
{
    application a(file("laravel") + file("laravel_rows"));
    a.sql("insert into channels (name, deleted_at) values ('later', now())");
    a.adopt();
    const auto later = a.sql("select max(id) from channels");
    const auto last = a.newest(1);
    a.sql("update channels set deleted_at = now() where id = 1");
    const std::string write = "insert into messages (channel_id, user_id, content) values ";
    a.sql(write + "(1, 1, 'meanwhile'), (" + later + ", 1, 'too early')");
    a.sql("update messages set content = 'edited' where content = 'meanwhile'");
    BOOST_TEST(a.sql("select count(*) from pollster.repair()") == "0");
    a.sql("update channels set deleted_at = null");
    a.sql(write + "(" + later + ", 1, 'in time')");
    const auto feed = a.feed_of(1, last);
    BOOST_TEST_REQUIRE(feed.size() == 2u);
    BOOST_TEST(feed[1].body.value() == "edited");
    BOOST_TEST(a.feed_of(std::stoll(later), 0).size() == 2u);
    a.sound();
    // What got no entry is found.
    a.sql("set session_replication_role = replica; " + write + "(1, 1, 'unseen')");
    const auto found = a.check();
    BOOST_TEST(found.out.find("-- entries: 1 posts have no entry") != std::string::npos, found.out);
    a.sql(found.out);
    BOOST_TEST(a.feed_of(1, last).size() == 3u);
    a.sound();
}

// Policies that are there count: those that let the role see all, and those that name it.
BOOST_AUTO_TEST_CASE(row_security_is_reported_as_long_as_it_hides_something)
{
    application a(file("rails") + file("rails_rows"));
    a.views_of_clerk();
    a.sql("grant usage on schema public to clerk; grant all on all tables in schema public to "
          "clerk");
    a.adopt();
    a.sql("alter table group_memberships enable row level security; create policy mine on "
          "group_memberships using (user_id::text = current_setting('app.user', true))");
    const auto says = [&](const std::string& text) {
        const auto found = a.check();
        BOOST_TEST(found.out.find(text) != std::string::npos, text + "\n" + found.out);
        return found.out;
    };
    const std::string hides = "-- row-security: row security hides rows of public.";
    a.sql(says(hides + "group_memberships from the role"));
    a.sound();
    a.sql("create policy closed on group_memberships as restrictive using (group_id > 0)");
    const auto refused = says("no restrictive policy for that role: closed");
    BOOST_TEST(refused.find("create policy") == std::string::npos);
    a.sql("drop policy closed on group_memberships; alter table messages enable row level "
          "security; create policy pollster on messages for select using (true)");
    a.sql(says("create policy pollster_2 on public.messages")); // to write them
    a.sound();
}

// As docs/ADOPT.md has it, without the triggers.
const std::string open_walls =
    "alter table rooms add is_public boolean not null default false; create or replace view "
    "pollster.open_walls as select distinct id::bigint as wall_id from rooms where is_public";

// Each of these breaks what was sound, and is found with the SQL that mends it.
BOOST_AUTO_TEST_CASE(what_is_broken_later_is_found_and_mended_by_what_is_printed)
{
    struct broken {
        std::string by;
        std::string found;
        bool mended = true;
    };
    const broken all[] = {
        {"drop trigger pollster_access_changed_of_wall on groups_rooms",
         "trigger: public.groups_rooms: no trigger tells servers of insert, delete"},
        {"alter table groups disable trigger pollster_access_changed_of_group_update",
         "trigger: public.groups: no trigger tells servers of update"},
        {"drop trigger pollster_feed_entry_update on messages",
         "trigger: public.messages: no trigger makes entries of update"},
        {"alter table messages add hidden_at timestamp; create or replace view pollster.posts as "
         "select p.id, p.room_id as wall_id, p.user_id, p.body, p.created_at, null::timestamptz "
         "as edited_at from messages p where p.deleted_at is null and p.hidden_at is null",
         "trigger: public.messages: no trigger makes entries of insert, delete, update "
         "(pollster.feed_entry with id, room_id, user_id, body, deleted_at, hidden_at)"},
        {"drop view pollster.memberships; create view pollster.memberships as select distinct "
         "p.user_id, w.room_id as wall_id from group_memberships p join groups_rooms w using "
         "(group_id); alter view pollster.memberships owner to pollster_owner",
         "grant: the role pollster, which serves, lacks a right: select on table "
         "pollster.memberships"},
        {"drop view pollster.users; create view pollster.users as select id, username as name, "
         "encrypted_password as password_hash, locked_at is not null as disabled from users; "
         "revoke execute on function pollster.end_session from pollster",
         "grant: the role pollster, which serves, lacks a right: execute on function "
         "pollster.end_session(bytea), and 3 more"},
        {open_walls, "trigger: public.rooms: no trigger tells servers of insert, delete, update, "
                     "truncate (pollster.open_walls_changed)"},
        {"create table listed (room_id bigint); create or replace view pollster.open_walls as "
         "select room_id as wall_id from listed; alter view pollster.open_walls owner to clerk",
         "grant: the role clerk, which owns the view open_walls, has no right to select, trigger "
         "on public.listed"},
        {"create materialized view listed as select 1::bigint as wall_id; create or replace view "
         "pollster.open_walls as select wall_id from listed",
         "blind: public.listed, behind the view open_walls, is a materialized view", false},
        {"create table listed (room_id bigint, ends timestamptz); create or replace view "
         "pollster.open_walls as select room_id as wall_id from listed where ends > now()",
         "time: the view open_walls depends on the time of day", false},
        {"drop view pollster.open_walls; create view pollster.open_walls as select title as "
         "wall_id "
         "from rooms",
         "check: pollster.open_walls.wall_id has the type character varying, which has to be a "
         "number",
         false},
        {"drop view pollster.open_walls", "check: pollster.open_walls.wall_id is missing", false},
        {"drop trigger pollster_wall_removed on rooms",
         "trigger: public.rooms: no trigger removes"},
        {"drop trigger pollster_posts_truncated on messages",
         "trigger: public.messages: no trigger tells servers of truncate"},
        {"alter table messages alter created_at drop default",
         "not-null: public.messages.created_at"},
        {"drop index messages_room_id_id_idx", "index: public.messages: no index has the order"},
        {"drop index index_group_memberships_on_user_id",
         "index: public.group_memberships: no index finds the walls of a user"},
        {"alter table messages enable row level security; alter table messages owner to tester; "
         "alter view pollster.posts owner to clerk",
         "row-security: row security hides rows of public.messages", false},
        {"create or replace view pollster.users as select id, username as name, encrypted_password "
         "as password_hash, true as disabled from users",
         "trial: no user who is not disabled", false},
        {"alter table messages add check (body not like 'pollster%') not valid",
         "trial: a post could not be written for user", false},
        {"drop trigger pollster_delete_softly on pollster.posts; create rule keep as on delete to "
         "messages do instead nothing",
         "trial: a deletion could not be written", false},
        {"create or replace view pollster.memberships as select p.user_id, w.room_id as wall_id "
         "from group_memberships p join groups_rooms w using (group_id)",
         "rows: the same user is a member of the same wall more than once", false},
        {"alter table users add uuid uuid default gen_random_uuid(); drop view pollster.users; "
         "create view pollster.users as select uuid as id, username as name, encrypted_password as "
         "password_hash, locked_at is not null as disabled from users",
         "check: pollster.users.id has the type uuid, which has to be a number", false},
        {"create view in_time as select * from group_memberships where created_at <= "
         "localtimestamp; create or replace view pollster.memberships as select distinct "
         "p.user_id, w.room_id as wall_id from in_time p join groups_rooms w using (group_id)",
         "time: the view memberships depends on the time of day", false},
    };
    for (const auto& b : all) {
        BOOST_TEST_CONTEXT(b.by)
        {
            application a(file("rails") + file("rails_rows"));
            a.sql("do $$ begin create role clerk; exception when others then null; end $$; grant "
                  "usage on schema public, pollster to clerk; grant all on all tables in schema "
                  "public to clerk");
            a.adopt();
            a.sql(b.by);
            const auto found = a.check();
            BOOST_TEST(found.code == 1);
            BOOST_TEST(found.out.find(b.found) != std::string::npos, found.out);
            if (b.mended) {
                a.sql(found.out);
                a.sound();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_schema_in_which_nothing_is_known_by_its_name_is_left_to_a_person)
{
    const application a("create table public.things (thing int primary key, weight int)");
    const auto draft = a.type({"adopt", a.pg.owner_conninfo(a.name)});
    BOOST_TEST(draft.code == 1);
    BOOST_TEST(draft.err.find("write the views by hand") != std::string::npos, draft.err);
}

BOOST_AUTO_TEST_SUITE_END()
