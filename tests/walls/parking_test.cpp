// Who is woken, why, when, and how many at a time.
#include "tests/walls/parking_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(parking_)

BOOST_AUTO_TEST_CASE(a_rising_wall_wakes_its_own_polls_only)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto on_it = t.park({at(1, 7)});
        auto elsewhere = t.park({at(2, 7)});
        BOOST_TEST(t.parking.parked_now() == 2u);
        t.raise(1, 8);
        let_others_run(); // no clock has a part in it
        BOOST_TEST((on_it->why == woken::risen));
        on_it->fiber.join();
        BOOST_TEST((elsewhere->why == woken::not_yet));
        BOOST_TEST(t.parking.parked_now() == 1u);
        elsewhere->place.wake(woken::gone);
        elsewhere->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(a_lower_number_wakes_nobody_unless_the_database_was_restored)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7)});
        t.raise(1, 5);
        let_others_run();
        BOOST_TEST((p->why == woken::not_yet));
        t.hash.replace({wall_id{1}, entry_id{5}, {}});
        t.parking.notify();
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
    });
}

// The same number as before, of another history: a wall whose id came back, say.
BOOST_AUTO_TEST_CASE(another_epoch_wakes_whoever_holds_an_entry)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto holds_seven = t.park({at(1, 7, 11)});
        auto holds_nothing = t.park({at(2, 0, 11)});
        t.hash.replace({wall_id{1}, entry_id{7}, wall_epoch{12}});
        t.hash.replace({wall_id{2}, entry_id{0}, wall_epoch{12}});
        t.parking.notify();
        holds_seven->fiber.join();
        BOOST_TEST((holds_seven->why == woken::risen));
        BOOST_TEST((holds_nothing->why == woken::not_yet));
        holds_nothing->place.wake(woken::gone);
        holds_nothing->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(two_rising_walls_wake_a_poll_once_and_it_leaves_every_list)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7), at(2, 3)});
        t.hash.raise(wall_id{1}, entry_id{8});
        t.raise(2, 4);
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
        BOOST_TEST(!t.hash.watched(wall_id{1}));
        BOOST_TEST(!t.hash.watched(wall_id{2}));
        BOOST_TEST(!t.hash.look(10));
    });
}

// Failed before: it was honoured by the next look, which may be a minute away.
BOOST_AUTO_TEST_CASE(the_deadline_of_the_first_poll_is_heard_by_a_job_that_sleeps)
{
    in_loop([](fibers::reactor&) {
        global_hash hash;
        walls::presence presence;
        walls::parking parking(hash, presence, 1h);
        boost::fibers::fiber waking([&] { parking.run(); });
        let_others_run(); // it sleeps until the look
        for (int round = 0; round < 2; ++round) {
            const cursor seen = at(1, 1);
            hash.raise(seen.wall, seen.last);
            parked place(user_id{1}, {&seen, 1});
            const auto why = parking.park(place, std::chrono::steady_clock::now() + 100ms);
            BOOST_TEST((why == woken::timed_out));
        }
        parking.stop();
        waking.join();
    });
}

BOOST_AUTO_TEST_CASE(the_first_reason_wins)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7)});
        p->place.wake(woken::gone);
        t.raise(1, 8);
        p->fiber.join();
        BOOST_TEST((p->why == woken::gone));
    });
}

BOOST_AUTO_TEST_CASE(a_look_wakes_at_most_so_many_and_finds_the_rest_later)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        std::vector<std::unique_ptr<parking_with_polls::poll>> all;
        for (int i = 0; i < 200; ++i) {
            all.push_back(t.park({at(1, 7)}));
        }
        t.hash.raise(wall_id{1}, entry_id{8});
        BOOST_TEST(t.hash.look(150));
        BOOST_TEST(!t.hash.look(150));
        for (auto& p : all) {
            p->fiber.join();
            BOOST_TEST((p->why == woken::risen));
        }
    });
}

BOOST_AUTO_TEST_CASE(walls_that_nobody_watches_can_be_forgotten)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7)});
        t.hash.raise(wall_id{2}, entry_id{1});
        t.hash.forget_unwatched();
        BOOST_TEST(t.hash.newest(wall_id{1}).has_value());
        BOOST_TEST(!t.hash.newest(wall_id{2}).has_value());
        p->place.wake(woken::gone);
        p->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(after_parking_a_poll_is_in_no_list)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7), at(2, 3)});
        BOOST_TEST(t.hash.watched(wall_id{1}));
        t.raise(2, 4);
        p->fiber.join();
        BOOST_TEST(!t.hash.watched(wall_id{1}));
        BOOST_TEST(!t.hash.watched(wall_id{2}));
        BOOST_TEST(!static_cast<fibers::timer&>(p->place).is_linked());
        BOOST_TEST(!static_cast<user_hook&>(p->place).is_linked());
        BOOST_TEST(t.parking.parked_now() == 0u);
        // May park again.
        p->fiber = boost::fibers::fiber(boost::fibers::launch::dispatch, [&] {
            p->why = t.parking.park(p->place, std::chrono::steady_clock::now() + 1h);
        });
        t.raise(2, 5);
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
    });
}

