// pollster adopt where the owner of Pollster's schemas is no superuser, and the tables belong to
// somebody else: each right is one that was given. And each finding of its check that adopt_pgtest
// does not provoke.
#include "tests/db/private_postgres.hpp"
#include "tests/fcgi_app/cli/real_database.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

namespace {

using pollster::cli::testing::typed;

std::string file(const std::string& name)
{
    std::ifstream in("tests/db/schemas/" + name + ".sql");
    BOOST_REQUIRE_MESSAGE(in, name);
    return {std::istreambuf_iterator<char>(in), {}};
}

private_postgres& plain_owner()
{
    static private_postgres instance;
    static const std::string once =
        instance.sql("postgres", "alter role pollster_owner nosuperuser; create role rails");
    return instance;
}

// An application whose tables belong to the role rails.
struct application {
    private_postgres& pg = plain_owner();
    std::string name;

    explicit application(std::string database = {})
        : name(std::move(database))
    {
        if (name.empty()) {
            name = pg.migrated_database(
                file("rails") + file("rails_rows") +
                "do $$ declare t regclass; begin for t in select c.oid from pg_class c where "
                "c.relnamespace = 'public'::regnamespace and c.relkind = 'r' loop execute "
                "format('alter table %s owner to rails', t); end loop; end $$");
        }
    }

    std::string sql(const std::string& text) const { return pg.sql(name, text); }
    void sql_of(const std::string& role, const std::string& text) const
    {
        sql("set session authorization " + role + ";" + text + "; reset session authorization");
    }
    typed adopt() const { return type({"adopt", pg.owner_conninfo(name)}); }
    typed check() const { return type({"adopt", "--check", pg.owner_conninfo(name)}); }
    typed check_by_superuser() const { return type({"adopt", "--check", pg.test_conninfo(name)}); }
    void sound() const
    {
        const auto found = check();
        BOOST_TEST(found.code == 0, found.out + found.err);
        BOOST_TEST(found.out == "-- nothing is missing\n");
    }

private:
    static typed type(const std::vector<std::string>& words)
    {
        return pollster::cli::testing::type_to_database(words);
    }
};

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// What the owner of the tables has to give first, as the refusal says.
std::string grants_to_look(const application& a)
{
    const auto refused = a.adopt();
    BOOST_TEST(refused.code == 1);
    const std::string told = "; as the owner of the tables: ";
    const auto at = refused.err.find(told);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, refused.out + refused.err);
    return refused.err.substr(at + told.size());
}

// The name of a database that was adopted; each caller copies it.
const std::string& adopted()
{
    static const std::string name = [] {
        const application a;
        a.sql_of("rails", grants_to_look(a));
        a.sql(a.adopt().out);
        a.sound();
        return a.name;
    }();
    return name;
}

std::string copy_of_adopted()
{
    static int copies = 0;
    std::string name = "copy" + std::to_string(++copies);
    plain_owner().sql("postgres", "create database " + name + " template " + adopted() +
                                      " strategy file_copy owner pollster_owner");
    return name;
}

// Breaks what was sound; `found` is a line's beginning. What is printed mends it, or says what
// does.
struct broken {
    std::string by;
    std::string found;
    bool mended = false;
};

void is_found(const broken& b)
{
    BOOST_TEST_CONTEXT(b.by)
    {
        const application a(copy_of_adopted());
        a.sql(b.by);
        const auto found = a.check();
        BOOST_TEST(found.code == 1);
        BOOST_TEST(has("\n" + found.out, "\n" + b.found), found.out + found.err);
        if (b.mended) {
            a.sql(found.out);
            a.sound();
        }
    }
}

const std::string membership_view =
    "create or replace view pollster.memberships as select user_id, "
    "room_id as wall_id from public.members";
const std::string members =
    "select distinct p.user_id, w.room_id from public.group_memberships p join "
    "public.groups_rooms w using (group_id)";
