#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/backlog.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace walls;
using namespace walls::testing;
using namespace std::chrono_literals;
using fibers::testing::in_loop;
using fibers::testing::let_others_run;

namespace {

struct library {
    fake_database db;
    global_hash hash;
    recent_entries recent{{}};
    answer_room room{std::size_t{1} << 30};
    fibers::step_gate steps;
    backlog pages;

    explicit library(fibers::reactor& loop, const backlog::limits& l = {})
        : steps(loop, 4)
        , pages({db, hash, recent, room, steps}, l)
    {
    }
    void add(std::int64_t wall, std::size_t entries, const std::string& body = "hi")
    {
        for (std::size_t i = 0; i < entries; ++i) {
            db.add(wall, body);
        }
        know(wall, static_cast<std::int64_t>(db.feed[wall].size()));
    }
    void know(std::int64_t wall, std::int64_t newest)
    {
        hash.replace({wall_id{wall}, entry_id{newest}, wall_epoch{1}});
    }
    std::vector<page_ptr> ask(const std::vector<cursor>& behind)
    {
        return pages.after(behind).value();
    }
};

std::string json_of(std::int64_t from, std::int64_t to, const std::string& body)
{
    std::string all;
    for (auto id = from; id <= to; ++id) {
        all += (all.empty() ? "" : ",") + to_json(post(id, body));
    }
    return all;
}

backlog::limits small(std::size_t wall_bytes, std::size_t answer_bytes)
{
    backlog::limits l;
    l.wall_bytes = wall_bytes;
    l.answer_bytes = answer_bytes;
    return l;
}

} // namespace

BOOST_AUTO_TEST_SUITE(backlog_)

BOOST_AUTO_TEST_CASE(every_wall_gets_what_is_above_its_cursor_by_one_read)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        std::vector<cursor> behind;
        for (int wall = 1; wall <= 60; ++wall) {
            l.add(wall, 5);
            behind.push_back(at(wall, wall % 5));
        }
        const auto pages = l.ask(behind);
        BOOST_TEST_REQUIRE(pages.size() == 60u);
        for (std::size_t i = 0; i < 60; ++i) {
            BOOST_TEST(pages[i]->json == json_of(number(behind[i].last) + 1, 5, "hi"));
            BOOST_TEST(!pages[i]->more);
        }
        BOOST_TEST(l.db.loads == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_takes_no_more_than_its_bytes)
{
    in_loop([](fibers::reactor& loop) {
        const std::string body(1000, 'x');
        const auto three = json_of(1, 3, body);
        library l(loop, small(three.size(), 100'000));
        l.add(1, 10, body);
        std::int64_t last = 0;
        for (int answer = 1; answer <= 4; ++answer) {
            const auto pages = l.ask({at(1, last)});
            const auto upto = std::min<std::int64_t>(last + 3, 10);
            BOOST_TEST(pages.at(0)->json == json_of(last + 1, upto, body));
            BOOST_TEST(pages.at(0)->more == (upto < 10));
            last = upto;
        }
    });
}

// A byte may become six.
BOOST_AUTO_TEST_CASE(the_bytes_are_those_of_the_json)
{
    in_loop([](fibers::reactor& loop) {
        const std::string body(1000, '\x01');
        library l(loop, small(20'000, 30'000));
        l.add(1, 10, body);
        l.add(2, 10, body);
        l.add(3, 10, body);
        const auto pages = l.ask({at(1, 0), at(2, 0), at(3, 0)});
        BOOST_TEST_REQUIRE(pages.size() == 1u); // two of them would be 36,000
        BOOST_TEST(pages[0]->json == json_of(1, 3, body));
        BOOST_TEST(pages[0]->more);
    });
}

BOOST_AUTO_TEST_CASE(one_entry_passes_whatever_its_size)
{
    in_loop([](fibers::reactor& loop) {
        const std::string body(5000, 'x');
        library l(loop, small(1000, 1000));
        l.add(1, 2, body);
        l.add(2, 1, body);
        const auto pages = l.ask({at(1, 0), at(2, 0)});
        BOOST_TEST_REQUIRE(pages.size() == 1u);
        BOOST_TEST(pages[0]->json == json_of(1, 1, body));
        BOOST_TEST(pages[0]->more);
        const auto next = l.ask({at(1, 1), at(2, 0)});
        BOOST_TEST(next.at(0)->json == json_of(2, 2, body));
        BOOST_TEST(!next.at(0)->more);
    });
}

BOOST_AUTO_TEST_CASE(an_answer_takes_the_first_walls_that_fit)
{
    in_loop([](fibers::reactor& loop) {
        const std::string body(1000, 'x');
        library l(loop, small(100'000, 10'000));
        std::vector<cursor> behind;
        for (int wall = 1; wall <= 500; ++wall) {
            l.add(wall, 1, body);
            behind.push_back(at(wall, 0));
        }
        std::size_t answers = 0;
        std::vector<std::int64_t> served;
        while (!behind.empty()) {
            const auto pages = l.ask(behind);
            BOOST_TEST_REQUIRE(!pages.empty());
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < pages.size(); ++i) {
                bytes += pages[i]->json.size();
                served.push_back(number(behind[i].wall));
            }
            BOOST_TEST(bytes <= 10'000u);
            behind.erase(behind.begin(),
                         behind.begin() + static_cast<std::ptrdiff_t>(pages.size()));
            ++answers;
        }
        BOOST_TEST(served.size() == 500u);
        BOOST_TEST(std::is_sorted(served.begin(), served.end()));
        BOOST_TEST(answers < 72u); // 500 walls of 1,200 bytes in 10,000
        BOOST_TEST(l.db.read < 1000u);
    });
}

BOOST_AUTO_TEST_CASE(two_hundred_with_the_same_cursors_cost_one_read_and_share_the_text)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        std::vector<cursor> behind;
        for (int wall = 1; wall <= 20; ++wall) {
            l.add(wall, 5);
            behind.push_back(at(wall, 0));
        }
        fibers::sleeper hold;
        l.db.during_load = [&] { hold.sleep(); };
        std::vector<std::vector<page_ptr>> found(200);
        std::vector<boost::fibers::fiber> askers;
        for (auto& mine : found) {
            askers.emplace_back([&] { mine = l.ask(behind); });
        }
        let_others_run(); // all of them have asked
        l.db.during_load = [] {};
        hold.wake();
        for (auto& a : askers) {
            a.join();
        }
        BOOST_TEST(l.db.loads == 1);
        BOOST_TEST(l.db.read == 100u);
        for (const auto& mine : found) {
            BOOST_TEST(std::equal(mine.begin(), mine.end(), found[0].begin(), found[0].end()));
        }
    });
}