BOOST_AUTO_TEST_CASE(only_those_behind_are_woken)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto behind = t.park({at(1, 7)});
        t.hash.raise(wall_id{1}, entry_id{8}); // not looked at yet
        auto level = t.park({at(1, 8)});
        t.parking.notify();
        behind->fiber.join();
        let_others_run();
        BOOST_TEST((level->why == woken::not_yet));
        level->place.wake(woken::gone);
        level->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(all_walls_are_looked_at_and_only_raised_ones_matter)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto a = t.park({at(1, 7)});
        auto b = t.park({at(2, 7)});
        t.hash.look_at_all();
        BOOST_TEST(!t.hash.look(10));
        let_others_run();
        BOOST_TEST((a->why == woken::not_yet));
        BOOST_TEST(t.hash.watched().size() == 2u);
        t.presence.wake_all(woken::stopping);
        a->fiber.join();
        b->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(time_runs_out_at_the_next_step_of_the_grid)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t;
        auto p = t.park({at(1, 7)}, 1, 120ms);
        auto longer = t.park({at(1, 7)}, 1, 151ms);
        t.turn(149ms);
        BOOST_TEST((p->why == woken::not_yet));
        t.turn(150ms);
        BOOST_TEST((p->why == woken::timed_out));
        BOOST_TEST((longer->why == woken::not_yet));
        t.turn(200ms);
        BOOST_TEST((longer->why == woken::timed_out));
        p->fiber.join();
        longer->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(what_is_new_at_the_deadline_is_the_reason)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t;
        auto p = t.park({at(1, 7)}, 1, 100ms);
        t.hash.raise(wall_id{1}, entry_id{8});
        t.turn(100ms);
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
    });
}

// Whatever the reason is: this one parked although it was behind, so no list of changes has it.
BOOST_AUTO_TEST_CASE(the_tick_finds_whoever_is_behind)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t(30ms);
        t.hash.raise(wall_id{2}, entry_id{4});
        auto p = t.park({at(1, 7), at(2, 3)});
        t.turn(29ms);
        BOOST_TEST((p->why == woken::not_yet));
        t.turn(30ms);
        BOOST_TEST((p->why == woken::risen));
        p->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(the_tick_stays_on_its_grid_after_a_pause_and_rests_while_nobody_is_parked)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t(30ms);
        BOOST_TEST((t.parking.next_turn() == fibers::steady_time::max()));
        auto p = t.park({at(1, 7)}, 1, 10s);
        BOOST_TEST((t.parking.next_turn() == fibers::steady_time::min())); // the job has to know
        t.turn(0ms);
        BOOST_TEST((t.next_turn() == 30ms));
        t.turn(30ms);
        BOOST_TEST((t.next_turn() == 50ms)); // a step of the deadlines
        t.turn(50ms);
        BOOST_TEST((t.next_turn() == 60ms));
        t.turn(101ms);
        BOOST_TEST((t.next_turn() == 120ms));
        t.turn(120ms);
        BOOST_TEST((t.next_turn() == 150ms));
        t.turn(10s);
        p->fiber.join();
        BOOST_TEST((t.parking.next_turn() == fibers::steady_time::max()));
    });
}

// A million that park one after the other would each make a turn.
BOOST_AUTO_TEST_CASE(whoever_parks_beside_others_makes_no_turn)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t(30ms);
        auto first = t.park({at(1, 7)});
        t.turn(0ms);
        auto second = t.park({at(1, 7)});
        BOOST_TEST((t.next_turn() == 30ms));
        t.presence.wake_all(woken::gone);
        first->fiber.join();
        second->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(another_tick_counts_from_the_next_look_on)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t(30ms);
        auto p = t.park({at(1, 7)});
        t.parking.change(5ms);
        t.turn(0ms);
        BOOST_TEST((t.next_turn() == 30ms));
        t.turn(30ms);
        BOOST_TEST((t.next_turn() == 35ms));
        p->place.wake(woken::gone);
        p->fiber.join();
    });
}

BOOST_AUTO_TEST_CASE(no_more_than_64_are_woken_before_the_others_run)
{
    for (const bool news : {true, false}) {
        in_loop([news](fibers::reactor&) {
            parked_by_hand t;
            std::vector<std::unique_ptr<parked_by_hand::poll>> all;
            for (int i = 0; i < 200; ++i) {
                all.push_back(t.park({at(1, 7)}, 1, 100ms));
            }
            std::size_t most = 0;
            boost::fibers::fiber other([&] {
                for (auto before = t.parking.parked_now(); before > 0;) {
                    boost::this_fiber::yield();
                    const auto now = t.parking.parked_now();
                    most = std::max(most, before - now);
                    before = now;
                }
            });
            if (news) {
                t.hash.raise(wall_id{1}, entry_id{8});
            }
            t.turn(news ? 0ms : 100ms);
            for (auto& p : all) {
                p->fiber.join();
                BOOST_TEST((p->why == (news ? woken::risen : woken::timed_out)));
            }
            other.join();
            BOOST_TEST(most == 64u);
        });
    }
}

// Two hundred deadlines pass at once; the first of those polls has a fiber that brings news, while
// the others are still being woken, and the news of this turn have been looked at.
BOOST_AUTO_TEST_CASE(news_during_a_turn_makes_another_turn_at_once)
{
    in_loop([](fibers::reactor&) {
        parked_by_hand t;
        auto reader = t.park({at(2, 7)});
        std::vector<std::unique_ptr<parked_by_hand::poll>> all;
        for (int i = 0; i < 200; ++i) {
            all.push_back(t.park({at(1, 7)}, 1, 100ms));
        }
        all.front()->then = [&] {
            BOOST_TEST(t.parking.parked_now() > 150u);
            t.hash.raise(wall_id{2}, entry_id{8});
            t.parking.notify();
        };
        t.turn(100ms);
        for (auto& p : all) {
            p->fiber.join();
        }
        BOOST_TEST((reader->why == woken::not_yet));
        BOOST_TEST((t.parking.next_turn() == fibers::steady_time::min()));
        t.turn(100ms);
        BOOST_TEST((reader->why == woken::risen));
        reader->fiber.join();
    });
}

BOOST_AUTO_TEST_SUITE_END()
