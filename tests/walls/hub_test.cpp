// What the hub puts together: each event reaches the part that it is for.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <numeric>
#include <string>
#include <thread>

using namespace walls;
using namespace walls::testing;

namespace {

// As publish(), and it is known when it was committed.
void publish_committed(running_hub& t, std::chrono::steady_clock::time_point when)
{
    t.db.add(1);
    const auto before = t.h->about_to_publish();
    const entry e = t.db.feed[1].back();
    t.h->published({e, wall_id{1}, wall_epoch{1}, false, before.outdated, when});
    let_others_run();
}

std::uint64_t deliveries(running_hub& t)
{
    const auto& all = t.h->delivery_times().counts();
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

} // namespace

BOOST_AUTO_TEST_SUITE(hub_)

// A look vouches for 5 s here. A round that took too long, on a busy machine, says nothing:
// another.
BOOST_AUTO_TEST_CASE(remembered_sessions_are_trusted_while_looks_succeed)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        for (bool quick = false; !quick;) {
            const auto began = std::chrono::steady_clock::now();
            t.wait({at(1, 1)});
            t.look();
            const auto before = t.who("ann");
            const int asked = t.db.finds;
            std::this_thread::sleep_for(access_cache::time_to_live);
            (void)t.who("ann");
            quick = std::chrono::steady_clock::now() - began < 5s;
            BOOST_TEST((!quick || t.db.finds == asked));
        }
    });
}

BOOST_AUTO_TEST_CASE(without_looks_a_session_is_asked_for_again_after_a_second)
{
    with_hub([](running_hub& t) {
        for (bool quick = false; !quick;) {
            const auto began = std::chrono::steady_clock::now();
            const int asked = t.db.finds;
            const auto before = t.who("ann");
            const auto again = t.who("ann");
            quick = std::chrono::steady_clock::now() - began < access_cache::time_to_live;
            BOOST_TEST((!quick || (again == before && t.db.finds == asked + 1)));
            std::this_thread::sleep_for(access_cache::time_to_live);
            const int known = t.db.finds;
            (void)t.who("ann");
            BOOST_TEST(t.db.finds == known + 1);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_session_that_was_signed_out_here_is_not_valid_and_the_parked_stay)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.sessions["bob"] = somebody(1);
        peer& of_ann = t.wait({at(1, 1)});
        const auto ann = t.who("ann");
        const auto bob = t.who("bob");
        BOOST_TEST(t.h->still_valid(ann));
        t.h->forget("ann");
        BOOST_TEST(!t.h->still_valid(ann));
        BOOST_TEST(t.h->still_valid(bob));
        let_others_run();
        BOOST_TEST(seen_by(of_ann) == "");
        // The news make it ask who this is.
        t.db.sessions.erase("ann");
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(of_ann) == "signed_out");
    });
}

BOOST_AUTO_TEST_CASE(a_session_that_has_run_out_is_not_valid)
{
    with_hub([](running_hub& t) {
        auto over = std::make_shared<identity>(*somebody(1));
        t.db.sessions["ann"] = over;
        const auto ann = t.who("ann");
        BOOST_TEST(t.h->still_valid(ann));
        auto ended = std::make_shared<identity>(*ann);
        ended->ends = std::chrono::steady_clock::now();
        t.db.sessions["bob"] = ended;
        const auto bob = t.who("bob");
        BOOST_TEST(!t.h->still_valid(bob));
    });
}

BOOST_AUTO_TEST_CASE(before_a_post_it_says_what_is_known_of_access_and_of_texts)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.wait({at(1, 1)});
        const auto last_look = [&] { return "after look " + std::to_string(t.db.looks); };
        const auto before = t.h->about_to_publish();
        BOOST_TEST(before.access_known == last_look());
        t.db.authors = {user_id{3}};
        t.look();
        const auto after = t.h->about_to_publish();
        BOOST_TEST(after.access_known == last_look());
        BOOST_TEST(after.access_known != before.access_known);
        BOOST_TEST(after.outdated > before.outdated);
    });
}

BOOST_AUTO_TEST_CASE(what_may_have_been_committed_is_looked_for)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        t.db.add(1);
        t.h->publishing_failed({db_error_kind::overloaded, "not sent"});
        let_others_run();
        BOOST_TEST(seen_by(p) == "");
        t.h->publishing_failed({db_error_kind::timed_out, "no answer"});
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:2");
        const int looks = t.db.looks;
        peer& q = t.wait({at(1, 2)});
        t.db.add(1);
        t.h->hints_arrive(true); // some were missed before
        let_others_run();
        BOOST_TEST(t.db.looks == looks + 1);
        BOOST_TEST(seen_by(q) == "1:3");
    });
}

