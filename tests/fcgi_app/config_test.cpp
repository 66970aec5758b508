#include "fcgi_app/config/load.hpp"
#include "fcgi_app/config/options.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace pollster;

namespace {

// A pollster.conf that is gone after the test.
class conf_file {
public:
    explicit conf_file(const std::string& content)
        : path_(std::filesystem::temp_directory_path() /
                ("pollster-config-test-" + std::to_string(getpid()) + ".conf"))
    {
        std::ofstream(path_) << content;
    }
    ~conf_file() { std::filesystem::remove(path_); }
    conf_file(const conf_file&) = delete;
    conf_file& operator=(const conf_file&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

struct given {
    std::string file;
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> arguments;
};

loaded load_given(given g)
{
    const conf_file file(g.file);
    g.arguments.insert(g.arguments.begin(), "--config=" + file.path());
    auto out = load({std::move(g.arguments), std::move(g.environment), {}});
    for (auto& error : out.errors) {
        if (error.starts_with(file.path())) {
            error.replace(0, file.path().size(), "conf");
        }
    }
    return out;
}

std::string first_error(const given& g)
{
    const auto out = load_given(g);
    BOOST_TEST(out.errors.size() == 1u);
    return out.errors.empty() ? "" : out.errors.front();
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_)

BOOST_AUTO_TEST_CASE(nothing_given_leaves_the_defaults)
{
    const auto out = load_given({});
    BOOST_TEST(out.errors.empty());
    BOOST_TEST(out.settings.routes.poll_time.count() == 60'000);
    BOOST_TEST(out.settings.walls.max_parked == 1'200'000u);
    BOOST_TEST(out.settings.database.notify);
    BOOST_TEST(out.settings.listen.empty());
}

BOOST_AUTO_TEST_CASE(command_line_beats_environment_beats_file_beats_default)
{
    const std::string file = "poll_seconds = 10\nlook_ms = 100\nrefresh_ms = 200\n";
    const auto out = load_given({file,
                                 {{"POLLSTER_POLL_SECONDS", "20"}, {"POLLSTER_LOOK_MS", "101"}},
                                 {"--poll-seconds", "30"}});
    BOOST_TEST(out.errors.empty());
    BOOST_TEST(out.settings.routes.poll_time.count() == 30'000);
    BOOST_TEST(out.settings.walls.look.count() == 101);
    BOOST_TEST(out.settings.walls.refresh.period.count() == 200);
    BOOST_TEST(out.settings.walls.refresh.page.entries == 100u);
}

BOOST_AUTO_TEST_CASE(each_place_understands_every_kind_of_value)
{
    const auto out = load_given({"# a comment\n\n"
                                 "listen = unix:/tmp/a.sock,mode=0600   # the first\n"
                                 "listen = 127.0.0.1:9000\n"
                                 "database = host=/tmp password=a#b dbname=x\n"
                                 "notify = off\n"
                                 "cors_origins = https://a.example, http://b.example:8080\n"
                                 "secure_cookies=on\r\n",
                                 {},
                                 {"--log_level=debug"}});
    BOOST_TEST(out.errors.empty());
    BOOST_REQUIRE(out.settings.listen.size() == 2u);
    BOOST_TEST(to_string(out.settings.listen[0]) == "unix:/tmp/a.sock");
    BOOST_TEST(to_string(out.settings.listen[1]) == "127.0.0.1:9000");
    BOOST_TEST(out.settings.database.database == "host=/tmp password=a#b dbname=x");
    BOOST_TEST(!out.settings.database.notify);
    BOOST_TEST(out.settings.cors_origins.size() == 2u);
    BOOST_TEST((out.settings.routes.secure_cookie == routes::settings::cookies::secure));
    BOOST_TEST(out.settings.log.level == "debug");
}

BOOST_AUTO_TEST_CASE(addresses_of_a_stronger_place_replace_those_of_a_weaker_one)
{
    const auto out = load_given(
        {"listen = 127.0.0.1:1\n", {{"POLLSTER_LISTEN", "127.0.0.1:2 127.0.0.1:3"}}, {}});
    BOOST_TEST(out.errors.empty());
    BOOST_REQUIRE(out.settings.listen.size() == 2u);
    BOOST_TEST(to_string(out.settings.listen[1]) == "127.0.0.1:3");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_with_its_line_and_a_hint)
{
    BOOST_TEST(first_error({"\npol_seconds = 5\n", {}, {}}) ==
               "conf:2: there is no option \"pol_seconds\"; did you mean \"poll_seconds\"?");
    BOOST_TEST(first_error({"[server]\n", {}, {}}) == "conf:1: a setting is written name = value");
}

// Each of these may be good alone, and stand in a place of its own.
BOOST_AUTO_TEST_CASE(a_cookie_that_no_browser_would_keep_is_refused_in_one_line)
{
    BOOST_TEST(contains(first_error({"cookie_name = a b", {}, {}}),
                        "conf:1: cookie_name: a cookie's name consists of"));
    BOOST_TEST(contains(first_error({"cookie_path = chat", {}, {}}),
                        "conf:1: cookie_path: a cookie's path begins with a slash"));
    BOOST_TEST(first_error({"cookie_name = __Host-chat\ncookie_path = /chat/", {}, {}}) ==
               "cookie_path: browsers refuse a cookie __Host-chat with the path /chat/: a name "
               "that begins with __Host- needs the path /");
    BOOST_TEST(contains(
        first_error({"secure_cookies = off", {{"POLLSTER_COOKIE_NAME", "__secure-chat"}}, {}}),
        "secure_cookies: browsers refuse a cookie __secure-chat that is not Secure"));
    BOOST_TEST(contains(first_error({"mount = /chat/api", {}, {"--cookie-path=/chats"}}),
                        "cookie_path: browsers would not send a cookie for /chats to /chat/api"));
    const conf_file file("secure_cookies = off\ncookie_name = __Host-chat\n");
    BOOST_TEST(load_file(file.path()).errors.size() == 1u); // check-config FILE
    const auto good = load_given({"cookie_name = __Host-chat\nmount = /chat/api\n", {}, {}});
    BOOST_TEST(good.errors.empty());
    BOOST_TEST(good.settings.routes.cookie_name == "__Host-chat");
}

BOOST_AUTO_TEST_CASE(an_impossible_value_is_refused_with_its_line)
{
    for (const char* value : {"0", "3601", "-1", "5s", "", "1e3", "99999999999999999999"}) {
        BOOST_TEST(first_error({"# c\n# c\npoll_seconds = " + std::string(value), {}, {}}) ==
                   "conf:3: poll_seconds: a whole number from 1 to 3600 is expected, not \"" +
                       std::string(value) + "\"");
    }
    BOOST_TEST(contains(first_error({"notify = maybe", {}, {}}), "conf:1: notify: on or off"));
    BOOST_TEST(contains(first_error({"log_level = loud", {}, {}}), "conf:1: log_level: trace"));
    BOOST_TEST(contains(first_error({"cors_origins = https://a.example/", {}, {}}),
                        "conf:1: cors_origins: an origin is"));
    BOOST_TEST(
        contains(first_error({"cors_origins = *, https://a.example", {}, {}}), "* stands alone"));
    BOOST_TEST(first_error({"mount = chat/api", {}, {}}) ==
               "conf:1: mount: a mount begins with a slash, as /chat/api does, not \"chat/api\"");
    BOOST_TEST(contains(first_error({"", {{"POLLSTER_MOUNT", "/api/"}}, {}}),
                        "environment: POLLSTER_MOUNT: a mount ends without a slash"));
    BOOST_TEST(contains(first_error({"", {}, {"--mount=/chat/../api"}}),
                        "--mount: between the slashes of a mount is a name"));
    BOOST_TEST(contains(first_error({"listen = unix:relative", {}, {}}),
                        "conf:1: listen: the path of a socket is absolute"));
}

BOOST_AUTO_TEST_CASE(quotes_around_a_value_are_refused)
{
    BOOST_TEST(first_error({"log_file = \"/var/log/pollster.log\"\n", {}, {}}) ==
               "conf:1: log_file: a value is written without quotes around it");
    BOOST_TEST(first_error({"database = 'dbname=x'\n", {}, {}}) ==
               "conf:1: database: a value is written without quotes around it");
    const auto inside = load_given({"database = password='a b' dbname='x'\n", {}, {}});
    BOOST_TEST(inside.errors.empty());
}

BOOST_AUTO_TEST_CASE(a_connection_string_is_refused_where_libpq_would_refuse_it)
{
    const std::string cannot = "conf:1: database: cannot read the connection string: ";
    BOOST_TEST(first_error({"database = hostt=/run/postgresql\n", {}, {}}) ==
               cannot + "invalid connection option \"hostt\"");
    BOOST_TEST(first_error({"\ndatabase_read = postgresql:///x?hosst=a\n", {}, {}}) ==
               "conf:2: database_read: cannot read the connection string: invalid URI query "
               "parameter: \"hosst\"");
    BOOST_TEST(
        first_error({"", {}, {"--database", "dbname"}}).starts_with("--database: cannot read"));
    // What libpq says of these repeats a piece of the password.
    for (const char* value : {"password=open sesame", "postgresql://ann:%sesame@host/x",
                              "password='sesame", "postgresql://ann:a@[sesame"}) {
        const auto error = first_error({std::string("database = ") + value + "\n", {}, {}});
        BOOST_TEST(error.starts_with(cannot), error);
        BOOST_TEST(error.find("sesame") == std::string::npos, error);
    }
}

BOOST_AUTO_TEST_CASE(all_errors_of_a_file_are_reported_at_once)
{
    const auto out = load_given({"bad\nlook_ms = 1\nrefresh_ms = 100\nrefresh_ms = 100\n", {}, {}});
    BOOST_TEST(out.errors.size() == 3u);
    BOOST_TEST(contains(out.errors.back(), "conf:4: refresh_ms stands already in line 3"));
}

BOOST_AUTO_TEST_CASE(mistakes_in_environment_and_arguments_name_their_place)
{
    BOOST_TEST(contains(first_error({"", {{"POLLSTER_POLL_SECOND", "1"}}, {}}),
                        "no option for POLLSTER_POLL_SECOND"));
    BOOST_TEST(contains(first_error({"", {{"POLLSTER_NOTIFY", "1"}}, {}}),
                        "environment: POLLSTER_NOTIFY: on or off"));
    BOOST_TEST(contains(first_error({"", {}, {"--notfy=on"}}), "did you mean --notify?"));
    BOOST_TEST(contains(first_error({"", {}, {"-token"}}), "put -- before a name or session"));
    BOOST_TEST(contains(first_error({"", {}, {"--look-ms", "0"}}), "--look-ms: a whole number"));
    BOOST_TEST(contains(first_error({"", {}, {"--look-ms=20", "--look-ms=30"}}),
                        "--look-ms is given more than once"));
    BOOST_TEST(contains(first_error({"", {}, {"--look-ms"}}), "look-ms"));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_one_clear_line)
{
    const auto absent = load({{"--config=/nonexistent/pollster.conf"}, {}, {}});
    BOOST_REQUIRE(absent.errors.size() == 1u);
    BOOST_TEST(absent.errors[0] ==
               "/nonexistent/pollster.conf: cannot be read: No such file or directory");
    const auto directory = load({{}, {{"POLLSTER_CONFIG", "/"}}, {}});
    BOOST_REQUIRE(directory.errors.size() == 1u);
    BOOST_TEST(directory.errors[0] == "/: cannot be read: it is a directory");
}

BOOST_AUTO_TEST_CASE(words_and_the_options_of_a_command_are_kept_apart_from_settings)
{
    sources from{{"session", "create", "--count", "3", "ann", "--notify=off"}, {}, {}};
    from.command_options.add_options()("count", boost::program_options::value<int>());
    const auto out = load(from);
    BOOST_TEST(out.errors.empty());
    const std::vector<std::string> words{"session", "create", "ann"};
    BOOST_TEST(out.words == words, boost::test_tools::per_element());
    BOOST_TEST(out.command["count"].as<int>() == 3);
    BOOST_TEST(!out.settings.database.notify);
}

BOOST_AUTO_TEST_CASE(what_follows_from_other_options_is_derived)
{
    const auto out = load_given({"poll_seconds = 12\nwall_bytes = 500000\nanswer_bytes = 200000\n"
                                 "page_entries = 7\nhistory_bytes = 5000\nsession_days = 2\n"
                                 "max_answer_bytes = 8000000\n",
                                 {},
                                 {}});
    const config& c = out.settings;
    BOOST_TEST(out.errors.empty());
    BOOST_TEST(c.routes.poll_spread.count() == 1000); // a twelfth
    BOOST_TEST(c.walls.backlog.wall_bytes == 200'000u);
    BOOST_TEST(c.walls.backlog.kept_bytes == 1'000'000u);
    BOOST_TEST(c.walls.refresh.page.entries == 7u);
    BOOST_TEST(c.walls.refresh.page.wall_bytes == 200'000u);
    BOOST_TEST(c.walls.refresh.page.bytes == 200'000u);
    BOOST_TEST(c.database.page_bytes == 5'000u);
    BOOST_TEST(c.routes.page_bytes == 5'000u);
    BOOST_TEST(c.database.session_lifetime.count() == 2 * 86'400);
    BOOST_TEST(c.routes.session_lifetime.count() == 2 * 86'400);
    BOOST_TEST(c.routes.rates.user_posts_per_second == 20u);
    BOOST_TEST(c.walls.max_parked_per_user == 1'000u);

    const auto long_polls = load_given({"poll_seconds = 3600", {}, {}}).settings;
    BOOST_TEST(long_polls.routes.poll_spread.count() == 5'000); // at most
}

BOOST_AUTO_TEST_CASE(without_rate_limits_there_is_none)
{
    const auto c = load_given({"rate_limits = off\nuser_posts_per_second = 5\n", {}, {}}).settings;
    const auto& r = c.routes.rates;
    for (const auto limit :
         {r.user_polls_per_second, r.address_polls_per_second, r.user_posts_per_second,
          r.address_posts_per_second, r.user_reads_per_second, r.address_reads_per_second,
          r.address_sign_ins_per_minute, r.address_refusals_per_second, r.max_parked_per_address,
          c.walls.max_parked_per_user}) {
        BOOST_TEST(limit == 0u);
    }
    BOOST_TEST(r.sign_in_longest_delay.count() == 0);
    BOOST_TEST(c.walls.max_parked_guests == c.walls.max_parked);
}

// Else a part that is used without the option table would work with other values.
BOOST_AUTO_TEST_CASE(the_defaults_of_the_parts_fit_together)
{
    const config before;
    config c;
    derive(c);
    BOOST_TEST(c.routes.poll_spread.count() == before.routes.poll_spread.count());
    BOOST_TEST(c.routes.page_bytes == before.routes.page_bytes);
    BOOST_TEST(c.routes.session_lifetime.count() == before.routes.session_lifetime.count());
    BOOST_TEST(c.walls.backlog.wall_bytes == before.walls.backlog.wall_bytes);
    BOOST_TEST(c.walls.backlog.kept_bytes == before.walls.backlog.kept_bytes);
    BOOST_TEST(c.walls.refresh.page.entries == before.walls.refresh.page.entries);
    BOOST_TEST(c.walls.refresh.page.wall_bytes == before.walls.refresh.page.wall_bytes);
    BOOST_TEST(c.walls.refresh.page.bytes == before.walls.refresh.page.bytes);
}

BOOST_AUTO_TEST_SUITE_END()
