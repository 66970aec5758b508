// People who read and write through nginx, as many as wanted: each reader holds a long poll or a
// stream for its wall and comes back with its cursor, as docs/PROTOCOL.md says; posts are repeated
// with their client_key until they are acknowledged. Checks the delivery contract with every answer
// and event. Speaks nchan's long poll and EventSource too. One thread.
#pragma once

#include "bench/event_stream.hpp"
#include "bench/http_connection.hpp"
#include "bench/percentiles.hpp"

#include <sys/epoll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace bench {

struct crowd {
    std::vector<sockaddr_in> read_at;  // reader i begins at the (i mod n)th, and takes the next one
                                       // when that fails
    std::vector<sockaddr_in> post_at;  // likewise for posts
    std::vector<std::string> sessions; // reader i has the (i mod n)th; all may see all walls
    std::size_t readers{};
    std::size_t walls{};             // reader i reads wall 1 + i mod walls
    std::chrono::seconds patience{}; // for an answer; longer than the server's poll_seconds
    bool streams = false;            // readers hold streams instead of polls
    bool nchan = false;              // its protocol; entries are numbered by the one who posts
};

struct tally {
    std::size_t posted{};       // acknowledged
    std::size_t expected{};     // receipts: for each post the readers of its wall
    std::size_t received{};     // receipts that came
    std::size_t missing{};      // receipts that did not come in time
    std::size_t doubled{};      // entries that a reader had already
    std::size_t gaps{};         // entries that did not follow the reader's newest
    std::size_t reordered{};    // entries that came after a newer one
    std::size_t posted_twice{}; // one post, two entries
    percentiles latency;        // from the first attempt to send to receipt, ms
    percentiles acknowledged;   // from the first attempt to send to 201, ms
};

class readers {
public:
    explicit readers(crowd c);
    ~readers();
    readers(const readers&) = delete;
    readers& operator=(const readers&) = delete;

    // All connect and poll at the same moment. Returns when every poll has been sent once.
    double start();
    // Posts `rate` a second for `time`, spread over the walls, then waits at most `longest` for
    // what is missing.
    tally post(double rate, std::chrono::milliseconds time, std::chrono::milliseconds longest);
    // One post on `wall`, and its receipts.
    tally post_one(std::size_t wall, std::chrono::milliseconds longest);
    // One post on every wall at the same moment.
    tally post_all(std::chrono::milliseconds longest);
    void turn(std::chrono::milliseconds longest); // lets readers go on with their lives

    // Since the last call: how often each status came, and "broken", "empty", "late" (no answer),
    // "ended" (a stream).
    std::map<std::string, std::size_t> events();

private:
    using clock = std::chrono::steady_clock;
    struct reader;
    struct poster;
    struct sent_post {
        clock::time_point began;
        std::size_t wall{};
        std::size_t receipts{};
        std::int64_t entry{};  // 0: not seen yet
        std::int64_t number{}; // nchan: the entry it shall be
        bool acknowledged = false;
    };

    void poll(std::size_t who);
    std::string request_of(const reader& r, std::size_t who) const;
    std::string request_of(const sent_post& p, std::size_t number) const;
    void again_later(reader& r, double seconds);
    void on_outcome(std::size_t who, http_connection::outcome what);
    void on_answer(std::size_t who);
    bool on_events(reader& r); // true: the last one was "end"
    void take_entries(reader& r, std::string_view json);
    void on_entry(reader& r, std::int64_t id, std::size_t post);
    void begin_post(std::size_t wall);
    void send_posts();
    void on_post_answer(poster& p);
    void on_post_failure(poster& p, double seconds);
    void look_at_clocks();
    double random(double below);
    bool complete() const;
    void wait_until_complete(std::chrono::milliseconds longest);
    tally result();

    const crowd crowd_;
    int epoll_;
    std::minstd_rand random_{1};
    std::vector<std::unique_ptr<reader>> readers_;
    std::vector<std::unique_ptr<poster>> posters_;
    std::vector<std::size_t> readers_of_;   // by wall
    std::vector<std::int64_t> last_posted_; // by wall
    std::deque<std::size_t> to_post_;       // numbers in posts_
    std::vector<sent_post> posts_;          // since the last tally
    std::size_t first_post_;                // number of posts_[0]
    std::vector<double> latencies_;
    std::vector<double> acknowledged_;
    tally tally_;
    std::map<std::string, std::size_t> events_;
    std::size_t begun_ = 0;
    clock::time_point next_clock_look_{};
    std::vector<epoll_event> ready_;
};

} // namespace bench
