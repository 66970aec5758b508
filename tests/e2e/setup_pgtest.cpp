// pollster setup, as an operator runs it: root beside a PostgreSQL that knows nobody but postgres,
// postgres itself, somebody else, and somebody with credentials. And the commands that root runs
// afterwards. Without root the program takes itself for root (as_account.cpp), and PostgreSQL takes
// whoever runs this for each of the accounts; nothing else differs.
#include "tests/e2e/process.hpp"
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

using namespace e2e;

namespace {

// Every system has them, and nothing runs as them here.
constexpr const char* account = "nobody";
constexpr const char* account_owner = "games";

// A cluster that takes accounts for roles, as Debian's does; the tests' own role is let in.
struct fixture {
    private_postgres postgres;

    fixture()
    {
        // Other accounts reach the socket, as in /run/postgresql.
        std::filesystem::permissions(postgres.folder(), std::filesystem::perms(0755));
        postgres.sql("postgres", "create role postgres superuser login");
        let_in("");
    }
    // `first`: lines before the others.
    void let_in(const std::string& first) const
    {
        const auto data = postgres.folder() / "data";
        const passwd* self = ::getpwuid(::geteuid());
        if (::geteuid() != 0) {
            std::ofstream map(data / "pg_ident.conf");
            for (const std::string role : {"postgres", account, account_owner}) {
                map << "each " << self->pw_name << ' ' << role << '\n';
            }
        }
        std::ofstream(data / "pg_hba.conf")
            << first << "local all tester,pollster,with_rights,without trust\nlocal all all peer"
            << (::geteuid() == 0 ? "\n" : " map=each\n");
        postgres.sql("postgres", "select pg_reload_conf()");
        // The postmaster reads it when it gets round to it.
        eventually("pg_hba.conf is read", [&] {
            return postgres.sql("postgres", "select pg_conf_load_time() >= "
                                            "(pg_stat_file('pg_hba.conf')).modification") == "t";
        });
    }
    std::string database(const std::string& more = "dbname=chat") const
    {
        return "host=" + postgres.folder().string() + " " + more;
    }
    // The program, run by this account.
    std::vector<std::string> run_by(const std::string& name) const
    {
        const passwd* who = ::getpwnam(name.c_str());
        if (who == nullptr) {
            throw std::runtime_error("there is no account " + name);
        }
        if (::geteuid() != 0) {
            return {"env", std::string("LD_PRELOAD=") + AS_ACCOUNT,
                    "PRETENDED_EUID=" + std::to_string(who->pw_uid), pollster_program()};
        }
        if (who->pw_uid == 0) {
            return {pollster_program()};
        }
        const auto copy = postgres.folder() / "pollster"; // the build may be closed to others
        std::filesystem::copy_file(pollster_program(), copy,
                                   std::filesystem::copy_options::skip_existing);
        return {"setpriv", "--reuid=" + std::to_string(who->pw_uid),
                "--regid=" + std::to_string(who->pw_gid), "--clear-groups", copy};
    }
    finished pollster_by(const std::string& name, const std::vector<std::string>& words,
                         const std::string& input = {},
                         const std::string& more = "dbname=chat") const
    {
        auto command = run_by(name);
        command.insert(command.end(), {"--config", "/dev/null", "--database", database(more),
                                       "--account", account, "--account-owner", account_owner});
        command.insert(command.end(), words.begin(), words.end());
        return run(command, input);
    }
    finished pollster(const std::vector<std::string>& words, const std::string& input = {},
                      const std::string& more = "dbname=chat") const
    {
        return pollster_by("root", words, input, more);
    }
    // By root, of other accounts.
    finished with_accounts(const std::string& serving, const std::string& owner,
                           const std::string& word) const
    {
        auto command = run_by("root");
        command.insert(command.end(), {"--config", "/dev/null", "--database", database(),
                                       "--account", serving, "--account-owner", owner, word});
        return run(command);
    }
    std::string output(const std::vector<std::string>& words, const std::string& input = {},
                       const std::string& more = "dbname=chat") const
    {
        const auto f = pollster(words, input, more);
        BOOST_TEST(f.code == 0, f.output);
        return f.output;
    }
    void all_is_the_owners() const
    {
        BOOST_TEST(postgres.sql("chat",
                                "select count(*) from pg_class c join pg_namespace n on n.oid = "
                                "c.relnamespace where nspname like 'pollster%' and relowner <> "
                                "'games'::regrole") == "0");
        BOOST_TEST(postgres.sql("chat",
                                "select count(*) from pg_proc p join pg_namespace n on n.oid "
                                "= p.pronamespace where nspname like 'pollster%' and "
                                "proowner <> 'games'::regrole and not exists (select from "
                                "pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = "
                                "p.oid and d.deptype = 'e')") == "0"); // those are pgcrypto's
        BOOST_TEST(postgres.sql("chat",
                                "select count(*) from pg_type t join pg_namespace n on n.oid = "
                                "t.typnamespace where nspname like 'pollster%' and t.typowner <> "
                                "'games'::regrole") == "0");
    }
    // Whatever happened before.
    void may_only_serve() const
    {
        BOOST_TEST(postgres.sql("chat",
                                "select count(*) from ((select pollster.rights_of('nobody') "
                                "except select pollster.rights_to_serve()) union all "
                                "(select pollster.rights_to_serve() except select "
                                "pollster.rights_of('nobody'))) d") == "0");
        BOOST_TEST(postgres.sql("chat", "select count(*) from pg_shdepend where refobjid = "
                                        "'nobody'::regrole and deptype = 'o'") == "0");
        BOOST_TEST(postgres.sql("chat",
                                "select has_database_privilege('nobody', 'chat', 'create') or "
                                "pg_has_role('nobody', 'games', 'member')") == "f");
    }
    // One line on standard error; and what it says.
    void fails(const std::string& part, const std::string& more = "dbname=chat") const
    {
        const auto f = pollster({"setup"}, {}, more);
        BOOST_TEST(f.code == 1, f.output);
        BOOST_TEST(f.output.find(part) != std::string::npos, f.output);
    }
};

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(setup_, fixture)

BOOST_AUTO_TEST_CASE(root_makes_all_of_it_once_and_administers_it)
{
    const auto first = output({"setup", "--admin", "ann"}, "a good password\n");
    for (const char* line :
         {"role \"games\": made\n", "role \"nobody\": made\n", "database \"chat\": made\n",
          "extension pgcrypto: made\n", "right of \"games\" to make schemas: is there already\n",
          ": made\nuser \"ann\": made\n", "wall \"General\": made\n",
          "membership of \"ann\" in \"General\": made\n"}) {
        BOOST_TEST(has(first, line), line + std::string(" is not in ") + first);
    }
    const auto again = output({"setup", "--admin", "ann"});
    BOOST_TEST(!has(again, "made"), again);
    BOOST_TEST(has(again, "user \"ann\": is there already\n"), again);
    BOOST_TEST(postgres.sql("chat", "select pg_get_userbyid(datdba) from pg_database where datname "
                                    "= 'chat'") == account_owner);
    BOOST_TEST(postgres.sql("chat", "select bool_or(rolsuper or rolcreatedb or rolcreaterole) from "
                                    "pg_roles where rolname in ('nobody', 'games')") == "f");
    may_only_serve();
    // Functions of its own would see the rows that views hide.
    BOOST_TEST(postgres.sql("chat",
                            "select has_database_privilege('nobody', 'chat', 'temporary')") == "f");
    // PostgreSQL would take root for the role "root", which does not exist.
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
    output({"user", "add", "bob"}, "another password\n");
    BOOST_TEST(has(output({"user", "list"}), "bob"));
}

BOOST_AUTO_TEST_CASE(postgres_makes_the_same_without_root)
{
    const auto first = pollster_by("postgres", {"setup", "--admin", "ann"}, "a good password\n");
    BOOST_TEST(first.code == 0, first.output);
    for (const char* line : {"role \"games\": made\n", "role \"nobody\": made\n",
                             "database \"chat\": made\n", "user \"ann\": made\n"}) {
        BOOST_TEST(has(first.output, line), line + std::string(" is not in ") + first.output);
    }
    all_is_the_owners();
    may_only_serve();
    const auto again = pollster_by("postgres", {"setup", "--admin", "ann"});
    BOOST_TEST(again.code == 0, again.output);
    BOOST_TEST(!has(again.output, "made"), again.output);
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
}

// Neither root nor postgres, and no credentials: what is told is SQL that suffices.
BOOST_AUTO_TEST_CASE(somebody_else_is_told_what_an_administrator_has_to_run)
{
    const auto told = pollster_by(account, {"setup"});
    BOOST_TEST(told.code == 1);
    BOOST_TEST(has(told.output, "create role \"nobody\" login;\n"), told.output);
    BOOST_TEST(has(told.output, "what is missing is made by root (sudo pollster setup), or by the "
                                "SQL above: "),
               told.output);
    BOOST_TEST(postgres.sql("postgres", "select count(*) from pg_roles where rolname in "
                                        "('nobody', 'games')") == "0");
    std::istringstream lines(told.output);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("create role ") || line.starts_with("create database ")) {
            postgres.sql("postgres", line);
        }
    }
    const auto made = pollster_by(account, {"setup"});
    BOOST_TEST(made.code == 0, made.output);
    BOOST_TEST(has(made.output, "extension pgcrypto: made\n"), made.output);
    const auto checked = pollster_by(account, {"check"});
    BOOST_TEST(checked.output == "the database is as it should be\n");
}

