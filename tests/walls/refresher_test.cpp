#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/refresher.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

namespace {

struct running {
    fake_database db;
    global_hash hash;
    recent_entries recent{{}};
    walls::presence presence;
    walls::parking parking{hash, presence, 500ms};
    access_cache access{db};
    refresher job;
    boost::fibers::fiber waking;
    boost::fibers::fiber looking;

    // A period of an hour: what happens in a test is not the clock's doing, unless the test says
    // so.
    explicit running(std::chrono::milliseconds period = 1h)
        : job({db, hash, recent, access, presence, parking}, {period, 0ms, 3})
        , waking([this] { parking.run(); })
        , looking([this] { job.run(); })
    {
    }
    ~running()
    {
        job.stop();
        parking.stop();
        looking.join();
        waking.join();
    }

    result<void> catch_up(std::vector<cursor> local) { return job.catch_up(local); }
    // This process committed it.
    void posted(const entry& e, bool access_changed = false, std::int64_t epoch = 1)
    {
        job.posted({e, wall_id{1}, wall_epoch{epoch}, access_changed, recent.outdated()});
    }
    std::int64_t epoch(std::int64_t wall)
    {
        return number(hash.find(wall_id{wall}).value_or(head{}).epoch);
    }
    std::int64_t newest(std::int64_t wall)
    {
        return number(hash.newest(wall_id{wall}).value_or(entry_id{-1}));
    }
};

struct parked_poll {
    parked place;
    woken why = woken::not_yet;
    boost::fibers::fiber fiber;

    parked_poll(running& t, std::vector<cursor> seen, std::int64_t user = 1)
        : place(user_id{user}, seen)
        , fiber(boost::fibers::launch::dispatch,
                [this, &t] { why = t.parking.park(place, std::chrono::steady_clock::now() + 1h); })
    {
    }
    ~parked_poll()
    {
        place.wake(woken::gone);
        if (fiber.joinable()) {
            fiber.join();
        }
    }
    woken outcome()
    {
        fiber.join();
        return why;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(refresher_)

BOOST_AUTO_TEST_CASE(with_nobody_connected_the_database_is_left_alone)
{
    in_loop([](fibers::reactor&) {
        running t(1ms);
        t.job.hint();
        boost::this_fiber::sleep_for(30ms); // many periods of this job
        BOOST_TEST(t.db.looks == 0);
    });
}

// The next look begins a period after the last and takes its time: the sessions that it vouches for
// must not be asked for again in between.
BOOST_AUTO_TEST_CASE(a_look_vouches_for_two_periods_and_for_five_seconds_at_most)
{
    in_loop([](fibers::reactor&) {
        running often(1s);
        running rarely(1min);
        BOOST_TEST(!often.job.looks_succeed());
        const presence::client one(often.presence);
        const presence::client other(rarely.presence);
        const auto began = std::chrono::steady_clock::now();
        BOOST_REQUIRE(often.catch_up({at(1, 0)}).has_value());
        BOOST_REQUIRE(rarely.catch_up({at(1, 0)}).has_value());
        const auto looked = std::chrono::steady_clock::now(); // each look began between the two
        BOOST_TEST(often.job.looks_succeed(began + 2s));
        BOOST_TEST(!often.job.looks_succeed(looked + 2001ms));
        BOOST_TEST(rarely.job.looks_succeed(began + 5s));
        BOOST_TEST(!rarely.job.looks_succeed(looked + 5001ms));
    });
}

BOOST_AUTO_TEST_CASE(with_a_client_it_looks_once_a_period)
{
    in_loop([](fibers::reactor&) {
        running t(1ms);
        const presence::client here(t.presence);
        while (t.db.looks < 3) {
            boost::this_fiber::sleep_for(1ms);
        }
        BOOST_TEST(t.db.loads == 0);
    });
}

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

// Failed before: in the moment when all readers of a post had their answer and none was back, the
// job went to rest for a period, and no hint woke it. Deliveries came up to a second late
// (bench/floods, with no flood).
BOOST_AUTO_TEST_CASE(a_hint_from_while_nobody_was_connected_is_not_left_for_a_period)
{
    in_loop([](fibers::reactor&) {
        running t;
        {
            presence::client here(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            here.answered();
        }
        t.db.add(1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.db.looks == 1);
        const presence::client back(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        let_others_run();
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.newest(1) == 1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.db.looks == 3);
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
    });
}

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

BOOST_AUTO_TEST_CASE(who_lost_access_is_woken_before_the_entries_of_the_same_look)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["t"] = somebody(7);
        const auto before = t.access.find("t", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)}, 7);
        t.db.add(1);
        t.db.access_changed = {user_id{7}};
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::access_changed));
        BOOST_TEST(!t.access.holds("t", before));
    });
}

