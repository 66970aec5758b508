// Very many polls through one client: who asks, for which walls, and what came back when.
// Used by bench/million; the walls and users are those that its script makes.
#pragma once

#include "bench/fcgi_client.hpp"
#include "bench/percentiles.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

using ms = std::chrono::duration<double, std::milli>;
using steady_clock = std::chrono::steady_clock;

// Poll i belongs to user i % users (scattered), reads one to three of that user's rooms, and one
// in `of_all / 1,000` reads the wall of a thousand readers, one in ten the wall of a hundred
// thousand (at a million polls), instead of one of the rooms.
struct shape {
    std::size_t of_all{};              // polls in the end
    std::size_t rooms{};               // walls 1 … rooms; user u sees rooms u, u+1, u+2
    std::vector<std::string> sessions; // one a user
    std::size_t thousand() const { return rooms + 1; }
    std::size_t hundred_thousand() const { return rooms + 2; }
    bool reads_thousand(std::size_t poll) const;
    bool reads_hundred_thousand(std::size_t poll) const;
};

struct delivery {
    std::size_t expected{}, right{}, wrong{}; // polls; wrong: not a reader, or not this entry
    double committed_ms{};                    // when the 201 came
    percentiles latency;                      // from sending the post, ms
};

class poll_load {
public:
    poll_load(const std::string& unix_socket, std::size_t connections, shape s);

    // Begins polls until `many` have begun in all, and waits until the server has them parked.
    // Returns the time that took.
    ms park(std::size_t many);
    // Pings every `interval`, one at a time, for `time`; their times in ms. Nothing else may be
    // answered meanwhile.
    std::vector<double> ping(std::chrono::milliseconds interval, std::chrono::milliseconds time);
    // Lets `time` pass without sending anything.
    void rest(std::chrono::milliseconds time);
    // Posts on `wall` as the first user and waits for its readers, then 2 s for anybody else.
    delivery post(std::size_t wall, std::size_t expected);
    // Aborts everything, waits until it has ended. Returns the time that took.
    ms abort_all();

    std::size_t parked();                                  // as the server's metrics have it
    std::size_t unexpected() const { return unexpected_; } // answers that nobody waited for

private:
    void on_answer(const answer& a);
    std::string body_of(std::size_t poll) const;
    std::string ask(const std::string& method, const std::string& path, const std::string& body,
                    int expected_status); // on the control connection; the answer's body

    const shape shape_;
    fcgi_client client_;
    std::size_t connections_;
    std::size_t control_; // a connection for everything that is not a poll
    std::size_t begun_ = 0;
    std::size_t unexpected_ = 0;
    std::string first_unexpected_;

    std::size_t delivering_wall_ = 0; // 0: no answer to a poll is expected
    bool aborting_ = false;
    delivery delivered_;
    std::vector<double> arrivals_;
    steady_clock::time_point sent_;

    bool control_done_ = true;
    int control_status_ = 0;
    std::string control_body_;
};

} // namespace bench
