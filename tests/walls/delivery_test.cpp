// The races of a delivery, each by name. No clock decides: what happens between two steps of a
// delivery is done by the fake database in the middle of a look or a read, by the sink in the
// middle of a wait, or by the test between two turns.
#include "tests/walls/hub_fixture.hpp"

#include <boost/fiber/operations.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <thread>

using namespace walls;
using namespace walls::testing;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

namespace {

template <class Body>
void with_hub(Body body, walls::settings s = running_hub::quiet())
{
    in_loop([&](fibers::reactor& loop) {
        running_hub t(loop, s);
        body(t);
    });
}

// Where a deadline has to pass by itself, the parking looks at its clock.
walls::settings ticking()
{
    auto s = running_hub::quiet();
    s.look = 20ms;
    return s;
}

// The entries of an answer: "1:7 1:8" (wall:entry), "1:reset 5", and " more" if there is more.
std::string in_words(const std::string& json)
{
    std::string words;
    std::string wall;
    for (std::size_t i = 0; i < json.size();) {
        const auto rest = std::string_view(json).substr(i);
        const auto number_at = [&](std::size_t from) {
            return std::to_string(std::stoll(std::string(rest.substr(from))));
        };
        if (rest.starts_with(R"({"id":)")) {
            words += (words.empty() ? "" : " ") + wall + ":" + number_at(6);
        } else if (rest.starts_with(R"("reset":true,"newest":)")) {
            words += (words.empty() ? "" : " ") + wall + ":reset " + number_at(22);
        } else if (rest.starts_with(R"("more":true)")) {
            words += " more";
        } else if (const auto quote = rest.find('"', 1);
                   rest.starts_with('"') && rest.substr(quote + 1).starts_with(R"(:{"posts":)")) {
            wall = rest.substr(1, quote - 1);
        }
        ++i;
    }
    return words;
}

std::string seen_by(const peer& p)
{
    std::string all;
    for (const auto& json : p.written) {
        all += (all.empty() ? "" : ", ") + in_words(json);
    }
    peer only_ended;
    only_ended.ended = p.ended;
    const auto ended = only_ended.all();
    return all + (all.empty() || ended.empty() ? "" : ", ") + ended;
}

// This process committed the newest post of wall 1.
void publish(running_hub& t, const std::string& body = "hi", bool access_changed = false)
{
    t.db.add(1, body);
    const auto before = t.h->about_to_publish();
    const entry e = t.db.feed[1].back();
    t.h->published({e, wall_id{1}, wall_epoch{1}, access_changed, before.outdated});
}

// Waits until the clock has passed the deadline, without letting anything else run.
void block_the_loop(std::chrono::milliseconds time)
{
    std::this_thread::sleep_for(time);
}

void until(const std::function<bool()>& condition)
{
    while (!condition()) {
        boost::this_fiber::sleep_for(1ms);
    }
}

} // namespace

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

// --- access ---

BOOST_AUTO_TEST_SUITE(delivery_and_access)

// The look brings the post and the revocation together.
BOOST_AUTO_TEST_CASE(revoked_in_the_look_that_brings_the_news)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        t.db.add(1);
        t.db.sessions.erase("ann");
        t.db.access_changed = {user_id{1}};
        t.look();
        BOOST_TEST(seen_by(p) == "signed_out");
    });
}

// Woken because of the news, and before it runs the session ends.
BOOST_AUTO_TEST_CASE(revoked_between_waking_and_answer)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        publish(t);
        boost::this_fiber::yield(); // parking has woken it; it has not run
        BOOST_TEST_REQUIRE(t.parked() == 1u);
        t.db.sessions.erase("ann");
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(seen_by(p) == "signed_out");
    });
}

