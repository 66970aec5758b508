// Posting, walls and history through nginx, and that every reader gets every entry once.
#include "tests/e2e/chat.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdint>
#include <set>

using namespace e2e;

namespace {

// "3 4 5 before 3 newest 7" of an answer with history.
std::string history_of(const reply& a)
{
    const auto page = a.json();
    std::string out;
    for (const auto& post : page.at("posts").as_array()) {
        out += std::to_string(post.at("id").as_int64()) + " ";
    }
    if (page.at("more").as_bool()) {
        out += "before " + std::to_string(page.at("before").as_int64()) + " ";
    }
    return out + "newest " + std::to_string(page.at("newest").as_int64());
}

call history(const std::string& session_id, const std::string& query)
{
    return signed_by(session_id, {"GET", "/walls/1/posts" + query, {}, {}});
}

call mark_read(int wall, int id)
{
    auto c = post_json(R"({"id":)" + std::to_string(id) + "}",
                       "/walls/" + std::to_string(wall) + "/read");
    c.method = "PUT";
    return signed_by(ann, c);
}

// A psql session that stays open, to hold transactions open.
class psql {
public:
    explicit psql(chat& s)
        : connection_(PQconnectdb(s.owner_conninfo().c_str()), &PQfinish)
    {
    }
    void run(const std::string& text)
    {
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(
            PQexec(connection_.get(), text.c_str()), &PQclear);
        const auto status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        }
    }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// A good client: polls with its cursor and checks that each entry is the next one.
class reader {
public:
    explicit reader(chat& s)
        : chat_(s)
    {
        poll_.emplace(chat_, next());
    }
    // Takes answers until the cursor is at `entry`.
    void read_to(std::int64_t entry)
    {
        while (cursor_ < entry) {
            const auto a = poll_->wait();
            BOOST_REQUIRE_EQUAL(a.status, 200);
            const auto answered = a.json();
            const auto& walls = answered.at("walls").as_object();
            if (walls.contains("1")) {
                for (const auto& e : walls.at("1").at("posts").as_array()) {
                    BOOST_REQUIRE_EQUAL(e.at("id").as_int64(), cursor_ + 1);
                    ++cursor_;
                    bodies += std::string(e.at("body").as_string()) + " ";
                }
            }
            poll_.emplace(chat_, next());
        }
    }
    std::string bodies;

private:
    call next() const { return poll_call(ann, R"({"1":)" + std::to_string(cursor_) + "}"); }

