// An application's own tables behind the views, with rows that no protocol can carry and rows that
// cannot be read: over HTTP the other rows are answered as before. tests/db/generated_values_pgtest
// tries every column and value.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

// The views over tables without any constraint, filled with the previous rows.
void adopt_tables(const chat& s)
{
    std::string sql = "create schema app;";
    for (const auto& [view, columns] : std::map<std::string, std::string>{
             {"users", "id, name, password_hash, disabled"},
             {"walls", "id, name, kind"},
             {"memberships", "user_id, wall_id"},
             {"sessions", "token_hash, user_id, created_at, expires_at"},
             {"posts", "id, wall_id, user_id, body, created_at, edited_at"}}) {
        sql += "create table app." + view + " as select " + columns + " from pollster_default." +
               view + "; drop view pollster." + view + "; create view pollster." + view +
               " as select " + columns + " from app." + view + ";";
    }
    sql += "select pollster.let_serve(); create sequence app.ids start 1000;"
           "alter table app.posts alter id set default nextval('app.ids'),"
           "  alter created_at set default now();"
           "create constraint trigger feed_entry after insert or update or delete on app.posts"
           "  deferrable initially deferred for each row execute function pollster.feed_entry();"
           "create constraint trigger changed after insert or update or delete on app.users"
           "  deferrable initially deferred for each row"
           "  execute function pollster.access_changed('id', 'name');"
           "create constraint trigger changed after insert or update or delete on app.memberships"
           "  deferrable initially deferred for each row"
           "  execute function pollster.access_changed();"
           "create constraint trigger changed after insert or update or delete on app.sessions"
           "  deferrable initially deferred for each row"
           "  execute function pollster.access_changed();";
    s.sql(sql);
}

// What ann and bob are answered; the odd rows are on wall 1 and about others.
std::vector<std::string> answers(const chat& s)
{
    std::vector<std::string> all;
    for (const auto& session : {ann, bob}) {
        for (const std::string path : {"/session", "/walls/2/posts", "/walls/2/posts?q=workshop"}) {
            all.push_back(text_of(s.send(signed_by(session, {"GET", path, {}, {}}))));
        }
        all.push_back(text_of(s.send(poll_call(session, R"({"2":0})"))));
        const auto walls = text_of(s.send(signed_by(session, {"GET", "/walls", {}, {}})));
        all.push_back(walls.substr(0, 3) +
                      walls.substr(walls.find(R"({"id":2,"name":"Workshop")")));
    }
    return all;
}

