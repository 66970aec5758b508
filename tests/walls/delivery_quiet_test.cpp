// A stream that nothing is written to for a while: the connection must not look dead.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(delivery_to_a_quiet_stream)

BOOST_AUTO_TEST_CASE(a_quiet_stream_is_kept_alive_and_goes_on_waiting)
{
    with_hub(
        [](running_hub& t) {
            peer& p = t.begin({at(1, 0)}, "ann", 1h, true);
            p.quiet_until = std::chrono::steady_clock::now() + 20ms;
            until([&] { return p.kept_alive == 1; });
            let_others_run();
            BOOST_TEST(t.parked() == 1u);
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(p) == "1:1");
        },
        ticking());
}

// It was quiet, too: that is no reason to go on.
BOOST_AUTO_TEST_CASE(a_quiet_stream_ends_at_its_deadline)
{
    with_hub(
        [](running_hub& t) {
            peer& p = t.begin({at(1, 0)}, "ann", 20ms, true);
            p.quiet_until = std::chrono::steady_clock::now() + 20ms; // not before the deadline
            let_others_run();
            block_the_loop(200ms);
            until([&] { return !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "time_up");
            BOOST_TEST(p.kept_alive == 0);
        },
        ticking());
}

// Whoever is woken hears of the first reason only: what came between the timer and the fiber is
// found all the same.
BOOST_AUTO_TEST_CASE(news_together_with_a_keep_alive)
{
    with_hub(
        [](running_hub& t) {
            peer& p = t.begin({at(1, 0)}, "ann", 1h, true);
            p.quiet_until = std::chrono::steady_clock::now() + 20ms;
            p.on_keep_alive = [&] { publish(t); }; // woken already, and not yet parked again
            until([&] { return p.kept_alive == 1; });
            let_others_run();
            BOOST_TEST(seen_by(p) == "1:1");
            BOOST_TEST(t.parked() == 1u);
        },
        ticking());
}

BOOST_AUTO_TEST_CASE(revoked_together_with_a_keep_alive)
{
    with_hub(
        [](running_hub& t) {
            peer& p = t.begin({at(1, 0)}, "ann", 1h, true);
            p.quiet_until = std::chrono::steady_clock::now() + 20ms;
            let_others_run();
            t.db.sessions.erase("ann");
            block_the_loop(200ms); // both are due in one turn
            t.h->access_changed(user_id{1});
            until([&] { return !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "signed_out");
            BOOST_TEST(p.kept_alive == 0);
        },
        ticking());
}

// A peer that does not read gets nothing more, not even a comment.
BOOST_AUTO_TEST_CASE(a_full_peer_is_not_kept_alive)
{
    with_hub(
        [](running_hub& t) {
            peer& p = t.begin({at(1, 0)}, "ann", 1h, true);
            p.quiet_until = std::chrono::steady_clock::now() + 20ms;
            let_others_run();
            p.full = true;
            bool waited = false;
            p.during_wait = [&] {
                waited = true;
                BOOST_TEST(p.kept_alive == 0);
                p.quiet_until = std::chrono::steady_clock::time_point::max();
            };
            until([&] { return waited; });
            let_others_run();
            BOOST_TEST(t.parked() == 1u);
        },
        ticking());
}

BOOST_AUTO_TEST_SUITE_END()
