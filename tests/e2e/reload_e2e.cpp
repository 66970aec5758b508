// SIGHUP: what changes in a running server, what does not, and what systemd hears of it.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// pollster.conf as the stack wrote it, with more lines, or others.
class conf {
public:
    explicit conf(const stack& s)
        : path_(s.folder() / "pollster.conf")
        , before_(read_text(path_))
    {
    }
    void with(const std::string& lines) const { std::ofstream(path_) << before_ << lines; }
    void instead(const std::string& line, const std::string& other) const
    {
        auto text = before_;
        text.replace(text.find(line), line.size(), other);
        std::ofstream(path_) << text;
    }

private:
    fs::path path_;
    std::string before_;
};

// Returns when the server has said that it is done with it.
void reload(stack& s)
{
    const auto logged = s.log().size();
    s.pollster().signal(SIGHUP);
    eventually("the reload is logged", [&] {
        const auto log = s.log();
        return log.find("the settings were reloaded", logged) != std::string::npos ||
               log.find("the settings were not reloaded", logged) != std::string::npos;
    });
}

// Where sd_notify() sends to.
class notify_socket {
public:
    explicit notify_socket(const fs::path& path)
        : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        BOOST_REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                      0);
    }
    ~notify_socket() { ::close(fd_); }
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    // Everything so far, a message a line; the watchdog's are left out.
    const std::string& told()
    {
        char message[4096];
        for (;;) {
            const auto size = ::recv(fd_, message, sizeof message, 0);
            if (size < 0) {
                return told_;
            }
            const std::string one(message, static_cast<std::size_t>(size));
            if (one != "WATCHDOG=1") {
                told_ += one + '\n';
            }
        }
    }

private:
    int fd_;
    std::string told_;
};

