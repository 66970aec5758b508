#include "fibers/timer_wheel.hpp"

#include <boost/test/unit_test.hpp>

#include <utility>

using namespace fibers;
using std::chrono::milliseconds;

namespace {

struct deadline final : timer {
    int rung = 0;
    timer_wheel* again = nullptr;
    steady_time again_at{};
    void on_time() override
    {
        ++rung;
        if (again != nullptr) {
            std::exchange(again, nullptr)->enter(*this, again_at);
        }
    }
};

const steady_time start{std::chrono::hours(1)};

timer_wheel wheel_of_ten()
{
    return {milliseconds(50), 10, start};
}

} // namespace

BOOST_AUTO_TEST_SUITE(timer_wheel_)

BOOST_AUTO_TEST_CASE(a_deadline_is_rounded_up_never_down)
{
    auto wheel = wheel_of_ten();
    deadline a;
    wheel.enter(a, start + milliseconds(51));
    wheel.turn(start + milliseconds(99), 10);
    BOOST_TEST(a.rung == 0);
    wheel.turn(start + milliseconds(100), 10);
    BOOST_TEST(a.rung == 1);
}

BOOST_AUTO_TEST_CASE(a_deadline_of_several_rounds_waits_for_its_round)
{
    auto wheel = wheel_of_ten();
    deadline a;
    wheel.enter(a, start + milliseconds(1600));
    for (int ms = 50; ms < 1600; ms += 50) {
        wheel.turn(start + milliseconds(ms), 10);
        BOOST_REQUIRE(a.rung == 0);
    }
    wheel.turn(start + milliseconds(1600), 10);
    BOOST_TEST(a.rung == 1);
}

BOOST_AUTO_TEST_CASE(after_a_long_pause_everything_due_is_found)
{
    auto wheel = wheel_of_ten();
    deadline a;
    deadline b;
    deadline later;
    wheel.enter(a, start + milliseconds(60));
    wheel.enter(b, start + milliseconds(2300));
    wheel.enter(later, start + std::chrono::minutes(10));
    wheel.turn(start + std::chrono::minutes(5), 10);
    BOOST_TEST(a.rung == 1);
    BOOST_TEST(b.rung == 1);
    BOOST_TEST(later.rung == 0);
}

BOOST_AUTO_TEST_CASE(at_most_so_many_a_turn_and_the_rest_is_told)
{
    auto wheel = wheel_of_ten();
    deadline all[5];
    for (auto& a : all) {
        wheel.enter(a, start + milliseconds(10));
    }
    BOOST_TEST(wheel.turn(start + milliseconds(50), 3));
    BOOST_TEST(all[2].rung == 1);
    BOOST_TEST(all[3].rung == 0);
    BOOST_TEST(!wheel.turn(start + milliseconds(50), 3));
    BOOST_TEST(all[4].rung == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_or_destroyed_timer_does_not_ring)
{
    auto wheel = wheel_of_ten();
    deadline a;
    wheel.enter(a, start + milliseconds(10));
    a.cancel();
    {
        deadline gone;
        wheel.enter(gone, start + milliseconds(10));
    }
    wheel.turn(start + milliseconds(100), 10);
    BOOST_TEST(a.rung == 0);
}

BOOST_AUTO_TEST_CASE(a_timer_may_enter_again_while_it_rings)
{
    auto wheel = wheel_of_ten();
    deadline a;
    a.again = &wheel;
    a.again_at = start + milliseconds(200);
    wheel.enter(a, start + milliseconds(50));
    wheel.turn(start + milliseconds(50), 10);
    BOOST_TEST(a.rung == 1);
    wheel.turn(start + milliseconds(200), 10);
    BOOST_TEST(a.rung == 2);
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past_rings_at_the_next_step)
{
    auto wheel = wheel_of_ten();
    wheel.turn(start + milliseconds(500), 10);
    deadline a;
    wheel.enter(a, start);
    wheel.turn(wheel.next_step(), 10);
    BOOST_TEST(a.rung == 1);
}

BOOST_AUTO_TEST_SUITE_END()
