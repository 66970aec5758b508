// Posts that come back: moved away and back, deleted and restored with their id, under another
// author. One post, one text, one author, whatever its past.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

struct fixture : database_fixture {
    // "3 post ann hello, 4 delete ann -": number, kind, author and text, as they are told.
    static std::string text_of(const std::vector<walls::entry>& entries)
    {
        std::string text;
        for (const auto& e : entries) {
            text += (text.empty() ? "" : ", ") + std::to_string(number(e.id)) + ' ' + e.kind + ' ' +
                    e.user_name + ' ' + e.body.value_or("-");
        }
        return text;
    }
    std::string entries_of(int wall)
    {
        const walls::cursor from{walls::wall_id{wall}, walls::entry_id{0}};
        return text_of(feed().entries_after(std::vector{from}, 100).value().at(0).entries);
    }
    std::string history(int wall) { return text_of(history_of(wall, std::nullopt, 100).posts); }
    std::string found(int wall, const std::string& words)
    {
        return text_of(database_fixture::found({walls::wall_id{wall}, words, {}, 100}).posts);
    }
    // Unread posts of the wall for cleo, who is on both.
    std::int64_t unread(int wall)
    {
        for (const auto& w : walls_of(3)) {
            if (number(w.id) == wall) {
                return w.unread;
            }
        }
        return -1;
    }

