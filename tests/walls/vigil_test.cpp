// A request of another application waits at a hub: what ends it, and that it reads nothing.
#include "tests/walls/delivery_fixture.hpp"
#include "walls/vigil.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace walls;
using namespace walls::testing;

namespace {

using reason = vigil_ending::reason;

struct waiter {
    peer client;
    std::string ended; // in words
    bool parked = false;
    const std::size_t* others_going = nullptr; // vigils::still_going
};

class noting_end {
public:
    explicit noting_end(waiter& w)
        : waiter_(&w)
    {
    }
    void end(const vigil_ending& e)
    {
        constexpr const char* words[] = {"news", "reset",    "gone", "time_up", "stopping",
                                         "full", "database", "left", "failed"};
        waiter_->ended += words[static_cast<int>(e.why)];
        waiter_->parked = e.parked;
    }
    std::size_t going() const { return *waiter_->others_going; }
    template <class F>
    auto on_disconnect(F f)
    {
        return noting_sink::watching(waiter_->client, std::move(f));
    }

private:
    waiter* waiter_;
};

struct vigils {
    running_hub& t;
    std::deque<waiter> all{};
    std::size_t still_going = 0;

    // Begins to wait, and everything that can run has run.
    waiter& wait(std::vector<cursor> cursors, std::chrono::milliseconds left = 1h)
    {
        waiter& w = begin(std::move(cursors), left);
        let_others_run();
        return w;
    }
    waiter& begin(std::vector<cursor> cursors, std::chrono::milliseconds left = 1h)
    {
        waiter& w = all.emplace_back();
        w.others_going = &still_going;
        using waiting = vigil<noting_end>;
        t.h->run_request([v = waiting(*t.h, std::move(cursors), running_hub::clock::now() + left,
                                      noting_end(w))]() mutable { waiting::run(std::move(v)); });
        return w;
    }
};

template <class Body>
void with_vigils(Body body, walls::settings s = running_hub::quiet())
{
    with_hub(
        [&](running_hub& t) {
            vigils v{t};
            body(t, v);
            for (int i = 0; i < 20 && t.h->count().clients > 0; ++i) {
                t.h->drain();
                let_others_run();
            }
            BOOST_TEST(t.h->count().clients == 0u);
        },
        s);
}

} // namespace

BOOST_AUTO_TEST_SUITE(vigil_)

BOOST_AUTO_TEST_CASE(what_is_new_already_ends_it_at_once_and_nothing_is_read)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        const waiter& w = v.wait({at(1, 0)});
        BOOST_TEST(w.ended == "news");
        BOOST_TEST(!w.parked);
        BOOST_TEST(t.db.loads == 0);
        BOOST_TEST(t.db.finds == 0); // nor is there a session
    });
}

BOOST_AUTO_TEST_CASE(it_parks_and_is_woken_by_a_look_that_finds_news_on_any_wall)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        waiter& w = v.wait({at(1, 1), at(2, 0)});
        waiter& other = v.wait({at(3, 0)});
        BOOST_TEST(w.ended == "");
        BOOST_TEST(t.parked() == 2u);
        t.db.add(2);
        t.look();
        BOOST_TEST(w.ended == "news");
        BOOST_TEST(w.parked);
        BOOST_TEST(other.ended == "");
        BOOST_TEST(t.parked() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(what_this_process_commits_wakes_it_without_a_look)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        waiter& w = v.wait({at(1, 1)});
        const int looks = t.db.looks;
        publish(t);
        let_others_run();
        BOOST_TEST(w.ended == "news");
        BOOST_TEST(t.db.looks == looks);
    });
}

// The application has read further than this process has looked.
BOOST_AUTO_TEST_CASE(a_cursor_that_is_ahead_waits_for_a_look)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        v.wait({at(1, 1)});
        t.db.add(1);
        const int looks = t.db.looks;
        waiter& w = v.wait({at(1, 2)});
        BOOST_TEST(t.db.looks == looks + 1);
        BOOST_TEST(w.ended == "");
        t.db.add(1);
        t.look();
        BOOST_TEST(w.ended == "news");
    });
}

