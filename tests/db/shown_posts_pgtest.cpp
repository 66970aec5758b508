// A post is what the view of posts shows at the end, whichever way it was written: alone through
// the server, in a group, or by plain SQL. What the application does not show is refused, and
// nobody ever reads its text.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

// What an application does to a post whose text begins with "odd".
struct rule {
    std::string name;
    std::string when; // before, after, deferred (at the commit), or never
    std::string what; // of a trigger of its own on insert or update
    std::string shown_where;
    std::string arguments; // of pollster.feed_entry, besides
    std::string seen;      // body, author, extra; "": it is refused
};

const std::string hides = "new.hidden := 1;";
const std::string hides_later = "update app.messages set hidden = 1 where id = new.id;";
const std::string visible = "m.hidden is distinct from 1";

const std::vector<rule>& rules()
{
    static const std::vector<rule> all{
        {"nothing", "never", "", "true", "", "odd|ann|null"},
        {"hides it before", "before", hides, visible, ", 'hidden'", ""},
        {"hides it before, and no mark says so", "before", hides, visible, "", ""},
        {"marks it before, and the view looks at no mark", "before", hides, "true", ", 'hidden'",
         ""},
        {"hides it after", "after", hides_later, visible, ", 'hidden'", ""},
        {"hides it after, and no mark says so", "after", hides_later, visible, "", ""},
        {"marks it after, and the view looks at no mark", "after", hides_later, "true",
         ", 'hidden'", ""},
        {"hides it at the commit", "deferred", hides_later, visible, ", 'hidden'", ""},
        {"hides all of some people", "never", "",
         "not exists (select from app.quiet q where q.person = m.person)", "", ""},
        {"hides all of some rooms", "never", "",
         "exists (select from app.listed l where l.room = m.room)", "", ""},
        {"hides it and shows it again", "after",
         hides_later + " update app.messages set hidden = null where id = new.id;", visible,
         ", 'hidden'", "odd|ann|null"},
        {"takes the text away", "before", "new.content := null;", "true", "", ""},
        {"changes the text before", "before", "new.content := 'even';", "true", "",
         "even|ann|null"},
        {"changes the text after", "after",
         "update app.messages set content = 'even' where id = new.id;", "true", "",
         "even|ann|null"},
        {"changes the text at the commit", "deferred",
         "update app.messages set content = 'even' where id = new.id;", "true", "",
         "even|ann|null"},
        {"changes the author before", "before", "new.person := 3;", "true", "", "odd|cleo|null"},
        {"changes the author after", "after",
         "update app.messages set person = 3 where id = new.id;", "true", "", "odd|cleo|null"},
        {"moves it before", "before", "new.room := 3;", "true", "", ""},
        {"moves it after", "after", "update app.messages set room = 3 where id = new.id;", "true",
         "", ""},
        {"moves it at the commit", "deferred",
         "update app.messages set room = 3 where id = new.id;", "true", "", ""},
        {"deletes it after", "after", "delete from app.messages where id = new.id;", "true", "",
         ""},
        {"says more after", "after", "insert into app.more values (new.id, 'a picture');", "true",
         "", "odd|ann|\"a picture\""},
        {"knows no time", "before", "new.at := null;", "true", "", "odd|ann|null"},
    };
    return all;
}

struct fixture : database_fixture {
    explicit fixture(const rule& r)
    {
        sql("create schema app; create table app.messages (id bigserial primary key, room bigint, "
            "person bigint, content text, hidden int, at timestamptz default now()); "
            "create table app.quiet as select 1 as person; create table app.listed as select 3 as "
            "room; create table app.more (message bigint, what text); "
            "drop view pollster.posts; create view pollster.posts as select m.id, m.room as "
            "wall_id, m.person as user_id, m.content as body, m.at as created_at, "
            "null::timestamptz as edited_at, (select o.what from app.more o where o.message = "
            "m.id) as extra from app.messages m where " +
            r.shown_where + "; alter view pollster.posts owner to pollster_owner; " +
            "grant usage on schema app to pollster_owner; grant all on all tables in schema app "
            "to pollster_owner; grant usage on all sequences in schema app to pollster_owner; do "
            "$$ begin perform pollster.let_serve(); end $$; "
            "create constraint trigger feed_entry after insert or delete or update on "
            "app.messages deferrable initially deferred for each row execute function "
            "pollster.feed_entry('id', 'room', 'person', 'content'" +
            r.arguments + ")");
        if (r.when != "never") {
            sql("create function app.rule() returns trigger language plpgsql as $$ begin if "
                "new.content like 'odd%' then " +
                r.what + " end if; return new; end $$; create " +
                (r.when == "deferred"
                     ? "constraint trigger rule after insert on app.messages deferrable initially "
                       "deferred"
                     : "trigger rule " + r.when + " insert on app.messages") +
                " for each row execute function app.rule()");
        }
    }
    static std::string seen(const walls::entry& e)
    {
        return e.body.value_or("-") + "|" + e.user_name + "|" + e.extra.value_or("-");
    }
    // Everything that anybody can read on wall 1 but "plain", each once.
    std::string read() const
    {
        const walls::cursor from[] = {{walls::wall_id{1}, walls::entry_id{0}}};
        std::string feed;
        std::string history;
        const auto pages = this->feed().entries_after(from, 100).value();
        for (const auto& e : pages.at(0).entries) {
            if (e.body && e.body != "plain" && feed.find(seen(e)) == std::string::npos) {
                feed += seen(e);
            }
        }
        const auto page =
            posts().posts_before(reader(1), walls::wall_id{1}, std::nullopt, 100).value();
        for (const auto& e : page.posts) {
            if (e.body && e.body != "plain") {
                history += seen(e);
            }
        }
        return feed == history ? feed : "the feed has " + feed + ", history has " + history;
    }
    std::string left() const
    {
        return sql("select (select count(*) from app.messages where content <> 'plain') + (select "
                   "count(*) from pollster.client_keys)");
    }
};

