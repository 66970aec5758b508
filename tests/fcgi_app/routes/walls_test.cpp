// The list of walls, and read marks.
#include "tests/fcgi_app/routes/fixture.hpp"
#include "walls/access_number.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

http::request read_upto(const std::string& body)
{
    return by_ann("PUT", "/walls/1/read", body);
}

db::wall_summary wall(std::int64_t id, const std::string& name = "a wall")
{
    return {walls::wall_id{id}, name, "chat", walls::entry_id{7}, walls::wall_epoch{3}, 2,
            walls::entry_id{5}};
}

// What ann, user 1, is told of herself and of these walls, before the list of them.
std::string head(std::vector<walls::wall_id> walls)
{
    const auto number = walls::access_number_of(*somebody(1, std::move(walls)));
    return R"(200 {"user":{"id":1,"name":"user 1"},"access":)" +
           std::to_string(walls::number(number)) + R"(,"walls":[)";
}

} // namespace

BOOST_AUTO_TEST_SUITE(walls_)

BOOST_AUTO_TEST_CASE(each_wall_is_listed_and_one_without_entries_has_no_epoch)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["ann"] = somebody(1, {walls::wall_id{1}, walls::wall_id{2}});
        t.posts.walls = std::vector<db::wall_summary>{
            wall(1, "A \"wall\""),
            {walls::wall_id{2}, "Empty", "board", walls::entry_id{0}, walls::wall_epoch{3}, 0}};
        BOOST_TEST(t.ask(by_ann("GET", "/walls")).said() ==
                   head({walls::wall_id{1}, walls::wall_id{2}}) +
                       R"({"id":1,"name":"A \"wall\"","kind":"chat","newest":7,)"
                       R"("epoch":3,"read":5,"unread":2},{"id":2,"name":"Empty","kind":"board",)"
                       R"("newest":0,"epoch":null,"read":0,"unread":0}]})");
        BOOST_TEST(t.posts.asked == std::vector<std::string>{"walls for ann, user 1"},
                   boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(no_walls_are_an_empty_list)
{
    with_routes([](running_routes& t) {
        t.chat.db.sessions["ann"] = somebody(1, {});
        BOOST_TEST(t.ask(by_ann("GET", "/walls")).said() == head({}) + "]}");
    });
}

// A replica that is behind: the number tells of a wall that its list lacks, or of none that it has
// still, and no poll would speak of it any more.
BOOST_AUTO_TEST_CASE(a_list_that_is_not_of_the_walls_of_its_number_is_read_again_after_a_look)
{
    for (const bool gained : {true, false}) {
        with_routes([gained](running_routes& t) {
            t.chat.db.sessions["ann"] =
                somebody(1, gained ? std::vector{walls::wall_id{1}, walls::wall_id{2}}
                                   : std::vector{walls::wall_id{1}});
            const auto behind = std::vector{wall(1)};
            const auto both = std::vector{wall(1), wall(2)};
            t.posts.walls = gained ? behind : both;
            t.posts.during = [&t, &behind, &both, gained, looks = t.chat.db.looks] {
                if (t.chat.db.looks > looks) {
                    t.posts.walls = gained ? both : behind;
                }
            };
            const std::string said = t.ask(by_ann("GET", "/walls")).said();
            BOOST_TEST((said.find(R"("id":2)") != std::string::npos) == gained);
            BOOST_TEST(t.posts.asked.size() == 2u);
            t.ask(by_ann("GET", "/walls"));
            BOOST_TEST(t.posts.asked.size() == 3u);
        });
    }
}

// A row that cannot be read is not in the list, however often it is asked for.
BOOST_AUTO_TEST_CASE(a_list_that_stays_another_is_answered)
{
    with_routes([](running_routes& t) {
        BOOST_TEST(t.ask(by_ann("GET", "/walls")).said() == head({walls::wall_id{1}}) + "]}");
        BOOST_TEST(t.posts.asked.size() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(a_read_mark_is_answered_with_what_it_is_now)
{
    with_routes([](running_routes& t) {
        t.posts.mark = 5; // it never goes above the newest entry
        BOOST_TEST(t.ask(read_upto(R"({"id":9223372036854775807})")).said() == R"(200 {"read":5})");
        BOOST_TEST(t.ask(read_upto(R"({"id":0})")).status() == 200);
        BOOST_TEST(t.posts.asked == (std::vector<std::string>{
                                        "wall 1 is read to 9223372036854775807 for ann, user 1",
                                        "wall 1 is read to 0 for ann, user 1"}),
                   boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_entry_is_422_and_asks_nothing)
{
    with_routes([](running_routes& t) {
        for (const auto* body :
             {R"({})", R"({"id":-1})", R"({"id":"7"})", R"({"id":1.0})", R"({"id":1e3})",
              R"({"id":9223372036854775808})", R"({"id":null})"}) {
            BOOST_TEST(t.ask(read_upto(body)).said() ==
                           R"(422 {"errors":["id must be the number of an entry: digits only, )"
                           R"(from 0 to 9223372036854775807."]})",
                       body);
        }
        BOOST_TEST(t.ask(read_upto("7")).status() == 400);
        BOOST_TEST(t.posts.asked.empty());
    });
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_is_told)
{
    with_routes([](running_routes& t) {
        t.posts.mark = db::denied::no_member;
        BOOST_TEST(t.ask(read_upto(R"({"id":1})")).status() == 403);
        t.posts.mark = database_is_down;
        BOOST_TEST(t.ask(read_upto(R"({"id":1})")).status() == 503);
    });
}

BOOST_AUTO_TEST_SUITE_END()
