// Another history begins: of a wall, or of the whole database.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(feed_follower_history)

BOOST_AUTO_TEST_CASE(a_restored_database_lowers_the_hash_and_wakes_everybody)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        for (int i = 0; i < 5; ++i) {
            t.db.add(1);
        }
        BOOST_REQUIRE(t.catch_up({at(1, 5)}).has_value());
        parked_poll a(t, {at(1, 5)});
        t.db.feed[1].resize(2);
        t.db.forget_everything = true;
        t.job.hint();
        BOOST_TEST(
            (a.outcome() == woken::access_changed)); // asks again who this is, and compares again
        let_others_run();
        BOOST_TEST(t.newest(1) == 2);
    });
}

// Failed before: the walls that had just been asked for were forgotten again by the same look.
BOOST_AUTO_TEST_CASE(after_a_look_that_forgot_everything_the_walls_asked_for_are_known)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1);
        t.db.forget_everything = true;
        t.db.add(3);
        BOOST_REQUIRE(t.catch_up({at(3, 1), at(1, 1), at(2, 0), at(1, 1)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.newest(2) == 0);
        BOOST_TEST(t.newest(3) == 1);
        BOOST_TEST((t.db.asked == std::vector<wall_id>{wall_id{1}, wall_id{2}, wall_id{3}}));
    });
}

// The id of a wall that returns: what was known of the former one goes, whatever the numbers are.
BOOST_AUTO_TEST_CASE(a_wall_that_was_replaced_begins_anew_for_who_is_parked)
{
    in_loop([](fibers::reactor&) {
        for (const int posts : {0, 1, 3, 5}) {
            running t;
            const presence::client here(t.presence);
            for (int i = 0; i < 3; ++i) {
                t.db.add(1, "old");
            }
            BOOST_REQUIRE(t.catch_up({at(1, 3)}).has_value());
            BOOST_TEST(t.epoch(1) == 1);
            parked_poll a(t, {at(1, 3, 1)});
            t.db.replace(1, posts);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen), "with " << posts << " posts");
            let_others_run();
            BOOST_TEST(t.newest(1) == posts);
            BOOST_TEST(t.epoch(1) == 2);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_was_replaced_between_looks_leaves_nothing_in_memory)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        {
            parked_poll a(t, {at(1, 0)});
            t.db.add(1, "old");
            t.db.add(1, "old");
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        }
        BOOST_REQUIRE(t.remembered(1));
        t.db.replace(1, 1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(!t.remembered(1));
        BOOST_TEST(t.epoch(1) == 2);
        // What follows is delivered like on any wall.
        parked_poll b(t, {at(1, 1, 2)});
        t.db.add(1, "newer");
        t.job.hint();
        BOOST_TEST((b.outcome() == woken::risen));
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{1}, 9).value().json ==
                   to_json(post(2, "newer")));
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_replaced_while_its_entries_are_loaded_mixes_nothing)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.add(1, "old");
        t.job.hint();
        let_others_run();
        parked_poll a(t, {at(1, 1, 1)});
        t.db.during_look = [&] {
            if (t.db.looks == 3) {
                t.db.replace(1, 4); // after the look has seen entry 2 of the old one
            }
        };
        t.db.add(1, "old");
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.epoch(1) == 2);
        BOOST_TEST(t.newest(1) == 4);
        BOOST_TEST(!t.remembered(1));
    });
}

BOOST_AUTO_TEST_CASE(the_first_entry_of_a_wall_brings_its_epoch_and_is_delivered)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0, 1)});
        t.db.epochs[1] = 5;
        t.db.add(1);
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.epoch(1) == 5);
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(t.recent.after(wall_id{1}, entry_id{0}, 9).value().json == to_json(post(1)));
    });
}

// Whoever asks above the head finds it out, where no trigger was there to tell.
BOOST_AUTO_TEST_CASE(a_head_that_fell_unnoticed_falls_here_when_somebody_asks)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        for (int i = 0; i < 5; ++i) {
            t.db.add(1);
        }
        BOOST_REQUIRE(t.catch_up({at(1, 5)}).has_value());
        parked_poll a(t, {at(1, 5, 1)});
        t.db.cut_unnoticed(1, 2);
        BOOST_REQUIRE(t.catch_up({at(1, 6)}).has_value());
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST((a.outcome() == woken::risen));
        t.db.cut_unnoticed(1, 1);
        const cursor behind[] = {at(1, 0)};
        BOOST_REQUIRE(t.job.look_again(behind).has_value());
        BOOST_TEST(t.newest(1) == 1);
    });
}

