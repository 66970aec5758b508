// Edits and deletions of posts by their authors, and what readers of the feed and of history see.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

namespace {

struct fixture : database_fixture {
    walls::entry posted(int user, const std::string& body)
    {
        return written(post(1, user, body)).entry;
    }

    db::answer<db::written_entry> change(const walls::entry& e, int user,
                                         std::optional<std::string> body, int wall = 1)
    {
        return posts().change_post(
            {walls::wall_id{wall}, reader(user), e.post, std::move(body), {}});
    }

    std::vector<walls::entry> entries(std::int64_t after = 0)
    {
        const walls::cursor from{walls::wall_id{1}, walls::entry_id{after}};
        return feed().entries_after(std::vector{from}, 100).value().at(0).entries;
    }

    std::vector<walls::entry> history() { return history_of(1, std::nullopt, 100).posts; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(changes_, fixture)

BOOST_AUTO_TEST_CASE(an_edit_is_the_next_entry_and_history_shows_the_new_text)
{
    const auto first = posted(1, "helo");
    posted(2, "hi");
    const auto edit = written(change(first, 1, "hello")).entry;
    BOOST_TEST(number(edit.id) == 3);
    BOOST_TEST(edit.kind == "edit");
    BOOST_TEST(edit.body.value() == "hello");
    BOOST_TEST(edit.edited_at.has_value());
    const auto later = entries(2);
    BOOST_TEST_REQUIRE(later.size() == 1u);
    BOOST_TEST(to_json(later[0]) == to_json(edit));
    const auto shown = history();
    BOOST_TEST_REQUIRE(shown.size() == 2u);
    BOOST_TEST(shown[0].body.value() == "hello");
    BOOST_TEST((shown[0].edited_at == edit.edited_at));
}

BOOST_AUTO_TEST_CASE(a_deletion_is_the_next_entry_and_leaves_no_text_and_no_gap)
{
    const auto first = posted(1, "secret");
    change(first, 1, "secret too");
    const auto gone = written(change(first, 1, std::nullopt)).entry;
    BOOST_TEST(number(gone.id) == 3);
    BOOST_TEST(gone.kind == "delete");
    BOOST_TEST(!gone.body.has_value());
    const auto all = entries();
    BOOST_TEST_REQUIRE(all.size() == 3u);
    for (std::size_t i = 0; i < all.size(); ++i) {
        BOOST_TEST(number(all[i].id) == static_cast<std::int64_t>(i) + 1);
        BOOST_TEST(!all[i].body.has_value());
    }
    BOOST_TEST(to_json(all[2]) == to_json(gone));
    BOOST_TEST(history().empty());
}

BOOST_AUTO_TEST_CASE(a_change_that_is_asked_for_again_is_told_and_not_made_again)
{
    const auto first = posted(1, "hello");
    const auto told = [&](std::optional<std::string> body) {
        return number(known(change(first, 1, std::move(body))).entry.id);
    };
    BOOST_TEST(told("hello") == 1);
    change(first, 1, "bye");
    BOOST_TEST(told("bye") == 2);
    change(first, 1, std::nullopt);
    BOOST_TEST(told(std::nullopt) == 3);
    BOOST_TEST(is_denied(change(first, 1, "back"), db::denied::no_post));
    BOOST_TEST(is_denied(change(first, 2, std::nullopt), db::denied::no_post));
    BOOST_TEST(entries().size() == 3u);
}

BOOST_AUTO_TEST_CASE(twenty_changes_at_once_are_as_many_entries_as_texts)
{
    const auto first = posted(1, "0");
    std::vector<std::jthread> editors;
    for (int n = 1; n <= 20; ++n) {
        editors.emplace_back([this, n, &first] {
            const auto mine = std::make_unique<db::database>(settings);
            (void)mine->posts().change_post(
                {walls::wall_id{1}, reader(1), first.post, std::to_string(n % 10), {}});
        });
    }
    editors.clear();
    const auto all = entries();
    const auto last = sql("select body from pollster.posts");
    for (std::size_t i = 0; i < all.size(); ++i) {
        BOOST_TEST(number(all[i].id) == static_cast<std::int64_t>(i) + 1);
        BOOST_TEST(all[i].kind == (i == 0 ? "post" : "edit"));
        BOOST_TEST(all[i].body.value() == last);
    }
    BOOST_TEST(all.size() > 10u);
    BOOST_TEST(all.size() <= 21u);
}

BOOST_AUTO_TEST_CASE(posts_without_the_feeds_trigger_are_said_to_be_so)
{
    const auto first = posted(1, "hello");
    sql("drop trigger feed_entry on pollster_default.posts");
    const auto r = posts().change_post({walls::wall_id{1}, reader(1), first.post, "bye", {}});
    BOOST_TEST_REQUIRE(r.has_error());
    BOOST_TEST(why_not(r).find("pollster.feed_entry") != std::string::npos);
    BOOST_TEST(history()[0].body.value() == "hello");
}

BOOST_AUTO_TEST_CASE(only_the_author_may_and_only_while_a_member)
{
    const auto first = posted(1, "mine");
    BOOST_TEST(is_denied(change(first, 2, "yours"), db::denied::no_author));
    BOOST_TEST(is_denied(change(first, 2, std::nullopt), db::denied::no_author));
    BOOST_TEST(is_denied(change(first, 1, "x", 2), db::denied::no_post));
    BOOST_TEST(is_denied(change(first, 1, "x", 3), db::denied::no_member));
    sql("delete from pollster.memberships where user_id = 1 and wall_id = 1");
    BOOST_TEST(is_denied(change(first, 1, "x"), db::denied::no_member));
    BOOST_TEST(entries().size() == 1u);
    BOOST_TEST(entries()[0].body.value() == "mine");
}

BOOST_AUTO_TEST_CASE(a_change_that_the_applications_table_does_not_take_is_unacceptable)
{
    const auto first = posted(1, "short");
    sql("alter table pollster_default.posts add short varchar(5) generated always as (body) "
        "stored; "
        "create table pins (post_id bigint references pollster_default.posts); "
        "insert into pins select id from pollster.posts");
    BOOST_TEST(why_unacceptable(change(first, 1, "too long")).has_value());
    BOOST_TEST(why_unacceptable(change(first, 1, std::nullopt)).has_value());
    BOOST_TEST(entries().size() == 1u);
    BOOST_TEST(history()[0].body.value() == "short");
    sql("delete from pins");
    BOOST_TEST(is_written(change(first, 1, std::nullopt)));
}

BOOST_AUTO_TEST_CASE(psql_changes_posts_like_their_author)
{
    posted(1, "one");
    posted(1, "two");
    sql("update pollster.posts set body = 'uno' where body = 'one'");
    sql("delete from pollster.posts where body = 'two'");
    const auto later = entries(2);
    BOOST_TEST_REQUIRE(later.size() == 2u);
    BOOST_TEST(later[0].kind == "edit");
    BOOST_TEST(later[0].body.value() == "uno");
    BOOST_TEST(later[1].kind == "delete");
    BOOST_TEST(history().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
