// How much one user and one address may ask for.
#include "tests/e2e/chat.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <climits>
#include <deque>
#include <vector>

using namespace e2e;

namespace {

settings only(const std::string& option, const std::string& value)
{
    settings s{{"rate_limits", "on"}};
    for (const char* name :
         {"user_polls_per_second", "address_polls_per_second", "user_posts_per_second",
          "address_posts_per_second", "user_reads_per_second", "address_reads_per_second",
          "address_sign_ins_per_minute", "address_refusals_per_second",
          "sign_in_longest_delay_seconds", "max_parked_per_user"}) {
        s[name] = "0";
    }
    s[option] = value;
    return s;
}

call sign_in(const std::string& name, const std::string& password)
{
    return post_json(R"({"name":")" + name + R"(","password":")" + password + R"("})", "/session");
}

bool limit_was_reached(const chat& s, const std::string& option)
{
    return s.metric("pollster_limits_total{limit=\"" + option + "\"}") >= 1;
}

void expect_429(const reply& r)
{
    BOOST_TEST(r.status == 429, text_of(r));
    BOOST_TEST(text::parse_number<int>(r.header("Retry-After"), 0, INT_MAX).value_or(0) >= 1);
    BOOST_TEST(r.json().at("errors").as_array().size() == 1u);
}

// Calls until one is refused; how many were not.
int until_refused(const chat& s, const call& c, int most)
{
    for (int good = 0; good < most; ++good) {
        const auto r = s.send(c);
        if (r.status == 429) {
            expect_429(r);
            return good;
        }
    }
    return most;
}

// What others have used up is refused at once, or after the token or two that have come since: a
// bucket that nobody has used has ten.
void is_used_up(const chat& s, const call& c)
{
    BOOST_TEST(until_refused(s, c, 100) < 10);
}

} // namespace

BOOST_AUTO_TEST_SUITE(rates_)

BOOST_AUTO_TEST_CASE(posts_of_one_user_are_limited_and_those_of_another_are_not)
{
    chat s(only("user_posts_per_second", "1"));
    const auto good = until_refused(s, say_call(ann, 1, "hi"), 100);
    BOOST_TEST(good >= 10); // what ten seconds give
    BOOST_TEST(good < 100);
    BOOST_TEST(s.send(say_call(bob, 1, "hi")).status == 201);
    BOOST_TEST(s.sql("select count(*) from pollster.posts") == std::to_string(good + 1));
    BOOST_TEST(limit_was_reached(s, "user_posts_per_second"));
    eventually("ann may post again", [&] { return s.send(say_call(ann, 1, "hi")).status == 201; });
}

BOOST_AUTO_TEST_CASE(posts_from_one_address_are_limited)
{
    chat s(only("address_posts_per_second", "1"));
    BOOST_TEST(until_refused(s, say_call(ann, 1, "hi"), 100) < 100);
    is_used_up(s, say_call(bob, 1, "hi"));
}

BOOST_AUTO_TEST_CASE(polls_of_one_user_are_limited)
{
    chat s(only("user_polls_per_second", "1"));
    s.sql(insert_post(1, 2, "news"));
    BOOST_TEST(until_refused(s, poll_call(ann, R"({"1":0})"), 100) < 100);
    BOOST_TEST(s.send(poll_call(bob, R"({"1":0})")).status == 200);
}

BOOST_AUTO_TEST_CASE(polls_from_one_address_are_limited_whoever_they_say_they_are)
{
    chat s(only("address_polls_per_second", "1"));
    BOOST_TEST(until_refused(s, poll_call("nobody", R"({"1":0})"), 100) < 100);
    is_used_up(s, poll_call(ann, R"({"1":0})"));
}

BOOST_AUTO_TEST_CASE(sign_ins_from_one_address_are_limited)
{
    chat s(only("address_sign_ins_per_minute", "3"));
    BOOST_TEST(until_refused(s, sign_in("ann", "wrong"), 10) == 3);
    expect_429(s.send(sign_in("bob", "wrong")));
}

BOOST_AUTO_TEST_CASE(reads_of_one_user_are_limited_and_those_of_another_are_not)
{
    chat s(only("user_reads_per_second", "1"));
    const std::vector<call> reads{{"GET", "/walls", {}, {}},
                                  {"GET", "/session", {}, {}},
                                  {"GET", "/walls/1/posts", {}, {}},
                                  {"GET", "/walls/1/posts?q=hello", {}, {}}};
    BOOST_TEST(until_refused(s, signed_by(ann, reads[0]), 100) < 100);
    for (const auto& read : reads) {
        is_used_up(s, signed_by(ann, read));
        BOOST_TEST(s.send(signed_by(bob, read)).status == 200);
    }
    BOOST_TEST(limit_was_reached(s, "user_reads_per_second"));
}

BOOST_AUTO_TEST_CASE(reads_from_one_address_are_limited_whoever_they_say_they_are)
{
    chat s(only("address_reads_per_second", "1"));
    BOOST_TEST(until_refused(s, signed_by("nobody", {"GET", "/session", {}, {}}), 100) < 100);
    is_used_up(s, signed_by(ann, {"GET", "/walls", {}, {}}));
}

BOOST_AUTO_TEST_CASE(searches_are_limited_with_the_posts)
{
    chat s({{"rate_limits", "on"}, {"user_posts_per_second", "1"}});
    const call search{"GET", "/walls/1/posts?q=x", {}, {}};
    BOOST_TEST(until_refused(s, signed_by(ann, search), 100) < 100);
    BOOST_TEST(limit_was_reached(s, "user_posts_per_second"));
    BOOST_TEST(s.send(signed_by(ann, {"GET", "/walls/1/posts", {}, {}})).status == 200);
}