BOOST_AUTO_TEST_CASE(what_was_made_as_the_wrong_role_is_given_to_the_right_one)
{
    postgres.sql("postgres", "create database chat");
    postgres.sql("postgres", "create role nobody");
    output({"migrate"}, {}, "dbname=chat user=tester");
    const auto made = output({"setup"});
    BOOST_TEST(has(made, "role \"nobody\": may log in now\n"), made);
    BOOST_TEST(has(made, "database \"chat\": is there already\n"), made);
    BOOST_TEST(has(made, "right of \"games\" to make schemas: granted\n"), made);
    BOOST_TEST(has(made, "schema pollster: belonged to another role, belongs to \"games\" now\n"),
               made);
    all_is_the_owners();
    may_only_serve();
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
    output({"demo"});
    BOOST_TEST(!has(output({"setup"}), "belongs to"));
}

// As versions with one role left it, beside a table of an application that this role was let read.
BOOST_AUTO_TEST_CASE(an_owner_that_served_becomes_two_roles_and_its_sessions_go_on)
{
    postgres.sql("postgres", "create role nobody login");
    postgres.sql("postgres", "create database chat owner nobody");
    const auto alone = with_accounts(account, account, "migrate");
    BOOST_TEST(alone.code == 0, alone.output);
    postgres.sql("chat", "create table public.people (id bigint); "
                         "grant select on public.people to nobody");
    const auto made = output({"setup"});
    BOOST_TEST(has(made, "role \"nobody\": owned what it served, its name is \"games\" now\n"),
               made);
    BOOST_TEST(has(made, "role \"games\": is there already\n"), made);
    BOOST_TEST(has(made, "role \"nobody\": made\n"), made);
    BOOST_TEST(has(made, "the role that serves has its rights\n"), made);
    all_is_the_owners();
    may_only_serve();
    BOOST_TEST(postgres.sql("chat",
                            "select has_table_privilege('games', 'public.people', 'select') "
                            "and not has_table_privilege('nobody', 'public.people', "
                            "'select')") == "t");
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
    output({"user", "add", "ann"}, "a good password\n");
    const auto again = output({"setup"});
    BOOST_TEST(!has(again, "made"), again);
    BOOST_TEST(!has(again, "now"), again);
    // A restored dump belongs to its roles, which both are there by now.
    postgres.sql("chat",
                 "alter database chat owner to nobody; alter schema pollster owner to nobody");
    const auto restored = output({"setup"});
    BOOST_TEST(has(restored, "database \"chat\": belongs to \"games\" now\n"), restored);
    all_is_the_owners();
    may_only_serve();
}

