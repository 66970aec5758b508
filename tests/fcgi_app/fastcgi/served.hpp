// A server in this thread, and peers at the other ends of socket pairs: no listening socket, no web
// server. Fibers of one thread, inside fibers::testing::in_loop().
#pragma once

#include "fcgi_app/fastcgi/server.hpp"
#include "fibers/descriptor.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"
#include "tests/fibers/in_loop.hpp"
#include "tests/patience.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fastcgi_test {

// Lets the others run until `condition` holds; throws when tests::patience is over.
inline void until(const std::function<bool()>& condition)
{
    const auto last = std::chrono::steady_clock::now() + tests::patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > last) {
            throw std::runtime_error("it did not happen");
        }
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    }
}

// Notes what it is told, a line each.
class notes final : public fastcgi::observer {
public:
    std::vector<std::string> all;
    std::size_t count(std::string_view line) const
    {
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), line));
    }

    void connection_opened() override { all.emplace_back("opened"); }
    void connection_closed() override { all.emplace_back("closed"); }
    void connection_refused(std::size_t open) override
    {
        all.push_back("refused beside " + std::to_string(open));
    }
    void connection_broken(std::string_view) override { all.emplace_back("broken"); }
    void connection_too_slow(fastcgi::slow_peer why) override
    {
        constexpr std::array reasons{"stopped in a record", "does not read", "holds up others"};
        all.emplace_back(reasons.at(static_cast<std::size_t>(why)));
    }
    void request_received(const fastcgi::request& r) override
    {
        constexpr std::array errors{"", ": params too large", ": body too large", ": too slow",
                                    ": malformed params"};
        all.push_back("request " + std::to_string(r.number) +
                      errors.at(static_cast<std::size_t>(r.error)));
    }
    void request_overloaded(fastcgi::overload by, std::size_t in_flight, bool first) override
    {
        all.push_back(std::string("overloaded by ") +
                      (by == fastcgi::overload::max_connections ? "connections" : "requests") +
                      " beside " + std::to_string(in_flight) + (first ? "" : ", again"));
    }
    void writer_waits() override { all.emplace_back("writer waits"); }
    void handler_threw(std::uint64_t number, std::string_view what) override
    {
        all.push_back("request " + std::to_string(number) + " threw " + std::string(what));
    }
    void stop_cut_off(std::size_t connections) override
    {
        all.push_back("cut off " + std::to_string(connections));
    }
};

inline std::chrono::steady_clock::time_point in_a_minute()
{
    return std::chrono::steady_clock::now() + std::chrono::minutes(1);
}

struct served {
    fibers::reactor& loop;
    notes seen;
    fibers::stack_pool stacks{std::size_t{256} * 1024};
    fastcgi::server server;
    boost::fibers::fiber timers{[this] { server.run_timers(); }};
    bool stopped = false;

    served(fibers::reactor& its_loop, fastcgi::handler answer, const fastcgi::limits& allowed = {},
           const fastcgi::shared_resources& shared = {})
        : loop(its_loop)
        , server(its_loop, stacks, allowed, std::move(answer), seen, shared)
    {
    }
    ~served()
    {
        stop(std::chrono::steady_clock::now());
        until([this] { return stacks.in_use() == 0; });
    }
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    bool stop(
        std::chrono::steady_clock::time_point deadline,
        const std::function<void()>& each_round = [] {})
    {
        if (stopped) {
            return true;
        }
        stopped = true;
        const bool ended = server.stop(deadline, each_round);
        timers.join();
        return ended;
    }
};

// What a web server has in its hands. Its calls suspend only the calling fiber.
class peer {
public:
    // With the smallest buffers that the kernel gives, if it is to fill them.
    explicit peer(served& s, bool small_buffers = false)
        : peer(s, pair(small_buffers))
    {
    }

    void send(const std::string& bytes)
    {
        if (!end_.write(bytes)) {
            throw std::system_error(errno, std::generic_category(), "send");
        }
    }
    void send(const conversation& c) { send(c.bytes()); }
    void send_no_more() const { shutdown(fd_, SHUT_WR); }

    // At least one record that was not returned before; none: closed.
    std::vector<answer_record> some_records()
    {
        for (;;) {
            auto records = take_records(unread_);
            if (!records.empty() || !read(65'536)) {
                return records;
            }
        }
    }
    // STDOUT of that request up to its END_REQUEST.
    std::string answer_of(fastcgi::request_id id)
    {
        while (!ended_.contains(id)) {
            const auto records = some_records();
            if (records.empty()) {
                throw std::runtime_error("closed before the answer to " + std::to_string(id));
            }
            for (const auto& r : records) {
                if (r.header.type == FCGI_STDOUT) {
                    answers_[r.header.id] += r.content;
                } else if (r.header.type == FCGI_END_REQUEST) {
                    ended_[r.header.id] = static_cast<unsigned char>(r.content.at(4));
                }
            }
        }
        return answers_[id];
    }
    int end_status_of(fastcgi::request_id id)
    {
        answer_of(id);
        return ended_.at(id);
    }
    // Everything up to the end of request `id`, as it came.
    std::string bytes_up_to_end_of(fastcgi::request_id id)
    {
        std::string all;
        for (bool there = false; !there;) {
            std::string copy = all = all + std::exchange(unread_, {});
            for (const auto& r : take_records(copy)) {
                there = there || (r.header.type == FCGI_END_REQUEST && r.header.id == id);
            }
            if (!there && !read(65'536)) {
                throw std::runtime_error("closed");
            }
        }
        return all;
    }
    // Some bytes; false when the server has closed.
    bool read(std::size_t most)
    {
        std::string chunk(most, ' ');
        const ssize_t n = end_.read(chunk);
        unread_.append(chunk, 0, n > 0 ? static_cast<std::size_t>(n) : 0);
        return n > 0;
    }
    // Has anything come that was not read? Lets nobody run.
    bool something_there() const
    {
        char byte = 0;
        return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    }
    bool closed()
    {
        while (read(65'536)) {
        }
        return true;
    }

private:
    struct ends {
        int of_server;
        int ours;
    };
    static ends pair(bool small_buffers)
    {
        std::array<int, 2> fds{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) {
            throw std::system_error(errno, std::generic_category(), "socketpair");
        }
        const int least = 1;
        if (small_buffers) {
            setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
        }
        return {fds[0], fds[1]};
    }
    peer(served& s, ends both)
        : end_(s.loop, both.ours)
        , fd_(both.ours)
    {
        s.server.adopt(both.of_server);
    }

    fibers::descriptor end_;
    const int fd_;
    std::string unread_;
    std::map<fastcgi::request_id, std::string> answers_;
    std::map<fastcgi::request_id, int> ended_;
};

inline conversation asking(fastcgi::request_id id, const std::string& for_what)
{
    return conversation().request(id, {{"FOR", for_what}});
}

} // namespace fastcgi_test
