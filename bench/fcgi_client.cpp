#include "bench/fcgi_client.hpp"

#include "fcgi_app/fastcgi/params.hpp"
#include "text/number.hpp"

#include <fastcgi.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

constexpr std::size_t largest_content = 65'528; // of a record; a multiple of 8 needs no padding
constexpr std::size_t read_bytes = 256 * 1024;

[[noreturn]] void fail(const char* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

void append_stream(std::string& out, unsigned char type, fastcgi::request_id id,
                   std::string_view content)
{
    while (!content.empty()) {
        const auto piece = content.substr(0, largest_content);
        fastcgi::append_header(out, type, id, static_cast<std::uint16_t>(piece.size()));
        out.append(piece);
        content.remove_prefix(piece.size());
    }
    fastcgi::append_header(out, type, id, 0);
}

} // namespace

struct fcgi_client::open_connection {
    struct request {
        std::uint64_t tag = 0;
        bool live = false;
    };

    int fd = -1;
    fastcgi::record_reader reader;
    std::vector<request> requests; // by id - 1
    std::vector<fastcgi::request_id> free;
    std::size_t in_flight = 0;
    std::string out; // from `sent` on not taken by the socket yet
    std::size_t sent = 0;
    bool writable = true;
    bool queued = false; // in to_write_
    std::string content; // of END_REQUEST
    // STDOUT of answers that came in pieces: few at a time, whatever the number in flight.
    std::vector<std::pair<fastcgi::request_id, std::string>> partial;

    ~open_connection() { ::close(fd); }

    std::string& out_of(fastcgi::request_id id)
    {
        for (auto& [of, text] : partial) {
            if (of == id) {
                return text;
            }
        }
        return partial.emplace_back(id, std::string()).second;
    }
};

std::string encode_request(const std::string& method, const std::string& path,
                           std::size_t body_bytes, const cgi_variables& more)
{
    std::string out;
    const cgi_variables all = {
        {"QUERY_STRING", ""},
        {"REQUEST_METHOD", method},
        {"CONTENT_TYPE", body_bytes != 0 ? "application/json" : ""},
        {"CONTENT_LENGTH", body_bytes != 0 ? std::to_string(body_bytes) : ""},
        {"SCRIPT_NAME", "/api"},
        {"PATH_INFO", path},
        {"REQUEST_URI", "/api" + path},
        {"DOCUMENT_URI", "/api" + path},
        {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"REQUEST_SCHEME", "http"},
        {"GATEWAY_INTERFACE", "CGI/1.1"},
        {"REMOTE_ADDR", "127.0.0.1"},
        {"REMOTE_PORT", "40000"},
        {"SERVER_NAME", "localhost"},
        {"HTTP_HOST", "localhost"},
        {"HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101"},
        {"HTTP_ACCEPT", "application/json"},
        {"HTTP_ACCEPT_LANGUAGE", "en-US,en;q=0.5"},
        {"HTTP_ACCEPT_ENCODING", "gzip, deflate, br"},
    };
    for (const auto& usual : all) {
        const auto same = [&](const auto& own) { return own.first == usual.first; };
        if (std::ranges::none_of(more, same)) {
            fastcgi::append_param(out, usual.first, usual.second);
        }
    }
    for (const auto& [name, value] : more) {
        fastcgi::append_param(out, name, value);
    }
    return out;
}

std::string_view answer::body() const
{
    const auto end = out.find("\r\n\r\n");
    return end == std::string_view::npos ? std::string_view() : out.substr(end + 4);
}

int answer::status() const
{
    constexpr std::string_view name = "Status: ";
    const auto header = out.substr(0, out.find("\r\n\r\n"));
    const auto at = header.find(name);
    if (at == std::string_view::npos) {
        return header.empty() ? 0 : 200; // CGI: no Status line means 200
    }
    return text::parse_number<int>(text::leading_digits(header.substr(at + name.size())), 0, 999)
        .value_or(0);
}

fcgi_client::fcgi_client(std::function<void(const answer&)> on_answer)
    : on_answer_(std::move(on_answer))
    , epoll_(epoll_create1(EPOLL_CLOEXEC))
    , buffer_(read_bytes)
{
    if (epoll_ < 0) {
        fail("epoll_create1");
    }
}

fcgi_client::~fcgi_client()
{
    connections_.clear();
    ::close(epoll_);
}

fcgi_client::open_connection& fcgi_client::at(std::size_t number) const
{
    if (number >= connections_.size() || !connections_[number]) {
        throw std::logic_error("no such connection: " + std::to_string(number));
    }
    return *connections_[number];
}

std::size_t fcgi_client::connect(const std::string& unix_socket)
{
    auto made = std::make_unique<open_connection>();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (unix_socket.size() >= sizeof address.sun_path) {
        throw std::invalid_argument("a unix socket's path is at most 107 bytes: " + unix_socket);
    }
    std::memcpy(address.sun_path, unix_socket.c_str(), unix_socket.size() + 1);
    made->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Blocking until connected: a full backlog makes it wait instead of failing.
    if (made->fd < 0 ||
        ::connect(made->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail("connect");
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = connections_.size();
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, made->fd, &event) != 0) {
        fail("epoll_ctl");
    }
    connections_.push_back(std::move(made));
    return connections_.size() - 1;
}

