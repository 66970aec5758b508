// What a look reports, and that it misses nothing, whoever writes and however late a commit comes.
#include "db/migrate.hpp"
#include "tests/db/database_fixture.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <random>
#include <set>
#include <thread>

namespace {

using namespace std::chrono_literals;
using map = std::map<std::int64_t, std::int64_t>;

// A psql that stays open.
class session {
public:
    explicit session(const std::string& conninfo)
        : connection_(PQconnectdb(conninfo.c_str()))
    {
    }
    ~session() { PQfinish(connection_); }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // SQLSTATE, empty when it worked.
    std::string run(const std::string& sql)
    {
        PGresult* r = PQexec(connection_, sql.c_str());
        const char* state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        std::string out = state != nullptr ? state : "";
        PQclear(r);
        return out;
    }

private:
    PGconn* connection_;
};

std::string insert(int wall, const std::string& body)
{
    return "insert into pollster.posts (wall_id, user_id, body) values (" + std::to_string(wall) +
           ", 1, '" + body + "')";
}

struct look_fixture : database_fixture {
    walls::changes look(std::vector<walls::wall_id> also = {}) { return feed().look(also).value(); }
    std::set<std::int64_t> access()
    {
        std::set<std::int64_t> out;
        for (const auto user : look().access_changed) {
            out.insert(number(user));
        }
        return out;
    }
    // Every wall's feed is 1, 2, 3 ... up to its head.
    void check_gapless()
    {
        BOOST_TEST(sql("select count(*) from pollster.heads h where last_entry <> (select count(*) "
                       "from pollster.entries e "
                       "where e.wall_id = h.wall_id) or last_entry <> (select max(id) from "
                       "pollster.entries e "
                       "where e.wall_id = h.wall_id)") == "0");
        BOOST_TEST(sql("select count(*) from pollster.posts p where 1 <> (select count(*) from "
                       "pollster.entries e "
                       "where e.wall_id = p.wall_id and e.post_id = p.id and e.kind = 'post')") ==
                   "0");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(look_, look_fixture)

BOOST_AUTO_TEST_CASE(first_forgets_everything_then_tells_changes_once)
{
    post(1, 1, "before");
    auto c = look({walls::wall_id{1}, walls::wall_id{3}, walls::wall_id{99}});
    BOOST_TEST(c.forget_everything);
    BOOST_TEST((heads(c) == map{{1, 1}, {3, 0}}));
    c = look();
    BOOST_TEST(!c.forget_everything);
    BOOST_TEST(c.heads.empty());
    post(2, 1, "after");
    post(2, 2, "after that");
    BOOST_TEST((heads(look()) == map{{2, 2}}));
    BOOST_TEST(look().heads.empty());
    BOOST_TEST((heads(look({walls::wall_id{1}})) == map{{1, 1}}));
}

BOOST_AUTO_TEST_CASE(a_transaction_that_stays_open_blocks_nobody_and_is_seen_when_it_commits)
{
    look();
    session idle(pg.test_conninfo(name));
    idle.run("begin");
    BOOST_TEST(idle.run(insert(1, "late")) == "");
    post(1, 2, "early");
    BOOST_TEST((heads(look()) == map{{1, 1}}));
    post(2, 2, "early");
    BOOST_TEST((heads(look()) == map{{2, 1}}));
    BOOST_TEST(look().heads.empty());
    BOOST_TEST(idle.run("commit") == "");
    BOOST_TEST((heads(look()) == map{{1, 2}}));
    BOOST_TEST(look().heads.empty());
    BOOST_TEST(sql("select string_agg(p.body, ' ' order by e.id) from pollster.entries e join "
                   "pollster.posts p on p.id = post_id "
                   "where e.wall_id = 1") == "early late");
}

BOOST_AUTO_TEST_CASE(a_head_that_was_locked_during_a_look_is_seen_later)
{
    look();
    session held(pg.test_conninfo(name));
    held.run("begin");
    held.run(insert(1, "x"));
    BOOST_TEST(held.run("set constraints all immediate") ==
               ""); // the number is taken, the lock held
    BOOST_TEST(look().heads.empty());
    post(2, 1, "other wall");
    BOOST_TEST((heads(look()) == map{{2, 1}}));
    held.run("commit");
    BOOST_TEST((heads(look()) == map{{1, 1}}));
}

BOOST_AUTO_TEST_CASE(rollbacks_and_savepoints_leave_no_gap)
{
    session s(pg.test_conninfo(name));
    s.run("begin");
    s.run(insert(1, "gone"));
    s.run("set constraints all immediate");
    s.run("rollback");
    s.run("begin");
    s.run(insert(1, "a"));
    s.run("savepoint p");
    s.run(insert(1, "gone"));
    s.run("set constraints all immediate");
    s.run("rollback to p");
    s.run(insert(2, "b"));
    BOOST_TEST(s.run("commit") == "");
    BOOST_TEST(sql("select count(*) from pollster.entries") == "2");
    check_gapless();
}

BOOST_AUTO_TEST_CASE(
    misses_nothing_while_eight_writers_commit_late_roll_back_and_write_several_walls)
{
    look();
    std::atomic<int> running = 8;
    std::vector<std::thread> writers;
    for (unsigned w = 0; w < 8; ++w) {
        writers.emplace_back([this, w, &running] {
            std::minstd_rand random(w + 1);
            const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
            // Deadlocks among writers of several walls are part of the test; waiting a second for
            // each is not.
            session s(pg.test_conninfo(name) + " options='-c deadlock_timeout=20ms'");
            for (int i = 0; i < 120; ++i) {
                s.run("begin");
                for (int n = below(3); n >= 0; --n) {
                    s.run(insert(1 + below(3), "x"));
                }
                if (below(4) == 0) {
                    s.run("set constraints all immediate");
                }
                // The delay is what is tested: a commit that comes later than it began.
                s.run("select pg_sleep(" + std::to_string(below(4)) + " * 0.001)");
                s.run(below(8) == 0 ? "rollback"
                                    : "commit"); // a deadlock at the commit is a rollback too
            }
            --running;
        });
    }
    map seen;
    std::size_t backwards = 0;
    const auto take = [&] {
        for (const auto& [wall, newest] : heads(look())) {
            backwards += newest <= seen[wall] ? 1 : 0;
            seen[wall] = newest;
        }
    };
    std::map<std::int64_t, walls::entry_id> cursors{{1, {}}, {2, {}}, {3, {}}};
    int numbers_read = 0;
    while (running > 0) {
        take();
        for (auto& [wall, last] : cursors) {
            const auto pages =
                feed()
                    .entries_after(std::vector<walls::cursor>{{walls::wall_id{wall}, last}}, 1000)
                    .value();
            for (const auto& e : pages[0].entries) {
                BOOST_REQUIRE(number(e.id) == number(last) + 1);
                last = e.id;
                ++numbers_read;
            }
        }
    }
    for (auto& t : writers) {
        t.join();
    }
    take();
    BOOST_TEST(backwards == 0u);
    for (const auto& [wall, newest] : seen) {
        BOOST_TEST(
            std::to_string(newest) ==
            sql("select last_entry from pollster.heads where wall_id = " + std::to_string(wall)));
    }
    BOOST_TEST(seen.size() == 3u);
    BOOST_TEST(numbers_read > 100);
    check_gapless();
}

BOOST_AUTO_TEST_CASE(tells_whose_access_changed_by_every_route)
{
    const auto token = token_of(1);
    token_of(2);
    using set = std::set<std::int64_t>;
    const auto changed_by = [this](const std::string& statement) {
        access();
        sql(statement);
        return access();
    };
    BOOST_TEST((changed_by("delete from pollster.memberships where user_id = 1 and wall_id = 2") ==
                set{1}));
    BOOST_TEST((changed_by("insert into pollster.memberships (user_id, wall_id) values (3, 2)") ==
                set{3}));
    BOOST_TEST(
        (changed_by(
             "update pollster.memberships set user_id = 1 where user_id = 3 and wall_id = 2") ==
         set{1, 3}));
    BOOST_TEST((changed_by("delete from pollster.sessions where user_id = 1") == set{1}));
    BOOST_TEST((changed_by("update pollster.sessions set expires_at = now()") == set{2, 3}));
    BOOST_TEST((changed_by("update pollster.users set disabled = true where id = 3") == set{3}));
    BOOST_TEST((changed_by("update pollster.users set password_hash = null") == set{}));
    BOOST_TEST((changed_by("delete from pollster.users where id = 3") == set{3}));
    // 0 are the guests: a token may name a wall that is not open.
    BOOST_TEST((changed_by("delete from pollster.walls where id = 1") == set{0, 1, 2}));
    access();
    const auto ours = sessions().sign_in("ann", "x").value();
    BOOST_TEST((access() == set{}));
    BOOST_TEST(look({walls::wall_id{1}}).heads.empty());
}

BOOST_AUTO_TEST_CASE(needs_no_rights_but_those_of_the_views)
{
    sql("drop role if exists plain");
    sql("create role plain login");
    sql("grant usage on schema pollster to plain; grant select, insert on pollster.posts, "
        "pollster.memberships to plain; "
        "grant delete on pollster.memberships to plain");
    session s(pg.test_conninfo(name) + " user=plain");
    look();
    BOOST_TEST(s.run(insert(1, "by the role of the application")) == "");
    BOOST_TEST(s.run("delete from pollster.memberships where user_id = 2") == "");
    BOOST_TEST(s.run("select * from pollster.heads") == "42501");
    const auto c = look();
    BOOST_TEST((heads(c) == map{{1, 1}}));
    BOOST_TEST(c.access_changed.size() == 1u);
}

// Triggers, defaults, checks and indexes run with the rights of the writer.
BOOST_AUTO_TEST_CASE(needs_no_rights_but_those_of_the_tables)
{
    const std::string role = "writer_" + name;
    sql("create role " + role + " login");
    sql("grant usage on schema pollster_default to " + role +
        "; grant select, insert, update, delete on all tables in schema pollster_default to " +
        role + "; grant usage on all sequences in schema pollster_default to " + role);
    session s(pg.test_conninfo(name) + " user=" + role);
    const std::string t = "pollster_default.";
    for (const std::string& written :
         {"insert into " + t + "posts (wall_id, user_id, body) values (1, 1, 'a text; 文字')",
          "update " + t + "posts set body = 'another'", "update " + t + "posts set wall_id = 2",
          "delete from " + t + "posts", "update " + t + "users set name = 'anna' where id = 1",
          "insert into " + t + "users (id, name, password_hash) values (9, 'new', 'x')",
          "insert into " + t + "walls (id, name) values (9, 'new')",
          "insert into " + t + "memberships (user_id, wall_id) select max(u.id), max(w.id) from " +
              t + "users u, " + t + "walls w",
          "delete from " + t + "memberships where user_id = 2",
          "update " + t + "sessions set expires_at = now() + interval '1 hour'",
          "delete from " + t + "sessions", "delete from " + t + "walls where id = 1",
          "delete from " + t + "users where id = 3"}) {
        const auto refused = s.run(written);
        BOOST_TEST(refused == "", written + ": " + refused);
    }
    BOOST_TEST(s.run("select * from pollster.heads") == "42501");
}

BOOST_AUTO_TEST_CASE(a_look_notices_a_newer_schema_when_it_is_time_to_ask_or_the_connection_is_new)
{
    const auto later = [this] {
        return text::parse_number<int>(
                   sql("insert into pollster.schema_migrations (number, name, checksum) "
                       "select max(number) + 1, 'later', '' from pollster.schema_migrations "
                       "returning number"),
                   0, INT_MAX)
            .value();
    };
    const auto seen_by = [](db::database& s) {
        s.feed().look({}).value();
        return s.count().schema;
    };
    BOOST_TEST(database->count().schema == 0);
    BOOST_TEST(seen_by(*database) == db::schema_version());
    auto always = settings;
    always.schema_asked_every = 0ms;
    const auto curious = std::make_unique<db::database>(always);
    BOOST_TEST(seen_by(*curious) == db::schema_version());
    const int newer = later();
    BOOST_TEST(seen_by(*curious) == newer);
    BOOST_TEST(seen_by(*database) == db::schema_version()); // not every look asks
    sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()");
    BOOST_TEST(seen_by(*database) == newer);
}

BOOST_AUTO_TEST_SUITE_END()