BOOST_AUTO_TEST_CASE(who_asks_a_moment_later_gets_the_same_text_while_the_wall_has_not_risen)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        const auto first = l.ask({at(1, 0)});
        BOOST_TEST((l.ask({at(1, 0)}).at(0) == first.at(0)));
        BOOST_TEST(l.db.loads == 1);
        BOOST_TEST(l.room.held() == first[0]->json.size());

        // An edit or a deletion is an entry: the text of the earlier ones may be another now.
        l.add(1, 1);
        l.db.feed[1][0].body = "changed";
        BOOST_TEST(l.ask({at(1, 0)}).at(0)->json.find("changed") != std::string::npos);
        BOOST_TEST(l.db.loads == 2);

        l.pages.forget_old(std::chrono::steady_clock::now() + 2s);
        BOOST_TEST(l.room.held() == 0u);
        l.ask({at(1, 0)});
        BOOST_TEST(l.db.loads == 3);
    });
}

BOOST_AUTO_TEST_CASE(what_turns_out_to_be_outdated_is_not_given_from_what_is_kept)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.ask({at(1, 0)});
        std::size_t changes = 0;
        const auto changed = [&](const auto& outdates) {
            l.db.feed[1][0].body = "changed " + std::to_string(++changes);
            outdates();
            BOOST_TEST(l.ask({at(1, 0)}).at(0)->json.find("\"changed " + std::to_string(changes)) !=
                       std::string::npos);
        };
        const user_id author[] = {user_id{1}};
        changed([&] { l.recent.outdate(wall_id{1}); });
        changed([&] { l.recent.forget_by(author); });
        changed([&] { l.recent.forget_all(); });

        // During the read nobody knows which of both was read.
        l.recent.outdate(wall_id{1});
        l.db.during_load = [&] { l.recent.outdate(wall_id{1}); };
        l.ask({at(1, 0)});
        l.db.during_load = [] {};
        changed([] {});
    });
}

BOOST_AUTO_TEST_CASE(a_wall_that_rises_during_the_read_is_not_kept)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.db.during_load = [&] { l.add(1, 1); };
        BOOST_TEST(l.ask({at(1, 0)}).at(0)->json == json_of(1, 3, "hi"));
        l.db.during_load = [] {};
        BOOST_TEST(l.ask({at(1, 0)}).at(0)->json == json_of(1, 4, "hi"));
    });
}

