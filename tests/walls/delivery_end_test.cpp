// How a delivery ends: its time, its session, a stop, its peer, the database, limits.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(delivery_and_its_end)

BOOST_AUTO_TEST_CASE(at_its_deadline_it_ends_with_nothing_new)
{
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            peer& p = t.wait({at(1, 1)}, "ann", 1s);
            until([&] { return !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "time_up");
        },
        ticking());
}

// Both are there when the loop comes back: the news are written, once.
BOOST_AUTO_TEST_CASE(deadline_together_with_news)
{
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            peer& p = t.wait({at(1, 1)}, "ann", 1s);
            BOOST_TEST_REQUIRE(t.parked() == 1u);
            block_the_loop(1200ms);
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(p) == "1:2");
            // The other order: it was ended, then the news come. The next one has them.
            peer& ended = t.wait({at(1, 2)}, "ann", 1s);
            until([&] { return t.parked() == 0 || !ended.ended.empty(); });
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(ended) == "time_up");
            BOOST_TEST(seen_by(t.wait({at(1, 2)})) == "1:3");
        },
        ticking());
}

BOOST_AUTO_TEST_CASE(session_end_together_with_news)
{
    with_hub(
        [](running_hub& t) {
            const auto short_session = [](std::chrono::milliseconds left) {
                auto made = std::make_shared<identity>(*somebody(1));
                made->ends = std::chrono::steady_clock::now() + left;
                return made;
            };
            t.db.add(1);
            t.db.sessions["ann"] = short_session(1s);
            peer& ended = t.wait({at(1, 1)});
            BOOST_TEST_REQUIRE(t.parked() == 1u);
            t.db.sessions.erase("ann");
            block_the_loop(1200ms);
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(ended) == "signed_out");

            t.db.sessions["ann"] = short_session(1s);
            peer& prolonged = t.wait({at(1, 2)});
            BOOST_TEST_REQUIRE(t.parked() == 1u);
            t.db.sessions["ann"] = somebody(1);
            block_the_loop(1200ms);
            publish(t);
            let_others_run();
            BOOST_TEST(seen_by(prolonged) == "1:3");
        },
        ticking());
}

// No news come: the end of the session alone makes it ask, and it is not told "nothing new".
BOOST_AUTO_TEST_CASE(the_session_ends_while_parked)
{
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            auto made = std::make_shared<identity>(*somebody(1));
            made->ends = std::chrono::steady_clock::now() + 1s;
            t.db.sessions["ann"] = made;
            peer& p = t.wait({at(1, 1)});
            t.db.sessions.erase("ann");
            until([&] { return !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "signed_out");
        },
        ticking());
}

BOOST_AUTO_TEST_CASE(a_stop_ends_who_is_parked)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(p) == "stopping");
        BOOST_TEST(t.h->stacks_in_use() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_stop_during_catching_up)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        bool answers = false;
        t.db.during_look = [&] {
            while (!answers) {
                boost::this_fiber::yield();
            }
        };
        peer& p = t.wait({at(1, 1)});
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(p) == ""); // the look has not answered
        answers = true;
        let_others_run();
        BOOST_TEST(t.parked() == 1u); // it parked after the stop had begun
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(p) == "stopping");
    });
}

BOOST_AUTO_TEST_CASE(a_stop_while_it_waits_for_the_next_look)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        bool answers = false;
        t.db.during_look = [&] {
            while (!answers) {
                boost::this_fiber::yield();
            }
        };
        peer& first = t.wait({at(1, 1)});
        peer& next = t.wait({at(1, 1)}); // its look begins after that one
        bool stopped = false;
        boost::fibers::fiber stop(boost::fibers::launch::dispatch, [&] {
            t.h->stop();
            stopped = true;
        });
        let_others_run();
        BOOST_TEST(!stopped); // the look has not answered
        answers = true;
        stop.join();
        t.h->drain();
        let_others_run();
        BOOST_TEST((seen_by(first) == "stopping" || seen_by(first) == "database"));
        BOOST_TEST(seen_by(next) == "database");
    });
}

BOOST_AUTO_TEST_CASE(a_stop_while_it_waits_for_room)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        peer& p = t.wait({at(1, 0)});
        BOOST_TEST(t.room.waiting() == 1u);
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(p) == "stopping");
    });
}