BOOST_AUTO_TEST_CASE(what_is_committed_during_its_look_is_not_missed)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        v.wait({at(2, 0)}); // the look that the first client begins with
        bool once = true;
        t.db.during_look = [&] {
            if (std::exchange(once, false)) {
                t.db.add(1);
            }
        };
        waiter& w = v.wait({at(1, 1)});
        BOOST_TEST(w.ended == "");
        t.look();
        BOOST_TEST(w.ended == "news");
    });
}

BOOST_AUTO_TEST_CASE(another_history_of_a_wall_is_reset_and_none_is_gone)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        t.db.add(2);
        waiter& reset = v.wait({at(1, 1)});
        waiter& gone = v.wait({at(2, 1)});
        waiter& waits_for_the_first = v.wait({at(4, 0)});
        t.db.replace(1, 3);
        t.db.replace(2, 0);
        t.look();
        BOOST_TEST(reset.ended == "reset");
        BOOST_TEST(gone.ended == "gone");
        BOOST_TEST(waits_for_the_first.ended == "");
        // The same for those who come with such cursors.
        BOOST_TEST(v.wait({at(1, 3, 1)}).ended == "reset");
        BOOST_TEST(v.wait({at(1, 9)}).ended == "reset");
        BOOST_TEST(v.wait({at(2, 1)}).ended == "gone");
        BOOST_TEST(v.wait({at(1, 3, 2)}).ended == "");
    });
}

BOOST_AUTO_TEST_CASE(of_several_walls_the_one_that_is_gone_is_told)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        t.db.add(2);
        t.db.add(3);
        waiter& w = v.wait({at(1, 1), at(2, 1), at(3, 1)});
        t.db.add(1);
        t.db.replace(2, 0);
        t.db.replace(3, 1);
        t.look();
        BOOST_TEST(w.ended == "gone");
    });
}

BOOST_AUTO_TEST_CASE(at_its_deadline_nothing_has_happened)
{
    with_vigils(
        [](running_hub& t, vigils& v) {
            t.db.add(1);
            waiter& w = v.wait({at(1, 1)}, 1s);
            until([&] { return !w.ended.empty(); });
            BOOST_TEST(w.ended == "time_up");
            BOOST_TEST(t.parked() == 0u);
        },
        ticking());
}

