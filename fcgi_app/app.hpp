// Builds the parts of the server, runs them in the calling thread, and takes them down in order.
#pragma once

#include "fcgi_app/config/load.hpp"
#include "fcgi_app/sockets.hpp"
#include "walls/db_error.hpp"

#include <functional>
#include <optional>

namespace pollster {

struct chosen {
    const loaded& at_start;
    std::function<loaded()> read_again; // for SIGHUP
    signed_tokens::rules tokens;        // of at_start
};

// Serves on `sockets` until SIGTERM or SIGINT comes; `signals`: of block_signals(). `at_start`:
// what db::check_schema() found wrong. 0 after a clean stop.
int run_app(const chosen& settings, const listening_sockets& sockets, int signals,
            const std::optional<walls::db_error>& at_start);

} // namespace pollster
