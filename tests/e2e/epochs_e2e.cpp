// Walls whose id returns, heads that fall and texts that change outside the server: what members
// are told, through nginx.
#include "tests/e2e/chat.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

using namespace e2e;

namespace {

const boost::json::object& of_wall(const boost::json::value& answer, const char* wall)
{
    return answer.at("walls").at(wall).as_object();
}

// "reset to 3", or what else came.
std::string reset_of(const reply& r, const char* wall)
{
    if (r.status != 200) {
        return text_of(r);
    }
    const auto answered = r.json();
    if (!answered.at("walls").as_object().contains(wall)) {
        return text_of(r);
    }
    const auto& news = of_wall(answered, wall);
    return news.contains("reset") ? "reset to " + std::to_string(news.at("newest").as_int64())
                                  : text_of(r);
}

call poll_with_epoch(const std::string& session, const std::string& cursors,
                     const std::string& epochs)
{
    return post_json(R"({"session_id":")" + session + R"(","last_post_id":)" + cursors +
                     R"(,"epoch":)" + epochs + "}");
}

std::string posts(int wall, int user, int count, const std::string& text)
{
    return "insert into pollster.posts (wall_id, user_id, body) select " + std::to_string(wall) +
           ", " + std::to_string(user) + ", '" + text + " ' || n from generate_series(1, " +
           std::to_string(count) + ") n;";
}

// Wall 2 goes, and comes back with its id as a wall of cleo's, who never was a member of the old.
const std::string wall_two_for_cleo = "delete from pollster.walls where id = 2;"
                                      "insert into pollster.walls (id, name) values (2, 'Other');"
                                      "insert into pollster.memberships (user_id, wall_id) values "
                                      "(3, 2);";

} // namespace

BOOST_AUTO_TEST_SUITE(epochs_)

// Failed before: she was given the old texts from memory, then empty answers without end.
BOOST_AUTO_TEST_CASE(a_member_of_a_wall_whose_id_returned_sees_its_posts_only)
{
    for (const bool parked : {true, false}) {
        chat s;
        hanging_call keeps_looking(s, poll_call(bob, R"({"1":0})"));
        std::optional<hanging_call> old_member(std::in_place, s, poll_call(ann, R"({"2":0})"));
        s.until_parked(2);
        s.sql(posts(2, 1, 10, "old"));
        BOOST_TEST(entries_of(old_member->wait()) == "2:1 2 3 4 5 6 7 8 9 10");
        BOOST_TEST(text_of(s.send(poll_call(ann, R"({"2":0})"))).find("old 1") !=
                   std::string::npos); // remembered
        if (parked) {
            old_member.emplace(s, poll_call(ann, R"({"2":10})"));
            s.until_parked(2);
        }
        s.sql(wall_two_for_cleo);
        hanging_call cleos(s, poll_call(cleo, R"({"2":0})"));
        BOOST_TEST(stays(300ms, [&] { return !cleos.answered(); }));
        s.sql(posts(2, 3, 1, "new"));
        const auto first = cleos.wait();
        BOOST_TEST(entries_of(first) == "2:1");
        BOOST_TEST(text_of(first).find("old") == std::string::npos);
        hanging_call next(s, poll_call(cleo, R"({"2":1})"));
        BOOST_TEST(stays(300ms, [&] { return !next.answered(); }));
        s.send(say_call(cleo, 2, "newer"));
        BOOST_TEST(entries_of(next.wait()) == "2:2");
        BOOST_TEST(entries_of(s.send(poll_call(cleo, R"({"2":0})"))) == "2:1 2");
    }
}

