// Sessions, reading and posting against a real PostgreSQL.
#include "db/admin.hpp"
#include "tests/db/store_fixture.hpp"

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

BOOST_FIXTURE_TEST_SUITE(sessions_, store_fixture)

BOOST_AUTO_TEST_CASE(sign_in_gives_a_token_that_who_knows_until_sign_out)
{
    const auto in = store->sign_in("ann", "ann secret").value();
    BOOST_TEST_REQUIRE(in.has_value());
    BOOST_TEST(in->session_id.size() == 43u);
    BOOST_TEST(in->user_name == "ann");
    BOOST_TEST(in->expires_at.size() == 24u);
    BOOST_TEST(in->expires_at.back() == 'Z');
    const auto identity = identity_of(in->session_id);
    BOOST_TEST_REQUIRE(identity != nullptr);
    BOOST_TEST((identity->user == walls::user_id{1}));
    BOOST_TEST((identity->walls == std::vector{walls::wall_id{1}, walls::wall_id{2}}));
    const auto lifetime = identity->ends - std::chrono::steady_clock::now();
    BOOST_TEST((lifetime > std::chrono::hours(29 * 24) && lifetime < std::chrono::hours(31 * 24)));

    BOOST_TEST(store->sign_out(in->session_id).value());
    BOOST_TEST(!store->sign_out(in->session_id).value());
    BOOST_TEST(identity_of(in->session_id) == nullptr);
}

// Work is counted, not time: a machine may be busy.
BOOST_AUTO_TEST_CASE(wrong_names_and_passwords_are_the_same_nothing_and_cost_the_same_work)
{
    const std::string sha(86, 'a');
    sql("update pollster.users set disabled = true where name = 'cleo'");
    sql("insert into pollster.users (name, password_hash) values ('odd', 'not a hash'), ('none', "
        "null), ('cut', '$2a$10$'), ('weak', '$1$salt$qJH7.N4xYta3aEG/dfqo/0'), ('crafted', "
        "'$2b$31$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2'), ('long', "
        "'$6$rounds=999999999$salt$" +
        sha + "')");
    const auto work = [&](const std::string& user, const std::string& password) {
        const auto before = store->count().password_work;
        BOOST_TEST(!store->sign_in(user, password).value().has_value(), user);
        return store->count().password_work - before;
    };
    const auto usual = work("ann", "wrong");
    BOOST_TEST(usual > 0u);
    const std::vector<std::pair<std::string, std::string>> attempts{
        {"zoe", "x"},
        {"cleo", "cleo secret"},
        {"odd", "not a hash"},
        {"none", ""},
        {"cut", "x"},
        {"weak", "x"},
        {"crafted", "x"},
        {"long", "x"},
        {"", ""},
        {evil, evil},
        {std::string("ann\0x", 5), "ann secret"},
        {"ann", std::string("ann secret\0", 11)},
        {"ann", "ann secret" + std::string(80, ' ')},
        {"\xff", "x"},
        {"ann", "\xc0\x80"},
        {"ann' or '1'='1", "x"}};
    for (const auto& [user, password] : attempts) {
        BOOST_TEST(work(user, password) == usual, user);
    }
    BOOST_TEST(sql("select count(*) from pollster.sessions") == "3"); // the fixture's
}

// Where hashes of several costs are stored, a name that does not exist always costs the same, and
// many cost what the users' do.
BOOST_AUTO_TEST_CASE(names_that_do_not_exist_cost_what_those_of_users_cost)
{
    sql("delete from pollster.users; "
        "insert into pollster.users (id, name, password_hash) select n, 'user ' || n, case n % 4 "
        "when 0 then '$2a$05$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2' "
        "when 1 then null "
        "else '$2b$04$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2' end "
        "from generate_series(1, 400) n");
    const auto work = [&](const std::string& user) {
        const auto before = store->count().password_work;
        store->sign_in(user, "x").value();
        return store->count().password_work - before;
    };
    const auto cheap = work("user 2");
    const auto dear = work("user 4");
    BOOST_TEST(dear == 2 * cheap);
    int dear_ones = 0;
    for (int i = 0; i < 100; ++i) {
        // Nobody, and users without a password.
        const std::string user =
            i % 2 == 0 ? "nobody " + std::to_string(i) : "user " + std::to_string(4 * i + 1);
        const auto cost = work(user);
        BOOST_TEST((cost == cheap || cost == dear), user);
        BOOST_TEST(work(user) == cost, user);
        dear_ones += cost == dear ? 1 : 0;
    }
    BOOST_TEST(dear_ones > 5);
    BOOST_TEST(dear_ones < 70);
}