// What of wall 1 is served, too.
void wall_one_is_served(const chat& s)
{
    for (const std::string path : {"/walls/1/posts", "/walls/1/posts?q=general"}) {
        const auto r = s.send(signed_by(ann, {"GET", path, {}, {}}));
        BOOST_TEST(text_of(r).find("general one") != std::string::npos, text_of(r));
    }
    const auto news = s.send(poll_call(bob, R"({"1":0})"));
    BOOST_TEST(text_of(news).find("general one") != std::string::npos, text_of(news));
    const auto in = s.send(post_json(R"({"name":"ann","password":"ann secret"})", "/session"));
    BOOST_TEST(in.status == 201, text_of(in));
    const auto newest = s.sql("select last_entry from pollster.heads where wall_id = 1");
    hanging_call parked(s, poll_call(bob, R"({"1":)" + newest + "}"));
    s.until_parked(1);
    BOOST_TEST(s.send(say_call(ann, 1, "general two")).status == 201);
    BOOST_TEST(text_of(parked.wait()).find("general two") != std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(values_)

BOOST_AUTO_TEST_CASE(rows_that_no_protocol_can_carry_change_nobody_elses_answer)
{
    chat s;
    adopt_tables(s);
    s.sql(insert_post(1, 3, "general one"));
    s.sql(insert_post(2, 1, "workshop one"));
    const auto before = answers(s);
    s.sql("insert into app.users (id, name, disabled) values (null, 'x', false), (0, null, false), "
          "(-1, '', null), (50, repeat('x', 10000000), false), "
          "(9223372036854775807, E'\\u202e\\uffff', false), (3, 'cleo', false)");
    s.sql("insert into app.walls (id, name, kind) values (null, 'x', 'chat'), (0, null, null), "
          "(-1, '', 'odd'), (9223372036854775807, repeat('x', 10000000), 'board'), (3, 'x', '')");
    s.sql("insert into app.memberships values (null, 1), (1, null), (1, 0), (2, -1), (50, 1), "
          "(50, 1), (9223372036854775807, 9223372036854775807)");
    s.sql("insert into app.sessions select sha256(n::text::bytea), u, now(), t from "
          "unnest('{null,0,-1,3,3,3,3,9223372036854775807}'::bigint[], "
          "'{infinity,infinity,infinity,infinity,null,-infinity,2262-04-12,infinity}'::timestamptz["
          "]) "
          "with ordinality o(u, t, n); "
          "insert into app.sessions values (null, 1, null, null), ('', 2, null, 'infinity'), "
          "(sha256(repeat('d', 43)::bytea), 3, now(), 'infinity')");
    s.sql("insert into app.posts (id, wall_id, user_id, body, created_at, edited_at) values "
          "(null, 1, 1, 'x', now(), null), (0, 1, 1, 'x', now(), null), (90, null, 1, 'x', now(), "
          "null), (91, 1, null, null, null, null), (92, 1, -1, '', 'infinity', '-infinity'), "
          "(93, 1, 3, repeat('x', 10000000), '4713-01-01 BC', '294276-01-01'), "
          "(9223372036854775807, 1, 3, E'\\x01\\u202e\\uffff', '-infinity', 'infinity')");
    BOOST_TEST(answers(s) == before, boost::test_tools::per_element());
    wall_one_is_served(s);
    const std::string infinite(43, 'd');
    const auto never_ends = text_of(s.send(signed_by(infinite, {"GET", "/session", {}, {}})));
    BOOST_TEST(never_ends.find("9999-12-31T23:59:59.999Z") != std::string::npos, never_ends);
    BOOST_TEST(s.log().find("answering 503") == std::string::npos);
}

// To JavaScript each of these is the one before.
BOOST_AUTO_TEST_CASE(ids_beyond_what_javascript_counts_are_texts_everywhere_and_are_taken_as_such)
{
    chat s;
    adopt_tables(s);
    const std::string wall = "9007199254740993";
    const std::string user = "9223372036854775807";
    const std::string token(43, 'd');
    s.sql("insert into app.walls values (" + wall +
          ", 'Far', 'chat'); insert into app.users (id, "
          "name, disabled) values (" +
          user + ", 'zed', false); insert into app.memberships values (" + user + ", " + wall +
          "); insert into app.sessions values (sha256('" + token + "'), " + user +
          ", now(), 'infinity')");
    s.sql("insert into app.posts (id, wall_id, user_id, body) select n, " + wall + ", " + user +
          ", 'far ' || n % 10 from unnest('{9007199254740991,9007199254740992,9007199254740993,"
          "9223372036854775806,9223372036854775807}'::bigint[]) n");
    const auto get = [&](const std::string& path) {
        return text_of(s.send(signed_by(token, {"GET", path, {}, {}})));
    };
    BOOST_TEST(get("/session").find(R"({"id":"9223372036854775807","name":"zed"})") !=
               std::string::npos);
    BOOST_TEST(get("/walls").find(R"("walls":[{"id":"9007199254740993","name":"Far")") !=
               std::string::npos);
    for (const auto& answer :
         {text_of(s.send(poll_call(token, "{\"" + wall + "\":0}"))),
          get("/walls/" + wall + "/posts"), get("/walls/" + wall + "/posts?q=far")}) {
        for (const std::string id :
             {"9007199254740991", R"("9007199254740992")", R"("9007199254740993")",
              R"("9223372036854775806")", R"("9223372036854775807")"}) {
            BOOST_TEST(answer.find(R"("post_id":)" + id +
                                   R"(,"kind":"post","user_id":)"
                                   R"("9223372036854775807")") != std::string::npos,
                       id << " is not in " << answer);
        }
    }
    // A page that ends at the largest one goes on below it.
    const auto first =
        s.send(signed_by(token, {"GET", "/walls/" + wall + "/posts?q=far&limit=1", {}, {}}));
    const auto before = std::to_string(first.json().at("before").as_int64());
    BOOST_TEST(get("/walls/" + wall + "/posts?q=far&limit=1&before=" + before)
                   .find(R"("post_id":"9223372036854775806")") != std::string::npos);
    auto edit = post_json(R"({"body":"better"})", "/walls/" + wall + "/posts/9007199254740993");
    edit.method = "PATCH";
    const auto edited = text_of(s.send(signed_by(token, edit)));
    BOOST_TEST(edited.find(R"("post_id":"9007199254740993","kind":"edit")") != std::string::npos,
               edited);
    const auto mine = with({"GET", "/walls", {}, {}}, "X-Pollster-User", user);
    BOOST_TEST(s.send(signed_by(token, mine)).status == 200);
    BOOST_TEST(
        s.sql("select string_agg(body, ',' order by id) from app.posts where id > 9007199254740990 "
              "and id < 9007199254741000") == "far 1,far 2,better");
}

// The view of posts has a column more, which clients get as it is.
BOOST_AUTO_TEST_CASE(what_an_application_has_besides_arrives_as_json_with_each_post)
{
    chat s;
    adopt_tables(s);
    s.sql(
        "alter table app.posts add reply_to bigint, add attachment text; create or replace view "
        "pollster.posts as select id, wall_id, user_id, body, created_at, edited_at, "
        "jsonb_build_object('reply_to', reply_to, 'attachment', attachment) as extra from "
        "app.posts; "
        "drop trigger feed_entry on app.posts; create constraint trigger feed_entry after insert "
        "or "
        "update or delete on app.posts deferrable initially deferred for each row execute function "
        "pollster.feed_entry('id', 'wall_id', 'user_id', 'body', '+reply_to', '+attachment')");
    const std::string none = R"("extra":{"reply_to": null, "attachment": null}})";
    const auto posted = text_of(s.send(say_call(ann, 1, "plain")));
    BOOST_TEST(posted.find(none) != std::string::npos, posted);
    hanging_call parked(s, poll_call(bob, R"({"1":1})"));
    s.until_parked(1);
    s.sql("update app.posts set attachment = E'caf\u00e9 \u2028 \"x\".png' where body = 'plain'");
    const auto news = parked.wait();
    const auto extra = news.json().at("walls").at("1").at("posts").at(0).at("extra");
    BOOST_TEST(std::string(extra.at("attachment").as_string()) ==
               "caf\xc3\xa9 \xe2\x80\xa8 \"x\".png");
    BOOST_TEST(text_of(news).find(R"("kind":"edit")") != std::string::npos);
    for (const std::string path : {"/walls/1/posts", "/walls/1/posts?q=plain"}) {
        const auto page = s.send(signed_by(bob, {"GET", path, {}, {}}));
        BOOST_TEST(page.json().at("posts").at(0).at("extra") == extra, path);
    }
    s.sql("delete from app.posts");
    BOOST_TEST(text_of(s.send(poll_call(bob, R"({"1":0})"))).find("extra") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(rows_that_cannot_be_read_fail_nobody_else_and_the_log_says_so)
{
    chat s;
    adopt_tables(s);
    s.sql("create function app.fail(v anyelement) returns anyelement language plpgsql as "
          "$$ begin raise exception 'unreadable' using errcode = 'invalid_text_representation'; "
          "end $$");
    s.sql(insert_post(1, 3, "general one"));
    s.sql(insert_post(1, 3, "broken"));
    s.sql(insert_post(2, 1, "workshop one"));
    const auto before = answers(s);
    s.sql("insert into app.sessions values (sha256(repeat('d', 43)::bytea), 3, now(), 'infinity')");
    s.sql(
        "create view app.shown as select id, wall_id, user_id, case when body = 'broken' then "
        "app.fail(body) else body end as body, created_at, edited_at from app.posts;"
        "create or replace view pollster.users as select id, name, password_hash, case when id = 3 "
        "then app.fail(disabled) else disabled end as disabled from app.users;"
        "select pollster.refresh_all()");
    BOOST_TEST(answers(s) == before, boost::test_tools::per_element());
    BOOST_TEST(s.send(signed_by(std::string(43, 'd'), {"GET", "/session", {}, {}})).status == 401);
    wall_one_is_served(s);
    s.sql("drop view pollster.posts; create view pollster.posts as select * from app.shown;"
          "select pollster.let_serve(); select pollster.refresh_all()");
    const auto h = text_of(s.send(signed_by(ann, {"GET", "/walls/1/posts", {}, {}})));
    BOOST_TEST(h.find("general one") != std::string::npos, h);
    BOOST_TEST(h.find("broken") == std::string::npos, h);
    BOOST_TEST(answers(s) == before, boost::test_tools::per_element());
    BOOST_TEST(s.metric("pollster_sql_unreadable_total") > 0);
    BOOST_TEST(s.log().find("a row behind a view of the contract cannot be read") !=
               std::string::npos);
    BOOST_TEST(s.log().find("answering 503") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
