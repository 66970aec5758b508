// The search of a wall.
#include "tests/db/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

struct fixture : store_fixture {
    db::history search(const std::string& words, std::optional<std::int64_t> before = {},
                       std::size_t limit = 50, int wall = 1)
    {
        db::wanted_words wanted{walls::wall_id{wall}, words, {}, limit};
        if (before) {
            wanted.before = walls::entry_id{*before};
        }
        return store->search(wanted).value();
    }

    std::string found(const db::history& h)
    {
        std::string out;
        for (const auto& e : h.posts) {
            out += (out.empty() ? "" : " ") + std::to_string(number(e.id));
        }
        return out + (h.more ? " more" : "");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(search_, fixture)

BOOST_AUTO_TEST_CASE(words_are_found_whatever_their_case_and_order)
{
    post(1, 1, "The Elephant is grey");   // 1
    post(1, 2, "grey clouds");            // 2
    post(1, 1, "an elephant, very grey"); // 3
    post(2, 1, "elephant of another wall");
    BOOST_TEST(found(search("elephant")) == "1 3");
    BOOST_TEST(found(search("GREY elephant")) == "1 3");
    BOOST_TEST(found(search("grey -elephant")) == "2");
    BOOST_TEST(found(search("\"very grey\"")) == "3");
    BOOST_TEST(found(search("clouds or elephant")) == "1 2 3");
    BOOST_TEST(found(search("giraffe")) == "");
    BOOST_TEST(number(search("giraffe").newest) == 3);
}

BOOST_AUTO_TEST_CASE(no_words_find_nothing_and_nothing_in_them_is_sql)
{
    post(1, 1, "hello");
    for (const std::string words :
         {"", " ", "-", "!", "'", "'); drop table x; --", "\\", "|&!()<->:*"}) {
        BOOST_TEST(found(search(words)) == "");
    }
    BOOST_TEST(found(search("hello & | ' :*")) == "1");
}

BOOST_AUTO_TEST_CASE(it_finds_what_posts_say_now)
{
    post(1, 1, "helo world");
    post(1, 1, "secret world");
    sql("update pollster.posts set body = 'hello world' where body like 'helo%'");
    sql("delete from pollster.posts where body like 'secret%'");
    BOOST_TEST(found(search("helo")) == "");
    BOOST_TEST(found(search("secret")) == "");
    const auto now = search("world");
    BOOST_TEST(found(now) == "1");
    BOOST_TEST(now.posts[0].kind == "post");
    BOOST_TEST(now.posts[0].body.value() == "hello world");
    BOOST_TEST(now.posts[0].edited_at.has_value());
}

// The newest posts are read one by one; beyond those the index answers.
BOOST_AUTO_TEST_CASE(pages_reach_the_oldest_post_of_a_long_wall)
{
    sql("insert into pollster.posts (wall_id, user_id, body) "
        "select 1, 1, case when n % 500 = 1 then 'rare ' else '' end || 'common ' || n from "
        "generate_series(1, 5000) n");
    BOOST_TEST(found(search("rare", {}, 4)) == "3001 3501 4001 4501 more");
    BOOST_TEST(found(search("rare", 3001, 4)) == "1001 1501 2001 2501 more");
    BOOST_TEST(found(search("rare", 1001, 4)) == "1 501");
    BOOST_TEST(found(search("common", 3, 4)) == "1 2");
    BOOST_TEST(found(search("common 17")) == "17");
    BOOST_TEST(search("common", {}, 200).posts.size() == 200u);
}

BOOST_AUTO_TEST_SUITE_END()
