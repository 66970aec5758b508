// How many bytes a read of entries may have, and that nothing is lost at any cut.
#include "tests/db/database_fixture.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <climits>
#include <regex>

namespace {

using numbers = std::vector<std::int64_t>;

constexpr std::size_t overhead = 303; // an entry of "ann" or "bob", as walls::page_limits counts

std::size_t bytes_of(const walls::page& p)
{
    std::size_t all = 0;
    for (const auto& e : p.entries) {
        all += 300 + e.user_name.size() + e.body.value_or("").size();
    }
    return all;
}

walls::cursor at(std::int64_t wall, std::int64_t last)
{
    return {walls::wall_id{wall}, walls::entry_id{last}};
}

struct filled : database_fixture {
    // Post n of a wall has n * 100 bytes; a deletion is among them.
    void fill(int wall, int posts)
    {
        for (int i = 1; i <= posts; ++i) {
            sql("insert into pollster.posts (wall_id, user_id, body) values (" +
                std::to_string(wall) + ", 1, repeat('word ', " + std::to_string(i * 20) + "))");
        }
    }
    walls::page page(const walls::cursor& c, const walls::page_limits& most)
    {
        return std::move(feed().entries_after(std::vector{c}, most).value().at(0));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(page_limits_, filled)

BOOST_AUTO_TEST_CASE(more_is_right_at_every_cut_and_every_entry_comes_once_in_order)
{
    fill(1, 9);
    sql("delete from pollster.posts where char_length(body) = 300");
    for (std::size_t wall_bytes = 1; wall_bytes < 10'000; wall_bytes += 307) {
        for (const std::size_t entries : {1U, 3U, 10U, 100U}) {
            std::int64_t last = 0;
            for (bool more = true; more;) {
                const auto p = page(at(1, last), {entries, wall_bytes});
                BOOST_TEST_REQUIRE(!p.entries.empty());
                BOOST_TEST_REQUIRE(p.entries.size() <= entries);
                for (const auto& e : p.entries) {
                    BOOST_TEST_REQUIRE(number(e.id) == ++last);
                }
                auto without_last = p;
                without_last.entries.pop_back();
                BOOST_TEST_REQUIRE(bytes_of(without_last) < wall_bytes);
                more = p.more;
                BOOST_TEST_REQUIRE(more == (last < 10));
                // As much as there was room for.
                BOOST_TEST_REQUIRE(
                    (!more || p.entries.size() == entries || bytes_of(p) >= wall_bytes));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_read_of_many_walls_goes_as_far_as_its_bytes_and_the_rest_is_told_more)
{
    sql("insert into pollster.walls (id, name) select n, 'wall ' || n from generate_series(10, 19) "
        "n");
    for (int wall = 10; wall <= 19; ++wall) {
        if (wall != 14) { // one has nothing
            fill(wall, 5);
        }
    }
    for (const std::size_t bytes : {1U, 1000U, 2500U, 5000U, 10'000U, 1'000'000U}) {
        for (const std::size_t wall_bytes : {1U, 1500U, 100'000U}) {
            std::map<std::int64_t, std::int64_t> last;
            std::vector<walls::cursor> asked;
            for (std::int64_t wall = 10; wall <= 19; ++wall) {
                asked.push_back(at(wall, 0));
            }
            while (!asked.empty()) {
                const auto pages = feed().entries_after(asked, {100, wall_bytes, bytes}).value();
                std::size_t all = 0;
                std::size_t largest = 0;
                bool reached = true;
                std::vector<walls::cursor> next;
                for (std::size_t i = 0; i < pages.size(); ++i) {
                    auto& seen = last[number(asked[i].wall)];
                    for (const auto& e : pages[i].entries) {
                        BOOST_TEST_REQUIRE(reached); // none behind the cut
                        BOOST_TEST_REQUIRE(number(e.id) == ++seen);
                        largest = std::max(largest, overhead + e.body->size());
                    }
                    all += bytes_of(pages[i]);
                    reached = reached && !(pages[i].more && all >= bytes);
                    const bool done = seen == (number(asked[i].wall) == 14 ? 0 : 5);
                    // At the cut the empty wall cannot be told from one that was not reached.
                    BOOST_TEST_REQUIRE((pages[i].more == !done || number(asked[i].wall) == 14));
                    if (pages[i].more) {
                        next.push_back(at(number(asked[i].wall), seen));
                    }
                }
                BOOST_TEST_REQUIRE(all < bytes + largest);
                BOOST_TEST_REQUIRE(all > 0u);
                asked = next;
            }
            for (const auto& [wall, seen] : last) {
                BOOST_TEST_REQUIRE(seen == (wall == 14 ? 0 : 5));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(one_entry_larger_than_all_limits_comes_alone)
{
    post(1, 1, std::string(65'536, 'x'));
    post(1, 1, "small");
    post(2, 1, "small");
    const auto pages =
        feed().entries_after(std::vector{at(1, 0), at(2, 0)}, {100, 1000, 1000}).value();
    BOOST_TEST(pages[0].entries.size() == 1u);
    BOOST_TEST(pages[0].more);
    BOOST_TEST(pages[1].entries.empty());
    BOOST_TEST(pages[1].more);
}

BOOST_AUTO_TEST_CASE(history_and_search_pages_have_their_bytes_too)
{
    fill(1, 12);
    for (const std::size_t bytes : {1U, 1000U, 3000U, 5000U, 1'000'000U}) {
        settings.page_bytes = bytes;
        const auto limited = std::make_unique<db::database>(settings);
        for (const std::size_t limit : {1U, 5U, 200U}) {
            for (const bool searching : {false, true}) {
                std::optional<walls::entry_id> before;
                std::int64_t oldest = 13;
                do {
                    const auto answer =
                        (searching ? limited->posts().search(
                                         reader(1), {walls::wall_id{1}, "word", before, limit})
                                   : limited->posts().posts_before(reader(1), walls::wall_id{1},
                                                                   before, limit))
                            .value();
                    const auto& found = answer;
                    BOOST_TEST_REQUIRE(!found.posts.empty());
                    BOOST_TEST_REQUIRE(found.posts.size() <= limit);
                    std::size_t all = 0;
                    for (auto e = found.posts.rbegin(); e != found.posts.rend(); ++e) {
                        BOOST_TEST_REQUIRE(all < bytes);
                        BOOST_TEST_REQUIRE(number(e->id) == --oldest);
                        all += overhead + e->body->size();
                    }
                    before = found.before;
                    BOOST_TEST_REQUIRE((!before || *before == found.posts.front().id));
                    BOOST_TEST_REQUIRE(before.has_value() == (oldest > 1));
                    BOOST_TEST_REQUIRE(number(found.newest) == 12);
                } while (before);
            }
        }
    }
}

// Texts that are not compressed lie beside the table, each in 33 rows. The plan must not touch
// them: what is sent is unpacked as it is sent, the rest not at all. So a wall of large posts costs
// it as many blocks as one of small posts.
BOOST_AUTO_TEST_CASE(texts_beyond_the_bytes_are_not_even_unpacked)
{
    sql("alter table pollster_default.posts alter body set storage external");
    sql("insert into pollster.posts (wall_id, user_id, body) "
        "select w, 1, repeat('words ', case w when 1 then 10900 else 1 end) "
        "from generate_series(1, 2) w, generate_series(1, 100) n");
    settings.connections = 1;
    settings.page_bytes = 200'000;
    for (const std::string setting :
         {"session_preload_libraries = auto_explain", "auto_explain.log_analyze = on",
          "auto_explain.log_buffers = on", "auto_explain.log_min_duration = 0"}) {
        serve_with(setting);
    }
    const auto explained = std::make_unique<db::database>(settings);
    // Of the largest step; the second time, when the catalogue is known.
    const auto blocks = [&](auto question) {
        question();
        const auto from = pg.log().size();
        question();
        const std::string log = pg.log().substr(from);
        static const std::regex buffers("Buffers: shared hit=([0-9]+)(?: read=([0-9]+))?");
        const auto number = [](const std::ssub_match& m) {
            return m.matched ? text::parse_number<long>(m.str(), 0, LONG_MAX).value() : 0L;
        };
        long most = 0;
        for (std::sregex_iterator it(log.begin(), log.end(), buffers), end; it != end; ++it) {
            most = std::max(most, number((*it)[1]) + number((*it)[2]));
        }
        BOOST_TEST_REQUIRE(most > 0);
        return most;
    };
    const auto unpacked = [&](int wall) {
        return blocks([&] {
            sql("load 'auto_explain'; set auto_explain.log_analyze = on; set "
                "auto_explain.log_buffers = on; set auto_explain.log_min_duration = 0; "
                "select sum(char_length(body)) from pollster.posts where wall_id = " +
                std::to_string(wall));
        });
    };
    const long touched = unpacked(1) - unpacked(2); // what shows when they are
    BOOST_TEST(touched > 500);
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{200'000}, std::size_t{1} << 30}) {
        const auto read = [&](int wall) {
            return blocks([&] {
                explained->feed()
                    .entries_after(std::vector{at(wall, 0)}, {100, bytes, bytes})
                    .value();
            });
        };
        BOOST_TEST(read(1) - read(2) < touched / 4);
    }
    const auto history = [&](int wall, std::size_t posts) {
        return blocks([&] {
            const auto page = explained->posts()
                                  .posts_before(reader(1), walls::wall_id{wall}, std::nullopt, 100)
                                  .value();
            BOOST_TEST(page.posts.size() == posts);
        });
    };
    BOOST_TEST(history(1, 4) - history(2, 100) < touched / 4);
}

BOOST_AUTO_TEST_SUITE_END()
