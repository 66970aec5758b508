#include "tests/e2e/fcgi_peer.hpp"
#include "tests/patience.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

namespace e2e {

using std::chrono::steady_clock;

fcgi_peer::fcgi_peer(const std::filesystem::path& socket)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect to " + socket.string());
    }
}

fcgi_peer::~fcgi_peer()
{
    ::close(fd_);
}

void fcgi_peer::send(const std::string& bytes)
{
    if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("the server does not take what is sent");
    }
}

std::size_t fcgi_peer::try_to_send(const std::string& bytes)
{
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

bool fcgi_peer::read_some(std::chrono::milliseconds limit)
{
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(limit.count())) != 1) {
        return false;
    }
    char chunk[65'536];
    const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) {
        closed_ = true;
        return false;
    }
    unread_.append(chunk, static_cast<std::size_t>(got));
    for (const auto& r : fastcgi_test::take_records(unread_)) {
        if (r.header.type == FCGI_STDOUT) {
            answers_[r.header.id] += r.content;
        } else if (r.header.type == FCGI_END_REQUEST) {
            ended_[r.header.id] = r.content.at(4);
        }
    }
    return true;
}

std::string fcgi_peer::answer_of(fastcgi::request_id id)
{
    const auto deadline = steady_clock::now() + tests::patience;
    while (!ended(id)) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0 || !read_some(left)) {
            throw std::runtime_error("no end of request " + std::to_string(id) + " after " +
                                     answers_[id]);
        }
    }
    return answers_[id];
}

std::string fcgi_peer::so_far(fastcgi::request_id id)
{
    read_some(std::chrono::milliseconds(10));
    return answers_[id];
}

bool fcgi_peer::closed_by_server()
{
    while (read_some(tests::patience)) {
    }
    return closed_;
}

fastcgi_test::pairs parameters(const std::string& method, const std::string& path,
                               const std::string& body, const std::string& content_type)
{
    return {{"REQUEST_METHOD", method},
            {"SCRIPT_NAME", "/api"},
            {"PATH_INFO", path},
            {"CONTENT_TYPE", content_type},
            {"CONTENT_LENGTH", std::to_string(body.size())}};
}

} // namespace e2e
