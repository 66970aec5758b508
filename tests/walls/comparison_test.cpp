// What is new for a client: from memory, from the backlog, or another history.
#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/comparison.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace walls;
using namespace walls::testing;
using fibers::testing::in_loop;

namespace {

struct known_walls {
    fake_database db;
    global_hash hash;
    recent_entries recent{{}};
    answer_room room{std::size_t{1} << 30};
    fibers::step_gate steps;
    backlog pages;

    explicit known_walls(fibers::reactor& loop, const backlog::limits& l = {})
        : steps(loop, 4)
        , pages({db, hash, recent, room, steps}, l)
    {
    }
    // A wall with so many entries, which the hash knows; the last `in_memory` are remembered.
    void add(std::int64_t wall, std::int64_t entries, std::int64_t in_memory = 0)
    {
        for (std::int64_t i = 0; i < entries; ++i) {
            db.add(wall);
        }
        know(wall, entries);
        recent.append(wall_id{wall},
                      std::span(db.feed[wall]).last(static_cast<std::size_t>(in_memory)));
    }
    void know(std::int64_t wall, std::int64_t newest, std::int64_t epoch = 1)
    {
        hash.replace({wall_id{wall}, entry_id{newest}, wall_epoch{epoch}});
    }
    comparison compare(std::vector<cursor>& local)
    {
        return walls::compare(local, hash, recent, pages.most());
    }
    backlog_answer read(const std::vector<cursor>& local, bool looked_again = false)
    {
        return read_backlog(local, looked_again, hash, pages).value();
    }
};

std::string text(news& n)
{
    return std::string(n.finish());
}

std::string text(const large_news& n)
{
    std::string all;
    for (const auto part : n.parts()) {
        all += part;
    }
    BOOST_TEST(all.size() == n.bytes());
    return all;
}

std::vector<std::int64_t> walls_of(std::span<const cursor> cursors)
{
    std::vector<std::int64_t> all;
    for (const cursor& c : cursors) {
        all.push_back(number(c.wall));
    }
    return all;
}

std::string json_of(std::int64_t id)
{
    return to_json(post(id));
}

constexpr std::string_view nothing = R"({"walls":{}})";

} // namespace

BOOST_AUTO_TEST_SUITE(comparison_)

BOOST_AUTO_TEST_CASE(each_wall_is_level_in_memory_further_behind_or_of_another_history)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 3, 3);
        t.add(2, 3, 1);
        t.add(3, 3, 1);
        t.know(4, 5, 8);
        std::vector<cursor> local{at(1, 3), at(2, 1), at(3, 2, 1), at(4, 5, 7), at(5, 9)};
        auto c = t.compare(local);
        BOOST_TEST(text(c.found) == R"({"walls":{"3":{"posts":[)" + json_of(3) +
                                        R"(],"epoch":1},"4":{"posts":[],"reset":true,"newest":5,)" +
                                        R"("epoch":8}}})");
        BOOST_TEST(walls_of(c.older) == std::vector<std::int64_t>{2});
        BOOST_TEST(walls_of(c.found.reached()) == (std::vector<std::int64_t>{3, 4}));
        BOOST_TEST(number(c.found.reached()[0].last) == 3);
        BOOST_TEST(number(c.found.reached()[0].epoch) == 1);
        BOOST_TEST(number(c.found.reached()[1].last) == 5);
        BOOST_TEST(number(c.found.reached()[1].epoch) == 8);
        BOOST_TEST(number(local[0].epoch) == 1); // whoever parks with it hears of another one
    });
}

BOOST_AUTO_TEST_CASE(who_is_level_with_all_walls_has_no_news)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 2, 2);
        t.know(2, 0);
        std::vector<cursor> local{at(1, 2), at(2, 0)};
        auto c = t.compare(local);
        BOOST_TEST(!c.found.any());
        BOOST_TEST(c.older.empty());
        BOOST_TEST(text(c.found) == nothing);
    });
}