void start_under_systemd(stack& s, const fs::path& socket)
{
    s.adopt(std::make_unique<process>(
        s.pollster_command(),
        process::options{s.folder() / "pollster.log", -1, {"NOTIFY_SOCKET=" + socket.string()}}));
    eventually("pollster listens", [&] { return accepts(s.socket()); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(reload_)

BOOST_AUTO_TEST_CASE(limits_level_and_origins_change_and_the_parked_stay)
{
    chat s;
    const conf settings(s);
    http_client parked = s.client();
    parked.send("POST", "/api/", poll_form(ann, {{1, 0}}), form_header);
    s.until_parked(1);
    BOOST_TEST(
        s.send(with({}, "Origin", "https://shop.example")).header("Access-Control-Allow-Origin") ==
        "");

    settings.with("max_parked = 1\ncors_origins = https://shop.example\nmax_body_bytes = 2000\n");
    reload(s);
    BOOST_TEST(contains(s.log(),
                        "the settings were reloaded: cors_origins is https://shop.example, "
                        "was none; max_body_bytes is 2000, was 524288; max_parked is 1, "
                        "was 1200000"),
               s.log());
    BOOST_TEST(s.send(poll_call(bob, R"({"1":0})")).status == 503);
    BOOST_TEST(s.send(post_json(std::string(3000, ' '))).status == 413);
    BOOST_TEST(
        s.send(with({}, "Origin", "https://shop.example")).header("Access-Control-Allow-Origin") ==
        "https://shop.example");
    BOOST_TEST(!parked.something_arrived());

    settings.with("");
    reload(s);
    BOOST_TEST(contains(s.log(), "max_parked is 1200000, was 1"), s.log());
    BOOST_TEST(s.send(post_json(std::string(3000, ' '))).status == 400);
    s.send(say_call(bob, 1, "after two reloads"));
    BOOST_TEST(entries_of(parked.receive()) == "1:1");
}

BOOST_AUTO_TEST_CASE(the_log_level_changes)
{
    chat s;
    const conf settings(s);
    settings.instead("log_level = debug", "log_level = info");
    reload(s);
    const auto quiet = s.log().size();
    s.send({});
    settings.with("");
    reload(s);
    s.send({"GET", "/walls", {}, {}});
    eventually("debug lines are back",
               [&] { return s.log().find("GET /walls -> 401", quiet) != std::string::npos; });
    BOOST_TEST(s.log().find("GET / -> 200", quiet) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_bad_file_is_refused_whole)
{
    chat s;
    const conf settings(s);
    settings.with("max_body_bytes = 2000\npoll_second = 7\nmax_parked = many\n");
    reload(s);
    BOOST_TEST(contains(s.log(), "the settings were not reloaded, those before stay: "), s.log());
    BOOST_TEST(contains(s.log(), "did you mean \"poll_seconds\"?"), s.log());
    BOOST_TEST(contains(s.log(), "max_parked: a whole number from 1 to 100000000 is expected"),
               s.log());
    BOOST_TEST(s.send(post_json(std::string(3000, ' '))).status == 400); // not 413

    settings.with("log_file = /no/such/folder/log\nmax_body_bytes = 2000\n");
    reload(s);
    BOOST_TEST(contains(s.log(), "those before stay: log_file: /no/such/folder/log: No such file"),
               s.log());
    BOOST_TEST(s.send(post_json(std::string(3000, ' '))).status == 400);
}

BOOST_AUTO_TEST_CASE(what_needs_a_restart_is_named_without_its_value)
{
    chat s;
    const conf settings(s);
    const auto line = "database = " + s.conninfo();
    settings.instead(line, line + " password=very-secret\nnotify = off");
    reload(s);
    BOOST_TEST(contains(s.log(), "these settings change with a restart only: database, notify"),
               s.log());
    BOOST_TEST(!contains(s.log(), "very-secret"));
    BOOST_TEST(s.send(signed_by(ann, {"GET", "/walls", {}, {}})).status == 200);
}

BOOST_AUTO_TEST_CASE(the_log_file_is_opened_anew)
{
    const auto file = fs::temp_directory_path() / ("pollster-reload-" + std::to_string(::getpid()));
    chat s(settings{{"log_file", file.string()}});
    eventually("it writes there", [&] { return contains(read_text(file), "listening on"); });
    const fs::path rotated = file.string() + ".1";
    fs::rename(file, rotated);
    s.pollster().signal(SIGHUP);
    eventually("it writes into a new one",
               [&] { return contains(read_text(file), "the settings were reloaded"); });
    BOOST_TEST(!contains(read_text(file), "listening on"));
    fs::remove(file);
    fs::remove(rotated);
}

BOOST_AUTO_TEST_CASE(systemd_hears_of_the_start_of_reloads_of_polls_and_of_the_end)
{
    stack s({.start = false});
    notify_socket systemd(s.folder() / "notify");
    start_under_systemd(s, s.folder() / "notify");
    eventually("it is ready", [&] {
        return contains(systemd.told(), "READY=1\n") &&
               contains(systemd.told(),
                        "STATUS=polls and streams parked: 0; the database answers\n");
    });
    http_client parked = s.client();
    parked.send("POST", "/api/", poll_form(s.session_of("cleo"), {{1, 3}}), form_header);
    eventually("a parked poll is told",
               [&] { return contains(systemd.told(), "STATUS=polls and streams parked: 1; "); });

    const auto before = systemd.told().size();
    reload(s);
    eventually("the reload is over",
               [&] { return systemd.told().find("READY=1\n", before) != std::string::npos; });
    const auto reloading = systemd.told().find("RELOADING=1\nMONOTONIC_USEC=", before);
    BOOST_TEST(reloading != std::string::npos);
    BOOST_TEST(reloading < systemd.told().find("READY=1\n", before));

    conf(s).with("max_parked = many\n");
    reload(s);
    eventually("the refused settings are told",
               [&] { return contains(systemd.told(), "; the settings were not reloaded: "); });
    s.pollster().signal(SIGTERM);
    BOOST_TEST(s.pollster().wait().value_or(-1) == 0);
    BOOST_TEST(contains(systemd.told(), "STOPPING=1\n"));
}

BOOST_AUTO_TEST_CASE(systemd_hears_what_is_wrong_with_the_database)
{
    stack s({.settings = {{"database", private_postgres::shared().conninfo("nobody_made_it")}},
             .demo = false,
             .start = false});
    notify_socket systemd(s.folder() / "notify");
    start_under_systemd(s, s.folder() / "notify");
    eventually("the state is told", [&] {
        return contains(systemd.told(),
                        "STATUS=polls and streams parked: 0; the database has to be mended: "
                        "PostgreSQL has no such database: `pollster setup` makes it");
    });
    BOOST_TEST(contains(systemd.told(), "READY=1\n")); // it serves, if only 503
}

// Before and after each other, while a poll is parked and others come.
BOOST_AUTO_TEST_CASE(many_reloads_cost_nobody_a_request)
{
    chat s;
    http_client parked = s.client();
    parked.send("POST", "/api/", poll_form(ann, {{1, 0}}), form_header);
    s.until_parked(1);
    for (int i = 0; i < 50; ++i) {
        s.pollster().signal(SIGHUP);
        BOOST_TEST(s.send({}).status == 200);
    }
    s.send(say_call(bob, 1, "still here"));
    BOOST_TEST(entries_of(parked.receive()) == "1:1");
}

BOOST_AUTO_TEST_SUITE_END()