// It waits for a look before it compares; that look brings the news into memory, because somebody
// else waits for them, and revokes.
BOOST_AUTO_TEST_CASE(revoked_between_comparison_and_answer)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.sessions["bob"] = somebody(2);
        t.db.add(1);
        peer& other = t.wait({at(1, 1)}, "bob");
        const int looks = t.db.looks;
        t.db.add(1);
        peer& p = t.begin({at(1, 1), at(2, 0)}); // nobody has asked for wall 2 yet
        t.db.sessions.erase("ann");
        t.db.access_changed = {user_id{1}};
        let_others_run();
        BOOST_TEST(t.db.looks > looks);
        BOOST_TEST(seen_by(other) == "1:2");
        BOOST_TEST(seen_by(p) == "signed_out");
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_lost_while_it_waits_for_a_look_is_not_written)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        peer& p = t.begin({at(1, 0), at(2, 0)});
        t.db.sessions["ann"] = somebody(1, {wall_id{2}});
        t.db.access_changed = {user_id{1}};
        let_others_run();
        BOOST_TEST(seen_by(p) == "2:1");
    });
}

BOOST_AUTO_TEST_CASE(revoked_while_a_backlog_page_is_read)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.during_load = [&t] {
            t.db.sessions.erase("ann");
            t.h->access_changed(user_id{1});
        };
        peer& p = t.wait({at(1, 0)});
        BOOST_TEST(t.db.loads == 1);
        BOOST_TEST(seen_by(p) == "signed_out");
        t.h->every_second(std::chrono::steady_clock::now() + 1h); // the page was kept for others
        BOOST_TEST(t.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_lost_while_a_backlog_page_is_read_is_not_written)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        t.db.during_load = [&t, first = true]() mutable {
            if (std::exchange(first, false)) {
                t.db.sessions["ann"] = somebody(1, {wall_id{2}});
                t.h->access_changed(user_id{1});
            }
        };
        BOOST_TEST(seen_by(t.wait({at(1, 0), at(2, 0)})) == "2:1");
    });
}

BOOST_AUTO_TEST_CASE(revoked_while_the_peer_does_not_read)
{
    with_hub([](running_hub& t) {
        t.db.sessions["bob"] = somebody(2);
        t.db.add(1);
        peer& other = t.wait({at(1, 1)}, "bob");
        publish(t); // in memory from here on
        let_others_run();
        BOOST_TEST(seen_by(other) == "1:2");
        peer& p = t.begin({at(1, 1)});
        p.full = true;
        p.during_wait = [&t] {
            t.db.sessions.erase("ann");
            t.h->access_changed(user_id{1});
        };
        let_others_run();
        BOOST_TEST(t.db.loads == 0);
        BOOST_TEST(seen_by(p) == "signed_out");
    });
}

// The room that a large answer needs is taken; it is had when another has let it go.
BOOST_AUTO_TEST_CASE(revoked_while_it_waits_for_room)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        auto all = t.room.take(user_id{9}, std::size_t{1} << 20);
        peer& p = t.wait({at(1, 0)});
        BOOST_TEST(t.room.waiting() == 1u);
        t.db.sessions.erase("ann");
        t.h->access_changed(user_id{1});
        all.release();
        let_others_run();
        BOOST_TEST(t.db.loads == 0);
        BOOST_TEST(seen_by(p) == "signed_out");
        BOOST_TEST(t.room.held() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_gained_while_parked)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.add(2);
        peer& asked = t.wait({at(1, 1), at(2, 0)});
        peer& did_not_ask = t.wait({at(1, 1)});
        BOOST_TEST(seen_by(asked) == "");
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.access_changed = {user_id{1}};
        t.look();
        BOOST_TEST(seen_by(asked) == "2:1");
        BOOST_TEST(seen_by(did_not_ask) == "");
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(did_not_ask) == "1:2");
    });
}

BOOST_AUTO_TEST_CASE(a_wall_lost_while_parked)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.add(1);
        t.db.add(2);
        peer& both = t.wait({at(1, 1), at(2, 1)});
        peer& one = t.wait({at(2, 1)});
        t.db.sessions["ann"] = somebody(1, {wall_id{1}});
        t.db.access_changed = {user_id{1}};
        t.db.add(2);
        t.look();
        BOOST_TEST(seen_by(both) == "");
        BOOST_TEST(seen_by(one) == "no_wall");
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(both) == "1:2");
    });
}

