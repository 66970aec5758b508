// What this process has committed itself, before, during and after a look.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(feed_follower_own)

BOOST_AUTO_TEST_CASE(own_posts_in_order_are_delivered_without_a_question)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.posted(post(1));
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.looks == 1);
        BOOST_TEST(t.db.loads == 0);
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_that_ran_ahead_waits_for_the_one_before)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.add(1);
        t.posted(post(2));
        BOOST_TEST(t.newest(1) == 0);
        BOOST_TEST((a.outcome() == woken::risen)); // by the look that it asked for
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json ==
                   to_json(post(1)) + "," + to_json(post(2)));
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_behind_a_change_of_access_waits_for_the_look_that_applies_it)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["t"] = somebody(7);
        const auto before = t.access.find("t", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll revoked(t, {at(1, 0)}, 7);
        parked_poll member(t, {at(1, 0)}, 8);
        t.db.access_changed = {user_id{7}};
        t.db.add(1);
        t.posted(post(1), true);
        BOOST_TEST(t.newest(1) == 0);
        BOOST_TEST((revoked.outcome() == woken::access_changed));
        BOOST_TEST(!t.access.holds(before));
        BOOST_TEST((member.outcome() == woken::risen));
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_during_a_look_is_neither_lost_nor_doubled)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        fibers::sleeper hold;
        t.db.during_look = [&] {
            if (t.db.looks == 2) {
                hold.sleep();
            }
        };
        t.db.add(1);
        t.job.hint();
        let_others_run(); // the look has read entry 1 and is on its way
        t.posted(post(1));
        BOOST_TEST((a.outcome() == woken::risen));
        hold.wake();
        let_others_run();
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.db.loads == 0);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json == to_json(post(1)));
    });
}

// The notification of an own post overtakes the answer of the database, most of the time.
BOOST_AUTO_TEST_CASE(an_own_post_whose_entry_is_being_loaded_is_delivered_at_once_and_once)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        fibers::sleeper hold;
        t.db.during_load = [&] { hold.sleep(); };
        t.db.add(1);
        t.db.add(1);
        t.job.hint();
        let_others_run();
        BOOST_REQUIRE(t.db.loads == 1);
        t.posted(post(1));
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST((a.outcome() == woken::risen));
        hold.wake();
        let_others_run();
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json ==
                   to_json(post(1)) + "," + to_json(post(2)));
        BOOST_TEST(t.db.loads == 1);
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_of_another_epoch_waits_for_the_look_that_tells_of_it)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1, "old");
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        parked_poll a(t, {at(1, 1, 1)});
        t.db.replace(1, 2);
        t.posted(post(2, "new"), false, 2);
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.epoch(1) == 2);
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(!t.remembered(1));
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_that_a_look_has_not_seen_yet_is_no_fallen_head)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        fibers::sleeper hold;
        t.db.during_look = [&] {
            if (t.db.looks == 2) {
                hold.sleep();
            }
        };
        t.db.refresh(1);
        boost::fibers::fiber asker([&] { BOOST_TEST(t.catch_up({at(1, 9)}).has_value()); });
        let_others_run(); // the look has read head 1 and is on its way
        t.db.add(1);
        t.posted(post(2));
        hold.wake();
        asker.join();
        BOOST_TEST(t.newest(1) == 2);
    });
}

// Its text was read before the look that dropped what was remembered.
BOOST_AUTO_TEST_CASE(an_own_post_that_a_refresh_overtook_is_read_again)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        const auto before = t.recent.outdated();
        t.db.authors = {user_id{3}};
        t.job.hint();
        let_others_run();
        t.db.add(1, "as it is now");
        const auto old = post(1, "as it was");
        t.job.posted({old, wall_id{1}, wall_epoch{1}, false, before});
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json ==
                   to_json(post(1, "as it is now")));
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_that_a_look_without_changes_crossed_is_not_read_again)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        const auto before = t.recent.outdated();
        t.look();
        t.db.add(1);
        t.job.posted({t.db.feed[1].back(), wall_id{1}, wall_epoch{1}, false, before});
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.loads == 0);
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_on_a_wall_that_nobody_has_asked_for_is_left_to_the_look)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(2, 0)}).has_value());
        t.posted(post(1));
        let_others_run();
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.newest(1) == -1);
        BOOST_TEST(!t.remembered(1));
    });
}

// There was no room for it in memory, say. The read is older than what followed: an edit of it.
BOOST_AUTO_TEST_CASE(what_was_posted_and_dropped_during_a_load_does_not_come_back_with_it)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.during_load = [&] {
            t.posted(post(1));
            t.recent.forget(wall_id{1});
        };
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(!t.remembered(1));
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_of_before_the_look_may_be_cut_off_like_any)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.add(1);
        t.posted(post(1));
        BOOST_TEST(t.newest(1) == 1);
        t.db.cut_unnoticed(1, 0);
        BOOST_REQUIRE(t.catch_up({at(1, 2)}).has_value());
        BOOST_TEST(t.newest(1) == 0);
    });
}

BOOST_AUTO_TEST_SUITE_END()
