// text/event-stream (HTML Standard, "Server-sent events"), as this server writes it, and the ids of
// its events: a client's cursors, so that a browser's own Last-Event-ID resumes every wall. Pure
// functions over bytes. Any thread.
#pragma once

#include "walls/sources.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace http {

// A comment: no event, but the connection is not silent.
inline constexpr std::string_view event_comment = ":\n\n";

// When a browser comes back by itself after the stream has ended.
void append_retry(std::string& out, std::chrono::milliseconds after);

// Begins an event; what follows up to end_event() is its data: one line, as JSON without blanks is.
void begin_event(std::string& out, std::string_view name);
inline constexpr std::string_view end_event = "\n\n";

// "1:57@8123,7:9": wall, cursor, epoch if it is known. Ascending by wall if `cursors` are.
void append_cursors(std::string& out, std::span<const walls::cursor> cursors);

// The same, read: ascending by wall. None: something else, or a number out of range, which is said
// in `too_large`.
std::optional<std::vector<walls::cursor>> parse_cursors(std::string_view id,
                                                        bool* too_large = nullptr);

// Bytes of an id of these cursors by when the stream ends: numbers have grown meanwhile, and each
// wall has an epoch.
std::size_t longest_id(std::span<const walls::cursor> cursors);

} // namespace http