BOOST_AUTO_TEST_CASE(what_stands_in_the_way_is_one_line_that_says_what_to_do)
{
    const auto nobody_there = with_accounts("no_such_account", account_owner, "setup");
    BOOST_TEST(nobody_there.code == 1);
    BOOST_TEST(nobody_there.output.starts_with("pollster: there is no account \"no_such_account\""),
               nobody_there.output);
    for (const std::string role : {"games", "nobody"}) {
        let_in("local all " + role + " reject\n");
        fails("put the line `local all " + role + " peer` first into " +
              (postgres.folder() / "data" / "pg_hba.conf").string());
    }
    let_in("local all postgres reject\n");
    fails("put the line `local all postgres peer` first into pg_hba.conf");
    postgres.stop();
    fails("PostgreSQL does not answer");
}

BOOST_AUTO_TEST_CASE(credentials_that_suffice_are_used)
{
    postgres.sql("postgres", "create role with_rights login createdb");
    const auto first = output({"setup"}, {}, "user=with_rights dbname=mine");
    BOOST_TEST(has(first, "role \"with_rights\": is there already\n"), first);
    BOOST_TEST(has(first, "database \"mine\": made\n"), first);
    BOOST_TEST(has(first, "extension pgcrypto: made\n"), first);
    const auto again = output({"setup"}, {}, "user=with_rights dbname=mine");
    BOOST_TEST(!has(again, "made"), again);
}