BOOST_AUTO_TEST_CASE(after_the_databases_clock_was_set_sessions_are_asked_for_again)
{
    for (const auto by : {std::chrono::hours(960), std::chrono::hours(-960)}) {
        in_loop([by](fibers::reactor&) {
            running t;
            std::vector<std::chrono::milliseconds> told;
            t.job.on_clock_set = [&](refresher::clock which, std::chrono::milliseconds how_far) {
                BOOST_TEST((which == refresher::clock::database));
                told.push_back(how_far);
            };
            const presence::client here(t.presence);
            t.db.sessions["t"] = somebody(7);
            const auto before = t.access.find("t", true).value();
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            BOOST_TEST(t.access.holds("t", before));
            t.db.clock_ahead = by;
            parked_poll a(t, {at(1, 0)}, 7);
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::access_changed));
            BOOST_TEST(!t.access.holds("t", before));
            BOOST_TEST_REQUIRE(told.size() == 1u);
            BOOST_TEST((std::chrono::round<std::chrono::hours>(told[0]) == by));
        });
    }
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
        BOOST_TEST(!t.access.holds("t", before));
        BOOST_TEST((member.outcome() == woken::risen));
    });
}

BOOST_AUTO_TEST_CASE(a_position_is_known_once_its_changes_are_applied)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_TEST(t.job.access_known() == "");
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.job.access_known() == "after look 1");
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_error());
        BOOST_TEST(t.job.access_known() == "after look 1");
    });
}

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

BOOST_AUTO_TEST_CASE(an_error_reaches_who_waits_and_the_parked_stay)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_error());
        BOOST_TEST((a.why == woken::not_yet));
        t.db.down = false;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_value());
    });
}

BOOST_AUTO_TEST_CASE(who_waits_when_it_stops_is_told)
{
    in_loop([](fibers::reactor&) {
        running t;
        t.job.stop();
        let_others_run();
        BOOST_TEST(t.catch_up({at(1, 0)}).has_error());
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
        BOOST_REQUIRE(t.catch_up({at(1, 1), at(2, 0)}).has_value());
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(t.newest(2) == 0);
    });
}

BOOST_AUTO_TEST_CASE(hints_during_a_look_make_one_more_look)
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
        boost::fibers::fiber asker([&] { BOOST_TEST(t.catch_up({at(1, 0)}).has_value()); });
        let_others_run();
        BOOST_TEST(t.db.looks == 2);
        for (int i = 0; i < 100; ++i) {
            t.job.hint();
        }
        hold.wake();
        asker.join();
        let_others_run();
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

BOOST_AUTO_TEST_CASE(stopping_answers_those_who_wait)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(9, 0)}).has_value());
        fibers::sleeper hold;
        t.db.during_look = [&] { hold.sleep(); };
        boost::fibers::fiber in_the_look([&] { BOOST_TEST(t.catch_up({at(1, 0)}).has_value()); });
        let_others_run();
        boost::fibers::fiber behind_it([&] { BOOST_TEST(t.catch_up({at(2, 0)}).has_error()); });
        let_others_run();
        t.job.stop();
        hold.wake();
        in_the_look.join();
        behind_it.join();
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

BOOST_AUTO_TEST_CASE(a_post_that_may_have_been_committed_is_looked_for)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.job.posting_failed({db_error_kind::overloaded, "not sent"});
        let_others_run();
        BOOST_TEST(t.db.looks == 1);
        t.job.posting_failed({db_error_kind::unavailable, "the connection broke"});
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.looks == 2);
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
        BOOST_REQUIRE(t.recent.newest(wall_id{1}).has_value());
        t.db.replace(1, 1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.newest(1) == 1);
        BOOST_TEST(!t.recent.newest(wall_id{1}).has_value());
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
        BOOST_TEST(!t.recent.newest(wall_id{1}).has_value());
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
        BOOST_TEST(!t.recent.newest(wall_id{1}).has_value());
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
    });
}

BOOST_AUTO_TEST_CASE(what_shows_something_else_leaves_memory_and_nobody_is_woken)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        const auto remembered = [&] { return t.recent.newest(wall_id{1}).has_value(); };
        const auto again = [&](std::int64_t last) {
            parked_poll a(t, {at(1, last, 1)});
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        };
        again(0);
        BOOST_REQUIRE(remembered());
        parked_poll stays(t, {at(1, 1, 1)});
        t.db.authors = {user_id{3}};
        t.job.hint();
        let_others_run();
        BOOST_TEST(!remembered());
        BOOST_TEST((stays.why == woken::not_yet));
        again(1);
        BOOST_REQUIRE(remembered());
        t.db.refresh(1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(!remembered());
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
        BOOST_REQUIRE(t.recent.newest(wall_id{1}).has_value());
        t.db.add(1, "an edit of it");
        t.job.hint();
        let_others_run();
        BOOST_TEST(t.newest(1) == 2);
        BOOST_TEST(!t.recent.newest(wall_id{1}).has_value());
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

BOOST_AUTO_TEST_SUITE_END()
