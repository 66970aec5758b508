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
        BOOST_TEST(p.kept_alive == 0); // it was not quiet
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

// The same if others wait for the wall, so that its entries are in memory.
BOOST_AUTO_TEST_CASE(it_begins_with_what_is_in_memory_until_its_time_is_up)
{
    auto s = running_hub::quiet();
    s.backlog.entries = 2;
    with_hub(
        [](running_hub& t) {
            t.db.sessions["bob"] = somebody(2);
            t.db.add(1);
            t.wait({at(1, 1)}, "bob");
            for (int i = 0; i < 3; ++i) {
                publish(t);
            }
            let_others_run();
            BOOST_TEST(seen_by(t.stream({at(1, 1)})) == "1:2 1:3 more, 1:4");
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, "ann", 0s, true)) == "1:2 1:3 more, time_up");
            BOOST_TEST(t.db.loads == 0);
        },
        s);
}

// A wall that never rests would keep it for ever: it is woken because of the news each time.
BOOST_AUTO_TEST_CASE(news_at_its_deadline_are_its_last)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)}, "ann", 1s, true);
        BOOST_TEST_REQUIRE(t.parked() == 1u);
        block_the_loop(1200ms);
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:2, time_up");
    });
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

// What a client is told of itself: a sink makes the id of an event of it.
BOOST_AUTO_TEST_CASE(with_each_write_the_sink_is_told_where_the_client_stands)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        peer& p = t.stream({at(1, 0), at(2, 1), at(3, 4)});
        publish(t);
        let_others_run();
        BOOST_TEST(p.stood ==
                       (std::vector<std::string>{"1:1 2:1, hidden 3:4", "1:2 2:1, hidden 3:4"}),
                   boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(walls_that_are_lost_and_gained_are_told_before_their_news)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}});
        t.db.add(2);
        peer& p = t.stream({at(1, 0), at(2, 0)});
        BOOST_TEST(p.access.empty()); // the route says it of those that are missing at first
        p.on_write = [&] { BOOST_TEST(p.access.size() == 2u); };
        t.db.sessions["ann"] = somebody(1, {wall_id{2}});
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(p.access == (std::vector<std::string>{"lost 1", "gained 2"}),
                   boost::test_tools::per_element());
        BOOST_TEST(seen_by(p) == "2:1");
    });
}

BOOST_AUTO_TEST_CASE(a_loss_alone_is_told_and_a_gain_alone)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        peer& p = t.stream({at(1, 0), at(2, 0)});
        const auto sees = [&](std::vector<wall_id> walls) {
            t.db.sessions["ann"] = somebody(1, std::move(walls));
            t.h->access_changed(user_id{1});
            let_others_run();
            return p.access;
        };
        using told = std::vector<std::string>;
        BOOST_TEST(sees({wall_id{1}}) == told{"lost 2"}, boost::test_tools::per_element());
        BOOST_TEST(sees({wall_id{1}}).size() == 1u); // what has not changed is not told
        BOOST_TEST(sees({wall_id{1}, wall_id{2}}) == (told{"lost 2", "gained 2"}),
                   boost::test_tools::per_element());
    });
}

// On the small stack: it does not ask for another fiber after each entry.
BOOST_AUTO_TEST_CASE(entry_after_entry_is_written_from_where_it_is_parked)
{
    with_hub([](running_hub& t) {
        peer& p = t.stream({at(1, 0)});
        const auto stacks = t.request_stacks.in_use();
        for (int i = 0; i < 3; ++i) {
            publish(t);
            for (int turns = 0; turns < 10; ++turns) {
                BOOST_TEST(t.request_stacks.in_use() == stacks);
                boost::this_fiber::yield();
            }
        }
        BOOST_TEST(seen_by(p) == "1:1, 1:2, 1:3");
    });
}

// Each time the database is ahead of the hash by another epoch until a look: that is no wall which
// begins anew again and again.
BOOST_AUTO_TEST_CASE(after_a_write_it_may_look_again_as_often_as_before)
{
    auto s = running_hub::quiet();
    s.backlog.entries = 2;
    with_hub(
        [](running_hub& t) {
            for (int i = 0; i < 11; ++i) {
                t.db.add(1);
            }
            t.db.epoch_of_pages_is_behind = true;
            t.db.during_load = [&] { t.db.epoch_of_pages_is_behind ^= true; };
            peer& p = t.stream({at(1, 0)});
            until([&] { return p.written.size() == 6 || !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "1:1 1:2 more, 1:3 1:4 more, 1:5 1:6 more, 1:7 1:8 more, "
                                     "1:9 1:10 more, 1:11");
            BOOST_TEST(t.db.loads == 12);
        },
        s);
}

// A write would wait for the peer, on a stack that is for parked ones: a request fiber waits.
BOOST_AUTO_TEST_CASE(news_for_a_peer_that_does_not_read_wait_in_a_request_fiber)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.stream({at(1, 1)});
        const auto stacks = t.request_stacks.in_use();
        int waits = 0;
        p.during_wait = [&] {
            ++waits;
            BOOST_TEST(t.request_stacks.in_use() == stacks + 1);
            BOOST_TEST(p.written.empty());
            BOOST_TEST(t.parked() == 0u);
        };
        p.full = true;
        publish(t);
        let_others_run();
        BOOST_TEST(waits == 1);
        BOOST_TEST(seen_by(p) == "1:2");
    });
}

BOOST_AUTO_TEST_SUITE_END()
