// What a poll says: the session and the client's map {wall -> newest entry it holds} (docs/PROTOCOL.md, "The poll").
// Pure functions over bytes; no session is checked here. Any thread.
#pragma once

#include "walls/sources.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct poll_body {
    std::string session_id;             // empty: not in the body
    std::vector<walls::cursor> cursors; // ascending by wall, each wall once, at most `max_walls`, may be empty
    bool malformed = false; // a wall or cursor that is no number in range, a wall twice, too many, unreadable form or JSON.
                            // session_id is filled in as far as it could be read.
};

inline constexpr std::size_t max_walls = 1000;

poll_body parse_poll_form(std::string_view encoded);
poll_body parse_poll_json(std::string_view json); // depth-limited (32), whole input, duplicate keys are malformed

} // namespace http