    chat& chat_;
    std::int64_t cursor_ = 0;
    std::optional<hanging_call> poll_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(posting_)

BOOST_AUTO_TEST_CASE(a_post_is_acknowledged_with_its_entry)
{
    chat s;
    const auto a = s.send(say_call(ann, 1, "hello"));
    BOOST_TEST(a.status == 201);
    const auto entry = a.json().at("post");
    BOOST_TEST(entry.at("id").as_int64() == 1);
    BOOST_TEST(entry.at("body").as_string() == "hello");
    BOOST_TEST(entry.at("user_name").as_string() == "ann");
    // Acknowledged is committed, and readers get the very same entry.
    BOOST_TEST(s.sql("select body from pollster.posts") == "hello");
    const auto read =
        s.send(poll_call(bob, R"({"1":0})")).json().at("walls").at("1").at("posts").at(0);
    BOOST_TEST(boost::json::serialize(read) == boost::json::serialize(entry));
}

BOOST_AUTO_TEST_CASE(the_same_client_key_posts_once)
{
    chat s;
    const auto first = s.send(say_call(ann, 1, "once", "key-1"));
    const auto again = s.send(say_call(ann, 1, "once", "key-1"));
    BOOST_TEST(first.status == 201);
    BOOST_TEST(text_of(again) == "200 " + first.body);
    BOOST_TEST(s.send(say_call(ann, 1, "other", "key-1")).status == 409);
    BOOST_TEST(s.send(say_call(ann, 2, "once", "key-1")).status == 409);
    BOOST_TEST(s.send(say_call(bob, 1, "once", "key-1")).status == 201); // bob's own key
    BOOST_TEST(s.sql("select count(*) from pollster.posts") == "2");
}

// Failed before: the writer was told 201, and everybody who waited got the text.
BOOST_AUTO_TEST_CASE(a_post_that_the_application_hides_is_refused_and_reaches_nobody)
{
    chat s;
    s.sql("alter table pollster_default.posts add hidden int; create or replace view "
          "pollster.posts as select id, wall_id, user_id, body, created_at, edited_at from "
          "pollster_default.posts p where p.hidden is distinct from 1; create function "
          "public.judge() returns trigger language plpgsql as $$ begin if new.body like 'spam%' "
          "then new.hidden := 1; end if; return new; end $$; create trigger judge before insert on "
          "pollster_default.posts for each row execute function public.judge()");
    hanging_call waiting(s, poll_call(bob, R"({"1":0})"));
    s.until_parked(1);
    BOOST_TEST(text_of(s.send(say_call(ann, 1, "spam for all", "key"))) ==
               R"(422 {"errors":["The database does not take this text."]})");
    BOOST_TEST(s.send(say_call(ann, 1, "hello", "key")).status == 201); // the key is free again
    const auto news = waiting.wait();
    BOOST_TEST(entries_of(news) == "1:1");
    BOOST_TEST(news.body.find("spam") == std::string::npos, news.body);
    BOOST_TEST(history_of(s.send(history(bob, ""))) == "1 newest 1");
    BOOST_TEST(s.sql("select count(*) from pollster_default.posts") == "1");
}

BOOST_AUTO_TEST_CASE(the_list_of_walls_counts_what_is_unread)
{
    chat s;
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, n::text from "
          "generate_series(1, 5) as n");
    s.send(say_call(ann, 1, "my own"));
    const call list = signed_by(ann, {"GET", "/walls", {}, {}});
    BOOST_TEST(text_of(s.send(list)) ==
               R"(200 {"user":{"id":1,"name":"ann"},"access":)" + access_of(s, ann) +
                   R"(,"walls":[{"id":1,"name":"General","kind":"chat","newest":6,"epoch":)" +
                   s.epoch_of(1) +
                   R"(,"read":0,"unread":5},)"
                   R"({"id":2,"name":"Workshop","kind":"chat","newest":0,"epoch":)" +
                   s.epoch_of(2) + R"(,"read":0,"unread":0}]})");
    BOOST_TEST(text_of(s.send(mark_read(1, 3))) == R"(200 {"read":3})");
    BOOST_TEST(text_of(s.send(mark_read(1, 2))) == R"(200 {"read":3})"); // never backwards
    const auto first = s.send(list).json().at("walls").at(0);
    BOOST_TEST(first.at("read").as_int64() == 3);
    BOOST_TEST(first.at("unread").as_int64() == 2);
    BOOST_TEST(s.send(mark_read(3, 1)).status == 403);
}

BOOST_AUTO_TEST_CASE(history_pages_back)
{
    chat s;
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, n::text from "
          "generate_series(1, 7) as n");
    BOOST_TEST(history_of(s.send(history(ann, "?limit=3"))) == "5 6 7 before 5 newest 7");
    BOOST_TEST(history_of(s.send(history(ann, "?before=5&limit=3"))) == "2 3 4 before 2 newest 7");
    BOOST_TEST(history_of(s.send(history(ann, "?before=2&limit=3"))) == "1 newest 7");
    BOOST_TEST(history_of(s.send(history(ann, ""))) == "1 2 3 4 5 6 7 newest 7");
    for (const std::string bad : {"?limit=0", "?limit=201", "?limit=x", "?before=-1", "?before=0",
                                  "?before=9223372036854775808", "?before=%"}) {
        BOOST_TEST(s.send(history(ann, bad)).status == 400, bad);
    }
    BOOST_TEST(s.send(signed_by(cleo, {"GET", "/walls/2/posts", {}, {}})).status == 403);
}

