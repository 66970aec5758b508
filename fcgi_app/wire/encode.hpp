// FastCGI records to send. Pure functions that append to `out`. Any thread.
#pragma once

#include "fcgi_app/wire/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace wire {

// STDOUT records for `content`, at most 65,528 bytes each (a multiple of 8, so that nothing needs
// padding), without the closing empty record. No content: no record, for an empty one would close.
void append_stdout(std::string& out, request_id id, std::string_view content);

// The whole answer: STDOUT records, the closing empty STDOUT record,
// END_REQUEST(FCGI_REQUEST_COMPLETE, status 0).
void append_answer(std::string& out, request_id id, std::string_view content);

// `protocol_status`: FCGI_REQUEST_COMPLETE, FCGI_CANT_MPX_CONN, FCGI_OVERLOADED or
// FCGI_UNKNOWN_ROLE.
void append_end_request(std::string& out, request_id id, unsigned char protocol_status,
                        std::uint32_t app_status = 0);

// The answer to a management record whose type is not understood (section 4.2).
void append_unknown_type(std::string& out, unsigned char type);

} // namespace wire