// From the commit to the answer, of who was parked meanwhile.
BOOST_AUTO_TEST_CASE(deliveries_to_who_was_parked_are_timed)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& parked = t.wait({at(1, 1)});
        publish_committed(t, std::chrono::steady_clock::now() - 3s);
        BOOST_TEST(seen_by(parked) == "1:2");
        BOOST_TEST(deliveries(t) == 1u);
        BOOST_TEST(t.h->delivery_times().sum_seconds() >= 3);
        BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "1:2"); // was away
        BOOST_TEST(deliveries(t) == 1u);
        peer& of_unknown_age = t.wait({at(1, 2)});
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(of_unknown_age) == "1:3");
        BOOST_TEST(deliveries(t) == 1u);
        peer& of_others = t.wait({at(1, 3)});
        t.db.add(1);
        t.look();
        BOOST_TEST(seen_by(of_others) == "1:4");
        BOOST_TEST(deliveries(t) == 2u);
    });
}

// What was there before it saw the wall does not come late.
BOOST_AUTO_TEST_CASE(entries_of_a_wall_that_is_gained_are_not_timed)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{2}});
        t.db.sessions["bob"] = somebody(2);
        peer& gains = t.stream({at(1, 0), at(2, 0)});
        peer& had_it = t.wait({at(1, 0)}, "bob");
        publish_committed(t, std::chrono::steady_clock::now() - 1h);
        BOOST_TEST(seen_by(had_it) == "1:1");
        BOOST_TEST(deliveries(t) == 1u);
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(seen_by(gains) == "1:1");
        BOOST_TEST(t.db.loads == 0); // it was in memory
        BOOST_TEST(deliveries(t) == 1u);
        publish_committed(t, std::chrono::steady_clock::now());
        BOOST_TEST(seen_by(gains) == "1:1, 1:2");
        BOOST_TEST(deliveries(t) == 2u);
    });
}

// Each part hears of its own; the parking's tick is seen in parking_test.
BOOST_AUTO_TEST_CASE(other_settings_reach_each_part)
{
    with_hub([](running_hub& t) {
        for (int i = 0; i < 3; ++i) {
            t.db.add(1);
        }
        peer& p = t.wait({at(1, 3)});
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:4");
        BOOST_TEST(t.h->count().recent_bytes > 0u);
        auto s = t.chosen;
        s.recent.bytes = 0;
        s.backlog.entries = 2;
        t.h->change(s);
        BOOST_TEST(t.h->count().recent_bytes == 0u);
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1 1:2 more");
        s.max_parked = 0;
        t.h->change(s);
        BOOST_TEST(seen_by(t.wait({at(1, 4)})) == "too_many");
        const presence::client here = t.h->connect();
        BOOST_TEST(seen_by(t.wait({at(1, 3)})) == "1:4"); // the job knows of a client
        s.refresh.period = 1ms;
        t.h->change(s);
        const int looks = t.db.looks;
        until([&] { return t.db.looks > looks + 1; });
    });
}

BOOST_AUTO_TEST_CASE(what_is_kept_for_a_moment_goes)
{
    with_hub([](running_hub& t) {
        const auto now = std::chrono::steady_clock::now();
        t.db.add(1);
        t.wait({at(1, 0)});
        BOOST_TEST(t.room.held() > 0u); // the page
        t.h->every_second(now + 1h);
        BOOST_TEST(t.room.held() == 0u);
        t.h->sweep();
        BOOST_TEST(t.h->count().sessions == 1u); // it was asked for since the sweep before
        t.h->sweep();
        BOOST_TEST(t.h->count().sessions == 0u);
    });
}

// After many were parked at once, their stacks go back, but for some that stay warm.
BOOST_AUTO_TEST_CASE(stacks_of_those_who_were_parked_go_back)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        for (int i = 0; i < 400; ++i) {
            t.begin({at(1, 1)});
        }
        until([&] { return t.parked() == 400; });
        BOOST_TEST(t.h->count().clients == 400u);
        publish(t);
        until([&] { return t.parked() == 0; });
        BOOST_TEST(t.h->stacks_in_use() == 400u);
        for (int second = 0; second < 12; ++second) {
            t.h->every_second(std::chrono::steady_clock::now());
            let_others_run();
        }
        BOOST_TEST(t.h->stacks_in_use() == 128u);
    });
}

BOOST_AUTO_TEST_CASE(it_counts)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        peer& p = t.wait({at(1, 1), at(2, 0)});
        auto c = t.h->count();
        BOOST_TEST(c.clients == 1u);
        BOOST_TEST(c.parked == 1u);
        BOOST_TEST(c.walls == 2u);
        BOOST_TEST(c.sessions == 1u);
        BOOST_TEST(c.session_misses == 1u);
        BOOST_TEST(t.h->looks().looks == static_cast<unsigned>(t.db.looks));
        BOOST_TEST(c.wall_loads == 0u);
        BOOST_TEST(c.recent_bytes == 0u);
        const auto looks = t.h->looks().looks;
        t.db.add(1);
        t.look();
        BOOST_TEST(seen_by(p) == "1:2");
        (void)t.who("ann");
        c = t.h->count();
        BOOST_TEST(c.clients == 0u);
        BOOST_TEST(c.parked == 0u);
        BOOST_TEST(c.session_hits == 1u);
        BOOST_TEST(t.h->looks().looks == looks + 1);
        BOOST_TEST(c.wall_loads == 1u);
        BOOST_TEST(c.recent_bytes > 0u);
        BOOST_TEST(c.parked_beyond_user_limit == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
