// What readers and writers send: a poll, a stream and a post, as docs/PROTOCOL.md has them and as
// nchan does. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace bench {

// --- Pollster, and the peers that speak its protocol

struct cursor {
    std::size_t wall{};
    std::int64_t entry{}; // the last one that was heard
};
// For several walls, or one.
std::string poll_request(std::span<const cursor> cursors, const std::string& session);
std::string stream_request(std::span<const cursor> cursors, const std::string& session);
std::string poll_request(std::size_t wall, std::int64_t cursor, const std::string& session);
std::string stream_request(std::size_t wall, std::int64_t cursor, const std::string& session);
// The text names the post (`number`), and so does its client_key.
std::string post_request(std::size_t wall, std::size_t number, const std::string& session);

// --- nchan, whose cursor is opaque: the last answer's Etag and Last-Modified, or the last event's
// id

std::string nchan_poll_request(std::size_t wall, const std::string& etag,
                               const std::string& modified);
std::string nchan_stream_request(std::size_t wall, const std::string& last_id);
// What Pollster's readers get, made here, `entry` included: nothing behind nginx writes it.
std::string nchan_post_request(std::size_t wall, std::size_t number, std::int64_t entry);

} // namespace bench
