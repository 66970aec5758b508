// The walls of both floors: the newest entries of each, and who waits for the next one, by poll or
// by stream. What many get is made once. No sessions, no limits, no checks. One thread.
//
//   GET  …                                  the ping
//   POST …/           {"last_post_id":{"WALL":CURSOR}}: at once if behind, else parked
//   GET  …/events?last_post_id[WALL]=CURSOR a stream of that wall
//   POST …/walls/WALL/posts                 {"body":"…",…}: becomes the wall's next entry, 201
//
// Polls stay parked until there is an entry, and streams say nothing meanwhile, so nginx's timeout
// (75 s) must be longer than a wall is quiet.
#pragma once

#include "bench/peers/responder.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace peers {

struct new_post {
    connection* author; // null: it has gone
    std::size_t wall;
    std::int64_t number;
    std::string text;
};

class wall_readers {
public:
    wall_readers();

    // Answers, or keeps the connection until there is news. A post is numbered and given back: it
    // is for the caller to say when others may have it.
    std::optional<new_post> take(connection& from, const request& r);
    // Answers the author and delivers. On each wall in the order of the numbers.
    void publish(const new_post& p);
    void forget(const connection& who);

private:
    struct wall {
        std::int64_t numbered = 0;
        std::int64_t newest = 0;
        std::deque<std::string> entries; // the newest ones
        std::vector<connection*> polls, streams;
    };

    void poll(connection& from, std::string_view body);
    void stream(connection& from, std::string_view query);
    std::string news(std::size_t number, std::int64_t cursor) const; // JSON

    std::vector<wall> walls_;
};

} // namespace peers