BOOST_AUTO_TEST_CASE(what_was_remembered_of_a_restored_database_goes)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["t"] = somebody(7);
        const auto before = t.access.find("t", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0), at(2, 0)}).has_value());
        for (int i = 0; i < 3; ++i) {
            t.db.add(2);
        }
        {
            parked_poll a(t, {at(1, 0)});
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        }
        BOOST_TEST(t.remembered(1));
        BOOST_TEST(t.newest(2) == 3);
        parked_poll stays(t, {at(1, 1, 1)});
        t.db.cut_unnoticed(2, 2);
        t.db.forget_everything = true;
        t.look();
        BOOST_TEST(!t.access.holds(before));
        BOOST_TEST(!t.remembered(1));
        BOOST_TEST(t.newest(1) == 1);  // somebody watched it
        BOOST_TEST(t.newest(2) == -1); // nobody: a cursor of before would seem to fit
        BOOST_REQUIRE(t.catch_up({at(2, 3)}).has_value());
        BOOST_TEST(t.newest(2) == 2);
    });
}

// "Forget everything" is said once: whoever could not finish has to know it.
BOOST_AUTO_TEST_CASE(a_look_that_forgot_everything_and_failed_is_made_up_for_by_the_next)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        for (int i = 0; i < 5; ++i) {
            t.db.add(1);
        }
        BOOST_REQUIRE(t.catch_up({at(1, 5)}).has_value());
        parked_poll a(t, {at(1, 5)});
        t.db.feed[1].resize(2);
        t.db.forget_everything = true;
        a.when_woken = [&] { BOOST_TEST(t.newest(1) == 5); };
        t.db.during_look = [&] { t.db.down = true; }; // it answers once more
        BOOST_TEST(t.catch_up({at(1, 5), at(2, 0)}).has_error());
        t.db.during_look = [] {};
        t.db.down = false;
        const int looks = t.db.looks;
        parked_poll watching(t, {at(1, 5)});
        t.look();
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(t.db.looks == looks + 2);
        t.look();
        BOOST_TEST(t.db.looks == looks + 3); // it is done
    });
}

BOOST_AUTO_TEST_CASE(a_database_that_is_restored_again_meanwhile_is_an_error_and_looked_at_again)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.forget_everything = true;
        t.db.during_look = [&] { t.db.forget_everything = t.db.looks == 1; };
        BOOST_TEST(t.catch_up({at(1, 0)}).has_error());
        BOOST_TEST(t.db.looks == 2);
        t.db.add(1);
        BOOST_TEST(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.db.looks == 4);
        BOOST_TEST(t.newest(1) == 1);
    });
}

// It was told by the second question of that look, and is not told again.
BOOST_AUTO_TEST_CASE(access_that_changes_while_everything_is_learned_again_is_applied)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["t"] = somebody(7);
        identity_ptr before;
        t.db.forget_everything = true;
        t.db.during_look = [&] {
            if (t.db.looks == 1) {
                t.db.access_changed = {user_id{7}};
            } else if (t.db.looks == 2) {
                before = t.access.find("t", true).value();
            }
        };
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST_REQUIRE(before != nullptr);
        BOOST_TEST(!t.access.holds(before));
    });
}

BOOST_AUTO_TEST_CASE(entries_of_a_former_history_are_not_loaded_any_more)
{
    for (const bool whole_database : {false, true}) {
        in_loop([whole_database](fibers::reactor&) {
            running t;
            const presence::client here(t.presence);
            t.db.add(1, "old");
            BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
            parked_poll a(t, {at(1, 1, 1)});
            t.db.add(1, "old");
            t.db.loads_fail = true;
            t.look(); // entry 2 is still to be loaded
            BOOST_TEST(t.db.loads == 1);
            t.db.loads_fail = false;
            if (whole_database) {
                t.db.cut_unnoticed(1, 1);
                t.db.forget_everything = true;
            } else {
                t.db.replace(1, 1);
            }
            t.look();
            BOOST_TEST(t.newest(1) == 1);
            BOOST_TEST(t.db.loads == 1);
        });
    }
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_not_there_any_more_begins_anew_with_nothing)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.add(1);
        BOOST_REQUIRE(t.catch_up({at(1, 1)}).has_value());
        parked_poll a(t, {at(1, 1, 1)});
        const auto outdated = t.recent.outdated();
        t.db.feed.clear();
        t.db.history = 4;
        BOOST_REQUIRE(t.catch_up({at(1, 2)}).has_value());
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.newest(1) == 0);
        BOOST_TEST(t.epoch(1) == 4);
        BOOST_TEST(t.recent.outdated() > outdated); // nor is what was made of it before
    });
}

BOOST_AUTO_TEST_SUITE_END()
