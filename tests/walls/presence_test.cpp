// Who is connected, and whose polls are woken together.
#include "tests/walls/parking_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <utility>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(presence_)

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

// A user who is parked all the time stays, while others are forgotten.
BOOST_AUTO_TEST_CASE(who_comes_and_goes_costs_memory_for_a_while_only)
{
    in_loop([](fibers::reactor&) {
        walls::presence presence;
        parked stays(user_id{0}, {});
        presence.enter(stays);
        for (int user = 1; user <= 10'000; ++user) {
            parked p(user_id{user}, {});
            presence.enter(p);
            BOOST_TEST_REQUIRE(presence.users() <= 1024u);
        }
        presence.wake(user_id{0}, woken::gone);
        BOOST_TEST((stays.sleep() == woken::gone));
    });
}

BOOST_AUTO_TEST_CASE(an_idle_period_begins_when_the_last_one_leaves_without_an_answer)
{
    walls::presence presence;
    {
        const presence::client first(presence);
        {
            const presence::client second(presence);
        }
        BOOST_TEST(presence.idle_periods() == 0u); // somebody is still there
    }
    BOOST_TEST(presence.idle_periods() == 1u);
    {
        presence::client answered(presence);
        answered.answered();
        const presence::client moved(std::move(answered));
        BOOST_TEST(presence.clients() == 1u);
    }
    BOOST_TEST(presence.idle_periods() == 1u);
    {
        presence::client again(presence);
        again.answered();
        again.waits_again();
    }
    BOOST_TEST(presence.idle_periods() == 2u);
}

// Of those that end by themselves nobody is told.
BOOST_AUTO_TEST_CASE(room_is_made_only_as_far_as_it_is_needed)
{
    in_loop([](fibers::reactor&) {
        walls::presence presence;
        parked stays(user_id{1}, {});
        parked left(user_id{1}, {});
        parked other(user_id{2}, {});
        presence.enter(stays);
        presence.enter(left);
        presence.enter(other);
        presence::leave(left);
        BOOST_TEST(presence.make_room(user_id{1}, 2) == 0u);
        BOOST_TEST(stays.asleep());
        BOOST_TEST(presence.make_room(user_id{1}, 1) == 1u);
        BOOST_TEST(!stays.asleep());
        BOOST_TEST(other.asleep());
        BOOST_TEST(presence.make_room(user_id{1}, 1) == 0u);
        BOOST_TEST(presence.make_room(user_id{3}, 1) == 0u);
        parked second(user_id{2}, {});
        presence.enter(second);
        BOOST_TEST(presence.make_room(user_id{2}, 2) == 1u); // room for one more
        BOOST_TEST(!other.asleep());
        BOOST_TEST(second.asleep());
    });
}

BOOST_AUTO_TEST_SUITE_END()
