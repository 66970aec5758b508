// How PostgreSQL executes each statement of a server on a filled database: every table by index,
// and a look that costs what changed. POLLSTER_PLANS=. makes it a million walls and writes the
// plans into docs/DATABASE.md and bench/results/plans.md of the repository at that path.
#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/plans_page.hpp"
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

namespace {

using namespace std::chrono_literals;

// One that a server sends, or several that belong together.
struct statement {
    std::string name; // a function of db/, and with what
    std::string asked_by;
    std::function<void(db::database&)> question;
    std::function<void(db::database&)> before = [](db::database&) {
    }; // each question; not looked at
    std::size_t rows = 5'000; // that a node of a plan may find in all its loops
    bool once = false;        // repeated it would be another question, or take long
};

struct filled {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    const char* pages = std::getenv("POLLSTER_PLANS");
    int walls = pages != nullptr ? 1'000'000 : 20'000;

    filled()
    {
        const std::string n = std::to_string(walls);
        sql("insert into pollster.users (id, name, password_hash) select n, 'user ' || n, "
            "case when n = 1 then pollster.bcrypt('secret', pollster.bcrypt_salt()) end from "
            "generate_series(1, 10000) n;"
            "insert into pollster.walls (id, name) select n, 'wall ' || n from "
            "generate_series(1, " +
            n +
            ") n;"
            "alter table pollster_default.posts disable trigger feed_entry;"
            "alter table pollster_default.memberships disable trigger membership_changed;"
            "insert into pollster.memberships (user_id, wall_id) select n, 1 + (n * 97 + k * 7919) "
            "% " +
            n +
            " from generate_series(1, 10000) n, generate_series(1, 20) k on conflict do nothing;"
            "insert into pollster.memberships (user_id, wall_id) select n, 1 from "
            "generate_series(1, 10000) n "
            "on conflict do nothing;"
            // As many on wall 1 as there are walls, and as many on all the others.
            "insert into pollster.posts (id, wall_id, user_id, body) select n, case when n % 2 = 0 "
            "then 1 else 1 + n % " +
            n +
            " end, 1 + n % 10000, 'post number ' || n || ' says something of usual length, as "
            "people do.' || case when n % 100 = 2 then ' fiftieth' else '' end "
            "from generate_series(1, 2 * " +
            n +
            ") n;"
            "select setval(pg_get_serial_sequence('pollster_default.posts', 'id'), 2 * " +
            n +
            ");"
            "alter table pollster_default.posts enable trigger feed_entry;"
            "alter table pollster_default.memberships enable trigger membership_changed");
        // In their own transactions: rows that change later must be new versions.
        sql("select pollster.adopt_posts()");
        sql("insert into pollster.heads select id, 0, pg_current_xact_id() from pollster.walls on "
            "conflict do nothing");
        sql("insert into pollster.sessions select sha256(convert_to(lpad(n::text, 43, 'a'), "
            "'UTF8')), n, now(), "
            "now() + interval '1 day' from generate_series(1, 10000) n");
        sql("insert into pollster.read_marks select 1, n, 1000 from generate_series(1, 10000) n");
        sql("insert into pollster.client_keys select 1 + n % 10000, 'key ' || n, 1, 'x', 1, now() "
            "from generate_series(1, 20000) n");
        sql("insert into pollster.access_changes select 1 + n % 10000, '5', now() from "
            "generate_series(1, 20000) n");
        sql("vacuum analyze");
        // A wall that the statistics do not know yet.
        sql("insert into pollster.walls (id, name) values (" + std::to_string(walls + 1) +
            ", 'new'); insert into pollster.memberships (user_id, wall_id) values (1, " +
            std::to_string(walls + 1) +
            "); insert into pollster.posts (wall_id, user_id, body) select " +
            std::to_string(walls + 1) +
            ", 1, case when n = 1 then 'first' else 'usual' end from generate_series(1, 6000) n");
    }
    std::string sql(const std::string& text) const { return pg.sql(name, text); }

