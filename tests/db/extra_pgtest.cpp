// The column `extra` of the view of posts: it is in every way in which a post is read, changes of
// it are edits, it counts as bytes of a page, and a value that cannot be had harms its own post
// alone.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

struct fixture : database_fixture {
    void show(const std::string& expression) const
    {
        sql("alter table pollster_default.posts add if not exists note jsonb; create or replace "
            "view "
            "pollster.posts as select id, wall_id, user_id, body, created_at, edited_at, " +
            expression +
            " as extra from pollster_default.posts; drop trigger feed_entry on "
            "pollster_default.posts; create constraint trigger feed_entry after insert or delete "
            "or "
            "update on pollster_default.posts deferrable initially deferred for each row execute "
            "function pollster.feed_entry('id', 'wall_id', 'user_id', 'body', '+note')");
    }
    std::vector<walls::entry> feed_of(std::int64_t wall, std::size_t bytes = 1'000'000) const
    {
        const walls::cursor from[] = {{walls::wall_id{wall}, walls::entry_id{0}}};
        return feed().entries_after(from, {100, bytes, bytes}).value().at(0).entries;
    }
    walls::entry say(const std::string& text) const
    {
        const auto posted = posts().add_post({walls::wall_id{1}, reader(1), text, ""});
        BOOST_TEST_REQUIRE(is_written(posted), why_not(posted));
        return posted.value().entry;
    }
    walls::entry change(walls::post_id post, std::optional<std::string> text) const
    {
        const auto done =
            posts().change_post({walls::wall_id{1}, reader(1), post, std::move(text)});
        BOOST_TEST_REQUIRE(is_written(done), why_not(done));
        return done.value().entry;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(extra_, fixture)

BOOST_AUTO_TEST_CASE(a_view_without_it_shows_none)
{
    const auto mine = say("hello");
    BOOST_TEST(!mine.extra);
    BOOST_TEST(!feed_of(1).at(0).extra);
    BOOST_TEST(walls::to_json(mine).find("extra") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(it_is_in_each_way_in_which_a_post_is_read)
{
    show("note");
    const auto mine = say("hello");
    BOOST_TEST(mine.extra.value() == "null"); // the view has it, the post has not
    sql("update pollster_default.posts set note = '{\"a\":[1,\"\\u20ac\"]}'");
    const std::string now = "{\"a\": [1, \"\xe2\x82\xac\"]}";
    const auto entries = feed_of(1);
    BOOST_TEST_REQUIRE(entries.size() == 2u);
    BOOST_TEST(entries[1].kind == "edit");
    for (const auto& e : entries) { // as it is now
        BOOST_TEST(e.extra.value() == now);
    }
    BOOST_TEST(walls::to_json(entries[1]).ends_with(",\"extra\":" + now + "}"));
    BOOST_TEST(history_of(1, {}, 10).posts.at(0).extra.value() == now);
    const auto found = posts().search(reader(1), {walls::wall_id{1}, "hello", {}, 5}).value();
    BOOST_TEST(found.posts.at(0).extra.value() == now);
    BOOST_TEST(change(mine.post, "hello again").extra.value() == now);
    const auto gone = change(mine.post, std::nullopt);
    BOOST_TEST(!gone.extra);
    for (const auto& e : feed_of(1)) {
        BOOST_TEST(!e.extra);
    }
}

BOOST_AUTO_TEST_CASE(what_the_trigger_does_not_name_makes_no_entry)
{
    show("note");
    say("hello");
    sql("alter table pollster_default.posts add seen integer; update pollster_default.posts set "
        "seen "
        "= 1; update pollster_default.posts set note = null");
    BOOST_TEST(feed_of(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(any_type_becomes_json)
{
    for (const auto& [expression, json] :
         std::map<std::string, std::string>{{"body", "\"hello\""},
                                            {"17::numeric", "17"},
                                            {"'{\"b\" : 1}'::json", "{\"b\": 1}"},
                                            {"null::jsonb", "null"},
                                            {"array[1, 2]", "[1, 2]"}}) {
        fixture f;
        f.show(expression);
        BOOST_TEST(f.say("hello").extra.value() == json);
    }
}

// Its post is shown without it; the others as they are.
BOOST_AUTO_TEST_CASE(a_value_that_is_too_large_or_cannot_be_computed_harms_its_own_post_alone)
{
    show("case when body = 'broken' then to_jsonb(1 / (length(body) - 6)) else note end");
    for (const std::string text : {"good", "large", "broken", "largest", "good, too"}) {
        sql("insert into pollster.posts (wall_id, user_id, body) values (1, 1, '" + text + "')");
    }
    sql("update pollster_default.posts set note = case body when 'large' then to_jsonb(repeat('x', "
        "65535)) when 'largest' then to_jsonb(repeat('x', 65534)) else '{}' end");
    const auto entries = feed_of(1);
    BOOST_TEST_REQUIRE(entries.size() == 10u);
    BOOST_TEST(entries[0].extra.value() == "{}");
    BOOST_TEST(entries[1].extra.value() == "null");
    BOOST_TEST(entries[1].body.value() == "large");
    BOOST_TEST(entries[2].body.value() == "broken");
    BOOST_TEST(entries[2].extra.value() == "null");
    BOOST_TEST(entries[3].extra->size() == 65536u);
    BOOST_TEST(entries[4].body.value() == "good, too");
    BOOST_TEST(entries[4].extra.value() == "{}");
}

// What `json` takes and no `jsonb` can hold; a text that cannot be read is still a deleted post.
BOOST_AUTO_TEST_CASE(json_that_is_no_jsonb_takes_no_text_away)
{
    for (const std::string odd :
         {R"({"a":"\u0000"})", R"("\ud800")", "1e1000000", R"({"a":1,"a":2})"}) {
        BOOST_TEST_CONTEXT(odd)
        {
            const fixture f;
            f.sql("alter table pollster_default.posts add meta json");
            f.show("meta");
            f.sql("insert into pollster_default.posts (wall_id, user_id, body, meta) values "
                  "(1, 1, 'before', '1'), (1, 1, 'odd', '" +
                  odd + "'), (1, 1, 'after', '{}')");
            const auto page =
                f.posts().posts_before(reader(1), walls::wall_id{1}, std::nullopt, 10).value();
            const auto entries = f.feed_of(1);
            BOOST_TEST_REQUIRE(page.posts.size() == 3u);
            BOOST_TEST_REQUIRE(entries.size() == 3u);
            for (const auto& shown : {page.posts, entries}) {
                BOOST_TEST(shown[0].extra.value() == "1");
                BOOST_TEST(shown[1].body.value() == "odd");
                BOOST_TEST(shown[1].user_name == "ann");
                BOOST_TEST(shown[1].extra.value() == (odd.ends_with("2}") ? "{\"a\": 2}" : "null"));
                BOOST_TEST(shown[2].extra.value() == "{}");
            }
            f.sql("create or replace view pollster.posts as select id, wall_id, user_id, case when "
                  "body = 'odd' then (1 / (length(body) - 3))::text else body end as body, "
                  "created_at, edited_at, meta as extra from pollster_default.posts");
            BOOST_TEST(!f.feed_of(1)[1].body);
            BOOST_TEST(f.feed_of(1)[2].body.value() == "after");
        }
    }
}

BOOST_AUTO_TEST_CASE(it_counts_as_bytes_of_a_page)
{
    show("note");
    for (int i = 0; i < 5; ++i) {
        say("hello");
    }
    BOOST_TEST(feed_of(1, 20'000).size() == 5u);
    sql("update pollster_default.posts set note = to_jsonb(repeat('x', 10000))");
    const auto page = feed_of(1, 20'000);
    BOOST_TEST(page.size() < 5u);
    BOOST_TEST(page.size() > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
