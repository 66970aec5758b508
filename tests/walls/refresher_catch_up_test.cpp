// Who waits for a look, and for whom the last one is good enough.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(refresher_catch_up)

BOOST_AUTO_TEST_CASE(first_poll_after_idle_sees_new_posts)
{
    in_loop([](fibers::reactor&) {
        running t(1ms);
        {
            const presence::client here(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        }
        boost::this_fiber::sleep_for(5ms);
        t.db.add(1);
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
    });
}

// Even within the period: what was written while nobody was there is not told by a look that came
// before.
BOOST_AUTO_TEST_CASE(the_first_client_after_the_last_one_left_looks_first)
{
    in_loop([](fibers::reactor&) {
        running t; // a period of an hour
        {
            const presence::client leaves(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        }
        t.db.add(1);
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.db.looks == 2);
    });
}

// A client that was behind got its entries from the database, which may be ahead of the hash; with
// several servers the next poll may also reach one that has not looked since. Neither is a database
// that was restored.
BOOST_AUTO_TEST_CASE(a_cursor_above_the_known_number_is_looked_up)
{
    in_loop([](fibers::reactor&) {
        running t; // a period of an hour
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 2)}).has_value());
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.db.looks == 2);

        // One that stays above costs a look each time, and is above afterwards as well.
        BOOST_REQUIRE(t.catch_up({at(1, 9)}).has_value());
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.db.looks == 3);
    });
}

BOOST_AUTO_TEST_CASE(a_cursor_of_another_epoch_is_looked_up)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        BOOST_REQUIRE(t.catch_up({at(1, 1, 1)}).has_value());
        BOOST_TEST(t.db.looks == 1);
        BOOST_REQUIRE(t.catch_up({at(1, 1, 7)}).has_value());
        BOOST_TEST(t.db.looks == 2);
        BOOST_REQUIRE(t.catch_up({at(1, 0, 7)}).has_value()); // who holds nothing is of no epoch
        BOOST_TEST(t.db.looks == 2);
    });
}

// The wall that they were granted may be another than the one that is known by its id.
BOOST_AUTO_TEST_CASE(who_was_read_after_the_last_look_waits_for_the_next)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1, "old");
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        t.db.replace(1, 1);
        const auto now = std::chrono::steady_clock::now();
        const cursor says_epoch[] = {at(1, 1, 1)};
        BOOST_REQUIRE(t.job.catch_up(says_epoch, now).has_value());
        BOOST_TEST(t.db.looks == 1);
        const cursor from_start[] = {at(1, 0)};
        BOOST_REQUIRE(t.job.catch_up(from_start, now).has_value());
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.epoch(1) == 2);
        BOOST_REQUIRE(t.job.catch_up(from_start, now).has_value());
        BOOST_TEST(t.db.looks == 2);
        const auto later = std::chrono::steady_clock::now();
        BOOST_REQUIRE(t.catch_up({at(1, 0, 2)}, later).has_value()); // of nothing there is no epoch
        BOOST_TEST(t.db.looks == 3);
        const auto latest = std::chrono::steady_clock::now();
        BOOST_REQUIRE(t.catch_up({at(1, 1)}, latest).has_value());
        BOOST_TEST(t.db.looks == 4);
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_was_answered_comes_back_for_nothing)
{
    in_loop([](fibers::reactor&) {
        running t;
        {
            presence::client polls(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            polls.answered();
        }
        const presence::client again(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.db.looks == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_fresh_hash_that_knows_the_walls_costs_nothing)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.db.looks == 1);
        BOOST_REQUIRE(t.catch_up({at(2, 0)}).has_value()); // not known yet
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.newest(2) == 0);
        BOOST_REQUIRE(t.catch_up({at(1, 0), at(3, 0), at(2, 0)}).has_value()); // one of them is not
        BOOST_TEST(t.db.looks == 3);
    });
}

BOOST_AUTO_TEST_CASE(who_asks_during_a_look_waits_for_the_next)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(9, 0)}).has_value());
        fibers::sleeper hold;
        t.db.during_look = [&] {
            if (t.db.looks == 2) {
                hold.sleep();
            }
        };
        boost::fibers::fiber first([&] { BOOST_TEST(t.catch_up({at(1, 0)}).has_value()); });
        let_others_run();
        t.db.add(2); // too late for the look that runs
        boost::fibers::fiber second([&] {
            BOOST_TEST(t.catch_up({at(2, 0)}).has_value());
            BOOST_TEST(t.newest(2) == 1);
        });
        let_others_run();
        hold.wake();
        first.join();
        second.join();
        BOOST_TEST(t.db.looks == 3);
    });
}

BOOST_AUTO_TEST_CASE(what_an_old_look_knew_is_not_good_enough_while_looks_fail)
{
    in_loop([](fibers::reactor&) {
        running often(1ms);
        const presence::client here(often.presence);
        BOOST_REQUIRE(often.catch_up({at(1, 0)}).has_value());
        often.db.down = true;
        boost::this_fiber::sleep_for(2ms); // the period is over
        BOOST_TEST(often.catch_up({at(1, 0)}).has_error());
        BOOST_TEST(!often.job.looks_succeed(std::chrono::steady_clock::now() + 2ms));
    });
}

BOOST_AUTO_TEST_CASE(a_look_that_failed_is_good_for_nobody)
{
    in_loop([](fibers::reactor&) {
        running t;
        {
            const presence::client leaves(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        }
        const presence::client here(t.presence);
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(1, 0)}).has_error());
        BOOST_TEST(t.catch_up({at(1, 0)}).has_error());
        t.db.down = false;
        t.db.add(1);
        BOOST_TEST(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
    });
}

// That look may have asked the database before the user was read.
BOOST_AUTO_TEST_CASE(who_was_read_during_a_look_waits_for_the_next)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        fibers::steady_time read_at;
        t.db.during_look = [&] { read_at = std::chrono::steady_clock::now(); };
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_REQUIRE(t.catch_up({at(1, 0)}, read_at).has_value());
        BOOST_TEST(t.db.looks == 2);
    });
}

BOOST_AUTO_TEST_CASE(after_the_last_client_left_during_a_look_the_next_one_looks)
{
    in_loop([](fibers::reactor&) {
        running t;
        auto leaves = std::make_unique<presence::client>(t.presence);
        t.db.during_look = [&] { leaves.reset(); };
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.db.looks == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_look_asks_for_the_walls_that_do_not_fit_each_once)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        const auto walls = [](std::vector<wall_id> w) { return w; };
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        std::vector<boost::fibers::fiber> askers;
        for (int i = 0; i < 3; ++i) {
            askers.emplace_back(
                [&] { BOOST_TEST(t.catch_up({at(1, 0), at(3, 0), at(2, 0)}).has_value()); });
        }
        for (auto& asker : askers) {
            asker.join();
        }
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST((t.db.asked == walls({wall_id{2}, wall_id{3}})));
        const cursor behind[] = {at(2, 0), at(1, 0)};
        BOOST_REQUIRE(t.job.look_again(behind).has_value());
        BOOST_TEST((t.db.asked == walls({wall_id{1}, wall_id{2}})));
    });
}

BOOST_AUTO_TEST_SUITE_END()