BOOST_AUTO_TEST_CASE(hashes_of_every_kind_sign_in)
{
    // Of "secret pass": bcrypt as three programs write it, SHA-512, yescrypt.
    const char* const stored[] = {
        "$2a$04$iaQA3DCwdn6Z.N2q401/oeD/UnBz5yL9DSSp5D27cf3xMsi9wKvZS",
        "$2b$04$kMCzhKGsYJAZjbhwwmMecugA4KyujnqNy.caFBt.fQ3TY5qFDRGgG",
        "$2y$04$BZ3PqzMcByebvVZ78pQJfe3Rm6iPykREMoT94G6uEwIr8QPwjXe6G",
        "$6$C7qd/TMRVW0EJ1b5$kAeW/Ez/nJRO6h3cCgTP6j4BXPXPxhO/to6JusRDYMDM8.I3de4/"
        ".hjN407sDu7sBZTO6lyi8Hbp3OQHJ1PW//",
        "$y$j9T$j/vq0X9IOifyb/IRMaIvF.$mnxQ5XImGQBS9ATRa2qmzLI29tpQ6UpRzrtURyIE0i6"};
    for (const std::string hash : stored) {
        sql("update pollster.users set password_hash = '" + hash + "' where name = 'ann'");
        BOOST_TEST(store->sign_in("ann", "secret pass").value().has_value(), hash);
        BOOST_TEST(!store->sign_in("ann", "secret past").value().has_value(), hash);
    }
}

BOOST_AUTO_TEST_CASE(a_password_that_cannot_be_verified_is_told_to_the_operator)
{
    std::string told;
    settings.warn = [&](const std::string& line) { told += line; };
    const auto telling = db::store::open(settings);
    sql("update pollster.users set password_hash = "
        "'$2b$31$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2' where name = 'bob'");
    BOOST_TEST(!telling->sign_in("bob", "bob secret").value().has_value());
    BOOST_TEST(told == "the password of user 2 is stored in a way that is not verified here, "
                       "sign-in refused");
}

BOOST_AUTO_TEST_CASE(no_password_and_no_token_reaches_the_database)
{
    settings.database += " options='-c log_statement=all -c log_parameter_max_length=-1'";
    const auto logged = db::store::open(settings);
    const auto in = logged->sign_in("ann", "ann secret").value();
    BOOST_TEST_REQUIRE(in.has_value());
    BOOST_TEST(!logged->sign_in("ann", "ann wrong secret").value().has_value());
    logged->find_identities(std::vector{in->session_id}).value();
    logged->sign_out(in->session_id).value();
    const auto admin = db::administrator::connect(settings).value();
    admin->add_user("dora", "dora secret").value();
    admin->set_password("bob", "bobs new secret").value();
    const auto tokens = admin->create_sessions("dora", 2, std::chrono::hours(1)).value();
    BOOST_TEST(identity_of(tokens.at(1)) != nullptr);
    admin->revoke_session(tokens.at(0)).value();
    BOOST_TEST(identity_of(tokens.at(0)) == nullptr);
    BOOST_TEST(store->sign_in("dora", "dora secret").value().has_value());
    BOOST_TEST(store->sign_in("bob", "bobs new secret").value().has_value());
    const std::string log = pg.log();
    BOOST_TEST(log.find("pollster.sessions") != std::string::npos);
    for (const auto& secret : {std::string("ann wrong secret"), std::string("dora secret"),
                               std::string("bobs new secret"), in->session_id, tokens.at(0)}) {
        BOOST_TEST(log.find(secret) == std::string::npos, secret);
    }
}

