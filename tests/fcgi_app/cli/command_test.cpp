// How a command is found and its arguments are judged, whichever it is.
#include "tests/fcgi_app/cli/shell.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <unistd.h>

using namespace pollster;
using namespace pollster::cli;

namespace {

std::vector<std::string> words_of(const command& c)
{
    std::vector<std::string> out;
    std::istringstream in{std::string(c.name)};
    for (std::string word; in >> word;) {
        out.push_back(word);
    }
    return out;
}

std::vector<std::string> with(std::vector<std::string> words, std::size_t arguments)
{
    for (std::size_t i = 0; i < arguments; ++i) {
        words.push_back("word" + std::to_string(i));
    }
    return words;
}

std::string usage_of(const command& c)
{
    return "usage: pollster " + std::string(c.name) +
           (c.arguments.empty() ? "" : " " + std::string(c.arguments));
}

std::size_t lines(const std::string& text)
{
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// A file that is gone after the test.
class temporary_file {
public:
    explicit temporary_file(const std::string& content)
        : path_((std::filesystem::temp_directory_path() /
                 ("pollster-command-test-" + std::to_string(getpid()) + ".conf"))
                    .string())
    {
        std::ofstream(path_) << content;
    }
    ~temporary_file() { std::remove(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(command_, cli::testing::shell)

BOOST_AUTO_TEST_CASE(the_commands_are_those_that_an_operator_knows)
{
    std::set<std::string_view> names;
    for (const auto& c : commands()) {
        BOOST_TEST(names.insert(c.name).second, std::string(c.name));
        BOOST_TEST(!c.summary.empty());
        BOOST_TEST(c.fewest <= c.most);
        BOOST_TEST(c.arguments.empty() == (c.most == 0), std::string(c.name));
    }
    const std::set<std::string_view> expected{
        "serve",    "check-config", "check",          "migrate",      "restored",       "repair",
        "demo",     "user add",     "user passwd",    "user disable", "user enable",    "user list",
        "wall add", "wall rename",  "wall remove",    "wall open",    "wall close",     "wall list",
        "grant",    "revoke",       "session create", "session list", "session revoke", "top",
        "canary",   "setup",        "doctor",         "adopt"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_argument_too_few_or_too_many_is_misuse)
{
    for (const auto& c : commands()) {
        if (c.fewest > 0) {
            misuse(with(words_of(c), c.fewest - 1), usage_of(c));
        }
        misuse(with(words_of(c), c.most + 1), usage_of(c));
    }
    BOOST_TEST(served.empty());
}

BOOST_AUTO_TEST_CASE(each_command_explains_itself_and_does_nothing)
{
    for (const auto& c : commands()) {
        auto words = words_of(c);
        words.emplace_back("--help");
        const auto help = output(words);
        BOOST_TEST(help.starts_with("Usage: pollster " + std::string(c.name)), help);
        BOOST_TEST(contains(help, std::string(c.summary)), help);
        BOOST_TEST(contains(help, std::string(c.details)), help);
        for (const auto& option : c.options) {
            BOOST_TEST(contains(help, "--" + std::string(option)), help);
        }
        const auto own = std::ranges::count_if(
            std::vector<std::string>{"password-stdin", "count", "days", "user", "kind", "yes",
                                     "once", "every", "textfile", "admin", "wall", "connect",
                                     "nginx", "check"},
            [&](const auto& option) {
                return contains(help, "  --" + option + " ") ||
                       contains(help, "  --" + option + "\n");
            });
        BOOST_TEST(static_cast<std::size_t>(own) == c.options.size(), help);
    }
    BOOST_TEST(database.asked.empty());
    BOOST_TEST(!database.settings.has_value());
    BOOST_TEST(served.empty());
}

BOOST_AUTO_TEST_CASE(the_help_lists_every_command_and_every_option)
{
    for (const char* flag : {"--help", "-h"}) {
        const auto help = output({flag});
        for (const auto& c : commands()) {
            BOOST_TEST(contains(help, "\n  pollster " + std::string(c.name)), help);
        }
        BOOST_TEST(contains(help, "--poll-seconds  (seconds, 1 to 3600; default: 60)"));
        BOOST_TEST(contains(help, "Exit codes: 0 done, 1 refused or failed, 2 misused."));
    }
    BOOST_TEST(output({"--version"}).starts_with("pollster "));
    // Also where something else is wrong.
    BOOST_TEST(output({"--version", "frobnicate"}).starts_with("pollster "));
}

BOOST_AUTO_TEST_CASE(a_command_that_is_none_is_misuse)
{
    misuse({"frobnicate"}, "there is no command \"frobnicate\"; pollster --help lists them");
    misuse({"frobnicate", "--help"},
           "there is no command \"frobnicate\"; pollster --help lists them");
    misuse({"userlist"}, "there is no command \"userlist\"; pollster --help lists them");
    misuse({""}, "there is no command \"\"; pollster --help lists them");
}

BOOST_AUTO_TEST_CASE(half_a_command_names_the_others_of_its_group)
{
    for (const std::vector<std::string>& half :
         {std::vector<std::string>{"user"}, {"user", "frobnicate"}, {"user", "lis"}}) {
        const auto t = type(half);
        BOOST_TEST(t.code == misused);
        BOOST_TEST(t.out == "");
        BOOST_TEST(t.err.starts_with("pollster: which of these?\n  pollster user add NAME"), t.err);
        BOOST_TEST(lines(t.err) == 6u);
    }
    const auto help = output({"wall", "--help"});
    BOOST_TEST(lines(help) == 6u);
    BOOST_TEST(contains(help, "pollster wall rename WALL NEW-NAME"));
}

BOOST_AUTO_TEST_CASE(an_option_belongs_to_its_commands)
{
    for (const auto& c : commands()) {
        for (const std::string option :
             {"password-stdin", "count", "days", "user", "kind", "yes"}) {
            if (std::ranges::find(c.options, option) != c.options.end()) {
                continue;
            }
            auto words = with(words_of(c), c.fewest);
            words.push_back("--" + option);
            if (option != "password-stdin" && option != "yes") {
                words.emplace_back("1");
            }
            misuse(words, "--" + option + " does not belong to " + std::string(c.name));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_option_that_is_none_gets_a_hint)
{
    misuse({"user", "list", "--poll-second", "3"},
           "there is no option --poll-second; did you mean --poll-seconds?");
    misuse({"user", "list", "--frobnicate"}, "there is no option --frobnicate");
    // No guessing: --pass is not --password-stdin.
    misuse({"user", "add", "ann", "--pass"}, "there is no option --pass");
}

BOOST_AUTO_TEST_CASE(a_word_that_begins_with_a_dash_stands_behind_two)
{
    for (const std::string word : {"-Ab3dEf", "-ann"}) {
        misuse({"session", "revoke", word},
               "there is no option " + word +
                   "; put -- before a name or session that begins with a "
                   "dash");
        output({"session", "revoke", "--", word});
        BOOST_TEST(last_asked() == "revoke_session " + word);
    }
    output({"wall", "add", "--", "--kind"});
    BOOST_TEST(last_asked() == "add_wall --kind chat");
}

BOOST_AUTO_TEST_CASE(settings_come_from_the_command_line_the_environment_and_the_file)
{
    const temporary_file file("database = dbname=of_the_file\nstatement_timeout_ms = 77\n");
    environment = {{"POLLSTER_CONFIG", file.path()}};
    output({"user", "list"});
    BOOST_TEST(database.settings->database == "dbname=of_the_file");
    BOOST_TEST(database.settings->statement_timeout.count() == 77);
    environment.emplace_back("POLLSTER_DATABASE", "dbname=of_the_environment");
    output({"user", "list"});
    BOOST_TEST(database.settings->database == "dbname=of_the_environment");
    output({"user", "list", "--database=dbname=of_the_command_line"});
    BOOST_TEST(database.settings->database == "dbname=of_the_command_line");
    output({"--database", "dbname=before", "user", "list"});
    BOOST_TEST(database.settings->database == "dbname=before");
}

BOOST_AUTO_TEST_CASE(all_wrong_settings_are_told_before_anything_is_done)
{
    environment.emplace_back("POLLSTER_NOTIFY", "maybe");
    const auto t = type({"user", "list", "--look-ms", "0"});
    BOOST_TEST(t.code == misused);
    BOOST_TEST(t.err ==
               "pollster: --look-ms: a whole number from 10 to 60000 is expected, not \"0\"\n"
               "pollster: environment: POLLSTER_NOTIFY: on or off is expected, not "
               "\"maybe\"\n");
    BOOST_TEST(database.asked.empty());
}

BOOST_AUTO_TEST_CASE(what_is_typed_cannot_write_on_the_terminal)
{
    misuse({"\x1b[2Jfrob"}, "there is no command \"<U+001B>[2Jfrob\"; pollster --help lists them");
    BOOST_TEST(output({"user", "disable",
                       "ann\xe2\x80\xae"
                       "bob"}) == "disabled \"ann<U+202E>bob\" and ended their sessions\n");
    database.refusal = "There is no user called \"\x1b]0;x\a\".";
    BOOST_TEST(type({"user", "enable", "x"}).err ==
               "pollster: There is no user called \"<U+001B>]0;x<U+0007>\".\n");
}

BOOST_AUTO_TEST_SUITE_END()
