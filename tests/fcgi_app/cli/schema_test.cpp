#include "tests/fcgi_app/cli/shell.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace pollster;
using namespace pollster::cli;

namespace {

std::string judged(cli::testing::shell& s, const std::string& content, int code)
{
    const std::string path = (std::filesystem::temp_directory_path() /
                              ("pollster-schema-test-" + std::to_string(getpid()) + ".conf"))
                                 .string();
    std::ofstream(path) << content;
    const auto t = s.type({"check-config", path});
    std::remove(path.c_str());
    BOOST_TEST(t.code == code);
    std::string out = code == done ? t.out : t.err;
    BOOST_TEST((code == done ? t.err : t.out) == "");
    for (auto at = out.find(path); at != std::string::npos; at = out.find(path)) {
        out.replace(at, path.size(), "conf");
    }
    return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(schema_, cli::testing::shell)

BOOST_AUTO_TEST_CASE(no_command_serves)
{
    serve_ends_with = 5;
    BOOST_TEST(type({}).code == 5);
    BOOST_TEST(type({"serve", "--poll-seconds", "7"}).code == 5);
    BOOST_TEST(type({"--poll-seconds=8"}).code == 5);
    BOOST_REQUIRE(served.size() == 3u);
    BOOST_TEST(served[0].routes.poll_time.count() == 60'000);
    BOOST_TEST(served[1].routes.poll_time.count() == 7'000);
    BOOST_TEST(served[2].routes.poll_time.count() == 8'000);
    BOOST_TEST(served_again[2].routes.poll_time.count() == 8'000);
    BOOST_TEST(database.asked.empty());
}

BOOST_AUTO_TEST_CASE(wrong_settings_do_not_serve)
{
    misuse({"serve", "--poll-seconds", "0"},
           "--poll-seconds: a whole number from 1 to 3600 is expected, not \"0\"");
    misuse({"--poll-seconds", "0"},
           "--poll-seconds: a whole number from 1 to 3600 is expected, not \"0\"");
    BOOST_TEST(served.empty());
}

BOOST_AUTO_TEST_CASE(a_configuration_file_is_judged)
{
    BOOST_TEST(judged(*this, "poll_seconds = 30\n", done) == "conf is good\n");
    BOOST_TEST(judged(*this, "poll_seconds = 30\nlisten = nowhere\nspeed\n", failed) ==
               "conf:3: a setting is written name = value\n"
               "conf:2: listen: an address is unix:PATH, HOST:PORT or [IPV6]:PORT, not "
               "\"nowhere\"\n");
    const auto absent = type({"check-config", "/nonexistent/pollster.conf"});
    BOOST_TEST(absent.code == failed);
    BOOST_TEST(absent.err ==
               "/nonexistent/pollster.conf: cannot be read: No such file or directory\n");
    // Nothing but the file: settings of this process do not make it bad.
    environment.emplace_back("POLLSTER_NOTIFY", "maybe");
    BOOST_TEST(judged(*this, "poll_seconds = 30\n", done) == "conf is good\n");
}

BOOST_AUTO_TEST_CASE(the_settings_in_force_are_judged)
{
    BOOST_TEST(output({"check-config"}) == "the settings are good\n");
    environment.emplace_back("POLLSTER_NOTIFY", "maybe");
    const auto t = type({"check-config"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.err == "pollster: environment: POLLSTER_NOTIFY: on or off is expected, not "
                        "\"maybe\"\n");
}

BOOST_AUTO_TEST_CASE(what_the_settings_name_on_this_host_is_judged)
{
    const std::string folder = "listen = unix:/no/such/folder/p.sock: there is no folder "
                               "/no/such/folder: make the folder";
    BOOST_TEST(judged(*this, "listen = unix:/no/such/folder/p.sock\n", failed)
                   .starts_with("pollster: " + folder));
    BOOST_TEST(judged(*this, "listen = unix:/tmp/p.sock,group=no_such_group\n", failed)
                   .starts_with("pollster: listen = unix:/tmp/p.sock: there is no group "
                                "\"no_such_group\": name the group of nginx's workers"));
    BOOST_TEST(judged(*this, "log_file = /no/such/folder/log\n", failed)
                   .starts_with("pollster: log_file = /no/such/folder/log: there is no folder"));
    const auto t = type({"check-config", "--listen", "unix:/no/such/folder/p.sock"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.err.starts_with("pollster: " + folder), t.err);
}

BOOST_AUTO_TEST_CASE(commands_about_the_database_become_the_account_and_others_stay)
{
    std::vector<std::string> became;
    become = [&](const config& c, acts_as who) -> std::optional<std::string> {
        became.push_back(who == acts_as::owner ? c.account_owner : c.account);
        return std::nullopt;
    };
    output({"check", "--account", "chat"});
    output({"user", "list"});
    BOOST_TEST(became == (std::vector<std::string>{"chat", "pollster_owner"}),
               boost::test_tools::per_element());
    type({"serve"});
    output({"check-config"});
    type({"setup", "--wall", "Kitchen"});
    type({"doctor", "no URL"});
    BOOST_TEST(became.size() == 2u);
    become = [](const config&, acts_as) {
        return std::optional<std::string>("There is no such account.");
    };
    const auto asked = database.asked.size();
    const auto t = type({"user", "list"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.err == "pollster: There is no such account.\n");
    BOOST_TEST(database.asked.size() == asked);
}

BOOST_AUTO_TEST_CASE(findings_of_a_check_are_its_output)
{
    BOOST_TEST(output({"check"}) == "the database is as it should be\n");
    database.findings = {"The encoding is LATIN1.", "A view is missing."};
    const auto t = type({"check"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.out == "The encoding is LATIN1.\nA view is missing.\n");
    BOOST_TEST(t.err == "pollster: 2 findings\n");
    database.findings.pop_back();
    BOOST_TEST(type({"check"}).err == "pollster: 1 finding\n");
}

BOOST_AUTO_TEST_CASE(a_migration_tells_its_steps_and_may_take_long)
{
    std::chrono::milliseconds longest{};
    migrate = [&](const db::settings& s, const auto& progress) -> db::outcome<db::migrated> {
        longest = s.statement_timeout;
        progress("migrating to version 2");
        return db::migrated{1, 2};
    };
    BOOST_TEST(output({"migrate", "--statement-timeout-ms", "5"}) ==
               "migrating to version 2\nthe schema is at version 2\n");
    BOOST_TEST((longest >= std::chrono::hours(1)));
    migrate = [](const db::settings&, const auto&) -> db::outcome<db::migrated> {
        return db::migrated{2, 2};
    };
    BOOST_TEST(output({"migrate"}) == "the schema is at version 2, as it was\n");
    migrate = [](const db::settings&, const auto&) -> db::outcome<db::migrated> {
        return db::refusal{"The schema is newer than this program."};
    };
    const auto t = type({"migrate"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.out == "");
    BOOST_TEST(t.err == "pollster: The schema is newer than this program.\n");
}

BOOST_AUTO_TEST_CASE(a_new_history_begins_and_may_take_long)
{
    BOOST_TEST(output({"restored", "--statement-timeout-ms", "5"}) ==
               "a new history begins: every client reads its walls anew; tables are analyzed\n");
    BOOST_TEST(last_asked() == "restored");
    BOOST_TEST((database.settings->statement_timeout >= std::chrono::hours(1)));
}

BOOST_AUTO_TEST_CASE(a_repair_tells_what_it_did_on_each_wall)
{
    BOOST_TEST(output({"repair"}) == "repaired 0 walls\n");
    database.repaired = {{walls::wall_id{1}, 1, 0, false, false},
                         {walls::wall_id{2}, 3, 2, true, false},
                         {walls::wall_id{3}, 0, 1, false, false},
                         {walls::wall_id{4}, 0, 0, true, false},
                         {walls::wall_id{5}, 0, 0, false, true}};
    const std::string steps =
        "wall #1: numbered 1 post\n"
        "wall #2: numbered 3 posts, numbered 2 deletions, raised the head to the newest entry\n"
        "wall #3: numbered 1 deletion\n"
        "wall #4: raised the head to the newest entry\n"
        "wall #5: is gone; removed what was left of its feed\n";
    BOOST_TEST(output({"repair"}) == steps + "repaired 5 walls\n");
    // What it told is done, also if it fails later.
    database.refusal = "The database went away.";
    const auto t = type({"repair"});
    BOOST_TEST(t.code == failed);
    BOOST_TEST(t.out == steps);
    BOOST_TEST(t.err == "pollster: The database went away.\n");
}

BOOST_AUTO_TEST_CASE(the_demo_tells_names_and_passwords)
{
    database.demo = {{"ann", "ann-demo-pass"}, {"bob", ""}};
    BOOST_TEST(output({"demo"}) == "NAME  PASSWORD\n"
                                   "ann   ann-demo-pass\n"
                                   "bob   (as it was changed)\n");
    BOOST_TEST(last_asked() == "load_demo");
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_is_told)
{
    for (const char* command : {"check", "restored", "repair", "demo"}) {
        refusal_is_told({command});
    }
}

BOOST_AUTO_TEST_SUITE_END()
