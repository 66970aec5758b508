// When it looks, what it tells, and how it stops.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <optional>
#include <string>
#include <thread>

using namespace walls;
using namespace walls::testing;

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

// What changes while nobody looks is not known: the sessions are asked for again
// (walls/access_cache.hpp).
BOOST_AUTO_TEST_CASE(while_nobody_is_connected_a_look_vouches_for_a_second_at_most)
{
    in_loop([](fibers::reactor&) {
        running often(100ms);
        running usual(2s);
        const auto look = [](running& t) {
            presence::client one(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            one.answered(); // and leaves: it is expected back in a moment
        };
        const auto began = std::chrono::steady_clock::now();
        look(often);
        look(usual);
        const auto looked = std::chrono::steady_clock::now();
        BOOST_TEST(often.job.looks_succeed(began + 100ms));
        BOOST_TEST(!often.job.looks_succeed(looked + 101ms));
        BOOST_TEST(usual.job.looks_succeed(began + 1s));
        BOOST_TEST(!usual.job.looks_succeed(looked + 1001ms));
        const presence::client again(usual.presence);
        BOOST_TEST(usual.job.looks_succeed(looked + 1001ms));
    });
}

BOOST_AUTO_TEST_CASE(
    after_the_last_client_left_without_an_answer_the_looks_before_vouch_for_nothing)
{
    in_loop([](fibers::reactor&) {
        running t(1s);
        const auto began = std::chrono::steady_clock::now();
        {
            const presence::client leaves(t.presence);
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            BOOST_TEST(t.job.looks_succeed(began));
        }
        BOOST_TEST(!t.job.looks_succeed(began));
        const presence::client next(t.presence);
        BOOST_TEST(!t.job.looks_succeed(began));
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.job.looks_succeed(began));
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

BOOST_AUTO_TEST_CASE(a_post_that_may_have_been_committed_is_looked_for)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        t.job.posting_failed({db_error_kind::overloaded, "not sent"});
        t.job.posting_failed({db_error_kind::too_many, "not sent"});
        let_others_run();
        BOOST_TEST(t.db.looks == 1);
        t.job.posting_failed({db_error_kind::unavailable, "the connection broke"});
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.db.looks == 2);
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

// docs/SCALE.md has the same: twice a period.
BOOST_AUTO_TEST_CASE(without_hints_it_looks_twice_as_often)
{
    in_loop([](fibers::reactor&) {
        running t; // a period of an hour
        const presence::client here(t.presence);
        const auto looks_after = [&](std::chrono::minutes wait, const std::function<void()>& look) {
            const auto before = std::chrono::steady_clock::now();
            look();
            BOOST_TEST((t.job.next_look() >= before + wait));
            BOOST_TEST((t.job.next_look() <= std::chrono::steady_clock::now() + wait));
        };
        const auto say = [&](bool yes) {
            t.job.hints_arrive(yes);
            let_others_run();
        };
        looks_after(30min, [&] { BOOST_TEST(t.catch_up({at(1, 0)}).has_value()); });
        looks_after(60min, [&] { say(true); });
        BOOST_TEST(t.db.looks == 2); // for the hints that were missed
        looks_after(30min, [&] { say(false); });
        BOOST_TEST(t.db.looks == 3);
    });
}

// Hints do not tell of what others commit, or PostgreSQL for us, without one.
BOOST_AUTO_TEST_CASE(while_something_may_be_committed_without_a_hint_it_looks_each_second)
{
    in_loop([](fibers::reactor&) {
        running t; // a period of an hour
        const presence::client here(t.presence);
        t.db.others_unaware = true;
        t.job.hints_arrive(true);
        let_others_run();
        BOOST_TEST(t.db.looks == 1);
        BOOST_TEST((t.job.next_look() <= std::chrono::steady_clock::now() + 1s));
        t.db.others_unaware = false;
        t.look();
        const auto after = std::chrono::steady_clock::now();
        BOOST_TEST((t.job.next_look() > after + 30min));
        t.job.posting_failed({db_error_kind::overloaded, "not sent"});
        let_others_run();
        BOOST_TEST((t.job.next_look() > after + 30min));
        t.job.posting_failed({db_error_kind::timed_out, "given up"});
        let_others_run();
        BOOST_TEST((t.job.next_look() <= std::chrono::steady_clock::now() + 1s));
    });
}

BOOST_AUTO_TEST_CASE(hints_bring_the_next_look_nearer_and_not_nearer_than_the_gap)
{
    in_loop([](fibers::reactor&) {
        running t(1h, 20min);
        BOOST_TEST((t.job.next_look() == fibers::steady_time::max()));
        const presence::client here(t.presence);
        const auto before = std::chrono::steady_clock::now();
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        const auto after = std::chrono::steady_clock::now();
        t.look();
        BOOST_TEST(t.db.looks == 1);
        BOOST_TEST((t.job.next_look() >= before + 20min));
        BOOST_TEST((t.job.next_look() <= after + 20min));
        BOOST_REQUIRE(t.catch_up({at(2, 0)}).has_value()); // who waits does not wait for the gap
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST((t.job.next_look() >= before + 30min)); // and what was hinted at is done
    });
}

BOOST_AUTO_TEST_CASE(each_look_is_told_how_it_went)
{
    in_loop([](fibers::reactor&) {
        running t;
        std::string told;
        t.job.on_look = [&](const db_error* why) { told += why == nullptr ? "good " : why->why; };
        const presence::client here(t.presence);
        BOOST_TEST(t.catch_up({at(1, 0)}).has_value());
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_error());
        BOOST_TEST(told == "good down");
        BOOST_TEST(t.job.looks().looks == 1u);
        BOOST_TEST(t.job.looks().failed == 1u);
        t.db.down = false;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_value());
        BOOST_TEST(told == "good downgood ");
    });
}

