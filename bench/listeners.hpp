// A part of a very large audience: clients that hold a poll or a stream for a few walls each and
// come back with their cursors, as docs/PROTOCOL.md says. They never post. What they hear was
// posted elsewhere, and its text is the moment of that, so that several processes of them can
// measure the same post. Checks that each hears each entry once and in order. One thread.
#pragma once

#include "bench/chat_requests.hpp"
#include "bench/event_stream.hpp"
#include "bench/http_connection.hpp"

#include <sys/epoll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct listener {
    std::string session;
    std::vector<cursor> cursors; // of the walls that it reads
};

struct audience {
    sockaddr_in server{};
    std::vector<listener> listeners;
    std::chrono::seconds patience{}; // for an answer, or a byte of a stream
    bool streams = false;            // instead of polls
};

struct heard {
    std::size_t entries{};
    std::size_t doubled{};  // a listener had it already
    std::size_t skipped{};  // entries between a listener's newest and the next that it heard
    std::size_t resets{};   // a listener was told to begin anew
    std::vector<double> ms; // of each entry, from its text's moment until it was heard
    // How often each status but 200 came, "empty" (a poll without news), "end …" with a stream's
    // reason, and what ended without an answer: "raced" is HTTP's own race (a kept connection was
    // closed in the instant of the request, which is repeated at once), "broken" is any other,
    // "cut" is a stream without its end, "late" took longer than patience.
    std::map<std::string, std::size_t> events;
};

class listeners {
public:
    explicit listeners(audience a);
    ~listeners();
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;

    void start(double a_second); // so many of those that have not begun begin each second
    // Lets them live until something happens or `longest` is over. True: `also` can be read.
    bool turn(std::chrono::milliseconds longest);
    void watch(int also);

    const heard& heard_so_far() const { return heard_; } // since the last take()
    heard take();
    std::size_t asking() const { return asking_; } // wait for an answer, or hold a stream

private:
    using clock = std::chrono::steady_clock;
    struct one;
    struct appointment {
        clock::time_point when;
        std::size_t who{};
        friend bool operator>(const appointment& a, const appointment& b)
        {
            return a.when > b.when;
        }
    };

    void begin_those_who_are_due();
    void ask(std::size_t who);
    void come_back(std::size_t who, std::chrono::milliseconds after);
    void try_again(std::size_t who, int seconds);
    void on_outcome(std::size_t who, http_connection::outcome what);
    void on_broken(std::size_t who, bool was_stream);
    void on_answer(std::size_t who);
    bool on_events(one& o); // true: the last one was "end"
    void take_entries(one& o, std::string_view json);
    void on_entry(cursor& at, std::int64_t entry, std::string_view text);
    void look_for_silent();
    long random_ms(long below);

    const audience audience_;
    int epoll_;
    std::minstd_rand random_{1};
    std::vector<std::unique_ptr<one>> all_;
    std::size_t begun_ = 0;
    std::size_t asking_ = 0;
    double a_second_ = 0;
    std::size_t begun_before_ = 0; // when a_second_ was set
    clock::time_point started_{};
    clock::time_point next_look_{};
    std::priority_queue<appointment, std::vector<appointment>, std::greater<>> appointments_;
    heard heard_;
    std::vector<epoll_event> ready_;
};

} // namespace bench
