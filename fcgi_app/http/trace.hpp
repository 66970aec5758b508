// What others call a request: the web server by its id, the client by the trace that it belongs to.
// For the log and for the answer's X-Request-Id and traceparent; nothing else depends on it. Any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace http {

// Both come from outside: what is not as it should be is as if it had not come, so that no line of
// the log and no header can be forged, or grow.
struct trace {
    static constexpr std::size_t longest = 128; // bytes

    // REQUEST_ID, nginx's $request_id: visible ASCII.
    std::string request_id;
    // W3C Trace Context, section 3.2: version, trace-id, parent-id and flags, in hexadecimal digits
    // of lower case; neither id is all zeros.
    std::string traceparent;

    static trace from(std::string_view request_id, std::string_view traceparent);
};

// A request in a line of the log: "17", "17 id=4bf92f35 traceparent=00-…".
struct request_name {
    std::uint64_t number = 0; // of this process
    const trace& also;

    std::string text() const;
};

// Appends "X-Request-Id: …\r\n" and "traceparent: …\r\n", those that it has.
void append_trace(std::string& head, const trace& t);

} // namespace http