    static std::string token_of(int user)
    {
        const std::string n = std::to_string(user);
        return std::string(43 - n.size(), 'a') + n;
    }

    static db::reader first_reader() { return {token_of(1), walls::user_id{1}}; }
    static db::history history_in(const db::answer<db::history>& answered)
    {
        return answered.value();
    }

    // From the call to the answer, without auto_explain.
    static double median_ms(const statement& st, db::database& database)
    {
        std::vector<double> took;
        for (int time = 0; time < (st.once ? 1 : 21); ++time) {
            st.before(database);
            const auto began = std::chrono::steady_clock::now();
            st.question(database);
            took.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
                    .count());
        }
        std::sort(took.begin(), took.end());
        return took[took.size() / 2];
    }

    std::string how() const
    {
        double load = 0; // tells how far to trust the times
        ::getloadavg(&load, 1);
        return "PostgreSQL " + sql("show server_version") + ", " + sql("select current_date") +
               ", by `POLLSTER_PLANS=. build/release/tests/db/db_plans_pgtest`, which writes this "
               "and [the plans](../bench/results/plans.md). " +
               sql("select format('%s walls, %s posts (%s of them on one wall), %s users, %s "
                   "memberships; ', (select count(*) from pollster.walls), (select count(*) from "
                   "pollster.posts), (select count(*) from pollster.posts where wall_id = 1), "
                   "(select count(*) from pollster.users), (select count(*) from "
                   "pollster.memberships))") +
               "32 MB of shared buffers, `fsync` off, one connection; load average " +
               std::to_string(std::lround(load)) + " on " +
               std::to_string(std::thread::hardware_concurrency()) +
               " processors. *ms* is the median of 21 calls, from the call to its answer: the way "
               "to PostgreSQL and back, planning, execution and the commit without waiting for the "
               "disk.";
    }

