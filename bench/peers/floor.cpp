// bench_floor: the lower bound for a FastCGI application behind nginx. A plain epoll responder that
// parks connections and answers everybody on a wall with the same prebuilt bytes: no database, no
// sessions, no limits, no checks, nothing that bench/run does not need. One thread.
//
//   GET  …            the ping
//   POST …/           {"last_post_id":{"WALL":CURSOR}}: at once if behind, else parked
//   POST …/walls/WALL/posts   {"body":"…",…}: becomes the wall's next entry, 201
//
// Parked polls stay until there is an entry, so nginx's timeout must be longer than the
// measurement. It relies on what nginx does: one request at a time on a connection, id 1,
// FCGI_KEEP_CONN.
#include "text/number.hpp"

#include <fastcgi.h>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t most_walls = 1001;
constexpr std::size_t entries_kept = 256;

struct peer {
    int fd = -1;
    std::size_t parked_on = 0;
    std::string in; // empty while parked: swapped away
    std::string method, path;
};

struct wall {
    std::int64_t newest = 0;
    std::deque<std::string> entries; // the newest ones
    std::vector<peer*> parked;
};

int epoll_fd = -1;
std::vector<wall> walls(most_walls);

void append_record(std::string& out, unsigned char type, std::string_view content)
{
    const auto size = static_cast<unsigned>(content.size());
    const char head[8] = {
        1, static_cast<char>(type), 0, 1, static_cast<char>(size >> 8U), static_cast<char>(size), 0,
        0};
    out.append(head, sizeof head).append(content);
}

std::string answer(std::string_view status, std::string_view json)
{
    std::string out;
    append_record(
        out, FCGI_STDOUT,
        "Status: " + std::string(status) +
            "\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: " +
            std::to_string(json.size()) + "\r\n\r\n" + std::string(json));
    append_record(out, FCGI_STDOUT, {});
    append_record(out, FCGI_END_REQUEST, std::string(8, '\0'));
    return out;
}

std::string news(std::size_t number, std::int64_t cursor)
{
    const wall& w = walls[number];
    std::string list;
    const auto kept = static_cast<std::int64_t>(w.entries.size());
    const auto wanted = std::min(kept, w.newest - cursor);
    for (auto i = kept - wanted; i < kept; ++i) {
        list += (list.empty() ? "" : ",") + w.entries[static_cast<std::size_t>(i)];
    }
    return answer("200 OK",
                  R"({"walls":{")" + std::to_string(number) + R"(":{"posts":[)" + list + "]}}}");
}

// An answer is small and the socket was empty: it is taken whole.
void send_all(const peer& p, std::string_view bytes)
{
    (void)send(p.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::int64_t number_at(std::string_view text)
{
    return text::parse_number<std::int64_t>(text::leading_digits(text), 0, INT64_MAX).value_or(0);
}

void post(const peer& author, std::size_t number, std::string_view body)
{
    wall& w = walls[number];
    const auto begin = body.find(R"("body":")") + 8;
    const auto text = body.substr(begin, body.find('"', begin) - begin);
    ++w.newest;
    w.entries.push_back(R"({"id":)" + std::to_string(w.newest) + R"(,"post_id":)" +
                        std::to_string(w.newest) +
                        R"(,"kind":"post","user_id":1,"user_name":"user 1","body":")" +
                        std::string(text) + R"(","created_at":"2026-01-02T03:04:05.678Z"})");
    if (w.entries.size() > entries_kept) {
        w.entries.pop_front();
    }
    send_all(author, answer("201 Created", R"({"post":)" + w.entries.back() + "}"));
    const std::string bytes = news(number, w.newest - 1); // all of them had the entry before
    for (peer* p : std::exchange(w.parked, {})) {
        send_all(*p, bytes);
    }
}

void on_request(peer& p, std::string_view body)
{
    static const std::string huzzah = answer("200 OK", R"({"ack":"huzzah!"})");
    const auto posts = p.path.find("/walls/");
    if (p.method == "GET") {
        send_all(p, huzzah);
    } else if (posts != std::string::npos) {
        post(p,
             static_cast<std::size_t>(number_at(std::string_view(p.path).substr(posts + 7))) %
                 most_walls,
             body);
    } else {
        body.remove_prefix(std::min(body.size(), body.find(R"(":{")") + 4));
        const auto number = static_cast<std::size_t>(number_at(body)) % most_walls;
        body.remove_prefix(std::min(body.size(), body.find(':') + 1));
        if (const auto cursor = number_at(body); cursor < walls[number].newest) {
            send_all(p, news(number, cursor));
        } else {
            p.parked_on = number;
            walls[number].parked.push_back(&p);
        }
    }
}

void read_params(peer& p, std::string_view bytes)
{
    const auto length = [&bytes] {
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
    };
    while (!bytes.empty()) {
        const auto name_length = length();
        const auto value_length = length();
        const auto name = bytes.substr(0, name_length);
        const auto value = bytes.substr(name_length, value_length);
        if (name == "REQUEST_METHOD") {
            p.method = value;
        } else if (name == "PATH_INFO") {
            p.path = value;
        }
        bytes.remove_prefix(name_length + value_length);
    }
}

// A request ends with the empty STDIN record; nginx sends nothing behind it before the answer.
void on_bytes(peer& p)
{
    std::string_view rest = p.in;
    std::string body;
    while (rest.size() >= 8) {
        const auto byte = [&rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
        const std::size_t length = byte(4) * 256U + byte(5);
        const std::size_t whole = 8 + length + byte(6);
        if (rest.size() < whole) {
            return;
        }
        const auto content = rest.substr(8, length);
        if (byte(1) == FCGI_PARAMS) {
            read_params(p, content);
        } else if (byte(1) == FCGI_STDIN && length > 0) {
            body += content;
        } else if (byte(1) == FCGI_STDIN) {
            std::string().swap(p.in);
            return on_request(p, body);
        }
        rest.remove_prefix(whole);
    }
}

void drop(peer* p)
{
    std::erase(walls[p->parked_on].parked, p);
    close(p->fd);
    delete p;
}

void on_event(peer* p)
{
    char buffer[16'384];
    const ssize_t n = recv(p->fd, buffer, sizeof buffer, 0);
    if (n > 0) {
        p->in.append(buffer, static_cast<std::size_t>(n));
        on_bytes(*p);
    } else if (n == 0 || errno != EAGAIN) {
        drop(p);
    }
}

void watch(peer* p)
{
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = p;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &e);
}

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fprintf(stderr, "usage: bench_floor SOCKET\n");
        return 2;
    }
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, words[1], sizeof address.sun_path - 1);
    peer door;
    door.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (door.fd < 0 ||
        bind(door.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(door.fd, 65'535) != 0) {
        std::perror("bench_floor");
        return 1;
    }
    epoll_fd = epoll_create1(0);
    watch(&door);
    std::vector<epoll_event> events(512);
    for (;;) {
        const int n = epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < n; ++i) {
            auto* p = static_cast<peer*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (p != &door) {
                on_event(p);
                continue;
            }
            for (int fd; (fd = accept4(door.fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
                auto* fresh = new peer;
                fresh->fd = fd;
                watch(fresh);
            }
        }
    }
}
