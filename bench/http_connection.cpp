#include "bench/http_connection.hpp"

#include "text/number.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <stdexcept>

namespace bench {

namespace {

int number_behind(std::string_view head, std::string_view name)
{
    const auto at = head.find(name);
    if (at == std::string_view::npos) {
        return 0;
    }
    return text::parse_number<int>(text::leading_digits(head.substr(at + name.size())), 0, INT_MAX)
        .value_or(0);
}

} // namespace

sockaddr_in tcp_address(const std::string& host_and_port)
{
    const auto colon = host_and_port.find(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const auto port = text::parse_number<std::uint16_t>(
        colon == std::string::npos ? "" : host_and_port.substr(colon + 1), 1, 65535);
    if (!port ||
        inet_pton(AF_INET, host_and_port.substr(0, colon).c_str(), &address.sin_addr) != 1) {
        throw std::invalid_argument("not an address like 127.0.0.1:8080: " + host_and_port);
    }
    address.sin_port = htons(*port);
    return address;
}

bool http_connection::ask(int epoll, const sockaddr_in& server, std::string_view request,
                          std::uint64_t tag)
{
    out_ = request;
    asked_ = true;
    in_.clear();
    head_ = 0;
    is_stream_ = false;
    if (fd_ >= 0) {
        return send_rest();
    }
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        throw std::runtime_error("no descriptor is left: raise ulimit -n");
    }
    const int yes = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 &&
        errno != EINPROGRESS) {
        close();
        return false;
    }
    epoll_event e{};
    e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    e.data.u64 = tag;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &e);
    return true; // sent when it is writable
}

bool http_connection::send_rest()
{
    while (!out_.empty()) {
        const ssize_t n = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN) {
                return true;
            }
            close();
            return false;
        }
        out_.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

http_connection::outcome http_connection::on_event(std::uint32_t events)
{
    if (fd_ < 0) {
        return outcome::waiting;
    }
    if ((events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0 && !send_rest()) {
        return outcome::broken;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) {
        return outcome::waiting;
    }
    receive(events);
    if (asked_ && head_ == 0) {
        read_head();
    }
    if (is_stream_) {
        return decode();
    }
    if (asked_ && head_ != 0 && in_.size() >= head_ + length_) {
        asked_ = false;
        return outcome::answered;
    }
    if (fd_ >= 0) {
        return outcome::waiting;
    }
    // An idle connection that the server closed is nobody's loss.
    return asked_ ? outcome::broken : outcome::waiting;
}

void http_connection::receive(std::uint32_t events)
{
    char buffer[16'384];
    for (;;) {
        const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n <= 0) {
            close();
            break;
        }
        in_.append(buffer, static_cast<std::size_t>(n));
        if (static_cast<std::size_t>(n) < sizeof buffer && (events & EPOLLRDHUP) == 0) {
            break;
        }
    }
}

void http_connection::read_head()
{
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) {
        return;
    }
    head_ = end + 4;
    const std::string_view head(in_.data(), head_);
    status_ = number_behind(head, "HTTP/1.1 ");
    length_ = static_cast<std::size_t>(number_behind(head, "Content-Length: "));
    is_stream_ = head.find("\r\nContent-Type: text/event-stream") != std::string_view::npos;
    is_chunked_ = head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string_view::npos;
    chunks_ = {};
}

http_connection::outcome http_connection::decode()
{
    std::string_view bytes(in_.data() + head_, in_.size() - head_);
    stream_.clear();
    if (is_chunked_) {
        for (auto piece = chunks_.next(bytes); !piece.empty(); piece = chunks_.next(bytes)) {
            stream_ += piece;
        }
    } else {
        stream_ = bytes;
    }
    in_.resize(head_);
    if (!asked_) { // it had ended before
        return outcome::waiting;
    }
    if (is_chunked_ && chunks_.ended()) {
        asked_ = false;
        return outcome::answered;
    }
    if (fd_ < 0 || (is_chunked_ && chunks_.malformed())) {
        close();
        return outcome::broken;
    }
    return outcome::streams;
}

int http_connection::retry_after() const
{
    return number_behind(std::string_view(in_.data(), head_), "Retry-After: ");
}

std::string http_connection::header(std::string_view name) const
{
    const std::string_view head(in_.data(), head_);
    const std::string start = "\r\n" + std::string(name) + ": ";
    const auto at = head.find(start);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto value = head.substr(at + start.size());
    return std::string(value.substr(0, value.find("\r\n")));
}

void http_connection::close()
{
    if (fd_ >= 0) {
        ::close(fd_); // leaves epoll with it
        fd_ = -1;
    }
}

} // namespace bench