BOOST_AUTO_TEST_CASE(read_marks_are_limited_with_the_posts)
{
    chat s(only("user_posts_per_second", "1"));
    auto mark = post_json(R"({"id":0})", "/walls/1/read");
    mark.method = "PUT";
    BOOST_TEST(until_refused(s, signed_by(ann, mark), 100) < 100);
    BOOST_TEST(s.send(signed_by(bob, mark)).status == 200);
}

// One thread verifies, and not faster because many ask: what does not fit into the short queue is
// told so at once, and a right password of another address is next in turn.
BOOST_AUTO_TEST_CASE(a_flood_of_sign_ins_is_refused_at_once_and_delays_nobody)
{
    auto few = only("max_parked_per_user", "0");
    few["waiting_sign_ins"] = "4";
    chat s(few);
    s.sql("update pollster.users set password_hash = "
          "'$2b$09$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2' where name = 'bob'");
    std::deque<hanging_call> flood;
    for (int i = 0; i < 20; ++i) {
        flood.emplace_back(s, sign_in("bob", "wrong"));
    }
    // None of them is a thing of PostgreSQL's: posts and polls do not wait.
    BOOST_TEST(s.send(say_call(ann, 1, "meanwhile")).status == 201);
    BOOST_TEST(entries_of(s.send(poll_call(bob, R"({"1":0})"))) == "1:1");
    int refused = 0;
    for (auto& attempt : flood) {
        const auto r = attempt.wait();
        BOOST_TEST((r.status == 401 || r.status == 429), text_of(r));
        if (r.status == 429) {
            expect_429(r);
            ++refused;
        }
    }
    BOOST_TEST(refused >= 10); // one is verified and two wait, and so on
    BOOST_TEST(s.send(sign_in("ann", "ann secret")).status == 201);
}

BOOST_AUTO_TEST_CASE(failed_sign_ins_make_the_next_wait_the_same_for_a_name_that_does_not_exist)
{
    chat s(only("sign_in_longest_delay_seconds", "60"));
    for (const char* name : {"ann", "nobody"}) {
        const auto good = until_refused(s, sign_in(name, "wrong"), 20);
        BOOST_TEST(good >= 5, name);
        BOOST_TEST(good < 10, name);
        expect_429(s.send(sign_in(name, "ann secret"))); // the right one has to wait as well
    }
    BOOST_TEST(s.send(sign_in("cleo", "wrong")).status == 401); // another name does not
    eventually("ann signs in after the wait",
               [&] { return s.send(sign_in("ann", "ann secret")).status == 201; });
    for (int i = 0; i < 10; ++i) { // success wipes the slate clean
        BOOST_TEST(s.send(sign_in("ann", "ann secret")).status == 201);
    }
}

// Whatever they are refused for. Failed before: one client that asked again at once got 8,000
// refusals a second, and deliveries to others were late.
BOOST_AUTO_TEST_CASE(who_is_refused_without_end_is_answered_slowly)
{
    chat s(only("address_refusals_per_second", "1"));
    const std::vector<call> refused{poll_call("nobody", R"({"1":0})"),
                                    {"GET", "/nothing", {}, {}},
                                    {"GET", "/walls", {}, {}},
                                    sign_in("ann", "wrong")};
    const auto refuse = [&](int times) {
        const stopwatch watch;
        for (int i = 0; i < times; ++i) {
            const auto r = s.send(refused[static_cast<std::size_t>(i) % refused.size()]);
            BOOST_TEST(r.status >= 400);
            BOOST_TEST(r.status < 500);
        }
        return watch.ms();
    };
    const auto held = [&] {
        return s.metric("pollster_limits_total{limit=\"address_refusals_per_second\"}");
    };
    refuse(10); // what ten seconds give
    BOOST_TEST(held() == 0);
    for (int i = 0; i < 1000 && held() < 2; ++i) {
        refuse(1);
    }
    BOOST_TEST(held() >= 2);
    const auto before = held();
    // What is not refused does not wait, nor counts.
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(s.send(say_call(ann, 1, "hi")).status == 201);
    }
    BOOST_TEST(held() == before);
    const auto took = refuse(12);
    BOOST_TEST(took >= 500 * static_cast<long>(held() - before));
}

BOOST_AUTO_TEST_CASE(beyond_its_cap_of_parked_polls_the_oldest_of_a_user_is_answered)
{
    chat s(with(only("max_parked_per_user", "3"), {{"poll_seconds", "3600"}}));
    hanging_call of_bob(s, poll_call(bob, R"({"1":0})"));
    s.until_parked(1);
    std::deque<hanging_call> polls;
    for (int i = 0; i < 5; ++i) {
        polls.emplace_back(s, poll_call(ann, R"({"1":0})"));
        if (i < 3) {
            s.until_parked(2 + i);
        } else {
            BOOST_TEST(text_of(polls[static_cast<std::size_t>(i - 3)].wait()) ==
                       R"(200 {"walls":{}})");
        }
    }
    s.until_parked(4);
    BOOST_TEST(!of_bob.answered());
    s.send(say_call(bob, 1, "for all"));
    for (std::size_t i = 2; i < 5; ++i) {
        BOOST_TEST(entries_of(polls[i].wait()) == "1:1");
    }
    BOOST_TEST(limit_was_reached(s, "max_parked_per_user"));
}

BOOST_AUTO_TEST_SUITE_END()