fastcgi::request_id fcgi_client::begin(std::size_t connection, std::string_view params,
                                       std::string_view body, std::uint64_t tag)
{
    open_connection& c = at(connection);
    fastcgi::request_id id = 0;
    if (!c.free.empty()) {
        id = c.free.back();
        c.free.pop_back();
    } else if (c.requests.size() < 65'535) {
        c.requests.emplace_back();
        id = static_cast<fastcgi::request_id>(c.requests.size());
    } else {
        throw std::length_error("all request ids of a connection are in use");
    }
    c.requests[id - 1U] = {tag, true};
    ++c.in_flight;
    ++in_flight_;

    FCGI_BeginRequestBody begin{};
    begin.roleB0 = FCGI_RESPONDER;
    begin.flags = FCGI_KEEP_CONN;
    std::string records;
    records.reserve(params.size() + body.size() + 48);
    fastcgi::append_header(records, FCGI_BEGIN_REQUEST, id, sizeof begin);
    records.append(std::bit_cast<std::array<char, sizeof begin>>(begin).data(), sizeof begin);
    append_stream(records, FCGI_PARAMS, id, params);
    append_stream(records, FCGI_STDIN, id, body);
    send_raw(connection, records);
    return id;
}

void fcgi_client::abort(std::size_t connection, fastcgi::request_id id)
{
    std::string record;
    fastcgi::append_header(record, FCGI_ABORT_REQUEST, id, 0);
    send_raw(connection, record);
}

void fcgi_client::send_raw(std::size_t connection, std::string_view bytes)
{
    open_connection& c = at(connection);
    c.out.append(bytes);
    unsent_ += bytes.size();
    if (!c.queued) {
        c.queued = true;
        to_write_.push_back(connection);
    }
}

void fcgi_client::close(std::size_t connection)
{
    open_connection& c = at(connection);
    in_flight_ -= c.in_flight;
    unsent_ -= c.out.size() - c.sent;
    connections_[connection].reset();
}

void fcgi_client::drop(std::size_t number)
{
    const auto unanswered = at(number).in_flight;
    close(number);
    if (!on_closed) {
        throw std::runtime_error("the server closed connection " + std::to_string(number) +
                                 " with " + std::to_string(unanswered) + " requests in flight");
    }
    on_closed(number, unanswered);
}

std::size_t fcgi_client::in_flight(std::size_t connection) const
{
    return at(connection).in_flight;
}

std::vector<fastcgi::request_id> fcgi_client::ids_in_flight(std::size_t connection) const
{
    std::vector<fastcgi::request_id> ids;
    const auto& requests = at(connection).requests;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (requests[i].live) {
            ids.push_back(static_cast<fastcgi::request_id>(i + 1));
        }
    }
    return ids;
}

void fcgi_client::run(std::chrono::milliseconds longest)
{
    std::vector<std::size_t> now;
    now.swap(to_write_);
    for (const auto number : now) {
        if (connections_[number]) {
            connections_[number]->queued = false;
            write(number);
        }
    }
    std::array<epoll_event, 256> events;
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                             to_write_.empty() ? static_cast<int>(longest.count()) : 0);
    for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        const auto number = static_cast<std::size_t>(event.data.u64);
        if ((event.events & EPOLLOUT) != 0 && connections_[number]) {
            connections_[number]->writable = true;
            write(number);
        }
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && connections_[number]) {
            read(number);
        }
    }
}

void fcgi_client::write(std::size_t number)
{
    open_connection& c = *connections_[number];
    while (c.writable && c.sent < c.out.size()) {
        const auto n =
            send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            c.sent += static_cast<std::size_t>(n);
            unsent_ -= static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            c.writable = false;
        } else if (errno != EINTR) {
            return drop(number);
        }
    }
    if (c.sent > c.out.size() / 2) {
        c.out.erase(0, c.sent);
        c.sent = 0;
    }
}

void fcgi_client::read(std::size_t number)
{
    for (;;) {
        const auto n = recv(connections_[number]->fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return drop(number);
        }
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        std::string_view bytes(buffer_.data(), static_cast<std::size_t>(n));
        for (;;) {
            if (!connections_[number]) {
                return; // a callback closed it
            }
            const auto part = connections_[number]->reader.next(bytes);
            if (part == fastcgi::record_reader::part::nothing) {
                break;
            }
            take_part(number, part);
        }
    }
}

void fcgi_client::take_part(std::size_t number, fastcgi::record_reader::part part)
{
    using fastcgi::record_reader;
    open_connection& c = *connections_[number];
    const auto& header = c.reader.header();
    if (part == record_reader::part::content) {
        if (header.type == FCGI_STDOUT) {
            c.out_of(header.id).append(c.reader.content());
        } else if (header.type == FCGI_END_REQUEST) {
            c.content.append(c.reader.content());
        }
        return;
    }
    if (part != record_reader::part::end || header.type != FCGI_END_REQUEST) {
        return;
    }
    const std::string content = std::exchange(c.content, {});
    const bool known =
        header.id != 0 && header.id <= c.requests.size() && c.requests[header.id - 1U].live;
    if (!known || content.size() < sizeof(FCGI_EndRequestBody)) {
        throw std::runtime_error("the server ended a request that does not exist");
    }
    FCGI_EndRequestBody end{};
    std::memcpy(&end, content.data(), sizeof end);
    std::string out = std::move(c.out_of(header.id));
    std::erase_if(c.partial, [&](const auto& p) { return p.first == header.id; });
    answer a;
    a.connection = number;
    a.id = header.id;
    a.tag = c.requests[header.id - 1U].tag;
    a.out = out;
    a.protocol_status = end.protocolStatus;
    a.app_status = static_cast<std::uint32_t>(end.appStatusB3) << 24U |
                   static_cast<std::uint32_t>(end.appStatusB2) << 16U |
                   static_cast<std::uint32_t>(end.appStatusB1) << 8U | end.appStatusB0;
    c.requests[header.id - 1U].live = false;
    c.free.push_back(header.id);
    --c.in_flight;
    --in_flight_;
    on_answer_(a);
}

} // namespace bench
