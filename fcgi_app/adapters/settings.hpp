// What an operator may set of this folder, each with its default. Options of the server
// (fcgi_app/config) fill it in.
#pragma once

#include <cstddef>

namespace adapters {

struct settings {
    // Debian's php-fpm lets 511 requests wait for a worker, and refuses more.
    std::size_t park_releases_per_second = 500; // 0: no limit
};

} // namespace adapters