    std::vector<statement> statements()
    {
        std::vector<statement> all;
        for (const auto& some : {looks(), reads(), sessions(), writes()}) {
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

    std::vector<statement> looks()
    {
        const auto ten_posts = [this](db::database&) {
            for (int i = 0; i < 10; ++i) {
                sql("insert into pollster.posts (wall_id, user_id, body) values (" +
                    std::to_string(2 + i * 100) + ", 1, 'news')");
            }
        };
        std::vector<walls::wall_id> also;
        for (int i = 1; i <= 100; ++i) {
            also.push_back(walls::wall_id{i * 10});
        }
        return {
            {"look, the first, for 100 walls", "the refresher after a start (connects too)",
             [also](db::database& s) {
                 BOOST_TEST(s.feed().look(also).value().heads.size() == 100u);
             },
             [](db::database&) {}, 5'000, true},
            {"look, 10 walls changed", "the refresher, every second while somebody is connected",
             [](db::database& s) { BOOST_TEST(s.feed().look({}).value().heads.size() == 10u); },
             ten_posts},
            {"look, nothing changed", "the same",
             [](db::database& s) { s.feed().look({}).value(); }},
            {"look, 100 walls more", "the same, when polls came with walls not known yet",
             [also](db::database& s) {
                 BOOST_TEST(s.feed().look(also).value().heads.size() == 100u);
             }},
        };
    }

    std::vector<statement> reads()
    {
        const walls::wall_id wall{1};
        const auto search = [wall](const std::string& words, std::size_t found) {
            return [wall, words, found](db::database& s) {
                BOOST_TEST(history_in(s.posts().search(first_reader(), {wall, words, {}, 50}))
                               .posts.size() == found);
            };
        };
        const std::vector<walls::cursor> cursors{{wall, walls::entry_id{100}},
                                                 {walls::wall_id{2}, {}},
                                                 {walls::wall_id{3}, walls::entry_id{1}}};
        return {
            {"entries_after, 3 walls, at most 100 entries",
             "the refresher for walls that rose; a poll that is further behind",
             [cursors](db::database& s) { s.feed().entries_after(cursors, 100).value(); }},
            {"posts_before, 50 posts", "`GET /walls/{id}/posts`",
             [wall](db::database& s) {
                 BOOST_TEST(history_in(s.posts().posts_before(first_reader(), wall,
                                                              walls::entry_id{5000}, 50))
                                .posts.size() == 50u);
             }},
            {"search, a word of every post", "`GET /walls/{id}/posts?q=`", search("usual", 50)},
            {"search, a word of one post in 50", "the same", search("fiftieth", 50),
             // The posts among which a page of these should be: 2 * 47 * 200 / 4, and between them
             // those of other walls.
             [](db::database&) {}, 20'000 + static_cast<std::size_t>(walls) / 50},
            // What the newest posts do not have is looked for by ids in as many as should hold a
            // page if one in 200 had it: 3 * 51 * 200 posts, of which a wall may have every third.
            {"search, a word of one post", "the same", search("20002", 1), [](db::database&) {},
             92'000},
            {"search, a word of one post, on a wall without statistics", "the same",
             [this](db::database& s) {
                 BOOST_TEST(
                     history_in(s.posts().search(first_reader(),
                                                 {walls::wall_id{walls + 1}, "first", {}, 50}))
                         .posts.size() == 1u);
             },
             [](db::database&) {}, 92'000},
            {"walls_of", "`GET /walls`",
             [](db::database& s) {
                 BOOST_TEST(s.posts().walls_of(first_reader()).value().size() > 10u);
             },
             [](db::database&) {},
             22'000}, // unread posts are counted up to 1,000 a wall, and this reader has 22
        };
    }

    std::vector<statement> sessions()
    {
        std::vector<std::string> tokens(99, std::string(43, 'b'));
        tokens.push_back(token_of(1));
        return {
            {"find_identities, 100 tokens", "requests whose session is not in the cache, together",
             [tokens](db::database& s) {
                 BOOST_TEST(s.sessions().find_identities(tokens).value().back() != nullptr);
             }},
            {"sign_in", "`POST /session`, without the password's check, which is slow on purpose",
             [](db::database& s) {
                 BOOST_TEST(s.sessions().sign_in("user 1", "secret").value().has_value());
             },
             [](db::database&) {}, 5'000, true},
            {"sign_out", "`DELETE /session`",
             [this](db::database& s) {
                 BOOST_TEST(s.sessions().sign_out(token_of(5000 + round)).value());
             },
             [this](db::database&) { ++round; }},
        };
    }

    std::vector<statement> writes()
    {
        const walls::wall_id wall{1};
        const auto know_access = [this](db::database& s) {
            known = s.feed().look({}).value().position;
            ++round;
        };
        const auto group = [this, wall] {
            std::vector<db::new_post> posts;
            for (int i = 1; i <= 20; ++i) {
                posts.push_back({wall,
                                 {token_of(i), walls::user_id{i}},
                                 "hello",
                                 "key " + std::to_string(round) + " " + std::to_string(i),
                                 known});
            }
            return posts;
        };
        const auto post = [this, wall](db::database& s) {
            return written(s.posts()
                               .add_post({wall, first_reader(), "hello",
                                          "key " + std::to_string(round), known})
                               .value());
        };
        return {
            {"mark_read", "`PUT /walls/{id}/read`",
             [this, wall](db::database& s) {
                 s.posts().mark_read(first_reader(), wall, walls::entry_id{1000 + round}).value();
             },
             know_access},
            {"add_posts, 1 post, with after_commit", "`POST /walls/{id}/posts`",
             [post](db::database& s) { BOOST_TEST(!post(s).access_changed); }, know_access},
            {"add_posts, 20 posts of 20 users, with after_commit",
             "the same, when 20 wait for the wall",
             [group](db::database& s) {
                 for (const auto& outcome : s.posts().add_posts(group())) {
                     BOOST_TEST(!written(outcome).access_changed);
                 }
             },
             know_access},
            {"add_posts, the same 20 again", "the same, repeated by clients that got no answer",
             [group](db::database& s) {
                 for (const auto& outcome : s.posts().add_posts(group())) {
                     BOOST_TEST(is_known(outcome));
                 }
             }},
            {"change_post, an edit, with after_commit", "`PATCH /walls/{id}/posts/{post_id}`",
             [this, wall](db::database& s) {
                 const auto done = s.posts().change_post(
                     {wall, first_reader(), changing, "edited " + std::to_string(round), known});
                 BOOST_TEST(!written(done).access_changed);
             },
             [this, know_access, post](db::database& s) {
                 know_access(s);
                 changing = post(s).entry.post;
             }},
            {"change_post, a deletion, with after_commit", "`DELETE /walls/{id}/posts/{post_id}`",
             [this, wall](db::database& s) {
                 const auto done =
                     s.posts().change_post({wall, first_reader(), changing, {}, known});
                 BOOST_TEST(!written(done).access_changed);
             },
             [this, know_access, post](db::database& s) {
                 know_access(s);
                 changing = post(s).entry.post;
             }},
            {"clean_up, nothing to do", "every hour",
             [](db::database& s) { s.posts().clean_up().value(); }},
        };
    }

    std::string known;         // access_known of the next post or change
    walls::post_id changing{}; // post that is edited or deleted
    int round = 0;
};

// From end to end; pollster.history does not count, it has one row, nor a branch that is left out
// when the statement runs (names to sign in with, in a view that has none).
bool reads_a_whole_table(std::string_view plan)
{
    constexpr std::string_view scan = "Seq Scan on ";
    for (auto at = plan.find(scan); at != plan.npos; at = plan.find(scan, at + 1)) {
        const auto table = plan.substr(at + scan.size());
        const auto line = table.substr(0, table.find('\n'));
        if (!line.starts_with("pollster.history") && !line.starts_with("history ") &&
            !line.ends_with("(never executed)")) {
            return true;
        }
    }
    return false;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(plans_, filled)

// Somebody else's transaction runs all the time, and one has changed access for very many: as while
// an application's data are imported.
BOOST_AUTO_TEST_CASE(every_statement_goes_by_index_and_a_look_costs_what_changed)
{
    auto s = pg.settings(name);
    s.connections = 1;
    s.statement_timeout = 60s;
    const auto plain = std::make_unique<db::database>(s);
    // Who may load a library.
    s.database += " user=pollster_owner application_name=plans options='-c "
                  "session_preload_libraries=auto_explain -c "
                  "auto_explain.log_analyze=on "
                  "-c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on -c "
                  "auto_explain.log_timing=off -c log_error_verbosity=terse'";
    const auto explaining = std::make_unique<db::database>(s);

    const std::unique_ptr<PGconn, decltype(&PQfinish)> running(
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish);
    PQclear(PQexec(running.get(), "begin; select pg_current_xact_id()"));
    BOOST_TEST_REQUIRE(PQtransactionStatus(running.get()) == PQTRANS_INTRANS);

    std::vector<explained> page;
    std::vector<std::string> measured;
    for (const auto& st : statements()) {
        measured.push_back(st.name);
        std::vector<plan> last;
        // A function's session makes a plan for any values when it has made five for given ones.
        for (int time = 0; time < (st.once ? 1 : 7); ++time) {
            st.before(*explaining);
            const auto read = pg.log().size();
            st.question(*explaining);
            last = plans_in(pg.log().substr(read));
            BOOST_TEST_REQUIRE(!last.empty(), st.name << ": no plan was logged");
            for (const auto& p : last) {
                const bool whole_table = reads_a_whole_table(p.text());
                const bool many = p.most_rows() > st.rows;
                BOOST_TEST(!whole_table, st.name << ": " << (whole_table ? p.text() : ""));
                BOOST_TEST(!many, st.name << ": " << (many ? p.text() : ""));
            }
        }
        if (pages != nullptr) {
            page.push_back({st.name, st.asked_by, median_ms(st, *plain), last});
        }
    }
    if (pages != nullptr) {
        write_plans(pages, how(), page);
    }
    const auto paged = statements_of_the_pages(pages != nullptr ? pages : ".");
    BOOST_TEST(paged == measured, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