BOOST_AUTO_TEST_CASE(news_go_before_the_deadline)
{
    with_vigils(
        [](running_hub& t, vigils& v) {
            t.db.add(1);
            waiter& w = v.wait({at(1, 1)}, 1s);
            BOOST_TEST_REQUIRE(t.parked() == 1u);
            block_the_loop(1200ms);
            publish(t);
            let_others_run();
            BOOST_TEST(w.ended == "news");
        },
        ticking());
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_frees_its_place)
{
    with_vigils([](running_hub& t, vigils& v) {
        waiter& w = v.wait({at(1, 0)});
        BOOST_TEST(t.parked() == 1u);
        w.client.leave();
        let_others_run();
        BOOST_TEST(w.ended == "left");
        BOOST_TEST(t.parked() == 0u);
        BOOST_TEST(t.h->count().clients == 0u);
        // It had left before it could park.
        waiter& early = v.begin({at(1, 0)});
        early.client.gone = true;
        let_others_run();
        BOOST_TEST(early.ended == "left");
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_stop_ends_it_and_those_that_come_then)
{
    with_vigils([](running_hub& t, vigils& v) {
        waiter& w = v.wait({at(1, 0)});
        t.h->drain();
        let_others_run();
        BOOST_TEST(w.ended == "stopping");
        BOOST_TEST(w.parked);
        const waiter& late = v.wait({at(1, 0)});
        BOOST_TEST(late.ended == "stopping");
        BOOST_TEST(!late.parked);
        BOOST_TEST(t.parked() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(beyond_max_parked_it_is_sent_back_and_no_users_limit_counts)
{
    auto s = running_hub::quiet();
    s.max_parked = 3;
    s.max_parked_per_user = 1;
    with_vigils(
        [](running_hub& t, vigils& v) {
            waiter& first = v.wait({at(1, 0)});
            v.wait({at(1, 0)});
            const peer& ann = t.wait({at(1, 0)}); // user 1
            BOOST_TEST(ann.all() == "");
            BOOST_TEST(t.parked() == 3u);
            BOOST_TEST(first.ended == "");
            const waiter& refused = v.wait({at(1, 0)});
            BOOST_TEST(refused.ended == "full");
            BOOST_TEST(!refused.parked);
        },
        s);
}

BOOST_AUTO_TEST_CASE(who_was_woken_and_is_not_gone_holds_a_place)
{
    auto s = running_hub::quiet();
    s.max_parked = 3;
    with_vigils(
        [](running_hub& t, vigils& v) {
            v.still_going = 2;
            BOOST_TEST(v.wait({at(1, 0)}).ended == "");
            BOOST_TEST(v.wait({at(1, 0)}).ended == "full");
            v.still_going = 0;
            BOOST_TEST(v.wait({at(1, 0)}).ended == "");
            BOOST_TEST(t.parked() == 2u);
        },
        s);
}

BOOST_AUTO_TEST_CASE(without_the_database_nobody_knows_but_who_is_parked_stays)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        waiter& parked = v.wait({at(1, 1)});
        t.db.down = true;
        BOOST_TEST(v.wait({at(7, 0)}).ended == "database");
        t.look();
        BOOST_TEST(parked.ended == "");
        BOOST_TEST(t.parked() == 1u);
        t.db.down = false;
        t.db.add(1);
        t.look();
        BOOST_TEST(parked.ended == "news");
    });
}

// What was known counts for nothing any more; who waits is compared again.
BOOST_AUTO_TEST_CASE(after_a_restored_database_it_waits_on_or_is_told)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        t.db.add(2);
        t.db.add(2);
        waiter& same = v.wait({at(1, 1)});
        waiter& lost = v.wait({at(2, 2)});
        waiter& not_there = v.wait({at(9, 0)});
        t.db.forget_everything = true;
        t.db.cut_unnoticed(2, 1);
        t.look();
        t.look();
        BOOST_TEST(same.ended == "");
        BOOST_TEST(lost.ended == "reset");
        BOOST_TEST(lost.parked);
        BOOST_TEST(not_there.ended == "");
        t.db.add(1);
        t.db.add(9);
        t.look();
        BOOST_TEST(same.ended == "news");
        BOOST_TEST(not_there.ended == "news");
    });
}

// Between its wake and its turn, the hash has forgotten the wall, which nobody watched any more.
BOOST_AUTO_TEST_CASE(a_wall_that_is_forgotten_while_it_wakes_is_looked_for)
{
    with_vigils([](running_hub& t, vigils& v) {
        t.db.add(1);
        waiter& w = v.wait({at(1, 1)});
        t.db.forget_everything = true;
        publish(t);
        t.look();
        BOOST_TEST(w.ended == "news");
    });
}

BOOST_AUTO_TEST_CASE(no_revocation_concerns_it)
{
    with_vigils([](running_hub& t, vigils& v) {
        waiter& w = v.wait({at(1, 0)});
        t.db.access_changed = {user_id{1}, user_id{0}};
        t.look();
        t.h->access_changed(user_id{1});
        let_others_run();
        BOOST_TEST(w.ended == "");
        BOOST_TEST(t.parked() == 1u);
    });
}

// A stream of news does not leave any of many behind.
BOOST_AUTO_TEST_CASE(a_thousand_on_one_wall_are_all_woken)
{
    with_vigils([](running_hub& t, vigils& v) {
        for (int i = 0; i < 1000; ++i) {
            v.begin({at(1, 0)});
        }
        until([&] { return t.parked() == 1000u; });
        t.db.add(1);
        t.look();
        until([&] { return t.parked() == 0u; });
        let_others_run();
        BOOST_TEST(std::ranges::count(v.all, "news", &waiter::ended) == 1000);
    });
}

BOOST_AUTO_TEST_SUITE_END()
