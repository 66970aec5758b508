// Changes of access, of names and of clocks, which a look applies first.
#include "tests/walls/refresher_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

BOOST_AUTO_TEST_SUITE(feed_follower_access)

// With a large text others run before the look is over.
BOOST_AUTO_TEST_CASE(who_lost_access_is_woken_before_the_entries_of_the_same_look)
{
    for (const std::size_t bytes : {2, 70'000}) {
        in_loop([bytes](fibers::reactor&) {
            running t;
            const presence::client here(t.presence);
            t.db.sessions["t"] = somebody(7);
            const auto before = t.access.find("t", true).value();
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            parked_poll a(t, {at(1, 0)}, 7);
            t.db.add(1, std::string(bytes, 'x'));
            t.db.access_changed = {user_id{7}};
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::access_changed));
            BOOST_TEST(!t.access.holds(before));
        });
    }
}

// Who has lost the wall is not known: whoever waits for it asks again, and nobody else.
BOOST_AUTO_TEST_CASE(when_the_members_of_a_wall_changed_those_who_wait_for_it_ask_again)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["seven"] = somebody(7);
        t.db.sessions["eight"] = somebody(8, {wall_id{2}});
        const auto seven = t.access.find("seven", true).value();
        const auto eight = t.access.find("eight", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0), at(2, 0)}).has_value());
        parked_poll a(t, {at(1, 0), at(2, 0)}, 7);
        parked_poll b(t, {at(2, 0)}, 8);
        t.db.add(1);
        t.db.members_changed = {wall_id{1}, wall_id{9}};
        t.job.hint();
        BOOST_TEST((a.outcome() == woken::access_changed));
        BOOST_TEST(!t.access.holds(seven));
        BOOST_TEST((b.outcome() == woken::not_yet));
        BOOST_TEST(t.access.holds(eight));
    });
}

BOOST_AUTO_TEST_CASE(when_everybody_changed_all_ask_again_and_no_entry_is_forgotten)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        t.db.sessions["t"] = somebody(7);
        const auto before = t.access.find("t", true).value();
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        parked_poll a(t, {at(1, 0)}, 7);
        t.db.add(1);
        t.look();
        BOOST_TEST((a.outcome() == woken::risen));
        BOOST_TEST(t.remembered(1));
        parked_poll b(t, {at(1, 1, 1)}, 7);
        t.db.everybody_changed = true;
        t.job.hint();
        BOOST_TEST((b.outcome() == woken::access_changed));
        BOOST_TEST(!t.access.holds(before));
        BOOST_TEST(t.remembered(1));
    });
}

BOOST_AUTO_TEST_CASE(after_the_databases_clock_was_set_sessions_are_asked_for_again)
{
    for (const auto by : {std::chrono::hours(960), std::chrono::hours(-960)}) {
        in_loop([by](fibers::reactor&) {
            running t;
            std::vector<std::chrono::milliseconds> told;
            t.job.on_clock_set() = [&](refresher::clock which, std::chrono::milliseconds how_far) {
                BOOST_TEST((which == refresher::clock::database));
                told.push_back(how_far);
            };
            const presence::client here(t.presence);
            t.db.sessions["t"] = somebody(7);
            const auto before = t.access.find("t", true).value();
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            BOOST_TEST(t.access.holds(before));
            t.db.clock_ahead = by;
            parked_poll a(t, {at(1, 0)}, 7);
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::access_changed));
            BOOST_TEST(!t.access.holds(before));
            BOOST_TEST_REQUIRE(told.size() == 1u);
            BOOST_TEST((std::chrono::round<std::chrono::hours>(told[0]) == by));
        });
    }
}

