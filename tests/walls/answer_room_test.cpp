#include "tests/fibers/in_loop.hpp"
#include "walls/answer_room.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <string>

using namespace walls;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;

namespace {

// Fibers that ask for room; `told` has their names in the order in which they got it.
struct askers {
    answer_room room;
    std::string told;
    std::deque<answer_room::share> held;
    std::deque<boost::fibers::fiber> fibers;
    int waits = 0;

    explicit askers(std::size_t most)
        : room(most)
    {
        room.on_wait = [this] { ++waits; };
    }
    ~askers()
    {
        room.stop();
        for (auto& f : fibers) {
            f.join();
        }
    }
    void ask(char name, std::int64_t user, std::size_t bytes,
             answer_room::patience p = answer_room::patience::until_served)
    {
        fibers.emplace_back([this, name, user, bytes, p] {
            auto mine = room.take(user_id{user}, bytes, p);
            if (mine) {
                told += name;
                held.push_back(std::move(mine));
            } else {
                told += '-';
            }
        });
        let_others_run();
    }
    void give_back_the_first()
    {
        held.pop_front();
        let_others_run();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(answer_room_)

BOOST_AUTO_TEST_CASE(who_finds_room_does_not_wait)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        for (int user = 1; user <= 4; ++user) {
            a.ask(static_cast<char>('a' + user), user, 25);
        }
        BOOST_TEST(a.told == "bcde");
        BOOST_TEST(a.room.held() == 100u);
        BOOST_TEST(a.waits == 0);
    });
}

BOOST_AUTO_TEST_CASE(beyond_it_they_wait_and_go_on_in_their_order)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        for (int i = 0; i < 8; ++i) {
            a.ask(static_cast<char>('a' + i), i, 25);
        }
        BOOST_TEST(a.told == "abcd");
        BOOST_TEST(a.room.waiting() == 4u);
        BOOST_TEST(a.waits == 4);
        a.give_back_the_first();
        a.give_back_the_first();
        BOOST_TEST(a.told == "abcdef");
        BOOST_TEST(a.room.held() == 100u);
    });
}

BOOST_AUTO_TEST_CASE(a_larger_room_lets_those_in_who_wait_and_a_smaller_one_takes_nothing_back)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        for (int i = 0; i < 8; ++i) {
            a.ask(static_cast<char>('a' + i), i, 25);
        }
        BOOST_TEST(a.told == "abcd");
        a.room.change(150);
        let_others_run();
        BOOST_TEST(a.told == "abcdef");
        a.room.change(50);
        BOOST_TEST(a.room.held() == 150u);
        BOOST_TEST(a.room.exceeded());
        a.give_back_the_first();
        BOOST_TEST(a.told == "abcdef");
    });
}

BOOST_AUTO_TEST_CASE(what_is_not_needed_is_given_back_at_once)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 1, 100);
        a.ask('b', 2, 60);
        BOOST_TEST(a.told == "a");
        a.held.front().keep(40);
        let_others_run();
        BOOST_TEST(a.told == "ab");
        a.held.front().keep(80); // never more than there was
        BOOST_TEST(a.room.held() == 100u);
    });
}

BOOST_AUTO_TEST_CASE(one_larger_than_the_room_goes_alone)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 1, 10);
        a.ask('b', 2, 1000);
        a.ask('c', 3, 10); // does not overtake, or b would never come
        BOOST_TEST(a.told == "a");
        a.give_back_the_first();
        BOOST_TEST(a.told == "ab");
        a.give_back_the_first();
        BOOST_TEST(a.told == "abc");
    });
}

BOOST_AUTO_TEST_CASE(one_user_holds_a_quarter_and_others_pass_his_queue)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        for (int i = 0; i < 20; ++i) {
            a.ask('x', 1, 10);
        }
        BOOST_TEST(a.told == "xx");
        a.ask('y', 2, 25);
        a.ask('z', 3, 25);
        BOOST_TEST(a.told == "xxyz");
        a.give_back_the_first();
        BOOST_TEST(a.told == "xxyzx");
    });
}

BOOST_AUTO_TEST_CASE(users_take_turns_however_many_one_has_waiting)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 9, 100);
        for (int i = 0; i < 3; ++i) {
            a.ask('x', 1, 25);
        }
        a.ask('y', 2, 25);
        a.ask('z', 3, 25);
        a.give_back_the_first();
        BOOST_TEST(a.told == "axyz");
        a.give_back_the_first();
        BOOST_TEST(a.told == "axyzx");
    });
}

BOOST_AUTO_TEST_CASE(what_was_not_asked_for_counts_but_stops_nobody_for_ever)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 1, 10);
        a.room.add(95);
        a.ask('b', 2, 10);
        BOOST_TEST(a.told == "a");
        a.room.remove(20);
        let_others_run();
        BOOST_TEST(a.told == "ab");
        a.room.add(1000);
        a.ask('c', 3, 10);
        a.give_back_the_first();
        BOOST_TEST(a.told == "ab");
        a.give_back_the_first();
        BOOST_TEST(a.told == "abc");
        a.room.remove(1075);
    });
}

BOOST_AUTO_TEST_CASE(when_it_is_drained_polls_wait_no_more_and_others_do)
{
    constexpr auto poll = answer_room::patience::until_drained;
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 1, 90);
        a.ask('b', 2, 20, poll);
        a.ask('c', 2, 20);
        a.ask('d', 3, 20, poll);
        a.ask('e', 1, 20);
        a.room.drain();
        let_others_run();
        BOOST_TEST(a.told == "a--");
        BOOST_TEST(a.room.waiting() == 2u);
        a.ask('f', 4, 20, poll);
        BOOST_TEST(a.told == "a---");
        a.give_back_the_first();
        BOOST_TEST(a.told == "a---ce");
        a.ask('g', 4, 20, poll); // it does not have to wait
        BOOST_TEST(a.told == "a---ceg");
    });
}

BOOST_AUTO_TEST_CASE(when_it_stops_nobody_waits)
{
    in_loop([](fibers::reactor&) {
        askers a(100);
        a.ask('a', 1, 100);
        a.ask('b', 2, 100);
        a.ask('c', 2, 100);
        a.room.stop();
        let_others_run();
        BOOST_TEST(a.told == "a--");
        a.ask('d', 4, 1);
        BOOST_TEST(a.told == "a---");
        a.held.clear();
        BOOST_TEST(a.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
