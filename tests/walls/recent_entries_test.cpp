#include "tests/walls/fakes.hpp"
#include "walls/recent_entries.hpp"

#include <boost/test/unit_test.hpp>

using namespace walls;
using namespace walls::testing;

namespace {

const wall_id wall{1};

void add(recent_entries& r, std::int64_t from, std::int64_t to)
{
    for (auto id = from; id <= to; ++id) {
        const entry one[] = {post(id)};
        r.append(wall, one);
    }
}

std::string expected(std::int64_t from, std::int64_t to)
{
    std::string all;
    for (auto id = from; id <= to; ++id) {
        all += (all.empty() ? "" : ",") + to_json(post(id));
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(recent_entries_)

BOOST_AUTO_TEST_CASE(an_entry_is_the_json_of_the_protocol)
{
    BOOST_TEST(to_json(post(57)) ==
               R"({"id":57,"post_id":1057,"kind":"post","user_id":3,"user_name":"ann","body":"hi",)"
               R"("created_at":"2026-01-02T03:04:05.678Z"})");
    entry gone = post(58);
    gone.kind = "delete";
    gone.body = std::nullopt;
    BOOST_TEST(to_json(gone).find(R"("body":null)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_cursor_gets_just_what_is_above_it)
{
    recent_entries r({});
    add(r, 1, 10);
    for (int last = 0; last < 10; ++last) {
        BOOST_TEST(r.after(wall, entry_id{last}, 100).value().json == expected(last + 1, 10));
    }
    BOOST_TEST(!r.after(wall, entry_id{10}, 100).has_value());
    BOOST_TEST(!r.after(wall_id{2}, entry_id{0}, 100).has_value());
}

BOOST_AUTO_TEST_CASE(one_wall_is_forgotten_and_counted_off)
{
    recent_entries r({});
    add(r, 1, 10);
    const auto before = r.bytes();
    const entry one[] = {post(1)};
    r.append(wall_id{2}, one);
    r.forget(wall_id{2});
    r.forget(wall_id{3});
    BOOST_TEST(!r.newest(wall_id{2}).has_value());
    BOOST_TEST(r.bytes() == before);
    r.append(wall_id{2}, one); // begins anew
    BOOST_TEST(r.after(wall_id{2}, entry_id{0}, 9).value().json == to_json(post(1)));
}

BOOST_AUTO_TEST_CASE(what_an_author_wrote_is_forgotten_and_other_walls_stay)
{
    recent_entries r({});
    add(r, 1, 3); // by 3
    entry other = post(1);
    other.user = user_id{4};
    const entry by_four[] = {other};
    r.append(wall_id{2}, by_four);
    const user_id three[] = {user_id{3}};
    r.forget_by(three);
    BOOST_TEST(!r.newest(wall).has_value());
    BOOST_TEST(r.newest(wall_id{2}).has_value());
    BOOST_TEST(r.bytes() == to_json(other).size());
    add(r, 4, 4);
    BOOST_TEST(r.after(wall, entry_id{3}, 9).value().json == expected(4, 4));
}

BOOST_AUTO_TEST_CASE(a_long_backlog_comes_as_its_oldest_page_and_more)
{
    recent_entries r({});
    add(r, 1, 10);
    const auto page = r.after(wall, entry_id{2}, 3).value();
    BOOST_TEST(page.json == expected(3, 5));
    BOOST_TEST(page.more);
    BOOST_TEST(!r.after(wall, entry_id{7}, 3).value().more);
}

BOOST_AUTO_TEST_CASE(a_page_has_as_many_entries_as_fit_its_bytes_and_one_at_least)
{
    recent_entries r({});
    add(r, 1, 10);
    add(r, 11, 12); // longer numbers
    for (std::int64_t last = 0; last < 12; ++last) {
        const std::size_t all = expected(last + 1, 12).size();
        for (std::size_t bytes = 0; bytes <= all + 1; ++bytes) {
            auto to = last + 1;
            while (to < 12 && expected(last + 1, to + 1).size() <= bytes) {
                ++to;
            }
            const auto page = r.after(wall, entry_id{last}, 100, bytes).value();
            BOOST_TEST_REQUIRE(page.json == expected(last + 1, to));
            BOOST_TEST_REQUIRE(page.more == (to < 12));
            const auto both = r.after(wall, entry_id{last}, 3, bytes).value();
            BOOST_TEST_REQUIRE(both.json == expected(last + 1, std::min(to, last + 3)));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_was_appended_before_is_passed_over)
{
    recent_entries r({});
    add(r, 1, 5);
    add(r, 3, 6);
    BOOST_TEST(r.after(wall, entry_id{0}, 100).value().json == expected(1, 6));
}

BOOST_AUTO_TEST_CASE(after_a_gap_the_wall_starts_anew)
{
    recent_entries r({});
    add(r, 1, 3);
    add(r, 7, 8);
    BOOST_TEST(!r.after(wall, entry_id{3}, 100).has_value());
    BOOST_TEST(r.after(wall, entry_id{6}, 100).value().json == expected(7, 8));
}

BOOST_AUTO_TEST_CASE(an_edit_or_deletion_drops_the_older_text)
{
    for (const char* kind : {"edit", "delete"}) {
        recent_entries r({});
        add(r, 1, 3);
        entry change = post(4);
        change.kind = kind;
        const entry one[] = {change};
        r.append(wall, one);
        BOOST_TEST(!r.after(wall, entry_id{2}, 100).has_value());
        BOOST_TEST(r.after(wall, entry_id{3}, 100).value().json == to_json(change));
    }
}

BOOST_AUTO_TEST_CASE(the_oldest_entries_of_a_wall_go_first)
{
    recent_entries r({.entries_a_wall = 3, .bytes_a_wall = 1 << 20, .bytes = 1 << 20});
    add(r, 1, 10);
    BOOST_TEST(!r.after(wall, entry_id{6}, 100).has_value());
    BOOST_TEST(r.after(wall, entry_id{7}, 100).value().json == expected(8, 10));
    BOOST_TEST(r.bytes() == expected(8, 10).size());
}

BOOST_AUTO_TEST_CASE(the_newest_entry_is_kept_whatever_its_size)
{
    recent_entries r({.entries_a_wall = 100, .bytes_a_wall = 10, .bytes = 1 << 20});
    add(r, 1, 2);
    BOOST_TEST(r.after(wall, entry_id{1}, 100).value().json == expected(2, 2));
}

BOOST_AUTO_TEST_CASE(the_wall_that_rested_longest_makes_room)
{
    recent_entries r(
        {.entries_a_wall = 100, .bytes_a_wall = 1 << 20, .bytes = 3 * expected(1, 1).size()});
    for (int w = 1; w <= 4; ++w) {
        const entry one[] = {post(1)};
        r.append(wall_id{w}, one);
    }
    BOOST_TEST(!r.after(wall_id{1}, entry_id{0}, 1).has_value());
    BOOST_TEST(r.after(wall_id{2}, entry_id{0}, 1).has_value());
    BOOST_TEST(r.after(wall_id{4}, entry_id{0}, 1).has_value());
    r.forget_all();
    BOOST_TEST(r.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(less_room_is_made_at_once)
{
    recent_entries::limits l{.entries_a_wall = 100, .bytes_a_wall = 1 << 20, .bytes = 1 << 20};
    recent_entries r(l);
    for (int w = 1; w <= 4; ++w) {
        const entry one[] = {post(1)};
        r.append(wall_id{w}, one);
    }
    l.bytes = 2 * expected(1, 1).size();
    r.change(l);
    BOOST_TEST(r.bytes() == l.bytes);
    BOOST_TEST(!r.after(wall_id{2}, entry_id{0}, 1).has_value());
    BOOST_TEST(r.after(wall_id{3}, entry_id{0}, 1).has_value());
    l.bytes = 0;
    r.change(l);
    BOOST_TEST(r.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(a_slice_says_when_its_oldest_entry_was_committed)
{
    recent_entries r({.entries_a_wall = 3, .bytes_a_wall = 1 << 20, .bytes = 1 << 20});
    const fibers::steady_time start{};
    for (int id = 1; id <= 4; ++id) { // the first falls out at the front
        const entry one[] = {post(id)};
        r.append(wall, one, start + std::chrono::seconds(id));
    }
    for (int last = 1; last < 4; ++last) {
        const auto first = start + std::chrono::seconds(last + 1);
        BOOST_TEST((r.after(wall, entry_id{last}, 100).value().committed == first));
        BOOST_TEST((r.after(wall, entry_id{last}, 1).value().committed == first));
    }
}

BOOST_AUTO_TEST_SUITE_END()