BOOST_AUTO_TEST_CASE(more_than_an_answer_takes_of_a_wall_is_told)
{
    in_loop([](fibers::reactor& loop) {
        backlog::limits two;
        two.entries = 2;
        known_walls t(loop, two);
        t.add(1, 3, 3);
        std::vector<cursor> local{at(1, 0)};
        auto c = t.compare(local);
        const auto expected = R"({"walls":{"1":{"posts":[)" + json_of(1) + "," + json_of(2) +
                              R"(],"more":true,"epoch":1}}})";
        BOOST_TEST(text(c.found) == expected);
        BOOST_TEST(number(c.found.reached()[0].last) == 2);
        const auto read = t.read({at(1, 0)});
        BOOST_TEST(text(read.found) == expected);
        BOOST_TEST(number(read.found.reached()[0].last) == 2);
        BOOST_TEST(number(read.found.reached()[0].epoch) == 1);
        // The same if it is bytes that there are too many of.
        backlog::limits bytes;
        bytes.wall_bytes = 2 * json_of(1).size() + 1;
        known_walls u(loop, bytes);
        u.add(1, 3, 3);
        auto d = u.compare(local);
        BOOST_TEST(text(d.found) == expected);
        BOOST_TEST(text(u.read({at(1, 0)}).found) == expected);
    });
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_one_piece_together_is_left_to_the_backlog)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        for (int wall = 1; wall <= 3; ++wall) {
            t.db.add(wall, std::string(wall == 3 ? 10 : 70'000, 'x'));
            t.know(wall, 1);
            t.recent.append(wall_id{wall}, t.db.feed[wall]);
        }
        std::vector<cursor> local{at(1, 0), at(2, 0), at(3, 0)};
        const auto c = t.compare(local);
        BOOST_TEST(walls_of(c.found.reached()) == (std::vector<std::int64_t>{1, 3}));
        BOOST_TEST(walls_of(c.older) == std::vector<std::int64_t>{2});
    });
}

// The wall was emptied: it has no epoch until its next entry.
BOOST_AUTO_TEST_CASE(whoever_holds_an_entry_of_a_wall_that_has_none_begins_anew_without_an_epoch)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.know(1, 0, 8);
        std::vector<cursor> local{at(1, 3, 7)};
        auto c = t.compare(local);
        BOOST_TEST(text(c.found) ==
                   R"({"walls":{"1":{"posts":[],"reset":true,"newest":0,"epoch":null}}})");
    });
}

BOOST_AUTO_TEST_CASE(those_behind_are_not_always_served_in_the_same_order)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        std::vector<cursor> local;
        for (int wall = 1; wall <= 5; ++wall) {
            t.know(wall, 100);
            local.push_back(at(wall, 0));
        }
        t.know(6, 100, 2);
        local.push_back(at(6, 100));   // level
        local.push_back(at(6, 50, 1)); // of another history
        local.push_back(at(7, 0));     // not known
        std::set<std::int64_t> first;
        for (int last = 0; last < 50; ++last) {
            local[0].last = entry_id{last};
            const auto order = walls_of(behind(local, t.hash));
            BOOST_TEST(order == walls_of(behind(local, t.hash)));
            BOOST_TEST(std::set<std::int64_t>(order.begin(), order.end()) ==
                       (std::set<std::int64_t>{1, 2, 3, 4, 5}));
            first.insert(order.front());
        }
        BOOST_TEST(first.size() == 5u);
        BOOST_TEST(behind(std::span(local).subspan(5), t.hash).empty());
    });
}

