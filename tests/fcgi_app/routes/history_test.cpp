// Pages of history and searches: what is asked of the database, what they cost, and the page.
#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

http::request page(const std::string& query = {})
{
    http::request r = by_ann("GET", "/walls/1/posts");
    r.query = query;
    return r;
}

db::history history_of(std::initializer_list<std::int64_t> ids, std::size_t bytes = 2)
{
    db::history h;
    for (const auto id : ids) {
        h.posts.push_back(walls::testing::post(id, std::string(bytes, 'x')));
    }
    h.newest = walls::entry_id{9};
    h.epoch = walls::wall_epoch{4};
    return h;
}

std::string last_asked(const running_routes& t)
{
    return t.posts.asked.empty() ? "" : t.posts.asked.back();
}

} // namespace

BOOST_AUTO_TEST_SUITE(history_)

BOOST_AUTO_TEST_CASE(the_database_is_asked_for_what_the_query_says)
{
    with_routes([](running_routes& t) {
        t.ask(page());
        BOOST_TEST(last_asked(t) == "50 of wall 1 for ann, user 1");
        t.ask(page("limit=200&before=17"));
        BOOST_TEST(last_asked(t) == "200 of wall 1 before 17 for ann, user 1");
        t.ask(page("q=two+words&limit=1&other=x"));
        BOOST_TEST(last_asked(t) == "1 of wall 1 with \"two words\" for ann, user 1");
        t.ask(page("q=w&before=5"));
        BOOST_TEST(last_asked(t) == "50 of wall 1 before 5 with \"w\" for ann, user 1");
    });
}

BOOST_AUTO_TEST_CASE(what_the_query_says_wrongly_is_400_and_asks_nothing)
{
    with_routes([](running_routes& t) {
        for (const std::string& query :
             {std::string("limit=0"), std::string("limit=201"), std::string("limit="),
              std::string("limit=1e1"), std::string("limit=-1"), std::string("before=0"),
              std::string("before=x"), std::string("before=9223372036854775808"),
              std::string("q=a&q=b"), "q=" + std::string(1001, 'w'), std::string("q=%4")}) {
            const client& c = t.ask(page(query));
            BOOST_TEST(c.said() ==
                           R"(400 {"errors":["before must be an entry's number, limit 1 to )"
                           R"(200, q UTF-8 of 1,000 bytes at most."]})",
                       query);
        }
        BOOST_TEST(t.ask(page("q=%FF")).status() == 422);
        BOOST_TEST(t.ask(page("limit=2&x=%00")).status() == 422);
        BOOST_TEST(t.posts.asked.empty());
        BOOST_TEST(t.ask(page("q=" + std::string(1000, 'w'))).status() == 200);
    });
}

// Who may not see the wall learns nothing of what he said wrongly.
BOOST_AUTO_TEST_CASE(who_may_not_see_the_wall_is_told_that_first)
{
    with_routes([](running_routes& t) {
        http::request r = page("limit=0");
        r.path = "/walls/2/posts";
        BOOST_TEST(t.ask(r).status() == 403);
        r.authorization.clear();
        BOOST_TEST(t.ask(r).status() == 401);
    });
}

BOOST_AUTO_TEST_CASE(the_page_is_ascending_and_says_whether_there_is_more)
{
    with_routes([](running_routes& t) {
        const auto json = [](std::int64_t id) {
            return walls::to_json(walls::testing::post(id, "xx"));
        };
        t.posts.page = history_of({3, 4});
        BOOST_TEST(t.ask(page()).said() == "200 {\"posts\":[" + json(3) + ',' + json(4) +
                                               R"(],"more":false,"newest":9,"epoch":4})");
        auto older = history_of({3, 4});
        older.before = walls::entry_id{3};
        t.posts.page = older;
        BOOST_TEST(t.ask(page()).said() == "200 {\"posts\":[" + json(3) + ',' + json(4) +
                                               R"(],"more":true,"before":3,"newest":9,"epoch":4})");
        t.posts.page = db::history{};
        BOOST_TEST(t.ask(page()).said() ==
                   R"(200 {"posts":[],"more":false,"newest":0,"epoch":null})");
    });
}

