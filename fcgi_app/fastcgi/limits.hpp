// What one FastCGI connection may ask of us. Each is an option of the server (fcgi_app/config).
#pragma once

#include <cstddef>

namespace fastcgi {

struct limits {
    std::size_t params_bytes = std::size_t{64} * 1024; // all PARAMS content of one request
    std::size_t body_bytes = std::size_t{512} * 1024;  // all STDIN content of one request
    std::size_t requests = 50'000;                     // begun and not yet ended, on one connection
    std::size_t max_connections = 0; // only reported: FCGI_MAX_CONNS; 0: not even that
};

} // namespace fastcgi