BOOST_AUTO_TEST_CASE(writers_that_hold_transactions_open_across_each_other_lose_nothing)
{
    chat s;
    reader r(s);
    psql one(s);
    psql two(s);
    one.run("begin; " + insert_post(1, 1, "one"));
    two.run("begin; " + insert_post(1, 2, "two"));
    s.send(say_call(bob, 1, "three")); // nobody waits for an open transaction
    r.read_to(1);
    two.run("commit");
    r.read_to(2);
    two.run("begin; " + insert_post(1, 2, "rolled-back") + "; rollback");
    two.run("begin; " + insert_post(1, 2, "four"));
    one.run("commit");
    r.read_to(3);
    two.run("commit");
    r.read_to(4);
    BOOST_TEST(r.bodies == "three two one four ");
}

BOOST_AUTO_TEST_CASE(two_hundred_posts_by_three_writers_arrive_in_order_and_once)
{
    chat s;
    reader r(s);
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE_EQUAL(s.send(say_call(ann, 1, "x")).status, 201);
        if (i % 2 == 0) {
            BOOST_REQUIRE_EQUAL(s.send(say_call(bob, 1, "x")).status, 201);
        } else {
            s.sql(insert_post(1, 3, "x"));
        }
    }
    r.read_to(200);
}

// The head is held by somebody else, so that it is known what waits for what.
BOOST_AUTO_TEST_CASE(posts_that_wait_for_a_wall_are_committed_together_and_answered_each)
{
    chat s;
    s.send(say_call(ann, 1, "first"));
    reader r(s);
    r.read_to(1);
    psql holder(s);
    holder.run("begin; select from pollster.heads where wall_id = 1 for update");
    std::vector<std::unique_ptr<hanging_call>> posts;
    const auto post_one = [&](const std::string& session, const std::string& key) {
        posts.push_back(std::make_unique<hanging_call>(s, say_call(session, 1, "x", key)));
        eventually("the post is under way", [&] {
            return s.metric("pollster_posts_under_way") == static_cast<double>(posts.size());
        });
    };
    for (int i = 0; i < 30; ++i) {
        post_one(i % 2 == 0 ? ann : bob, "key-" + std::to_string(i));
    }
    post_one(cleo, "not-a-member-any-more");
    post_one(ann, "key-0");
    s.sql("delete from pollster.memberships where user_id = 3 and wall_id = 1");
    holder.run("commit");

    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < posts.size(); ++i) {
        const auto a = posts[i]->wait();
        BOOST_TEST_CONTEXT(i)
        {
            BOOST_TEST(a.status == (i == 30 ? 403 : i == 31 ? 200 : 201));
            ids.push_back(i == 30 ? 0 : a.json().at("post").at("id").as_int64());
        }
    }
    // The first two are groups of their own that wait for the head when the others come, and
    // PostgreSQL says nothing about who gets it first. The others are one group, in the order in
    // which they were sent.
    for (std::size_t i = 3; i < 30; ++i) {
        BOOST_TEST(ids[i] == ids[i - 1] + 1);
    }
    BOOST_TEST(std::set<std::int64_t>(ids.begin(), ids.begin() + 30).size() == 30u);
    BOOST_TEST(*std::min_element(ids.begin(), ids.begin() + 30) == 2);
    BOOST_TEST(*std::max_element(ids.begin(), ids.begin() + 30) == 31);
    BOOST_TEST(ids[31] == ids[0]);
    r.read_to(31);
    // The first two alone, for nobody else was there and a wall may have two groups under way, and
    // then all that had come meanwhile.
    BOOST_TEST(s.sql("select count(distinct xmin::text) from pollster.entries where id > 1") ==
               "3");
}

BOOST_AUTO_TEST_SUITE_END()
