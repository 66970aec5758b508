// Posts in groups: one commit, the same answers as one by one, and no post suffers because of a
// neighbour.
#include "db/post_groups.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/fibers/in_loop.hpp"
#include "text/number.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <climits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

db::new_post of(int user, const std::string& body, const std::string& key = {})
{
    return {walls::wall_id{1}, database_fixture::reader(user), body, key};
}

db::new_post on(int wall, const db::new_post& post)
{
    return {walls::wall_id{wall}, post.author, post.body, post.client_key};
}

// Text that no compression makes shorter.
std::string noise(std::size_t bytes)
{
    std::minstd_rand random; // NOLINT: the same each time
    std::string text(bytes, ' ');
    for (char& c : text) {
        c = static_cast<char>('!' + random() % 90);
    }
    return text;
}

struct groups_fixture : database_fixture {
    std::vector<std::string> post_group(const std::vector<db::new_post>& group) const
    {
        std::vector<std::string> texts;
        for (const auto& answer : posts().add_posts(group)) {
            texts.push_back(text_of(answer));
        }
        return texts;
    }
    // How many transactions wrote the entries of wall 1.
    std::string transactions() const
    {
        return sql("select count(distinct xmin::text) from pollster.entries where wall_id = 1");
    }
    std::string entries() const
    {
        return sql("select string_agg(e.id || ' ' || p.body, ', ' order by e.id) from "
                   "pollster.entries e join pollster.posts p on p.id = e.post_id");
    }
};

using texts = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(posting_in_groups, groups_fixture)

BOOST_AUTO_TEST_CASE(a_group_is_one_transaction_in_the_order_of_its_posts)
{
    post(1, 3, "before");
    BOOST_TEST(post_group({of(2, "b"), of(1, "a"), of(3, "c")}) ==
                   (texts{"created 2 b", "created 3 a", "created 4 c"}),
               boost::test_tools::per_element());
    BOOST_TEST(transactions() == "2");
    BOOST_TEST(entries() == "1 before, 2 b, 3 a, 4 c");
}

