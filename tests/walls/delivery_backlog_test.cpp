// What is read, and how large it is.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(delivery_from_the_backlog)

// While it is written, and no longer, it has as much room as it needs.
BOOST_AUTO_TEST_CASE(an_answer_from_the_backlog_has_room_while_it_is_written)
{
    with_hub([](running_hub& t) {
        t.db.add(1, std::string(5'000, 'x'));
        std::size_t held = 0;
        peer& p = t.begin({at(1, 0)});
        p.on_write = [&] { held = t.room.held(); };
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:1");
        BOOST_TEST(held >= p.written.front().size());
        BOOST_TEST(held < 4 * p.written.front().size()); // and the page that is kept for a moment
        t.h->every_second(std::chrono::steady_clock::now() + 1h);
        BOOST_TEST(t.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(what_is_too_large_for_one_piece_is_not_built_in_one)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        for (int i = 0; i < 3; ++i) {
            publish(t, std::string(60'000, 'x'));
        }
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:2 1:3 1:4");
        BOOST_TEST(p.written.front().size() > most_in_one_piece);
        BOOST_TEST(p.in_parts == 1u);
        BOOST_TEST(t.db.loads == 0); // all of it was in memory
    });
}

// Of two walls that rose together one is small and one is not: the answer has both.
BOOST_AUTO_TEST_CASE(a_wall_in_memory_does_not_go_ahead_of_one_that_needs_room)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        peer& p = t.wait({at(1, 1), at(2, 1)});
        t.db.add(1);
        t.db.add(2, std::string(200'000, 'x'));
        t.look();
        until([&] { return !p.written.empty(); });
        BOOST_TEST((seen_by(p) == "1:2 2:2" || seen_by(p) == "2:2 1:2"), seen_by(p));
    });
}

// What does not fit into the answer is not forgotten: the client hears that there is more.
BOOST_AUTO_TEST_CASE(walls_for_which_an_answer_has_no_room_are_told)
{
    auto s = running_hub::quiet();
    s.backlog.answer_bytes = 1'000;
    with_hub(
        [](running_hub& t) {
            t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
            t.db.add(1, std::string(800, 'x'));
            t.db.add(2, std::string(800, 'x'));
            const auto first = seen_by(t.wait({at(1, 0), at(2, 0)}));
            BOOST_TEST((first == "1:1 more" || first == "2:1 more"), first);
        },
        s);
}

// The hash has a number that the database does not have: a look tells which is true.
BOOST_AUTO_TEST_CASE(the_database_has_less_than_the_hash_says)
{
    with_hub([](running_hub& t) {
        for (int i = 0; i < 3; ++i) {
            t.db.add(1);
        }
        t.wait({at(1, 3)}); // parked: the wall is known
        const int looks = t.db.looks;
        t.db.cut_unnoticed(1, 1);
        BOOST_TEST(seen_by(t.wait({at(1, 2)})) == "1:reset 1");
        BOOST_TEST(t.db.looks > looks); // the parked one, which is behind by now, asks, too
    });
}

// Entries that are missing for good do not make the client ask in vain for ever.
BOOST_AUTO_TEST_CASE(entries_that_are_missing_begin_the_wall_anew_after_a_look)
{
    with_hub([](running_hub& t) {
        for (int i = 0; i < 3; ++i) {
            t.db.add(1);
        }
        t.db.feed[1].erase(t.db.feed[1].begin() + 1, t.db.feed[1].end());
        t.db.feed[1].back().id = entry_id{3};
        t.db.missing_from_pages = true;
        BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "1:reset 3");
        BOOST_TEST(t.db.loads == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_begins_anew_again_and_again_is_an_error)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.during_load = [&t] { t.db.epochs[1] = 1 + t.db.loads; };
        t.db.epoch_of_pages_is_behind = true;
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "database");
        BOOST_TEST(t.db.loads == 4);
    });
}

BOOST_AUTO_TEST_CASE(who_left_without_an_answer_makes_the_next_one_look)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.wait({at(1, 0)});
        const int looks = t.db.looks;
        t.wait({at(1, 0)}); // the one before was answered: its look is good enough
        BOOST_TEST(t.db.looks == looks);
        peer& leaves = t.wait({at(1, 1)});
        leaves.leave();
        let_others_run();
        t.wait({at(1, 0)});
        BOOST_TEST(t.db.looks == looks + 1);
    });
}

// The same for one that was answered while it was parked, from memory.
BOOST_AUTO_TEST_CASE(who_was_answered_from_memory_makes_nobody_look)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:2");
        BOOST_TEST(t.h->count().clients == 0u);
        const int looks = t.db.looks;
        BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "1:2");
        BOOST_TEST(t.db.looks == looks);
    });
}

// It needs more than when it began to wait, because the memory has been dropped. What it has is
// given back before it waits for the larger share: whoever waits with a share waits for itself.
BOOST_AUTO_TEST_CASE(an_answer_that_turns_out_larger_waits_without_its_first_share)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& before = t.wait({at(1, 1)});
        publish(t, std::string(150'000, 'x'));
        let_others_run();
        BOOST_TEST(before.in_parts == 1u);
        t.h->every_second(std::chrono::steady_clock::now() + 1h); // memory alone has it now
        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        peer& p = t.wait({at(1, 1)});
        BOOST_TEST(t.room.waiting() == 1u);
        t.db.authors = {user_id{3}};
        t.look();
        std::size_t held = 0;
        t.db.during_load = [&] { held = t.room.held(); };
        all.release();
        until([&] { return !p.written.empty() || !p.ended.empty() || t.room.waiting() > 0; });
        BOOST_TEST(seen_by(p) == "1:2");
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(held == std::size_t{2} << 20); // nobody knows yet how large it is
    });
}

// One user's answers may hold a quarter of the room.
BOOST_AUTO_TEST_CASE(an_answer_waits_for_those_of_its_user_and_not_for_those_of_others)
{
    auto s = running_hub::quiet();
    s.backlog.answer_bytes = 1'000;
    with_hub(
        [](running_hub& t) {
            t.db.sessions["bob"] = somebody(2);
            t.db.add(1);
            auto of_ann = t.room.take(user_id{1}, 300'000);
            peer& ann = t.wait({at(1, 0)});
            BOOST_TEST(t.room.waiting() == 1u);
            BOOST_TEST(seen_by(t.wait({at(1, 0)}, "bob")) == "1:1");
            BOOST_TEST(seen_by(ann) == "");
            of_ann.release();
            let_others_run();
            BOOST_TEST(seen_by(ann) == "1:1");
        },
        s);
}

BOOST_AUTO_TEST_CASE(whoever_waits_for_a_peer_that_does_not_read_holds_no_room)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        peer& p = t.wait({at(1, 0)});
        BOOST_TEST(t.room.waiting() == 1u);
        p.full = true;
        std::size_t held = 1;
        p.during_wait = [&] { held = t.room.held(); };
        all.release();
        let_others_run();
        BOOST_TEST(held == 0u);
        BOOST_TEST(seen_by(p) == "1:1");
    });
}

BOOST_AUTO_TEST_SUITE_END()