    fixture() { sql("insert into pollster.memberships (user_id, wall_id) values (3, 2)"); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(lives_, fixture)

BOOST_AUTO_TEST_CASE(a_post_that_was_moved_away_and_back_is_there_once)
{
    post(1, 1, "word");
    post(1, 2, "other");
    for (int round = 0; round < 3; ++round) {
        sql("update pollster.posts set wall_id = 2 where body = 'word'");
        BOOST_TEST(history(1) == "2 post bob other");
        BOOST_TEST(found(1, "word").empty());
        BOOST_TEST(unread(1) == 1);
        BOOST_TEST(unread(2) == 1);
        sql("update pollster.posts set wall_id = 1 where body = 'word'");
        BOOST_TEST(history(2).empty());
        BOOST_TEST(unread(2) == 0);
    }
    BOOST_TEST(history(1) == "2 post bob other, 8 post ann word");
    BOOST_TEST(found(1, "word") == "8 post ann word");
    BOOST_TEST(unread(1) == 2);
    BOOST_TEST(entries_of(1) ==
               "1 post ann -, 2 post bob other, 3 delete ann -, 4 post ann -, 5 delete ann -, "
               "6 post ann -, 7 delete ann -, 8 post ann word");
    BOOST_TEST(entries_of(2) ==
               "1 post ann -, 2 delete ann -, 3 post ann -, 4 delete ann -, 5 post ann -, "
               "6 delete ann -");
}

// In a transaction of its own each, or all in one.
BOOST_AUTO_TEST_CASE(a_post_that_is_put_back_with_another_text_and_author_is_the_new_one_alone)
{
    const auto lives = [this](const std::string& separator) {
        sql("begin; insert into pollster.posts (id, wall_id, user_id, body) values (50, 1, 1, "
            "'first')" +
            separator + "update pollster.posts set body = 'edited' where id = 50" + separator +
            "delete from pollster.posts where id = 50" + separator +
            "insert into pollster.posts (id, wall_id, user_id, body) values (50, 1, 2, 'second')" +
            separator + "update pollster.posts set body = 'third' where id = 50; commit");
    };
    lives(";");
    sql("delete from pollster.posts");
    for (const char* q : {"first", "edited", "second", "third"}) {
        BOOST_TEST(found(1, q).empty());
    }
    BOOST_TEST(history(1).empty());
    BOOST_TEST(unread(1) == 0);
    lives("; commit; begin;");
    BOOST_TEST(
        entries_of(1) ==
        "1 post ann -, 2 edit ann -, 3 delete ann -, 4 post bob -, 5 edit bob -, 6 delete bob -, "
        "7 post ann -, 8 edit ann -, 9 delete ann -, 10 post bob third, 11 edit bob third");
    BOOST_TEST(history(1) == "10 post bob third");
    BOOST_TEST(found(1, "third") == "10 post bob third");
    BOOST_TEST(unread(1) == 1);
    sql("delete from pollster.posts; "
        "insert into pollster.posts (id, wall_id, user_id, body) values (50, 2, 3, 'elsewhere')");
    BOOST_TEST(history(1).empty());
    BOOST_TEST(entries_of(1).find("elsewhere") == std::string::npos);
    BOOST_TEST(history(2) == "1 post cleo elsewhere");
    BOOST_TEST(unread(2) == 0);
}

BOOST_AUTO_TEST_CASE(
    a_post_that_is_put_back_behind_the_triggers_shows_in_no_entry_of_its_former_life)
{
    sql("insert into pollster.posts (id, wall_id, user_id, body) values (50, 1, 1, 'first')");
    sql("delete from pollster.posts");
    sql("set session_replication_role = replica; "
        "insert into pollster.posts (id, wall_id, user_id, body) values (50, 1, 2, 'second')");
    BOOST_TEST(entries_of(1) == "1 post ann -, 2 delete ann -");
    BOOST_TEST(history(1).empty());
    BOOST_TEST(found(1, "second").empty());
    BOOST_TEST(unread(1) == 0);
}

BOOST_AUTO_TEST_CASE(a_merge_of_accounts_is_an_edit_and_the_author_is_the_new_one_in_every_entry)
{
    post(1, 1, "hers");
    post(1, 2, "his");
    sql("update pollster.posts set user_id = 3 where user_id = 1");
    BOOST_TEST(entries_of(1) == "1 post cleo hers, 2 post bob his, 3 edit cleo hers");
    BOOST_TEST(history(1) == "1 post cleo hers, 2 post bob his");
    BOOST_TEST(found(1, "hers") == "1 post cleo hers");
    BOOST_TEST(unread(1) == 1);
    // The account is gone, the post stays, and nothing new is told about it.
    sql("delete from pollster.users where id = 2");
    BOOST_TEST(entries_of(1) == "1 post cleo hers, 2 post  his, 3 edit cleo hers");
}

BOOST_AUTO_TEST_CASE(a_post_that_gets_another_id_is_another_post)
{
    post(1, 1, "hello");
    sql("update pollster.posts set id = id + 50");
    BOOST_TEST(entries_of(1) == "1 post ann -, 2 delete ann -, 3 post ann hello");
    BOOST_TEST(history(1) == "3 post ann hello");
}

BOOST_AUTO_TEST_CASE(the_author_of_now_changes_a_post_that_came_back)
{
    const auto first = written(post(1, 1, "first", "key")).entry;
    const std::string id = std::to_string(number(first.post));
    sql("delete from pollster.posts");
    sql("insert into pollster.posts (id, wall_id, user_id, body) values (" + id +
        ", 1, 2, 'second')");
    const auto change = [&](int user, std::optional<std::string> body) {
        return posts().change_post(
            {walls::wall_id{1}, reader(user), first.post, std::move(body), {}});
    };
    BOOST_TEST(is_denied(change(1, "mine"), db::denied::no_author));
    BOOST_TEST(text_of({written(change(2, "better")).entry}) == "4 edit bob better");
    // What ann's key acknowledged has no text any more, and not bob's.
    BOOST_TEST(text_of({known(post(1, 1, "first", "key")).entry}) == "1 post ann -");
}

BOOST_AUTO_TEST_CASE(a_page_of_a_search_goes_on_below_a_post_that_came_back)
{
    for (int i = 1; i <= 6; ++i) {
        post(1, 1, "word " + std::to_string(i));
    }
    sql("update pollster.posts set wall_id = 2 where body = 'word 3'");
    sql("update pollster.posts set wall_id = 1 where body = 'word 3'");
    std::string all;
    std::optional<walls::entry_id> before;
    do {
        const auto page = database_fixture::found({walls::wall_id{1}, "word", before, 2});
        all += text_of(page.posts) + "; ";
        before = page.before;
    } while (before);
    BOOST_TEST(all == "5 post ann word 5, 6 post ann word 6; 8 post ann word 3, 4 post ann word 4; "
                      "1 post ann word 1, 2 post ann word 2; ");
}

BOOST_AUTO_TEST_SUITE_END()
