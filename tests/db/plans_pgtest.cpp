// How PostgreSQL executes each statement of the store on a filled database: every table by index,
// and a look that costs what changed. With POLLSTER_PLANS=1000000 it fills that many walls and
// prints the plans: the source of those in docs/DATABASE.md.
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <regex>

namespace {

using namespace std::chrono_literals;

struct filled {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    int walls = std::getenv("POLLSTER_PLANS") != nullptr ? std::atoi(std::getenv("POLLSTER_PLANS"))
                                                         : 20'000;
    bool print = std::getenv("POLLSTER_PLANS") != nullptr;
    std::string token = std::string(42, 'a') + "1";

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
            "insert into pollster.posts (id, wall_id, user_id, body) select n, case when n % 2 = 0 "
            "then 1 else 1 + n % " +
            n +
            " end, 1 + n % 10000, 'post number ' || n || ' says something of usual length, as "
            "people do.' "
            "from generate_series(1, " +
            n +
            ") n;"
            "alter table pollster_default.posts alter id restart with 10000000;"
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
    }
    std::string sql(const std::string& text) const { return pg.sql(name, text); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(plans_, filled)

BOOST_AUTO_TEST_CASE(every_statement_goes_by_index_and_a_look_costs_what_changed)
{
    auto s = pg.settings(name);
    s.statement_timeout = 60s;
    s.database += " application_name=plans options='-c session_preload_libraries=auto_explain -c "
                  "auto_explain.log_analyze=on "
                  "-c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on -c "
                  "auto_explain.log_timing=off'";
    const auto store = db::store::open(s);
    std::size_t read = pg.log().size();
    const auto plans_of = [&](const std::string& title, const std::function<void()>& question) {
        question();
        const std::string all = pg.log();
        const std::string plans = all.substr(read);
        read = all.size();
        if (print) {
            std::cout << "=== " << title << "\n" << plans << "\n";
        }
        const auto whole_table = plans.find("Seq Scan on ");
        const bool by_index = whole_table == std::string::npos;
        BOOST_TEST(by_index, title << ": " << (by_index ? "" : plans.substr(whole_table, 60)));
        BOOST_TEST(plans.find("Query Text") != std::string::npos);
        return plans;
    };

    const auto changing = [&] {
        for (int i = 0; i < 10; ++i) {
            const auto wall = std::to_string(2 + i * 100);
            sql("insert into pollster.posts (wall_id, user_id, body) values (" + wall +
                ", 1, 'news')");
        }
    };
    std::vector<walls::wall_id> also;
    for (int i = 1; i <= 100; ++i) {
        also.push_back(walls::wall_id{i * 10});
    }
    plans_of("first look, 100 walls asked for", [&] { store->look(also).value(); });
    for (int i = 0; i < 3; ++i) {
        changing();
        const auto plan = plans_of("look, 10 walls changed", [&] {
            BOOST_TEST(store->look({}).value().heads.size() == 10u);
        });
        std::smatch took;
        BOOST_TEST_REQUIRE(std::regex_search(plan, took, std::regex("duration: ([0-9.]+) ms")));
        BOOST_TEST(std::stod(took[1]) < 10.0);
    }
    plans_of("look, nothing changed", [&] { store->look({}).value(); });

    const std::vector<walls::cursor> cursors{{walls::wall_id{1}, walls::entry_id{100}},
                                             {walls::wall_id{2}, {}},
                                             {walls::wall_id{3}, walls::entry_id{1}}};
    plans_of("entries_after, 3 walls", [&] { store->entries_after(cursors, 100).value(); });
    plans_of("who, 100 tokens", [&] {
        std::vector<std::string> tokens(99, std::string(43, 'b'));
        tokens.push_back(token);
        BOOST_TEST(store->who(tokens).value().back() != nullptr);
    });
    plans_of("sign_in",
             [&] { BOOST_TEST(store->sign_in("user 1", "secret").value().has_value()); });
    plans_of("sign_out", [&] { store->sign_out(std::string(43, 'c')).value(); });
    plans_of("posts_before",
             [&] { store->posts_before(walls::wall_id{1}, walls::entry_id{5000}, 50).value(); });
    plans_of("walls_of", [&] { store->walls_of(walls::user_id{1}).value(); });
    plans_of("mark_read", [&] {
        store->mark_read(walls::wall_id{1}, walls::user_id{1}, walls::entry_id{7}).value();
    });
    plans_of("add_post", [&] {
        store->add_post({walls::wall_id{1}, walls::user_id{1}, "hello", "a key"}).value();
    });
    plans_of("clean_up", [&] { store->clean_up().value(); });
}

BOOST_AUTO_TEST_SUITE_END()
