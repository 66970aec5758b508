// Where the listening socket comes from, and whether systemd accepts the shipped units.
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

void pings_and_polls(const stack& s)
{
    eventually("nginx reaches the application", [&] { return s.api("GET", "/").status == 200; });
    const auto r = s.api("POST", "/", poll_form(s.session_of("ann"), {{1, 0}}), form_header);
    BOOST_TEST(r.status == 200);
    BOOST_TEST(r.json().at("walls").at("1").at("posts").as_array().size() >= 3u);
}

int bind_and_listen(const fs::path& path)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(::listen(fd, 100) == 0);
    return fd;
}

} // namespace

BOOST_AUTO_TEST_SUITE(starting_)

BOOST_AUTO_TEST_CASE(through_systemds_socket_activation)
{
    stack s({.start = false});
    std::vector<std::string> command{"systemd-socket-activate", "-l", s.socket()};
    const auto pollster = s.pollster_command();
    command.insert(command.end(), pollster.begin(), pollster.end());
    s.adopt(
        std::make_unique<process>(command, process::options{s.folder() / "pollster.log", -1, {}}));
    eventually("systemd listens", [&] { return fs::exists(s.socket()); });
    pings_and_polls(s);
    s.pollster().signal(SIGTERM); // the same process by now
    BOOST_TEST(s.pollster().wait().value_or(-1) == 0);
    BOOST_TEST(fs::exists(s.socket())); // it is systemd's
}

BOOST_AUTO_TEST_CASE(with_the_socket_as_descriptor_0_as_spawn_fcgi_does)
{
    stack s({.start = false});
    const int fd = bind_and_listen(s.socket());
    s.adopt(std::make_unique<process>(s.pollster_command(),
                                      process::options{s.folder() / "pollster.log", fd, {}}));
    ::close(fd);
    pings_and_polls(s);
}

BOOST_AUTO_TEST_CASE(a_second_server_on_the_same_path_is_refused)
{
    const stack s;
    const auto second = run(s.pollster_command());
    BOOST_TEST(second.code == 1);
    BOOST_TEST(second.output.find("another server is already listening there") != std::string::npos,
               second.output);
    pings_and_polls(s);
}

BOOST_AUTO_TEST_CASE(the_socket_of_a_killed_server_is_replaced)
{
    stack s;
    s.pollster().signal(SIGKILL);
    BOOST_REQUIRE(s.pollster().wait().has_value());
    BOOST_TEST(fs::exists(s.socket()));
    s.start_pollster();
    pings_and_polls(s);
}

// The journal takes the priority off each line, and has time and level itself.
BOOST_AUTO_TEST_CASE(in_the_journal_each_line_has_its_priority)
{
    stack s({.start = false});
    const auto log = s.folder() / "pollster.log";
    std::ofstream(log) << "";
    struct stat it{};
    BOOST_REQUIRE(::stat(log.c_str(), &it) == 0);
    s.adopt(std::make_unique<process>(
        s.pollster_command(), process::options{log,
                                               -1,
                                               {"JOURNAL_STREAM=" + std::to_string(it.st_dev) +
                                                ":" + std::to_string(it.st_ino)}}));
    eventually("pollster listens", [&] { return accepts(s.socket()); });
    eventually("the line of an information has its priority",
               [&] { return s.log().find("<6>listening on unix:") != std::string::npos; });
    s.api("GET", "/");
    eventually("debug is another priority",
               [&] { return s.log().find("<7>request ") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(systemd_finds_nothing_wrong_with_the_units)
{
    // The program has to be where the unit says; nothing else is changed.
    const fs::path folder =
        fs::temp_directory_path() / ("pollster-units-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    const std::string installed = "/usr/bin/pollster";
    std::vector<std::string> verify{"systemd-analyze", "verify"};
    for (const std::string name : {"pollster", "pollster@"}) { // one server, and numbered ones
        auto unit = read_text(source_folder() / "systemd" / (name + ".service"));
        unit.replace(unit.find(installed), installed.size(), pollster_program().string());
        std::ofstream(folder / (name + ".service")) << unit;
        std::ofstream(folder / (name + ".socket"))
            << read_text(source_folder() / "systemd" / (name + ".socket"));
        verify.insert(verify.end(), {folder / (name + ".service"), folder / (name + ".socket")});
    }
    const auto verified = run(verify);
    BOOST_TEST(verified.code == 0);
    BOOST_TEST(verified.output.empty(), verified.output);

    // From version 253 on; before, it is a type that systemd does not know, and nothing else.
    fs::create_directories(folder / "pollster.service.d");
    fs::copy_file(source_folder() / "systemd" / "notify-reload.conf",
                  folder / "pollster.service.d" / "notify-reload.conf");
    const auto with_reload = run({"systemd-analyze", "verify", folder / "pollster.service"});
    BOOST_TEST(with_reload.code == 0);
    const bool unknown =
        with_reload.output.find("service type, ignoring: notify-reload") != std::string::npos;
    BOOST_TEST(std::count(with_reload.output.begin(), with_reload.output.end(), '\n') ==
                   (unknown ? 1 : 0),
               with_reload.output);
    fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