BOOST_AUTO_TEST_CASE(what_is_kept_has_its_bytes)
{
    in_loop([](fibers::reactor& loop) {
        backlog::limits most;
        most.kept_bytes = 10'000;
        library l(loop, most);
        for (int wall = 1; wall <= 50; ++wall) {
            l.add(wall, 1, std::string(1000, 'x'));
            l.ask({at(wall, 0)});
            BOOST_TEST(l.pages.kept_bytes() <= 10'000u);
            BOOST_TEST(l.room.held() == l.pages.kept_bytes());
        }
        BOOST_TEST(l.pages.kept_bytes() > 8'000u);
        const auto before = l.db.loads;
        l.ask({at(50, 0)});
        BOOST_TEST(l.db.loads == before);
    });
}

BOOST_AUTO_TEST_CASE(recent_entries_are_not_read_again)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.recent.append(wall_id{1}, l.db.feed[1]);
        BOOST_TEST(l.ask({at(1, 1)}).at(0)->json == json_of(2, 3, "hi"));
        BOOST_TEST(l.db.loads == 0);
    });
}

BOOST_AUTO_TEST_CASE(who_gets_what_is_at_hand_needs_room_for_that_alone)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.add(2, 3);
        l.recent.append(wall_id{1}, l.db.feed[1]);
        const std::vector<cursor> one{at(1, 0)};
        const std::vector<cursor> both{at(1, 0), at(2, 0)};
        const auto text = json_of(1, 3, "hi").size();
        BOOST_TEST(l.pages.room_for(one) > text);
        BOOST_TEST(l.pages.room_for(one) < text + 2000);
        BOOST_TEST(l.pages.room_for(both) == 2 * l.pages.most().answer_bytes);
        l.ask(both);
        BOOST_TEST(l.pages.room_for(both) < 2 * text + 2000);
    });
}

BOOST_AUTO_TEST_CASE(what_the_source_does_not_have_is_told)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.know(1, 5);
        const auto cut = l.ask({at(1, 0)});
        BOOST_TEST(cut.at(0)->behind_hash);
        l.know(1, 3);
        BOOST_TEST(!l.ask({at(1, 0)}).at(0)->behind_hash);
        l.db.epochs[1] = 7;
        l.add(2, 1);
        l.db.epochs[2] = 7;
        const auto other = l.ask({at(2, 0)});
        BOOST_TEST(other.at(0)->behind_hash);
        BOOST_TEST((other.at(0)->epoch == wall_epoch{7}));
    });
}

BOOST_AUTO_TEST_CASE(nothing_newer_than_the_hash_is_handed_out)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 3);
        l.db.add(1); // committed after the last look
        const auto pages = l.ask({at(1, 0)});
        BOOST_TEST(pages.at(0)->json == json_of(1, 3, "hi"));
        BOOST_TEST(!pages[0]->more);
    });
}

BOOST_AUTO_TEST_CASE(a_long_question_does_not_hold_up_a_short_one)
{
    in_loop([](fibers::reactor& loop) {
        const std::string body(1000, 'x');
        library l(loop, small(100'000, 10'000));
        std::vector<cursor> many;
        for (int wall = 1; wall <= 1000; ++wall) {
            // Nothing there, so the long question needs ten reads.
            l.know(wall, 1);
            l.db.feed[wall] = {};
            many.push_back(at(wall, 0));
        }
        l.add(2000, 1, body);
        int loads_until_short = 0;
        boost::fibers::fiber other;
        l.db.during_load = [&] {
            if (l.db.loads == 1) {
                other = boost::fibers::fiber([&] {
                    l.ask({at(2000, 0)});
                    loads_until_short = l.db.loads;
                });
            }
            let_others_run();
        };
        l.ask(many);
        other.join();
        BOOST_TEST(l.db.loads == 11);
        BOOST_TEST(loads_until_short <= 4);
    });
}

BOOST_AUTO_TEST_CASE(an_error_reaches_all_who_asked_and_the_next_is_asked_anew)
{
    in_loop([](fibers::reactor& loop) {
        library l(loop);
        l.add(1, 1);
        l.db.down = true;
        const std::vector<cursor> behind{at(1, 0)};
        BOOST_TEST(l.pages.after(behind).has_error());
        l.db.down = false;
        BOOST_TEST(l.pages.after(behind).has_value());
    });
}

BOOST_AUTO_TEST_SUITE_END()