// Nobody hears the end: it is no answer either.
BOOST_AUTO_TEST_CASE(a_stop_while_it_waits_for_room_of_one_that_has_left)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        peer& p = t.wait({at(1, 0)});
        p.leave();
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(p) == "gone");
    });
}

BOOST_AUTO_TEST_CASE(the_peer_leaves_in_each_state)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& parked = t.wait({at(1, 1)});
        BOOST_TEST(t.parked() == 1u);
        parked.leave();
        let_others_run();
        BOOST_TEST(seen_by(parked) == "gone");
        BOOST_TEST(!parked.on_disconnect);

        peer& before = t.begin({at(1, 1)}); // while it is compared
        before.leave();
        let_others_run();
        BOOST_TEST(seen_by(before) == "gone");

        peer& woken = t.wait({at(1, 1)}); // it was woken for news a moment before
        publish(t);
        boost::this_fiber::yield();
        woken.leave();
        let_others_run();
        BOOST_TEST(seen_by(woken) == "1:2"); // a write to nobody, and no end besides

        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        t.db.add(2);
        t.db.sessions["ann"] = somebody(1, {wall_id{2}});
        t.h->access_changed(user_id{1});
        peer& for_room = t.wait({at(2, 0)});
        BOOST_TEST(t.room.waiting() == 1u);
        const int loads = t.db.loads;
        for_room.leave();
        all.release();
        let_others_run();
        BOOST_TEST(seen_by(for_room) == "gone");
        BOOST_TEST(t.db.loads == loads); // nothing is read for nobody
        BOOST_TEST(t.room.held() == 0u);
        BOOST_TEST(t.parked() == 0u);
        BOOST_TEST(t.h->count().clients == 0u);
    });
}

BOOST_AUTO_TEST_CASE(the_peer_leaves_while_it_waits_for_a_look_or_does_not_read)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer* p = nullptr;
        t.db.during_look = [&] {
            if (p != nullptr) {
                p->leave();
            }
        };
        p = &t.begin({at(1, 1)});
        let_others_run();
        BOOST_TEST(seen_by(*p) == "gone");
        t.db.during_look = [] {};
        peer& full = t.begin({at(1, 1)});
        full.full = true;
        full.during_wait = [&] { full.leave(); };
        let_others_run();
        BOOST_TEST(seen_by(full) == "gone");
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(the_database_is_away)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        const auto somebody_known = t.who("ann");
        t.db.down = true;
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "database");
        t.db.down = false;
        t.db.loads_fail = true;
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "database");
        t.db.loads_fail = false;
        BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1");
        // Nobody is signed out because the database is away.
        peer& parked = t.wait({at(1, 1)});
        t.db.down = true;
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(seen_by(parked) == "database");
    });
}

BOOST_AUTO_TEST_CASE(what_is_thrown_ends_this_delivery_and_no_other)
{
    auto s = running_hub::quiet();
    s.backlog.answer_bytes = 1'000; // there is room for two
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            t.db.during_load = [&t] {
                boost::this_fiber::yield();
                if (t.db.loads == 1) {
                    throw std::runtime_error("a bug");
                }
            };
            peer& reads = t.begin({at(1, 0)});
            peer& waits = t.begin({at(1, 0)}); // for what the other reads
            until([&] { return !reads.all().empty() && !waits.all().empty(); });
            BOOST_TEST(seen_by(reads) == "failed");
            BOOST_TEST(reads.ended.front().what == "a bug");
            BOOST_TEST(seen_by(waits) == "1:1");
            t.h->every_second(std::chrono::steady_clock::now() + 1h);
            BOOST_TEST(t.room.held() == 0u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_it_is_refused)
{
    auto s = running_hub::quiet();
    s.max_parked = 1;
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            peer& first = t.wait({at(1, 1)});
            BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "too_many");
            BOOST_TEST(t.parked() == 1u);
            BOOST_TEST(seen_by(first) == "");
            BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1"); // who does not park is answered
        },
        s);
}

