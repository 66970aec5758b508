// Numbers in blocks: for any writer the entries of a transaction are 1, 2, 3 ... in the order of
// its changes, and each of many costs no more than each of few.
#include "tests/db/database_fixture.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <climits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

// A psql that stays open.
class session {
public:
    explicit session(const std::string& conninfo)
        : connection_(PQconnectdb(conninfo.c_str()), &PQfinish)
    {
    }
    // SQLSTATE, empty when it worked.
    std::string run(const std::string& sql)
    {
        const std::unique_ptr<PGresult, decltype(&PQclear)> r(
            PQexec(connection_.get(), sql.c_str()), &PQclear);
        const char* state = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
        return state != nullptr ? state : "";
    }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

struct fixture : database_fixture {
    // "1 post 10, 2 edit 10"
    std::string entries_of(int wall) const
    {
        return sql("select string_agg(concat_ws(' ', id, kind, post_id), ', ' order by id) from "
                   "pollster.entries where wall_id = " +
                   std::to_string(wall));
    }
    // Every feed is 1, 2, 3 ... up to its head, and nothing is left to be numbered.
    bool sound() const
    {
        return sql("select not exists (select from pollster.heads h where row(h.last_entry, "
                   "h.last_entry) is distinct from (select row(count(*), max(e.id)) from "
                   "pollster.entries e where e.wall_id = h.wall_id)) and not exists (select from "
                   "pollster.entries e where not exists (select from pollster.heads h where "
                   "h.wall_id = e.wall_id)) and not exists (select from pollster.pending)") == "t";
    }
};

std::string insert(int id, int wall, const std::string& body = "text")
{
    return "insert into pollster.posts (id, wall_id, user_id, body) values (" + std::to_string(id) +
           ", " + std::to_string(wall) + ", 1, '" + body + "');";
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(numbers_, fixture)

BOOST_AUTO_TEST_CASE(entries_have_the_order_of_the_changes_of_their_transaction)
{
    sql("begin;" + insert(10, 2) + insert(11, 1) +
        "update pollster.posts set body = 'new' where id = 10;" + "savepoint a;" + insert(12, 1) +
        "delete from pollster.posts where id = 11; rollback to a;" + insert(13, 1) +
        "update pollster.posts set wall_id = 1 where id = 10;" + "savepoint b;" + insert(14, 2) +
        "release b; delete from pollster.posts where id = 13; commit");
    BOOST_TEST(entries_of(1) == "1 post 11, 2 post 13, 3 post 10, 4 delete 13");
    BOOST_TEST(entries_of(2) == "1 post 10, 2 edit 10, 3 delete 10, 4 post 14");
    // What is numbered in the middle, in a block that fails and in one that does not.
    sql("begin;" + insert(20, 1) + insert(21, 1) + "set constraints all immediate;" +
        insert(22, 1) + "savepoint a;" + insert(23, 1) + insert(24, 1) + "rollback to a;" +
        insert(25, 1) + "set constraints all deferred;" + insert(26, 1) + insert(27, 1) + "commit");
    BOOST_TEST(entries_of(1) ==
               "1 post 11, 2 post 13, 3 post 10, 4 delete 13, 5 post 20, 6 post 21, 7 post "
               "22, 8 post 25, 9 post 26, 10 post 27");
    // One statement that changes what it inserted before it is none of SQL's; several rows are.
    sql("with gone as (delete from pollster.posts where id in (20, 21) returning id) "
        "insert into pollster.posts (id, wall_id, user_id, body) select id, 1, 2, 'again' from "
        "gone");
    BOOST_TEST(
        sql("select string_agg(kind, ' ' order by id) from pollster.entries where wall_id = 1 and "
            "id > 10") == "delete post delete post");
    BOOST_TEST(sound());
}

// Each update of a head leaves a version that the next has to step over: of one a row the last cost
// as many steps as there are rows.
BOOST_AUTO_TEST_CASE(a_head_is_written_once_however_many_posts_and_statements_a_transaction_has)
{
    const auto versions = [this] {
        return text::parse_number<int>(
                   sql("select n_tup_ins + n_tup_upd from pg_stat_user_tables where relname = "
                       "'heads' and schemaname = 'pollster'"),
                   0, INT_MAX)
            .value();
    };
    session s(pg.test_conninfo(name));
    s.run("select pg_stat_force_next_flush()");
    const auto before = versions();
    s.run("begin; insert into pollster.posts (wall_id, user_id, body) select 1 + n % 2, 1, 'bulk' "
          "from "
          "generate_series(1, 3000) n; do $$ begin for n in 1..500 loop insert into pollster.posts "
          "(wall_id, user_id, body) values (1, 1, 'one by one'); end loop; end $$; commit");
    s.run("select pg_stat_force_next_flush()");
    const auto after = versions();
    BOOST_TEST(after - before == 2);
    BOOST_TEST(
        sql("select string_agg(last_entry::text, ' ' order by wall_id) from pollster.heads") ==
        "2000 1500");
    BOOST_TEST(sound());
}

BOOST_AUTO_TEST_CASE(a_group_through_the_server_writes_each_head_once)
{
    std::vector<db::new_post> group;
    for (int i = 0; i < 100; ++i) {
        group.push_back({walls::wall_id{1 + i % 2}, reader(1), std::to_string(i), ""});
    }
    const auto versions = [&] {
        return text::parse_number<int>(
                   sql("select coalesce(sum(n_tup_ins + n_tup_upd), 0) from pg_stat_user_tables "
                       "where relname = 'heads'"),
                   0, INT_MAX)
            .value();
    };
    for (const auto& answer : posts().add_posts(group)) {
        BOOST_TEST(is_written(answer));
    }
    database.reset(); // its session reports what it did
    while (versions() == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    BOOST_TEST(versions() == 2);
    BOOST_TEST(sound());
}

BOOST_AUTO_TEST_CASE(no_setting_of_a_writer_keeps_a_post_from_its_number)
{
    int id = 1;
    for (const std::string value :
         {"off", "1", "12345", "-1", "", "nonsense", "99999999999999999999"}) {
        sql("set pollster.collecting = '" + value + "';" + insert(id, 1));
        sql("begin; set local pollster.collecting = '" + value + "';" + insert(id + 1, 1) +
            insert(id + 2, 1) + "commit");
        id += 3;
    }
    BOOST_TEST(sql("select string_agg(post_id::text, ' ' order by id) from pollster.entries") ==
               sql("select string_agg(n::text, ' ') from generate_series(1, 21) n"));
    BOOST_TEST(sound());
}

BOOST_AUTO_TEST_CASE(writers_of_all_kinds_at_once_leave_no_gap_and_miss_nothing)
{
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w) {
        writers.emplace_back([this, w] {
            session s(pg.test_conninfo(name));
            for (int n = 0; n < 15; ++n) {
                const std::string two = std::to_string(1 + (w + n) % 2);
                const std::string change =
                    n % 5 == 0 ? "insert into pollster.posts (wall_id, user_id, body) select " +
                                     two + ", 1, 'bulk' from generate_series(1, 50);"
                    : n % 5 == 1
                        ? "with p as (select id from pollster.posts where wall_id = " + two +
                              " order by id limit 3 for update skip locked) delete from "
                              "pollster.posts where id in (select id from p);"
                    : n % 5 == 2
                        ? "with p as (select id from pollster.posts order by id desc limit 3 for "
                          "update skip locked) update pollster.posts set wall_id = 3 - wall_id "
                          "where "
                          "id in (select id from p);"
                        : "insert into pollster.posts (wall_id, user_id, body) values (" + two +
                              ", 1, 'one');";
                while (!s.run("begin;" + change +
                              (n % 3 == 0 ? "savepoint a;" + change + "rollback to a;" : "") +
                              (n % 7 == 0 ? "set constraints all immediate;" : "") + "commit")
                            .empty()) {
                    s.run("rollback"); // a deadlock of those that number in the middle
                }
            }
        });
    }
    for (int n = 0; n < 15; ++n) {
        std::vector<db::new_post> group{{walls::wall_id{2}, reader(1), "x", ""},
                                        {walls::wall_id{1}, reader(2), "y", ""}};
        while (!group.empty()) {
            const auto answers = posts().add_posts(group);
            std::vector<db::new_post>
                again; // five deadlocks in a row: nothing has happened, and clients repeat
            for (std::size_t i = 0; i < group.size(); ++i) {
                if (!is_written(answers[i])) {
                    const auto& e = answers[i].error();
                    BOOST_REQUIRE(!e.no);
                    BOOST_REQUIRE(e.kind == walls::db_error_kind::unavailable);
                    BOOST_REQUIRE(e.why.find("deadlock") != std::string::npos);
                    again.push_back(group[i]);
                }
            }
            group = std::move(again);
        }
    }
    writers.clear();
    BOOST_TEST(sound());
    // The newest of a post on a wall is 'post' where it is, and 'delete' where it was.
    BOOST_TEST(
        sql("select count(*) from (select distinct on (wall_id, post_id) * from pollster.entries "
            "order by wall_id, post_id, id desc) e full join pollster.posts p on p.id = e.post_id "
            "and p.wall_id = e.wall_id where (p.id is null) is distinct from (e.kind = "
            "'delete')") == "0");
}

BOOST_AUTO_TEST_CASE(
    a_prepared_transaction_is_numbered_when_it_is_prepared_and_found_when_it_is_committed)
{
    const std::string prepare = insert(10, 1) + insert(11, 2) + insert(12, 1) +
                                "delete from pollster.memberships where user_id = 3;";
    session s(pg.test_conninfo(name));
    BOOST_TEST(s.run("begin;" + prepare + "prepare transaction 'with hints'") == "0A000");
    s.run("rollback");
    feed().look({}).value();
    BOOST_TEST(s.run("begin; set local pollster.notify = off;" + prepare +
                     "prepare transaction 'mine'") == "");
    BOOST_TEST(feed().look({}).value().heads.empty());
    sql(insert(20, 3)); // another wall waits for nobody
    BOOST_TEST(heads(feed().look({}).value()).size() == 1u);
    BOOST_TEST(s.run("commit prepared 'mine'") == "");
    const auto seen = feed().look({}).value();
    BOOST_TEST((heads(seen) == std::map<std::int64_t, std::int64_t>{{1, 2}, {2, 1}}));
    BOOST_TEST(seen.access_changed.size() == 1u);
    BOOST_TEST(entries_of(1) == "1 post 10, 2 post 12");
    BOOST_TEST(s.run("begin; set local pollster.notify = off;" + insert(30, 1) +
                     "prepare transaction 'not'") == "");
    BOOST_TEST(s.run("rollback prepared 'not'") == "");
    sql(insert(31, 1));
    BOOST_TEST(entries_of(1) == "1 post 10, 2 post 12, 3 post 31");
    BOOST_TEST(sound());
}

BOOST_AUTO_TEST_SUITE_END()
