#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/parking.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

namespace {

// A parking with its waking fiber, and polls that park in fibers of their own.
struct parking_with_polls {
    global_hash hash;
    walls::presence presence;
    walls::parking parking{hash, presence, 500ms};
    boost::fibers::fiber waking{[this] { parking.run(); }};

    ~parking_with_polls()
    {
        parking.stop();
        waking.join();
    }

    struct poll {
        parked place;
        woken why = woken::not_yet;
        boost::fibers::fiber fiber;
        poll(user_id user, std::span<const cursor> seen)
            : place(user, seen)
        {
        }
    };

    std::unique_ptr<poll> park(std::vector<cursor> seen, std::int64_t user = 1,
                               std::chrono::milliseconds left = 60s)
    {
        for (const cursor& c : seen) {
            hash.raise(c.wall, c.last);
        }
        auto p = std::make_unique<poll>(user_id{user}, seen);
        p->fiber =
            boost::fibers::fiber(boost::fibers::launch::dispatch, [this, left, raw = p.get()] {
                raw->why = parking.park(raw->place, std::chrono::steady_clock::now() + left);
            });
        return p;
    }
    void raise(std::int64_t wall, std::int64_t newest)
    {
        hash.raise(wall_id{wall}, entry_id{newest});
        parking.notify();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(parking_)

BOOST_AUTO_TEST_CASE(a_rising_wall_wakes_its_own_polls_only)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto on_it = t.park({at(1, 7)});
        auto elsewhere = t.park({at(2, 7)});
        BOOST_TEST(t.parking.parked_now() == 2u);
        t.raise(1, 8);
        on_it->fiber.join();
        BOOST_TEST((on_it->why == woken::risen));
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

BOOST_AUTO_TEST_CASE(the_regular_look_finds_what_nobody_told)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7)});
        t.hash.raise(wall_id{1}, entry_id{8}); // nobody notifies
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
    });
}

BOOST_AUTO_TEST_CASE(time_runs_out)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        const auto began = std::chrono::steady_clock::now();
        auto p = t.park({at(1, 7)}, 1, 100ms);
        p->fiber.join();
        BOOST_TEST((p->why == woken::timed_out));
        BOOST_TEST((std::chrono::steady_clock::now() - began >= 100ms));
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

BOOST_AUTO_TEST_CASE(the_polls_of_one_user_are_woken_together)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto a = t.park({at(1, 7)}, 1);
        auto b = t.park({at(2, 7)}, 1);
        auto other = t.park({at(1, 7)}, 2);
        t.presence.wake(user_id{1}, woken::access_changed);
        a->fiber.join();
        b->fiber.join();
        BOOST_TEST((a->why == woken::access_changed));
        BOOST_TEST((other->why == woken::not_yet));
        t.presence.wake_all(woken::stopping);
        other->fiber.join();
        BOOST_TEST((other->why == woken::stopping));
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

BOOST_AUTO_TEST_CASE(a_wall_that_rose_without_a_notification_is_found_by_the_tick)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        auto p = t.park({at(1, 7), at(2, 3)});
        t.hash.raise(wall_id{2}, entry_id{4});
        p->fiber.join();
        BOOST_TEST((p->why == woken::risen));
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

BOOST_AUTO_TEST_CASE(room_is_made_by_the_oldest_polls_of_that_user)
{
    in_loop([](fibers::reactor&) {
        parking_with_polls t;
        BOOST_TEST(t.presence.make_room(user_id{1}, 1) == 0u);
        auto other = t.park({at(1, 7)}, 2);
        auto left = t.park({at(1, 7)}, 1);
        auto oldest = t.park({at(1, 7)}, 1);
        auto newer = t.park({at(1, 7)}, 1);
        left->place.wake(woken::gone); // its fiber has not run yet: it counts no more
        BOOST_TEST(t.presence.make_room(user_id{1}, 3) == 0u);
        BOOST_TEST(t.presence.make_room(user_id{1}, 2) == 1u);
        oldest->fiber.join();
        left->fiber.join();
        BOOST_TEST((oldest->why == woken::timed_out));
        auto newest = t.park({at(1, 7)}, 1);
        BOOST_TEST(t.presence.make_room(user_id{1}, 1) == 2u);
        newer->fiber.join();
        newest->fiber.join();
        BOOST_TEST((other->why == woken::not_yet));
        other->place.wake(woken::gone);
        other->fiber.join();
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

BOOST_AUTO_TEST_CASE(users_that_come_and_go_leave_nothing_that_can_be_woken)
{
    in_loop([](fibers::reactor&) {
        walls::presence presence;
        for (int user = 0; user < 5'000; ++user) {
            parked p(user_id{user}, {});
            presence.enter(p);
        }
        parked here(user_id{7}, {});
        presence.enter(here);
        presence.wake_all(woken::stopping);
        BOOST_TEST((here.sleep() == woken::stopping));
        presence::leave(here);
        presence.wake(user_id{7}, woken::gone);
        presence.wake(user_id{9}, woken::gone); // never seen again
    });
}

BOOST_AUTO_TEST_CASE(clients_are_counted_while_they_last)
{
    walls::presence presence;
    {
        const presence::client a(presence);
        const presence::client b(presence);
        BOOST_TEST(presence.clients() == 2u);
    }
    BOOST_TEST(presence.clients() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
