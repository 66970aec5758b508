// The administration commands, as an operator types them.
#include "tests/e2e/process.hpp"
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace e2e;

namespace {

struct fixture {
    private_postgres& postgres = private_postgres::shared();
    std::string database = postgres.migrated_database();

    finished pollster(std::vector<std::string> words, const std::string& input = {}) const
    {
        words.insert(words.begin(), {pollster_program(), "--database", postgres.conninfo(database),
                                     "--database-owner", postgres.owner_conninfo(database)});
        return run(words, input);
    }
    std::string output(const std::vector<std::string>& words, const std::string& input = {}) const
    {
        const auto f = pollster(words, input);
        BOOST_TEST(f.code == 0, f.output);
        return f.output;
    }
    void refuses(const std::vector<std::string>& words, int code, const std::string& part,
                 const std::string& input = {}) const
    {
        const auto f = pollster(words, input);
        BOOST_TEST(f.code == code);
        BOOST_TEST(f.output.starts_with("pollster: "), f.output);
        BOOST_TEST(f.output.find(part) != std::string::npos, f.output);
    }
};

std::size_t lines(const std::string& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(cli_, fixture)

BOOST_AUTO_TEST_CASE(a_check_says_what_it_does_not_know)
{
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
    postgres.sql(database, "alter database " + database + " set zero_damaged_pages = on");
    const auto f = pollster({"check"});
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.output.find("the setting zero_damaged_pages = on comes from the database, and "
                             "Pollster does not know what it does") != std::string::npos,
               f.output);
}

BOOST_AUTO_TEST_CASE(a_user_a_wall_and_a_membership)
{
    output({"user", "add", "dora"}, "a good password\n");
    output({"user", "add", "emil", "--password-stdin"}, "another password");
    BOOST_TEST(output({"wall", "add", "Kitchen", "--kind", "board"})
                   .starts_with("added wall \"Kitchen\", #"));
    BOOST_TEST(output({"grant", "Kitchen", "dora", "emil"}) ==
               "granted 2 memberships of wall \"Kitchen\"\n");
    BOOST_TEST(output({"wall", "list"}).find("dora, emil") != std::string::npos);
    output({"wall", "rename", "Kitchen", "Canteen"});
    BOOST_TEST(output({"revoke", "Canteen", "emil"}) ==
               "revoked 1 membership of wall \"Canteen\"\n");
    BOOST_TEST(output({"user", "list"}).find("Canteen") != std::string::npos);
    output({"user", "disable", "emil"});
    BOOST_TEST(output({"user", "list"}).find("disabled") != std::string::npos);
    output({"user", "enable", "emil"});
    output({"user", "passwd", "emil"}, "a third password\n");
    refuses({"wall", "remove", "Canteen"}, 2, "--yes");
    output({"wall", "remove", "Canteen", "--yes"});
    BOOST_TEST(output({"wall", "list"}).find("Canteen") == std::string::npos);
}

// Failed before: the room was deleted, and all its messages with it.
BOOST_AUTO_TEST_CASE(a_wall_of_an_application_is_neither_opened_nor_closed_here)
{
    postgres.sql(database,
                 "create table rooms (id bigserial primary key, title text, is_public boolean); "
                 "create table messages (id bigserial primary key, room_id bigint references rooms "
                 "on delete cascade, body text); insert into rooms (title, is_public) values "
                 "('Lobby', true), ('Board', false); insert into messages (room_id, body) values "
                 "(1, 'hello'); alter table rooms owner to pollster_owner; "
                 "create or replace view pollster.walls as select id, title as name, 'chat'::text "
                 "as kind from rooms; create or replace view pollster.open_walls as select id as "
                 "wall_id from rooms where is_public");
    for (const std::string word : {"close", "open"}) {
        refuses({"wall", word, word == "open" ? "#2" : "#1"}, 1,
                "The application decides which walls are open: the view pollster.open_walls lies "
                "over public.rooms, so change it there.\n");
    }
    refuses({"wall", "remove", "#1", "--yes"}, 1, "The application decides which walls there are");
    BOOST_TEST(postgres.sql(database, "select count(*) from rooms") == "2");
    BOOST_TEST(postgres.sql(database, "select count(*) from messages") == "1");
}

BOOST_AUTO_TEST_CASE(sessions_are_made_listed_and_ended)
{
    output({"demo"});
    const auto tokens = output({"session", "create", "--count", "3", "ann"});
    BOOST_TEST(lines(tokens) == 3u);
    BOOST_TEST(tokens.find('\n') == 43u);
    const auto list = output({"session", "list", "ann"});
    BOOST_TEST(lines(list) == 4u);
    BOOST_TEST(list.find(tokens.substr(0, 43)) == std::string::npos);
    output({"session", "revoke", tokens.substr(0, 43)});
    BOOST_TEST(output({"session", "revoke", "--user", "ann"}) == "ended 2 sessions of \"ann\"\n");
    refuses({"session", "create", "ann", "--count", "0"}, 2, "100000");
    refuses({"session", "revoke"}, 2, "either");
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_one_line_with_its_exit_code)
{
    refuses({"user", "disable", "nobody"}, 1, "nobody");
    refuses({"user", "add", "short"}, 1, "8", "1234567\n");
    refuses({"user", "add", "none"}, 1, "no password");
    refuses({"user", "add"}, 2, "usage: pollster user add NAME");
    refuses({"user", "add", "a", "b"}, 2, "usage");
    refuses({"frobnicate"}, 2, "no command \"frobnicate\"");
    refuses({"user", "list", "--count", "3"}, 2, "--count does not belong to user list");
    refuses({"user", "list", "--poll-second", "3"}, 2, "did you mean --poll-seconds?");
    const auto away = run({pollster_program(), "--database", "host=/nonexistent", "user", "list"});
    BOOST_TEST(away.code == 1);
    BOOST_TEST(lines(away.output) == 1u);
    const auto old = run({pollster_program(), "--database",
                          postgres.conninfo(postgres.empty_database()), "user", "list"});
    BOOST_TEST(old.code == 1);
    BOOST_TEST(old.output.find("pollster migrate") != std::string::npos, old.output);
}

BOOST_AUTO_TEST_CASE(the_role_that_serves_does_not_administer)
{
    const auto f =
        run({pollster_program(), "--database", postgres.conninfo(database), "user", "add", "eve"},
            "a good password\n");
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.output.starts_with("pollster: this takes the role that owns the schema"),
               f.output);
    BOOST_TEST(lines(f.output) == 1u);
    BOOST_TEST(postgres.sql(database, "select count(*) from pollster.users") == "0");
}

