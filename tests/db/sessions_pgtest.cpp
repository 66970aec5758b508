// Sessions against a real PostgreSQL: signing in and out, and whose a token is.
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

const std::string evil =
    "x'); drop table pollster_default.posts; -- \\ \" {} \x01 %s $1 \xf0\x9f\x90\x98";

} // namespace

BOOST_FIXTURE_TEST_SUITE(sessions_, database_fixture)

BOOST_AUTO_TEST_CASE(sign_in_gives_a_token_that_who_knows_until_sign_out)
{
    const auto in = sessions().sign_in("ann", "ann secret").value();
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

    BOOST_TEST(sessions().sign_out(in->session_id).value());
    BOOST_TEST(!sessions().sign_out(in->session_id).value());
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
        const auto before = database->count().password_work;
        BOOST_TEST(!sessions().sign_in(user, password).value().has_value(), user);
        return database->count().password_work - before;
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
        const auto before = database->count().password_work;
        sessions().sign_in(user, "x").value();
        return database->count().password_work - before;
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
        BOOST_TEST(sessions().sign_in("ann", "secret pass").value().has_value(), hash);
        BOOST_TEST(!sessions().sign_in("ann", "secret past").value().has_value(), hash);
    }
}

BOOST_AUTO_TEST_CASE(a_password_that_cannot_be_verified_is_told_to_the_operator)
{
    std::string told;
    settings.warn = [&](const std::string& line) { told += line; };
    const auto telling = std::make_unique<db::database>(settings);
    sql("update pollster.users set password_hash = "
        "'$2b$31$abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2' where name = 'bob'");
    BOOST_TEST(!telling->sessions().sign_in("bob", "bob secret").value().has_value());
    BOOST_TEST(told == "the password of user 2 is stored in a way that is not verified here, "
                       "sign-in refused");
}

BOOST_AUTO_TEST_CASE(no_password_and_no_token_reaches_the_database)
{
    serve_with("log_statement = 'all'");
    serve_with("log_parameter_max_length = -1");
    settings.database_owner += " options='-c log_statement=all -c log_parameter_max_length=-1'";
    const auto logged = std::make_unique<db::database>(settings);
    const auto in = logged->sessions().sign_in("ann", "ann secret").value();
    BOOST_TEST_REQUIRE(in.has_value());
    BOOST_TEST(!logged->sessions().sign_in("ann", "ann wrong secret").value().has_value());
    logged->sessions().find_identities(std::vector{in->session_id}).value();
    logged->sessions().sign_out(in->session_id).value();
    const auto admin = db::administrator::connect(settings).value();
    admin->add_user("dora", "dora secret").value();
    admin->set_password("bob", "bobs new secret").value();
    const auto tokens = admin->create_sessions("dora", 2, std::chrono::hours(1)).value();
    BOOST_TEST(identity_of(tokens.at(1)) != nullptr);
    admin->revoke_session(tokens.at(0)).value();
    BOOST_TEST(identity_of(tokens.at(0)) == nullptr);
    BOOST_TEST(sessions().sign_in("dora", "dora secret").value().has_value());
    BOOST_TEST(sessions().sign_in("bob", "bobs new secret").value().has_value());
    const std::string log = pg.log();
    BOOST_TEST(log.find("pollster.sessions") != std::string::npos);
    for (const auto& secret : {std::string("ann wrong secret"), std::string("dora secret"),
                               std::string("bobs new secret"), in->session_id, tokens.at(0)}) {
        BOOST_TEST(log.find(secret) == std::string::npos, secret);
    }
}

