// What a server takes of its peers, and how long it waits for them. The defaults suit a web server
// in front of an application that keeps many requests waiting. A plain value; any thread.
#pragma once

#include <chrono>
#include <cstddef>

namespace fastcgi {

struct limits {
    // All PARAMS and all STDIN content of one request. What goes beyond is dropped, and the request
    // is delivered with request_error::params_too_large or body_too_large.
    std::size_t max_params_bytes = std::size_t{64} * 1024;
    std::size_t max_body_bytes = std::size_t{512} * 1024;
    // Begun and not yet ended, on one connection; the next is told FCGI_OVERLOADED.
    std::size_t max_requests_per_connection = 50'000;
    // Open at a time; on the next each request is told FCGI_OVERLOADED. Reported as FCGI_MAX_CONNS
    // (0: not reported).
    std::size_t max_connections = 19'000;
    // Not yet taken by one peer: beyond, who writes to it waits, and it is not read.
    std::size_t max_queued_bytes = std::size_t{1024} * 1024;
    // Of silence in the middle of a request: it is delivered with request_error::too_slow.
    std::chrono::seconds receive_timeout{30};
    // In which a peer takes nothing: its connection is closed.
    std::chrono::seconds send_timeout{30};
};

} // namespace fastcgi
