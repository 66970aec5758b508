// client_keys whose acknowledged posts are gone, and posts that fail alone: whatever happens to one
// post of a group, the others are committed and acknowledged.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

db::new_post of(int wall, int user, const std::string& body, const std::string& key = {})
{
    return {walls::wall_id{wall}, database_fixture::reader(user), body, key};
}

struct fixture : database_fixture {
    // "created 5 hello, known 5 hello, conflict, forbidden, unacceptable, error"
    std::string post_group(const std::vector<db::new_post>& group) const
    {
        std::string text;
        for (const auto& answer : posts().add_posts(group)) {
            text += (text.empty() ? "" : ", ") + text_of(answer);
        }
        return text;
    }
    // `ddl` makes the application's table, with COLUMNS among it.
    void adopt(std::string ddl) const
    {
        const std::string columns = "COLUMNS";
        ddl.replace(ddl.find(columns), columns.size(), "room int, person int, content text");
        sql("create schema app; " + ddl +
            "; drop view pollster.posts; create view pollster.posts as select id::bigint as id, "
            "room as wall_id, person as user_id, content as body, null::timestamp as created_at, "
            "null::timestamp as edited_at from app.messages; select pollster.let_serve(); create "
            "constraint trigger feed_entry "
            "after insert or delete or update on app.messages deferrable initially deferred for "
            "each row execute function pollster.feed_entry('id', 'room', 'person', 'content')");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(keys_, fixture)

BOOST_AUTO_TEST_CASE(keys_go_with_their_wall_and_mean_a_new_post_on_the_next_of_its_number)
{
    post_group({of(2, 1, "one", "k1"), of(2, 1, "two", "k2"), of(1, 1, "stays", "k3")});
    sql("delete from pollster.walls where id = 2");
    BOOST_TEST(sql("select string_agg(client_key, ',') from pollster.client_keys") == "k3");
    sql("insert into pollster.walls (id, name) values (2, 'again'); "
        "insert into pollster.memberships (user_id, wall_id) values (1, 2), (3, 2)");
    BOOST_TEST(post_group({of(2, 3, "hi"), of(2, 1, "two", "k2"), of(1, 1, "stays", "k3")}) ==
               "created 1 hi, created 2 two, known 1 stays");
    BOOST_TEST(post_group({of(2, 1, "two", "k2")}) == "known 2 two");
}

BOOST_AUTO_TEST_CASE(a_key_whose_entry_is_gone_is_taken_over_and_nothing_else_of_the_group_fails)
{
    post_group({of(1, 1, "a", "ka"), of(1, 1, "b", "kb"), of(2, 1, "c", "kc")});
    sql("delete from pollster.entries where wall_id = 1 and id = 2");
    // As it is after the history of the wall was cut and grew again.
    sql("update pollster.entries set post_id = 4711 where wall_id = 2");
    BOOST_TEST(post_group({of(2, 2, "new", "kn"), of(1, 1, "b", "kb"), of(1, 1, "other", "kb"),
                           of(1, 1, "b", "kb"), of(1, 1, "a", "ka"), of(1, 1, "moved", "kc")}) ==
               "created 2 new, created 3 b, conflict, known 3 b, known 1 a, created 4 moved");
    BOOST_TEST(post_group({of(1, 1, "b", "kb"), of(2, 1, "c", "kc")}) == "known 3 b, conflict");
    BOOST_TEST(sql("select count(*) from pollster.client_keys where entry_id is null or post_id is "
                   "null") == "0");
}

BOOST_AUTO_TEST_CASE(a_key_of_the_version_before_knows_no_post_and_still_counts)
{
    post_group({of(1, 1, "a", "ka")});
    sql("update pollster.client_keys set post_id = null, entry_id = 1");
    BOOST_TEST(post_group({of(1, 1, "a", "ka")}) == "known 1 a");
}

// Whatever is told of one post that was committed, the others are told theirs.
BOOST_AUTO_TEST_CASE(an_answer_that_cannot_be_read_is_an_error_for_its_post_alone)
{
    post_group({of(1, 1, "a", "ka"), of(1, 2, "b", "kb")});
    sql("alter function pollster.add_posts rename to really_add_posts; "
        "create function pollster.add_posts(a bigint[], b bigint[], c text[], d text[]) returns "
        "table "
        "(place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, "
        "user_name "
        "text, body text, created_at text, edited_at text, extra text) language sql security "
        "definer as 'select place, outcome, case when place <> 2 then id end, post_id, kind, "
        "user_id, user_name, body, created_at, edited_at, extra from "
        "pollster.really_add_posts(a, b, c, d)'; "
        "select pollster.let_serve('pollster')");
    BOOST_TEST(post_group({of(1, 1, "a", "ka"), of(1, 2, "b", "kb"), of(1, 3, "c", "kc")}) ==
               "known 1 a, error, created 3 c");
}

// What a deadlock is to the server, too: rolled back, and the same again succeeds.
BOOST_AUTO_TEST_CASE(posts_that_fail_by_a_deadlock_are_posted_after_it)
{
    sql("create sequence public.attempts; create function fails_twice() returns trigger language "
        "plpgsql "
        "as "
        "$$ begin if nextval('public.attempts') = 1 then raise deadlock_detected; elsif "
        "currval('public.attempts') = 2 then raise serialization_failure; end if; return new; end "
        "$$; "
        "create trigger fails_twice before insert on pollster_default.posts for each row execute "
        "function fails_twice()");
    BOOST_TEST(post_group({of(1, 1, "a", "ka"), of(1, 2, "b")}) == "created 1 a, created 2 b");
    sql("alter sequence attempts restart");
    BOOST_TEST(post_group({of(1, 1, "c")}) == "created 3 c");
}

BOOST_AUTO_TEST_CASE(ids_that_exist_already_are_no_fault_of_a_post)
{
    sql("insert into pollster.posts (id, wall_id, user_id, body) select n, 1, 2, 'imported' from "
        "generate_series(1, 4) n");
    // Each attempt takes the sequence a step further.
    BOOST_TEST(post_group({of(1, 1, "a", "ka")}) == "created 5 a");
    sql("insert into pollster.posts (id, wall_id, user_id, body) select n, 1, 2, 'imported' from "
        "generate_series(7, 100) n");
    BOOST_TEST(post_group({of(1, 1, "b"), of(1, 1, "c", "kc"), of(1, 1, "d", "kd")})
                   .find("unacceptable") == std::string::npos);
    sql("select setval(pg_get_serial_sequence('pollster_default.posts', 'id'), 100)");
    BOOST_TEST(post_group({of(1, 1, "c", "kc")}).find("c") != std::string::npos);
    // A rule of the application's own is still one.
    sql("delete from pollster.posts where body = 'imported'");
    sql("alter table pollster_default.posts add unique (user_id, body)");
    BOOST_TEST(post_group({of(1, 1, "a"), of(1, 1, "e")}).starts_with("unacceptable, created "));
}

BOOST_AUTO_TEST_CASE(a_sequence_that_has_come_to_its_end_is_an_error_not_a_refusal)
{
    sql("alter table pollster_default.posts alter id set maxvalue 2");
    const auto answers =
        posts().add_posts(std::vector{of(1, 1, "a"), of(1, 1, "b"), of(1, 1, "c")});
    for (const auto& a : answers) {
        BOOST_TEST((text_of(a) == "error" || text_of(a).starts_with("created ")), text_of(a));
    }
    BOOST_TEST_REQUIRE(answers.back().has_error());
    BOOST_TEST(why_not(answers.back()).find("2200H") != std::string::npos);
}

// Columns that older Rails, Django and Laravel made, whose sequence goes on where the type ends.
BOOST_AUTO_TEST_CASE(ids_at_the_end_of_their_type_are_an_error_not_a_refusal)
{
    const std::string last = "2147483647";
    const std::vector<std::string> ways{
        "create table app.messages (id serial, COLUMNS); alter sequence app.messages_id_seq as "
        "bigint restart " +
            last,
        "create sequence app.ids start " + last +
            "; create table app.messages (id integer default nextval('app.ids'), COLUMNS)",
        "create table app.messages (id integer generated by default as identity, COLUMNS); alter "
        "sequence app.messages_id_seq as bigint restart " +
            last,
        "create sequence app.ids start 32767; create table app.messages (id smallint default "
        "nextval('app.ids'), COLUMNS)",
    };
    for (const auto& way : ways) {
        BOOST_TEST_CONTEXT(way)
        {
            const fixture f;
            f.adopt(way);
            BOOST_TEST(f.post_group({of(1, 1, "a")}) == "created 1 a");
            const auto answers =
                f.posts().add_posts(std::vector{of(1, 1, "b", "kb"), of(1, 2, "c")});
            for (const auto& a : answers) {
                BOOST_TEST_REQUIRE(a.has_error());
                BOOST_TEST(text_of(a) == "error", why_not(a));
                BOOST_TEST(why_not(a).find("bigint") != std::string::npos, why_not(a));
            }
            f.sql("alter sequence " +
                  f.sql("select oid::regclass from pg_class where relkind = "
                        "'S' and relnamespace = 'app'::regnamespace") +
                  " restart 1");
            BOOST_TEST(f.post_group({of(1, 1, "b", "kb")}) == "created 2 b");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_number_out_of_range_in_a_rule_is_the_posts_fault)
{
    adopt("create table app.messages (id serial, COLUMNS, amount smallint generated always as "
          "(length(content) * 1000) stored)");
    BOOST_TEST(post_group({of(1, 1, "a"), of(1, 1, std::string(40, 'x')), of(1, 1, "b")}) ==
               "created 1 a, unacceptable, created 2 b");
}

BOOST_AUTO_TEST_CASE(a_post_that_a_rule_moves_elsewhere_or_a_policy_refuses_fails_alone)
{
    sql("create function elsewhere() returns trigger language plpgsql as $$ begin if new.body = "
        "'spam' "
        "then new.wall_id := 3; elsif new.body = 'policy' then raise insufficient_privilege; end "
        "if; "
        "return new; end $$; create trigger elsewhere before insert on pollster_default.posts for "
        "each "
        "row execute function elsewhere()");
    BOOST_TEST(post_group({of(1, 1, "a"), of(1, 2, "spam", "ks"), of(1, 2, "policy"), of(1, 3, "b"),
                           of(2, 1, "c")}) ==
               "created 1 a, unacceptable, error, created 2 b, created 1 c");
    BOOST_TEST(sql("select count(*) from pollster.client_keys") == "0");
    BOOST_TEST(sql("select count(*) from pollster.posts") == "3");
}

BOOST_AUTO_TEST_SUITE_END()
