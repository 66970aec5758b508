#include "fcgi_app/fastcgi/listening_socket.hpp"

#include "tests/fcgi_app/fastcgi/unix_sockets.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace fastcgi;
using namespace fastcgi::testing;
namespace fs = std::filesystem;

namespace {

std::string sentence(const socket_result<listening_socket>& r)
{
    return r.has_value() ? "" : r.error().sentence;
}

} // namespace

BOOST_AUTO_TEST_SUITE(listening_socket_)

BOOST_AUTO_TEST_CASE(a_unix_socket_listens_with_its_mode_and_is_removed_at_the_end)
{
    const directory dir;
    auto address = dir.at("s");
    address.mode = 0606;
    {
        const auto opened = open_listening_socket(address);
        BOOST_REQUIRE(opened.has_value());
        struct stat file{};
        BOOST_REQUIRE(stat(address.path.c_str(), &file) == 0);
        BOOST_TEST((file.st_mode & 07777) == 0606u);
        BOOST_TEST((fcntl(opened->fd(), F_GETFL) & O_NONBLOCK) != 0);
        BOOST_TEST((fcntl(opened->fd(), F_GETFD) & FD_CLOEXEC) != 0);
        BOOST_TEST(opened->name() == "unix:" + address.path);
        BOOST_TEST(can_connect(address.path));
    }
    BOOST_TEST(!fs::exists(address.path));
}

BOOST_AUTO_TEST_CASE(the_umask_of_the_process_is_as_before)
{
    const directory dir;
    const mode_t before = umask(027);
    const auto opened = open_listening_socket(dir.at("s"));
    BOOST_TEST(umask(before) == 027u);
}

BOOST_AUTO_TEST_CASE(a_path_on_which_a_server_lives_is_refused_and_left_alone)
{
    const directory dir;
    const auto living = open_listening_socket(dir.at("s"));
    BOOST_REQUIRE(living.has_value());
    BOOST_TEST(contains(sentence(open_listening_socket(dir.at("s"))),
                        "another server is already listening there"));
    BOOST_TEST(can_connect(dir.at("s").path));
}

BOOST_AUTO_TEST_CASE(a_server_with_a_full_backlog_is_alive)
{
    const directory dir;
    const auto path = dir.at("s").path;
    const int living = bind_and_listen(path);
    while (can_connect(path)) {
    }
    BOOST_TEST(contains(sentence(open_listening_socket(dir.at("s"))), "another server"));
    close(living);
}

BOOST_AUTO_TEST_CASE(a_dead_servers_socket_is_replaced)
{
    const directory dir;
    close(bind_and_listen(dir.at("s").path));
    BOOST_REQUIRE(fs::exists(dir.at("s").path));
    const auto opened = open_listening_socket(dir.at("s"));
    BOOST_TEST(opened.has_value());
    BOOST_TEST(can_connect(dir.at("s").path));
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_is_never_touched)
{
    const directory dir;
    std::ofstream(dir.at("s").path) << "precious";
    BOOST_TEST(contains(sentence(open_listening_socket(dir.at("s"))), "no socket"));
    BOOST_TEST(fs::file_size(dir.at("s").path) == 8u);

    fs::create_symlink(dir.path / "elsewhere", dir.path / "link");
    BOOST_TEST(contains(sentence(open_listening_socket(dir.at("link"))), "no socket"));
}

BOOST_AUTO_TEST_CASE(a_successors_socket_stays_when_the_first_server_ends)
{
    const directory dir;
    int successor = -1;
    {
        const auto first = open_listening_socket(dir.at("s"));
        BOOST_REQUIRE(first.has_value());
        fs::remove(dir.at("s").path);
        successor = bind_and_listen(dir.at("s").path);
    }
    BOOST_TEST(can_connect(dir.at("s").path));
    close(successor);
}

BOOST_AUTO_TEST_CASE(unknown_users_groups_and_directories_get_a_sentence)
{
    const directory dir;
    auto address = dir.at("s");
    address.owner = "nobody-of-that-name";
    BOOST_TEST(contains(sentence(open_listening_socket(address)),
                        "there is no user \"nobody-of-that-name\""));
    address.owner = "";
    address.group = "no-such-group";
    BOOST_TEST(
        contains(sentence(open_listening_socket(address)), "there is no group \"no-such-group\""));
    BOOST_TEST(
        contains(sentence(open_listening_socket(dir.at("absent/s"))), "No such file or directory"));
    BOOST_TEST(!fs::exists(dir.at("s").path));
}

BOOST_AUTO_TEST_CASE(tcp_listens_and_an_occupied_port_is_refused)
{
    const auto first = open_listening_socket(tcp_address{"127.0.0.1", "0"});
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST((fcntl(first->fd(), F_GETFL) & O_NONBLOCK) != 0);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    BOOST_REQUIRE(getsockname(first->fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    unsigned short port = 0;
    std::memcpy(&port, reinterpret_cast<const char*>(&address) + 2,
                sizeof port); // sin_port, in network order
    const std::string text = std::to_string(((port & 0xff) << 8) | (port >> 8));
    BOOST_TEST(contains(sentence(open_listening_socket(tcp_address{"127.0.0.1", text})),
                        "already listening there"));
}

BOOST_AUTO_TEST_SUITE_END()
