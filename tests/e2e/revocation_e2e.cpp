// Users who may no longer see a wall: their parked polls end or lose it within a second, and
// nothing written afterwards reaches them, however it was written. With a thousand parked polls
// each.
#include "bench/fcgi_client.hpp"
#include "tests/e2e/chat.hpp"
#include "text/number.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <thread>

using namespace e2e;

namespace {

constexpr int many = 1000;

// Polls of one session, all parked on one connection to the server's socket.
class crowd {
public:
    crowd(const chat& s, const std::string& session, const std::string& json_cursors)
        : client_([this](const bench::answer& a) { take(a); })
    {
        client_.connect(s.socket());
        const auto poll = poll_call(session, json_cursors);
        const auto head = bench::encode_request("POST", "/", poll.body.size(),
                                                {{"CONTENT_TYPE", "application/json"}});
        for (int i = 0; i < many; ++i) {
            client_.begin(0, head, poll.body);
        }
        while (client_.unsent_bytes() > 0) {
            client_.run(10ms);
        }
    }

    void until_answered()
    {
        eventually("all polls are answered", [&] {
            client_.run(1ms);
            return client_.in_flight() == 0;
        });
    }
    std::size_t waiting() const { return client_.in_flight(); }
    const std::map<std::string, int>& answers() const { return answers_; }
    void look() { client_.run(0ms); }

private:
    void take(const bench::answer& a)
    {
        ++answers_[std::to_string(a.status()) + " " + std::string(a.body())];
    }

