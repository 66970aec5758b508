// A sink that goes on.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(delivery_to_a_stream)

BOOST_AUTO_TEST_CASE(each_entry_comes_once_and_in_order)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        t.db.add(2);
        peer& p = t.stream({at(1, 0), at(2, 1)});
        publish(t);
        let_others_run();
        publish(t);
        publish(t);
        let_others_run();
        t.db.add(2);
        t.look();
        BOOST_TEST(seen_by(p) == "1:1 2:2, 1:2, 1:3 1:4, 2:3");
        BOOST_TEST(t.parked() == 1u);
        BOOST_TEST(t.h->count().clients == 1u);
    });
}

// More than an answer holds: the rest follows by itself.
BOOST_AUTO_TEST_CASE(a_long_backlog_comes_in_several_writes)
{
    auto s = running_hub::quiet();
    s.backlog.entries = 2;
    with_hub(
        [](running_hub& t) {
            for (int i = 0; i < 5; ++i) {
                t.db.add(1);
            }
            peer& p = t.stream({at(1, 0)});
            BOOST_TEST(seen_by(p) == "1:1 1:2 more, 1:3 1:4 more, 1:5");
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(p) == "1:1 1:2 more, 1:3 1:4 more, 1:5, 1:6");
            BOOST_TEST(t.room.waiting() == 0u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(it_goes_on_after_a_reset_and_after_news_of_the_memory_with_more)
{
    auto s = running_hub::quiet();
    s.backlog.entries = 2;
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            peer& p = t.stream({at(1, 1, 1)});
            t.db.replace(1, 3);
            t.look();
            BOOST_TEST(seen_by(p) == "1:reset 3");
            for (int i = 0; i < 3; ++i) {
                t.db.add(1);
            }
            t.look();
            BOOST_TEST(seen_by(p) == "1:reset 3, 1:4 1:5 more, 1:6");
        },
        s);
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_session_and_its_time_and_the_server)
{
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            t.db.sessions["bob"] = somebody(2);
            peer& revoked = t.stream({at(1, 0)});
            peer& until_stop = t.stream({at(1, 0)}, "bob");
            peer& short_one = t.wait({at(1, 0)}, "bob", 1s, true);
            until([&] { return !short_one.ended.empty(); });
            BOOST_TEST(seen_by(short_one) == "1:1, time_up");
            t.db.sessions.erase("ann");
            t.h->access_changed(user_id{1});
            let_others_run();
            BOOST_TEST(seen_by(revoked) == "1:1, signed_out");
            t.h->drain();
            let_others_run();
            BOOST_TEST(seen_by(until_stop) == "1:1, stopping");
        },
        ticking());
}

// Whoever waits for something else holds no room meanwhile.
BOOST_AUTO_TEST_CASE(after_a_write_the_room_is_given_back)
{
    with_hub([](running_hub& t) {
        t.db.add(1, std::string(50'000, 'x'));
        std::size_t held = 0;
        peer& p = t.begin({at(1, 0)}, "ann", 1h, true);
        p.on_write = [&] {
            BOOST_TEST(t.room.held() > 90'000u); // the answer, and the page that is kept for others
            t.h->access_changed(user_id{1});     // it has to ask again who this is
            t.db.during_find = [&] { held = t.room.held(); };
        };
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:1");
        BOOST_TEST(held > 0u);
        BOOST_TEST(held < 60'000u);
    });
}

BOOST_AUTO_TEST_CASE(its_time_is_up_also_if_it_never_parks)
{
    auto s = running_hub::quiet();
    s.backlog.entries = 2;
    with_hub(
        [](running_hub& t) {
            for (int i = 0; i < 5; ++i) {
                t.db.add(1);
            }
            BOOST_TEST(seen_by(t.wait({at(1, 0)}, "ann", 0s, true)) == "1:1 1:2 more, time_up");
            t.look(); // the rest is in memory by now, or not: it makes no difference
            BOOST_TEST(seen_by(t.wait({at(1, 4)}, "ann", 0s, true)) == "1:5, time_up");
        },
        s);
}

// One that leaves after it was written to was not answered: the next client looks.
BOOST_AUTO_TEST_CASE(a_stream_that_leaves_was_not_answered)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.stream({at(1, 0)});
        BOOST_TEST(seen_by(p) == "1:1");
        p.leave();
        let_others_run();
        const int looks = t.db.looks;
        t.wait({at(1, 0)});
        BOOST_TEST(t.db.looks == looks + 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