BOOST_AUTO_TEST_CASE(migrate_and_demo_may_be_repeated)
{
    const auto empty = postgres.empty_database();
    const auto again = [&](const std::string& word) {
        const auto f = run({pollster_program(), "--database", postgres.conninfo(empty),
                            "--database-owner", postgres.owner_conninfo(empty), word});
        BOOST_TEST(f.code == 0, f.output);
        return f.output;
    };
    BOOST_TEST(again("migrate").find("as it was") == std::string::npos);
    BOOST_TEST(again("migrate").find("as it was") != std::string::npos);
    const auto users = again("demo");
    BOOST_TEST(users.find("ann-demo-pass") != std::string::npos);
    BOOST_TEST(again("demo") == users);
}

BOOST_AUTO_TEST_CASE(check_config_judges_a_file)
{
    std::string name = (std::filesystem::temp_directory_path() / "pollster-cli-XXXXXX").string();
    ::close(::mkstemp(name.data()));
    const auto judge = [&](const std::string& text) {
        std::ofstream(name) << text;
        return run({pollster_program(), "check-config", name});
    };
    BOOST_TEST(judge("poll_seconds = 30\n").code == 0);
    const auto bad = judge("poll_seconds = 30\nlisten = nowhere\nspeed = 3\n");
    BOOST_TEST(bad.code == 1);
    BOOST_TEST(lines(bad.output) == 2u);
    BOOST_TEST(bad.output.starts_with(name + ":2: listen: "), bad.output);
    std::filesystem::remove(name);
}

BOOST_AUTO_TEST_CASE(help_and_version)
{
    BOOST_TEST(output({"--version"}).starts_with("pollster 0."));
    const auto help = output({"--help"});
    BOOST_TEST(help.find("--poll-seconds  (seconds, 1 to 3600; default: 60)") != std::string::npos);
    BOOST_TEST(help.find("pollster session create USER") != std::string::npos);
    BOOST_TEST(output({"session", "create", "--help"}).find("--count") != std::string::npos);
    BOOST_TEST(lines(output({"wall", "--help"})) == 6u);
}

BOOST_AUTO_TEST_CASE(restored_begins_a_new_history_and_analyzes)
{
    const auto epoch = [this] {
        return postgres.sql(database, "select epoch from pollster.history");
    };
    const auto before = epoch();
    BOOST_TEST(output({"restored"}).starts_with("a new history begins"));
    BOOST_TEST(epoch() != before);
    BOOST_TEST(postgres.sql(database, "select reltuples >= 0 from pg_class where oid = "
                                      "'pollster_default.posts'::regclass") == "t");
    refuses({"restored", "now"}, 2, "usage: pollster restored");
}

BOOST_AUTO_TEST_SUITE_END()