BOOST_AUTO_TEST_CASE(an_old_member_who_may_see_the_new_wall_hears_reset_whatever_its_numbers_are)
{
    for (const int count : {0, 2, 3, 5}) {
        chat s;
        s.sql(posts(2, 1, 3, "old"));
        hanging_call of_ann(s, poll_call(ann, R"({"2":3})"));
        s.until_parked(1);
        const auto old_epoch = s.epoch_of(2);
        s.sql("begin;" + wall_two_for_cleo +
              "insert into pollster.memberships (user_id, wall_id) values (1, 2);" +
              (count > 0 ? posts(2, 3, count, "new") : "") + "commit");
        BOOST_TEST(reset_of(of_ann.wait(), "2") == "reset to " + std::to_string(count));
        // Of a client that was away, and says its epoch.
        const auto late = s.send(poll_with_epoch(ann, R"({"2":3})", R"({"2":)" + old_epoch + "}"));
        BOOST_TEST(reset_of(late, "2") == "reset to " + std::to_string(count));
        const auto list = s.send(signed_by(ann, {"GET", "/walls", {}, {}})).json();
        for (const auto& w : list.at("walls").as_array()) {
            if (w.at("id").as_int64() == 2) {
                BOOST_TEST(boost::json::serialize(w.at("epoch")) == s.epoch_of(2));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_answer_says_the_epoch_and_a_poll_may)
{
    chat s;
    const auto created = s.send(say_call(bob, 1, "one")).json();
    const auto epoch = s.epoch_of(1);
    BOOST_TEST(std::to_string(created.at("epoch").as_int64()) == epoch);
    const auto history = s.send(signed_by(ann, {"GET", "/walls/1/posts", {}, {}})).json();
    BOOST_TEST(std::to_string(history.at("epoch").as_int64()) == epoch);
    const auto polled = s.send(poll_call(ann, R"({"1":0})")).json();
    BOOST_TEST(std::to_string(of_wall(polled, "1").at("epoch").as_int64()) == epoch);

    const auto form = [&](const std::string& epochs) {
        return s.send(post_form("session_id=" + ann + "&last_post_id[1]=0" + epochs));
    };
    BOOST_TEST(entries_of(form("&epoch[1]=" + epoch)) == "1:1");
    BOOST_TEST(entries_of(form("&epoch[1]=5")) == "1:1"); // who holds nothing is of no epoch
    const auto stale = s.send(poll_with_epoch(ann, R"({"1":1})", R"({"1":5})"));
    BOOST_TEST(reset_of(stale, "1") == "reset to 1");
    hanging_call fits(s, poll_with_epoch(ann, R"({"1":1})", R"({"1":")" + epoch + "\"}"));
    s.until_parked(1);
    BOOST_TEST(form("&epoch[2]=5").status == 400);
    BOOST_TEST(form("&epoch[1]=x").status == 400);
    BOOST_TEST(form("&epoch[1]=9007199254740992").status == 400);
}

// Heads and entries that somebody changed by hand: a client that cannot be given what it asks for
// is told so once, and never asks in vain.
BOOST_AUTO_TEST_CASE(a_poll_behind_a_head_without_entries_is_reset_not_answered_empty)
{
    chat s;
    s.sql(posts(1, 2, 3, "x"));
    s.sql("update pollster.heads set last_entry = 8, changed_by = pg_current_xact_id()");
    BOOST_TEST(reset_of(s.send(poll_call(ann, R"({"1":3})")), "1") == "reset to 8");
    hanging_call parked(s, poll_call(ann, R"({"1":8})"));
    s.until_parked(1);
    s.send(say_call(bob, 1, "nine"));
    BOOST_TEST(entries_of(parked.wait()) == "1:9");
}

BOOST_AUTO_TEST_CASE(a_head_that_fell_where_no_trigger_saw_it_is_found_by_who_is_behind)
{
    chat s;
    hanging_call keeps_looking(s, poll_call(bob, R"({"2":0})"));
    s.sql(posts(1, 2, 5, "x"));
    BOOST_TEST(entries_of(s.send(poll_call(ann, R"({"1":4})"))) == "1:5");
    s.sql("begin; set local session_replication_role = replica;"
          "delete from pollster.entries where wall_id = 1 and id > 2;"
          "update pollster.heads set last_entry = 2 where wall_id = 1; commit");
    // Pages are kept for a second, and nothing has told that this one is another now.
    eventually("a reset",
               [&] { return reset_of(s.send(poll_call(ann, R"({"1":4})")), "1") == "reset to 2"; });
    hanging_call parked(s, poll_call(ann, R"({"1":2})"));
    s.until_parked(2);
}

BOOST_AUTO_TEST_CASE(from_memory_comes_what_the_database_says)
{
    chat s;
    hanging_call keeps_looking(s, poll_call(ann, R"({"2":0})"));
    const call from_start = poll_call(ann, R"({"1":0})");
    const auto remembered = [&] {
        s.sql("delete from pollster.walls where id = 1;"
              "insert into pollster.walls (id, name) values (1, 'General');"
              "insert into pollster.memberships (user_id, wall_id) values (1, 1), (2, 1), (3, 1);");
        // Until a look has seen the new wall he may be given the old one's text, which he might
        // see.
        std::optional<hanging_call> waits;
        eventually("parked on the new wall", [&] {
            waits.emplace(s, poll_call(bob, R"({"1":0})"));
            eventually("parked or answered",
                       [&] { return waits->answered() || s.metric("pollster_parked_polls") == 2; });
            return !waits->answered();
        });
        hanging_call& reader = *waits;
        s.until_parked(2);
        s.sql("insert into pollster.posts (id, wall_id, user_id, body) values (77, 1, 3, 'text')");
        eventually("delivered", [&] { return reader.answered(); });
        BOOST_TEST(text_of(s.send(from_start)).find(R"("user_name":"cleo")") != std::string::npos);
    };
    const auto shows = [&](const std::string& what) {
        eventually("polls from 0 show " + what,
                   [&] { return text_of(s.send(from_start)).find(what) != std::string::npos; });
    };
    remembered();
    s.sql("update pollster.users set name = 'cleopatra' where id = 3");
    shows(R"("user_name":"cleopatra")");
    s.sql("update pollster.users set name = 'cleo' where id = 3");

    remembered();
    s.sql("alter view pollster.posts rename to all_posts; create view pollster.posts as select id, "
          "wall_id, user_id, case when id = 77 then 'no longer shown' else body end as body, "
          "created_at, "
          "edited_at from pollster.all_posts; select pollster.let_serve(); select "
          "pollster.refresh_wall(1)");
    shows(R"("body":"no longer shown")");
    s.sql("drop view pollster.posts; alter view pollster.all_posts rename to posts;"
          "select pollster.let_serve(); select pollster.refresh_all()");

    remembered();
    s.sql("update pollster_default.posts set created_at = '2001-02-03 04:05:06+00'");
    shows(R"("created_at":"2001-02-03T04:05:06.000Z")");

    remembered();
    s.sql("delete from pollster.users where id = 3");
    shows(R"("user_name":"")");
}

BOOST_AUTO_TEST_CASE(a_truncate_of_the_posts_resets_who_is_there)
{
    chat s;
    s.sql(posts(1, 2, 3, "x"));
    hanging_call parked(s, poll_call(ann, R"({"1":3})"));
    s.until_parked(1);
    s.sql("truncate pollster_default.posts restart identity");
    BOOST_TEST(reset_of(poll_until_news(s, parked, poll_call(ann, R"({"1":3})")), "1") ==
               "reset to 0");
    s.send(say_call(bob, 1, "first"));
    BOOST_TEST(entries_of(s.send(poll_call(ann, R"({"1":0})"))) == "1:1");
}

BOOST_AUTO_TEST_SUITE_END()
