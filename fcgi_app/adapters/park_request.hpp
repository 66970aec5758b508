// What an application says when it parks a request (docs/PARK.md), and how the request is sent back
// to it. Pure functions over bytes: nothing of what they return can leave the host, or begin
// another header. Any thread.
#pragma once

#include "walls/sources.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace adapters {

struct park_request {
    std::vector<walls::cursor> walls; // ascending, one at least
    std::string then;                 // "/poll.php?last=57", or a named location: "@poll"
};

inline constexpr std::size_t longest_then = 2000; // bytes, decoded

// Of "walls=7:57,9:3@8123&then=/poll.php%3Flast=57", decoded once. Else why not, in words for the
// log, in which nothing of it occurs. `then` is a path of this host, in visible ASCII as in an
// address, without "//" in the path, "#", a backslash, blanks and control characters; or "@" and a
// name of letters, digits, "_" and "-".
std::variant<park_request, std::string_view> parse_park(std::string_view query);

// The head of the answer with which nginx goes on at `then`: "what=news" is appended to its query;
// for a named location it is X-Parked. `retry`: also "retry_ms=1840".
std::string way_back(std::string_view then, std::string_view what,
                     std::optional<std::chrono::milliseconds> retry);

} // namespace adapters
