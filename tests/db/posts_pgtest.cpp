// Reading and posting against a real PostgreSQL.
#include "db/admin.hpp"
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <regex>
#include <set>
#include <thread>

namespace {

using numbers = std::vector<std::int64_t>;

template <class Entries>
numbers ids(const Entries& entries)
{
    numbers out;
    for (const auto& e : entries) {
        out.push_back(number(e.id));
    }
    return out;
}

const std::string evil =
    "x'); drop table pollster_default.posts; -- \\ \" {} \x01 %s $1 \xf0\x9f\x90\x98";

} // namespace

BOOST_FIXTURE_TEST_SUITE(reading_, database_fixture)

BOOST_AUTO_TEST_CASE(entries_after_pages_any_number_of_walls_in_one_statement)
{
    for (int i = 1; i <= 5; ++i) {
        post(1, 1, "one " + std::to_string(i));
    }
    post(2, 2, "two 1");
    const std::vector<walls::cursor> cursors{{walls::wall_id{1}, walls::entry_id{1}},
                                             {walls::wall_id{3}, walls::entry_id{0}},
                                             {walls::wall_id{2}, walls::entry_id{0}},
                                             {walls::wall_id{1}, walls::entry_id{3}},
                                             {walls::wall_id{99}, walls::entry_id{INT64_MAX}}};
    const auto before = database->count().statements;
    const auto pages = feed().entries_after(cursors, 2).value();
    BOOST_TEST(database->count().statements == before + 1);
    BOOST_TEST_REQUIRE(pages.size() == 5u);
    BOOST_TEST((ids(pages[0].entries) == numbers{2, 3}));
    BOOST_TEST(pages[0].more);
    BOOST_TEST(pages[1].entries.empty());
    BOOST_TEST((ids(pages[2].entries) == numbers{1}));
    BOOST_TEST(!pages[2].more);
    BOOST_TEST((ids(pages[3].entries) == numbers{4, 5}));
    BOOST_TEST(!pages[3].more);
    BOOST_TEST(pages[4].entries.empty());
    BOOST_TEST(pages[2].entries[0].body.value() == "two 1");
    BOOST_TEST(pages[2].entries[0].user_name == "bob");
    BOOST_TEST(pages[2].entries[0].created_at.size() == 24u);
    BOOST_TEST(!pages[2].entries[0].edited_at.has_value());
}

BOOST_AUTO_TEST_CASE(edits_and_deletions_are_entries_and_show_the_post_as_it_is)
{
    sql("insert into pollster.posts (id, wall_id, user_id, body) values (10, 1, 1, 'first'), (11, "
        "1, 2, 'second')");
    sql("update pollster.posts set body = 'first, better' where id = 10");
    sql("update pollster.posts set body = body"); // changes nothing
    sql("delete from pollster.posts where id = 11");
    const auto page =
        feed()
            .entries_after(std::vector<walls::cursor>{{walls::wall_id{1}, walls::entry_id{0}}}, 9)
            .value()[0];
    std::string told;
    for (const auto& e : page.entries) {
        told += e.kind + " " + std::to_string(number(e.post)) + " " + e.user_name + " " +
                e.body.value_or("null") + (e.edited_at ? " edited" : "") + "; ";
    }
    BOOST_TEST(
        told ==
        "post 10 ann first, better edited; post 11 bob null; edit 10 ann first, better edited; "
        "delete 11 bob null; ");
    const auto history = history_of(1, std::nullopt, 9);
    BOOST_TEST((ids(history.posts) == numbers{1}));
    BOOST_TEST(history.posts[0].body.value() == "first, better");
    BOOST_TEST(history.posts[0].edited_at.has_value());
    BOOST_TEST(number(history.newest) == 4);
}

