// The new entries of watched walls are loaded once, and no further than a look has seen.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(feed_follower_load)

BOOST_AUTO_TEST_CASE(new_entries_are_read_once_for_all_readers)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        parked_poll b(t, {at(1, 0)});
        t.db.add(1);
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST((b.outcome() == woken::risen));
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 10).value().json == to_json(post(1)));
    });
}

BOOST_AUTO_TEST_CASE(walls_that_nobody_watches_rise_without_a_read)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(2, 0)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.db.loads == 0);
    });
}

BOOST_AUTO_TEST_CASE(more_than_a_page_is_read_to_the_end)
{
    in_loop([](fibers::reactor&) {
        running t; // pages of 3
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        for (int i = 0; i < 8; ++i) {
            t.db.add(1);
        }
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.newest(1) == 8);
        BOOST_TEST(t.db.loads == 3);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 100).has_value());
    });
}

BOOST_AUTO_TEST_CASE(a_read_that_failed_is_repeated_and_nothing_is_lost)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.loads_fail = true;
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(t.newest(1) == 0); // not promised before it is at hand
        BOOST_TEST((a.why == woken::not_yet));
        t.db.loads_fail = false;
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 1);
    });
}

// What was committed after the look may have been written after somebody lost the wall, of which
// the look knows nothing.
BOOST_AUTO_TEST_CASE(entries_younger_than_the_look_wait_for_the_next_look)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.during_look = [&] {
            if (t.db.looks == 2) {
                t.db.add(1);
            }
        };
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json == to_json(post(1)));
        parked_poll b(t, {at(1, 1)});
        t.job.hint();
        BOOST_TEST((b.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 2);
    });
}

// They would be found missing again, page after page, for as long as somebody goes on posting.
BOOST_AUTO_TEST_CASE(for_entries_younger_than_the_look_no_further_page_is_read)
{
    in_loop([](fibers::reactor&) {
        running t; // pages of 3
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        for (int i = 0; i < 3; ++i) {
            t.db.add(1);
        }
        t.db.during_look = [&] { t.db.add(1); };
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.newest(1) == 3);
        BOOST_TEST(t.db.loads == 1);
    });
}

BOOST_AUTO_TEST_CASE(entries_that_are_missing_below_the_head_are_not_waited_for)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        parked_poll a(t, {at(1, 1, 1)});
        t.db.add(1);
        t.db.add(1);
        t.db.feed[1].erase(t.db.feed[1].begin() + 1);
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 3);
    });
}

// Failed before: the same page was read again and again, and nothing else was looked at any more.
BOOST_AUTO_TEST_CASE(entries_that_are_missing_are_not_looked_for_above_the_head)
{
    in_loop([](fibers::reactor&) {
        running t; // pages of 3
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        parked_poll a(t, {at(1, 1, 1)});
        t.db.add(1);
        t.db.during_look = [&] {
            if (t.db.looks == 2) { // the head was 2
                for (int i = 0; i < 5; ++i) {
                    t.db.add(1);
                }
                t.db.feed[1].erase(t.db.feed[1].begin() + 1);
            }
        };
        t.db.during_load = [&] { t.db.loads_fail = t.db.loads > 9; };
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.db.loads == 1);
        parked_poll b(t, {at(1, 2, 1)});
        t.look();
        BOOST_TEST((b.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 7);
    });
}

// Failed before: from memory came the text of before the edit.
BOOST_AUTO_TEST_CASE(what_is_remembered_goes_when_a_wall_rises_that_nobody_watches)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        {
            parked_poll a(t, {at(1, 0)});
            t.db.add(1, "secret");
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        }
        BOOST_REQUIRE(t.remembered(1));
        t.db.add(1, "an edit of it");
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(!t.remembered(1));
    });
}

BOOST_AUTO_TEST_CASE(a_read_asks_for_a_thousand_walls_at_most)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        std::vector<cursor> walls;
        for (int wall = 1; wall <= 1500; ++wall) {
            walls.push_back(at(wall, 0));
        }
        BOOST_REQUIRE(t.catch_up(walls).has_value());
        parked_poll a(t, walls);
        for (const cursor& c : walls) {
            t.db.add(number(c.wall));
        }
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.newest(1500) == 1);
        BOOST_TEST(t.db.loads == 2);
        BOOST_TEST(t.db.largest_read == 1000u);
        BOOST_TEST(t.job.wall_loads() == 1500u);
    });
}

// Rows that somebody has deleted below the head. One of them may have been an edit of what is
// remembered.
BOOST_AUTO_TEST_CASE(when_no_entry_is_there_the_wall_rises_and_what_is_remembered_goes)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        {
            parked_poll a(t, {at(1, 0)});
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        }
        BOOST_TEST(t.remembered(1));
        parked_poll b(t, {at(1, 1)});
        t.db.add(1);
        t.db.missing_from_pages = true;
        t.job.hint();
        BOOST_TEST((b.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(!t.remembered(1));
        BOOST_TEST(t.db.loads == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_head_that_fell_between_look_and_read_is_not_promised)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.during_look = [&] { t.db.cut_unnoticed(1, 0); };
        t.look();
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(t.newest(1) == 0);
        BOOST_TEST((a.why == woken::not_yet));
    });
}

BOOST_AUTO_TEST_CASE(after_large_texts_their_readers_run_before_the_other_walls_are_written)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        std::vector<cursor> walls;
        for (int wall = 1; wall <= 10; ++wall) {
            walls.push_back(at(wall, 0));
        }
        BOOST_REQUIRE(t.catch_up(walls).has_value());
        parked_poll first(t, {at(1, 0)});
        parked_poll all(t, walls);
        std::int64_t last_wall = -1;
        first.when_woken = [&] { last_wall = t.newest(10); };
        for (const cursor& c : walls) {
            t.db.add(number(c.wall), std::string(66'000, 'x'));
        }
        t.job.hint();
        BOOST_TEST((first.outcome() == woken::risen));
        BOOST_TEST(last_wall == 0);
        let_others_run();
        BOOST_TEST(t.newest(10) == 1);
        BOOST_TEST(t.db.loads == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_nobody_has_asked_for_stays_unknown)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.add(2);
        t.look();
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.newest(2) == -1);
        BOOST_TEST(t.hash.known() == 1u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