std::string posts_view(const std::string& id, const std::string& wall, const std::string& body,
                       const std::string& more)
{
    return "create or replace view pollster.posts as select " + id + " as id, " + wall +
           " as wall_id, p.user_id, " + body +
           " as body, p.created_at, null::timestamptz as edited_at from public.messages p where "
           "p.deleted_at is null" +
           more;
}

} // namespace

BOOST_AUTO_TEST_SUITE(adopt_findings)

BOOST_AUTO_TEST_CASE(a_plain_owner_is_told_which_rights_it_needs)
{
    const application a;
    const auto grants = grants_to_look(a);
    BOOST_TEST(has(grants, "grant usage on schema public to pollster_owner; grant select, trigger "
                           "on all tables in "
                           "schema public to pollster_owner;"),
               grants);
    a.sql_of("rails", grants);
    const auto draft = a.adopt();
    BOOST_TEST(draft.code == 0, draft.err);
    for (const char* grant :
         {"grant insert on public.messages to pollster_owner;\n",
          "grant update on public.messages to pollster_owner;\n",
          "grant delete on public.messages to pollster_owner;\n",
          "grant usage on sequence public.messages_id_seq to pollster_owner;\n"}) {
        BOOST_TEST(has(draft.out, grant), draft.out);
    }
    a.sql(draft.out);
    a.sound();
}

// The other way of docs/ADOPT.md: the owner runs all of it, as a member of the tables' owner.
BOOST_AUTO_TEST_CASE(a_member_of_the_tables_owner_needs_no_grant)
{
    const application a;
    a.sql("grant rails to pollster_owner");
    const auto draft = a.adopt();
    BOOST_TEST(draft.code == 0, draft.err);
    BOOST_TEST(!has(draft.out, "grant insert on public.messages"), draft.out);
    a.sql_of("pollster_owner", draft.out);
    a.sound();
    a.sql("revoke rails from pollster_owner; grant select on all tables in schema public to "
          "pollster_owner");
    const auto found = a.check();
    BOOST_TEST(
        has(found.out,
            "-- grant: the role pollster_owner, which owns the views, has no right to delete on "
            "public.messages, which belongs to rails; as rails\n"),
        found.out + found.err);
    a.sql_of("rails", "grant trigger on all tables in schema public to pollster_owner");
    a.sql(a.check().out);
    a.sound();
}

BOOST_AUTO_TEST_CASE(a_right_that_is_missing)
{
    for (const std::string right : {"insert", "update", "delete", "trigger"}) {
        is_found({"revoke " + right + " on public.messages from pollster_owner",
                  "-- grant: the role pollster_owner, which owns the views, has no right to " +
                      right + " on public.messages, which belongs to rails; as rails\n",
                  true});
    }
    const std::string drawing = "-- grant: the role pollster_owner may not draw numbers for "
                                "public.messages; as the owner of the table\n";
    is_found(
        {"revoke usage on sequence public.messages_id_seq from pollster_owner", drawing, true});
    // Whoever asks: a superuser lacks nothing.
    const application a(copy_of_adopted());
    a.sql("revoke usage on sequence public.messages_id_seq from pollster_owner");
    BOOST_TEST(has("\n" + a.check_by_superuser().out, "\n" + drawing));
}

BOOST_AUTO_TEST_CASE(changes_that_no_trigger_sees)
{
    const std::string granted = "grant select on public.members to pollster_owner;";
    is_found(
        {"create materialized view public.members as " + members + ";" + granted + membership_view,
         "-- blind: public.members, behind the view memberships, is a materialized view, whose "
         "changes no trigger "
         "sees; after each of them: select pollster.refresh_access()\n"});
    const auto csv = (plain_owner().folder() / "members.csv").string();
    std::ofstream(csv) << "1,1\n2,1\n";
    is_found({"create extension file_fdw; create server files foreign data wrapper file_fdw; "
              "create foreign table "
              "public.members (user_id bigint, room_id bigint) server files options (filename '" +
                  csv + "', format 'csv');" + granted + membership_view,
              "-- blind: public.members, behind the view memberships, is a foreign table, whose "
              "changes no trigger "
              "sees; after each of them: select pollster.refresh_access()\n"});
    is_found({"create function public.members() returns table (user_id bigint, room_id bigint) "
              "language plpgsql "
              "security definer as $$ begin return query " +
                  members + "; end $$;" + membership_view + "()",
              "-- blind: the view memberships calls public.members(), and what that reads is not "
              "known here; give each "
              "table that it reads a trigger"});
}

