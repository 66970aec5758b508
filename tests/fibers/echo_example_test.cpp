// The example of fibers/README.md: the page shows the file that is built here, and it echoes.
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace {

std::string text_of(const std::string& path)
{
    std::ifstream in(path);
    BOOST_REQUIRE_MESSAGE(in.is_open(), path);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
}

sockaddr_in on_loopback(std::uint16_t port)
{
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

// A port that was free a moment ago.
std::uint16_t free_port()
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = on_loopback(0);
    socklen_t size = sizeof at;
    BOOST_REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0);
    BOOST_REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

struct echo_server {
    const std::uint16_t port = free_port();
    pid_t child = fork();

    echo_server()
    {
        BOOST_REQUIRE(child >= 0);
        if (child == 0) {
            const auto number = std::to_string(port);
            execl(ECHO_EXAMPLE, "echo_example", number.c_str(), nullptr);
            _exit(127);
        }
    }
    ~echo_server()
    {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    echo_server(const echo_server&) = delete;
    echo_server& operator=(const echo_server&) = delete;

    // Tries until it listens.
    int connect_to_it() const
    {
        const auto until = std::chrono::steady_clock::now() + tests::patience;
        const sockaddr_in at = on_loopback(port);
        do {
            const int fd = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
                return fd;
            }
            close(fd);
            std::this_thread::yield();
        } while (std::chrono::steady_clock::now() < until);
        return -1;
    }
};

std::string receive(int fd, std::size_t bytes)
{
    std::string got;
    std::array<char, 4096> buffer;
    while (got.size() < bytes) {
        pollfd ready{fd, POLLIN, 0};
        const ssize_t n =
            ::poll(&ready, 1, 20'000) == 1
                ? recv(fd, buffer.data(), std::min(buffer.size(), bytes - got.size()), 0)
                : -1;
        if (n <= 0) {
            break;
        }
        got.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(echo_example_)

BOOST_AUTO_TEST_CASE(the_readme_shows_the_file_that_is_built)
{
    const auto example = text_of("tests/fibers/echo_example.cpp");
    BOOST_TEST(text_of("fibers/README.md").find("```cpp\n" + example + "```\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_connection_hears_its_own_bytes)
{
    const echo_server server;
    std::array<int, 20> all;
    for (int& fd : all) {
        fd = server.connect_to_it();
        BOOST_REQUIRE(fd >= 0);
    }
    for (std::size_t i = 0; i < all.size(); ++i) { // the later ones while the first are open
        const std::string said = "connection " + std::to_string(i);
        BOOST_REQUIRE(send(all[i], said.data(), said.size(), MSG_NOSIGNAL) ==
                      static_cast<ssize_t>(said.size()));
        BOOST_TEST(receive(all[i], said.size()) == said);
    }
    for (const int fd : all) {
        close(fd);
    }
}

BOOST_AUTO_TEST_CASE(who_does_not_read_is_waited_for_and_loses_nothing)
{
    const echo_server server;
    const int fd = server.connect_to_it();
    BOOST_REQUIRE(fd >= 0);
    std::string said(8 << 20, ' '); // more than the kernel holds for both directions
    for (std::size_t i = 0; i < said.size(); ++i) {
        said[i] = static_cast<char>('a' + i % 23);
    }
    std::thread sending([&] {
        for (std::size_t sent = 0; sent < said.size();) {
            const ssize_t n = send(fd, said.data() + sent, said.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) {
                return;
            }
            sent += static_cast<std::size_t>(n);
        }
        shutdown(fd, SHUT_WR);
    });
    const int other = server.connect_to_it(); // is served meanwhile
    BOOST_TEST(send(other, "x", 1, MSG_NOSIGNAL) == 1);
    BOOST_TEST(receive(other, 1) == "x");
    close(other);
    BOOST_TEST((receive(fd, said.size()) == said));
    BOOST_TEST(receive(fd, 1).empty()); // closed after ours
    sending.join();
    close(fd);
}

BOOST_AUTO_TEST_SUITE_END()
