// A session keeps the plans that it made while the tables were empty, until somebody analyzes them
// or the connection forgets them (connection::forget_old_plans). They must serve full tables, too:
// what a statement reads may not grow with what is stored. Here is each statement whose plan is
// kept: what is prepared, or inside PL/pgSQL. What is inside serves them from the first time on.
// Not posts_before: without statistics PostgreSQL takes a wall for one row, however it is asked.
#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/plans_page.hpp"
#include "tests/db/private_postgres.hpp"
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr walls::wall_id wall{1};
constexpr std::size_t stored = 5'000; // rows of each table
constexpr std::size_t page = 50;      // the largest that is asked for
constexpr std::size_t few = stored / 10;

struct early {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    db::settings settings = pg.settings(name);
    // An application that writes by itself, and keeps its session.
    std::unique_ptr<PGconn, decltype(&PQfinish)> application{nullptr, &PQfinish};
    int round = 0;

    early()
    {
        // Nobody else analyzes; so far there is one of everything.
        sql("alter table pollster.entries set (autovacuum_enabled = off)");
        for (const char* table : {"users", "walls", "memberships", "sessions", "posts"}) {
            sql("alter table pollster_default." + std::string(table) +
                " set (autovacuum_enabled = off)");
        }
        for (const char* table : {"heads", "client_keys", "access_changes", "read_marks"}) {
            sql("alter table pollster." + std::string(table) + " set (autovacuum_enabled = off)");
        }
        sql("insert into pollster.users (id, name, password_hash) values (1, 'user 1', "
            "pollster.bcrypt('secret', pollster.bcrypt_salt()));"
            "insert into pollster.walls (id, name) values (1, 'wall 1');"
            "insert into pollster.memberships (user_id, wall_id) values (1, 1);"
            "insert into pollster.sessions select sha256(convert_to('" +
            token() + "', 'UTF8')), 1, now(), now() + interval '1 day'");
        sql("vacuum analyze");

        settings.connections = 1;
        settings.first_plans_last = 24h;
        settings.statement_timeout = 60s;
        // Who may load a library.
        settings.database +=
            " user=pollster_owner application_name=plans options='-c "
            "session_preload_libraries=auto_explain -c auto_explain.log_analyze=on "
            "-c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on -c "
            "auto_explain.log_timing=off -c log_error_verbosity=terse'";
        application.reset(
            PQconnectdb((settings.database + " application_name='plans application'").c_str()));
        BOOST_TEST_REQUIRE(PQstatus(application.get()) == CONNECTION_OK);
    }
    void write(const char* text) const
    {
        const auto result = PQexec(application.get(), text);
        BOOST_TEST(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(application.get()));
        PQclear(result);
    }
    std::string sql(const std::string& text) const { return pg.sql(name, text); }

    static std::string token() { return std::string(43, 'a'); }
    static db::reader reader() { return {token(), walls::user_id{1}}; }

    // No DDL and no ANALYZE: either would have the plans made again.
    void fill() const
    {
        const std::string n = std::to_string(stored);
        sql("set session_replication_role = replica;"
            "insert into pollster.users (id, name) select n, 'user ' || n from "
            "generate_series(2, " +
            n +
            ") n;"
            "insert into pollster.walls (id, name) select n, 'wall ' || n from "
            "generate_series(2, " +
            n +
            ") n;"
            "insert into pollster.memberships (user_id, wall_id) select n, 1 from "
            "generate_series(2, " +
            n +
            ") n;"
            "insert into pollster.sessions select sha256(convert_to('s' || n, 'UTF8')), n, now(), "
            "now() + interval '1 day' from generate_series(2, " +
            n +
            ") n;"
            "insert into pollster.heads (wall_id, last_entry, changed_by, epoch, stamp) select n, "
            "0, '5', n, 1 from generate_series(2, " +
            n +
            ") n on conflict do nothing;"
            // On the wall as many as on all the others.
            "insert into pollster.posts (id, wall_id, user_id, body) select n + 1000000, case when "
            "n % 2 = 0 then 1 else 2 + n % 1000 end, 1, 'post ' || n from generate_series(1, 2 * " +
            n +
            ") n;"
            "insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at) select "
            "p.wall_id, h.last_entry + row_number() over (partition by p.wall_id order by p.id), "
            "p.id, 'post', 1, now() from pollster.posts p join pollster.heads h on h.wall_id = "
            "p.wall_id where p.id > 1000000;"
            "update pollster.heads h set last_entry = e.id from (select wall_id, max(id) as id "
            "from pollster.entries group by wall_id) e where e.wall_id = h.wall_id;"
            "insert into pollster.client_keys (user_id, client_key, wall_id, body_hash, entry_id, "
            "created_at) select 1, 'old ' || n, 1, 'x', 1, now() from generate_series(1, " +
            n +
            ") n;"
            "insert into pollster.access_changes select n, '5', now() from generate_series(1, " +
            n +
            ") n;"
            "insert into pollster.read_marks select n, 1, 1 from generate_series(2, " +
            n + ") n");
    }

