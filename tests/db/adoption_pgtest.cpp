// The worked example of docs/DATABASE.md, run as it stands there.
#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/private_postgres.hpp"
#include "text/number.hpp"

#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <climits>
#include <fstream>
#include <iterator>
#include <thread>

namespace {

// The n-th ```sql block of the page.
std::string sql_block(int n)
{
    std::ifstream file("docs/DATABASE.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    std::size_t from = 0;
    for (int i = 0; i <= n; ++i) {
        from = page.find("```sql\n", from);
        BOOST_REQUIRE(from != std::string::npos);
        from += 7;
    }
    return page.substr(from, page.find("```", from) - from);
}

struct adopted {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    std::string token = std::string(43, 't');
    std::unique_ptr<db::database> database;

    adopted()
    {
        sql(sql_block(0));
        sql("insert into people (nick, encrypted_password) values ('dora', "
            "pollster.bcrypt('secret', pollster.bcrypt_salt())), ('emil', null);"
            "insert into rooms (title) values ('Kitchen'), ('Cellar');"
            "insert into room_people (person_id, room_id) values (1, 1), (2, 1), (2, 2);"
            "insert into tokens (digest, person_id, expires_at) values (sha256('" +
            token +
            "'), 1, now() + interval '1 day');"
            "insert into messages (room_id, person_id, content) values (1, 1, 'before'), (2, 2, "
            "'elsewhere'), (1, 2, 'adoption')");
        sql(sql_block(1));
        database = std::make_unique<db::database>(pg.settings(name));
    }
    void sql(const std::string& text) const { pg.sql(name, text); }
    std::vector<walls::entry> feed_of(std::int64_t wall, std::int64_t last) const
    {
        const walls::cursor from[] = {{walls::wall_id{wall}, walls::entry_id{last}}};
        return database->feed().entries_after(from, 100).value().at(0).entries;
    }
    walls::identity_ptr owner() const
    {
        const std::string tokens[] = {token};
        return database->sessions().find_identities(tokens).value().at(0);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(adoption_, adopted)

BOOST_AUTO_TEST_CASE(what_was_there_before_is_numbered_and_what_comes_goes_on)
{
    sql("insert into messages (room_id, person_id, content) values (1, 1, 'after')");
    const auto feed = feed_of(1, 0);
    BOOST_REQUIRE(feed.size() == 3u);
    BOOST_TEST(feed[0].body.value() == "before");
    BOOST_TEST(feed[1].body.value() == "adoption");
    BOOST_TEST(feed[2].body.value() == "after");
    BOOST_TEST(walls::number(feed[2].id) == 3);
    BOOST_TEST(feed[2].user_name == "dora");
}

BOOST_AUTO_TEST_CASE(the_application_edits_and_deletes)
{
    sql("update messages set content = 'changed' where id = 1; delete from messages where id = 3");
    const auto feed = feed_of(1, 2);
    BOOST_REQUIRE(feed.size() == 2u);
    BOOST_TEST(feed[0].kind == "edit");
    BOOST_TEST(feed[0].body.value() == "changed");
    BOOST_TEST(feed[1].kind == "delete");
}

BOOST_AUTO_TEST_CASE(its_people_sign_in_and_its_tokens_count)
{
    BOOST_TEST(database->sessions().sign_in("dora", "secret").value().has_value());
    BOOST_TEST(!database->sessions().sign_in("emil", "secret").value().has_value());
    BOOST_REQUIRE(owner() != nullptr);
    BOOST_TEST(owner()->user_name == "dora");
    BOOST_TEST(owner()->may_see(walls::wall_id{1}));
    BOOST_TEST(!owner()->may_see(walls::wall_id{2}));
}

BOOST_AUTO_TEST_CASE(posts_through_the_server_are_its_messages)
{
    const auto done = database->posts()
                          .add_post({walls::wall_id{1}, {token, walls::user_id{1}}, "hello", "k"})
                          .value();
    BOOST_REQUIRE(is_written(done));
    BOOST_TEST(pg.sql(name, "select content from messages order by id desc limit 1") == "hello");
}

BOOST_AUTO_TEST_CASE(a_search_finds_its_messages_by_the_indexes_of_the_example)
{
    sql("insert into messages (room_id, person_id, content) select 1 + (n > 300)::int, 1, 'usual ' "
        "|| n from generate_series(1, 3000) n");
    sql("vacuum analyze messages");
    const auto used = [&](const std::string& index) {
        return text::parse_number<int>(
                   pg.sql(name, "select pg_stat_force_next_flush(); select idx_scan from "
                                "pg_stat_user_indexes where indexrelname = '" +
                                    index + "'"),
                   0, INT_MAX)
            .value();
    };
    const int words = used("messages_terms");
    const int order = used("messages_of_room");
    const auto found =
        database->posts()
            .search({token, walls::user_id{1}}, {walls::wall_id{1}, "adoption", {}, 5})
            .value();
    BOOST_REQUIRE(found.posts.size() == 1u);
    BOOST_TEST(found.posts[0].body.value() == "adoption");
    database.reset(); // its session reports what it used
    const auto later = std::chrono::steady_clock::now() + tests::patience;
    while (used("messages_terms") == words && std::chrono::steady_clock::now() < later) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    BOOST_TEST(used("messages_terms") > words);
    BOOST_TEST(used("messages_of_room") > order);
    // As that of Pollster's own table: search_pgtest.
    BOOST_TEST(pg.sql(name, "select reloptions from pg_class where relname = 'messages_terms'") ==
               "{gin_pending_list_limit=256}");
}

BOOST_AUTO_TEST_CASE(without_the_index_of_terms_a_search_reads_so_many_messages_a_page)
{
    sql("drop index messages_terms");
    sql("insert into messages (room_id, person_id, content) select 1, 1, 'usual ' || n from "
        "generate_series(1, 5000) n");
    std::optional<walls::entry_id> before;
    std::vector<walls::entry> found;
    int pages = 0;
    do {
        const auto page =
            database->posts()
                .search({token, walls::user_id{1}}, {walls::wall_id{1}, "adoption", before, 5})
                .value();
        found.insert(found.end(), page.posts.begin(), page.posts.end());
        before = page.before;
        ++pages;
    } while (before);
    BOOST_REQUIRE(found.size() == 1u);
    BOOST_TEST(found[0].body.value() == "adoption");
    BOOST_TEST(pages == 3);
}

BOOST_AUTO_TEST_CASE(who_loses_access_is_told_by_the_next_look)
{
    BOOST_REQUIRE(database->feed().look({}).has_value());
    sql("delete from room_people where person_id = 1");
    const auto seen = database->feed().look({}).value();
    BOOST_REQUIRE(seen.access_changed.size() == 1u);
    BOOST_TEST(walls::number(seen.access_changed[0]) == 1);
    BOOST_TEST(owner()->walls.empty());
}

BOOST_AUTO_TEST_SUITE_END()