BOOST_AUTO_TEST_CASE(credentials_that_do_not_suffice_lead_to_the_sql_that_does)
{
    const std::string mine = "user=without dbname=theirs";
    const auto no_role = pollster({"setup"}, {}, mine);
    BOOST_TEST(no_role.code == 1);
    BOOST_TEST(has(no_role.output, "create role \"without\" login;\n\\password \"without\"\n"
                                   "create database \"theirs\" owner \"without\""),
               no_role.output);
    postgres.sql("postgres", "create role without login");
    const auto no_database = pollster({"setup"}, {}, mine);
    BOOST_TEST(no_database.code == 1);
    BOOST_TEST(has(no_database.output, "create database \"theirs\" owner \"without\""),
               no_database.output);
    BOOST_TEST(!has(no_database.output, "create role"), no_database.output);
    postgres.sql("postgres", "create database theirs owner without");
    BOOST_TEST(has(output({"setup"}, {}, mine), "extension pgcrypto: made\n"));
    BOOST_TEST(output({"check"}, {}, mine) == "the database is as it should be\n");
}

// A right that is granted by somebody who cannot give it is a warning of PostgreSQL, and no right.
BOOST_AUTO_TEST_CASE(a_database_of_somebody_else_needs_a_grant_by_them)
{
    const std::string mine = "user=without dbname=others";
    postgres.sql("postgres", "create role without login");
    postgres.sql("postgres", "create database others");
    const auto refused = pollster({"setup"}, {}, mine);
    BOOST_TEST(refused.code == 1);
    BOOST_TEST(!has(refused.output, "granted"), refused.output);
    const auto from = refused.output.find("grant create, connect, temporary on database \"others\" "
                                          "to \"without\";\n");
    BOOST_TEST_REQUIRE(from != std::string::npos, refused.output);
    postgres.sql("others", refused.output.substr(from, refused.output.find('\n', from) - from));
    BOOST_TEST(has(output({"setup"}, {}, mine), "to make schemas: is there already\n"));
    BOOST_TEST(output({"check"}, {}, mine) == "the database is as it should be\n");
}

BOOST_AUTO_TEST_SUITE_END()
