// Bodies that are not what their length says, and peers that break the protocol below HTTP.
#include "fcgi_app/fastcgi/params.hpp"
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

using namespace e2e;

namespace {

stack& shared()
{
    static stack s{{.settings = {{"receive_timeout_seconds", "1"}}}};
    return s;
}

std::string record(char type, const std::string& content)
{
    const auto size = content.size();
    return std::string{
               1, type, 0, 1, static_cast<char>(size >> 8U), static_cast<char>(size & 0xffU),
               0, 0} +
           content;
}

// A request of role responder, not to be kept, with that CONTENT_LENGTH and that body.
std::string request(const std::string& content_length, const std::string& body)
{
    std::string params;
    fastcgi::append_param(params, "REQUEST_METHOD", "POST");
    fastcgi::append_param(params, "PATH_INFO", "/");
    fastcgi::append_param(params, "CONTENT_TYPE", "application/x-www-form-urlencoded");
    fastcgi::append_param(params, "CONTENT_LENGTH", content_length);
    return record(1, std::string{0, 1, 0, 0, 0, 0, 0, 0}) + record(4, params) + record(4, "") +
           record(5, body);
}

// Sends bytes to pollster itself and reads until it closes.
std::string answer_of_pollster(const std::string& bytes)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    shared().socket().string().copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval limit{tests::patience.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    BOOST_REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                  static_cast<ssize_t>(bytes.size()));
    std::string out;
    char chunk[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd, chunk, sizeof chunk, 0)) > 0) {
        out.append(chunk, static_cast<std::size_t>(got));
    }
    // ECONNRESET: it closed without reading what it did not understand.
    BOOST_TEST((got == 0 || errno == ECONNRESET), "pollster did not close the connection");
    ::close(fd);
    return out;
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(bodies_)

BOOST_AUTO_TEST_CASE(a_body_shorter_or_longer_than_its_length_is_refused)
{
    const std::string body = "session_id=x";
    for (const char* length : {"11", "13", "0", "-12", "12x", "99999999999999999999"}) {
        const auto answer = answer_of_pollster(request(length, body) + record(5, ""));
        BOOST_TEST(contains(answer, "Status: 400"), length << ": " << answer);
    }
    BOOST_TEST(contains(answer_of_pollster(request("12", body) + record(5, "")), "Invalid user!"));
}

BOOST_AUTO_TEST_CASE(a_request_that_never_ends_is_dropped)
{
    answer_of_pollster(request("12", "session"));
    answer_of_pollster("\1\1\0");
    BOOST_TEST(shared().api("GET", "/").status == 200);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_fastcgi_end_the_connection)
{
    answer_of_pollster("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    answer_of_pollster(std::string(100'000, '\xff'));
    BOOST_TEST(shared().api("GET", "/").status == 200);
}

BOOST_AUTO_TEST_CASE(a_browser_that_leaves_in_the_middle_of_its_body_harms_nobody)
{
    auto browser = shared().client();
    browser.send_raw("POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                     "application/x-www-form-urlencoded\r\n"
                     "Content-Length: 100\r\n\r\nsession_id=");
    browser.close();
    BOOST_TEST(shared().api("GET", "/").status == 200);
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_body_are_the_next_request)
{
    auto browser = shared().client();
    browser.send_raw(
        "POST /api/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\n"
        "Content-Length: 12\r\n\r\nsession_id=xGET /api/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    BOOST_TEST(browser.receive().body == R"({"errors":["Invalid user!"]})");
    BOOST_TEST(browser.receive().body == R"({"ack":"huzzah!"})");
}

BOOST_AUTO_TEST_SUITE_END()
