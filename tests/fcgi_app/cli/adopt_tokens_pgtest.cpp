// pollster adopt: tokens that do not let in any more, keys of any kind, and what becomes of it when
// a view is corrected or somebody has rights that they should not have.
#include "tests/fcgi_app/cli/adopted_application.hpp"

namespace {

std::string drafted(const application& a)
{
    return a.type({"adopt", a.pg.owner_conninfo(a.name)}).out;
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// Changes, finds what is missing, and mends it by what is printed.
void corrected(const application& a, const std::string& change, const std::string& finding)
{
    BOOST_TEST_CONTEXT(change)
    {
        a.sql(change);
        const auto found = a.check();
        BOOST_TEST(has(found.out, finding), found.out);
        a.sql(found.out);
        a.sound();
    }
}

const std::string of_dora(43, 'd');
const std::string of_emil(43, 'e');
const std::string of_fay(43, 'f');

} // namespace

BOOST_AUTO_TEST_SUITE(adopt_tokens)

BOOST_AUTO_TEST_CASE(a_revoked_token_lets_nobody_in_and_what_one_may_do_is_named)
{
    application a(file("tokens"));
    BOOST_TEST(has(drafted(a), "where t.\"revokedAt\" is null and t.revoked is not true; it does "
                               "not look at public.access_tokens.scopes\n"));
    a.adopt();
    BOOST_TEST(a.known(of_dora) != nullptr);
    BOOST_TEST(a.known(of_emil) == nullptr);
    BOOST_TEST(a.known(of_fay) == nullptr);
    BOOST_TEST(a.told_of("update access_tokens set revoked = true where user_id = 4") ==
               "users 4 ");
    // Its digits are capital letters.
    BOOST_TEST(a.database->sessions().sign_out(of_dora).value());
    BOOST_TEST(a.known(of_dora) == nullptr);
    BOOST_TEST(a.sql("select count(*) from access_tokens where user_id = 1") == "0");
    // A row that stays is no session that has ended.
    a.sql("create rule keep as on delete to access_tokens do instead nothing; update access_tokens "
          "set revoked = false, \"revokedAt\" = null");
    BOOST_TEST(!a.database->sessions().sign_out(of_emil).value());
}

BOOST_AUTO_TEST_CASE(triggers_heed_what_a_corrected_view_depends_on)
{
    application a(file("tokens"));
    a.adopt();
    const std::string posts = "create or replace view pollster.posts as select p.id, p.room_id as "
                              "wall_id, p.user_id, p.body, ";
    a.sql("alter table users add paid boolean default true");
    corrected(a,
              "create or replace view pollster.users as select u.id, u.name, null::text as "
              "password_hash, u.banned_at is not null or not u.paid as disabled from users u",
              "public.users: no trigger tells servers of update (pollster.access_changed), so who "
              "loses access through it reads on; create the trigger, in place of the one that does "
              "not heed each of banned_at, id, name, paid\n");
    BOOST_TEST(a.told_of("update users set paid = false where id = 3") == "users 3 ");
    a.sql("alter table access_tokens add device text default ''");
    corrected(a,
              "create or replace view pollster.sessions as select case when t.token_hash ~ "
              "'^[0-9a-fA-F]{64}$' then decode(t.token_hash, 'hex') end as token_hash, t.user_id, "
              "t.created_at, t.expires_at from access_tokens t where t.device <> 'lost'",
              "public.access_tokens: no trigger tells servers of update");
    BOOST_TEST(a.told_of("update access_tokens set device = 'lost' where user_id = 4") ==
               "users 4 ");
    // By its kind, which it shows besides.
    corrected(a,
              "drop view pollster.walls; create view pollster.walls as select w.id, w.title as "
              "name, w.kind from rooms w where w.kind = 'open'; alter view pollster.walls owner to "
              "pollster_owner; select pollster.let_serve()",
              "public.rooms: no trigger tells servers of update (pollster.access_changed_of_wall)");
    BOOST_TEST(has(a.told_of("update rooms set kind = 'closed' where id = 2"), "walls 2 "));
    corrected(a,
              posts + "coalesce(p.sent_at, p.created_at) as created_at, null::timestamptz as "
                      "edited_at from messages p where p.deleted_at is null",
              "public.messages: no trigger tells servers of an update of created_at, id, sent_at, "
              "user_id (pollster.post_refreshed)");
    corrected(a,
              posts + "p.created_at, null::timestamptz as edited_at from messages p; drop trigger "
                      "pollster_delete_softly on pollster.posts",
              "public.messages: a trigger takes posts for deleted (pollster.feed_entry with "
              "deleted_at) that the view shows");
}

BOOST_AUTO_TEST_CASE(a_trigger_of_somebody_elses_heeds_what_its_condition_says)
{
    application a(file("tokens"));
    a.adopt();
    a.sql("alter table users add paid boolean; alter table users add size text; "
          "drop trigger pollster_access_changed_update on users");
    const auto is_found = [&](const std::string& of, const std::string& when) {
        a.sql("create constraint trigger mine after update " + of +
              " on users deferrable initially deferred for each row " + when +
              " execute function pollster.access_changed('id', 'name')");
        const auto found = has(a.check().out, "public.users: no trigger tells servers of update");
        a.sql("drop trigger mine on users");
        return found;
    };
    const std::string id_and_name = "old.id is distinct from new.id or old.name <> new.name or ";
    BOOST_TEST(!is_found("", ""));
    BOOST_TEST(!is_found("of id, name, banned_at", ""));
    BOOST_TEST(is_found("of id, name", ""));
    BOOST_TEST(!is_found("", "when (old.* is distinct from new.*)"));
    BOOST_TEST(!is_found("", "when (pg_trigger_depth() < 9)"));
    BOOST_TEST(!is_found("", "when (" + id_and_name +
                                 "new.banned_at is distinct from "
                                 "old.banned_at)"));
    BOOST_TEST(is_found("of paid", "when (" + id_and_name +
                                       "new.banned_at is distinct from "
                                       "old.banned_at)"));
    BOOST_TEST(is_found("", "when (" + id_and_name + "new.banned_at <> old.banned_at)")); // a null
    BOOST_TEST(is_found("", "when (" + id_and_name + "new.banned_at is not null)"));
    BOOST_TEST(is_found("", "when (" + id_and_name +
                                "old.banned_at is distinct from new.banned_at "
                                "and old.paid is distinct from new.paid)"));
    BOOST_TEST(is_found("", "when (" + id_and_name +
                                "old.size is distinct from new.size || 'old."
                                "banned_at new.banned_at')"));
    // Two of them, together.
    a.sql("create constraint trigger other after update on users deferrable initially deferred for "
          "each row when (old.banned_at is distinct from new.banned_at) execute function "
          "pollster.access_changed('id', 'name')");
    BOOST_TEST(!is_found("of id, name", ""));
}

BOOST_AUTO_TEST_CASE(nobody_puts_the_functions_of_a_draft_on_a_view_of_their_own)
{
    application a(file("tokens"));
    a.adopt();
    const std::string forging =
        "create temp view forged as select null::bytea token_hash, 1::bigint user_id, now() "
        "created_at, now() expires_at; create trigger t instead of insert on forged for each row "
        "execute function public.pollster_session_written(); insert into forged values "
        "(sha256('forged'), 1, now(), now() + interval '1 year')";
    const auto refused = [](const std::string& part) {
        return [part](const std::runtime_error& e) { return has(e.what(), part); };
    };
    BOOST_CHECK_EXCEPTION(a.sql("set role pollster; " + forging), std::runtime_error,
                          refused("permission denied for function"));
    BOOST_CHECK_EXCEPTION(a.sql(forging), std::runtime_error,
                          refused("this function is for the view pollster.sessions only"));
    // As drafts were before.
    corrected(a,
              "create or replace function public.pollster_session_written() returns trigger "
              "language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin "
              "if tg_op = 'DELETE' then delete from public.access_tokens t where t.token_hash = "
              "encode(old.token_hash, 'hex'); return old; end if; insert into "
              "public.access_tokens (token_hash, user_id) values (encode(new.token_hash, 'hex'), "
              "new.user_id); return new; end $$; grant execute on function "
              "public.pollster_session_written() to public",
              "function: public.pollster_session_written() writes with the rights of ");
    BOOST_TEST(a.database->sessions().sign_out(of_dora).value());
    BOOST_TEST(a.known(of_dora) == nullptr);
    corrected(a, "grant execute on function pollster.feed_entry() to public",
              "function: pollster.feed_entry() writes");
}

BOOST_AUTO_TEST_CASE(a_view_of_another_owner_is_named_with_what_gives_it_back)
{
    application a(file("tokens"));
    a.adopt();
    a.sql("do $$ begin create role keeper login; exception when duplicate_object then null; end $$;"
          "grant usage on schema pollster, pollster_default, public to keeper;"
          "grant all on all tables in schema pollster, pollster_default, public to keeper;"
          "grant execute on all functions in schema pollster, pollster_default to keeper;"
          "alter schema pollster owner to keeper; revoke all on pollster.memberships from keeper");
    const auto denied = a.type({"adopt", "--check", a.pg.owner_conninfo(a.name) + " user=keeper"});
    BOOST_TEST(has(denied.err, "as a superuser: alter view pollster.memberships owner to keeper;"),
               denied.err);
    BOOST_TEST(!has(denied.err, "as the owner of the tables"), denied.err);
    const auto found = a.check().out;
    BOOST_TEST(has(found, "owner: the view pollster.memberships belongs to pollster_owner"), found);
    BOOST_TEST(has(found, "alter view pollster.memberships owner to keeper;\n"), found);
}

BOOST_AUTO_TEST_CASE(uuids_with_tokens_and_posts_in_parts_by_a_key_of_several_columns)
{
    application a(file("parts"));
    a.sql(drafted(a)); // numbers
    const auto draft = drafted(a);
    for (const auto* named : {"\"is_admin(legacy\"", "\"ist_öffentlich\"", "\"a\\b\"",
                              "\"state\"\"x[\"", "\"priva*te\"", "api_tokens.scopes"}) {
        BOOST_TEST(has(draft, named), draft);
    }
    a.adopt();
    BOOST_TEST_REQUIRE(a.known(of_dora) != nullptr);
    BOOST_TEST(a.known(of_dora)->user_name == "dora");
    BOOST_TEST(a.known(of_emil) == nullptr); // not active
    BOOST_TEST(a.known(of_fay) == nullptr);  // for 60 seconds
    const auto number = [&](const std::string& name) {
        return a.sql("select pollster_id from users where name = '" + name + "'");
    };
    BOOST_TEST(a.told_of("update api_tokens set active = false where token_hash = sha256('" +
                         of_dora + "')") == "users " + number("dora") + " ");
    BOOST_TEST(a.known(of_dora) == nullptr);
    a.sql("update api_tokens set active = true");
    BOOST_TEST(a.database->sessions().sign_out(of_dora).value());
    BOOST_TEST(a.known(of_dora) == nullptr);
    const std::string mine(43, 'm');
    a.sql("insert into pollster.sessions values (sha256('" + mine + "'), " + number("emil") +
          ", now(), now() + interval '1 hour')");
    BOOST_TEST_REQUIRE(a.known(mine) != nullptr);
    BOOST_TEST(a.known(mine)->user_name == "emil");
    BOOST_CHECK_THROW(a.sql("insert into pollster.sessions values (sha256('x'), 99, now(), now())"),
                      std::runtime_error);
    // In the order in which they were made; and more than one through Pollster.
    const auto wall = std::stoll(a.sql("select pollster_id from rooms where title = 'Kitchen'"));
    const auto before = a.feed_of(wall, 0);
    BOOST_TEST_REQUIRE(before.size() == 40u);
    BOOST_TEST(before.front().body.value() == "message 40");
    BOOST_TEST(before.back().body.value() == "message 1");
    const db::reader emil{mine, walls::user_id{std::stoll(number("emil"))}};
    for (const auto* text : {"one", "two", "three"}) {
        const auto posted = a.database->posts().add_post({walls::wall_id{wall}, emil, text, {}});
        BOOST_TEST_REQUIRE(is_written(posted), why_not(posted));
    }
    a.sql("update messages set body = 'moved', created_at = '2023-01-01' where body = 'message 1'");
    a.sql("update messages set deleted_at = now() where body = 'message 2'");
    const auto after = a.feed_of(wall, 40);
    BOOST_TEST_REQUIRE(after.size() >= 5u);
    BOOST_TEST(after[2].body.value() == "three");
    BOOST_TEST(after[2].user_name == "emil");
    BOOST_TEST(after.back().kind == "delete");
    a.sound();
}

BOOST_AUTO_TEST_SUITE_END()