BOOST_AUTO_TEST_CASE(posts_of_which_no_trigger_could_make_an_entry)
{
    is_found({posts_view("p.id + 0", "p.room_id", "p.body", ""),
              "-- feed: posts.id is not a column of one table; the table of posts needs columns "
              "for the id, the wall, "
              "the author and the text of a post (docs/ADOPT.md)\n"});
    is_found({posts_view("p.id", "p.room_id + 0", "p.body", ""),
              "-- feed: posts.wall_id is no column of public.messages, so no trigger on it knows "
              "the wall of a post; "});
    is_found(
        {posts_view("p.id", "p.room_id", "(select min(u.username)::text from public.users u)", ""),
         "-- feed: posts.body is no column of public.messages, so no trigger on it knows an "
         "edit; "});
}

BOOST_AUTO_TEST_CASE(posts_that_are_hidden_by_what_no_mark_describes)
{
    is_found({posts_view("p.id", "p.room_id", "p.body", " and length(p.body) > 3"),
              "-- hidden: the view of posts chooses by (length("});
    is_found({posts_view("p.id", "p.room_id", "p.body",
                         " and exists (select from public.groups g where g.name = 'staff')"),
              "-- hidden: the view of posts depends on public.groups, whose rows no column of "
              "public.messages points "
              "to: a post that begins or ceases to be shown by it makes no entry; after such a "
              "change: `pollster "
              "repair`\n"});
}

BOOST_AUTO_TEST_CASE(what_was_left_of_pollsters_own_tables)
{
    is_found({"alter table pollster_default.sessions add foreign key (user_id) references "
              "pollster_default.users (id)",
              "-- foreign-key: pollster_default.sessions refers to pollster_default.users, which "
              "is not behind the "
              "views any more; drop the constraint\n",
              true});
}

BOOST_AUTO_TEST_CASE(a_search_without_its_index)
{
    is_found({"do $$ begin execute (select format('drop index %s', i.indexrelid::regclass) from "
              "pg_index i where "
              "i.indrelid = 'public.messages'::regclass and pg_get_indexdef(i.indexrelid) like "
              "'%pollster.terms(%'); "
              "end $$",
              "-- search-index: public.messages has no index of pollster.terms: a search reads "
              "2,000 posts a page; "
              "create one\n",
              true});
}

BOOST_AUTO_TEST_CASE(posts_from_before_the_trigger)
{
    is_found({"alter table public.messages disable trigger all; insert into public.messages "
              "(room_id, user_id, body, "
              "created_at, updated_at) values (3, 1, 'one', now(), now()), (3, 2, 'two', now(), "
              "now()); alter table "
              "public.messages enable trigger all",
              "-- entries: 2 posts are on walls without a feed: they were written before the "
              "trigger; number them\n",
              true});
}

// Where a token is a column of the user's row, the end of a session is the end of the user.
BOOST_AUTO_TEST_CASE(sessions_that_are_rows_of_people)
{
    is_found({"alter table public.users add api_token text; drop view pollster.sessions; create "
              "view pollster.sessions as select sha256(u.api_token::bytea) as token_hash, u.id as "
              "user_id, timestamptz 'epoch' as created_at, null::timestamptz as expires_at from "
              "public.users u where u.api_token is not null; alter view pollster.sessions owner to "
              "pollster_owner; select pollster.let_serve()",
              "-- sessions: public.users has the people, and its rows are the sessions, too: "
              "whoever signs out is deleted"});
}

BOOST_AUTO_TEST_SUITE_END()