db::new_post by(int user, const std::string& body, const std::string& key = {})
{
    return {walls::wall_id{1}, database_fixture::reader(user), body, key};
}

// What was answered, in the same words; "": it is refused for good.
std::string told(const db::answer<db::written_entry>& a)
{
    return why_unacceptable(a) ? "" : a ? fixture::seen(a->entry) : why_not(a);
}

} // namespace

BOOST_AUTO_TEST_SUITE(shown_posts)

BOOST_AUTO_TEST_CASE(a_post_is_the_same_alone_in_a_group_and_by_sql)
{
    for (const auto& r : rules()) {
        BOOST_TEST_CONTEXT(r.name)
        {
            const fixture by_sql(r);
            by_sql.sql("insert into pollster.posts (wall_id, user_id, body) values (1, 1, 'odd')");
            BOOST_TEST(by_sql.read() == r.seen);

            const fixture alone(r);
            BOOST_TEST(told(alone.posts().add_post(by(1, "odd", "key"))) == r.seen);
            BOOST_TEST(alone.read() == r.seen);
            BOOST_TEST(r.seen.empty() == (alone.left() == "0"));

            const fixture together(r);
            const std::vector<db::new_post> group{by(2, "plain"), by(1, "odd", "key"),
                                                  by(3, "plain")};
            const auto answers = together.posts().add_posts(group);
            BOOST_TEST(told(answers[1]) == r.seen);
            BOOST_TEST(together.read() == r.seen);
            BOOST_TEST(r.seen.empty() == (together.left() == "0"));
            if (r.name != "hides all of some rooms") {
                BOOST_TEST(is_written(answers[0]), why_not(answers[0]));
                BOOST_TEST(is_written(answers[2]), why_not(answers[2]));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(an_edit_that_would_hide_a_post_is_refused_and_leaves_it)
{
    for (const auto& [shown_where, arguments] : std::vector<std::pair<std::string, std::string>>{
             {visible, ", 'hidden'"}, {visible, ""}, {"true", ", 'hidden'"}}) {
        BOOST_TEST_CONTEXT(shown_where + arguments)
        {
            const fixture f({"", "before", hides, shown_where, arguments, ""});
            f.sql("create trigger edits before update on app.messages for each row execute "
                  "function app.rule()");
            const auto first = f.posts().add_post(by(1, "mine"));
            BOOST_TEST_REQUIRE(is_written(first), why_not(first));
            const auto change = [&](const std::string& text) {
                return f.posts().change_post(
                    {walls::wall_id{1}, fixture::reader(1), first.value().entry.post, text, {}});
            };
            BOOST_TEST(why_unacceptable(change("odd")).has_value());
            BOOST_TEST(f.read() == "mine|ann|null");
            BOOST_TEST(told(change("mine, too")) == "mine, too|ann|null");
            BOOST_TEST(why_unacceptable(change("odd")).has_value());
            BOOST_TEST(f.read() == "mine, too|ann|null");
        }
    }
}

// The reason is for the log, and has no text of a post in it.
BOOST_AUTO_TEST_CASE(what_is_refused_is_told_to_the_operator)
{
    const fixture f(rules()[1]);
    const auto why = why_unacceptable(f.posts().add_post(by(1, "odd and secret")));
    BOOST_REQUIRE(why.has_value());
    BOOST_TEST(why->find("does not show the post") != std::string::npos, *why);
    BOOST_TEST(why->find("secret") == std::string::npos, *why);
}

BOOST_AUTO_TEST_SUITE_END()