BOOST_AUTO_TEST_CASE(a_page_that_is_too_large_leaves_out_the_oldest_and_goes_on_before_them)
{
    running_routes::settings s;
    s.routes.page_bytes = 3'000;
    with_routes(
        [](running_routes& t) {
            t.posts.page = history_of({3, 4, 5}, 1'000);
            const client& c = t.ask(page());
            BOOST_TEST(c.body.size() <= 3'000u);
            BOOST_TEST(c.body.find(R"({"id":3,)") == std::string::npos);
            BOOST_TEST(c.body.find(R"({"id":4,)") < c.body.find(R"({"id":5,)"));
            BOOST_TEST(c.body.find(R"("more":true,"before":4,)") != std::string::npos);
            t.posts.page = history_of({6}, 10'000); // one that is larger by itself comes alone
            BOOST_TEST(t.ask(page()).body.find(R"({"id":6,)") != std::string::npos);
        },
        s);
}

BOOST_AUTO_TEST_CASE(room_for_the_page_is_taken_while_it_is_read_and_given_back)
{
    running_routes::settings s;
    s.routes.page_bytes = 100'000;
    with_routes(
        [](running_routes& t) {
            std::size_t while_read = 0;
            std::size_t while_sent = 0;
            t.posts.during = [&] { while_read = t.chat.room.held(); };
            t.posts.page = history_of({1}, 20'000);
            client& c = t.new_client();
            c.on_write = [&] { while_sent = t.chat.room.held(); };
            t.ask(page(), c);
            BOOST_TEST(while_read == 200'000u);
            BOOST_TEST(while_sent == c.body.size());
            BOOST_TEST(t.chat.room.held() == 0u);
            t.posts.page = database_is_down;
            BOOST_TEST(t.ask(page()).status() == 503);
            BOOST_TEST(t.chat.room.held() == 0u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(without_room_a_page_waits_and_reads_nothing_meanwhile)
{
    with_routes([](running_routes& t) {
        auto all = t.chat.room.take(walls::user_id{7}, std::size_t{1} << 20);
        client& waits = t.ask(page());
        client& leaves = t.ask(page());
        leaves.leave();
        BOOST_TEST(t.chat.room.waiting() == 2u);
        BOOST_TEST(t.posts.asked.empty());
        all.release();
        let_others_run();
        BOOST_TEST(waits.status() == 200);
        BOOST_TEST(t.chat.room.held() == 0u);
        BOOST_TEST(t.chat.room.waiting() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(who_left_reads_nothing_while_others_want_the_room)
{
    with_routes([](running_routes& t) {
        auto all = t.chat.room.take(walls::user_id{7}, std::size_t{1} << 20);
        client& left = t.ask(page());
        t.chat.db.sessions["bob"] = somebody(2);
        http::request bobs = page();
        bobs.authorization = "Bearer bob";
        client& first = t.ask(bobs);
        client& second = t.ask(bobs);
        left.leave();
        all.release();
        let_others_run();
        BOOST_TEST(first.status() == 200);
        BOOST_TEST(second.status() == 200);
        BOOST_TEST(left.status() == 0);
        BOOST_TEST(t.posts.asked == (std::vector<std::string>{"50 of wall 1 for bob, user 2",
                                                              "50 of wall 1 for bob, user 2"}),
                   boost::test_tools::per_element());
        BOOST_TEST(t.chat.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_page_that_waits_for_room_when_the_server_begins_to_stop_is_still_read)
{
    with_routes([](running_routes& t) {
        auto all = t.chat.room.take(walls::user_id{7}, std::size_t{1} << 20);
        client& waits = t.ask(page());
        t.chat.h->drain();
        client& later = t.ask(page());
        BOOST_TEST(waits.status() == 0);
        all.release();
        let_others_run();
        BOOST_TEST(waits.status() == 200);
        BOOST_TEST(later.status() == 200);
    });
}

BOOST_AUTO_TEST_CASE(a_server_that_has_no_time_left_gives_no_room_and_answers_503)
{
    with_routes([](running_routes& t) {
        auto all = t.chat.room.take(walls::user_id{7}, std::size_t{1} << 20);
        client& waits = t.ask(page());
        t.chat.room.stop();
        let_others_run();
        BOOST_TEST(waits.status() == 503);
        BOOST_TEST(t.posts.asked.empty());
    });
}

BOOST_AUTO_TEST_CASE(what_the_statement_refuses_is_told)
{
    with_routes([](running_routes& t) {
        t.posts.page = db::denied::no_member; // revoked since the session was remembered
        BOOST_TEST(t.ask(page()).status() == 403);
        BOOST_TEST(t.ask(page("q=w")).status() == 403);
    });
}

BOOST_AUTO_TEST_CASE(a_search_costs_like_a_post_and_a_page_does_not)
{
    running_routes::settings s;
    s.routes.rates.user_posts_per_second = 1;
    with_routes(
        [](running_routes& t) {
            const client& c = t.ask_until_429(page("q=w"), "user_posts_per_second");
            BOOST_TEST(c.body == R"({"errors":["Too many posts. Please wait."]})");
            BOOST_TEST(t.ask(page()).status() == 200);
        },
        s);
}

BOOST_AUTO_TEST_SUITE_END()