// By which a signed token ends; what was left of it is kept on a clock that nobody sets. Failed
// before: it was good for so much longer.
BOOST_AUTO_TEST_CASE(after_this_hosts_clock_was_set_signed_tokens_are_judged_anew)
{
    using namespace std::chrono_literals;
    for (const auto by : {std::chrono::milliseconds(960h), std::chrono::milliseconds(-960h),
                          std::chrono::milliseconds(1s)}) {
        in_loop([by](fibers::reactor&) {
            running t;
            std::chrono::milliseconds set{};
            t.job.time_of_day() = [&] { // without the jumps that ours may make meanwhile
                return clock_watch::reading(std::chrono::floor<std::chrono::milliseconds>(
                           std::chrono::steady_clock::now().time_since_epoch())) +
                       set;
            };
            std::vector<std::chrono::milliseconds> told;
            t.job.on_clock_set() = [&](refresher::clock which, std::chrono::milliseconds how_far) {
                BOOST_TEST((which == refresher::clock::host));
                told.push_back(how_far);
            };
            const presence::client here(t.presence);
            const auto known_by = [&](const char* token, grounds how, std::int64_t user) {
                auto made = std::make_shared<identity>(*somebody(user));
                made->by = how;
                t.db.sessions[token] = made;
                return t.access.find(token, true).value();
            };
            const auto session = known_by("session", grounds::session, 7);
            const auto of_user = known_by("user", grounds::signed_user, 7);
            const auto of_walls = known_by("walls", grounds::signed_walls, 0);
            const auto guest = t.access.find_guest(true).value();
            BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
            set = by;
            parked_poll a(t, {at(1, 0)}, 7);
            t.job.hint();
            let_others_run();
            const bool jumped = by != 1s; // which clocks do by themselves
            BOOST_TEST(((a.outcome() == woken::access_changed) == jumped));
            BOOST_TEST(t.access.holds(of_user) == !jumped);
            BOOST_TEST(t.access.holds(of_walls) == !jumped);
            BOOST_TEST(t.access.holds(session));
            BOOST_TEST(t.access.holds(guest));
            BOOST_TEST_REQUIRE(told.size() == (jumped ? 1u : 0u));
            BOOST_TEST((!jumped || std::chrono::round<std::chrono::hours>(told[0]) == by));
        });
    }
}

BOOST_AUTO_TEST_CASE(a_position_is_known_once_its_changes_are_applied)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_TEST(t.job.access_known() == "");
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        BOOST_TEST(t.job.access_known() == "after look 1");
        t.db.down = true;
        BOOST_TEST(t.catch_up({at(2, 0)}).has_error());
        BOOST_TEST(t.job.access_known() == "after look 1");
    });
}

BOOST_AUTO_TEST_CASE(what_shows_something_else_leaves_memory_and_nobody_is_woken)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        const auto remembered = [&] { return t.remembered(1); };
        const auto again = [&](std::int64_t last) {
            parked_poll a(t, {at(1, last, 1)});
            t.db.add(1);
            t.job.hint();
            BOOST_TEST((a.outcome() == woken::risen));
        };
        again(0);
        BOOST_REQUIRE(remembered());
        parked_poll stays(t, {at(1, 1, 1)});
        t.db.authors = {user_id{3}};
        t.job.hint();
        let_others_run();
        BOOST_TEST(!remembered());
        BOOST_TEST((stays.why == woken::not_yet));
        again(1);
        BOOST_REQUIRE(remembered());
        t.db.refresh(1);
        t.job.hint();
        let_others_run();
        BOOST_TEST(!remembered());
    });
}

BOOST_AUTO_TEST_CASE(answers_that_a_look_without_changes_of_access_crossed_are_remembered)
{
    in_loop([](fibers::reactor&) {
        running t;
        const presence::client here(t.presence);
        BOOST_REQUIRE(t.catch_up({at(1, 0)}).has_value());
        t.db.sessions["t"] = somebody(7);
        t.db.during_find = [&] { t.look(); };
        const auto identity = t.access.find("t", true).value();
        BOOST_TEST(t.db.looks == 2);
        BOOST_TEST(t.access.holds(identity));
    });
}

BOOST_AUTO_TEST_SUITE_END()
