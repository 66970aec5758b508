// FastCGI records to send. Pure functions that append to `out`. Any thread.
#pragma once

#include "fcgi_app/wire/demux.hpp"

#include <string>
#include <string_view>

namespace wire {

// STDOUT records for `content` (at most 65,528 bytes each, so that no padding is needed), without the closing empty record.
void append_stdout(std::string& out, request_id id, std::string_view content);
// The whole answer: STDOUT records, the closing empty STDOUT record, END_REQUEST(FCGI_REQUEST_COMPLETE, status 0).
void append_answer(std::string& out, request_id id, std::string_view content);
// `protocol_status`: FCGI_REQUEST_COMPLETE, FCGI_CANT_MPX_CONN, FCGI_OVERLOADED or FCGI_UNKNOWN_ROLE.
void append_end_request(std::string& out, request_id id, unsigned char protocol_status, std::uint32_t app_status = 0);

} // namespace wire