// Walls of others cost who asks for them, not us.
BOOST_AUTO_TEST_CASE(of_walls_that_are_not_to_be_seen_only_some_are_kept)
{
    with_hub([](running_hub& t) {
        std::vector<cursor> many{at(1, 1)};
        std::vector<wall_id> all{wall_id{1}};
        for (std::int64_t wall = 2; wall <= 1000; ++wall) {
            many.push_back(at(wall, 0));
            all.push_back(wall_id{wall});
            t.db.add(wall);
        }
        t.db.add(1);
        peer& p = t.wait(many);
        t.db.sessions["ann"] = somebody(1, all);
        t.db.access_changed = {user_id{1}};
        t.look();
        until([&] { return !p.written.empty() || !p.ended.empty(); });
        BOOST_TEST_REQUIRE(p.written.size() == 1u);
        const auto words = in_words(p.written.front());
        BOOST_TEST(std::count(words.begin(), words.end(), ':') == 64);
    });
}

BOOST_AUTO_TEST_CASE(everything_forgotten_while_parked)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& same = t.wait({at(1, 1, 1)});
        t.db.forget_everything = true;
        t.look();
        BOOST_TEST(seen_by(same) == ""); // it asked again, and is parked with the same cursor
        BOOST_TEST(t.parked() == 1u);
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(same) == "1:2");
        // The backup that was restored lacks the second post, and another has its number by now.
        peer& restored = t.wait({at(1, 2, 1)});
        t.db.replace(1, 2);
        t.db.forget_everything = true;
        t.look();
        BOOST_TEST(seen_by(restored) == "1:reset 2");
    });
}

// It named no epoch, and parked with the one that it was compared with.
BOOST_AUTO_TEST_CASE(another_history_that_is_as_long_begins_while_parked)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.add(1);
        peer& p = t.wait({at(1, 2)});
        BOOST_TEST(t.parked() == 1u);
        t.db.replace(1, 2);
        t.look();
        BOOST_TEST(seen_by(p) == "1:reset 2");
    });
}

BOOST_AUTO_TEST_CASE(everything_forgotten_and_the_session_gone)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& p = t.wait({at(1, 1)});
        t.db.add(1);
        t.db.sessions.clear();
        t.db.forget_everything = true;
        t.look();
        BOOST_TEST(seen_by(p) == "signed_out");
    });
}

// A wall that was granted after the last look may have another's id.
BOOST_AUTO_TEST_CASE(a_user_who_was_read_after_the_last_look_waits_for_one)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        peer& there = t.wait({at(1, 1)});
        const int looks = t.db.looks;
        auto later = std::make_shared<identity>(*somebody(2));
        later->read_at = std::chrono::steady_clock::now();
        t.db.sessions["bob"] = later;
        t.wait({at(1, 1)}, "bob");
        BOOST_TEST(t.db.looks == looks + 1);
        BOOST_TEST(seen_by(there) == "");
    });
}

BOOST_AUTO_TEST_SUITE_END()

// --- ends ---

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
        boost::fibers::fiber stop(boost::fibers::launch::dispatch, [&] { t.h->stop(); });
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
        // Who is asked about while the database is away is not signed out.
        peer& parked = t.wait({at(1, 1)});
        t.db.down = true;
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(seen_by(parked) == "database");
    });
}

BOOST_AUTO_TEST_CASE(what_is_thrown_ends_this_delivery_and_no_other)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.during_load = [] { throw std::runtime_error("a bug"); };
        peer& p = t.wait({at(1, 0)});
        BOOST_TEST(seen_by(p) == "failed");
        BOOST_TEST(p.ended.front().what == "a bug");
        BOOST_TEST(t.room.held() == 0u);
    });
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
            BOOST_TEST(seen_by(first) == "");
            BOOST_TEST(seen_by(t.wait({at(1, 0)})) == "1:1"); // who does not park is answered
        },
        s);
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

BOOST_AUTO_TEST_SUITE_END()

// --- what is read, and how large it is ---

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

BOOST_AUTO_TEST_SUITE_END()

// --- a sink that goes on ---

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
            t.db.during_who = [&] { held = t.room.held(); };
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