BOOST_AUTO_TEST_CASE(how_the_looks_go_is_reported)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        const auto looks = [&] { return t.job.looks(); };
        BOOST_TEST(!looks().succeeded.has_value());
        BOOST_TEST(!looks().ended.has_value());
        const auto before = std::chrono::steady_clock::now();
        std::optional<fibers::steady_time> since;
        t.db.during_look = [&] { since = looks().under_way; };
        BOOST_TEST(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST_REQUIRE(since.has_value());
        BOOST_TEST((*since >= before));
        BOOST_TEST((looks().succeeded == since));
        BOOST_TEST((looks().ended >= since));
        BOOST_TEST(!looks().under_way.has_value());
        BOOST_TEST(!looks().error.has_value());
        const auto good = looks();
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_error());
        BOOST_TEST((looks().succeeded == good.succeeded));
        BOOST_TEST((looks().ended > good.ended));
        BOOST_TEST_REQUIRE(looks().error.has_value());
        BOOST_TEST(looks().error->why == "down");
        t.db.down = false;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_value());
        BOOST_TEST(!looks().error.has_value());
    });
}

// Nobody says when other processes' entries were committed: not later than the first hint came.
BOOST_AUTO_TEST_CASE(what_a_look_finds_was_committed_when_the_first_hint_came)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)});
        t.db.add(1);
        const auto before = std::chrono::steady_clock::now();
        t.job.hint();
        const auto after = std::chrono::steady_clock::now();
        std::this_thread::sleep_for(1ms);
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::risen));
        const auto hinted = t.recent.after(wall_id{1}, entry_id{0}, 9).value().committed;
        BOOST_TEST((hinted >= before));
        BOOST_TEST((hinted <= after));
        // Without a hint: when it looked.
        parked_poll b(t, {at(1, 1, 1)});
        t.db.add(1);
        fibers::steady_time during;
        t.db.during_look = [&] { during = std::chrono::steady_clock::now(); };
        const auto asked = std::chrono::steady_clock::now();
        BOOST_REQUIRE(t.catch_up({at(2, 0)}).has_value());
        BOOST_TEST((b.outcome() == woken::risen));
        const auto looked = t.recent.after(wall_id{1}, entry_id{1}, 9).value().committed;
        BOOST_TEST((looked >= asked));
        BOOST_TEST((looked <= during));
    });
}

BOOST_AUTO_TEST_CASE(a_job_that_sleeps_hears_of_another_period_and_of_other_pages)
{
    in_loop([](fibers::reactor&) {
        running t; // a period of an hour
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        let_others_run();
        t.job.change({1ms, 0ms, 3});
        while (t.db.looks < 3) {
            boost::this_fiber::sleep_for(1ms);
        }
        t.job.change({1h, 0ms, 1});
        parked_poll a(t, {at(1, 0)});
        for (int i = 0; i < 3; ++i) {
            t.db.add(1);
        }
        t.look();
        BOOST_TEST((a.outcome() == woken::risen));
        let_others_run();
        BOOST_TEST(t.newest(1) == 3);
        BOOST_TEST(t.db.loads == 3);
    });
}

BOOST_AUTO_TEST_SUITE_END()