// An application that keeps tokens as they are: they are compared by their hashes, by an index.
BOOST_AUTO_TEST_CASE(tokens_that_an_application_keeps_as_they_are_are_found_by_an_index_of_hashes)
{
    sql("create table public.tokens (token text not null, user_id bigint not null); "
        "create index tokens_by_hash on public.tokens (sha256(token::bytea)); "
        "insert into public.tokens select repeat('x', 38) || lpad(n::text, 5, '0'), n % 3 + 1 from "
        "generate_series(1, 20000) n; analyze public.tokens; "
        "create or replace view pollster.sessions as select sha256(token::bytea) as token_hash, "
        "user_id, now() as created_at, 'infinity'::timestamptz as expires_at from public.tokens");
    const std::string token = std::string(38, 'x') + "00042";
    const auto identity = identity_of(token);
    BOOST_TEST_REQUIRE(identity != nullptr);
    BOOST_TEST((identity->user == walls::user_id{1}));
    BOOST_TEST(posts().walls_of({token, walls::user_id{1}}).value().size() == 2u);
    BOOST_TEST(identity_of(std::string(38, 'x') + "99999") == nullptr);
    BOOST_TEST(sql("explain select from pollster.sessions where token_hash = "
                   "sha256('x')")
                   .find("tokens_by_hash") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(beyond_its_bound_the_oldest_sessions_of_a_user_end)
{
    settings.max_sessions_per_user = 3;
    const auto bounded = std::make_unique<db::database>(settings);
    const auto others = token_of(2);
    std::vector<std::string> tokens;
    for (int i = 0; i < 6; ++i) {
        tokens.push_back(bounded->sessions().sign_in("ann", "ann secret").value()->session_id);
    }
    for (std::size_t i = 0; i < 6; ++i) {
        BOOST_TEST((identity_of(tokens[i]) != nullptr) == (i >= 3));
    }
    BOOST_TEST(identity_of(others) != nullptr);
    // As any end of a session: parked polls hear of it.
    BOOST_TEST(sql("select count(*) from pollster.access_changes where user_id = 1") != "0");
    // A user who has more, made by an operator, comes down to the bound.
    sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) select "
        "sha256(n::text::bytea), 1, now() - interval '1 hour', now() + interval '1 hour' "
        "from generate_series(1, 50) n");
    bounded->sessions().sign_in("ann", "ann secret").value();
    BOOST_TEST(sql("select count(*) from pollster.sessions where user_id = 1") == "3");
    settings.max_sessions_per_user = 0;
    const auto unbounded = std::make_unique<db::database>(settings);
    for (int i = 0; i < 3; ++i) {
        unbounded->sessions().sign_in("ann", "ann secret").value();
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
    const auto before = database->count().statements;
    const auto found = sessions().find_identities(asked).value();
    BOOST_TEST(database->count().statements == before + 1);
    BOOST_TEST_REQUIRE(found.size() == asked.size());
    std::string names;
    for (const auto& identity : found) {
        names += identity ? identity->user_name + " " : "- ";
    }
    BOOST_TEST(names == "bob - - ann - - - - - bob - ");

    // Those of applications.
    const std::string shortest = "12|abc-_.~+/=!#$%&*:"; // 20
    const std::string longest = "\"\\{}," + std::string(123, '~');
    for (const auto& token : {shortest, longest, longest + "~", shortest.substr(1)}) {
        sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
            "(sha256(convert_to($t$" +
            token + "$t$, 'UTF8')), 2, now(), now() + interval '1 hour')");
        const bool is_one = token.size() >= 20 && token.size() <= 128;
        BOOST_TEST((identity_of(token) != nullptr) == is_one, token);
        BOOST_TEST(posts().walls_of({token, walls::user_id{2}}).has_value(), token);
    }
    for (const std::string blank : {" ", "\t", "\x7f", "\xc3\xa9"}) {
        BOOST_TEST(identity_of(std::string(30, 'a') + blank + "b") == nullptr);
    }

    // Nothing that could be a token: nothing is asked.
    const auto then = database->count().statements;
    BOOST_TEST(sessions().find_identities(std::vector<std::string>{"", evil}).value().size() == 2u);
    BOOST_TEST(sessions().find_identities({}).value().empty());
    BOOST_TEST(database->count().statements == then);
}

