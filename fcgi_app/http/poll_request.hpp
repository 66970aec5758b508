// What a poll says: the session and the client's map {wall -> newest entry it holds, and the epoch
// of that} (docs/PROTOCOL.md, "The poll"). Pure functions over bytes; no session is checked here.
// Any thread.
#pragma once

#include "fcgi_app/http/json_object.hpp"
#include "walls/sources.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct poll_body {
    std::string session_id;             // as sent, any bytes; empty: not in the body
    std::vector<walls::cursor> cursors; // ascending by wall, each wall once, at most `max_walls`,
                                        // may be empty; none if malformed
    // A wall, cursor or epoch that is no number in range, a wall twice, too many, an epoch without
    // a cursor, a session that is no string or comes twice, unreadable form or JSON. session_id is
    // filled in as far as it could be read, since "Invalid user!" is to be answered before "Invalid
    // parameters!".
    bool malformed = false;
    bool too_large = false; // a number in digits that is beyond its range; malformed, too
    // Whether a session or a wall was named cannot be known, so neither answer would be true: say
    // this. JSON that cannot be read as one object, or what is no text. Malformed, too.
    std::optional<refusal> unreadable;
};

inline constexpr std::size_t max_walls = 1000;

// Fields of other names are ignored (but must be well encoded).
poll_body parse_poll_form(std::string_view encoded);

// The whole input is one JSON object, at most `max_json_depth` deep. Keys that the protocol does
// not know are ignored, with whatever they hold; those that it knows are malformed if they come
// twice, which Boost.JSON's own document would not tell.
poll_body parse_poll_json(std::string_view json);

} // namespace http
