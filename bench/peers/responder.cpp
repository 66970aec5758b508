#include "bench/peers/responder.hpp"

#include "bench/descriptors.hpp"

#include <fastcgi.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace peers {

namespace {

void append_record(std::string& out, unsigned char type, std::string_view content)
{
    const auto size = static_cast<unsigned>(content.size());
    const char head[8] = {
        1, static_cast<char>(type), 0, 1, static_cast<char>(size >> 8U), static_cast<char>(size), 0,
        0};
    out.append(head, sizeof head).append(content);
}

std::size_t take_length(std::string_view& bytes)
{
    std::size_t n = static_cast<unsigned char>(bytes[0]);
    const std::size_t size = n < 128 ? 1 : 4;
    if (size == 4) {
        n = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            n = n << 8U | static_cast<unsigned char>(bytes[i]);
        }
        n &= 0x7fffffffU;
    }
    bytes.remove_prefix(size);
    return n;
}

void read_params(request& r, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto name_length = take_length(bytes);
        const auto value_length = take_length(bytes);
        const auto name = bytes.substr(0, name_length);
        const auto value = bytes.substr(name_length, value_length);
        if (name == "REQUEST_METHOD") {
            r.method = value;
        } else if (name == "PATH_INFO") {
            r.path = value;
        } else if (name == "QUERY_STRING") {
            r.query = value;
        }
        bytes.remove_prefix(name_length + value_length);
    }
}

} // namespace

void append_out(std::string& records, std::string_view content)
{
    append_record(records, FCGI_STDOUT, content);
}

void append_end(std::string& records)
{
    append_record(records, FCGI_STDOUT, {});
    append_record(records, FCGI_END_REQUEST, std::string(8, '\0'));
}

connection::~connection()
{
    close(fd_);
}

void connection::send(std::string_view bytes)
{
    if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size())) {
        shutdown(fd_, SHUT_RDWR); // the loop hears of it
    }
}

void connection::on_event(std::uint32_t /*events*/)
{
    char buffer[16'384];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n > 0) {
        in_.append(buffer, static_cast<std::size_t>(n));
        read_request();
    } else if (n == 0 || errno != EAGAIN) {
        owner_.app_->on_gone(*this);
        delete this;
    }
}

// A request ends with the empty STDIN record; nginx sends nothing behind it before the answer.
void connection::read_request()
{
    std::string_view rest = in_;
    request r;
    while (rest.size() >= 8) {
        const auto byte = [&rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
        const std::size_t length = byte(4) * 256U + byte(5);
        const std::size_t whole = 8 + length + byte(6);
        if (rest.size() < whole) {
            return;
        }
        const auto content = rest.substr(8, length);
        if (byte(1) == FCGI_PARAMS) {
            read_params(r, content);
        } else if (byte(1) == FCGI_STDIN && length > 0) {
            r.body += content;
        } else if (byte(1) == FCGI_STDIN) {
            std::string().swap(in_);
            return owner_.app_->on_request(*this, r);
        }
        rest.remove_prefix(whole);
    }
}

responder::responder(const char* socket)
    : door_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
    , epoll_(epoll_create1(EPOLL_CLOEXEC))
{
    bench::open_as_many_descriptors_as_allowed();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket, sizeof address.sun_path - 1);
    if (door_ < 0 ||
        bind(door_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(door_, 65'535) != 0) {
        throw std::system_error(errno, std::generic_category(), socket);
    }
}

void responder::watch(int fd, std::uint32_t events, watched& by) const
{
    epoll_event e{};
    e.events = events;
    e.data.ptr = &by;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) {
        epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e);
    }
}

void responder::accept_all()
{
    for (int fd; (fd = accept4(door_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        watch(fd, EPOLLIN, *new connection(*this, fd));
    }
}

void responder::run(application& app)
{
    app_ = &app;
    epoll_event door{};
    door.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, door_, &door);
    std::vector<epoll_event> events(512);
    for (;;) {
        const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < n; ++i) {
            const epoll_event& e = events[static_cast<std::size_t>(i)];
            if (e.data.ptr == nullptr) {
                accept_all();
            } else {
                static_cast<watched*>(e.data.ptr)->on_event(e.events);
            }
        }
    }
}

} // namespace peers