// Failed before: they could have all of them.
BOOST_AUTO_TEST_CASE(guests_have_a_quarter_of_the_places_and_members_the_others)
{
    auto s = running_hub::quiet();
    s.max_parked = 12;
    with_hub(
        [](running_hub& t) {
            t.db.open = {wall_id{1}};
            auto by_token = std::make_shared<identity>(*somebody(0));
            by_token->by = grounds::signed_walls;
            t.db.sessions["a guest's"] = by_token;
            t.db.add(1);
            peer& first = t.wait({at(1, 1)}, running_hub::no_token);
            t.wait({at(1, 1)}, "a guest's");
            t.wait({at(1, 1)}, running_hub::no_token);
            for (const auto* guest : {running_hub::no_token, "a guest's"}) {
                BOOST_TEST(seen_by(t.wait({at(1, 1)}, guest)) == "too_many_guests");
                BOOST_TEST(seen_by(t.wait({at(1, 0)}, guest)) == "1:1"); // who does not park
            }
            BOOST_TEST(t.h->count().parked_guests == 3u);
            for (int i = 0; i < 9; ++i) {
                BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "");
            }
            BOOST_TEST(seen_by(t.wait({at(1, 1)})) == "too_many");
            BOOST_TEST(t.parked() == 12u);
            first.leave();
            let_others_run();
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, running_hub::no_token)) == "");
            auto more = t.chosen;
            more.max_parked = 20;
            more.max_parked_guests = 4;
            t.h->change(more);
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, running_hub::no_token)) == "");
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, running_hub::no_token)) == "too_many_guests");
        },
        s);
}

BOOST_AUTO_TEST_CASE(of_few_places_guests_have_one)
{
    auto s = running_hub::quiet();
    s.max_parked = 2;
    with_hub(
        [](running_hub& t) {
            t.db.open = {wall_id{1}};
            t.db.add(1);
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, running_hub::no_token)) == "");
            BOOST_TEST(seen_by(t.wait({at(1, 1)}, running_hub::no_token)) == "too_many_guests");
        },
        s);
}

BOOST_AUTO_TEST_CASE(who_may_not_wait_there_is_refused_when_it_would_park)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = *t.peers.emplace_back(std::make_unique<peer>());
        p.may_wait = false;
        p.stream = true;
        t.start(p, {at(1, 0)}, "ann", 1h);
        let_others_run();
        BOOST_TEST(seen_by(p) == "1:1, too_many_there");
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_per_user_the_oldest_ends)
{
    auto s = running_hub::quiet();
    s.max_parked_per_user = 2;
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            t.db.sessions["bob"] = somebody(2);
            peer& others = t.wait({at(1, 1)}, "bob");
            peer& oldest = t.wait({at(1, 1)});
            peer& second = t.wait({at(1, 1)});
            peer& third = t.wait({at(1, 1)});
            BOOST_TEST(seen_by(oldest) == "time_up");
            BOOST_TEST(seen_by(second) == "");
            BOOST_TEST(seen_by(third) == "");
            BOOST_TEST(seen_by(others) == "");
            BOOST_TEST(t.h->count().parked_beyond_user_limit == 1u);
        },
        s);
}

// Two reasons at once: the first one counts, and there is one end.
BOOST_AUTO_TEST_CASE(a_stop_together_with_news_or_with_the_peers_leaving)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.sessions["bob"] = somebody(2);
        peer& news_first = t.wait({at(1, 1)});
        peer& leaves_first = t.wait({at(1, 1)}, "bob");
        leaves_first.leave();
        publish(t);
        boost::this_fiber::yield(); // parking has woken the one that is still there
        t.h->drain();
        let_others_run();
        BOOST_TEST(seen_by(news_first) == "1:2");
        BOOST_TEST(seen_by(leaves_first) == "gone");
        BOOST_TEST(t.parked() == 0u);
    });
}

// It was answered: whoever comes back in a moment needs no look.
BOOST_AUTO_TEST_CASE(an_end_is_an_answer)
{
    with_hub(
        [](running_hub& t) {
            t.db.add(1);
            peer& p = t.wait({at(1, 1)}, "ann", 0s);
            until([&] { return !p.ended.empty(); });
            BOOST_TEST(seen_by(p) == "time_up");
            BOOST_TEST(t.h->count().clients == 0u);
            const int looks = t.db.looks;
            BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1");
            BOOST_TEST(t.db.looks == looks);
        },
        ticking());
}

BOOST_AUTO_TEST_SUITE_END()