BOOST_AUTO_TEST_CASE(beyond_its_bound_the_oldest_sessions_of_a_user_end)
{
    settings.max_sessions_per_user = 3;
    const auto bounded = db::store::open(settings);
    const auto others = token_of(2);
    std::vector<std::string> tokens;
    for (int i = 0; i < 6; ++i) {
        const auto in = bounded->sign_in("ann", "ann secret").value();
        tokens.push_back(in->session_id);
        // One of hers was there already.
        BOOST_TEST(in->ended == (i < 2 ? 0u : 1u));
    }
    for (std::size_t i = 0; i < 6; ++i) {
        BOOST_TEST((identity_of(tokens[i]) != nullptr) == (i >= 3));
    }
    BOOST_TEST(identity_of(others) != nullptr);
    // As any end of a session: parked polls hear of it.
    BOOST_TEST(sql("select count(*) from pollster.access_changes where user_id = 1") != "0");
    // Who has more, made by an operator, comes down to the bound.
    sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) select "
        "sha256(n::text::bytea), 1, now() - interval '1 hour', now() + interval '1 hour' "
        "from generate_series(1, 50) n");
    BOOST_TEST(bounded->sign_in("ann", "ann secret").value()->ended == 51u);
    BOOST_TEST(sql("select count(*) from pollster.sessions where user_id = 1") == "3");
    settings.max_sessions_per_user = 0;
    const auto unbounded = db::store::open(settings);
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(unbounded->sign_in("ann", "ann secret").value()->ended == 0u);
    }
    BOOST_TEST(sql("select count(*) from pollster.sessions where user_id = 1") == "6");
}

