// What a poll says: the session, and the client's map {wall -> newest entry it holds, with its
// epoch} (docs/PROTOCOL.md, "The poll"). Pure functions over bytes; no session is checked here. Any
// thread.
#pragma once

#include "fcgi_app/http/json_object.hpp"
#include "walls/access_number.hpp"
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
    // The walls that the client knows of, if it wants to hear when they are others.
    std::optional<walls::access_number> access;
    // A wall, cursor, epoch or access that is not a number in range, a wall named twice, too many
    // walls, an epoch without a cursor, a session that is not a string, a session or access that
    // occurs twice, an unreadable form or JSON. session_id is set if it could be read, since
    // "Invalid user!" is answered before "Invalid parameters!".
    bool malformed = false;
    bool too_large = false; // a number in digits is out of range; malformed, too
    // Set if nobody can know whether a session or a wall was named, so that neither answer would be
    // true: answer this instead. JSON that cannot be read as one object, or something that is not
    // text. Malformed, too.
    std::optional<refusal> unreadable;
};

inline constexpr std::size_t max_walls = 1000;

// Fields with other names are ignored (but must be encoded correctly).
poll_body parse_poll_form(std::string_view encoded);

// The whole input is one JSON object, at most `max_json_depth` deep. Keys that the protocol does
// not know are ignored, whatever they hold; known keys are malformed if they occur twice, which
// Boost.JSON's own document would not show.
poll_body parse_poll_json(std::string_view json);

} // namespace http
