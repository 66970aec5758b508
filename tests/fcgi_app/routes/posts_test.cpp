// Posting, editing and deleting: what is sent to the database, what the author is told, and what
// the readers of this process get.
#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

http::request post(const std::string& body = R"({"body":"hi","client_key":"a-1"})")
{
    return by_ann("POST", "/walls/1/posts", body);
}

http::request edit(const std::string& body = R"({"body":"better"})")
{
    return by_ann("PATCH", "/walls/1/posts/1002", body);
}

http::request remove()
{
    return by_ann("DELETE", "/walls/1/posts/1002");
}

std::string text_of(std::size_t bytes)
{
    return R"({"body":")" + std::string(bytes, 'x') + R"("})";
}

// Parked on wall 1 with all of its entries, which is one.
client& parked_reader(running_routes& t)
{
    t.chat.db.add(1);
    client& c = t.ask(poll_after(1));
    BOOST_TEST(t.parked() == 1u);
    return c;
}

bool tells(const client& c, std::int64_t entry)
{
    return c.body.find(R"({"id":)" + std::to_string(entry) + ',') != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(posts_)

BOOST_AUTO_TEST_CASE(a_new_post_is_201_with_its_entry_and_its_epoch)
{
    with_routes([](running_routes& t) {
        t.posts.written = written(1);
        const client& c = t.ask(post());
        BOOST_TEST(c.said() ==
                   "201 {\"post\":" + walls::to_json(walls::testing::post(1)) + R"(,"epoch":1})");
        BOOST_TEST(t.measured.posts.Value() == 1);
        BOOST_REQUIRE(t.posts.added.size() == 1u);
        const db::new_post& sent = t.posts.added.front();
        BOOST_TEST(walls::number(sent.wall) == 1);
        BOOST_TEST(sent.author.session_id == "ann");
        BOOST_TEST(walls::number(sent.author.user) == 1);
        BOOST_TEST(sent.body == "hi");
        BOOST_TEST(sent.client_key == "a-1");
    });
}

BOOST_AUTO_TEST_CASE(an_epoch_that_is_not_known_is_not_told)
{
    with_routes([](running_routes& t) {
        auto e = written(1);
        e.epoch = walls::wall_epoch{0};
        t.posts.written = e;
        BOOST_TEST(t.ask(post()).body.find("epoch") == std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(a_key_that_was_posted_before_is_200_and_no_news)
{
    with_routes([](running_routes& t) {
        const client& reader = parked_reader(t);
        t.posts.written = written(2, false);
        BOOST_TEST(t.ask(post()).status() == 200);
        BOOST_TEST(t.measured.posts.Value() == 0);
        BOOST_TEST(!reader.ended);
    });
}

BOOST_AUTO_TEST_CASE(a_post_reaches_the_parked_polls_of_this_process_without_a_look)
{
    with_routes([](running_routes& t) {
        const client& reader = parked_reader(t);
        const int looks = t.chat.db.looks;
        t.posts.written = written(2);
        BOOST_TEST(t.ask(post()).status() == 201);
        BOOST_TEST(tells(reader, 2));
        BOOST_TEST(t.chat.db.looks == looks);
    });
}

BOOST_AUTO_TEST_CASE(an_edit_and_a_deletion_reach_them_too)
{
    with_routes([](running_routes& t) {
        const client& first = parked_reader(t);
        const int looks = t.chat.db.looks;
        t.posts.written = written(2);
        BOOST_TEST(t.ask(edit()).status() == 200);
        BOOST_TEST(tells(first, 2));
        const client& second = t.ask(poll_after(2));
        BOOST_TEST(t.parked() == 1u);
        t.posts.written = written(3);
        BOOST_TEST(t.ask(remove()).status() == 200);
        BOOST_TEST(tells(second, 3));
        BOOST_TEST(t.chat.db.looks == looks);
        BOOST_TEST(t.measured.changes.Value() == 2);
        BOOST_TEST(t.measured.posts.Value() == 0);
        BOOST_REQUIRE(t.posts.changed.size() == 2u);
        BOOST_TEST(walls::number(t.posts.changed[0].wall) == 1);
        BOOST_TEST(walls::number(t.posts.changed[0].post) == 1002);
        BOOST_TEST(t.posts.changed[0].author.session_id == "ann");
        BOOST_TEST(t.posts.changed[0].body.value_or("none") == "better");
        BOOST_TEST(!t.posts.changed[1].body.has_value());
    });
}

// Somebody may have lost the wall before: only a look knows who.
BOOST_AUTO_TEST_CASE(after_a_change_of_access_a_post_waits_for_a_look)
{
    with_routes([](running_routes& t) {
        const client& reader = parked_reader(t);
        const int looks = t.chat.db.looks;
        auto e = written(2);
        e.access_changed = true;
        t.posts.written = e;
        t.posts.during = [&] { t.chat.db.add(1); };
        t.ask(post());
        BOOST_TEST(t.chat.db.looks == looks + 1);
        BOOST_TEST(tells(reader, 2));
    });
}

// The look began after the post was sent: what it knows of access is older than the post.
BOOST_AUTO_TEST_CASE(a_post_is_sent_with_what_is_known_of_access_before)
{
    with_routes([](running_routes& t) {
        parked_reader(t);
        const std::string before = t.chat.h->about_to_publish().access_known;
        BOOST_TEST(before != "");
        t.posts.written = written(2);
        t.ask(post());
        t.ask(edit());
        BOOST_TEST(t.posts.added.at(0).access_known == before);
        BOOST_TEST(t.posts.changed.at(0).access_known == before);
    });
}

BOOST_AUTO_TEST_CASE(texts_that_a_look_drops_while_a_post_is_under_way_are_not_handed_out)
{
    with_routes([](running_routes& t) {
        const client& reader = parked_reader(t);
        t.posts.during = [&] {
            t.chat.db.refresh(1); // the author has another name
            t.chat.look();
            t.chat.db.add(1, "as it is after the look");
        };
        t.posts.written = written(2);
        t.ask(post());
        BOOST_TEST(tells(reader, 2));
        BOOST_TEST(reader.body.find("as it is after the look") != std::string::npos);
    });
}

// It may have been committed.
BOOST_AUTO_TEST_CASE(after_an_error_of_the_database_the_hub_looks)
{
    with_routes([](running_routes& t) {
        const client& reader = parked_reader(t);
        t.posts.written = database_is_down;
        t.posts.during = [&] { t.chat.db.add(1); };
        const client& author = t.ask(post());
        BOOST_TEST(author.status() == 503);
        BOOST_TEST(tells(reader, 2));
        BOOST_TEST(t.measured.posts.Value() == 0);
        const client& next = t.ask(poll_after(2));
        BOOST_TEST(t.ask(edit()).status() == 503);
        BOOST_TEST(tells(next, 3));
    });
}

BOOST_AUTO_TEST_CASE(what_was_never_sent_needs_no_look)
{
    with_routes([](running_routes& t) {
        parked_reader(t);
        const int looks = t.chat.db.looks;
        t.posts.written = walls::db_error{walls::db_error_kind::overloaded, "queue"};
        BOOST_TEST(t.ask(post()).status() == 503);
        t.posts.written = db::denied::no_member;
        BOOST_TEST(t.ask(post()).status() == 403);
        BOOST_TEST(t.chat.db.looks == looks);
    });
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_is_told)
{
    with_routes([](running_routes& t) {
        t.posts.written = db::denied::key_in_use;
        BOOST_TEST(t.ask(post()).status() == 409);
        t.posts.written = db::denied::no_author;
        BOOST_TEST(t.ask(edit()).status() == 403);
        t.posts.written = db::denied::no_post;
        BOOST_TEST(t.ask(remove()).status() == 404);
        t.posts.written = db::failure(db::denied::unacceptable, "a trigger");
        const auto no_text = R"(422 {"errors":["The database does not take this text."]})";
        BOOST_TEST(t.ask(post()).said() == no_text);
        BOOST_TEST(t.ask(edit()).said() == no_text);
        BOOST_TEST(t.ask(remove()).said() ==
                   R"(422 {"errors":["The database does not let this post be deleted."]})");
        BOOST_TEST(t.measured.changes.Value() == 0);
    });
}

BOOST_AUTO_TEST_CASE(beyond_the_waiting_posts_a_post_is_503)
{
    running_routes::settings s;
    s.waiting_posts = 1;
    with_routes(
        [](running_routes& t) {
            t.posts.written = written(1);
            client* second = nullptr;
            t.posts.during = [&] { // while the first is committed
                second = &t.begin(post());
                let_others_run();
            };
            BOOST_TEST(t.ask(post()).status() == 201);
            BOOST_REQUIRE(second != nullptr);
            BOOST_TEST(second->status() == 503);
            BOOST_TEST(t.reached("database_waiting_jobs") == 1);
        },
        s);
}

BOOST_AUTO_TEST_CASE(a_post_that_says_nothing_readable_reaches_no_database)
{
    with_routes([](running_routes& t) {
        const auto refused = [&](const std::string& body) { return t.ask(post(body)).said(); };
        const auto no_text = R"(422 {"errors":["body must be a text."]})";
        const auto bad_key =
            R"(422 {"errors":["client_key must be 1 to 64 of A-Z a-z 0-9 . _ -"]})";
        BOOST_TEST(refused(R"({"text":"hi"})") == no_text);
        BOOST_TEST(refused(R"({"body":5})") == no_text);
        BOOST_TEST(refused(R"({"body":""})") == R"(422 {"errors":["A post needs a text."]})");
        BOOST_TEST(refused(R"({"body":"hi","client_key":""})") == bad_key);
        BOOST_TEST(refused(R"({"body":"hi","client_key":"a b"})") == bad_key);
        BOOST_TEST(refused(R"({"body":"hi","client_key":7})") == bad_key);
        BOOST_TEST(refused(R"({"body":"hi","client_key":")" + std::string(65, 'k') + "\"}") ==
                   bad_key);
        BOOST_TEST(refused(text_of(65'537)) ==
                   R"(413 {"errors":["A post may have 65,536 bytes."]})");
        BOOST_TEST(t.ask(edit(text_of(65'537))).status() == 413);
        BOOST_TEST(t.ask(edit(R"({"body":""})")).status() == 422);
        BOOST_TEST(t.ask(post("[1]")).status() == 400);
        BOOST_TEST(t.ask(post("{\"body\":\"\xff\"}")).status() == 422);
        http::request form = post("body=hi");
        form.content_type = "application/x-www-form-urlencoded";
        BOOST_TEST(t.ask(form).status() == 415);
        BOOST_TEST(t.posts.added.empty());
        BOOST_TEST(t.posts.changed.empty());
    });
}

BOOST_AUTO_TEST_CASE(the_largest_text_and_the_longest_key_are_taken)
{
    with_routes([](running_routes& t) {
        t.posts.written = written(1);
        BOOST_TEST(t.ask(post(text_of(65'536))).status() == 201);
        BOOST_TEST(t.posts.added.at(0).body.size() == 65'536u);
        BOOST_TEST(t.posts.added.at(0).client_key == "");
        BOOST_TEST(
            t.ask(post(R"({"body":"x","client_key":")" + std::string(64, 'k') + "\"}")).status() ==
            201);
    });
}

BOOST_AUTO_TEST_SUITE_END()
