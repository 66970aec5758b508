// Edits and deletions through nginx: readers that wait and readers that were away see them in
// order.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

using namespace e2e;

namespace {

std::int64_t post_of(const reply& r)
{
    return r.json().at("post").at("post_id").as_int64();
}

call change_call(const std::string& method, const std::string& session, std::int64_t post,
                 const std::string& body = {})
{
    const auto path = "/walls/1/posts/" + std::to_string(post);
    auto c = body.empty() ? call{method, path, {}, {}} : post_json(body, path);
    c.method = method;
    return signed_by(session, c);
}

} // namespace

BOOST_AUTO_TEST_CASE(changes_reach_who_waits_and_who_was_away)
{
    const chat s;
    const auto post = post_of(s.send(say_call(ann, 1, "first text")));
    s.send(say_call(ann, 1, "another"));

    hanging_call edited(s, poll_call(bob, R"({"1":2})"));
    s.until_parked(1);
    const auto edit = s.send(change_call("PATCH", ann, post, R"({"body":"second text"})"));
    BOOST_TEST(edit.status == 200);
    const auto edit_seen = edited.wait();
    BOOST_TEST(entries_of(edit_seen) == "1:3");
    BOOST_TEST(edit_seen.body.find("second text") != std::string::npos);

    hanging_call deleted(s, poll_call(bob, R"({"1":3})"));
    s.until_parked(1);
    BOOST_TEST(s.send(change_call("DELETE", ann, post)).status == 200);
    BOOST_TEST(entries_of(deleted.wait()) == "1:4");

    // Away since before the post: every number, no deleted text.
    const auto all = s.send(poll_call(bob, R"({"1":0})"));
    BOOST_TEST(entries_of(all) == "1:1 2 3 4");
    BOOST_TEST(all.body.find("first text") == std::string::npos);
    BOOST_TEST(all.body.find("second text") == std::string::npos);
    BOOST_TEST(all.body.find("another") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_change_is_refused_or_repeated_as_the_protocol_says)
{
    const chat s;
    const auto post = post_of(s.send(say_call(ann, 1, "mine")));
    const std::string text = R"({"body":"other"})";
    BOOST_TEST(s.send(change_call("PATCH", bob, post, text)).status == 403);
    BOOST_TEST(s.send(change_call("DELETE", bob, post)).status == 403);
    BOOST_TEST(s.send(change_call("PATCH", ann, post + 1000, text)).status == 404);
    BOOST_TEST(s.send(change_call("PATCH", ann, post, R"({"body":""})")).status == 422);
    const auto same = s.send(change_call("PATCH", ann, post, R"({"body":"mine"})"));
    BOOST_TEST(same.status == 200);
    BOOST_TEST(same.json().at("post").at("id").as_int64() == 1);
    const auto gone = text_of(s.send(change_call("DELETE", ann, post)));
    BOOST_TEST(gone.find(R"("id":2,)") != std::string::npos);
    BOOST_TEST(text_of(s.send(change_call("DELETE", ann, post))) == gone);
    BOOST_TEST(s.send(change_call("PATCH", ann, post, text)).status == 404);
    for (const std::string path :
         {"/walls/1/posts/", "/walls/1/posts/0", "/walls/1/posts/-1", "/walls/1/posts/1x",
          "/walls/1/posts/1/", "/walls//posts/1", "/walls/1/posts/99999999999999999999"}) {
        call c{"DELETE", path, {}, {}};
        BOOST_TEST(s.send(signed_by(ann, c)).status == 404);
    }
    BOOST_TEST(s.send(change_call("GET", ann, post)).status == 405);
}

BOOST_AUTO_TEST_CASE(what_the_applications_table_does_not_take_is_a_422_and_no_error)
{
    const chat s;
    s.sql("alter table pollster_default.posts add short varchar(20) generated always as (body) "
          "stored");
    const std::string secret = "a secret of more than twenty letters";
    const std::string refused = R"(422 {"errors":["The database does not take this text."]})";
    const auto post = post_of(s.send(say_call(ann, 1, "it fits")));
    hanging_call waiting(s, poll_call(bob, R"({"1":1})"));
    s.until_parked(1);
    BOOST_TEST(text_of(s.send(say_call(ann, 1, secret, "k"))) == refused);
    BOOST_TEST(text_of(s.send(
                   change_call("PATCH", ann, post, R"({"body":")" + secret + R"("})"))) == refused);
    BOOST_TEST(!waiting.answered());
    BOOST_TEST(s.send(say_call(ann, 1, "shorter", "k")).status == 201); // the key is still free
    BOOST_TEST(entries_of(waiting.wait()) == "1:2");

    s.sql("create table pins (post_id bigint references pollster_default.posts); "
          "insert into pins select id from pollster.posts");
    BOOST_TEST(text_of(s.send(change_call("DELETE", ann, post))) ==
               R"(422 {"errors":["The database does not let this post be deleted."]})");
    BOOST_TEST(s.metric("pollster_database_refusals_total") == 0);
    BOOST_TEST(s.log().find("the database does not take a post, answering 422: ERROR:  value too "
                            "long for type character varying(20) (SQLSTATE 22001)") !=
               std::string::npos);
    BOOST_TEST(s.log().find(secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cookie_needs_a_proof_for_a_change)
{
    const chat s;
    const auto post = post_of(s.send(say_call(ann, 1, "mine")));
    call c{"DELETE", "/walls/1/posts/" + std::to_string(post), {}, {}};
    c = with(c, "Cookie", "pollster_session=" + ann);
    BOOST_TEST(s.send(c).status == 403);
    BOOST_TEST(s.send(with(c, "X-CSRF-Token", "1")).status == 200);
}

BOOST_AUTO_TEST_CASE(a_search_finds_the_words_of_this_wall_for_its_members)
{
    const chat s;
    s.send(say_call(ann, 1, "the elephant is grey"));
    s.send(say_call(bob, 1, "grey clouds"));
    s.send(say_call(ann, 2, "elephant on wall 2"));
    const auto search = [&](const std::string& who, const std::string& wall, const std::string& q) {
        return s.send(signed_by(who, {"GET", "/walls/" + wall + "/posts?q=" + q, {}, {}}));
    };
    const auto found = search(cleo, "1", "grey+elephant");
    BOOST_TEST(found.status == 200);
    BOOST_TEST_REQUIRE(found.json().at("posts").as_array().size() == 1u);
    BOOST_TEST(found.json().at("posts").at(0).at("id").as_int64() == 1);
    BOOST_TEST(!found.json().at("more").as_bool());
    BOOST_TEST(found.json().at("newest").as_int64() == 2);
    BOOST_TEST(search(cleo, "2", "elephant").status == 403);
    BOOST_TEST(search(ann, "1", "%00").status == 422);
    BOOST_TEST(search(ann, "1", "%ff").status == 422);
    BOOST_TEST(search(ann, "1", std::string(1001, 'x')).status == 400);
    // A line that somebody copied.
    const std::string line = "C%3A%5CTemp%5Ca.txt%3A12%3A+error%3A+foo-%3Ebar(%22x+y%22)%2C+-1+or+";
    const std::string rest(900, 'x');
    s.sql("insert into pollster.posts (wall_id, user_id, body) values (1, 1, "
          "'so: C:\\Temp\\a.txt:12: error: foo->bar(\"x y\"), -1 or " +
          rest + " it said')");
    BOOST_TEST(search(ann, "1", line + rest).json().at("posts").as_array().size() == 1u);
    BOOST_TEST(search(ann, "1", "a&q=b").status == 400);
    BOOST_TEST(search(ann, "1", "").json().at("posts").as_array().empty());
}