// As Rack's sessions are kept. An index on it refuses no row of the application's.
BOOST_AUTO_TEST_CASE(a_view_reads_digests_in_hexadecimal_digits_with_or_without_something_before)
{
    sql("create table public.kept (session_id text, owner bigint);"
        "create index kept_digests on public.kept ((pollster.digest_of(session_id)));"
        "insert into public.kept values (null, 1), ('', 1), ('2::not a digest', 1), (repeat('x', "
        "64), 1), (repeat('a', 63), 1), (E'a\\n' || repeat('Z', 64), 1),"
        "('2::' || encode(sha256('a token of Rack, id '), 'hex'), 1),"
        "(upper(encode(sha256('aTokenOfAnApplication'), 'hex')), 2),"
        "('2::' || encode(sha256('anotherTokenOfRack:17'), 'hex'), 3);"
        "create or replace view pollster.sessions as select pollster.digest_of(session_id) as "
        "token_hash, owner as user_id, now() as created_at, null::timestamptz as expires_at from "
        "public.kept");
    BOOST_TEST(identity_of("aTokenOfAnApplication")->user_name == "bob");
    BOOST_TEST(identity_of("anotherTokenOfRack:17")->user_name == "cleo");
    BOOST_TEST(identity_of("anotherTokenOfRack:18") == nullptr);
    BOOST_TEST(sql("select count(*) from public.kept where pollster.digest_of(session_id) is not "
                   "null") == "3");
}

BOOST_AUTO_TEST_CASE(people_sign_in_with_a_login_if_the_view_has_one_and_are_shown_by_name)
{
    sql("create table public.mail (owner bigint primary key, address varchar(80) unique);"
        "insert into public.mail values (1, 'ann@one.example'), (3, null);"
        "insert into pollster.users (id, name, password_hash) select 4, name || ' ', password_hash "
        "from pollster.users where id = 1;"
        "create or replace view pollster.users as select u.id, 'Ann'::text as name, "
        "u.password_hash, u.disabled, m.address as login from pollster_default.users u left join "
        "public.mail m on m.owner = u.id");
    const auto in = sessions().sign_in("ann@one.example", "ann secret").value();
    BOOST_TEST_REQUIRE(in.has_value());
    BOOST_TEST(number(in->user) == 1);
    BOOST_TEST(in->user_name == "Ann");
    BOOST_TEST(identity_of(in->session_id)->user_name == "Ann");
    BOOST_TEST(!sessions().sign_in("ann@one.example", "bob secret").value().has_value());
    // The name that others see opens nothing, nor does having no login.
    const auto work = [&](const std::string& user) {
        const auto before = database->count().password_work;
        BOOST_TEST(!sessions().sign_in(user, "ann secret").value().has_value(), user);
        return database->count().password_work - before;
    };
    const auto usual = work("nobody");
    for (const std::string user : {"Ann", "ann", "", "cleo", "Ann@one.example"}) {
        BOOST_TEST(work(user) == usual, user);
    }
    // Of one name there may be several now, of one login not.
    const auto several = [&](const std::string& what) {
        return sql(
            "select count(*) from pollster.adoption_of_rows() where what like 'several users "
            "with a password have one " +
            what + ";%'");
    };
    BOOST_TEST(several("name") == "0");
    BOOST_TEST(several("login") == "0");
    sql("alter table public.mail drop constraint mail_address_key; update public.mail set address "
        "= 'ann@one.example'; insert into public.mail values (2, 'ann@one.example')");
    BOOST_TEST(several("login") == "1");
    const auto admin = db::administrator::connect(settings).value();
    for (const auto& finding : admin->check().value()) {
        BOOST_TEST(finding.find("pollster.users") == std::string::npos, finding);
    }
    sql("drop view pollster.users cascade; create view pollster.users as select id, name, "
        "password_hash, disabled, 7 as login from pollster_default.users");
    BOOST_TEST(admin->check().value().at(0) ==
               "pollster.users.login has the type integer, which has to be a text");
}

BOOST_AUTO_TEST_SUITE_END()
