// FastCGI records to send. Pure functions that append to `out`. Any thread.
#pragma once

#include "fcgi_app/fastcgi/record.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fastcgi {

// Bytes of one STDOUT record: a multiple of 8, so that nothing needs padding.
inline constexpr std::size_t largest_stdout = 65'528;

// STDOUT records for `content`, without the closing empty record. No content: no record, for an
// empty one would close.
void append_stdout(std::string& out, request_id id, std::string_view content);

// One such record with as much as it takes of the parts, which are used up; returns those that are
// left. At least one byte.
std::span<std::string_view> append_record(std::string& out, request_id id,
                                          std::span<std::string_view> parts);

// The end of an answer: the closing empty STDOUT record, END_REQUEST(FCGI_REQUEST_COMPLETE,
// status 0).
void append_end(std::string& out, request_id id);

// Asks the peer to use this connection no more. An empty STDERR record: whoever is waiting for an
// answer of that id passes over it, so it fails no request that is under way to us; but nginx does
// not keep a connection on which something comes that it did not ask for, neither behind the end of
// an answer nor while the connection is idle.
void append_goodbye(std::string& out, request_id id);

// The whole answer: STDOUT records and its end.
void append_answer(std::string& out, request_id id, std::string_view content);

// `protocol_status`: FCGI_REQUEST_COMPLETE, FCGI_CANT_MPX_CONN, FCGI_OVERLOADED or
// FCGI_UNKNOWN_ROLE.
void append_end_request(std::string& out, request_id id, unsigned char protocol_status,
                        std::uint32_t app_status = 0);

// The answer to a management record whose type is not understood (section 4.2).
void append_unknown_type(std::string& out, unsigned char type);

} // namespace fastcgi
