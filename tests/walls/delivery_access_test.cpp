// Access that changes between any two steps of a delivery.
#include "tests/walls/delivery_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace walls;
using namespace walls::testing;

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

// One that says which walls it knows of hears when they are others, whatever it asked for; a poll
// ends with it, as with any answer.
BOOST_AUTO_TEST_CASE(walls_gained_and_lost_are_told_to_whoever_wants_to_hear_of_them)
{
    for (const bool stream : {false, true}) {
        with_hub([stream](running_hub& t) {
            t.db.add(1);
            t.db.add(2);
            const auto now = [&t] { return access_number_of(*t.who("ann")); };
            const auto becomes = [&t](std::vector<wall_id> walls) {
                t.db.sessions["ann"] = somebody(1, std::move(walls));
                t.db.access_changed = {user_id{1}};
                t.look();
            };
            peer& others = t.wait({at(1, 1)});
            peer& p = t.wait_for_walls({at(1, 1)}, stream);
            t.db.access_changed = {user_id{1}};
            t.look(); // asks again who this is: nothing has changed
            BOOST_TEST(p.numbers.empty());
            becomes({wall_id{1}, wall_id{2}});
            BOOST_TEST_REQUIRE(p.numbers.size() == 1u);
            BOOST_TEST((p.numbers[0] == now()));
            BOOST_TEST(p.access.empty()); // it had not asked for that one
            BOOST_TEST(t.parked() == (stream ? 2u : 1u));
            becomes({wall_id{2}});
            BOOST_TEST(seen_by(others) == "no_wall");
            BOOST_TEST(p.numbers.size() == (stream ? 2u : 1u));
            becomes({});
            BOOST_TEST(p.numbers.size() == (stream ? 3u : 1u));
            BOOST_TEST(seen_by(p) == ""); // without a wall, too, it waits for one
            becomes({wall_id{1}});
            if (stream) {
                BOOST_TEST(p.numbers.size() == 4u);
                BOOST_TEST(p.access == (std::vector<std::string>{"lost 1", "gained 1"}),
                           boost::test_tools::per_element());
                publish(t);
                let_others_run();
                BOOST_TEST(seen_by(p) == "1:2");
            }
        });
    }
}

BOOST_AUTO_TEST_CASE(whoever_has_no_wall_waits_for_one)
{
    with_hub([](running_hub& t) {
        t.db.sessions["ann"] = somebody(1, {});
        peer& p = t.wait_for_walls({}, false);
        BOOST_TEST(t.parked() == 1u);
        t.db.sessions["ann"] = somebody(1, {wall_id{3}});
        t.db.access_changed = {user_id{1}};
        t.look();
        BOOST_TEST_REQUIRE(p.numbers.size() == 1u);
        BOOST_TEST((p.numbers[0] == access_number_of(*t.who("ann"))));
        BOOST_TEST(t.parked() == 0u);
    });
}

// The change is committed after the client was identified, and before it parks.
BOOST_AUTO_TEST_CASE(a_wall_gained_before_it_parks_is_told_before_it_parks)
{
    with_hub([](running_hub& t) {
        peer& p = *t.peers.emplace_back(std::make_unique<peer>());
        p.known = access_number_of(*t.who("ann"));
        t.start(p, {at(1, 0)}, "ann", 1h);
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.access_changed = {user_id{1}};
        let_others_run();
        BOOST_TEST(p.numbers.size() == 1u);
        BOOST_TEST(t.parked() == 0u);
    });
}

// Each time that it asks again who this is, the walls that it has gained are asked for once.
BOOST_AUTO_TEST_CASE(a_wall_gained_and_access_that_changes_again)
{
    with_hub([](running_hub& t) {
        t.db.add(1);
        t.db.add(2);
        peer& p = t.stream({at(1, 1), at(2, 0)});
        t.db.sessions["ann"] = somebody(1, {wall_id{1}, wall_id{2}});
        t.db.access_changed = {user_id{1}};
        t.look();
        BOOST_TEST(seen_by(p) == "2:1");
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(t.parked() == 1u);
        t.db.add(2);
        t.look();
        BOOST_TEST(seen_by(p) == "2:1, 2:2");
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
        BOOST_TEST(t.parked() == 1u);
        publish(t);
        let_others_run();
        BOOST_TEST(seen_by(both) == "1:2");
    });
}

// A stream would otherwise never hear of some, though it asked for them and was told that it lost
// them. Guests, who are anybody, have no such claim: what they name costs us memory.
BOOST_AUTO_TEST_CASE(walls_that_may_be_seen_later_are_kept_as_many_as_a_request_names_of_guests_64)
{
    with_hub([](running_hub& t) {
        for (const std::int64_t round : {0, 1}) {
            const bool member = round == 0;
            t.db.sessions["ann"] = somebody(member ? 1 : 0);
            t.db.access_changed = {user_id{1}, guest};
            t.look();
            t.db.add(1);
            std::vector<cursor> many{at(1, round + 1)};
            std::vector<wall_id> all{wall_id{1}};
            for (std::int64_t wall = 2; wall <= 1000; ++wall) {
                many.push_back(at(wall, round));
                all.push_back(wall_id{wall});
                t.db.add(wall);
            }
            peer& p = t.wait(many);
            t.db.sessions["ann"] = somebody(member ? 1 : 0, all);
            t.db.access_changed = {user_id{1}, guest};
            t.look();
            until([&] { return !p.written.empty() || !p.ended.empty(); });
            BOOST_TEST_REQUIRE(p.written.size() == 1u);
            const auto words = in_words(p.written.front());
            BOOST_TEST(std::count(words.begin(), words.end(), ':') == (member ? 999 : 64));
        }
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
