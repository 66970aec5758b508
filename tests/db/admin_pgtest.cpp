// Administration against a real PostgreSQL.
#include "db/admin.hpp"
#include "db/database.hpp"
#include "db/sessions.hpp"
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <set>

namespace {

using namespace std::chrono_literals;

struct fixture {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    db::settings settings = pg.settings(name);
    std::unique_ptr<db::administrator> admin =
        std::move(db::administrator::connect(settings).value());
    std::unique_ptr<db::database> database = std::make_unique<db::database>(settings);

    template <class T>
    static std::string why(const db::outcome<T>& o)
    {
        return o ? "done" : o.error().sentence;
    }
    bool signs_in(const std::string& user, const std::string& password)
    {
        return database->sessions().sign_in(user, password).value().has_value();
    }
    bool is_signed_in(const std::string& token)
    {
        return database->sessions().find_identities(std::vector{token}).value().at(0) != nullptr;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(administrator_, fixture)

BOOST_AUTO_TEST_CASE(adds_users_who_can_sign_in)
{
    BOOST_TEST(why(admin->add_user("ann", "correct horse")) == "done");
    BOOST_TEST(signs_in("ann", "correct horse"));
    BOOST_TEST(!signs_in("ann", "wrong horse"));
    BOOST_TEST(why(admin->add_user("ann", "another one")) ==
               "A user called \"ann\" exists already.");
    BOOST_TEST(why(admin->add_user("", "long enough")) != "done");
    BOOST_TEST(why(admin->add_user(" x", "long enough")) != "done");
    BOOST_TEST(why(admin->add_user("a\nb", "long enough")) != "done");
    BOOST_TEST(why(admin->add_user(std::string("a\0b", 3), "long enough")) != "done");
    BOOST_TEST(why(admin->add_user("\xff", "long enough")) != "done");
    BOOST_TEST(why(admin->add_user(std::string(65, 'x'), "long enough")) != "done");
    BOOST_TEST(why(admin->add_user("bob", "short")) == "A password has 8 to 72 bytes of UTF-8.");
    BOOST_TEST(why(admin->add_user("bob", std::string(73, 'x'))) != "done");
    std::string umlauts;
    for (int i = 0; i < 64; ++i) {
        umlauts += "\xc3\xbc"; // 64 characters, 128 bytes
    }
    BOOST_TEST(why(admin->add_user(umlauts, "long enough")) == "done");
}

BOOST_AUTO_TEST_CASE(names_that_deceive_are_refused_and_spellings_are_one_name)
{
    BOOST_TEST(why(admin->add_user("an\u200bn", "correct horse")) ==
               "The name of a user has U+200B ZERO WIDTH SPACE, which cannot be seen.");
    BOOST_TEST(why(admin->add_wall("a  b", "chat")) ==
               "The name of a wall has two spaces, one after the other.");
    // An older row, or one of an application, may have any name.
    pg.sql(name, "insert into pollster.users (name) values (e'p\\u202eaul')");
    BOOST_TEST(
        why(admin->add_user("paul", "correct horse")) ==
        "The user \"p<U+202E>aul\" exists already, and nobody could tell the new name from it.");
    BOOST_TEST(why(admin->add_user("ann", "correct horse")) == "done");
    BOOST_TEST(why(admin->add_user("\u0430nn", "correct horse")) ==
               "The user \"ann\" exists already, and nobody could tell the new name from it.");
    BOOST_TEST(why(admin->add_wall("Peter's", "chat")) == "done");
    BOOST_TEST(why(admin->add_wall("Mary's", "chat")) == "done");
    BOOST_TEST(why(admin->rename_wall("Mary's", "\u0420eter's")) ==
               "The wall \"Peter's\" exists already, and nobody could tell the new name from it.");
    BOOST_TEST(why(admin->rename_wall("Peter's", "\u0420eter's")) == "done"); // its own twin
    // However it is typed, it is kept in one way and found.
    BOOST_TEST(why(admin->add_user("Zoe\u0308", "correct horse")) == "done");
    BOOST_TEST(why(admin->add_user("Zo\u00eb", "correct horse")) ==
               "A user called \"Zo\u00eb\" exists already.");
    BOOST_TEST(signs_in("Zoe\u0308", "correct horse"));
    BOOST_TEST(signs_in("Zo\u00eb", "correct horse"));
    BOOST_TEST(why(admin->disable_user("Zoe\u0308")) == "done");
    BOOST_TEST(!signs_in("Zo\u00eb", "correct horse"));
}

BOOST_AUTO_TEST_CASE(new_password_ends_sessions)
{
    BOOST_TEST_REQUIRE(why(admin->add_user("ann", "correct horse")) == "done");
    const auto token = admin->create_sessions("ann", 1, 1h).value().at(0);
    BOOST_TEST(is_signed_in(token));
    BOOST_TEST(why(admin->set_password("ann", "battery staple")) == "done");
    BOOST_TEST(!is_signed_in(token));
    BOOST_TEST(!signs_in("ann", "correct horse"));
    BOOST_TEST(signs_in("ann", "battery staple"));
    BOOST_TEST(why(admin->set_password("zoe", "battery staple")) ==
               "There is no user called \"zoe\".");
}

BOOST_AUTO_TEST_CASE(disabled_users_are_out_until_enabled)
{
    BOOST_TEST_REQUIRE(why(admin->add_user("ann", "correct horse")) == "done");
    const auto token = admin->create_sessions("ann", 1, 1h).value().at(0);
    BOOST_TEST(why(admin->disable_user("ann")) == "done");
    BOOST_TEST(!is_signed_in(token));
    BOOST_TEST(!signs_in("ann", "correct horse"));
    BOOST_TEST(admin->list_users().value().at(0).disabled);
    BOOST_TEST(why(admin->enable_user("ann")) == "done");
    BOOST_TEST(signs_in("ann", "correct horse"));
    BOOST_TEST(!is_signed_in(token));
}

BOOST_AUTO_TEST_CASE(walls_are_named_once_and_by_name_or_number)
{
    const auto id = admin->add_wall("General", "chat").value();
    BOOST_TEST(why(admin->add_wall("General", "board")) ==
               "A wall called \"General\" exists already.");
    BOOST_TEST(why(admin->add_wall("Other", "disco")) ==
               "A wall is of kind chat, board or notices.");
    BOOST_TEST(why(admin->add_wall("#1", "chat")) != "done");
    BOOST_TEST(why(admin->rename_wall("General", "Lobby")) == "done");
    BOOST_TEST(why(admin->rename_wall("#" + std::to_string(number(id)), "Hall")) == "done");
    BOOST_TEST(admin->list_walls().value().at(0).name == "Hall");
    BOOST_TEST(why(admin->rename_wall("General", "x")) == "There is no wall called \"General\".");
    BOOST_TEST(why(admin->rename_wall("#99", "x")) == "There is no wall #99.");
    BOOST_TEST_REQUIRE(why(admin->add_wall("Other", "board")) == "done");
    BOOST_TEST(why(admin->rename_wall("Other", "Hall")) ==
               "A wall called \"Hall\" exists already.");
}

BOOST_AUTO_TEST_CASE(grants_all_or_nothing_and_says_how_many)
{
    for (const char* user : {"ann", "bob", "cleo"}) {
        BOOST_TEST_REQUIRE(why(admin->add_user(user, "long enough")) == "done");
    }
    BOOST_TEST_REQUIRE(why(admin->add_wall("General", "chat")) == "done");
    BOOST_TEST(admin->grant("General", {"ann", "bob"}).value() == 2u);
    BOOST_TEST(admin->grant("General", {"bob", "cleo", "cleo"}).value() == 1u);
    BOOST_TEST(why(admin->revoke("General", {"ann", "zoe"})) == "There is no user called \"zoe\".");
    BOOST_TEST(admin->list_walls().value().at(0).members.size() == 3u);
    BOOST_TEST(admin->revoke("General", {"ann"}).value() == 1u);
    BOOST_TEST(admin->revoke("General", {"ann"}).value() == 0u);
    BOOST_TEST(admin->list_users().value().at(1).walls.at(0) == "General");
}

BOOST_AUTO_TEST_CASE(removing_a_wall_leaves_nothing_of_it)
{
    BOOST_TEST_REQUIRE(why(admin->load_demo()) == "done");
    pg.sql(name, "insert into pollster.read_marks select id, 1, 1 from pollster.walls");
    BOOST_TEST(why(admin->remove_wall("General")) == "done");
    BOOST_TEST(pg.sql(name, "select count(*) from pollster.heads where wall_id not in (select id "
                            "from pollster.walls)") == "0");
    BOOST_TEST(pg.sql(name, "select count(*) from pollster.entries where wall_id not in (select id "
                            "from pollster.walls)") == "0");
    BOOST_TEST(pg.sql(name, "select count(*) from pollster.posts where wall_id not in (select id "
                            "from pollster.walls)") == "0");
    BOOST_TEST(pg.sql(name, "select count(*) from pollster.read_marks") == "2");
    BOOST_TEST(admin->list_walls().value().size() == 2u);
}

BOOST_AUTO_TEST_CASE(sessions_are_made_listed_and_revoked)
{
    BOOST_TEST_REQUIRE(why(admin->add_user("ann", "correct horse")) == "done");
    const auto tokens = admin->create_sessions("ann", 1000, 1h).value();
    BOOST_TEST(std::set<std::string>(tokens.begin(), tokens.end()).size() == 1000u);
    const auto known = database->sessions().find_identities(tokens).value();
    BOOST_TEST(std::count(known.begin(), known.end(), nullptr) == 0);
    BOOST_TEST(admin->list_sessions("ann").value().size() == 1000u);
    BOOST_TEST(admin->list_sessions("").value().size() == 1000u);
    BOOST_TEST(admin->list_users().value().at(0).sessions == 1000);

    BOOST_TEST(why(admin->revoke_session(tokens.at(0))) == "done");
    BOOST_TEST(!is_signed_in(tokens.at(0)));
    const auto row = admin->list_sessions("ann").value().at(5);
    BOOST_TEST(why(admin->revoke_session(row.id)) == "done");
    BOOST_TEST(why(admin->revoke_session(row.id)) == "There is no such session.");
    BOOST_TEST(why(admin->revoke_session("")) == "There is no such session.");
    BOOST_TEST(why(admin->revoke_session("%%%%%%%%")) == "There is no such session.");
    BOOST_TEST(admin->revoke_sessions_of("ann").value() == 998u);
    BOOST_TEST(why(admin->create_sessions("ann", 0, 1h)) != "done");
    BOOST_TEST(why(admin->create_sessions("ann", 100'001, 1h)) != "done");
    BOOST_TEST(why(admin->create_sessions("ann", 1, 0s)) != "done");
    BOOST_TEST(why(admin->create_sessions("zoe", 1, 1h)) == "There is no user called \"zoe\".");
}

BOOST_AUTO_TEST_CASE(demo_may_be_loaded_twice)
{
    const auto first = admin->load_demo().value();
    BOOST_TEST(first.size() == 3u);
    for (const auto& u : first) {
        BOOST_TEST(signs_in(u.name, u.password));
    }
    const auto before = pg.sql(name, "select count(*) from pollster.entries");
    BOOST_TEST(admin->load_demo().value().at(0).password == first.at(0).password);
    BOOST_TEST(pg.sql(name, "select count(*) from pollster.entries") == before);
    BOOST_TEST(admin->list_walls().value().at(1).members.size() == 2u);
    BOOST_TEST_REQUIRE(why(admin->set_password("ann", "my own now")) == "done");
    BOOST_TEST(admin->load_demo().value().at(0).password == "");
}

BOOST_AUTO_TEST_CASE(names_are_never_sql)
{
    const std::string evil = "x'); drop table pollster_default.users; --";
    BOOST_TEST(why(admin->add_user(evil, "'; select 1; --")) == "done");
    BOOST_TEST(signs_in(evil, "'; select 1; --"));
    BOOST_TEST(why(admin->add_wall(evil, "chat")) == "done");
    BOOST_TEST(admin->grant(evil, {evil}).value() == 1u);
    BOOST_TEST(admin->list_walls().value().at(0).members.at(0) == evil);
}

// Each view alone is an application's: what is still Pollster's own may be administered.
BOOST_AUTO_TEST_CASE(commands_change_nothing_of_an_applications_own)
{
    struct command {
        std::string name;
        std::set<std::string> writes; // views of the contract
        std::function<std::string(db::administrator&)> run;
    };
    using a = db::administrator;
    const std::vector<command> commands{
        {"user add", {"users"}, [](a& x) { return why(x.add_user("dora", "good enough")); }},
        {"user passwd", {"users"}, [](a& x) { return why(x.set_password("ann", "good enough")); }},
        {"user disable", {"users"}, [](a& x) { return why(x.disable_user("ann")); }},
        {"user enable", {"users"}, [](a& x) { return why(x.enable_user("ann")); }},
        {"wall add", {"walls"}, [](a& x) { return why(x.add_wall("Kitchen", "chat")); }},
        {"wall rename", {"walls"}, [](a& x) { return why(x.rename_wall("#2", "Hall")); }},
        {"wall open", {"open_walls"}, [](a& x) { return why(x.open_wall("#3", true)); }},
        {"wall close", {"open_walls"}, [](a& x) { return why(x.open_wall("#1", false)); }},
        {"grant", {"memberships"}, [](a& x) { return why(x.grant("#3", {"bob"})); }},
        {"revoke", {"memberships"}, [](a& x) { return why(x.revoke("#1", {"ann"})); }},
        {"doctor",
         {"users", "walls", "memberships", "sessions", "posts"},
         [](a& x) {
             const auto visitor = x.add_visitor();
             return visitor ? why(x.remove_visitor(*visitor)) : why(visitor);
         }},
        {"demo",
         {"users", "walls", "memberships", "posts"},
         [](a& x) { return why(x.load_demo()); }},
        {"wall remove", {"walls"}, [](a& x) { return why(x.remove_wall("#1")); }},
    };
    const std::map<std::string, std::string> columns{
        {"users", "id, name, password_hash, disabled"},
        {"walls", "id, name, kind"},
        {"memberships", "user_id, wall_id"},
        {"sessions", "token_hash, user_id, created_at, expires_at"},
        {"posts", "id, wall_id, user_id, body, created_at, edited_at"},
        {"open_walls", "wall_id"}};
    for (const auto& [view, of_it] : columns) {
        BOOST_TEST_CONTEXT(view)
        {
            const fixture f;
            const auto sql = [&f](const std::string& text) { return f.pg.sql(f.name, text); };
            sql("insert into pollster.users (id, name) overriding system value values (1, 'ann'), "
                "(2, 'bob'); insert into pollster.walls (id, name) overriding system value values "
                "(1, 'Room'), (2, 'Cellar'), (3, 'Attic'); insert into pollster.memberships values "
                "(1, 1); insert into pollster_default.open_walls values (1); alter table "
                "pollster_default.users alter id restart with 10; alter table "
                "pollster_default.walls alter id restart with 10");
            sql("create table public.theirs as select " + of_it + " from pollster_default." + view +
                "; create or replace view pollster." + view + " as select " + of_it +
                " from public.theirs; alter table public.theirs owner to pollster_owner");
            const std::string theirs =
                "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from "
                "public.theirs t";
            const auto before = sql(theirs);
            for (const auto& c : commands) {
                const auto told = c.run(*f.admin);
                if (c.writes.contains(view)) {
                    BOOST_TEST(told.starts_with("The application decides "), c.name + ": " + told);
                    BOOST_TEST(told.ends_with(": the view pollster." + view +
                                              " lies over public.theirs, so change it there."),
                               c.name + ": " + told);
                } else if (c.name != "doctor" && c.name != "demo") { // which look at all of them
                    BOOST_TEST(told == "done", c.name + ": " + told);
                }
                BOOST_TEST(sql(theirs) == before, c.name);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_session_deletes_no_user)
{
    pg.sql(
        name,
        "create table public.people (id bigint primary key, nick text, token bytea); insert into "
        "public.people values (1, 'ann', sha256('" +
            std::string(43, 't') +
            "')); alter table public.people owner to pollster_owner; "
            "create or replace view pollster.users as select id, nick as name, null::text as "
            "password_hash, false as disabled from public.people; "
            "create or replace view pollster.sessions as select token as token_hash, id as "
            "user_id, null::timestamptz as created_at, null::timestamptz as expires_at from "
            "public.people where token is not null");
    BOOST_TEST(why(admin->revoke_session(std::string(43, 't'))).find("would delete a user") !=
               std::string::npos);
    BOOST_TEST(why(admin->revoke_sessions_of("ann")).find("would delete a user") !=
               std::string::npos);
    BOOST_TEST(pg.sql(name, "select count(*) from public.people") == "1");
    pg.sql(name,
           "create function public.forget() returns trigger language plpgsql as $$ begin "
           "update public.people set token = null where id = old.user_id; return old; end $$; "
           "create trigger forget instead of delete on pollster.sessions for each row execute "
           "function public.forget()");
    BOOST_TEST(why(admin->revoke_session(std::string(43, 't'))) == "done");
    BOOST_TEST(pg.sql(name, "select count(*) from public.people where token is null") == "1");
}

BOOST_AUTO_TEST_CASE(connect_says_what_is_wrong)
{
    BOOST_TEST(why(db::administrator::connect(pg.settings(pg.empty_database()))) ==
               "The database has no pollster schema yet: run `pollster migrate`.");
    auto s = settings;
    s.database_owner = "host=/nonexistent dbname=x";
    BOOST_TEST(why(db::administrator::connect(s)).find("cannot connect to the database") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