BOOST_AUTO_TEST_CASE(pages_of_the_backlog_come_wall_by_wall)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 2);
        t.add(2, 1);
        const auto read = t.read({at(1, 0), at(2, 0)});
        BOOST_TEST(read.missing.empty());
        const auto one = R"("1":{"posts":[)" + json_of(1) + "," + json_of(2) + R"(],"epoch":1})";
        const auto two = R"("2":{"posts":[)" + json_of(1) + R"(],"epoch":1})";
        const auto all = text(read.found);
        BOOST_TEST((all == R"({"walls":{)" + one + "," + two + "}}" ||
                    all == R"({"walls":{)" + two + "," + one + "}}"),
                   all);
        BOOST_TEST(read.found.reached().size() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(walls_without_room_in_the_answer_are_told_of)
{
    in_loop([](fibers::reactor& loop) {
        backlog::limits one_page;
        one_page.answer_bytes = 300;
        known_walls t(loop, one_page);
        t.add(1, 1);
        t.add(2, 1);
        const auto read = t.read({at(1, 0), at(2, 0)});
        BOOST_TEST(text(read.found).ends_with(R"(}},"more":true})"));
        BOOST_TEST(read.found.reached().size() == 1u);
        BOOST_TEST(text(t.read({at(1, 0)}).found).ends_with("}}}"));
    });
}

// Of the wall that begins anew its page is of the past, and the client hears of it by this answer:
// the comparison before it had nothing to say.
BOOST_AUTO_TEST_CASE(another_history_begins_on_one_wall_while_the_page_of_another_is_read)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 1);
        t.add(2, 2);
        t.add(3, 2);
        t.db.during_load = [&] {
            t.know(2, 4, 9); // it was behind, and is read
            t.know(3, 2, 9); // it was level
        };
        const auto read = t.read({at(1, 0), at(2, 1, 1), at(3, 2, 1)});
        BOOST_TEST(read.missing.empty());
        BOOST_TEST(text(read.found) ==
                   R"({"walls":{"1":{"posts":[)" + json_of(1) +
                       R"(],"epoch":1},"2":{"posts":[],"reset":true,"newest":4,"epoch":9},)" +
                       R"("3":{"posts":[],"reset":true,"newest":2,"epoch":9}}})");
        BOOST_TEST(walls_of(read.found.reached()) == (std::vector<std::int64_t>{1, 2, 3}));
        BOOST_TEST(number(read.found.reached()[1].last) == 4);
        BOOST_TEST(number(read.found.reached()[1].epoch) == 9);
    });
}

BOOST_AUTO_TEST_CASE(a_wall_of_which_the_database_has_something_else_is_missing)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 2);
        t.know(1, 5); // it has less
        t.add(2, 2);
        t.db.epochs[2] = 7; // it has another history, which the hash does not know yet
        t.add(3, 1);
        const auto read = t.read({at(1, 0), at(2, 0), at(3, 0)});
        std::set<std::int64_t> missing;
        for (const cursor& c : read.missing) {
            missing.insert(number(c.wall));
        }
        BOOST_TEST(missing == (std::set<std::int64_t>{1, 2}));
        BOOST_TEST(walls_of(read.found.reached()) == std::vector<std::int64_t>{3});
    });
}

// The hash went on to another history while its page was read, which is of the former one.
BOOST_AUTO_TEST_CASE(a_page_of_a_former_history_is_not_handed_out)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 2);
        t.db.during_load = [&] { t.know(1, 2, 9); };
        const auto read = t.read({at(1, 0)}); // holds nothing: goes on with any history
        BOOST_TEST(walls_of(read.missing) == std::vector<std::int64_t>{1});
        BOOST_TEST(text(read.found) == nothing);
    });
}

BOOST_AUTO_TEST_CASE(entries_that_are_missing_are_looked_for_once_and_then_the_wall_begins_anew)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 3);
        t.db.missing_from_pages = true;
        const auto first = t.read({at(1, 1)});
        BOOST_TEST(walls_of(first.missing) == std::vector<std::int64_t>{1});
        BOOST_TEST(text(first.found) == nothing);
        const auto again = t.read({at(1, 1)}, true);
        BOOST_TEST(again.missing.empty());
        BOOST_TEST(text(again.found) ==
                   R"({"walls":{"1":{"posts":[],"reset":true,"newest":3,"epoch":1}}})");
    });
}

BOOST_AUTO_TEST_CASE(a_read_that_fails_is_an_error)
{
    in_loop([](fibers::reactor& loop) {
        known_walls t(loop);
        t.add(1, 1);
        t.db.down = true;
        const std::vector<cursor> local{at(1, 0)};
        BOOST_TEST(read_backlog(local, false, t.hash, t.pages).has_error());
    });
}

BOOST_AUTO_TEST_SUITE_END()
