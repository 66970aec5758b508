// The pace of releases, in a time that the test makes up.
#include "fcgi_app/adapters/releases.hpp"
#include "tests/fibers/in_loop.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;

namespace {

// Requests that come and go, each in a fiber.
struct crowd {
    const fibers::steady_time start{7h};
    adapters::releases pace;
    std::vector<int> released; // in their order
    std::vector<std::unique_ptr<adapters::releases::place>> places;
    std::vector<boost::fibers::fiber> fibers;

    explicit crowd(std::size_t per_second)
        : pace(per_second)
    {
    }
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;
    ~crowd()
    {
        for (auto& place : places) {
            place->give_up();
        }
        for (auto& f : fibers) {
            f.join();
        }
    }

    void come(int count, std::chrono::milliseconds at = 0ms)
    {
        for (int i = 0; i < count; ++i) {
            const int number = static_cast<int>(places.size());
            places.push_back(std::make_unique<adapters::releases::place>());
            if (pace.goes_now(start + at)) {
                released.push_back(number);
                continue;
            }
            fibers.emplace_back(boost::fibers::launch::dispatch, [this, number] {
                pace.wait(*places[static_cast<std::size_t>(number)]);
                released.push_back(number);
            });
        }
    }
    // How many are released, if run() turns then.
    std::size_t after(std::chrono::milliseconds at)
    {
        pace.turn(start + at);
        let_others_run();
        return released.size();
    }
};

template <class Body>
void with_crowd(std::size_t per_second, Body body)
{
    in_loop([&](auto&) {
        crowd c(per_second);
        body(c);
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(releases_)

BOOST_AUTO_TEST_CASE(a_crowd_goes_back_at_the_pace_and_in_its_order)
{
    with_crowd(100, [](crowd& c) {
        c.come(1000);
        const std::size_t at_once = c.released.size();
        BOOST_TEST(at_once <= 7u); // a twentieth of a second's worth
        for (int ms = 10; ms <= 9940; ms += 10) {
            const auto expected = at_once + static_cast<std::size_t>(ms) / 10;
            const auto released = c.after(std::chrono::milliseconds(ms));
            BOOST_TEST_REQUIRE((released >= expected - 1 && released <= expected),
                               ms << " ms: " << released);
        }
        BOOST_TEST(c.released.size() == 1000u);
        BOOST_TEST(std::ranges::is_sorted(c.released));
    });
}

// A turn that comes late makes up for a twentieth of a second, not for all that it has missed.
BOOST_AUTO_TEST_CASE(a_late_turn_is_no_stampede)
{
    with_crowd(100, [](crowd& c) {
        c.come(1000);
        const auto before = c.after(10ms);
        BOOST_TEST(c.after(5010ms) <= before + 6);
    });
}

BOOST_AUTO_TEST_CASE(who_comes_while_nobody_waits_goes_at_once)
{
    with_crowd(2, [](crowd& c) {
        c.come(1);
        BOOST_TEST(c.released.size() == 1u);
        c.come(1, 100ms);
        BOOST_TEST(c.released.size() == 1u);
        BOOST_TEST((c.pace.next_turn() == c.start + 450ms));
        BOOST_TEST(c.after(449ms) == 1u);
        BOOST_TEST(c.after(450ms) == 2u);
        BOOST_TEST((c.pace.next_turn() == fibers::steady_time::max()));
        c.come(1, 2s);
        BOOST_TEST(c.released.size() == 3u);
    });
}

// Its turn has come, and run() has not turned yet.
BOOST_AUTO_TEST_CASE(who_comes_later_passes_nobody)
{
    with_crowd(2, [](crowd& c) {
        c.come(2);
        BOOST_TEST_REQUIRE(c.released.size() == 1u);
        c.come(1, 460ms);
        BOOST_TEST(c.after(460ms) == 2u);
        BOOST_TEST(c.after(1s) == 3u);
        BOOST_TEST(std::ranges::is_sorted(c.released));
    });
}

BOOST_AUTO_TEST_CASE(without_a_limit_nobody_waits)
{
    with_crowd(0, [](crowd& c) {
        c.come(10'000);
        BOOST_TEST(c.released.size() == 10'000u);
    });
}

// Its place is not kept, and no time is spent on it.
BOOST_AUTO_TEST_CASE(who_gives_up_leaves_the_queue)
{
    with_crowd(10, [](crowd& c) {
        c.come(5);
        BOOST_TEST_REQUIRE(c.released.size() == 1u);
        c.places[1]->give_up();
        c.places[3]->give_up();
        let_others_run();
        BOOST_TEST(c.released.size() == 3u);
        c.after(50ms);
        c.after(150ms);
        BOOST_TEST(c.released == (std::vector<int>{0, 1, 3, 2, 4}),
                   boost::test_tools::per_element());
        BOOST_TEST((c.pace.next_turn() == fibers::steady_time::max()));
        adapters::releases::place early;
        early.give_up();
        c.pace.wait(early); // returns
    });
}

BOOST_AUTO_TEST_CASE(another_pace_counts_for_those_who_wait)
{
    with_crowd(1, [](crowd& c) {
        c.come(100);
        BOOST_TEST(c.released.size() == 1u);
        c.pace.change(1000);
        BOOST_TEST(c.after(60ms) >= 50u);
        c.pace.change(0);
        BOOST_TEST(c.after(60ms) == 100u);
    });
}

BOOST_AUTO_TEST_CASE(a_stop_is_in_time_whatever_the_pace)
{
    with_crowd(1, [](crowd& c) {
        c.come(1000);
        c.pace.hurry(1000, c.start + 1s, c.start + 3s);
        for (int ms = 1000; ms <= 3000; ms += 20) {
            const auto released = c.after(std::chrono::milliseconds(ms));
            BOOST_TEST((released <= 60 + static_cast<std::size_t>(ms - 1000) / 2));
        }
        BOOST_TEST(c.released.size() == 1000u);
    });
    // And no slower than the pace.
    with_crowd(1000, [](crowd& c) {
        c.come(200);
        c.pace.hurry(200, c.start, c.start + 10s);
        std::size_t released = 0;
        for (int ms = 0; ms <= 200; ms += 10) {
            released = c.after(std::chrono::milliseconds(ms));
        }
        BOOST_TEST(released == 200u);
    });
}

// The fiber that does it, by the clock.
BOOST_AUTO_TEST_CASE(run_releases_everybody)
{
    in_loop([](auto&) {
        crowd c(2000);
        boost::fibers::fiber running([&c] { c.pace.run(); });
        for (int i = 0; i < 300; ++i) {
            auto& place = *c.places.emplace_back(std::make_unique<adapters::releases::place>());
            c.fibers.emplace_back([&c, &place, i] {
                if (!c.pace.goes_now(std::chrono::steady_clock::now())) {
                    c.pace.wait(place);
                }
                c.released.push_back(i);
            });
        }
        while (c.released.size() < 300) {
            boost::this_fiber::sleep_for(1ms);
        }
        c.pace.stop();
        running.join();
        BOOST_TEST(c.released.size() == 300u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