    std::map<std::string, int> answers_; // status and body -> how many
    bench::fcgi_client client_;
};

void expect_all(crowd& polls, const std::string& answer, const std::string& what)
{
    polls.until_answered();
    BOOST_TEST(polls.answers().size() == 1u, what);
    for (const auto& [text, count] : polls.answers()) {
        BOOST_TEST(text == answer, what);
        BOOST_TEST(count == many, what);
    }
}

const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";
const std::string invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";
const std::string nothing = R"(200 {"walls":{}})";

std::int64_t newest(const chat& s)
{
    return text::parse_number<std::int64_t>(
               s.sql("select coalesce(max(last_entry), 0) from pollster.heads where wall_id = 1"),
               0, INT64_MAX)
        .value();
}

void readmit_cleo(const chat& s)
{
    s.sql("insert into pollster.memberships (user_id, wall_id) values (3, 1)");
    eventually("cleo sees the wall again", [&] {
        return s.send(signed_by(cleo, {"GET", "/walls/1/posts", {}, {}})).status == 200;
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(revocation_)

// By the notification alone, or by the next look; a poll that missed it would end later, with
// nothing.
BOOST_DATA_TEST_CASE(a_thousand_parked_polls_end, boost::unit_test::data::make({"on", "off"}),
                     notify)
{
    struct way {
        std::string name;
        std::function<void(const chat&)> revoke;
        std::string answer;
    };
    const auto sql = [](std::string text) { return [text](const chat& s) { s.sql(text); }; };
    const auto command = [](std::vector<std::string> words) {
        return [words](const chat& s) { BOOST_TEST(s.administer(words).code == 0); };
    };
    const way ways[] = {
        {"delete from memberships", sql("delete from pollster.memberships where user_id = 3"),
         invalid_parameters},
        {"delete from sessions", sql("delete from pollster.sessions where user_id = 3"),
         invalid_user},
        {"update users set disabled", sql("update pollster.users set disabled = true where id = 3"),
         invalid_user},
        {"delete from users", sql("delete from pollster.users where id = 3"), invalid_user},
        {"delete from walls", sql("delete from pollster.walls where id = 1"), invalid_parameters},
        {"pollster revoke", command({"revoke", "General", "cleo"}), invalid_parameters},
        {"pollster session revoke", command({"session", "revoke", "--user", "cleo"}), invalid_user},
        {"pollster user disable", command({"user", "disable", "cleo"}), invalid_user},
        {"pollster wall remove", command({"wall", "remove", "General", "--yes"}),
         invalid_parameters},
        {"DELETE /session",
         [](const chat& s) {
             BOOST_TEST(s.send(signed_by(cleo, {"DELETE", "/session", {}, {}})).status == 200);
         },
         invalid_user},
    };
    for (const way& w : ways) {
        chat s(std::string_view(notify) == "on" ? no_look_in_time : settings{{"notify", "off"}});
        crowd polls(s, cleo, R"({"1":0})");
        hanging_call of_a_member(s, poll_call(ann, R"({"1":0,"2":0})"));
        s.until_parked(many + 1);
        w.revoke(s);
        expect_all(polls, w.answer, w.name + ", notifications " + notify);
        BOOST_TEST(!of_a_member.answered(), w.name);
    }
}

BOOST_AUTO_TEST_CASE(a_poll_that_lost_one_of_its_walls_stays_for_the_other)
{
    chat s(settings{{"notify", "off"}});
    crowd polls(s, ann, R"({"1":0,"2":0})");
    s.until_parked(many);
    s.sql("delete from pollster.memberships where user_id = 1 and wall_id = 1");
    s.send(say_call(bob, 1, "not for ann"));
    s.send(say_call(bob, 2, "for ann"));
    polls.until_answered();
    BOOST_REQUIRE_EQUAL(polls.answers().size(), 1u);
    const auto& [text, count] = *polls.answers().begin();
    BOOST_TEST(count == many);
    BOOST_TEST(text.find("\"2\":{\"posts\":[{\"id\":1,") != std::string::npos, text);
    BOOST_TEST(text.find("not for ann") == std::string::npos, text);
}

// Failed before: an entry that was posted through this process was handed to its parked readers at
// once, before the process had looked who may still see the wall.
BOOST_AUTO_TEST_CASE(a_post_right_after_the_revocation_reaches_none_of_a_thousand_parked_polls)
{
    chat s(settings{{"notify", "off"}}); // nothing but the post itself tells the process
    for (int round = 1; round <= 5; ++round) {
        const auto cursor = R"({"1":)" + std::to_string(newest(s)) + "}";
        crowd polls(s, cleo, cursor);
        hanging_call of_bob(s, poll_call(bob, cursor));
        s.until_parked(many + 1);
        s.sql("delete from pollster.memberships where user_id = 3 and wall_id = 1");
        BOOST_TEST(s.send(say_call(ann, 1, "not for cleo")).status == 201);
        expect_all(polls, invalid_parameters, "a post right after the revocation");
        BOOST_TEST(entries_of(of_bob.wait()) == "1:" + std::to_string(round));
        readmit_cleo(s);
    }
}

// The same with posts before, during and after it: what was committed after the revocation reaches
// nobody who lost the wall.
BOOST_AUTO_TEST_CASE(in_a_stream_of_posts_nothing_from_after_the_revocation_arrives)
{
    for (const std::string notify : {"on", "off"}) {
        chat s(settings{{"notify", notify}});
        std::int64_t before = 0;
        for (int round = 0; round < 20; ++round) {
            std::int64_t last = newest(s);
            hanging_call poll(s, poll_call(cleo, R"({"1":)" + std::to_string(last) + "}"));
            s.until_parked(1);
            for (int i = 0; i < round % 4; ++i) {
                s.send(say_call(ann, 1, "early"));
            }
            s.sql("delete from pollster.memberships where user_id = 3 and wall_id = 1");
            before = newest(s); // all that cleo may know
            s.send(say_call(ann, 1, "late"));
            s.sql(insert_post(1, 2, "late as well"));
            auto a = poll.wait();
            while (a.status == 200) {
                const auto answered = a.json();
                for (const auto& e : answered.at("walls").at("1").at("posts").as_array()) {
                    last = e.at("id").as_int64();
                    BOOST_TEST(last <= before);
                }
                a = s.send(poll_call(cleo, R"({"1":)" + std::to_string(last) + "}"));
            }
            BOOST_TEST(text_of(a) == invalid_parameters);
            readmit_cleo(s);
        }
    }
}

// With nobody connected the process does not look; what it remembers of a session is then good for
// a second.
BOOST_AUTO_TEST_CASE(a_user_who_was_revoked_while_nobody_was_connected_is_out_within_a_second)
{
    chat s(settings{{"notify", "off"}});
    BOOST_TEST(s.send(signed_by(cleo, {"GET", "/walls/1/posts", {}, {}})).status == 200);
    s.sql("delete from pollster.memberships where user_id = 3");
    std::this_thread::sleep_for(1100ms);
    BOOST_TEST(s.send(signed_by(cleo, {"GET", "/walls/1/posts", {}, {}})).status == 403);
    // A poll looks before it is compared.
    s.sql("delete from pollster.memberships where user_id = 2");
    BOOST_TEST(text_of(s.send(poll_call(bob, R"({"1":0})"))) == invalid_parameters);
}

BOOST_AUTO_TEST_SUITE_END()
