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
    presence who;
    parking lot{hash, who, 500ms};
    access_cache access{db};
    refresher job;
    boost::fibers::fiber waking;
    boost::fibers::fiber looking;

    // A period of an hour: what happens in a test is not the clock's doing, unless the test says
    // so.
    explicit running(std::chrono::milliseconds period = 1h)
        : job({db, hash, recent, access, who, lot}, {period, 0ms, 3})
        , waking([this] { lot.run(); })
        , looking([this] { job.run(); })
    {
    }
    ~running()
    {
        job.stop();
        lot.stop();
        looking.join();
        waking.join();
    }

    result<void> catch_up(std::vector<cursor> local) { return job.catch_up(local); }
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
                [this, &t] { why = t.lot.park(place, std::chrono::steady_clock::now() + 1h); })
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
        const presence::client one(often.who);
        const presence::client other(rarely.who);
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
        const presence::client here(t.who);
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
            const presence::client here(t.who);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        }
        boost::this_fiber::sleep_for(5ms);
        t.db.add(1);
        const presence::client here(t.who);
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
            const presence::client leaves(t.who);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        }
        t.db.add(1);
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
            presence::client polls(t.who);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            polls.answered();
        }
        const presence::client again(t.who);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.db.looks == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_fresh_hash_that_knows_the_walls_costs_nothing)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.job.posted(wall_id{1}, post(1), false);
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.looks == 1);
        BOOST_TEST(t.db.loads == 0);
    });
}

BOOST_AUTO_TEST_CASE(an_own_post_that_ran_ahead_waits_for_the_one_before)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.who);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.db.add(1);
        t.job.posted(wall_id{1}, post(2), false);
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
        const presence::client here(t.who);
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

// What was committed after the look may have been written after somebody lost the wall, of which
// the look knows nothing.
BOOST_AUTO_TEST_CASE(entries_younger_than_the_look_wait_for_the_next_look)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.who);
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
        const presence::client here(t.who);
        t.db.sessions["t"] = somebody(7);
        const auto before = t.access.find("t", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll revoked(t, {at(1, 0)}, 7);
        parked_poll member(t, {at(1, 0)}, 8);
        t.db.access_changed = {user_id{7}};
        t.db.add(1);
        t.job.posted(wall_id{1}, post(1), true);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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

BOOST_AUTO_TEST_CASE(trouble_reaches_who_waits_and_the_parked_stay)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        const presence::client here(t.who);
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
        t.job.posted(wall_id{1}, post(1), false);
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
        const presence::client here(t.who);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        fibers::sleeper hold;
        t.db.during_load = [&] { hold.sleep(); };
        t.db.add(1);
        t.db.add(1);
        t.job.hint();
        let_others_run();
        BOOST_REQUIRE(t.db.loads == 1);
        t.job.posted(wall_id{1}, post(1), false);
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
        const presence::client here(t.who);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.job.posting_failed({trouble_kind::overloaded, "not sent"});
        let_others_run();
        BOOST_TEST(t.db.looks == 1);
        t.job.posting_failed({trouble_kind::unavailable, "the connection broke"});
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.looks == 2);
    });
}

BOOST_AUTO_TEST_SUITE_END()
