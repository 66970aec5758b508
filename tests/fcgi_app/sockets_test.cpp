// Where the listening sockets come from; what one is: tests/fcgi_app/fastcgi/listening_socket_test.
#include "fcgi_app/sockets.hpp"

#include "fcgi_app/fastcgi/newcomers.hpp"
#include "tests/fcgi_app/fastcgi/unix_sockets.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pollster;
using namespace fastcgi::testing;
namespace fs = std::filesystem;

namespace {

const fastcgi::tcp_address nowhere{"192.0.2.1", "1"}; // cannot be opened here

// Runs `body` in a process of its own, for what changes descriptor 0 or the environment; true if it
// returned true.
template <class Body>
bool in_child(Body body)
{
    const pid_t child = fork();
    if (child == 0) {
        _exit(body() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sockets_)

BOOST_AUTO_TEST_CASE(a_listening_descriptor_0_is_taken_over)
{
    const directory dir;
    const auto path = dir.at("s").path;
    const int fd = bind_and_listen(path);
    BOOST_TEST(in_child([&] {
        dup2(fd, STDIN_FILENO);
        const auto opened = open_listening_sockets({dir.at("unused")}, dir.at("other"));
        return opened.has_value() && opened->sockets.size() == 1 && opened->sockets[0].fd() > 2 &&
               opened->warnings.size() == 1 && can_connect(path) &&
               !fs::exists(dir.at("unused").path);
    }));
    BOOST_TEST(fs::exists(path)); // whoever made it removes it
    close(fd);
}

BOOST_AUTO_TEST_CASE(several_sockets_of_systemd_are_taken_over)
{
    const directory dir;
    const int first = bind_and_listen(dir.at("a").path);
    const int second = bind_and_listen(dir.at("b").path);
    BOOST_TEST(in_child([&] {
        const int high_first = fcntl(first, F_DUPFD, 100);
        const int high_second = fcntl(second, F_DUPFD, 100);
        dup2(high_first, 3);
        dup2(high_second, 4);
        setenv("LISTEN_FDS", "2", 1);
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
        const auto opened = open_listening_sockets({}, nowhere);
        return opened.has_value() && opened->sockets.size() == 2 && opened->sockets[1].fd() == 4 &&
               (fcntl(3, F_GETFL) & O_NONBLOCK) != 0 && getenv("LISTEN_FDS") == nullptr;
    }));
    close(first);
    close(second);
}

BOOST_AUTO_TEST_CASE(a_socket_of_an_instance_says_that_there_are_several_processes)
{
    const directory dir;
    const int fd = bind_and_listen(dir.at("s").path);
    const auto one_of_several = [fd](const char* names) {
        return in_child([&] {
            dup2(fd, 3);
            setenv("LISTEN_FDS", "1", 1);
            setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
            if (names != nullptr) {
                setenv("LISTEN_FDNAMES", names, 1);
            }
            const auto opened = open_listening_sockets({}, nowhere);
            return opened.has_value() && opened->sockets[0].handed_over() && opened->one_of_several;
        });
    };
    BOOST_TEST(one_of_several("pollster@2.socket"));
    BOOST_TEST(!one_of_several("pollster.socket"));
    BOOST_TEST(!one_of_several(nullptr));
    close(fd);
}

BOOST_AUTO_TEST_CASE(a_socket_to_which_a_process_before_let_nobody_in_is_open_again)
{
    const directory dir;
    const auto path = dir.at("s").path;
    const int fd = bind_and_listen(path);
    BOOST_TEST(fastcgi::refuse_newcomers(fd));
    BOOST_TEST(!can_connect(path));
    BOOST_TEST(in_child([&] {
        dup2(fd, 3);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
        return open_listening_sockets({}, nowhere).has_value() && can_connect(path);
    }));
    close(fd);
}

BOOST_AUTO_TEST_CASE(a_descriptor_of_systemd_that_does_not_listen_is_refused)
{
    BOOST_TEST(in_child([] {
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 3);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
        const auto opened = open_listening_sockets({}, nowhere);
        return !opened.has_value() &&
               contains(opened.error().sentence, "no listening stream socket");
    }));
}

BOOST_AUTO_TEST_CASE(without_any_the_other_address_is_opened_and_with_one_it_is_not)
{
    const directory dir;
    const auto opened = open_listening_sockets({}, dir.at("other"));
    BOOST_REQUIRE(opened.has_value());
    BOOST_TEST(opened->sockets.size() == 1u);
    BOOST_TEST(can_connect(dir.at("other").path));
    const auto configured = open_listening_sockets({dir.at("configured")}, nowhere);
    BOOST_REQUIRE(configured.has_value());
    BOOST_TEST(can_connect(dir.at("configured").path));
}

BOOST_AUTO_TEST_CASE(one_bad_address_of_several_opens_none)
{
    const directory dir;
    const auto opened =
        open_listening_sockets({dir.at("good"), dir.at("absent/s")}, dir.at("other"));
    BOOST_TEST(!opened.has_value());
    BOOST_TEST(!fs::exists(dir.at("good").path));
}

BOOST_AUTO_TEST_SUITE_END()
