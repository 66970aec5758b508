// What a delivery does when nothing goes wrong, and that nothing slips in before it parks.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(delivery_)

BOOST_AUTO_TEST_CASE(what_is_new_is_written_at_once_and_nothing_new_is_waited_for)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.add(1);
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1 1:2");
        BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "1:2");
        peer& p = t.wait({at(1, 2)});
        BOOST_TEST(seen_by(p) == "");
        BOOST_TEST(t.parked() == 1u);
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:3");
        BOOST_TEST(t.parked() == 0u);
        BOOST_TEST(t.h->count().clients == 0u);
    });
}

// A publisher that is ready the whole time would run in any gap between the two.
BOOST_AUTO_TEST_CASE(news_between_comparison_and_parking)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.wait({at(1, 0)});                       // the hash is fresh
        for (int round = 0; round < 3; ++round) { // in a fresh fiber of the pool and in an idle one
            peer& p = t.begin({at(1, 1 + round)});
            boost::fibers::fiber publisher([&] { publish(t); });
            publisher.join();
            let_others_run();
            BOOST_TEST(seen_by(p) == "1:" + std::to_string(2 + round));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_publisher_in_every_turn_loses_nothing)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.wait({at(1, 0)});
        bool over = false;
        boost::fibers::fiber publisher([&] {
            while (!over) {
                publish(t);
                boost::this_fiber::yield();
            }
        });
        std::int64_t last = 1;
        for (int i = 0; i < 200; ++i) {
            peer& p = t.begin({at(1, last)});
            while (p.written.empty()) {
                boost::this_fiber::yield();
            }
            const auto words = in_words(p.written.front());
            BOOST_REQUIRE(words.starts_with("1:" + std::to_string(last + 1)));
            last = std::stoll(words.substr(words.rfind(':') + 1));
        }
        over = true;
        publisher.join();
    });
}

BOOST_AUTO_TEST_SUITE_END()