BOOST_AUTO_TEST_CASE(who_answers_in_order_with_null_for_every_kind_of_nobody)
{
    const auto ann = token_of(1);
    const auto expired = token_of(1, "-1 second");
    const auto bob = token_of(2);
    const auto cleo = token_of(3);
    sql("update pollster.users set disabled = true where id = 3");
    const std::vector<std::string> asked{bob,
                                         "",
                                         expired,
                                         ann,
                                         cleo,
                                         evil,
                                         std::string(43, '}'),
                                         std::string(43, 'x'),
                                         ann + "x",
                                         bob,
                                         std::string(1'000'000, 'a')};
    const auto before = store->count().statements;
    const auto found = store->find_identities(asked).value();
    BOOST_TEST(store->count().statements == before + 1);
    BOOST_TEST_REQUIRE(found.size() == asked.size());
    std::string names;
    for (const auto& identity : found) {
        names += identity ? identity->user_name + " " : "- ";
    }
    BOOST_TEST(names == "bob - - ann - - - - - bob - ");

    // Nothing that could be a token: nothing is asked.
    const auto then = store->count().statements;
    BOOST_TEST(store->find_identities(std::vector<std::string>{"", evil}).value().size() == 2u);
    BOOST_TEST(store->find_identities({}).value().empty());
    BOOST_TEST(store->count().statements == then);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(reading_, store_fixture)

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
    const auto before = store->count().statements;
    const auto pages = store->entries_after(cursors, 2).value();
    BOOST_TEST(store->count().statements == before + 1);
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
        store->entries_after(std::vector<walls::cursor>{{walls::wall_id{1}, walls::entry_id{0}}}, 9)
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
    BOOST_TEST(walls[1].unread == 1000);
    BOOST_TEST(mark_read(1, 1, 2) == 2);
    BOOST_TEST(mark_read(1, 1, 1) == 2);
    BOOST_TEST(walls_of(1)[0].unread == 1);
    BOOST_TEST(mark_read(1, 1, INT64_MAX) == 3);
    sql("delete from pollster.memberships where user_id = 3");
    BOOST_TEST(walls_of(3).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(posting_, store_fixture)

BOOST_AUTO_TEST_CASE(a_post_comes_back_as_the_entry_that_readers_get)
{
    const auto outcome = post(1, 1, evil, "key-1");
    const auto* created = std::get_if<db::post_created>(&outcome);
    BOOST_TEST_REQUIRE(created != nullptr);
    BOOST_TEST(created->entry.body.value() == evil);
    const auto page =
        store->entries_after(std::vector<walls::cursor>{{walls::wall_id{1}, walls::entry_id{0}}}, 9)
            .value()[0];
    BOOST_TEST(to_json(created->entry) == to_json(page.entries.at(0)));
    const auto history = history_of(1, std::nullopt, 9);
    BOOST_TEST(to_json(created->entry) == to_json(history.posts.at(0)));
    const auto largest = post(1, 1, std::string(65'536, 'x'));
    BOOST_TEST(std::get<db::post_created>(largest).entry.body.value().size() == 65'536u);
}

BOOST_AUTO_TEST_CASE(a_key_posts_once_and_conflicts_with_anything_else)
{
    const auto first = std::get<db::post_created>(post(1, 1, "hello", "k")).entry;
    const auto again = std::get<db::post_known>(post(1, 1, "hello", "k")).entry;
    BOOST_TEST(to_json(first) == to_json(again));
    BOOST_TEST(std::holds_alternative<db::post_conflict>(post(1, 1, "other", "k")));
    BOOST_TEST(std::holds_alternative<db::post_conflict>(post(2, 1, "hello", "k")));
    BOOST_TEST(std::holds_alternative<db::post_created>(
        post(1, 2, "hello", "k"))); // keys are each user's own
    BOOST_TEST(std::holds_alternative<db::post_created>(post(1, 1, "hello")));
    BOOST_TEST(std::holds_alternative<db::post_created>(post(1, 1, "hello")));
}

BOOST_AUTO_TEST_CASE(fifty_sends_at_once_of_a_key_make_one_post)
{
    settings.connections = 25;
    const auto other = db::store::open(settings);
    const auto third = db::store::open(settings);
    std::vector<db::post_outcome> outcomes(50);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        threads.emplace_back([&, i] {
            auto& via = i % 2 == 0 ? *other : *third;
            outcomes[i] = via.add_post({walls::wall_id{1}, reader(1), "once", "k"}).value();
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    const auto created = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) {
        return std::holds_alternative<db::post_created>(o);
    });
    const auto known = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) {
        const auto* k = std::get_if<db::post_known>(&o);
        return k != nullptr && number(k->entry.id) == 1;
    });
    BOOST_TEST(created == 1);
    BOOST_TEST(known == 49);
    BOOST_TEST(sql("select count(*) from pollster.posts") == "1");
}

BOOST_AUTO_TEST_CASE(who_may_not_write_is_told_so)
{
    BOOST_TEST(std::holds_alternative<db::post_forbidden>(post(2, 3, "x", "k")));
    BOOST_TEST(std::holds_alternative<db::post_forbidden>(post(99, 1, "x")));
    BOOST_TEST(std::holds_alternative<db::post_forbidden>(post(1, 99, "x")));
    sql("update pollster.users set disabled = true where id = 1");
    BOOST_TEST(std::holds_alternative<db::post_forbidden>(post(1, 1, "x")));
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
    BOOST_TEST_REQUIRE(std::holds_alternative<db::post_unacceptable>(refused));
    // Before it stands PostgreSQL's word for an error, in its language.
    BOOST_TEST(std::get<db::post_unacceptable>(refused).why.ends_with(
        ":  not on mondays (SQLSTATE P0001)"));
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
    BOOST_TEST(store->clean_up().value() == 3u);
    BOOST_TEST(store->clean_up().value() == 0u);
    BOOST_TEST(identity_of(alive) != nullptr);
    BOOST_TEST(std::holds_alternative<db::post_known>(post(1, 1, "new", "new")));
    BOOST_TEST(std::holds_alternative<db::post_created>(post(1, 1, "old", "old")));
    // An expired session gave no access, so nobody is told about it.
    BOOST_TEST(sql("select count(*) from pollster.access_changes where user_id = 1 and changed_at "
                   "> now() - interval '1 hour' "
                   "and changed_by > '5' and changed_by >= (select max(changed_by) from "
                   "pollster.heads)") == "0");
}

BOOST_AUTO_TEST_CASE(statements_are_counted_exactly)
{
    settings.database += " application_name=counted options='-c log_statement=all'";
    const auto counted = db::store::open(settings);
    const auto token = token_of(1);
    counted->look(std::vector{walls::wall_id{1}}).value();
    counted->look({}).value();
    counted->find_identities(std::vector{token}).value();
    counted->sign_in("ann", "ann secret").value();
    counted->add_post({walls::wall_id{1}, reader(1), "x", "k"}).value();
    counted->posts_before(reader(1), walls::wall_id{1}, std::nullopt, 5).value();
    counted->walls_of(reader(1)).value();
    counted->mark_read(reader(1), walls::wall_id{1}, walls::entry_id{1}).value();
    counted->sign_out(token).value();
    const std::string log = pg.log();
    // In any language, for any purpose; the settings of a new session are no statement of the
    // store's.
    const std::regex line("counted [a-z-]+\\|LOG:  (statement: |Anweisung: |[^\n]* <unnamed>: )"
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