BOOST_AUTO_TEST_CASE(a_post_that_moves_leaves_one_wall_and_appears_on_the_other)
{
    sql("insert into pollster.posts (id, wall_id, user_id, body) values (10, 1, 1, 'here')");
    sql("update pollster.posts set wall_id = 2 where id = 10");
    BOOST_TEST(
        sql("select string_agg(wall_id || kind, ' ' order by wall_id, id) from pollster.entries") ==
        "1post 1delete 2post");
    BOOST_TEST(history_of(1, std::nullopt, 9).posts.empty());
    BOOST_TEST(history_of(2, std::nullopt, 9).posts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(history_pages_back_to_the_beginning)
{
    for (int i = 1; i <= 7; ++i) {
        post(1, 1, std::to_string(i));
    }
    auto page = history_of(1, std::nullopt, 3);
    BOOST_TEST((ids(page.posts) == numbers{5, 6, 7}));
    BOOST_TEST(number(page.before.value()) == 5);
    page = history_of(1, 5, 3);
    BOOST_TEST((ids(page.posts) == numbers{2, 3, 4}));
    BOOST_TEST(number(page.before.value()) == 2);
    page = history_of(1, 2, 3);
    BOOST_TEST((ids(page.posts) == numbers{1}));
    BOOST_TEST(!page.before);
    BOOST_TEST(number(page.newest) == 7);
    page = history_of(1, 1, 3);
    BOOST_TEST(page.posts.empty());
    BOOST_TEST(number(page.newest) == 7);
    sql("insert into pollster.memberships (user_id, wall_id) values (1, 3)");
    BOOST_TEST(number(history_of(3, std::nullopt, 3).newest) == 0);
}

BOOST_AUTO_TEST_CASE(walls_of_counts_what_others_wrote_above_the_read_mark)
{
    post(1, 1, "mine");
    post(1, 2, "theirs 1");
    post(1, 2, "theirs 2");
    sql("insert into pollster.posts (wall_id, user_id, body) select 2, 2, 'many' from "
        "generate_series(1, 1200)");
    auto walls = this->walls_of(1);
    BOOST_TEST_REQUIRE(walls.size() == 2u);
    BOOST_TEST(walls[0].name == "General");
    BOOST_TEST(walls[0].kind == "chat");
    BOOST_TEST(number(walls[0].newest) == 3);
    BOOST_TEST(walls[0].unread == 2);
    BOOST_TEST(number(walls[0].read) == 0);
    BOOST_TEST(walls[1].unread == 1000);
    BOOST_TEST(mark_read(1, 1, 2) == 2);
    BOOST_TEST(mark_read(1, 1, 1) == 2);
    BOOST_TEST(walls_of(1)[0].unread == 1);
    BOOST_TEST(number(walls_of(1)[0].read) == 2);
    BOOST_TEST(mark_read(1, 1, INT64_MAX) == 3);
    sql("delete from pollster.memberships where user_id = 3");
    BOOST_TEST(walls_of(3).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(posting_, database_fixture)

BOOST_AUTO_TEST_CASE(a_post_comes_back_as_the_entry_that_readers_get)
{
    const auto created = written(post(1, 1, evil, "key-1"));
    BOOST_TEST(created.entry.body.value() == evil);
    const auto page =
        feed()
            .entries_after(std::vector<walls::cursor>{{walls::wall_id{1}, walls::entry_id{0}}}, 9)
            .value()[0];
    BOOST_TEST(to_json(created.entry) == to_json(page.entries.at(0)));
    const auto history = history_of(1, std::nullopt, 9);
    BOOST_TEST(to_json(created.entry) == to_json(history.posts.at(0)));
    const auto largest = post(1, 1, std::string(65'536, 'x'));
    BOOST_TEST(written(largest).entry.body.value().size() == 65'536u);
}

BOOST_AUTO_TEST_CASE(a_key_posts_once_and_conflicts_with_anything_else)
{
    const auto first = written(post(1, 1, "hello", "k")).entry;
    const auto again = known(post(1, 1, "hello", "k")).entry;
    BOOST_TEST(to_json(first) == to_json(again));
    BOOST_TEST(is_denied(post(1, 1, "other", "k"), db::denied::key_in_use));
    BOOST_TEST(is_denied(post(2, 1, "hello", "k"), db::denied::key_in_use));
    BOOST_TEST(is_written(post(1, 2, "hello", "k"))); // keys are each user's own
    BOOST_TEST(is_written(post(1, 1, "hello")));
    BOOST_TEST(is_written(post(1, 1, "hello")));
}

BOOST_AUTO_TEST_CASE(fifty_sends_at_once_of_a_key_make_one_post)
{
    settings.connections = 25;
    const auto other = std::make_unique<db::database>(settings);
    const auto third = std::make_unique<db::database>(settings);
    std::vector<db::answer<db::written_entry>> outcomes(50, db::denied::no_post);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        threads.emplace_back([&, i] {
            auto& via = i % 2 == 0 ? *other : *third;
            outcomes[i] = via.posts().add_post({walls::wall_id{1}, reader(1), "once", "k"});
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    const auto created = std::count_if(outcomes.begin(), outcomes.end(),
                                       [](const auto& o) { return is_written(o); });
    const auto known = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) {
        return is_known(o) && number(o->entry.id) == 1;
    });
    BOOST_TEST(created == 1);
    BOOST_TEST(known == 49);
    BOOST_TEST(sql("select count(*) from pollster.posts") == "1");
}

BOOST_AUTO_TEST_CASE(who_may_not_write_is_told_so)
{
    BOOST_TEST(is_denied(post(2, 3, "x", "k"), db::denied::no_member));
    BOOST_TEST(is_denied(post(99, 1, "x"), db::denied::no_member));
    BOOST_TEST(is_denied(post(1, 99, "x"), db::denied::signed_out));
    sql("update pollster.users set disabled = true where id = 1");
    BOOST_TEST(is_denied(post(1, 1, "x"), db::denied::signed_out));
    BOOST_TEST(sql("select count(*) from pollster.posts") +
                   sql("select count(*) from pollster.client_keys") ==
               "00");
}

BOOST_AUTO_TEST_CASE(what_a_rule_of_the_applications_own_forbids_is_unacceptable)
{
    sql("create function no() returns trigger language plpgsql as $$ begin raise exception 'not on "
        "mondays'; end $$");
    sql("create trigger no before insert on pollster_default.posts for each row execute function "
        "no()");
    const auto refused = post(1, 1, "x", "k");
    const auto why = why_unacceptable(refused);
    BOOST_TEST_REQUIRE(why.has_value());
    // Before it stands PostgreSQL's word for an error, in its language.
    BOOST_TEST(why->ends_with(":  not on mondays (SQLSTATE P0001)"));
    BOOST_TEST(sql("select count(*) from pollster.client_keys") == "0");
}

BOOST_AUTO_TEST_CASE(clean_up_removes_what_is_old_and_nothing_else)
{
    token_of(1, "-1 second");
    const auto alive = token_of(1);
    post(1, 1, "new", "new");
    post(1, 1, "old", "old");
    sql("update pollster.client_keys set created_at = now() - interval '25 hours' where client_key "
        "= 'old'");
    sql("insert into pollster.access_changes values (1, '5', now() - interval '2 hours')");
    BOOST_TEST(posts().clean_up().value() == 3u);
    BOOST_TEST(posts().clean_up().value() == 0u);
    BOOST_TEST(identity_of(alive) != nullptr);
    BOOST_TEST(is_known(post(1, 1, "new", "new")));
    BOOST_TEST(is_written(post(1, 1, "old", "old")));
    // An expired session gave no access, so nobody is told about it.
    BOOST_TEST(sql("select count(*) from pollster.access_changes where user_id = 1 and changed_at "
                   "> now() - interval '1 hour' "
                   "and changed_by > '5' and changed_by >= (select max(changed_by) from "
                   "pollster.heads)") == "0");
}

BOOST_AUTO_TEST_CASE(statements_are_counted_exactly)
{
    serve_with("log_statement = 'all'");
    settings.database += " application_name=counted";
    const auto counted = std::make_unique<db::database>(settings);
    const auto token = token_of(1);
    counted->feed().look(std::vector{walls::wall_id{1}}).value();
    counted->feed().look({}).value();
    counted->sessions().find_identities(std::vector{token}).value();
    counted->sessions().sign_in("ann", "ann secret").value();
    counted->posts().add_post({walls::wall_id{1}, reader(1), "x", "k"}).value();
    counted->posts().posts_before(reader(1), walls::wall_id{1}, std::nullopt, 5).value();
    counted->posts().walls_of(reader(1)).value();
    counted->posts().mark_read(reader(1), walls::wall_id{1}, walls::entry_id{1}).value();
    counted->sessions().sign_out(token).value();
    const std::string log = pg.log();
    // In any language, for any purpose; the settings of a new session are no statement of the
    // server's own.
    const std::regex line(
        "counted [a-z-]+\\|LOG:  (statement: |Anweisung: |[^\n]* (<unnamed>|pollster_[0-9]+): )"
        "(?![^\n]*(set default_transaction_isolation|"
        "session_replication_role|set synchronous_commit))");
    const auto logged = static_cast<std::size_t>(
        std::distance(std::sregex_iterator(log.begin(), log.end(), line), {}));
    BOOST_TEST(counted->count().statements == logged);
    // One each, two to sign in, three to recognise the server, its schema and to note that the
    // history was found complete there, and one after the commit.
    BOOST_TEST(logged == 14u);
}

BOOST_AUTO_TEST_SUITE_END()