BOOST_AUTO_TEST_CASE(walls_share_a_transaction_and_each_has_numbers_of_its_own)
{
    post(2, 1, "before");
    BOOST_TEST(post_group({on(2, of(1, "b")), on(1, of(1, "a")), on(99, of(1, "no such wall")),
                           on(2, of(2, "c")), on(1, of(2, "d"))}) ==
                   (texts{"created 2 b", "created 1 a", "forbidden", "created 3 c", "created 2 d"}),
               boost::test_tools::per_element());
    BOOST_TEST(sql("select count(distinct xmin::text) from pollster.entries") == "2");
    BOOST_TEST(
        post_group({on(2, of(1, "b", "k")), on(1, of(1, "b", "k")), on(2, of(1, "b", "k"))}) ==
            (texts{"created 4 b", "conflict", "known 4 b"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(any_text_arrives_as_it_is)
{
    const std::vector<std::string> bodies{
        "\"quoted\"", "{a,b}",        "back\\slash\\", "NULL",
        " ",          "zwei\nZeilen", "\xE2\x82\xAC",  std::string(65'536, '"')};
    std::vector<db::new_post> group;
    for (const auto& body : bodies) {
        group.push_back(of(1, body));
    }
    const auto answers = post_group(group);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        BOOST_TEST(answers[i] == "created " + std::to_string(i + 1) + " " + bodies[i]);
    }
}

BOOST_AUTO_TEST_CASE(a_key_counts_once_also_within_a_group)
{
    post(1, 1, "old", "k1");
    BOOST_TEST(
        post_group({of(1, "old", "k1"), of(1, "other", "k1"), of(1, "new", "k2"),
                    of(1, "new", "k2"), of(1, "newer", "k2"), of(2, "new", "k2"), of(1, "none")}) ==
            (texts{"known 1 old", "conflict", "created 2 new", "known 2 new", "conflict",
                   "created 3 new", "created 4 none"}),
        boost::test_tools::per_element());
    BOOST_TEST(post_group({of(1, "new", "k2")}).front() == "known 2 new");
    BOOST_TEST(entries() == "1 old, 2 new, 3 new, 4 none");
}

BOOST_AUTO_TEST_CASE(access_is_checked_for_each)
{
    sql("delete from pollster.memberships where user_id = 2 and wall_id = 1; "
        "update pollster.users set disabled = true where id = 3");
    BOOST_TEST(
        post_group({of(1, "a", "k"), of(2, "b", "k"), of(3, "c"), of(99, "d"), of(1, "e")}) ==
            (texts{"created 1 a", "forbidden", "forbidden", "forbidden", "created 2 e"}),
        boost::test_tools::per_element());
    BOOST_TEST(sql("select count(*) from pollster.client_keys") == "1");
    BOOST_TEST(post_group({of(2, "b"), of(3, "c")}) == (texts{"forbidden", "forbidden"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(posts_that_are_refused_do_not_fail_their_neighbours)
{
    sql("create function no() returns trigger language plpgsql as $$ begin if new.body = 'bad' "
        "then "
        "raise exception 'not on mondays'; end if; return new; end $$; "
        "create trigger no before insert on pollster_default.posts for each row execute function "
        "no()");
    std::vector<db::new_post> group;
    texts expected;
    int entry = 0;
    for (int i = 0; i < 100; ++i) {
        if (i == 17) {
            group.push_back(of(1, std::string(65'537, 'x'), "too-long")); // a check constraint's
            expected.emplace_back("unacceptable");
        } else if (i == 60 || i == 61) {
            group.push_back(of(1, "bad", "bad-" + std::to_string(i)));
            expected.emplace_back("unacceptable");
        } else {
            group.push_back(of(1, std::to_string(i), "key-" + std::to_string(i)));
            expected.push_back("created " + std::to_string(++entry) + " " + std::to_string(i));
        }
    }
    BOOST_TEST(post_group(group) == expected, boost::test_tools::per_element());
    BOOST_TEST(sql("select count(*) from pollster.client_keys") == "97");
    BOOST_TEST(text::parse_number<int>(transactions(), 0, INT_MAX).value() < 25);
}

// What an application's own table may say no to. Each in the middle of a group, whose other posts
// are numbered without a gap.
BOOST_AUTO_TEST_CASE(a_text_that_the_applications_table_does_not_take_is_unacceptable_alone)
{
    struct rule {
        std::string ddl;
        std::string bad;
        std::string sqlstate;
    };
    const std::string table = "alter table pollster_default.posts add ";
    const std::vector<rule> rules{
        {table + "short varchar(5) generated always as (body) stored", "too long", "22001"},
        {table + "amount int generated always as (body::int) stored", "secret", "22P02"},
        {table + "check (body <> 'rude')", "rude", "23514"},
        {table + "nothing text generated always as (nullif(body, 'null')) stored not null", "null",
         "23502"},
        {table + "unique (body)", "1", "23505"},
        {table + "exclude (body with =)", "1", "23P01"},
        {"create index on pollster_default.posts (body)", noise(9000), "54000"},
    };
    for (const auto& r : rules) {
        BOOST_TEST_CONTEXT(r.sqlstate)
        {
            const groups_fixture f;
            f.post_group({of(1, "1")});
            f.sql(r.ddl);
            const std::vector<db::new_post> group{of(1, "2"), of(2, r.bad, "k"), of(3, "3"),
                                                  of(1, "4")};
            const auto answers = f.posts().add_posts(group);
            BOOST_TEST(text_of(answers[0]) == "created 2 2");
            BOOST_TEST(text_of(answers[1]) == "unacceptable");
            BOOST_TEST(text_of(answers[2]) == "created 3 3");
            BOOST_TEST(text_of(answers[3]) == "created 4 4");
            BOOST_TEST(f.sql("select count(*) from pollster.client_keys") == "0");
            const auto why = why_unacceptable(answers[1]);
            BOOST_TEST_REQUIRE(why.has_value());
            // One line for the log, which says which rule it was and holds no text of a post.
            BOOST_TEST(why->find(r.sqlstate) != std::string::npos, *why);
            BOOST_TEST(why->find('\n') == std::string::npos, *why);
            BOOST_TEST(why->size() < 150u, *why);
            BOOST_TEST(why->find("secret") == std::string::npos, *why);
            BOOST_TEST(why->find("Failure during") == std::string::npos, *why); // libpqxx's words
        }
    }
}

BOOST_AUTO_TEST_CASE(a_wall_that_went_away_meanwhile_is_forbidden_not_unacceptable)
{
    sql("create function gone() returns trigger language plpgsql as $$ begin new.wall_id := 99; "
        "return new; end $$; create trigger gone before insert on pollster_default.posts "
        "for each row when (new.body = 'late') execute function gone()");
    BOOST_TEST(post_group({of(1, "a"), of(2, "late"), of(3, "b")}) ==
                   (texts{"created 1 a", "forbidden", "created 2 b"}),
               boost::test_tools::per_element());
}

// What was committed before the error is acknowledged, and the keys tell about the rest.
BOOST_AUTO_TEST_CASE(a_connection_that_is_cut_in_a_group_leaves_all_or_nothing_of_it)
{
    sql("create function cut() returns trigger language plpgsql as $$ begin if new.body = 'cut' "
        "and "
        "(select count(*) from public.no_more) = 0 then perform "
        "pg_terminate_backend(pg_backend_pid()); "
        "end if; return new; end $$; create table public.no_more (n int); "
        "create trigger cut before insert on pollster_default.posts for each row execute function "
        "cut()");
    const std::vector<db::new_post> group{of(1, "a", "ka"), of(2, "cut", "kc"), of(1, "b", "kb")};
    BOOST_TEST(post_group(group) == (texts{"error", "error", "error"}),
               boost::test_tools::per_element());
    BOOST_TEST(sql("select count(*) from pollster.posts") == "0");
    sql("insert into public.no_more values (1)");
    BOOST_TEST(post_group(group) == (texts{"created 1 a", "created 2 cut", "created 3 b"}),
               boost::test_tools::per_element());
    BOOST_TEST(post_group(group) == (texts{"known 1 a", "known 2 cut", "known 3 b"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(groups_of_two_servers_with_the_same_keys_in_opposite_order_do_not_deadlock)
{
    const auto other = std::make_unique<db::database>(settings);
    std::vector<db::new_post> up;
    for (int i = 0; i < 50; ++i) {
        up.push_back(of(1 + i % 3, "text", "key-" + std::to_string(i)));
    }
    const std::vector<db::new_post> down(up.rbegin(), up.rend());
    const std::string deadlocks = "select deadlocks from pg_stat_database where datname = "
                                  "current_database()";
    for (int round = 0; round < 10; ++round) {
        sql("truncate pollster.client_keys");
        std::vector<db::answer<db::written_entry>> one;
        std::thread first([&] { one = posts().add_posts(up); });
        auto two = other->posts().add_posts(down);
        first.join();
        int created = 0;
        for (const auto* answers : {&one, &two}) {
            for (const auto& a : *answers) {
                BOOST_REQUIRE(a.has_value());
                created += is_written(a) ? 1 : 0;
            }
        }
        BOOST_TEST(created == 50);
    }
    BOOST_TEST(sql(deadlocks) == "0");
    BOOST_TEST(sql("select max(id) = count(*) and count(*) = 500 from pollster.entries") == "t");
}

BOOST_AUTO_TEST_CASE(fibers_that_post_while_a_group_is_committed_are_the_next_group)
{
    fibers::testing::in_loop([this](fibers::reactor&) {
        db::post_groups groups(posts(), 1, 1000);
        std::vector<std::string> answers(250);
        std::vector<boost::fibers::fiber> writers;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            writers.emplace_back([&, i] {
                answers[i] = text_of(groups.add(of(1 + static_cast<int>(i) % 3, std::to_string(i),
                                                   "key-" + std::to_string(i))));
            });
        }
        for (auto& w : writers) {
            w.join();
        }
        for (std::size_t i = 0; i < answers.size(); ++i) {
            BOOST_TEST(answers[i] == "created " + std::to_string(i + 1) + " " + std::to_string(i));
        }
        BOOST_TEST(groups.under_way() == 0u);
        BOOST_TEST(!groups.posts_to(walls::wall_id{1}));
    });
    BOOST_TEST(transactions() == "4"); // 1, 100, 100 and 49
}

BOOST_AUTO_TEST_CASE(the_next_group_of_a_wall_gets_ready_while_one_is_committed)
{
    fibers::testing::in_loop([this](fibers::reactor&) {
        db::post_groups groups(posts(), 3, 1000);
        std::vector<boost::fibers::fiber> writers;
        for (int i = 0; i < 300; ++i) {
            writers.emplace_back([&, i] {
                BOOST_TEST(text_of(groups.add(of(1 + i % 3, "x"))).starts_with("created "));
            });
        }
        boost::this_fiber::yield();
        BOOST_TEST(groups.posts_to(walls::wall_id{1}));
        BOOST_TEST(!groups.posts_to(walls::wall_id{2}));
        for (auto& w : writers) {
            w.join();
        }
    });
    BOOST_TEST(transactions() == "5"); // 1, 1, 100, 100 and 98
    BOOST_TEST(sql("select max(id) = count(*) and count(*) = 300 from pollster.entries") == "t");
}

// Somebody's open transaction holds the row of a user, whose posts hence wait until they time out.
BOOST_AUTO_TEST_CASE(a_wall_that_is_stuck_takes_others_with_it_once_at_most)
{
    settings.statement_timeout = std::chrono::seconds(10); // so long no machine stands still
    settings.connections = 3;
    const auto hasty = std::make_unique<db::database>(settings);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> holder(
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
    PQclear(PQexec(holder.get(), "begin; select from pollster.users where id = 2 for update"));
    fibers::testing::in_loop([&](fibers::reactor&) {
        db::post_groups groups(hasty->posts(), 2, 1000);
        const auto all_post = [&] {
            std::vector<std::string> answers(6);
            std::vector<boost::fibers::fiber> writers;
            for (std::size_t i = 0; i < answers.size(); ++i) {
                const bool stuck = i >= 4;
                writers.emplace_back([&, i, stuck] {
                    answers[i] = text_of(groups.add(stuck ? on(2, of(2, "stuck")) : of(1, "x")));
                });
            }
            for (auto& w : writers) {
                w.join();
            }
            return answers;
        };
        all_post(); // two go alone, the others together
        const auto answers = all_post();
        for (std::size_t i = 0; i < answers.size(); ++i) {
            BOOST_TEST((answers[i] == "error") == (i >= 4), answers[i]);
        }
        PQclear(PQexec(holder.get(), "commit"));
        for (const auto& answer : all_post()) {
            BOOST_TEST(answer.starts_with("created "), answer);
        }
    });
}

// On one connection ann's first post goes alone, and the others wait for it in this order.
BOOST_AUTO_TEST_CASE(who_posts_hundreds_at_a_time_keeps_nobody_from_the_next_group)
{
    fibers::testing::in_loop([this](fibers::reactor&) {
        db::post_groups groups(posts(), 1, 1000);
        std::vector<boost::fibers::fiber> writers;
        const auto add = [&](int user, const std::string& body) {
            writers.emplace_back([&groups, user, body] {
                BOOST_TEST(text_of(groups.add(of(user, body))).starts_with("created "));
            });
        };
        for (int i = 100; i < 310; ++i) {
            add(1, std::to_string(i));
        }
        for (int i = 100; i < 130; ++i) {
            add(2, std::to_string(i));
        }
        add(3, "lone");
        for (auto& w : writers) {
            w.join();
        }
    });
    BOOST_TEST(transactions() == "4"); // 1, 100, 100 and 40
    const std::string posts = "from pollster.entries e join pollster.posts p on p.id = e.post_id ";
    BOOST_TEST(sql("select e.id " + posts + "where p.user_id = 3") == "101");
    // A user's share, in his order, and ann fills what is left of the group.
    BOOST_TEST(sql("select count(*) || ' ' || max(body) " + posts +
                   "where p.user_id = 2 and e.id <= 101") == "25 124");
    BOOST_TEST(sql("select count(*) || ' ' || max(body) " + posts +
                   "where p.user_id = 1 and e.id <= 101") == "75 174");
    BOOST_TEST(sql("select count(*) from (select p.body < lag(p.body) over (partition by p.user_id "
                   "order by e.id) as late " +
                   posts + ") o where late") == "0");
}

BOOST_AUTO_TEST_CASE(who_posts_large_texts_keeps_nobody_from_the_next_group)
{
    fibers::testing::in_loop([this](fibers::reactor&) {
        db::post_groups groups(posts(), 1, 1000);
        std::vector<boost::fibers::fiber> writers;
        for (int i = 0; i < 61; ++i) {
            writers.emplace_back([&groups, i] {
                const auto post = i < 60 ? of(1, std::string(60'000, 'x')) : of(3, "lone");
                BOOST_TEST(text_of(groups.add(post)).starts_with("created "));
            });
        }
        for (auto& w : writers) {
            w.join();
        }
    });
    // After the first and 17 more, which fill a group.
    BOOST_TEST(sql("select e.id from pollster.entries e join pollster.posts p on p.id = e.post_id "
                   "where p.user_id = 3") == "19");
}

BOOST_AUTO_TEST_CASE(more_posts_than_may_wait_are_turned_away)
{
    fibers::testing::in_loop([this](fibers::reactor&) {
        db::post_groups groups(posts(), 1, 2);
        std::vector<std::string> answers(3);
        std::vector<boost::fibers::fiber> writers;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            writers.emplace_back([&, i] { answers[i] = text_of(groups.add(of(1, "x"))); });
        }
        for (auto& w : writers) {
            w.join();
        }
        BOOST_TEST(answers == (texts{"created 1 x", "created 2 x", "error"}),
                   boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_SUITE_END()
