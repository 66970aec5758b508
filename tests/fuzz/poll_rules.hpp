// What holds for every poll body, however it was encoded.
#pragma once

#include "fcgi_app/http/poll_request.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {

inline void follows_the_rules(const http::poll_body& poll)
{
    must(!poll.malformed || poll.cursors.empty(), "a malformed poll has no cursors");
    must(!poll.unreadable || poll.malformed, "unreadable is malformed");
    must(poll.cursors.size() <= http::max_walls, "no more walls than allowed");
    std::int64_t before = 0; // walls begin at 1
    for (const auto& c : poll.cursors) {
        must(walls::number(c.wall) > before, "ascending, each wall once");
        must(walls::number(c.last) >= 0, "cursors from 0");
        must(walls::number(c.epoch) >= 0 && walls::number(c.epoch) < std::int64_t{1} << 53,
             "epochs from 0 to 2^53 - 1");
        before = walls::number(c.wall);
    }
}

} // namespace fuzz
