// The example of fcgi_app/fastcgi/README.md: it is the file that is built here, and it serves.
#include "tests/e2e/fcgi_peer.hpp"
#include "tests/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

using e2e::fcgi_peer;
using fastcgi_test::conversation;

namespace {

std::string text_of(const std::string& path)
{
    std::ifstream in(path);
    BOOST_REQUIRE_MESSAGE(in.is_open(), path);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
}

struct example {
    std::filesystem::path directory;
    pid_t child = -1;

    example()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "fastcgi-example-XXXXXX";
        directory = mkdtemp(pattern.data());
        child = fork();
        BOOST_REQUIRE(child >= 0);
        if (child == 0) {
            execl(WAITING_EXAMPLE, "waiting_example", socket().c_str(), nullptr);
            _exit(127);
        }
    }
    ~example()
    {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        std::filesystem::remove_all(directory);
    }
    example(const example&) = delete;
    example& operator=(const example&) = delete;

    std::string socket() const { return directory / "s"; }

    // Tries until it listens.
    std::unique_ptr<fcgi_peer> connect() const
    {
        const auto last = std::chrono::steady_clock::now() + tests::patience;
        for (;;) {
            try {
                return std::make_unique<fcgi_peer>(socket());
            } catch (const std::runtime_error&) {
                if (std::chrono::steady_clock::now() > last) {
                    throw;
                }
                std::this_thread::yield();
            }
        }
    }
};

conversation asking(fastcgi::request_id id, const std::string& path)
{
    return conversation().request(id, e2e::parameters("GET", path));
}

const std::string head = "Content-Type: text/plain\r\n\r\n";

} // namespace

BOOST_AUTO_TEST_SUITE(waiting_example_)

BOOST_AUTO_TEST_CASE(the_readme_shows_the_file_that_is_built)
{
    const auto file = text_of("tests/fcgi_app/fastcgi/waiting_example.cpp");
    BOOST_TEST(text_of("fcgi_app/fastcgi/README.md").find("```cpp\n" + file + "```\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(requests_of_one_connection_and_of_another_wait_until_somebody_comes)
{
    const example server;
    const auto one = server.connect();
    const auto other = server.connect();
    one->send(asking(1, "/wait"));
    one->send(asking(2, "/wait"));
    other->send(asking(1, "/wait"));
    while (one->so_far(1) != head + "You wait.\n" || one->so_far(2) != head + "You wait.\n" ||
           other->so_far(1) != head + "You wait.\n") {
    }
    BOOST_TEST(!one->ended(1));
    one->send(asking(3, "/"));
    BOOST_TEST(one->answer_of(3) == head + "3 waited.\n");
    BOOST_TEST(one->answer_of(1) == head + "You wait.\nSomebody came.\n");
    BOOST_TEST(one->answer_of(2) == head + "You wait.\nSomebody came.\n");
    BOOST_TEST(other->answer_of(1) == head + "You wait.\nSomebody came.\n");
}

BOOST_AUTO_TEST_CASE(a_client_that_others_wrote_is_answered)
{
    const example server;
    server.connect(); // it listens
    const std::string command = "REQUEST_METHOD=GET PATH_INFO=/ cgi-fcgi -bind -connect '" +
                                server.socket() + "' < /dev/null";
    std::FILE* const client = popen(command.c_str(), "r");
    BOOST_REQUIRE(client != nullptr);
    std::string said;
    for (int c = std::fgetc(client); c != EOF; c = std::fgetc(client)) {
        said += static_cast<char>(c);
    }
    BOOST_TEST(pclose(client) == 0);
    BOOST_TEST(said == head + "0 waited.\n");
}

BOOST_AUTO_TEST_CASE(who_leaves_waits_no_more)
{
    const example server;
    const auto stays = server.connect();
    auto leaves = server.connect();
    leaves->send(asking(1, "/wait"));
    while (leaves->so_far(1) != head + "You wait.\n") {
    }
    stays->send(asking(1, "/wait").abort(1));
    BOOST_TEST(stays->answer_of(1) == head + "You wait.\nSomebody came.\n");
    leaves.reset();
    // The first to ask after the server has seen it finds nobody; until then there was one.
    std::string found;
    for (fastcgi::request_id id = 2; found != head + "0 waited.\n"; ++id) {
        stays->send(asking(id, "/"));
        found = stays->answer_of(id);
        BOOST_REQUIRE((found == head + "0 waited.\n" || found == head + "1 waited.\n"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