    struct statement {
        std::string name;
        std::function<void(db::database&)> question;
        bool may_forget = false; // its plan serves full tables once it is made anew
    };

    // That a node of its plans found; and of which plan it is.
    std::pair<std::size_t, std::string> most_rows(db::database& s, const statement& st) const
    {
        const auto read = pg.log().size();
        st.question(s);
        const auto plans = plans_in(pg.log().substr(read));
        BOOST_TEST_REQUIRE(!plans.empty(), st.name << ": no plan was logged");
        std::pair<std::size_t, std::string> most;
        for (const auto& p : plans) {
            if (p.most_rows() >= most.first) {
                most = {p.most_rows(), p.text()};
            }
        }
        return most;
    }
    std::vector<statement> statements()
    {
        const auto post = [this](db::database& s, int n) {
            return db::new_post{wall, reader(), "hello",
                                "key " + std::to_string(round) + " " + std::to_string(n),
                                s.feed().look({}).value().position};
        };
        const auto posted = [post](db::database& s) {
            return written(s.posts().add_post(post(s, 0)));
        };
        const auto newest = [this] {
            return walls::entry_id{
                std::stoll(sql("select last_entry from pollster.heads where wall_id = 1"))};
        };
        return {
            {"look", [](db::database& s) { s.feed().look({}).value(); }},
            {"look at a wall", [](db::database& s) { s.feed().look(std::vector{wall}).value(); }},
            {"add_post", [posted](db::database& s) { posted(s); }},
            {"add_post, repeated",
             [post](db::database& s) {
                 const auto p = post(s, 0);
                 BOOST_TEST(is_known(s.posts().add_post(p)));
             }},
            {"add_posts",
             [post](db::database& s) {
                 for (const auto& outcome :
                      s.posts().add_posts(std::vector{post(s, 1), post(s, 2)})) {
                     written(outcome);
                 }
             }},
            {"change_post",
             [this, post](db::database& s) {
                 const auto p = written(s.posts().add_post(post(s, 3)));
                 written(s.posts().change_post(
                     {wall, reader(), p.entry.post, "edited", s.feed().look({}).value().position}));
                 written(s.posts().change_post(
                     {wall, reader(), p.entry.post, {}, s.feed().look({}).value().position}));
             }},
            {"entries_after",
             [newest](db::database& s) {
                 const std::vector<walls::cursor> behind{{wall, {}}};
                 s.feed().entries_after(behind, page).value();
             }},
            {"find_identities",
             [](db::database& s) {
                 const std::vector<std::string> tokens{token(), std::string(43, 'b')};
                 BOOST_TEST(s.sessions().find_identities(tokens).value().front() != nullptr);
             },
             true},
            {"find_identities, of one",
             [](db::database& s) {
                 const std::vector<std::string> tokens{token()};
                 BOOST_TEST(s.sessions().find_identities(tokens).value().front() != nullptr);
             },
             true},
            {"find_named",
             [](db::database& s) {
                 const std::vector<db::named> names{{walls::user_id{1}, {}}};
                 BOOST_TEST(s.sessions().find_named(names).value().front() != nullptr);
             },
             true},
            {"walls_read",
             [](db::database& s) { s.posts().walls_read(reader(), std::vector{wall}).value(); },
             true},
            {"mark_read",
             [newest](db::database& s) { s.posts().mark_read(reader(), wall, newest()).value(); }},
            {"an application's post",
             [this](db::database&) {
                 write("insert into pollster.posts (wall_id, user_id, body) values (1, 1, 'own')");
             }},
            {"an application's edit",
             [this](db::database&) {
                 write("update pollster.posts set body = body || '.' where id = 1");
             }},
            {"an application's post that it deletes",
             [this](db::database&) {
                 write("insert into pollster.posts (id, wall_id, user_id, body) values (900000, 1, "
                       "1, 'own')");
                 write("delete from pollster.posts where id = 900000");
             }},
            {"walls_of", [](db::database& s) { s.posts().walls_of(reader()).value(); }, true},
        };
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(early_plans_, early)

BOOST_AUTO_TEST_CASE(a_plan_of_empty_tables_serves_full_ones)
{
    db::database s(settings);
    settings.first_plans_last = 1s;
    db::database forgetful(settings);
    const auto all = statements();
    // A session makes a plan for any values when it has made five for given ones.
    for (; round < 7; ++round) {
        for (const auto& st : all) {
            st.question(st.may_forget ? forgetful : s);
        }
    }
    fill();
    for (; round < 9; ++round) {
        for (const auto& st : all) {
            auto found = most_rows(st.may_forget ? forgetful : s, st);
            const auto enough = std::chrono::steady_clock::now() + tests::patience;
            while (st.may_forget && found.first >= few &&
                   std::chrono::steady_clock::now() < enough) {
                std::this_thread::sleep_for(200ms);
                found = most_rows(forgetful, st);
            }
            BOOST_TEST(found.first < few,
                       st.name << ": " << found.first << " rows: " << found.second);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
